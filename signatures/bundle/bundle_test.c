#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/rules.h"
#include "signatures/bundle/store.h"
#include "tests/unit/guard.h"

#define RULE(sid)                                                                                  \
	"alert tcp any any -> any any (msg:\"r\"; content:\"abcdef\"; sid:" #sid "; rev:1;)\n"

struct world {
	char dir[DISK_PATH], keys[DISK_PATH + 16], store[DISK_PATH + 16], path[DISK_PATH + 32];
	struct store_place place;
};

static struct world w; /* of the test that runs */

static void write_text(const char *name, struct slice content)
{
	snprintf(w.path, sizeof(w.path), "%s/%s", w.dir, name);
	assert_int_equal(file_write(w.path, content, 0644, NULL), 0);
}

static int set_up(void **state)
{
	struct errmsg e = {""};

	(void)state;
	snprintf(w.dir, sizeof(w.dir), "/tmp/banken-bundle-test-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.keys, sizeof(w.keys), "%s/keys", w.dir);
	snprintf(w.store, sizeof(w.store), "%s/store", w.dir);
	assert_int_equal(bundle_key_make(w.keys, "vendor", &e), ERR_OK);
	assert_int_equal(bundle_key_make(w.keys, "owner", &e), ERR_OK);
	w.place = (struct store_place){.folder = w.store, .keys = w.keys, .now = 1000};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	disk_remove(w.dir);
	return 0;
}

static struct slice make(uint64_t version, int64_t expires, const char *key,
			 struct bundle_source *s, unsigned n)
{
	struct bundle head = {
		.kind = BUNDLE_SIGNATURES, .version = version, .expires = expires, .name = "test"};
	struct errmsg e = {""};
	struct slice bytes = {0};
	char path[DISK_PATH + 64];

	snprintf(path, sizeof(path), "%s/%s.key", w.keys, key);
	assert_int_equal(bundle_make(&head, s, n, path, &bytes, &e), ERR_OK);
	return bytes;
}

static struct slice make_rules(uint64_t version, const char *text)
{
	struct bundle_source s[] = {{.path = "rules/a.rules", .content = SLICE_STR(text)}};

	return make(version, 0, "vendor", s, 1);
}

static int install(struct slice bytes, json_t **ret, struct errmsg *e)
{
	int rc;

	write_text("x.bundle", bytes);
	free((void *)bytes.data);
	rc = store_install(&w.place, w.path, ret, e);
	return rc;
}

static void same_bytes_and_back(void **state)
{
	char big[5000];
	struct bundle_source s[] = {{.path = "rules/b.rules", .content = SLICE_LIT("b")},
				    {.path = "data/a.lst", .content = SLICE(big, sizeof(big))},
				    {.path = "config/empty", .content = SLICE_LIT("")}};
	struct slice one, two, content;
	struct errmsg e = {""};
	struct bundle b;

	(void)state;
	memset(big, 'x', sizeof(big));
	one = make(7, 99, "vendor", s, 3);
	two = make(7, 99, "vendor", s, 3);
	assert_true(slice_eq(one, two));
	assert_true(one.len < 1000);
	assert_int_equal(bundle_parse(one, &b, &e), ERR_OK);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.version, 7);
	assert_string_equal(b.files[0].path, "config/empty");
	assert_non_null(bundle_find(&b, "data/a.lst"));
	assert_int_equal(bundle_unpack(bundle_find(&b, "data/a.lst"), &content, &e), ERR_OK);
	assert_true(slice_eq(content, SLICE(big, sizeof(big))));
	free((void *)content.data);
	bundle_done(&b);
	free((void *)one.data);
	free((void *)two.data);
}

/* Every bit of the file counts: parsed, verified and unpacked, a changed one is found. */
static void every_flip_is_found(void **state)
{
	struct slice bytes = make_rules(1, RULE(1) RULE(2) RULE(3) RULE(4));
	uint8_t *data = (uint8_t *)bytes.data;
	struct bundle_keys *keys;
	struct errmsg e = {""};

	(void)state;
	assert_int_equal(bundle_keys_load(w.keys, &keys, &e), ERR_OK);
	for (size_t i = 0; i < bytes.len; i++) {
		const char *signer;
		struct slice content = {0};
		struct bundle b;
		bool bad;

		data[i] ^= (uint8_t)(1u << i % 8);
		bad = bundle_parse(bytes, &b, &e) != ERR_OK;
		if (!bad) {
			bad = bundle_check(&b, keys, &signer, &e) != ERR_OK ||
			      bundle_unpack(&b.files[0], &content, &e) != ERR_OK;
			free((void *)content.data);
			bundle_done(&b);
		}
		assert_true(bad);
		data[i] ^= (uint8_t)(1u << i % 8);
	}
	bundle_keys_free(keys);
	free(data);
}

