/* IMAP (RFC 9051, 3501) over TCP: commands, their results, and mails that are fetched or appended,
 * with their attachments and URLs. Suricata identifies it (by "1 capability") but has no parser:
 * its records are of our own schema, and where Suricata would not know it the flow stays "failed".
 */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/smtp/mime.h"

enum imap_limits {
	IMAP_LINE_MAX = 4096, /* bytes of a line that are read; the rest is passed over */
	IMAP_TEXT_MAX = 512,  /* bytes of an argument or result that are kept */
	IMAP_WORD_MAX = 64,   /* of a tag, of a command */
	IMAP_PENDING = 32,    /* commands without a result: the oldest one's is not waited for */
};

enum imap_kind {
	IMAP_OTHER,
	IMAP_AUTHENTICATE,
	IMAP_IDLE,
	IMAP_APPEND,
	IMAP_STARTTLS,
	IMAP_FETCHED
};

struct imap_tx {
	struct app_tx tx;
	uint8_t kind; /* enum imap_kind; FETCHED: a mail by itself */
	struct kept tag, command, argument, status, text;
	struct mime *mail;
};

struct imap_side {
	bool passing;	  /* over the rest of a line that is too long */
	bool goes_on;	  /* the line in hand goes on behind a literal */
	uint64_t literal; /* bytes of it to come */
	bool has_mail;	  /* it is the mail of the transaction `mail` */
	uint64_t mail;	  /* id */
	struct mime_feed feed;
};

struct imap_state {
	struct imap_side side[2];
	uint64_t pending[IMAP_PENDING]; /* ids of commands without a result, oldest first */
	unsigned npending;
	bool plain_line; /* the client's next line is no command */
	bool tunnel;	 /* TLS has begun: not ours */
};

bool imap_log(const struct app_tx *tx, const void *state, struct record *r);
void imap_log_mail(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto imap_proto;
