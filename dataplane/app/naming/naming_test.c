/* Names from libndpi over crafted bytes; skipped where it is not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/app/naming/library.h"
#include "dataplane/app/naming/naming.h"
#include "dataplane/base/clock.h"

/* Where its headers are there, what library.h says of its structures is checked against them. */
#if __has_include(<ndpi/ndpi_main.h>)
#include <ndpi/ndpi_main.h>
#if NDPI_API_VERSION == 8668
_Static_assert(LIBRARY_API == NDPI_API_VERSION, "release");
_Static_assert(LIBRARY_FLOW_BYTES == sizeof(struct ndpi_flow_struct), "size of a flow");
_Static_assert(LIBRARY_RISK_OFFSET == offsetof(struct ndpi_flow_struct, risk), "place of risk");
_Static_assert(sizeof(struct library_answer) == sizeof(ndpi_protocol), "answer");
_Static_assert(offsetof(struct library_answer, category) == offsetof(ndpi_protocol, category),
	       "answer's category");
_Static_assert(sizeof(struct library_bits) == sizeof(NDPI_PROTOCOL_BITMASK), "bits");
_Static_assert((int)LIBRARY_RISKS == (int)NDPI_MAX_RISK, "risks");
#endif
#endif

struct rig {
	struct slab *slab;
	struct naming *n;
};

static struct rig rig_of(size_t memory, const char *const *only)
{
	struct rig r = {.slab = slab_new(memory)};
	const char *why;

	r.n = naming_new(r.slab, true, only, &why);
	if (!r.n) {
		print_message("%s\n", why);
		slab_delete(r.slab);
		skip();
	}
	assert_null(why);
	return r;
}

static struct rig rig_new(size_t memory)
{
	return rig_of(memory, NULL);
}

static void rig_delete(struct rig *r)
{
	naming_delete(r->n);
	assert_int_equal(slab_used(r->slab), 0);
	slab_delete(r->slab);
}

struct row {
	const char *what;
	uint8_t ip_proto;
	uint16_t port;
	bool v6;
	struct {
		enum dir dir;
		struct slice bytes;
	} piece[4];
	const char *name, *category; /* NULL: none */
	uint8_t host;		     /* last byte of the server's address */
};

#define PIECE(dir, text)                                                                           \
	{                                                                                          \
		dir, SLICE_LIT(text)                                                               \
	}

static const struct row rows[] = {
	{"BitTorrent's handshake",
	 IP_PROTO_TCP,
	 51413,
	 false,
	 {PIECE(DIR_TS,
		"\x13"
		"BitTorrent protocol\0\0\0\0\0\x10\0\5abcdefghijklmnopqrst-TR2940-0123456789ab")},
	 "BitTorrent",
	 "Download"},
	{"the same over IPv6",
	 IP_PROTO_TCP,
	 51413,
	 true,
	 {PIECE(DIR_TS,
		"\x13"
		"BitTorrent protocol\0\0\0\0\0\x10\0\5abcdefghijklmnopqrst-TR2940-0123456789ab")},
	 "BitTorrent",
	 "Download"},
	{"a miner's log-in",
	 IP_PROTO_TCP,
	 3333,
	 false,
	 {PIECE(DIR_TS,
		"{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"mining.subscribe\",\"params\":[]}\n"),
	  PIECE(DIR_TC, "{\"id\":1,\"result\":[[[\"mining.set_difficulty\",\"1\"]],\"08\",4],"
			"\"error\":null}\n")},
	 "Mining",
	 "Mining"},
	{"STUN",
	 IP_PROTO_UDP,
	 3478,
	 false,
	 {PIECE(DIR_TS, "\0\1\0\0\x21\x12\xa4\x42"
			"abcdefghijkl")},
	 "STUN",
	 "Network",
	 8},
	{"a host that was mined at",
	 IP_PROTO_UDP,
	 3478,
	 false,
	 {PIECE(DIR_TS, "\0\1\0\0\x21\x12\xa4\x42"
			"abcdefghijkl")},
	 "Mining",
	 "Unspecified",
	 7},
	{"nothing in particular",
	 IP_PROTO_TCP,
	 4711,
	 false,
	 {PIECE(DIR_TS, "hello, whoever you are\n"), PIECE(DIR_TC, "who is it\n"),
	  PIECE(DIR_TS, "no one\n")},
	 NULL,
	 NULL,
	 9},
};

