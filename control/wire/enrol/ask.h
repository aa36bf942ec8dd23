/* The asking side of enrolment: over TLS, to the centre's port for sensors and mitigators, without
 * a certificate of our own; the code's pin says which CA the centre must be of. Nothing but the TLS
 * greeting is sent before that is known. Blocks. */
#pragma once

#include "control/wire/enrol/code.h"
#include "control/wire/message.h"

enum {
	ENROL_FRAME_MAX = 16 << 10, /* bytes of a request or answer, behind a 4-byte length */
	ENROL_SECONDS = 15,	    /* for all of it */
};

struct enrol_ask {
	const char *centre; /* "host:port" */
	const char *dir;    /* key folder */
	const struct enrol_code *code;
	const char *name; /* that the box would like; "" = as the centre says */
};

/* 0: the folder holds key, certificate and CA of *ret. ERR_AGAIN with a sentence: the centre cannot
 * be reached, or says "later". Else it is refused, and why. The same code may be tried again from
 * the same folder after any failure. */
int enrol_ask(const struct enrol_ask *ask, struct identity *ret, struct errmsg *e);

/* For a program's first start: the code of its configuration, tried until the centre answers.
 * 0 also when the folder holds a certificate already. Ends by a signal. */
struct log;
int enrol_at_start(const char *code, const char *centre, const char *dir, enum wire_role role,
		   const struct log *log, struct errmsg *e);
