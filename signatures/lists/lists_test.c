#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "signatures/lists/book.h"
#include "signatures/lists/stix_pattern.h"

enum { NOW = 1790000000 };

static struct slice s(const char *text)
{
	return slice_of(text);
}

/* --- indicators --- */

static void indicators_in_many_forms(void **state)
{
	static const struct {
		const char *text, *kind, *canonical;
		enum indicator_hint hint;
	} cases[] = {
		{"192.0.2.1", "ip", "192.0.2.1", HINT_ANY},
		{"192[.]0[.]2[.]1", "ip", "192.0.2.1", HINT_ANY},
		{"::ffff:192.0.2.1", "ip", "192.0.2.1", HINT_ANY},
		{"2001:DB8::1", "ip", "2001:db8::1", HINT_ANY},
		{"[2001:db8::1]", "ip", "2001:db8::1", HINT_ANY},
		{"192.0.2.1/32", "ip", "192.0.2.1", HINT_ANY},
		{"192.0.2.77/24", "net", "192.0.2.0/24", HINT_ANY},
		{"2001:db8::/32", "net", "2001:db8::/32", HINT_ANY},
		{"192.0.2.1:443", "service", "192.0.2.1 port 443", HINT_ANY},
		{"[2001:db8::1]:443", "service", "2001:db8::1 port 443", HINT_ANY},
		{"192[.]0[.]2[.]1[:]443", "service", "192.0.2.1 port 443", HINT_ANY},
		{"Evil.Example.COM.", "domain", "evil.example.com", HINT_ANY},
		{"evil[.]example[dot]com", "domain", "evil.example.com", HINT_ANY},
		{"evil(.)example{.}com", "domain", "evil.example.com", HINT_ANY},
		{"*.evil.example", "domain", "evil.example", HINT_ANY},
		{"\xe4\xbe\x8b\xe3\x81\x88.jp", "domain", "xn--r8jz45g.jp", HINT_ANY},
		{"B\xc3\xbc"
		 "cher.example",
		 "domain", "xn--bcher-kva.example", HINT_ANY},
		{"XN--R8JZ45G.jp", "domain", "xn--r8jz45g.jp", HINT_ANY},
		{"_dmarc.evil.example", "domain", "_dmarc.evil.example", HINT_ANY},
		{"http://Evil.example:80/A%41/%2f?q=%7e#top", "url", "evil.example/AA/%2F?q=~",
		 HINT_ANY},
		{"hxxps://evil[.]example/a", "url", "evil.example/a", HINT_ANY},
		{"hXXp[://]user:pw@evil[.]example:8080", "url", "evil.example:8080/", HINT_ANY},
		{"http://[2001:db8::1]:8080/x", "url", "[2001:db8::1]:8080/x", HINT_ANY},
		{"https://evil.example:443/a", "url", "evil.example/a", HINT_ANY},
		{"http://evil.example:443/a", "url", "evil.example:443/a", HINT_ANY},
		{"evil.example/a b", "", "", HINT_URL},
		{"e7d705a3286e19ea42f587b344ee6865", "file", "e7d705a3286e19ea42f587b344ee6865",
		 HINT_ANY},
		{"E7D705A3286E19EA42F587B344EE6865", "ja3", "e7d705a3286e19ea42f587b344ee6865",
		 HINT_JA3},
		{"t13d1516h2_8daaf6152771_e5627efa2ab1", "ja4",
		 "t13d1516h2_8daaf6152771_e5627efa2ab1", HINT_ANY},
		{"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33", "cert",
		 "00112233445566778899aabbccddeeff00112233", HINT_CERT},
		{"com", "", "", HINT_ANY},
		{"0.0.0.0/0", "", "", HINT_ANY},
		{"10.0.0.0/7", "", "", HINT_ANY},
		{"::/0", "", "", HINT_ANY},
		{"127.0.0.1", "", "", HINT_ANY},
		{"192.0.2.1:0", "", "", HINT_ANY},
		{"192.0.2.1:99999", "", "", HINT_ANY},
		{"300.1.2.3", "", "", HINT_ANY},
		{"a..example", "", "", HINT_ANY},
		{"evil example", "", "", HINT_DOMAIN},
		{"", "", "", HINT_ANY},
		{"http://", "", "", HINT_ANY},
		{"http:///a", "", "", HINT_ANY},
		{"abcd", "", "", HINT_FILE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct indicator found;
		struct errmsg err = {""};
		char text[LIST_URL_MAX + 1];
		int rc = indicator_parse(s(cases[i].text), cases[i].hint, &found, &err);

		if (!cases[i].kind[0]) {
			if (rc != ERR_INVALID || !err.text[0])
				fail_msg("%s was taken", cases[i].text);
			continue;
		}
		if (rc != ERR_OK)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(list_kind_names[found.kind], cases[i].kind);
		assert_string_equal(indicator_text(&found, text, sizeof(text)), cases[i].canonical);
	}
}

static void dates(void **state)
{
	assert_int_equal(list_date(s("1970-01-02")), 86400);
	assert_int_equal(list_date(s("2026-11-22 04:49:09")), 1795322949);
	assert_int_equal(list_date(s("2026-11-22T04:49:09.123Z")), 1795322949);
	assert_int_equal(list_date(s("2026-11-22T13:49:09+09:00")), 1795322949);
	assert_int_equal(list_date(s("2026-11-22T13:49:09+0900")), 1795322949);
	assert_int_equal(list_date(s("2026-11-22 04:49:09 UTC")), 1795322949);
	assert_int_equal(list_date(s("2026-13-01")), 0);
	assert_int_equal(list_date(s("soon")), 0);
	assert_int_equal(list_date(s("2026-11-22x")), 0);
	assert_int_equal(list_date(s("9999-01-01")), UINT32_MAX);
}

/* --- readers: everything taken as "kind canonical until comment", refusals as "!line why" --- */

struct told {
	size_t len;
	char text[8192];
};

__attribute__((format(printf, 2, 3))) static void tell(struct told *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, ap);
	va_end(ap);
	assert_true(t->len < sizeof(t->text));
}

