/* Files from the parsers to the file desk, and the desk's records back: one worker's part. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/app.h"
#include "dataplane/event/event.h"
#include "dataplane/evidence/desk.h"

struct carry_config {
	bool all;	   /* every file goes to the desk: it looks into them */
	bool store, force; /* files can be kept; all are */
	bool at_end;	   /* records are collected once at the end (offline: same order always) */
	uint64_t file_max; /* bytes; larger ones are not kept, 0 = no limit */
	uint32_t first_id, step; /* of file_id */
};

struct carry {
	struct desk_port *port; /* NULL: no desk, nothing is carried */
	struct carry_config config;
	bool rules; /* some rule keeps files */
	uint32_t next_id;
};

void carry_init(struct carry *c, struct desk_port *port, const struct carry_config *config);
/* APP_FILE_* for the parsers, of what the configuration and the rules want. */
uint8_t carry_wanted(struct carry *c, uint8_t configured, uint8_t by_rules);
struct app_carrier carry_carrier(struct carry *c);
/* The file is over: is it kept? */
void carry_decide(struct carry *c, struct app_file *file);
/* event_sink.file */
bool carry_end(void *carry, struct app_file *file, struct slice fileinfo);
/* How many of them were alerts. */
unsigned carry_collect(struct carry *c, struct event_writer *w);
