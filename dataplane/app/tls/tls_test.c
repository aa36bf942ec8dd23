#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/tls/hello.h"
#include "dataplane/app/tls/tls.h"
#include "dataplane/app/tls/x509.h"

/* --- building what goes over the wire --- */

struct bytes {
	uint8_t b[40000];
	size_t len;
};

static void put(struct bytes *to, const void *data, size_t len)
{
	assert_true(to->len + len <= sizeof(to->b));
	if (len > 0)
		memcpy(to->b + to->len, data, len);
	to->len += len;
}

static void put_n(struct bytes *to, uint64_t value, unsigned width)
{
	while (width-- > 0)
		put(to, &(uint8_t){(uint8_t)(value >> 8 * width)}, 1);
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

/* Everything behind `from` becomes the content of an element with head `width`-byte length. */
static void wrap(struct bytes *to, size_t from, unsigned width)
{
	size_t n = to->len - from;

	put_n(to, 0, width);
	memmove(to->b + from + width, to->b + from, n);
	to->len = from;
	put_n(to, n, width);
	to->len += n;
}

static void der(struct bytes *to, size_t from, uint8_t tag)
{
	size_t n = to->len - from;
	uint8_t head[4] = {tag, 0x82, (uint8_t)(n >> 8), (uint8_t)n};
	unsigned len = 4;

	if (n < 128) {
		head[1] = (uint8_t)n;
		len = 2;
	} else if (n < 256) {
		head[1] = 0x81;
		head[2] = (uint8_t)n;
		len = 3;
	}
	put(to, head, len);
	memmove(to->b + from + len, to->b + from, n);
	memcpy(to->b + from, head, len);
}

struct cert {
	const char *common_name, *not_before, *version, *serial;
	size_t serial_len;
	uint8_t name_tag;
};

#define ALGORITHM "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"

static void name(struct bytes *to, uint8_t tag, const char *common_name)
{
	size_t whole = to->len, set, atv, value;

	PUT(to, "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02JP");
	set = atv = to->len;
	PUT(to, "\x06\x03\x55\x04\x03");
	value = to->len;
	put(to, common_name, strlen(common_name));
	der(to, value, tag);
	der(to, atv, 0x30);
	der(to, set, 0x31);
	der(to, whole, 0x30);
}

static void certificate(struct bytes *to, const struct cert *c)
{
	size_t whole = to->len, tbs = whole, at;

	if (c->version)
		put(to, c->version, 5);
	at = to->len;
	put(to, c->serial, c->serial_len);
	der(to, at, 2);
	PUT(to, ALGORITHM);
	name(to, 0x0c, "issuer");
	at = to->len;
	put(to, c->not_before, strlen(c->not_before));
	der(to, at, strlen(c->not_before) > 13 ? 0x18 : 0x17);
	PUT(to, "\x17\x0d"
		"300102030405Z");
	der(to, at, 0x30);
	name(to, c->name_tag, c->common_name);
	at = to->len;
	PUT(to, ALGORITHM "\x03\x03\x00\x30\x00");
	der(to, at, 0x30);
	der(to, tbs, 0x30);
	PUT(to, ALGORITHM "\x03\x03\x00\x55\x55");
	der(to, whole, 0x30);
}

static const struct cert plain = {
	"www.example.com", "200102030405Z", "\xa0\3\2\1\2", "\1\xff", 2, 0x0c};

static void extension(struct bytes *to, uint16_t type, const void *data, size_t len)
{
	put_n(to, type, 2);
	put_n(to, len, 2);
	put(to, data, len);
}

static void server_name(struct bytes *to, const char *name)
{
	size_t from;

	put_n(to, 0, 2);
	from = to->len;
	put(to, name, strlen(name));
	wrap(to, from, 2);
	put_n(to, 0, 1);
	memmove(to->b + from + 1, to->b + from, to->len - from - 1);
	to->b[from] = 0;
	wrap(to, from, 2);
	wrap(to, from, 2);
}

struct hello {
	uint16_t version;
	const uint16_t *ciphers;
	unsigned cipher_count;
	const char *session_id;
};

/* A hello without its head; `extensions` is the list. */
static void hello(struct bytes *to, const struct hello *h, bool server,
		  const struct bytes *extensions)
{
	put_n(to, h->version, 2);
	for (unsigned i = 0; i < 32; i++)
		put_n(to, i, 1);
	put_n(to, strlen(h->session_id), 1);
	put(to, h->session_id, strlen(h->session_id));
	if (!server)
		put_n(to, 2 * h->cipher_count, 2);
	for (unsigned i = 0; i < h->cipher_count; i++)
		put_n(to, h->ciphers[i], 2);
	put(to, "\1", server ? 0 : 1);
	put_n(to, 0, 1);
	if (extensions) {
		put_n(to, extensions->len, 2);
		put(to, extensions->b, extensions->len);
	}
}

static void message(struct bytes *to, size_t from, uint8_t type)
{
	wrap(to, from, 3);
	put_n(to, 0, 1);
	memmove(to->b + from + 1, to->b + from, to->len - from - 1);
	to->b[from] = type;
}

/* Cuts what stands behind `from` into records of at most `most` bytes. */
static void records(struct bytes *to, size_t from, uint8_t type, size_t most)
{
	static struct bytes copy;

	copy.len = 0;
	put(&copy, to->b + from, to->len - from);
	to->len = from;
	for (size_t at = 0; at < copy.len; at += most) {
		size_t n = copy.len - at < most ? copy.len - at : most;

		put_n(to, type, 1);
		put_n(to, TLS_VERSION_12, 2);
		put_n(to, n, 2);
		put(to, copy.b + at, n);
	}
}

static const uint16_t modern[] = {0x0a0a, 0x1301, 0xc02f};

static void client_hello(struct bytes *to, const char *name, size_t most)
{
	static struct bytes ext;
	struct hello h = {TLS_VERSION_12, modern, 3, ""};
	size_t from = to->len;

	ext.len = 0;
	server_name(&ext, name);
	extension(&ext, 0x1a1a, "", 0);
	extension(&ext, TLS_EXT_GROUPS, "\0\4\x2a\x2a\0\x1d", 6);
	extension(&ext, TLS_EXT_POINT_FORMATS, "\1\0", 2);
	hello(to, &h, false, &ext);
	message(to, from, 1);
	records(to, from, 22, most);
}

static void server_flight(struct bytes *to, size_t most)
{
	struct hello h = {TLS_VERSION_12, modern + 2, 1, ""};
	static struct bytes ext;
	size_t from = to->len, at;

	ext.len = 0;
	extension(&ext, 0xff01, "\0", 1);
	hello(to, &h, true, &ext);
	message(to, from, 2);
	at = to->len;
	certificate(to, &plain);
	wrap(to, at, 3);
	wrap(to, at, 3);
	message(to, at, 11);
	at = to->len;
	message(to, at, 14);
	records(to, from, 22, most);
}

static void data_record(struct bytes *to, uint8_t type, size_t len)
{
	size_t from = to->len;

	for (size_t i = 0; i < len; i++)
		put_n(to, 'x', 1);
	records(to, from, type, len);
}

static struct bytes wire[2];

static struct harness *start(void)
{
	wire[0].len = wire[1].len = 0;
	return harness_new(&tls_proto, APP_TCP, 443);
}

static void feed(struct harness *h, enum dir dir)
{
	harness_feed(h, dir, wire[dir].b, wire[dir].len);
	wire[dir].len = 0;
}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

/* --- tests --- */

/* A whole TLS 1.2 connection, in records of `most` bytes and cut at `cut`. */
static void connection(size_t most, size_t cut)
{
	struct harness *h = start();
	const struct app_tx *tx;
	size_t first;

	client_hello(&wire[0], "www.example.com", most);
	first = cut < wire[0].len ? cut : wire[0].len;
	harness_feed(h, DIR_TS, wire[0].b, first);
	harness_feed(h, DIR_TS, wire[0].b + first, wire[0].len - first);
	tx = harness_tx(h, 0);
	assert_int_equal(tx->progress[DIR_TS], TLS_IN_PROGRESS);
	assert_int_equal(harness_keyword(h, tx, "ssl_state", DIR_TS, "client_hello"), 1);
	server_flight(&wire[1], most);
	first = cut < wire[1].len ? cut : wire[1].len;
	harness_feed(h, DIR_TC, wire[1].b, first);
	harness_feed(h, DIR_TC, wire[1].b + first, wire[1].len - first);
	assert_int_equal(tx->progress[DIR_TS], TLS_HANDSHAKE_DONE);
	assert_int_equal(tx->progress[DIR_TC], TLS_HANDSHAKE_DONE);
	if (most > 1000)
		assert_int_equal(tx->event_count, 0);
	assert_text(harness_buffer(h, tx, "tls.sni", DIR_TS, 0), "www.example.com");
	assert_text(harness_buffer(h, tx, "tls.cert_subject", DIR_TC, 0),
		    "C=JP, CN=www.example.com");
	assert_text(harness_buffer(h, tx, "tls.cert_issuer", DIR_TC, 0), "C=JP, CN=issuer");
	assert_text(harness_buffer(h, tx, "tls.cert_serial", DIR_TC, 0), "01:FF");
	assert_null(harness_buffer(h, tx, "tls.cert_subject", DIR_TS, 0).data);
	assert_text(harness_buffer(h, tx, "ja3.string", DIR_TS, 0), "771,4865-49199,0-10-11,29,0");
	assert_text(harness_buffer(h, tx, "ja3s.string", DIR_TC, 0), "771,49199,65281");
	assert_int_equal(harness_buffer(h, tx, "tls.random_bytes", DIR_TS, 0).len, 28);
	assert_false(h->encrypted);
	harness_delete(h);
}

static void handshake_at_every_cut(void **state)
{
	for (size_t cut = 0; cut < 700; cut++)
		connection(16384, cut);
	for (size_t cut = 0; cut < 700; cut += 7)
		connection(1 + cut % 50, cut);
}

static void record_of_it(void **state)
{
	struct harness *h = start();
	const char *eve;

	client_hello(&wire[0], "www.example.com", 16384);
	feed(h, DIR_TS);
	server_flight(&wire[1], 16384);
	feed(h, DIR_TC);
	eve = harness_eve(h, harness_tx(h, 0), 0);
	assert_non_null(eve);
	assert_non_null(strstr(eve, "\"tls\":{\"subject\":\"C=JP, CN=www.example.com\","
				    "\"issuerdn\":\"C=JP, CN=issuer\",\"serial\":\"01:FF\","));
	assert_non_null(strstr(eve, "\"sni\":\"www.example.com\",\"version\":\"TLS 1.2\","
				    "\"notbefore\":\"2020-01-02T03:04:05\","
				    "\"notafter\":\"2030-01-02T03:04:05\""));
	assert_non_null(strstr(eve, "\"string\":\"771,4865-49199,0-10-11,29,0\""));
	assert_non_null(strstr(harness_eve_alert(h, harness_tx(h, 0)), "\"tls\":{\"subject\""));
	harness_delete(h);
}

static void encrypted_goes_on(void **state)
{
	struct harness *h = start();
	const struct app_tx *tx;

	client_hello(&wire[0], "a.b", 16384);
	feed(h, DIR_TS);
	tx = harness_tx(h, 0);
	assert_null(harness_eve(h, tx, 0));
	data_record(&wire[0], 20, 1);
	data_record(&wire[0], 22, 40);
	data_record(&wire[0], 23, 3000);
	harness_feed(h, DIR_TS, wire[0].b, wire[0].len - 3001);
	assert_false(h->encrypted);
	/* The head of the record says it. */
	harness_feed(h, DIR_TS, wire[0].b + wire[0].len - 3001, 3000);
	assert_true(h->encrypted);
	assert_int_equal(h->kept_len[DIR_TS], 0);
	harness_feed(h, DIR_TS, wire[0].b + wire[0].len - 1, 1);
	wire[0].len = 0;
	assert_true(h->encrypted);
	assert_int_equal(tx->progress[DIR_TC], TLS_HANDSHAKE_DONE);
	data_record(&wire[0], 99 - 64, 5); /* no such type */
	feed(h, DIR_TS);
	assert_true(h->failed);
	assert_true(harness_has_event(h, tx, "invalid_record_type"));
	harness_delete(h);
}

static void end_of_connection(void **state)
{
	struct harness *h = start();

	client_hello(&wire[0], "a.b", 16384);
	feed(h, DIR_TS);
	harness_eof(h, DIR_TS);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], TLS_FINISHED);
	/* What the server still says belongs to it. */
	server_flight(&wire[1], 16384);
	feed(h, DIR_TC);
	assert_text(harness_buffer(h, harness_tx(h, 0), "tls.cert_serial", DIR_TC, 0), "01:FF");
	harness_eof(h, DIR_TC);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], TLS_CLOSED);
	harness_release(h);
	assert_int_equal(harness_live(h), 0);
	harness_delete(h);
}

