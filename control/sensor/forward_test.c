/* Where alerts go from a sensor: what may be said, and that what is in nobody's way stays so: a
 * queue that nobody empties takes so much and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/sensor/forward.h"
#include "dataplane/base/clock.h"

static void targets(void **state)
{
	static const struct {
		const char *text;
		int n; /* -1: refused */
	} cases[] = {
		{"", 0},
		{"  ,", 0},
		{"eve=tcp://10.0.0.9:514", 1},
		{"cef=tls://siem.example:6514 leef=tcp://[2001:db8::1]:514", 2},
		{"cef=tls://a:1,cef=tls://b:1,eve=tls://c:1,leef=tls://d:1", 4},
		{"cef=tls://a:1 cef=tls://b:1 eve=tls://c:1 leef=tls://d:1 eve=tls://e:1", -1},
		{"tls://a:1", -1},
		{"xml=tls://a:1", -1},
		{"ce=tls://a:1", -1},
		{"cef=udp://a:1", -1},
		{"=tls://a:1", -1},
		{"cef=", -1},
	};
	struct forward_ways ways;
	struct errmsg e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc = forward_parse(cases[i].text, &ways, &e);

		if ((rc == ERR_OK ? (int)ways.n : -1) != cases[i].n)
			fail_msg("\"%s\": %d targets", cases[i].text, (int)ways.n);
		if (rc != ERR_OK)
			assert_non_null(strstr(e.text, "forward.to"));
	}
}

static int64_t figure(const struct forward *f, const char *key)
{
	json_t *list = forward_status(f);
	int64_t n = json_integer_value(json_object_get(json_array_get(list, 0), key));

	json_decref(list);
	return n;
}

/* Whose helper is gone. */
static void a_full_queue_takes_no_more(void **state)
{
	static const struct slice eve =
		SLICE_LIT("{\"event_type\":\"alert\",\"alert\":{\"gid\":1}}");
	const struct log log = {"test", LOG_LEVEL_ERROR, 2};
	struct errmsg e = {""};
	struct forward_ways ways;
	struct loop *loop = loop_new(&e);
	struct forward_setup setup = {
		.loop = loop, .log = &log, .ways = &ways, .sensor = "sensor-1", .site = "osaka"};
	struct forward *f;
	char *long_one = malloc(FORWARD_PACKET + 100);

	(void)state;
	assert_int_equal(forward_parse("cef=tcp://127.0.0.1:9", &ways, &e), ERR_OK);
	f = forward_new(&setup);
	assert_non_null(f);
	for (int i = 0; i < FORWARD_LINES + 100; i++)
		forward_offer(f, eve, NS_PER_SEC);
	assert_int_equal(figure(f, "waiting"), FORWARD_LINES);
	assert_int_equal(figure(f, "lost"), 100);
	forward_delete(f);
	/* What is no JSON, and what is longer than a packet, is counted and not kept. */
	assert_int_equal(forward_parse("eve=tcp://127.0.0.1:9", &ways, &e), ERR_OK);
	f = forward_new(&setup);
	memset(long_one, 'x', FORWARD_PACKET + 100);
	memcpy(long_one, "{\"a\":\"", 6);
	memcpy(long_one + FORWARD_PACKET + 98, "\"}", 2);
	forward_offer(f, SLICE((const uint8_t *)long_one, FORWARD_PACKET + 100), NS_PER_SEC);
	forward_offer(f, SLICE_LIT("no record"), NS_PER_SEC);
	forward_offer(f, eve, NS_PER_SEC);
	assert_int_equal(figure(f, "waiting"), 1);
	assert_int_equal(figure(f, "lost"), 2);
	forward_delete(f);
	loop_delete(loop);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(targets),
					   cmocka_unit_test(a_full_queue_takes_no_more)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
