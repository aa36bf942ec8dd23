#include "dataplane/app/harness/harness.h"
#include "dataplane/app/http2/http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&http2_proto, 80, data, size);
}
