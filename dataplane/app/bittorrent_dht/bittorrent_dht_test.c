#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/bittorrent_dht/bittorrent_dht.h"
#include "dataplane/app/harness/harness.h"

#define ID "2:id20:abcdefghij0123456789"

static void packets(void **state)
{
	static const struct {
		const char *bytes, *part; /* NULL: malformed */
		size_t len;
	} table[] = {
#define CASE(bytes, part) {bytes, part, sizeof(bytes) - 1}
		CASE("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:qe",
		     "\"bittorrent_dht\":{\"transaction_id\":\"6161\",\"request_type\":\"ping\","
		     "\"request\":{\"id\":\"6162636465666768696a30313233343536373839\"}}"),
		CASE("d1:ad" ID "12:implied_porti1e9:info_hash2:hh4:porti6881e5:token2:tte1:q13:"
		     "announce_peer1:t1:x1:v2:LT1:y1:qe",
		     "\"client_version\":\"4c54\",\"request_type\":\"announce_peer\",\"request\":"
		     "{\"id\":\"6162636465666768696a30313233343536373839\",\"info_hash\":\"6868\","
		     "\"token\":\"7474\",\"implied_port\":1,\"port\":6881}"),
		CASE("d1:rd" ID "5:nodes26:ABCDEFGHIJ0123456789\1\2\3\4\x1a\xe1"
		     "e1:t1:x1:y1:re",
		     "\"nodes\":[{\"id\":\"4142434445464748494a30313233343536373839\",\"ip\":"
		     "\"1.2.3.4\",\"port\":6881}]"),
		CASE("d1:rd" ID "5:token1:k6:valuesl6:\1\2\3\4\0\x50"
		     "6:\5\6\7\x08\0\x51"
		     "ee1:t1:x1:y1:re",
		     "\"values\":[{\"ip\":\"1.2.3.4\",\"port\":80},{\"ip\":\"5.6.7.8\",\"port\":81}"
		     "]"
		     ",\"token\":\"6b\""),
		CASE("d1:eli201e4:oopse1:t1:x1:y1:ee", "\"error\":{\"num\":201,\"msg\":\"oops\"}"),
		CASE("d1:ad" ID "e1:q4:ping1:t2:aae", NULL), /* no type */
		CASE("d1:ad" ID "e1:q4:ping1:y1:qe", NULL),  /* no transaction */
		CASE("d1:ade1:q4:ping1:t2:aa1:y1:qe", NULL), /* no id */
		CASE("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:ze", NULL),
		CASE("d1:ad" ID "e1:q4:ping1:t2:aa1:y1:q", NULL), /* cut */
		CASE("d1:ad" ID "e1:q4:ping1:t99:aa1:y1:qe", NULL),
		CASE("d1:ad" ID "4:porti99999ee1:q4:ping1:t2:aa1:y1:qe", NULL),
		CASE("d1:ad" ID "4:porti07ee1:q4:ping1:t2:aa1:y1:qe", NULL),
		CASE("d1:ad" ID "e1:y1:q1:t2:aa1:q4:pinge", NULL), /* keys out of order */
		CASE("d1:adl4:deepllllllee", NULL),
		CASE("d1:eli201ee1:t1:x1:y1:ee", NULL),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&bittorrent_dht_proto, APP_UDP, 6881);
		bool good = harness_feed(h, DIR_TS, table[i].bytes, table[i].len);
		const char *eve = harness_eve(h, harness_tx(h, 0), 0);

		assert_int_equal(good, table[i].part != NULL);
		assert_int_equal(harness_has_event(h, harness_tx(h, 0), "malformed_packet"), !good);
		if (table[i].part && !strstr(eve, table[i].part))
			fail_msg("%s is not in %s", table[i].part, eve);
		harness_delete(h);
	}
}

static void others(void **state)
{
	struct harness *h = harness_new(&bittorrent_dht_proto, APP_UDP, 6881);

	assert_true(harness_feed(h, DIR_TS, "something else", 14));
	assert_int_equal(harness_live(h), 0);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("d1:ad" ID)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("d1:rd" ID)), APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(packets), cmocka_unit_test(others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
