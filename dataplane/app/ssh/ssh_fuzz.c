#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ssh/ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&ssh_proto, 22, data, size);
}
