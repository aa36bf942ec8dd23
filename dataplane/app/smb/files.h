/* Files that are read and written, piece by piece, in any order. */
#pragma once

#include "dataplane/app/smb/tx.h"

/* A piece of a file: what is there of its `len` bytes; the rest comes later in the stream. */
struct smb_piece {
	struct smb_id id;
	uint64_t offset;
	uint32_t len;
	struct slice data;
	struct slice name, share;
	struct smb_header header;
	struct smb_command command;
};

/* The open file's transaction, made when there is none; NULL at a limit. */
struct smb_tx *smb_file_piece(struct smb_state *s, enum dir dir, const struct smb_piece *p);
/* More bytes of the piece that comes now, `missing` of them not seen. Returns how many belonged to
 * it. */
uint32_t smb_file_more(struct smb_state *s, enum dir dir, struct slice data, uint64_t missing);
/* The file is closed: its transaction is complete. */
void smb_file_close(struct smb_state *s, struct smb_tx *t);
/* Nothing more will come of it. */
void smb_file_cut(struct smb_state *s, struct smb_tx *t);
void smb_file_free(struct smb_state *s, struct smb_tx *t);

/* What the answer to a create says of the file. */
struct smb_created {
	uint64_t times[4]; /* FILETIME: created, accessed, modified, changed */
	uint64_t size;
	struct smb_id id;
};
void smb_created_keep(struct smb_tx *t, const struct smb_created *n);
/* The file that was asked for by the request `create` is open: its name goes with its handle. */
void smb_name_opened(struct smb_state *s, const struct smb_key *create, const struct smb_id *id);
