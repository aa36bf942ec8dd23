#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/pgsql/pgsql.h"
#include "dataplane/app/pgsql/probe.h"

#define STARTUP	   "\0\0\0\035\0\3\0\0user\0joe\0database\0d\0\0"
#define SSL	   "\0\0\0\010\004\322\026\057"
#define GSS	   "\0\0\0\010\004\322\026\060"
#define CANCEL	   "\0\0\0\020\004\322\026\056\0\0\0\7abcd"
#define AUTH(type) "R\0\0\0\010\0\0\0" type
#define AUTH_OK	   AUTH("\0")
#define READY	   "Z\0\0\0\5I"
#define SESSION_BEGIN                                                                              \
	AUTH_OK "S\0\0\0\021"                                                                      \
		"TimeZone\0UTC\0"                                                                  \
		"K\0\0\0\014\0\0\0\7abcd" READY
#define ERROR(message)                                                                             \
	"E\0\0\0\042"                                                                              \
	"SFATAL\0C28P01\0M" message "\0Ff.c\0L7\0Rr\0\0"

struct say {
	enum dir dir;
	struct slice bytes;
};

#define C(lit)                                                                                     \
	{                                                                                          \
		DIR_TS,                                                                            \
		{                                                                                  \
			(const uint8_t *)(lit), sizeof(lit) - 1                                    \
		}                                                                                  \
	}
#define S(lit)                                                                                     \
	{                                                                                          \
		DIR_TC,                                                                            \
		{                                                                                  \
			(const uint8_t *)(lit), sizeof(lit) - 1                                    \
		}                                                                                  \
	}

enum { SAYS = 8, RECORDS = 5 };

struct row {
	const char *name;
	struct say says[SAYS];
	const char *records[RECORDS]; /* what of each transaction's is there */
};

static const struct row rows[] = {
	{"trusted",
	 {C(STARTUP), S(SESSION_BEGIN)},
	 {"{\"tx_id\":1,\"request\":{\"protocol_version\":\"3.0\",\"startup_parameters\":{\"user\":"
	  "\"joe\",\"optional_parameters\":[{\"database\":\"d\"}]}},\"response\":{\"message\":"
	  "\"authentication_ok\",\"parameter_status\":[{\"time_zone\":\"UTC\"}],"
	  "\"process_id\":7}}"}},
	{"password",
	 {C(STARTUP), S(AUTH("\3")), C("p\0\0\0\013hidden\0"), S(ERROR("no"))},
	 {"\"response\":{\"message\":\"authentication_cleartext_password\"}",
	  "{\"tx_id\":2,\"request\":{\"message\":\"password_message\"},\"response\":{"
	  "\"severity_localizable\":\"FATAL\",\"code\":\"28P01\",\"message\":\"no\",\"file\":"
	  "\"f.c\",\"line\":\"7\",\"routine\":\"r\"}}"}},
	{"SCRAM",
	 {C(STARTUP), S("R\0\0\0\027\0\0\0\012SCRAM-SHA-256\0\0"),
	  C("p\0\0\0\032SCRAM-SHA-256\0\0\0\0\4n,,n"), S("R\0\0\0\013\0\0\0\013r=x"),
	  C("p\0\0\0\022r=x,p=hidden=="), S("R\0\0\0\017\0\0\0\014v=hiddn" SESSION_BEGIN)},
	 {"\"message\":\"authentication_sasl\"",
	  "\"request\":{\"sasl_authentication_mechanism\":\"scram_SHA256\",\"sasl_param\":\"n,,n\"}"
	  ","
	  "\"response\":{\"message\":\"authentication_sasl_continue\"}",
	  "\"request\":{\"sasl_response\":\"r=x\"},\"response\":{\"message\":"
	  "\"authentication_ok\""}},
	{"queries",
	 {C(STARTUP), S(SESSION_BEGIN), C("Q\0\0\0\021password 'x'\0"),
	  S("T\0\0\0\6\0\2D\0\0\0\022\0\2\0\0\0\4abcd\377\377\377\377"
	    "D\0\0\0\016\0\2\0\0\0\0\0\0\0\0C\0\0\0\015SELECT 2\0C\0\0\0\010SET\0" READY),
	  C("X\0\0\0\4")},
	 {"\"tx_id\":1",
	  "{\"tx_id\":2,\"request\":{\"simple_query\":\"password '***'\"},\"response\":{"
	  "\"field_count\":2,\"data_rows\":2,\"data_size\":4,\"command_completed\":"
	  "\"SELECT 2\\nSET\"}}",
	  "{\"tx_id\":3,\"request\":{\"message\":\"termination_message\"}}"}},
	{"extended",
	 {C(STARTUP), S(SESSION_BEGIN),
	  C("P\0\0\0\021s\0select "
	    "1\0\0\0B\0\0\0\4E\0\0\0\4S\0\0\0\4P\0\0\0\014\0next\0\0\0S\0\0\0\4"),
	  S("1\0\0\0\4"
	    "2\0\0\0\4D\0\0\0\013\0\1\0\0\0\1x"
	    "C\0\0\0\015SELECT 1\0" READY),
	  S("E\0\0\0\014C42601\0\0" READY)},
	 {"",
	  "\"request\":{\"message\":\"extended_query\",\"simple_query\":\"select 1\"},"
	  "\"response\":{\"data_rows\":1,\"data_size\":1,\"command_completed\":\"SELECT 1\"}",
	  "\"simple_query\":\"next\"},\"response\":{\"code\":\"42601\"}"}},
	{"copy",
	 {C(STARTUP), S(SESSION_BEGIN),
	  C("Q\0\0\0\011"
	    "copy\0"),
	  S("G\0\0\0\7\0\0\0"),
	  C("d\0\0\0\007"
	    "1\t\n"
	    "c\0\0\0\4"),
	  S("C\0\0\0\013"
	    "COPY 1\0" READY)},
	 {"", "\"simple_query\":\"copy\"},\"response\":{\"command_completed\":\"COPY 1\"}"}},
	{"function",
	 {C(STARTUP), S(SESSION_BEGIN), C("F\0\0\0\4"), S("V\0\0\0\010\0\0\0\0" READY)},
	 {"", "\"request\":{\"message\":\"function_call\"}}"}},
	{"no TLS",
	 {C(SSL), S("N"), C(GSS), S("N"), C(STARTUP), S(SESSION_BEGIN)},
	 {"\"request\":{\"message\":\"SSL Request\"},\"response\":{\"ssl_accepted\":false}",
	  "\"message\":\"GSS Request\"},\"response\":{\"ssl_accepted\":false}",
	  "\"user\":\"joe\""}},
	{"an old server",
	 {C(SSL), S("E\0\0\0\014C0A000\0\0")},
	 {"\"request\":{\"message\":\"SSL Request\"},\"response\":{\"code\":\"0A000\"}"}},
	{"cancel", {C(CANCEL)}, {"\"request\":{\"message\":\"cancel_request\",\"process_id\":7}}"}},
	{"refused unasked", {S("E\0\0\0\014C57P03\0\0")}, {"{\"tx_id\":1,\"response\":{\"code\":"}},
};

