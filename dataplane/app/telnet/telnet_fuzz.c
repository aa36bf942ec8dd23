#include "dataplane/app/telnet/telnet.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&telnet_proto, 23, data, size);
}
