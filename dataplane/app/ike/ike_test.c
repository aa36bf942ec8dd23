#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ike/ike.h"

#define SPI_I "\x11\x22\x33\x44\x55\x66\x77\x88"
#define SPI_R "\xaa\xbb\xcc\xdd\xee\xff\0\1"
#define ZERO  "\0\0\0\0\0\0\0\0"
/* version 1, main mode; the length is not looked at */
#define V1(next, spi, flags) SPI_I spi next "\x10\2" flags "\0\0\0\0\0\0\1\0"
/* AES 256, SHA, group 2, shared key, 86400 seconds */
#define TRANSFORM_AES                                                                              \
	"\0\0\0\x28\1\1\0\0\x80\1\0\7\x80\x0e\1\0\x80\2\0\2\x80\4\0\2\x80\3\0\1\x80\x0b\0\1"       \
	"\0\x0c\0\4\0\1\x51\x80"
#define SA1   "\0\0\0\x3c\0\0\0\1\0\0\0\1\0\0\0\x30\1\1\0\1" TRANSFORM_AES
#define SA1_V "\x0d\0\0\x3c\0\0\0\1\0\0\0\1\0\0\0\x30\1\1\0\1" TRANSFORM_AES "\0\0\0\6\xab\xcd"
#define KE1                                                                                        \
	"\x0a\0\0\x08"                                                                             \
	"KEKE"                                                                                     \
	"\0\0\0\7"                                                                                 \
	"abc"

#define FEED(h, dir, bytes) harness_feed(h, dir, bytes, sizeof(bytes) - 1)

static void assert_part(const char *eve, const char *part)
{
	assert_non_null(eve);
	if (!strstr(eve, part))
		fail_msg("%s is not in %s", part, eve);
}

static void version_1(void **state)
{
	struct harness *h = harness_new(&ike_proto, APP_UDP, 500);
	const struct app_tx *tx;
	struct slice s;

	assert_true(FEED(h, DIR_TS, V1("\1", ZERO, "\0") SA1_V));
	tx = harness_tx(h, 0);
	assert_int_equal(tx->event_count, 0);
	assert_part(harness_eve(h, tx, 0),
		    "\"ike\":{\"version_major\":1,\"version_minor\":0,\"init_spi\":"
		    "\"1122334455667788\",\"resp_spi\":\"0000000000000000\",\"message_id\":0,"
		    "\"exchange_type\":2,\"payload\":[\"SecurityAssociation\",\"Proposal\","
		    "\"Transform\",\"VendorID\"],\"ikev1\":{\"doi\":1,\"encrypted_payloads\":false,"
		    "\"client\":{\"proposals\":[{\"alg_enc\":\"EncAesCbc\",\"alg_enc_raw\":7,"
		    "\"alg_hash\":\"HashSha\",\"alg_hash_raw\":2,\"alg_auth\":\"AuthPreSharedKey\","
		    "\"alg_auth_raw\":1,\"alg_dh\":\"GroupAlternate1024BitModpGroup\","
		    "\"alg_dh_raw\":2,\"sa_life_type\":\"LifeTypeSeconds\",\"sa_life_type_raw\":1,"
		    "\"sa_life_duration\":\"Unknown\",\"sa_life_duration_raw\":86400,"
		    "\"sa_key_length\":\"Unknown\",\"sa_key_length_raw\":256}]},\"server\":{},"
		    "\"vendor_ids\":[\"abcd\"]}}");
	s = harness_buffer(h, tx, "ike.vendor", DIR_TS, 0);
	assert_true(slice_eq(s, SLICE_LIT("abcd")));
	assert_null(harness_buffer(h, tx, "ike.vendor", DIR_TS, 1).data);
	assert_int_equal(harness_keyword(h, tx, "ike.exchtype", DIR_TS, "2"), 1);

	assert_true(FEED(h, DIR_TC, V1("\1", SPI_R, "\0") SA1));
	tx = harness_tx(h, 1);
	assert_part(harness_eve(h, tx, 0), "\"exchange_type\":2,\"alg_enc\":\"EncAesCbc\"");
	assert_int_equal(harness_keyword(h, tx, "ike.chosen_sa_attribute", DIR_TC, "alg_enc=7"), 1);
	assert_int_equal(harness_keyword(h, tx, "ike.chosen_sa_attribute", DIR_TC, "alg_hash = 3"),
			 0);
	assert_int_equal(harness_keyword(h, tx, "ike.chosen_sa_attribute", DIR_TC, "nothing=3"),
			 -1);
	s = harness_buffer(h, tx, "ike.resp_spi", DIR_TC, 0);
	assert_true(slice_eq(s, SLICE_LIT("aabbccddeeff0001")));

	assert_true(FEED(h, DIR_TS, V1("\4", SPI_R, "\0") KE1));
	tx = harness_tx(h, 2);
	assert_part(harness_eve(h, tx, 0),
		    "\"client\":{\"key_exchange_payload\":\"4b454b45\","
		    "\"key_exchange_payload_length\":4,\"nonce_payload\":\"616263\","
		    "\"nonce_payload_length\":3}");
	assert_int_equal(harness_keyword(h, tx, "ike.nonce_payload_length", DIR_TS, "3"), 1);
	assert_int_equal(harness_keyword(h, tx, "ike.key_exchange_payload_length", DIR_TS, "4"), 1);
	s = harness_buffer(h, tx, "ike.nonce_payload", DIR_TS, 0);
	assert_true(slice_eq(s, SLICE_LIT("abc")));

	assert_true(FEED(h, DIR_TS, V1("\5", SPI_R, "\1") "what nobody can read"));
	assert_part(harness_eve(h, harness_tx(h, 3), 0),
		    "\"payload\":[\"Identification\"],\"ikev1\":{\"doi\":1,\"encrypted_payloads\":"
		    "true}");
	harness_delete(h);
}

