/* SMTP (RFC 5321): commands, replies, mails. A transaction is what goes from one mail to the end of
 * the next. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/smtp/mime.h"

enum smtp_limit {
	SMTP_LINE_MAX = 4096,	     /* truncated_line: the rest is passed over */
	SMTP_COMMANDS_MAX = 65535,   /* commands without a reply: the parser ends */
	SMTP_RECIPIENTS_MAX = 65536, /* bytes of recipients kept of a mail */
};

enum smtp_event {
	SMTP_EVENT_INVALID_REPLY,
	SMTP_EVENT_UNABLE_TO_MATCH_REPLY_WITH_REQUEST,
	SMTP_EVENT_MAX_COMMAND_LINE_LEN_EXCEEDED,
	SMTP_EVENT_MAX_REPLY_LINE_LEN_EXCEEDED,
	SMTP_EVENT_INVALID_PIPELINED_SEQUENCE,
	SMTP_EVENT_BDAT_CHUNK_LEN_EXCEEDED,
	SMTP_EVENT_NO_SERVER_WELCOME_MESSAGE,
	SMTP_EVENT_TLS_REJECTED,
	SMTP_EVENT_DATA_COMMAND_REJECTED,
	SMTP_EVENT_FAILED_PROTOCOL_CHANGE,
	SMTP_EVENT_DUPLICATE_FIELDS,
	SMTP_EVENT_UNPARSABLE_CONTENT,
	SMTP_EVENT_TRUNCATED_LINE,
	SMTP_EVENT_MIME_PARSE_FAILED,
	SMTP_EVENT_MIME_MALFORMED_MSG,
	SMTP_EVENT_MIME_INVALID_BASE64,
	SMTP_EVENT_MIME_INVALID_QP,
	SMTP_EVENT_MIME_LONG_LINE,
	SMTP_EVENT_MIME_LONG_ENC_LINE,
	SMTP_EVENT_MIME_LONG_HEADER_NAME,
	SMTP_EVENT_MIME_LONG_HEADER_VALUE,
	SMTP_EVENT_MIME_LONG_BOUNDARY,
	SMTP_EVENT_MIME_LONG_FILENAME,
	SMTP_EVENTS,
};

struct smtp_tx {
	struct app_tx tx;
	struct kept from;
	struct text_list recipients;
	struct mime *mail; /* NULL before DATA */
};

enum smtp_command {
	SMTP_OTHER,
	SMTP_STARTTLS,
	SMTP_DATA,
	SMTP_BDAT,
	SMTP_RSET,
	SMTP_MAIL_END, /* the dot; its reply is told apart from others */
};

struct smtp_state {
	struct kept helo;
	struct kept commands; /* enum smtp_command a byte: sent and not answered from `answered` on
			       */
	uint32_t answered;
	uint8_t current; /* enum smtp_command */
	bool welcomed;	 /* the server's first reply is over */
	bool multiline;	 /* in a reply of several lines */
	bool pipelining; /* offered by the server */
	bool in_data;	 /* what the client sends is no command */
	bool passing[2]; /* over the rest of a line that was too long */
	bool line_begun; /* in a mail: part of the line in hand went on */
	bool reply_begun;
	uint64_t chunk_left; /* BDAT */
	uint64_t tx_id;	     /* of the transaction in hand */
	bool has_tx;
};

extern const struct app_proto smtp_proto;

/* log.c */
bool smtp_log(const struct app_tx *tx, const void *state, struct record *r);
void smtp_log_alert(const struct app_tx *tx, const void *state, struct record *r);
