/* The country of an address, from a database in MaxMind's form (libmaxminddb, mapped into memory).
 * Opened at load, read by all workers. */
#pragma once

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct geoip;

/* ERR_IO with a sentence. */
int geoip_open(const char *path, struct geoip **ret, struct errmsg *err);
void geoip_close(struct geoip *g);
/* country.iso_code; empty when the database does not say. IPv4 only, as in Suricata. */
struct slice geoip_country(const struct geoip *g, const struct ip_addr *a);
