#include "dataplane/app/krb5/krb5.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&krb5_proto, 88, data, size);
}
