/* A byte with the name's length, the name, the content: always one of the words, read in bounds. */
#include <stdlib.h>
#include <string.h>

#include "control/sensor/sample/sample_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size ? data[0] : 0;
	struct slice all = SLICE(data, size);
	struct slice name = slice_sub(all, 1, n), content = slice_sub(all, 1 + n, size);
	uint8_t *exact = malloc(content.len + 1);

	if (!exact)
		return 0;
	if (content.len)
		memcpy(exact, content.data, content.len);
	if (!sample_type_known(sample_type(SLICE(exact, content.len), name)))
		abort();
	free(exact);
	return 0;
}
