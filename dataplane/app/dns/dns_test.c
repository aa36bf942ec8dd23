#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/dns/dns.h"
#include "dataplane/app/harness/harness.h"

#define HEADER(flags, q, a, n) "\x12\x34" flags "\0" q "\0" a "\0" n "\0\0"
#define WWW		       "\3www\7example\3com\0"
#define A_IN		       "\0\1\0\1"
#define RR_A		       "\xc0\x0c\0\1\0\1\0\0\0\x3c"

struct dns_case {
	const char *name;
	enum dir dir;
	const char *bytes;
	size_t len;
	const char *query; /* dns.query 0; NULL = no transaction */
	const char *events[4];
	const char *eve[4]; /* parts of the record */
};

#define CASE(n, d, b, ...)                                                                         \
	{                                                                                          \
		.name = n, .dir = d, .bytes = b, .len = sizeof(b) - 1, __VA_ARGS__                 \
	}

static const struct dns_case cases[] = {
	CASE("a query", DIR_TS, HEADER("\1\0", "\1", "\0", "\0") WWW A_IN,
	     .query = "www.example.com",
	     .eve = {"\"dns\":{\"version\":2,\"type\":\"query\",\"id\":4660,"
		     "\"rrname\":\"www.example.com\",\"rrtype\":\"A\",\"tx_id\":0,\"opcode\":0}"}),
	CASE("a query with Z and a strange opcode", DIR_TS,
	     HEADER("\x40\x40", "\1", "\0", "\0") "\0\0\x1c\0\1", .query = "",
	     .events = {"z_flag_set", "invalid_opcode"},
	     .eve = {"\"rrname\":\"\",\"rrtype\":\"AAAA\"", "\"z\":true,\"opcode\":8"}),
	CASE("bytes that are no text", DIR_TS,
	     HEADER("\1\0", "\1", "\0", "\0") "\3a\xff\"\0\0\x41\0\1", .query = "a\xff\"",
	     .eve = {"\"rrname\":\"a\\\\xff\\\"\",\"rrtype\":\"HTTPS\""}),
	CASE("an address", DIR_TC,
	     HEADER("\x81\x80", "\1", "\1", "\0") WWW A_IN RR_A "\0\4\x0a\1\2\3", .query = "-",
	     .eve = {"\"type\":\"answer\",\"id\":4660,\"flags\":\"8180\",\"qr\":true,\"rd\":true,"
		     "\"ra\":true,\"opcode\":0,\"rrname\":\"www.example.com\",\"rrtype\":\"A\","
		     "\"rcode\":\"NOERROR\",\"answers\":[{\"rrname\":\"www.example.com\","
		     "\"rrtype\":\"A\",\"ttl\":60,\"rdata\":\"10.1.2.3\"}],"
		     "\"grouped\":{\"A\":[\"10.1.2.3\"]}}"}),
	CASE("no such name, with the zone's SOA", DIR_TC,
	     HEADER("\x81\x83", "\1", "\0", "\1") WWW A_IN
	     "\xc0\x10\0\6\0\1\0\0\0\5\0\x1e\2ns\xc0\x10\2me\xc0\x10"
	     "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5",
	     .query = "-",
	     .eve = {"\"rcode\":\"NXDOMAIN\",\"authorities\":[{\"rrname\":\"example.com\"",
		     "\"soa\":{\"mname\":\"ns.example.com\",\"rname\":\"me.example.com\","
		     "\"serial\":1,\"refresh\":2,\"retry\":3,\"expire\":4,\"minimum\":5}"}),
	CASE("text in pieces, the last too long", DIR_TC,
	     HEADER("\x81\x80", "\1", "\1", "\0") WWW "\0\x10\0\1\xc0\x0c\0\x10\0\1\0\0\0\1\0\x09"
						      "\3abc\0\1d\7e",
	     .query = "-",
	     .eve = {"{\"rrname\":\"www.example.com\",\"rrtype\":\"TXT\",\"ttl\":1,"
		     "\"rdata\":\"abc\"}",
		     "\"grouped\":{\"TXT\":[\"abc\",\"\",\"d\"]}"}),
	CASE("an IPv6 address and a service", DIR_TC,
	     HEADER("\x81\x80", "\1", "\2", "\0") WWW A_IN
	     "\xc0\x0c\0\x1c\0\1\0\0\0\1\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	     "\xc0\x0c\0\x21\0\1\0\0\0\1\0\x08\0\1\0\2\0\x50\xc0\x10",
	     .query = "-",
	     .eve = {"\"rdata\":\"2001:0db8:0000:0000:0000:0000:0000:0001\"",
		     "\"srv\":{\"priority\":1,\"weight\":2,\"port\":80,\"name\":\"example.com\"}",
		     "\"SRV\":[{\"priority\":1"}),
	CASE("a response that says it is a query", DIR_TC,
	     HEADER("\1\0", "\1", "\0", "\0") WWW A_IN, .query = "-", .events = {"not_response"}),
	CASE("a pointer to itself behind a pointer", DIR_TS,
	     HEADER("\1\0", "\1", "\0", "\0") "\xc0\x0e\xc0\x0e\0\1\0\1", .query = "",
	     .events = {"infinite_loop"}),
	CASE("two pointers to each other", DIR_TS,
	     HEADER("\1\0", "\1", "\0", "\0") "\1a\xc0\x12\1b\xc0\x0c\0\1\0\1", .query = "+",
	     .events = {"too_many_labels", "name_too_long"}, .eve = {"\"rrname_truncated\":true"}),
	CASE("a pointer to itself", DIR_TS, HEADER("\1\0", "\1", "\0", "\0") "\xc0\x0c" A_IN),
	CASE("a pointer over the end", DIR_TS, HEADER("\1\0", "\1", "\0", "\0") "\1a\xc1\xff" A_IN),
	CASE("a label over the end", DIR_TS, HEADER("\1\0", "\1", "\0", "\0") "\x3f\1"),
	CASE("a label of an unknown kind", DIR_TS,
	     HEADER("\1\0", "\1", "\0", "\0") "\1a\x80\0" A_IN),
	CASE("more questions than bytes", DIR_TS, HEADER("\1\0", "\xff", "\0", "\0") WWW A_IN),
	CASE("a record without data", DIR_TC,
	     HEADER("\x81\x80", "\1", "\1", "\0") WWW A_IN RR_A "\0\0"),
	CASE("data over the end", DIR_TC,
	     HEADER("\x81\x80", "\1", "\1", "\0") WWW A_IN RR_A "\0\5\1\2\3\4"),
	CASE("a query with the response bit", DIR_TS, HEADER("\x81\0", "\1", "\0", "\0") WWW A_IN),
};

