/* What a policy says that its author hardly meant. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/mitigator/policy/policy.h"

struct lints {
	char (*out)[256];
	unsigned n;
};

__attribute__((format(printf, 2, 3))) static void say(struct lints *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < l->n; i++) {
		if (strcmp(l->out[i], text) == 0)
			return;
	}
	if (l->n < POLICY_LINTS)
		memcpy(l->out[l->n++], text, sizeof(text));
}

/* P5: with method B a lower level's N can be passed inside a higher one; first days are carried
 * likewise. */
static void unequal_counts(struct lints *l, const struct policy_set *s)
{
	const struct judge_policy *p = &s->judge;

	if (p->method != JUDGE_SAME_OR_HIGHER)
		return;
	for (unsigned i = 0; i < p->rules_n; i++) {
		for (unsigned j = i + 1; j < p->rules_n; j++) {
			const struct judge_rule *a = &p->rules[i], *b = &p->rules[j];

			bool days = a->days && b->days && a->days != b->days;

			if (a->level == b->level ||
			    !(days || (a->count && b->count && a->count != b->count)))
				continue;
			say(l,
			    "policy %s: same-or-higher carries the %s into the next level: with %s "
			    "%u at %s and %u at %s the intended action can be missed",
			    s->name, days ? "first day" : "count", days ? "days" : "count",
			    days ? a->days : a->count, level_text(a->level),
			    days ? b->days : b->count, level_text(b->level));
			return;
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

static bool denies(const struct judge_policy *p)
{
	for (enum level v = LEVEL_CAUTION; v <= LEVEL_DANGER; v++) {
		if (has_rule(p, v, ACTION_DENY))
			return true;
	}
	return false;
}

static void permits(struct lints *l, const struct policy_set *s)
{
	const struct judge_policy *p = &s->judge;

	if (denies(p) && !has_rule(p, LEVEL_SAFE, ACTION_PERMIT))
		say(l,
		    "policy %s: deny is used, but no permit at safe: a policy cut ends only when a "
		    "person releases it",
		    s->name);
	for (enum level v = LEVEL_CAUTION; v <= LEVEL_DANGER; v++) {
		if (has_rule(p, v, ACTION_PERMIT) &&
		    (has_rule(p, v, ACTION_DENY) || has_rule(p, v, ACTION_BLOCK)))
			say(l, "policy %s: at %s the network is both permitted and cut", s->name,
			    level_text(v));
	}
	if (has_rule(p, LEVEL_SAFE, ACTION_DENY) || has_rule(p, LEVEL_SAFE, ACTION_BLOCK))
		say(l, "policy %s: safe hosts are cut", s->name);
}

/* True when b is met no earlier than a by what both count; 0 and 0 is met at once. */
static bool comes_later(const struct judge_rule *b, const struct judge_rule *a)
{
	bool at_once = a->count <= 1 && a->days == 0;

	if (b->count == 0 && b->days == 0)
		return false;
	if (at_once)
		return b->count != 1;
	return (b->count == 0 || (a->count && b->count > a->count)) &&
	       (b->days == 0 || (a->days && b->days > a->days));
}

static void message_after_cut(struct lints *l, const struct policy_set *s)
{
	const struct judge_policy *p = &s->judge;

	for (unsigned i = 0; i < p->rules_n; i++) {
		const struct judge_rule *m = &p->rules[i];

		for (unsigned j = 0; m->action == ACTION_MESSAGE && j < p->rules_n; j++) {
			const struct judge_rule *d = &p->rules[j];

			if (d->level == m->level &&
			    (d->action == ACTION_DENY || d->action == ACTION_BLOCK) &&
			    comes_later(m, d))
				say(l, "policy %s: at %s the message comes after the host is cut",
				    s->name, level_text(m->level));
		}
	}
}

/* A second condition of the same action that the first has always met. */
static void same_action_twice(struct lints *l, const struct policy_set *s)
{
	const struct judge_policy *p = &s->judge;

	for (unsigned i = 0; i < p->rules_n; i++) {
		for (unsigned j = 0; j < p->rules_n; j++) {
			const struct judge_rule *a = &p->rules[i], *b = &p->rules[j];
			bool same = a->level == b->level && a->action == b->action &&
				    strcmp(p->texts[i], p->texts[j]) == 0;
			bool alike = a->count == b->count && a->days == b->days;

			if (i != j && same && (comes_later(b, a) || (alike && i < j)))
				say(l,
				    "policy %s: at %s %s is there twice, and one of the two never "
				    "makes a difference",
				    s->name, level_text(a->level), policy_action_text(a->action));
		}
	}
}

static bool level_given(const struct policy *p, enum level level)
{
	for (unsigned i = 0; i < p->levels_n; i++) {
		if (p->levels[i].level == level)
			return true;
	}
	return level == LEVEL_SAFE;
}

static enum policy_mode furthest_mode(const struct policy *p, unsigned set)
{
	enum policy_mode most = MODE_MONITOR;

	for (unsigned i = 0; i < p->scopes_n; i++) {
		const struct policy_scope *s = &p->scopes[i];

		if (s->set != set)
			continue;
		if (s->mode > most)
			most = s->mode;
		for (unsigned k = 0; k < s->stages_n; k++) {
			if (s->stages[k].mode > most)
				most = s->stages[k].mode;
		}
	}
	return most;
}

static bool is_used(const struct policy *p, unsigned set)
{
	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (p->scopes[i].set == set)
			return true;
	}
	return false;
}

/* Actions that nothing ever leads to. */
static void unreachable_actions(struct lints *l, const struct policy *p, unsigned set)
{
	const struct policy_set *s = &p->sets[set];

	for (unsigned i = 0; i < s->judge.rules_n; i++) {
		const struct judge_rule *r = &s->judge.rules[i];
		bool cuts = r->action == ACTION_DENY || r->action == ACTION_BLOCK;

		if (p->levels_n && !level_given(p, r->level))
			say(l,
			    "policy %s: no alert ever gives the level %s: its actions never come",
			    s->name, level_text(r->level));
		if (cuts && is_used(p, set) && furthest_mode(p, set) < MODE_APPROVE)
			say(l,
			    "policy %s: %s is never done: no scope with this policy is in mode "
			    "approve or automatic",
			    s->name, policy_action_text(r->action));
		if ((uint64_t)r->count * s->every > 366ull * 86400 * 1000000000)
			say(l, "policy %s: count %u at %s takes more than a year to be reached",
			    s->name, r->count, level_text(r->level));
	}
	if (set > 1 && !is_used(p, set))
		say(l, "policy %s: no scope uses it", s->name);
}

/* ---- scopes ---- */

static bool prefix_within(const struct policy_prefix *a, const struct policy_prefix *b)
{
	return a->bits >= b->bits && ip_addr_in_prefix(&a->addr, &b->addr, b->bits);
}

/* True when `front` takes all that `s` is for. */
static bool hides(const struct policy_scope *front, const struct policy_scope *s)
{
	if (front->networks_n + front->macs_n == 0)
		return true;
	if (s->networks_n == 0 || s->macs_n)
		return false;
	for (unsigned i = 0; i < s->networks_n; i++) {
		bool within = false;

		for (unsigned j = 0; j < front->networks_n && !within; j++)
			within = prefix_within(&s->networks[i], &front->networks[j]);
		if (!within)
			return false;
	}
	return true;
}

static void hidden_scopes(struct lints *l, const struct policy *p)
{
	for (unsigned i = 0; i < p->scopes_n; i++) {
		for (unsigned j = 0; j < p->scopes_n; j++) {
			const struct policy_scope *front = &p->scopes[i], *s = &p->scopes[j];
			bool comes_first =
				front->kind < s->kind || (front->kind == s->kind && i < j);

			if (i == j || !comes_first || !hides(front, s))
				continue;
			if (front->networks_n + front->macs_n == 0)
				say(l, "scope %s takes every address: scope %s never applies",
				    front->name, s->name);
			else
				say(l, "scope %s takes all of scope %s, which never applies",
				    front->name, s->name);
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
	if (cuts && p->fuse_hosts == 0)
		say(l, "fuse-hosts is 0: every automatic cut waits for a person");
	if (cuts && p->fuse_share == 100 && p->fuse_hosts >= 100)
		say(l, "fuse-share 100 and fuse-hosts %u: a false pattern can cut everybody",
		    p->fuse_hosts);
}

static void wide_exceptions(struct lints *l, const struct policy *p)
{
	for (unsigned i = 0; i < p->exceptions_n; i++) {
		const struct policy_exception *x = &p->exceptions[i];

		if (!x->sid && !x->has_source && !x->has_destination && !x->sensor[0])
			say(l, "exception %u (%s) covers everything", i + 1, x->reason);
		else if (x->until == 0 && x->never == NEVER_ALERT)
			say(l, "exception %u (%s) never ends: nobody will look at it again", i + 1,
			    x->reason);
	}
}

unsigned policy_lint(const struct policy *p, char ret[POLICY_LINTS][256])
{
	struct lints l = {ret, 0};

	for (unsigned i = 0; i < p->sets_n; i++) {
		const struct policy_set *s = &p->sets[i];

		if (i != 1 || is_used(p, i))
			unreachable_actions(&l, p, i);
		if (i == 1)
			continue; /* nobody can change it */
		unequal_counts(&l, s);
		permits(&l, s);
		message_after_cut(&l, s);
		same_action_twice(&l, s);
	}
	hidden_scopes(&l, p);
	no_protection(&l, p);
	wide_exceptions(&l, p);
	return l.n;
}
