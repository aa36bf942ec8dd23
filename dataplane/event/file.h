/* Writes records as EVE lines: DIR/eve.json, and DIR/banken.json for types that Suricata's schema
 * lacks. Buffered; for the offline mode. An error (full disk) is kept and reported once at close.
 */
#pragma once

#include "dataplane/api/record.h"
#include "dataplane/base/err.h"

struct event_file;

struct event_file *event_file_open(const char *folder, const struct record_eve_options *options,
				   struct errmsg *err);
void event_file_put(struct event_file *f, struct slice record);
/* Flushes and frees. ERR_IO with a sentence when anything could not be written. */
int event_file_close(struct event_file *f, struct errmsg *err);
