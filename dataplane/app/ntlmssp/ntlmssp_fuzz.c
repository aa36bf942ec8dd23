#include <stdlib.h>

#include "dataplane/app/ntlmssp/ntlmssp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice part, struct slice whole)
{
	if (part.len > 0 &&
	    (part.data < whole.data || part.data + part.len > whole.data + whole.len))
		abort();
}

/* What is found lies in the blob. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice blob = SLICE(data, size);
	struct secblob b;

	if (!secblob_read(blob, &b))
		return 0;
	if (b.has_auth) {
		inside(b.auth.domain, blob);
		inside(b.auth.user, blob);
		inside(b.auth.host, blob);
	}
	inside(b.ap_req, blob);
	return 0;
}
