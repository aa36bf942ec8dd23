#include "dataplane/app/dcerpc/dcerpc.h"

#include "dataplane/app/dcerpc/match.h"

static void state_begin(struct app_io *io, void *state)
{
	struct dcerpc_state *s = state;

	s->key = io->key;
	s->gap[DIR_TS] = s->gap[DIR_TC] = io->midstream;
}

static void state_end(struct app_io *io, void *state)
{
	struct dcerpc_state *s = state;

	dce_ifaces_free(io->slab, &s->ifaces);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct dcerpc_state *s = state;
	struct dcerpc_tx *t = container_of(tx, struct dcerpc_tx, tx);

	chain_remove(&s->calls, &t->link);
	kept_free(io->slab, &t->stub[DIR_TS]);
	kept_free(io->slab, &t->stub[DIR_TC]);
}

struct dcerpc_tx *dcerpc_tx_new(struct app_io *io, struct dcerpc_state *s, uint64_t hash)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct dcerpc_tx));
	struct dcerpc_tx *t;

	if (!tx)
		return NULL;
	t = container_of(tx, struct dcerpc_tx, tx);
	t->state = s;
	chain_add(&s->calls, &t->link, hash);
	return t;
}

void dcerpc_stub(struct app_io *io, struct dcerpc_tx *t, enum dir dir, struct slice stub)
{
	if (stub.len > 0 && !kept_append(io->slab, &t->stub[dir], stub, LIMIT_DCE_STUB))
		app_limit_met(io);
}

/* --- calls --- */

static const uint8_t answers[DCE_TYPES] = {
	[DCE_REQUEST] = DCE_RESPONSE,
	[DCE_BIND] = DCE_BINDACK,
	[DCE_ALTER_CONTEXT] = DCE_ALTER_CONTEXT_RESP,
};

static uint64_t hash_of(const struct dcerpc_state *s, uint32_t call_id)
{
	uint64_t word = call_id;

	return hash_words(&s->key, &word, 1);
}

static struct dcerpc_tx *call_new(struct app_io *io, struct dcerpc_state *s,
				  const struct dce_header *h)
{
	struct dcerpc_tx *t = dcerpc_tx_new(io, s, hash_of(s, h->call_id));

	if (!t)
		return NULL;
	t->call_id = h->call_id;
	t->little = h->little;
	t->minor = h->minor;
	t->cmd[DIR_TS] = DCE_REQUEST;
	t->cmd[DIR_TC] = DCE_RESPONSE;
	return t;
}

/* The call this PDU belongs to, else a new one; NULL at a limit. */
static struct dcerpc_tx *call_of(struct app_io *io, struct dcerpc_state *s,
				 const struct dce_header *h, enum dir dir)
{
	uint64_t hash = hash_of(s, h->call_id);
	struct chain_link *l = NULL;

	while ((l = chain_find(&s->calls, l, hash))) {
		struct dcerpc_tx *t = container_of(l, struct dcerpc_tx, link);
		bool mine = dir == DIR_TS ? answers[h->type] == t->cmd[DIR_TC]
					  : answers[t->cmd[DIR_TS]] == h->type;

		if (mine && t->tx.progress[dir] < DCERPC_COMPLETE)
			return t;
	}
	return call_new(io, s, h);
}

static void finish(struct app_io *io, struct dcerpc_tx *t, enum dir dir)
{
	t->tx.progress[dir] = DCERPC_COMPLETE;
	app_raw_trigger(io, dir);
}

static bool bind(struct app_io *io, struct dcerpc_state *s, const struct dce_header *h,
		 struct cursor c)
{
	struct dcerpc_tx *t;

	/* Only what was asked for last counts, as in Suricata 7. */
	dce_ifaces_free(io->slab, &s->ifaces);
	switch (dce_bind_read(io->slab, c, h, &s->ifaces)) {
	case DCE_BIND_BAD:
		return false;
	case DCE_BIND_FULL:
		app_limit_met(io);
		break;
	default:
		break;
	}
	t = call_new(io, s, h);
	if (!t)
		return false;
	t->cmd[DIR_TS] = h->type;
	t->cmd[DIR_TC] = answers[h->type];
	t->fragments[DIR_TS] = 1;
	finish(io, t, DIR_TS);
	return true;
}