static void every_cut_is_found(void **state)
{
	struct slice bytes = make_rules(1, RULE(1));
	struct guard g = guard_new(bytes.len);
	struct errmsg e;
	struct bundle b;

	(void)state;
	for (size_t n = 0; n < bytes.len; n++) {
		struct slice part = SLICE(guard_copy(&g, bytes.data, n), n);

		e.text[0] = '\0';
		assert_int_not_equal(bundle_parse(part, &b, &e), ERR_OK);
		assert_true(e.text[0]);
	}
	guard_delete(&g);
	free((void *)bytes.data);
}

static void paths(void **state)
{
	static const char *const bad[] = {"a.rules",   "../a",	    "rules/../x", "rules/",
					  "rules/.x",  "rules/a/b", "/rules/a",	  "rulesx/a",
					  "rules/a b", "rules/a\n", "RULES/a",	  "",
					  "rules//a",  "rules/-rf", "sets/1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(bundle_path_ok(bad[i]));
	assert_true(bundle_path_ok("rules/a.rules"));
	assert_true(bundle_path_ok("cache/plan-00ff.hs"));
}

/* What bundle_make refuses to make is made by hand, signed rightly: the reader refuses it alone. */
static struct slice forge(const char *path, const char *second, uint64_t size, uint64_t packed,
			  bool deflated)
{
	static uint8_t out[4096];
	uint8_t digest[32], sig[255];
	char key[DISK_PATH + 64];
	size_t n = 0, len = 0;
	struct errmsg e;
	const char *both[] = {path, second};
	unsigned count = second ? 2 : 1;

	memcpy(out, "BKBNDL1\n\1\0\0\0\0\0\0\0\1", 17);
	n = 17 + 16;
	memset(out + 17, 0, 16);
	memcpy(out + n, "\4test\0\0\0", 8);
	n += 7;
	out[n++] = 0;
	out[n++] = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		out[n++] = (uint8_t)strlen(both[i]);
		memcpy(out + n, both[i], strlen(both[i]));
		n += strlen(both[i]);
		out[n++] = deflated;
		for (int k = 7; k >= 0; k--)
			out[n++] = (uint8_t)(size >> 8 * k);
		for (int k = 7; k >= 0; k--)
			out[n++] = (uint8_t)(packed >> 8 * k);
		memset(out + n, 0, 32);
		n += 32;
	}
	bundle_digest(SLICE(out, n), digest);
	snprintf(key, sizeof(key), "%s/vendor.key", w.keys);
	assert_int_equal(bundle_sign(key, digest, sig, sizeof(sig), &len, &e), ERR_OK);
	out[n++] = (uint8_t)len;
	memcpy(out + n, sig, len);
	n += len;
	memset(out + n, 0x03, 64);
	return SLICE(out, n + (packed < 64 ? packed * count : 64));
}

static void forged(void **state)
{
	struct errmsg e;
	struct bundle b;
	struct slice content;

	(void)state;
	assert_int_equal(bundle_parse(forge("rules/a", NULL, 4, 4, false), &b, &e), ERR_OK);
	bundle_done(&b);
	assert_int_not_equal(bundle_parse(forge("rules/../../x", NULL, 4, 4, false), &b, &e),
			     ERR_OK);
	assert_int_not_equal(bundle_parse(forge("rules/a", "rules/a", 4, 4, false), &b, &e),
			     ERR_OK);
	assert_int_not_equal(bundle_parse(forge("rules/b", "rules/a", 4, 4, false), &b, &e),
			     ERR_OK);
	assert_int_equal(bundle_parse(forge("rules/a", NULL, UINT64_MAX, 4, true), &b, &e),
			 ERR_LIMIT);
	assert_int_equal(bundle_parse(forge("rules/a", NULL, 8, 4, false), &b, &e), ERR_LIMIT);
	assert_int_not_equal(
		bundle_parse(forge("rules/a", NULL, 1 << 20, UINT64_MAX, true), &b, &e), ERR_OK);
	/* Declares a megabyte, holds nothing that inflates to it. */
	assert_int_equal(bundle_parse(forge("rules/a", NULL, 1 << 20, 4, true), &b, &e), ERR_OK);
	assert_int_equal(bundle_unpack(&b.files[0], &content, &e), ERR_INVALID);
	bundle_done(&b);
}

