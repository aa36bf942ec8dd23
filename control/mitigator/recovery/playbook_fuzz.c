/* Playbooks of an operator: refused with a sentence, or in order. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/recovery/playbook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct playbook *p = playbook_parse((const char *)data, size, "fuzz", &e);

	if (!p) {
		if (!e.text[0])
			abort();
		return 0;
	}
	for (unsigned i = 0; i < p->tasks_n; i++) {
		const struct playbook_task *t = &p->tasks[i];

		if (!playbook_program(p, t->program) || t->timeout_s > t->valid_s || !t->tries ||
		    (t->kind >= RECOVERY_SAMPLE && !t->approve) ||
		    (i && p->tasks[i - 1].kind > t->kind))
			abort();
	}
	free(p);
	return 0;
}
