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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sorted),
		cmocka_unit_test(content_and_modifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