static void version_1_events(void **state)
{
	struct harness *h = harness_new(&ike_proto, APP_UDP, 500);

	assert_true(FEED(h, DIR_TS, V1("\4", SPI_R, "\0") KE1 "xy"));
	assert_true(harness_has_event(h, harness_tx(h, 0), "payload_extra_data"));
	/* two transforms of the server's */
	assert_true(FEED(h, DIR_TC,
			 V1("\1", SPI_R, "\0") "\0\0\0\x34\0\0\0\1\0\0\0\1\0\0\0\x28\1\1\0\2"
					       "\3\0\0\x10\1\1\0\0\x80\1\0\7\x80\2\0\2"
					       "\0\0\0\x10\2\1\0\0\x80\1\0\5\x80\2\0\2"));
	assert_true(harness_has_event(h, harness_tx(h, 1), "multiple_server_proposal"));
	assert_part(harness_eve(h, harness_tx(h, 1), 0), "\"server_proposals\":[{\"alg_enc\":");
	/* an association that is cut */
	assert_true(FEED(h, DIR_TS, V1("\1", SPI_R, "\0") "\0\0\0\6\0\0"));
	assert_true(harness_has_event(h, harness_tx(h, 2), "malformed_data"));
	harness_delete(h);
}

#define V2(next, spi, flags, len) SPI_I spi next "\x20\x22" flags "\0\0\0\0\0\0\0" len
#define T(last, type, id)	  last "\0\0\x08" type "\0" id

