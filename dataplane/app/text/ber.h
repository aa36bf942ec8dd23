/* Elements of BER and DER with a definite length (X.690), read one after another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"

enum ber_class { BER_UNIVERSAL, BER_APPLICATION, BER_CONTEXT, BER_PRIVATE };

/* Identifier bytes. */
enum {
	BER_INTEGER = 0x02,
	BER_BIT_STRING = 0x03,
	BER_OCTET_STRING = 0x04,
	BER_NULL = 0x05,
	BER_OID = 0x06,
	BER_ENUMERATED = 0x0a,
	BER_SEQUENCE = 0x30,
};

struct ber {
	uint8_t first; /* the identifier's first byte: class, constructed, tag under 31 */
	struct slice value;
};

enum ber_status {
	BER_OK,
	BER_SHORT, /* the data ends inside the element's head, or `value` is only its start */
	BER_BAD,
};

static inline enum ber_class ber_class(struct ber b)
{
	return (enum ber_class)(b.first >> 6);
}

static inline uint8_t ber_tag(struct ber b)
{
	return b.first & 31;
}

/* The next element. Tags over 30, indefinite lengths and lengths of more than four bytes are
 * BER_BAD. After BER_SHORT with a value the cursor is at its end. */
enum ber_status ber_next(struct cursor *c, struct ber *ret);
/* The content of the next element when it is whole and has this identifier; else false, and the
 * cursor stays. */
bool ber_take(struct cursor *c, uint8_t identifier, struct cursor *ret);
/* The next element has this identifier and holds a number as an INTEGER does, and it fits. */
bool ber_number(struct cursor *c, uint8_t identifier, int64_t *ret);
/* The next element is an INTEGER that fits. */
bool ber_integer(struct cursor *c, int64_t *ret);
