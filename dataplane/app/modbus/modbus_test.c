#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/modbus/modbus.h"

static uint8_t out[300];

/* Unit 3. */
static size_t adu(uint16_t id, uint8_t function, const char *body, size_t len)
{
	const uint8_t head[] = {(uint8_t)(id >> 8), (uint8_t)id, 0,	  0, 0,
				(uint8_t)(len + 2), 3,		 function};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), body, len);
	return sizeof(head) + len;
}

#define SEND(h, dir, id, function, body)                                                           \
	harness_feed(h, dir, out, adu(id, function, body, sizeof(body) - 1))

static void assert_part(const char *eve, const char *part)
{
	assert_non_null(eve);
	if (!strstr(eve, part))
		fail_msg("%s is not in %s", part, eve);
}

static void transactions(void **state)
{
	struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);
	const struct app_tx *tx;

	SEND(h, DIR_TS, 1, 1, "\0\x0a\0\x09");
	SEND(h, DIR_TS, 2, 6, "\0\7\x12\x34");
	SEND(h, DIR_TC, 2, 6, "\0\7\x12\x34");
	SEND(h, DIR_TC, 1, 1, "\2\1\1");
	assert_int_equal(harness_live(h), 2);
	tx = harness_tx(h, 0);
	assert_int_equal(tx->event_count, 0);
	assert_int_equal(tx->progress[DIR_TC], MODBUS_COMPLETE);
	assert_part(harness_eve(h, tx, 0),
		    "\"modbus\":{\"id\":1,\"request\":{\"transaction_id\":1,\"protocol_id\":0,"
		    "\"unit_id\":3,\"function_raw\":1,\"function_code\":\"RdCoils\","
		    "\"access_type\":\"READ | COILS\",\"category\":\"PUBLIC_ASSIGNED\","
		    "\"error_flags\":\"NONE\",\"read\":{\"address\":10,\"quantity\":9}},"
		    "\"response\":");
	assert_part(harness_eve(h, harness_tx(h, 1), 0),
		    "\"WRITE | HOLDING | SINGLE | WRITE_SINGLE\"");
	harness_delete(h);
}

static void events(void **state)
{
	static const struct {
		enum dir dir;
		uint8_t function;
		const char *body;
		size_t len;
		const char *event; /* NULL = none */
	} table[] = {
#define CASE(dir, function, body, event) {dir, function, body, sizeof(body) - 1, event}
		CASE(DIR_TS, 1, "\0\1\x07\xd0", NULL),
		CASE(DIR_TS, 1, "\0\1\x07\xd1", "invalid_value"),
		CASE(DIR_TS, 3, "\0\1\0\x7e", "invalid_value"),
		CASE(DIR_TS, 3, "\0\1\0\0", "invalid_value"),
		CASE(DIR_TS, 3, "\0\1\0\1x", "invalid_length"),
		CASE(DIR_TS, 5, "\0\1\xff\0", NULL),
		CASE(DIR_TS, 5, "\0\1\0\1", "invalid_value"),
		CASE(DIR_TS, 7, "x", "invalid_length"),
		CASE(DIR_TS, 8, "\0\0\1\2", NULL),
		CASE(DIR_TS, 8, "\0\1\1\2", "invalid_value"),
		CASE(DIR_TS, 8, "\0\0\1\2\3", "invalid_length"),
		CASE(DIR_TS, 15, "\0\1\0\x0a\2\1\1", NULL),
		CASE(DIR_TS, 15, "\0\1\0\x0a\1\1", "invalid_value"),
		CASE(DIR_TS, 16, "\0\1\0\1\2\1\1", NULL),
		CASE(DIR_TS, 16, "\0\1\0\1\2\1", "invalid_value"),
		CASE(DIR_TS, 20, "", "invalid_length"),
		CASE(DIR_TS, 24, "abc", "invalid_length"),
		CASE(DIR_TS, 65, "user", NULL),
		CASE(DIR_TS, 0, "", "invalid_function_code"),
		CASE(DIR_TC, 3, "\2ab", "unsolicited_response"),
		CASE(DIR_TC, 3, "\3ab", "value_mismatch"),
		CASE(DIR_TC, 0x83, "\2", "unsolicited_response"),
		CASE(DIR_TC, 0x83, "\x63", "invalid_exception_code"),
		CASE(DIR_TC, 0x87, "\2", "unsolicited_response"),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);

		harness_feed(h, table[i].dir, out,
			     adu(1, table[i].function, table[i].body, table[i].len));
		assert_false(h->failed);
		if (table[i].event && !harness_has_event(h, harness_tx(h, 0), table[i].event))
			fail_msg("case %u: no %s", i, table[i].event);
		if (!table[i].event)
			assert_int_equal(harness_tx(h, 0)->event_count, 0);
		harness_delete(h);
	}
}

