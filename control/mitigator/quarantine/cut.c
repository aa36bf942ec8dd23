#include "control/mitigator/quarantine/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/quarantine/cut_engine.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

/* What waits for the commit. */
enum { DEFERRED = CUT_FX_KEEP | CUT_FX_SEND | CUT_FX_UNDO | CUT_FX_WATCH | CUT_FX_UNWATCH };

struct cuts *cuts_new(const struct cuts_setup *setup)
{
	struct cuts *cs = calloc(1, sizeof(*cs));

	if (cs)
		cs->s = *setup;
	return cs;
}

void cuts_free(struct cuts *cs)
{
	if (!cs)
		return;
	for (unsigned i = 0; i < cs->n; i++)
		free(cs->open[i]);
	free(cs);
}

void cuts_set_times(struct cuts *cs, const struct cut_times *t)
{
	cs->s.times = *t;
}

const struct cut_method *cuts_methods(const struct cuts *cs, unsigned *ret_n)
{
	*ret_n = cs->s.methods_n;
	return cs->s.methods;
}

/* ---- what an event does to the cut itself ---- */

static void stamp(struct cut *c, struct cut_now now)
{
	if (c->state == CUT_SENT && !c->sent)
		c->sent = now.wall;
	if (c->state == CUT_ACKED)
		c->acked = now.wall;
	if (c->state == CUT_VERIFIED)
		c->verified = now.wall;
	if (cut_state_final(c->state))
		c->closed = now.wall;
}

static void take_rung(struct cut *c, uint8_t rung)
{
	c->rung = rung < c->ladder_n ? rung : 0;
	c->method = c->ladder[c->rung];
}

/* A new command, unlike the same one sent again. */
static void renumber(struct cut *c)
{
	c->number++;
	c->tries = 0;
}

static void prepare(struct cuts *cs, struct cut *c, const struct cut_transition *t,
		    struct cut_now now)
{
	if (t->event == CUT_EV_NEXT_METHOD)
		take_rung(c, (uint8_t)(c->rung + 1));
	if (t->event == CUT_EV_RETRY) {
		take_rung(c, 0);
		c->useless = c->acked_by = 0;
		c->retries++;
	}
	if (t->event == CUT_EV_ANSWERED)
		c->useless |= 1u << c->method;
	if (t->event == CUT_EV_ACK)
		c->acked_by |= 1u << c->method;
	if (t->event == CUT_EV_PROVEN)
		c->retries = 0;
	if (t->effects & CUT_FX_SEND && t->event != CUT_EV_RESEND) {
		renumber(c);
		c->ordered |= 1u << c->method;
		c->numbers[c->method] = c->number;
	}
	if (t->effects & CUT_FX_UNDO && t->event != CUT_EV_UNDO_AGAIN) {
		renumber(c);
		c->undone = 0;
	}
	if (t->event == CUT_EV_HOLD)
		c->review = now.wall + cs->s.times.hold_ns;
	if (t->event == CUT_EV_APPROVE)
		c->review = 0;
	if (t->effects & CUT_FX_RENEW ||
	    ((t->to == CUT_REQUESTED || t->event == CUT_EV_REQUEST) && cut_end(c) == 0))
		c->review = now.wall + cs->s.times.review_ns;
	if (t->event == CUT_EV_APPROVE)
		c->held_for = GUARD_FINE;
}

/* Doubles with every try, so that an enforcer that is away for days costs little. */
static uint64_t backoff(uint64_t base, uint32_t tries)
{
	return base << (tries < 7 ? tries : 7);
}

static uint64_t deadline_of(const struct cuts *cs, const struct cut *c)
{
	const struct cut_times *t = &cs->s.times;

	switch (c->state) {
	case CUT_REQUESTED:
		return t->message_ns + 1;
	case CUT_SENT:
		return t->ack_ns;
	case CUT_STILL_SEEN:
	case CUT_FAILED:
		return backoff(t->retry_ns, c->retries);
	case CUT_RELEASING:
	case CUT_ENDING:
		return backoff(t->ack_ns, c->tries);
	default:
		return 0;
	}
}

