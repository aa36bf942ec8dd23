#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/mqtt/mqtt.h"

#define BYTES(text) text, sizeof(text) - 1

/* MQTT 5: user, password, will; 3.1.1 without anything. */
#define CONNECT5                                                                                   \
	"\x10\x35\0\4MQTT\5\xe6\0\x3c\5\x11\0\0\0\x0a\0\2id"                                       \
	"\7\x26\0\1a\0\1b\0\5w/top\0\4bye!\0\4user\0\4pass"
#define CONNECT3 "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2id"
#define CONNACK3 "\x20\2\1\0"
#define CONNACK5 "\x20\6\0\x86\3\x22\0\x0a"
#define PUBLISH0 "\x30\6\0\3a/bX"

static struct harness *begin(void)
{
	return harness_new(&mqtt_proto, APP_TCP, 1883);
}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void assert_says(const char *eve, const char *part)
{
	if (!eve || !strstr(eve, part))
		fail_msg("%s is not in %s", part, eve ? eve : "no record");
}

static void connects(void **state)
{
	struct harness *h = begin();
	const struct app_tx *tx;
	const char *eve;

	assert_true(harness_feed(h, DIR_TS, BYTES(CONNECT5)));
	assert_true(harness_feed(h, DIR_TC, BYTES(CONNACK5)));
	tx = harness_tx(h, 0);
	assert_int_equal(harness_live(h), 1);
	assert_text(harness_buffer(h, tx, "mqtt.connect.clientid", DIR_TS, 0), "id");
	assert_text(harness_buffer(h, tx, "mqtt.connect.username", DIR_TS, 0), "user");
	assert_text(harness_buffer(h, tx, "mqtt.connect.password", DIR_TS, 0), "pass");
	assert_text(harness_buffer(h, tx, "mqtt.connect.willtopic", DIR_TS, 0), "w/top");
	assert_text(harness_buffer(h, tx, "mqtt.connect.willmessage", DIR_TS, 0), "bye!");
	assert_int_equal(harness_keyword(h, tx, "mqtt.reason_code", DIR_TS, "134"), 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.reason_code", DIR_TS, "0"), 0);
	assert_int_equal(harness_keyword(h, tx, "mqtt.protocol_version", DIR_TS, "5"), 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.protocol_version", DIR_TS, "<5"), 0);
	assert_int_equal(harness_keyword(h, tx, "mqtt.connect.flags", DIR_TS, "username,will,!x"),
			 -1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.connect.flags", DIR_TS,
					 "username, password,clean_session,will_retain"),
			 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.connect.flags", DIR_TS, "!will"), 0);
	assert_int_equal(harness_keyword(h, tx, "mqtt.type", DIR_TS, "connack"), 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.type", DIR_TS, "PUBLISH"), 0);
	assert_int_equal(harness_keyword(h, tx, "mqtt.type", DIR_TS, "NOTHING"), -1);
	eve = harness_eve(h, tx, 0);
	assert_says(eve, "\"protocol_string\":\"MQTT\",\"protocol_version\":5");
	assert_says(eve, "\"will\":{\"topic\":\"w/top\",\"message\":\"bye!\","
			 "\"properties\":{\"a\":\"b\"}}");
	assert_says(eve, "\"properties\":{\"session_expiry_interval\":10}");
	assert_says(eve, "\"connack\":{\"qos\":0,\"retain\":false,\"dup\":false,"
			 "\"session_present\":false,\"return_code\":134,"
			 "\"properties\":{\"topic_alias_maximum\":10}}");
	harness_delete(h);
}

/* What each message after a connection makes: an event, or none. */
struct row {
	const char *name;
	enum dir dir;
	const char *bytes;
	size_t len;
	bool connected;
	unsigned tx;	   /* whose event, counted without the connection */
	const char *event; /* NULL = none */
	bool fails;
};

#define ROW(name, dir, bytes, connected, tx, event, fails)                                         \
	{                                                                                          \
		name, dir, BYTES(bytes), connected, tx, event, fails                               \
	}

static const struct row rows[] = {
	ROW("publish", DIR_TS, PUBLISH0, true, 0, NULL, false),
	ROW("publish first", DIR_TS, PUBLISH0, false, 0, "unintroduced_message", false),
	ROW("no such quality", DIR_TS, "\x36\6\0\1a\0\1X", true, 0, "invalid_qos_level", false),
	ROW("acknowledgement of nothing", DIR_TC, "\x40\2\0\1", true, 0, "missing_publish", false),
	ROW("PUBREL of nothing", DIR_TS, "\x62\2\0\1", true, 0, "missing_publish", false),
	ROW("SUBACK of nothing", DIR_TC, "\x90\3\0\1\0", true, 0, "missing_subscribe", false),
	ROW("UNSUBACK of nothing", DIR_TC, "\xb0\2\0\1", true, 0, "missing_unsubscribe", false),
	ROW("CONNACK of nothing", DIR_TC, CONNACK3, false, 0, "missing_connect", false),
	ROW("connected again", DIR_TS, CONNECT3, true, 0, "double_connect", false),
	ROW("type 0", DIR_TS, "\0\3abc", true, 0, "unassigned_msg_type", false),
	ROW("ping first", DIR_TS, "\xc0\0", false, 0, "unintroduced_message", false),
	ROW("length without end", DIR_TS, "\x30\xff\xff\xff\xff\1", true, 0, "malformed_traffic",
	    true),
	ROW("topic over the end", DIR_TS, "\x30\3\0\5a", true, 0, "malformed_traffic", true),
	ROW("subscription to nothing", DIR_TS, "\x82\2\0\1", true, 0, "malformed_traffic", true),
	ROW("connection cut", DIR_TS, "\x10\4\0\4MQ", false, 0, "malformed_traffic", true),
};

static void run_row(const struct row *row, size_t step)
{
	struct harness *h = begin();
	const struct app_tx *tx;

	if (row->connected) {
		harness_feed(h, DIR_TS, BYTES(CONNECT3));
		harness_feed(h, DIR_TC, BYTES(CONNACK3));
	}
	for (size_t i = 0; i < row->len; i += step)
		harness_feed(h, row->dir, row->bytes + i,
			     row->len - i < step ? row->len - i : step);
	tx = harness_tx(h, row->connected + row->tx);
	if (!tx || h->failed != row->fails)
		fail_msg("%s in steps of %zu: %s", row->name, step, tx ? "failure" : "no message");
	if (row->event ? !harness_has_event(h, tx, row->event) : tx->event_count > 0)
		fail_msg("%s in steps of %zu: events", row->name, step);
	harness_touch(h);
	harness_delete(h);
}

static void events(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 1; step <= rows[i].len; step++)
			run_row(&rows[i], step);
	}
}

static void exchange(void **state)
{
	struct harness *h = begin();
	const struct app_tx *tx;

	harness_feed(h, DIR_TS, BYTES(CONNECT3));
	harness_feed(h, DIR_TC, BYTES(CONNACK3));
	harness_feed(h, DIR_TS, BYTES("\x3d\x0c\0\3a/b\1\2text!"));
	tx = harness_tx(h, 1);
	assert_int_equal(tx->progress[DIR_TS], 0);
	harness_feed(h, DIR_TC, BYTES("\x50\2\1\2"));
	harness_feed(h, DIR_TS, BYTES("\x62\2\1\2"));
	harness_feed(h, DIR_TC, BYTES("\x70\2\1\2"));
	assert_int_equal(tx->progress[DIR_TS], 1);
	assert_int_equal(harness_live(h), 2);
	assert_text(harness_buffer(h, tx, "mqtt.publish.topic", DIR_TS, 0), "a/b");
	assert_text(harness_buffer(h, tx, "mqtt.publish.message", DIR_TS, 0), "text!");
	assert_int_equal(harness_keyword(h, tx, "mqtt.flags", DIR_TS, "dup,retain"), 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.qos", DIR_TS, "2"), 1);
	assert_int_equal(harness_keyword(h, tx, "mqtt.qos", DIR_TS, "3"), -1);
	assert_says(harness_eve(h, tx, 0), "\"pubcomp\":{\"qos\":0,\"retain\":false,\"dup\":false,"
					   "\"message_id\":258}");
	harness_delete(h);
}

static void topics(void **state)
{
	struct harness *h = begin();
	const struct app_tx *tx;

	harness_feed(h, DIR_TS, BYTES("\x82\x0c\0\7\0\1a\1\0\3b/#\2"));
	harness_feed(h, DIR_TC, BYTES("\x90\4\0\7\1\x80"));
	harness_feed(h, DIR_TS, BYTES("\xa2\5\0\x08\0\1a"));
	tx = harness_tx(h, 0);
	assert_text(harness_buffer(h, tx, "mqtt.subscribe.topic", DIR_TS, 1), "b/#");
	assert_null(harness_buffer(h, tx, "mqtt.subscribe.topic", DIR_TS, 2).data);
	assert_int_equal(harness_keyword(h, tx, "mqtt.reason_code", DIR_TS, "128"), 1);
	assert_says(harness_eve(h, tx, 0),
		    "\"topics\":[{\"topic\":\"a\",\"qos\":1},{\"topic\":\"b/#\",\"qos\":2}]");
	assert_says(harness_eve(h, tx, 0), "\"qos_granted\":[1,128]");
	tx = harness_tx(h, 1);
	assert_text(harness_buffer(h, tx, "mqtt.unsubscribe.topic", DIR_TS, 0), "a");
	harness_delete(h);
}

/* Longer than the framework keeps, longer than is read at all. */
static void long_messages(void **state)
{
	static uint8_t part[50000];
	struct harness *h = begin();
	const struct app_tx *tx;

	memset(part, 'x', sizeof(part));
	harness_feed(h, DIR_TS, BYTES("\x30\xbf\x9a\x0c\0\1t")); /* 199,999 */
	for (unsigned i = 0; i < 4; i++)
		assert_true(harness_feed(h, DIR_TS, part, i < 3 ? sizeof(part) : 49996));
	harness_feed(h, DIR_TS, BYTES("\x30\x81\x80\x80\1")); /* 2 MB and a byte */
	for (unsigned i = 0; i < 41; i++)
		assert_true(harness_feed(h, DIR_TS, part, sizeof(part)));
	harness_feed(h, DIR_TS, part, 47153);
	harness_feed(h, DIR_TS, BYTES("\xc0\0"));
	assert_int_equal(harness_live(h), 3);
	tx = harness_tx(h, 0);
	assert_int_equal(harness_buffer(h, tx, "mqtt.publish.message", DIR_TS, 0).len, 199996);
	tx = harness_tx(h, 1);
	assert_says(harness_eve(h, tx, 0), "\"truncated\":true,\"skipped_length\":2097158");
	assert_int_equal(harness_keyword(h, harness_tx(h, 2), "mqtt.type", DIR_TS, "pingreq"), 1);
	assert_int_equal(h->frame_count, 6);
	assert_int_equal(h->frames[0].len, 200003);
	harness_delete(h);
}

static void announces(void **state)
{
	struct harness *h = begin();

	harness_feed(h, DIR_TS, BYTES(CONNECT3 "\xc0\0"));
	assert_int_equal(h->frame_count, 6);
	assert_string_equal(h->frames[0].name, "pdu");
	assert_int_equal(h->frames[0].len, 16);
	assert_string_equal(h->frames[2].name, "data");
	assert_int_equal(h->frames[2].offset, 2);
	assert_int_equal(h->frames[2].len, 14);
	assert_int_equal(h->frames[3].offset, 16);
	harness_delete(h);
}

/* Answers that never come, and many messages at once, end at no limit. */
static void floods(void **state)
{
	struct harness *h = begin();
	uint8_t many[4000];

	harness_feed(h, DIR_TS, BYTES(CONNECT3));
	harness_feed(h, DIR_TC, BYTES(CONNACK3));
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t publish[] = {0x32, 5, 0, 1, 'a', (uint8_t)(i >> 8), (uint8_t)i};

		assert_true(harness_feed(h, DIR_TS, publish, sizeof(publish)));
		harness_release(h);
	}
	assert_true(harness_live(h) <= LIMIT_APP_TRANSACTIONS);
	harness_delete(h);
	h = begin();
	for (unsigned i = 0; i < sizeof(many); i += 2) {
		many[i] = 0xc0;
		many[i + 1] = 0;
	}
	assert_true(harness_feed(h, DIR_TS, many, sizeof(many)));
	assert_int_equal(harness_live(h), MQTT_TRANSACTIONS);
	harness_release(h);
	assert_true(harness_feed(h, DIR_TS, many, 2));
	assert_int_equal(harness_live(h), MQTT_TRANSACTIONS);
	harness_delete(h);
}

static void identifies(void **state)
{
	struct harness *h = begin();

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT(CONNECT5)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\x10")), APP_PROBE_MORE);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\0\0")), APP_PROBE_NO);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\x36\0")), APP_PROBE_NO);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\x30\xff\xff\xff\xff")),
			 APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects),	 cmocka_unit_test(events),
		cmocka_unit_test(exchange),	 cmocka_unit_test(topics),
		cmocka_unit_test(long_messages), cmocka_unit_test(announces),
		cmocka_unit_test(floods),	 cmocka_unit_test(identifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