struct bad_case {
	const char *name;
	enum dir dir;
	const char *bytes;
	size_t len;
	const char *events[3];
	bool fails;
};

#define BAD(n, d, b, f, ...)                                                                       \
	{                                                                                          \
		.name = n, .dir = d, .bytes = b, .len = sizeof(b) - 1, .fails = f, .events = {     \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

#define RANDOM32 "0123456789abcdef0123456789abcdef"

static const struct bad_case bad_cases[] = {
	BAD("record of 17,409 bytes", DIR_TC, "\x16\3\3\x44\1\1", true, "invalid_record_length"),
	BAD("empty record", DIR_TC, "\x16\3\3\0\0\x16", true, "invalid_record_length"),
	BAD("version 9.9", DIR_TC, "\x16\x09\x09\0\1\1", true, "invalid_record_version"),
	BAD("type 25", DIR_TC, "\x19\3\3\0\1\1", true, "invalid_record_type"),
	BAD("three bytes of handshake", DIR_TC, "\x16\3\3\0\3\1\0\0", false, "invalid_ssl_record"),
	BAD("two bytes behind a message", DIR_TC, "\x16\3\3\0\6\x0e\0\0\0\1\0", false,
	    "invalid_ssl_record", "invalid_handshake_message"),
	BAD("message of type 99", DIR_TC, "\x16\3\3\0\5\x63\0\0\1x", false,
	    "invalid_handshake_message"),
	BAD("hello of one byte", DIR_TS, "\x16\3\3\0\5\1\0\0\1\3", false,
	    "handshake_invalid_length"),
	BAD("odd list of ciphers", DIR_TS, "\x16\3\3\0\x2e\1\0\0\x2a\3\3" RANDOM32 "\0\0\3abc\1\0",
	    false, "handshake_invalid_length"),
	BAD("server name of type 1", DIR_TS,
	    "\x16\3\3\0\x3b\1\0\0\x37\3\3" RANDOM32 "\0\0\2\x13\1\1\0\0\x0c\0\0\0\x08\0\6\1\0\3abc",
	    false, "invalid_sni_type"),
	BAD("server name without length", DIR_TS,
	    "\x16\3\3\0\x37\1\0\0\x33\3\3" RANDOM32 "\0\0\2\x13\1\1\0\0\x08\0\0\0\4\0\2\0\0", false,
	    "handshake_invalid_length"),
	BAD("server name of no bytes", DIR_TS,
	    "\x16\3\3\0\x38\1\0\0\x34\3\3" RANDOM32 "\0\0\2\x13\1\1\0\0\x09\0\0\0\5\0\3\0\0\0",
	    false, "invalid_sni_length"),
	BAD("heartbeat that asks for more", DIR_TS, "\x18\3\3\0\3\1\x40\0", true,
	    "overflow_heartbeat_message"),
	BAD("heartbeat without padding", DIR_TS, "\x18\3\3\0\4\1\0\1a", true,
	    "invalid_heartbeat_message"),
	BAD("heartbeat of type 9", DIR_TS, "\x18\3\3\0\3\x09\0\0", true,
	    "invalid_heartbeat_message"),
	BAD("certificate over the end of its list", DIR_TC,
	    "\x16\3\3\0\x0d\x0b\0\0\x09\0\0\6\0\0\x09"
	    "abc",
	    false, "invalid_certificate"),
	BAD("empty certificate", DIR_TC, "\x16\3\3\0\x0a\x0b\0\0\6\0\0\3\0\0\0", false,
	    "certificate_invalid_length"),
	BAD("SSLv2 record of no bytes", DIR_TC, "\x80\0\1", true, "invalid_sslv2_header",
	    "invalid_ssl_record"),
	BAD("SSLv2 error", DIR_TC, "\x80\3\0\0\1", false, "error_message_encountered"),
};

static void bad_records(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		unsigned n = 0;

		for (size_t cut = 0; cut < c->len; cut++, n = 0) {
			struct harness *h = start();
			const struct app_tx *tx;

			harness_feed(h, c->dir, c->bytes, cut);
			harness_feed(h, c->dir, c->bytes + cut, c->len - cut);
			tx = harness_tx(h, 0);
			if (h->failed != c->fails)
				fail_msg("%s: %s", c->name, h->failed ? "failed" : "went on");
			for (; n < 3 && c->events[n]; n++) {
				if (!harness_has_event(h, tx, c->events[n]))
					fail_msg("%s: no %s", c->name, c->events[n]);
			}
			assert_int_equal(tx->event_count, n);
			harness_touch(h);
			harness_delete(h);
		}
	}
}

static void heartbleed_when_encrypted(void **state)
{
	struct harness *h = start();

	client_hello(&wire[0], "a.b", 16384);
	data_record(&wire[0], 20, 1);
	data_record(&wire[0], 24, 40);
	feed(h, DIR_TS);
	data_record(&wire[1], 24, 400);
	feed(h, DIR_TC);
	assert_true(harness_has_event(h, harness_tx(h, 0), "dataleak_heartbeat_mismatch"));
	harness_delete(h);
}

static void ssl2_hello_then_tls(void **state)
{
	static const uint8_t client[] = "\x80\x2b\x01\3\1\0\x12\0\0\0\x10"
					"cccccccccccccccccc"
					"hhhhhhhhhhhhhhhh";
	struct harness *h = start();
	const struct app_tx *tx;

	assert_int_equal(harness_identify(h, DIR_TS, SLICE(client, sizeof(client) - 1)),
			 APP_PROBE_YES);
	harness_feed(h, DIR_TS, client, sizeof(client) - 1);
	tx = harness_tx(h, 0);
	assert_int_equal(harness_keyword(h, tx, "ssl_version", DIR_TS, "sslv2"), 1);
	assert_int_equal(harness_keyword(h, tx, "ssl_state", DIR_TS, "client_hello"), 1);
	server_flight(&wire[1], 16384);
	feed(h, DIR_TC);
	data_record(&wire[0], 23, 9);
	feed(h, DIR_TS);
	assert_false(h->failed);
	assert_int_equal(harness_keyword(h, tx, "ssl_version", DIR_TC, "tls1.2"), 1);
	harness_delete(h);
}

static void absurd_message(void **state)
{
	struct harness *h = start();
	size_t from = 0;

	/* A message of 16 MB: passed over without memory. */
	PUT(&wire[1], "\x0b\xff\xff\xff");
	for (unsigned i = 0; i < 20000; i++)
		put_n(&wire[1], i, 1);
	records(&wire[1], from, 22, 16384);
	feed(h, DIR_TC);
	assert_false(h->failed);
	assert_true(slab_used(h->io.slab) < 8192);
	harness_delete(h);
}

static void resumed_by_ticket(void **state)
{
	static struct bytes ext;
	struct hello c = {TLS_VERSION_12, modern, 3, ""}, s = {TLS_VERSION_12, modern + 2, 1, ""};
	struct harness *h = start();
	const char *eve;

	ext.len = 0;
	extension(&ext, TLS_EXT_SESSION_TICKET, "abc", 3);
	hello(&wire[0], &c, false, &ext);
	message(&wire[0], 0, 1);
	records(&wire[0], 0, 22, 16384);
	feed(h, DIR_TS);
	eve = harness_eve(h, harness_tx(h, 0), 0);
	assert_non_null(strstr(eve, "\"version\":\"UNDETERMINED\""));
	assert_null(strstr(eve, "session_resumed"));
	ext.len = 0;
	hello(&wire[1], &s, true, &ext);
	message(&wire[1], 0, 2);
	records(&wire[1], 0, 22, 16384);
	feed(h, DIR_TC);
	eve = harness_eve(h, harness_tx(h, 0), 0);
	assert_non_null(strstr(eve, "\"session_resumed\":true"));
	harness_delete(h);
}

static void tls13(void **state)
{
	static struct bytes ext;
	struct hello c = {TLS_VERSION_12, modern, 3, ""}, s = {TLS_VERSION_12, modern + 1, 1, ""};
	struct harness *h = start();
	const struct app_tx *tx;

	ext.len = 0;
	extension(&ext, TLS_EXT_SUPPORTED_VERSIONS, "\4\x0a\x0a\3\4", 5);
	hello(&wire[0], &c, false, &ext);
	message(&wire[0], 0, 1);
	records(&wire[0], 0, 22, 16384);
	feed(h, DIR_TS);
	tx = harness_tx(h, 0);
	ext.len = 0;
	extension(&ext, TLS_EXT_SUPPORTED_VERSIONS, "\3\4", 2);
	hello(&wire[1], &s, true, &ext);
	message(&wire[1], 0, 2);
	records(&wire[1], 0, 22, 16384);
	feed(h, DIR_TC);
	assert_int_equal(harness_keyword(h, tx, "tls.version", DIR_TS, "1.3"), 1);
	assert_int_equal(harness_keyword(h, tx, "tls.version", DIR_TC, "0x0304"), 1);
	assert_non_null(strstr(harness_eve(h, tx, 0), "\"version\":\"TLS 1.3\""));
	harness_delete(h);
}

static void ja4_of_the_standard(void **state)
{
	static const uint16_t ciphers[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
					   0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
					   0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
	static const uint16_t others[] = {0x0005, 0x000a, 0x000b, 0x0012, 0x0015, 0x0017, 0x001b,
					  0x0023, 0x002d, 0x0033, 0x4469, 0xff01, 0x8a8a};
	static struct bytes ext, body;
	struct hello c = {TLS_VERSION_12, ciphers, 15, ""};
	struct tls_hello parsed;
	char ja4[36];

	ext.len = body.len = 0;
	server_name(&ext, "example.com");
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		extension(&ext, others[i], "", 0);
	extension(&ext, TLS_EXT_ALPN, "\0\x0c\2h2\x08http/1.1", 14);
	extension(&ext, TLS_EXT_SIGNATURE_ALGORITHMS,
		  "\0\x10\4\3\x08\4\4\1\5\3\x08\5\5\1\x08\6\6\1", 18);
	extension(&ext, TLS_EXT_SUPPORTED_VERSIONS, "\4\3\4\3\3", 5);
	hello(&body, &c, false, &ext);
	tls_hello_read(SLICE(body.b, body.len), false, false, &parsed);
	assert_int_equal(parsed.events, 0);
	tls_ja4(&parsed, 't', ja4);
	assert_text(SLICE(ja4, 36), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* The example of the JA3 project's own documentation. */
static void ja3_of_the_standard(void **state)
{
	char hash[32];

	tls_ja3_hash(SLICE_LIT("769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,"
			       "23-24-25,0"),
		     hash);
	assert_text(SLICE(hash, 32), "ada70206e40642a3e4461f35503241d5");
}

struct keyword_case {
	const char *name, *argument;
	enum dir dir;
	int result;
};

static const struct keyword_case keyword_cases[] = {
	{"tls.version", "1.2", DIR_TC, 1},
	{"tls.version", "1.1", DIR_TC, 0},
	{"tls.version", "0x0303", DIR_TC, 1},
	{"tls.version", "!1.2", DIR_TC, -1},
	{"tls.version", "1.4", DIR_TC, -1},
	{"ssl_version", "tls1.1,TLS1.2", DIR_TC, 1},
	{"ssl_version", "!tls1.1", DIR_TC, 0},
	{"ssl_version", "!tls1.2", DIR_TC, 0},
	{"ssl_version", "tls1.0,!tls1.1", DIR_TC, -1},
	{"ssl_version", "tls1.4", DIR_TC, -1},
	{"ssl_state", "server_hello", DIR_TC, 1},
	{"ssl_state", "client_hello|server_hello", DIR_TC, 1},
	{"ssl_state", "!server_hello", DIR_TC, 0},
	{"ssl_state", "!client_hello", DIR_TC, 1},
	{"ssl_state", "unknown", DIR_TC, 0},
	{"ssl_state", "hello", DIR_TC, -1},
	{"tls.subject", "\"example\"", DIR_TC, 1},
	{"tls.subject", "!\"example\"", DIR_TC, 0},
	{"tls.subject", "!\"other\"", DIR_TC, 1},
	{"tls.subject", "\"EXAMPLE\"", DIR_TC, 0},
	{"tls.subject", "!\"other\"", DIR_TS, 0},
	{"tls.subject", "\"\"", DIR_TC, -1},
	{"tls.issuerdn", "\"CN=issuer\"", DIR_TC, 1},
	{"tls.fingerprint", "\"00:11\"", DIR_TC, -1},
	{"tls.fingerprint", "!\"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33\"",
	 DIR_TC, 1},
	{"tls.cert_chain_len", "1", DIR_TC, 1},
	{"tls.cert_chain_len", ">1", DIR_TC, 0},
	{"tls.cert_chain_len", "0<>2", DIR_TC, 1},
	{"tls.cert_chain_len", "1<>2", DIR_TC, -1},
	{"tls_cert_notbefore", ">2020-01-02T03:04:05", DIR_TC, 1},
	{"tls_cert_notbefore", "<2020-01-02T03:04:05", DIR_TC, 1},
	{"tls_cert_notbefore", "2020-01-02 03:04:05", DIR_TC, 1},
	{"tls_cert_notbefore", "2020-01-02T03:04:06", DIR_TC, 0},
	{"tls_cert_notbefore", ">2020-01-03", DIR_TC, 0},
	{"tls_cert_notbefore", "2020-01<>2020-02", DIR_TC, 1},
	{"tls_cert_notbefore", "<2025", DIR_TC, 0},
	{"tls_cert_notbefore", "2020-13", DIR_TC, -1},
	{"tls_cert_notbefore", ">=2020", DIR_TC, -1},
	{"tls_cert_notafter", ">2015", DIR_TC, 1},
	{"tls_cert_notafter", "2016<>2015", DIR_TC, -1},
	{"tls_cert_expired", "", DIR_TC, 0},
	{"tls_cert_expired", "1", DIR_TC, -1},
	{"tls_cert_valid", "", DIR_TC, 1},
	{"tls_store", "", DIR_TC, 1},
};

static void keywords(void **state)
{
	struct harness *h = start();

	client_hello(&wire[0], "www.example.com", 16384);
	feed(h, DIR_TS);
	server_flight(&wire[1], 16384);
	feed(h, DIR_TC);
	for (unsigned i = 0; i < ARRAY_SIZE(keyword_cases); i++) {
		const struct keyword_case *k = &keyword_cases[i];
		int result = harness_keyword(h, harness_tx(h, 0), k->name, k->dir, k->argument);

		if (result != k->result)
			fail_msg("%s:%s gives %d", k->name, k->argument, result);
	}
	harness_delete(h);
}

static void certificates(void **state)
{
	static const struct {
		struct cert cert;
		enum x509_status status;
		const char *subject;
		int64_t not_before;
	} table[] = {
		{{"a", "200102030405Z", "\xa0\3\2\1\2", "\1", 1, 12},
		 X509_OK,
		 "C=JP, CN=a",
		 1577934245},
		{{"a", "200102030405Z", NULL, "\1", 1, 12}, X509_OK, "C=JP, CN=a", 1577934245},
		{{"a", "200102030405Z", "\xa0\3\4\1\2", "\1", 1, 12},
		 X509_INVALID_VERSION,
		 NULL,
		 0},
		{{"a", "500101000000Z", NULL, "", 0, 12}, X509_OK, "C=JP, CN=a", -631152000},
		{{"a", "19691231235959Z", NULL, "\1", 1, 12}, X509_OK, "C=JP, CN=a", -1},
		{{"a", "201301000000Z", NULL, "\1", 1, 12}, X509_INVALID_DATE, NULL, 0},
		{{"a", "200230000000Z", NULL, "\1", 1, 12}, X509_INVALID_DATE, NULL, 0},
		{{"a", "2001020304Z", NULL, "\1", 1, 12}, X509_OK, "C=JP, CN=a", 1577934240},
		{{"\xff", "200102030405Z", NULL, "\1", 1, 12},
		 X509_OK,
		 "<X509Error: Invalid X.509 name>",
		 1577934245},
		{{"\x30\x42", "200102030405Z", NULL, "\1", 1, 0x1e},
		 X509_OK,
		 "C=JP, CN=\xe3\x81\x82",
		 1577934245},
		{{"ab", "200102030405Z", NULL, "\1", 1, 2}, X509_OK, "C=JP, CN=6162", 1577934245},
	};
	static struct bytes b;
	char text[X509_NAME_MAX];
	struct x509 x;

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		int len;

		b.len = 0;
		certificate(&b, &table[i].cert);
		assert_int_equal(x509_read(SLICE(b.b, b.len), &x), table[i].status);
		if (table[i].status != X509_OK)
			continue;
		assert_int_equal(x.not_before, table[i].not_before);
		len = x509_name_text(x.subject, text);
		assert_text(SLICE(text, len), table[i].subject);
		/* Whatever is missing at the end, it is refused. */
		for (size_t cut = 0; cut < b.len; cut++)
			assert_int_not_equal(x509_read(SLICE(b.b, cut), &x), X509_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_at_every_cut),
		cmocka_unit_test(record_of_it),
		cmocka_unit_test(encrypted_goes_on),
		cmocka_unit_test(end_of_connection),
		cmocka_unit_test(bad_records),
		cmocka_unit_test(heartbleed_when_encrypted),
		cmocka_unit_test(ssl2_hello_then_tls),
		cmocka_unit_test(absurd_message),
		cmocka_unit_test(resumed_by_ticket),
		cmocka_unit_test(tls13),
		cmocka_unit_test(ja4_of_the_standard),
		cmocka_unit_test(ja3_of_the_standard),
		cmocka_unit_test(keywords),
		cmocka_unit_test(certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
