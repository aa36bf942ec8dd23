/* Names that a resolver is to answer with the sinkhole's address, as the files that resolvers read.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	SINKHOLE_NAME = 128,   /* of a name, with its NUL: a host's part of an alert's URL */
	SINKHOLE_NAMES = 4096, /* at once */
};

/* The name in a URL or in what an alert calls the name concerned, in small letters without the last
 * dot. False: there is none that could be sinkholed: an address, one label, nothing that is a host
 * name (RFC 1123 2.1), or under arpa, local, localhost, internal, home. */
bool sinkhole_name(const char *url, char ret[SINKHOLE_NAME]);
/* The name is `other` or below it. */
bool sinkhole_is_below(const char *name, const char *other);

struct sinkhole_to {
	struct ip_addr v4, v6; /* zero: none */
};

/* A response policy zone (unbound): each name and what is below it. `serial`: any that grows.
 * malloc'ed, the caller frees ret->data. */
int sinkhole_write_zone(const char (*names)[SINKHOLE_NAME], unsigned n,
			const struct sinkhole_to *to, uint32_t serial, struct slice *ret);
/* Lines of /etc/hosts (dnsmasq): each name alone. */
int sinkhole_write_hosts(const char (*names)[SINKHOLE_NAME], unsigned n,
			 const struct sinkhole_to *to, struct slice *ret);
