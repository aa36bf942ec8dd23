#include "dataplane/app/harness/harness.h"
#include "dataplane/app/smb/smb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&smb_proto, 445, data, size);
}
