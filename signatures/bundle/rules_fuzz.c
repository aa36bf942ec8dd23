/* Rule files and filter files of strangers. The first byte chooses, the rest is the text. What is
 * read is counted right, filters never make a rule that has lost its number unnoticed, and a second
 * reading of what came out gives the same rules. */
#include <stdlib.h>
#include <string.h>

#include "signatures/bundle/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sample[] =
	"alert tcp any any -> any any (msg:\"a\"; content:\"x;y\"; flowbits:isset,b; "
	"metadata:deployment perimeter, tag A; sid:1; rev:2;)\n"
	"#alert tcp any any -> any any (msg:\"b\"; flowbits:set,b; sid:2;)\n";

static void check(const struct rule_table *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct rule_line *r = &t->rules[i];

		if (rule_table_find(t, r->gid, r->sid) != r || strpbrk(r->text, "\n"))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule_table t = {0};
	struct filters f = {0};
	struct errmsg e = {""};
	unsigned bits;

	if (size == 0 || size > 1 << 16)
		return 0;
	if (data[0] == 'r') {
		(void)rule_table_read(&t, SLICE(data + 1, size - 1), "x.rules", &e);
	} else {
		(void)rule_table_read(&t, SLICE_STR(sample), "x.rules", &e);
		(void)filters_read(&f, data[0] % FILTER_USES, "layer", SLICE(data + 1, size - 1),
				   &e);
		(void)filters_apply(&f, "layer", &t, &e);
	}
	(void)rule_flowbits(&t, &bits, &e);
	check(&t);
	filters_done(&f);
	rule_table_done(&t);
	return 0;
}
