#include "dataplane/detect/inspect/internal.h"

#include "dataplane/base/base64.h"

uint32_t inspect_base64(struct slice in, uint8_t *out, uint32_t cap)
{
	uint32_t bits = 0, n = 0, have = 0;

	for (size_t i = 0; i < in.len; i++) {
		int d = base64_value(in.data[i]);

		if (d < 0) {
			/* One digit before what is none makes a byte, as in Suricata. */
			if (have == 6 && in.data[i] != '=' && n < cap)
				out[n++] = (uint8_t)(bits << 2);
			break;
		}
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (n == cap)
				break;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}
