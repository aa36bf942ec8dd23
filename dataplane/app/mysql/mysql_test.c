#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/mysql/mysql.h"
#include "dataplane/app/mysql/packet.h"

/* A packet: who sends it, its number, its body (the head is made of these). */
struct packet_row {
	char from; /* 'C', 'S'; 0 ends a list */
	uint8_t number;
	const char *body;
	size_t len;
};

#define C(number, lit)                                                                             \
	{                                                                                          \
		'C', number, lit, sizeof(lit) - 1                                                  \
	}
#define S(number, lit)                                                                             \
	{                                                                                          \
		'S', number, lit, sizeof(lit) - 1                                                  \
	}

#define GREETING(caps_low, caps_high)                                                              \
	"\x0a"                                                                                     \
	"5.7.1\0\7\0\0\0"                                                                          \
	"12345678\0" caps_low "\x21\2\0" caps_high "\x15\0\0\0\0\0\0\0\0\0\0"                      \
	"123456789012\0"                                                                           \
	"mysql_native_password\0"
/* Protocol 4.1, TLS, database, plugins, attributes; EOF packets unless `high` leaves them out. */
#define HELLO	  S(0, GREETING("\x28\x8a", "\x18\0"))
#define HELLO_NEW S(0, GREETING("\x28\x8a", "\x18\1"))
#define LOGIN(caps)                                                                                \
	caps "\0\0\0\1\x21"                                                                        \
	     "01234567890123456789012"                                                             \
	     "joe\0\6hidden"
#define IN	    C(1, LOGIN("\x08\x82\x18\0") "d\0plug\0\4\1a\1b")
#define IN_NEW	    C(1, LOGIN("\x08\x82\x18\1") "d\0plug\0\0")
#define OK(number)  S(number, "\0\0\0\2\0\0\0")
#define END(number) S(number, "\xfe\0\0\2\0")
#define QUERY	    C(0, "\3select 1")

enum { PACKETS = 16, RECORDS = 4 };

struct row {
	const char *name;
	struct packet_row packets[PACKETS];
	const char *records[RECORDS];
};

