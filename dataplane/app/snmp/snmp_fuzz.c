#include "dataplane/app/snmp/snmp.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&snmp_proto, 161, data, size);
}
