/* The engine against a second, naive model: for random policies and judgements the naive one looks
 * at the whole history each time, as P2 to P6 say it, and keeps nothing.
 *
 *   judge_property_test [CASES [SEED]] */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/policy/judge.h"
#include "dataplane/base/clock.h"

enum { STEPS_MAX = 60, CASES = 20000 };

struct judged {
	enum level level;
	uint64_t time;
};

static uint64_t random_state = 88172645463325252ull;

static unsigned below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state % n);
}

/* ---- the naive model ---- */

/* Whether judgement i belongs to the run of the one before it. */
static bool goes_on(const struct judge_policy *p, const struct judged *all, int i)
{
	if (i == 0 || all[i].level == LEVEL_SAFE || all[i - 1].level == LEVEL_SAFE)
		return false;
	if (p->method == JUDGE_SAME_LEVEL)
		return all[i].level == all[i - 1].level;
	return all[i].level >= all[i - 1].level;
}

static uint32_t naive_count(const struct judge_policy *p, const struct judged *all, int i)
{
	if (all[i].level == LEVEL_SAFE)
		return 0;
	return goes_on(p, all, i) ? naive_count(p, all, i - 1) + 1 : 1;
}

static uint64_t naive_first(const struct judge_policy *p, const struct judged *all, int i)
{
	return goes_on(p, all, i) ? naive_first(p, all, i - 1) : all[i].time;
}

static bool naive_met(const struct judge_rule *r, uint32_t count, uint64_t elapsed)
{
	bool by_count = r->count != 0 && count >= r->count;
	bool by_days = r->days != 0 && elapsed >= (uint64_t)r->days * 24 * 3600 * 1000000000;

	return (r->count == 0 && r->days == 0) || by_count || by_days;
}

static uint32_t naive_actions(const struct judge_policy *p, const struct judged *all, int i)
{
	uint32_t count = naive_count(p, all, i), actions = 0;
	uint64_t first = naive_first(p, all, i);
	uint64_t elapsed = all[i].time > first ? all[i].time - first : 0;
	bool safe = all[i].level == LEVEL_SAFE;

	if (safe && p->safe_on_change && (i == 0 || all[i - 1].level == LEVEL_SAFE))
		return 0;
	for (unsigned k = 0; k < p->rules_n; k++) {
		const struct judge_rule *r = &p->rules[k];

		if (r->level == all[i].level && naive_met(r, count, safe ? 0 : elapsed))
			actions |= ACTION_BIT(r->action);
	}
	return actions;
}

/* ---- random policies and judgements ---- */

static struct judge_policy any_policy(void)
{
	struct judge_policy p = {.method = below(2) ? JUDGE_SAME_LEVEL : JUDGE_SAME_OR_HIGHER,
				 .safe_on_change = below(2)};

	p.rules_n = below(9);
	for (unsigned i = 0; i < p.rules_n; i++) {
		struct judge_rule *r = &p.rules[i];

		r->level = LEVEL_SAFE + below(4);
		r->action = below(ACTION_COUNT);
		if (r->level != LEVEL_SAFE && below(3))
			r->count = below(7);
		if (r->level != LEVEL_SAFE && below(3) == 0)
			r->days = below(4);
	}
	return p;
}

/* Mostly hours apart, sometimes exactly days, sometimes a clock that stands or goes back. */
static uint64_t any_step(uint64_t time)
{
	switch (below(8)) {
	case 0:
		return time;
	case 1:
		return time - below(30) * NS_PER_HOUR;
	case 2:
		return time + NS_PER_DAY * (1 + below(3));
	case 3:
		return time + NS_PER_DAY - 1;
	default:
		return time + below(40) * NS_PER_HOUR + below(1000);
	}
}

static void one_case(unsigned number)
{
	struct judge_policy p = any_policy();
	struct judged all[STEPS_MAX];
	struct judge_run run = {0};
	uint64_t time = 1700000000 * NS_PER_SEC;
	int n = 1 + (int)below(STEPS_MAX);
	unsigned stay = below(4);

	for (int i = 0; i < n; i++) {
		uint32_t got, want;

		time = any_step(time);
		all[i].time = time;
		all[i].level = i && below(5) < stay ? all[i - 1].level : LEVEL_SAFE + below(4);
		got = policy_judge(&p, &run, all[i].level, time);
		want = naive_actions(&p, all, i);
		if (got == want && run.count == naive_count(&p, all, i))
			continue;
		fprintf(stderr, "case %u, judgement %d: count %u, actions %x; expected %u, %x\n",
			number, i + 1, run.count, got, naive_count(&p, all, i), want);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned cases = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : CASES;

	if (argc > 2)
		random_state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15ull;
	for (unsigned i = 0; i < cases; i++)
		one_case(i);
	printf("%u cases agree\n", cases);
	return 0;
}
