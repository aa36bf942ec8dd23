/* Whether an order is carried out: for us, of our mitigator, in time, for a host that may be cut.
 * Whether it is new is held.h's business, whether the signature is right sign.h's. Pure. */
#pragma once

#include <stdint.h>

#include "control/enforcer/nft.h"
#include "control/wire/identity.h"
#include "control/wire/message.h"

enum {
	ACCEPT_ID_MAX = 96,	 /* bytes of a command's id, with NUL */
	ACCEPT_NEVER_MAX = 1024, /* prefixes that are never cut */
	ACCEPT_MACS_MAX = 256,
};

/* What this enforcer never does, whoever orders it (Q6). */
struct accept_rules {
	const char *name, *site; /* ours, as in our certificate */
	const char *mitigator;	 /* the only one that may order; "": any of the site */
	uint64_t skew_ns;	 /* how far the mitigator's clock may be off */
	struct nft_prefix never[ACCEPT_NEVER_MAX];
	size_t never_n;
	struct mac_addr never_macs[ACCEPT_MACS_MAX];
	size_t never_macs_n;
};

/* What there is to do. For a release `host` may be without addresses. */
struct accept_order {
	bool release;
	struct nft_host host;
	uint64_t lease_expires; /* ns since 1970, 0: until released */
};

/* `now`: ns since 1970. 0, or ERR_DENIED with a sentence that says why. */
int accept_check(const struct accept_rules *r, const struct quarantine_command *c,
		 const struct identity *signer, uint64_t now, struct accept_order *ret,
		 struct errmsg *e);

/* The host of a command that was accepted before. ERR_INVALID when it has no address. */
int accept_host(const struct quarantine_command *c, struct nft_host *ret, struct errmsg *e);

/* Letters, digits and "-._:" only: ids go into files, logs and answers. */
bool accept_id_ok(const char *id);