static bool bindack(struct app_io *io, struct dcerpc_state *s, const struct dce_header *h,
		    struct cursor c)
{
	struct dcerpc_tx *t;

	if (!dce_bindack_read(c, h, &s->ifaces, false))
		return false;
	t = call_of(io, s, h, DIR_TC);
	if (!t)
		return false;
	t->cmd[DIR_TC] = h->type;
	t->fragments[DIR_TC] = 1;
	finish(io, t, DIR_TC);
	return true;
}

static bool request(struct app_io *io, struct dcerpc_state *s, const struct dce_header *h,
		    struct cursor c)
{
	struct dce_request r;
	struct dcerpc_tx *t;

	if (!dce_request_read(c, h, &r))
		return false;
	t = call_of(io, s, h, DIR_TS);
	if (!t)
		return false;
	t->cmd[DIR_TS] = h->type;
	t->context = r.context;
	t->opnum = r.opnum;
	t->asked = true;
	t->fragments[DIR_TS]++;
	dcerpc_stub(io, t, DIR_TS, r.stub);
	if (h->flags & DCE_LAST)
		finish(io, t, DIR_TS);
	return true;
}

static bool response(struct app_io *io, struct dcerpc_state *s, const struct dce_header *h,
		     struct cursor c)
{
	struct dcerpc_tx *t;

	if (h->frag_len < DCE_STUB_HEADER)
		return false;
	t = call_of(io, s, h, DIR_TC);
	if (!t)
		return false;
	t->cmd[DIR_TC] = h->type;
	t->fragments[DIR_TC]++;
	/* As in Suricata 7, with the eight bytes of header in front of the stub. */
	dcerpc_stub(io, t, DIR_TC, cursor_rest(&c));
	if (h->flags & DCE_LAST)
		finish(io, t, DIR_TC);
	return true;
}

/* One whole PDU. */
static bool pdu(struct app_io *io, struct dcerpc_state *s, const struct dce_header *h,
		struct cursor c)
{
	switch (h->type) {
	case DCE_BIND:
	case DCE_ALTER_CONTEXT:
		return bind(io, s, h, c);
	case DCE_BINDACK:
	case DCE_ALTER_CONTEXT_RESP:
		return bindack(io, s, h, c);
	case DCE_REQUEST:
		return request(io, s, h, c);
	case DCE_RESPONSE:
		return response(io, s, h, c);
	default:
		return false;
	}
}

/* --- the stream --- */

/* Behind a gap: what was open in front of it is over. */
static void after_gap(struct app_io *io, struct dcerpc_state *s, enum dir dir)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct dcerpc_tx *t = container_of(tx, struct dcerpc_tx, tx);

		t->lost[DIR_TS] |= tx->progress[DIR_TS] < DCERPC_COMPLETE;
		tx->progress[DIR_TS] = DCERPC_COMPLETE;
		if (dir == DIR_TS)
			continue;
		t->lost[DIR_TC] |= tx->progress[DIR_TC] < DCERPC_COMPLETE;
		tx->progress[DIR_TC] = DCERPC_COMPLETE;
	}
}

/* The next PDU's start; false: not in these bytes. */
static bool resync(struct cursor *c)
{
	while (cursor_left(c) >= 2) {
		if (c->pos[0] == 5 && c->pos[1] == 0)
			return true;
		cursor_skip(c, 1);
	}
	return false;
}

static bool header_sane(const struct dce_header *h)
{
	return h->version == 5 && h->minor <= 1 && h->frag_len >= DCE_HEADER;
}

