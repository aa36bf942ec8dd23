#include "dataplane/app/dhcp/dhcp.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/compile.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/text.h"

enum { PROBE_MIN = 232, NAMES_LEN = 64 + 128 /* server's and file's name */ };

enum { REQUEST = 1, REPLY = 2, TYPE_ACK = 5 };

/* RFC 2132 */
enum option {
	OPTION_HOST_NAME = 12,
	OPTION_LEASE_TIME = 51,
	OPTION_TYPE = 53,
	OPTION_RENEWAL_TIME = 58,
	OPTION_REBINDING_TIME = 59,
	OPTION_CLIENT_ID = 61,
	OPTION_END = 255,
};

static const char *const event_names[] = {
	[DHCP_EVENT_TRUNCATED_OPTIONS] = "truncated_options",
	[DHCP_EVENT_MALFORMED_OPTIONS] = "malformed_options",
};

static const struct text_name types[] = {
	{1, "discover"}, {2, "offer"}, {3, "request"}, {4, "decline"},
	{5, "ack"},	 {6, "nak"},   {7, "release"}, {8, "inform"},
};

/* --- options --- */

struct option_value {
	uint8_t code;
	struct slice data; /* of a time: 4 bytes; of a client's id: behind its type */
};

static bool is_time(uint8_t code)
{
	return code == OPTION_LEASE_TIME || code == OPTION_RENEWAL_TIME ||
	       code == OPTION_REBINDING_TIME;
}

/* The next one; false when there is none, and then c->bad when it is cut. Code 0 has a length too,
 * as in Suricata. */
static bool option_next(struct cursor *c, struct option_value *ret)
{
	uint8_t len;

	ret->code = cursor_u8(c);
	if (c->bad || ret->code == OPTION_END)
		return false;
	len = cursor_u8(c);
	if (is_time(ret->code)) {
		ret->data = cursor_take(c, 4);
	} else if (ret->code == OPTION_CLIENT_ID) {
		if (len < 2)
			c->bad = true;
		cursor_u8(c);
		ret->data = cursor_take(c, len - 1u);
	} else {
		ret->data = cursor_take(c, len);
	}
	return !c->bad;
}

/* --- messages --- */

static struct ip_addr address(struct cursor *c)
{
	struct slice four = cursor_take(c, 4);

	return c->bad ? (struct ip_addr){0} : ip_addr_v4(four.data);
}

static bool head(struct cursor *c, struct dhcp_tx *t)
{
	struct slice mac;

	t->opcode = cursor_u8(c);
	cursor_u8(c);
	t->mac_len = cursor_u8(c);
	cursor_u8(c);
	t->id = cursor_u32(c);
	cursor_u32(c); /* seconds, flags */
	address(c);    /* the client's */
	t->yours = address(c);
	address(c); /* the server's */
	address(c); /* the relay's */
	mac = cursor_take(c, DHCP_MAC_MAX);
	cursor_skip(c, NAMES_LEN);
	cursor_u32(c); /* magic */
	if (c->bad)
		return false;
	if (t->mac_len > DHCP_MAC_MAX)
		t->mac_len = DHCP_MAC_MAX;
	memcpy(t->mac, mac.data, t->mac_len);
	return true;
}

static void options(struct dhcp_tx *t, struct cursor c)
{
	struct option_value o;

	while (option_next(&c, &o)) {
		if (o.code == OPTION_TYPE && o.data.len > 0 && t->type == 0)
			t->type = o.data.data[0];
	}
	if (c.bad)
		app_tx_event(&t->tx, DHCP_EVENT_TRUNCATED_OPTIONS);
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct cursor c = cursor_of(input.data);
	struct dhcp_tx first = {0}, *t;
	struct app_tx *tx;

	if (!head(&c, &first))
		return APP_RESULT_BAD;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return APP_RESULT_BAD;
	t = container_of(tx, struct dhcp_tx, tx);
	first.tx = t->tx;
	*t = first;
	kept_set(io->slab, &t->options, cursor_rest(&c));
	options(t, c);
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = DHCP_COMPLETE;
	return APP_RESULT_OK(input.data.len);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct dhcp_tx, tx)->options);
}

