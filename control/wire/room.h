/* Room on the disk that a database keeps for the moment at which the disk is full: a file beside it
 * that is given up then, so that there is room to remove the oldest rows and to write what matters.
 * Taken back when there is room again. One thread. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"

enum { ROOM_BYTES = 8 << 20, ROOM_LOOK_S = 5 };

struct room {
	char path[512]; /* the kept file */
	sqlite3 *db;
	bool full;
	uint64_t looked;       /* s, monotonic */
	uint64_t freed;	       /* rows that were removed while it was full */
	struct errmsg trouble; /* "" while there is room */
};

/* `db_path`: the open database's. Takes the room if it can. */
void room_keep(struct room *r, sqlite3 *db, const char *db_path);
/* True when the database's last error was a full disk: then the kept room is given up, and
 * `trouble` says so. `then`: what goes now, e.g. "the oldest records go". */
bool room_refused(struct room *r, const char *then);
/* Runs DELETE statements that each remove some oldest rows, the first as long as it removes any,
 * then the next; `rounds` in all, each a transaction of its own that leaves the log empty. Adds to
 * `freed`; returns how many rows went. Outside of a transaction. */
long room_make(struct room *r, const char *const *deletes, unsigned n, unsigned rounds);
/* Whether the disk is full, half of the room that was kept is used and the database has few free
 * pages inside its file: then rows must go before others come. */
bool room_tight(struct room *r);
/* After each commit: while the disk is full the log is not let grow. */
void room_committed(struct room *r);
/* Now and then; `now`: s, monotonic. True when the disk has room again (once). */
bool room_look(struct room *r, uint64_t now);
