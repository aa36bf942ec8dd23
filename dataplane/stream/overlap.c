/* Segments that meet: who wins is the receiving system's habit. The bytes that win are written into
 * every segment that covers them, so that later reads need not decide again. */
#include <string.h>

#include "dataplane/stream/session.h"

/* How the new segment lies to an old one: where it starts, where it ends. */
enum { STARTS_BEFORE, STARTS_SAME, STARTS_AFTER };
enum { ENDS_BEFORE, ENDS_SAME, ENDS_AFTER };

/* true: the new bytes win. [policy][start][end] */
static const bool new_wins[][3][3] = {
	[STREAM_OVERLAP_BSD] = {[STARTS_BEFORE] = {true, true, true}},
	[STREAM_OVERLAP_WINDOWS] = {[STARTS_BEFORE] = {true, true, true}},
	[STREAM_OVERLAP_VISTA] = {{false}},
	[STREAM_OVERLAP_LAST] = {{true, true, true}, {true, true, true}, {true, true, true}},
	[STREAM_OVERLAP_LINUX] =
		{[STARTS_BEFORE] = {true, true, true}, [STARTS_SAME] = {[ENDS_AFTER] = true}},
	[STREAM_OVERLAP_OLD_LINUX] = {[STARTS_BEFORE] = {true, true, true},
				      [STARTS_SAME] = {[ENDS_SAME] = true, [ENDS_AFTER] = true}},
	[STREAM_OVERLAP_SOLARIS] = {[STARTS_BEFORE] = {[ENDS_SAME] = true, [ENDS_AFTER] = true},
				    [STARTS_SAME] = {[ENDS_SAME] = true, [ENDS_AFTER] = true},
				    [STARTS_AFTER] = {[ENDS_AFTER] = true}},
};

enum stream_overlap stream_policy_of_host(const struct tcp_step *st)
{
	const struct stream_config *c = &st->w->config;
	const struct ip_addr *receiver = &st->f->key.addr[dir_other(st->p->dir)];
	enum stream_overlap policy = st->f->ip_version == 6 ? c->overlap_v6 : c->overlap;
	int longest = -1;

	for (unsigned i = 0; i < c->host_count; i++) {
		const struct stream_host_policy *h = &c->hosts[i];

		if (h->bits > longest && ip_addr_in_prefix(receiver, &h->prefix, h->bits)) {
			longest = h->bits;
			policy = h->policy;
		}
	}
	return policy;
}

struct meeting {
	struct tcp_step *st;
	const struct tcp_side *side;
	uint32_t seq, end; /* of the new segment */
	uint8_t *bytes;	   /* of it, as they will be */
	bool different;
};

static unsigned where(uint32_t a, uint32_t b)
{
	return a == b ? 1 : seq_lt(a, b) ? 0 : 2;
}

struct range {
	uint32_t seq, len;
};

/* The part of the old segment that the new one covers and that is not gone already. */
static struct range common(const struct meeting *m, const struct segment *old)
{
	uint32_t from = seq_gt(old->seq, m->seq) ? old->seq : m->seq;
	uint32_t to = old->seq + old->len;

	if (seq_gt(m->side->base_seq, from))
		from = m->side->base_seq;
	if (seq_lt(m->end, to))
		to = m->end;
	return (struct range){from, seq_gt(to, from) ? to - from : 0};
}

static void meet(struct meeting *m, const struct segment *old)
{
	enum stream_overlap policy = stream_policy(m->st);
	struct range c = common(m, old);
	const uint8_t *sent = m->st->p->payload + (c.seq - m->seq);
	const uint8_t *had = old->data + (c.seq - old->seq);

	if (c.len == 0 || memcmp(sent, had, c.len) == 0)
		return;
	m->different = true;
	if (!new_wins[policy][where(m->seq, old->seq)][where(m->end, old->seq + old->len)])
		memcpy(m->bytes + (c.seq - m->seq), had, c.len);
}

/* What Suricata sees of the old segments: walking back it stops at the first that ends before, so a
 * longer one behind that is not met (and loses). */
static struct segment *next_back(const struct meeting *m, struct segment *g)
{
	struct segment *old = g->prev;

	while (old && seq_leq(old->seq + old->len, m->side->base_seq))
		old = old->prev;
	return old && seq_gt(old->seq + old->len, m->seq) ? old : NULL;
}

static struct segment *next_forward(const struct meeting *m, struct segment *g)
{
	struct segment *old = g->next[0];

	return old && seq_gt(m->end, old->seq) ? old : NULL;
}

static bool meet_all(struct meeting *m, struct segment *g)
{
	unsigned work = 0;

	for (struct segment *old = next_back(m, g); old && work < LIMIT_STREAM_OVERLAPS;
	     old = next_back(m, old), work++)
		meet(m, old);
	for (struct segment *old = next_forward(m, g); old && work < LIMIT_STREAM_OVERLAPS;
	     old = next_forward(m, old), work++)
		meet(m, old);
	if (work == LIMIT_STREAM_OVERLAPS)
		m->st->w->counts[STREAM_COUNT_OVERLAP_WORK]++;
	return work > 0;
}

static void write_through(struct meeting *m, struct segment *old)
{
	struct range c = common(m, old);
	const uint8_t *bytes = m->bytes + (c.seq - m->seq);

	if (c.len == 0 || memcmp(old->data + (c.seq - old->seq), bytes, c.len) == 0)
		return;
	if (segment_own(m->st->w, old))
		memcpy((uint8_t *)(uintptr_t)old->data + (c.seq - old->seq), bytes, c.len);
}

static void write_all(struct meeting *m, struct segment *g, uint32_t longest)
{
	unsigned work = 0;

	write_through(m, g);
	for (struct segment *old = g->prev;
	     old && seq_gt(old->seq + longest, m->seq) && work < LIMIT_STREAM_OVERLAPS;
	     old = old->prev, work++)
		write_through(m, old);
	for (struct segment *old = next_forward(m, g); old && work < LIMIT_STREAM_OVERLAPS;
	     old = next_forward(m, old), work++)
		write_through(m, old);
}

void overlap_resolve(struct tcp_step *st, struct segment *g, bool again)
{
	struct stream_worker *w = st->w;
	enum dir d = g->flags & SEGMENT_SERVER ? DIR_TC : DIR_TS;
	struct meeting m = {
		.st = st,
		.side = &st->ssn->side[d],
		.seq = g->seq,
		.end = g->seq + g->len,
		.bytes = w->overlap_buf,
	};

	memcpy(m.bytes, st->p->payload, g->len);
	if (meet_all(&m, g) || again)
		w->counts[STREAM_COUNT_OVERLAP]++;
	/* Suricata 7 sets no event for a whole segment that comes again with other bytes. */
	if (m.different)
		step_event(st, STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	if (again)
		meet(&m, g);
	if (m.different)
		w->counts[STREAM_COUNT_OVERLAP_DIFFERENT]++;
	write_all(&m, g, st->ssn->pending->side[d].longest);
}
