#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/imap/imap.h"

#define MAIL                                                                                       \
	"From: Eve <a@b>\r\nTo: c@d\r\nMIME-Version: 1.0\r\n"                                      \
	"Content-Type: multipart/mixed; boundary=\"X\"\r\n\r\n--X\r\n"                             \
	"Content-Type: text/plain\r\n\r\nsee http://evil.example/a\r\n--X\r\n"                     \
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

static void assert_mail(struct harness *h, uint64_t id, enum dir dir)
{
	const struct app_tx *tx = harness_tx(h, id);

	assert_non_null(strstr(harness_eve_alert(h, tx),
			       "\"from\":\"Eve <a@b>\",\"to\":[\"c@d\"],"
			       "\"attachment\":[\"a.bin\"],\"url\":[\"evil.example/a\"]"));
	assert_non_null(tx->files[dir]);
	assert_null(tx->files[dir_other(dir)]);
	assert_int_equal(tx->files[dir]->size, 6);
}

static void session(void **state)
{
	char fetched[1024], append[1024];

	snprintf(fetched, sizeof(fetched),
		 "* 1 FETCH (FLAGS (\\Seen) BODY[] {%zu}\r\n" MAIL " UID 7)\r\na2 OK done\r\n",
		 sizeof(MAIL) - 1);
	snprintf(append, sizeof(append), "a3 APPEND Sent {%zu+}\r\n" MAIL "\r\n", sizeof(MAIL) - 1);
	for (size_t step = 1; step < 900; step += step < 40 ? 1 : 97) {
		struct harness *h = harness_new(&imap_proto, APP_TCP, 143);

		say(h, DIR_TC, "* OK IMAP4rev1\r\n", step);
		say(h, DIR_TS, "a1 LOGIN joe {6}\r\n", step);
		say(h, DIR_TC, "+ ready\r\n", step);
		say(h, DIR_TS, "hidden\r\n", step);
		say(h, DIR_TC, "a1 OK welcome\r\n", step);
		say(h, DIR_TS, "a2 FETCH 1 (FLAGS BODY[])\r\n", step);
		say(h, DIR_TC, fetched, step);
		say(h, DIR_TS, append, step);
		say(h, DIR_TC, "a3 NO quota\r\n", step);
		assert_int_equal(harness_live(h), 4);
		for (uint64_t i = 0; i < 4; i++)
			assert_int_equal(harness_tx(h, i)->progress[DIR_TC], 1);
		assert_record(h, 0,
			      "{\"tag\":\"a1\",\"command\":\"LOGIN\",\"argument\":\"joe\","
			      "\"status\":\"OK\",\"text\":\"welcome\"}");
		assert_record(h, 1, "\"argument\":\"1 (FLAGS BODY[])\",\"status\":\"OK\"");
		assert_record(h, 2, "{\"command\":\"FETCH\"}");
		assert_mail(h, 2, DIR_TC);
		assert_record(h, 3, "\"command\":\"APPEND\"");
		assert_record(h, 3, "\"status\":\"NO\",\"text\":\"quota\"");
		assert_mail(h, 3, DIR_TS);
		harness_delete(h);
	}
}

static void lines_of_no_command(void **state)
{
	struct harness *h = harness_new(&imap_proto, APP_TCP, 143);

	say(h, DIR_TS, "x AUTHENTICATE PLAIN\r\n", 100);
	say(h, DIR_TC, "+ \r\n", 100);
	say(h, DIR_TS, "AGpvZQBoaWRkZW4=\r\n", 100);
	say(h, DIR_TC, "x OK\r\n", 100);
	say(h, DIR_TS, "y IDLE\r\n", 100);
	say(h, DIR_TC, "+ idling\r\n* 2 EXISTS\r\n", 100);
	say(h, DIR_TS, "DONE\r\nz STARTTLS\r\n", 100);
	say(h, DIR_TC, "y OK\r\nz OK\r\n", 100);
	say(h, DIR_TS, "\x16\x03\x01garbage\n", 100);
	assert_int_equal(harness_live(h), 3);
	assert_record(h, 0,
		      "{\"tag\":\"x\",\"command\":\"AUTHENTICATE\",\"argument\":\"PLAIN\","
		      "\"status\":\"OK\"}");
	harness_delete(h);
}

static void odd(void **state)
{
	char line[3 * IMAP_LINE_MAX];
	struct harness *h = harness_new(&imap_proto, APP_TCP, 143);

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	say(h, DIR_TC, "* SEARCH ", 1000);
	say(h, DIR_TC, line, 1000);
	say(h, DIR_TC, "\r\n* 1 FETCH (BODY[TEXT] {5}\r\n\r\n\r\n) BODY[] {30}\r\nFrom: a\r\n",
	    1000);
	assert_true(harness_gap(h, DIR_TC, 15));
	say(h, DIR_TC, "123456)\r\n* OK {x}\r\n* {99999999999}\r\n", 1000);
	for (unsigned i = 0; i < 100; i++)
		say(h, DIR_TS, "t NOOP\r\n", 1000);
	say(h, DIR_TC, "t OK\r\n", 1000);
	harness_touch(h);
	harness_release(h);
	assert_true(harness_live(h) <= IMAP_PENDING);
	harness_delete(h);
}

static void found(void **state)
{
	struct harness *h = harness_new(&imap_proto, APP_TCP, 143);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("1 capability\r\n")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE_LIT("a1 CAPABILITY\r\n")), APP_PROBE_NO);
	assert_true(imap_proto.unnamed(SLICE_LIT("a1 CAPABILITY\r\n"), SLICE_LIT("* OK hi\r\n")));
	assert_true(imap_proto.unnamed(SLICE_LIT("1 login a b\r\n"), SLICE_LIT("* PREAUTH\r\n")));
	assert_false(imap_proto.unnamed(SLICE_LIT("a1 CAPABILITY"), SLICE_LIT("* OK hi\r\n")));
	assert_false(imap_proto.unnamed(SLICE_LIT("a1 NOTHING\r\n"), SLICE_LIT("* OK hi\r\n")));
	assert_false(imap_proto.unnamed(SLICE_LIT("a1 NOOP\r\n"), SLICE_LIT("+OK\r\n")));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session),
		cmocka_unit_test(lines_of_no_command),
		cmocka_unit_test(odd),
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