static int take(void *ctx, const struct indicator *i, uint32_t expires, struct slice comment,
		struct errmsg *err)
{
	char text[LIST_URL_MAX + 1];

	tell(ctx, "%s %s %u %.*s\n", list_kind_names[i->kind],
	     indicator_text(i, text, sizeof(text)), expires, (int)comment.len,
	     (const char *)comment.data);
	return ERR_OK;
}

static void refused(void *ctx, uint64_t line, const char *why)
{
	tell(ctx, "!%u %s\n", (unsigned)line, why);
}

static void reads_as(enum list_form form, const char *text, const char *expected)
{
	struct told t = {0};
	struct list_sink sink = {take, refused, &t};
	struct list_counts counts;
	struct errmsg err = {""};
	int rc = list_read(s(text), form, HINT_ANY, &sink, &counts, &err);

	if (rc != ERR_OK)
		tell(&t, "error %s\n", err.text);
	assert_string_equal(t.text, expected);
}

static void plain_lists(void **state)
{
	reads_as(LIST_AUTO,
		 "\xef\xbb\xbf# a list\r\n"
		 "192.0.2.1\r\n"
		 "\n"
		 "evil[.]example # a dropper until=2026-11-22\n"
		 "evil2.example until=2026-11-22 seen in mails\n"
		 "hxxp://evil.example/a#b ; note\n"
		 "0.0.0.0 ads.example tracker.example # both\n"
		 "0.0.0.0 localhost\n"
		 "com\n"
		 "evil3.example until=never",
		 "ip 192.0.2.1 0 \n"
		 "domain evil.example 1795305600 a dropper\n"
		 "domain evil2.example 1795305600 seen in mails\n"
		 "url evil.example/a 0 note\n"
		 "domain ads.example 0 \n"
		 "domain tracker.example 0 \n"
		 "!9 \"com\" is too broad for a list: a name has two labels or more\n"
		 "!10 until= is not followed by a date such as 2026-12-31\n");
}

