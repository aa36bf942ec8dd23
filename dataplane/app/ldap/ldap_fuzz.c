#include "dataplane/app/ldap/ldap.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&ldap_proto, 389, data, size);
}
