#include "dataplane/app/identify.h"

#include <stdlib.h>

enum { PROBE_PORTS = 16, TRANSPORTS = 2, WORD = 64, WORDS = 4 };

struct port_range {
	uint16_t low, high;
};

struct id_pattern {
	const struct app_pattern *p;
	const struct app_proto *proto;
};

struct id_probe {
	const struct app_probe_rule *rule;
	const struct app_proto *proto;
	uint64_t bit;
	uint16_t max_len;
	uint8_t port_count; /* 0 = any port */
	struct port_range ports[PROBE_PORTS];
};

/* Patterns of one transport and direction. */
struct id_patterns {
	struct id_pattern *list;
	unsigned count;
	uint64_t may[256][WORDS]; /* by the first byte: 1 << index of those that may hit */
	uint32_t depth;		  /* of the deepest pattern */
	uint32_t confirm_depth;	  /* after which nothing can be confirmed any more */
};

struct identify {
	struct id_patterns patterns[TRANSPORTS][2];
	struct id_probe *probes[TRANSPORTS];
	unsigned probe_count[TRANSPORTS];
};

static int parse_port(struct cursor *c)
{
	int value = -1;

	while (cursor_peek(c) >= '0' && cursor_peek(c) <= '9') {
		value = (value < 0 ? 0 : value) * 10 + (cursor_u8(c) - '0');
		if (value > UINT16_MAX)
			return -1;
	}
	return value;
}

/* "53", "80,8080", "6881-6889". Our own descriptors: a mistake stops the program at its start. */
static void parse_ports(struct id_probe *probe, const char *text)
{
	struct cursor c = cursor_of(SLICE_STR(text));

	while (cursor_left(&c)) {
		int low, high;

		while (cursor_peek(&c) == ' ' || cursor_peek(&c) == ',')
			cursor_u8(&c);
		low = high = parse_port(&c);
		if (cursor_peek(&c) == '-') {
			cursor_u8(&c);
			high = parse_port(&c);
		}
		if (low < 0 || high < low || probe->port_count == PROBE_PORTS)
			abort();
		probe->ports[probe->port_count++] =
			(struct port_range){(uint16_t)low, (uint16_t)high};
		while (cursor_peek(&c) == ' ')
			cursor_u8(&c);
	}
}

/* Which first bytes let the pattern hit: one, or its two cases, when it can only stand in front. */
static void may_hit(struct id_patterns *to, unsigned index, const struct app_pattern *p)
{
	bool in_front = p->offset == 0 && p->depth == p->len;
	uint8_t first = (uint8_t)p->bytes[0];

	for (unsigned b = 0; b < 256; b++) {
		if (!in_front || b == first ||
		    (p->nocase && ascii_lower((uint8_t)b) == ascii_lower(first)))
			to->may[b][index / WORD] |= 1ULL << index % WORD;
	}
}

static void add_patterns(struct identify *id, const struct app_proto *proto, unsigned transport)
{
	for (unsigned i = 0; i < proto->pattern_count; i++) {
		const struct app_pattern *p = &proto->patterns[i];
		struct id_patterns *to = &id->patterns[transport][p->dir];

		if (!(p->transport & 1 << transport))
			continue;
		if (p->offset + p->len > p->depth || p->len == 0 || to->count == WORD * WORDS)
			abort();
		may_hit(to, to->count, p);
		to->list[to->count++] = (struct id_pattern){p, proto};
		if (p->depth > to->depth)
			to->depth = p->depth;
		if (p->depth > to->confirm_depth)
			to->confirm_depth = p->depth;
		if (p->confirm_max > to->confirm_depth)
			to->confirm_depth = p->confirm_max;
	}
}

static void add_probes(struct identify *id, const struct app_proto *proto, unsigned transport,
		       uint64_t bit)
{
	for (unsigned i = 0; i < proto->probe_count; i++) {
		const struct app_probe_rule *rule = &proto->probes[i];
		struct id_probe *to = &id->probes[transport][id->probe_count[transport]];

		if (!(rule->transport & 1 << transport))
			continue;
		*to = (struct id_probe){.rule = rule, .proto = proto, .bit = bit};
		to->max_len = rule->max_len ? rule->max_len : LIMIT_APP_PROBE_BYTES;
		if (rule->ports)
			parse_ports(to, rule->ports);
		id->probe_count[transport]++;
	}
}