static void abuse_ch_tables(void **state)
{
	reads_as(LIST_AUTO, /* URLhaus */
		 "################\n"
		 "# abuse.ch URLhaus Database Dump (CSV)        #\n"
		 "#\n"
		 "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n"
		 "\"1\",\"2026-11-21 01:02:03\",\"http://192.0.2.7:4711/bin.sh\",\"online\",\"\","
		 "\"malware_download\",\"32-bit,elf\",\"https://urlhaus.abuse.ch/url/1/\",\"me\"\n",
		 "url 192.0.2.7:4711/bin.sh 0 malware_download, 32-bit,elf\n");
	reads_as(
		LIST_AUTO, /* Feodo Tracker */
		"# "
		"Feodo\r\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\","
		"\"malware\"\r\n"
		"\"2021-01-17 07:30:05\",\"192.0.2.8\",\"443\",\"online\",\"2026-11-21\","
		"\"Emotet\"\r\n# END 1 entries",
		"service 192.0.2.8 port 443 0 Emotet\n");
	reads_as(LIST_AUTO, /* SSLBL certificates, addresses, JA3 */
		 "# Listingdate,SHA1,Listingreason\n"
		 "2026-11-01 00:00:00,00112233445566778899aabbccddeeff00112233,Dridex C&C\n",
		 "cert 00112233445566778899aabbccddeeff00112233 0 Dridex C&C\n");
	reads_as(LIST_AUTO, "# Firstseen,DstIP,DstPort\n2026-11-01 00:00:00,192.0.2.9,8443\n",
		 "service 192.0.2.9 port 8443 0 \n");
	reads_as(LIST_AUTO,
		 "# ja3_md5,Firstseen,Lastseen,Listingreason\n"
		 "e7d705a3286e19ea42f587b344ee6865,2017-07-14 18:08:15,2019-07-27 20:42:54,Dridex\n"
		 "not-a-hash,2020-01-01,2020-01-01,junk\n",
		 "ja3 e7d705a3286e19ea42f587b344ee6865 0 Dridex\n"
		 "!3 \"not-a-hash\" is no JA3: 32 hexadecimal digits\n");
	reads_as(LIST_AUTO, /* MalwareBazaar: the strongest digest stands for the file */
		 "# \"first_seen_utc\",\"sha256_hash\",\"md5_hash\",\"sha1_hash\",\"reporter\","
		 "\"file_name\",\"signature\"\n"
		 "\"2026-11-01\", "
		 "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", "
		 "\"e7d705a3286e19ea42f587b344ee6865\", "
		 "\"00112233445566778899aabbccddeeff00112233\", \"me\", \"a.exe\", \"Agent\"\n",
		 "file 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff 0 Agent\n");
	reads_as(LIST_AUTO, /* ThreatFox */
		 "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\","
		 "\"malware_printable\"\n"
		 "\"2026-11-01\", \"1\", \"192.0.2.10:9443\", \"ip:port\", \"botnet_cc\", "
		 "\"Mirai\"\n"
		 "\"2026-11-01\", \"2\", \"evil.example\", \"domain\", \"botnet_cc\", \"Mirai\"\n"
		 "\"2026-11-01\", \"3\", \"x\", \"envelope_from\", \"spam\", \"None\"\n",
		 "service 192.0.2.10 port 9443 0 botnet_cc, Mirai\n"
		 "domain evil.example 0 botnet_cc, Mirai\n"
		 "!4 the type of the indicator is not known\n");
}

static void own_tables(void **state)
{
	reads_as(LIST_AUTO,
		 "indicator;comment;valid_until\n"
		 "evil.example;\"two \"\"quotes\"\";\na line\";2026-11-22\n"
		 "192.0.2.0/24;;\n"
		 ";nothing;\n"
		 "192.0.2.1;;tomorrow\n",
		 "domain evil.example 1795305600 two \"quotes\";\na line\n"
		 "net 192.0.2.0/24 0 \n"
		 "!5 there is no indicator in the row\n"
		 "!6 the date of expiry is none such as 2026-12-31 09:00:00\n");
	reads_as(LIST_CSV, "a,b\n1,2\n",
		 "error line 1: no column of an indicator is named; the first row says ip, domain, "
		 "url, ja3, ja4, sha1, sha256, indicator ...\n");
	reads_as(LIST_CSV, "ip,comment\n192.0.2.1,\"open\n\n",
		 "error line 2: a quoted field does not end, or the row has more than 64 KB\n");
}

