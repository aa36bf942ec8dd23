/* Incidents on a terminal. */
#pragma once

#include "control/cli/cli.h"

/* One incident as the mitigator's "incidents" and `banken replay` give it. */
void incident_print(const json_t *o, bool japanese);
int cmd_incidents(const struct cli *cli, int argc, char **argv);
