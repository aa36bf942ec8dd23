/* The answer of an operator's program. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/command/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver_answer a;
	struct errmsg e = {""};

	for (enum driver_verb v = DRIVER_APPLY; v <= DRIVER_LIST; v++) {
		memset(&a, 0, offsetof(struct driver_answer, held));
		a.verb = v;
		if (command_answer_read((const char *)data, size, &a, &e) < 0) {
			if (!e.text[0])
				abort();
			continue;
		}
		if ((a.outcome != DRIVER_DONE && a.outcome != DRIVER_FAILED) || !a.last ||
		    a.items_n > DRIVER_ITEMS || !driver_answer_check(&a, driver_answer_size(&a)))
			abort();
	}
	return 0;
}
