#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/smtp/smtp.h"

/* One exchange: "S: " and "C: " lines; a line end is CR LF. */
struct talk {
	struct harness *h;
	const struct smtp_tx *tx;
};

static void say(struct harness *h, enum dir dir, const char *text)
{
	harness_feed(h, dir, text, strlen(text));
}

static struct harness *open_mail(void)
{
	struct harness *h = harness_new(&smtp_proto, APP_TCP, 25);

	say(h, DIR_TC, "220 mx.example.com ESMTP\r\n");
	say(h, DIR_TS, "EHLO client.example\r\n");
	say(h, DIR_TC, "250-mx.example.com\r\n250 8BITMIME\r\n");
	say(h, DIR_TS, "MAIL FROM:<a@example.com> SIZE=100\r\n");
	say(h, DIR_TC, "250 ok\r\n");
	say(h, DIR_TS, "RCPT TO:<b@example.com>\r\nRCPT TO: <c@example.com>\r\n");
	say(h, DIR_TC, "250 ok\r\n250 ok\r\n");
	say(h, DIR_TS, "DATA\r\n");
	say(h, DIR_TC, "354 go\r\n");
	return h;
}

static const struct smtp_tx *tx_of(struct harness *h, uint64_t id)
{
	return container_of(harness_tx(h, id), const struct smtp_tx, tx);
}

static const struct app_file *file_of(struct harness *h, unsigned n)
{
	const struct app_file *f = harness_tx(h, 0)->files[DIR_TS];

	while (f && n-- > 0)
		f = f->next;
	assert_non_null(f);
	return f;
}

static void assert_file(struct harness *h, unsigned n, const char *name, const char *content)
{
	const struct app_file *f = file_of(h, n);

	if (!slice_eq(SLICE(f->name, f->name_len), slice_of(name)))
		fail_msg("name %.*s", f->name_len, (const char *)f->name);
	if (!slice_eq(SLICE(f->window, f->window_len), slice_of(content)))
		fail_msg("content \"%.*s\"", (int)f->window_len, (const char *)f->window);
	assert_int_equal(f->state, APP_FILE_CLOSED);
}

static const char mail[] = "From: Alice <a@example.com>\r\n"
			   "To: b@example.com,\r\n"
			   " c@example.com\r\n"
			   "Content-Type: multipart/mixed;\r\n"
			   "\tboundary=\"=_b\"\r\n"
			   "\r\n"
			   "preamble\r\n"
			   "--=_b\r\n"
			   "Content-Type: text/plain\r\n"
			   "\r\n"
			   "see http://Example.com/x?y and\r\n"
			   "..dot\r\n"
			   "--=_b\r\n"
			   "Content-Type: application/octet-stream; name=other\r\n"
			   "Content-Transfer-Encoding: BASE64\r\n"
			   "Content-Disposition: attachment;\r\n"
			   "  filename=\"a b.txt\"\r\n"
			   "\r\n"
			   "aGVsbG8g\r\n"
			   "d29y\r\n"
			   "bGQ=\r\n"
			   "--=_b\r\n"
			   "Content-Type: text/html; name*0=\"pa\"; name*1=ge.html\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n"
			   "\r\n"
			   "<a href=3D'http://evil.example/p=\r\n"
			   "ath'>=41=\r\n"
			   "B\r\n"
			   "--=_b--\r\n"
			   ".\r\n";

static void check_mail(struct harness *h)
{
	const char *eve = harness_eve(h, harness_tx(h, 0), 0);

	assert_int_equal(harness_tx(h, 0)->event_count, 0);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 1);
	assert_file(h, 0, "a b.txt", "hello world");
	assert_file(h, 1, "page.html", "<a href='http://evil.example/path'>AB\r\n");
	assert_non_null(strstr(eve, "\"smtp\":{\"helo\":\"client.example\",\"mail_from\":"
				    "\"<a@example.com>\",\"rcpt_to\":[\"<b@example.com>\","
				    "\"<c@example.com>\"]}"));
	assert_non_null(strstr(eve, "\"email\":{\"status\":\"PARSE_DONE\",\"from\":"
				    "\"Alice <a@example.com>\",\"to\":[\"b@example.com\","
				    "\"c@example.com\"],\"attachment\":[\"a b.txt\",\"page.html\"],"
				    "\"url\":[\"example.com/x?y\",\"evil.example/path\"]}"));
}

static void mail_at_every_cut(void **state)
{
	for (size_t cut = 0; cut < sizeof(mail); cut++) {
		struct harness *h = open_mail();

		harness_feed(h, DIR_TS, mail, cut);
		harness_feed(h, DIR_TS, mail + cut, sizeof(mail) - 1 - cut);
		check_mail(h);
		harness_delete(h);
	}
}

