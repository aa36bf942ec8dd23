#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "signatures/lang/buffers.h"
#include "signatures/lang/keywords.h"
#include "signatures/lang/lang.h"
#include "signatures/lang/limits.h"

/* One rule round these options, with `sid` 1. */
static const struct rule *parse_opts(struct lang_set *set, const char *opts)
{
	char text[4096];

	snprintf(text, sizeof(text), "alert ip any any -> any any (%s sid:1;)", opts);
	if (lang_parse_line(text, NULL, NULL, set) != ERR_OK) {
		print_error("%s\n", set->nproblems ? set->problems[0].text : "not loaded");
		return NULL;
	}
	return set->rules[set->count - 1];
}

static void tables_are_sorted(void **state)
{
	for (size_t i = 1; i < lang_keywords_count; i++)
		assert_true(strcasecmp(lang_keywords[i - 1].name, lang_keywords[i].name) < 0);
	for (size_t i = 1; i < lang_buffers_count; i++)
		assert_true(strcasecmp(lang_buffers[i - 1].name, lang_buffers[i].name) < 0);
}

static void content_and_modifiers(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule *r =
		parse_opts(set, "content:\"a|42 43|\\\"d\"; nocase; offset:2; depth:9; "
				"content:!\"x\"; within:5; distance:-1; http.uri; "
				"content:\"/p\"; startswith; fast_pattern;");
	const struct rule_content *c;

	assert_non_null(r);
	assert_int_equal(r->payload.count, 2);
	c = r->payload.items[0].content;
	assert_true(slice_eq(c->bytes, SLICE_LIT("aBC\"d")));
	assert_int_equal(c->offset.number, 2);
	assert_int_equal(c->depth.number, 9);
	assert_true(c->flags & RULE_CONTENT_RELATIVE_NEXT);
	c = r->payload.items[1].content;
	assert_true(c->flags & RULE_CONTENT_NEGATED);
	assert_int_equal(c->distance.number, -1);
	assert_int_equal(r->nbuffers, 1);
	assert_string_equal(r->buffers[0].name, "http.uri");
	assert_ptr_equal(r->fast_pattern, r->buffers[0].items.items[0].content);
	assert_int_equal(r->fast_buffer, 0);
	assert_string_equal(r->proto.app, "http");
	assert_true(r->to_server);
	assert_false(r->to_client);
	lang_set_free(set);
}

/* ---- the head ---- */

struct form {
	const char *written, *canonical; /* NULL: refused */
};

static void addresses(void **state)
{
	static const struct lang_var addrs[] = {{"HOME", "[10.0.0.0/8,!10.128.0.0/9]"},
						{"OTHER", "!$HOME"},
						{"SELF", "[$SELF,1.1.1.1]"}};
	static const struct lang_vars vars = {.addrs = addrs, .naddrs = ARRAY_SIZE(addrs)};
	static const struct form forms[] = {
		{"any", "any"},
		{"[any]", "any"},
		{"10.0.0.1", "10.0.0.1/32"},
		{"10.0.0.9/24", "10.0.0.0/24"},
		{"10.0.0.9/255.255.255.0", "10.0.0.0/24"},
		{"10.0.0.1-10.0.0.3", "10.0.0.1/32,10.0.0.2/31"},
		{"[10.0.0.1,10.0.0.2,10.0.0.2]", "10.0.0.1/32,10.0.0.2/32"},
		{"[10.0.0.0/25,10.0.0.128/25]", "10.0.0.0/24"},
		{"!128.0.0.0/1", "0.0.0.0/1"},
		{"[10.0.0.0/8,!10.0.0.0/9]", "10.128.0.0/9"},
		{"[10.0.0.0/30,![10.0.0.0/31,!10.0.0.1]]", "10.0.0.1/32,10.0.0.2/31"},
		{"[!10.0.0.0/8,11.0.0.0/8]", "11.0.0.0/8"},
		{"::1/128", "::1/128"},
		{"[::1,fe80::/64]", "::1/128,fe80::/64"},
		{"$HOME", "10.0.0.0/9"},
		{"[$HOME,10.128.0.0/16]", "10.0.0.0/9"},
		{"[$OTHER,!0.0.0.0/5,!12.0.0.0/6,!16.0.0.0/4,!32.0.0.0/3,!64.0.0.0/2,!128.0.0.0/1]",
		 "8.0.0.0/7,10.128.0.0/9,11.0.0.0/8"},
		{"$SELF", NULL},
		{"$NONE", NULL},
		{"!any", NULL},
	};
	struct lang_set *set = lang_set_new();
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(text, sizeof(text), "alert ip %s any -> any any (sid:%zu;)",
			 forms[i].written, i + 1);
		if (!forms[i].canonical) {
			assert_int_not_equal(lang_parse_line(text, &vars, NULL, set), ERR_OK);
			continue;
		}
		if (lang_parse_line(text, &vars, NULL, set) != ERR_OK)
			fail_msg("%s", set->problems[set->nproblems - 1].text);
		snprintf(text, sizeof(text), "%s%s%s", strcmp(forms[i].canonical, "any") ? "[" : "",
			 forms[i].canonical, strcmp(forms[i].canonical, "any") ? "]" : "");
		assert_string_equal(set->rules[set->count - 1]->src->text, text);
	}
	lang_set_free(set);
}

