/* Hosts in the mitigator's database. The caller owns the transaction. */
#pragma once

#include <sqlite3.h>

#include "control/mitigator/host/host.h"

/* Makes the table when it is missing. */
int host_store_init(sqlite3 *db, struct errmsg *e);
int host_store_load(sqlite3 *db, struct hosts *t, struct errmsg *e);
/* Stores what is dirty, at most `most` hosts; and those whose last sight is older than a minute. */
int host_store_save(sqlite3 *db, struct hosts *t, uint64_t now, unsigned most, struct errmsg *e);