static void mail_byte_by_byte(void **state)
{
	struct harness *h = open_mail();

	for (size_t i = 0; i + 1 < sizeof(mail); i++)
		harness_feed(h, DIR_TS, mail + i, 1);
	check_mail(h);
	harness_delete(h);
}

static void mail_in_a_mail(void **state)
{
	struct harness *h = open_mail();

	say(h, DIR_TS,
	    "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
	    "--x\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Subject: inner\r\nContent-Type: multipart/mixed; boundary=\"yy\"\r\n\r\n"
	    "--yy\r\nContent-Disposition: attachment; filename=in.exe\r\n\r\nMZ\r\n--yy--\r\n"
	    "--x\r\nContent-Disposition: attachment; filename=out.bin\r\n\r\nO\r\n--x--\r\n.\r\n");
	assert_file(h, 0, "in.exe", "MZ");
	assert_file(h, 1, "out.bin", "O");
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 1);
	harness_delete(h);
}

struct odd_mail {
	const char *name, *text;
	const char *events[3];
	const char *content; /* of the first file; NULL = none */
};

#define PART(head, body)                                                                           \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" head "\r\n" body "--b--\r\n."   \
	"\r\n"
#define ATTACHED "Content-Disposition: attachment; filename=f\r\n"

static const struct odd_mail odd_mails[] = {
	{"strange characters in base64",
	 PART(ATTACHED "Content-Transfer-Encoding: base64\r\n", "aGV*sbG8=\r\n"),
	 {"mime_invalid_base64", "mime_parse_failed"},
	 "hello"},
	{"bad hex in quoted-printable",
	 PART(ATTACHED "Content-Transfer-Encoding: quoted-printable\r\n", "a=4gb\r\n"),
	 {"mime_invalid_qp"},
	 "a4gb\r\n"},
	{"no body at all", PART(ATTACHED, ""), {NULL}, ""},
	{"boundary never closed",
	 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" ATTACHED "\r\nx\r\n.\r\n",
	 {"mime_malformed_msg"},
	 "x"},
	{"the last line's end is the boundary's",
	 PART(ATTACHED, "a\r\n\r\nb\r\n\r\n"),
	 {NULL},
	 "a\r\n\r\nb\r\n"},
	{"lines keep the ends they have", PART(ATTACHED, "a\nb\rc\r\nd\n"), {NULL}, "a\nb\rc\r\nd"},
	{"end of a boundary that was never open",
	 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n.\r\n",
	 {"mime_parse_failed"},
	 NULL},
	{"folded values without end are cut", "Subject: x\r\n.\r\n", {NULL}, NULL},
	{"no headers", "just a text http://a.b/\r\n.\r\n", {NULL}, NULL},
};

static void odd(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(odd_mails); i++) {
		const struct odd_mail *o = &odd_mails[i];
		struct harness *h = open_mail();
		unsigned n = 0;

		say(h, DIR_TS, o->text);
		for (; n < 3 && o->events[n]; n++) {
			if (!harness_has_event(h, harness_tx(h, 0), o->events[n]))
				fail_msg("%s: no %s", o->name, o->events[n]);
		}
		if (harness_tx(h, 0)->event_count != n)
			fail_msg("%s: other events", o->name);
		if (o->content)
			assert_file(h, 0, "f", o->content);
		else
			assert_null(harness_tx(h, 0)->files[DIR_TS]);
		assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 1);
		harness_touch(h);
		harness_delete(h);
	}
}

static void deep_nesting_is_bounded(void **state)
{
	struct harness *h = open_mail();
	char text[200];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text),
			 "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
		say(h, DIR_TS, text);
	}
	say(h, DIR_TS, "\r\n.\r\n");
	assert_true(harness_has_event(h, harness_tx(h, 0), "mime_malformed_msg"));
	assert_int_equal(tx_of(h, 0)->mail->status, MIME_PARSE_ERROR);
	harness_delete(h);
}

static void two_mails(void **state)
{
	struct harness *h = open_mail();

	say(h, DIR_TS, "A: b\r\n\r\nbody\r\n.\r\n");
	say(h, DIR_TC, "250 ok\r\n");
	say(h, DIR_TS, "RSET\r\n");
	say(h, DIR_TC, "250 ok\r\n");
	assert_int_equal(harness_live(h), 1);
	say(h, DIR_TS, "MAIL FROM:<second@example.com>\r\n");
	assert_int_equal(harness_live(h), 2);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 1), 0), "second@example.com"));
	harness_release(h);
	say(h, DIR_TS, "RCPT TO:<x>\r\nQUIT\r\n");
	assert_int_equal(harness_live(h), 1);
	harness_delete(h);
}