static void stix_bundles(void **state)
{
	reads_as(LIST_AUTO,
		 "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[\n"
		 "{\"type\":\"identity\",\"name\":\"a \\\"name\\\" [ }\"},\n"
		 "{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"name\":\"Emotet\","
		 "\"indicator_types\":[\"malicious-activity\"],"
		 "\"valid_until\":\"2026-11-22T00:00:00Z\","
		 "\"pattern\":\"[ipv4-addr:value = '192.0.2.1' OR domain-name:value = "
		 "'e.example']\"},\n"
		 "{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"revoked\":true,"
		 "\"pattern\":\"[ipv4-addr:value = '192.0.2.2']\"},\n"
		 "{\"type\":\"indicator\",\"pattern_type\":\"snort\",\"pattern\":\"alert\"}]}",
		 "ip 192.0.2.1 1795305600 Emotet (malicious-activity)\n"
		 "domain e.example 1795305600 Emotet (malicious-activity)\n"
		 "!5 a pattern in the language snort is not read here\n");
	reads_as(LIST_AUTO, "{\"more\":false,\"objects\":[]}", "");
	reads_as(LIST_AUTO,
		 "{\"type\":\"indicator\",\"pattern\":\"[url:value = "
		 "'http://e.example/it\\\\'s']\"}",
		 "url e.example/it's 0 \n");
	reads_as(LIST_STIX, "{\"objects\":[\n{\"type\":\"indicator\",\n\"pattern\" }]}",
		 "error line 3: no JSON: ':' expected near '}'\n");
	reads_as(LIST_STIX, "{\"objects\":[\n{\"type\":",
		 "error line 2: the object that begins here does not end\n");
	reads_as(LIST_STIX, "hello",
		 "error line 1: this is no STIX bundle: it does not begin with { or "
		 "[\n");
}

static int take_pattern(void *ctx, struct slice value, enum indicator_hint hint)
{
	tell(ctx, "%s %.*s\n", indicator_hint_names[hint], (int)value.len,
	     (const char *)value.data);
	return ERR_OK;
}

