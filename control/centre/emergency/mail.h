/* Parts of a mail (RFC 5322, RFC 2045). What is given becomes no second header. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "control/wire/zone.h"
#include "dataplane/base/slice.h"

/* In lines of 76 characters. */
void mail_put_base64(struct slice bytes, FILE *out);
/* "Subject:" with encoded words (RFC 2047), its line end included. */
void mail_put_subject(const char *text, FILE *out);
/* "Date:", by that zone's clock. */
void mail_put_date(uint64_t now, const struct zone *zone, FILE *out);

struct mail_part {
	const char *type; /* "application/pdf" */
	const char *name; /* of the file, plain ASCII; NULL: it is shown as text */
	struct slice bytes;
};

/* The rest of the header and the body: multipart/mixed (RFC 2046). `boundary`: plain ASCII that is
 * in no line of base64. */
void mail_put_parts(const struct mail_part *parts, size_t n, const char *boundary, FILE *out);
