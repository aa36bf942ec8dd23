/* FTP's control connection (RFC 959, 2428): a command and its replies are a transaction. Announces
 * the data connections of RETR and STOR. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/app/text/list.h"

enum ftp_limit {
	FTP_LINE_MAX = 4096, /* request_command_too_long, response_...: the rest is passed over */
	FTP_REPLIES_MAX = 32768, /* bytes of replies kept of a transaction */
};

enum ftp_progress {
	FTP_IN_PROGRESS,
	FTP_PORT_DONE,
	FTP_FINISHED,
};

enum ftp_event {
	FTP_EVENT_REQUEST_COMMAND_TOO_LONG,
	FTP_EVENT_RESPONSE_COMMAND_TOO_LONG,
	FTP_EVENTS,
};

/* app_expectation.kind of what is announced to ftp_data */
enum ftp_transfer {
	FTP_RETR = 1,
	FTP_STOR = 2,
	FTP_TRANSFER = 3,
	FTP_ACTIVE = 4, /* the server opens the connection */
};

struct ftp_tx {
	struct app_tx tx;
	const char *command; /* of the known ones; NULL */
	struct kept request;
	struct text_list replies;
	uint16_t data_port; /* 0 = none was said */
	bool active, bounce, cut_request, cut_reply;
};

struct ftp_state {
	const char *command; /* the newest */
	uint16_t data_port;  /* for the next transfer, 0 = none */
	bool active;
	bool passing[2]; /* over the rest of a line that was too long */
};

extern const struct app_proto ftp_proto;

/* address.c: what says where data goes. 0 when it is not understood. */
uint16_t ftp_port_command(struct slice arguments, uint8_t ret_ip[4]); /* "h1,h2,h3,h4,p1,p2" */
uint16_t ftp_eprt_command(struct slice arguments);		      /* "|1|10.0.0.1|5000|" */
uint16_t ftp_pasv_reply(struct slice line);			      /* "227 ... (h1,...,p2)" */
uint16_t ftp_epsv_reply(struct slice line);			      /* "229 ... (|||5000|)" */
/* log.c */
bool ftp_log(const struct app_tx *tx, const void *state, struct record *r);
