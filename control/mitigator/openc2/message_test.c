/* The specifications' examples read, written and compared; mistakes told apart from what there is
 * not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/openc2/message.h"

/* Language Specification 1.0 CS02 3.1.4, 3.3.2, 4.2, annex A; HTTPS transfer 1.1, 1.8 and E.1; SLPF
 * 1.0 annex C; the ER draft, with its type table's names. */
static const char *const examples[] = {
	"{\"action\":\"query\",\"target\":{\"features\":[]}}",
	"{\"action\":\"query\",\"target\":{\"features\":[\"versions\",\"profiles\",\"rate_limit\"]}"
	"}",
	"{\"action\":\"contain\",\"target\":{\"device\":{\"device_id\":"
	"\"9BCE8431AC106FAA3861C7E771D20E53\"}}}",
	"{\"action\":\"deny\",\"target\":{\"ipv4_connection\":{\"protocol\":\"tcp\",\"src_addr\":"
	"\"1.2.3.4\",\"src_port\":10996,\"dst_addr\":\"198.2.3.4\",\"dst_port\":80}},\"args\":{"
	"\"start_time\":1534775460000,\"duration\":500,\"response_requested\":\"ack\",\"slpf\":{"
	"\"drop_process\":\"none\"}},\"actuator\":{\"slpf\":{\"asset_id\":\"30\"}}}",
	"{\"status\":102}",
	"{\"status\":200}",
	"{\"status\":200,\"results\":{\"versions\":[\"1.0\"],\"profiles\":[\"slpf\",\"x-lock\"],"
	"\"rate_limit\":30}}",
	"{\"action\":\"query\",\"target\":{\"properties\":[\"battery\"]},\"actuator\":{\"x-esm\":{"
	"\"asset_id\":\"TGEadsasd\"}}}",
	"{\"status\":200,\"results\":{\"x-esm\":{\"battery\":{\"capacity\":0.577216,\"status\":12,"
	"\"mode\":{\"output\":\"high\",\"supported\":[\"high\",\"trickle\"]}}}}}",
	"{\"action\":\"delete\",\"target\":{\"slpf:rule_number\":1234}}",
	"{\"action\":\"delete\",\"target\":{\"slpf:rule_number\":1234},\"args\":{"
	"\"response_requested\":\"complete\"}}",
	"{\"status\":200,\"results\":{\"slpf\":{\"rule_number\":1234}}}",
	"{\"action\":\"deny\",\"target\":{\"ipv6_net\":\"3ffe:1900:4545:3::/"
	"64\"},\"args\":{\"slpf\":"
	"{\"direction\":\"ingress\"}}}",
	"{\"action\":\"allow\",\"target\":{\"ipv6_net\":\"3ffe:1900:4545:3:200:f8ff:fe21:67cf\"}}",
	"{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"192.168.17.0/24\"}}",
	"{\"headers\":{\"request_id\":\"d1ac0489-ed51-4345-9175-f3078f30afe5\",\"created\":"
	"1545257700000,\"from\":\"oc2producer.company.net\",\"to\":[\"oc2consumer.company.net\"]},"
	"\"body\":{\"openc2\":{\"request\":{\"action\":\"deny\",\"target\":{\"file\":{\"hashes\":{"
	"\"sha256\":\"22fe72a34f006ea67d26bb7004e2b6941b5c3953d43ae7ec24d41b1a928a6973\"}}}}}}}",
	"{\"headers\":{\"request_id\":\"d1ac0489-ed51-4345-9175-f3078f30afe5\",\"created\":"
	"1545257710000,\"from\":\"oc2consumer.company.net\",\"to\":[\"oc2producer.company.net\"]},"
	"\"body\":{\"openc2\":{\"response\":{\"status\":200,\"status_text\":\"done\",\"results\":{"
	"\"versions\":[\"1.0\"]}}}}}",
	"{\"action\":\"contain\",\"target\":{\"device\":{\"device_id\":\"host-000417\"}},\"args\":{"
	"\"duration\":14400000,\"response_requested\":\"complete\",\"er\":{\"device_containment\":"
	"\"network_isolation\",\"permitted_addresses\":{\"ipv4_net\":[\"10.0.0.5/32\"],"
	"\"domain_name\":[\"update.example.jp\"]}}},\"actuator\":{\"er\":{}},\"command_id\":"
	"\"6c1f\"}",
	"{\"action\":\"allow\",\"target\":{\"device\":{\"device_id\":\"host-000417\"}},"
	"\"actuator\":{"
	"\"er\":{}}}",
	"{\"action\":\"deny\",\"target\":{\"mac_addr\":\"52:54:00:ab:cd:ef\"},\"args\":{"
	"\"start_time\":1,\"stop_time\":2}}",
	"{\"action\":\"cancel\",\"target\":{\"command\":\"6c1f\"}}",
};

/* The same members with the same values, in whichever order. */
static void round_trips(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct openc2_message m;
		struct errmsg e = {""};
		json_t *a, *b;
		char *text;

		if (openc2_message_read(SLICE_STR(examples[i]), &m, &e) < 0)
			fail_msg("%s: %s", examples[i], e.text);
		text = openc2_message_write(&m);
		a = json_loads(examples[i], 0, NULL);
		b = json_loads(text, 0, NULL);
		if (!json_equal(a, b))
			fail_msg("%s became %s", examples[i], text);
		json_decref(a);
		json_decref(b);
		free(text);
		openc2_message_done(&m);
	}
}

