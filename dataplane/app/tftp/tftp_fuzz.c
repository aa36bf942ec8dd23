#include "dataplane/app/tftp/tftp.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&tftp_proto, 69, data, size);
}