static void set_deadline(struct cuts *cs, struct cut *c, struct cut_now now)
{
	uint64_t in = deadline_of(cs, c);

	c->deadline = in ? now.mono + in : 0;
}

static void store(struct cuts *cs, const struct cut *c, const struct cut_change *ch)
{
	if (cs->failed)
		return;
	if (cut_store_save(cs->s.store, c, &cs->e) < 0 ||
	    (ch && cut_store_note(cs->s.store, c->id, ch, &cs->e) < 0))
		cs->failed = true;
}

static void tell(struct cuts *cs, struct cut *c, uint32_t effects)
{
	const struct cut_sink *k = &cs->s.sink;

	if (effects & CUT_FX_MESSAGE)
		k->message(k->ctx, c);
	if (effects & CUT_FX_ASK)
		k->ask(k->ctx, c);
	if (effects & CUT_FX_ALARM)
		k->alarm(k->ctx, c);
	if (effects & CUT_FX_EVENT)
		k->event(k->ctx, c);
}

bool cuts_event(struct cuts *cs, struct cut *c, enum cut_event event, const char *actor,
		const char *reason, struct cut_now now)
{
	const struct cut_transition *t = cut_transition(c->state, event);
	bool repeat = event == CUT_EV_RESEND || event == CUT_EV_UNDO_AGAIN;
	struct cut_change ch;
	uint32_t effects;

	if (!t)
		return false;
	ch = (struct cut_change){.time = now.wall,
				 .from = c->state,
				 .to = t->to,
				 .event = event,
				 .actor = actor,
				 .reason = reason};
	c->state = t->to;
	c->changed = now.wall;
	c->entered = now.mono;
	if (!repeat) {
		snprintf(c->note, sizeof(c->note), "%s", reason);
		snprintf(c->note_actor, sizeof(c->note_actor), "%s", actor);
	}
	/* 1190 says that a host was cut automatically, once. */
	effects = c->acked || c->approved ? t->effects & ~(uint32_t)CUT_FX_EVENT : t->effects;
	stamp(c, now);
	prepare(cs, c, t, now);
	ch.method = c->state >= CUT_SENT && c->method < cs->s.methods_n
			    ? cs->s.methods[c->method].name
			    : "";
	set_deadline(cs, c, now);
	/* What was not sent yet is not worth sending when the opposite is wanted by now. */
	if (effects & CUT_FX_UNDO)
		c->effects &= ~(uint32_t)CUT_FX_SEND;
	if (effects & CUT_FX_SEND)
		c->effects &= ~(uint32_t)CUT_FX_UNDO;
	if (effects & CUT_FX_WATCH)
		c->effects &= ~(uint32_t)CUT_FX_UNWATCH;
	if (effects & CUT_FX_UNWATCH)
		c->effects &= ~(uint32_t)CUT_FX_WATCH;
	c->effects |= effects & DEFERRED;
	/* What is only sent again is no change of state worth a line for days. */
	store(cs, c, repeat ? NULL : &ch);
	tell(cs, c, effects);
	if (!repeat)
		cs->s.sink.changed(cs->s.sink.ctx, c, ch.from);
	return true;
}

/* ---- the set of open cuts ---- */

static bool add(struct cuts *cs, struct cut *c)
{
	if (cs->n >= CUTS_MAX) {
		cs->refused++;
		return false;
	}
	cs->open[cs->n++] = c;
	return true;
}

struct cut *cuts_open(struct cuts *cs, const struct cut *request, enum cut_event event,
		      struct cut_now now, struct errmsg *e)
{
	struct cut *c = malloc(sizeof(*c));

