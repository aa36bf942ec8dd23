/* What one record says and a later one needs: names of open files, trees, requests that wait for
 * their answer. Bounded: at LIMIT_SMB_ENTRIES or LIMIT_SMB_ENTRY_BYTES what was not used for
 * longest goes. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/base/chain.h"

/* A file's handle: 16 bytes in SMB2; in SMB1 two, and four of the session. */
struct smb_id {
	uint8_t len;
	uint8_t bytes[16];
};

enum smb_entry_kind {
	SMB_ENTRY_NAME = 1, /* of an open file, by handle */
	SMB_ENTRY_CREATE,   /* name in a create request */
	SMB_ENTRY_HANDLE,   /* handle in a request, for the answer */
	SMB_ENTRY_READ,	    /* handle and offset of a read request */
	SMB_ENTRY_TREE,	    /* share, by session and tree */
	SMB_ENTRY_PIECE,    /* start of an answer in a pipe, by session, tree and handle */
};

struct smb_key {
	enum smb_entry_kind kind;
	uint32_t tree;
	uint64_t ssn, msg;
	struct smb_id id;
};

struct smb_entry {
	struct chain_link link;
	struct smb_entry *older, *newer; /* by last use */
	struct kept bytes;		 /* name or piece */
	struct smb_id id;
	uint64_t offset;
	bool pipe;
};

struct smb_table {
	struct hash_key key;
	struct chain chain;
	struct smb_entry *oldest, *newest;
	uint32_t count, bytes;
};

/* NULL: not there. The entry counts as used now. */
struct smb_entry *smb_table_get(struct smb_table *t, const struct smb_key *key);
/* A new entry in place of one with the same key; `bytes` are copied. NULL: no memory. */
struct smb_entry *smb_table_put(struct app_io *io, struct smb_table *t, const struct smb_key *key,
				struct slice bytes);
/* e may be NULL. */
void smb_table_drop(struct app_io *io, struct smb_table *t, struct smb_entry *e);
void smb_table_free(struct app_io *io, struct smb_table *t);

bool smb_id_eq(const struct smb_id *a, const struct smb_id *b);
