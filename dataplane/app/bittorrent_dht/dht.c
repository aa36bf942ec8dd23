#include "dataplane/api/record.h"
#include "dataplane/app/bittorrent_dht/bittorrent_dht.h"
#include "dataplane/app/text/text.h"

enum { NODE_ID = 20, IP4 = 4, IP6 = 16, PORT = 2 };

static const char *const event_names[] = {
	[DHT_EVENT_MALFORMED_PACKET] = "malformed_packet",
};

/* The parts of a packet; kind NONE = not there. */
struct parts {
	struct bencode type, query, arguments, response, error, transaction, version;
};

static bool key_is(struct slice key, const char *text)
{
	return slice_eq(key, slice_of(text));
}

/* The value of a dictionary's key. */
static struct bencode value_of(const struct bencode *dictionary, const char *key)
{
	struct cursor c = cursor_of(dictionary->bytes);
	struct bencode v;
	struct slice k;

	for (unsigned i = 0; i < DHT_ENTRIES && bencode_pair(&c, DHT_DEPTH, &k, &v); i++) {
		if (key_is(k, key))
			return v;
	}
	return (struct bencode){0};
}

static bool read_parts(struct slice packet, struct parts *ret)
{
	struct cursor c = cursor_of(packet);
	struct bencode whole;

	*ret = (struct parts){0};
	if (!bencode_next(&c, DHT_DEPTH, &whole) || whole.kind != BENCODE_DICTIONARY)
		return false;
	ret->type = value_of(&whole, "y");
	ret->query = value_of(&whole, "q");
	ret->arguments = value_of(&whole, "a");
	ret->response = value_of(&whole, "r");
	ret->error = value_of(&whole, "e");
	ret->transaction = value_of(&whole, "t");
	ret->version = value_of(&whole, "v");
	return true;
}

/* --- whether it is as specified --- */

static bool is(const struct bencode *v, enum bencode_kind kind)
{
	return v->kind == kind;
}

static bool none_or(const struct bencode *v, enum bencode_kind kind)
{
	return v->kind == BENCODE_NONE || v->kind == kind;
}

static bool none_or_number(struct bencode v, int64_t max)
{
	return v.kind == BENCODE_NONE ||
	       (v.kind == BENCODE_INTEGER && v.integer >= 0 && v.integer <= max);
}

static bool bytes_of(const struct bencode *dictionary, const char *key, bool needed)
{
	struct bencode v = value_of(dictionary, key);

	return v.kind == BENCODE_BYTES || (!needed && v.kind == BENCODE_NONE);
}

static bool arguments_good(const struct bencode *a)
{
	if (a->kind == BENCODE_NONE)
		return true;
	return is(a, BENCODE_DICTIONARY) && bytes_of(a, "id", true) &&
	       bytes_of(a, "target", false) && bytes_of(a, "info_hash", false) &&
	       bytes_of(a, "token", false) &&
	       none_or_number(value_of(a, "implied_port"), UINT8_MAX) &&
	       none_or_number(value_of(a, "port"), UINT16_MAX);
}

static bool peer_read(struct slice s, struct slice *ret_ip, uint16_t *ret_port)
{
	struct cursor c = cursor_of(s);

	*ret_ip = cursor_take(&c, s.len < IP6 + PORT ? IP4 : IP6);
	*ret_port = cursor_u16(&c);
	return !c.bad;
}

static bool values_good(struct bencode values)
{
	struct cursor c = cursor_of(values.bytes);
	struct bencode v;
	struct slice ip;
	uint16_t port;

	if (values.kind != BENCODE_LIST)
		return true;
	for (unsigned i = 0; i < DHT_ENTRIES && cursor_left(&c) > 0; i++) {
		if (!bencode_next(&c, DHT_DEPTH, &v) || v.kind != BENCODE_BYTES ||
		    !peer_read(v.bytes, &ip, &port))
			return false;
	}
	return true;
}

