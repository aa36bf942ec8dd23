/* `banken doctor`: what its checks share. */
#pragma once

#include "control/cli/cli.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD };

/* What was found, in both languages; `%s` and the like stand in both in the same order. */
struct doctor_words {
	const char *english, *japanese;
	const char *do_english, *do_japanese; /* what to do; "" for nothing */
};

struct doctor {
	const struct cli *cli;
	const char *config_folder; /* "/etc/banken" */
	bool japanese;
	json_t *findings; /* array of {check, level, what, where, do} */
	unsigned bad, notes;
	json_t *control, *mitigator, *enforcer, *centre; /* their status; NULL: they do not run */
};

/* One finding. `where`: a file, program or interface. The words' formats take what follows. */
void doctor_find(struct doctor *d, enum doctor_level level, const char *check, const char *where,
		 const struct doctor_words *words, ...);
#define WORDS(...) (&(const struct doctor_words){__VA_ARGS__})

/* The programs' names without "banken-", in the order of starting; NULL behind the last. */
extern const char *const doctor_programs[];
/* Whether this machine is set up for it: FOLDER/NAME.yaml is there; its path in `path`. */
bool doctor_has(const struct doctor *d, const char *program, char *path, size_t cap);
/* A key of its configuration in force ("keys-folder", "centre.address"); "" when there is none.
 * The program itself prints it. */
void doctor_key(const struct doctor *d, const char *program, const char *key, char *ret,
		size_t cap);

/* doctor_machine.c */
void doctor_clock(struct doctor *d);
void doctor_zone(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_cores(struct doctor *d);
void doctor_disks(struct doctor *d);
void doctor_keys(struct doctor *d);
void doctor_files(struct doctor *d);
/* doctor_work.c */
void doctor_running(struct doctor *d);
void doctor_mirror(struct doctor *d);
void doctor_spools(struct doctor *d);
void doctor_links(struct doctor *d);
void doctor_rules(struct doctor *d);
void doctor_drivers(struct doctor *d);
void doctor_mail(struct doctor *d);