static void ranges_are_as_their_text(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule_addrs *a;
	struct ip_addr first, last;

	assert_int_equal(
		lang_parse_line("alert ip 10.0.0.0/30 any -> 10.0.0.0/30 [80,90:] (sid:1;)", NULL,
				NULL, set),
		ERR_OK);
	a = set->rules[0]->src;
	ip_addr_parse("10.0.0.0", &first);
	ip_addr_parse("10.0.0.3", &last);
	assert_int_equal(a->count, 1);
	assert_memory_equal(&a->ranges[0].first, &first, sizeof(first));
	assert_memory_equal(&a->ranges[0].last, &last, sizeof(last));
	assert_ptr_equal(a, set->rules[0]->dst); /* equal lists are shared */
	assert_int_equal(set->rules[0]->dport->count, 2);
	assert_int_equal(set->rules[0]->dport->ranges[1].first, 90);
	assert_int_equal(set->rules[0]->dport->ranges[1].last, 65535);
	lang_set_free(set);
}

static void ports(void **state)
{
	static const struct lang_var ports[] = {{"WEB", "[80,8080]"}, {"REST", "!$WEB"}};
	static const struct lang_vars vars = {.ports = ports, .nports = ARRAY_SIZE(ports)};
	static const struct form forms[] = {
		{"any", "any"},
		{"80", "80"},
		{"[80,81,82]", "80:82"},
		{"1024:", "1024:65535"},
		{":1023", "0:1023"},
		{"!80", "0:79,81:65535"},
		{"[1:100,!50]", "1:49,51:100"},
		{"[1:100,![50:60]]", "1:49,61:100"},
		{"$WEB", "80,8080"},
		{"$REST", "0:79,81:8079,8081:65535"},
		{"[$WEB,!80]", "8080"},
		{"0:65535", "any"},
		{"65536", NULL},
		{"[80,!80]", NULL},
	};
	struct lang_set *set = lang_set_new();
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(text, sizeof(text), "alert tcp any any -> any %s (sid:%zu;)",
			 forms[i].written, i + 1);
		if (!forms[i].canonical) {
			assert_int_not_equal(lang_parse_line(text, &vars, NULL, set), ERR_OK);
			continue;
		}
		if (lang_parse_line(text, &vars, NULL, set) != ERR_OK)
			fail_msg("%s", set->problems[set->nproblems - 1].text);
		snprintf(text, sizeof(text), "%s%s%s", strcmp(forms[i].canonical, "any") ? "[" : "",
			 forms[i].canonical, strcmp(forms[i].canonical, "any") ? "]" : "");
		assert_string_equal(set->rules[set->count - 1]->dport->text, text);
	}
	lang_set_free(set);
}

/* ---- files ---- */

static void lines_and_encodings(void **state)
{
	static const char file[] = "\xef\xbb\xbf# first\r\n"
				   "alert tcp any any -> any any (sid:1;)\r\n"
				   "\n"
				   "alert tcp any any -> any any ( \\\r\n"
				   "   msg:\"two\"; \\  \n"
				   "   sid:2;)\n"
				   "   # a comment\n"
				   "alert tcp any any -> any any (nonsense; \\\n"
				   " sid:3;)\n"
				   "alert tcp any any -> any any (msg:\"\xff\"; sid:4;)\n"
				   "alert tcp any any -> any any (msg:\"a\0b\"; sid:5;)\n"
				   "alert tcp any any -> any any (msg:\"\xc3\xa4\"; sid:6;)";
	static const char *const problems[] = {
		"x.rules:8: sid 3: nonsense: there is no such keyword",
		"x.rules:10: sid 4: the rule is not valid UTF-8",
		"x.rules:11: sid 5: the rule holds control characters",
	};
	static const struct lang_opts keep = {.keep_text = true};
	struct lang_set *set = lang_set_new();

	assert_int_equal(
		lang_load_bytes(SLICE(file, sizeof(file) - 1), "x.rules", NULL, &keep, set),
		ERR_OK);
	assert_int_equal(set->nproblems, ARRAY_SIZE(problems));
	for (size_t i = 0; i < ARRAY_SIZE(problems); i++)
		assert_string_equal(set->problems[i].text, problems[i]);
	assert_int_equal(set->count, 3);
	assert_int_equal(set->rules[0]->line, 2);
	assert_int_equal(set->rules[1]->line, 4);
	assert_string_equal(set->rules[1]->msg, "two");
	assert_string_equal(set->rules[2]->msg, "\xc3\xa4");
	assert_int_equal(set->rules[2]->index, 2);
	lang_set_free(set);
}

