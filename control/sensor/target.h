/* A host and its exempt peers in the mailbox's form. */
#pragma once

#include "control/wire/message.h"
#include "dataplane/api/mailbox.h"

/* ERR_INVALID with a sentence: no address at all, or an exempt entry that is no prefix;
 * ERR_LIMIT: more of them than a message holds. */
int target_fill(const struct host_ident *host, const struct text_list *exempt,
		struct mailbox_host *ret, struct errmsg *e);
