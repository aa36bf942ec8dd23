/* What nft prints, as somebody else could have written it. */
#include <stdlib.h>

#include "control/enforcer/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_count items[16];
	struct nft_counts c = {items, 0, 16};
	struct errmsg e = {""};

	if (nft_read(SLICE(data, size), "inet", &c, &e) < 0 && !e.text[0])
		abort();
	if (c.n > 16)
		abort();
	return 0;
}
