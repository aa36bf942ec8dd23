/* What nft prints, as somebody else could have written it. */
#include <stdlib.h>

#include "control/enforcer/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_count counts[16];
	struct errmsg e = {""};
	size_t n = 99;

	if (nft_read((const char *)data, size, counts, 16, &n, &e) < 0) {
		if (n != 0 || !e.text[0])
			abort();
	} else if (n > 16) {
		abort();
	}
	return 0;
}
