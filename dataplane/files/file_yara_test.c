#include "dataplane/files/file_yara.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static char path[64];

static struct file_yara *load(const char *text, struct errmsg *err)
{
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/banken-yara-%d.yar", (int)getpid());
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return file_yara_load(path, err);
}

static int cleanup(void **state)
{
	unlink(path);
	return 0;
}

struct seen {
	unsigned count;
	struct file_yara_hit last;
	char rule[64], description[64], tag[16], string[16];
};

static void on_hit(void *ctx, const struct file_yara_hit *hit)
{
	struct seen *s = ctx;

	s->count++;
	s->last = *hit;
	snprintf(s->rule, sizeof(s->rule), "%s", hit->rule);
	snprintf(s->description, sizeof(s->description), "%s",
		 hit->description ? hit->description : "");
	snprintf(s->tag, sizeof(s->tag), "%s", hit->tag_count ? hit->tags[0] : "");
	snprintf(s->string, sizeof(s->string), "%s", hit->string_count ? hit->strings[0].name : "");
}

#define RULES                                                                                      \
	"rule first : trojan { meta: description = \"says evil\" sid = 77 severity = 1 "           \
	"strings: $a = \"evil\" condition: $a }\n"                                                 \
	"rule second { strings: $b = { 4D 5A ?? 01 } condition: $b at 0 }\n"

static void hits(void **state)
{
	struct errmsg err = {""};
	struct file_yara *y = load(RULES, &err);
	struct seen s = {0};
	const struct file_yara_sink sink = {on_hit, &s};

	assert_non_null(y);
	assert_int_equal(file_yara_rules(y), 2);
	assert_int_equal(file_yara_scan(y, SLICE_LIT("an evil file"), &sink), FILE_YARA_DONE);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.rule, "first");
	assert_string_equal(s.description, "says evil");
	assert_string_equal(s.tag, "trojan");
	assert_string_equal(s.string, "$a");
	assert_int_equal(s.last.strings[0].offset, 3);
	assert_int_equal(s.last.sid, 77);
	assert_int_equal(s.last.severity, 1);
	assert_int_equal(file_yara_scan(y, SLICE_LIT("MZ\x90\x01"), &sink), FILE_YARA_DONE);
	assert_int_equal(s.count, 2);
	assert_true(s.last.sid >= 1U << 30);
	assert_int_equal(s.last.severity, 2);
	assert_int_equal(file_yara_scan(y, SLICE_LIT("harmless"), &sink), FILE_YARA_DONE);
	assert_int_equal(s.count, 2);
	file_yara_free(y);
}

static void bad_rules_are_named(void **state)
{
	struct errmsg err = {""};

	assert_null(load("rule a { condition: true }\nrule b { condition: nonsense }\n", &err));
	assert_non_null(strstr(err.text, ":2: "));
	assert_non_null(strstr(err.text, "nonsense"));
	assert_null(file_yara_load("/nonexistent/x.yar", &err));
	assert_non_null(strstr(err.text, "files.yara: /nonexistent/x.yar: cannot be read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits),
		cmocka_unit_test(bad_rules_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
