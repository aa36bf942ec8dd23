/* Bytes of a flow on their way to its parser: identification, kept bytes, gaps, ends, changes of
 * protocol. The order of decisions follows Suricata 7's, so that its events and app_proto agree. */
#include "dataplane/app/internal.h"

#include "dataplane/stream/stream.h"

enum {
	KEPT_FIRST = 1024,   /* smallest buffer for kept bytes */
	CHANGE_BYTES = 4096, /* a new protocol must be known after so many */
};

/* --- the flow's part --- */

void app_call_init(struct app_call *c, struct app_worker *w, struct flow *f, struct packet *p)
{
	*c = (struct app_call){.w = w, .f = f, .p = p};
	c->a = f->app ? app_full(f->app) : NULL;
	c->io.slab = w->slab;
	/* The end of a flow may be told years after its last packet. */
	c->io.now_ns = p && !(p->flags & PACKET_PSEUDO_END) ? p->now_ns : f->last_ns;
	c->io.limits = &w->config.limits;
	c->io.key = w->key;
	c->io.midstream = f->flags & FLOW_MIDSTREAM;
	if (c->a) {
		c->io.flow = &c->a->pub;
		c->io.tuple = &c->a->pub.tuple;
	}
}

/* A flow that another one has announced: nothing is to be identified. */
static void announced(struct app_call *c)
{
	struct app_flow_full *a = c->a;
	struct app_expectation e;
	const struct app_proto *proto;

	if (a->pub.tuple.ip_proto != IP_PROTO_TCP ||
	    !expect_take(c->w->expect, &a->pub.tuple, c->io.now_ns, &e))
		return;
	proto = app_proto_by_name(SLICE_STR(e.proto));
	a->expected = proto ? slab_alloc(c->w->slab, sizeof(e)) : NULL;
	if (!a->expected)
		return;
	*a->expected = e;
	a->pub.proto = a->pub.seen[0] = a->pub.seen[1] = proto;
	a->pub.tried[0] = a->pub.tried[1] = true;
	a->sides[0].verdict = a->sides[1].verdict = APP_FOUND;
	a->first = APP_FIRST_PARSED;
	app_count_proto(c->w, proto, APP_PROTO_FLOW);
}

void app_expect(struct app_io *io, const struct app_expectation *e)
{
	struct app_call *c = app_call_of(io);

	expect_add(c->w->expect, io->tuple, e, io->now_ns);
}

const struct app_expectation *app_expected(const struct app_io *io)
{
	return app_call_of(io)->a->expected;
}

bool app_flow_make(struct app_call *c)
{
	struct app_flow_full *a = slab_zalloc(c->w->slab, sizeof(*a));

	if (!a) {
		app_count(c->w, APP_COUNT_MEMORY);
		return false;
	}
	a->pub.tuple.addr[0] = c->f->key.addr[0];
	a->pub.tuple.addr[1] = c->f->key.addr[1];
	a->pub.tuple.port[0] = c->f->key.port[0];
	a->pub.tuple.port[1] = c->f->key.port[1];
	a->pub.tuple.ip_proto = c->f->key.ip_proto;
	a->pub.side[0] = &a->sides[0];
	a->pub.side[1] = &a->sides[1];
	c->f->app = &a->pub;
	c->a = a;
	c->io.flow = &a->pub;
	c->io.tuple = &a->pub.tuple;
	return true;
}

static bool flow_ready(struct app_call *c)
{
	if (c->a)
		return true;
	if (!app_flow_make(c))
		return false;
	announced(c);
	return true;
}

static void flow_event(struct app_call *c, enum app_flow_event event)
{
	struct app_flow *a = &c->a->pub;

	if (a->event_count < ARRAY_SIZE(a->events))
		a->events[a->event_count++] = (uint16_t)event;
}

static void side_drop(struct app_call *c, struct app_side *side)
{
	slab_free(c->w->slab, side->kept, side->cap);
	side->kept = NULL;
	side->len = side->cap = side->need = 0;
}

static void state_free(struct app_call *c)
{
	struct app_flow *a = &c->a->pub;

	if (!a->proto)
		return;
	app_tx_free_all(c);
	app_frames_free(c);
	app_state_delete(&c->io, a->proto, a->state);
	a->state = NULL;
}

/* Nothing more for any parser: what was parsed stays. */
static void parsing_ends(struct app_call *c)
{
	side_drop(c, &c->a->sides[0]);
	side_drop(c, &c->a->sides[1]);
	c->f->wanted &= (uint8_t)~FLOW_WANT_APP;
}

