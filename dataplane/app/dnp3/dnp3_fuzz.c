#include "dataplane/app/harness/harness.h"
#include "dataplane/app/dnp3/dnp3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&dnp3_proto, 20000, data, size);
}
