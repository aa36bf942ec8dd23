/* Orders of the vendor to a site's mitigator (Q13): signed here, judged there by the customer's
 * mandate. Kept in the centre's own audit log, with what the mitigator answered. One thread. */
#pragma once

#include "control/centre/store/store.h"
#include "control/wire/audit.h"
#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/message.h"
#include "control/wire/spool.h"

struct vendor {
	struct loop *loop;
	struct log *log;
	struct store *store; /* who is under assessment */
	struct tls_keys *keys;
	struct spool *spool;
	struct link_server *server;
	struct audit *audit;
	uint64_t orders; /* since the start, part of their ids */
};

/* What a mitigator says of an order. */
void vendor_status(struct vendor *v, const char *mitigator, const struct command_status *s);
/* "do": vendor; "what": cut or release, "mitigator", "host" (address or MAC), "minutes", "reason".
 */
json_t *vendor_do(struct vendor *v, const struct local_peer *peer, const json_t *request,
		  struct errmsg *e);
