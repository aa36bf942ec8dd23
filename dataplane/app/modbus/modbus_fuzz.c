#include "dataplane/app/harness/harness.h"
#include "dataplane/app/modbus/modbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&modbus_proto, 502, data, size);
}
