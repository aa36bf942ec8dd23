/* Delivers one message at a time in a helper process, where a slow server delays nobody else: mail
 * by SMTP, syslog over TCP or TLS, a webhook by HTTP POST; all by libcurl. */
#pragma once

#include "control/centre/store/emergencies.h"
#include "control/helper/helper.h"
#include "dataplane/base/slice.h"

struct delivery_server {
	const char *mail; /* smtp://host:25, smtp+tls:// (STARTTLS demanded), smtps:// */
	const char *user; /* to log in with, "" = without */
	const char *password_file;
	const char *ca_file; /* that vouches for servers, "" = the system's */
	const char *from;
};

/* `server` is copied at the fork. `account`: who the helper becomes, "" = stay. */
int delivery_start(const struct delivery_server *server, const char *account, struct helper *ret,
		   struct errmsg *err);

enum { DELIVERY_TEXT = 80 * 1024 };

/* ERR_AGAIN when the helper does not keep up, ERR_IO when it is gone. */
int delivery_send(struct helper *h, enum recipient_kind kind, const char *address,
		  const char *text);
/* The answer: 1 and "" or why not in `ret_error`; 0 = not yet; ERR_IO when the helper is gone. */
int delivery_answer(struct helper *h, char ret_error[256]);

/* In a helper process, for it waits: hands one whole mail over. `ret_error`: "" or why not. */
void delivery_mail(const struct delivery_server *server, const char *address, struct slice text,
		   long timeout_s, char ret_error[256]);
