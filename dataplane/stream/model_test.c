/* Random segments with overlaps, reordering and loss against a byte map that knows nothing of the
 * implementation: for every policy, for copied and referenced frames, at every sequence number
 * where arithmetic may wrap. Also what memory they may take, and what a step costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/stream/events.h"
#include "dataplane/stream/harness.h"

enum { SPAN = 600, OLD_MAX = 400, POLICIES = STREAM_OVERLAP_VISTA + 1 };

/* Who wins, as the policies are described: what the new segment does relative to the old one.
 * bsd: new wins where it starts before. last: always. linux: starts before, or starts at the same
 * place and ends after. old-linux: the same, but ending at the same place will do. solaris: ends
 * after, or ends together unless it starts after. windows: starts before. vista: never. */
static bool new_wins(enum stream_overlap policy, uint32_t ns, uint32_t ne, uint32_t os, uint32_t oe)
{
	switch (policy) {
	case STREAM_OVERLAP_BSD:
	case STREAM_OVERLAP_WINDOWS:
		return ns < os;
	case STREAM_OVERLAP_LAST:
		return true;
	case STREAM_OVERLAP_LINUX:
		return ns < os || (ns == os && ne > oe);
	case STREAM_OVERLAP_OLD_LINUX:
		return ns < os || (ns == os && ne >= oe);
	case STREAM_OVERLAP_SOLARIS:
		return ne > oe || (ne == oe && ns <= os);
	case STREAM_OVERLAP_VISTA:
		break;
	}
	return false;
}

struct old {
	uint32_t start, end;
};

struct model {
	enum stream_overlap policy;
	uint8_t byte[SPAN];
	bool present[SPAN];
	struct old old[OLD_MAX]; /* ordered by start, then end */
	unsigned olds;
	char out[SPAN + 1]; /* delivered, '.' for missing */
	uint32_t pos, acked, highest;
	bool different;
};

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static unsigned place_of(const struct model *m, uint32_t start, uint32_t end)
{
	unsigned i = 0;

	while (i < m->olds &&
	       (m->old[i].start < start || (m->old[i].start == start && m->old[i].end < end)))
		i++;
	return i;
}

/* The old bytes in what both cover stay where the old segment wins. */
static void model_meet(struct model *m, const struct old *o, uint32_t start, uint32_t end,
		       const uint8_t *sent, uint8_t *result)
{
	uint32_t from = o->start > start ? o->start : start, to = o->end < end ? o->end : end;
	bool differs = from < to && memcmp(m->byte + from, sent + (from - start), to - from) != 0;

	if (!differs)
		return;
	m->different = true;
	if (new_wins(m->policy, start, end, o->start, o->end))
		return;
	for (uint32_t i = from; i < to; i++)
		result[i - start] = m->byte[i];
}

static void model_segment(struct model *m, uint32_t start, uint32_t len, const uint8_t *sent)
{
	uint32_t end = start + len;
	unsigned at = place_of(m, start, end), i;
	bool again = at < m->olds && m->old[at].start == start && m->old[at].end == end;
	uint8_t result[SPAN];

	m->different = false;
	memcpy(result, sent, len);
	if (end > m->highest)
		m->highest = end;
	/* Suricata looks back only as long as the segments there still meet the new one. */
	for (i = at; i > 0 && m->old[i - 1].end > start; i--)
		model_meet(m, &m->old[i - 1], start, end, sent, result);
	for (i = at + again; i < m->olds && m->old[i].start < end; i++)
		model_meet(m, &m->old[i], start, end, sent, result);
	if (again) {
		bool different = m->different;

		model_meet(m, &m->old[at], start, end, sent, result);
		m->different = different; /* no event for that */
	} else {
		memmove(&m->old[at + 1], &m->old[at], (m->olds - at) * sizeof(m->old[0]));
		m->old[at] = (struct old){start, end};
		m->olds++;
	}
	for (i = 0; i < len; i++) {
		m->byte[start + i] = result[i];
		m->present[start + i] = true;
	}
}

static void model_ack(struct model *m, uint32_t ack)
{
	if (ack > m->acked)
		m->acked = ack;
	while (m->pos < m->acked) {
		uint32_t next = m->pos;

		while (next < SPAN && !m->present[next])
			next++;
		if (next == SPAN)
			return; /* nothing behind the hole */
		while (m->pos < next && m->pos < m->acked)
			m->out[m->pos++] = '.';
		while (m->pos < m->acked && m->present[m->pos]) {
			m->out[m->pos] = (char)m->byte[m->pos];
			m->pos++;
		}
	}
}

/* The flow ends: what is there without a hole comes too. */
static void model_end(struct model *m)
{
	while (m->pos < SPAN && m->present[m->pos]) {
		m->out[m->pos] = (char)m->byte[m->pos];
		m->pos++;
	}
}

struct trial {
	struct sim *s;
	struct model m;
	uint64_t x;
	bool stable;
};

