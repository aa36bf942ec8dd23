/* Any bytes as a rule file. Asserted: each problem has its place and its sentence, and each rule
 * that loads is printed as a text that reads as the same rule again. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/lang.h"

#define TEXT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_and_read(const struct rule *r, const struct lang_opts *opts, char *text)
{
	char *again = text + TEXT_MAX;
	long n = lang_print(r, text, TEXT_MAX);
	struct lang_set *set = lang_set_new();

	assert(n > 0 && set);
	if (lang_parse_line(text, NULL, opts, set) != ERR_OK) {
		fprintf(stderr, "%s\n%s\n", text, set->problems[0].text);
		abort();
	}
	if (lang_print(set->rules[0], again, TEXT_MAX) != n || strcmp(text, again) != 0) {
		fprintf(stderr, "%s\n%s\n", text, again);
		abort();
	}
	lang_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lang_opts opts = {.lang = size % 2 ? 8 : 7};
	struct lang_set *set = lang_set_new();
	char *text = malloc(2 * TEXT_MAX);

	assert(set && text);
	assert(lang_load_bytes((struct slice){data, size}, "f", NULL, &opts, set) == ERR_OK);
	assert(set->nproblems == set->failed + set->skipped);
	for (uint32_t i = 0; i < set->nproblems; i++) {
		const struct lang_problem *p = &set->problems[i];

		assert(p->line > 0 && p->keyword && p->reason[0]);
		assert(strncmp(p->text, "f:", 2) == 0 && strstr(p->text, p->reason));
	}
	for (uint32_t i = 0; i < set->count; i++)
		print_and_read(set->rules[i], &opts, text);
	free(text);
	lang_set_free(set);
	return 0;
}
