/* One question to a resolver (RFC 1035), to see whether the sinkhole is answered. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum { QUERY_MAX = 512 };

/* Bytes, 0 when the name is too long. A for v4, else AAAA. */
size_t query_write(const char *name, bool v4, uint16_t id, uint8_t ret[QUERY_MAX]);
/* Addresses of the answer to `id`: their number, at most max. ERR_INVALID: it is no such answer. */
int query_read(struct slice message, uint16_t id, struct ip_addr *ret, unsigned max);
