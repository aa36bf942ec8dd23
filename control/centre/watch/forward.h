/* Forwards alerts to other systems by syslog (RFC 5424), over TLS with octet counting (RFC 5425) or
 * plain TCP (RFC 6587), as EVE JSON, CEF or LEEF 2.0. The queue is in the store (store/forwards.h);
 * a target that is away gets what waits when it is back. Syslog knows no acknowledgement: what was
 * handed to a connection that then breaks may be lost, what was not handed over goes again. */
#pragma once

#include "control/centre/emergency/deliver.h"
#include "control/centre/store/forwards.h"
#include "control/centre/watch/duty.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct forward;

struct forward_setup {
	struct loop *loop;
	const struct log *log;
	struct store *store;
	const struct duty *duty; /* NULL: always */
	const char *host;	 /* name of this machine */
};

/* `helper` by delivery_start; stays the caller's. */
struct forward *forward_new(const struct forward_setup *setup, struct helper *helper,
			    struct errmsg *err);
void forward_delete(struct forward *f);

/* One message with its count in front, the caller's to free; NULL when the record is no JSON. */
char *forward_line(const struct forward_item *i, enum forward_format format, const char *host);
