/* The CA in a process of its own, which alone can read its key and reads nothing that a stranger
 * wrote: a request of a fixed size with the public key as 65 bytes. The folder is root's (0700)
 *when the centre was started by root:
 *
 *	ca.crt, ca.key            the CA that issues
 *	next/ca.crt, next/ca.key  the one that will, trusted already (rotation, first step)
 *	old.der                   the one that did, still trusted (second step)
 */
#pragma once

#include "control/helper/helper.h"
#include "control/wire/ca.h"
#include "control/wire/message.h"

enum { CA_HELPER_CAS = 3, CA_DAYS_MOST = 800, CA_DER_MAX = 2048 };

/* Certificates of CAs, DER; the first issues. */
struct ca_set {
	uint8_t der[CA_HELPER_CAS][CA_DER_MAX];
	size_t len[CA_HELPER_CAS];
	unsigned n;
};

/* Before rights are given up. The folder is opened; with `make` a CA is made when it holds none.
 * ERR_NOTFOUND when it holds none otherwise. */
int ca_helper_start(const char *folder, const char *organisation, bool make, struct helper *ret,
		    struct errmsg *e);

/* Each blocks for some milliseconds. */
int ca_helper_issue(struct helper *h, const struct ca_order *order, const uint8_t key[CA_POINT],
		    uint8_t ret[CA_DER_MAX], size_t *ret_len, struct errmsg *e);
int ca_helper_cas(struct helper *h, struct ca_set *ret, struct errmsg *e);

enum ca_step {
	CA_STEP_BEGIN,	/* a new CA is made, and trusted beside the old one */
	CA_STEP_SWITCH, /* it issues from now on; the old one's key is destroyed */
	CA_STEP_FINISH, /* the old one is not trusted any more */
	CA_STEPS,
};
/* ERR_EXISTS or ERR_NOTFOUND with a sentence when it is not that step's turn. */
int ca_helper_step(struct helper *h, enum ca_step step, struct errmsg *e);
