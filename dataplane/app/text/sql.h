/* SQL in records. */
#pragma once

#include "dataplane/api/record.h"
#include "dataplane/base/slice.h"

enum { SQL_MAX = 4096 }; /* bytes of a statement in a record */

/* The statement as a field, without what may be a secret: behind a word that speaks of one
 * (PASSWORD, IDENTIFIED, ...) every literal up to the statement's end is written as '***'. */
void sql_log(struct record *r, const char *name, struct slice statement);
