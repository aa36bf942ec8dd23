/* Names from libndpi over crafted bytes; skipped where it is not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

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

static struct rig rig_new(size_t memory)
{
	struct rig r = {.slab = slab_new(memory)};
	const char *why;

	r.n = naming_new(r.slab, true, NULL, &why);
	if (!r.n) {
		print_message("%s\n", why);
		slab_delete(r.slab);
		skip();
	}
	assert_null(why);
	return r;
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

/* LeakSanitizer asks: libndpi 4.2 itself keeps some kilobytes at its end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libndpi.so\n";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),   cmocka_unit_test(many_flows),
		cmocka_unit_test(a_flood), cmocka_unit_test(no_memory),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
