#include "control/mitigator/drivers/enforcer/enforcer.h"

#include <string.h>

#include "control/mitigator/drivers/letter.h"

static int letter(const struct driver_config *c, const struct driver_order *o,
		  struct driver_letter *ret)
{
	struct quarantine_command *q = &ret->message.command;

	if (o->verb != DRIVER_APPLY && o->verb != DRIVER_RELEASE)
		return ERR_UNSUPPORTED;
	memset(&ret->message, 0, sizeof(ret->message));
	ret->message.kind = MESSAGE_COMMAND;
	*q = (struct quarantine_command){
		.command_id = o->command_id,
		.action = o->verb == DRIVER_RELEASE ? COMMAND_RELEASE
			  : o->block		    ? COMMAND_BLOCK
						    : COMMAND_QUARANTINE,
		.cause = o->cause,
		.host = letter_host(o),
		.scope = COMMAND_SCOPE_FULL,
		.method = "enforcer",
		.target = c->peer,
		.exempt = letter_exempt(o, ret),
		.issued = o->issued,
		.order_expires = o->order_expires,
		.lease_expires = o->lease_expires,
		.review = o->review,
		.reason = o->reason,
		.threat_id = o->threat_id,
		.replaces = o->replaces,
		.actor = o->actor,
	};
	for (unsigned i = 1; i < o->target.ips_n; i++)
		ret->more[q->more_ips.n++] = o->target.ips[i];
	q->more_ips.items = ret->more;
	return 0;
}

const struct driver_desc driver_enforcer = {
	.name = "enforcer",
	.summary = "drops the host's packets on a Linux gateway or bridge by nftables",
	.place = DRIVER_LINK,
	.holds = true,
	.letter = letter,
};