/* --- for rules --- */

static bool match_time(const struct app_tx *tx, uint8_t code, const void *compiled)
{
	const struct dhcp_tx *t = container_of(tx, const struct dhcp_tx, tx);
	struct cursor c = cursor_of(kept_slice(&t->options));
	struct option_value o;

	while (option_next(&c, &o)) {
		struct cursor value = cursor_of(o.data);

		if (o.code == code)
			return text_range_match(compiled, cursor_u32(&value));
	}
	return false;
}

static bool match_lease(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_time(tx, OPTION_LEASE_TIME, compiled);
}

static bool match_renewal(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_time(tx, OPTION_RENEWAL_TIME, compiled);
}

static bool match_rebinding(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_time(tx, OPTION_REBINDING_TIME, compiled);
}

static const struct app_keyword keywords[] = {
	{"dhcp.leasetime", {true, true}, {0, 0}, compile_range_u64, match_lease},
	{"dhcp.renewal_time", {true, true}, {0, 0}, compile_range_u64, match_renewal},
	{"dhcp.rebinding_time", {true, true}, {0, 0}, compile_range_u64, match_rebinding},
};

/* --- records --- */

static void log_option(struct record *r, const struct option_value *o)
{
	struct cursor value = cursor_of(o->data);
	const char *type;

	switch (o->code) {
	case OPTION_CLIENT_ID:
		record_hex(r, "client_id", o->data, ':');
		break;
	case OPTION_RENEWAL_TIME:
		record_uint(r, "renewal_time", cursor_u32(&value));
		break;
	case OPTION_HOST_NAME:
		if (o->data.len > 0)
			text_log(r, "hostname", o->data);
		break;
	case OPTION_TYPE:
		if (o->data.len == 0)
			break;
		type = text_name(TEXT_NAMES(types), o->data.data[0]);
		record_text(r, "dhcp_type", type ? type : "unknown");
		break;
	default:
		break;
	}
}

static void log_all(const struct dhcp_tx *t, struct record *r)
{
	struct cursor c = cursor_of(kept_slice(&t->options));
	bool seen[UINT8_MAX + 1] = {false}; /* the first of each counts */
	struct option_value o;

	record_text(r, "type",
		    t->opcode == REQUEST ? "request"
		    : t->opcode == REPLY ? "reply"
					 : "<unknown>");
	record_uint(r, "id", t->id);
	record_hex(r, "client_mac", SLICE(t->mac, t->mac_len), ':');
	record_ip(r, "assigned_ip", &t->yours);
	while (option_next(&c, &o)) {
		if (!seen[o.code])
			log_option(r, &o);
		seen[o.code] = true;
	}
}

/* Leases alone have a record (Suricata's `extended: no`). */
static bool log_record(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dhcp_tx *t = container_of(tx, const struct dhcp_tx, tx);

	if (t->type != TYPE_ACK)
		return false;
	log_all(t, r);
	return true;
}

static void log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	record_object(r, "dhcp");
	log_all(container_of(tx, const struct dhcp_tx, tx), r);
	record_end(r);
}

/* --- identification --- */

static enum app_probe probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dhcp_tx t;

	return head(&c, &t) ? APP_PROBE_YES : APP_PROBE_NO;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_UDP, .ports = "67,68", .min_len = PROBE_MIN, .probe = probe},
};

const struct app_proto dhcp_proto = {
	.name = "dhcp",
	.event_prefix = "dhcp",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {DHCP_COMPLETE, DHCP_COMPLETE},
	.events = event_names,
	.event_count = DHCP_EVENTS,
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.eve_type = "dhcp",
	.eve_key = "dhcp",
	.log = log_record,
	.log_alert = log_alert,
	.log_sender_first = true,
};