static struct app_tuple tuple_of(const struct row *row)
{
	struct app_tuple t = {.port = {40000, row->port}, .ip_proto = row->ip_proto};
	static const char *const text[2][2] = {{"10.0.0.1", "192.0.2.7"},
					       {"2001:db8::1", "2001:db8::7"}};

	for (unsigned d = 0; d < 2; d++)
		assert_int_equal(ip_addr_parse(text[row->v6][d], &t.addr[d]), 0);
	t.addr[DIR_TC].bytes[15] = row->host ? row->host : 7;
	t.addr[DIR_TS].bytes[15] = t.addr[DIR_TC].bytes[15];
	return t;
}

static struct traffic *name_row(struct rig *r, const struct row *row)
{
	struct app_tuple tuple = tuple_of(row);
	struct naming_flow *flow;
	struct traffic *name = NULL;

	assert_non_null(naming_begin(r->n, 0, &flow));
	for (unsigned i = 0; i < ARRAY_SIZE(row->piece) && row->piece[i].bytes.len; i++) {
		if (naming_bytes(r->n, flow, &tuple, row->piece[i].dir, row->piece[i].bytes,
				 1000000000, &name)) {
			assert_null(flow);
			return name;
		}
	}
	name = naming_end(r->n, flow);
	assert_null(flow);
	return name;
}

static void names(void **state)
{
	struct rig r = rig_new(16 << 20);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct traffic *name = name_row(&r, &rows[i]);

		print_message("%s: %s, %s\n", rows[i].what, name ? name->name : "-",
			      name ? name->category : "-");
		assert_int_equal(!!name, !!rows[i].name);
		if (name) {
			assert_string_equal(name->name, rows[i].name);
			assert_string_equal(name->category, rows[i].category);
		}
		slab_free(r.slab, name, sizeof(*name));
	}
	assert_int_equal(naming_counts(r.n)[NAMING_NAMED] + naming_counts(r.n)[NAMING_UNKNOWN],
			 ARRAY_SIZE(rows));
	rig_delete(&r);
}

/* However many flows there are, the newest LIMIT_NAMING_FLOWS are kept. */
static void many_flows(void **state)
{
	struct rig r = rig_new(64 << 20);
	struct app_tuple tuple = tuple_of(&rows[4]);
	enum { FLOWS = LIMIT_NAMING_FLOWS + 100 };
	struct naming_flow **flows = calloc(FLOWS, sizeof(*flows));
	struct traffic *name;
	size_t before;

	assert_non_null(flows);
	for (unsigned i = 0; i < FLOWS; i++) {
		assert_non_null(naming_begin(r.n, 0, &flows[i]));
		naming_bytes(r.n, flows[i], &tuple, DIR_TS, SLICE_LIT("hello there\n"), 0, &name);
	}
	assert_int_equal(naming_counts(r.n)[NAMING_OLDEST], 100);
	assert_null(flows[99]);
	assert_non_null(flows[100]);
	before = slab_used(r.slab);
	naming_drop(r.n, flows[200]); /* out of the middle */
	assert_null(flows[200]);
	assert_true(slab_used(r.slab) < before);
	rig_delete(&r);
	free(flows);
}

/* A second has so many pieces, the next one again. */
static void a_flood(void **state)
{
	struct rig r = rig_new(16 << 20);
	struct app_tuple tuple = tuple_of(&rows[5]);
	struct naming_flow *flow;
	struct traffic *name;

	for (unsigned i = 0; i < LIMIT_NAMING_RATE; i++) {
		assert_non_null(naming_begin(r.n, NS_PER_SEC, &flow));
		naming_bytes(r.n, flow, &tuple, DIR_TS, SLICE_LIT("hello"), NS_PER_SEC, &name);
		naming_drop(r.n, flow);
	}
	assert_null(naming_begin(r.n, NS_PER_SEC + NS_PER_SEC / 2, &flow));
	assert_int_equal(naming_counts(r.n)[NAMING_BUSY], 1);
	assert_non_null(naming_begin(r.n, 2 * NS_PER_SEC, &flow));
	assert_int_equal(naming_counts(r.n)[NAMING_PACKETS], LIMIT_NAMING_RATE);
	rig_delete(&r);
}

/* Whichever request for memory is the first to be refused, and whatever the bytes are: it goes on.
 */
