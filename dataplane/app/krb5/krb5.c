#include "dataplane/app/krb5/krb5.h"

#include "dataplane/app/krb5/message.h"
#include "dataplane/app/text/ber.h"
#include "dataplane/app/text/compile.h"

enum {
	PRINCIPALS_MAX = 4096, /* bytes kept of a name */
	RECORD_HEAD = 4,
	PROBE_RECORD_MAX = 16384,
	ETYPE_LIST_MAX = 64,
};

static const char *const event_names[] = {
	[KRB5_EVENT_MALFORMED_DATA] = "malformed_data",
	[KRB5_EVENT_WEAK_ENCRYPTION] = "weak_encryption",
};

struct krb5_state {
	uint8_t request;  /* the last one, for the error that answers it */
	uint32_t skip[2]; /* bytes left of a record that is passed over */
};

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct krb5_tx *t = container_of(tx, struct krb5_tx, tx);

	text_list_free(io->slab, &t->cname);
	text_list_free(io->slab, &t->sname);
	kept_free(io->slab, &t->realm);
}

/* --- a message --- */

static void keep_names(struct app_io *io, struct text_list *l, struct krb5_principal p)
{
	struct cursor c = cursor_of(p.names);
	struct slice name;

	for (unsigned i = 0; i < KRB5_NAMES_MAX && cursor_left(&c) > 0; i++) {
		if (!krb5_name_next(&c, &name) || !text_list_add(io->slab, l, name, PRINCIPALS_MAX))
			return;
	}
}

/* Each message is one direction's alone. */
static bool new_transaction(struct app_io *io, const struct krb5_state *s, enum dir dir,
			    uint8_t type, const struct krb5_message_fields *m)
{
	struct app_tx *tx = app_tx_new(io, sizeof(struct krb5_tx));
	struct krb5_tx *t;

	if (!tx)
		return false;
	t = container_of(tx, struct krb5_tx, tx);
	tx->only_one_way[dir_other(dir)] = true;
	t->type = type;
	t->failed = s->request;
	t->error = m->error;
	t->etype = m->etype;
	t->ticket_etype = m->ticket_etype;
	t->has_etype = m->has_etype;
	t->has_ticket_etype = m->has_ticket_etype;
	t->has_cname = m->cname.is_there;
	t->has_sname = m->sname.is_there;
	keep_names(io, &t->cname, m->cname);
	keep_names(io, &t->sname, m->sname);
	if (m->has_realm)
		kept_set(io->slab, &t->realm, m->realm);
	if (t->has_etype && krb5_etype_weak(t->etype))
		app_tx_event(tx, KRB5_EVENT_WEAK_ENCRYPTION);
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = KRB5_COMPLETE;
	return true;
}

static void malformed(struct app_io *io)
{
	struct app_tx *tx = app_tx_last(io);

	if (tx)
		app_tx_event(tx, KRB5_EVENT_MALFORMED_DATA);
}

/* One whole message. False when the flow cannot go on. */
static bool message(struct app_io *io, struct krb5_state *s, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct krb5_message_fields m;
	bool known;
	struct ber b;
	uint8_t type;

	if (ber_next(&c, &b) != BER_OK) {
		malformed(io);
		return true;
	}
	type = ber_tag(b);
	if (ber_class(b) != BER_APPLICATION)
		return true;
	known = krb5_message_read(type, cursor_of(b.value), &m);
	if (known && !new_transaction(io, s, dir, type, &m))
		return false;
	if (type == KRB5_AS_REQ || type == KRB5_TGS_REQ || type == KRB5_AP_REQ)
		s->request = type;
	else if (type == KRB5_AS_REP || type == KRB5_TGS_REP || type == KRB5_AP_REP ||
		 type == KRB5_ERROR)
		s->request = 0;
	return true;
}

static struct app_result parse_tcp(struct app_io *io, struct krb5_state *s, enum dir dir,
				   struct cursor c)
{
	while (cursor_left(&c) > 0) {
		size_t at = cursor_offset(&c), left = cursor_left(&c);
		uint32_t len;

		if (s->skip[dir] > 0) {
			uint32_t n = s->skip[dir] < left ? s->skip[dir] : (uint32_t)left;

			cursor_skip(&c, n);
			s->skip[dir] -= n;
			continue;
		}
		if (left < RECORD_HEAD)
			return APP_RESULT_MORE(at, RECORD_HEAD - left);
		len = cursor_u32(&c);
		if (len > KRB5_RECORD_MAX) {
			malformed(io);
			s->skip[dir] = len;
		} else if (len > cursor_left(&c)) {
			return APP_RESULT_MORE(at, len - cursor_left(&c));
		} else if (len > 0 && !message(io, s, dir, cursor_take(&c, len))) {
			return APP_RESULT_BAD;
		}
	}
	return APP_RESULT_OK(cursor_offset(&c));
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	if (io->tuple->ip_proto == IP_PROTO_TCP)
		return parse_tcp(io, state, dir, cursor_of(input.data));
	if (!message(io, state, dir, input.data))
		return APP_RESULT_BAD;
	return APP_RESULT_OK(input.data.len);
}

/* --- for rules --- */

static bool nth(const struct text_list *l, uint32_t index, struct slice *ret)
{
	uint32_t at = 0;

	for (uint32_t i = 0; text_list_next(l, &at, ret); i++) {
		if (i == index)
			return true;
	}
	return false;
}

static bool get_cname(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return nth(&container_of(tx, const struct krb5_tx, tx)->cname, index, ret);
}

static bool get_sname(const struct app_tx *tx, enum dir dir, uint32_t index, struct slice *ret)
{
	return nth(&container_of(tx, const struct krb5_tx, tx)->sname, index, ret);
}

