#include "dataplane/detect/inspect/internal.h"

static int digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint32_t inspect_base64(struct slice in, uint8_t *out, uint32_t cap)
{
	uint32_t bits = 0, n = 0, have = 0;

	for (size_t i = 0; i < in.len; i++) {
		int d = digit(in.data[i]);

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
