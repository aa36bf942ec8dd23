#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/snmp/snmp.h"

/* get 1.3.6.1.2.1 of "public", version 2c */
#define VARS		      "\x30\x0b\x30\x09\x06\5\x2b\6\1\2\1\5\0"
#define GET		      "\x30\x23\2\1\1\4\6public\xa0\x16\2\1\7\2\1\0\2\1\0" VARS
#define V3_HEAD(flags, model) "\x30\x0d\2\1\1\2\2\5\xdc\4\1" flags "\2\1" model
#define USM		      "\4\x16\x30\x14\4\1\x80\2\1\0\2\1\0\4\5admin\4\0\4\0"
#define SCOPED		      "\x30\x1c\4\0\4\0\xa0\x16\2\1\7\2\1\0\2\1\0" VARS

struct row {
	const char *name;
	const char *bytes;
	size_t len;
	const char *eve; /* NULL = malformed */
	const char *event;
};

#define ROW(name, bytes, eve, event)                                                               \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, eve, event                                         \
	}

static const struct row rows[] = {
	ROW("version 2", GET,
	    "{\"version\":2,\"pdu_type\":\"get_request\",\"vars\":[\"1.3.6.1.2.1\"],"
	    "\"community\":\"public\"}",
	    NULL),
	ROW("version 1, nothing asked", "\x30\x18\2\1\0\4\6public\xa1\x0b\2\1\7\2\1\0\2\1\0\x30\0",
	    "{\"version\":1,\"pdu_type\":\"get_next_request\",\"community\":\"public\"}", NULL),
	ROW("trap of version 1",
	    "\x30\x2a\2\1\0\4\6public\xa4\x1d\6\4\x2b\6\1\4\x40\4\x0a\0\0\1\2\1\6\2\1\1\x43\1\5"
	    "\x30\x06\x30\x04\6\0\5\0",
	    "\"pdu_type\":\"trap_v1\",\"vars\":[\"\"]", NULL),
	ROW("version 3 in clear", "\x30\x48\2\1\3" V3_HEAD("\4", "\3") USM SCOPED,
	    "\"pdu_type\":\"get_request\",\"vars\":[\"1.3.6.1.2.1\"],\"usm\":\"admin\"}", NULL),
	ROW("version 3 encrypted", "\x30\x2f\2\1\3" V3_HEAD("\7", "\3") USM "\4\3xyz",
	    "{\"version\":3,\"pdu_type\":\"encrypted\"}", NULL),
	ROW("another security", "\x30\x1a\2\1\3" V3_HEAD("\7", "\4") "\4\1x\4\3xyz",
	    "{\"version\":3,\"pdu_type\":\"encrypted\"}", "unknown_security_model"),
	ROW("nobody knows version 4", "\x30\x0c\2\1\4\4\1x\4\1x\4\1x", NULL, NULL),
	ROW("bulk in version 1", "\x30\x18\2\1\0\4\6public\xa5\x0b\2\1\7\2\1\0\2\1\0\x30\0", NULL,
	    NULL),
	ROW("PDU of no kind", "\x30\x18\2\1\1\4\6public\xa9\x0b\2\1\7\2\1\0\2\1\0\x30\0", NULL,
	    NULL),
	ROW("community of no text", "\x30\x14\2\1\1\4\2\xff\xfe\xa0\x0b\2\1\7\2\1\0\2\1\0\x30\0",
	    NULL, NULL),
};

static void messages(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct harness *h = harness_new(&snmp_proto, APP_UDP, 161);
		const struct app_tx *tx;

		if (harness_feed(h, DIR_TS, row->bytes, row->len) != (row->eve != NULL))
			fail_msg("%s", row->name);
		tx = harness_tx(h, 0);
		if (row->eve && !strstr(harness_eve(h, tx, 0), row->eve))
			fail_msg("%s: %s", row->name, harness_eve(h, tx, 0));
		if (row->event && !harness_has_event(h, tx, row->event))
			fail_msg("%s: no event", row->name);
		harness_touch(h);
		harness_delete(h);
	}
}

/* No cut message is one. */
static void cuts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t len = 0; rows[i].eve && len < rows[i].len; len++) {
			struct harness *h = harness_new(&snmp_proto, APP_UDP, 161);

			if (harness_feed(h, DIR_TS, rows[i].bytes, len))
				fail_msg("%s, %zu bytes", rows[i].name, len);
			assert_int_not_equal(harness_identify(h, DIR_TS, SLICE(rows[i].bytes, len)),
					     APP_PROBE_YES);
			harness_delete(h);
		}
	}
}

static void rules(void **state)
{
	struct harness *h = harness_new(&snmp_proto, APP_UDP, 161);
	const struct app_tx *tx;

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT(GET)), APP_PROBE_YES);
	harness_feed(h, DIR_TS, GET, sizeof(GET) - 1);
	tx = harness_tx(h, 0);
	assert_int_equal(harness_keyword(h, tx, "snmp.version", DIR_TS, "2"), 1);
	assert_int_equal(harness_keyword(h, tx, "snmp.version", DIR_TS, ">2"), 0);
	assert_int_equal(harness_keyword(h, tx, "snmp.pdu_type", DIR_TS, "0"), 1);
	assert_int_equal(harness_keyword(h, tx, "snmp.pdu_type", DIR_TS, "2"), 0);
	assert_int_equal(harness_keyword(h, tx, "snmp.pdu_type", DIR_TS, "x"), -1);
	assert_int_equal(harness_buffer(h, tx, "snmp.community", DIR_TS, 0).len, 6);
	assert_null(harness_buffer(h, tx, "snmp.usm", DIR_TS, 0).data);
	/* Another version in the same flow, then something else. */
	harness_feed(h, DIR_TC, rows[1].bytes, rows[1].len);
	tx = harness_tx(h, 1);
	assert_true(harness_has_event(h, tx, "version_mismatch"));
	assert_int_equal(harness_keyword(h, tx, "snmp.version", DIR_TC, "2"), 1);
	assert_false(harness_feed(h, DIR_TS, "\x30\0", 2));
	assert_true(harness_has_event(h, tx, "malformed_data"));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(cuts),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