/* Identification has failed for good. */
static void give_up(struct app_call *c)
{
	struct app_flow_full *a = c->a;

	state_free(c);
	a->pub.proto = NULL;
	app_traffic_begin(c);
	a->pub.off = true;
	a->first = APP_FIRST_PARSED;
	a->changing = false;
	for (unsigned d = 0; d < 2; d++) {
		if (a->sides[d].verdict != APP_FOUND)
			a->sides[d].verdict = APP_FAILED;
		a->pub.tried[d] = true;
	}
	c->f->flags |= FLOW_APP_FAILED_TS | FLOW_APP_FAILED_TC;
	app_count(c->w, a->pub.tuple.ip_proto == IP_PROTO_UDP ? APP_COUNT_FAILED_UDP
							      : APP_COUNT_FAILED_TCP);
	parsing_ends(c);
}

/* --- kept bytes --- */

/* All bytes that wait in this direction, `data` at the end. False: no memory. */
static bool side_join(struct app_call *c, struct app_side *side, struct slice data,
		      struct slice *ret)
{
	*ret = data;
	if (side->len == 0)
		return true;
	if (data.len > side->cap - side->len) {
		uint32_t cap = side->cap;
		uint8_t *grown;

		while (cap - side->len < data.len && cap < SLAB_MAX)
			cap *= 2;
		grown = cap - side->len < data.len
				? NULL
				: slab_grow(c->w->slab, side->kept, side->cap, cap);
		if (!grown) {
			app_count(c->w, APP_COUNT_MEMORY);
			return false;
		}
		side->kept = grown;
		side->cap = cap;
	}
	if (data.len)
		memcpy(side->kept + side->len, data.data, data.len);
	side->len += (uint32_t)data.len;
	*ret = SLICE(side->kept, side->len);
	return true;
}

/* Keeps `rest`, which may lie in the kept bytes themselves. False: no memory. */
static bool side_keep(struct app_call *c, struct app_side *side, struct slice rest)
{
	if (rest.len == 0) {
		side_drop(c, side);
		return true;
	}
	if (side->len == 0) {
		uint32_t cap = KEPT_FIRST;

		while (cap < rest.len && cap < SLAB_MAX)
			cap *= 2;
		side->kept = cap < rest.len ? NULL : slab_alloc(c->w->slab, cap);
		if (!side->kept) {
			app_count(c->w, APP_COUNT_MEMORY);
			return false;
		}
		side->cap = cap;
	}
	memmove(side->kept, rest.data, rest.len);
	side->len = (uint32_t)rest.len;
	return true;
}

/* --- parsing --- */

static void parse(struct app_call *c, enum dir dir, struct slice view, bool eof);

/* Protocols that no rule names, found by what both sides said. */
static const struct app_proto *unnamed_find(const struct app_call *c, struct slice client,
					    struct slice server)
{
	for (unsigned i = 0; app_protocols[i]; i++) {
		const struct app_proto *proto = app_protocols[i];

		if (proto->unnamed &&
		    (proto->unnamed_when_off || !(c->w->config.disabled >> i & 1)) &&
		    proto->unnamed(client, server))
			return proto;
	}
	return NULL;
}

/* Identification is over without a result. For rules it has failed; a protocol that they do not
 * name may be read on, from the bytes that were kept: those of who spoke first, first. */
static void nobody_found(struct app_call *c)
{
	struct app_flow_full *a = c->a;
	const struct app_proto *found =
		unnamed_find(c, SLICE(a->sides[DIR_TS].kept, a->sides[DIR_TS].len),
			     SLICE(a->sides[DIR_TC].kept, a->sides[DIR_TC].len));
	enum dir first = a->first == 1 << DIR_TS ? DIR_TS : DIR_TC;

	if (!found) {
		give_up(c);
		return;
	}
	c->f->flags |= FLOW_APP_FAILED_TS | FLOW_APP_FAILED_TC;
	app_count(c->w, APP_COUNT_FAILED_TCP);
	a->pub.proto = found;
	a->pub.unnamed = true;
	a->pub.tried[0] = a->pub.tried[1] = true;
	a->sides[0].verdict = a->sides[1].verdict = APP_FOUND;
	for (unsigned i = 0; i < 2 && !a->pub.failed; i++) {
		enum dir dir = i == 0 ? first : dir_other(first);
		const struct app_side *side = &a->sides[dir];

		parse(c, dir, SLICE(side->kept, side->len), a->pub.eof[dir]);
	}
}

