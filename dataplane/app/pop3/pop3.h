/* POP3 (RFC 1939, 2449, 2595, 5034) over TCP: commands, replies, and mails with their attachments
 * and URLs. Suricata has no parser of it: rules cannot name it, the flow's app_proto stays
 * "failed", and its records are of our own schema. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/smtp/mime.h"

enum pop3_limits {
	POP3_LINE_MAX = 4096, /* of a command or status line: the rest is passed over */
	POP3_TEXT_MAX = 512,  /* bytes of an argument or reply that are kept */
	POP3_WORD_MAX = 16,   /* of a command */
};

enum pop3_kind { POP3_OTHER, POP3_MAIL, POP3_LINES, POP3_AUTH, POP3_STLS };

struct pop3_tx {
	struct app_tx tx;
	uint8_t kind; /* enum pop3_kind */
	bool answered, ok;
	struct kept command, argument, reply; /* no argument of commands that carry secrets */
	struct mime *mail;
};

struct pop3_state {
	uint64_t next; /* id of the transaction that is answered next */
	bool in_lines; /* the server sends the lines of an answer */
	bool secret;   /* the client's next line is no command */
	bool tunnel;   /* TLS has begun: not ours */
	bool passing[2];
	struct mime_feed feed;
};

bool pop3_log(const struct app_tx *tx, const void *state, struct record *r);
void pop3_log_mail(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto pop3_proto;
