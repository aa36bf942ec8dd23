#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/dnp3/dnp3.h"
#include "dataplane/app/harness/harness.h"

static uint8_t out[512];

static size_t crc_add(size_t from, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= out[from + i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1);
	}
	out[from + len] = (uint8_t)~crc;
	out[from + len + 1] = (uint8_t)(~crc >> 8);
	return len + 2;
}

/* From 3 to 4 or back. */
static size_t frame(enum dir dir, uint8_t transport, const char *body, size_t len)
{
	const uint8_t head[] = {5,
				0x64,
				(uint8_t)(len + 6),
				dir == DIR_TS ? 0xc4 : 0x44,
				dir == DIR_TS ? 4 : 3,
				0,
				dir == DIR_TS ? 3 : 4,
				0};
	uint8_t data[256];
	size_t at;

	data[0] = transport;
	memcpy(data + 1, body, len++);
	memcpy(out, head, sizeof(head));
	at = crc_add(0, sizeof(head));
	for (size_t i = 0; i < len; i += 16) {
		size_t part = len - i < 16 ? len - i : 16;

		memcpy(out + at, data + i, part);
		at += crc_add(at, part);
	}
	return at;
}

#define SEND(h, dir, transport, body)                                                              \
	harness_feed(h, dir, out, frame(dir, transport, body, sizeof(body) - 1))

static void assert_part(const char *eve, const char *part)
{
	assert_non_null(eve);
	if (!strstr(eve, part))
		fail_msg("%s is not in %s", part, eve);
}

#define READ   "\xc1\1\x3c\2\6\x3c\3\6"
#define ANSWER "\xc1\x81\x10\1\1\2\0\0\1\x81\1\x1e\3\0\5\5\xff\xff\xff\xff"

static void records(void **state)
{
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);

	SEND(h, DIR_TS, 0xc0, READ);
	SEND(h, DIR_TC, 0xc0, ANSWER);
	assert_int_equal(harness_live(h), 2);
	assert_part(harness_eve(h, harness_tx(h, 0), 0),
		    "\"dnp3\":{\"type\":\"request\",\"control\":{\"dir\":true,\"pri\":true,"
		    "\"fcb\":false,\"fcv\":false,\"function_code\":4},\"src\":3,\"dst\":4,"
		    "\"application\":{\"control\":{\"fir\":true,\"fin\":true,\"con\":false,"
		    "\"uns\":false,\"sequence\":1},\"function_code\":1,\"objects\":[{\"group\":60,"
		    "\"variation\":2,\"qualifier\":6,\"prefix_code\":0,\"range_code\":6,"
		    "\"start\":0,\"stop\":0,\"count\":0},");
	assert_part(harness_eve(h, harness_tx(h, 1), 0),
		    "\"points\":[{\"prefix\":0,\"index\":0,\"online\":1,\"restart\":0,"
		    "\"comm_lost\":0,\"remote_forced\":0,\"local_forced\":0,"
		    "\"chatter_filter\":0,\"reserved\":0,\"state\":1},");
	assert_part(harness_eve(h, harness_tx(h, 1), 0), "\"index\":5,\"value\":-1}]}],");
	assert_part(harness_eve(h, harness_tx(h, 1), 0),
		    "\"complete\":true},\"iin\":{\"indicators\":[\"need_time\","
		    "\"no_func_code_support\"]}");
	harness_delete(h);
}

static void objects(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		bool complete;
		const char *part;
	} table[] = {
#define ROW(body, complete, part) {body, sizeof(body) - 1, complete, part}
		ROW("\xc1\2", true, "\"function_code\":2,\"complete\":true"),
		ROW("\xc1\2\x32\1\7\1\1\2\3\4\5\6", true, "\"timestamp\":6618611909121"),
		ROW("\xc1\2\x50\1\0\7\7\0", true, "\"index\":7,\"state\":0"),
		ROW("\xc1\2\x0a\1\0\0\x08\x55\1", true, "\"index\":8,\"state\":1"),
		ROW("\xc1\2\3\1\7\5\xe4\1", true, "\"index\":3,\"state\":3"),
		ROW("\xc1\2\x1e\5\7\1\1\0\0\x80\x3f", true, "\"value\":1"),
		ROW("\xc1\2\x0c\1\x28\1\0\5\0\x41\1\1\0\0\0\2\0\0\0\x80", true,
		    "\"prefix\":5,\"index\":5,\"op_type\":1,\"qu\":0,\"cr\":0,\"tcc\":1,"
		    "\"count\":1,\"ontime\":1,\"offtime\":2,\"status_code\":0,\"reserved\":1"),
		ROW("\xc1\2\x46\5\x5b\1\x0b\0\1\0\0\0\2\0\0\0abc", true,
		    "\"size\":11,\"file_handle\":1,\"block_number\":2,\"file_data\":\"abc\""),
		ROW("\xc1\2\x46\5\x5b\1\7\0\1\0\0\0\2\0\0\0abc", false, "\"objects\":"),
		ROW("\xc1\2\x32\1\7\1\1\2\3\4\5", false, "\"complete\":false"),
		ROW("\xc1\2\xc8\1\7\1\1\2", false, "\"complete\":false"),
		ROW("\xc1\2\x01\1\x0f", false, "\"range_code\":15"),
		ROW("\xc1\2\x01\1\2\0\0\0\0\xff\xff\xff\xff", true, "\"count\":0"),
		ROW("\xc1\2\x01\1\2\1\0\0\0\xff\xff\xff\xff\1", false, "\"count\":4294967295"),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);
		struct dnp3_tx *t;

		harness_feed(h, DIR_TS, out, frame(DIR_TS, 0xc0, table[i].body, table[i].len));
		t = container_of(harness_tx(h, 0), struct dnp3_tx, tx);
		if (t->complete != table[i].complete)
			fail_msg("case %u: complete %d", i, t->complete);
		assert_part(harness_eve(h, &t->tx, 0), table[i].part);
		harness_delete(h);
	}
}

