/* The protected list (Q6): what can never be cut. Configured by people, learnt from roles that a
 * sensor is sure of, and this system's own addresses. Owner: the mitigator's loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/quarantine/target.h"
#include "dataplane/base/addr.h"

enum {
	PROTECT_MAX = 4096, /* entries; configured ones come first and are never displaced */
	PROTECT_NOTE = 96,
	PROTECT_ROLE = 32,
};

enum protect_source { PROTECT_CONFIGURED, PROTECT_OWN, PROTECT_LEARNT, PROTECT_PROPOSED };

/* MAC all zero: none. `bits` 0 with an all-zero prefix: no address. */
struct protect_entry {
	struct mac_addr mac;
	struct ip_addr prefix;
	uint8_t bits; /* of the 128, an IPv4 /n is 96 + n */
	bool has_mac, has_prefix;
	/* PROPOSED: likely, not sure; such a host is asked about, not refused. */
	enum protect_source source;
	char role[PROTECT_ROLE]; /* "gateway", "dns", "dhcp", "domain-controller", "switch", ... */
	char note[PROTECT_NOTE]; /* who says so */
	uint64_t since;		 /* ns since 1970 */
};

struct protect;

struct protect *protect_new(void);
void protect_free(struct protect *p);
/* 0, ERR_EXISTS when an entry of the same or a stronger source says it already (a stronger one
 * replaces a weaker), ERR_LIMIT when the list is full, ERR_INVALID without MAC and prefix. */
int protect_add(struct protect *p, const struct protect_entry *e);
/* Drops all entries of a source, before a reload. */
void protect_clear(struct protect *p, enum protect_source source);
/* The strongest entry that covers any address of the target, NULL when none does. */
const struct protect_entry *protect_find(const struct protect *p, const struct cut_target *t);
unsigned protect_count(const struct protect *p);
const struct protect_entry *protect_at(const struct protect *p, unsigned i);
const char *protect_source_text(enum protect_source s);
