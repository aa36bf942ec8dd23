#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/wire/fields.h"
#include "control/wire/limits.h"
#include "control/wire/message.h"

static void tables_agree_with_the_schema(void **state)
{
	for (unsigned m = 0; m < fields_n_maps; m++) {
		const struct map *map = fields_maps[m];

		assert_int_equal(map->n_fields, map->pb->n_fields);
		for (unsigned i = 0; i < map->n_fields; i++) {
			const struct map_field *f = &map->fields[i];
			const ProtobufCFieldDescriptor *d = &map->pb->fields[i];

			assert_string_equal(f->name, d->name);
			assert_true(f->offset < map->size);
			if (f->sub)
				assert_ptr_equal(f->sub->pb, d->descriptor);
		}
	}
}

static const ProtobufCType types[] = {
	[MAP_U32] = PROTOBUF_C_TYPE_UINT32,	[MAP_BOOL] = PROTOBUF_C_TYPE_BOOL,
	[MAP_DOUBLE] = PROTOBUF_C_TYPE_DOUBLE,	[MAP_ENUM] = PROTOBUF_C_TYPE_ENUM,
	[MAP_TEXT] = PROTOBUF_C_TYPE_STRING,	[MAP_BYTES] = PROTOBUF_C_TYPE_BYTES,
	[MAP_IP] = PROTOBUF_C_TYPE_BYTES,	[MAP_MAC] = PROTOBUF_C_TYPE_BYTES,
	[MAP_STRUCT] = PROTOBUF_C_TYPE_MESSAGE, [MAP_TEXT_LIST] = PROTOBUF_C_TYPE_STRING,
	[MAP_IP_LIST] = PROTOBUF_C_TYPE_BYTES,	[MAP_STRUCT_LIST] = PROTOBUF_C_TYPE_MESSAGE,
	[MAP_SKIP] = PROTOBUF_C_TYPE_MESSAGE,	[MAP_ONEOF] = PROTOBUF_C_TYPE_MESSAGE,
};

static void tables_have_the_schema_s_types(void **state)
{
	for (unsigned m = 0; m < fields_n_maps; m++) {
		for (unsigned i = 0; i < fields_maps[m]->n_fields; i++) {
			const struct map_field *f = &fields_maps[m]->fields[i];
			const ProtobufCFieldDescriptor *d = &fields_maps[m]->pb->fields[i];
			bool repeated = f->kind == MAP_TEXT_LIST || f->kind == MAP_IP_LIST ||
					f->kind == MAP_STRUCT_LIST;

			if (f->kind == MAP_U64)
				assert_true(d->type == PROTOBUF_C_TYPE_UINT64 ||
					    d->type == PROTOBUF_C_TYPE_FIXED64);
			else
				assert_int_equal(d->type, types[f->kind]);
			assert_int_equal(repeated, d->label == PROTOBUF_C_LABEL_REPEATED);
		}
	}
}

static struct message sample_alert(void)
{
	static const char *tactics[] = {"TA0011", "TA0001"};
	static const char *reasons[] = {"612 connections to 204 hosts in 60 s, more than 100"};
	struct message m = {.kind = MESSAGE_REPORT};
	struct alert *a = &m.report.alert;

	m.report.kind = REPORT_ALERT;
	m.report.sequence = 77;
	m.report.sensor = "sensor-1";
	m.report.time = 1234567890123456789;
	a->id = "s1-0001";
	a->host.mac = (struct mac_addr){{2, 0, 0, 0, 0, 1}};
	ip_addr_parse("10.1.2.3", &a->host.ip);
	ip_addr_parse("2001:db8::1", &a->peer.ip);
	a->host.side = HOST_SIDE_INSIDE;
	a->handshake_completed = true;
	a->flow.src_port = 50123;
	a->sid = 2000001;
	a->severity = SEVERITY_HIGH;
	a->confidence = CONFIDENCE_KNOWN;
	a->tactics = (struct text_list){tactics, 2};
	a->reasons = (struct text_list){reasons, 1};
	a->msg = "bad \xff byte";
	a->eve = SLICE_LIT("{\"event_type\":\"alert\"}");
	return m;
}

static void alert_comes_back(void **state)
{
	struct message m = sample_alert(), *got;
	struct errmsg e = {0};
	struct slice bytes;

	assert_int_equal(message_encode(&m, &bytes, &e), 0);
	got = message_decode(bytes, &e);
	assert_non_null(got);
	assert_int_equal(got->kind, MESSAGE_REPORT);
	assert_int_equal(got->report.kind, REPORT_ALERT);
	assert_int_equal(got->report.time, m.report.time);
	assert_string_equal(got->report.alert.id, "s1-0001");
	assert_true(ip_addr_eq(&got->report.alert.host.ip, &m.report.alert.host.ip));
	assert_true(ip_addr_eq(&got->report.alert.peer.ip, &m.report.alert.peer.ip));
	assert_memory_equal(&got->report.alert.host.mac, &m.report.alert.host.mac, 6);
	assert_int_equal(got->report.alert.tactics.n, 2);
	assert_string_equal(got->report.alert.tactics.items[1], "TA0001");
	assert_string_equal(got->report.alert.msg, "bad \xef\xbf\xbd byte");
	assert_string_equal(got->report.alert.url, "");
	assert_string_equal(got->report.alert.evidence.file, "");
	assert_true(slice_eq(got->report.alert.eve, m.report.alert.eve));
	message_free(got);
	payload_free(&bytes);
}

