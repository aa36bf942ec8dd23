/* Permission lists (Q11): who was permitted when a threat was cut, as CSV with the columns mac,
 * network (permit or deny), ip, name, host. Read whole or refused whole, with the line. A host is
 * its MAC; one known by address only has no MAC and is its address. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	UNDO_LIST_BYTES = 16 << 20, /* one list */
	UNDO_LIST_ROWS = 65536,	    /* hosts in it; the mitigator knows 32,768 */
	UNDO_THREAT = 96,
	UNDO_NAME = UNDO_THREAT + 24, /* "<threat>-<YYYYMMDDhhmmss>.csv" */
	UNDO_TEXT = 128,
};

struct undo_row {
	struct mac_addr mac; /* all zero: known by address only */
	struct ip_addr ip;   /* all zero: none */
	bool permit;
	char name[UNDO_TEXT], host[UNDO_TEXT];
};

struct undo_list {
	char threat[UNDO_THREAT];
	uint64_t time;	       /* of the cut: ns since 1970, whole seconds */
	struct undo_row *rows; /* the list's own */
	unsigned n;
};

/* "1.2100001-20261122090005.csv" to threat and time, or ERR_INVALID: letters, digits, '.', '_' and
 * '-' only, so that no name leads out of a folder. */
int undo_name_parse(const char *name, struct undo_list *ret);
/* The name; what a threat's id may not have becomes '_'. Returns ret. */
char *undo_name(const char *threat, uint64_t time, char ret[UNDO_NAME]);

/* MAC twice, no MAC and no address, another word than permit or deny, other columns: refused.
 * `name` is the file's, for threat, time and sentences. Free with undo_list_done in either case. */
int undo_list_read(struct slice csv, const char *name, struct undo_list *ret, struct errmsg *e);
void undo_list_done(struct undo_list *l);
void undo_list_head(FILE *f);
void undo_list_row(FILE *f, const struct undo_row *row);
/* The same bytes for the same list. */
void undo_list_write(FILE *f, const struct undo_list *l);
