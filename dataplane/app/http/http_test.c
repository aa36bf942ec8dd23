/* Exchanges in tables, each fed whole, at every cut and byte by byte. What is expected is what
 * Suricata 7.0.10 made of the same bytes, except where a case says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/http/http.h"

#define C(s)                                                                                       \
	{                                                                                          \
		DIR_TS, s, sizeof(s) - 1                                                           \
	}
#define S(s)                                                                                       \
	{                                                                                          \
		DIR_TC, s, sizeof(s) - 1                                                           \
	}
/* Buffer `name` of transaction `tx`; a value of NULL: not there. */
#define TS(tx, name, value)                                                                        \
	{                                                                                          \
		tx, DIR_TS, name, value, sizeof(value) - 1                                         \
	}
#define TC(tx, name, value)                                                                        \
	{                                                                                          \
		tx, DIR_TC, name, value, sizeof(value) - 1                                         \
	}
#define NO_TS(tx, name)                                                                            \
	{                                                                                          \
		tx, DIR_TS, name, NULL, 0                                                          \
	}
#define NO_TC(tx, name)                                                                            \
	{                                                                                          \
		tx, DIR_TC, name, NULL, 0                                                          \
	}

/* "EICAR", packed. */
#define GZIP                                                                                       \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\xf5\x74\x76\x0c\x02\x00\x96\x4a\xf6\xae\x05" \
	"\x00\x00\x00"
#define BROTLI                                                                                     \
	"\x0b\x02\x80"                                                                             \
	"EICAR"                                                                                    \
	"\x03"
#define GZIP_NAMED                                                                                 \
	"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03\x6e\x61\x6d\x65\x00\x73\xf5\x74\x76\x0c\x02\x00" \
	"\x96\x4a\xf6\xae\x05\x00\x00\x00"
#define GZIP_TWICE                                                                                 \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\xe6\xe2\xaf\x25\x65" \
	"\x3c\x4c\x0c\xd3\xbc\xbe\xad\x63\x05\x0a\x00\x00\x72\x0f\xb9\x1e\x19\x00\x00\x00"
#define RAW  "\x73\xf5\x74\x76\x0c\x02\x00"
#define ZLIB "\x78\x9c\x73\xf5\x74\x76\x0c\x02\x00\x04\x1f\x01\x65"

#define GET "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct message {
	enum dir dir;
	const char *text;
	size_t len;
};

struct want {
	uint8_t tx;
	enum dir dir;
	const char *name, *value;
	size_t len;
};

struct exchange {
	const char *name;
	struct message in[6];
	struct want out[12];
	const char *events[5]; /* all there are, of all transactions */
	const char *eve[3];    /* by transaction: is in its record */
	bool whole;	       /* cut up it is something else */
	bool fails;
};

/* --- feeding and checking --- */

enum { BYTEWISE = 0, WHOLE = 1 << 30 };

static void feed_message(struct harness *h, const struct message *m, size_t cut)
{
	size_t step = cut == BYTEWISE ? 1 : cut;

	for (size_t at = 0; at < m->len;) {
		size_t len = m->len - at < step ? m->len - at : step;

		harness_feed(h, m->dir, m->text + at, len);
		at += len;
		if (cut != BYTEWISE)
			step = m->len;
	}
}

static struct harness *feed(const struct exchange *e, size_t cut)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	for (size_t i = 0; i < ARRAY_SIZE(e->in) && e->in[i].text; i++)
		feed_message(h, &e->in[i], cut);
	harness_eof(h, DIR_TS);
	harness_eof(h, DIR_TC);
	return h;
}

static unsigned count_events(const struct harness *h)
{
	unsigned n = 0;

	for (const struct app_tx *tx = h->first; tx; tx = tx->next)
		n += tx->event_count;
	return n;
}

static bool any_has_event(const struct harness *h, const char *name)
{
	for (const struct app_tx *tx = h->first; tx; tx = tx->next) {
		if (harness_has_event(h, tx, name))
			return true;
	}
	return false;
}

static void check_events(const struct exchange *e, const struct harness *h, size_t cut)
{
	unsigned want = 0;

	for (; want < ARRAY_SIZE(e->events) && e->events[want]; want++) {
		if (!any_has_event(h, e->events[want]))
			fail_msg("%s, cut %zu: no event %s", e->name, cut, e->events[want]);
	}
	if (count_events(h) == want)
		return;
	for (const struct app_tx *tx = h->first; tx; tx = tx->next) {
		for (unsigned i = 0; i < tx->event_count; i++)
			print_error("  %s\n", h->proto->events[tx->event[i]]);
	}
	fail_msg("%s, cut %zu: these events instead of %u", e->name, cut, want);
}

