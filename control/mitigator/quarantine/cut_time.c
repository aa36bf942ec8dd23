/* How cuts move on: answers of methods, what sensors see, time-outs, effects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/quarantine/cut_engine.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

enum {
	WATCH_RENEW_S = 20, /* a watch is extended this often */
	WATCH_AGAIN_S = 2,  /* an order to watch that nobody follows is repeated, ever less often */
	WATCH_LINGER_S = 15,   /* a verified cut is watched on for so long */
	WATCH_QUIET_S = 300,   /* ... and one that nobody has proven */
	TICK_WATCHED_MS = 100, /* a watched cut is judged at least this often */
	BUSY_MS = 50,	       /* until an order that was not sent is tried again */
	UNDO_PATIENCE = 6,     /* a release asked for so often, some minutes, alarms */
};

static const char self[] = "automatic";

/* ---- the ladder ---- */

/* What a person said yes to is that person's. */
static bool stopped(const struct cuts *cs, const struct cut *c)
{
	return cs->stopped && !c->approved;
}

/* The current method did not do: the next, or one that said yes late, or the end. */
static void step_up(struct cuts *cs, struct cut *c, const char *reason, struct cut_now now)
{
	uint32_t late = c->acked_by & ~c->useless;

	if (c->rung + 1 < c->ladder_n && !stopped(cs, c)) {
		cuts_event(cs, c, CUT_EV_NEXT_METHOD, self, reason, now);
	} else if (c->state == CUT_SENT && late) {
		c->method = (uint8_t)__builtin_ctz(late);
		cuts_event(cs, c, CUT_EV_ACK, self, "an earlier method confirmed late", now);
	} else {
		cuts_event(cs, c, CUT_EV_LADDER_END, self, reason, now);
	}
}

static void undo_result(struct cuts *cs, struct cut *c, const struct cut_result *r,
			struct cut_now now)
{
	if (r->number != c->number || r->answer != CUT_ANSWER_DONE)
		return; /* it is asked again until every method has confirmed */
	c->undone |= 1u << r->method;
	if ((c->ordered & ~c->undone) == 0)
		cuts_event(cs, c, CUT_EV_UNDONE, self, r->text, now);
}

/* The order waits for its turn. */
static void send_soon(struct cut *c, const struct cut_result *r, struct cut_now now)
{
	bool undoing = c->state == CUT_RELEASING || c->state == CUT_ENDING;

	if (r->undo ? !undoing : c->state != CUT_SENT || r->number != c->number)
		return;
	c->busy = true;
	c->deadline = now.mono + BUSY_MS * NS_PER_MS;
}

void cuts_result(struct cuts *cs, const struct cut_result *r, struct cut_now now)
{
	struct cut *c = cuts_find(cs, r->cut);
	bool current;

	if (!c || r->method >= cs->s.methods_n)
		return;
	if (r->answer == CUT_ANSWER_BUSY) {
		send_soon(c, r, now);
		return;
	}
	if (r->undo) {
		if (c->state == CUT_RELEASING || c->state == CUT_ENDING)
			undo_result(cs, c, r, now);
		return;
	}
	current = r->number == c->number && r->method == c->method;
	if (r->answer == CUT_ANSWER_DONE)
		c->denied &= ~(1u << r->method);
	else if (r->answer != CUT_ANSWER_AWAY)
		c->denied |= 1u << r->method;
	if (r->answer == CUT_ANSWER_DONE && !current) {
		if (r->number == c->numbers[r->method])
			c->acked_by |= 1u << r->method;
		return;
	}
	if (!current || (c->state != CUT_SENT && c->state != CUT_FAILED))
		return;
	if (r->answer == CUT_ANSWER_DONE) {
		verify_reset(&c->verify, c->drops);
		cuts_event(cs, c, CUT_EV_ACK, self, r->text, now);
	} else if (c->state == CUT_SENT) {
		step_up(cs, c, r->text, now);
	}
}

void cuts_lost(struct cuts *cs, struct cut *c, unsigned method, struct cut_now now)
{
	if (method == c->method && c->ordered & 1u << method)
		cuts_event(cs, c, CUT_EV_LOST, self, "the method no longer held the cut", now);
}

/* ---- verification ---- */

static uint64_t until_again(const struct cut *c, struct cut_now now)
{
	uint64_t begun = c->watch_end - WATCH_QUIET_S * NS_PER_SEC;
	uint64_t in = now.mono > begun ? now.mono - begun : 0;

	if (in < WATCH_AGAIN_S * NS_PER_SEC)
		return WATCH_AGAIN_S * NS_PER_SEC;
	return in < WATCH_RENEW_S * NS_PER_SEC ? in : WATCH_RENEW_S * NS_PER_SEC;
}

