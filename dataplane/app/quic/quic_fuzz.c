#include "dataplane/app/harness/harness.h"
#include "dataplane/app/quic/quic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&quic_proto, 443, data, size);
}
