/* Frames are built by hand; what Suricata says of the same conversations is compared by
 * tests/replay/web_differential. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <zlib.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/http2/http2.h"
#include "dataplane/app/text/list.h"

#define MAGIC "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define GET                                                                                        \
	"\x82\x84\x86\x41\x06"                                                                     \
	"a.Test"
#define OK "\x88"

struct bytes {
	uint8_t data[1 << 17];
	size_t len;
};

static void add(struct bytes *b, const void *data, size_t len)
{
	assert_true(len <= sizeof(b->data) - b->len);
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void frame(struct bytes *b, unsigned type, unsigned flags, uint32_t stream, const void *data,
		  size_t len)
{
	uint8_t head[9] = {(uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
			   (uint8_t)type,	    (uint8_t)flags,	    (uint8_t)(stream >> 24),
			   (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};

	add(b, head, sizeof(head));
	add(b, data, len);
}

#define FRAME(b, type, flags, stream, text) frame(b, type, flags, stream, text, sizeof(text) - 1)

enum { BOTH_ENDS = HTTP2_END_STREAM | HTTP2_END_HEADERS };

static struct harness *start(struct bytes *out)
{
	*out = (struct bytes){.len = 0};
	add(out, MAGIC, sizeof(MAGIC) - 1);
	return harness_new(&http2_proto, APP_TCP, 80);
}

static bool send(struct harness *h, enum dir dir, struct bytes *b)
{
	bool ok = harness_feed(h, dir, b->data, b->len);

	b->len = 0;
	return ok;
}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void assert_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("%s\nhas no %s", text ? text : "(none)", part);
}

/* A request and its answer, fed at every cut and byte by byte. */
static void exchange_cut(size_t cut)
{
	static struct bytes c, s;
	struct harness *h = start(&c);
	const struct app_tx *tx;

	FRAME(&c, HTTP2_SETTINGS, 0, 0, "\0\3\0\0\0\x64");
	FRAME(&c, HTTP2_HEADERS, HTTP2_END_HEADERS, 1,
	      "\x83\x84\x41\x03"
	      "h:1"
	      "\x40\x06"
	      "cookie"
	      "\x01"
	      "a"
	      "\xbe"
	      "\x00\x02"
	      "ab"
	      "\x03"
	      " c ");
	FRAME(&c, HTTP2_DATA, 0, 1, "up");
	FRAME(&c, HTTP2_DATA, HTTP2_END_STREAM, 1, "load");
	s.len = 0;
	FRAME(&s, HTTP2_SETTINGS, 1, 0, "");
	FRAME(&s, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, OK);
	FRAME(&s, HTTP2_DATA, HTTP2_END_STREAM, 1, "hello");
	for (size_t at = 0; at < c.len; at += cut)
		harness_feed(h, DIR_TS, c.data + at, c.len - at < cut ? c.len - at : cut);
	for (size_t at = 0; at < s.len; at += cut)
		harness_feed(h, DIR_TC, s.data + at, s.len - at < cut ? s.len - at : cut);
	assert_int_equal(harness_live(h), 2);
	tx = harness_tx(h, 1);
	assert_int_equal(tx->progress[DIR_TS], HTTP2_CLOSED);
	assert_text(harness_buffer(h, tx, "http.method", DIR_TS, 0), "POST");
	assert_text(harness_buffer(h, tx, "http.uri", DIR_TS, 0), "/");
	assert_text(harness_buffer(h, tx, "http.host", DIR_TS, 0), "h");
	assert_text(harness_buffer(h, tx, "http.host.raw", DIR_TS, 0), "h:1");
	assert_text(harness_buffer(h, tx, "http.cookie", DIR_TS, 0), "a, a");
	assert_text(harness_buffer(h, tx, "http.header", DIR_TS, 0),
		    ":method: POST\r\n:path: /\r\n:authority: h:1\r\nab: c\r\n");
	assert_text(harness_buffer(h, tx, "http.request_header", DIR_TS, 5), "ab:  c ");
	assert_null(harness_buffer(h, tx, "http.request_header", DIR_TS, 6).data);
	assert_text(harness_buffer(h, tx, "http.request_line", DIR_TS, 0), "POST / HTTP/2\r\n");
	assert_text(harness_buffer(h, tx, "http.request_body", DIR_TS, 0), "upload");
	assert_text(harness_buffer(h, tx, "http.stat_code", DIR_TC, 0), "200");
	assert_text(harness_buffer(h, tx, "http.response_line", DIR_TC, 0), "HTTP/2 200\r\n");
	assert_text(harness_buffer(h, tx, "http.header_names", DIR_TC, 0), "\r\n:status\r\n\r\n");
	assert_int_equal(tx->files[DIR_TC]->size, 5);
	assert_int_equal(tx->files[DIR_TC]->state, APP_FILE_CLOSED);
	assert_has(harness_eve(h, tx, 0), "\"http_method\":\"POST\",\"url\":\"/\",\"status\":200,"
					  "\"http2\":{\"stream_id\":1,");
	assert_has(harness_eve(h, harness_tx(h, 0), 0),
		   "\"settings_id\":\"SETTINGSMAXCONCURRENTSTREAMS\",\"settings_value\":100");
	harness_delete(h);
}

