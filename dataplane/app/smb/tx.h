/* Transactions of SMB: made, found again, completed. */
#pragma once

#include "dataplane/app/smb/smb.h"

struct smb_command {
	uint8_t version;
	uint16_t command;
};

/* A transaction whose request is complete; the oldest open one goes at LIMIT_SMB_TRANSACTIONS.
 * NULL at a limit of the framework: the request is then not followed. */
struct smb_tx *smb_tx_new(struct smb_state *s, enum smb_type type, struct smb_header header,
			  struct smb_command command);
void smb_tx_free(struct smb_state *s, struct smb_tx *t);

/* The oldest with this header (the tree does not count) and command; NULL: none. */
struct smb_tx *smb_tx_find(const struct smb_state *s, struct smb_header header,
			   struct smb_command command);
/* The oldest of a type with this header. */
struct smb_tx *smb_tx_find_type(const struct smb_state *s, struct smb_header header,
				enum smb_type type);
/* The same transaction is from now on found by another header. */
void smb_tx_header(struct smb_state *s, struct smb_tx *t, struct smb_header header);

/* Files by handle, calls by session and call id: `index` makes it findable. */
void smb_tx_index_file(struct smb_state *s, struct smb_tx *t);
struct smb_tx *smb_tx_find_file(const struct smb_state *s, const struct smb_id *id, enum dir dir,
				bool only_open);
void smb_tx_index_call(struct smb_state *s, struct smb_tx *t);
struct smb_tx *smb_tx_find_call(const struct smb_state *s, struct smb_header header,
				struct smb_command command, uint32_t call_id);

void smb_tx_request_open(struct smb_tx *t); /* more of the request is to come */
void smb_tx_request_done(struct smb_state *s, struct smb_tx *t);
void smb_tx_response_done(struct smb_state *s, struct smb_tx *t);
void smb_tx_done(struct smb_state *s, struct smb_tx *t);
void smb_tx_status(struct smb_tx *t, uint32_t status, bool dos_error);
/* On the newest transaction; without one it is lost. */
void smb_event(struct smb_state *s, enum smb_event event);
