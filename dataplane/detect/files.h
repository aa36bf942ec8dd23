/* Keywords on files as a whole: digests in lists, sizes. */
#pragma once

#include "dataplane/detect/internal.h"

struct files_lists;

/* The hash lists of a rule, read from their files; NULL with *keyword and `why` when one cannot be.
 */
struct files_lists *files_load(const struct rule *rule, const char **keyword, struct errmsg *why);
void files_free(struct files_lists *f);
enum step_result files_match(struct run *r, const struct plan_rule *rule, const struct tx_view *v);
