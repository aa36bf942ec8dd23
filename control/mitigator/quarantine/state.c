#include "control/mitigator/quarantine/state.h"

#include <string.h>

#define UNDO (CUT_FX_UNDO | CUT_FX_UNWATCH)

/* Ordered at once: what may still stand somewhere must not be taken for never ordered. */
#define AGAIN (CUT_FX_KEEP | CUT_FX_MESSAGE | CUT_FX_UNWATCH | CUT_FX_SEND)

/* One line a transition; what is not here cannot happen. */
static const struct cut_transition table[] = {
	/* Decided. */
	{CUT_NEW, CUT_EV_REQUEST, CUT_REQUESTED, CUT_FX_KEEP | CUT_FX_MESSAGE},
	{CUT_NEW, CUT_EV_HOLD, CUT_HELD, CUT_FX_ASK},
	{CUT_NEW, CUT_EV_EXCEPT, CUT_EXCEPTION, 0},
	{CUT_NEW, CUT_EV_OUTSIDE, CUT_OUTSIDE_POLICY, 0},
	{CUT_NEW, CUT_EV_REFUSE, CUT_REFUSED, CUT_FX_ALARM},
	/* A person was asked. */
	{CUT_HELD, CUT_EV_APPROVE, CUT_REQUESTED, CUT_FX_KEEP | CUT_FX_MESSAGE},
	{CUT_HELD, CUT_EV_REFUSE, CUT_REFUSED, 0},
	{CUT_HELD, CUT_EV_RELEASE, CUT_REFUSED, 0},
	{CUT_HELD, CUT_EV_HOLD_OVER, CUT_EXPIRED, CUT_FX_ALARM},
	/* What it was asked for is over: there is nothing left to say yes to. */
	{CUT_HELD, CUT_EV_LEASE_END, CUT_EXPIRED, 0},
	/* Message first, then cut; nothing was ordered yet, so a release is complete at once. */
	{CUT_REQUESTED, CUT_EV_DISPATCH, CUT_SENT, CUT_FX_SEND},
	{CUT_REQUESTED, CUT_EV_RELEASE, CUT_RELEASED, 0},
	{CUT_REQUESTED, CUT_EV_LEASE_END, CUT_EXPIRED, 0},
	{CUT_REQUESTED, CUT_EV_REFUSE, CUT_REFUSED, CUT_FX_ALARM},
	/* The kill switch came in between. */
	{CUT_REQUESTED, CUT_EV_HOLD, CUT_HELD, CUT_FX_ASK},
	/* Ordered. The watch begins with the acknowledgement, so what it counts is after it. */
	{CUT_SENT, CUT_EV_ACK, CUT_ACKED, CUT_FX_WATCH | CUT_FX_EVENT},
	{CUT_SENT, CUT_EV_RESEND, CUT_SENT, CUT_FX_SEND},
	{CUT_SENT, CUT_EV_NEXT_METHOD, CUT_SENT, CUT_FX_SEND},
	{CUT_SENT, CUT_EV_LADDER_END, CUT_FAILED, CUT_FX_ALARM},
	{CUT_SENT, CUT_EV_CHANGE, CUT_SENT, CUT_FX_SEND},
	/* A method that never gets round to it must not keep the question from people. */
	{CUT_SENT, CUT_EV_REVIEW, CUT_SENT, CUT_FX_RENEW | CUT_FX_ALARM},
	{CUT_SENT, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_SENT, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	/* Verified on the wire. A late ACK of a method further up the ladder changes nothing. */
	{CUT_ACKED, CUT_EV_PROVEN, CUT_VERIFIED, 0},
	{CUT_ACKED, CUT_EV_ANSWERED, CUT_STILL_SEEN, CUT_FX_ALARM},
	{CUT_ACKED, CUT_EV_SILENT, CUT_QUIET, 0},
	{CUT_ACKED, CUT_EV_LOST, CUT_SENT, CUT_FX_SEND},
	{CUT_ACKED, CUT_EV_CHANGE, CUT_SENT, CUT_FX_SEND},
	{CUT_ACKED, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_ACKED, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	{CUT_ACKED, CUT_EV_REVIEW, CUT_ACKED, CUT_FX_RENEW | CUT_FX_ALARM},
	{CUT_QUIET, CUT_EV_PROVEN, CUT_VERIFIED, 0},
	{CUT_QUIET, CUT_EV_ANSWERED, CUT_STILL_SEEN, CUT_FX_ALARM},
	{CUT_QUIET, CUT_EV_LOST, CUT_SENT, CUT_FX_SEND},
	{CUT_QUIET, CUT_EV_CHANGE, CUT_SENT, CUT_FX_SEND},
	{CUT_QUIET, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_QUIET, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	{CUT_QUIET, CUT_EV_REVIEW, CUT_QUIET, CUT_FX_RENEW | CUT_FX_ALARM},
	{CUT_VERIFIED, CUT_EV_ANSWERED, CUT_STILL_SEEN, CUT_FX_ALARM},
	{CUT_VERIFIED, CUT_EV_LOST, CUT_SENT, CUT_FX_SEND},
	{CUT_VERIFIED, CUT_EV_CHANGE, CUT_SENT, CUT_FX_SEND},
	{CUT_VERIFIED, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_VERIFIED, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	{CUT_VERIFIED, CUT_EV_REVIEW, CUT_VERIFIED, CUT_FX_RENEW | CUT_FX_ALARM},
	/* No effect: up the ladder; at its end it stays still-seen, and is tried again. */
	{CUT_STILL_SEEN, CUT_EV_NEXT_METHOD, CUT_SENT, CUT_FX_SEND},
	{CUT_STILL_SEEN, CUT_EV_LADDER_END, CUT_STILL_SEEN, CUT_FX_ALARM},
	{CUT_STILL_SEEN, CUT_EV_RETRY, CUT_SENT, CUT_FX_SEND},
	{CUT_STILL_SEEN, CUT_EV_LOST, CUT_SENT, CUT_FX_SEND},
	{CUT_STILL_SEEN, CUT_EV_CHANGE, CUT_SENT, CUT_FX_SEND},
	{CUT_STILL_SEEN, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_STILL_SEEN, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	{CUT_STILL_SEEN, CUT_EV_REVIEW, CUT_STILL_SEEN, CUT_FX_RENEW | CUT_FX_ALARM},
	/* No method could; a method that comes back, or a late yes, takes it up again. */
	{CUT_FAILED, CUT_EV_ACK, CUT_ACKED, CUT_FX_WATCH | CUT_FX_EVENT},
	{CUT_FAILED, CUT_EV_RETRY, CUT_SENT, CUT_FX_SEND},
	{CUT_FAILED, CUT_EV_RELEASE, CUT_RELEASING, UNDO},
	{CUT_FAILED, CUT_EV_LEASE_END, CUT_ENDING, UNDO},
	{CUT_FAILED, CUT_EV_REVIEW, CUT_FAILED, CUT_FX_RENEW | CUT_FX_ALARM},
	/* On the way out it is asked until every method confirmed; a release outranks an end. */
	{CUT_RELEASING, CUT_EV_UNDO_AGAIN, CUT_RELEASING, CUT_FX_UNDO},
	{CUT_RELEASING, CUT_EV_UNDONE, CUT_RELEASED, 0},
	{CUT_ENDING, CUT_EV_UNDO_AGAIN, CUT_ENDING, CUT_FX_UNDO},
	{CUT_ENDING, CUT_EV_UNDONE, CUT_EXPIRED, 0},
	{CUT_ENDING, CUT_EV_RELEASE, CUT_RELEASING, CUT_FX_UNDO},
	/* A method that is away must neither hide that it may still cut, nor keep the host from
	 * being cut for something new. */
	{CUT_RELEASING, CUT_EV_REVIEW, CUT_RELEASING, CUT_FX_RENEW | CUT_FX_ALARM},
	{CUT_RELEASING, CUT_EV_REQUEST, CUT_SENT, AGAIN},
	{CUT_ENDING, CUT_EV_REVIEW, CUT_ENDING, CUT_FX_RENEW | CUT_FX_ALARM},
	{CUT_ENDING, CUT_EV_REQUEST, CUT_SENT, AGAIN},
};

static const struct {
	const char *word;
	enum command_state wire;
} states[CUT_STATE_COUNT] = {
	[CUT_NEW] = {"new", COMMAND_STATE_UNSPECIFIED},
	[CUT_REQUESTED] = {"requested", COMMAND_STATE_REQUESTED},
	[CUT_HELD] = {"held", COMMAND_STATE_HELD},
	[CUT_SENT] = {"sent", COMMAND_STATE_SENT},
	[CUT_ACKED] = {"acked", COMMAND_STATE_ACKED},
	[CUT_VERIFIED] = {"verified", COMMAND_STATE_VERIFIED},
	[CUT_QUIET] = {"quiet", COMMAND_STATE_QUIET},
	[CUT_STILL_SEEN] = {"still-seen", COMMAND_STATE_STILL_SEEN},
	[CUT_FAILED] = {"failed", COMMAND_STATE_FAILED},
	[CUT_RELEASING] = {"releasing", COMMAND_STATE_RELEASING},
	[CUT_ENDING] = {"ending", COMMAND_STATE_RELEASING},
	[CUT_RELEASED] = {"released", COMMAND_STATE_RELEASED},
	[CUT_EXPIRED] = {"expired", COMMAND_STATE_EXPIRED},
	[CUT_EXCEPTION] = {"exception", COMMAND_STATE_EXCEPTION},
	[CUT_OUTSIDE_POLICY] = {"outside-policy", COMMAND_STATE_OUTSIDE_POLICY},
	[CUT_REFUSED] = {"refused", COMMAND_STATE_REFUSED},
};

static const char *const events[CUT_EVENT_COUNT] = {
	[CUT_EV_REQUEST] = "request",	      [CUT_EV_HOLD] = "hold",
	[CUT_EV_EXCEPT] = "except",	      [CUT_EV_OUTSIDE] = "outside",
	[CUT_EV_REFUSE] = "refuse",	      [CUT_EV_APPROVE] = "approve",
	[CUT_EV_HOLD_OVER] = "hold-over",     [CUT_EV_DISPATCH] = "dispatch",
	[CUT_EV_RESEND] = "resend",	      [CUT_EV_ACK] = "ack",
	[CUT_EV_NEXT_METHOD] = "next-method", [CUT_EV_LADDER_END] = "ladder-end",
	[CUT_EV_PROVEN] = "proven",	      [CUT_EV_ANSWERED] = "answered",
	[CUT_EV_SILENT] = "silent",	      [CUT_EV_LOST] = "lost",
	[CUT_EV_CHANGE] = "change",	      [CUT_EV_RETRY] = "retry",
	[CUT_EV_REVIEW] = "review",	      [CUT_EV_RELEASE] = "release",
	[CUT_EV_LEASE_END] = "lease-end",     [CUT_EV_UNDO_AGAIN] = "undo-again",
	[CUT_EV_UNDONE] = "undone",
};

const struct cut_transition *cut_transition(enum cut_state from, enum cut_event event)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].from == from && table[i].event == event)
			return &table[i];
	}
	return NULL;
}

bool cut_state_final(enum cut_state s)
{
	return s >= CUT_RELEASED;
}

bool cut_state_in_force(enum cut_state s)
{
	return s >= CUT_SENT && s <= CUT_ENDING;
}

const char *cut_state_text(enum cut_state s)
{
	return s < CUT_STATE_COUNT ? states[s].word : "unknown";
}

int cut_state_parse(const char *word, enum cut_state *ret)
{
	for (unsigned i = 0; i < CUT_STATE_COUNT; i++) {
		if (strcmp(states[i].word, word) == 0) {
			*ret = (enum cut_state)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

const char *cut_event_text(enum cut_event e)
{
	return e < CUT_EVENT_COUNT ? events[e] : "unknown";
}

enum command_state cut_state_wire(enum cut_state s)
{
	return s < CUT_STATE_COUNT ? states[s].wire : COMMAND_STATE_UNSPECIFIED;
}
