/* What a command's packets of the server say. */
#pragma once

#include "dataplane/app/mysql/mysql.h"

struct mysql_packet {
	uint32_t len; /* of its whole body */
	uint8_t number;
	struct slice body; /* of its first bytes */
};

/* A packet of the result of `t`. True: it was the last. */
bool mysql_result(struct app_io *io, struct mysql_state *s, struct mysql_tx *t,
		  const struct mysql_packet *p);
/* OK and error packets; false when it is neither. */
bool mysql_outcome(struct app_io *io, struct mysql_tx *t, const struct mysql_packet *p);
void mysql_keep(struct app_io *io, struct kept *k, struct slice s);