static void exchange(void **state)
{
	for (size_t cut = 1; cut < 200; cut++)
		exchange_cut(cut);
}

struct row {
	const char *name;
	unsigned type, flags;
	uint32_t stream;
	const char *body;
	size_t len;
	const char *event;   /* NULL = none */
	const char *keyword; /* that must match, with its argument behind a colon */
};

#define ROW(name, type, flags, stream, body, ...)                                                  \
	{                                                                                          \
		name, type, flags, stream, body, sizeof(body) - 1, __VA_ARGS__                     \
	}

static const struct row rows[] = {
	ROW("headers", HTTP2_HEADERS, BOTH_ENDS, 1, GET, NULL, "http2.frametype:headers"),
	ROW("by number", HTTP2_HEADERS, BOTH_ENDS, 1, GET, NULL, "http2.frametype:1"),
	ROW("priority in headers", HTTP2_HEADERS, BOTH_ENDS | HTTP2_HAS_PRIORITY, 1,
	    "\0\0\0\0\x07" GET, NULL, "http2.priority:7"),
	ROW("priority cut", HTTP2_HEADERS, BOTH_ENDS | HTTP2_HAS_PRIORITY, 1, "\0\0\0\0",
	    "invalid_frame_data", NULL),
	ROW("padded", HTTP2_HEADERS, BOTH_ENDS | HTTP2_PADDED, 1, "\2" GET "\0\0", NULL,
	    "urilen:1"),
	ROW("padded too much", HTTP2_HEADERS, BOTH_ENDS | HTTP2_PADDED, 1, "\x7f" GET, NULL,
	    "urilen:<2"),
	ROW("header cut", HTTP2_HEADERS, BOTH_ENDS, 1,
	    "\x82\x41\x06"
	    "a.Te",
	    "invalid_frame_data", NULL),
	ROW("index 0", HTTP2_HEADERS, BOTH_ENDS, 1, "\x82\x80", "invalid_header", NULL),
	ROW("unknown index", HTTP2_HEADERS, BOTH_ENDS, 1, "\x82\xff\x40", "invalid_header", NULL),
	ROW("endless number", HTTP2_HEADERS, BOTH_ENDS, 1,
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "invalid_header", NULL),
	ROW("bad huffman", HTTP2_HEADERS, BOTH_ENDS, 1, "\x41\x84\xff\xff\xff\xff",
	    "invalid_header", NULL),
	ROW("size update", HTTP2_HEADERS, BOTH_ENDS, 1, "\x3f\xe1\x1f" GET, NULL,
	    "http2.size_update:4096"),
	ROW("size update to 0", HTTP2_HEADERS, BOTH_ENDS, 1, "\x20" GET, NULL,
	    "http2.size_update:0"),
	ROW("user in authority", HTTP2_HEADERS, BOTH_ENDS, 1,
	    "\x41\x03"
	    "u@h",
	    "userinfo_in_uri", NULL),
	ROW("two hosts", HTTP2_HEADERS, BOTH_ENDS, 1,
	    "\x41\x01"
	    "a"
	    "\x66\x01"
	    "b",
	    "authority_host_mismatch", NULL),
	ROW("one host twice", HTTP2_HEADERS, BOTH_ENDS, 1,
	    "\x41\x01"
	    "a"
	    "\x66\x01"
	    "A",
	    NULL, "http2.frametype:HEADERS"),
	ROW("stray continuation", HTTP2_CONTINUATION, HTTP2_END_HEADERS, 1, GET,
	    "invalid_frame_data", "http2.frametype:continuation"),
	ROW("priority", HTTP2_PRIORITY, 0, 1, "\0\0\0\0\xff", NULL, "http2.priority:>254"),
	ROW("priority short", HTTP2_PRIORITY, 0, 1, "\0\0\0\0", "invalid_frame_length", NULL),
	ROW("reset", HTTP2_RST_STREAM, 0, 1, "\0\0\0\x08", NULL, "http2.errorcode:CANCEL"),
	ROW("reset, other code", HTTP2_RST_STREAM, 0, 1, "\0\0\1\0", NULL, "http2.errorcode:256"),
	ROW("reset long", HTTP2_RST_STREAM, 0, 1, "\0\0\0\x08\0", "invalid_frame_length", NULL),
	ROW("goaway", HTTP2_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\2why", NULL,
	    "http2.errorcode:protocol_error"),
	ROW("goaway short", HTTP2_GOAWAY, 0, 0, "\0\0\0", "invalid_frame_length", NULL),
	ROW("window", HTTP2_WINDOW_UPDATE, 0, 0, "\x80\0\1\0", NULL, "http2.window:256"),
	ROW("window short", HTTP2_WINDOW_UPDATE, 0, 0, "\0\1\0", "invalid_frame_length", NULL),
	ROW("settings", HTTP2_SETTINGS, 0, 0, "\0\4\0\1\0\0", NULL,
	    "http2.settings:SETTINGS_INITIAL_WINDOW_SIZE>65535"),
	ROW("settings, without value", HTTP2_SETTINGS, 0, 0, "\0\2\0\0\0\0", NULL,
	    "http2.settings:SETTINGS_ENABLE_PUSH"),
	ROW("settings unknown", HTTP2_SETTINGS, 0, 0, "\0\x09\0\0\0\0", NULL,
	    "http2.frametype:settings"),
	ROW("unknown frame", 0xf3, 0xff, 5, "abc", NULL, "http2.frametype:243"),
	ROW("promise cut", HTTP2_PUSH_PROMISE, HTTP2_END_HEADERS, 1, "\0\0", "invalid_frame_data",
	    NULL),
};

