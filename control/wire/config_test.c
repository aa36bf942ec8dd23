#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/wire/config.h"
#include "dataplane/base/slice.h"

struct peer {
	const char *address;
	uint64_t timeout;
};

struct rule {
	const char *name;
	int mode;
	struct config_texts hosts;
};

struct conf {
	const char *keys;
	uint64_t interval;
	double share;
	bool eve;
	int level;
	struct config_texts networks;
	struct peer mitigator;
	struct config_items rules;
};

static const char *check_keys(const char *v)
{
	return v[0] == '/' ? NULL : "must begin with /";
}

static const char *const levels[] = {"error", "info", NULL};
static const char *const modes[] = {"monitor", "automatic", NULL};

#define AT(type, member) offsetof(struct type, member)

static const struct config_key peer_keys[] = {
	{"address", CONFIG_TEXT, AT(peer, address), "", .max = 64, .help = "host:port"},
	{"timeout", CONFIG_UINT, AT(peer, timeout), "10", 1, 60, .help = "seconds"},
	{0},
};

static const struct config_key rule_keys[] = {
	{"name", CONFIG_TEXT, AT(rule, name), .required = true, .help = "of the rule"},
	{"mode", CONFIG_WORD, AT(rule, mode), "monitor", .words = modes, .help = "what to do"},
	{"hosts", CONFIG_TEXTS, AT(rule, hosts), "", .max = 3, .help = "addresses"},
	{0},
};

static const struct config_key keys[] = {
	{"keys", CONFIG_TEXT, AT(conf, keys), "/etc/keys", .check = check_keys, .help = "folder"},
	{"interval", CONFIG_UINT, AT(conf, interval), "10", 1, 3600, .help = "seconds"},
	{"share", CONFIG_DOUBLE, AT(conf, share), "0.5", 0, 1, .help = "of one"},
	{"eve", CONFIG_BOOL, AT(conf, eve), "false", .help = "write it"},
	{"level", CONFIG_WORD, AT(conf, level), "info", .words = levels, .help = "of the log"},
	{"networks", CONFIG_TEXTS, AT(conf, networks), "10.0.0.0/8 fc00::/7", .help = "inside"},
	{"mitigator", CONFIG_GROUP, AT(conf, mitigator), .keys = peer_keys, .help = "the peer"},
	{"rules", CONFIG_ITEMS, AT(conf, rules), .keys = rule_keys, .size = sizeof(struct rule),
	 .max = 2, .help = "exceptions"},
	{0},
};

static struct config *parse(const char *yaml, struct conf *ret, struct errmsg *e)
{
	return config_parse(keys, yaml, strlen(yaml), "test.yaml", ret, sizeof(*ret), e);
}

static void nothing_means_defaults(void **state)
{
	static const char *const empty[] = {"", "# only a comment\n", "---\n", "mitigator:\n"};

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		struct conf c;
		struct errmsg e = {0};
		struct config *h = parse(empty[i], &c, &e);

		if (!h)
			fail_msg("%s", e.text);
		assert_string_equal(c.keys, "/etc/keys");
		assert_int_equal(c.interval, 10);
		assert_true(c.share == 0.5);
		assert_int_equal(c.level, 1);
		assert_int_equal(c.networks.n, 2);
		assert_string_equal(c.networks.items[1], "fc00::/7");
		assert_int_equal(c.mitigator.timeout, 10);
		assert_int_equal(c.rules.n, 0);
		config_free(h);
	}
}

static const char full[] = "keys: /k\n"
			   "interval: 30\n"
			   "share: 0.25\n"
			   "eve: yes\n"
			   "level: error\n"
			   "networks: [192.168.0.0/16, \"x\\ty\", \"\\N\\L\\P\\x80\\uFEFF\"]\n"
			   "mitigator: {address: 'host:1', timeout: 5}\n"
			   "rules:\n"
			   "  - name: first\n"
			   "    mode: automatic\n"
			   "    hosts: [10.0.0.1]\n"
			   "  - {name: \"quote \\\" backslash \\\\ \\u65e5\"}\n";

