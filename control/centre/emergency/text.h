/* An emergency's messages as text, for a person (mail, in his language) and for machines: RFC 5322
 * mail, RFC 5424 syslog with a CEF message, JSON for a webhook. What traffic named is hostile: none
 * of it becomes a header or a second line where there is one. */
#pragma once

#include "control/centre/store/emergencies.h"

struct emergency_sender {
	const char *from;   /* mail address */
	const char *host;   /* name of this machine */
	const char *portal; /* address of the pages, "" = unknown */
	struct zone zone;
	struct store *store; /* of templates; NULL = the built-in ones */
};

/* Where a person acknowledges: the portal's page of emergencies; "" without a portal. */
void emergency_link(const struct emergency_sender *by, char *ret, size_t cap);

/* Each a whole text, the caller's to free; NULL without memory. `now`: sent then. */
char *emergency_mail(const struct emergency_message *m, const struct emergency_sender *by,
		     uint64_t now);
char *emergency_syslog(const struct emergency_message *m, const struct emergency_sender *by);
char *emergency_json(const struct emergency_message *m);
/* By the template for webhooks, as JSON too; NULL: there is none. */
char *emergency_webhook(const struct emergency_message *m, const struct emergency_sender *by);
