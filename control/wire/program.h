/* The command line that every program of control/ has: -c FILE, --set KEY=VALUE, --print-config,
 * --help, --version, and --check or --demo where those are given. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/wire/config.h"

struct program {
	const char *name;    /* "banken-centre" */
	const char *version; /* "0.1.0" */
	const char *usage;   /* the whole text of --help */
	const struct config_key *keys;
	bool *check; /* set by --check; NULL: there is no such option */
	bool *demo;  /* the same of --demo */
};

/* Fills `conf` (size bytes; zeroed first). Returns the configuration's memory to go on with; NULL
 * to end with *ret_status, everything said. */
struct config *program_start(const struct program *p, int argc, char **argv, void *conf,
			     size_t size, int *ret_status);