static void one_frame(const struct row *row)
{
	static struct bytes b;
	struct harness *h = start(&b);
	const struct app_tx *tx;
	char keyword[64];
	char *argument;

	frame(&b, row->type, row->flags, row->stream, row->body, row->len);
	assert_true(send(h, DIR_TS, &b));
	tx = harness_tx(h, 0);
	if (!tx || tx->event_count != (row->event ? 1 : 0) ||
	    (row->event && !harness_has_event(h, tx, row->event)))
		fail_msg("%s: event %s", row->name, row->event ? row->event : "(none)");
	if (row->keyword) {
		snprintf(keyword, sizeof(keyword), "%s", row->keyword);
		argument = strchr(keyword, ':');
		*argument++ = '\0';
		if (harness_keyword(h, tx, keyword, DIR_TS, argument) != 1)
			fail_msg("%s: %s:%s", row->name, keyword, argument);
	}
	harness_delete(h);
}

static void frames(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		one_frame(&rows[i]);
}

static void keywords_refused(void **state)
{
	static const char *const bad[][2] = {
		{"http2.frametype", "nothing"},
		{"http2.frametype", "256"},
		{"http2.errorcode", "-1"},
		{"http2.priority", "256"},
		{"http2.window", ""},
		{"http2.settings", "SETTINGS_NONE"},
		{"http2.settings", "SETTINGS_ENABLE_PUSH=x"},
	};
	struct bytes *b = calloc(1, sizeof(*b));
	struct harness *h = start(b);

	FRAME(b, HTTP2_HEADERS, BOTH_ENDS, 1, GET);
	send(h, DIR_TS, b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (harness_keyword(h, harness_tx(h, 0), bad[i][0], DIR_TS, bad[i][1]) != -1)
			fail_msg("%s:%s", bad[i][0], bad[i][1]);
	}
	harness_delete(h);
	free(b);
}