static void check(const struct harness *h, const struct dns_case *c)
{
	const struct app_tx *tx = harness_tx(h, 0);
	struct slice query;
	unsigned events = 0;

	assert_int_equal(tx != NULL, c->query != NULL);
	if (!tx)
		return;
	query = harness_buffer(h, tx, "dns.query", c->dir, 0);
	if (c->query[0] == '-')
		assert_null(query.data);
	else if (c->query[0] == '+')
		assert_int_equal(query.len, 2 * 86 - 1);
	else
		assert_true(slice_eq(query, slice_of(c->query)));
	for (; events < 4 && c->events[events]; events++)
		assert_true(harness_has_event(h, tx, c->events[events]));
	assert_int_equal(tx->event_count, events);
	for (unsigned i = 0; i < 4 && c->eve[i]; i++) {
		const char *eve = harness_eve(h, tx, 0);

		if (!eve || !strstr(eve, c->eve[i]))
			fail_msg("%s: %s in %s", c->name, c->eve[i], eve ? eve : "no record");
	}
}

static void datagrams(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct harness *h = harness_new(&dns_proto, APP_UDP, 53);

		assert_true(harness_feed(h, cases[i].dir, cases[i].bytes, cases[i].len));
		check(h, &cases[i]);
		harness_touch(h);
		harness_delete(h);
	}
}

/* Over TCP at every cut; a bad message ends the parser there. */
static void streams(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dns_case *c = &cases[i];
		uint8_t bytes[512] = {(uint8_t)(c->len >> 8), (uint8_t)c->len};

		memcpy(bytes + 2, c->bytes, c->len);
		for (size_t cut = 0; cut < c->len + 2; cut++) {
			struct harness *h = harness_new(&dns_proto, APP_TCP, 53);

			harness_feed(h, c->dir, bytes, cut);
			harness_feed(h, c->dir, bytes + cut, c->len + 2 - cut);
			assert_int_equal(h->failed, c->query == NULL);
			check(h, c);
			harness_delete(h);
		}
	}
}

static void malformed_marks_the_newest(void **state)
{
	static const uint8_t query[] = "\0\x21" HEADER("\1\0", "\1", "\0", "\0") WWW A_IN,
			     bad[] = "\0\x2d" HEADER("\x81\x80", "\1", "\1", "\0") WWW A_IN RR_A
			     "\0\0";
	struct harness *h = harness_new(&dns_proto, APP_TCP, 53);

	assert_true(harness_feed(h, DIR_TS, query, sizeof(query) - 1));
	assert_false(harness_feed(h, DIR_TC, bad, sizeof(bad) - 1));
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed_data"));
	harness_delete(h);
}

static void several_questions(void **state)
{
	static const uint8_t query[] =
		HEADER("\1\0", "\2", "\0", "\0") WWW A_IN "\1b\xc0\x10\0\2\0\1";
	struct harness *h = harness_new(&dns_proto, APP_UDP, 53);
	struct app_tx *tx;

	harness_feed(h, DIR_TS, query, sizeof(query) - 1);
	tx = harness_tx(h, 0);
	assert_true(slice_eq(harness_buffer(h, tx, "dns.query", DIR_TS, 1),
			     SLICE_LIT("b.example.com")));
	assert_null(harness_buffer(h, tx, "dns.query", DIR_TS, 2).data);
	assert_non_null(strstr(harness_eve(h, tx, 1), "\"rrname\":\"b.example.com\""));
	assert_null(harness_eve(h, tx, 2));
	assert_non_null(strstr(harness_eve_alert(h, tx), "\"dns\":{\"version\":2,\"query\":[{"));
	harness_delete(h);
}