static void order_watch(struct cuts *cs, struct cut *c, struct cut_now now)
{
	c->watch_renew = now.mono + WATCH_RENEW_S * NS_PER_SEC;
	c->watch_again = now.mono + until_again(c, now);
	cs->s.sink.watch(cs->s.sink.ctx, c, true);
}

static void watch_off(struct cuts *cs, struct cut *c)
{
	if (!c->watching)
		return;
	cs->s.sink.watch(cs->s.sink.ctx, c, false);
	c->watching = false;
	cs->watching--;
}

/* A new watch, whose counts begin with it. Without a free place it is tried again. */
static void watch_on(struct cuts *cs, struct cut *c, struct cut_now now)
{
	char id[CUT_ID_TEXT];

	watch_off(cs, c);
	if (cs->watching >= cs->s.watches_max) {
		c->effects |= CUT_FX_WATCH;
		return;
	}
	cs->watching++;
	c->watching = true;
	c->effects &= ~(uint32_t)CUT_FX_WATCH;
	cut_command_id(cs->s.mitigator, c->id, c->number, id);
	snprintf(c->watch_id, sizeof(c->watch_id), "%.80s.w%u", id, ++c->watch_number);
	c->watch_end = now.mono + WATCH_QUIET_S * NS_PER_SEC;
	verify_reset(&c->verify, c->drops);
	order_watch(cs, c, now);
}

static void judge(struct cuts *cs, struct cut *c, struct cut_now now)
{
	char reason[CUT_REASON] = "";
	enum cut_event ev;

	if (c->state != CUT_ACKED && c->state != CUT_QUIET && c->state != CUT_VERIFIED)
		return;
	ev = verify_judge(&c->verify, &cs->s.times.verify, now.mono - c->entered, reason,
			  sizeof(reason));
	if (ev == CUT_EVENT_COUNT || !cuts_event(cs, c, ev, self, reason, now))
		return;
	if (ev == CUT_EV_PROVEN)
		c->watch_end = now.mono + WATCH_LINGER_S * NS_PER_SEC;
	if (ev == CUT_EV_ANSWERED)
		step_up(cs, c, reason, now);
}

void cuts_seen(struct cuts *cs, struct cut *c, const char *sensor, const struct watch_result *w,
	       struct cut_now now)
{
	if (!c->watching)
		return;
	verify_note(&c->verify, sensor, w);
	judge(cs, c, now);
}

void cuts_drops(struct cuts *cs, struct cut *c, uint64_t drops, struct cut_now now)
{
	bool rose = drops > c->drops;

	if (!rose)
		return;
	c->drops = drops;
	c->verify.drops = drops;
	/* It tries again: worth a look whether anybody answers. */
	if (c->state == CUT_QUIET && !c->watching)
		c->effects |= CUT_FX_WATCH;
	judge(cs, c, now);
}

static void tick_watch(struct cuts *cs, struct cut *c, struct cut_now now)
{
	if (!c->watching) {
		if (c->state == CUT_VERIFIED && cs->s.times.recheck_ns &&
		    now.mono - c->watch_end >= cs->s.times.recheck_ns)
			c->effects |= CUT_FX_WATCH;
		return;
	}
	if (c->effects & CUT_FX_WATCH)
		return; /* another is about to begin */
	if (now.mono >= c->watch_end)
		c->effects |= CUT_FX_UNWATCH;
	else if (now.mono >= c->watch_renew ||
		 (now.mono >= c->watch_again && !verify_seen(&c->verify)))
		order_watch(cs, c, now);
}

/* ---- time ---- */

static void tick_sent(struct cuts *cs, struct cut *c, struct cut_now now)
{
	if (c->busy || ++c->tries < cs->s.times.ack_tries)
		cuts_event(cs, c, CUT_EV_RESEND, self, "no answer yet", now);
	else
		step_up(cs, c, "no acknowledgement came in time", now);
}

static void tick_undo(struct cuts *cs, struct cut *c, struct cut_now now)
{
	c->tries += !c->busy;
	if ((c->ordered & ~c->undone) == 0)
		cuts_event(cs, c, CUT_EV_UNDONE, self, "nothing held it", now);
	else
		cuts_event(cs, c, CUT_EV_UNDO_AGAIN, self, "", now);
	if (c->tries == UNDO_PATIENCE && !c->busy)
		cuts_event(cs, c, CUT_EV_REVIEW, self,
			   "its release is not confirmed: it may still be cut", now);
}