static void change_input(struct app_call *c, enum dir dir, struct slice view, bool eof);

static void parser_failed(struct app_call *c, enum app_proto_counter why)
{
	app_count_proto(c->w, c->a->pub.proto, why);
	c->a->pub.failed = true;
	parsing_ends(c);
}

static void parser_done(struct app_call *c)
{
	c->a->pub.done = true;
	parsing_ends(c);
	if (c->f->tcp) {
		stream_disable(c->w->stream, c->f, DIR_TS);
		stream_disable(c->w->stream, c->f, DIR_TC);
	}
}

static bool state_ready(struct app_call *c)
{
	struct app_flow *a = &c->a->pub;

	if (a->state || a->proto->state_size == 0)
		return true;
	a->state = app_state_new(&c->io, a->proto);
	return a->state != NULL;
}

/* What is left after a call waits for more; over the limit the parser has asked too much. */
static void keep_rest(struct app_call *c, enum dir dir, struct slice rest, uint32_t need)
{
	struct app_side *side = &c->a->sides[dir];

	if (rest.len > LIMIT_APP_BUFFERED) {
		app_count(c->w, APP_COUNT_BUFFERED);
		parser_failed(c, APP_PROTO_ERROR);
		return;
	}
	if (!side_keep(c, side, rest)) {
		parser_failed(c, APP_PROTO_ERROR);
		return;
	}
	side->need = rest.len ? need : 0;
}

static void parse(struct app_call *c, enum dir dir, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	struct app_side *side = &a->sides[dir];
	struct app_result r;

	a->first = APP_FIRST_PARSED;
	if (a->pub.failed || a->pub.done)
		return;
	if (!state_ready(c)) {
		app_count(c->w, APP_COUNT_MEMORY);
		parser_failed(c, APP_PROTO_ERROR);
		return;
	}
	if (!eof && side->need && view.len < side->need) {
		keep_rest(c, dir, view, side->need);
		return;
	}
	c->io.unnamed = a->pub.unnamed;
	app_frames_begin(c, dir, view, side->end - view.len);
	app_frames_stream(c, eof);
	r = a->pub.proto->parse(&c->io, a->pub.state, dir, (struct app_input){view, eof});
	if (r.status == APP_BAD) {
		parser_failed(c, APP_PROTO_ERROR);
		return;
	}
	if (r.status == APP_DONE) {
		parser_done(c);
		return;
	}
	if (r.used > view.len)
		r.used = (uint32_t)view.len;
	view = slice_sub(view, r.used, view.len);
	if (a->changing && view.len) {
		change_input(c, dir, view, eof);
		return;
	}
	/* `need` counts on top of what is kept. */
	keep_rest(c, dir, view, r.need ? (uint32_t)view.len + r.need : 0);
}

/* --- identification, TCP --- */

static void tcp_input(struct app_call *c, enum dir dir, struct slice data, bool eof);

static const struct app_proto *identify(struct app_call *c, enum dir dir, struct slice view,
					bool *ret_reversed)
{
	struct app_flow_full *a = c->a;
	struct identify_query query = {
		.tuple = &a->pub.tuple,
		.server_port = a->server_port,
		.dir = dir,
		.midstream = c->w->config.midstream && a->pub.tuple.ip_proto == IP_PROTO_TCP,
		.other = a->pub.seen[dir_other(dir)],
		.data = view,
	};

	return identify_run(c->w->identify, &a->sides[dir].identify, &query, ret_reversed);
}

static void swap_bools(bool pair[2])
{
	bool first = pair[0];

	pair[0] = pair[1];
	pair[1] = first;
}

/* Client and server were taken for each other. */
static void reverse(struct app_call *c)
{
	struct app_flow_full *a = c->a;
	struct app_side side = a->sides[0];
	struct app_flow *pub = &a->pub;
	const struct app_proto *seen = pub->seen[0];

	flow_reverse(c->f);
	if (c->f->tcp)
		stream_reverse(c->f);
	if (c->p)
		c->p->dir = dir_other(c->p->dir);
	a->sides[0] = a->sides[1];
	a->sides[1] = side;
	pub->seen[0] = pub->seen[1];
	pub->seen[1] = seen;
	swap_bools(pub->tried);
	swap_bools(pub->depth);
	swap_bools(pub->eof);
	for (unsigned d = 0; d < 2; d++) {
		pub->tuple.addr[d] = c->f->key.addr[d];
		pub->tuple.port[d] = c->f->key.port[d];
	}
	if (a->first == 1 << DIR_TS)
		a->first = 1 << DIR_TC;
	else if (a->first == 1 << DIR_TC)
		a->first = 1 << DIR_TS;
}

