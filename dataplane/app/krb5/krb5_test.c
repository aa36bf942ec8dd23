#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/krb5/krb5.h"

/* Written with a DER writer after RFC 4120: "user" asks for krbtgt/R.LOC in R.LOC. */
static const uint8_t as_request[] = {
	0x6a, 0x73, 0x30, 0x71, 0xa1, 0x03, 0x02, 0x01, 0x05, 0xa2, 0x03, 0x02, 0x01, 0x0a, 0xa4,
	0x65, 0x30, 0x63, 0xa0, 0x07, 0x03, 0x05, 0x00, 0x50, 0x80, 0x00, 0x00, 0xa1, 0x11, 0x30,
	0x0f, 0xa0, 0x03, 0x02, 0x01, 0x01, 0xa1, 0x08, 0x30, 0x06, 0x1b, 0x04, 0x75, 0x73, 0x65,
	0x72, 0xa2, 0x07, 0x1b, 0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43, 0xa3, 0x1a, 0x30, 0x18, 0xa0,
	0x03, 0x02, 0x01, 0x01, 0xa1, 0x11, 0x30, 0x0f, 0x1b, 0x06, 0x6b, 0x72, 0x62, 0x74, 0x67,
	0x74, 0x1b, 0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43, 0xa5, 0x11, 0x18, 0x0f, 0x32, 0x30, 0x32,
	0x36, 0x30, 0x32, 0x31, 0x30, 0x32, 0x33, 0x32, 0x35, 0x35, 0x31, 0x5a, 0xa7, 0x03, 0x02,
	0x01, 0x4d, 0xa8, 0x08, 0x30, 0x06, 0x02, 0x01, 0x12, 0x02, 0x01, 0x11};
/* For srv/h; the answer in RC4, the ticket in AES 256. */
static const uint8_t tgs_reply[] = {
	0x6d, 0x81, 0xa5, 0x30, 0x81, 0xa2, 0xa0, 0x03, 0x02, 0x01, 0x05, 0xa1, 0x03, 0x02,
	0x01, 0x0d, 0xa3, 0x07, 0x1b, 0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43, 0xa4, 0x11, 0x30,
	0x0f, 0xa0, 0x03, 0x02, 0x01, 0x01, 0xa1, 0x08, 0x30, 0x06, 0x1b, 0x04, 0x75, 0x73,
	0x65, 0x72, 0xa5, 0x4a, 0x61, 0x48, 0x30, 0x46, 0xa0, 0x03, 0x02, 0x01, 0x05, 0xa1,
	0x04, 0x1b, 0x02, 0x54, 0x52, 0xa2, 0x13, 0x30, 0x11, 0xa0, 0x03, 0x02, 0x01, 0x01,
	0xa1, 0x0a, 0x30, 0x08, 0x1b, 0x03, 0x73, 0x72, 0x76, 0x1b, 0x01, 0x68, 0xa3, 0x24,
	0x30, 0x22, 0xa0, 0x03, 0x02, 0x01, 0x12, 0xa1, 0x03, 0x02, 0x01, 0x02, 0xa2, 0x16,
	0x04, 0x14, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78,
	0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0xa6, 0x2e, 0x30, 0x2c, 0xa0, 0x03,
	0x02, 0x01, 0x17, 0xa1, 0x03, 0x02, 0x01, 0x03, 0xa2, 0x20, 0x04, 0x1e, 0x79, 0x79,
	0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79,
	0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79, 0x79};
/* 25, with crealm CR and cname cu. */
static const uint8_t error[] = {
	0x7e, 0x7d, 0x30, 0x7b, 0xa0, 0x03, 0x02, 0x01, 0x05, 0xa1, 0x03, 0x02, 0x01, 0x1e, 0xa2,
	0x11, 0x18, 0x0f, 0x32, 0x30, 0x32, 0x36, 0x30, 0x32, 0x31, 0x30, 0x32, 0x33, 0x32, 0x35,
	0x35, 0x31, 0x5a, 0xa3, 0x03, 0x02, 0x01, 0x01, 0xa4, 0x11, 0x18, 0x0f, 0x32, 0x30, 0x32,
	0x36, 0x30, 0x32, 0x31, 0x30, 0x32, 0x33, 0x32, 0x35, 0x35, 0x31, 0x5a, 0xa5, 0x03, 0x02,
	0x01, 0x02, 0xa6, 0x03, 0x02, 0x01, 0x19, 0xa7, 0x04, 0x1b, 0x02, 0x43, 0x52, 0xa8, 0x0f,
	0x30, 0x0d, 0xa0, 0x03, 0x02, 0x01, 0x01, 0xa1, 0x06, 0x30, 0x04, 0x1b, 0x02, 0x63, 0x75,
	0xa9, 0x07, 0x1b, 0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43, 0xaa, 0x1a, 0x30, 0x18, 0xa0, 0x03,
	0x02, 0x01, 0x01, 0xa1, 0x11, 0x30, 0x0f, 0x1b, 0x06, 0x6b, 0x72, 0x62, 0x74, 0x67, 0x74,
	0x1b, 0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43};
