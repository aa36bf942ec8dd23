/* Permission lists out and in. */
#pragma once

#include "control/cli/cli.h"

/* The lists kept before cuts, of one threat or ("") all; or who is permitted now. Exit status. */
int cli_undo_export(const struct cli *cli, const char *path, const char *threat, bool current);
/* A ZIP, or one list by its name: restores all hosts that the lists permit and the threat cut. */
int cli_undo_import(const struct cli *cli, const char *path, const char *reason);