static void same_rule_twice(void **state)
{
	struct lang_set *set = lang_set_new();
	static const char file[] = "alert tcp any any -> any any (msg:\"a\"; sid:1; rev:1;)\n"
				   "alert tcp any any -> any any (msg:\"b\"; sid:1; rev:3;)\n"
				   "alert tcp any any -> any any (msg:\"c\"; sid:1; rev:2;)\n"
				   "alert tcp any any -> any any (msg:\"d\"; gid:2; sid:1;)\n";

	assert_int_equal(lang_load_bytes(slice_of(file), "x", NULL, NULL, set), ERR_OK);
	/* the higher revision replaces, a lower one is a bad rule; another gid is another rule */
	assert_int_equal(set->count, 2);
	assert_int_equal(set->nproblems, 1);
	assert_int_equal(set->problems[0].line, 3);
	for (uint32_t i = 0; i < set->count; i++)
		assert_string_equal(set->rules[i]->msg, set->rules[i]->gid == 2 ? "d" : "b");
	lang_set_free(set);
}

static void required_and_later(void **state)
{
	static const struct {
		const char *opts;
		int with_7, with_8;
	} cases[] = {
		{"requires:version >= 7.0.3;", ERR_OK, ERR_OK},
		{"requires:version >= 7.0.3 < 7.0.5;", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
		{"requires:version >= 8;", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
		{"requires:version < 7 | >= 7.0.9;", ERR_OK, ERR_OK},
		{"requires:feature no_such;", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
		{"requires:keyword dns.query;", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
		{"dns.rcode:3;", ERR_INVALID, ERR_OK},
		{"lua:a.lua;", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		struct lang_set *set = lang_set_new();
		struct lang_opts opts = {.lang = i % 2 ? 8 : 7};
		char text[256];
		int e;

		snprintf(text, sizeof(text), "alert dns any any -> any any (%s sid:1;)",
			 cases[i / 2].opts);
		e = lang_parse_line(text, NULL, &opts, set);
		if (e != (i % 2 ? cases[i / 2].with_8 : cases[i / 2].with_7))
			fail_msg("%s with lang=%u: %d", cases[i / 2].opts, opts.lang, e);
		lang_set_free(set);
	}
}

/* ---- buffers ---- */

static void buffers_of_a_rule(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule *r = parse_opts(
		set, "http.uri; content:\"a\"; http.method; content:\"b\"; http.uri; "
		     "content:\"c\"; http.request_header; content:\"d\"; "
		     "http.request_header; content:\"e\"; http.uri; to_lowercase; content:\"f\";");
	static const char *const names[] = {"http.uri", "http.method", "http.request_header",
					    "http.request_header", "http.uri"};
	static const uint32_t counts[] = {2, 1, 1, 1, 1};

	assert_non_null(r);
	assert_int_equal(r->nbuffers, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(r->buffers[i].name, names[i]);
		assert_int_equal(r->buffers[i].items.count, counts[i]);
	}
	assert_int_equal(r->buffers[4].ntransforms, 1);
	assert_int_equal(r->buffers[4].transforms[0].kind, RULE_XFORM_TO_LOWERCASE);
	assert_ptr_equal(r->buffers[2].key, r->buffers[3].key);
	assert_ptr_not_equal(r->buffers[0].key, r->buffers[4].key);
	lang_set_free(set);
}

static void modifiers_mean_buffers(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule *r = parse_opts(
		set, "content:\"a\"; http_uri; content:\"b\"; pcre:\"/c/Ui\"; content:\"d\"; "
		     "http_uri; distance:1; pcre:\"/e/R\"; uricontent:\"f\";");

	assert_non_null(r);
	assert_string_equal(r->proto.app, "http1");
	assert_int_equal(r->payload.count, 2); /* b and e */
	assert_int_equal(r->nbuffers, 1);
	assert_int_equal(r->buffers[0].items.count, 4);
	assert_int_equal(r->buffers[0].items.items[1].pcre->flags & RULE_PCRE_CASELESS,
			 RULE_PCRE_CASELESS);
	assert_true(rule_content_relative(r->buffers[0].items.items[2].content));
	assert_true(r->buffers[0].items.items[1].pcre->flags & RULE_PCRE_RELATIVE_NEXT);
	lang_set_free(set);
}

/* ---- items ---- */

static void comparisons(void **state)
{
	static const struct {
		const char *arg;
		unsigned min, max;
		bool negated;
	} cases[] = {{"5", 5, 5, false},    {"=5", 5, 5, false},  {"<5", 0, 4, false},
		     {">5", 6, 255, false}, {"<=5", 0, 5, false}, {">=5", 5, 255, false},
		     {"!5", 5, 5, true},    {"!=5", 5, 5, true},  {"5-9", 6, 8, false},
		     {"5<>9", 6, 8, false}, {" 5 ", 5, 5, false}, {"< 5", 0, 4, false}};
	struct lang_set *set = lang_set_new();
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct rule_uint *u;

		snprintf(text, sizeof(text), "alert ip any any -> any any (ttl:%s; sid:%zu;)",
			 cases[i].arg, i + 1);
		if (lang_parse_line(text, NULL, NULL, set) != ERR_OK)
			fail_msg("%s", set->problems[set->nproblems - 1].text);
		u = set->rules[set->count - 1]->packet.items[0].uint;
		if (u->min != cases[i].min || u->max != cases[i].max ||
		    u->negated != cases[i].negated || u->width != 8)
			fail_msg("%s: %lu to %lu", cases[i].arg, u->min, u->max);
	}
	lang_set_free(set);
}

static void byte_variables(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule *r = parse_opts(
		set, "byte_extract:2,0,len,little,multiplier 2; byte_math:bytes 1,offset 0,oper *,"
		     "rvalue len,result product; content:\"a\"; offset:len; depth:product; "
		     "byte_test:2,>,product,0x10,bitmask 0xf0; isdataat:len;");
	const struct rule_item *i;

	assert_non_null(r);
	assert_int_equal(r->nbyte_vars, 2);
	assert_int_equal(r->payload.count, 5);
	i = r->payload.items;
	assert_int_equal(i[0].byte_extract->multiplier, 2);
	assert_int_equal(i[0].byte_extract->endian, RULE_ENDIAN_LITTLE);
	assert_true(i[1].byte_math->rvalue.var);
	assert_int_equal(i[1].byte_math->rvalue.index, i[0].byte_extract->result);
	assert_true(i[2].content->offset.var && i[2].content->depth.var);
	assert_int_equal(i[2].content->depth.index, i[1].byte_math->result);
	assert_true(i[3].byte_test->masked);
	assert_int_equal(i[3].byte_test->shift, 4);
	assert_int_equal(i[3].byte_test->offset.number, 16);
	assert_true(i[4].isdataat->at.var);
	lang_set_free(set);
}

static void state_keywords(void **state)
{
	struct lang_set *set = lang_set_new();
	const struct rule *r = parse_opts(
		set, "flowbits:isset,a|b; flowbits:set,c; xbits:set,x,track ip_pair,expire 7; "
		     "flowint:num,+,3; threshold:type both,track by_both,count 4,seconds 5; "
		     "flow:established,to_server; pcre:\"/(?P<flow_w>x)(y)/\"; priority:2; "
		     "classtype:trojan-activity; target:src_ip; metadata:k v, k w;");
	const struct rule *again;

	assert_non_null(r);
	assert_int_equal(r->packet.count, 1);
	assert_int_equal(r->packet.items[0].flowbits->count, 2);
	assert_int_equal(r->post.count, 3);
	assert_int_equal(r->post.items[1].xbits->expire, 7);
	assert_int_equal(r->post.items[1].xbits->track, RULE_TRACK_PAIR);
	assert_int_equal(r->post.items[2].flowint->op, RULE_FLOWINT_ADD);
	assert_int_equal(r->threshold.type, RULE_THRESHOLD_BOTH);
	assert_int_equal(r->threshold.track, RULE_TRACK_PAIR);
	assert_int_equal(r->flow, RULE_FLOW_ESTABLISHED | RULE_FLOW_TO_SERVER);
	assert_int_equal(r->payload.items[0].pcre->ncaptures, 1);
	assert_string_equal(r->payload.items[0].pcre->captures[0].name, "w");
	assert_int_equal(r->priority, 2);
	assert_int_equal(r->nmetadata, 2);
	again = parse_opts(set, "flowbits:isset,c; gid:2;");
	assert_non_null(again);
	assert_int_equal(again->packet.items[0].flowbits->ids[0],
			 r->post.items[0].flowbits->ids[0]);
	assert_int_equal(set->flowbits.count, 3);
	lang_set_free(set);
}

static void types_of_rules(void **state)
{
	static const struct {
		const char *rule;
		enum rule_type type;
	} cases[] = {
		{"alert ip 1.1.1.1 any -> any any (sid:1;)", RULE_TYPE_IP_ONLY},
		{"alert ip !1.1.1.1 any -> any any (sid:1;)", RULE_TYPE_LIKE_IP_ONLY},
		{"alert tcp any any -> any any (app-layer-protocol:tls; sid:1;)",
		 RULE_TYPE_PROTO_ONLY},
		{"alert pkthdr any any -> any any (decode-event:ipv4.pkt_too_small; sid:1;)",
		 RULE_TYPE_DECODE_ONLY},
		{"alert tcp any any -> any any (flags:S; sid:1;)", RULE_TYPE_PACKET},
		{"alert tcp any any -> any any (content:\"a\"; sid:1;)", RULE_TYPE_STREAM},
		{"alert tcp any any -> any any (content:\"a\"; depth:3; sid:1;)",
		 RULE_TYPE_PACKET_STREAM},
		{"alert tls any any -> any any (sid:1;)", RULE_TYPE_APP},
		{"alert tls any any -> any any (tls.sni; content:\"a\"; sid:1;)", RULE_TYPE_TX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lang_set *set = lang_set_new();

		assert_int_equal(lang_parse_line(cases[i].rule, NULL, NULL, set), ERR_OK);
		if (set->rules[0]->type != cases[i].type)
			fail_msg("%s: %d", cases[i].rule, set->rules[0]->type);
		lang_set_free(set);
	}
}

/* ---- limits ---- */

/* A rule with `opt` n times. */
static int many(struct lang_set *set, const char *opt, unsigned n)
{
	size_t size = strlen(opt) * n + 128, len;
	char *text = malloc(size);
	int e;

	assert_non_null(text);
	len = (size_t)snprintf(text, size, "alert ip any any -> any any (");
	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len, "%s", opt);
	snprintf(text + len, size - len, " sid:1;)");
	e = lang_parse_line(text, NULL, NULL, set);
	free(text);
	return e;
}

static void limits(void **state)
{
	static const struct {
		const char *opt;
		unsigned fits, over;
		const char *reason;
	} cases[] = {
		{"content:\"a\"; ", LANG_KEYWORDS_MAX - 1, LANG_KEYWORDS_MAX,
		 "more than 512 options"},
		{"dns.query; content:\"a\"; ", 63, 65, "buffers"},
		{"metadata:"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; ",
		 400, 500, "the rule is longer than 65535 bytes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lang_set *set = lang_set_new();

		if (many(set, cases[i].opt, cases[i].fits) != ERR_OK)
			fail_msg("%s", set->problems[0].text);
		assert_int_equal(many(set, cases[i].opt, cases[i].over), ERR_INVALID);
		if (!strstr(set->problems[0].reason, cases[i].reason))
			fail_msg("%s", set->problems[0].text);
		lang_set_free(set);
	}
}

static void deep_groups_end(void **state)
{
	struct lang_set *set = lang_set_new();
	char text[4096] = "alert ip ";
	size_t len = strlen(text);

	memset(text + len, '[', 1000);
	memcpy(text + len + 1000, "1.1.1.1", 7);
	memset(text + len + 1007, ']', 1000);
	strcpy(text + len + 2007, " any -> any any (sid:1;)");
	assert_int_equal(lang_parse_line(text, NULL, NULL, set), ERR_INVALID);
	assert_non_null(strstr(set->problems[0].reason, "nested"));
	lang_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sorted),
		cmocka_unit_test(content_and_modifiers),
		cmocka_unit_test(addresses),
		cmocka_unit_test(ranges_are_as_their_text),
		cmocka_unit_test(ports),
		cmocka_unit_test(lines_and_encodings),
		cmocka_unit_test(same_rule_twice),
		cmocka_unit_test(required_and_later),
		cmocka_unit_test(buffers_of_a_rule),
		cmocka_unit_test(modifiers_mean_buffers),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(byte_variables),
		cmocka_unit_test(state_keywords),
		cmocka_unit_test(types_of_rules),
		cmocka_unit_test(limits),
		cmocka_unit_test(deep_groups_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
