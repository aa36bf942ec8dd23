/* A file that comes in pieces at offsets (NFS READ and WRITE, SMB): pieces in order go straight to
 * the file, pieces ahead of their turn wait. One piece is under way at a time, and may come in
 * parts. */
#pragma once

#include "dataplane/app/parser.h"

enum {
	CHUNKS_WAITING = 64,		/* pieces ahead of their turn; more end the file */
	CHUNKS_WAITING_BYTES = 1 << 20, /* kept of all those pieces */
};

struct chunks {
	struct app_file *file; /* NULL before the first piece, and when it was refused */
	uint64_t tracked;      /* bytes that came in order, gaps included */
	uint64_t left;	       /* of the piece under way */
	bool last;	       /* the file ends with the piece under way */
	bool ahead;	       /* the piece under way waits */
	bool passed_over;      /* the piece under way was seen before */
	bool done;	       /* the file is closed */
	uint32_t waiting_count, waiting_bytes;
	struct chunks_piece *waiting; /* by offset */
	struct chunks_piece *current; /* the one under way, when `ahead` */
};

/* A piece of `len` bytes at `offset` begins; one that was not finished ends the file. `last`: the
 * file ends with it. The file is opened by the caller, before. */
void chunks_begin(struct app_io *io, struct chunks *c, uint64_t offset, uint64_t len, bool last);
/* The next bytes of the piece under way, at most `left`; when the last piece is whole the file is
 * closed. */
void chunks_data(struct app_io *io, struct chunks *c, struct slice data);
/* So many of its bytes are missing. */
void chunks_gap(struct app_io *io, struct chunks *c, uint64_t len);
/* The file has ended. */
void chunks_close(struct app_io *io, struct chunks *c, bool truncated);
/* Gives back what waits; the file is its transaction's. */
void chunks_free(struct app_io *io, struct chunks *c);
