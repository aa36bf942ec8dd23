/* Serves the page in a process of its own without any right: what connects is a host that was cut
 * for a reason. Bounded in connections, in all and of one address, in bytes and in time; one
 * request a connection. */
#pragma once

#include <stdint.h>

#include "control/enforcer/notice/page.h"
#include "control/helper/helper.h"

enum {
	NOTICE_CONNECTIONS = 128,
	NOTICE_PER_ADDRESS = 8,
	NOTICE_SECONDS = 5, /* for a whole connection */
};

struct notice_config {
	uint16_t port;
	struct notice_texts texts;
};

/* `c` must outlive it. Opens the port before the helper is forked, so that a taken one is a
 * sentence at the start. */
int notice_start(const struct notice_config *c, const char *user, struct helper *ret,
		 struct errmsg *e);
