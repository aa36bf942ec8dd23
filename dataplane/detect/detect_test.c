/* Each keyword twice: a rule that must fire on the traffic, and the same rule with the keyword's
 * argument changed, which must not ("loaded" means "evaluated"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "dataplane/detect/harness.h"

typedef void (*traffic)(struct harness *h);

struct keyword_case {
	const char *right, *wrong; /* "PROTO|options" */
	traffic traffic;
};

/* ---- traffic ---- */

static void plain(struct harness *h)
{
	struct talk t = talk_new(9999);

	t.mss = 1400;
	t.tos = 8;
	t.id = 77;
	talk_open(h, &t);
	talk_text(h, &t, DIR_TS, "hello server, number 0042 and |binary\x01\x02");
	talk_text(h, &t, DIR_TC, "welcome client");
	talk_close(h, &t);
}

static void web(struct harness *h)
{
	struct talk t = talk_new(80);

	talk_open(h, &t);
	talk_text(h, &t, DIR_TS,
		  "POST /path/file.php?id=12 HTTP/1.1\r\nHost: www.example.com\r\n"
		  "User-Agent: Agent/1.0\r\nCookie: a=b\r\nReferer: http://ref/\r\n"
		  "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nbody text");
	talk_text(h, &t, DIR_TC,
		  "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nSet-Cookie: c=d\r\n"
		  "Content-Type: text/html\r\nContent-Length: 12\r\n\r\n<html>answer");
	talk_close(h, &t);
}

/* The file begins packets after the head that it belongs to. */
static void late_body(struct harness *h)
{
	struct talk t = talk_new(80);

	talk_open(h, &t);
	talk_text(h, &t, DIR_TS, "GET /name.txt HTTP/1.1\r\nHost: h\r\n\r\n");
	talk_text(h, &t, DIR_TC, "HTTP/1.1 200 OK\r\n");
	talk_text(h, &t, DIR_TC, "Content-Length: 6\r\n\r\n");
	talk_text(h, &t, DIR_TC, "answer");
	talk_close(h, &t);
}

/* Protocols that rules cannot name are read all the same. */
static void mailbox(struct harness *h)
{
	struct talk t = talk_new(110);

	talk_open(h, &t);
	talk_text(h, &t, DIR_TC, "+OK ready\r\n");
	talk_text(h, &t, DIR_TS, "USER joe\r\n");
	talk_text(h, &t, DIR_TC, "+OK\r\n");
	talk_text(h, &t, DIR_TS, "RETR 1\r\n");
	talk_text(h, &t, DIR_TC,
		  "+OK\r\nFrom: a@b\r\nMIME-Version: 1.0\r\nContent-Type: application/x; "
		  "name=\"bad.exe\"\r\nContent-Disposition: attachment; filename=\"bad.exe\"\r\n"
		  "Content-Transfer-Encoding: base64\r\n\r\nTVpldmls\r\n.\r\n");
	talk_text(h, &t, DIR_TS, "QUIT\r\n");
	talk_text(h, &t, DIR_TC, "+OK bye\r\n");
	talk_close(h, &t);
}

static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
			    "\x03www\x07"
			    "example\x03"
			    "com\x00\x00\x01\x00\x01";

static void dns(struct harness *h)
{
	struct talk t = talk_new(53);

	talk_udp(h, &t, DIR_TS, query, sizeof(query) - 1);
}

static void ping(struct harness *h)
{
	struct talk t = talk_new(0);

	talk_icmp(h, &t, DIR_TS, 8, 0, 7, 3, "pingdata", 8);
}

/* The IPv6 and UDP header that "packet too big" is about. */
static const char quoted[48] = {0x60, [5] = 8, [6] = 17, [7] = 64, [23] = 1, [39] = 2, [45] = 8};

static void ping6(struct harness *h)
{
	struct talk t = talk_new(0);

	t.v6 = true;
	talk_icmp(h, &t, DIR_TS, 128, 0, 7, 3, "pingdata", 8);
	talk_icmp(h, &t, DIR_TC, 2, 0, 0, 1280, quoted, sizeof(quoted));
}

/* ---- the table ---- */

