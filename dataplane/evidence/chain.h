/* The hash chain over a folder of evidence: `chain.log` has a line of JSON for each piece, with the
 * piece's SHA-256, the hash of the line before and its own. A byte that changes in a piece or a
 * line is seen; so is a piece that is gone without a line that says so. That the last lines were
 * cut off is only seen by who has kept a later hash: `chain_tip` is for keeping elsewhere.
 *
 * Written by one program at a time. A piece is written beside, synced and renamed into place, then
 * told of; killed between the two, the next start takes it up ("found"); a line that was cut by the
 * end is put aside and that is told ("repair"). Off the packet path. */
#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum { CHAIN_HASH = 65, CHAIN_NAME = 128, CHAIN_LINE = 8192 };

struct chain;

struct chain_entry {
	uint64_t seq, time_ns, size;
	char kind[16]; /* "packets", "found", "dropped", "repair" */
	char file[CHAIN_NAME];
	char sha256[CHAIN_HASH]; /* of the file */
	char hash[CHAIN_HASH];	 /* of the line */
	struct slice line;	 /* whole, JSON; valid during the call */
};

struct chain_limits {
	uint64_t space;	     /* bytes of all pieces: the oldest go */
	uint64_t free_bytes; /* what the disk must keep free */
	uint32_t owner; /* user that goes on writing once privileges are dropped, 0 = the same */
};

/* Makes the folder, repairs what an end in mid-writing has left. ERR_IO, ERR_DENIED (another
 * program has it), ERR_INVALID (the chain itself is broken: it is left as it is). */
int chain_open(const char *folder, const struct chain_limits *limits, uint64_t now_ns,
	       struct chain **ret, struct errmsg *err);
void chain_close(struct chain *c);
/* Puts a piece into the folder under a name without '/'. `more`: members of the line's JSON object,
 * beginning with a comma, or "". */
int chain_add(struct chain *c, const char *name, struct slice bytes, uint64_t now_ns,
	      const char *more, struct errmsg *err);
const char *chain_tip(const struct chain *c);
uint64_t chain_bytes(const struct chain *c);
uint64_t chain_dropped(const struct chain *c); /* pieces that went for want of room */

/* Lines taken out of a chain, from a piece's to the last there was: each unchanged and bound to the
 * one before; the first is of a piece with that SHA-256. `ret_tip`: hash of the last line.
 * ERR_INVALID with a sentence. */
int chain_proof(struct slice lines, const char *sha256, char ret_tip[CHAIN_HASH],
		uint64_t *ret_lines, struct errmsg *err);

struct chain_report {
	uint64_t lines, pieces, dropped, bytes;
	char tip[CHAIN_HASH];
	bool torn; /* the last line is not whole: its writer was killed, and has not been back */
};
/* Reads all of it; `each` (may be NULL) is called for every line, with what is wrong with it or its
 * file, "" when nothing is. ERR_OK; ERR_INVALID when something is wrong, with the first such
 * sentence; ERR_NOTFOUND without a chain. */
int chain_verify(const char *folder,
		 void (*each)(void *ctx, const struct chain_entry *e, const char *wrong), void *ctx,
		 bool files, struct chain_report *ret, struct errmsg *err);