/* Every prefix either fails with a sentence or is a message of its own. */
static void truncated_messages_have_a_sentence(void **state)
{
	struct message m = sample_alert();
	struct errmsg e = {0};
	struct slice bytes;

	assert_int_equal(message_encode(&m, &bytes, &e), 0);
	for (size_t cut = 0; cut < bytes.len; cut++) {
		struct message *got;

		e.text[0] = '\0';
		got = message_decode(SLICE(bytes.data, cut), &e);
		assert_true(got || e.text[0]);
		message_free(got);
	}
	payload_free(&bytes);
}

struct bad_case {
	const char *name;
	struct slice bytes;
	const char *sentence;
};

static const struct bad_case bad_cases[] = {
	{"empty", SLICE_LIT(""), "message of a kind that this version does not know"},
	{"unknown kind", SLICE_LIT("\xfa\x3f\x00"),
	 "message of a kind that this version does not know"},
	{"garbage", SLICE_LIT("GET / HTTP/1.1\r\n"), "malformed message of 16 bytes"},
	{"text not UTF-8", SLICE_LIT("\x22\x03\x0a\x01\xff"),
	 "malformed message: CommandStatus.command_id is not UTF-8"},
	{"address of 5 bytes",
	 SLICE_LIT("\x22\x09\x3a\x07\x12\x05"
		   "12345"),
	 "malformed message: HostIdent.ip is not an address of 4 or 16 bytes"},
	{"MAC of 1 byte",
	 SLICE_LIT("\x22\x05\x3a\x03\x0a\x01"
		   "1"),
	 "malformed message: HostIdent.mac is not 6 bytes"},
	{"signed without signature", SLICE_LIT("\x0a\x04\x0a\x02\x22\x00"),
	 "malformed message: signed without a body or signature"},
};

static void bad_messages_have_their_sentence(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		struct errmsg e = {0};

		assert_null(message_decode(bad_cases[i].bytes, &e));
		assert_string_equal(e.text, bad_cases[i].sentence);
	}
}

/* A message of many empty items would take hundreds of bytes for each two that came. */
static void decoding_bombs_are_refused(void **state)
{
	static uint8_t bomb[400000];
	struct errmsg e = {0};
	size_t n = 0, items = 199000;

	bomb[n++] = 8 << 3 | 2; /* mitigator_state */
	bomb[n++] = (uint8_t)(0x80 | (items * 2 & 0x7f));
	bomb[n++] = (uint8_t)(0x80 | (items * 2 >> 7 & 0x7f));
	bomb[n++] = (uint8_t)(items * 2 >> 14);
	for (size_t i = 0; i < items; i++) {
		bomb[n++] = 4 << 3 | 2; /* hosts */
		bomb[n++] = 0;
	}
	assert_null(message_decode(SLICE(bomb, n), &e));
	assert_string_equal(e.text, "message takes too much memory when decoded");
	e.text[0] = '\0';
	assert_null(message_decode(SLICE(bomb, (size_t)WIRE_PAYLOAD_MAX + 1), &e));
	assert_string_equal(e.text, "message of 4193281 bytes is larger than the 4193280 allowed");
}

static void unknown_enum_values_become_zero(void **state)
{
	struct errmsg e = {0};
	/* CommandStatus {state = 99} */
	struct message *m = message_decode(SLICE_LIT("\x22\x02\x10\x63"), &e);

	assert_non_null(m);
	assert_int_equal(m->status.state, COMMAND_STATE_UNSPECIFIED);
	message_free(m);
}

static void words_go_both_ways(void **state)
{
	enum command_state s;
	enum level l;

	for (int i = 1; i <= COMMAND_STATE_RELEASING; i++) {
		assert_int_equal(command_state_parse(command_state_text((enum command_state)i), &s),
				 0);
		assert_int_equal(s, i);
	}
	for (int i = 1; i <= LEVEL_DANGER; i++) {
		assert_int_equal(level_parse(level_text((enum level)i), &l), 0);
		assert_int_equal(l, i);
	}
	assert_int_equal(level_parse("worse", &l), ERR_INVALID);
	assert_string_equal(severity_text((enum severity)250), "unspecified");
	assert_string_equal(message_kind_text(MESSAGE_ENROL_ANSWER), "enrol-answer");
	assert_string_equal(report_kind_text(REPORT_WATCH), "watch");
	assert_string_equal(command_action_text(COMMAND_RECOVER), "recover");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_agree_with_the_schema),
		cmocka_unit_test(tables_have_the_schema_s_types),
		cmocka_unit_test(alert_comes_back),
		cmocka_unit_test(truncated_messages_have_a_sentence),
		cmocka_unit_test(bad_messages_have_their_sentence),
		cmocka_unit_test(decoding_bombs_are_refused),
		cmocka_unit_test(unknown_enum_values_become_zero),
		cmocka_unit_test(words_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
