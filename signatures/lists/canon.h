/* Canonical forms, the same for what stands in lists and for what goes over the wire. No
 * allocation: workers use them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

/* Lower case, without dots at the end. Length, or 0 when it is no name: empty, too long, an empty
 * label. Bytes over 0x7f stay. */
size_t canon_domain(struct slice name, uint8_t *ret, size_t cap);
/* Labels of a canonical name. */
unsigned canon_labels(struct slice name);

/* "host[:port]/path?query": lower-case host, port 80 left out (443 too where the URL says https),
 * no user, no fragment; %XX of letters, digits and -._~ decoded, other %xx in capitals. `path` may
 * be a whole URL; then host and port come from it. Length, or 0 when it does not fit. */
size_t canon_url(struct slice host, uint16_t port, struct slice path, uint8_t *ret, size_t cap);
/* Length up to the query. */
size_t canon_without_query(struct slice url);

/* Hexadecimal digits, colons between pairs allowed. Bytes written, 0 when it is none. */
size_t canon_hex(struct slice text, uint8_t *ret, size_t cap);
