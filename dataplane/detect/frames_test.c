/* Rules on frames: pieces, holes, limits, and that nothing is kept when no rule asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/detect/harness.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"

static struct harness *begin(const char *rules)
{
	struct errmsg err = {""};
	struct harness *h = harness_new(rules, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void ask(struct harness *h, struct talk *t)
{
	talk_open(h, t);
	talk_text(h, t, DIR_TS, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

/* A body of 20,000 bytes of x in packets of `step`, `mark` at `at`; `hole`: that packet is lost. */
static void answer(struct harness *h, struct talk *t, size_t step, const char *mark, size_t at,
		   int hole)
{
	static char body[20000];

	memset(body, 'x', sizeof(body));
	memcpy(body + at, mark, strlen(mark));
	talk_text(h, t, DIR_TC, HEAD);
	for (size_t i = 0; i < sizeof(body); i += step) {
		size_t n = sizeof(body) - i < step ? sizeof(body) - i : step;

		if (hole >= 0 && i == (size_t)hole * step)
			t->seq[DIR_TC] += (uint32_t)n;
		else
			talk_send(h, t, DIR_TC, body + i, n);
	}
}

static void assert_alerts(struct harness *h, uint32_t sid, uint32_t count, const char *what)
{
	if (harness_count(h, sid) != count)
		fail_msg("%s: sid %u: %u instead of %u", what, sid, harness_count(h, sid), count);
}

/* Wherever the mark lies in a piece it is seen, once. */
static void pieces(void **state)
{
	static const size_t places[] = {0, 100, 2499, 5000, 12345, 19996};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct harness *h = begin(
			"alert http any any -> any any (frame:response; content:\"MARK\"; sid:1;)\n"
			"alert http any any -> any any (frame:response; content:\"HTTP/1\"; "
			"startswith; sid:2;)\n"
			"alert http any any -> any any (frame:response; content:\"MARK\"; "
			"endswith; "
			"sid:3;)\n"
			"alert http any any -> any any (frame:response; content:\"MARK\"; "
			"depth:140; "
			"sid:4;)\n");
		struct talk t = talk_new(80);

		ask(h, &t);
		answer(h, &t, 1000, "MARK", places[i], -1);
		talk_close(h, &t);
		harness_end(h);
		assert_alerts(h, 1, 1, "anywhere");
		assert_alerts(h, 2, 1, "at the start");
		assert_alerts(h, 3, places[i] == 19996, "at the end");
		assert_alerts(h, 4, places[i] < 100, "depth counts from the frame's start");
		harness_delete(h);
	}
}

/* Bytes on both sides of a hole are looked at, and what ends before it does not end the frame. */
static void holes(void **state)
{
	struct harness *h =
		begin("alert http any any -> any any (frame:response; content:\"BEFORE\"; sid:1;)\n"
		      "alert http any any -> any any (frame:response; content:\"BEFORE\"; "
		      "endswith; sid:2;)\n"
		      "alert http any any -> any any (frame:response; content:\"xxxx\"; endswith; "
		      "sid:3;)\n");
	struct talk t = talk_new(80);

	ask(h, &t);
	answer(h, &t, 1000, "BEFORE", 994, 1);
	talk_close(h, &t);
	harness_end(h);
	assert_alerts(h, 1, 1, "before the hole");
	assert_alerts(h, 2, 0, "a hole is no end");
	assert_alerts(h, 3, 1, "behind the hole");
	harness_delete(h);
}

/* A response that was cut off ends with its connection. */
static void cut_off(void **state)
{
	struct harness *h =
		begin("alert http any any -> any any (frame:response; content:\"half\"; sid:1;)\n"
		      "alert http any any -> any any (frame:response; content:\"half\"; endswith; "
		      "sid:2;)\n");
	struct talk t = talk_new(80);

	ask(h, &t);
	talk_text(h, &t, DIR_TC, HEAD "half");
	assert_alerts(h, 1, 0, "not enough yet");
	harness_end(h);
	assert_alerts(h, 1, 1, "at the end");
	assert_alerts(h, 2, 1, "its end");
	harness_delete(h);
}

