/* Parts of `banken report`. */
#pragma once

#include "control/cli/cli.h"

/* finals, schedule, tell, forget, again; -1 when it is none of them. */
int cmd_report_final(const struct cli *cli, int argc, char **argv);
