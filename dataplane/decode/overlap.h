/* Who wins when fragments overlap; internal to defrag.c.
 *
 * A new fragment is compared with those before it in order of offset. A policy may trim the new one
 * or an old one at its front, or drop either. What still overlaps afterwards is decided by the
 * order of copying: the later offset wins, and of equal offsets the later fragment. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/decode/decode.h"

struct fragment {
	uint32_t offset;
	uint32_t len;
	uint32_t trim;	     /* leading bytes that are not used; may exceed len */
	uint32_t header_len; /* of the IP header kept before the data; 0 unless offset is 0 */
	bool more;
	bool skip; /* replaced whole by later ones */
	uint8_t next_header;
	uint8_t bytes[]; /* header, data */
};

struct overlap {
	uint32_t start, end;   /* the new fragment */
	uint32_t trim;	       /* leading bytes of it to be left out */
	struct fragment *prev; /* the old one it is compared with */
	struct fragment *next; /* the one behind that, or NULL */
};

enum overlap_verdict {
	OVERLAP_GO_ON, /* compare with the next one */
	OVERLAP_INSERT,
	OVERLAP_DROP,
};

enum overlap_verdict overlap_decide(enum defrag_policy policy, struct overlap *o);