/* A block over three frames, cut at every byte; a frame of another stream between breaks it. */
static void continuation(void **state)
{
	static struct bytes b;

	for (size_t cut = 0; cut < sizeof(GET); cut++) {
		struct harness *h = start(&b);

		frame(&b, HTTP2_HEADERS, HTTP2_END_STREAM, 1, GET, cut);
		frame(&b, HTTP2_CONTINUATION, 0, 1, "", 0);
		assert_true(send(h, DIR_TS, &b));
		assert_null(harness_buffer(h, harness_tx(h, 0), "http.method", DIR_TS, 0).data);
		frame(&b, HTTP2_CONTINUATION, HTTP2_END_HEADERS, 1, &GET[cut],
		      sizeof(GET) - 1 - cut);
		assert_true(send(h, DIR_TS, &b));
		assert_text(harness_buffer(h, harness_tx(h, 0), "http.host", DIR_TS, 0), "a.test");
		harness_delete(h);

		h = start(&b);
		frame(&b, HTTP2_HEADERS, HTTP2_END_STREAM, 1, GET, cut);
		FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 3, GET);
		assert_true(send(h, DIR_TS, &b));
		assert_null(harness_buffer(h, harness_tx(h, 0), "http.method", DIR_TS, 0).data);
		assert_text(harness_buffer(h, harness_tx(h, 1), "http.host", DIR_TS, 0), "a.test");
		assert_true(harness_has_event(h, harness_tx(h, 1), "invalid_frame_data"));
		harness_delete(h);
	}
}

static void promise(void **state)
{
	static struct bytes b;
	struct harness *h = start(&b);

	FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 1, GET);
	send(h, DIR_TS, &b);
	FRAME(&b, HTTP2_PUSH_PROMISE, 0, 1,
	      "\0\0\0\2"
	      "\x82");
	FRAME(&b, HTTP2_CONTINUATION, HTTP2_END_HEADERS, 1, "\x85");
	FRAME(&b, HTTP2_HEADERS, HTTP2_END_HEADERS, 2, OK);
	FRAME(&b, HTTP2_DATA, HTTP2_END_STREAM, 2, "pushed");
	assert_true(send(h, DIR_TC, &b));
	assert_int_equal(harness_live(h), 2);
	assert_has(harness_eve(h, harness_tx(h, 1), 0), "\"url\":\"/index.html\"");
	assert_int_equal(harness_tx(h, 1)->files[DIR_TC]->size, 6);
	harness_delete(h);
}

static const char coded[] = "content-encoding";

static void headers_with_coding(struct bytes *b, const char *coding)
{
	struct bytes block = {.len = 0};
	uint8_t len = (uint8_t)strlen(coding);

	add(&block, OK "\x00\x10", 3);
	add(&block, coded, sizeof(coded) - 1);
	add(&block, &len, 1);
	add(&block, coding, len);
	frame(b, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, block.data, block.len);
}

static size_t deflated(const void *data, size_t len, int bits, uint8_t *out, size_t cap)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)data;
	z.avail_in = (unsigned)len;
	z.next_out = out;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

