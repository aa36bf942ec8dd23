/* The audit log: one JSON object a line, each bound to the one before by SHA-256, so that a line
 * that was changed, taken out or put in shows (audit_verify). What chaining alone cannot show is a
 * log whose end was cut off; for that the head (number and hash) is told to somebody else, such as
 * the centre, and compared with. Append only; a line is on the disk when audit_append returns.
 *
 *   {"n":7,"time":"2026-11-22T09:00:05Z","actor":"yamada","what":"release","detail":{...},
 *    "seq":0,"prev":"<64 hex digits>","hash":"<of all before ,\"hash\">"}
 *
 * Owner: one program, one thread. Reading needs no writer. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "dataplane/base/err.h"

enum {
	AUDIT_HASH = 65,	   /* hex digits and NUL */
	AUDIT_LINE_MAX = 64 << 10, /* bytes; a longer detail is refused */
	AUDIT_LATEST_MAX = 10000,
};

struct audit;

/* What a reading found. */
struct audit_head {
	uint64_t lines;	       /* that are whole and follow one another */
	uint64_t bad;	       /* number of the first line that does not, from 1; 0: none */
	uint64_t seq;	       /* the largest of the callers' numbers */
	char hash[AUDIT_HASH]; /* of the last good line; zeros: the log is empty */
	char problem[256];     /* a sentence when bad */
	uint64_t torn;	       /* bytes of a last line that a crash cut off */
	uint64_t good_bytes;   /* up to the end of the last good line */
};

/* Opens or makes the log, 0600. A line that a crash tore off at the end is removed, which was never
 * acknowledged. A log that does not verify is continued all the same, bound to its last whole line:
 * look at audit_problem. NULL with a sentence when it cannot be read or written. */
struct audit *audit_open(const char *path, struct errmsg *e);
void audit_close(struct audit *a);
/* NULL, or what is wrong with the log that was found. */
const char *audit_problem(const struct audit *a);
void audit_get_head(const struct audit *a, struct audit_head *ret);

/* One line. `now`: ns since 1970. `detail`: any object, NULL for none; stays the caller's. `seq`: a
 * growing number of the caller's own, 0 for none: a line whose seq is there already is not written
 * again, so that an outbox may be emptied twice. 0, ERR_EXISTS, ERR_LIMIT or ERR_IO. */
int audit_append(struct audit *a, uint64_t now, const char *actor, const char *what,
		 const json_t *detail, uint64_t seq, struct errmsg *e);

/* Begins a new file under the same name when the log is larger than `most` bytes; the old one is
 * named after its last line ("audit.log.000000000017") and stays for good. The chain goes on: the
 * new file's first line says so, follows the old one's last and has the next number. A kill in
 * between loses nothing. 0 also when it is not large enough. */
int audit_rotate(struct audit *a, uint64_t now, uint64_t most, struct errmsg *e);

/* Many at once: as audit_append, but on the disk only when audit_sync returned 0. */
int audit_put(struct audit *a, uint64_t now, const char *actor, const char *what,
	      const json_t *detail, uint64_t seq, struct errmsg *e);
int audit_sync(struct audit *a, struct errmsg *e);

/* Reads the whole log. 0 when every line is right, ERR_INVALID with the first that is not (also in
 * ret), ERR_NOTFOUND or ERR_IO. `want` may be NULL or a head noted before, "N:HASH": then the log
 * must have that line. */
int audit_verify(const char *path, const char *want, struct audit_head *ret, struct errmsg *e);
/* The latest lines as an array of objects, newest first. NULL with a sentence. */
json_t *audit_latest(const char *path, unsigned most, struct errmsg *e);
