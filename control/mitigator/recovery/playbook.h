/* The playbook (Q12): which tasks follow a dangerous incident, who carries them out, how long each
 * may take. A YAML file of the operator's, checked whole: one sentence says what does not fit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/wire/message.h"
#include "dataplane/base/err.h"

enum {
	PLAYBOOK_PROGRAMS = 16,
	PLAYBOOK_TASKS = 16,
	PLAYBOOK_ARGUMENTS = 8,
	PLAYBOOK_NAME = 32,
	PLAYBOOK_PATH = 256,
	PLAYBOOK_BYTES = 256 << 10, /* of the file */
};

/* In the order in which they may stand: looking before touching. */
enum recovery_kind {
	RECOVERY_ASSESSMENT,
	RECOVERY_CLEAN_UP,
	RECOVERY_SAMPLE,  /* only when a person says so (E4) */
	RECOVERY_PATTERN, /* likewise */
	RECOVERY_KINDS
};

const char *recovery_kind_text(enum recovery_kind k); /* "clean-up" */

struct playbook_program {
	char name[PLAYBOOK_NAME], path[PLAYBOOK_PATH];
	char arguments[PLAYBOOK_ARGUMENTS][128];
	unsigned arguments_n;
};

struct playbook_task {
	char name[PLAYBOOK_NAME], program[PLAYBOOK_NAME];
	enum recovery_kind kind;
	uint32_t timeout_s, tries;
	uint32_t valid_s; /* an order is good for so long */
	bool approve;	  /* a person says yes first */
	bool roll_back;	  /* its program knows "undo", which is asked for when it fails */
};

struct playbook {
	char name[64];
	enum level at;	   /* incidents of this level and above */
	uint32_t answer_s; /* how long a question waits */
	struct playbook_program programs[PLAYBOOK_PROGRAMS];
	unsigned programs_n;
	struct playbook_task tasks[PLAYBOOK_TASKS];
	unsigned tasks_n;
};

/* malloc'ed, to be freed with free(); NULL with a sentence. `path` "": a playbook without tasks. */
struct playbook *playbook_load(const char *path, struct errmsg *e);
struct playbook *playbook_parse(const char *yaml, size_t len, const char *name, struct errmsg *e);
const struct playbook_program *playbook_program(const struct playbook *p, const char *name);