/* A flow's protocol is decided. */
static void proto_set(struct app_call *c, const struct app_proto *proto)
{
	c->a->pub.proto = proto;
	app_traffic_free(c);
	if (proto->whole_stream && c->f->tcp)
		stream_set_depth(c->f, 0);
}

static void side_found(struct app_call *c, enum dir dir, const struct app_proto *found)
{
	struct app_flow *a = &c->a->pub;
	const struct app_proto *other = a->seen[dir_other(dir)];

	a->seen[dir] = found;
	a->tried[dir] = true;
	c->a->sides[dir].verdict = APP_FOUND;
	if (!other || other == found) {
		if (!a->unnamed)
			proto_set(c, found);
		return;
	}
	flow_event(c, APP_EVENT_MISMATCH_PROTOCOL_BOTH_DIRECTIONS);
	if (a->unnamed)
		return;
	/* The one that parses already goes on; else the server is believed. */
	if (c->a->first == APP_FIRST_PARSED)
		proto_set(c, other);
	else
		proto_set(c, dir == DIR_TC ? found : other);
}

/* The other direction spoke first: its bytes go first to the parser. False: parsing has failed. */
static bool other_side_first(struct app_call *c, enum dir dir)
{
	struct app_flow_full *a = c->a;

	if (a->first != 1 << dir_other(dir))
		return true;
	tcp_input(c, dir_other(dir), SLICE(NULL, 0), a->pub.eof[dir_other(dir)]);
	if (a->pub.off)
		return false;
	if (a->changing) {
		/* It asked for a change, but these bytes are still the old protocol's. */
		a->changing = false;
		flow_event(c, APP_EVENT_UNEXPECTED_PROTOCOL);
	}
	return true;
}

/* Suricata takes some protocols that it does not know for others (POP3's USER for FTP's): for rules
 * the flow is what Suricata says, but it is read as what it is. */
static void read_as_unnamed(struct app_call *c, enum dir dir, struct slice view)
{
	struct app_flow_full *a = c->a;
	const struct app_side *other = &a->sides[dir_other(dir)];
	struct slice kept = SLICE(other->kept, other->len);
	const struct app_proto *proto;

	if (a->first == APP_FIRST_PARSED || a->pub.unnamed)
		return;
	proto = unnamed_find(c, dir == DIR_TS ? view : kept, dir == DIR_TS ? kept : view);
	if (!proto || proto == a->pub.proto)
		return;
	a->pub.named = a->pub.proto;
	proto_set(c, proto);
	a->pub.unnamed = true;
}

static void tcp_found_in(struct app_call *c, enum dir dir, const struct app_proto *found,
			 bool reversed, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	enum dir other = dir_other(dir);
	uint8_t must;

	side_found(c, dir, found);
	if (reversed && (c->f->flags & FLOW_MIDSTREAM) && a->sides[other].verdict == APP_UNKNOWN) {
		reverse(c);
		dir = other;
	}
	read_as_unnamed(c, dir, view);
	if (a->sides[dir_other(dir)].verdict != APP_UNKNOWN)
		app_count_proto(c->w, a->pub.proto, APP_PROTO_FLOW);
	/* Until it is parsed the view has to survive a call for the other side. */
	if (!other_side_first(c, dir)) {
		give_up(c);
		return;
	}
	must = a->pub.proto->first_data;
	if (a->first != APP_FIRST_PARSED && must && !(must & a->first)) {
		flow_event(c, APP_EVENT_WRONG_DIRECTION_FIRST_DATA);
		give_up(c);
		return;
	}
	if (a->first != APP_FIRST_PARSED && must && !(must & 1 << dir)) {
		/* The first speaker's bytes are not acknowledged yet: once more later. */
		a->pub.seen[dir] = NULL;
		a->pub.tried[dir] = false;
		a->sides[dir].verdict = APP_UNKNOWN;
		a->sides[dir].identify = (struct identify_state){0};
		a->pub.proto = a->pub.seen[dir_other(dir)];
		if (!side_keep(c, &a->sides[dir], view))
			give_up(c);
		return;
	}
	if (a->pub.failed) {
		/* The first speaker's bytes were refused; these are looked at all the same. */
		a->pub.failed = false;
		parse(c, dir, view, eof);
		a->pub.failed = true;
		parsing_ends(c);
		return;
	}
	parse(c, dir, view, eof);
}