static void encodings(void **state)
{
	static const struct {
		const char *coding;
		int bits; /* 0: not compressed */
		bool fails, plain;
	} table[] = {
		{"gzip", 31, false, false},   {"deflate", -15, false, false},
		{"deflate", 15, true, false}, {"gzip", 0, true, false},
		{"GZIP", 31, false, true},    {"x-gzip", 31, false, true},
		{"br", 0, true, false},
	};
	static struct bytes b;
	uint8_t out[256];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = start(&b);
		size_t len = 12;
		const struct app_tx *tx;

		memcpy(out, "hello, body!", 12);
		if (table[i].bits)
			len = deflated("hello, body!", 12, table[i].bits, out, sizeof(out));
		FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 1, GET);
		send(h, DIR_TS, &b);
		headers_with_coding(&b, table[i].coding);
		for (size_t at = 0; at < len; at++)
			frame(&b, HTTP2_DATA, at + 1 == len ? HTTP2_END_STREAM : 0, 1, out + at, 1);
		assert_true(send(h, DIR_TC, &b));
		tx = harness_tx(h, 0);
		assert_int_equal(harness_has_event(h, tx, "failed_decompression"), table[i].fails);
		if (!table[i].fails)
			assert_int_equal(tx->files[DIR_TC]->size, table[i].plain ? len : 12);
		harness_delete(h);
	}
}

struct range_row {
	const char *authority, *path, *range;
	const char *name; /* NULL: not a part */
	bool invalid;	  /* the event */
};

static const struct range_row range_rows[] = {
	{"h", "/a/b.bin", "bytes 5-9/20", "h/b.bin", false},
	{"h:8443", "/a/b.bin?x=/y", "bytes 5-9/20", "h/b.bin", false},
	{"H", "b.bin", "bytes 5-9/20", "Hb.bin", false},
	{"h", "/", "bytes 5-9/20", "h/", false},
	{":80", "/b", "bytes 5-9/20", NULL, false},
	{NULL, "/b", "bytes 5-9/20", NULL, false},
	{"h", NULL, "bytes 5-9/20", NULL, false},
	{"h", "/b", "bytes 0-19/20", NULL, false},
	{"h", "/b", "bytes 5-9/*", NULL, false},
	{"h", "/b", "bytes 5-20/20", NULL, true},
	{"h", "/b", "bytes 9-5/20", NULL, true},
	{"h", "/b", "bytes x", NULL, true},
	{"h", "/b", NULL, NULL, false},
};

static void header(struct bytes *b, const char *name, const char *value)
{
	uint8_t head[2] = {0, (uint8_t)strlen(name)};
	uint8_t len = value ? (uint8_t)strlen(value) : 0;

	if (!value)
		return;
	add(b, head, sizeof(head));
	add(b, name, strlen(name));
	add(b, &len, 1);
	add(b, value, len);
}

static void range_of_row(const struct range_row *row)
{
	static struct bytes b, block;
	struct harness *h = start(&b);

	block.len = 0;
	add(&block, "\x82", 1);
	header(&block, ":authority", row->authority);
	header(&block, ":path", row->path);
	frame(&b, HTTP2_HEADERS, BOTH_ENDS, 1, block.data, block.len);
	assert_true(send(h, DIR_TS, &b));
	block.len = 0;
	add(&block, OK, 1);
	header(&block, "content-range", row->range);
	frame(&b, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, block.data, block.len);
	FRAME(&b, HTTP2_DATA, HTTP2_END_STREAM, 1, "01234");
	assert_true(send(h, DIR_TC, &b));
	if (h->parts != (row->name ? 1 : 0) ||
	    (row->name && (strcmp(h->part_name, row->name) != 0 || h->part_first != 5 ||
			   h->part_last != 9 || h->part_size != 20)) ||
	    harness_has_event(h, harness_tx(h, 0), "invalid_range") != row->invalid)
		fail_msg("%s %s", row->path, row->range);
	harness_delete(h);
}

static void ranges(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(range_rows); i++)
		range_of_row(&range_rows[i]);
}

/* A million zeros in a kilobyte are let through, a hundred millions are not. */
static void bomb(void **state)
{
	static struct bytes b;
	static uint8_t zeros[1 << 24], out[1 << 16];
	struct harness *h = start(&b);
	size_t len = deflated(zeros, sizeof(zeros), 31, out, sizeof(out)), again;

	FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 1, GET);
	send(h, DIR_TS, &b);
	headers_with_coding(&b, "gzip");
	frame(&b, HTTP2_DATA, HTTP2_END_STREAM, 1, out, len);
	assert_true(send(h, DIR_TC, &b));
	again = harness_tx(h, 0)->files[DIR_TC]->size;
	assert_true(again <= sizeof(zeros));
	assert_true(again / HTTP2_BOMB_RATIO <= len + HTTP2_BOMB_BYTES / HTTP2_BOMB_RATIO);
	harness_delete(h);
}

