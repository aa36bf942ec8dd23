/* `banken keys`: the site's CA and its certificates. */
#pragma once

/* argv[0] is "keys". 0, 1 (failed) or 2 (wrong usage); every failure is a sentence on stderr. */
int cmd_keys(int argc, char **argv);