static void no_memory(void **state)
{
	struct slice request = SLICE_LIT("GET /a/b HTTP/1.1\r\nHost: example.org\r\nUser-Agent: "
					 "x\r\nX-Forwarded-For: 10.1.1.1\r\n\r\n");
	struct slice reply = SLICE_LIT("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
				       "Server: nginx\r\nContent-Length: 4\r\n\r\nabcd");

	for (size_t memory = 0; memory < 64; memory++) {
		struct rig r = rig_new((4 << 10) + memory * 256);
		struct app_tuple tuple = tuple_of(&rows[0]);
		struct naming_flow *flow;
		struct traffic *name = NULL;

		if (naming_begin(r.n, 0, &flow)) {
			bool over = naming_bytes(r.n, flow, &tuple, DIR_TS, request, 0, &name);

			over = over || naming_bytes(r.n, flow, &tuple, DIR_TC, reply, 0, &name);
			if (!over)
				name = naming_end(r.n, flow);
			slab_free(r.slab, name, sizeof(*name));
		}
		rig_delete(&r);
	}
}

/* Bytes at random, behind the starts that its parsers look for. */
static void hostile(void **state)
{
	static const struct slice starts[] = {SLICE_LIT("\x16\x03\x01\x02\0\1\0\1\xfc\3\3"),
					      SLICE_LIT("\x13"
							"BitTorrent protocol"),
					      SLICE_LIT("d1:ad2:id20:"),
					      SLICE_LIT("\0\1\0\x40\x21\x12\xa4\x42"),
					      SLICE_LIT("GET /"),
					      SLICE_LIT("\xff"
							"SMB"),
					      SLICE_LIT("\xc3\0\0\0\1\x08"),
					      SLICE_LIT("\x12\x01\0\x40\0\0"),
					      SLICE_LIT("SSH-2.0-"),
					      SLICE_LIT("\x30\x82\1\1\2\1\1"),
					      SLICE_LIT("")};
	struct rig r = rig_new(16 << 20);
	uint64_t seed = 1;
	uint8_t bytes[NAMING_PIECE];

	for (unsigned i = 0; i < 20000; i++) {
		struct row row = {.ip_proto = i & 1 ? IP_PROTO_TCP : IP_PROTO_UDP, .v6 = i & 2};
		static const uint16_t ports[] = {443, 53,   51413, 3478, 80,
						 445, 1433, 88,	   6881, 161};
		struct slice start = starts[i % ARRAY_SIZE(starts)];
		struct naming_flow *flow;
		struct traffic *name = NULL;
		struct app_tuple tuple;
		bool over = false;

		row.port = ports[i / 7 % ARRAY_SIZE(ports)];
		tuple = tuple_of(&row);
		assert_non_null(naming_begin(r.n, i * 1000000ull, &flow));
		for (unsigned k = 0; k < LIMIT_NAMING_PACKETS && !over; k++) {
			size_t len;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			len = start.len + (seed >> 33) % (sizeof(bytes) - 64);
			for (size_t b = 0; b < len; b++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				bytes[b] = seed >> 60 < 4 ? 0 : (uint8_t)(seed >> 40);
			}
			memcpy(bytes, start.data, start.len);
			over = naming_bytes(r.n, flow, &tuple, k & 1 ? DIR_TC : DIR_TS,
					    SLICE(bytes, len), i * 1000000ull, &name);
		}
		if (!over)
			name = naming_end(r.n, flow);
		slab_free(r.slab, name, sizeof(*name));
	}
	print_message("%llu bytes held, %llu refused\n", (unsigned long long)naming_memory(r.n),
		      (unsigned long long)naming_counts(r.n)[NAMING_MEMORY]);
	assert_true(naming_memory(r.n) <= LIMIT_NAMING_MEMORY);
	rig_delete(&r);
}

