#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/dhcp/dhcp.h"
#include "dataplane/app/harness/harness.h"

enum { HEAD = 240 };

static uint8_t out[1500];

/* A message with these options behind its head. */
static size_t message(uint8_t opcode, const char *options, size_t len)
{
	static const uint8_t first[] = {1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44};

	memset(out, 0, sizeof(out));
	memcpy(out, first, sizeof(first));
	out[0] = opcode;
	memcpy(out + 16, "\x0a\1\2\3", 4);
	memcpy(out + 28, "\0\x0b\x82\1\xfc\x42", 6);
	memcpy(out + 236, "\x63\x82\x53\x63", 4);
	memcpy(out + HEAD, options, len);
	return HEAD + len;
}

#define MESSAGE(opcode, options) message(opcode, options, sizeof(options) - 1)

#define ACK	  "\x35\1\5"
#define LEASE	  "\x33\4\0\0\x0e\x10"
#define RENEWAL	  "\x3a\4\0\0\7\x08"
#define REBINDING "\x3b\4\0\0\x0c\x4e"
#define CLIENT_ID "\x3d\7\1\0\x0b\x82\1\xfc\x42"
#define HOST_NAME "\x0c\2pc"
#define END	  "\xff"

static void lease(void **state)
{
	struct harness *h = harness_new(&dhcp_proto, APP_UDP, 67);
	size_t len = MESSAGE(2, ACK LEASE RENEWAL REBINDING CLIENT_ID HOST_NAME END "junk");
	const struct app_tx *tx;

	assert_true(harness_feed(h, DIR_TC, out, len));
	tx = harness_tx(h, 0);
	assert_int_equal(tx->event_count, 0);
	assert_non_null(strstr(
		harness_eve(h, tx, 0),
		"\"dhcp\":{\"type\":\"reply\",\"id\":287454020,\"client_mac\":"
		"\"00:0b:82:01:fc:42\",\"assigned_ip\":\"10.1.2.3\",\"dhcp_type\":\"ack\","
		"\"renewal_time\":1800,\"client_id\":\"00:0b:82:01:fc:42\",\"hostname\":\"pc\"}"));
	assert_int_equal(harness_keyword(h, tx, "dhcp.leasetime", DIR_TC, "3600"), 1);
	assert_int_equal(harness_keyword(h, tx, "dhcp.leasetime", DIR_TC, ">3600"), 0);
	assert_int_equal(harness_keyword(h, tx, "dhcp.renewal_time", DIR_TC, "<1801"), 1);
	assert_int_equal(harness_keyword(h, tx, "dhcp.rebinding_time", DIR_TC, "3150"), 1);
	assert_int_equal(harness_keyword(h, tx, "dhcp.rebinding_time", DIR_TC, "x"), -1);
	harness_delete(h);
}

/* Others have no record, but stand in alerts. */
static void others(void **state)
{
	struct harness *h = harness_new(&dhcp_proto, APP_UDP, 67);
	size_t len = MESSAGE(1, "\x35\1\1" END);

	assert_true(harness_feed(h, DIR_TS, out, len));
	assert_null(harness_eve(h, harness_tx(h, 0), 0));
	assert_non_null(
		strstr(harness_eve_alert(h, harness_tx(h, 0)), "\"dhcp_type\":\"discover\""));
	assert_int_equal(harness_keyword(h, harness_tx(h, 0), "dhcp.leasetime", DIR_TS, ">0"), 0);
	harness_delete(h);
}

static void cut_options(void **state)
{
	static const struct {
		const char *options;
		size_t len;
		bool event;
	} table[] = {
#define CASE(options, event) {options, sizeof(options) - 1, event}
		CASE("", true),
		CASE(END, false),
		CASE(ACK, true),
		CASE(ACK END, false),
		CASE("\x35", true),
		CASE("\x35\7\1", true),
		CASE("\x33\4\0\0\0", true),
		CASE("\x3d\1\1" END, true), /* a client's id without an id */
		CASE("\x3d\0" END, true),
		CASE("\x3d\2\1\1" END, false),
		CASE("\0\0" END, false),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&dhcp_proto, APP_UDP, 67);
		size_t len = message(1, table[i].options, table[i].len);

		assert_true(harness_feed(h, DIR_TS, out, len));
		assert_int_equal(harness_has_event(h, harness_tx(h, 0), "truncated_options"),
				 table[i].event);
		harness_delete(h);
	}
}

static void heads(void **state)
{
	struct harness *h = harness_new(&dhcp_proto, APP_UDP, 67);

	MESSAGE(1, END);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, HEAD)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, HEAD - 1)), APP_PROBE_NO);
	assert_false(harness_feed(h, DIR_TS, out, HEAD - 1));
	harness_delete(h);
	h = harness_new(&dhcp_proto, APP_UDP, 67);
	MESSAGE(3, ACK END);
	out[2] = 255; /* longer than there is room for */
	assert_true(harness_feed(h, DIR_TS, out, HEAD + 4));
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"type\":\"<unknown>\""));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lease),
		cmocka_unit_test(others),
		cmocka_unit_test(cut_options),
		cmocka_unit_test(heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