static void check_full(const struct conf *c)
{
	const struct rule *r = c->rules.items;

	assert_string_equal(c->keys, "/k");
	assert_int_equal(c->interval, 30);
	assert_true(c->share == 0.25);
	assert_true(c->eve);
	assert_int_equal(c->level, 0);
	assert_int_equal(c->networks.n, 3);
	assert_string_equal(c->networks.items[1], "x\ty");
	assert_string_equal(c->networks.items[2], "\xc2\x85\xe2\x80\xa8\xe2\x80\xa9"
						  "\xc2\x80\xef\xbb\xbf");
	assert_string_equal(c->mitigator.address, "host:1");
	assert_int_equal(c->mitigator.timeout, 5);
	assert_int_equal(c->rules.n, 2);
	assert_string_equal(r[0].name, "first");
	assert_int_equal(r[0].mode, 1);
	assert_string_equal(r[0].hosts.items[0], "10.0.0.1");
	assert_string_equal(r[1].name, "quote \" backslash \\ \xe6\x97\xa5");
	assert_int_equal(r[1].mode, 0);
}

static void printed_and_read_back_is_the_same(void **state)
{
	struct errmsg e = {0};
	struct conf c, again;
	struct config *h = parse(full, &c, &e), *h2;

	if (!h)
		fail_msg("%s", e.text);
	check_full(&c);
	for (int help = 0; help < 2; help++) {
		char *text = NULL, *text2 = NULL;
		size_t len, len2;
		FILE *out = open_memstream(&text, &len);

		assert_int_equal(config_print(keys, &c, help, out), 0);
		fclose(out);
		h2 = parse(text, &again, &e);
		if (!h2)
			fail_msg("%s in %s", e.text, text);
		check_full(&again);
		out = open_memstream(&text2, &len2);
		assert_int_equal(config_print(keys, &again, help, out), 0);
		fclose(out);
		assert_string_equal(text, text2);
		config_free(h2);
		free(text);
		free(text2);
	}
	config_free(h);
}