static void keys(void **state)
{
	char other[DISK_PATH + 16];
	struct slice bytes = make_rules(1, RULE(1));
	struct bundle_keys *k;
	const char *signer;
	struct errmsg e = {""};
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_parse(bytes, &b, &e), ERR_OK);
	assert_int_equal(bundle_keys_load(w.keys, &k, &e), ERR_OK);
	assert_int_equal(bundle_check(&b, k, &signer, &e), ERR_OK);
	assert_string_equal(signer, "vendor");
	bundle_keys_free(k);
	snprintf(other, sizeof(other), "%s/other", w.dir);
	assert_int_equal(bundle_keys_load(other, &k, &e), ERR_DENIED);
	assert_int_equal(bundle_key_make(other, "stranger", &e), ERR_OK);
	assert_int_equal(bundle_key_make(other, "stranger", &e), ERR_EXISTS);
	assert_int_equal(bundle_keys_load(other, &k, &e), ERR_OK);
	assert_int_equal(bundle_check(&b, k, &signer, &e), ERR_DENIED);
	bundle_keys_free(k);
	bundle_done(&b);
	free((void *)bytes.data);
}

static void versions(void **state)
{
	struct errmsg e = {""};
	json_t *set = NULL;
	struct bundle_source s[] = {{.path = "rules/a.rules", .content = SLICE_LIT(RULE(1))}};

	(void)state;
	assert_int_equal(store_current(w.store, &set, &e), ERR_NOTFOUND);
	assert_int_equal(install(make_rules(2, RULE(1)), NULL, &e), ERR_OK);
	assert_int_equal(install(make_rules(2, RULE(1)), NULL, &e), ERR_OK);
	assert_int_equal(install(make_rules(2, RULE(2)), NULL, &e), ERR_DENIED);
	assert_int_equal(install(make_rules(1, RULE(1)), NULL, &e), ERR_DENIED);
	assert_int_equal(install(make(9, 999, "vendor", s, 1), NULL, &e), ERR_DENIED);
	assert_int_equal(install(make_rules(4, "no rule at all\n"), NULL, &e), ERR_INVALID);
	assert_int_equal(install(make(3, 2000, "owner", s, 1), &set, &e), ERR_OK);
	json_decref(set);
	assert_int_equal(store_rollback(&w.place, 0, &set, &e), ERR_OK);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(set, "parts"), 0), "version")),
			 2);
	json_decref(set);
	/* The mark stays where it was. */
	assert_int_equal(install(make(3, 2000, "owner", s, 1), NULL, &e), ERR_DENIED);
	assert_int_equal(store_rollback(&w.place, 3, NULL, &e), ERR_OK);
	assert_int_equal(store_rollback(&w.place, 77, NULL, &e), ERR_NOTFOUND);
	for (uint64_t v = 5; v < 12; v++)
		assert_int_equal(install(make_rules(v, RULE(5)), NULL, &e), ERR_OK);
	set = store_history(w.store);
	assert_int_equal(json_array_size(set), BUNDLE_KEPT);
	json_decref(set);
}

/* --- rules and filters --- */

static const char rules[] =
	"alert tcp any any -> any any (msg:\"one two [\"]\"; content:\"a\\;b\"; metadata:tag A, "
	"deployment "
	"perimeter; sid:1; rev:2;)\n"
	"# alert tcp any any -> any any (msg:\"off\"; flowbits:set,f; sid:2; rev:1;)\n"
	"#just words (about sid:5;)\n"
	"alert tcp any any -> any any \\\n  (msg:\"long\"; flowbits:isset,f|g; sid:3;)\r\n"
	"alert tcp any any -> any any (msg:\"one, older\"; sid:1; rev:1;)\n"
	"alert ip any any -> any any (msg:\"gid\"; gid:7; sid:1;)\n"
	"alert ip any any -> any any (msg:\"without number\";)\n";

static void read_rules(struct rule_table *t)
{
	struct errmsg e = {""};

	*t = (struct rule_table){0};
	assert_int_equal(rule_table_read(t, SLICE_STR(rules), "group-a.rules", &e), ERR_OK);
}