static struct app_result parse_tcp(struct app_io *io, struct dcerpc_state *s, enum dir dir,
				   struct cursor c)
{
	if (s->gap[dir] && cursor_left(&c) > 0) {
		if (!resync(&c))
			return APP_RESULT_MORE(cursor_offset(&c), 1);
		s->gap[dir] = false;
	}
	while (cursor_left(&c) > 0) {
		size_t at = cursor_offset(&c), left = cursor_left(&c);
		struct cursor body;
		struct dce_header h;

		if (left < DCE_HEADER)
			return APP_RESULT_MORE(at, DCE_HEADER - left);
		body = c;
		dce_header_read(&body, &h);
		if (!header_sane(&h))
			return APP_RESULT_BAD;
		if (left < h.frag_len)
			return APP_RESULT_MORE(at, h.frag_len - left);
		cursor_skip(&c, h.frag_len);
		body = cursor_of(slice_sub(cursor_rest(&body), 0, h.frag_len - (size_t)DCE_HEADER));
		if (!pdu(io, s, &h, body))
			return APP_RESULT_BAD;
		if (s->holed[dir])
			after_gap(io, s, dir);
	}
	return APP_RESULT_OK(cursor_offset(&c));
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	if (io->tuple->ip_proto == IP_PROTO_UDP)
		return dcerpc_datagram(io, state, input.data);
	return parse_tcp(io, state, dir, cursor_of(input.data));
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct dcerpc_state *s = state;

	s->gap[dir] = s->holed[dir] = true;
	return true;
}

/* --- for rules --- */

static bool get_stub(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct dcerpc_tx *t = container_of(tx, const struct dcerpc_tx, tx);

	return kept_get(&t->stub[dir], ret);
}

static bool little(const struct app_tx *tx, enum dir dir)
{
	return container_of(tx, const struct dcerpc_tx, tx)->little;
}

/* An interface that was accepted, in the context of the request. */
static bool match_iface(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dcerpc_tx *t = container_of(tx, const struct dcerpc_tx, tx);
	const struct dce_ifaces *l = &t->state->ifaces;

	for (unsigned i = 0; t->asked && i < l->count; i++) {
		const struct dce_iface *f = &l->list[i];

		if (f->acked && f->result == 0 && f->context == t->context &&
		    dce_match_iface(compiled, f))
			return true;
	}
	return false;
}

static bool match_opnum(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dcerpc_tx *t = container_of(tx, const struct dcerpc_tx, tx);

	return t->asked && dce_match_opnum(compiled, t->opnum);
}

/* --- identification --- */

static enum app_probe probe_tcp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dce_header h;

	if (!dce_header_read(&c, &h) || h.version != 5 || h.minor != 0 || (h.drep[0] & 0xee) ||
	    h.drep[1] > 3)
		return APP_PROBE_NO;
	return APP_PROBE_YES;
}

static const struct app_pattern patterns[] = {
	{DIR_TS, APP_TCP, "\5\0", 2, 0, 2, false, probe_tcp, 0, 0, false},
	{DIR_TC, APP_TCP, "\5\0", 2, 0, 2, false, probe_tcp, 0, 0, false},
	{DIR_TS, APP_UDP, "\4\0", 2, 0, 2, false, dcerpc_probe_udp, 0, 0, false},
};

static const struct app_buffer buffers[] = {
	{.name = "dcerpc.stub_data", .dir = {true, true}, .get = get_stub},
};

static const struct app_keyword keywords[] = {
	{"dcerpc.iface", {true, true}, {0, 0}, dce_compile_iface, match_iface},
	{"dcerpc.opnum", {true, true}, {0, 0}, dce_compile_opnum, match_opnum},
};

const struct app_proto dcerpc_proto = {
	.name = "dcerpc",
	.event_prefix = "dcerpc",
	.transport = APP_TCP | APP_UDP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.state_size = sizeof(struct dcerpc_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {DCERPC_COMPLETE, DCERPC_COMPLETE},
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "dcerpc",
	.eve_key = "dcerpc",
	.log = dcerpc_log,
	.little = little,
};