static const struct keyword_case cases[] = {
	{"tcp|ttl:64", "tcp|ttl:63", plain},
	{"ip|ttl:>63", "ip|ttl:>64", plain},
	{"ip|tos:8", "ip|tos:9", plain},
	{"ip|id:77", "ip|id:78", plain},
	{"ip|ip_proto:6", "ip|ip_proto:17", plain},
	{"ip|ip_proto:TCP", "ip|ip_proto:UDP", plain},
	{"ip|fragbits:D", "ip|fragbits:M", plain},
	{"ip|fragoffset:0", "ip|fragoffset:>0", plain},
	{"tcp|flags:S", "tcp|flags:U", plain},
	{"tcp|flags:SA", "tcp|flags:SF", plain},
	{"tcp|seq:1000", "tcp|seq:999", plain},
	{"tcp|ack:1001", "tcp|ack:77", plain},
	{"tcp|window:8192", "tcp|window:8191", plain},
	{"tcp|tcp.mss:1400", "tcp|tcp.mss:1401", plain},
	{"tcp|dsize:14", "tcp|dsize:15", plain},
	{"tcp|dsize:0", "tcp|dsize:>1000", plain},
	/* a FIN without payload that has the stream looked at */
	{"tcp|flow:to_server; isdataat:!10", "tcp|flow:to_server; content:!\"hello\"", plain},
	{"tcp|content:\"004\"; base64_decode:relative; base64_data; content:\"|d8|\"",
	 "tcp|content:\"004\"; base64_decode:relative; base64_data; content:\"|d9|\"", plain},
	{"tcp|byte_jump:0,0,from_end", "tcp|byte_jump:0,0,from_end,post_offset 1", plain},
	{"http|http.header; compress_whitespace; content:\".com|0d|User\"",
	 "http|http.header; compress_whitespace; content:\".com User\"", web},
	{"http|http.request_line; pcrexform:\"zzz(.)\"; content:\"POST\"",
	 "http|http.request_line; pcrexform:\"(.)OST\"; content:\"POST\"", web},
	{"tcp|flow:established; dsize:>0", "tcp|flow:not_established; dsize:>0", plain},
	{"tcp|flow:to_server; content:\"hello\"", "tcp|flow:to_client; content:\"hello\"", plain},
	{"tcp|content:\"hello\"", "tcp|content:\"hallo\"", plain},
	{"tcp|content:\"HELLO\"; nocase", "tcp|content:\"HELLO\"", plain},
	{"tcp|content:\"hello\"; depth:5", "tcp|content:\"serve\"; depth:5", plain},
	{"tcp|content:\"server\"; offset:6", "tcp|content:\"server\"; offset:7", plain},
	{"tcp|content:\"hello\"; startswith", "tcp|content:\"server\"; startswith", plain},
	{"tcp|content:\"client\"; endswith", "tcp|content:\"welcome\"; endswith", plain},
	{"tcp|content:\"hello\"; content:\"server\"; distance:1; within:6",
	 "tcp|content:\"hello\"; content:\"server\"; distance:2", plain},
	{"tcp|content:\"hello\"; content:!\"client\"", "tcp|content:\"hello\"; content:!\"server\"",
	 plain},
	{"tcp|content:\"|01 02|\"", "tcp|content:\"|02 01|\"", plain},
	{"http|frame:request; content:\"POST\"; startswith",
	 "http|frame:request; content:\"path\"; startswith", web},
	{"http1|frame:response; content:\"answer\"; endswith",
	 "http1|frame:response; content:\"<html>\"; endswith", web},
	{"tcp|frame:http1.request; content:\"body text\"; endswith; bsize:173",
	 "tcp|frame:http1.request; content:\"body text\"; endswith; bsize:174", web},
	{"http|frame:response; content:!\"nothing\"", "http|frame:response; content:!\"nginx\"",
	 web},
	{"http|frame:request; pcre:\"/^post/i\"", "http|frame:request; pcre:\"/^host/i\"", web},
	{"http|frame:request; strip_whitespace; content:\"POST/path\"; startswith",
	 "http|frame:request; content:\"POST/path\"; startswith", web},
	{"http|frame:stream; content:\"POST\"; startswith",
	 "http|frame:stream; content:\"Host\"; startswith", web},
	{"tcp|flow:to_client; app-layer-protocol:failed",
	 "tcp|flow:to_client; app-layer-protocol:!failed", mailbox},
	{"ftp|flow:to_server", "imap|flow:to_server", mailbox},
	{"tcp|flow:to_client; file.name; content:\"bad.exe\"",
	 "tcp|flow:to_server; file.name; content:\"bad.exe\"", mailbox},
	{"tcp|flow:to_client; file.name; pcre:\"/^bad/\"",
	 "tcp|flow:to_client; file.name; bsize:<7", mailbox},
	{"http|flow:to_client; file.name; bsize:9", "http|flow:to_client; file.name; bsize:8",
	 late_body},
	{"tcp|flow:to_client; file.data; content:\"MZevil\"",
	 "tcp|flow:to_client; file.data; content:\"TVpldmls\"", mailbox},
	{"udp|frame:dns.pdu; content:\"example\"; offset:17",
	 "tcp|frame:dns.pdu; content:\"example\"; offset:17", dns},
	{"tcp|pcre:\"/number \\d{4}/\"", "tcp|pcre:\"/number \\d{5}/\"", plain},
	{"tcp|content:\"number \"; byte_test:4,=,42,0,relative,string,dec",
	 "tcp|content:\"number \"; byte_test:4,=,43,0,relative,string,dec", plain},
	{"tcp|content:\"welcome\"; isdataat:6,relative",
	 "tcp|content:\"welcome\"; isdataat:70,relative", plain},
	{"tcp-pkt|content:\"hello\"", "tcp-pkt|content:\"hullo\"", plain},
	{"tcp-stream|content:\"hello\"", "tcp-stream|content:\"hullo\"", plain},
	{"tcp|stream_size:client,>,10", "tcp|stream_size:client,>,1000", plain},
	{"tcp|flow.age:0; flags:S", "tcp|flow.age:>0; flags:S", plain},
	{"tcp|ip.src; content:\"|0a 00 00 01|\"", "tcp|ip.src; content:\"|0a 00 00 03|\"", plain},
	{"tcp|ip.dst; content:\"|0a 00 00 02|\"", "tcp|ip.dst; content:\"|0a 00 00 03|\"", plain},
	{"tcp|tcp.hdr; content:\"|27 0f|\"", "tcp|tcp.hdr; content:\"|27 0e|\"; offset:0; depth:4",
	 plain},
	{"tcp|ipv4.hdr; content:\"|45 08|\"; startswith",
	 "tcp|ipv4.hdr; content:\"|46|\"; startswith", plain},
	{"ip|sameip; noalert", "ip|sameip", plain},
	{"icmp|itype:8", "icmp|itype:0", ping},
	{"icmp|icode:0; itype:8", "icmp|icode:1; itype:8", ping},
	{"icmp|icmp_id:7", "icmp|icmp_id:8", ping},
	{"icmp|icmp_seq:3", "icmp|icmp_seq:4", ping},
	{"icmp|content:\"pingdata\"", "icmp|content:\"pongdata\"", ping},
	{"icmp|icmpv4.hdr; content:\"|08 00|\"; startswith",
	 "icmp|icmpv4.hdr; content:\"|00 00|\"; startswith", ping},
	{"icmpv6|itype:128", "icmpv6|itype:129", ping6},
	{"icmpv6|icmpv6.mtu:1280", "icmpv6|icmpv6.mtu:1281", ping6},
	{"udp|content:\"example\"", "udp|content:\"axample\"", dns},
	{"udp|udp.hdr; content:\"|00 35|\"", "udp|udp.hdr; content:\"|00 36|\"", dns},
	{"dns|dns.query; content:\"www.example.com\"; bsize:15",
	 "dns|dns.query; content:\"www.example.com\"; bsize:16", dns},
	{"dns|dns.query; content:\"example.com\"; endswith",
	 "dns|dns.query; content:\"example\"; endswith", dns},
	{"dns|dns.query; dotprefix; content:\".www.example.com\"",
	 "dns|dns.query; dotprefix; content:\".ww.example.com\"", dns},
	{"dns|dns.opcode:0", "dns|dns.opcode:4", dns},
};

