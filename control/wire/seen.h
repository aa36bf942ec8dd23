/* Drops doubles: remembers in the receiver's own database, in the transaction that stores the
 * message, the last number of each peer's spool and lane. */
#pragma once

#include <sqlite3.h>

#include "control/wire/link.h"

/* Makes the table link_seen if it is not there. */
int seen_init(sqlite3 *db, struct errmsg *e);

/* 1: new, and now remembered; 0: a double, pass it over; < 0 with a sentence. */
int seen_new(sqlite3 *db, const struct link_item *item, struct errmsg *e);
