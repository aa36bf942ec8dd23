/* Any list: steps in the order of time with counts that fit, or one sentence and no step. */
#include <stdlib.h>

#include "control/mitigator/policy/simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	unsigned n;
};

static bool look(void *ctx, const struct simulate_step *s)
{
	struct seen *seen = ctx;

	seen->n++;
	if (!s->time[0] || !s->host[0] || s->level < LEVEL_SAFE || s->level > LEVEL_DANGER ||
	    s->count > seen->n || (s->level == LEVEL_SAFE) != (s->count == 0) ||
	    s->actions_n > JUDGE_ACTIONS_MAX)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct judge_policy plain = {.method = JUDGE_SAME_OR_HIGHER};
	struct simulate_by by = {.plain = &plain};
	struct errmsg e = {""};
	struct seen seen = {0};
	int rc;

	if (simulate_counts("danger=6,warning=4,caution=2,safe=0", &plain, &e) < 0)
		abort();
	rc = simulate_run(SLICE(data, size), "fuzz", &by, look, &seen, &e);
	if (rc < 0 && (!e.text[0] || strchr(e.text, '\n') || seen.n))
		abort();
	return 0;
}
