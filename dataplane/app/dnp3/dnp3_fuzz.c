/* Input as harness_fuzz takes it. Checksums of frames are set right first, so that what lies behind
 * them is reached, unless bit 7 of the first byte is set. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/app/dnp3/dnp3.h"
#include "dataplane/app/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { AS_IT_IS = 0x80, GAP = 2, PIECE_HEAD = 3, LINK_HEAD = 8, BLOCK = 16, CRC = 2 };

/* CRC-16/DNP of at[0..len), set behind it. */
static void checksum(uint8_t *at, size_t len)
{
	unsigned crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1;
	}
	at[len] = (uint8_t)~crc;
	at[len + 1] = (uint8_t)(~crc >> 8);
}

/* The frames that a piece consists of. */
static void mend(uint8_t *at, size_t len)
{
	while (len >= LINK_HEAD + CRC && at[0] == 5 && at[1] == 0x64) {
		size_t left = at[2] > 5 ? (size_t)(at[2] - 5) : 0;

		checksum(at, LINK_HEAD);
		at += LINK_HEAD + CRC;
		len -= LINK_HEAD + CRC;
		while (left) {
			size_t n = left < BLOCK ? left : BLOCK;

			if (len < n + CRC)
				return;
			checksum(at, n);
			at += n + CRC;
			len -= n + CRC;
			left -= n;
		}
	}
}

static void mend_all(uint8_t *data, size_t size)
{
	size_t at = 1;

	while (at + PIECE_HEAD < size) {
		size_t len = (size_t)(data[at + 1] | data[at + 2] << 8);
		bool gap = data[at] & GAP;

		at += PIECE_HEAD;
		if (gap)
			continue;
		if (len > size - at)
			len = size - at;
		mend(data + at, len);
		at += len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0 || data[0] & AS_IT_IS)
		return harness_fuzz(&dnp3_proto, 20000, data, size);
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	mend_all(copy, size);
	harness_fuzz(&dnp3_proto, 20000, copy, size);
	free(copy);
	return 0;
}
