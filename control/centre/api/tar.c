#include "control/centre/api/tar.h"

#include <string.h>

enum { BLOCK = 512, NAME = 100, MODE = 100, OWNER = 108, GROUP = 116, SIZE = 124, TIME = 136 };
enum { SUM = 148, TYPE = 156, MAGIC = 257 };

/* Octal digits, a zero behind them. */
static void octal(char *at, unsigned digits, uint64_t value)
{
	at[digits] = 0;
	while (digits-- > 0) {
		at[digits] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

void tar_add(FILE *out, const char *name, struct slice content, uint64_t seconds)
{
	static const char zeros[BLOCK];
	size_t over = content.len % BLOCK;
	unsigned sum = 0;
	char h[BLOCK] = {0};

	snprintf(h, NAME, "%s", name);
	octal(h + MODE, 7, 0644);
	octal(h + OWNER, 7, 0);
	octal(h + GROUP, 7, 0);
	octal(h + SIZE, 11, content.len);
	octal(h + TIME, 11, seconds);
	h[TYPE] = '0';
	memcpy(h + MAGIC, "ustar\00000", 8);
	memset(h + SUM, ' ', 8); /* it counts as blanks */
	for (unsigned i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	octal(h + SUM, 6, sum);
	fwrite(h, 1, BLOCK, out);
	fwrite(content.data, 1, content.len, out);
	if (over)
		fwrite(zeros, 1, BLOCK - over, out);
}

void tar_end(FILE *out)
{
	static const char zeros[2 * BLOCK];

	fwrite(zeros, 1, sizeof(zeros), out);
}