static void check_buffer(const struct exchange *e, const struct harness *h, size_t cut,
			 const struct want *w)
{
	const struct app_tx *tx = harness_tx(h, w->tx);
	struct slice got;

	if (!tx)
		fail_msg("%s, cut %zu: no transaction %u", e->name, cut, w->tx);
	got = harness_buffer(h, tx, w->name, w->dir, 0);
	if (w->value ? !slice_eq(got, SLICE(w->value, w->len)) : got.len != 0)
		fail_msg("%s, cut %zu: %s is \"%.*s\", not \"%.*s\"", e->name, cut, w->name,
			 (int)got.len, got.len ? (const char *)got.data : "", (int)w->len,
			 w->value ? w->value : "");
}

static void check(const struct exchange *e, size_t cut)
{
	struct harness *h = feed(e, cut);

	if (h->failed != e->fails)
		fail_msg("%s, cut %zu: parsing %s", e->name, cut, h->failed ? "failed" : "went on");
	for (size_t i = 0; i < ARRAY_SIZE(e->out) && e->out[i].name; i++)
		check_buffer(e, h, cut, &e->out[i]);
	check_events(e, h, cut);
	for (size_t i = 0; i < ARRAY_SIZE(e->eve); i++) {
		const char *eve = e->eve[i] ? harness_eve(h, harness_tx(h, i), 0) : NULL;

		if (e->eve[i] && !strstr(eve, e->eve[i]))
			fail_msg("%s, cut %zu: not %s but %s", e->name, cut, e->eve[i], eve);
	}
	harness_touch(h);
	harness_delete(h);
}

static void check_everywhere(const struct exchange *e)
{
	size_t most = 0;

	check(e, WHOLE);
	for (size_t i = 0; i < ARRAY_SIZE(e->in) && e->in[i].text; i++)
		most = e->in[i].len > most ? e->in[i].len : most;
	for (size_t cut = 1; cut < most && !e->whole; cut++)
		check(e, cut);
	if (!e->whole)
		check(e, BYTEWISE);
}

/* --- tables --- */