/* Two thousand headers, then one of a hundred thousand bytes: bounded, with an event. */
static void too_many_headers(void **state)
{
	static struct bytes b, block;
	struct harness *h = start(&b);
	const struct app_tx *tx;

	block.len = 0;
	add(&block, GET, sizeof(GET) - 1);
	for (unsigned i = 0; i < 2000; i++)
		add(&block,
		    "\x00\x01"
		    "x"
		    "\x01"
		    "y",
		    5);
	frame(&b, HTTP2_HEADERS, BOTH_ENDS, 1, block.data, block.len);
	assert_true(send(h, DIR_TS, &b));
	tx = harness_tx(h, 0);
	assert_true(harness_has_event(h, tx, "reassembly_limit_reached"));
	assert_non_null(
		harness_buffer(h, tx, "http.request_header", DIR_TS, HTTP2_HEADERS_MAX - 1).data);
	assert_null(harness_buffer(h, tx, "http.request_header", DIR_TS, HTTP2_HEADERS_MAX).data);
	assert_text(harness_buffer(h, tx, "http.host", DIR_TS, 0), "a.test");
	/* The table goes on all the same. */
	FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 3, "\x82\xbe");
	assert_true(send(h, DIR_TS, &b));
	assert_text(harness_buffer(h, harness_tx(h, 1), "http.host", DIR_TS, 0), "a.test");
	harness_delete(h);
}

/* Thousands of bytes from one: a value of 4,000 bytes in the table, named again by each of a
 * thousand streams. What the connection holds stays bounded. */
static void table_bomb(void **state)
{
	static struct bytes b, block;
	static uint8_t value[4000];
	struct harness *h = start(&b);
	const struct app_tx *tx;
	size_t kept = 0;

	memset(value, 'v', sizeof(value));
	block.len = 0;
	add(&block,
	    "\x40\1"
	    "x"
	    "\x7f\xa1\x1e",
	    6);
	add(&block, value, sizeof(value));
	frame(&b, HTTP2_HEADERS, BOTH_ENDS, 1, block.data, block.len);
	assert_true(send(h, DIR_TS, &b));
	for (uint32_t i = 1; i < 1000; i++) {
		FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 2 * i + 1,
		      "\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe");
		assert_true(send(h, DIR_TS, &b));
	}
	for (tx = harness_tx(h, 0); tx; tx = tx->next)
		kept += harness_buffer(h, tx, "http.header.raw", DIR_TS, 0).len;
	assert_true(kept > HTTP2_HEADS_MAX / 4 && kept <= HTTP2_HEADS_MAX);
	assert_true(harness_has_event(h, harness_tx(h, 999), "reassembly_limit_reached"));
	harness_delete(h);
}

static void too_many_streams(void **state)
{
	static struct bytes b;
	struct harness *h = start(&b);
	bool ok = true;

	for (uint32_t i = 0; i < LIMIT_APP_TRANSACTIONS + 10 && ok; i++) {
		FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 2 * i + 1, GET);
		ok = send(h, DIR_TS, &b);
	}
	assert_false(ok);
	assert_true(harness_has_event(h, harness_tx(h, LIMIT_APP_TRANSACTIONS - 1),
				      "too_many_streams"));
	harness_delete(h);
}

/* The start of a frame over 64 kB is read, the rest passed over. */
static void long_frame(void **state)
{
	static struct bytes b;
	static uint8_t zeros[70000];
	struct harness *h = start(&b);

	FRAME(&b, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, GET);
	frame(&b, HTTP2_DATA, 0, 1, zeros, sizeof(zeros));
	FRAME(&b, HTTP2_DATA, HTTP2_END_STREAM, 1, "end");
	for (size_t at = 0; at < b.len; at += 1000)
		assert_true(harness_feed(h, DIR_TS, b.data + at,
					 b.len - at < 1000 ? b.len - at : 1000));
	assert_true(harness_has_event(h, harness_tx(h, 0), "long_frame_data"));
	assert_int_equal(harness_live(h), 1);
	assert_int_equal(harness_tx(h, 0)->files[DIR_TS]->state, APP_FILE_CLOSED);
	harness_delete(h);
}

