/* What a policy says that its author hardly meant. */
#include <stdarg.h>
#include <stdio.h>

#include "control/mitigator/policy/policy.h"

struct lints {
	char (*out)[256];
	unsigned n;
};

__attribute__((format(printf, 2, 3))) static void say(struct lints *l, const char *fmt, ...)
{
	va_list ap;

	if (l->n >= POLICY_LINTS)
		return;
	va_start(ap, fmt);
	vsnprintf(l->out[l->n++], 256, fmt, ap);
	va_end(ap);
}

/* P5: with method B a lower level's N can be passed inside a higher one. */
static void unequal_counts(struct lints *l, const struct judge_policy *p)
{
	if (p->method != JUDGE_SAME_OR_HIGHER)
		return;
	for (unsigned i = 0; i < p->rules_n; i++) {
		for (unsigned j = i + 1; j < p->rules_n; j++) {
			const struct judge_rule *a = &p->rules[i], *b = &p->rules[j];

			if (a->level != b->level && a->count && b->count && a->count != b->count) {
				say(l,
				    "same-or-higher carries the count into the next level: with "
				    "count %u at %s and %u at %s the intended action can be missed",
				    a->count, level_text(a->level), b->count, level_text(b->level));
				return;
			}
		}
	}
}

static bool has_rule(const struct judge_policy *p, enum level level, enum policy_action action)
{
	for (unsigned i = 0; i < p->rules_n; i++) {
		if (p->rules[i].level == level && p->rules[i].action == action)
			return true;
	}
	return false;
}

static void deny_without_permit(struct lints *l, const struct judge_policy *p)
{
	bool denies = false;

	for (unsigned i = 0; i < p->rules_n; i++)
		denies = denies || p->rules[i].action == ACTION_DENY;
	if (denies && !has_rule(p, LEVEL_SAFE, ACTION_PERMIT))
		say(l, "deny is used, but no permit at safe: a policy cut ends only when a person "
		       "releases it");
}

static void message_after_deny(struct lints *l, const struct judge_policy *p)
{
	for (unsigned i = 0; i < p->rules_n; i++) {
		const struct judge_rule *m = &p->rules[i];

		for (unsigned j = 0; m->action == ACTION_MESSAGE && j < p->rules_n; j++) {
			const struct judge_rule *d = &p->rules[j];

			if (d->level == m->level && d->action == ACTION_DENY && m->count > d->count)
				say(l, "at %s the message comes after the host is cut",
				    level_text(m->level));
		}
	}
}

static void unreachable(struct lints *l, const struct policy *p)
{
	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (p->scopes[i].networks_n == 0 && i + 1 < p->scopes_n) {
			say(l, "scope %s takes every address: the scopes behind it never apply",
			    p->scopes[i].name);
			return;
		}
	}
}

static void no_protection(struct lints *l, const struct policy *p)
{
	bool cuts = false;

	for (unsigned i = 0; i < p->scopes_n; i++)
		cuts = cuts || p->scopes[i].mode >= MODE_APPROVE;
	if (cuts && p->protected_n == 0)
		say(l, "hosts may be cut, but the protected list is empty: name at least gateway "
		       "and DNS");
	if (cuts && p->levels_n == 0)
		say(l, "no levels: no alert ever counts");
}

unsigned policy_lint(const struct policy *p, char ret[POLICY_LINTS][256])
{
	struct lints l = {ret, 0};

	unequal_counts(&l, &p->judge);
	deny_without_permit(&l, &p->judge);
	message_after_deny(&l, &p->judge);
	unreachable(&l, p);
	no_protection(&l, p);
	return l.n;
}
