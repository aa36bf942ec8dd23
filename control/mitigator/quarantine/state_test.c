/* Q9: every state and event of the life cycle, as paths and as properties of the whole table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "control/mitigator/quarantine/state.h"

enum { PATH = 12 };

struct path {
	const char *name;
	enum cut_event events[PATH];
	unsigned n;
	enum cut_state end;
};

/* clang-format off */
static const struct path paths[] = {
	{"cut and verified", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_PROVEN}, 4,
	 CUT_VERIFIED},
	{"quiet, then it tries", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_SILENT,
	 CUT_EV_PROVEN}, 5, CUT_VERIFIED},
	{"no effect, next method works", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK,
	 CUT_EV_ANSWERED, CUT_EV_NEXT_METHOD, CUT_EV_ACK, CUT_EV_PROVEN}, 7, CUT_VERIFIED},
	{"refused by all methods", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_NEXT_METHOD,
	 CUT_EV_LADDER_END}, 4, CUT_FAILED},
	{"failed, tried again", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_LADDER_END, CUT_EV_RETRY,
	 CUT_EV_ACK}, 5, CUT_ACKED},
	{"ladder's end stays still-seen", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK,
	 CUT_EV_ANSWERED, CUT_EV_LADDER_END}, 5, CUT_STILL_SEEN},
	{"asked, approved", {CUT_EV_HOLD, CUT_EV_APPROVE, CUT_EV_DISPATCH}, 3, CUT_SENT},
	{"asked, refused", {CUT_EV_HOLD, CUT_EV_REFUSE}, 2, CUT_REFUSED},
	{"asked, nobody answered", {CUT_EV_HOLD, CUT_EV_HOLD_OVER}, 2, CUT_EXPIRED},
	{"released", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_PROVEN, CUT_EV_RELEASE,
	 CUT_EV_UNDO_AGAIN, CUT_EV_UNDONE}, 7, CUT_RELEASED},
	{"released before it was ordered", {CUT_EV_REQUEST, CUT_EV_RELEASE}, 2, CUT_RELEASED},
	{"ended by itself", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_LEASE_END,
	 CUT_EV_UNDONE}, 5, CUT_EXPIRED},
	{"released while ending", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_LEASE_END,
	 CUT_EV_RELEASE, CUT_EV_UNDONE}, 6, CUT_RELEASED},
	{"the switch forgot it", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_PROVEN,
	 CUT_EV_LOST, CUT_EV_ACK}, 6, CUT_ACKED},
	{"a review changes nothing", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK, CUT_EV_PROVEN,
	 CUT_EV_REVIEW}, 5, CUT_VERIFIED},
	{"what it was asked for is over", {CUT_EV_HOLD, CUT_EV_LEASE_END}, 2, CUT_EXPIRED},
	{"the kill switch came in between", {CUT_EV_REQUEST, CUT_EV_HOLD, CUT_EV_APPROVE}, 3,
	 CUT_REQUESTED},
	{"its release is not confirmed", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK,
	 CUT_EV_RELEASE, CUT_EV_REVIEW, CUT_EV_UNDO_AGAIN, CUT_EV_UNDONE}, 7, CUT_RELEASED},
	{"wanted again while a method still holds it", {CUT_EV_REQUEST, CUT_EV_DISPATCH, CUT_EV_ACK,
	 CUT_EV_RELEASE, CUT_EV_REQUEST, CUT_EV_ACK, CUT_EV_PROVEN}, 7, CUT_VERIFIED},
	{"exception", {CUT_EV_EXCEPT}, 1, CUT_EXCEPTION},
	{"outside policy", {CUT_EV_OUTSIDE}, 1, CUT_OUTSIDE_POLICY},
};
/* clang-format on */

static void test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		enum cut_state s = CUT_NEW;

		for (unsigned j = 0; j < paths[i].n; j++) {
			const struct cut_transition *t = cut_transition(s, paths[i].events[j]);

			if (!t)
				fail_msg("%s: %s is not possible in %s", paths[i].name,
					 cut_event_text(paths[i].events[j]), cut_state_text(s));
			else
				s = t->to;
		}
		if (s != paths[i].end)
			fail_msg("%s ends in %s", paths[i].name, cut_state_text(s));
	}
}

static void each_transition(void (*check)(const struct cut_transition *t))
{
	for (enum cut_state s = CUT_NEW; s < CUT_STATE_COUNT; s++) {
		for (enum cut_event e = 0; e < CUT_EVENT_COUNT; e++) {
			if (cut_transition(s, e))
				check(cut_transition(s, e));
		}
	}
}

static void check_safe(const struct cut_transition *t)
{
	/* Nothing leaves a final state, and into force leads only an order. */
	assert_false(cut_state_final(t->from));
	if (cut_state_in_force(t->to) && !cut_state_in_force(t->from))
		assert_true(t->effects & CUT_FX_SEND);
	/* What may stand in a switch is taken out on every way to an end. */
	if (cut_state_in_force(t->from) && cut_state_final(t->to))
		assert_int_equal(t->event, CUT_EV_UNDONE);
	if (t->to == CUT_RELEASING || t->to == CUT_ENDING)
		assert_true(t->effects & CUT_FX_UNDO || t->event == CUT_EV_REVIEW);
	/* A cut that is in force is never turned down, excepted or held afterwards. */
	if (cut_state_in_force(t->from))
		assert_true(t->to != CUT_REFUSED && t->to != CUT_HELD && t->to != CUT_EXCEPTION);
	/* Only a proof makes it verified (reviews keep it so). */
	if (t->to == CUT_VERIFIED)
		assert_true(t->event == CUT_EV_PROVEN || t->from == CUT_VERIFIED);
}

static void test_properties(void **state)
{
	each_transition(check_safe);
	/* A person can always end it. */
	for (enum cut_state s = CUT_REQUESTED; s < CUT_RELEASED; s++)
		assert_non_null(
			cut_transition(s, s == CUT_RELEASING ? CUT_EV_UNDONE : CUT_EV_RELEASE));
}

static void test_words(void **state)
{
	enum cut_state s;

	for (enum cut_state i = CUT_NEW; i < CUT_STATE_COUNT; i++) {
		assert_int_equal(cut_state_parse(cut_state_text(i), &s), 0);
		assert_int_equal(s, i);
		if (i != CUT_NEW && i != CUT_ENDING)
			assert_string_equal(cut_state_text(i),
					    command_state_text(cut_state_wire(i)));
	}
	for (enum cut_event e = 0; e < CUT_EVENT_COUNT; e++)
		assert_true(strlen(cut_event_text(e)) > 2);
	assert_true(cut_state_parse("gone", &s) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
