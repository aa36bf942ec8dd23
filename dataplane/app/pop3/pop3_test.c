#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/pop3/pop3.h"

#define MAIL                                                                                       \
	"From: Eve <a@b>\r\nTo: c@d\r\nMIME-Version: 1.0\r\n"                                      \
	"Content-Type: multipart/mixed; boundary=\"X\"\r\n\r\n--X\r\n"                             \
	"Content-Type: text/plain\r\n\r\nsee http://evil.example/a\r\n..dot\r\n--X\r\n"            \
	"Content-Disposition: attachment; filename=\"a.bin\"\r\n"                                  \
	"Content-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n--X--\r\n"

static void say(struct harness *h, enum dir dir, const char *text, size_t step)
{
	assert_true(harness_say(h, dir, SLICE_STR(text), step));
}

static void assert_record(struct harness *h, uint64_t id, const char *part)
{
	const char *eve = harness_eve(h, harness_tx(h, id), 0);

	if (!eve || !strstr(eve, part))
		fail_msg("%s is not in %s", part, eve ? eve : "no record");
}

static void session(void **state)
{
	for (size_t step = 1; step < 700; step += step < 50 ? 1 : 97) {
		struct harness *h = harness_new(&pop3_proto, APP_TCP, 110);
		const struct app_tx *tx;

		say(h, DIR_TC, "+OK ready <1@x>\r\n", step);
		say(h, DIR_TS, "USER joe\r\n", step);
		say(h, DIR_TC, "+OK\r\n", step);
		say(h, DIR_TS, "PASS hidden\r\nLIST\r\nRETR 1\r\nDELE 9\r\n", step);
		say(h, DIR_TC, "+OK welcome\r\n+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n", step);
		say(h, DIR_TC, "+OK 340 octets\r\n" MAIL ".\r\n-ERR no such message\r\n", step);
		assert_int_equal(harness_live(h), 5);
		for (uint64_t i = 0; i < 5; i++)
			assert_int_equal(harness_tx(h, i)->progress[DIR_TC], 1);
		assert_record(h, 0,
			      "{\"command\":\"USER\",\"argument\":\"joe\",\"status\":\"OK\"}");
		assert_record(h, 1,
			      "{\"command\":\"PASS\",\"status\":\"OK\",\"reply\":\"welcome\"}");
		assert_record(h, 2, "\"command\":\"LIST\",\"status\":\"OK\"");
		assert_record(h, 4, "\"status\":\"ERR\",\"reply\":\"no such message\"");
		tx = harness_tx(h, 3);
		assert_non_null(
			strstr(harness_eve_alert(h, tx),
			       "\"email\":{\"status\":\"PARSE_DONE\",\"from\":\"Eve <a@b>\","
			       "\"to\":[\"c@d\"],\"attachment\":[\"a.bin\"],"
			       "\"url\":[\"evil.example/a\"]}"));
		assert_non_null(tx->files[DIR_TC]);
		assert_null(tx->files[DIR_TS]);
		assert_int_equal(tx->files[DIR_TC]->size, 6);
		assert_int_equal(tx->files[DIR_TC]->state, APP_FILE_CLOSED);
		harness_delete(h);
	}
}

static void secrets(void **state)
{
	struct harness *h = harness_new(&pop3_proto, APP_TCP, 110);

	say(h, DIR_TC, "+OK\r\n", 100);
	say(h, DIR_TS, "AUTH PLAIN\r\n", 100);
	say(h, DIR_TC, "+ \r\n", 100);
	say(h, DIR_TS, "AGpvZQBoaWRkZW4=\r\n", 100);
	say(h, DIR_TC, "-ERR no\r\n", 100);
	say(h, DIR_TS, "APOP joe c4c9334bac560ecc979e58001b3e22fb\r\n", 100);
	say(h, DIR_TC, "+OK\r\n", 100);
	assert_int_equal(harness_live(h), 2);
	assert_record(h, 0, "{\"command\":\"AUTH\",\"argument\":\"PLAIN\",\"status\":\"ERR\"");
	assert_record(h, 1, "{\"command\":\"APOP\",\"argument\":\"joe\",\"status\":\"OK\"}");
	/* From here on it is TLS. */
	say(h, DIR_TS, "STLS\r\n", 100);
	say(h, DIR_TC, "+OK begin\r\n", 100);
	say(h, DIR_TS, "\x16\x03\x01garbage\n", 100);
	assert_int_equal(harness_live(h), 3);
	harness_delete(h);
}

static void odd(void **state)
{
	char line[3 * POP3_LINE_MAX];
	struct harness *h = harness_new(&pop3_proto, APP_TCP, 110);

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	say(h, DIR_TS, line, 1000);
	say(h, DIR_TS, "\r\nNOOP\r\n", 1000);
	say(h, DIR_TS, "RETR 1\r\n", 1000);
	say(h, DIR_TC, "+OK\r\n+OK\r\n+OK\r\nSubject: a\r\n\r\nbody", 1000);
	assert_true(harness_gap(h, DIR_TC, 100));
	say(h, DIR_TC, "rest\r\n.\r\n", 1000);
	assert_true(harness_gap(h, DIR_TS, 100));
	say(h, DIR_TS, "tail\r\nQUIT\r\n", 1000);
	harness_touch(h);
	assert_int_equal(harness_live(h), 4);
	assert_int_equal(harness_tx(h, 2)->progress[DIR_TC], 1);
	harness_delete(h);
}

static void found(void **state)
{
	assert_true(pop3_proto.unnamed(SLICE_LIT("USER x\r\n"), SLICE_LIT("+OK hi\r\n")));
	assert_true(pop3_proto.unnamed(SLICE_LIT("capa\r\n"), SLICE_LIT("+OK\r\n")));
	assert_false(pop3_proto.unnamed(SLICE_LIT("USER x\r\n"), SLICE_LIT("220 ftp\r\n")));
	assert_false(pop3_proto.unnamed(SLICE_LIT("GET / "), SLICE_LIT("+OK\r\n")));
	assert_false(pop3_proto.unnamed(SLICE_LIT(""), SLICE_LIT("+OK\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session),
		cmocka_unit_test(secrets),
		cmocka_unit_test(odd),
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
