#include "dataplane/app/harness/harness.h"
#include "dataplane/app/enip/enip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&enip_proto, 44818, data, size);
}