static void stix_patterns(void **state)
{
	static const struct {
		const char *pattern, *expected;
	} cases[] = {
		{"[ipv4-addr:value='192.0.2.1']", "ip 192.0.2.1\n"},
		{"[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "ip 192.0.2.0/24\n"},
		{"[domain-name:value IN ('a.example','b.example')]",
		 "domain a.example\ndomain b.example\n"},
		{"[file:hashes.'SHA-256' = 'aa'] OR [file:hashes.MD5 = 'bb']",
		 "file aa\nfile bb\n"},
		{"[file:hashes.MD5='b' AND file:hashes.'SHA-256'='aaa' OR url:value='u']",
		 "file aaa\nurl u\n"},
		{"[network-traffic:dst_ref.type='ipv4-addr' AND network-traffic:dst_ref.value = "
		 "'192.0.2.1' AND network-traffic:dst_port = 443]",
		 "ip 192.0.2.1:443\n"},
		{"[x509-certificate:hashes.'SHA-1' = 'cc']", "cert cc\n"},
		{"([ipv4-addr:value = '1'])", "!"},
		{"[(ipv4-addr:value = '1' OR ipv4-addr:value = '2')]", "ip 1\nip 2\n"},
		{"[ipv4-addr:value = '1' AND domain-name:value = 'a']", "!"},
		{"[ipv4-addr:value = '1'] AND [domain-name:value = 'a']", "!"},
		{"[ipv4-addr:value = '1'] FOLLOWEDBY [domain-name:value = 'a']", "!"},
		{"[ipv4-addr:value = '1'] WITHIN 5 SECONDS", "!"},
		{"[ipv4-addr:value != '1']", "!"},
		{"[ipv4-addr:value LIKE '1%']", "!"},
		{"[NOT ipv4-addr:value = '1']", "!"},
		{"[process:name = 'a']", "!"},
		{"[ipv4-addr:value = '1' AND domain-name:value IN ('a','b')]", "!"},
		{"[domain-name:value IN ('a','b') AND ipv4-addr:value = '1']", "!"},
		{"[network-traffic:dst_port = 443]", "!"},
		{"[ipv4-addr:value = '1", "!"},
		{"[ipv4-addr:value = '1'", "!"},
		{"[ipv4-addr:value IN ('1'", "!"},
		{"[]", "!"},
		{"", "!"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told t = {0};
		struct stix_sink sink = {take_pattern, &t};
		char why[STIX_WHY];
		int rc = stix_pattern(s(cases[i].pattern), &sink, why);

		if (rc != ERR_OK) {
			assert_true(why[0] != 0 && t.len == 0);
			tell(&t, "!");
		}
		if (strcmp(t.text, cases[i].expected) != 0)
			fail_msg("%s: %s (%s)", cases[i].pattern, t.text, why);
	}
}

/* --- the file --- */

struct site {
	char folder[64];
};

static int set_up(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	snprintf(site->folder, sizeof(site->folder), "/tmp/lists-test-XXXXXX");
	*state = site;
	return mkdtemp(site->folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct site *site = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", site->folder);
	(void)!system(command);
	free(site);
	return 0;
}

static const char *put_file(const struct site *site, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/source", site->folder);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void add(const struct site *site, const struct book_list *list, const char *text)
{
	struct book_reading reading;
	struct errmsg err = {""};

	if (book_add(site->folder, put_file(site, text), list, NOW, &reading, &err) != ERR_OK)
		fail_msg("%s", err.text);
}

static struct lists *open_lists(const struct site *site)
{
	char path[128];
	struct lists *l = NULL;
	struct errmsg err = {""};

	assert_true(book_compiled(site->folder, path, sizeof(path)));
	if (lists_open(path, &l, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return l;
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(text, &a), ERR_OK);
	return a;
}

static const char *list_of_address(const struct lists *l, const char *text)
{
	struct ip_addr a = addr(text);
	struct list_hit hit;

	return lists_address(l, &a, NOW, &hit) ? hit.list->name : "";
}

static const char *list_of_domain(const struct lists *l, const char *name)
{
	struct list_hit hit;

	return lists_domain(l, s(name), NOW, &hit) ? hit.list->name : "";
}

static void look_ups(void **state)
{
	struct book_list bad = {.info = {.name = "bad", .priority = 50, .known = true}};
	struct book_list good = {.info = {.name = "good", .priority = 80, .allow = true}};
	struct book_list exact = {.info = {.name = "exact", .priority = 60, .exact = true}};
	struct ip_addr a = addr("192.0.2.1");
	struct list_hit hit;
	struct lists *l;

	add(*state, &bad,
	    "192.0.2.1 # one\n198.51.100.0/24\n198.51.100.128/25 # half\n203.0.113.9:443\n"
	    "2001:db8:1::/48\n2001:db8:2::5\nevil.example # a name\nb.c.evil2.example\n"
	    "http://web.example:8080/a/b?c=d\nhttp://web.example/p\n"
	    "old.example until=2020-01-01\nsoon.example until=2026-12-31\n"
	    "t13d1516h2_8daaf6152771_e5627efa2ab1\n"
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff # a virus\n");
	add(*state, &good, "198.51.100.7\nfine.evil.example\n");
	add(*state, &exact, "shared.example\n");
	l = open_lists(*state);
	assert_string_equal(list_of_address(l, "192.0.2.1"), "bad");
	assert_string_equal(list_of_address(l, "::ffff:192.0.2.1"), "bad");
	assert_string_equal(list_of_address(l, "192.0.2.2"), "");
	assert_string_equal(list_of_address(l, "198.51.100.200"), "bad");
	assert_string_equal(list_of_address(l, "198.51.101.1"), "");
	assert_string_equal(list_of_address(l, "198.51.100.7"), ""); /* allowed */
	assert_string_equal(list_of_address(l, "2001:db8:1:ffff::1"), "bad");
	assert_string_equal(list_of_address(l, "2001:db8:2::5"), "bad");
	assert_string_equal(list_of_address(l, "2001:db8:2::6"), "");
	assert_string_equal(list_of_address(l, "203.0.113.9"), "");
	a = addr("198.51.100.200");
	assert_true(lists_address(l, &a, NOW, &hit));
	assert_int_equal(hit.bits, 96 + 25);
	assert_string_equal(hit.comment, "half");
	a = addr("203.0.113.9");
	assert_true(lists_service(l, &a, 443, NOW, &hit));
	assert_false(lists_service(l, &a, 80, NOW, &hit));
	assert_string_equal(list_of_domain(l, "evil.example"), "bad");
	assert_string_equal(list_of_domain(l, "WWW.Evil.Example."), "bad");
	assert_string_equal(list_of_domain(l, "a.b.fine.evil.example"), "");
	assert_string_equal(list_of_domain(l, "notevil.example"), "");
	assert_string_equal(list_of_domain(l, "example"), "");
	assert_string_equal(list_of_domain(l, "c.evil2.example"), "");
	assert_string_equal(list_of_domain(l, "a.b.c.evil2.example"), "bad");
	assert_string_equal(list_of_domain(l, "shared.example"), "exact");
	assert_string_equal(list_of_domain(l, "mine.shared.example"), "");
	assert_string_equal(list_of_domain(l, "old.example"), "");
	assert_string_equal(list_of_domain(l, "soon.example"), "bad");
	assert_false(lists_domain(l, s("soon.example"), 1830000000, &hit));
	assert_string_equal(list_of_domain(l, ""), "");
	assert_string_equal(list_of_domain(l, "a..evil.example"), "");
	assert_true(lists_url(l, s("WEB.example"), 8080, s("/a/b?c=d"), NOW, &hit));
	assert_false(lists_url(l, s("web.example"), 8080, s("/a/b"), NOW, &hit));
	assert_true(lists_url(l, s("web.example"), 80, s("/p?any=thing"), NOW, &hit));
	assert_true(lists_url(l, s("proxy"), 3128, s("http://web.example/%70"), NOW, &hit));
	assert_false(lists_url(l, s("web.example"), 81, s("/p"), NOW, &hit));
	assert_true(lists_ja4(l, s("t13d1516h2_8daaf6152771_e5627efa2ab1"), NOW, &hit));
	assert_false(lists_ja4(l, s("t13d1516h2_8daaf6152771_e5627efa2ab2"), NOW, &hit));
	assert_true(lists_digests(l).sha256 && !lists_digests(l).md5);
	lists_close(l);
}

static void the_book(void **state)
{
	struct site *site = *state;
	struct book_list list = {.info = {.name = "one", .priority = 50}, .lifetime_days = 1};
	struct book_reading reading;
	struct build_counts counts;
	struct errmsg err = {""};
	struct book book;
	struct lists *l;
	uint32_t id;

	add(site, &list, "evil.example\nEVIL.example.\n192.0.2.1\nbad line here\n");
	assert_int_equal(book_load(site->folder, &book, &err), ERR_OK);
	assert_int_equal(book.n, 1);
	assert_int_equal(book.lists[0].taken, 3);
	assert_int_equal(book.lists[0].refused, 1);
	id = book.lists[0].info.id;
	/* In place of the old: the same id; nothing of the old stays. */
	add(site, &list, "other.example\n");
	assert_int_equal(book_load(site->folder, &book, &err), ERR_OK);
	assert_int_equal(book.lists[0].info.id, id);
	l = open_lists(site);
	assert_string_equal(list_of_domain(l, "evil.example"), "");
	assert_string_equal(list_of_domain(l, "other.example"), "one");
	/* What cannot be read leaves everything as it was, also for who has it open. */
	assert_int_not_equal(
		book_add(site->folder, put_file(site, "com\n"), &list, NOW, &reading, &err),
		ERR_OK);
	assert_non_null(strstr(err.text, "has no indicator"));
	lists_close(l);
	l = open_lists(site);
	assert_string_equal(list_of_domain(l, "other.example"), "one");
	lists_close(l);
	/* Its life is over. */
	assert_int_equal(book_compile(site->folder, NOW + 2 * 86400, &counts, &err), ERR_OK);
	assert_int_equal(counts.expired, 1);
	assert_int_equal(book_remove(site->folder, "two", NOW, &err), ERR_NOTFOUND);
	assert_int_equal(book_remove(site->folder, "one", NOW, &err), ERR_OK);
	assert_int_equal(book_load(site->folder, &book, &err), ERR_OK);
	assert_int_equal(book.n, 0);
	/* Ids are not given twice. */
	list.info.name[0] = 'O';
	add(site, &list, "other.example\n");
	assert_int_equal(book_load(site->folder, &book, &err), ERR_OK);
	assert_int_equal(book.lists[0].info.id, id + 1);
}

static void damaged_files(void **state)
{
	struct site *site = *state;
	struct book_list list = {.info = {.name = "one", .priority = 50}};
	char path[128];
	struct lists *l = NULL;
	struct errmsg err = {""};
	long size;
	FILE *f;

	add(site, &list, "evil.example\n192.0.2.0/24\n");
	assert_true(book_compiled(site->folder, path, sizeof(path)));
	f = fopen(path, "r+e");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	for (long at = 0; at < size; at += at < 128 || at > 8400 ? 1 : 97) {
		int c;

		fseek(f, at, SEEK_SET);
		c = fgetc(f);
		fseek(f, at, SEEK_SET);
		fputc(c ^ 0x55, f);
		fflush(f);
		/* The head's own figures that size nothing may differ; look-ups stay inside. */
		if (lists_open(path, &l, &err) == ERR_OK) {
			struct ip_addr a = addr("192.0.2.1");
			struct list_hit hit;

			lists_address(l, &a, NOW, &hit);
			lists_domain(l, s("evil.example"), NOW, &hit);
			lists_close(l);
		} else {
			assert_true(strstr(err.text, "damaged") || strstr(err.text, "no compiled"));
		}
		fseek(f, at, SEEK_SET);
		fputc(c, f);
		fflush(f);
	}
	assert_int_equal(ftruncate(fileno(f), size / 2), 0);
	assert_int_equal(lists_open(path, &l, &err), ERR_INVALID);
	fclose(f);
}

static void many(void **state)
{
	enum { N = 200000 };
	struct build *b = build_new();
	struct list_info info = {.name = "many", .id = 1, .priority = 50};
	struct indicator *i = calloc(1, sizeof(*i));
	struct site *site = *state;
	struct list_hit hit;
	struct lists_counts counts;
	struct lists *l;
	char path[128];

	assert_true(b && i);
	assert_int_equal(build_list(b, &info, NULL), ERR_OK);
	for (uint32_t n = 0; n < N; n++) {
		i->kind = LIST_DOMAIN;
		i->len = (size_t)snprintf((char *)i->bytes, 64, "h%u.d%u.example", n, n % 1000);
		assert_int_equal(build_indicator(b, i, 0, NOW, s("x"), NULL), ERR_OK);
	}
	book_compiled(site->folder, path, sizeof(path));
	assert_int_equal(build_write(b, path, NULL), ERR_OK);
	build_free(b);
	l = open_lists(site);
	lists_counts(l, &counts);
	assert_int_equal(counts.entries, N);
	for (uint32_t n = 0; n < N; n++) {
		char name[64];

		snprintf(name, sizeof(name), "www.h%u.d%u.example", n, n % 1000);
		assert_true(lists_domain(l, s(name), NOW, &hit));
		snprintf(name, sizeof(name), "h%u.d%u.example", n, n % 1000 + 1);
		assert_false(lists_domain(l, s(name), NOW, &hit));
	}
	lists_close(l);
	free(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indicators_in_many_forms),
		cmocka_unit_test(dates),
		cmocka_unit_test(plain_lists),
		cmocka_unit_test(abuse_ch_tables),
		cmocka_unit_test(own_tables),
		cmocka_unit_test(stix_bundles),
		cmocka_unit_test(stix_patterns),
		cmocka_unit_test_setup_teardown(look_ups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_book, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