/* The view outlives what the other side's parsing does to kept bytes. */
static void tcp_found(struct app_call *c, enum dir dir, const struct app_proto *found,
		      bool reversed, struct slice view, bool eof)
{
	struct app_side *side = &c->a->sides[dir], held = {0};

	if (side->kept && view.data == side->kept) {
		held = *side;
		side->kept = NULL;
		side->len = side->cap = 0;
	}
	tcp_found_in(c, dir, found, reversed, view, eof);
	slab_free(c->w->slab, held.kept, held.cap);
}

static uint32_t waiting(const struct app_call *c, enum dir dir)
{
	return c->a->sides[dir].len;
}

/* A lot in one direction while the other says nothing: bytes are not kept for ever. */
static bool waited_too_long(const struct app_call *c)
{
	const struct identify_state *ts = &c->a->sides[DIR_TS].identify;
	const struct identify_state *tc = &c->a->sides[DIR_TC].identify;
	uint32_t size_ts = waiting(c, DIR_TS), size_tc = waiting(c, DIR_TC);
	const uint32_t limit = LIMIT_APP_UNKNOWN_BYTES;

	if (size_ts > 2 * limit || size_tc > 2 * limit)
		return true;
	if (identify_done(ts) && size_ts > limit)
		return size_tc == 0 || (tc->probes_done && !tc->patterns_done);
	if (identify_done(tc) && size_tc > limit)
		return size_ts == 0 || (ts->probes_done && !ts->patterns_done);
	return false;
}

/* Neither direction is known. */
static void tcp_unknown(struct app_call *c, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;

	if (a->changing) {
		if (view.len >= CHANGE_BYTES || eof)
			give_up(c);
	} else if (identify_done(&a->sides[DIR_TS].identify) &&
		   identify_done(&a->sides[DIR_TC].identify)) {
		nobody_found(c);
	} else if (waited_too_long(c)) {
		app_count(c->w, APP_COUNT_SKIPPED);
		flow_event(c, APP_EVENT_PROTO_DETECTION_SKIPPED);
		give_up(c);
	}
}

/* This direction is not known (yet), the other one is. */
static void tcp_other_known(struct app_call *c, enum dir dir, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	uint8_t must = a->pub.seen[dir_other(dir)]->first_data;

	if (a->first != APP_FIRST_PARSED && must && !(must & 1 << dir)) {
		give_up(c);
		return;
	}
	if (!identify_done(&a->sides[dir].identify)) {
		/* The connection has ended: what came is taken for the same protocol. */
		if (eof && c->f->state == FLOW_CLOSED) {
			side_found(c, dir, a->pub.proto);
			parse(c, dir, view, eof);
		}
		return;
	}
	a->sides[dir].verdict = APP_FAILED;
	app_count_proto(c->w, a->pub.proto, APP_PROTO_FLOW);
	flow_event(c, APP_EVENT_DETECT_PROTOCOL_ONLY_ONE_DIRECTION);
	parse(c, dir, view, eof);
	a->pub.tried[dir] = !a->pub.off;
}

static void tcp_identify(struct app_call *c, enum dir dir, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	bool reversed;
	const struct app_proto *found = identify(c, dir, view, &reversed);

	if (found) {
		tcp_found(c, dir, found, reversed, view, eof);
		return;
	}
	/* So that what is kept counts and can be given to the parser later. */
	if (view.data != a->sides[dir].kept && !side_keep(c, &a->sides[dir], view)) {
		give_up(c);
		return;
	}
	view = SLICE(a->sides[dir].kept, a->sides[dir].len);
	/* Midstream, the start of a request may be missing: no guess from the answer alone. */
	if ((c->f->flags & FLOW_MIDSTREAM) && identify_done(&a->sides[DIR_TS].identify) &&
	    !a->pub.seen[DIR_TS]) {
		give_up(c);
		return;
	}
	if (a->pub.seen[dir_other(dir)])
		tcp_other_known(c, dir, view, eof);
	else
		tcp_unknown(c, view, eof);
}