static void opcodes(void **state)
{
	static const struct {
		const char *argument;
		int result;
	} table[] = {{"0", 1},	  {"1", 0},   {"!1", 1}, {" ! 0 ", 0}, {"255", 0},
		     {"256", -1}, {">1", -1}, {"", -1},	 {"!", -1},    {"1,2", -1}};
	static const uint8_t query[] = HEADER("\1\0", "\1", "\0", "\0") WWW A_IN;
	struct harness *h = harness_new(&dns_proto, APP_UDP, 53);

	harness_feed(h, DIR_TS, query, sizeof(query) - 1);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(harness_keyword(h, harness_tx(h, 0), "dns.opcode", DIR_TS,
						 table[i].argument),
				 table[i].result);
	harness_delete(h);
}

static void gap_finds_the_next_message(void **state)
{
	static const uint8_t query[] = "\0\x21" HEADER("\1\0", "\1", "\0", "\0") WWW A_IN;
	struct harness *h = harness_new(&dns_proto, APP_TCP, 53);

	assert_true(harness_feed(h, DIR_TS, query, 7));
	assert_true(harness_gap(h, DIR_TS, 26));
	assert_true(harness_feed(h, DIR_TS, "not a message at all", 20));
	assert_true(harness_feed(h, DIR_TS, query, sizeof(query) - 1));
	assert_non_null(harness_tx(h, 0));
	harness_delete(h);
}

/* Names that grow: each question points into a chain of long labels. Bounded in work and memory. */
static void absurd_names(void **state)
{
	static uint8_t bytes[65535];
	size_t n = DNS_HEADER, first;
	unsigned questions = 1;
	struct harness *h = harness_new(&dns_proto, APP_UDP, 53);

	bytes[2] = 1;
	for (unsigned i = 0; i < 20; i++, n += 64) {
		bytes[n] = 63;
		memset(bytes + n + 1, 'x', 63);
	}
	first = n;
	n += 5;
	for (; n + 6 <= sizeof(bytes); n += 6, questions++)
		memcpy(bytes + n, "\xc0\x0c\0\1\0\1", 6);
	assert_true(first < n);
	bytes[4] = (uint8_t)(questions >> 8);
	bytes[5] = (uint8_t)questions;
	harness_feed(h, DIR_TS, bytes, n);
	assert_null(harness_tx(h, 0));
	questions = 300;
	bytes[4] = (uint8_t)(questions >> 8);
	bytes[5] = (uint8_t)questions;
	harness_feed(h, DIR_TS, bytes, n);
	assert_non_null(harness_tx(h, 0));
	assert_true(harness_has_event(h, harness_tx(h, 0), "too_many_labels"));
	assert_true(harness_has_event(h, harness_tx(h, 0), "name_too_long"));
	assert_true(slab_used(h->io.slab) < 2 * DNS_NAMES_MAX);
	harness_touch(h);
	harness_delete(h);
}

static void identification(void **state)
{
	static const uint8_t query[] = HEADER("\1\0", "\1", "\0", "\0") WWW A_IN,
			     answer[] = HEADER("\x81\0", "\1", "\0", "\0") WWW A_IN,
			     framed[] = "\0\x21" HEADER("\1\0", "\1", "\0", "\0") WWW A_IN;
	struct harness *u = harness_new(&dns_proto, APP_UDP, 53),
		       *t = harness_new(&dns_proto, APP_TCP, 53);

	assert_int_equal(harness_identify(u, DIR_TS, SLICE(query, sizeof(query) - 1)),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(u, DIR_TC, SLICE(answer, sizeof(answer) - 1)),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(u, DIR_TS, SLICE(answer, sizeof(answer) - 1)),
			 APP_PROBE_REVERSED);
	assert_int_equal(harness_identify(u, DIR_TS, SLICE_LIT("GET / HTTP/1.1\r\n\r\n")),
			 APP_PROBE_NO);
	assert_int_equal(harness_identify(t, DIR_TS, SLICE(framed, sizeof(framed) - 1)),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(t, DIR_TS, SLICE(framed, 20)), APP_PROBE_YES);
	assert_int_equal(harness_identify(t, DIR_TS, SLICE(framed, 13)), APP_PROBE_NO);
	harness_delete(u);
	harness_delete(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams),
		cmocka_unit_test(streams),
		cmocka_unit_test(malformed_marks_the_newest),
		cmocka_unit_test(several_questions),
		cmocka_unit_test(opcodes),
		cmocka_unit_test(gap_finds_the_next_message),
		cmocka_unit_test(absurd_names),
		cmocka_unit_test(identification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
