#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/api/record.h"
#include "dataplane/app/local/local.h"

#define HEAD(flags, q, a) "\x12\x34" flags "\0" q "\0" a "\0\0\0\0"
#define NB_NAME                                                                                    \
	"\x20"                                                                                     \
	"FHEPFCELFDFEEBFEEJEPEOCACACACACA"                                                         \
	"\0" /* WORKSTATION, suffix 0x20 */

static const char hello[] = "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x58" /* record */
			    "\1\0\0\x4c\0\0\0\0\0\0\0\x4c"	 /* handshake */
			    "\xfe\xfd"
			    "0123456789abcdef0123456789abcdef"
			    "\0"
			    "\4cook"
			    "\0\4\xc0\x2b\xc0\x2f"
			    "\1\0"
			    "\0\x1a"
			    "\0\0\0\x0b\0\x09\0\0\x06"
			    "a.test"
			    "\0\x10\0\x07\0\x05\4"
			    "dtls";

struct row {
	const char *name;
	uint16_t port;
	const char *bytes;
	size_t len;
	const char *says; /* part of the record; NULL = none */
};

#define ROW(name, port, bytes, says)                                                               \
	{                                                                                          \
		name, port, bytes, sizeof(bytes) - 1, says                                         \
	}

static const struct row rows[] = {
	ROW("mdns query", 5353, HEAD("\0\0", "\1", "\0") "\5_http\4_tcp\5local\0\0\x0c\x80\1",
	    "\"mdns\":{\"type\":\"request\",\"operation\":\"query\",\"id\":4660,\"questions\":["
	    "{\"name\":\"_http._tcp.local\",\"rrtype\":\"PTR\"}]}"),
	ROW("mdns address", 5353,
	    HEAD("\x84\0", "\0", "\1") "\2pc\5local\0\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\1",
	    "\"answers\":[{\"name\":\"pc.local\",\"rrtype\":\"A\",\"ttl\":120,"
	    "\"address\":\"10.0.0.1\"}]"),
	ROW("mdns service", 5353,
	    HEAD("\x84\0", "\0", "\2") "\1s\0\0\x21\0\1\0\0\0\1\0\x0c\0\0\0\0\0\x50\2pc\1l\0"
				       "\1s\0\0\x10\0\1\0\0\0\1\0\4\3a=b",
	    "\"target\":\"pc.l\",\"port\":80},{\"name\":\"s\",\"rrtype\":\"TXT\",\"ttl\":1,"
	    "\"text\":[\"a=b\"]}"),
	ROW("mdns pointer", 5353, HEAD("\x84\0", "\0", "\1") "\1s\0\0\x0c\0\1\0\0\0\1\0\2\xc0\x0c",
	    "\"rrtype\":\"PTR\",\"ttl\":1,\"target\":\"s\""),
	ROW("mdns empty", 5353, HEAD("\0\0", "\0", "\0"), NULL),
	ROW("mdns cut", 5353, HEAD("\0\0", "\1", "\0") "\5_ht", NULL),
	ROW("mdns update", 5353, HEAD("\x28\0", "\1", "\0") "\1a\0\0\1\0\1", NULL),
	ROW("mdns half", 5353, HEAD("\0\0", "\2", "\0") "\1a\0\0\1\0\1\1b",
	    "\"questions\":[{\"name\":\"a\",\"rrtype\":\"A\"}]"),
	ROW("llmnr query", 5355, HEAD("\0\0", "\1", "\0") "\4wpad\0\0\x1c\0\1",
	    "\"llmnr\":{\"type\":\"request\",\"operation\":\"query\",\"id\":4660,\"questions\":["
	    "{\"name\":\"wpad\",\"rrtype\":\"AAAA\"}]}"),
	ROW("nbns registration", 137, HEAD("\x29\x10", "\1", "\0") NB_NAME "\0\x20\0\1",
	    "\"operation\":\"registration\",\"id\":4660,\"questions\":[{\"name\":"
	    "\"WORKSTATION\",\"suffix\":32,\"rrtype\":\"NB\"}]"),
	ROW("nbns answer", 137,
	    HEAD("\x85\0", "\0", "\1") NB_NAME "\0\x20\0\1\0\0\0\x0a\0\6\0\0\x0a\0\0\2",
	    "\"rrtype\":\"NB\",\"ttl\":10,\"address\":\"10.0.0.2\""),
	ROW("nbns status", 137,
	    HEAD("\x84\0", "\0", "\1") NB_NAME "\0\x21\0\1\0\0\0\0\0\x19\1"
					       "PC             \x20\x84\0"
					       "\2\0\0\0\0\1",
	    "\"names\":[{\"name\":\"PC\",\"suffix\":32,\"group\":true}],"
	    "\"mac\":\"02:00:00:00:00:01\""),
	ROW("nbns without names", 137,
	    HEAD("\x84\0", "\0", "\1") NB_NAME "\0\x21\0\1\0\0\0\0\0\1\xff", "\"names\":[]"),
	ROW("nbns, no such name", 137, HEAD("\0\0", "\1", "\0") "\4wpad\0\0\x20\0\1",
	    "\"questions\":[{\"rrtype\":\"NB\"}]"),
	ROW("dtls", 40001, hello,
	    "\"dtls\":{\"version\":\"DTLS 1.2\",\"sni\":\"a.test\",\"alpn\":\"dtls\","
	    "\"ja4\":\"dd2d0202ds_"),
	ROW("dtls in pieces", 40001,
	    "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10"
	    "\1\0\0\x4c\0\0\0\0\0\0\0\4\xfe\xfd"
	    "01",
	    NULL),
	ROW("dtls server", 40001, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x0c\2\0\0\0\0\0\0\0\0\0\0\0",
	    NULL),
	ROW("cldap", 389,
	    "\x30\x27\2\1\5\x63\x22\4\0\x0a\1\0\x0a\1\0\2\1\0\2\1\0\1\1\0"
	    "\xa3\x09\4\4Host\4\1A"
	    "\x30\4\4\2NL",
	    "\"ldap\":{\"type\":\"request\",\"message_id\":5,\"operation\":\"search\",\"base\":"
	    "\"\","
	    "\"scope\":\"base\",\"size_limit\":0,\"time_limit\":0,\"filter\":\"(Host=A)\","
	    "\"attributes\":[\"NL\"]}"),
	ROW("cldap answer", 40001,
	    "\x30\x50\2\1\5\x64\x4b\4\0\x30\x47\x30\x45\4\x08netlogon\x31\x39\4\x37"
	    "\x17\0\0\0\0\0\0\0"
	    "0123456789abcdef"
	    "\1f\4test\0\xc0\x18\2dc\xc0\x18\1D\0\2DC\0\0\4site\0\xc0\x2f"
	    "\x30\x0c\2\1\5\x65\7\x0a\1\0\4\0\4\0",
	    "\"type\":\"response\",\"message_id\":5,\"operation\":\"search\",\"dn\":\"\","
	    "\"netlogon\":{\"forest\":\"f.test\",\"domain\":\"f.test\",\"host\":\"dc.f.test\","
	    "\"netbios_domain\":\"D\",\"netbios_host\":\"DC\",\"host_site\":\"site\",\"client_"
	    "site\":\"site\"},"
	    "\"result_code\":0,\"result\":\"success\"}"),
	ROW("neither", 40001, "\x16\x03\x01", NULL),
};