static void version_2(void **state)
{
	struct harness *h = harness_new(&ike_proto, APP_UDP, 500);
	const struct app_tx *tx;

	assert_true(FEED(h, DIR_TS,
			 V2("\x21", ZERO, "\x08", "\x48") "\x29\0\0\x24\0\0\0\x20\1\1\0\3" T(
				 "\3", "\1", "\0\3") T("\3", "\2", "\0\2")
				 T("\0", "\3", "\0\2") "\0\0\0\x08\0\0\x40\x04"));
	tx = harness_tx(h, 0);
	assert_true(harness_has_event(h, tx, "weak_crypto_enc"));
	assert_true(harness_has_event(h, tx, "weak_crypto_prf"));
	assert_true(harness_has_event(h, tx, "weak_crypto_auth"));
	assert_true(harness_has_event(h, tx, "weak_crypto_no_dh"));
	assert_false(harness_has_event(h, tx, "weak_crypto_no_auth"));
	assert_part(
		harness_eve(h, tx, 0),
		"\"exchange_type\":34,\"role\":\"initiator\",\"payload\":"
		"[\"SecurityAssociation\",\"Notify\",\"NoNextPayload\"],\"ikev2\":{\"errors\":0,"
		"\"notify\":[\"NAT_DETECTION_SOURCE_IP\"]}");
	assert_true(FEED(h, DIR_TC,
			 V2("\x21", SPI_R, "\x20", "\x48") "\x29\0\0\x24\0\0\0\x20\1\1\0\3" T(
				 "\3", "\1", "\0\x14") T("\3", "\2", "\0\5")
				 T("\0", "\4", "\0\x13") "\0\0\0\x08\0\0\0\x0e"));
	tx = harness_tx(h, 1);
	assert_int_equal(tx->event_count, 0);
	assert_part(harness_eve(h, tx, 0),
		    "\"role\":\"responder\",\"alg_enc\":\"ENCR_AES_GCM_16\",\"alg_auth\":\"NONE\","
		    "\"alg_dh\":\"Ecp256\"");
	assert_part(harness_eve(h, tx, 0),
		    "\"ikev2\":{\"errors\":1,\"notify\":[\"NO_PROPOSAL_CHOSEN\"]}");
	assert_int_equal(harness_keyword(h, tx, "ike.chosen_sa_attribute", DIR_TC, "alg_enc=20"),
			 1);
	assert_int_equal(harness_keyword(h, tx, "ike.chosen_sa_attribute", DIR_TC, "alg_dh=20"), 0);
	/* A payload that is cut: the message says nothing. */
	assert_true(FEED(h, DIR_TC, V2("\x29", SPI_R, "\x20", "\x24") "\0\0\0\x06\0\0"));
	assert_null(strstr(harness_eve(h, harness_tx(h, 2), 0), "payload"));
	harness_delete(h);
}

static void identification(void **state)
{
	struct harness *h = harness_new(&ike_proto, APP_UDP, 500);
	static const struct {
		const char *bytes;
		size_t len;
		enum dir dir;
		enum app_probe want;
	} table[] = {
#define CASE(bytes, dir, want) {bytes, sizeof(bytes) - 1, dir, want}
		CASE(V1("\1", ZERO, "\0"), DIR_TS, APP_PROBE_YES),
		CASE(V1("\1", ZERO, "\0"), DIR_TC, APP_PROBE_REVERSED),
		CASE(V1("\1", SPI_R, "\0"), DIR_TC, APP_PROBE_YES),
		CASE(V2("\x21", SPI_R, "\x20", "\x1c"), DIR_TC, APP_PROBE_YES),
		CASE(V2("\x21", SPI_R, "\x20", "\x1d"), DIR_TC, APP_PROBE_NO),
		CASE(SPI_I SPI_R "\x21\x21\x22\0\0\0\0\0\0\0\0\x1c", DIR_TS, APP_PROBE_NO),
		CASE(SPI_I SPI_R "\x21\x20\x21\0\0\0\0\0\0\0\0\x1c", DIR_TS, APP_PROBE_NO),
		CASE(SPI_I SPI_R "\x21\x30\x22\0\0\0\0\0\0\0\0\x1c", DIR_TS, APP_PROBE_NO),
		CASE(SPI_I SPI_R, DIR_TS, APP_PROBE_NO),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(
			harness_identify(h, table[i].dir, SLICE(table[i].bytes, table[i].len)),
			table[i].want);
	assert_false(FEED(h, DIR_TS, SPI_I SPI_R "\x21\x30\x22\0\0\0\0\0\0\0\0\x1c"));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_1_events),
		cmocka_unit_test(version_2),
		cmocka_unit_test(identification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