static const struct exchange exchanges[] = {
	{
		"an exchange",
		{C("POST /a/b?c=d HTTP/1.1\r\nHost: Example.COM:8080\r\nUser-Agent: u\r\nCookie: "
		   "k=v\r\n"
		   "Accept: t\r\nContent-Length: 3\r\n\r\nabc"),
		 S("HTTP/1.0 404 Not here\r\nServer: s\r\nSet-Cookie: q\r\nContent-Type: t/x; "
		   "c=u\r\n"
		   "Content-Length: 5\r\n\r\nhello")},
		{TS(0, "http.method", "POST"), TS(0, "http.uri", "/a/b?c=d"),
		 TS(0, "http.protocol", "HTTP/1.1"), TS(0, "http.host", "example.com"),
		 TS(0, "http.host.raw", "Example.COM:8080"), TS(0, "http.request_body", "abc"),
		 TS(0, "http.header_names",
		    "\r\nHost\r\nUser-Agent\r\nCookie\r\nAccept\r\nContent-Length\r\n\r\n"),
		 TC(0, "http.stat_code", "404"), TC(0, "http.stat_msg", "Not here"),
		 TC(0, "http.response_line", "HTTP/1.0 404 Not here"), TC(0, "http.cookie", "q"),
		 TC(0, "file.data", "hello")},
		.eve = {"{\"hostname\":\"Example.COM\",\"http_port\":8080,\"url\":\"/a/b?c=d\","
			"\"http_user_agent\":\"u\",\"http_content_type\":\"t/x\","
			"\"http_method\":\"POST\",\"protocol\":\"HTTP/1.1\",\"status\":404,"
			"\"length\":5}"},
	},
	{
		"what http.header holds",
		{C("GET / HTTP/1.1\r\nHost: a\r\nCookie: c\r\nX:  1 \r\nX: 2\r\n\r\n"), S(OK)},
		{TS(0, "http.header", "Host: a\r\nX: 1, 2\r\n"),
		 TS(0, "http.header.raw", "Host: a\r\nCookie: c\r\nX:  1 \r\nX: 2\r\n\r\n"),
		 TS(0, "http.request_header", "Host: a"),
		 TS(0, "http.start", "GET / HTTP/1.1\r\nHost: a\r\nCookie: c\r\nX: 1, 2\r\n\r\n")},
	},
	{
		"two requests before the first answer",
		{C("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
		 S("HTTP/1.1 200 A\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 201 B\r\nContent-Length: 1"
		   "\r\n\r\ny")},
		{TS(0, "http.uri", "/1"), TC(0, "http.stat_code", "200"), TC(0, "file.data", "x"),
		 TS(1, "http.uri", "/2"), TC(1, "http.stat_code", "201"), TC(1, "file.data", "y")},
	},
	{
		"an answer to nothing",
		{S(OK)},
		{TC(0, "http.stat_code", "200"), TC(0, "file.data", "ok")},
		{"unable_to_match_response_to_request"},
		.eve = {"\"url\":\"/libhtp::request_uri_not_seen\""},
	},
	{
		"100 Continue, then the answer",
		{C("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
		   "2\r\n\r\n"),
		 S("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"), C("ab"), S(OK)},
		{TS(0, "http.request_body", "ab"), TC(0, "http.stat_code", "200"),
		 TC(0, "http.header", "Content-Length: 2\r\n"), TC(0, "file.data", "ok")},
	},
	{
		"refused, the body never comes",
		{C("POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
		   "2\r\n\r\n"),
		 S("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"),
		 C("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), S(OK)},
		{NO_TS(0, "http.request_body"), TS(1, "http.uri", "/2"), TC(1, "file.data", "ok")},
	},
	{
		"HEAD has no body whatever its length",
		{C("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
		 S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), C(GET), S(OK)},
		{NO_TC(0, "file.data"), TC(1, "file.data", "ok")},
	},
	{
		"204 and 304 have none either",
		{C(GET GET), S("HTTP/1.1 204 N\r\n\r\nHTTP/1.1 304 N\r\n\r\n"), C(GET), S(OK)},
		{NO_TC(0, "file.data"), NO_TC(1, "file.data"), TC(2, "file.data", "ok")},
	},
	{
		"a body until the end",
		{C(GET), S("HTTP/1.1 200 OK\r\n\r\nall of it")},
		{TC(0, "file.data", "all of it")},
		.eve = {"\"length\":9"},
	},
	{
		"HTTP/0.9",
		{C("GET /old\r\n"), S("no head at all")},
		{TS(0, "http.uri", "/old"), NO_TS(0, "http.protocol"),
		 TC(0, "file.data", "no head at all")},
	},
	{
		"no status line is a body",
		{C(GET), S("nothing we know\nof")},
		{TC(0, "file.data", "nothing we know\nof"), NO_TC(0, "http.stat_code")},
		.whole = true,
	},
	{
		"no reason, no code",
		{C(GET GET), S("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\naHTTP/1.1 \r\n\r\nb")},
		{TC(0, "http.stat_code", "200"), NO_TC(0, "http.stat_msg"), TC(0, "file.data", "a"),
		 NO_TC(1, "http.stat_code"), TC(1, "file.data", "b")},
		{"response_invalid_status"},
	},
	{
		"lines that end otherwise",
		{C("GET / HTTP/1.1\nHost: a\n\n"),
		 S("HTTP/1.1 200 OK\rA: b\nContent-Length: 2\n\rC: d\r\n\nok")},
		{TS(0, "http.host", "a"), TC(0, "http.content_len", "2"),
		 TC(0, "http.response_line", "HTTP/1.1 200 OK")},

		.whole = true,
	},
	{
		"folded headers",
		{C("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\t2\r\n  3\r\n\r\n"), S(OK)},
		{TS(0, "http.header", "Host: a\r\nX: 1\t2  3\r\n")},
	},
	{
		"a folded header that is one of its own",
		{C(GET), S("HTTP/1.1 200 OK\r\nX: 1\r\n Content-Length: 2\r\n\r\nok")},
		{TC(0, "http.content_len", "2"), TC(0, "file.data", "ok")},
		{"invalid_response_field_folding"},
	},
	{
		"headers without a colon, without a name, with blanks",
		{C("GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n: b\r\nC : d\r\n\r\n"), S(OK)},
		{TS(0, "http.header", "Host: a\r\n: nothing, b\r\nC: d\r\n")},
		{"request_field_missing_colon", "request_header_invalid"},
	},
	{
		"lengths that disagree",
		{C("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: "
		   "1\r\n\r\nabc"),
		 S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok")},
		{TS(0, "http.request_body", "abc"), TC(0, "file.data", "ok")},
		{"duplicate_content_length_field_in_request",
		 "duplicate_content_length_field_in_response"},
	},
	{
		"a length that is none",
		{C("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\nabc")},
		{TS(0, "http.content_len", "x")},
		{"invalid_content_length_field_in_request"},
		.fails = true,
	},
	{
		"chunked wins over a length",
		{C("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
		   "chunked\r\n\r\n"
		   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		 S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
		   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")},
		{TS(0, "http.request_body", "abcde"), TC(0, "file.data", "abcde")},
	},
	{
		"trailers are headers too",
		{C(GET),
		 S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n"
		   "\r\n"),
		 C(GET), S(OK)},
		{TC(0, "http.header", "Transfer-Encoding: chunked\r\nX: y\r\n"),
		 TC(0, "file.data", "a"), TC(1, "file.data", "ok")},
	},
	{
		"chunks of an older protocol",
		{C(GET),
		 S("HTTP/1.0 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n1\r\na\r\n0\r\n\r\n")},
		{TC(0, "file.data", "a")},
		{"response_chunked_old_proto", "response_abnormal_transfer_encoding"},
	},
	{
		"bytes behind a body",
		{C("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nabc\r\nGET /2 "
		   "HTTP/1.1\r\n"
		   "Host: a\r\n\r\n"),
		 S(OK OK)},
		{TS(0, "http.request_body", "abc\r\n"), TS(1, "http.uri", "/2"),
		 TC(1, "file.data", "ok")},
		{"request_body_unexpected"},
		.whole = true,
	},
	{
		"authorization of a kind nobody knows",
		{C("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Foo bar\r\n\r\n"), S(OK)},
		{TS(0, "http.uri", "/")},
		{"request_auth_unrecognized"},
	},
	{
		"a redirect",
		{C(GET), S("HTTP/1.1 302 F\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n")},
		{TC(0, "http.location", "http://b/")},
		.eve = {"\"status\":302,\"redirect\":\"http://b/\""},
	},
};

static void exchanges_as_expected(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++)
		check_everywhere(&exchanges[i]);
}

static void uris(void **state)
{
	static const struct {
		const char *raw, *uri, *event;
	} table[] = {
		{"/", "/", NULL},
		{"/a/./b/../c", "/a/c", NULL},
		{"/../../a", "/a", NULL},
		{"//a///b", "/a/b", NULL},
		{"/%61%2Fb", "/a/b", NULL},
		{"/a%20b", "/a b", NULL},
		{"/a+b?c+d", "/a+b?c+d", NULL},
		{"/%2561", "/%61", NULL}, /* once only */
		{"/%u0041", "/A", NULL},
		{"/%uff21", "/A", NULL},
		{"/\\a\\b", "/a/b", NULL},
		{"/%5Ca", "/a", NULL},
		{"/%zz%1", "/%zz%1", NULL},
		{"/a?b=%41%2e", "/a?b=A.", NULL},
		{"/A/B", "/A/B", NULL},
		{"/a;b=c/d", "/a;b=c/d", NULL},
		{"/a#f", "/a#f", NULL},
		{"http://h/a/../b", "/b", "host_header_ambiguous"},
		{"http://h", NULL, "host_header_ambiguous"},
		{"*", "*", NULL},
		{"/a?", "/a?", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[200];
		struct exchange e = {
			.name = table[i].raw,
			.in = {{DIR_TS, text, 0}},
			.out = {{0, DIR_TS, "http.uri.raw", table[i].raw, strlen(table[i].raw)},
				{0, DIR_TS, "http.uri", table[i].uri,
				 table[i].uri ? strlen(table[i].uri) : 0}},
			.events = {table[i].event},
		};

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", table[i].raw);
		e.in[0].len = strlen(text);
		check_everywhere(&e);
	}
}

static void hosts(void **state)
{
	static const struct {
		const char *uri, *header, *host, *raw, *eve, *event;
	} table[] = {
		{"/", "Host: H.Com", "h.com", "H.Com", "\"hostname\":\"h.com\"", NULL},
		{"/", "Host: H.Com:81", "h.com", "H.Com:81",
		 "\"hostname\":\"H.Com\",\"http_port\":81", NULL},
		{"/", "Host: h.", "h.", "h.", "\"hostname\":\"h.\"", NULL},
		{"/", "Host: [::1]:80", "[::1]", "[::1]:80", "\"hostname\":\"[::1]\"", NULL},
		{"http://U.V:82/", "Host: u.v", "u.v", "u.v",
		 "\"hostname\":\"u.v\",\"http_port\":82", NULL},
		{"http://u%2ev/", "Host: u.v", "u.v", "u.v", "\"hostname\":\"u.v\"", NULL},
		{"http://user:pw@u/", "Host: u", "u", "u", "\"hostname\":\"u\"", NULL},
		{"http://u/", "Host: w", "u", "u", "\"hostname\":\"u\"", "host_header_ambiguous"},
		{"/", "X: y", NULL, NULL, "{\"url\"", "missing_host_header"},
		{"/", "Host: a b", "a b", "a b", "\"hostname\":\"a b\"",
		 "request_header_host_invalid"},
		{"/", "Host: a:x", "a", "a:x", "\"hostname\":\"a\"", "request_header_host_invalid"},
		{"http://a:x/", "Host: a", "a", "a", "\"hostname\":\"a\"",
		 "request_uri_host_invalid"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[200];
		struct exchange e = {
			.name = table[i].header,
			.in = {{DIR_TS, text, 0}},
			.out = {{0, DIR_TS, "http.host", table[i].host,
				 table[i].host ? strlen(table[i].host) : 0},
				{0, DIR_TS, "http.host.raw", table[i].raw,
				 table[i].raw ? strlen(table[i].raw) : 0}},
			.events = {table[i].event},
			.eve = {table[i].eve},
		};

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n%s\r\n\r\n", table[i].uri,
			 table[i].header);
		e.in[0].len = strlen(text);
		check_everywhere(&e);
	}
}

/* Chunk lines of responses; every body is followed by an answer that has to be found again. */
static void chunks(void **state)
{
	static const struct {
		const char *body, *decoded, *event;
	} table[] = {
		{"5\r\nEICAR\r\n0\r\n\r\n", "EICAR", NULL},
		{"5\nEICAR\n0\n\n", "EICAR", NULL},
		{"005\r\nEICAR\r\n000\r\n\r\n", "EICAR", NULL},
		{"1\r\nE\r\n1\r\nI\r\n3\r\nCAR\r\n0\r\n\r\n", "EICAR", NULL},
		{"5 \r\nEICAR\r\n0\r\n\r\n", "EICAR", NULL},
		{" 5\r\nEICAR\r\n0\r\n\r\n", "EICAR", NULL},
		{"5;x=y\r\nEICAR\r\n0\r\n\r\n", "EICAR", "request_chunk_extension"},
		{"5 junk\r\nEICAR\r\n0\r\n\r\n", "EICAR", NULL},
		{"\r\n5\r\nEICAR\r\n0\r\n\r\n", "EICAR", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[300];
		struct exchange e = {
			.name = table[i].body,
			.in = {C(GET GET), {DIR_TC, text, 0}},
			.out = {{0, DIR_TC, "file.data", table[i].decoded,
				 strlen(table[i].decoded)},
				TC(1, "file.data", "ok")},
			.events = {table[i].event},
		};

		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s" OK,
			 table[i].body);
		e.in[1].len = strlen(text);
		check_everywhere(&e);
	}
}

/* What is no chunk is the body itself. */
static void no_chunks(void **state)
{
	static const struct exchange table[] = {
		{
			"plain",
			{C(GET),
			 S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello EICAR")},
			{TC(0, "file.data", "hello EICAR")},
			{"invalid_response_chunk_len"},
		},
		{
			"a chunk as big as can be",
			{C(GET), S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "FFFFFFFFFFFFFFFF\r\nEICAR")},
			{TC(0, "file.data", "FFFFFFFFFFFFFFFF\r\nEICAR")},
			{"invalid_response_chunk_len"},
		},
		{
			"cut off",
			{C(GET),
			 S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nEICAR")},
			{TC(0, "file.data", "EICAR")},
		},
		{
			"of a request",
			{C("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
			   "chunked\r\n\r\n1\r\na\r\n"
			   "\r\n1\r\n")},
			{TS(0, "http.request_body", "a")},
			{"invalid_request_chunk_len"},
			.fails = true,
		},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		check_everywhere(&table[i]);
}

static void encodings(void **state)
{
	static const struct {
		const char *value, *body;
		size_t len;
		const char *decoded, *event;
	} table[] = {
		{"gzip", GZIP, sizeof(GZIP) - 1, "EICAR", NULL},
		{"x-gzip", GZIP, sizeof(GZIP) - 1, "EICAR", NULL},
		{"GZIP", GZIP, sizeof(GZIP) - 1, "EICAR", NULL},
		{"gzip", GZIP_NAMED, sizeof(GZIP_NAMED) - 1, "EICAR", NULL},
		{"gzip", ZLIB, sizeof(ZLIB) - 1, "EICAR", NULL},
		{"deflate", RAW, sizeof(RAW) - 1, "EICAR", NULL},
		{"gzip", RAW, sizeof(RAW) - 1, "EICAR", "gzip_decompression_failed"},
		{"deflate", ZLIB, sizeof(ZLIB) - 1, "EICAR", "gzip_decompression_failed"},
		{"deflate", GZIP, sizeof(GZIP) - 1, "EICAR", "gzip_decompression_failed"},
		{"gzip, gzip", GZIP_TWICE, sizeof(GZIP_TWICE) - 1, "EICAR", NULL},
		{"gzip", "plain EICAR", 11, "plain EICAR", "gzip_decompression_failed"},
		{"identity", "EICAR", 5, "EICAR", "abnormal_ce_header"},
		{"br", "EICAR", 5, "EICAR", "abnormal_ce_header"},
		{"br", BROTLI, sizeof(BROTLI) - 1, "EICAR", "abnormal_ce_header"},
		{"gzip, br", GZIP, sizeof(GZIP) - 1, "EICAR", "abnormal_ce_header"},
		{"none", "EICAR", 5, "EICAR", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char text[300];
		struct exchange e = {
			.name = table[i].value,
			.in = {C(GET GET), {DIR_TC, text, 0}, S(OK)},
			.out = {{0, DIR_TC, "file.data", table[i].decoded,
				 strlen(table[i].decoded)},
				TC(1, "file.data", "ok")},
			.events = {table[i].event},
			/* A wrong guess is taken back only within the bytes that came together. */
			.whole = table[i].event != NULL,
		};
		int head = snprintf(text, sizeof(text),
				    "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n"
				    "Content-Length: %zu\r\n\r\n",
				    table[i].value, table[i].len);

		memcpy(text + head, table[i].body, table[i].len);
		e.in[1].len = (size_t)head + table[i].len;
		check_everywhere(&e);
	}
}

static void layers(void **state)
{
	static const struct exchange e = {
		"three layers",
		{C(GET),
		 S("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip\r\n\r\n" GZIP_TWICE)},
		{TC(0, "file.data", "EICAR")},
		{"too_many_encoding_layers"},
	};
	static const struct exchange request = {
		"a request's body",
		{C("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: "
		   "25\r\n\r\n" GZIP)},
		{TS(0, "http.request_body", "EICAR")},
	};

	check_everywhere(&e);
	check_everywhere(&request);
}

/* --- protocols that follow --- */

static void connect_and_upgrade(void **state)
{
	static const struct exchange table[] = {
		{
			"CONNECT",
			{C("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
			 S("HTTP/1.1 200 OK\r\n\r\n")},
			{TS(0, "http.uri.raw", "h:443"), TS(0, "http.uri", ""),
			 TS(0, "http.host", "h")},
			.eve = {"\"hostname\":\"h\",\"http_port\":443"},
		},
		{
			"CONNECT refused",
			{C("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
			 S("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), C(GET), S(OK)},
			{TC(0, "http.stat_code", "403"), TS(1, "http.uri", "/"),
			 TC(1, "file.data", "ok")},
		},
		{
			"upgraded to something else",
			{C("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n"),
			 S("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), C(GET), S("anything")},
			{TC(0, "http.stat_code", "101"), NO_TC(0, "file.data")},
		},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = feed(&table[i], WHOLE);

		assert_int_equal(h->changed, i == 0);
		harness_delete(h);
		check_everywhere(&table[i]);
	}
}

/* --- uploads --- */

static void assert_file(const struct app_file *f, const char *name, const char *bytes,
			enum app_file_state state)
{
	assert_non_null(f);
	assert_string_equal((const char *)f->name, name);
	assert_int_equal(f->size, strlen(bytes));
	assert_memory_equal(f->window, bytes, strlen(bytes));
	assert_int_equal(f->state, state);
}

static void uploads(void **state)
{
	static const struct exchange e = {
		"two files and a field",
		{C("POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; "
		   "boundary=\"xx\"\r\n"
		   "Content-Length: 266\r\n\r\n"
		   "--xx\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nfield\r\n"
		   "--xx\r\nContent-Disposition: form-data; name=\"a\"; filename=\"one.txt\"\r\n"
		   "Content-Type: text/plain\r\n\r\nfirst\r\n--x\r\nstill\r\n"
		   "--xx\r\nContent-Disposition: form-data; name=\"b\"; "
		   "filename=two\r\n\r\nsecond\r\n"
		   "--xx--\r\n")},
		{TS(0, "http.uri", "/up")},
	};

	for (size_t cut = 0; cut < e.in[0].len; cut++) {
		struct harness *h = feed(&e, cut == 1 ? WHOLE : cut);
		const struct app_file *f = harness_tx(h, 0)->files[DIR_TS];

		assert_false(h->failed);
		assert_file(f, "one.txt", "first\r\n--x\r\nstill", APP_FILE_CLOSED);
		assert_file(f->next, "two", "second", APP_FILE_CLOSED);
		assert_null(f->next->next);
		harness_delete(h);
	}
}

static void downloads(void **state)
{
	static const struct exchange table[] = {
		{
			"named by the path",
			{C("GET /dir/x.exe?y HTTP/1.1\r\nHost: a\r\n\r\n"), S(OK)},
		},
		{
			"named by the answer",
			{C(GET),
			 S("HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"n.exe\""
			   "\r\nContent-Length: 2\r\n\r\nok")},
		},
	};
	static const char *const names[] = {"/dir/x.exe", "n.exe"};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = feed(&table[i], BYTEWISE);

		assert_string_equal((const char *)harness_tx(h, 0)->files[DIR_TC]->name, names[i]);
		assert_int_equal(harness_tx(h, 0)->files[DIR_TC]->state, APP_FILE_CLOSED);
		harness_delete(h);
	}
}

/* --- limits --- */

static void give(struct harness *h, enum dir dir, const char *text)
{
	harness_feed(h, dir, text, strlen(text));
}

/* `len` bytes in pieces. */
static void give_many(struct harness *h, enum dir dir, char byte, size_t len)
{
	char piece[1000];

	memset(piece, byte, sizeof(piece));
	for (; len; len -= len < sizeof(piece) ? len : sizeof(piece))
		harness_feed(h, dir, piece, len < sizeof(piece) ? len : sizeof(piece));
}

static void long_lines(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	give(h, DIR_TS, "GET /");
	give_many(h, DIR_TS, 'a', HTTP_LINE_MAX);
	assert_true(h->failed);
	assert_true(any_has_event(h, "request_field_too_long"));
	harness_delete(h);

	h = harness_new(&http_proto, APP_TCP, 80);
	give(h, DIR_TS, GET);
	give(h, DIR_TC, "HTTP/1.1 200 OK\r\nX: ");
	give_many(h, DIR_TC, 'a', HTTP_LINE_MAX);
	assert_true(h->failed);
	assert_true(any_has_event(h, "response_field_too_long"));
	harness_delete(h);
}

static void many_headers(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);
	char line[40];

	give(h, DIR_TS, "GET / HTTP/1.1\r\n");
	for (unsigned i = 0; i < HTTP_HEADERS_MAX; i++) {
		snprintf(line, sizeof(line), "H%u: x\r\n", i);
		give(h, DIR_TS, line);
	}
	give(h, DIR_TS, "One: ");
	assert_false(h->failed);
	give(h, DIR_TS, "more\r\n\r\n");
	assert_true(h->failed);
	assert_true(any_has_event(h, "request_too_many_headers"));
	harness_delete(h);
}

static void repeated_headers(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);
	struct slice s;

	give(h, DIR_TS, "GET / HTTP/1.1\r\n");
	for (unsigned i = 0; i < 3000; i++)
		give(h, DIR_TS, "H: x\r\n");
	give(h, DIR_TS, "\r\n");
	assert_false(h->failed);
	s = harness_buffer(h, harness_tx(h, 0), "http.header", DIR_TS, 0);
	/* The first, the second, and as many as are merged. */
	assert_int_equal(s.len, 3 * (HTTP_REPETITIONS_MAX + 2) - 2 + 3 + 2);
	harness_delete(h);
}

/* The sizes of the packaged suricata.yaml, small enough to see. */
static const struct app_limits small = {
	.demand = {true, true, true},
	.http_request_body_limit = 5000,
	.http_request_inspect_min = 1000,
	.http_request_inspect_window = 400,
	.http_response_body_limit = 5000,
	.http_response_inspect_min = 1000,
	.http_response_inspect_window = 400,
};

static struct harness *limited(const char *response)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	h->io.limits = &small;
	((struct http_state *)h->state)->limits = &small;
	give(h, DIR_TS, GET);
	give(h, DIR_TC, response);
	return h;
}

static size_t window(const struct harness *h)
{
	return harness_buffer(h, harness_tx(h, 0), "file.data", DIR_TC, 0).len;
}

static void inspected(const struct harness *h)
{
	http_body_seen((struct http_tx *)harness_tx(h, 0), DIR_TC, HTTP_SEEN_FILE);
}

static void windows(void **state)
{
	struct harness *h = limited("HTTP/1.1 200 OK\r\n\r\n");

	give_many(h, DIR_TC, 'a', 999);
	assert_int_equal(window(h), 0); /* too little to begin with */
	give_many(h, DIR_TC, 'a', 1);
	assert_int_equal(window(h), 1000);
	assert_int_equal(h->raw_triggers, 2); /* the request, and now */
	inspected(h);
	assert_int_equal(window(h), 0);
	give_many(h, DIR_TC, 'b', 100);
	assert_int_equal(window(h), 1100); /* not more than the least size was seen: all of it */
	inspected(h);
	give_many(h, DIR_TC, 'c', 100);
	assert_int_equal(window(h), 400); /* new bytes with old ones in front */
	inspected(h);
	give_many(h, DIR_TC, 'd', 600);
	assert_int_equal(window(h), 700); /* a quarter of the window in front */
	inspected(h);
	harness_eof(h, DIR_TC);
	assert_int_equal(window(h), 0);
	harness_delete(h);
}

static void bodies_end_at_the_limit(void **state)
{
	struct harness *h = limited("HTTP/1.1 200 OK\r\n\r\n");
	const struct app_file *f;

	give_many(h, DIR_TC, 'a', 20000);
	harness_eof(h, DIR_TC);
	f = harness_tx(h, 0)->files[DIR_TC];
	assert_int_equal(window(h), 5000);
	assert_int_equal(f->size, 5000);
	assert_int_equal(f->state, APP_FILE_TRUNCATED);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"length\":20000"));
	harness_delete(h);
}

static void a_short_body_is_shown_at_its_end(void **state)
{
	struct harness *h = limited("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789");

	assert_int_equal(window(h), 0);
	give(h, DIR_TC, "0");
	assert_int_equal(window(h), 10);
	harness_delete(h);
}

/* No byte beyond the limit is made; where nobody reads answers, little more than their first bytes.
 */
static void bombs(void **state)
{
	/* 4 MiB of zeros, packed by zlib here. */
	static uint8_t packed[1 << 16], zeros[4 << 20];
	static struct app_limits limits;
	uLongf len = sizeof(packed);

	assert_int_equal(compress2(packed, &len, zeros, sizeof(zeros), 9), Z_OK);
	for (unsigned read = 0; read < 2; read++) {
		struct harness *h = limited("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");

		limits = small;
		limits.demand.bodies = read;
		h->io.limits = ((struct http_state *)h->state)->limits = &limits;
		harness_feed(h, DIR_TC, packed, len);
		assert_false(h->failed);
		assert_true(((struct http_tx *)harness_tx(h, 0))->side[DIR_TC].entity_len <=
			    (read ? 5000 + 2 * HTTP_INFLATE_OUT : 2 * HTTP_INFLATE_OUT));
		assert_int_equal(window(h) > 0, read);
		assert_int_equal(harness_tx(h, 0)->files[DIR_TC]->head_len, 16);
		harness_delete(h);
	}
}

/* --- gaps --- */

static void gap_in_a_body(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);
	const struct app_tx *tx;

	give(h, DIR_TS, GET GET);
	give(h, DIR_TC, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
	assert_true(harness_gap(h, DIR_TC, 6));
	give(h, DIR_TC, "yz" OK);
	tx = harness_tx(h, 0);
	assert_int_equal(tx->progress[DIR_TC], HTTP_COMPLETE);
	assert_true(tx->files[DIR_TC]->gaps);
	assert_int_equal(tx->files[DIR_TC]->size, 10);
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], HTTP_COMPLETE);
	harness_delete(h);
}

static void gap_elsewhere(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	give(h, DIR_TS, "GET / HTTP/1.1\r\nHo");
	assert_true(harness_gap(h, DIR_TS, 100));
	give(h, DIR_TS, "st: a\r\n\r\n");
	give(h, DIR_TC, OK);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], HTTP_COMPLETE);
	harness_delete(h);
}

/* --- keywords, identification --- */

static void urilen(void **state)
{
	static const struct {
		const char *argument;
		int hit; /* of "/a%20b", 4 bytes, raw 6 */
	} table[] = {
		{"4", 1},     {"6", 0},	     {"6,raw", 1},    {"4,norm", 1}, {">3", 1},
		{"<4", 0},    {"3<>5", 1},   {"4<>6", 0},     {"x", -1},     {"", -1},
		{"5<>3", -1}, {"70000", -1}, {"4,other", -1},
	};
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	give(h, DIR_TS, "GET /a%20b HTTP/1.1\r\n\r\n");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (harness_keyword(h, harness_tx(h, 0), "urilen", DIR_TS, table[i].argument) !=
		    table[i].hit)
			fail_msg("urilen:%s", table[i].argument);
	}
	harness_delete(h);
}

static void identified(void **state)
{
	struct harness *h = harness_new(&http_proto, APP_TCP, 80);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("GET / ")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("propfind\t/")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT(" GET /")), APP_PROBE_NO);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("FOO /")), APP_PROBE_NO);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("HTTP/1.1 200")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("HTTP/2 200")), APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges_as_expected),
		cmocka_unit_test(uris),
		cmocka_unit_test(hosts),
		cmocka_unit_test(chunks),
		cmocka_unit_test(no_chunks),
		cmocka_unit_test(encodings),
		cmocka_unit_test(layers),
		cmocka_unit_test(connect_and_upgrade),
		cmocka_unit_test(uploads),
		cmocka_unit_test(downloads),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(many_headers),
		cmocka_unit_test(repeated_headers),
		cmocka_unit_test(windows),
		cmocka_unit_test(bodies_end_at_the_limit),
		cmocka_unit_test(a_short_body_is_shown_at_its_end),
		cmocka_unit_test(bombs),
		cmocka_unit_test(gap_in_a_body),
		cmocka_unit_test(gap_elsewhere),
		cmocka_unit_test(urilen),
		cmocka_unit_test(identified),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