static void tcp_input(struct app_call *c, enum dir dir, struct slice data, bool eof)
{
	struct app_flow_full *a = c->a;
	struct app_side *side = &a->sides[dir];
	struct slice view;

	if (!side_join(c, side, data, &view)) {
		if (a->pub.proto)
			parser_failed(c, APP_PROTO_ERROR);
		else
			give_up(c);
		return;
	}
	if (a->changing)
		change_input(c, dir, view, eof);
	else if (side->verdict == APP_UNKNOWN)
		tcp_identify(c, dir, view, eof);
	else if (a->pub.proto)
		parse(c, dir, view, eof);
}

/* --- a change of protocol --- */

bool app_change_proto_port(struct app_io *io, const char *hint, uint16_t server_port)
{
	struct app_call *c = app_call_of(io);
	struct app_flow_full *a = c->a;

	if (a->changing)
		return false;
	if (a->changes >= LIMIT_APP_PROTO_CHANGES) {
		app_count(c->w, APP_COUNT_CHANGES);
		return false;
	}
	a->changes++;
	a->changing = true;
	a->server_port = server_port;
	a->pub.orig = a->pub.proto;
	a->pub.expected = hint ? app_proto_by_name(SLICE_STR(hint)) : NULL;
	a->sides[0].waited = a->sides[1].waited = false;
	return true;
}

bool app_change_proto(struct app_io *io, const char *hint)
{
	return app_change_proto_port(io, hint, 0);
}

bool app_read_on(struct app_io *io, const char *proto)
{
	struct app_call *c = app_call_of(io);
	struct app_flow_full *a = c->a;
	const struct app_proto *next = app_proto_by_name(SLICE_STR(proto));

	if (a->changing || !next || a->changes >= LIMIT_APP_PROTO_CHANGES ||
	    (c->w->config.disabled >> app_proto_index(c->w, next) & 1))
		return false;
	a->changes++;
	a->changing = true;
	a->next = next;
	a->sides[0].waited = a->sides[1].waited = false;
	return true;
}

const char *app_changed_from(const struct app_io *io)
{
	return io->flow->orig ? io->flow->orig->name : NULL;
}

void app_leave(struct app_io *io, struct slice bytes)
{
	struct app_call *c = app_call_of(io);

	if (!kept_set(io->slab, &c->a->left, bytes))
		app_count(c->w, APP_COUNT_MEMORY);
}

struct slice app_left(const struct app_io *io)
{
	return kept_slice(&app_call_of(io)->a->left);
}

bool app_change_waits(const struct flow *f)
{
	return f->app && app_full(f->app)->changing && f->app->tx_first;
}

static void change_events(struct app_call *c, const struct app_proto *found)
{
	const struct app_proto *expected = c->a->pub.expected;

	if (!expected || found == expected)
		return;
	flow_event(c, APP_EVENT_UNEXPECTED_PROTOCOL);
	if (strcmp(expected->name, "tls") == 0)
		flow_event(c, APP_EVENT_NO_TLS_AFTER_STARTTLS);
}

static void change_found(struct app_call *c, enum dir dir, const struct app_proto *found,
			 struct slice view, bool eof)
{
	struct app_flow *a = &c->a->pub;

	state_free(c);
	c->a->changing = false;
	for (unsigned d = 0; d < 2; d++) {
		a->seen[d] = NULL;
		a->tried[d] = false;
		c->a->sides[d].verdict = APP_UNKNOWN;
		c->a->sides[d].need = 0;
	}
	c->a->sides[dir_other(dir)].identify = (struct identify_state){0};
	a->seen[dir] = found;
	proto_set(c, found);
	a->tried[dir] = true;
	c->a->sides[dir].verdict = APP_FOUND;
	change_events(c, found);
	parse(c, dir, view, eof);
}

/* Another parser goes on; for rules and records the flow stays what it was. */
static void change_read_on(struct app_call *c, enum dir dir, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	const struct app_proto *before = app_shown(&a->pub);

	state_free(c);
	a->changing = false;
	a->sides[0].need = a->sides[1].need = 0;
	proto_set(c, a->next);
	a->pub.named = before;
	a->pub.unnamed = true;
	a->next = NULL;
	parse(c, dir, view, eof);
}

/* Bytes after the point where the parser asked for a change: identified from there on. The old
 * protocol's transactions get one more packet to be inspected and logged. */