static bool response_good(const struct bencode *r)
{
	if (r->kind == BENCODE_NONE)
		return true;
	return is(r, BENCODE_DICTIONARY) && bytes_of(r, "id", true) &&
	       bytes_of(r, "nodes", false) && bytes_of(r, "nodes6", false) &&
	       bytes_of(r, "token", false) && values_good(value_of(r, "values"));
}

/* A list of a number and a text, the last of each. */
static bool error_read(const struct bencode *e, uint16_t *ret_number, struct slice *ret_text)
{
	struct cursor c = cursor_of(e->bytes);
	bool number = false, text = false;
	struct bencode v;

	if (e->kind != BENCODE_LIST)
		return false;
	for (unsigned i = 0; i < DHT_ENTRIES && cursor_left(&c) > 0; i++) {
		if (!bencode_next(&c, DHT_DEPTH, &v))
			return false;
		if (v.kind == BENCODE_INTEGER) {
			if (v.integer < 0 || v.integer > UINT16_MAX)
				return false;
			*ret_number = (uint16_t)v.integer;
			number = true;
		} else if (v.kind == BENCODE_BYTES) {
			if (!text_is_utf8(v.bytes))
				return false;
			*ret_text = v.bytes;
			text = true;
		}
	}
	return number && text;
}

static bool error_good(const struct bencode *e)
{
	struct slice text;
	uint16_t number;

	return e->kind == BENCODE_NONE || error_read(e, &number, &text);
}

static bool is_type(const struct parts *p, const char *type)
{
	return p->type.kind == BENCODE_BYTES && key_is(p->type.bytes, type);
}

static bool packet_good(const struct parts *p)
{
	if (!none_or(&p->query, BENCODE_BYTES) || !none_or(&p->version, BENCODE_BYTES) ||
	    !none_or(&p->transaction, BENCODE_BYTES) || !arguments_good(&p->arguments) ||
	    !response_good(&p->response) || !error_good(&p->error))
		return false;
	if (is_type(p, "q"))
		return is(&p->query, BENCODE_BYTES) && text_is_utf8(p->query.bytes) &&
		       !is(&p->arguments, BENCODE_NONE);
	if (is_type(p, "r"))
		return !is(&p->response, BENCODE_NONE);
	return is_type(p, "e") && !is(&p->error, BENCODE_NONE);
}

/* --- the parser --- */

static bool is_dht(struct slice data)
{
	static const char *const starts[] = {"d1:ad", "d1:rd", "d2:ip", "d1:el"};

	for (unsigned i = 0; i < ARRAY_SIZE(starts) && data.len > 5; i++) {
		if (memcmp(data.data, starts[i], 5) == 0)
			return true;
	}
	return false;
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	struct app_tx *tx;
	struct dht_tx *t;
	struct parts p;

	if (!is_dht(input.data))
		return APP_RESULT_OK(input.data.len);
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return APP_RESULT_BAD;
	t = container_of(tx, struct dht_tx, tx);
	tx->only_one_way[dir_other(dir)] = true;
	tx->progress[DIR_TS] = tx->progress[DIR_TC] = DHT_COMPLETE;
	t->good = read_parts(input.data, &p) && packet_good(&p) &&
		  kept_set(io->slab, &t->packet, input.data);
	if (t->good && is(&p.transaction, BENCODE_BYTES))
		return APP_RESULT_OK(input.data.len);
	app_tx_event(tx, DHT_EVENT_MALFORMED_PACKET);
	return APP_RESULT_BAD;
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	kept_free(io->slab, &container_of(tx, struct dht_tx, tx)->packet);
}

/* --- records --- */

static void log_hex(struct record *r, const char *field, struct bencode v)
{
	if (v.kind == BENCODE_BYTES)
		record_hex(r, field, v.bytes, 0);
}

static void log_number(struct record *r, const char *field, struct bencode v)
{
	if (v.kind == BENCODE_INTEGER)
		record_int(r, field, v.integer);
}

static void log_peer(struct record *r, struct slice ip, uint16_t port)
{
	struct ip_addr a = ip.len == IP4 ? ip_addr_v4(ip.data) : ip_addr_v6(ip.data);

	record_ip(r, "ip", &a);
	record_uint(r, "port", port);
}