static void send_segment(struct trial *t)
{
	char bytes[SPAN];
	uint32_t start = (uint32_t)(random_next(&t->x) % SPAN), len;
	uint32_t most = random_next(&t->x) % 4 ? 20 : 200;

	if (random_next(&t->x) % 3 == 0 && t->m.olds)
		start = t->m.old[random_next(&t->x) % t->m.olds].start;
	len = 1 + (uint32_t)(random_next(&t->x) % most);
	if (random_next(&t->x) % 8 == 0 && t->m.olds) {
		const struct old *o = &t->m.old[random_next(&t->x) % t->m.olds];

		start = o->start;
		len = o->end - o->start;
	}
	if (start + len > SPAN)
		len = SPAN - start;
	if (start + len <= t->m.acked || len == 1)
		return; /* refused by the state machine, or a keep-alive: other tests' matter */
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (char)('a' + ((start + i) * 7 + random_next(&t->x) % 5 / 4) % 26);
	model_segment(&t->m, start, len, (const uint8_t *)bytes);
	sim_send(t->s, &(struct sim_packet){.from = DIR_TS,
					    .flags = TCP_ACK,
					    .seq = 1 + start,
					    .ack = 1,
					    .data = bytes,
					    .len = len,
					    .stable = t->stable && random_next(&t->x) % 2});
	assert_int_equal(strstr(t->s->events, "overlap_different_data") != NULL, t->m.different);
}

static void send_ack(struct trial *t)
{
	uint32_t ack = t->m.acked;

	if (t->m.highest > ack)
		ack += (uint32_t)(random_next(&t->x) % (t->m.highest - ack + 1));
	model_ack(&t->m, ack);
	sim_send(t->s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 1 + ack});
}

static void compare(const struct trial *t)
{
	assert_int_equal(t->s->count[DIR_TS], t->m.pos);
	assert_memory_equal(t->s->bytes[DIR_TS], t->m.out, t->m.pos);
}

static void one_trial(enum stream_overlap policy, bool stable, uint64_t seed)
{
	static const uint32_t isn[] = {1000, 0xffffff00, 0x7fffff00, 0xfffffffe};
	struct stream_config config = stream_config_default;
	struct trial t = {.x = seed * 0x9e3779b97f4a7c15 + 1, .stable = stable};
	unsigned steps = 20 + (unsigned)(random_next(&t.x) % 60);

	config.overlap = policy;
	t.m.policy = policy;
	t.s = sim_new(&config);
	t.s->isn[0] = isn[seed % ARRAY_SIZE(isn)];
	sim_handshake(t.s);
	for (unsigned i = 0; i < steps; i++) {
		if (random_next(&t.x) % 6)
			send_segment(&t);
		else
			send_ack(&t);
		compare(&t);
	}
	sim_end_flows(t.s);
	model_end(&t.m);
	compare(&t);
	assert_int_equal(t.s->eof[DIR_TS], 1);
	sim_free(t.s);
}

static void every_policy(void **state)
{
	for (unsigned policy = 0; policy < POLICIES; policy++) {
		for (uint64_t seed = 1; seed <= 60; seed++)
			one_trial((enum stream_overlap)policy, seed % 3 == 0, seed);
	}
}

/* Without overlaps: any order, any cuts, some segments twice; everything arrives, once. */
static void reordering(void **state)
{
	enum { BYTES = 6000, PIECES = 400 };
	char *all = malloc(BYTES);
	uint64_t x = 4711;

	for (uint32_t i = 0; i < BYTES; i++)
		all[i] = (char)('a' + random_next(&x) % 26);
	for (unsigned round = 0; round < 12; round++) {
		struct sim *s = sim_new(NULL);
		uint32_t start[PIECES + 1], order[PIECES], n = 0, at = 0;

		while (at < BYTES && n < PIECES) {
			start[n] = at;
			order[n] = n;
			at += 1 + (uint32_t)(random_next(&x) % 100);
			n++;
		}
		start[n] = BYTES;
		for (uint32_t i = n; i > 1; i--) {
			uint32_t k = (uint32_t)(random_next(&x) % i), keep = order[i - 1];

			order[i - 1] = order[k];
			order[k] = keep;
		}
		sim_handshake(s);
		for (uint32_t i = 0; i < 2 * n; i++) {
			uint32_t k = order[i % n];

			if (i >= n && random_next(&x) % 4)
				continue;
			sim_send(s, &(struct sim_packet){.from = DIR_TS,
							 .flags = TCP_ACK,
							 .seq = 1 + start[k],
							 .ack = 1,
							 .data = all + start[k],
							 .len = start[k + 1] - start[k],
							 .stable = round % 2});
		}
		sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 1 + BYTES});
		assert_int_equal(s->count[DIR_TS], BYTES);
		assert_memory_equal(s->bytes[DIR_TS], all, BYTES);
		sim_free(s);
	}
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy),
		cmocka_unit_test(reordering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