static bool split(const char *text, uint32_t sid, char *ret, size_t cap)
{
	const char *bar = strchr(text, '|');

	return bar && (size_t)snprintf(ret, cap, "alert %.*s any any -> any any (%s; sid:%u;)\n",
				       (int)(bar - text), text, bar + 1, sid) < cap;
}

/* noalert in `right` turns the case round: neither may fire. */
static void keyword_case_run(const struct keyword_case *c)
{
	char rules[2048], second[1024], problems[1024];
	struct errmsg err = {""};
	struct harness *h;
	bool silent = strstr(c->right, "noalert");

	assert_true(split(c->right, 1, rules, sizeof(rules)));
	assert_true(split(c->wrong, 2, second, sizeof(second)));
	memcpy(rules + strlen(rules), second, strlen(second) + 1);
	h = harness_new(rules, &err);
	if (!h)
		fail_msg("%s: %s", c->right, err.text);
	if (harness_loaded(h, problems, sizeof(problems)) != 2)
		fail_msg("%s: %s", c->right, problems);
	c->traffic(h);
	harness_end(h);
	if ((harness_count(h, 1) == 0) != silent)
		fail_msg("%s: %u alerts", c->right, harness_count(h, 1));
	if (harness_count(h, 2))
		fail_msg("%s: fired", c->wrong);
	harness_delete(h);
}

