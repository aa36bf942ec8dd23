/* What the subcommands of `banken` share. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"

struct cli {
	const char *run_folder; /* where the programs' sockets are */
	bool json;		/* print the answers as they come */
	const char *self;	/* argv[0], to find banken-dataplane beside it */
};

/* What a command returns whose words make no sense: what lacks is told from its help (usage.h). */
enum { CLI_MISUSED = 100 };

struct cli_command {
	const char *name, *usage, *help;
	const char *more; /* what its own --help adds; NULL: it has a --help of its own */
	/* argv[0] is the subcommand's name. Exit status: 0, 1 (failed), 2 (wrong usage, said)
	 * or CLI_MISUSED. */
	int (*run)(const struct cli *cli, int argc, char **argv);
};

int cmd_status(const struct cli *cli, int argc, char **argv);
int cmd_doctor(const struct cli *cli, int argc, char **argv);
int cmd_alerts(const struct cli *cli, int argc, char **argv);
int cmd_hosts(const struct cli *cli, int argc, char **argv);
int cmd_coverage(const struct cli *cli, int argc, char **argv);
int cmd_learn(const struct cli *cli, int argc, char **argv);
int cmd_search(const struct cli *cli, int argc, char **argv);
int cmd_events(const struct cli *cli, int argc, char **argv);
int cmd_quarantine(const struct cli *cli, int argc, char **argv);
int cmd_enrol(const struct cli *cli, int argc, char **argv);
int cmd_fleet(const struct cli *cli, int argc, char **argv);
int cmd_emergency(const struct cli *cli, int argc, char **argv);
int cmd_recovery(const struct cli *cli, int argc, char **argv);
int cmd_sample(const struct cli *cli, int argc, char **argv);
int cmd_report(const struct cli *cli, int argc, char **argv);
int cmd_rules(const struct cli *cli, int argc, char **argv);
int cmd_account(const struct cli *cli, int argc, char **argv);
int cmd_centre(const struct cli *cli, int argc, char **argv);
/* The same words for whichever program has pages. */
int cli_account(const struct cli *cli, const char *program, int argc, char **argv);
int cli_audit(const struct cli *cli, const char *program, json_int_t most);
int cmd_audit(const struct cli *cli, int argc, char **argv);
int cmd_policy(const struct cli *cli, int argc, char **argv);
int cmd_evidence(const struct cli *cli, int argc, char **argv);
int cmd_bundle(const struct cli *cli, int argc, char **argv);
int cmd_pattern(const struct cli *cli, int argc, char **argv);
int cmd_lists(const struct cli *cli, int argc, char **argv);
int cmd_forward(const struct cli *cli, int argc, char **argv);
int cmd_metrics(const struct cli *cli, int argc, char **argv);
int cmd_watch(const struct cli *cli, int argc, char **argv);
int cmd_replay(const struct cli *cli, int argc, char **argv);

/* taxii.c: a part of `banken lists`. */
int cli_taxii(const struct cli *cli, int argc, char **argv);
/* change.c: parts of `banken policy`. */
int cli_policy_editions(const struct cli *cli, int argc, char **argv);
int cli_policy_mode(const struct cli *cli, int argc, char **argv);
int cli_policy_exception(const struct cli *cli, int argc, char **argv);

/* Asks PROGRAM.sock. NULL with the sentence printed when it does not run or says no. `request` is
 * given away. */
json_t *cli_ask(const struct cli *cli, const char *program, json_t *request);
/* The same for what takes long: half an hour. */
json_t *cli_ask_patiently(const struct cli *cli, const char *program, json_t *request);
/* The same without a word on stderr. */
json_t *cli_ask_quietly(const struct cli *cli, const char *program, json_t *request,
			struct errmsg *e);
/* Prints the answer as JSON if asked to; true when it did. */
bool cli_json(const struct cli *cli, const json_t *answer);
/* A sentence on stderr; returns `status`. */
__attribute__((format(printf, 2, 3))) int cli_fail(int status, const char *fmt, ...);

/* Rows of an array as a table with aligned columns: "title:field" pairs, NULL-terminated. Fields
 * that end in "@" are times in ns. */
void cli_table(const json_t *rows, const char *const *columns, const char *nothing);
/* Asks and prints the answer's `list` as that table, or as JSON. Exit status. */
int cli_show(const struct cli *cli, const char *program, json_t *request, const char *list,
	     const char *const *columns, const char *nothing);
const char *cli_text(const json_t *row, const char *key);
/* Local time "2026-11-21 09:00:05"; "" for 0. */
const char *cli_time(uint64_t ns, char ret[32]);
/* The path of a program that lies beside this one, or its bare name to be found in PATH. */
void cli_program(const struct cli *cli, const char *name, char *ret, size_t cap);
