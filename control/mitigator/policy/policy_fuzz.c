/* A policy file of random bytes: taken whole within its bounds, or refused with one sentence. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct policy *p)
{
	static char lints[POLICY_LINTS][256];
	struct alert a = {.classtype = "trojan-activity", .gid = 1, .sid = 7};

	if (p->scopes_n > POLICY_SCOPES || p->levels_n > POLICY_LEVELS ||
	    p->exceptions_n > POLICY_EXCEPTIONS || p->protected_n > POLICY_PROTECTED ||
	    p->sets_n < 2 || p->sets_n > POLICY_SETS ||
	    p->sets[0].judge.rules_n > JUDGE_ACTIONS_MAX || p->message_wait > 500000000 ||
	    strlen(p->version) != 64)
		abort();
	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (p->scopes[i].set >= p->sets_n || p->scopes[i].cut_at <= LEVEL_SAFE ||
		    p->scopes[i].mode >= MODE_COUNT)
			abort();
	}
	if (policy_lint(p, lints) > POLICY_LINTS)
		abort();
	policy_level_of(p, &a);
	policy_scope_of(p, &a.host.ip);
	policy_exception_of(p, NEVER_BLOCK, &a, "sensor", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct policy *p = policy_parse((const char *)data, size, "fuzz", &e);

	if (p)
		check(p);
	else if (!e.text[0] || strchr(e.text, '\n'))
		abort();
	policy_free(p);
	return 0;
}
