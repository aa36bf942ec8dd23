#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/ftp/ftp.h"
#include "dataplane/app/harness/harness.h"

static void say(struct harness *h, enum dir dir, const char *text)
{
	harness_feed(h, dir, text, strlen(text));
}

static void assert_eve(struct harness *h, uint64_t id, const char *want)
{
	const char *eve = harness_eve(h, harness_tx(h, id), 0);

	if (!eve || !strstr(eve, want))
		fail_msg("%s in %s", want, eve ? eve : "no record");
}

static void a_session(void **state)
{
	struct harness *h = harness_new(&ftp_proto, APP_TCP, 21);

	say(h, DIR_TC, "220 (vsFTPd)\r\n");
	say(h, DIR_TS, "USER alice \r\n");
	say(h, DIR_TC, "331-one\r\n two\r\n331 three\r\n");
	say(h, DIR_TS, "feat\r\n");
	say(h, DIR_TC, "211 x\r\n");
	say(h, DIR_TS, "PASV\r\n");
	say(h, DIR_TC, "227 Entering (10,0,0,2,19,137).\r\n");
	say(h, DIR_TS, "RETR a b.txt\r\n");
	say(h, DIR_TC, "150 opening\r\n");
	assert_eve(h, 0,
		   "\"ftp\":{\"completion_code\":[\"220\"],\"reply\":[\"(vsFTPd)\"],"
		   "\"reply_received\":\"yes\",\"reply_truncated\":false}");
	assert_eve(h, 1,
		   "\"command\":\"USER\",\"command_data\":\"alice\",\"command_truncated\":"
		   "false,\"completion_code\":[\"331\",\"331\"],\"reply\":[\"one\",\" two\","
		   "\"three\"]");
	assert_eve(h, 2, "\"ftp\":{\"completion_code\":[\"211\"]");
	assert_eve(h, 3, "\"dynamic_port\":5001,\"reply_received\"");
	assert_int_equal(harness_tx(h, 4)->progress[DIR_TS], FTP_IN_PROGRESS);
	assert_int_equal(h->announced.port, 5001);
	assert_int_equal(h->announced.kind, FTP_RETR);
	assert_true(
		slice_eq(SLICE(h->announced.name, h->announced.name_len), SLICE_LIT("a b.txt")));
	say(h, DIR_TC, "226 done\r\n");
	assert_int_equal(harness_tx(h, 4)->progress[DIR_TS], FTP_FINISHED);
	assert_eve(h, 4, "\"completion_code\":[\"150\",\"226\"]");
	harness_release(h);
	assert_int_equal(harness_live(h), 0);
	harness_delete(h);
}

struct place {
	const char *command, *reply;
	uint16_t port;
	bool active, bounce;
};

/* The harness' client is 10.0.0.1. */
static const struct place places[] = {
	{"PORT 10,0,0,1,4,210\r\n", "200 ok\r\n", 1234, true, false},
	{"PORT 10,0,0,9,4,210\r\n", "200 ok\r\n", 1234, true, true},
	{"PORT 10,0,0,1,4\r\n", "501 no\r\n", 0, false, false},
	{"PORT 10,0,0,256,4,210\r\n", "501 no\r\n", 0, false, false},
	{"EPRT |2|2001:db8::1|5000|\r\n", "200 ok\r\n", 5000, true, false},
	{"EPRT |1|10.0.0.1\r\n", "501 no\r\n", 0, false, false},
	{"PASV\r\n", "227 Entering Passive Mode (1,2,3,4,5,6)\r\n", 1286, false, false},
	{"PASV\r\n", "227 Entering 1,2,3,4,5\r\n", 0, false, false},
	{"PASV\r\n", "500 (1,2,3,4,5,6)\r\n", 0, false, false},
	{"EPSV\r\n", "229 Entering (|||65535|)\r\n", 65535, false, false},
	{"EPSV\r\n", "229 Entering (|||65536|)\r\n", 0, false, false},
};