static bool identify_alloc(struct identify *id, unsigned patterns, unsigned probes)
{
	for (unsigned t = 0; t < TRANSPORTS; t++) {
		id->probes[t] = calloc(probes + 1, sizeof(*id->probes[t]));
		id->patterns[t][DIR_TS].list = calloc(patterns + 1, sizeof(struct id_pattern));
		id->patterns[t][DIR_TC].list = calloc(patterns + 1, sizeof(struct id_pattern));
		if (!id->probes[t] || !id->patterns[t][DIR_TS].list ||
		    !id->patterns[t][DIR_TC].list)
			return false;
	}
	return true;
}

struct identify *identify_new(const struct app_proto *const *protos, uint64_t disabled)
{
	struct identify *id = calloc(1, sizeof(*id));
	unsigned patterns = 0, probes = 0, count = 0;

	if (!id)
		return NULL;
	for (; protos[count]; count++) {
		patterns += protos[count]->pattern_count;
		probes += protos[count]->probe_count;
	}
	if (count > IDENTIFY_PROTOS || !identify_alloc(id, patterns, probes)) {
		identify_free(id);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++) {
		for (unsigned t = 0; t < TRANSPORTS && !(disabled >> i & 1); t++) {
			add_patterns(id, protos[i], t);
			add_probes(id, protos[i], t, 1ULL << i);
		}
	}
	return id;
}

void identify_free(struct identify *id)
{
	if (!id)
		return;
	for (unsigned t = 0; t < TRANSPORTS; t++) {
		free(id->probes[t]);
		free(id->patterns[t][DIR_TS].list);
		free(id->patterns[t][DIR_TC].list);
	}
	free(id);
}

static bool bytes_equal(const uint8_t *data, const struct app_pattern *p)
{
	if (!p->nocase)
		return memcmp(data, p->bytes, p->len) == 0;
	for (uint16_t i = 0; i < p->len; i++) {
		if (ascii_lower(data[i]) != ascii_lower((uint8_t)p->bytes[i]))
			return false;
	}
	return true;
}

/* End offset of the first hit in the pattern's window, 0 without one. A window that is not there
 * whole does not count yet. */
static uint32_t pattern_hit(const struct app_pattern *p, struct slice data)
{
	if (p->depth > data.len)
		return 0;
	for (uint32_t at = p->offset; at + p->len <= p->depth; at++) {
		if (bytes_equal(data.data + at, p))
			return at + p->len;
	}
	return 0;
}

static bool pattern_confirmed(const struct app_pattern *p, const struct identify_query *q,
			      bool *ret_reversed)
{
	if (!p->confirm) {
		*ret_reversed = p->dir != q->dir;
		return true;
	}
	if (q->data.len < p->confirm_min)
		return false;
	switch (p->confirm(q->tuple, q->dir, q->data)) {
	case APP_PROBE_YES:
		*ret_reversed = false;
		return true;
	case APP_PROBE_REVERSED:
		*ret_reversed = true;
		return true;
	default:
		return false;
	}
}

/* The pattern that ends first wins, as an automaton would report it. `ret_over`: no pattern can
 * match any more. */
static const struct id_pattern *match_patterns(const struct id_patterns *set,
					       const struct identify_query *q, bool *ret_reversed,
					       bool *ret_over)
{
	const struct id_pattern *best = NULL;
	uint32_t best_end = 0;
	bool candidates = false, reversed;

	for (unsigned w = 0; w < WORDS && q->data.len; w++) {
		for (uint64_t left = set->may[q->data.data[0]][w]; left; left &= left - 1) {
			unsigned i = w * WORD + (unsigned)__builtin_ctzll(left);
			uint32_t end = pattern_hit(set->list[i].p, q->data);

			if (!end)
				continue;
			candidates = true;
			if ((best && end >= best_end) ||
			    !pattern_confirmed(set->list[i].p, q, &reversed))
				continue;
			best = &set->list[i];
			best_end = end;
			*ret_reversed = reversed;
		}
	}
	*ret_over = q->data.len >= (candidates ? set->confirm_depth : set->depth);
	return best;
}

static unsigned transport_index(const struct app_tuple *tuple)
{
	return tuple->ip_proto == IP_PROTO_UDP ? 1 : 0;
}

