/* TFTP requests (RFC 1350) over UDP 69. The transfer itself goes on between other ports, as a flow
 * of its own. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum { TFTP_TEXT_MAX = 512 }; /* bytes of a file's name or a mode */

struct tftp_tx {
	struct app_tx tx;
	bool write;
	struct kept file, mode; /* mode in lower case */
};

extern const struct app_proto tftp_proto;
