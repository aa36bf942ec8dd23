/* Mandates of a customer: refused with a sentence and then allowing nothing, or whole. */
#include <stdlib.h>

#include "control/mitigator/vendor/mandate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct mandate m;

	if (mandate_parse((const char *)data, size, "fuzz", &m, &e) < 0) {
		if (!e.text[0] || m.allowed || mandate_holds(&m, 1))
			abort();
		return 0;
	}
	if (m.allowed && m.networks_n + m.macs_n == 0)
		abort();
	return 0;
}