/* No cname, and sname twice of one name. */
static const uint8_t tgs_request[] = {
	0x6c, 0x54, 0x30, 0x52, 0xa1, 0x03, 0x02, 0x01, 0x05, 0xa2, 0x03, 0x02, 0x01, 0x0c, 0xa4,
	0x46, 0x30, 0x44, 0xa0, 0x07, 0x03, 0x05, 0x00, 0x50, 0x80, 0x00, 0x00, 0xa2, 0x07, 0x1b,
	0x05, 0x52, 0x2e, 0x4c, 0x4f, 0x43, 0xa3, 0x0e, 0x30, 0x0c, 0xa0, 0x03, 0x02, 0x01, 0x01,
	0xa1, 0x05, 0x30, 0x03, 0x1b, 0x01, 0x78, 0xa5, 0x11, 0x18, 0x0f, 0x32, 0x30, 0x32, 0x36,
	0x30, 0x32, 0x31, 0x30, 0x32, 0x33, 0x32, 0x35, 0x35, 0x31, 0x5a, 0xa7, 0x03, 0x02, 0x01,
	0x4d, 0xa8, 0x08, 0x30, 0x06, 0x02, 0x01, 0x12, 0x02, 0x01, 0x11};

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void assert_eve(struct harness *h, uint64_t id, const char *want)
{
	const char *eve = harness_eve(h, harness_tx(h, id), 0);

	if (!eve || !strstr(eve, want))
		fail_msg("%s\nhas no %s", eve, want);
}

static void exchange(void **state)
{
	struct harness *h = harness_new(&krb5_proto, APP_UDP, 88);
	const struct app_tx *tx;

	harness_feed(h, DIR_TS, as_request, sizeof(as_request));
	harness_feed(h, DIR_TC, error, sizeof(error));
	harness_feed(h, DIR_TS, tgs_request, sizeof(tgs_request));
	harness_feed(h, DIR_TC, tgs_reply, sizeof(tgs_reply));
	harness_feed(h, DIR_TC, error, sizeof(error));
	assert_int_equal(harness_live(h), 5);
	/* Each is one direction's alone. */
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(harness_tx(h, i)->only_one_way[DIR_TS], i != 0 && i != 2);
		assert_int_equal(harness_tx(h, i)->only_one_way[DIR_TC], i == 0 || i == 2);
	}
	tx = harness_tx(h, 0);
	assert_eve(
		h, 0,
		"\"msg_type\":\"KRB_AS_REQ\",\"cname\":\"user\",\"realm\":\"R.LOC\","
		"\"sname\":\"krbtgt/R.LOC\",\"encryption\":\"<none>\",\"weak_encryption\":false");
	assert_int_equal(harness_keyword(h, tx, "krb5_msg_type", DIR_TS, "10"), 1);
	assert_int_equal(harness_keyword(h, tx, "krb5_msg_type", DIR_TS, "11"), 0);
	assert_int_equal(harness_keyword(h, tx, "krb5.ticket_encryption", DIR_TC, "weak"), 0);
	assert_text(harness_buffer(h, tx, "krb5.cname", DIR_TC, 0), "user");
	assert_text(harness_buffer(h, tx, "krb5.sname", DIR_TC, 1), "R.LOC");
	assert_null(harness_buffer(h, tx, "krb5.sname", DIR_TC, 2).data);
	tx = harness_tx(h, 1);
	assert_eve(h, 1,
		   "\"msg_type\":\"KRB_ERROR\",\"failed_request\":\"KRB_AS_REQ\","
		   "\"error_code\":\"KDC_ERR_PREAUTH_REQUIRED\",\"cname\":\"cu\",\"realm\":\"CR\"");
	assert_int_equal(harness_keyword(h, tx, "krb5_err_code", DIR_TC, "25"), 1);
	assert_int_equal(harness_keyword(h, tx, "krb5_err_code", DIR_TC, "24"), 0);
	assert_int_equal(harness_keyword(h, tx, "krb5_msg_type", DIR_TC, "30"), 1);
	assert_eve(h, 2, "\"KRB_TGS_REQ\",\"cname\":\"<empty>\"");
	tx = harness_tx(h, 3);
	assert_eve(h, 3,
		   "\"sname\":\"srv/h\",\"encryption\":\"rc4-hmac\",\"weak_encryption\":true,"
		   "\"ticket_encryption\":\"aes256-cts-hmac-sha1-96\",\"ticket_weak_encryption\":"
		   "false");
	assert_true(harness_has_event(h, tx, "weak_encryption"));
	assert_int_equal(harness_keyword(h, tx, "krb5.ticket_encryption", DIR_TC, "!weak"), 1);
	assert_int_equal(harness_keyword(h, tx, "krb5.ticket_encryption", DIR_TC, "23 , 18"), 1);
	assert_int_equal(harness_keyword(h, tx, "krb5.ticket_encryption", DIR_TC, "rc4-hmac"), 0);
	/* Nothing was asked since the last answer. */
	assert_eve(h, 4, "\"failed_request\":\"UNKNOWN\"");
	harness_delete(h);
}

