#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/rdp/rdp.h"

#define COOKIE	"Cookie: mstshash=A70067\r\n"
#define NEG	"\1\1\x08\0\3\0\0\0"
#define REQUEST "\3\0\0\x2c\x27\xe0\0\0\x12\x34\0" COOKIE NEG
#define CONFIRM                                                                                    \
	"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0"                                                         \
	"\2\x1f\x08\0\2\0\0\0"
#define FAILURE                                                                                    \
	"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0"                                                         \
	"\3\0\x08\0\5\0\0\0"
#define ANSWER "\3\0\0\x0c\x02\xf0\x80\x7f\x66\1\1\1"
/* A handshake record with one certificate of serial number 0x00abc1. */
#define TLS_CERT                                                                                   \
	"\x16\3\3\0\x18\x0b\0\0\x14\0\0\x11\0\0\x0e"                                               \
	"\x30\x0c\x30\x0a\xa0\3\2\1\2\2\3\0\xab\xc1"

static void assert_part(const char *eve, const char *part)
{
	assert_non_null(eve);
	if (!strstr(eve, part))
		fail_msg("%s is not in %s", part, eve);
}

static void feed_cut(struct harness *h, enum dir dir, const char *bytes, size_t len, size_t step)
{
	for (size_t at = 0; at < len; at += step)
		harness_feed(h, dir, bytes + at, len - at < step ? len - at : step);
}

#define FEED(h, dir, bytes, step) feed_cut(h, dir, bytes, sizeof(bytes) - 1, step)

static void negotiation(void **state)
{
	for (size_t step = 1; step < 50; step++) {
		struct harness *h = harness_new(&rdp_proto, APP_TCP, 3389);

		FEED(h, DIR_TS, REQUEST, step);
		FEED(h, DIR_TC, CONFIRM, step);
		assert_int_equal(harness_live(h), 2);
		assert_part(harness_eve(h, harness_tx(h, 0), 0),
			    "\"rdp\":{\"tx_id\":1,\"event_type\":\"initial_request\",\"cookie\":"
			    "\"A70067\",\"flags\":[\"restricted_admin_mode_required\"]}");
		assert_part(harness_eve(h, harness_tx(h, 1), 0),
			    "\"server_supports\":[\"extended_client_data\",\"dynvc_gfx\","
			    "\"restricted_admin\",\"redirected_authentication\"],\"protocol\":"
			    "\"hybrid\"}");
		harness_delete(h);
	}
}

static void refusal(void **state)
{
	struct harness *h = harness_new(&rdp_proto, APP_TCP, 3389);

	FEED(h, DIR_TC, FAILURE, 100);
	assert_part(harness_eve(h, harness_tx(h, 0), 0),
		    "\"error_code\":5,\"reason\":\"hybrid required by server\"");
	/* What does not concern the connection is passed over. */
	FEED(h, DIR_TS, "\3\0\0\x08\x02\xf0\x80\4", 100);
	assert_int_equal(harness_live(h), 1);
	assert_false(harness_feed(h, DIR_TS, "GET / HTTP/1.0\r\n", 16));
	harness_delete(h);
}

static uint8_t out[1024];

static size_t connect(const uint8_t *blocks, size_t len)
{
	static const char head[] = "\x02\xf0\x80\x7f\x65\x82\1\x94\4\1\1"
				   "Duca";
	size_t n = 4;

	memcpy(out + n, head, sizeof(head) - 1);
	n += sizeof(head) - 1;
	out[n++] = (uint8_t)(0x80 | len >> 8);
	out[n++] = (uint8_t)len;
	memcpy(out + n, blocks, len);
	n += len;
	out[0] = 3;
	out[1] = 0;
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	return n;
}

/* Core data, then two channels. */
static size_t client_blocks(uint8_t *b)
{
	static const char core[] = "\1\xc0\xea\0"
				   "\4\0\x08\0"
				   "\0\5\0\3"
				   "\1\xca\3\xaa"
				   "\x11\4\0\0"
				   "\x63\x45\0\0"
				   "P\0C\0\0";
	static const char net[] = "\3\xc0\x20\0\2\0\0\0"
				  "rdpdr\0\0\0abcd"
				  "cliprdr\0abcd";

	memset(b, 0, 600);
	memcpy(b, core, sizeof(core) - 1);
	b[56] = 7; /* keyboard */
	b[64] = 12;
	memcpy(b + 132, "\4\xca\1\0\5\0\0\0\x18\0\7\0\3\0", 14);
	b[146] = 'i';
	b[210] = 6;   /* LAN */
	b[216] = 200; /* physical width */
	b[220] = 100;
	memcpy(b + 224, "\x5a\0\x64\0\0\0\x8c\0\0\0", 10);
	memcpy(b + 234, net, sizeof(net) - 1);
	return 234 + sizeof(net) - 1;
}

static void client_data(void **state)
{
	struct harness *h = harness_new(&rdp_proto, APP_TCP, 3389);
	uint8_t blocks[700];
	size_t n = connect(blocks, client_blocks(blocks));

	feed_cut(h, DIR_TS, (const char *)out, n, 7);
	assert_part(harness_eve(h, harness_tx(h, 0), 0),
		    "\"event_type\":\"connect_request\",\"client\":{\"version\":\"v5\","
		    "\"desktop_width\":1280,\"desktop_height\":768,\"color_depth\":24,"
		    "\"keyboard_layout\":\"ja-JP\",\"build\":\"Windows 10 RS5\","
		    "\"client_name\":\"PC\",\"keyboard_type\":\"jp\",\"function_keys\":12,"
		    "\"product_id\":1,\"serial_number\":5,\"capabilities\":"
		    "[\"support_errinfo_pdf\",\"want_32bpp_session\"],\"id\":\"i\","
		    "\"connection_hint\":\"lan\",\"physical_width\":200,\"physical_height\":100,"
		    "\"desktop_orientation\":90,\"scale_factor\":100,\"device_scale_factor\":140},"
		    "\"channels\":[\"rdpdr\",\"cliprdr\"]}");
	/* The answer ends what is looked at. */
	FEED(h, DIR_TC, ANSWER, 3);
	assert_part(harness_eve(h, harness_tx(h, 1), 0), "\"connect_response\"}");
	assert_true(harness_feed(h, DIR_TS, "anything", 8));
	harness_delete(h);
}

static void certificate(void **state)
{
	struct harness *h = harness_new(&rdp_proto, APP_TCP, 3389);

	FEED(h, DIR_TC, TLS_CERT, 2);
	assert_part(harness_eve(h, harness_tx(h, 0), 0),
		    "\"event_type\":\"tls_handshake\",\"x509_serials\":[\"abc1\"]}");
	harness_delete(h);
}

static void identification(void **state)
{
	struct harness *h = harness_new(&rdp_proto, APP_TCP, 3389);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT(REQUEST)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("\x16\3\1")), APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiation),	  cmocka_unit_test(refusal),
		cmocka_unit_test(client_data),	  cmocka_unit_test(certificate),
		cmocka_unit_test(identification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
