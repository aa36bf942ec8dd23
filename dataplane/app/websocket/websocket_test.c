#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/websocket/websocket.h"

/* "Hello" of RFC 6455 5.7: masked, then in two pieces with a ping between. */
#define MASKED "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
#define PARTS  "\x01\x03Hel\x89\x01!\x80\x02lo"

static void feed(struct harness *h, enum dir dir, const char *bytes, size_t len, size_t step)
{
	for (size_t i = 0; i < len; i += step)
		assert_true(harness_feed(h, dir, bytes + i, len - i < step ? len - i : step));
}

static void assert_payload(struct harness *h, uint64_t id, enum dir dir, const char *text)
{
	struct slice s = harness_buffer(h, harness_tx(h, id), "websocket.payload", dir, 0);

	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void messages(void **state)
{
	for (size_t step = 1; step < 16; step++) {
		struct harness *h = harness_new(&websocket_proto, APP_TCP, 80);
		const struct app_tx *tx;

		feed(h, DIR_TS, MASKED, sizeof(MASKED) - 1, step);
		feed(h, DIR_TC, PARTS, sizeof(PARTS) - 1, step);
		assert_int_equal(harness_live(h), 3);
		assert_payload(h, 0, DIR_TS, "Hello");
		assert_payload(h, 1, DIR_TC, "Hello");
		assert_payload(h, 2, DIR_TC, "!");
		for (uint64_t i = 0; i < 3; i++)
			assert_int_equal(harness_tx(h, i)->progress[DIR_TC], 1);
		tx = harness_tx(h, 0);
		assert_int_equal(harness_keyword(h, tx, "websocket.opcode", DIR_TS, "text"), 1);
		assert_int_equal(harness_keyword(h, tx, "websocket.opcode", DIR_TS, ">1"), 0);
		assert_int_equal(harness_keyword(h, tx, "websocket.opcode", DIR_TS, "no"), -1);
		assert_int_equal(harness_keyword(h, tx, "websocket.flags", DIR_TS, "fin,!comp"), 1);
		assert_int_equal(harness_keyword(h, tx, "websocket.flags", DIR_TS, "rsv"), -1);
		assert_int_equal(harness_keyword(h, tx, "websocket.mask", DIR_TS, "0"), 0);
		assert_int_equal(harness_keyword(h, tx, "websocket.mask", DIR_TS, "939139389"), 1);
		assert_non_null(strstr(harness_eve(h, harness_tx(h, 1), 0),
				       "{\"opcode\":1,\"message\":\"text\",\"compressed\":false,"
				       "\"frames\":2,\"length\":5,\"payload\":\"Hello\"}"));
		assert_non_null(
			strstr(harness_eve(h, harness_tx(h, 2), 0), "\"message\":\"ping\""));
		harness_delete(h);
	}
}

static void long_and_torn(void **state)
{
	static char big[100000];
	struct harness *h = harness_new(&websocket_proto, APP_TCP, 80);
	const struct websocket_tx *t;

	memset(big, 'x', sizeof(big));
	feed(h, DIR_TC, "\x82\x7f\0\0\0\0\0\1\x86\xa0", 10, 10); /* 100,000 */
	feed(h, DIR_TC, big, 50000, 10000);
	assert_true(harness_gap(h, DIR_TC, 49000));
	feed(h, DIR_TC, big, 1000, 1000);
	t = container_of(harness_tx(h, 0), const struct websocket_tx, tx);
	assert_int_equal(t->tx.progress[DIR_TC], 1);
	assert_int_equal(t->payload.len, 51000);
	feed(h, DIR_TC, "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, 10);
	feed(h, DIR_TC, big, sizeof(big), 10000);
	t = container_of(harness_tx(h, 1), const struct websocket_tx, tx);
	assert_int_equal(t->payload.len, WEBSOCKET_PAYLOAD_MAX);
	assert_int_equal(t->length, sizeof(big));
	harness_touch(h);
	assert_false(harness_gap(h, DIR_TS, 1));
	harness_delete(h);
}

static void flood(void **state)
{
	struct harness *h = harness_new(&websocket_proto, APP_TCP, 80);
	char many[4000];

	for (size_t i = 0; i < sizeof(many); i += 2) {
		many[i] = (char)0x8a;
		many[i + 1] = 0;
	}
	assert_true(harness_feed(h, DIR_TS, many, sizeof(many)));
	assert_int_equal(harness_live(h), WEBSOCKET_WAITING);
	harness_release(h);
	assert_true(harness_feed(h, DIR_TS, many, 2));
	assert_int_equal(harness_live(h), 2001 - WEBSOCKET_WAITING);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(long_and_torn),
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
