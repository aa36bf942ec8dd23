/* The life of a task as one table. */
#include "control/mitigator/recovery/recovery.h"

#include "dataplane/base/slice.h"

/* One line a transition; what is not here cannot happen. */
static const struct {
	enum recovery_state from;
	enum recovery_event event;
	enum recovery_state to;
} table[] = {
	/* Its turn comes when the one before it is done. */
	{TASK_WAITING, TASK_EV_TURN, TASK_READY},
	{TASK_WAITING, TASK_EV_ASK, TASK_ASKED},
	{TASK_WAITING, TASK_EV_SKIP, TASK_SKIPPED},
	{TASK_WAITING, TASK_EV_NO, TASK_CANCELLED},
	{TASK_WAITING, TASK_EV_BY_HAND, TASK_DONE},
	/* A person was asked. */
	{TASK_ASKED, TASK_EV_YES, TASK_READY},
	{TASK_ASKED, TASK_EV_NO, TASK_CANCELLED},
	{TASK_ASKED, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_ASKED, TASK_EV_LAPSE, TASK_EXPIRED},
	/* The kill switch came in between, or a person changed their mind. */
	{TASK_READY, TASK_EV_ASK, TASK_ASKED},
	{TASK_READY, TASK_EV_NO, TASK_CANCELLED},
	{TASK_READY, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_READY, TASK_EV_ORDER, TASK_ORDERED},
	{TASK_READY, TASK_EV_FAIL, TASK_FAILED},
	/* Ordered. */
	{TASK_ORDERED, TASK_EV_OK, TASK_DONE},
	{TASK_ORDERED, TASK_EV_FOUND_NONE, TASK_NOTHING},
	{TASK_ORDERED, TASK_EV_AGAIN, TASK_READY},
	{TASK_ORDERED, TASK_EV_FAIL, TASK_FAILED},
	{TASK_ORDERED, TASK_EV_NO, TASK_CANCELLED},
	/* Rolled back: of itself when it failed and its program knows how, or by a person. */
	{TASK_FAILED, TASK_EV_UNDO, TASK_UNDOING},
	{TASK_DONE, TASK_EV_UNDO, TASK_UNDOING},
	{TASK_CANCELLED, TASK_EV_UNDO, TASK_UNDOING},
	{TASK_UNDOING, TASK_EV_OK, TASK_UNDONE},
	{TASK_UNDOING, TASK_EV_FOUND_NONE, TASK_UNDONE},
	{TASK_UNDOING, TASK_EV_AGAIN, TASK_UNDOING},
	{TASK_UNDOING, TASK_EV_FAIL, TASK_STUCK},
	{TASK_STUCK, TASK_EV_UNDO, TASK_UNDOING},
	/* A person finishes what a program could not, or has it tried once more. */
	{TASK_FAILED, TASK_EV_YES, TASK_READY},
	{TASK_FAILED, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_UNDONE, TASK_EV_YES, TASK_READY},
	{TASK_UNDONE, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_STUCK, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_EXPIRED, TASK_EV_YES, TASK_READY},
	{TASK_EXPIRED, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_CANCELLED, TASK_EV_YES, TASK_READY},
	{TASK_CANCELLED, TASK_EV_BY_HAND, TASK_DONE},
	{TASK_SKIPPED, TASK_EV_YES, TASK_READY},
};

static const char *const states[TASK_STATES] = {
	"waiting", "asked",  "ready", "ordered", "done",      "nothing-found", "failed",
	"undoing", "undone", "stuck", "skipped", "cancelled", "expired",
};

static const char *const events[TASK_EVENTS] = {
	"turn", "ask",	      "yes",   "no",   "by-hand", "lapse", "order",
	"ok",	"found-none", "again", "fail", "undo",	  "skip",
};

bool recovery_next(enum recovery_state from, enum recovery_event event, enum recovery_state *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].from == from && table[i].event == event) {
			*ret = table[i].to;
			return true;
		}
	}
	return false;
}

bool recovery_over(enum recovery_state s)
{
	return s != TASK_WAITING && s != TASK_ASKED && s != TASK_READY && s != TASK_ORDERED &&
	       s != TASK_UNDOING;
}

const char *recovery_state_text(enum recovery_state s)
{
	return s < TASK_STATES ? states[s] : "unknown";
}

const char *recovery_event_text(enum recovery_event e)
{
	return e < TASK_EVENTS ? events[e] : "unknown";
}
