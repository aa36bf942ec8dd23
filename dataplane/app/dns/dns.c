#include "dataplane/app/dns/dns.h"

#include "dataplane/app/text/compile.h"

static const char *const event_names[] = {
	[DNS_EVENT_MALFORMED_DATA] = "malformed_data",
	[DNS_EVENT_NOT_REQUEST] = "not_request",
	[DNS_EVENT_NOT_RESPONSE] = "not_response",
	[DNS_EVENT_Z_FLAG_SET] = "z_flag_set",
	[DNS_EVENT_INVALID_OPCODE] = "invalid_opcode",
	[DNS_EVENT_NAME_TOO_LONG] = "name_too_long",
	[DNS_EVENT_INFINITE_LOOP] = "infinite_loop",
	[DNS_EVENT_TOO_MANY_LABELS] = "too_many_labels",
};

enum { FRAME_PDU };

static const char *const frames[] = {"pdu"};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct dns_tx *t = container_of(tx, struct dns_tx, tx);

	slab_free(io->slab, t->message, t->message_len);
	slab_free(io->slab, t->queries, t->query_count * sizeof(*t->queries));
	slab_free(io->slab, t->names, t->names_len);
}

/* --- a message --- */

/* What the walk over a message found before a transaction was made of it. */
struct found {
	struct dns_header header;
	uint8_t name_flags;
	uint32_t names_len;
};

static bool walk_questions(struct dns_reader *d, struct found *f)
{
	struct dns_question question;
	struct dns_name name;

	for (unsigned i = 0; i < f->header.count[0]; i++) {
		if (!dns_question_read(d, &name, &question))
			return false;
		f->name_flags |= name.flags;
		if (f->names_len + name.len <= DNS_NAMES_MAX)
			f->names_len += name.len;
		else
			f->name_flags |= DNS_NAME_LABELS;
	}
	return true;
}

static bool walk_records(struct dns_reader *d, struct found *f)
{
	unsigned count = (unsigned)f->header.count[1] + f->header.count[2];
	struct dns_name name;
	struct dns_rr rr;

	for (unsigned i = 0; i < count; i++) {
		if (!dns_rr_read(d, &name, &rr) || !dns_rr_valid(d, &rr, &f->name_flags))
			return false;
		f->name_flags |= name.flags;
	}
	return true;
}

/* The questions once more, their names into the transaction. */
static bool keep_questions(struct app_io *io, struct dns_tx *t, struct slice message,
			   const struct found *f)
{
	struct dns_reader d = dns_reader_of(message);
	struct dns_question question;
	struct dns_name name;
	uint32_t used = 0;

	if (f->header.count[0] == 0)
		return true;
	t->queries = slab_zalloc(io->slab, f->header.count[0] * sizeof(*t->queries));
	if (!t->queries)
		return false;
	t->query_count = f->header.count[0];
	if (f->names_len > 0) {
		t->names = slab_alloc(io->slab, f->names_len);
		if (!t->names)
			return false;
		t->names_len = f->names_len;
	}
	for (uint32_t i = 0; i < t->query_count && dns_question_read(&d, &name, &question); i++) {
		struct dns_query *q = &t->queries[i];

		q->type = question.type;
		q->offset = used;
		q->cut = name.flags & DNS_NAME_CUT;
		if (name.len == 0 || used + name.len > t->names_len)
			continue;
		memcpy(t->names + used, name.text, name.len);
		q->len = name.len;
		used += name.len;
	}
	return true;
}

static bool keep_message(struct app_io *io, struct dns_tx *t, struct slice message)
{
	t->message = slab_alloc(io->slab, message.len);
	if (!t->message)
		return false;
	memcpy(t->message, message.data, message.len);
	t->message_len = (uint32_t)message.len;
	return true;
}

static void set_events(struct dns_tx *t, uint8_t name_flags)
{
	uint16_t flags = t->header.flags;

	if (t->response && !(flags & DNS_QR))
		app_tx_event(&t->tx, DNS_EVENT_NOT_RESPONSE);
	if (flags & DNS_Z)
		app_tx_event(&t->tx, DNS_EVENT_Z_FLAG_SET);
	if (dns_opcode(flags) >= 7)
		app_tx_event(&t->tx, DNS_EVENT_INVALID_OPCODE);
	if (name_flags & DNS_NAME_CUT)
		app_tx_event(&t->tx, DNS_EVENT_NAME_TOO_LONG);
	if (name_flags & DNS_NAME_LOOP)
		app_tx_event(&t->tx, DNS_EVENT_INFINITE_LOOP);
	if (name_flags & DNS_NAME_LABELS)
		app_tx_event(&t->tx, DNS_EVENT_TOO_MANY_LABELS);
}

/* Events without a message of their own go to the newest transaction, if there is one. */
static void event_on_last(struct app_io *io, enum dns_event event)
{
	struct app_tx *tx = app_tx_last(io);

	if (tx)
		app_tx_event(tx, event);
}

enum outcome {
	OUTCOME_OK,
	OUTCOME_HEADER, /* not a DNS header: UDP passes over it */
	OUTCOME_BAD,
};

static enum outcome parse_message(struct app_io *io, enum dir dir, struct slice message)
{
	struct found f = {0};
	struct dns_reader d = dns_reader_of(message);
	struct app_tx *tx;
	struct dns_tx *t;

