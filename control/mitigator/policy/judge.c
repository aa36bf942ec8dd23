#include "control/mitigator/policy/judge.h"

#include "dataplane/base/clock.h"

static bool counts_on(enum judge_method method, const struct judge_run *run, enum level level)
{
	if (!run->judged || run->level == LEVEL_SAFE)
		return false;
	return method == JUDGE_SAME_LEVEL ? level == run->level : level >= run->level;
}

static bool condition_met(const struct judge_rule *rule, const struct judge_run *run)
{
	if (rule->count == 0 && rule->days == 0)
		return true;
	if (rule->count > 0 && run->count >= rule->count)
		return true;
	return rule->days > 0 && judge_run_days(run) >= rule->days;
}

static uint32_t fire(const struct judge_policy *p, const struct judge_run *run)
{
	uint32_t fired = 0;

	for (unsigned i = 0; i < p->rules_n; i++) {
		if (p->rules[i].level == run->level && condition_met(&p->rules[i], run))
			fired |= 1u << i;
	}
	return fired;
}

uint32_t judge_run_days(const struct judge_run *run)
{
	uint64_t elapsed = run->last_ns > run->first_ns ? run->last_ns - run->first_ns : 0;

	return run->count > 0 ? (uint32_t)(elapsed / NS_PER_DAY) : 0;
}

uint32_t judge_rules(const struct judge_policy *p, struct judge_run *run, enum level level,
		     uint64_t now)
{
	/* A first judgement that says Safe changed nothing. */
	bool was_unsafe = run->judged && run->level != LEVEL_SAFE;

	if (level == LEVEL_SAFE) {
		run->count = 0;
		run->first_ns = now;
	} else if (counts_on(p->method, run, level)) {
		if (run->count < UINT32_MAX)
			run->count++;
	} else {
		run->count = 1;
		run->first_ns = now;
	}
	run->judged = true;
	run->level = level;
	run->last_ns = now;
	if (level == LEVEL_SAFE && p->safe_on_change && !was_unsafe)
		return 0;
	return fire(p, run);
}

uint32_t judge_actions(const struct judge_policy *p, uint32_t fired)
{
	uint32_t actions = 0;

	for (unsigned i = 0; i < p->rules_n; i++) {
		if (fired & 1u << i)
			actions |= ACTION_BIT(p->rules[i].action);
	}
	return actions;
}

uint32_t policy_judge(const struct judge_policy *p, struct judge_run *run, enum level level,
		      uint64_t now)
{
	return judge_actions(p, judge_rules(p, run, level, now));
}
