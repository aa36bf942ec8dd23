#include "control/mitigator/drivers/reset/reset.h"

#include <string.h>

#include "control/mitigator/drivers/letter.h"
#include "dataplane/base/clock.h"

enum { KEEP_DAYS = 7, LET_GO = 1 }; /* a quarantine's resets are ordered again well before */

static int letter(const struct driver_config *c, const struct driver_order *o,
		  struct driver_letter *ret)
{
	uint64_t keep = o->lease_expires ? o->lease_expires : o->issued + KEEP_DAYS * NS_PER_DAY;

	if (o->verb != DRIVER_APPLY && o->verb != DRIVER_RELEASE)
		return ERR_UNSUPPORTED;
	memset(&ret->message, 0, sizeof(ret->message));
	ret->message.kind = MESSAGE_RESET;
	ret->message.reset = (struct reset_order){
		.command_id = o->command_id,
		.host = letter_host(o),
		.exempt = letter_exempt(o, ret),
		.issued = o->issued,
		.order_expires = o->order_expires,
		/* A time long past lets the host go. */
		.keep_until = o->verb == DRIVER_RELEASE ? LET_GO : keep,
	};
	return 0;
}

const struct driver_desc driver_reset = {
	.name = "reset",
	.summary = "ends the host's sessions by TCP resets and ICMP errors from the sensors' "
		   "response port",
	.place = DRIVER_LINK,
	.letter = letter,
};
