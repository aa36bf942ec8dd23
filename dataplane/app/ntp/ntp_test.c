#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ntp/ntp.h"

static void messages(void **state)
{
	static const struct {
		uint8_t first;
		size_t len;
		bool good, transaction;
	} table[] = {
		{0x23, 48, true, true},				    /* version 4, client */
		{0x1b, 48, true, true},				    /* version 3, client */
		{0x21, 48, true, true},				    /* symmetric active */
		{0x24, 48, true, false},			    /* server */
		{0x25, 48, true, false},			    /* broadcast */
		{0x23, 47, false, false}, {0x13, 48, false, false}, /* version 2 */
		{0x2b, 48, false, false}, {0x23, 68, true, true},   /* with a code */
		{0x23, 72, true, true},	  {0x23, 56, true, true},   /* an extension */
		{0x23, 60, false, false},			    /* one that is cut */
		{0x1b, 60, true, true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&ntp_proto, APP_UDP, 123);
		uint8_t data[80] = {table[i].first};

		data[51] = table[i].len == 60 ? 200 : 8;
		assert_int_equal(harness_identify(h, DIR_TS, SLICE(data, table[i].len)),
				 table[i].good ? APP_PROBE_YES : APP_PROBE_NO);
		assert_int_equal(harness_feed(h, DIR_TS, data, table[i].len), table[i].good);
		assert_int_equal(harness_live(h), table[i].transaction);
		harness_delete(h);
	}
}

static void malformed(void **state)
{
	struct harness *h = harness_new(&ntp_proto, APP_UDP, 123);
	uint8_t data[48] = {0x23};

	assert_true(harness_feed(h, DIR_TS, data, sizeof(data)));
	assert_false(harness_feed(h, DIR_TC, data, 20));
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed_data"));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(messages), cmocka_unit_test(malformed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