static void keyword(void **state)
{
	static const struct {
		uint8_t function;
		const char *body;
		size_t len;
		const char *argument;
		int want;
	} table[] = {
#define KEY(function, body, argument, want) {function, body, sizeof(body) - 1, argument, want}
		KEY(3, "\0\1\0\1", "unit 3", 1),
		KEY(3, "\0\1\0\1", "unit <3", 0),
		KEY(3, "\0\1\0\1", "unit >2, function 3", 1),
		KEY(3, "\0\1\0\1", "function 4", 0),
		KEY(3, "\0\1\0\1", "function assigned", 1),
		KEY(3, "\0\1\0\1", "function !assigned", 0),
		KEY(65, "", "function user", 1),
		KEY(90, "", "function reserved", 1),
		KEY(8, "\0\4\0\0", "function 8, subfunction 4", 1),
		KEY(8, "\0\4\0\0", "function 8, subfunction 5", 0),
		KEY(3, "\0\1\0\3", "access read holding", 1),
		KEY(3, "\0\1\0\3", "access read input", 0),
		KEY(3, "\0\1\0\3", "access write", 0),
		KEY(3, "\0\1\0\3", "access read, address 4", 1),
		KEY(3, "\0\1\0\3", "access read, address 5", 0),
		KEY(3, "\0\1\0\3", "access read, address 3<>9", 1),
		KEY(3, "\0\1\0\3", "access read holding, address >3", 1),
		KEY(6, "\0\7\x12\x34", "access write holding, address 8, value 4660", 1),
		KEY(6, "\0\7\x12\x34", "access write holding, address 8, value <4660", 0),
		KEY(5, "\0\7\xff\0", "access write coils, address 8, value 1", 1),
		KEY(16, "\0\2\0\2\4\0\1\0\2", "access write, address 4, value 2", 1),
		KEY(15, "\0\2\0\x0a\2\1\5", "access write coils, address 3, value 1", 1),
		KEY(15, "\0\2\0\x0a\2\1\5", "access write coils, address 4, value 1", 0),
		KEY(3, "\0\1\0\3", "access write, value 5", -1),
		KEY(3, "\0\1\0\3", "function 0", -1),
		KEY(3, "\0\1\0\3", "nonsense", -1),
		KEY(3, "\0\1\0\3", "access write discretes", -1),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);
		int got;

		harness_feed(h, DIR_TS, out,
			     adu(1, table[i].function, table[i].body, table[i].len));
		got = harness_keyword(h, harness_tx(h, 0), "modbus", DIR_TS, table[i].argument);
		if (got != table[i].want)
			fail_msg("%s: %d", table[i].argument, got);
		harness_delete(h);
	}
}

static void mismatch(void **state)
{
	struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);

	SEND(h, DIR_TS, 1, 6, "\0\7\x12\x34");
	SEND(h, DIR_TC, 1, 6, "\0\7\x12\x35");
	assert_true(harness_has_event(h, harness_tx(h, 0), "value_mismatch"));
	SEND(h, DIR_TS, 2, 1, "\0\7\0\x09");
	SEND(h, DIR_TC, 2, 1, "\1x");
	assert_true(harness_has_event(h, harness_tx(h, 1), "value_mismatch"));
	harness_delete(h);
}

static void flood(void **state)
{
	struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);

	for (unsigned i = 0; i < 2 * MODBUS_FLOOD; i++)
		SEND(h, DIR_TS, (uint16_t)i, 3, "\0\1\0\1");
	assert_int_equal(harness_live(h), MODBUS_FLOOD + 1);
	assert_true(harness_has_event(h, harness_tx(h, MODBUS_FLOOD), "flooded"));
	harness_delete(h);
}

static void cuts_and_damage(void **state)
{
	struct harness *h = harness_new(&modbus_proto, APP_TCP, 502);
	size_t len = adu(1, 3, "\0\1\0\1", 4);

	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, i)),
					 APP_PROBE_MORE);
		assert_true(harness_feed(h, DIR_TS, out + i, 1));
	}
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, len)), APP_PROBE_YES);
	assert_int_equal(harness_live(h), 1);
	assert_false(harness_feed(h, DIR_TS, "\0\1\0\0\0\1\3\3", 8));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions), cmocka_unit_test(events),
		cmocka_unit_test(keyword),	cmocka_unit_test(mismatch),
		cmocka_unit_test(flood),	cmocka_unit_test(cuts_and_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
