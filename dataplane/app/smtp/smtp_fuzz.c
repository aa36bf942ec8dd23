#include "dataplane/app/harness/harness.h"
#include "dataplane/app/smtp/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return harness_fuzz(&smtp_proto, 25, data, size);
}
