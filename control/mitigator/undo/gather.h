/* Whom an archive of lists, or one list, permits: for each threat the hosts to be restored (Q11).
 */
#pragma once

#include <jansson.h>

#include "control/mitigator/undo/zip.h"

struct undo_threat {
	char threat[UNDO_THREAT];
	json_t *hosts; /* an object whose keys are MACs, and addresses of those without */
};

struct undo_gathered {
	struct undo_threat items[UNDO_ZIP_MEMBERS];
	unsigned n;
};

/* `name` says what it is: a list's name one list, any other a ZIP. Refused whole, with the line.
 * NULL with a sentence; to be freed. */
struct undo_gathered *undo_gather(struct slice file, const char *name, struct errmsg *e);
void undo_gathered_free(struct undo_gathered *g);