	if (!dns_header_read(message, &f.header) || !dns_header_valid(&f.header, message.len))
		return OUTCOME_HEADER;
	if (!walk_questions(&d, &f) || (dir == DIR_TC && !walk_records(&d, &f))) {
		event_on_last(io, DNS_EVENT_MALFORMED_DATA);
		return OUTCOME_BAD;
	}
	if (dir == DIR_TS && f.header.flags & DNS_QR) {
		event_on_last(io, DNS_EVENT_NOT_REQUEST);
		return OUTCOME_BAD;
	}
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return OUTCOME_BAD;
	t = container_of(tx, struct dns_tx, tx);
	t->header = f.header;
	t->response = dir == DIR_TC;
	tx->only_one_way[dir_other(dir)] = true;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = 1;
	if (!keep_questions(io, t, message, &f))
		return OUTCOME_BAD;
	if (t->response && !keep_message(io, t, message))
		return OUTCOME_BAD;
	set_events(t, f.name_flags);
	return OUTCOME_OK;
}

/* --- identification --- */

/* `whole`: length the message says to have; data may be less of it. */
static enum app_probe probe(enum dir dir, struct slice data, size_t whole)
{
	struct found f = {0};
	struct dns_reader d;
	bool request;

	data = slice_sub(data, 0, whole);
	if (!dns_header_read(data, &f.header))
		return APP_PROBE_NO;
	d = dns_reader_of(data);
	if (data.len == whole && !walk_questions(&d, &f))
		return APP_PROBE_NO;
	if (!dns_header_valid(&f.header, whole))
		return APP_PROBE_NO;
	request = !(f.header.flags & DNS_QR);
	return request == (dir == DIR_TS) ? APP_PROBE_YES : APP_PROBE_REVERSED;
}

static enum app_probe probe_udp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return probe(dir, data, data.len);
}

static enum app_probe probe_tcp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	uint16_t whole = cursor_u16(&c);

	if (data.len < DNS_HEADER + 2)
		return APP_PROBE_MORE;
	return probe(dir, cursor_rest(&c), whole);
}

/* --- transport --- */

static struct app_result parse_tcp(struct app_io *io, struct dns_state *s, enum dir dir,
				   struct slice data)
{
	struct cursor c = cursor_of(data);

	if (s->gap) {
		if (probe_tcp(io->tuple, dir, data) == APP_PROBE_NO)
			return APP_RESULT_OK(data.len);
		s->gap = false;
	}
	while (cursor_left(&c) > 0) {
		size_t at = cursor_offset(&c);
		uint16_t len;

		if (cursor_left(&c) < 2)
			return APP_RESULT_MORE(at, 1);
		len = cursor_u16(&c);
		if (len > cursor_left(&c))
			return APP_RESULT_MORE(at, len - cursor_left(&c));
		if (len == 0)
			continue;
		app_raw_trigger(io, dir);
		app_frame(io, FRAME_PDU, cursor_rest(&c).data, len);
		if (parse_message(io, dir, cursor_take(&c, len)) != OUTCOME_OK)
			return APP_RESULT_BAD;
	}
	return APP_RESULT_OK(data.len);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	if (io->tuple->ip_proto == IP_PROTO_TCP)
		return parse_tcp(io, state, dir, input.data);
	app_frame(io, FRAME_PDU, input.data.data, (int64_t)input.data.len);
	/* A bad datagram says nothing about the next one. */
	parse_message(io, dir, input.data);
	return APP_RESULT_OK(input.data.len);
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct dns_state *s = state;

	s->gap = true;
	return true;
}

/* --- for rules --- */

static bool get_query(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	const struct dns_tx *t = container_of(tx, const struct dns_tx, tx);

	if (t->response || index >= t->query_count)
		return false;
	*ret = t->names ? SLICE(t->names + t->queries[index].offset, t->queries[index].len)
			: SLICE(NULL, 0);
	return true;
}

struct opcode {
	uint8_t value;
	bool negated;
};

static void *compile_opcode(struct slice argument, char *why, size_t cap)
{
	struct opcode *o = compile_new(sizeof(*o));
	struct slice s = text_trim(argument);
	uint64_t value;

	if (s.len > 0 && s.data[0] == '!') {
		o->negated = true;
		s = text_trim(slice_sub(s, 1, s.len));
	}
	if (!text_number(s, UINT8_MAX, &value))
		return compile_refuse(o, why, cap,
				      "dns.opcode takes a number from 0 to 255, or one after '!'");
	o->value = (uint8_t)value;
	return o;
}

static bool match_opcode(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dns_tx *t = container_of(tx, const struct dns_tx, tx);
	const struct opcode *o = compiled;

	if (t->response != (dir == DIR_TC))
		return false;
	return (dns_opcode(t->header.flags) == o->value) != o->negated;
}

static const struct app_probe_rule probes[] = {
	{APP_UDP, "53", DIR_TS, DNS_HEADER, probe_udp},
	{APP_TCP, "53", DIR_TS, DNS_HEADER + 2, probe_tcp},
};

static const struct app_buffer buffers[] = {
	{.name = "dns.query",
	 .dir = {true, false},
	 .progress = {1, 1},
	 .multi = true,
	 .get = get_query},
};

static const struct app_keyword keywords[] = {
	{.name = "dns.opcode",
	 .dir = {true, true},
	 .compile = compile_opcode,
	 .match = match_opcode},
};

const struct app_proto dns_proto = {
	.name = "dns",
	.event_prefix = "dns",
	.transport = APP_TCP | APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct dns_state),
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {1, 1},
	.unidirectional = true,
	.events = event_names,
	.event_count = DNS_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "dns",
	.eve_key = "dns",
	.log_nth = dns_log_nth,
	.log_alert = dns_log_alert,
	.frames = frames,
	.frame_count = ARRAY_SIZE(frames),
};