static void rule_files(void **state)
{
	struct rule_table t;
	struct errmsg e;
	unsigned bits;

	(void)state;
	read_rules(&t);
	assert_int_equal(t.n, 4);
	assert_int_equal(t.doubles, 1);
	assert_int_equal(t.unreadable, 1);
	assert_int_equal(rule_table_find(&t, 1, 1)->rev, 2);
	assert_false(rule_table_find(&t, 1, 2)->enabled);
	assert_non_null(rule_table_find(&t, 7, 1));
	assert_null(rule_table_find(&t, 1, 9));
	assert_int_equal(rule_flowbits(&t, &bits, &e), ERR_OK);
	assert_int_equal(bits, 1);
	assert_true(rule_table_find(&t, 1, 2)->enabled);
	assert_non_null(strstr(rule_table_find(&t, 1, 2)->text, "noalert;)"));
	rule_table_done(&t);
}

struct filter_case {
	const char *name;
	enum filter_use use;
	const char *text;
	const char *enabled; /* of 1:1, 1:2, 1:3, 7:1 */
	const char *rule;    /* what the text of 1:1 has then, or NULL */
	unsigned problems;
};

static const struct filter_case filter_cases[] = {
	{"sid", FILTER_DISABLE, "1", "0011", NULL, 0},
	{"gid", FILTER_DISABLE, "7:1", "1010", NULL, 0},
	{"several", FILTER_DISABLE, "1, 3,7:1", "0000", NULL, 0},
	{"comment", FILTER_DISABLE, "# 1\n\n  3  \n", "1001", NULL, 0},
	{"group", FILTER_DISABLE, "group:group-a.rules", "0000", NULL, 0},
	{"group, glob", FILTER_DISABLE, "group:*-a", "0000", NULL, 0},
	{"group, other", FILTER_DISABLE, "group:group-b", "1011", NULL, 0},
	{"text", FILTER_DISABLE, "re:MSG:\"o", "0011", NULL, 0},
	{"metadata", FILTER_DISABLE, "metadata:deployment perimeter", "0011", NULL, 0},
	{"metadata, other", FILTER_DISABLE, "metadata: deployment core", "1011", NULL, 0},
	{"enable", FILTER_ENABLE, "2", "1111", NULL, 0},
	{"enable all", FILTER_ENABLE, "re:.", "1111", NULL, 0},
	{"drop", FILTER_DROP, "1", "1011", "drop tcp", 0},
	{"modify", FILTER_MODIFY, "1 \"tcp any any\" \"udp 1.2.3.4 any\"", "1011",
	 "alert udp 1.2.3.4", 0},
	{"modify, group", FILTER_MODIFY, "\"re:one t\" 'msg:\"(\\w+)' \"msg:\\\"X \\1\"", "1011",
	 "msg:\"X one", 0},
	{"modify, dollar", FILTER_MODIFY, "1 \"tcp any\" \"tcp $HOME_NET\"", "1011",
	 "tcp $HOME_NET", 0},
	{"modifysid", FILTER_MODIFY, "modifysid 1,3 \"alert\" | \"pass\"", "1011", "pass tcp", 0},
	{"all", FILTER_DISABLE, "*", "0000", NULL, 0},
	{"file", FILTER_DISABLE, "group-a.rules", "0000", NULL, 0},
	{"file name", FILTER_DISABLE, "filename:group-?", "0000", NULL, 0},
	{"modify, older form", FILTER_MODIFY, "1 \"(tcp)\" \"x${1}x\"", "1011", "xtcpx", 0},
	{"modify, too many words", FILTER_MODIFY, "1 \"a\" \"b\" \"c\"", "1011", NULL, 1},
	{"no sid", FILTER_DISABLE, "elephant", "1011", NULL, 1},
	{"sid with a tail", FILTER_DISABLE, "12x", "1011", NULL, 1},
	{"bad expression", FILTER_DISABLE, "re:(", "1011", NULL, 1},
	{"no change", FILTER_MODIFY, "1", "1011", NULL, 1},
	{"half a change", FILTER_MODIFY, "1 \"a\"", "1011", NULL, 1},
	{"open quote", FILTER_MODIFY, "1 \"a\" \"b", "1011", NULL, 1},
	{"empty group", FILTER_DISABLE, "group:", "1011", NULL, 1},
};

