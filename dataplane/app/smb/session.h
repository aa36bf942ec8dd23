/* Who logs on: session set-up in both versions. */
#pragma once

#include "dataplane/app/smb/names.h"
#include "dataplane/app/smb/tx.h"

/* Takes the identities out of a security blob. */
void smb_session_blob(struct smb_state *s, struct smb_session *n, struct slice blob);
