#include "dataplane/app/harness/harness.h"
#include "dataplane/app/dhcp/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&dhcp_proto, 67, data, size);
}