static void filters(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filter_cases); i++) {
		const struct filter_case *c = &filter_cases[i];
		struct rule_table t;
		struct filters f = {0};
		struct errmsg e = {""};
		char got[5] = "", why[128];
		const struct rule_line *r;

		read_rules(&t);
		assert_int_equal(filters_read(&f, c->use, "layer", SLICE_STR(c->text), &e), ERR_OK);
		assert_int_equal(filters_apply(&f, "layer", &t, &e), ERR_OK);
		for (unsigned k = 0; k < 4; k++)
			got[k] = t.rules[k].enabled ? '1' : '0';
		if (strcmp(got, c->enabled) != 0 || f.n_problems != c->problems)
			fail_msg("%s: %s, %u problems", c->name, got, f.n_problems);
		r = rule_table_find(&t, 1, 1);
		if (c->rule && !strstr(r->text, c->rule))
			fail_msg("%s: %s", c->name, r->text);
		if (r->why)
			assert_non_null(strstr(filter_text(r->why, why), "layer/"));
		filters_done(&f);
		rule_table_done(&t);
	}
}

static void layers(void **state)
{
	struct bundle_source s[] = {
		{.path = "rules/a.rules", .content = SLICE_LIT(RULE(1) RULE(2) RULE(3))},
		{.path = "config/disable.conf", .content = SLICE_LIT("1\n2\n")}};
	struct errmsg e = {""};
	char local[DISK_PATH + 64];
	json_t *set = NULL;

	(void)state;
	assert_int_equal(install(make(1, 0, "vendor", s, 2), &set, &e), ERR_OK);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(set, "rules"), "enabled")), 1);
	json_decref(set);
	snprintf(local, sizeof(local), "%s/local", w.store);
	assert_int_equal(file_make_folder(local, 0755, &e), 0);
	snprintf(local, sizeof(local), "%s/local/enable.conf", w.store);
	assert_int_equal(file_write(local, SLICE_LIT("2\n"), 0644, &e), 0);
	assert_int_equal(store_apply(&w.place, "local", &set, &e), ERR_OK);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(set, "rules"), "enabled")), 2);
	json_decref(set);
}

/* Classes come with the bundle, an import and the operator's own over both, and are in force with
 * the rules; the set has another name with them. */
static void words_of_rules(void **state)
{
	struct bundle_source s[] = {
		{.path = "rules/a.rules", .content = SLICE_LIT(RULE(1))},
		{.path = "config/classification.config",
		 .content = SLICE_LIT("config classification: own,From the bundle,2")},
		{.path = "config/reference.config",
		 .content = SLICE_LIT("config reference: own https://vendor.example/")}};
	char path[DISK_PATH + 64], before[65];
	struct errmsg e = {""};
	struct slice text;
	json_t *set = NULL;

	(void)state;
	assert_int_equal(install(make(1, 0, "vendor", s, 3), &set, &e), ERR_OK);
	snprintf(before, sizeof(before), "%s",
		 json_string_value(json_object_get(json_object_get(set, "rules"), "content")));
	json_decref(set);
	snprintf(path, sizeof(path), "%s/current/reference.config", w.store);
	assert_int_equal(file_read(path, 1000, &text, &e), ERR_OK);
	assert_memory_equal(text.data, "config reference: own", 21);
	free((void *)text.data);
	snprintf(path, sizeof(path), "%s/local", w.store);
	assert_int_equal(file_make_folder(path, 0755, &e), 0);
	snprintf(path, sizeof(path), "%s/local/classification.config", w.store);
	assert_int_equal(file_write(path,
				    SLICE_LIT("config classification: own,Ours,1\nnonsense\n"),
				    0644, &e),
			 0);
	assert_int_equal(store_apply(&w.place, "local", &set, &e), ERR_OK);
	assert_string_not_equal(before, json_string_value(json_object_get(
						json_object_get(set, "rules"), "content")));
	/* A line that is none is told by name. */
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(set, "rules"), "problems")), 1);
	json_decref(set);
	snprintf(path, sizeof(path), "%s/current/classification.config", w.store);
	assert_int_equal(file_read(path, 1000, &text, &e), ERR_OK);
	assert_non_null(memmem(text.data, text.len, SLICE_LIT("the bundle,2\nconfig").data,
			       sizeof("the bundle,2\nconfig") - 1));
	free((void *)text.data);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(same_bytes_and_back),
					   T(every_flip_is_found),
					   T(every_cut_is_found),
					   T(paths),
					   T(forged),
					   T(keys),
					   T(versions),
					   T(rule_files),
					   T(filters),
					   T(layers),
					   T(words_of_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