	if (!c || cs->n >= CUTS_MAX) {
		cs->refused++;
		free(c);
		errmsg_set(e, ERR_LIMIT, "%d hosts are cut or held, no more fit", CUTS_MAX);
		return NULL;
	}
	*c = *request;
	c->state = CUT_NEW;
	c->opened = now.wall;
	c->rung = 0;
	c->method = c->ladder_n ? c->ladder[0] : 0;
	if (cut_store_next(cs->s.store, &c->id, e) < 0) {
		free(c);
		return NULL;
	}
	add(cs, c);
	cuts_event(cs, c, event, c->actor, request->note[0] ? request->note : request->reason, now);
	return c;
}

static bool load(void *ctx, const struct cut *stored)
{
	struct cuts *cs = ctx;
	struct cut *c = malloc(sizeof(*c));

	if (!c)
		return false;
	*c = *stored;
	if (!add(cs, c))
		free(c);
	return true;
}

/* What a state owes that a restart may have taken away. */
static void take_up(struct cuts *cs, struct cut *c, struct cut_now now)
{
	static const uint32_t owed[CUT_STATE_COUNT] = {
		[CUT_REQUESTED] = CUT_FX_KEEP, [CUT_SENT] = CUT_FX_SEND,
		[CUT_ACKED] = CUT_FX_WATCH,    [CUT_VERIFIED] = CUT_FX_WATCH,
		[CUT_QUIET] = CUT_FX_WATCH,    [CUT_STILL_SEEN] = CUT_FX_WATCH,
		[CUT_RELEASING] = CUT_FX_UNDO, [CUT_ENDING] = CUT_FX_UNDO,
	};

	for (uint8_t i = 0; i < c->ladder_n; i++) {
		if (c->ladder[i] == c->method)
			c->rung = i;
	}
	c->entered = now.mono;
	c->effects = owed[c->state];
	verify_reset(&c->verify, c->drops);
	set_deadline(cs, c, now);
}

int cuts_recover(struct cuts *cs, struct cut_now now, struct errmsg *e)
{
	int rc;

	for (unsigned i = 0; i < cs->n; i++)
		free(cs->open[i]);
	cs->n = cs->watching = 0;
	cs->failed = false;
	rc = cut_store_each(cs->s.store, true, CUTS_MAX, load, cs, e);
	for (unsigned i = 0; i < cs->n; i++)
		take_up(cs, cs->open[i], now);
	return rc;
}

int cuts_rollback(struct cuts *cs, struct cut_now now, struct errmsg *e)
{
	return cuts_recover(cs, now, e);
}

bool cuts_failed(const struct cuts *cs, struct errmsg *e)
{
	if (cs->failed && e)
		*e = cs->e;
	return cs->failed;
}

unsigned cuts_count(const struct cuts *cs)
{
	return cs->n;
}

struct cut *cuts_at(struct cuts *cs, unsigned i)
{
	return cs->open[i];
}

struct cut *cuts_find(struct cuts *cs, uint64_t id)
{
	for (unsigned i = 0; i < cs->n; i++) {
		if (cs->open[i]->id == id)
			return cs->open[i];
	}
	return NULL;
}

struct cut *cuts_of_host(struct cuts *cs, const char *host_id)
{
	for (unsigned i = 0; i < cs->n; i++) {
		if (!cut_state_final(cs->open[i]->state) &&
		    strcmp(cs->open[i]->host_id, host_id) == 0)
			return cs->open[i];
	}
	return NULL;
}

static bool same_host(const struct cut_target *a, const struct cut_target *b)
{
	if (!mac_addr_is_zero(&a->mac) && !mac_addr_is_zero(&b->mac))
		return mac_addr_eq(&a->mac, &b->mac);
	for (unsigned i = 0; i < a->ips_n; i++) {
		if (target_has_ip(b, &a->ips[i]))
			return true;
	}
	return false;
}

