/* One judgement of a host: from its run so far, its level now and the policy's conditions to the
 * actions that fire (P1-P6). Pure: no clock, no memory, no side effect. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/policy/mode.h"
#include "control/wire/message.h"

enum {
	JUDGE_ACTIONS_MAX = 32, /* conditions of one policy */
	JUDGE_TEXT = 96,
};

/* P4. SAME counts on only while the level stays; HIGHER also when it rises, carrying the count and
 * the first day into the new level. */
enum judge_method { JUDGE_SAME_LEVEL, JUDGE_SAME_OR_HIGHER };

/* One action of one level. Both conditions 0: at every judgement. Both given: either suffices. */
struct judge_rule {
	enum level level;
	enum policy_action action;
	uint32_t count; /* consecutive judgements of the run, 0 = no such condition */
	uint32_t days;	/* 24 h each from the run's first judgement to this one, 0 = none */
};

struct judge_policy {
	enum judge_method method;
	bool safe_on_change; /* Safe acts only when the previous judgement was not Safe */
	struct judge_rule rules[JUDGE_ACTIONS_MAX];
	unsigned rules_n;
	char texts[JUDGE_ACTIONS_MAX][JUDGE_TEXT]; /* of each rule, for who gets the action */
};

/* What is kept of a host between judgements. All zero: never judged. */
struct judge_run {
	bool judged;	   /* there was a judgement */
	enum level level;  /* of the last judgement */
	uint32_t count;	   /* of the run, 0 when Safe */
	uint64_t first_ns; /* of the run, ns since 1970 */
	uint64_t last_ns;  /* the last judgement */
};

/* Judges at `now` (ns since 1970; a clock that went back counts as no time) and moves *run on.
 * Returns the rules that fire, bit i for rules[i]. A count or days given for Safe are never met,
 * for Safe counts 0; policy files refuse them. */
uint32_t judge_rules(const struct judge_policy *p, struct judge_run *run, enum level level,
		     uint64_t now);
/* The actions of rules that fired: ACTION_BIT()s. */
uint32_t judge_actions(const struct judge_policy *p, uint32_t fired);
/* Both, as the actions to take: ACTION_BIT()s. */
uint32_t policy_judge(const struct judge_policy *p, struct judge_run *run, enum level level,
		      uint64_t now);

/* Whole 24-hour days from the run's first judgement to its last. */
uint32_t judge_run_days(const struct judge_run *run);
