/* One rule's text into a rule. Private to lang. */
#pragma once

#include "signatures/lang/build.h"

/* `text` is written to. The build must be prepared (set, arena, vars, opts, rule). 0, or an error
 * with reason, or b->not_required. */
int lang_parse_rule(struct lang_build *b, char *text);
