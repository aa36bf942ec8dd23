/* What is wrong with a command's words, by its own help: a line "  customer add ID NAME [--zone
 * ZONE] makes one" says which words belong together, in capitals what a person fills in, in
 * brackets what may be left out. Pure. */
#pragma once

#include <stdio.h>

/* Says on `to` which word is missing, how the command goes, and an example, as far as `help` has
 * it. argv[0] is the subcommand's name. */
void usage_say(FILE *to, const char *help, int argc, char *const *argv);