static const struct id_pattern *run_patterns(const struct identify *id,
					     struct identify_state *state,
					     const struct identify_query *q, bool *ret_reversed)
{
	const struct id_patterns *sets = id->patterns[transport_index(q->tuple)];
	const struct id_pattern *hit;
	bool over, other_over = true;

	hit = match_patterns(&sets[q->dir], q, ret_reversed, &over);
	if (!hit && q->midstream)
		hit = match_patterns(&sets[dir_other(q->dir)], q, ret_reversed, &other_over);
	state->patterns_done = hit || (over && other_over);
	return hit;
}

static bool port_in(const struct id_probe *probe, uint16_t port)
{
	for (unsigned i = 0; i < probe->port_count; i++) {
		if (port >= probe->ports[i].low && port <= probe->ports[i].high)
			return true;
	}
	return false;
}

enum probe_class {
	PROBE_EXPECTED, /* of the protocol the other direction was found to be */
	PROBE_SERVER_PORT,
	PROBE_CLIENT_PORT,
	PROBE_ANY_PORT,
	PROBE_CLASSES,
};

/* Whether the probe belongs to that class for this flow; `flip`: as if client and server were taken
 * for each other. */
static bool probe_applies(const struct id_probe *probe, const struct identify_query *q,
			  enum probe_class class, bool flip)
{
	uint16_t server = q->server_port ? q->server_port : q->tuple->port[DIR_TC];
	uint16_t client = q->tuple->port[DIR_TS];

	if (flip) {
		uint16_t port = server;

		server = client;
		client = port;
	}

	switch (class) {
	case PROBE_EXPECTED:
		return q->other == probe->proto;
	case PROBE_SERVER_PORT:
		return probe->port_count && probe->rule->dir == DIR_TS && port_in(probe, server);
	case PROBE_CLIENT_PORT:
		return probe->port_count && probe->rule->dir == DIR_TC && port_in(probe, client);
	default:
		return probe->port_count == 0;
	}
}

static enum app_probe ask(const struct id_probe *probe, struct identify_state *state,
			  const struct identify_query *q)
{
	enum app_probe answer;

	if (state->refused & probe->bit)
		return APP_PROBE_NO;
	if (q->data.len < probe->rule->min_len)
		return APP_PROBE_MORE;
	answer = probe->rule->probe(q->tuple, q->dir, q->data);
	if (answer == APP_PROBE_NO || (answer == APP_PROBE_MORE && q->data.len > probe->max_len)) {
		state->refused |= probe->bit;
		return APP_PROBE_NO;
	}
	return answer;
}

static const struct app_proto *probe_pass(const struct identify *id, struct identify_state *state,
					  const struct identify_query *q, bool flip,
					  bool *ret_reversed)
{
	unsigned t = transport_index(q->tuple);
	bool open = false;

	for (enum probe_class class = PROBE_EXPECTED; class < PROBE_CLASSES; class ++) {
		for (unsigned i = 0; i < id->probe_count[t]; i++) {
			const struct id_probe *probe = &id->probes[t][i];
			enum app_probe answer;

			if (!probe_applies(probe, q, class, flip))
				continue;
			answer = ask(probe, state, q);
			if (answer == APP_PROBE_YES || answer == APP_PROBE_REVERSED) {
				*ret_reversed = answer == APP_PROBE_REVERSED;
				return probe->proto;
			}
			open |= answer == APP_PROBE_MORE;
		}
	}
	state->probes_done = !open;
	return NULL;
}

static const struct app_proto *run_probes(const struct identify *id, struct identify_state *state,
					  const struct identify_query *q, bool *ret_reversed)
{
	const struct app_proto *found = probe_pass(id, state, q, false, ret_reversed);
	bool done = state->probes_done;

	if (found || !q->midstream)
		return found;
	found = probe_pass(id, state, q, true, ret_reversed);
	state->probes_done = done && state->probes_done;
	return found;
}

const struct app_proto *identify_run(const struct identify *id, struct identify_state *state,
				     const struct identify_query *query, bool *ret_reversed)
{
	const struct id_pattern *hit = NULL;
	const struct app_proto *found = NULL;
	bool probe_reversed = false;

	*ret_reversed = false;
	if (!state->patterns_done)
		hit = run_patterns(id, state, query, ret_reversed);
	if (hit && !hit->p->weak)
		return hit->proto;
	if (!state->probes_done)
		found = run_probes(id, state, query, &probe_reversed);
	if (found) {
		*ret_reversed = probe_reversed;
		return found;
	}
	return hit ? hit->proto : NULL;
}
