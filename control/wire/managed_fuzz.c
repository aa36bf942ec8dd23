/* Configuration from a stranger: what is accepted merges with itself to the same, is accepted
 * again, and is taken by config_set. */
#include <stdlib.h>
#include <string.h>

#include "control/wire/managed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned roles = ROLE_SET(ROLE_SENSOR) | ROLE_SET(ROLE_MITIGATOR);
	struct slice in = SLICE(data, size);
	struct errmsg e = {""};
	char *once, *twice;
	json_t *diff;

	if (managed_check(in, roles, &e)) {
		if (!e.text[0])
			abort(); /* every refusal has a sentence */
		return 0;
	}
	once = managed_merge(SLICE(NULL, 0), in, ROLE_SENSOR);
	if (managed_check(SLICE_STR(once), ROLE_SET(ROLE_SENSOR), &e))
		abort();
	twice = managed_merge(SLICE_STR(once), in, ROLE_SENSOR);
	if (strcmp(once, twice) != 0)
		abort();
	diff = managed_diff(SLICE_STR(once), SLICE_STR(twice));
	if (json_array_size(diff))
		abort();
	json_decref(diff);
	free(once);
	free(twice);
	return 0;
}
