#include "dataplane/app/harness/harness.h"
#include "dataplane/app/rdp/rdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&rdp_proto, 3389, data, size);
}