static void tick_deadline(struct cuts *cs, struct cut *c, struct cut_now now)
{
	c->deadline = 0;
	switch (c->state) {
	case CUT_REQUESTED:
		if (stopped(cs, c))
			break;
		cuts_event(cs, c, CUT_EV_DISPATCH, self,
			   cs->s.message_note ? cs->s.message_note : "the message had its time",
			   now);
		break;
	case CUT_SENT:
		tick_sent(cs, c, now);
		break;
	case CUT_STILL_SEEN:
	case CUT_FAILED:
		if (stopped(cs, c)) {
			c->deadline = now.mono + cs->s.times.retry_ns;
			break;
		}
		cuts_event(cs, c, CUT_EV_RETRY, self, "the ladder is tried again", now);
		break;
	case CUT_RELEASING:
	case CUT_ENDING:
		tick_undo(cs, c, now);
		break;
	default:
		break;
	}
	c->busy = false;
}

/* Leases, reviews and patience run by the wall clock, so they survive restarts. */
static void tick_wall(struct cuts *cs, struct cut *c, struct cut_now now)
{
	uint64_t end = cut_end(c);

	if (c->state == CUT_HELD &&
	    now.wall >= (c->review ? c->review : c->opened + cs->s.times.hold_ns)) {
		cuts_event(cs, c, CUT_EV_HOLD_OVER, self, "nobody decided in time", now);
		return;
	}
	if (c->state == CUT_REQUESTED && stopped(cs, c)) {
		c->held_for = GUARD_KILL_SWITCH;
		cuts_event(cs, c, CUT_EV_HOLD, self, "the kill switch stands", now);
		return;
	}
	if (c->state == CUT_RELEASING || c->state == CUT_ENDING) {
		if (c->review && now.wall >= c->review)
			cuts_event(cs, c, CUT_EV_REVIEW, self,
				   "its release is not confirmed: it may still be cut", now);
		return;
	}
	if (end && now.wall >= end) {
		cuts_event(cs, c, CUT_EV_LEASE_END, self, "the end given to it is reached", now);
		return;
	}
	for (unsigned i = 0; i < CAUSE_COUNT; i++) {
		if (c->causes & CAUSE_BIT(i) && c->ends[i] && now.wall >= c->ends[i])
			c->causes &= ~CAUSE_BIT(i);
	}
	if (c->review && now.wall >= c->review && end == 0 && c->state != CUT_HELD)
		cuts_event(cs, c, CUT_EV_REVIEW, self, "a person must look at it: review date",
			   now);
}

static uint64_t next_due(const struct cuts *cs, const struct cut *c, struct cut_now now)
{
	uint64_t due = now.mono + NS_PER_SEC; /* wall clock matters */

	if (c->deadline && c->deadline < due)
		due = c->deadline;
	if (c->watching || c->state == CUT_ACKED)
		due = now.mono + TICK_WATCHED_MS * NS_PER_MS < due
			      ? now.mono + TICK_WATCHED_MS * NS_PER_MS
			      : due;
	return due;
}

uint64_t cuts_tick(struct cuts *cs, struct cut_now now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < cs->n; i++) {
		struct cut *c = cs->open[i];

		if (cut_state_final(c->state))
			continue;
		if (c->deadline && now.mono >= c->deadline)
			tick_deadline(cs, c, now);
		tick_wall(cs, c, now);
		tick_watch(cs, c, now);
		judge(cs, c, now);
		if (next_due(cs, c, now) < due)
			due = next_due(cs, c, now);
	}
	return due;
}

/* ---- effects ---- */

static void undo(struct cuts *cs, struct cut *c)
{
	for (unsigned m = 0; m < cs->s.methods_n; m++) {
		if (c->ordered & ~c->undone & 1u << m)
			cs->s.sink.undo(cs->s.sink.ctx, c, m);
	}
}

static void carry_out(struct cuts *cs, struct cut *c, struct cut_now now)
{
	const struct cut_sink *k = &cs->s.sink;
	uint32_t effects = c->effects;

	c->effects = 0;
	if (effects & CUT_FX_KEEP)
		k->keep(k->ctx, c);
	if (effects & CUT_FX_SEND)
		k->order(k->ctx, c, c->method);
	if (effects & CUT_FX_UNDO)
		undo(cs, c);
	if (effects & CUT_FX_UNWATCH || cut_state_final(c->state))
		watch_off(cs, c);
	else if (effects & CUT_FX_WATCH)
		watch_on(cs, c, now);
}

void cuts_effects(struct cuts *cs, struct cut_now now)
{
	for (unsigned i = 0; i < cs->n;) {
		struct cut *c = cs->open[i];

		if (c->effects || cut_state_final(c->state))
			carry_out(cs, c, now);
		if (cut_state_final(c->state)) {
			free(c);
			cs->open[i] = cs->open[--cs->n];
		} else {
			i++;
		}
	}
}