static void say(struct harness *h, enum dir dir, struct slice bytes, size_t step)
{
	assert_true(harness_say(h, dir, bytes, step));
}

static void check_records(struct harness *h, const struct row *row)
{
	unsigned n = 0;

	while (n < RECORDS && row->records[n])
		n++;
	if (harness_live(h) != n)
		fail_msg("%s: %u transactions", row->name, harness_live(h));
	for (unsigned i = 0; i < n; i++) {
		const struct app_tx *tx = harness_tx(h, i);
		const char *got = harness_eve(h, tx, 0);

		if (!got || !strstr(got, row->records[i]) || strstr(got, "hid") ||
		    !tx->progress[DIR_TS] || !tx->progress[DIR_TC])
			fail_msg("%s: %s", row->name, got ? got : "(nothing)");
	}
}

static void sessions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 1; step < 200; step += step < 20 ? 1 : 90) {
			struct harness *h = harness_new(&pgsql_proto, APP_TCP, 5432);

			for (unsigned k = 0; k < SAYS && rows[i].says[k].bytes.data; k++)
				say(h, rows[i].says[k].dir, rows[i].says[k].bytes, step);
			check_records(h, &rows[i]);
			harness_delete(h);
		}
	}
}

/* --- encryption --- */

static void to_tls(void **state)
{
	struct harness *h = harness_new(&pgsql_proto, APP_TCP, 5432);

	say(h, DIR_TS, SLICE_LIT(SSL), 100);
	say(h, DIR_TC, SLICE_LIT("S"), 100);
	assert_true(h->changed);
	assert_string_equal(h->hint, "tls");
	harness_delete(h);
	/* A flow without a name gets none, and nothing more is read. */
	h = harness_new(&pgsql_proto, APP_TCP, 5432);
	h->io.unnamed = true;
	say(h, DIR_TS, SLICE_LIT(SSL "\026\3\1 early"), 100);
	say(h, DIR_TC, SLICE_LIT("S\026\3\1 no message"), 100);
	say(h, DIR_TS, SLICE_LIT("\026\3\1 no message"), 100);
	assert_false(h->changed);
	assert_int_equal(harness_live(h), 1);
	harness_delete(h);
	h = harness_new(&pgsql_proto, APP_TCP, 5432);
	say(h, DIR_TS, SLICE_LIT(GSS), 100);
	say(h, DIR_TC, SLICE_LIT("G\0\0\0\1x"), 100);
	assert_false(h->changed);
	harness_delete(h);
	h = harness_new(&pgsql_proto, APP_TCP, 5432);
	say(h, DIR_TS, SLICE_LIT(SSL), 100);
	assert_false(harness_feed(h, DIR_TC, "x", 1));
	harness_delete(h);
}

