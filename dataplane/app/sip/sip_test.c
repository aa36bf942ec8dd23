#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/sip/sip.h"

#define GOOD "OPTIONS sip:a@b;x=1 SIP/2.0\r\nVia: x\r\n\r\n"

static void say(struct harness *h, enum dir dir, const char *text)
{
	harness_feed(h, dir, text, strlen(text));
}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void call(void **state)
{
	struct harness *h = harness_new(&sip_proto, APP_UDP, 5060);
	const struct app_tx *tx;

	say(h, DIR_TS, GOOD "body");
	say(h, DIR_TC, "SIP/2.0 404 Not Found\r\n\r\n");
	tx = harness_tx(h, 0);
	assert_text(harness_buffer(h, tx, "sip.method", DIR_TS, 0), "OPTIONS");
	assert_text(harness_buffer(h, tx, "sip.uri", DIR_TS, 0), "sip:a@b;x=1");
	assert_text(harness_buffer(h, tx, "sip.protocol", DIR_TS, 0), "SIP/2.0");
	assert_null(harness_buffer(h, tx, "sip.protocol", DIR_TC, 0).data);
	assert_null(harness_buffer(h, tx, "sip.stat_code", DIR_TC, 0).data);
	assert_non_null(strstr(harness_eve(h, tx, 0),
			       "\"method\":\"OPTIONS\",\"uri\":\"sip:a@b;x=1\","
			       "\"version\":\"SIP/2.0\","
			       "\"request_line\":\"OPTIONS sip:a@b;x=1 SIP/2.0\""));
	tx = harness_tx(h, 1);
	assert_text(harness_buffer(h, tx, "sip.stat_code", DIR_TC, 0), "404");
	assert_text(harness_buffer(h, tx, "sip.stat_msg", DIR_TC, 0), "Not Found");
	assert_text(harness_buffer(h, tx, "sip.response_line", DIR_TC, 0), "SIP/2.0 404 Not Found");
	assert_text(harness_buffer(h, tx, "sip.protocol", DIR_TC, 0), "SIP/2.0");
	assert_non_null(strstr(harness_eve(h, tx, 0), "\"version\":\"SIP/2.0\",\"code\":\"404\","
						      "\"reason\":\"Not Found\","));
	harness_delete(h);
}

static void frames(void **state)
{
	static const struct {
		const char *name;
		enum dir dir;
		unsigned offset;
		int len;
	} want[] = {
		{"pdu", DIR_TS, 0, 43},
		{"request.line", DIR_TS, 0, 29},
		{"request.headers", DIR_TS, 29, 8},
		{"request.body", DIR_TS, 39, 4},
		{"pdu", DIR_TC, 0, 25},
		{"response.line", DIR_TC, 0, 23},
		{"response.headers", DIR_TC, 23, 0},
		{"pdu", DIR_TS, 0, 4},
	};
	struct harness *h = harness_new(&sip_proto, APP_UDP, 5060);

	say(h, DIR_TS, GOOD "body");
	say(h, DIR_TC, "SIP/2.0 404 Not Found\r\n\r\n");
	say(h, DIR_TS, "junk");
	assert_int_equal(h->frame_count, ARRAY_SIZE(want));
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(h->frames[i].name, want[i].name);
		assert_int_equal(h->frames[i].dir, want[i].dir);
		assert_int_equal(h->frames[i].offset, want[i].offset);
		assert_int_equal(h->frames[i].len, want[i].len);
	}
	harness_delete(h);
}

struct row {
	enum dir dir;
	const char *text;
	const char *event; /* NULL = it is a transaction */
};

static const struct row rows[] = {
	{DIR_TS, "X a SIP/3.0\r\n\r\n", NULL},
	{DIR_TS, "x a SIP/2\r\n\r\n", NULL},
	{DIR_TS, "X  a SIP/2.0\r\n\r\n", "invalid_data"},
	{DIR_TS, "X-Y a SIP/2.0\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a<b> SIP/2.0\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a sip/2.0\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a SIP/2.0-x\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a HTTP/1.1\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a SIP/2.0\n\n", "invalid_data"},
	{DIR_TS, "X a SIP/2.0\r\nA : \r\nB:c\r\n d\r\n\r\n", NULL},
	{DIR_TS, "X a SIP/2.0\r\nA:b\rc\r\n\r\n", NULL},
	{DIR_TS, "X a SIP/2.0\r\nA:b\nC:d\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a SIP/2.0\r\nA:\xc3\xa4\r\n\r\n", "incomplete_data"},
	{DIR_TS, "X a SIP/2.0\r\nA(b:c\r\n\r\n", "invalid_data"},
	{DIR_TS, "X a SIP/2.0\r\nA:b\r\n", "incomplete_data"},
	{DIR_TS, "SIP/2.0 200 OK\r\n\r\n", "invalid_data"},
	{DIR_TC, "SIP/2.0 xyz \r\n\r\n", NULL},
	{DIR_TC, "SIP/2.0 2000 OK\r\n\r\n", "invalid_data"},
	{DIR_TC, "SIP/2.0 200\r\n\r\n", "invalid_data"},
	{DIR_TC, "SIP/2.0 200 a<b\r\n\r\n", "invalid_data"},
	{DIR_TC, "SIP/2.0 20", "incomplete_data"},
	{DIR_TC, "INVITE a SIP/2.0\r\n\r\n", "invalid_data"},
};

static void messages(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct harness *h = harness_new(&sip_proto, APP_UDP, 5060);

		say(h, DIR_TS, GOOD);
		say(h, r->dir, r->text);
		if (harness_live(h) != (r->event ? 1 : 2))
			fail_msg("%s", r->text);
		if (r->event && !harness_has_event(h, harness_tx(h, 0), r->event))
			fail_msg("%s", r->text);
		assert_false(h->failed);
		harness_delete(h);
	}
}

/* Every prefix of a message is an incomplete one. */
static void cut_off(void **state)
{
	for (size_t n = 1; n < strlen(GOOD); n++) {
		struct harness *h = harness_new(&sip_proto, APP_UDP, 5060);

		assert_int_equal(harness_identify(h, DIR_TS, SLICE(GOOD, n)), APP_PROBE_NO);
		say(h, DIR_TS, GOOD);
		harness_feed(h, DIR_TS, GOOD, n);
		assert_true(harness_has_event(h, harness_tx(h, 0), "incomplete_data"));
		assert_int_equal(harness_tx(h, 0)->event_count, 1);
		harness_delete(h);
	}
}

static void identification(void **state)
{
	struct harness *h = harness_new(&sip_proto, APP_UDP, 5060);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT(GOOD)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("SIP/2.0 200 OK\r\n\r\n")),
			 APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call),		  cmocka_unit_test(frames),
		cmocka_unit_test(messages),	  cmocka_unit_test(cut_off),
		cmocka_unit_test(identification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
