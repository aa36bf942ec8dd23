/* Names, files, questions and configuration; real resolvers are in tests/smoke/sinkhole. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/sinkhole/query.h"
#include "control/mitigator/drivers/sinkhole/sinkhole.h"
#include "control/mitigator/drivers/sinkhole/zone.h"

static void names(void **state)
{
	static const struct {
		const char *url, *name; /* NULL: none */
	} cases[] = {
		{"http://Bad.Example.org/a?b", "bad.example.org"},
		{"https://user:pw@bad.example.org:8443/", "bad.example.org"},
		{"bad.example.org", "bad.example.org"},
		{"bad.example.org.", "bad.example.org"},
		{"_x._tcp.bad.example", "_x._tcp.bad.example"},
		{"http://192.0.2.1/", NULL},
		{"http://[2001:db8::1]/", NULL},
		{"http://1.2.3.04/", NULL},
		{"localhost", NULL},
		{"printer.local", NULL},
		{"1.0.0.10.in-addr.arpa", NULL},
		{"com", NULL},
		{"", NULL},
		{"a..b", NULL},
		{"-a.b", NULL},
		{"a-.b", NULL},
		{"a b.example", NULL},
		{"a.example\nx A 1.2.3.4", NULL},
		{"a.example;x", NULL},
		{"*.example", NULL},
	};
	char name[SINKHOLE_NAME];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool is = sinkhole_name(cases[i].url, name);

		if (is != (cases[i].name != NULL) || (is && strcmp(name, cases[i].name) != 0))
			fail_msg("%s: %s", cases[i].url, is ? name : "none");
	}
	assert_true(sinkhole_is_below("a.b.c", "b.c"));
	assert_true(sinkhole_is_below("b.c", "b.c"));
	assert_false(sinkhole_is_below("ab.c", "b.c"));
}

static void files(void **state)
{
	static const char list[2][SINKHOLE_NAME] = {"bad.example", "worse.example"};
	struct sinkhole_to to = {0};
	struct slice text;

	ip_addr_parse("10.9.9.9", &to.v4);
	assert_int_equal(sinkhole_write_zone(list, 2, &to, 7, &text), 0);
	assert_non_null(memmem(text.data, text.len, "SOA localhost. root.localhost. 7 ", 33));
	assert_non_null(memmem(text.data, text.len, "\n*.bad.example A 10.9.9.9\n", 26));
	assert_null(memmem(text.data, text.len, "AAAA", 4));
	free((void *)(uintptr_t)text.data);
	ip_addr_parse("fd00::9", &to.v6);
	assert_int_equal(sinkhole_write_hosts(list, 2, &to, &text), 0);
	assert_non_null(
		memmem(text.data, text.len, "\n10.9.9.9 bad.example\nfd00::9 bad.example\n", 42));
	free((void *)(uintptr_t)text.data);
}

static void questions(void **state)
{
	static const uint8_t answer[] = {
		0x12, 0x34, 0x81, 0x80, 0,    1,  0, 2, 0, 0, 0, 0, 3, 'b', 'a', 'd', 0,
		0,    1,    0,	  1,	0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9,   0,	 2,   0xc0,
		12,   0xc0, 12,	  0,	1,    0,  1, 0, 0, 0, 9, 0, 4, 10,  9,	 9,   9};
	uint8_t query[QUERY_MAX];
	struct ip_addr found[2], want;

	assert_int_equal(query_write("bad.example", true, 0x1234, query), 12 + 13 + 4);
	assert_memory_equal(query + 12, "\3bad\7example\0\0\1\0\1", 17);
	ip_addr_parse("10.9.9.9", &want);
	assert_int_equal(query_read(SLICE(answer, sizeof(answer)), 0x1234, found, 2), 1);
	assert_true(ip_addr_eq(&found[0], &want));
	assert_int_equal(query_read(SLICE(answer, sizeof(answer)), 0x1235, found, 2), ERR_INVALID);
	for (size_t n = 0; n < sizeof(answer); n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, answer, n);
		assert_int_equal(query_read(SLICE(cut, n), 0x1234, found, 2), ERR_INVALID);
		free(cut);
	}
}

static void sentences(void **state)
{
	static const struct driver_config good = {.name = "dns",
						  .server = "unbound",
						  .zone_file = "/etc/unbound/banken.rpz",
						  .zone = "banken.rpz",
						  .control = "/etc/unbound/unbound.conf",
						  .sinkhole = {"10.9.9.9"},
						  .sinkhole_n = 1,
						  .never = {"example.jp"},
						  .never_n = 1,
						  .resolver = "127.0.0.1"};
	struct {
		const char *says;
		struct driver_config c;
	} cases[] = {{"server must be unbound or dnsmasq", good},
		     {"zone-file must be the absolute path", good},
		     {"unbound needs zone", good},
		     {"dnsmasq needs pid-file", good},
		     {"resolver must be an address", good},
		     {"sinkhole must be one IPv4 address", good},
		     {"is no address", good},
		     {"is no name in small letters", good}};
	struct driver_order o = {.url = "http://www.example.jp/x"};
	struct errmsg e = {""};

	cases[0].c.server[0] = 0;
	cases[1].c.zone_file[0] = 0;
	cases[2].c.zone[0] = 0;
	snprintf(cases[3].c.server, sizeof(cases[3].c.server), "dnsmasq");
	snprintf(cases[4].c.resolver, sizeof(cases[4].c.resolver), "localhost");
	cases[5].c.sinkhole_n = 0;
	cases[6].c.sinkhole[0][0] = 'x';
	snprintf(cases[7].c.never[0], sizeof(cases[7].c.never[0]), "Example.JP");
	if (driver_sinkhole_check(&good, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(driver_sinkhole_check(&cases[i].c, &e), ERR_INVALID);
		if (!strstr(e.text, cases[i].says))
			fail_msg("\"%s\" instead of \"%s\"", e.text, cases[i].says);
	}
	assert_false(driver_sinkhole.wants(&good, &o));
	snprintf(o.url, sizeof(o.url), "http://example.jp.bad.org/");
	assert_true(driver_sinkhole.wants(&good, &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(files),
					   cmocka_unit_test(questions),
					   cmocka_unit_test(sentences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
