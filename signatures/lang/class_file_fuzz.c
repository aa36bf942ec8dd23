/* Any bytes as a classification file. Asserted: each line is a class, a problem with its place and
 * its sentence, or nothing; a rule of a class that was read has its priority and description. */
#include <assert.h>
#include <string.h>

#include "signatures/lang/classes.h"
#include "signatures/lang/lang.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lang_opts opts = {.lang = 7};
	static const char rule[] =
		"alert ip any any -> any any (msg:\"x\"; classtype:trojan-activity; sid:1;)";
	struct lang_set *set = lang_set_new();
	const struct lang_class *class;
	uint32_t before;

	assert(set);
	assert(lang_load_class_bytes((struct slice){data, size}, "f", set) == ERR_OK);
	for (uint32_t i = 0; i < set->nproblems; i++) {
		const struct lang_problem *p = &set->problems[i];

		assert(p->line > 0 && p->reason[0] && strncmp(p->text, "f:", 2) == 0);
	}
	before = set->nproblems;
	class = lang_class_of(set, "Trojan-Activity");
	assert(class && class->name[0]);
	assert(lang_parse_line(rule, lang_vars_default(), &opts, set) == ERR_OK);
	assert(set->nproblems == before && set->rules[0]->priority == class->priority);
	assert(strcmp(set->rules[0]->category, class->description) == 0);
	lang_set_free(set);
	return 0;
}