static void *compile_number(struct slice argument, uint64_t max, char *why, size_t cap)
{
	uint64_t *n = compile_new(sizeof(*n));

	if (!text_number(text_trim(argument), max, n))
		return compile_refuse(n, why, cap, "a number is expected");
	return n;
}

static void *compile_type(struct slice argument, char *why, size_t cap)
{
	return compile_number(argument, UINT8_MAX, why, cap);
}

static void *compile_error(struct slice argument, char *why, size_t cap)
{
	return compile_number(argument, INT32_MAX, why, cap);
}

static bool match_type(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return container_of(tx, const struct krb5_tx, tx)->type == *(const uint64_t *)compiled;
}

static bool match_error(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct krb5_tx *t = container_of(tx, const struct krb5_tx, tx);

	return t->type == KRB5_ERROR && t->error == (int64_t) * (const uint64_t *)compiled;
}

/* `weak`, `!weak`, or numbers and names with commas or spaces between. */
struct etypes {
	enum { ETYPES_WEAK, ETYPES_STRONG, ETYPES_LIST } kind;
	unsigned count;
	int32_t list[ETYPE_LIST_MAX];
};

static bool etype_number(struct slice word, int32_t *ret)
{
	bool negative = word.len > 0 && word.data[0] == '-';
	uint64_t n;

	if (krb5_etype_number(word, ret))
		return true;
	if (!text_number(slice_sub(word, negative, word.len), INT32_MAX, &n))
		return false;
	*ret = negative ? -(int32_t)n : (int32_t)n;
	return true;
}

static bool etype_list(struct slice s, struct etypes *e)
{
	size_t i = 0;

	while (i < s.len) {
		size_t from = i;

		while (i < s.len && s.data[i] != ',' && s.data[i] != ' ')
			i++;
		if (e->count == ETYPE_LIST_MAX ||
		    !etype_number(slice_sub(s, from, i - from), &e->list[e->count++]))
			return false;
		while (i < s.len && s.data[i] == ' ')
			i++;
		if (i < s.len && s.data[i] == ',')
			i++;
		while (i < s.len && s.data[i] == ' ')
			i++;
	}
	return e->count > 0;
}

static void *compile_ticket_encryption(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);
	struct etypes *e = compile_new(sizeof(*e));

	e->kind = ETYPES_LIST;
	if (slice_eq(s, SLICE_LIT("weak")))
		e->kind = ETYPES_WEAK;
	else if (slice_eq(s, SLICE_LIT("!weak")))
		e->kind = ETYPES_STRONG;
	else if (!etype_list(s, e))
		return compile_refuse(e, why, cap,
				      "krb5.ticket_encryption takes weak, !weak or a list of "
				      "encryption types");
	return e;
}

static bool match_ticket_encryption(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct krb5_tx *t = container_of(tx, const struct krb5_tx, tx);
	const struct etypes *e = compiled;

	if (!t->has_ticket_etype)
		return false;
	if (e->kind != ETYPES_LIST)
		return krb5_etype_weak(t->ticket_etype) == (e->kind == ETYPES_WEAK);
	for (unsigned i = 0; i < e->count; i++) {
		if (e->list[i] == t->ticket_etype)
			return true;
	}
	return false;
}

/* --- identification --- */

static enum app_probe of_status(enum ber_status status)
{
	return status == BER_SHORT ? APP_PROBE_MORE : APP_PROBE_NO;
}

/* [APPLICATION n] SEQUENCE { [0 or 1] INTEGER 5 ... */
static enum app_probe probe_message(struct cursor c)
{
	enum ber_status status;
	struct ber b, sequence;

	status = ber_next(&c, &b);
	if (b.first == 0 || (status != BER_OK && b.value.len == 0))
		return of_status(status);
	if (ber_class(b) != BER_APPLICATION || ber_tag(b) > KRB5_ERROR)
		return APP_PROBE_NO;
	c = cursor_of(b.value);
	status = ber_next(&c, &sequence);
	if (sequence.first != BER_SEQUENCE)
		return APP_PROBE_NO;
	if (sequence.value.len < 6)
		return of_status(status);
	return slice_eq(slice_sub(sequence.value, 2, 3), SLICE_LIT("\2\1\5")) ? APP_PROBE_YES
									      : APP_PROBE_NO;
}

static enum app_probe probe_udp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return probe_message(cursor_of(data)) == APP_PROBE_YES ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe_tcp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);

	if (cursor_u32(&c) > PROBE_RECORD_MAX)
		return APP_PROBE_NO;
	return probe_message(c);
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "88", .min_len = 11, .probe = probe_udp},
	{.transport = APP_TCP, .ports = "88", .min_len = 15, .probe = probe_tcp},
};

static const struct app_buffer buffers[] = {
	{.name = "krb5.cname", .dir = {false, true}, .multi = true, .get = get_cname},
	{.name = "krb5.sname", .dir = {false, true}, .multi = true, .get = get_sname},
};

static const struct app_keyword keywords[] = {
	{"krb5_msg_type", {true, true}, {0, 0}, compile_type, match_type},
	{"krb5_err_code", {true, true}, {0, 0}, compile_error, match_error},
	{"krb5.ticket_encryption",
	 {false, true},
	 {0, 0},
	 compile_ticket_encryption,
	 match_ticket_encryption},
};

const struct app_proto krb5_proto = {
	.name = "krb5",
	.event_prefix = "krb5",
	.transport = APP_TCP | APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct krb5_state),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {KRB5_COMPLETE, KRB5_COMPLETE},
	.events = event_names,
	.event_count = KRB5_EVENTS,
	.buffers = buffers,
	.buffer_count = ARRAY_SIZE(buffers),
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "krb5",
	.eve_key = "krb5",
	.log = krb5_log,
	.log_sender_first = true,
};
