#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/enip/enip.h"
#include "dataplane/app/harness/harness.h"

static uint8_t out[1024];

static size_t message(uint8_t command, const char *body, size_t len)
{
	memset(out, 0, 24);
	out[0] = command;
	out[2] = (uint8_t)len;
	out[3] = (uint8_t)(len >> 8);
	memcpy(out + 24, body, len);
	return 24 + len;
}

/* An unconnected one. */
static size_t carry(const char *cip, size_t len)
{
	uint8_t body[512] = {0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, (uint8_t)len};

	memcpy(body + 16, cip, len);
	return message(0x6f, (const char *)body, 16 + len);
}

static void keywords(void **state)
{
#define ROW(cip, keyword, argument, want)                                                          \
	{                                                                                          \
		cip, sizeof(cip) - 1, keyword, argument, want                                      \
	}
#define SINGLE	 "\x0e\3\x20\4\x24\1\x30\3"
#define WIDE	 "\x10\5\x21\0\x2c\1\x25\0\1\0\x30\3v"
#define LIST	 "\3\2\x20\5\x24\1\2\0\x0b\0\x0c\0"
#define MULTIPLE "\x0a\2\x20\2\x24\1\2\0\6\0\x0e\0\x0e\3\x20\6\x24\1\x30\1\5\0"
	static const struct {
		const char *cip;
		size_t len;
		const char *keyword, *argument;
		int want;
	} table[] = {
		ROW(SINGLE, "enip_command", "111", 1),
		ROW(SINGLE, "enip_command", "112", 0),
		ROW(SINGLE, "enip_command", "x", -1),
		ROW(SINGLE, "enip_command", "65536", -1),
		ROW(SINGLE, "cip_service", "14", 1),
		ROW(SINGLE, "cip_service", "15", 0),
		ROW(SINGLE, "cip_service", "14,4", 1),
		ROW(SINGLE, "cip_service", "14, 5", 0),
		ROW(SINGLE, "cip_service", "14,4,3", 1),
		ROW(SINGLE, "cip_service", "14,4,4", 0),
		ROW(SINGLE, "cip_service", "14,4,!3", 0),
		ROW(SINGLE, "cip_service", "14,4,!4", 1),
		ROW(SINGLE, "cip_service", "14,4,3,2", -1),
		ROW(SINGLE, "cip_service", "128", -1),
		ROW(SINGLE, "cip_service", "", -1),
		ROW(SINGLE, "cip_service", "14,", -1),
		ROW(SINGLE, "cip_service", "14,!4", -1),
		ROW(WIDE, "cip_service", "16,300", 1),
		ROW(WIDE, "cip_service", "16,300,3", 1),
		ROW(LIST, "cip_service", "3,5,12", 1),
		ROW(LIST, "cip_service", "3,5,13", 0),
		ROW(MULTIPLE, "cip_service", "10", 1),
		ROW(MULTIPLE, "cip_service", "14,6", 1),
		ROW(MULTIPLE, "cip_service", "5", 1),
		ROW("\x8e\0\0\0", "cip_service", "14", 0),
		ROW("\x01\2\x20", "cip_service", "1", 1),
		ROW("\x0e\2\x20", "cip_service", "14,0", 0),
		ROW("", "cip_service", "0", 0),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&enip_proto, APP_TCP, 44818);
		int got;

		harness_feed(h, DIR_TS, out, carry(table[i].cip, table[i].len));
		got = harness_keyword(h, harness_tx(h, 0), table[i].keyword, DIR_TS,
				      table[i].argument);
		if (got != table[i].want)
			fail_msg("case %u, %s: %d", i, table[i].argument, got);
		harness_delete(h);
	}
}

static void connected(void **state)
{
	static const char body[] = "\0\0\0\0\5\0\2\0\xa1\0\4\0\1\2\3\4\xb1\0\6\0\1\0\7\2\x20\4";
	struct harness *h = harness_new(&enip_proto, APP_TCP, 44818);

	harness_feed(h, DIR_TS, out, message(0x70, body, sizeof(body) - 1));
	assert_int_equal(harness_keyword(h, harness_tx(h, 0), "cip_service", DIR_TS, "7"), 1);
	harness_delete(h);
}

/* A multiple service packet that holds itself, again and again. */
static void circle(void **state)
{
	static const char cip[] = "\x0a\0\3\0\xfe\xff\0\0\0\0";
	struct harness *h = harness_new(&enip_proto, APP_TCP, 44818);
	struct enip_tx *t;

	harness_feed(h, DIR_TS, out, carry(cip, sizeof(cip) - 1));
	t = container_of(harness_tx(h, 0), struct enip_tx, tx);
	assert_in_range(t->service_count, 1, ENIP_SERVICES);
	harness_delete(h);
}

static void identification(void **state)
{
	static const struct {
		uint8_t command, status, options;
		size_t len;
		enum app_probe want;
	} table[] = {
		{0, 0, 0, 0, APP_PROBE_YES},	{0, 0, 1, 0, APP_PROBE_NO},
		{4, 0, 0, 0, APP_PROBE_YES},	{4, 4, 0, 0, APP_PROBE_NO},
		{0x65, 0, 0, 4, APP_PROBE_YES}, {0x65, 0, 0, 3, APP_PROBE_NO},
		{0x66, 0, 0, 0, APP_PROBE_YES}, {0x66, 0, 0, 1, APP_PROBE_NO},
		{0x64, 0, 0, 0, APP_PROBE_NO},	{0x64, 0, 0, 230, APP_PROBE_YES},
		{0x99, 0, 0, 0, APP_PROBE_NO},	{0x6f, 0x6a, 0, 0, APP_PROBE_YES},
	};
	static const char body[256];

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&enip_proto, APP_UDP, 44818);
		size_t len = message(table[i].command, body, table[i].len);

		out[8] = table[i].status;
		out[20] = table[i].options;
		assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, len)), table[i].want);
		harness_delete(h);
	}
}

static void cuts_and_gap(void **state)
{
	struct harness *h = harness_new(&enip_proto, APP_TCP, 44818);
	size_t len = carry(SINGLE, sizeof(SINGLE) - 1);

	for (size_t i = 0; i < len; i++)
		assert_true(harness_feed(h, DIR_TS, out + i, 1));
	assert_int_equal(harness_live(h), 1);
	assert_true(harness_gap(h, DIR_TS, 9));
	assert_true(harness_feed(h, DIR_TS, "in the midst of a message that was lost", 39));
	assert_int_equal(harness_live(h), 1);
	assert_true(harness_feed(h, DIR_TS, out, len));
	assert_int_equal(harness_live(h), 2);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords),	cmocka_unit_test(connected),
		cmocka_unit_test(circle),	cmocka_unit_test(identification),
		cmocka_unit_test(cuts_and_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
