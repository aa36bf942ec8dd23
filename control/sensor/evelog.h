/* eve.json and banken.json, one record a line (EVE's own types and ours). Reopened when somebody
 * moved them away. After a crash the last lines may be there twice. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct evelog;

struct evelog *evelog_open(const char *folder, struct errmsg *e);
void evelog_close(struct evelog *l);
/* `own`: a type that Suricata's schema lacks. */
void evelog_write(struct evelog *l, struct slice line, bool own);
/* What was written reaches the files; once a batch. False when the disk refused (lines are lost
 * and counted). */
bool evelog_flush(struct evelog *l);
uint64_t evelog_lost(const struct evelog *l);
