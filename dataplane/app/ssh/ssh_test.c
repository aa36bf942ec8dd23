#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ssh/ssh.h"

#define COOKIE	"0123456789abcdef"
#define LIST(n) "\0\0\0" n
/* An offer: lists of one letter, so that the places tell themselves apart. */
#define OFFER                                                                                      \
	COOKIE LIST("\1") "k" LIST("\1") "h" LIST("\1") "c" LIST("\1") "C" LIST("\1") "m" LIST(    \
		"\1") "M" LIST("\1") "z" LIST("\1") "Z" LIST("\0") LIST("\0") "\0\0\0\0\0"
#define KEXINIT "\0\0\0\x4c\5\x14" OFFER "ppppp"
#define NEWKEYS                                                                                    \
	"\0\0\0\x0c\x0a\x15"                                                                       \
	"pppppppppp"

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

static void feed_cut(struct harness *h, enum dir dir, const char *bytes, size_t len, size_t cut)
{
	if (cut > len)
		cut = len;
	harness_feed(h, dir, bytes, cut);
	harness_feed(h, dir, bytes + cut, len - cut);
}

static void whole_exchange(void **state)
{
	static const char client[] = "SSH-2.0-OpenSSH_9.2 Debian\r\n" KEXINIT,
			  server[] = "SSH-1.99-dropbear\n" KEXINIT;

	for (size_t cut = 0; cut < sizeof(client); cut++) {
		struct harness *h = harness_new(&ssh_proto, APP_TCP, 22);
		const struct app_tx *tx;
		const char *eve;

		feed_cut(h, DIR_TS, client, sizeof(client) - 1, cut);
		feed_cut(h, DIR_TC, server, sizeof(server) - 1, cut);
		tx = harness_tx(h, 0);
		assert_int_equal(tx->event_count, 0);
		assert_int_equal(tx->progress[DIR_TS], SSH_BANNER_DONE);
		assert_text(harness_buffer(h, tx, "ssh.proto", DIR_TS, 0), "2.0");
		assert_text(harness_buffer(h, tx, "ssh.software", DIR_TS, 0), "OpenSSH_9.2");
		assert_text(harness_buffer(h, tx, "ssh.proto", DIR_TC, 0), "1.99");
		assert_text(harness_buffer(h, tx, "ssh.software", DIR_TC, 0), "dropbear");
		assert_text(harness_buffer(h, tx, "ssh.hassh.string", DIR_TS, 0), "k;c;m;z");
		assert_text(harness_buffer(h, tx, "ssh.hassh.server.string", DIR_TC, 0), "k;C;M;Z");
		/* printf 'k;c;m;z' | md5sum */
		assert_text(harness_buffer(h, tx, "ssh.hassh", DIR_TS, 0),
			    "a43df007d8e88e96ede733eff566209f");
		eve = harness_eve(h, tx, 0);
		assert_non_null(strstr(eve, "\"client\":{\"proto_version\":\"2.0\","
					    "\"software_version\":\"OpenSSH_9.2\",\"hassh\":{"));
		feed_cut(h, DIR_TS, NEWKEYS, sizeof(NEWKEYS) - 1, cut);
		assert_false(h->done);
		feed_cut(h, DIR_TC, NEWKEYS, sizeof(NEWKEYS) - 1, cut);
		assert_int_equal(tx->progress[DIR_TC], SSH_FINISHED);
		assert_true(h->done && h->encrypted);
		harness_delete(h);
	}
}

static void long_line(size_t len, bool with_end, struct harness **ret)
{
	static char line[2000];
	struct harness *h = harness_new(&ssh_proto, APP_TCP, 22);

	memset(line, 'x', sizeof(line));
	memcpy(line, "SSH-2.0-", 8);
	if (with_end)
		line[len - 1] = '\n';
	harness_feed(h, DIR_TS, line, len);
	*ret = h;
}

static void long_banners(void **state)
{
	struct harness *h;

	long_line(255, false, &h);
	assert_int_equal(harness_tx(h, 0)->event_count, 0);
	assert_int_equal(h->kept_len[DIR_TS], 255);
	harness_delete(h);
	long_line(256, false, &h);
	assert_true(harness_has_event(h, harness_tx(h, 0), "long_banner"));
	assert_int_equal(h->kept_len[DIR_TS], 0);
	assert_int_equal(harness_buffer(h, harness_tx(h, 0), "ssh.software", DIR_TS, 0).len, 248);
	harness_feed(h, DIR_TS, "still the line\r\n" KEXINIT, 16 + sizeof(KEXINIT) - 1);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], SSH_BANNER_DONE);
	assert_text(harness_buffer(h, harness_tx(h, 0), "ssh.hassh.string", DIR_TS, 0), "k;c;m;z");
	harness_delete(h);
	long_line(400, true, &h);
	assert_true(harness_has_event(h, harness_tx(h, 0), "long_banner"));
	harness_delete(h);
}

static void bad_input(void **state)
{
	static const struct {
		const char *bytes, *event;
		size_t len;
		bool fails;
	} table[] = {
		{"SSH_2.0\n", "invalid_banner", 8, true},
		{"SSH-2.0\n", "invalid_banner", 8, true},
		{"SSH--x\n", "invalid_banner", 7, true},
		{"SSH-2.0-x\n\0\0\0\1\0\0", "invalid_record", 16, true},
		{"SSH-2.0-x\n\0\1\0\1\4\x14", "long_kex_record", 16, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct harness *h = harness_new(&ssh_proto, APP_TCP, 22);

		harness_feed(h, DIR_TS, table[i].bytes, table[i].len);
		assert_int_equal(h->failed, table[i].fails);
		assert_true(harness_has_event(h, harness_tx(h, 0), table[i].event));
		harness_delete(h);
	}
}

static void lists_over_the_end(void **state)
{
	static const char bytes[] = "SSH-2.0-x\n\0\0\0\x1a\4\x14" COOKIE "\0\0\0\x09"
				    "abcd";
	struct harness *h = harness_new(&ssh_proto, APP_TCP, 22);

	harness_feed(h, DIR_TS, bytes, sizeof(bytes) - 1);
	assert_false(h->failed);
	assert_null(harness_buffer(h, harness_tx(h, 0), "ssh.hassh", DIR_TS, 0).data);
	harness_delete(h);
}

static void keywords(void **state)
{
	static const struct {
		const char *name, *argument;
		int result;
	} table[] = {
		{"ssh.protoversion", "2.0", 1},		 {"ssh.protoversion", "\"2.0\"", 1},
		{"ssh.protoversion", "1.99", 0},	 {"ssh.protoversion", "2_compat", 1},
		{"ssh.protoversion", "compat", -1},	 {"ssh.protoversion", "", -1},
		{"ssh.softwareversion", "\"PuTTY\"", 1}, {"ssh.softwareversion", "\"Pu\"", 0},
	};
	struct harness *h = harness_new(&ssh_proto, APP_TCP, 22);

	harness_feed(h, DIR_TS, "SSH-2.0-PuTTY\r\n", 15);
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(harness_keyword(h, harness_tx(h, 0), table[i].name, DIR_TS,
						 table[i].argument),
				 table[i].result);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("SSH-2.0-x\n")), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE_LIT("HTTP/1.1")), APP_PROBE_NO);
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_exchange), cmocka_unit_test(long_banners),
		cmocka_unit_test(bad_input),	  cmocka_unit_test(lists_over_the_end),
		cmocka_unit_test(keywords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
