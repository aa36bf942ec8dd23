#include "dataplane/app/harness/harness.h"
#include "dataplane/app/nfs/nfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&nfs_proto, 2049, data, size);
}
