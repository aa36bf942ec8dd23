/* The life cycle of a cut (Q9) as one table. The table says where each event leads and which side
 * effects belong to it; cut.c has the code for the effects and stores every change first. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/message.h"

enum cut_state {
	CUT_NEW, /* nothing stored yet */
	CUT_REQUESTED,
	CUT_HELD, /* asks a person */
	CUT_SENT,
	CUT_ACKED,
	CUT_VERIFIED,
	CUT_QUIET,
	CUT_STILL_SEEN,
	CUT_FAILED,
	CUT_RELEASING, /* a person released; not every method has confirmed */
	CUT_ENDING,    /* its time is over; not every method has confirmed */
	CUT_RELEASED,
	CUT_EXPIRED,
	CUT_EXCEPTION,
	CUT_OUTSIDE_POLICY,
	CUT_REFUSED, /* by a guard for good, or by the person who was asked */
	CUT_STATE_COUNT
};

enum cut_event {
	CUT_EV_REQUEST,	    /* to be cut */
	CUT_EV_HOLD,	    /* to be cut when a person agrees */
	CUT_EV_EXCEPT,	    /* a never-block exception covers the host */
	CUT_EV_OUTSIDE,	    /* the policy's criteria are not met */
	CUT_EV_REFUSE,	    /* a guard or a person says no */
	CUT_EV_APPROVE,	    /* a person says yes */
	CUT_EV_HOLD_OVER,   /* nobody answered in time */
	CUT_EV_DISPATCH,    /* the message to the user had its time */
	CUT_EV_RESEND,	    /* no answer yet: the same command again */
	CUT_EV_ACK,	    /* the method says it is cut */
	CUT_EV_NEXT_METHOD, /* this method failed or had no effect, there is another */
	CUT_EV_LADDER_END,  /* this method failed and there is no other */
	CUT_EV_PROVEN,	    /* the host tried, and no peer answered */
	CUT_EV_ANSWERED,    /* a peer answered or a session went on */
	CUT_EV_SILENT,	    /* the host did not try */
	CUT_EV_LOST,	    /* the method no longer knows of the cut (restart, flows flushed) */
	CUT_EV_CHANGE,	    /* its end or its addresses changed: ordered anew */
	CUT_EV_RETRY,	    /* time to try the ladder again */
	CUT_EV_REVIEW,	    /* the review date of a cut that never ends by itself */
	CUT_EV_RELEASE,	    /* a person or a permit releases */
	CUT_EV_LEASE_END,   /* the end that was given to it is reached */
	CUT_EV_UNDO_AGAIN,  /* no confirmation yet: the same release again */
	CUT_EV_UNDONE,	    /* every method confirmed the release */
	CUT_EVENT_COUNT
};

/* Side effects. The first five happen after the change is stored; the others become records of the
 * same transaction. */
enum cut_effect {
	CUT_FX_KEEP = 1 << 0,  /* the undo list is written before the cut (Q11) */
	CUT_FX_SEND = 1 << 1,  /* order the current method */
	CUT_FX_UNDO = 1 << 2,  /* order the release from every method that was ordered */
	CUT_FX_WATCH = 1 << 3, /* sensors count what the host does from now on */
	CUT_FX_UNWATCH = 1 << 4,
	CUT_FX_MESSAGE = 1 << 5, /* queue the message to the user, give it its time (Q4) */
	CUT_FX_ASK = 1 << 6,	 /* tell people that one must decide */
	CUT_FX_ALARM = 1 << 7,	 /* tell people that something is wrong */
	CUT_FX_EVENT = 1 << 8,	 /* event 1190, once a cut */
	CUT_FX_RENEW = 1 << 9,	 /* a new review date */
};

struct cut_transition {
	enum cut_state from;
	enum cut_event event;
	enum cut_state to;
	uint32_t effects;
};

/* The transition, or NULL: the event does not belong to the state and changes nothing. */
const struct cut_transition *cut_transition(enum cut_state from, enum cut_event event);

bool cut_state_final(enum cut_state s);
/* Something may stand in a switch or enforcer for the cut. */
bool cut_state_in_force(enum cut_state s);
/* "still-seen"; the words of wire plus "releasing" and "ending". */
const char *cut_state_text(enum cut_state s);
int cut_state_parse(const char *word, enum cut_state *ret);
const char *cut_event_text(enum cut_event e);
/* What peers and pages know of. */
enum command_state cut_state_wire(enum cut_state s);
