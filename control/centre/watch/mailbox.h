/* The mailbox in which the self-test's mails arrive, looked into by a helper process: a Maildir, or
 * IMAP or POP3 by libcurl. It is the centre's own: what was read is removed. */
#pragma once

#include "control/helper/helper.h"

enum { MAILBOX_IDS = 64, MAILBOX_ID = 64 };

struct mailbox_place {
	const char *url; /* maildir:/FOLDER, imaps://HOST/INBOX, imap://, pop3s://HOST, pop3:// */
	const char *user, *password_file, *ca_file;
};

struct mailbox_found {
	char error[256]; /* "" = looked */
	unsigned n;
	char ids[MAILBOX_IDS][MAILBOX_ID];
};

/* `place` must live as long as the program. */
int mailbox_helper_start(const struct mailbox_place *place, const char *account, struct helper *ret,
			 struct errmsg *err);
/* ERR_OK when it is being looked into. */
int mailbox_look(struct helper *h);
/* 1; 0 = not yet; ERR_IO when the helper is gone. */
int mailbox_answer(struct helper *h, struct mailbox_found *ret);

/* The values of X-Banken-Self-Test in a mail's header, added to `ret`. */
void mailbox_read_header(const char *mail, size_t len, struct mailbox_found *ret);
/* Looks now; in the helper, and in tests. */
void mailbox_look_now(const struct mailbox_place *place, struct mailbox_found *ret);
