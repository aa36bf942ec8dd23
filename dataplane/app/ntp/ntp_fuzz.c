#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ntp/ntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&ntp_proto, 123, data, size);
}
