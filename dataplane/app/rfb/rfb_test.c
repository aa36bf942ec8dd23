#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/rfb/rfb.h"

#define INIT                                                                                       \
	"\2\x80\1\xe0"                                                                             \
	"\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"                                           \
	"\0\0\0\4desk"

struct say {
	enum dir dir;
	const char *bytes;
	size_t len;
};

#define TS(text)                                                                                   \
	{                                                                                          \
		DIR_TS, text, sizeof(text) - 1                                                     \
	}
#define TC(text)                                                                                   \
	{                                                                                          \
		DIR_TC, text, sizeof(text) - 1                                                     \
	}

struct row {
	const char *name;
	struct say says[8];
	const char *event; /* NULL = none */
	const char *eve;   /* in the record */
	bool complete, fails;
};

static const struct row rows[] = {
	{"3.8 with a password",
	 {TC("RFB 003.008\n"), TS("RFB 003.008\n"), TC("\2\1\2"), TS("\2"), TC("0123456789abcdef"),
	  TS("ABCDEFGHIJKLMNOP"), TC("\0\0\0\0"), TS("\1")},
	 NULL,
	 "\"authentication\":{\"security_type\":2,\"vnc\":{\"challenge\":"
	 "\"30313233343536373839616263646566\",\"response\":"
	 "\"4142434445464748494a4b4c4d4e4f50\"},\"security_result\":\"OK\"},"
	 "\"screen_shared\":true",
	 false,
	 false},
	{"3.3: the server decides",
	 {TC("RFB 003.003\n"), TS("RFB 003.003\n"), TC("\0\0\0\1"), TS("\0"), TC(INIT)},
	 NULL,
	 "\"framebuffer\":{\"width\":640,\"height\":480,\"name\":\"desk\","
	 "\"pixel_format\":{\"bits_per_pixel\":32,\"depth\":24,\"big_endian\":false,"
	 "\"true_color\":true,\"red_max\":255,\"red_shift\":16,\"green_max\":255,"
	 "\"green_shift\":8,\"blue_max\":255,\"blue_shift\":0}}",
	 true,
	 false},
	{"wrong password",
	 {TC("RFB 003.008\n"), TS("RFB 003.008\n"), TC("\1\2"), TS("\2"), TC("0123456789abcdef"),
	  TS("ABCDEFGHIJKLMNOP"), TC("\0\0\0\1\0\0\0\3no!")},
	 NULL,
	 "\"security_result\":\"FAIL\"",
	 false,
	 false},
	{"nothing is offered",
	 {TC("RFB 003.008\n"), TS("RFB 003.008\n"), TC("\0\0\0\0\4full")},
	 NULL,
	 "\"client_protocol_version\":{\"major\":\"003\",\"minor\":\"008\"}",
	 false,
	 false},
	{"a security of its own",
	 {TC("RFB 003.008\n"), TS("RFB 003.008\n"), TC("\1\x1e"), TS("\x1e"), TC("anything")},
	 "unimplemented_security_type",
	 "\"security_type\":30",
	 false,
	 false},
	{"a result of its own",
	 {TC("RFB 003.008\n"), TS("RFB 003.008\n"), TC("\1\2"), TS("\2"), TC("0123456789abcdef"),
	  TS("ABCDEFGHIJKLMNOP"), TC("\0\0\0\7")},
	 "unknown_security_result",
	 "\"security_result\":\"UNKNOWN (7)\"",
	 false,
	 false},
	{"out of turn",
	 {TC("RFB 003.008\n"), TC("\1\2")},
	 "confused_state",
	 "\"authentication\":{}",
	 false,
	 false},
	{"no version",
	 {TC("RFB 003.008\n"), TS("RFB 003008\n\n")},
	 "malformed_message",
	 "\"server_protocol_version\"",
	 false,
	 true},
	{"a name without end",
	 {TC("RFB 003.003\n"), TS("RFB 003.003\n"), TC("\0\0\0\1"), TS("\0"),
	  TC("\2\x80\1\xe0\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\xff\xff\xff\xff")},
	 "malformed_message",
	 "\"screen_shared\":false",
	 true,
	 false},
};

static void feed(struct harness *h, const struct say *say, size_t step)
{
	for (size_t i = 0; i < say->len; i += step)
		harness_feed(h, say->dir, say->bytes + i,
			     say->len - i < step ? say->len - i : step);
}

static void run(const struct row *row, size_t step)
{
	struct harness *h = harness_new(&rfb_proto, APP_TCP, 5900);
	const struct app_tx *tx;

	for (size_t i = 0; i < ARRAY_SIZE(row->says) && row->says[i].bytes; i++)
		feed(h, &row->says[i], step);
	tx = harness_tx(h, 0);
	if (!tx || h->failed != row->fails || (tx->progress[DIR_TC] != 0) != row->complete)
		fail_msg("%s in steps of %zu", row->name, step);
	if (row->event ? !harness_has_event(h, tx, row->event) : tx->event_count > 0)
		fail_msg("%s in steps of %zu: events", row->name, step);
	if (!strstr(harness_eve(h, tx, 0), row->eve))
		fail_msg("%s: %s", row->name, harness_eve(h, tx, 0));
	harness_touch(h);
	harness_delete(h);
}

static void handshakes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 1; step <= 48; step++)
			run(&rows[i], step);
	}
}

static void rules(void **state)
{
	struct harness *h = harness_new(&rfb_proto, APP_TCP, 5900);
	const struct app_tx *tx;
	const struct say *says = rows[0].says;

	for (unsigned i = 0; i < 8; i++)
		feed(h, &says[i], 100);
	harness_feed(h, DIR_TC, INIT, sizeof(INIT) - 1);
	tx = harness_tx(h, 0);
	assert_int_equal(harness_keyword(h, tx, "rfb.sectype", DIR_TS, "2"), 1);
	assert_int_equal(harness_keyword(h, tx, "rfb.sectype", DIR_TS, ">2"), 0);
	assert_int_equal(harness_keyword(h, tx, "rfb.secresult", DIR_TC, "OK"), 1);
	assert_int_equal(harness_keyword(h, tx, "rfb.secresult", DIR_TC, "fail"), 0);
	assert_int_equal(harness_keyword(h, tx, "rfb.secresult", DIR_TC, "good"), -1);
	assert_int_equal(harness_buffer(h, tx, "rfb.name", DIR_TC, 0).len, 4);
	assert_int_equal(h->frame_count, 9);
	assert_int_equal(h->frames[2].offset, 12);
	assert_int_equal(h->frames[2].len, 3);
	/* What follows is nobody's. */
	assert_true(harness_feed(h, DIR_TS, "\3\0\0\0", 4));
	assert_int_equal(h->frame_count, 9);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
