/* What a rule-set or a custom pattern would change, before it is made. Loop thread. */
#pragma once

#include "control/centre/centre.h"
#include "signatures/bundle/rules.h"

enum { RULES_SHOWN = 300 };

/* The texts of a rule-set's files, in the order of filter_files; NULL or "": none. */
struct rule_wishes {
	const char *filters[FILTER_USES];
};

/* Over the newest signature bundle: {"bundle", "rules", "enabled_before", "enabled_after",
 * "changes": [{"gid", "sid", "msg", "group", "was", "is", "why"}], "more", "problems"}. */
json_t *rules_preview(struct centre *c, const struct rule_wishes *w, struct errmsg *e);
/* Of a pattern's rules: {"loads", "refused", "unsupported", "problems", "rules": [{"gid", "sid",
 * "msg"}]}. ERR_INVALID when not one would load. */
int rules_check(const char *rules, json_t **ret, struct errmsg *e);