static uint64_t drawn(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Beginnings at which the library's dissectors look on, and lengths at which they do. */
static size_t make_piece(uint64_t *seed, uint8_t bytes[NAMING_PIECE])
{
	static const struct slice starts[] = {
		SLICE_LIT("\x13"
			  "BitTorrent protocol"),
		SLICE_LIT("d1:ad2:id20:"),
		SLICE_LIT("d1:rd2:id20:"),
		SLICE_LIT("BT-SEARCH * HTTP/1.1\r\n"),
		SLICE_LIT(
			"GET /a?info_hash=%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41%41"),
		SLICE_LIT("POST /gnutella/ HTTP/1.1\r\nUser-Agent: Azureus 1\r\n\r\n"),
		SLICE_LIT("\x41\0\1\2\0\0\0\0\0\0\0\0\0\0\x10\0\0\1\0\0"),
		SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: Shareaza 2\r\nX-Queue: 1\r\n"
			  "Accept: application n/x-gnutella-packets, and more of it\r\n\r\n"),
		SLICE_LIT("GET / HTTP/1.1\r\nUser-Agent: BearShare Lite 5.2 and so on and "
			  "on\r\n\r\n"),
		SLICE_LIT("GET / HTTP/1.1\r\nHost: ip2p.com:80 and so on and on and on and "
			  "on\r\n\r\n"),
		SLICE_LIT(
			"GET /x HTTP/1.1\r\nHost: abcdefgh\r\nAccept: */*\r\nReferer: http://a/\r\n"
			"User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows)\r\n"
			"Connection: Keep-Alive\r\n\r\n"),
		SLICE_LIT("GET /get/1/a HTTP/1.1\r\nX-Queue: 0.1\r\nUser-Agent: Gnutella\r\n\r\n"),
		SLICE_LIT("\x60\0\0\0\0"),
		SLICE_LIT("GNUTELLA/0.6 200 OK"),
		SLICE_LIT("GND\3\1\1"),
		SLICE_LIT("HEAD /gnutella/push-proxy?"),
		SLICE_LIT("GIV 1\n\n"),
		SLICE_LIT("$Lock EXTENDED|"),
		SLICE_LIT("$MyNick a|"),
		SLICE_LIT("HSUP ADBAS0 x"),
		SLICE_LIT("CSUP ADBASE x"),
		SLICE_LIT("\xe3\1\0\0"),
		SLICE_LIT("\xc5\x90"),
		SLICE_LIT("\xe4\x20"),
		SLICE_LIT("\xe5\x43"),
		SLICE_LIT("\x17\x24\x0a\x20"),
		SLICE_LIT("\0\1\2\3\4\5\6\7\x08\x09\x0a\x17\x24\1"),
		SLICE_LIT("{\"id\":1,\"method\":\"x\"}"),
		SLICE_LIT("{\"worker\": \"eth1.0\"}"),
		SLICE_LIT("a{ \"blob\":1}"),
		SLICE_LIT("\xf9\xbe\xb4\xd9version"),
		SLICE_LIT("\4\4\4\4"),
		SLICE_LIT("x:info_hash20:xxxxxxxxxxxxxxxx"),
		SLICE_LIT("xxxxxxxxxxxxxxxxxxxxxxBitTorrent protocol"),
		SLICE_LIT("hello"),
		SLICE_LIT("\x13"),
		SLICE_LIT("\x4c\0\0\0\xff\xff\xff\xff\x57\0\0\0")};
	static const uint16_t lengths[] = {1,  2,  6,  11,  18,	 22,  23,  27,	32,  33,  34,  35,
					   37, 38, 46, 48,  73,	 75,  80,  96,	119, 225, 269, 301,
					   40, 64, 99, 200, 294, 400, 523, 529, 700, 1399};
	struct slice start = starts[drawn(seed) % ARRAY_SIZE(starts)];
	size_t len = lengths[drawn(seed) % ARRAY_SIZE(lengths)];
	bool zeros = drawn(seed) & 1, exact = drawn(seed) & 1;

	for (size_t b = 0; b < len; b++)
		bytes[b] = zeros ? 0 : (uint8_t)drawn(seed);
	memcpy(bytes, start.data, start.len < len || exact ? start.len : len);
	return exact ? start.len : len;
}

static const char *const few[] = {"Mining",   "BitTorrent", "eDonkey",	     "Gnutella",
				  "Soulseek", "TeamViewer", "DirectConnect", NULL};

static bool among_few(const struct traffic *name)
{
	for (unsigned i = 0; name && few[i]; i++) {
		if (strcmp(few[i], name->name) == 0)
			return true;
	}
	return false;
}