static void cut_off(void **state)
{
	static struct bytes b;
	struct harness *h = start(&b);

	FRAME(&b, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, GET);
	FRAME(&b, HTTP2_DATA, 0, 1, "half");
	send(h, DIR_TS, &b);
	harness_eof(h, DIR_TS);
	assert_int_equal(harness_tx(h, 0)->files[DIR_TS]->state, APP_FILE_TRUNCATED);
	harness_delete(h);
}

static void upgrade(void **state)
{
	static const char *const left[] = {
		":method",	    "GET", ":path", "/up", "Host", "Up.Test", "HTTP2-Settings",
		"AAMAAABkAAQAAP__", "X",   "y"};
	static struct bytes b;
	struct harness *h = harness_new(&http2_proto, APP_TCP, 80);
	struct text_list list = {0};

	h->changed_from = "http";
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		text_list_add(h->io.slab, &list, slice_of(left[i]), 1000);
	kept_set(h->io.slab, &h->left, kept_slice(&list.bytes));
	text_list_free(h->io.slab, &list);
	b.len = 0;
	FRAME(&b, HTTP2_HEADERS, BOTH_ENDS, 1, OK);
	assert_true(send(h, DIR_TC, &b));
	assert_int_equal(harness_live(h), 2);
	assert_text(harness_buffer(h, harness_tx(h, 0), "http.uri", DIR_TS, 0), "/up");
	assert_text(harness_buffer(h, harness_tx(h, 0), "http.host", DIR_TS, 0), "up.test");
	assert_text(harness_buffer(h, harness_tx(h, 0), "http.stat_code", DIR_TC, 0), "200");
	assert_int_equal(harness_keyword(h, harness_tx(h, 1), "http2.settings", DIR_TS,
					 "SETTINGS_INITIAL_WINDOW_SIZE=65535"),
			 1);
	assert_int_equal(harness_tx(h, 0)->event_count, 0);
	harness_delete(h);
}

static void identification(void **state)
{
	static const struct {
		enum dir dir;
		const char *bytes;
		size_t len;
		enum app_probe is;
	} table[] = {
		{DIR_TS, MAGIC, 24, APP_PROBE_YES},
		{DIR_TS, "pri * http/2.0\r\n", 16, APP_PROBE_YES},
		{DIR_TS, "GET / HTTP/1.1\r\n\r\n", 18, APP_PROBE_NO},
		{DIR_TC, "\0\0\6\4\0\0\0\0\0\0\3", 11, APP_PROBE_YES},
		{DIR_TC, "\0\0\0\4\1\0\0\0\0", 9, APP_PROBE_YES},
		{DIR_TC, "\0\0\6\4\2\0\0\0\0", 9, APP_PROBE_NO},
		{DIR_TC, "\0\0\6\4\0\x80\0\0\0", 9, APP_PROBE_NO},
		{DIR_TC, "\0\x40\1\4\0\0\0\0\0", 9, APP_PROBE_NO},
		{DIR_TC, "\0\0\6\1\0\0\0\0\0", 9, APP_PROBE_NO},
	};
	struct harness *h = harness_new(&http2_proto, APP_TCP, 80);

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (harness_identify(h, table[i].dir, SLICE(table[i].bytes, table[i].len)) !=
		    table[i].is)
			fail_msg("row %zu", i);
	}
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange),	    cmocka_unit_test(frames),
		cmocka_unit_test(keywords_refused), cmocka_unit_test(continuation),
		cmocka_unit_test(promise),	    cmocka_unit_test(encodings),
		cmocka_unit_test(ranges),	    cmocka_unit_test(bomb),
		cmocka_unit_test(too_many_headers), cmocka_unit_test(too_many_streams),
		cmocka_unit_test(table_bomb),	    cmocka_unit_test(long_frame),
		cmocka_unit_test(cut_off),	    cmocka_unit_test(upgrade),
		cmocka_unit_test(identification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
