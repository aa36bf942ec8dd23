/* Notes for people, handed to the operator's program by a helper process: mail, message to a user,
 * a question, an alarm. The program gets one JSON object on standard input. */
#pragma once

#include "control/helper/helper.h"

/* Plain old data, one packet. */
struct notify_note {
	char kind[16]; /* "mail", "message", "ask", "alarm", "command" */
	char host[80], state[16], command[96];
	char text[1024];
};

/* `program` and `user` must outlive the helper. */
int notify_start(const char *program, const char *user, struct helper *ret, struct errmsg *e);