static void starttls(void **state)
{
	struct harness *h = harness_new(&smtp_proto, APP_TCP, 25);

	say(h, DIR_TC, "220 x\r\n");
	say(h, DIR_TS, "EHLO x\r\nSTARTTLS\r\nNOOP\r\n");
	assert_true(harness_has_event(h, harness_tx(h, 0), "invalid_pipelined_sequence"));
	say(h, DIR_TC, "250 x\r\n220 go\r\n");
	assert_true(h->changed);
	assert_string_equal(h->hint, "tls");
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 1);
	harness_delete(h);
}

static void replies(void **state)
{
	static const struct {
		const char *client, *server, *event;
		bool fails;
	} table[] = {
		{"EHLO a\r\n", "220 x\r\n999 y\r\n", "invalid_reply", true},
		{"EHLO a\r\n", "22\r\n", "invalid_reply", true},
		{"EHLO a\r\n", "", "no_server_welcome_message", false},
		{"EHLO a\r\nDATA\r\n", "220 x\r\n250 ok\r\n503 no\r\n", NULL, false},
		{"EHLO a\r\nEHLO b\r\n", "", "duplicate_fields", false},
		{"BDAT x\r\n", "", "no_server_welcome_message", true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&smtp_proto, APP_TCP, 25);

		say(h, DIR_TS, table[i].client);
		say(h, DIR_TC, table[i].server);
		assert_int_equal(h->failed, table[i].fails);
		if (table[i].event)
			assert_true(harness_has_event(h, harness_tx(h, 0), table[i].event));
		harness_delete(h);
	}
}

static void bdat(void **state)
{
	struct harness *h = harness_new(&smtp_proto, APP_TCP, 25);

	say(h, DIR_TC, "220 x\r\n");
	say(h, DIR_TS, "EHLO a\r\nBDAT 10 LAST\r\n01234");
	say(h, DIR_TS, "56789MAIL FROM:<x>\r\n");
	assert_false(h->failed);
	assert_true(slice_eq(kept_slice(&tx_of(h, 0)->from), SLICE_LIT("<x>")));
	harness_delete(h);
}

static void endless_line(void **state)
{
	static char line[5000];
	struct harness *h = harness_new(&smtp_proto, APP_TCP, 25);

	memset(line, 'x', sizeof(line));
	say(h, DIR_TC, "220 x\r\n");
	say(h, DIR_TS, "EHLO a\r\n");
	harness_feed(h, DIR_TS, line, 4095);
	assert_int_equal(h->kept_len[DIR_TS], 4095);
	harness_feed(h, DIR_TS, line, 1);
	assert_int_equal(h->kept_len[DIR_TS], 0);
	assert_true(harness_has_event(h, harness_tx(h, 0), "truncated_line"));
	harness_feed(h, DIR_TS, line, sizeof(line));
	say(h, DIR_TS, "\nMAIL FROM:<x>\r\n");
	assert_true(slice_eq(kept_slice(&tx_of(h, 0)->from), SLICE_LIT("<x>")));
	harness_delete(h);
}

static void parameters(void **state)
{
	static const struct {
		const char *field, *value;
	} table[] = {
		{"attachment; filename=a.txt", "a.txt"},
		{"attachment; FileName = \"a;b.txt\" ; x=y", "a;b.txt"},
		{"attachment; filename*0=\"a\"; filename*1*=b", "ab"},
		{"attachment; filename=", ""},
		{"attachment; xfilename=a", NULL},
		{"filename=a", NULL},
		{"attachment", NULL},
	};
	uint8_t buf[16];
	size_t len;
	bool cut;

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		bool found = mime_parameter(slice_of(table[i].field), "filename", buf, sizeof(buf),
					    &len, &cut);

		if (found != (table[i].value != NULL))
			fail_msg("%s", table[i].field);
		if (found && !slice_eq(SLICE(buf, len), slice_of(table[i].value)))
			fail_msg("%s gives %.*s", table[i].field, (int)len, (const char *)buf);
	}
	assert_true(mime_parameter(SLICE_LIT("a; filename=0123456789abcdefg"), "filename", buf,
				   sizeof(buf), &len, &cut));
	assert_true(cut && len == sizeof(buf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_at_every_cut),
		cmocka_unit_test(mail_byte_by_byte),
		cmocka_unit_test(mail_in_a_mail),
		cmocka_unit_test(odd),
		cmocka_unit_test(deep_nesting_is_bounded),
		cmocka_unit_test(two_mails),
		cmocka_unit_test(starttls),
		cmocka_unit_test(replies),
		cmocka_unit_test(bdat),
		cmocka_unit_test(endless_line),
		cmocka_unit_test(parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