static void places_of_data(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *p = &places[i];
		struct harness *h = harness_new(&ftp_proto, APP_TCP, 21);

		say(h, DIR_TS, p->command);
		say(h, DIR_TC, p->reply);
		assert_int_equal(harness_keyword(h, harness_tx(h, 0), "ftpbounce", DIR_TS, ""),
				 p->bounce);
		say(h, DIR_TS, "STOR f\r\n");
		if (h->failed != (p->port == 0))
			fail_msg("%s", p->command);
		assert_int_equal(h->announced.port, p->port);
		if (p->port)
			assert_int_equal(h->announced.kind,
					 FTP_STOR | (p->active ? FTP_ACTIVE : 0));
		/* A place serves once. */
		say(h, DIR_TS, "STOR g\r\n");
		assert_true(h->failed);
		harness_delete(h);
	}
}

static void every_cut(void **state)
{
	static const char client[] = "USER a\r\nPASS b\nPORT 10,0,0,1,1,2\r\nSTOR x\r\n",
			  server[] = "331 a\r\n230 b\n200 c\r\n150 d\r\n";

	for (size_t cut = 0; cut < sizeof(client); cut++) {
		struct harness *h = harness_new(&ftp_proto, APP_TCP, 21);
		size_t at = cut < sizeof(server) ? cut : sizeof(server) - 1;

		harness_feed(h, DIR_TS, client, cut);
		harness_feed(h, DIR_TS, client + cut, sizeof(client) - 1 - cut);
		harness_feed(h, DIR_TC, server, at);
		harness_feed(h, DIR_TC, server + at, sizeof(server) - 1 - at);
		assert_int_equal(harness_live(h), 4);
		assert_eve(h, 2, "\"dynamic_port\":258,\"mode\":\"active\"");
		assert_eve(h, 3, "\"completion_code\":[\"150\"]");
		harness_delete(h);
	}
}

static void long_lines(void **state)
{
	static char line[9000];
	struct harness *h = harness_new(&ftp_proto, APP_TCP, 21);

	memset(line, 'x', sizeof(line));
	memcpy(line, "USER ", 5);
	harness_feed(h, DIR_TS, line, 4095);
	assert_int_equal(harness_live(h), 0);
	harness_feed(h, DIR_TS, line + 4095, sizeof(line) - 4095);
	say(h, DIR_TS, "xxx\r\nNOOP\r\n");
	assert_true(harness_has_event(h, harness_tx(h, 0), "request_command_too_long"));
	assert_int_equal(harness_live(h), 2);
	memcpy(line, "331 ", 4);
	harness_feed(h, DIR_TC, line, sizeof(line));
	say(h, DIR_TC, "\r\n200 ok\r\n");
	assert_true(harness_has_event(h, harness_tx(h, 0), "response_command_too_long"));
	assert_eve(h, 0, "\"command_truncated\":true");
	assert_eve(h, 1, "\"completion_code\":[\"200\"]");
	/* Replies without end: kept up to a limit. */
	for (unsigned i = 0; i < 20; i++) {
		line[4094] = '\n';
		harness_feed(h, DIR_TC, line, 4095);
	}
	assert_true(slab_used(h->io.slab) < 3 * FTP_REPLIES_MAX);
	assert_eve(h, 1, "\"reply_truncated\":true");
	harness_delete(h);
}

static void tls(void **state)
{
	struct harness *h = harness_new(&ftp_proto, APP_TCP, 21);

	say(h, DIR_TS, "AUTH TLS\r\n");
	say(h, DIR_TC, "500 no\r\n");
	assert_false(h->changed);
	say(h, DIR_TS, "auth tls\r\n");
	say(h, DIR_TC, "234 go\r\n");
	assert_true(h->changed);
	assert_string_equal(h->hint, "tls");
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session), cmocka_unit_test(places_of_data),
		cmocka_unit_test(every_cut), cmocka_unit_test(long_lines),
		cmocka_unit_test(tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