static void arguments(void **state)
{
	static const char *const refused[][2] = {
		{"krb5_msg_type", "256"},	   {"krb5_msg_type", "-1"},
		{"krb5_msg_type", "!10"},	   {"krb5_msg_type", "x"},
		{"krb5_err_code", "3000000000"},   {"krb5.ticket_encryption", "aes"},
		{"krb5.ticket_encryption", ",18"}, {"krb5.ticket_encryption", "!18"},
		{"krb5.ticket_encryption", "5-6"}, {"krb5.ticket_encryption", ""},
	};
	struct harness *h = harness_new(&krb5_proto, APP_UDP, 88);

	harness_feed(h, DIR_TS, as_request, sizeof(as_request));
	for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
		if (harness_keyword(h, harness_tx(h, 0), refused[i][0], DIR_TS, refused[i][1]) !=
		    -1)
			fail_msg("%s:%s", refused[i][0], refused[i][1]);
	}
	harness_delete(h);
}

static size_t put_record(uint8_t *to, const uint8_t *message, size_t len)
{
	memcpy(to, (uint8_t[]){0, 0, (uint8_t)(len >> 8), (uint8_t)len}, 4);
	memcpy(to + 4, message, len);
	return 4 + len;
}

/* Two requests in one stream; Suricata 7.0.10 stops at the first. */
static void records_at_every_cut(void **state)
{
	uint8_t stream[1024];
	size_t len = put_record(stream, as_request, sizeof(as_request));

	len += put_record(stream + len, tgs_request, sizeof(tgs_request));
	for (size_t cut = 0; cut <= len; cut++) {
		struct harness *h = harness_new(&krb5_proto, APP_TCP, 88);

		harness_feed(h, DIR_TS, stream, cut);
		harness_feed(h, DIR_TS, stream + cut, len - cut);
		assert_int_equal(harness_live(h), 2);
		assert_eve(h, 0, "KRB_AS_REQ");
		assert_eve(h, 1, "KRB_TGS_REQ");
		harness_delete(h);
	}
}

static void long_record(void **state)
{
	static uint8_t stream[4 + 100000];
	struct harness *h = harness_new(&krb5_proto, APP_TCP, 88);
	uint8_t record[512];
	size_t len = put_record(record, as_request, sizeof(as_request));

	harness_feed(h, DIR_TS, record, len);
	stream[1] = 1;
	stream[2] = 0x86;
	stream[3] = 0xa0;
	harness_feed(h, DIR_TS, stream, sizeof(stream));
	assert_true(harness_has_event(h, harness_tx(h, 0), "malformed_data"));
	harness_feed(h, DIR_TS, record, len);
	assert_int_equal(harness_live(h), 2);
	harness_delete(h);
}

/* No message changed in one byte or cut off does harm; one cut off is no transaction. */
static void damage(void **state)
{
	static const struct slice messages[] = {{as_request, sizeof(as_request)},
						{tgs_reply, sizeof(tgs_reply)},
						{error, sizeof(error)}};

	for (unsigned m = 0; m < ARRAY_SIZE(messages); m++) {
		for (size_t n = 0; n < messages[m].len; n++) {
			struct harness *h = harness_new(&krb5_proto, APP_UDP, 88);
			uint8_t copy[512];

			memcpy(copy, messages[m].data, messages[m].len);
			harness_feed(h, DIR_TS, copy, n);
			assert_int_equal(harness_live(h), 0);
			copy[n] ^= 0xff;
			harness_feed(h, DIR_TS, copy, messages[m].len);
			harness_touch(h);
			harness_delete(h);
		}
	}
}

static void identification(void **state)
{
	struct harness *h = harness_new(&krb5_proto, APP_UDP, 88),
		       *t = harness_new(&krb5_proto, APP_TCP, 88);
	uint8_t record[512];
	size_t len = put_record(record, as_request, sizeof(as_request));

	assert_int_equal(harness_identify(h, DIR_TS, SLICE(as_request, sizeof(as_request))),
			 APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(error, sizeof(error))), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\x30\x0a\2\1\5\2\1\5\2\1\5\2")),
			 APP_PROBE_NO);
	assert_int_equal(harness_identify(t, DIR_TS, SLICE(record, len)), APP_PROBE_YES);
	record[2] = 0x41;
	assert_int_equal(harness_identify(t, DIR_TS, SLICE(record, len)), APP_PROBE_NO);
	harness_delete(h);
	harness_delete(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange),
		cmocka_unit_test(arguments),
		cmocka_unit_test(records_at_every_cut),
		cmocka_unit_test(long_record),
		cmocka_unit_test(damage),
		cmocka_unit_test(identification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
