/* SSH up to the new keys (RFC 4253): banners, key exchange offers, HASSH. One transaction a
 * connection. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum {
	SSH_BANNER_MAX = 256,	 /* a longer line sets long_banner; its first bytes are used */
	SSH_KEXINIT_MAX = 65535, /* a longer offer is passed over (long_kex_record) */
};

enum ssh_progress {
	SSH_IN_PROGRESS,
	SSH_BANNER_WAIT_EOL,
	SSH_BANNER_DONE,
	SSH_FINISHED, /* new keys: encrypted from here on */
};

enum ssh_event {
	SSH_EVENT_INVALID_BANNER,
	SSH_EVENT_LONG_BANNER,
	SSH_EVENT_INVALID_RECORD,
	SSH_EVENT_LONG_KEX_RECORD,
	SSH_EVENTS,
};

struct ssh_side {
	uint8_t progress; /* enum ssh_progress */
	uint32_t skip;	  /* bytes left of a record that is passed over */
	struct kept proto, software, hassh_string;
	char hassh[32];
};

struct ssh_tx {
	struct app_tx tx;
	struct ssh_side side[2]; /* [DIR_TS] = client */
};

extern const struct app_proto ssh_proto;