static const struct row rows[] = {
	{"log-in",
	 {HELLO, IN, OK(2)},
	 {"{\"command\":\"login\",\"server_version\":\"5.7.1\",\"thread\":7,\"user\":\"joe\","
	  "\"database\":\"d\",\"auth_plugin\":\"plug\",\"attributes\":[{\"name\":\"a\",\"value\":"
	  "\"b\"}],\"status\":\"OK\"}"}},
	{"another proof, refused",
	 {HELLO, IN,
	  S(2, "\xfe"
	       "sha2\0salt"),
	  C(3, "hidden"), S(4, "\1\4"), C(5, "hidden"), S(6, "\xff\x15\4#28000Access denied")},
	 {"\"auth_plugin\":\"sha2\",\"attributes\":[{\"name\":\"a\",\"value\":\"b\"}],\"status\":"
	  "\"ERR\",\"error_code\":1045,\"sql_state\":\"28000\",\"message\":\"Access denied\"}"}},
	{"TLS",
	 {HELLO,
	  C(1, "\x08\x8a\x18\0\0\0\0\1\x21"
	       "01234567890123456789012"),
	  C(3, "\x16\3\1")},
	 {"\"thread\":7,\"tls\":true}"}},
	{"compressed",
	 {S(0, GREETING("\x28\x8a", "\x18\0")), C(1, LOGIN("\x28\x82\0\0") "d\0"), OK(2),
	  C(9, "no packet")},
	 {"\"user\":\"joe\",\"database\":\"d\",\"auth_plugin\":\"mysql_native_password\","
	  "\"compressed\":true,"
	  "\"status\":\"OK\""}},
	{"before 4.1",
	 {HELLO, C(1, "\1\0\0\0\0joe\0hidden"), OK(2)},
	 {"\"user\":\"joe\",\"auth_plugin\":\"mysql_native_password\",\"status\":\"OK\""}},
	{"not welcome",
	 {S(0, "\xff\x6a\4Host is not allowed")},
	 {"{\"command\":\"login\",\"status\":\"ERR\",\"error_code\":1130,\"message\":"
	  "\"Host is not allowed\"}"}},
	{"rows",
	 {HELLO, IN, OK(2), QUERY, S(1, "\2"), S(2, "def"), S(3, "def"), END(4), S(5, "\1a\1b"),
	  S(6, "\xfe"
	       "12345678"),
	  END(7), C(0, "\1")},
	 {"",
	  "{\"command\":\"query\",\"statement\":\"select 1\",\"status\":\"OK\",\"columns\":2,"
	  "\"rows\":2}",
	  "{\"command\":\"quit\"}"}},
	{"rows without EOF",
	 {HELLO_NEW, IN_NEW, OK(2), QUERY, S(1, "\1"), S(2, "def"), S(3, "\1a"),
	  S(4, "\xfe\0\0\2\0\3\0")},
	 {"", "\"columns\":1,\"rows\":1,\"warnings\":3}"}},
	{"several results",
	 {HELLO, IN, OK(2), QUERY, S(1, "\0\2\5\x0a\0\1\0"), S(2, "\1"), S(3, "def"), END(4),
	  S(5, "\xfe\0\0\x0a\0"), S(6, "\xff\x7a\4#42S02no table")},
	 {"", "\"status\":\"ERR\",\"error_code\":1146,\"sql_state\":\"42S02\",\"message\":"
	      "\"no table\",\"columns\":1,\"rows\":0,\"affected_rows\":2,\"insert_id\":5,"
	      "\"warnings\":1,\"results\":2}"}},
	{"an error among rows",
	 {HELLO, IN, OK(2), QUERY, S(1, "\1"), S(2, "def"), END(3), S(4, "\xff\1\0#00000x")},
	 {"", "\"status\":\"ERR\",\"error_code\":1,"}},
	{"prepared",
	 {HELLO, IN, OK(2),
	  C(0, "\x16"
	       "select ?"),
	  S(1, "\0\7\0\0\0\1\0\1\0\0\0\0"), S(2, "def"), END(3), S(4, "def"), END(5),
	  C(0, "\x17\7\0\0\0\0\1\0\0\0"), S(1, "\1\0"), END(2), S(3, "\0\0\1a"), END(4),
	  C(0, "\x19\7\0\0\0")},
	 {"",
	  "{\"command\":\"stmt_prepare\",\"statement_id\":7,\"statement\":\"select ?\","
	  "\"status\":\"OK\"}",
	  "{\"command\":\"stmt_execute\",\"statement_id\":7,\"status\":\"OK\",\"columns\":1,"
	  "\"rows\":1}",
	  "{\"command\":\"stmt_close\",\"statement_id\":7}"}},
	{"prepared, nothing to define",
	 {HELLO_NEW, IN_NEW, OK(2), C(0, "\x16set x"), S(1, "\0\1\0\0\0\0\0\0\0\0\0\0"),
	  C(0, "\x0e"), OK(1)},
	 {"", "\"statement_id\":1,\"statement\":\"set x\",\"status\":\"OK\"",
	  "{\"command\":\"ping\",\"status\":\"OK\"}"}},
	{"a file",
	 {HELLO, IN, OK(2), C(0, "\3load"),
	  S(1, "\xfb"
	       "f.txt"),
	  C(2, "1\n"), C(3, ""), OK(4)},
	 {"", "{\"command\":\"query\",\"statement\":\"load\",\"status\":\"OK\"}"}},
	{"another user",
	 {HELLO, IN, OK(2),
	  C(0, "\x11"
	       "eve\0\6hiddene\0\x21\0plug2\0\0"),
	  OK(1)},
	 {"", "{\"command\":\"change_user\",\"user\":\"eve\",\"database\":\"e\",\"auth_plugin\":"
	      "\"plug2\",\"status\":\"OK\"}"}},
	{"the binary log",
	 {HELLO, IN, OK(2), C(0, "\x12\0\0\0\0\0\0\0\0\0\0"), S(1, "\0event"), S(2, "\0event")},
	 {"", "{\"command\":\"binlog_dump\",\"status\":\"OK\""}},
	{"others",
	 {HELLO, IN, OK(2), C(0, "\2other"), OK(1), C(0, "\x09"), S(1, "Uptime: 1"), C(0, "\x42"),
	  S(1, "\xff\x17\4#08S01?")},
	 {"", "{\"command\":\"init_db\",\"database\":\"other\",\"status\":\"OK\"}",
	  "{\"command\":\"statistics\",\"status\":\"OK\"}",
	  "{\"command\":\"66\",\"status\":\"ERR\",\"error_code\":1047"}},
};

static bool say(struct harness *h, const struct packet_row *p, size_t step)
{
	uint8_t wire[512] = {(uint8_t)p->len, (uint8_t)(p->len >> 8), 0, p->number};
	enum dir dir = p->from == 'C' ? DIR_TS : DIR_TC;
	bool ok = true;

	assert_true(p->len + 4 <= sizeof(wire));
	memcpy(wire + 4, p->body, p->len);
	for (size_t i = 0; i < p->len + 4 && ok; i += step) {
		size_t n = p->len + 4 - i;

		ok = harness_feed(h, dir, wire + i, n < step ? n : step);
	}
	return ok;
}