/* --- bounds, gaps, what is none --- */

static void bounded(void **state)
{
	static uint8_t data[4 * PGSQL_MESSAGE_MAX];
	struct harness *h = harness_new(&pgsql_proto, APP_TCP, 5432);

	say(h, DIR_TS, SLICE_LIT(STARTUP), 100);
	say(h, DIR_TC, SLICE_LIT(SESSION_BEGIN), 100);
	memset(data, 'x', sizeof(data));
	memcpy(data, "Q\0\0\140\0", 5); /* 24576 */
	say(h, DIR_TS, SLICE(data, 1 + 0x6000), 1000);
	for (unsigned i = 0; i <= PGSQL_WAITING_MAX; i++)
		say(h, DIR_TS, SLICE_LIT("Q\0\0\0\5\0"), 100);
	assert_int_equal(h->limits_met, 2);
	harness_release(h);
	assert_int_equal(harness_live(h), PGSQL_WAITING_MAX);
	harness_touch(h);
	harness_delete(h);
}

static void gaps(void **state)
{
	struct harness *h = harness_new(&pgsql_proto, APP_TCP, 5432);

	say(h, DIR_TS, SLICE_LIT(STARTUP), 100);
	say(h, DIR_TC, SLICE_LIT(SESSION_BEGIN "D\0\0\377\377\0\1"), 100);
	assert_true(harness_gap(h, DIR_TC, 70000));
	say(h, DIR_TC, SLICE_LIT("the rest"), 100);
	say(h, DIR_TS, SLICE_LIT("Q\0\0\0\6a\0"), 100);
	say(h, DIR_TC, SLICE_LIT(READY), 100);
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], 1);
	assert_true(harness_gap(h, DIR_TS, 10));
	say(h, DIR_TS, SLICE_LIT("~~~~~~~"), 100);
	say(h, DIR_TS, SLICE_LIT("Q\0\0\0\6b\0"), 100);
	assert_int_equal(harness_live(h), 3);
	harness_delete(h);
}

static void refused(void **state)
{
	static const struct say wrong[] = {
		C("\0\0\0\4\0\3\0\0"), C("\0\0\0\014\0\3\0\0x\0y\0"),
		C("\0\1\0\0\0\3\0\0"), C("GET / HTTP"),
		S("!\0\0\0\4"),	       S("Z\0\0\0\3"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct harness *h = harness_new(&pgsql_proto, APP_TCP, 5432);

		if (harness_feed(h, wrong[i].dir, wrong[i].bytes.data, wrong[i].bytes.len))
			fail_msg("%zu was taken", i);
		harness_delete(h);
	}
}

/* --- identification --- */

static void found(void **state)
{
	static const struct {
		struct say say;
		enum app_probe want;
	} probes[] = {
		{C(STARTUP), APP_PROBE_YES},
		{C(SSL), APP_PROBE_YES},
		{C(CANCEL), APP_PROBE_YES},
		{C(GSS), APP_PROBE_NO},
		{C("\0\0\0\010\0\3"), APP_PROBE_MORE},
		{C("X\0\0\0\4"), APP_PROBE_YES},
		{C("X\0\0\0\5x"), APP_PROBE_NO},
		{C("Q\0\0\0\6a\0"), APP_PROBE_YES},
		{C("Q\0\0\0\5\0"), APP_PROBE_NO},
		{C("P\0\0\0\4"), APP_PROBE_NO},
		{C("Q"), APP_PROBE_MORE},
		{S("N"), APP_PROBE_YES},
		{S(AUTH_OK), APP_PROBE_YES},
		{S("R\0\0\0\4"), APP_PROBE_NO},
		{S("R\0\0\0\010\0"), APP_PROBE_MORE},
		{S("!\0\0\0\4"), APP_PROBE_NO},
		{S("K\0\0\0\4"), APP_PROBE_NO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		if (pgsql_probe(NULL, probes[i].say.dir, probes[i].say.bytes) != probes[i].want)
			fail_msg("probe %zu", i);
	}
	assert_true(pgsql_begins(SLICE_LIT(STARTUP), SLICE_LIT("R")));
	assert_true(pgsql_begins(SLICE_LIT(SSL "\026\3"), SLICE_LIT("S\026")));
	assert_false(pgsql_begins(SLICE_LIT(SSL), SLICE_LIT("")));
	assert_false(pgsql_begins(SLICE_LIT(STARTUP), SLICE_LIT("HTTP")));
	assert_false(pgsql_begins(SLICE_LIT("Q\0\0\0\6a\0"), SLICE_LIT("C")));
	assert_false(pgsql_begins(SLICE_LIT("\0\0\0\014\0\3\0\0x\0y\0"), SLICE_LIT("R")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions), cmocka_unit_test(to_tls),  cmocka_unit_test(bounded),
		cmocka_unit_test(gaps),	    cmocka_unit_test(refused), cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
