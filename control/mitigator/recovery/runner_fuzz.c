/* The answer of an operator's program. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/recovery/runner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct runner_reply r = {.ok = false};
	struct errmsg e = {""};

	if (runner_read((const char *)data, size, &r, &e) < 0) {
		if (!e.text[0])
			abort();
		return 0;
	}
	if (!memchr(r.text, 0, sizeof(r.text)) || !memchr(r.detail, 0, sizeof(r.detail)))
		abort();
	return 0;
}