static void change_input(struct app_call *c, enum dir dir, struct slice view, bool eof)
{
	struct app_flow_full *a = c->a;
	struct app_side *side = &a->sides[dir];
	const struct app_proto *found = NULL, *seen[2] = {a->pub.seen[0], a->pub.seen[1]};
	bool reversed;

	if (a->pub.tx_first && !side->waited && !eof && view.len) {
		side->waited = true;
	} else if (a->next) {
		change_read_on(c, dir, view, eof);
		return;
	} else {
		side->identify = (struct identify_state){0};
		a->pub.seen[0] = a->pub.seen[1] = NULL;
		found = identify(c, dir, view, &reversed);
		a->pub.seen[0] = seen[0];
		a->pub.seen[1] = seen[1];
	}
	if (found) {
		change_found(c, dir, found, view, eof);
		return;
	}
	if (view.data != side->kept && !side_keep(c, side, view)) {
		give_up(c);
		return;
	}
	if (view.len >= CHANGE_BYTES || eof) {
		change_events(c, NULL);
		for (unsigned d = 0; d < 2; d++) {
			a->sides[d].verdict = APP_UNKNOWN;
			a->pub.seen[d] = NULL;
		}
		give_up(c);
	}
}

/* --- entry points --- */

static void tcp_gap(struct app_call *c, enum dir dir, uint64_t len)
{
	struct app_flow_full *a = c->a;
	struct app_side *side = &a->sides[dir];

	if (side->verdict == APP_UNKNOWN) {
		side->verdict = APP_GAPPED;
		a->pub.tried[dir] = true;
		app_count(c->w, APP_COUNT_GAP_UNKNOWN);
		side_drop(c, side);
		if (!a->pub.proto)
			return;
	}
	if (!a->pub.proto)
		return;
	if (a->changing) {
		give_up(c);
		return;
	}
	/* What was kept is the start of something whose rest is missing: part of the gap. */
	len += side->len;
	side_drop(c, side);
	a->first = APP_FIRST_PARSED;
	app_frames_begin(c, dir, SLICE(NULL, 0), side->end);
	if (!state_ready(c) || !a->pub.proto->gap ||
	    !a->pub.proto->gap(&c->io, a->pub.state, dir, len))
		parser_failed(c, APP_PROTO_GAP);
}

void app_stream_data(struct app_worker *w, struct flow *f, struct packet *p, enum dir dir,
		     const struct stream_chunk *chunk)
{
	bool eof = chunk->flags & STREAM_DATA_EOF;
	/* A parser's end is that of the conversation, not of what the capture holds. */
	bool told = eof && !(chunk->flags & STREAM_DATA_TORN);
	uint16_t reversed = f->flags & FLOW_REVERSED;
	struct app_call c;
	struct app_flow_full *a;

	app_call_init(&c, w, f, p);
	if (!flow_ready(&c)) {
		f->wanted &= (uint8_t)~FLOW_WANT_APP;
		return;
	}
	a = c.a;
	a->pub.news = 1 << DIR_TS | 1 << DIR_TC;
	a->sides[dir].end = chunk->offset + chunk->len;
	if (chunk->flags & STREAM_DATA_DEPTH)
		a->pub.depth[dir] = true;
	if (!a->pub.off && !a->pub.failed && !a->pub.done) {
		if (a->first == APP_FIRST_NONE && chunk->len)
			a->first = (uint8_t)(1 << dir);
		if (chunk->flags & STREAM_DATA_GAP)
			tcp_gap(&c, dir, chunk->len);
		else if (chunk->len || (told && !a->pub.eof[dir]))
			tcp_input(&c, dir, SLICE(chunk->data, chunk->len), told);
	}
	if ((f->flags & FLOW_REVERSED) != reversed)
		dir = dir_other(dir);
	if (eof)
		a->pub.eof[dir] = true;
	app_frames_keep(&c, DIR_TS, app_side_offset(a, DIR_TS));
	app_frames_keep(&c, DIR_TC, app_side_offset(a, DIR_TC));
	if (a->sides[dir].verdict != APP_UNKNOWN)
		stream_app_identified(f, dir);
}

static void udp_found(struct app_call *c, enum dir dir, const struct app_proto *found)
{
	struct app_flow *a = &c->a->pub;
	const struct app_proto *other = a->seen[dir_other(dir)];

	a->seen[dir] = found;
	c->a->sides[dir].verdict = APP_FOUND;
	app_traffic_free(c);
	if (!other)
		a->proto = found;
	else if (other != found)
		flow_event(c, APP_EVENT_MISMATCH_PROTOCOL_BOTH_DIRECTIONS);
}