static void what_is_wrong_is_one_sentence(void **state)
{
	static const struct {
		const char *yaml, *sentence;
	} cases[] = {
		{"interva1: 3\n", "test.yaml:1: key 'interva1': there is no such key"},
		{"eve: true\n\nmitigator:\n  adress: x\n",
		 "test.yaml:4: key 'mitigator.adress': there is no such key"},
		{"interval: fast\n",
		 "test.yaml:1: key 'interval': must be a whole number from 1 to 3600, not 'fast'"},
		{"interval: 0\n",
		 "test.yaml:1: key 'interval': must be a whole number from 1 to 3600, not '0'"},
		{"interval: -1\n",
		 "test.yaml:1: key 'interval': must be a whole number from 1 to 3600, not '-1'"},
		{"interval: 99999999999999999999999\n",
		 "test.yaml:1: key 'interval': must be a whole number from 1 to 3600, not "
		 "'99999999999999999999999'"},
		{"interval: 10s\n",
		 "test.yaml:1: key 'interval': must be a whole number from 1 to 3600, not '10s'"},
		{"interval: [1]\n", "test.yaml:1: key 'interval': must be a single value"},
		{"share: 2\n", "test.yaml:1: key 'share': must be a number from 0 to 1, not '2'"},
		{"share: nan\n",
		 "test.yaml:1: key 'share': must be a number from 0 to 1, not 'nan'"},
		{"eve: maybe\n", "test.yaml:1: key 'eve': must be true or false, not 'maybe'"},
		{"level: loud\n",
		 "test.yaml:1: key 'level': must be one of error, info, not 'loud'"},
		{"keys: relative\n", "test.yaml:1: key 'keys': must begin with /, not 'relative'"},
		{"networks: 10.0.0.0/8\n", "test.yaml:1: key 'networks': must be a list of texts"},
		{"networks: [a, [b]]\n", "test.yaml:1: key 'networks': item 2 must be a text"},
		{"mitigator: host:1\n", "test.yaml:1: key 'mitigator': must be keys with values"},
		{"mitigator: {address: "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n",
		 "test.yaml:1: key 'mitigator.address': must be at most 64 bytes long"},
		{"rules: [{mode: automatic}]\n",
		 "test.yaml:1: key 'rules[1]': 'name' is missing (of the rule)"},
		{"rules:\n  - name: a\n  - name: b\n    mode: x\n",
		 "test.yaml:4: key 'rules[2].mode': must be one of monitor, automatic, not 'x'"},
		{"rules: [{name: a}, {name: b}, {name: c}]\n",
		 "test.yaml:1: key 'rules': has 3 items, more than the 2 allowed"},
		{"rules: [{name: a, hosts: [1, 2, 3, 4]}]\n",
		 "test.yaml:1: key 'rules[1].hosts': has 4 items, more than the 3 allowed"},
		{"eve: true\neve: false\n", "test.yaml:2: key 'eve': is there twice"},
		{"- a\n- b\n", "test.yaml:1: must be keys with values"},
		{"just text\n", "test.yaml:1: must be keys with values"},
		{"? [a]\n: b\n", "test.yaml:1: has a key that is no word"},
		{"a: b: c\n", "test.yaml:1: is not YAML: mapping values are not allowed in this "
			      "context"},
		{"eve: \"true\n", "test.yaml:2: is not YAML: found unexpected end of stream"},
		{"networks: &a [*a]\n", "test.yaml:1: key 'networks': item 1 must be a text"},
		{"level: \"a\\nb\"\n",
		 "test.yaml:1: key 'level': must be one of error, info, not 'a?b'"},
		{"eve: true\n---\neve: false\n",
		 "test.yaml:3: a second document begins here, but only one is read"},
		{"mitigator: &a {address: *b}\n",
		 "test.yaml:1: is not YAML: found undefined alias"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct errmsg e = {0};
		struct conf c;

		assert_null(parse(cases[i].yaml, &c, &e));
		assert_string_equal(e.text, cases[i].sentence);
		assert_null(c.keys);
	}
}

static void a_missing_file_has_a_sentence(void **state)
{
	struct errmsg e = {0};
	struct conf c;

	assert_null(config_load(keys, "/nowhere/x.yaml", &c, sizeof(c), &e));
	assert_string_equal(e.text, "/nowhere/x.yaml cannot be read: No such file or directory");
}

static void single_keys_can_be_set(void **state)
{
	static const struct {
		const char *assign, *sentence;
	} cases[] = {
		{"interval", "--set interval: must be key=value"},
		{"nothing=1", "--set nothing: there is no such key"},
		{"mitigator.nothing=1", "--set mitigator.nothing: there is no such key"},
		{"interval.x=1", "--set interval.x: there is no such key"},
		{"mitigator.timeout=99",
		 "--set mitigator.timeout: must be a whole number from 1 to 60, not '99'"},
		{"networks=x", "--set:1: key 'networks': must be a list of texts"},
	};
	struct errmsg e = {0};
	struct conf c;
	struct config *h = parse("", &c, &e);

	assert_int_equal(config_set(h, keys, "interval=77", &c, &e), 0);
	assert_int_equal(config_set(h, keys, "mitigator.address=a:1", &c, &e), 0);
	assert_int_equal(config_set(h, keys, "networks=[x, y, z]", &c, &e), 0);
	assert_int_equal(config_set(h, keys, "keys=/a=b", &c, &e), 0);
	assert_int_equal(c.interval, 77);
	assert_string_equal(c.mitigator.address, "a:1");
	assert_int_equal(c.networks.n, 3);
	assert_string_equal(c.keys, "/a=b");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(config_set(h, keys, cases[i].assign, &c, &e), ERR_INVALID);
		assert_string_equal(e.text, cases[i].sentence);
	}
	config_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_means_defaults),
		cmocka_unit_test(printed_and_read_back_is_the_same),
		cmocka_unit_test(what_is_wrong_is_one_sentence),
		cmocka_unit_test(a_missing_file_has_a_sentence),
		cmocka_unit_test(single_keys_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
