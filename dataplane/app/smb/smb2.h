/* SMB 2 and 3 (MS-SMB2). */
#pragma once

#include "dataplane/app/smb/files.h"
#include "dataplane/app/smb/names.h"
#include "dataplane/app/smb/pipe.h"
#include "dataplane/app/smb/session.h"

enum smb2_command {
	SMB2_NEGOTIATE = 0,
	SMB2_SESSION_SETUP = 1,
	SMB2_LOGOFF = 2,
	SMB2_TREE_CONNECT = 3,
	SMB2_TREE_DISCONNECT = 4,
	SMB2_CREATE = 5,
	SMB2_CLOSE = 6,
	SMB2_READ = 8,
	SMB2_WRITE = 9,
	SMB2_IOCTL = 11,
	SMB2_QUERY_INFO = 16,
	SMB2_SET_INFO = 17,
};

enum { SMB2_HEADER = 64 };

struct smb2_record {
	uint16_t command, header_len;
	uint32_t status, tree;
	uint64_t msg, ssn;
	bool response;
	struct slice data; /* behind the header, as far as it is there */
	size_t len;	   /* of the record with its header */
};

/* The next record of a chain. False: it is broken or (`dir`'s chain) not all there. */
bool smb2_record_read(struct slice chain, enum dir dir, struct smb2_record *ret);
void smb2_request(struct smb_state *s, const struct smb2_record *r);
void smb2_response(struct smb_state *s, const struct smb2_record *r);
/* smb2_data.c: reads and writes, also of records that are not all there. */
void smb2_write(struct smb_state *s, const struct smb2_record *r);
void smb2_read(struct smb_state *s, const struct smb2_record *r);
/* The record goes into a pipe as far as is known. */
bool smb2_in_pipe(struct smb_state *s, const struct smb2_record *r);
/* smb2_response.c */
struct smb_header smb2_header(const struct smb2_record *r, enum smb_match match);
void smb2_guid(struct cursor *c, struct smb_id *ret);
/* The open file's name; empty: not known. Valid until the table changes. */
struct slice smb2_file_name(struct smb_state *s, const struct smb_id *id);
struct smb_key smb2_tree_key(const struct smb2_record *r);
/* A read that waits. An answer that came late (async) does not tell its tree. */
struct smb_key smb2_read_key(const struct smb2_record *r);