struct cut *cuts_of_target(struct cuts *cs, const struct cut_target *t)
{
	for (unsigned i = 0; i < cs->n; i++) {
		if (!cut_state_final(cs->open[i]->state) && same_host(&cs->open[i]->target, t))
			return cs->open[i];
	}
	return NULL;
}

uint64_t cuts_refused(const struct cuts *cs)
{
	return cs->refused;
}

void cuts_take_port(struct cuts *cs, struct cut *c, const char *switch_name, const char *port)
{
	snprintf(c->target.switch_name, sizeof(c->target.switch_name), "%s", switch_name);
	snprintf(c->target.switch_port, sizeof(c->target.switch_port), "%s", port);
	c->whole_port = true;
	store(cs, c, NULL);
}

/* Everything that was of the time before goes, but for the methods that may still hold it. */
static void begin_again(struct cut *c, const struct cut *r)
{
	c->ordered &= ~c->undone;
	c->causes = r->causes;
	memcpy(c->ends, r->ends, sizeof(c->ends));
	c->target = r->target;
	c->whole_port = r->whole_port;
	c->held_for = GUARD_FINE;
	c->approved = r->approved;
	c->counted = r->counted;
	/* What the fuse let through stays counted, though a person's word follows. */
	c->fused = r->fused ? r->fused : c->fused;
	c->first_yes[0] = 0;
	c->severity = r->severity;
	c->threat_hosts = r->threat_hosts;
	snprintf(c->threat_id, sizeof(c->threat_id), "%s", r->threat_id);
	snprintf(c->threat_name, sizeof(c->threat_name), "%s", r->threat_name);
	snprintf(c->alert_id, sizeof(c->alert_id), "%s", r->alert_id);
	snprintf(c->incident_id, sizeof(c->incident_id), "%s", r->incident_id);
	snprintf(c->category, sizeof(c->category), "%s", r->category);
	snprintf(c->url, sizeof(c->url), "%s", r->url);
	snprintf(c->mode, sizeof(c->mode), "%s", r->mode);
	snprintf(c->scope, sizeof(c->scope), "%s", r->scope);
	snprintf(c->actor, sizeof(c->actor), "%s", r->actor);
	snprintf(c->reason, sizeof(c->reason), "%s", r->reason);
	memcpy(c->ladder, r->ladder, sizeof(c->ladder));
	c->ladder_n = r->ladder_n;
	c->detected = r->detected;
	c->reported = r->reported;
	c->sent = c->acked = c->verified = 0;
	c->acked_by = c->useless = c->undone = 0;
	c->tries = c->retries = 0;
	take_rung(c, 0);
}

bool cuts_again(struct cuts *cs, struct cut *c, const struct cut *request, struct cut_now now)
{
	if (c->state != CUT_RELEASING && c->state != CUT_ENDING)
		return false;
	begin_again(c, request);
	return cuts_event(cs, c, CUT_EV_REQUEST, c->actor,
			  request->note[0] ? request->note : request->reason, now);
}

void cuts_stop(struct cuts *cs, bool stopped)
{
	cs->stopped = stopped;
}

static uint64_t moved(uint64_t when, int64_t delta)
{
	if (delta < 0 && when <= (uint64_t)-delta)
		return 1;
	return when + (uint64_t)delta;
}

void cuts_clock_set(struct cuts *cs, int64_t delta, struct cut_now now)
{
	if (cut_store_clock(cs->s.store, delta, &cs->e) < 0)
		cs->failed = true;
	for (unsigned i = 0; i < cs->n; i++) {
		struct cut *c = cs->open[i];

		if (cut_state_final(c->state))
			continue;
		if (c->fused)
			c->fused = moved(c->fused, delta);
		if (c->review)
			c->review = moved(c->review, delta);
		for (unsigned k = 0; k < CAUSE_COUNT; k++)
			c->ends[k] = c->ends[k] ? moved(c->ends[k], delta) : 0;
		/* Who carries it out was told a time of day. */
		if (!cut_end(c) || !cuts_event(cs, c, CUT_EV_CHANGE, "automatic",
					       "the clock was set: its end is told anew", now))
			store(cs, c, NULL);
	}
}

