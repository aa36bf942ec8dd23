/* A report's data read from the store and written as files, unsigned; in the helper
 * (watch/scribe.h), where it may take minutes, or in a process of its own. */
#pragma once

#include <stdint.h>

#include "control/centre/store/schedule.h"
#include "control/centre/store/store.h"

enum { REPORT_PATH = 640 };

/* Bits of `forms`; a file each: STEM.<ending>.part. */
enum report_form {
	REPORT_CSV = 1,
	REPORT_JSON = 2,
	REPORT_JA_HTML = 4,
	REPORT_EN_HTML = 8,
	REPORT_JA_TEXT = 16, /* of the mail */
	REPORT_EN_TEXT = 32,
	REPORT_PAGES = 15, /* without the texts */
	REPORT_ALL = 63,
};

enum { REPORT_FORMS = 6 };

/* One report, as it goes to the helper. */
struct report_order {
	uint64_t id; /* comes back with the answer */
	enum report_period kind;
	unsigned forms;
	char customer[64], site[256]; /* "" = all */
	char name[128];		      /* of the customer, "" = what the store says */
	struct zone zone;	      /* of its days */
	uint64_t when;		      /* a moment in it, ns since 1970 */
	uint64_t made;		      /* stands in it; "so far" when it has not ended by then */
	char stem[REPORT_PATH];
};

const char *report_form_ending(unsigned form_index); /* "en.html"; by bit */

/* All forms, or none but with a sentence. The same order over the same rows gives the same bytes.
 */
int report_make(struct store *s, const struct report_order *o, struct errmsg *err);