/* One datagram decides for its direction. */
static enum dir udp_identify(struct app_call *c, enum dir dir, struct slice data)
{
	struct app_flow_full *a = c->a;
	struct app_side *side = &a->sides[dir], *other = &a->sides[dir_other(dir)];
	bool reversed;
	const struct app_proto *found = identify(c, dir, data, &reversed);

	a->pub.tried[dir] = true;
	if (found) {
		udp_found(c, dir, found);
	} else {
		side->verdict = other->verdict == APP_UNKNOWN ? APP_FAILED : other->verdict;
		a->pub.seen[dir] = a->pub.seen[dir_other(dir)];
		if (other->verdict == APP_UNKNOWN) {
			app_traffic_begin(c);
			app_traffic_bytes(c, dir, data);
		}
	}
	if (other->verdict == APP_UNKNOWN) {
		if (a->pub.proto)
			app_count_proto(c->w, a->pub.proto, APP_PROTO_FLOW);
		else
			app_count(c->w, APP_COUNT_FAILED_UDP);
	}
	if (found && reversed && a->pub.proto) {
		reverse(c);
		dir = dir_other(dir);
	}
	if (a->sides[0].verdict == APP_FAILED && a->sides[1].verdict == APP_FAILED) {
		a->pub.off = true;
		c->f->flags |= FLOW_APP_FAILED_TS | FLOW_APP_FAILED_TC;
		c->f->wanted &= (uint8_t)~FLOW_WANT_APP;
	}
	return dir;
}

void app_datagram(struct app_worker *w, struct flow *f, struct packet *p)
{
	enum dir dir = p->dir;
	struct app_call c;
	struct app_result r;
	struct app_flow *a;

	app_call_init(&c, w, f, p);
	if (p->payload_len == 0)
		return;
	if (!flow_ready(&c)) {
		f->wanted &= (uint8_t)~FLOW_WANT_APP;
		return;
	}
	a = &c.a->pub;
	a->news = 1 << DIR_TS | 1 << DIR_TC;
	if (a->off || a->failed || a->done)
		return;
	if (c.a->sides[dir].verdict == APP_UNKNOWN)
		dir = udp_identify(&c, dir, packet_payload(p));
	if (!a->proto)
		return;
	if (!state_ready(&c)) {
		app_count(w, APP_COUNT_MEMORY);
		return;
	}
	app_frames_begin(&c, dir, packet_payload(p), 0);
	r = a->proto->parse(&c.io, a->state, dir, (struct app_input){packet_payload(p), false});
	/* The next datagram may be good again. */
	if (r.status == APP_BAD)
		app_count_proto(w, a->proto, APP_PROTO_ERROR);
	else if (r.status == APP_DONE)
		parser_done(&c);
}

void app_flow_free(struct app_worker *w, struct flow *f)
{
	struct app_call c;

	if (!f->app)
		return;
	app_call_init(&c, w, f, NULL);
	state_free(&c);
	app_frames_free(&c);
	app_traffic_free(&c);
	side_drop(&c, &c.a->sides[0]);
	side_drop(&c, &c.a->sides[1]);
	f->app = NULL;
	slab_free(w->slab, c.a->expected, sizeof(*c.a->expected));
	kept_free(w->slab, &c.a->left);
	slab_free(w->slab, c.a, sizeof(*c.a));
}

void app_limit_met(struct app_io *io)
{
	struct app_call *c = app_call_of(io);

	app_count_proto(c->w, c->a->pub.proto, APP_PROTO_LIMIT);
}

void app_raw_trigger(struct app_io *io, enum dir dir)
{
	struct app_call *c = app_call_of(io);

	/* Rules see raw bytes as if a parser that they do not know of were not there. */
	if (c->f->tcp && !c->a->pub.unnamed)
		stream_raw_trigger(c->f, dir);
}

void app_payload_encrypted(struct app_io *io)
{
	struct app_call *c = app_call_of(io);

	c->f->flags |= FLOW_ENCRYPTED;
	/* What came in clear before may still wait to be inspected. */
	if (c->f->tcp) {
		stream_raw_stop(c->f, DIR_TS);
		stream_raw_stop(c->f, DIR_TC);
	}
}