unsigned cuts_repeats(struct cuts *cs, const char *host_id, uint64_t since)
{
	return cut_store_repeats(cs->s.store, host_id, since);
}

void cuts_first_yes(struct cuts *cs, struct cut *c, const char *actor)
{
	snprintf(c->first_yes, sizeof(c->first_yes), "%s", actor);
	store(cs, c, NULL);
}

/* ---- causes ---- */

uint64_t cut_end(const struct cut *c)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < CAUSE_COUNT; i++) {
		if (!(c->causes & CAUSE_BIT(i)))
			continue;
		if (c->ends[i] == 0)
			return 0;
		if (c->ends[i] > end)
			end = c->ends[i];
	}
	return end;
}

void cuts_add_cause(struct cuts *cs, struct cut *c, enum cut_cause cause, uint64_t end,
		    const char *actor, const char *reason, struct cut_now now)
{
	uint64_t before = cut_end(c);

	if (c->causes & CAUSE_BIT(cause) && c->ends[cause] == end)
		return;
	c->causes |= CAUSE_BIT(cause);
	c->ends[cause] = end;
	/* It no longer ends by itself: from now on a person is asked to look (Q8). A question has
	 * its own patience there. */
	if (cut_end(c) == 0 && !c->review && c->state != CUT_HELD)
		c->review = now.wall + cs->s.times.review_ns;
	if (cut_end(c) == before || !cuts_event(cs, c, CUT_EV_CHANGE, actor, reason, now))
		store(cs, c, NULL);
}

void cuts_drop_causes(struct cuts *cs, struct cut *c, uint32_t causes, const char *actor,
		      const char *reason, struct cut_now now)
{
	if (!(c->causes & causes))
		return;
	c->causes &= ~causes;
	if (c->causes == 0)
		cuts_event(cs, c, CUT_EV_RELEASE, actor, reason, now);
	else
		store(cs, c, NULL);
}

const char *cut_cause_text(enum cut_cause c)
{
	static const char *const words[] = {"threat", "policy", "block",
					    "manual", "vendor", "program"};

	return c < CAUSE_COUNT ? words[c] : "unknown";
}

enum command_cause cut_cause_wire(uint32_t causes)
{
	if (causes & CAUSE_BIT(CAUSE_THREAT))
		return COMMAND_CAUSE_THREAT;
	if (causes & (CAUSE_BIT(CAUSE_MANUAL) | CAUSE_BIT(CAUSE_PROGRAM)))
		return COMMAND_CAUSE_MANUAL;
	if (causes & CAUSE_BIT(CAUSE_VENDOR))
		return COMMAND_CAUSE_VENDOR;
	return COMMAND_CAUSE_POLICY;
}

/* ---- ids ---- */

char *cut_command_id(const char *mitigator, uint64_t cut, uint32_t number, char ret[CUT_ID_TEXT])
{
	snprintf(ret, CUT_ID_TEXT, "%s-%llu.%u", mitigator, (unsigned long long)cut, number);
	return ret;
}

bool cut_command_parse(const char *mitigator, const char *id, uint64_t *ret_cut,
		       uint32_t *ret_number)
{
	size_t len = strlen(mitigator);
	unsigned long long cut;
	unsigned long number;
	char *end;

	if (strncmp(id, mitigator, len) != 0 || id[len] != '-' || id[len + 1] < '0' ||
	    id[len + 1] > '9')
		return false;
	cut = strtoull(id + len + 1, &end, 10);
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return false;
	number = strtoul(end + 1, &end, 10);
	if ((*end != 0 && strncmp(end, ".w", 2) != 0) || number > UINT32_MAX)
		return false;
	*ret_cut = cut;
	*ret_number = (uint32_t)number;
	return true;
}