static void log_nodes(struct record *r, const char *field, struct bencode v, size_t ip)
{
	struct cursor c = cursor_of(v.bytes);

	if (v.kind != BENCODE_BYTES || cursor_left(&c) < NODE_ID + ip + PORT)
		return;
	record_array(r, field);
	while (cursor_left(&c) >= NODE_ID + ip + PORT) {
		struct slice id = cursor_take(&c, NODE_ID), address = cursor_take(&c, ip);

		record_object(r, NULL);
		record_hex(r, "id", id, 0);
		log_peer(r, address, cursor_u16(&c));
		record_end(r);
	}
	record_end(r);
}

static void log_values(struct record *r, struct bencode values)
{
	struct cursor c = cursor_of(values.bytes);
	struct bencode v;
	struct slice ip;
	uint16_t port;

	if (values.kind != BENCODE_LIST || cursor_left(&c) == 0)
		return;
	record_array(r, "values");
	while (bencode_next(&c, DHT_DEPTH, &v) && peer_read(v.bytes, &ip, &port)) {
		record_object(r, NULL);
		log_peer(r, ip, port);
		record_end(r);
	}
	record_end(r);
}

static void log_error(struct record *r, const struct bencode *e)
{
	struct slice text = {0};
	uint16_t number = 0;

	if (!error_read(e, &number, &text))
		return;
	record_object(r, "error");
	record_uint(r, "num", number);
	text_log(r, "msg", text);
	record_end(r);
}

static void log_request(struct record *r, const struct bencode *a)
{
	record_object(r, "request");
	log_hex(r, "id", value_of(a, "id"));
	log_hex(r, "target", value_of(a, "target"));
	log_hex(r, "info_hash", value_of(a, "info_hash"));
	log_hex(r, "token", value_of(a, "token"));
	log_number(r, "implied_port", value_of(a, "implied_port"));
	log_number(r, "port", value_of(a, "port"));
	record_end(r);
}

static void log_response(struct record *r, const struct bencode *a)
{
	record_object(r, "response");
	log_hex(r, "id", value_of(a, "id"));
	log_nodes(r, "nodes", value_of(a, "nodes"), IP4);
	log_nodes(r, "nodes6", value_of(a, "nodes6"), IP6);
	log_values(r, value_of(a, "values"));
	log_hex(r, "token", value_of(a, "token"));
	record_end(r);
}

static bool log_packet(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dht_tx *t = container_of(tx, const struct dht_tx, tx);
	struct parts p;

	if (!t->good || !read_parts(kept_slice(&t->packet), &p)) {
		record_text(r, "transaction_id", "");
		return true;
	}
	record_hex(r, "transaction_id", p.transaction.bytes, 0);
	if (is(&p.transaction, BENCODE_BYTES))
		log_hex(r, "client_version", p.version);
	if (is_type(&p, "q"))
		text_log(r, "request_type", p.query.bytes);
	if (is_type(&p, "e"))
		log_error(r, &p.error);
	if (is_type(&p, "q"))
		log_request(r, &p.arguments);
	if (is_type(&p, "r"))
		log_response(r, &p.response);
	return true;
}

#define PREFIX "d1:ad2:id20:"

static const struct app_pattern patterns[] = {
	{.dir = DIR_TS, .transport = APP_UDP, .bytes = PREFIX, .len = 12, .depth = 12},
	{.dir = DIR_TC, .transport = APP_UDP, .bytes = PREFIX, .len = 12, .depth = 12},
};

const struct app_proto bittorrent_dht_proto = {
	.name = "bittorrent-dht",
	.event_prefix = "bittorrent_dht",
	.transport = APP_UDP,
	.enabled_by_default = true,
	.patterns = patterns,
	.pattern_count = ARRAY_SIZE(patterns),
	.parse = parse,
	.tx_free = tx_free,
	.complete = {DHT_COMPLETE, DHT_COMPLETE},
	.events = event_names,
	.event_count = DHT_EVENTS,
	.eve_type = "bittorrent_dht",
	.eve_key = "bittorrent_dht",
	.log = log_packet,
	.log_sender_first = true,
};