static const struct {
	int rc;
	const char *text;
} wrong[] = {
	{ERR_INVALID, ""},
	{ERR_INVALID, "[]"},
	{ERR_INVALID, "{\"action\":\"deny\"}"},
	{ERR_INVALID, "{\"action\":1,\"target\":{\"features\":[]}}"},
	{ERR_INVALID, "{\"target\":{\"features\":[]}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{}}"},
	{ERR_INVALID,
	 "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"1.2.3.4\",\"mac_addr\":\"x\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"action\":\"allow\",\"target\":{\"features\":[]}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"1.2.3.4.5\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"1.2.3.4/33\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"1.2.3.4/24\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"ipv4_net\":\"2001:db8::1\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"ipv6_net\":\"1.2.3.4\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"mac_addr\":\"52:54:00:ab:cd\"}}"},
	{ERR_INVALID, "{\"action\":\"contain\",\"target\":{\"device\":{}}}"},
	{ERR_INVALID, "{\"action\":\"contain\",\"target\":{\"device\":{\"device_id\":\"\"}}}"},
	{ERR_INVALID, "{\"action\":\"query\",\"target\":{\"features\":[1]}}"},
	{ERR_INVALID, "{\"action\":\"delete\",\"target\":{\"slpf:rule_number\":-1}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{}}"},
	{ERR_INVALID,
	 "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{\"duration\":\"1\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{\"start_time\":1,"
		      "\"stop_time\":3,\"duration\":2}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{\"start_time\":3,"
		      "\"stop_time\":2}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{"
		      "\"response_requested\":\"perhaps\"}}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"command_id\":"
		      "\"0123456789012345678901234567890123456\"}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"command_id\":\"a b\"}"},
	{ERR_INVALID, "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"acton\":1}"},
	{ERR_INVALID,
	 "{\"headers\":{\"request_id\":7},\"body\":{\"openc2\":{\"request\":{\"action\":"
	 "\"query\",\"target\":{\"features\":[]}}}}}"},
	{ERR_INVALID, "{\"headers\":{},\"body\":{\"openc2\":{}}}"},
	{ERR_INVALID, "{\"headers\":{},\"body\":{}}"},
	{ERR_UNSUPPORTED, "{\"action\":\"quarantine\",\"target\":{\"ipv4_net\":\"1.2.3.4\"}}"},
	{ERR_UNSUPPORTED, "{\"action\":\"deny\",\"target\":{\"planet\":\"mars\"}}"},
	{ERR_UNSUPPORTED,
	 "{\"action\":\"deny\",\"target\":{\"mac_addr\":\"52:54:00:ab:cd:ef:01:02\"}}"},
	{ERR_UNSUPPORTED, "{\"action\":\"query\",\"target\":{\"features\":[\"colour\"]}}"},
	{ERR_UNSUPPORTED,
	 "{\"action\":\"deny\",\"target\":{\"uri\":\"x\"},\"args\":{\"speed\":1}}"},
	{ERR_UNSUPPORTED,
	 "{\"headers\":{},\"body\":{\"openc2\":{\"request\":{}}},\"signature\":\"x\"}"},
};

static void mistakes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct openc2_message m;
		struct errmsg e = {""};
		int rc = openc2_message_read(SLICE_STR(wrong[i].text), &m, &e);

		if (rc != wrong[i].rc || !e.text[0])
			fail_msg("%s: %d, %s", wrong[i].text, rc, e.text);
		openc2_message_done(&m);
	}
}

static void refusals_keep_the_id(void **state)
{
	struct openc2_message m;
	struct errmsg e;

	assert_int_equal(
		openc2_message_read(SLICE_LIT("{\"headers\":{\"request_id\":\"r-1\"},\"body\":{"
					      "\"openc2\":{\"request\":{\"action\":\"fly\"}}}}"),
				    &m, &e),
		ERR_UNSUPPORTED);
	assert_string_equal(m.request_id, "r-1");
	openc2_message_done(&m);
}

static void bounds(void **state)
{
	char *text = malloc(OPENC2_MAX + 2);
	struct openc2_message m;
	struct errmsg e;

	memset(text, '[', OPENC2_MAX + 2);
	assert_int_equal(openc2_message_read(SLICE(text, OPENC2_MAX + 1), &m, &e), ERR_INVALID);
	openc2_message_done(&m);
	assert_int_equal(openc2_message_read(SLICE(text, OPENC2_MAX), &m, &e), ERR_INVALID);
	assert_string_equal(e.text, "nested more than 16 deep");
	openc2_message_done(&m);
	free(text);
}

static void decoded(void **state)
{
	static const uint8_t random[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct openc2_message m;
	char id[OPENC2_ID];

	assert_int_equal(openc2_message_read(SLICE_STR(examples[3]), &m, NULL), 0);
	assert_int_equal(m.command.action, OPENC2_DENY);
	assert_true(m.bare && m.command.has_start && m.command.has_duration && !m.command.has_stop);
	assert_int_equal(m.command.start, 1534775460000);
	assert_int_equal(m.command.response, OPENC2_RESPONSE_ACK);
	assert_string_equal(m.command.actuator, "slpf");
	openc2_message_done(&m);
	assert_int_equal(openc2_message_read(SLICE_STR(examples[11]), &m, NULL), 0);
	assert_int_equal(openc2_rule_number(m.response.results), 1234);
	openc2_message_done(&m);
	openc2_uuid(random, id);
	assert_string_equal(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(refusals_keep_the_id),
		cmocka_unit_test(bounds),
		cmocka_unit_test(decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
