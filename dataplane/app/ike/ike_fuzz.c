#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ike/ike.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&ike_proto, 500, data, size);
}