static void keywords(void **state)
{
	static const struct {
		enum dir dir;
		const char *keyword, *argument;
		int want;
	} table[] = {
		{DIR_TS, "dnp3_func", "read", 1},
		{DIR_TS, "dnp3_func", "1", 1},
		{DIR_TS, "dnp3.func", "write", 0},
		{DIR_TS, "dnp3_func", "nonsense", -1},
		{DIR_TC, "dnp3_func", "129", 1},
		{DIR_TC, "dnp3_ind", "need_time", 1},
		{DIR_TC, "dnp3_ind", "all_stations, need_time", 1},
		{DIR_TC, "dnp3.ind", "all_stations", 0},
		{DIR_TC, "dnp3_ind", "0x1000", 1},
		{DIR_TC, "dnp3_ind", "", -1},
		{DIR_TC, "dnp3_ind", "x", -1},
		{DIR_TS, "dnp3_obj", "60,3", 1},
		{DIR_TS, "dnp3_obj", "60,4", 0},
		{DIR_TS, "dnp3.obj", "0x3c, 2", 1},
		{DIR_TC, "dnp3_obj", "30,3", 1},
		{DIR_TC, "dnp3_obj", "60,3", 0},
		{DIR_TC, "dnp3_obj", "60", -1},
	};
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);

	SEND(h, DIR_TS, 0xc0, READ);
	SEND(h, DIR_TC, 0xc0, ANSWER);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		const struct app_tx *tx = harness_tx(h, table[i].dir == DIR_TC);
		int got = harness_keyword(h, tx, table[i].keyword, table[i].dir, table[i].argument);

		if (got != table[i].want)
			fail_msg("%s %s: %d", table[i].keyword, table[i].argument, got);
	}
	harness_delete(h);
}

static void segments(void **state)
{
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);
	struct dnp3_tx *t;

	SEND(h, DIR_TS, 0x40, "\xc1\2\x32");
	SEND(h, DIR_TS, 0x03, "lost: not the next one");
	SEND(h, DIR_TS, 0x01, "\1\7\1");
	SEND(h, DIR_TS, 0x82, "\1\2\3\4\5\6");
	assert_int_equal(harness_live(h), 1);
	t = container_of(harness_tx(h, 0), struct dnp3_tx, tx);
	assert_true(t->done && t->complete);
	assert_int_equal(t->data.len, 12);
	harness_delete(h);
}

static void events(void **state)
{
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);
	size_t len;

	SEND(h, DIR_TS, 0xc0, "\xc1\0");
	assert_int_equal(harness_live(h), 0);
	SEND(h, DIR_TS, 0xc0, "\xc1\2\xc8\1\7\1\1\2");
	assert_true(harness_has_event(h, harness_tx(h, 0), "unknown_object"));
	SEND(h, DIR_TS, 0xc0, "\xc1");
	assert_true(harness_has_event(h, harness_tx(h, 0), "len_too_small"));
	len = frame(DIR_TS, 0xc0, READ, sizeof(READ) - 1);
	out[12] ^= 1;
	assert_true(harness_feed(h, DIR_TS, out, len));
	assert_true(harness_has_event(h, harness_tx(h, 0), "bad_transport_crc"));
	out[4] ^= 1;
	assert_false(harness_feed(h, DIR_TS, out, len));
	assert_true(harness_has_event(h, harness_tx(h, 0), "bad_link_crc"));
	harness_delete(h);
}

static void bounds(void **state)
{
	static const char zeros[240];
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);

	for (unsigned i = 0; i < 100; i++)
		harness_feed(h, DIR_TS, out,
			     frame(DIR_TS, (uint8_t)(i == 0 ? 0x40 : i & 0x3f), zeros + 0, 240));
	assert_int_equal(harness_live(h), 0);
	harness_feed(h, DIR_TS, out, frame(DIR_TS, 0x40, "\xc1\1", 2));
	for (unsigned i = 1; i < 100; i++)
		harness_feed(h, DIR_TS, out, frame(DIR_TS, i & 0x3f, zeros, 240));
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed"));
	for (unsigned i = 0; i < 2 * DNP3_FLOOD; i++)
		SEND(h, DIR_TS, 0x40, READ);
	assert_int_equal(harness_live(h), DNP3_FLOOD + 2);
	assert_true(harness_has_event(h, harness_tx(h, DNP3_FLOOD + 1), "flooded"));
	harness_delete(h);
}

static void identification(void **state)
{
	struct harness *h = harness_new(&dnp3_proto, APP_TCP, 20000);
	size_t len = frame(DIR_TS, 0xc0, READ, sizeof(READ) - 1);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, 9)), APP_PROBE_MORE);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(out, len)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE(out, len)), APP_PROBE_REVERSED);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE((const uint8_t *)"a DNP3 box", 10)),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE((const uint8_t *)"GET / HTTP", 10)),
			 APP_PROBE_NO);
	for (size_t i = 0; i < len; i++)
		assert_true(harness_feed(h, DIR_TS, out + i, 1));
	assert_int_equal(harness_live(h), 1);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),	  cmocka_unit_test(objects),
		cmocka_unit_test(keywords),	  cmocka_unit_test(segments),
		cmocka_unit_test(events),	  cmocka_unit_test(bounds),
		cmocka_unit_test(identification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