static void begin(struct harness *h)
{
	static const struct packet_row packets[] = {HELLO, IN, OK(2)};

	for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
		assert_true(say(h, &packets[i], 1000));
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
			struct harness *h = harness_new(&mysql_proto, APP_TCP, 3306);

			for (unsigned k = 0; k < PACKETS && rows[i].packets[k].from; k++)
				assert_true(say(h, &rows[i].packets[k], step));
			check_records(h, &rows[i]);
			harness_delete(h);
		}
	}
}

/* --- bounds and gaps --- */

/* A packet of the longest kind goes on in the next one. */
static void long_ones(void **state)
{
	static const struct packet_row result = OK(1);
	struct harness *h = harness_new(&mysql_proto, APP_TCP, 3306);
	uint8_t *data = calloc(1, 1 << 16);

	assert_non_null(data);
	begin(h);
	memcpy(data, "\xff\xff\xff\0\3", 5);
	for (unsigned i = 0; i < 256; i++) {
		assert_true(harness_feed(h, DIR_TS, data, 1 << 16));
		memset(data, 'x', 5);
	}
	/* 16 MiB are 16 MiB - 1 and the head; three bytes of it are left. */
	assert_true(harness_feed(h, DIR_TS, "xxx\2\0\0\1xx", 9));
	assert_true(say(h, &result, 1000));
	assert_int_equal(harness_live(h), 2);
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], 1);
	free(data);
	harness_delete(h);
}

static void many(void **state)
{
	static const struct packet_row ping = C(0, "\x0e");
	struct harness *h = harness_new(&mysql_proto, APP_TCP, 3306);

	begin(h);
	for (unsigned i = 0; i <= MYSQL_WAITING_MAX; i++)
		assert_true(say(h, &ping, 1000));
	assert_int_equal(h->limits_met, 1);
	harness_release(h);
	assert_int_equal(harness_live(h), MYSQL_WAITING_MAX);
	harness_delete(h);
}

static void gaps(void **state)
{
	static const struct packet_row query = QUERY, ok = OK(1), row = S(9, "\1a");
	struct harness *h = harness_new(&mysql_proto, APP_TCP, 3306);

	begin(h);
	assert_true(say(h, &query, 1000));
	assert_true(harness_gap(h, DIR_TC, 1000));
	assert_true(say(h, &row, 1000));
	assert_true(say(h, &query, 1000));
	assert_int_equal(harness_tx(h, 1)->progress[DIR_TC], 1);
	assert_true(say(h, &ok, 1000));
	assert_int_equal(harness_tx(h, 2)->progress[DIR_TC], 1);
	assert_true(harness_gap(h, DIR_TS, 1000));
	assert_true(harness_feed(h, DIR_TS, "in the middle of it", 19));
	assert_true(say(h, &query, 1000));
	assert_int_equal(harness_live(h), 4);
	harness_delete(h);
}

static void refused(void **state)
{
	static const struct packet_row wrong[][3] = {
		{C(0, "\3select")},
		{S(0, "SSH-2.0-x")},
		{S(0, "\x0a"
		      "5.7\1\0")},
		{HELLO, OK(1)},
		{HELLO, C(1, "\x08\x82")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct harness *h = harness_new(&mysql_proto, APP_TCP, 3306);
		bool ok = true;

		for (unsigned k = 0; k < 3 && wrong[i][k].from; k++)
			ok = ok && say(h, &wrong[i][k], 1000);
		if (ok)
			fail_msg("%zu was taken", i);
		harness_delete(h);
	}
}

static void found(void **state)
{
	struct slice hello = SLICE_LIT("\x2e\0\0\0"
				       "\x0a"
				       "5.7.1\0\7\0\0\0"
				       "12345678\0"
				       "\x08\x82\x21\2\0\0\0\x15\0\0\0\0\0\0\0\0\0\0"
				       "123456789012\0");
	struct slice client = SLICE_LIT("\x30\0\0\1\x08\x82");

	hello.len = 4 + 0x2e < hello.len ? 4 + 0x2e : hello.len;
	assert_int_equal(hello.len, 4 + 0x2e);
	assert_true(mysql_begins(client, hello));
	assert_false(mysql_begins(SLICE(NULL, 0), hello));
	assert_false(mysql_begins(client, slice_sub(hello, 0, 40)));
	assert_false(mysql_begins(SLICE_LIT("GET / HTTP"), hello));
	assert_false(mysql_begins(client, SLICE_LIT("SSH-2.0-OpenSSH\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions), cmocka_unit_test(long_ones), cmocka_unit_test(many),
		cmocka_unit_test(gaps),	    cmocka_unit_test(refused),	 cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
