/* P2-P6: the worked table and its variants, days, carried runs, Safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "control/mitigator/policy/judge.h"
#include "dataplane/base/clock.h"

#define C LEVEL_CAUTION
#define W LEVEL_WARNING
#define D LEVEL_DANGER
#define S LEVEL_SAFE

enum { STEPS = 16 };

/* The action of each level in the worked table, so that the level that fired can be read back. */
static const enum policy_action action_of[] = {
	[S] = ACTION_PERMIT, [C] = ACTION_MAIL, [W] = ACTION_MESSAGE, [D] = ACTION_DENY};

struct walk {
	const char *name;
	enum judge_method method;
	unsigned danger, warning, caution;
	enum level levels[STEPS];
	unsigned counts[STEPS];
	bool fires[STEPS];
	unsigned steps;
};

/* clang-format off */
static const struct walk walks[] = {
	{"B 6/4/2, the worked table", JUDGE_SAME_OR_HIGHER, 6, 4, 2,
	 {C, W, W, C, W, W, W, C, W, W, D, D, D}, {1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6},
	 {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, 13},
	{"A 6/4/2 fires nothing", JUDGE_SAME_LEVEL, 6, 4, 2,
	 {C, W, W, C, W, W, W, C, W, W, D, D, D}, {1, 1, 2, 1, 1, 2, 3, 1, 1, 2, 1, 2, 3},
	 {0}, 13},
	{"B all 3", JUDGE_SAME_OR_HIGHER, 3, 3, 3,
	 {C, W, W, C, W, W, W, C, W, W, D, D, D}, {1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6},
	 {0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1}, 13},
	{"A all 3", JUDGE_SAME_LEVEL, 3, 3, 3,
	 {C, W, W, C, W, W, W, C, W, W, D, D, D}, {1, 1, 2, 1, 1, 2, 3, 1, 1, 2, 1, 2, 3},
	 {0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, 13},
	{"no condition: at every judgement", JUDGE_SAME_LEVEL, 0, 0, 0,
	 {C, W, D, D}, {1, 1, 1, 2}, {1, 1, 1, 1}, 4},
	{"count 1 is every judgement too", JUDGE_SAME_LEVEL, 1, 1, 1,
	 {C, W, D, D}, {1, 1, 1, 2}, {1, 1, 1, 1}, 4},
	{"B: Safe ends a run", JUDGE_SAME_OR_HIGHER, 2, 2, 2,
	 {W, S, W, W}, {1, 0, 1, 2}, {0, 1, 0, 1}, 4},
	{"A: Safe ends a run", JUDGE_SAME_LEVEL, 2, 2, 2,
	 {W, S, W, W}, {1, 0, 1, 2}, {0, 1, 0, 1}, 4},
	{"B: a fall restarts, the rise after it counts on", JUDGE_SAME_OR_HIGHER, 3, 9, 9,
	 {D, C, D, D}, {1, 1, 2, 3}, {0, 0, 0, 1}, 4},
};
/* clang-format on */

static void run_walk(const struct walk *w)
{
	unsigned counts[] = {[S] = 0, [C] = w->caution, [W] = w->warning, [D] = w->danger};
	struct judge_policy p = {.method = w->method};
	struct judge_run run = {0};

	for (enum level l = S; l <= D; l++)
		p.rules[p.rules_n++] = (struct judge_rule){l, action_of[l], counts[l], 0};
	for (unsigned i = 0; i < w->steps; i++) {
		uint32_t got = policy_judge(&p, &run, w->levels[i], (i + 1) * NS_PER_HOUR);
		uint32_t want = w->fires[i] ? ACTION_BIT(action_of[w->levels[i]]) : 0;

		if (got != want || run.count != w->counts[i])
			fail_msg("%s: step %u gives count %u actions %x, not %u and %x", w->name,
				 i + 1, run.count, got, w->counts[i], want);
	}
}

static void test_walks(void **state)
{
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
		run_walk(&walks[i]);
}

/* P2's example: Warning = {message; mail at >= 2; deny at >= 3}. */
static void test_three_actions(void **state)
{
	struct judge_policy p = {.rules = {{W, ACTION_MESSAGE, 0, 0},
					   {W, ACTION_MAIL, 2, 0},
					   {W, ACTION_DENY, 3, 0}},
				 .rules_n = 3};
	uint32_t message = ACTION_BIT(ACTION_MESSAGE), mail = ACTION_BIT(ACTION_MAIL),
		 deny = ACTION_BIT(ACTION_DENY);
	struct judge_run run = {0};

	assert_int_equal(policy_judge(&p, &run, W, 1), message);
	assert_int_equal(policy_judge(&p, &run, W, 2), message | mail);
	assert_int_equal(policy_judge(&p, &run, W, 3), message | mail | deny);
	assert_int_equal(policy_judge(&p, &run, W, 4), message | mail | deny);
}

static void test_days(void **state)
{
	struct judge_policy p = {.method = JUDGE_SAME_OR_HIGHER,
				 .rules = {{W, ACTION_DENY, 0, 3}, {D, ACTION_DENY, 9, 3}},
				 .rules_n = 2};
	struct judge_run run = {0};

	assert_int_equal(policy_judge(&p, &run, W, NS_PER_DAY), 0);
	assert_int_equal(policy_judge(&p, &run, W, 4 * NS_PER_DAY - 1), 0);
	assert_int_equal(policy_judge(&p, &run, W, 4 * NS_PER_DAY), ACTION_BIT(ACTION_DENY));
	/* The first day is carried into the higher level; days or count, either suffices. */
	assert_int_equal(policy_judge(&p, &run, D, 4 * NS_PER_DAY), ACTION_BIT(ACTION_DENY));
	/* A clock that goes back is no elapsed time, and never underflows. */
	assert_int_equal(policy_judge(&p, &run, D, NS_PER_HOUR), 0);
	assert_int_equal(run.count, 5);
}

static void test_safe(void **state)
{
	struct judge_policy p = {.rules = {{S, ACTION_PERMIT, 0, 0}}, .rules_n = 1};
	uint32_t permit = ACTION_BIT(ACTION_PERMIT);
	struct judge_run run = {0};

	assert_int_equal(policy_judge(&p, &run, S, 1), permit);
	assert_int_equal(policy_judge(&p, &run, S, 2), permit);
	p.safe_on_change = true;
	run = (struct judge_run){0};
	assert_int_equal(policy_judge(&p, &run, S, 1), 0);
	assert_int_equal(policy_judge(&p, &run, C, 2), 0);
	assert_int_equal(policy_judge(&p, &run, S, 3), permit);
	assert_int_equal(policy_judge(&p, &run, S, 4), 0);
	assert_int_equal(run.count, 0);
}

static void test_mode_words(void **state)
{
	enum policy_mode m;

	for (enum policy_mode i = MODE_MONITOR; i < MODE_COUNT; i++) {
		assert_int_equal(policy_mode_parse(policy_mode_text(i), &m), 0);
		assert_int_equal(m, i);
	}
	assert_true(policy_mode_parse("", &m) < 0);
	assert_true(policy_mode_parse("Automatic", &m) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),	   cmocka_unit_test(test_three_actions),
		cmocka_unit_test(test_days),	   cmocka_unit_test(test_safe),
		cmocka_unit_test(test_mode_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
