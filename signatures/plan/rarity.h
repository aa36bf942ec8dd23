/* How rare a byte is in traffic: -log2 of its share, times 4; measured over the payload of captures
 * of many protocols, each capture with equal weight. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

static const uint8_t rarity_bits[256] = {
	14, 23, 28, 29, 29, 31, 31, 33, 28, 34, 27, 33, 31, 30, 34, 34, 33, 34, 34, 34, 34, 35,
	35, 34, 34, 33, 35, 35, 35, 35, 35, 35, 23, 36, 31, 35, 35, 33, 34, 35, 34, 34, 35, 35,
	32, 29, 24, 30, 26, 26, 27, 29, 29, 29, 30, 30, 30, 29, 29, 34, 34, 30, 35, 35, 33, 30,
	33, 31, 32, 31, 32, 34, 32, 31, 35, 34, 33, 31, 31, 32, 32, 34, 32, 31, 30, 30, 34, 34,
	33, 34, 35, 34, 35, 34, 36, 31, 35, 25, 31, 27, 28, 24, 29, 30, 31, 26, 34, 34, 29, 29,
	27, 27, 28, 35, 27, 27, 26, 31, 32, 32, 32, 33, 33, 35, 35, 35, 36, 35, 33, 35, 35, 35,
	35, 35, 35, 36, 36, 35, 36, 35, 34, 36, 36, 36, 36, 36, 36, 35, 36, 36, 35, 35, 35, 35,
	35, 36, 34, 35, 35, 36, 35, 36, 36, 36, 36, 36, 36, 35, 31, 36, 35, 36, 36, 34, 36, 36,
	36, 36, 36, 36, 35, 36, 36, 35, 34, 36, 36, 36, 36, 36, 36, 35, 29, 35, 35, 36, 35, 36,
	35, 35, 36, 34, 35, 36, 34, 35, 34, 36, 35, 36, 35, 36, 34, 27, 35, 35, 34, 36, 35, 35,
	36, 35, 33, 35, 35, 36, 36, 35, 36, 36, 36, 36, 35, 35, 34, 35, 35, 35, 35, 35, 35, 36,
	33, 34, 35, 35, 36, 35, 36, 36, 35, 35, 36, 36, 36, 30,
};

/* Of a byte that is looked for; `nocase`: in either case. */
static inline unsigned rarity_of(uint8_t c, bool nocase)
{
	unsigned bits = rarity_bits[c], other;

	if (!nocase || ascii_lower(c) < 'a' || ascii_lower(c) > 'z')
		return bits;
	other = rarity_bits[c ^ 0x20];
	bits = bits < other ? bits : other;
	return bits > 2 ? bits - 2 : bits;
}
