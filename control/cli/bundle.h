/* What the parts of `banken bundle`, `banken rules` and `banken pattern` share. */
#pragma once

#include "control/cli/cli.h"
#include "signatures/bundle/store.h"

/* --folder, --keys, --lists or BANKEN_BUNDLE, BANKEN_BUNDLE_KEYS, BANKEN_LISTS or the defaults. */
struct store_place bundle_place(const char *folder, const char *keys, const char *lists);
/* Prints what is in force: what it is made of, figures, problems. Gives `set` away. */
void bundle_print_set(const struct cli *cli, json_t *set);
/* Waits until the running dataplane has read that set; says so, or what is different. 0, or 1 when
 * it runs other rules. Without a running sensor: says that. */
int bundle_deployed(const struct cli *cli, const json_t *set, unsigned seconds);

int cli_bundle_build(const struct cli *cli, int argc, char **argv);
int cli_bundle_preview(const struct cli *cli, int argc, char **argv);
