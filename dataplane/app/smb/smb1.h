/* SMB 1 (MS-CIFS, MS-SMB). */
#pragma once

#include "dataplane/app/smb/files.h"
#include "dataplane/app/smb/names.h"
#include "dataplane/app/smb/pipe.h"
#include "dataplane/app/smb/session.h"

enum smb1_command {
	SMB1_CLOSE = 0x04,
	SMB1_RENAME = 0x07,
	SMB1_WRITE = 0x0b,
	SMB1_LOCKING_ANDX = 0x24,
	SMB1_TRANS = 0x25,
	SMB1_WRITE_AND_CLOSE = 0x2c,
	SMB1_OPEN_ANDX = 0x2d,
	SMB1_READ_ANDX = 0x2e,
	SMB1_WRITE_ANDX = 0x2f,
	SMB1_TRANS2 = 0x32,
	SMB1_TRANS2_SECONDARY = 0x33,
	SMB1_TREE_DISCONNECT = 0x71,
	SMB1_NEGOTIATE = 0x72,
	SMB1_SESSION_SETUP_ANDX = 0x73,
	SMB1_LOGOFF_ANDX = 0x74,
	SMB1_TREE_CONNECT_ANDX = 0x75,
	SMB1_NT_CREATE_ANDX = 0xa2,
	SMB1_NT_CANCEL = 0xa4,
	SMB1_NONE = 0xff,
};

enum {
	SMB1_HEADER = 32,
	SMB1_PARTS_MAX = 32, /* of a chain; the rest is not looked at */
};

struct smb1_record {
	uint8_t first;	 /* the header's command */
	uint8_t command; /* of the part at hand in a chain (AndX) */
	uint32_t status;
	bool dos_error, unicode, response;
	uint16_t tree, user, msg;
	struct slice all; /* the record from its header on, as far as it is there */
	size_t at;	  /* where the part at hand begins in it */
};

/* False: the header is not whole. */
bool smb1_record_read(struct slice record, struct smb1_record *ret);
void smb1_request(struct smb_state *s, struct smb1_record *r);
void smb1_response(struct smb_state *s, struct smb1_record *r);
/* One part of a chain. */
void smb1_request_part(struct smb_state *s, const struct smb1_record *r);
void smb1_response_part(struct smb_state *s, const struct smb1_record *r);
/* smb1_data.c: writes, reads and pipes, also of records that are not all there. False: broken. */
bool smb1_write(struct smb_state *s, const struct smb1_record *r);
bool smb1_read(struct smb_state *s, const struct smb1_record *r);
bool smb1_trans_request(struct smb_state *s, const struct smb1_record *r);
bool smb1_trans_response(struct smb_state *s, const struct smb1_record *r);
bool smb1_in_pipe(struct smb_state *s, const struct smb1_record *r);
void smb1_close_file(struct smb_state *s, const struct smb_id *id, enum dir dir);
/* smb1_trans2.c: what TRANS2 sets on files. `ret_made`: it made a transaction. */
bool smb1_trans2(struct smb_state *s, const struct smb1_record *r, bool *ret_made);

/* The part at hand, to its end. */
struct cursor smb1_part(const struct smb1_record *r);
struct smb_header smb1_header(const struct smb1_record *r, enum smb_match match);
struct smb_key smb1_key(const struct smb1_record *r, enum smb_entry_kind kind);
struct smb_key smb1_tree_key(const struct smb1_record *r);
struct smb_command smb1_command(uint8_t command);
/* The next two bytes, a handle, together with the session. */
struct smb_id smb1_fid(struct cursor *c, const struct smb1_record *r);
/* The open file's name; "<unknown>" when it is not known. */
struct slice smb1_file_name(struct smb_state *s, const struct smb_id *id);
/* The plain transaction of an answer, made when a broken one has none. */
void smb1_answered(struct smb_state *s, const struct smb1_record *r, bool ok);
/* A plain transaction of a request; a broken one has one in any case. */
void smb1_asked(struct smb_state *s, const struct smb1_record *r, bool ok);
/* Texts that end a session set-up: operating system, LAN manager. */
void smb1_host_read(struct smb_state *s, struct smb_host *h, struct cursor *c,
		    const struct smb1_record *r);