/* Each request of a connection is a frame, and alerts name their transaction. */
static void pipelined(void **state)
{
	struct harness *h =
		begin("alert http any any -> any any (frame:request; content:\"GET\"; sid:1;)\n");
	const struct harness_alert *alerts;
	struct talk t = talk_new(80);
	char text[4096] = "";

	talk_open(h, &t);
	for (unsigned i = 0; i < 100; i++)
		strncat(text, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", sizeof(text) - strlen(text) - 1);
	for (size_t i = 0; i < strlen(text); i += 1400)
		talk_send(h, &t, DIR_TS, text + i,
			  strlen(text) - i < 1400 ? strlen(text) - i : 1400);
	talk_close(h, &t);
	harness_end(h);
	/* At most 15 alerts a packet, in order. */
	assert_true(harness_count(h, 1) >= 15);
	harness_alerts(h, &alerts);
	assert_int_equal(alerts[0].tx, 0);
	assert_int_equal(alerts[1].tx, 1);
	assert_int_equal(alerts[0].where, DETECT_FRAME);
	harness_delete(h);
}

/* Directions, addresses and ports hold for rules on frames too. */
static void heads(void **state)
{
	struct harness *h = begin(
		"alert http any any -> any 80 (frame:request; content:\"GET\"; sid:1;)\n"
		"alert http any any -> any 81 (frame:request; content:\"GET\"; sid:2;)\n"
		"alert http any any -> 10.0.0.9 any (frame:request; content:\"GET\"; sid:3;)\n"
		"alert http any any -> any any (flow:to_client; frame:request; content:\"GET\"; "
		"sid:4;)\n"
		"alert http any any -> any any (flow:to_server; frame:stream; content:\"GET\"; "
		"sid:5;)\n"
		"pass http any any -> any any (frame:request; content:\"secret\"; sid:6;)\n");
	struct talk t = talk_new(80);

	ask(h, &t);
	talk_text(h, &t, DIR_TS, "GET /secret HTTP/1.1\r\n\r\n");
	talk_close(h, &t);
	harness_end(h);
	assert_alerts(h, 1, 1, "its port, until the pass");
	assert_alerts(h, 2, 0, "another port");
	assert_alerts(h, 3, 0, "another host");
	assert_alerts(h, 4, 0, "the other direction");
	harness_delete(h);
}

/* WebSocket behind HTTP: messages for rules of later releases, while the flow stays http. */
static void websocket(void **state)
{
	struct errmsg err = {""};
	struct harness *h = harness_new_lang(
		"alert websocket any any -> any any (websocket.payload; content:\"Hello\"; "
		"sid:1;)\n"
		"alert websocket any any -> any any (websocket.opcode:ping; sid:2;)\n"
		"alert http any any -> any any (http.stat_code; content:\"101\"; sid:3;)\n"
		"alert tcp any any -> any any (app-layer-protocol:!http; flow:established; "
		"sid:4;)\n"
		"alert http any any -> any any (content:\"|81 05|Hello\"; sid:5;)\n",
		8, &err);
	struct talk t = talk_new(80);
	char text[512];

	assert_non_null(h);
	talk_open(h, &t);
	talk_text(h, &t, DIR_TS,
		  "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	talk_text(h, &t, DIR_TC, "HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\n\r\n");
	talk_text(h, &t, DIR_TS, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
	talk_text(h, &t, DIR_TC, "\x81\x05Hello\x89\x01!");
	talk_text(h, &t, DIR_TS, "\x8a\x81\x01\x01\x01\x01 ");
	talk_close(h, &t);
	harness_end(h);
	assert_alerts(h, 1, 2, "payload");
	assert_alerts(h, 2, 1, "opcode");
	assert_alerts(h, 3, 1, "the answer");
	assert_alerts(h, 4, 0, "still http");
	assert_alerts(h, 5, 1, "raw bytes of an http flow");
	harness_delete(h);
	assert_non_null(h = harness_new_lang("alert tcp any any -> any any (sid:9;)\n"
					     "alert websocket any any -> any any (sid:1;)\n",
					     7, &err));
	assert_int_equal(harness_loaded(h, text, sizeof(text)), 1);
	harness_delete(h);
}

static void refused(void **state)
{
	struct harness *h =
		begin("alert mqtt any any -> any any (frame:pdu; content:\"a\"; frame:data; "
		      "content:\"b\"; "
		      "sid:1;)\n"
		      "alert mqtt any any -> any any (frame:pdu; content:\"a\"; sid:2;)\n");
	char text[512];

	assert_int_equal(harness_loaded(h, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "more than one frame in a rule"));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),    cmocka_unit_test(holes), cmocka_unit_test(cut_off),
		cmocka_unit_test(pipelined), cmocka_unit_test(heads), cmocka_unit_test(refused),
		cmocka_unit_test(websocket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