/* One flow of pieces at random: named by the library, or begins like nothing that it names. */
static void one_flow(struct rig *r, struct app_tuple *tuple, uint64_t *seed, unsigned ret_counts[2])
{
	enum naming_look look = NAMING_LOOK_WAIT;
	uint8_t bytes[NAMING_PIECE];
	struct naming_flow *flow;
	struct traffic *name = NULL;
	bool over = false;

	assert_non_null(naming_begin(r->n, 0, &flow));
	for (unsigned k = 0; k < LIMIT_NAMING_PACKETS && !over; k++) {
		enum dir dir = drawn(seed) & 1 ? DIR_TC : DIR_TS;
		struct slice piece = SLICE(bytes, make_piece(seed, bytes));

		if (look == NAMING_LOOK_WAIT)
			look = naming_worth(r->n, tuple, dir, piece, k, 0);
		over = naming_bytes(r->n, flow, tuple, dir, piece, 0, &name);
	}
	if (!over)
		name = naming_end(r->n, flow);
	if (among_few(name) && look != NAMING_LOOK_SHOW)
		fail_msg("%s was not looked for", name->name);
	ret_counts[0] += among_few(name);
	ret_counts[1] += look == NAMING_LOOK_UNLIKE;
	slab_free(r->slab, name, sizeof(*name));
}

/* Whatever the library names, it would have been shown: only the first three pieces count, and of
 * TCP the first. */
static void nothing_is_missed(void **state)
{
	static const uint16_t ports[] = {30303, 30301, 8333, 6881, 5938, 80,   1023,
					 3478,	4662,  3544, 1024, 411,	 20000};
	enum { RIGS = 25, FLOWS = 1000 };
	unsigned counts[2] = {0};
	uint64_t seed = 7;

	for (unsigned n = 0; n < RIGS; n++) {
		struct rig r = rig_of(16 << 20, few);

		for (unsigned i = 0; i < FLOWS; i++) {
			struct row row = {.ip_proto = i & 1 ? IP_PROTO_TCP : IP_PROTO_UDP,
					  .port = ports[drawn(&seed) % ARRAY_SIZE(ports)],
					  .v6 = drawn(&seed) % 8 == 0};
			struct app_tuple tuple = tuple_of(&row);

			tuple.port[0] = (uint16_t)(1 + drawn(&seed) % 65535);
			for (unsigned d = 0; d < 2; d++) { /* hosts of their own */
				tuple.addr[d].bytes[12] = (uint8_t)(20 + 100 * d);
				tuple.addr[d].bytes[14] = (uint8_t)drawn(&seed);
				tuple.addr[d].bytes[15] = (uint8_t)drawn(&seed);
			}
			one_flow(&r, &tuple, &seed, counts);
		}
		rig_delete(&r);
	}
	print_message("%u named, %u unlike\n", counts[0], counts[1]);
	assert_true(counts[0] > 3000 && counts[1] > 1000);
}

/* What goes to a host where the library saw mining is shown, whatever it is. */
static void hosts_are_remembered(void **state)
{
	static const char *const only[] = {"Mining", NULL};
	struct rig r = rig_of(16 << 20, only);
	struct slice other = SLICE_LIT("nothing of that kind");
	struct app_tuple there = tuple_of(&rows[2]), elsewhere = tuple_of(&rows[2]);
	struct traffic *name;

	there.port[0] = there.port[1] = 2000;
	elsewhere.addr[DIR_TC].bytes[15] = 77;
	elsewhere.port[0] = 3000;
	assert_int_equal(naming_worth(r.n, &there, DIR_TS, other, 0, 0), NAMING_LOOK_UNLIKE);
	name = name_row(&r, &rows[2]);
	assert_string_equal(name->name, "Mining");
	slab_free(r.slab, name, sizeof(*name));
	assert_int_equal(naming_worth(r.n, &there, DIR_TS, other, 0, 0), NAMING_LOOK_SHOW);
	assert_int_equal(naming_worth(r.n, &elsewhere, DIR_TS, other, 0, 0), NAMING_LOOK_UNLIKE);
	assert_int_equal(naming_counts(r.n)[NAMING_UNLIKE], 2);
	rig_delete(&r);
}

/* LeakSanitizer asks: libndpi 4.2 itself keeps some kilobytes at its end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libndpi.so\n";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(many_flows),
		cmocka_unit_test(a_flood),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(hostile),
		cmocka_unit_test(nothing_is_missed),
		cmocka_unit_test(hosts_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
