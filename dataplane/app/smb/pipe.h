/* DCE/RPC that is read from and written to named pipes. */
#pragma once

#include "dataplane/app/smb/tx.h"

/* The name is that of a pipe which speaks DCE/RPC. */
bool smb_pipe_speaks(struct slice name);
/* The bytes look like the start of a PDU. */
bool smb_pipe_probe(struct slice data);

void smb_pipe_request(struct smb_state *s, struct smb_command command, struct smb_header header,
		      struct slice data);

struct smb_answer {
	struct smb_command command;
	struct smb_header header;
	uint32_t status;
	struct smb_id id; /* of the pipe; empty: not known */
};
void smb_pipe_response(struct smb_state *s, const struct smb_answer *a, struct slice data);
/* Keeps the start of an answer whose rest is read by further requests. */
void smb_pipe_piece(struct smb_state *s, const struct smb_answer *a, struct slice data);