static void keywords(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		keyword_case_run(&cases[i]);
}

/* ---- how often, in which order ---- */

static struct harness *with(const char *rules)
{
	struct errmsg err = {""};
	struct harness *h = harness_new(rules, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

#define COUNT(h, sid, n)                                                                           \
	do {                                                                                       \
		if (harness_count((h), (sid)) != (n))                                              \
			fail_msg("sid %u: %u instead of %u", (sid), harness_count((h), (sid)),     \
				 (n));                                                             \
	} while (0)

/* As Suricata 7.0.10 counts them: ip-only rules once a direction, rules that name a protocol on
 * every packet from then on, `flow` conditions on every packet. */
static void how_often(void **state)
{
	struct harness *h = with("alert tcp any any -> any any (sid:1;)\n"
				 "alert ip any any -> any any (sid:2;)\n"
				 "alert tcp any any -> any 9999 (sid:3;)\n"
				 "alert tcp any any -> any any (flow:to_server; sid:4;)\n"
				 "alert tcp any any -> any any (content:\"e\"; sid:5;)\n"
				 "alert tcp any any <> any 9999 (flags:S; sid:6;)\n"
				 "alert udp any any -> any any (sid:7;)\n"
				 "alert ip any any -> 10.0.0.1 any (sid:8;)\n"
				 "alert ip 10.0.0.0/24 any -> 10.0.0.2 any (sid:9;)\n"
				 "alert ip ![10.0.0.1,10.0.0.7] any -> any any (sid:10;)\n");

	plain(h);
	harness_end(h);
	COUNT(h, 1, 2);
	COUNT(h, 2, 2);
	COUNT(h, 3, 1);
	COUNT(h, 4, 6);
	COUNT(h, 5, 2);
	COUNT(h, 6, 1);
	COUNT(h, 7, 0);
	COUNT(h, 8, 1);
	COUNT(h, 9, 1);
	COUNT(h, 10, 4);
	harness_delete(h);
}

static void flowbits(void **state)
{
	struct harness *h = with(
		"alert tcp any any -> any any (content:\"welcome\"; flowbits:isset,seen; sid:1;)\n"
		"alert tcp any any -> any any (content:\"hello\"; flowbits:set,seen; noalert; "
		"sid:2;)\n"
		"alert tcp any any -> any any (content:\"welcome\"; flowbits:isnotset,seen; "
		"sid:3;)\n"
		"alert tcp any any -> any any (content:\"welcome\"; flowbits:isset,other; sid:4;)\n"
		"alert tcp any any -> any any (content:\"welcome\"; flowbits:isset,other|seen; "
		"sid:5;)\n");

	plain(h);
	COUNT(h, 1, 1);
	COUNT(h, 2, 0);
	COUNT(h, 3, 0);
	COUNT(h, 4, 0);
	COUNT(h, 5, 1);
	harness_delete(h);
}

static void hosts_and_pairs(void **state)
{
	struct harness *h = with(
		"alert tcp any any -> any any (content:\"hello\"; xbits:set,x,track ip_pair; "
		"sid:1;)\n"
		"alert tcp any any -> any any (content:\"hello\"; hostbits:set,y,src; sid:2;)\n"
		"alert udp any any -> any any (content:\"exam\"; xbits:isset,x,track ip_pair; "
		"sid:3;)\n"
		"alert udp any any -> any any (content:\"exam\"; hostbits:isset,y,src; sid:4;)\n"
		"alert udp any any -> any any (content:\"exam\"; hostbits:isset,y,dst; sid:5;)\n");

	plain(h);
	dns(h);
	COUNT(h, 3, 1);
	COUNT(h, 4, 1);
	COUNT(h, 5, 0);
	talk_pause(h, 400 * NS_PER_SEC);
	dns(h);
	COUNT(h, 3, 1);
	COUNT(h, 4, 1);
	harness_delete(h);
}

static void thresholds(void **state)
{
	struct harness *h = with("alert udp any any -> any any (content:\"exam\"; threshold:type "
				 "limit,track by_src,count 2,seconds 60; sid:1;)\n"
				 "alert udp any any -> any any (content:\"exam\"; threshold:type "
				 "threshold,track by_dst,count 3,seconds 60; sid:2;)\n"
				 "alert udp any any -> any any (content:\"exam\"; threshold:type "
				 "both,track by_rule,count 3,seconds 60; sid:3;)\n"
				 "alert udp any any -> any any (content:\"exam\"; "
				 "detection_filter:track by_src,count 3,seconds 60; sid:4;)\n");

	for (unsigned i = 0; i < 10; i++)
		dns(h);
	COUNT(h, 1, 2);
	COUNT(h, 2, 3);
	COUNT(h, 3, 1);
	COUNT(h, 4, 7);
	talk_pause(h, 61 * NS_PER_SEC);
	for (unsigned i = 0; i < 3; i++)
		dns(h);
	COUNT(h, 1, 4);
	COUNT(h, 2, 4);
	COUNT(h, 3, 2);
	COUNT(h, 4, 7);
	harness_delete(h);
}

/* Pass ends the flow for what comes after; drop does too, but tells it. */
static void pass_and_drop(void **state)
{
	struct harness *h = with("pass tcp any any -> any any (content:\"hello\"; sid:1;)\n"
				 "alert tcp any any -> any any (content:\"hello\"; sid:2;)\n"
				 "alert tcp any any -> any any (content:\"welcome\"; sid:3;)\n"
				 "alert tcp any any -> any any (flags:S; sid:4;)\n");

	plain(h);
	COUNT(h, 1, 0);
	COUNT(h, 2, 0);
	COUNT(h, 3, 0);
	COUNT(h, 4, 1);
	harness_delete(h);
	h = with("drop tcp any any -> any any (content:\"hello\"; sid:1;)\n"
		 "alert tcp any any -> any any (content:\"hello\"; sid:2;)\n"
		 "alert tcp any any -> any any (content:\"welcome\"; sid:3;)\n");
	plain(h);
	COUNT(h, 1, 1);
	COUNT(h, 2, 1);
	COUNT(h, 3, 0);
	harness_delete(h);
}

/* At most 15 alerts a packet, those of the highest priority. */
static void alert_max(void **state)
{
	char rules[4096];
	size_t at = 0;
	struct harness *h;

	for (unsigned i = 1; i <= 20; i++)
		at += (size_t)snprintf(
			rules + at, sizeof(rules) - at,
			"alert udp any any -> any any (content:\"exam\"; priority:%u; sid:%u;)\n",
			i == 20 ? 1 : 2, i);
	h = with(rules);
	dns(h);
	COUNT(h, 1, 1);
	COUNT(h, 14, 1);
	COUNT(h, 15, 0);
	COUNT(h, 19, 0);
	COUNT(h, 20, 1);
	harness_delete(h);
}

static void skipped_by_name(void **state)
{
	struct errmsg err = {""};
	struct harness *h =
		harness_new("alert tcp any any -> any any (iprep:any,Spam,>,10; sid:1;)\n"
			    "alert tcp any any -> any any (content:\"hello\"; sid:2;)\n",
			    &err);
	char problems[1024];

	assert_non_null(h);
	assert_int_equal(harness_loaded(h, problems, sizeof(problems)), 1);
	assert_non_null(strstr(problems, "iprep"));
	plain(h);
	COUNT(h, 2, 1);
	harness_delete(h);
}

static void http_flow(void **state)
{
	struct harness *h = with(
		"alert http any any -> any any (sid:1;)\n"
		"alert http any any -> any any (http.method; content:\"POST\"; http.uri; "
		"content:\"/path/\"; sid:2;)\n"
		"alert http any any -> any any (http.uri; content:\"/path/\"; http.method; "
		"content:\"GET\"; sid:3;)\n"
		"alert http any any -> any any (http.stat_code; content:\"404\"; sid:4;)\n"
		"alert http any any -> any any (file.data; content:\"answer\"; sid:5;)\n"
		"alert http any any -> any any (http.request_body; content:\"body text\"; sid:6;)\n"
		"alert tcp any any -> any any (content:\"file.php\"; http_uri; content:\"POST\"; "
		"http_method; sid:7;)\n");

	web(h);
	harness_end(h);
	COUNT(h, 2, 1);
	COUNT(h, 3, 0);
	COUNT(h, 4, 1);
	COUNT(h, 5, 1);
	COUNT(h, 6, 1);
	COUNT(h, 7, 1);
	harness_delete(h);
}

/* Rules without a pattern that name a protocol are tried on its packets: not before it is known,
 * not on those of another one, and in their order among the others. */
static void named_without_pattern(void **state)
{
	static const char rules[] =
		"alert dns any any -> any any (sid:1;)\n"
		"alert dns any any -> any 53 (content:!\"absent\"; sid:2;)\n"
		"alert dns any any -> any 54 (sid:3;)\n"
		"alert dns any any -> 10.0.0.9 any (sid:4;)\n"
		"alert http any any -> any any (flow:to_server; sid:5;)\n"
		"alert http any any -> any any (content:!\"POST\"; depth:4; sid:6;)\n"
		"alert http any any -> any any (flags:S; sid:7;)\n"
		"alert http any any -> any any (flow:to_server; flowbits:set,b; "
		"noalert; sid:8;)\n"
		"alert tcp any any -> any 80 (flow:to_server; flowbits:isset,b; "
		"sid:9;)\n"
		"alert ssh any any -> any any (sid:10;)\n"
		"alert tcp any any -> any any (app-layer-protocol:http; sid:11;)\n"
		"alert tcp any any -> any any (app-layer-protocol:!http; flow:to_server; "
		"sid:12;)\n";
	struct harness *h = with(rules);

	plain(h);
	for (uint32_t sid = 1; sid <= 11; sid++)
		COUNT(h, sid, 0);
	harness_restart(h);
	dns(h);
	COUNT(h, 1, 1);
	COUNT(h, 2, 1);
	COUNT(h, 3, 0);
	COUNT(h, 4, 0);
	harness_restart(h);
	web(h);
	harness_end(h);
	COUNT(h, 5, 3);
	COUNT(h, 6, 3);
	COUNT(h, 7, 0);
	COUNT(h, 8, 0);
	COUNT(h, 9, 3);
	COUNT(h, 10, 0);
	COUNT(h, 11, 2);
	COUNT(h, 12, 0);
	harness_delete(h);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords),   cmocka_unit_test(how_often),
		cmocka_unit_test(flowbits),   cmocka_unit_test(hosts_and_pairs),
		cmocka_unit_test(thresholds), cmocka_unit_test(pass_and_drop),
		cmocka_unit_test(alert_max),  cmocka_unit_test(skipped_by_name),
		cmocka_unit_test(http_flow),  cmocka_unit_test(named_without_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