/* The record as EVE, or NULL without one. */
static const char *say(uint16_t port, struct slice datagram)
{
	static uint64_t buf[RECORD_MAX / sizeof(uint64_t)];
	static char text[1 << 16];
	struct record_eve_options options = {0, false};
	enum local_kind kind = local_kind_of(40000, port, datagram);
	struct record r;
	struct slice done;
	long len;

	record_begin(&r, buf, sizeof(buf));
	if (kind == LOCAL_NONE)
		return NULL;
	record_object(&r, local_type(kind));
	if (!local_log(kind, datagram, &r))
		return NULL;
	record_end(&r);
	done = record_finish(&r);
	assert_true(record_check(done));
	len = record_to_eve(done, &options, text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	return text;
}

static void datagrams(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const char *got = say(row->port, SLICE(row->bytes, row->len));

		if (row->says ? !got || !strstr(got, row->says) : got != NULL)
			fail_msg("%s: %s", row->name, got ? got : "(nothing)");
	}
}

/* Every prefix, in a block of its size. */
static void cut(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t n = 0; n < rows[i].len; n++) {
			char *copy = malloc(n ? n : 1);

			assert_non_null(copy);
			memcpy(copy, rows[i].bytes, n);
			say(rows[i].port, SLICE(copy, n));
			free(copy);
		}
	}
}

/* A name that points at itself, and more records than are shown. */
static void bounded(void **state)
{
	static const char loop[] = HEAD("\0\0", "\1", "\0") "\xc0\x0c\0\1\0\1";
	uint8_t many[12 + 7 * 200] = {0, 0, 0, 0, 0, 200};
	const char *got, *at;
	unsigned names = 0;

	say(5353, SLICE(loop, sizeof(loop) - 1));
	for (unsigned i = 0; i < 200; i++)
		memcpy(many + 12 + 7 * i, "\1a\0\0\1\0\1", 7);
	got = say(5353, SLICE(many, sizeof(many)));
	assert_non_null(got);
	for (at = got; (at = strstr(at, "\"name\"")); at++)
		names++;
	assert_int_equal(names, LOCAL_RECORDS_MAX);
}

/* What a client asks, and every prefix of it. */
static void dhcp_clients(void **state)
{
	static const char tail[] = "\x63\x82\x53\x63\x35\1\3\x0c\4pc-5\x32\4\x0a\0\0\5"
				   "\x3c\x08MSFT 5.0\x37\4\1\3\6\x0f\xff";
	uint8_t bytes[236 + sizeof(tail) - 1] = {1, 1, 6};
	struct record_eve_options options = {0, false};
	static uint64_t buf[RECORD_MAX / sizeof(uint64_t)];
	char text[4096];

	memcpy(bytes + 28, "\x52\x54\0\0\0\5", 6);
	memcpy(bytes + 236, tail, sizeof(tail) - 1);
	assert_int_equal(local_kind_of(68, 67, SLICE(bytes, sizeof(bytes))), LOCAL_DHCP);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct record r;
		bool said;
		long len;

		memcpy(copy, bytes, n);
		record_begin(&r, buf, sizeof(buf));
		record_object(&r, "dhcp_ask");
		said = local_log(LOCAL_DHCP, SLICE(copy, n), &r);
		free(copy);
		if (n < sizeof(bytes))
			continue;
		assert_true(said);
		record_end(&r);
		len = record_to_eve(record_finish(&r), &options, text, sizeof(text) - 1);
		assert_true(len > 0);
		text[len] = 0;
		assert_non_null(strstr(text, "\"client_mac\":\"52:54:00:00:00:05\",\"ip\":"
					     "\"10.0.0.5\",\"hostname\":\"pc-5\",\"vendor_class\":"
					     "\"MSFT 5.0\",\"parameters\":\"1,3,6,15\""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams),
		cmocka_unit_test(cut),
		cmocka_unit_test(bounded),
		cmocka_unit_test(dhcp_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
