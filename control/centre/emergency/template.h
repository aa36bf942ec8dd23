/* Templates of messages: text with tokens such as {{title}}. What a token stands for comes from
 * strangers, and is escaped for where it goes. Pure. */
#pragma once

#include "control/centre/emergency/text.h"

enum template_part { TEMPLATE_SUBJECT, TEMPLATE_BODY, TEMPLATE_WEBHOOK, TEMPLATE_PARTS };
extern const char *const template_part_words[TEMPLATE_PARTS]; /* "subject" */

enum { TEMPLATE_MAX = 8000 }; /* bytes of a template */

/* ERR_INVALID with a sentence: a token that is not known, one that does not end, a webhook's text
 * that is no JSON. */
int template_check(const char *text, enum template_part part, struct errmsg *err);

/* For one emergency; `more`: how many others the message is about. The caller's to free. */
char *template_expand(const char *text, enum template_part part, const struct emergency *e,
		      enum report_language language, const struct emergency_sender *by,
		      unsigned more);
/* With an emergency made up for it. */
char *template_preview(const char *text, enum template_part part, enum report_language language,
		       const struct emergency_sender *by);
