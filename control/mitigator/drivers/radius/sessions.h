/* What a RADIUS server's accounting knows of a host's session: which device, which session. Read
 * from FreeRADIUS's table radacct in an SQLite file, which this program only reads. */
#pragma once

#include "control/mitigator/drivers/driver.h"

struct radius_session {
	int64_t row;	    /* its record's number, 0: not known */
	struct ip_addr nas; /* zero: not known */
	char id[64], user[128], port[64];
};

/* The MAC's open session that began last. 0, ERR_NOTFOUND when there is none, ERR_IO with a
 * sentence when the file cannot be read. */
int radius_session_find(const char *path, const struct mac_addr *mac, struct radius_session *ret,
			struct errmsg *e);
/* How many others have an open session at its port, which are IP phones too. 0; ERR_NOTFOUND: the
 * accounting does not say at which port; ERR_IO with a sentence. */
int radius_session_others(const char *path, const struct radius_session *s,
			  const struct mac_addr *mac, unsigned *ret, struct errmsg *e);
/* Whether that record has an end by now: what was ordered of the session was carried out. */
bool radius_session_over(const char *path, int64_t row);
