#include "control/mitigator/decide.h"

#include <stdio.h>
#include <string.h>

#include "control/mitigator/request.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

static const char self[] = "automatic";

enum { BLOCK_REPEATS = 6 }; /* more do not make a block longer still */

/* ---- events and judgements ---- */

static void tell_threat(struct decide *d, const struct host *h, const struct incident *i,
			const struct alert *a, enum policy_mode mode)
{
	char id[96], threat[THREAT_ID], text[256];
	struct host_ident who = host_ident_of(h); /* with all that is known of it */

	who.ip = a->host.ip;
	if (mac_addr_is_zero(&who.mac))
		who.mac = a->host.mac;
	threat_id_of(a, threat);
	snprintf(id, sizeof(id), "1188-%s-%s", i->id, threat);
	snprintf(text, sizeof(text), "threat detected on a host: %.200s", a->msg);
	d->sink.event(d->sink.ctx, &(struct event){.number = EVENT_THREAT_DETECTED,
						   .id = id,
						   .time = a->time,
						   .host = who,
						   .name = a->msg,
						   .severity = a->severity,
						   .category = a->category,
						   .url = a->url,
						   .threat_id = threat,
						   .alert_id = a->id,
						   .mode = policy_mode_text(mode),
						   .text = text});
}

const struct policy_scope *decide_scope_of(const struct decide *d, const struct host *h)
{
	struct ip_addr ips[TARGET_IPS];

	for (unsigned i = 0; i < h->ips_n; i++)
		ips[i] = h->ips[i].ip;
	return policy_scope_for(d->policy, mac_addr_is_zero(&h->mac) ? NULL : &h->mac, ips,
				h->ips_n);
}

/* A staged roll-out takes the same hosts each time: by MAC, else by address. */
static uint64_t number_of(const struct host *h)
{
	static const struct hash_key fixed = {0x62616e6b656e, 0x726f6c6c6f7574};

	if (!mac_addr_is_zero(&h->mac) || h->ips_n == 0)
		return hash_bytes(&fixed, &h->mac, sizeof(h->mac));
	return hash_bytes(&fixed, &h->ips[0].ip, sizeof(h->ips[0].ip));
}

enum policy_mode decide_mode(const struct decide *d, const struct policy_scope *s,
			     const struct host *h, uint64_t now)
{
	return policy_mode_at(d->policy, s, number_of(h), now);
}

static uint64_t judge_every(const struct decide *d, const struct host *h)
{
	return policy_set_of(d->policy, decide_scope_of(d, h))->every;
}

static enum level level_of(struct decide *d, const struct host *h)
{
	const struct incident *i = incidents_of_host(d->incidents, h->id);

	return i ? i->level : LEVEL_SAFE;
}

/* Until the next judgement, with some room; a repeat offender is blocked longer each time (Q8). */
static uint64_t block_end(const struct decide *d, const struct host *h, struct cut_now now)
{
	uint64_t every = judge_every(d, h), length = every + every / 10;
	uint64_t window = d->policy->repeat_window;
	const struct cut *open = cuts_of_host(d->cuts, h->id);
	unsigned before = cuts_repeats(d->cuts, h->id, now.wall > window ? now.wall - window : 0);

	/* What is open now is the same offence. */
	if (open && open->sent && before)
		before--;
	for (unsigned i = 0; i < before && i < BLOCK_REPEATS; i++)
		length *= d->policy->repeat;
	return now.wall + length;
}

/* Each of the action's own texts once; without any, the sentence alone. */
static void tell_action(struct decide *d, const struct host *h, const struct judge_policy *p,
			uint32_t fired, enum policy_action action)
{
	void (*to)(void *ctx, const struct host *h, const char *text) =
		action == ACTION_MESSAGE ? d->sink.message
		: action == ACTION_MAIL	 ? d->sink.mail
					 : d->sink.command;
	char text[256];

	for (unsigned i = 0; i < p->rules_n; i++) {
		if (!(fired & 1u << i) || p->rules[i].action != action)
			continue;
		snprintf(text, sizeof(text), "%s%sjudged %s, %u times in a row", p->texts[i],
			 p->texts[i][0] ? ": " : "", level_text(h->level), h->run.count);
		to(d->sink.ctx, h, text);
	}
}

static void act(struct decide *d, struct host *h, const struct policy_set *set, uint32_t fired,
		enum policy_mode mode, struct cut_now now)
{
	uint32_t actions = judge_actions(&set->judge, fired);
	struct cut *c = cuts_of_host(d->cuts, h->id);
	char text[160];

	snprintf(text, sizeof(text), "judged %s, %u times in a row", level_text(h->level),
		 h->run.count);
	if (actions & ACTION_BIT(ACTION_PERMIT) && c)
		cuts_drop_causes(d->cuts, c, CAUSE_BIT(CAUSE_POLICY) | CAUSE_BIT(CAUSE_BLOCK), self,
				 "judged safe: permit", now);
	if (mode == MODE_MONITOR)
		return;
	if (set->deferred && d->sink.deferred) {
		if (actions)
			d->sink.deferred(d->sink.ctx, h, actions);
		return;
	}
	/* Message first, then cut (Q4). */
	tell_action(d, h, &set->judge, fired, ACTION_MESSAGE);
	tell_action(d, h, &set->judge, fired, ACTION_MAIL);
	tell_action(d, h, &set->judge, fired, ACTION_COMMAND);
	if (actions & ACTION_BIT(ACTION_DENY))
		request_policy_cut(d, h, CAUSE_POLICY, 0, text, now);
	if (actions & ACTION_BIT(ACTION_BLOCK))
		request_policy_cut(d, h, CAUSE_BLOCK, block_end(d, h, now), text, now);
}

static void judge(struct decide *d, struct host *h, const char *trigger, struct cut_now now)
{
	const struct policy_scope *scope = decide_scope_of(d, h);
	const struct policy_set *set = policy_set_of(d->policy, scope);
	enum policy_mode mode = decide_mode(d, scope, h, now.wall);
	enum level before = h->level, level = level_of(d, h);
	bool was_judged = h->run.judged;
	uint32_t fired = judge_rules(&set->judge, &h->run, level, now.wall);
	uint32_t actions = judge_actions(&set->judge, fired);

	h->level = level;
	if (before != level || !h->level_since)
		h->level_since = now.wall;
	h->judge_due = now.wall + set->every;
	/* Safe after Safe is no news of a host that never showed anything. */
	if (level != LEVEL_SAFE || before != LEVEL_SAFE || actions || !was_judged || h->alerts) {
		h->dirty = true;
		d->sink.judged(d->sink.ctx,
			       &(struct decide_judgement){.host = h,
							  .level = level,
							  .count = h->run.count,
							  .days = judge_run_days(&h->run),
							  .actions = actions,
							  .mode = mode,
							  .trigger = trigger});
	}
	act(d, h, set, fired, mode, now);
}

/* ---- alerts ---- */

static uint64_t threat_key(const struct alert *a)
{
	return (uint64_t)a->gid << 32 | a->sid;
}

static void tell_incident(struct decide *d, const struct incident *i)
{
	if (d->sink.incident)
		d->sink.incident(d->sink.ctx, i);
}

static void on_incident(struct decide *d, struct host *h, const struct alert *a,
			const struct request_context *rc, const struct incident_news *news)
{
	if (news->opened)
		h->pins++;
	h->pins -= news->merged < h->pins ? news->merged : h->pins;
	tell_incident(d, rc->incident);
	if (news->opened || news->new_threat)
		tell_threat(d, h, rc->incident, a, decide_mode(d, rc->scope, h, rc->now.wall));
	/* Once more when the level rises (P6); otherwise the schedule judges. */
	if (rc->incident->level > h->level)
		judge(d, h, "the level rose", rc->now);
}

/* A handshake proves at once; without one the switch may, at its next look. */
static void note_proof(struct decide *d, const struct alert *a, const struct request_context *rc,
		       enum level level)
{
	struct incident *i = rc->incident;

	if (!rc->proof.pair || level <= i->proven)
		return;
	if (a->handshake_completed) {
		i->proven = level;
		incidents_save(d->incidents, i, &d->e);
		return;
	}
	if (!i->unproven_since)
		i->unproven_since = rc->now.wall;
	if (level > i->unproven)
		i->unproven = level;
	i->unproven_ip = a->host.ip;
}

/* The other end is a host of ours: who attacked whom leads to where it began. */
static void note_peer(struct decide *d, const struct alert *a, struct incident *i)
{
	const struct host *peer =
		a->peer.side == HOST_SIDE_INSIDE ? hosts_by_ip(d->hosts, &a->peer.ip) : NULL;

	if (peer)
		incidents_note_peer(d->incidents, i, a, peer->id);
}

void decide_alert(struct decide *d, const struct alert *a, const char *sensor, struct cut_now now)
{
	int x = policy_exception_of(d->policy, NEVER_ALERT, a, sensor, now.wall);
	struct request_context rc = {.alert = a, .sensor = sensor, .now = now};
	struct incident_news news;
	enum level level;
	struct host *h;

	d->count.alerts++;
	if (incidents_double(d->incidents, a->id)) {
		d->count.doubled++;
		return;
	}
	if (x >= 0) {
		d->count.unalerted++;
		d->count.exceptions[x]++;
		return;
	}
	h = hosts_note_alert(d->hosts, a, sensor, now.wall, &rc.proof);
	if (!h) {
		d->count.hostless++;
		return;
	}
	if (!h->judge_due)
		h->judge_due = now.wall + judge_every(d, h);
	level = policy_level_of(d->policy, a);
	/* A treated host has thresholds of its own: each sign counts for more (Q14). */
	if (h->watched > now.wall && level > LEVEL_SAFE)
		level = level + d->policy->watch_raise > LEVEL_DANGER
				? LEVEL_DANGER
				: (enum level)(level + d->policy->watch_raise);
	if (level == LEVEL_SAFE) {
		d->count.levelless++;
		return;
	}
	rc.threat_hosts = fuse_note_hit(d->fuse, threat_key(a), h->number, now.mono);
	rc.scope = policy_scope_for(d->policy, mac_addr_is_zero(&h->mac) ? NULL : &h->mac,
				    &a->host.ip, 1);
	if (!rc.scope)
		rc.scope = decide_scope_of(d, h);
	rc.incident = incidents_note(d->incidents, h->id, a, level, now.wall,
				     d->policy->incident_window, &news, &d->e);
	if (!rc.incident) {
		d->count.full++;
		return;
	}
	note_peer(d, a, rc.incident);
	note_proof(d, a, &rc, level);
	on_incident(d, h, a, &rc, &news);
	request_threat_cut(d, h, &rc);
}

/* ---- facts ---- */

void decide_fact(struct decide *d, const struct host_fact *f, const char *sensor,
		 struct cut_now now)
{
	struct host *h = hosts_note_fact(d->hosts, f, sensor, now.wall);

	if (h && h->dirty && !h->router && h->ips_n)
		safety_router(d, h);
	if (h && !h->judge_due)
		h->judge_due = now.wall + judge_every(d, h);
	if (f->kind == HOST_FACT_ROLE)
		safety_role(d, &f->host, f, now);
}

/* ---- time ---- */

static void incident_closed(void *ctx, const struct incident *i)
{
	struct decide *d = ctx;
	struct host *h = hosts_by_id(d->hosts, i->host_id);

	if (h && h->pins)
		h->pins--;
	tell_incident(d, i);
}

void decide_tick(struct decide *d, struct cut_now now)
{
	incidents_tick(d->incidents, now.wall, d->policy->incident_quiet, incident_closed, d,
		       &d->e);
	for (unsigned i = 0; i < hosts_count(d->hosts); i++) {
		struct host *h = hosts_at(d->hosts, i);

		/* Due, or the clock was set back far. */
		if (h->judge_due && (now.wall >= h->judge_due ||
				     h->judge_due - now.wall > 2 * d->policy->longest_every))
			judge(d, h, "schedule", now);
	}
}

static void protect_from_policy(struct decide *d, const struct policy *p, uint64_t now)
{
	protect_clear(d->protect, PROTECT_CONFIGURED);
	for (unsigned i = 0; i < p->protected_n; i++) {
		const struct policy_protected *from = &p->protected_hosts[i];
		struct protect_entry e = {.source = PROTECT_CONFIGURED,
					  .mac = from->mac,
					  .has_mac = from->has_mac,
					  .prefix = from->prefix.addr,
					  .bits = from->prefix.bits,
					  .has_prefix = from->has_prefix,
					  .since = now};

		snprintf(e.role, sizeof(e.role), "%s", from->role);
		snprintf(e.note, sizeof(e.note), "%s", from->note);
		protect_add(d->protect, &e);
	}
}

static void set_risk(struct incidents *t, const struct policy *p)
{
	struct incident_risk r = incident_risk_default;

	r.warning = p->risk_warning / 100.0;
	r.danger = p->risk_danger / 100.0;
	r.half_life = p->risk_half_life;
	incidents_set_risk(t, &r);
}

void decide_reload(struct decide *d, const struct policy *p, struct cut_now now)
{
	struct fuse_limits l = {.hosts = p->fuse_hosts,
				.window_ns = p->fuse_window,
				.share_percent = p->fuse_share,
				.mass_hosts = p->mass_hosts,
				.mass_window_ns = p->mass_window};
	struct cut_times t = {.message_ns = d->no_channel ? 0 : p->message_wait,
			      .ack_ns = p->ack_wait,
			      .ack_tries = p->ack_tries,
			      .retry_ns = p->retry,
			      .hold_ns = p->hold,
			      .review_ns = p->review,
			      .recheck_ns = p->recheck,
			      .verify = {.window_ns = p->verify_window,
					 .settle_ns = p->verify_settle,
					 .quiet_ns = p->verify_quiet,
					 .grace_ns = 50 * NS_PER_MS}};

	d->policy = p;
	set_risk(d->incidents, p);
	memset(d->count.exceptions, 0, sizeof(d->count.exceptions));
	protect_from_policy(d, p, now.wall);
	fuse_set_limits(d->fuse, &l);
	cuts_set_times(d->cuts, &t);
	safety_protected(d, now);
}

/* Which threat hit which hosts lately is in the incidents' steps. */
static void recall_hits(struct decide *d, const struct incident *i, const struct host *h,
			struct cut_now now)
{
	for (unsigned k = 0; k < i->steps_n; k++) {
		const struct chain_step *s = i->steps[k];
		uint64_t age = now.wall > s->last ? now.wall - s->last : 0;

		if (age < d->policy->mass_window)
			fuse_note_hit(d->fuse, (uint64_t)s->gid << 32 | s->sid, h->number,
				      now.mono > age ? now.mono - age : 0);
	}
}

void decide_recover(struct decide *d, struct cut_now now)
{
	safety_recall(d, now);
	for (unsigned i = 0; i < incidents_count(d->incidents); i++) {
		struct incident *in = incidents_at(d->incidents, i);
		struct host *h = hosts_by_id(d->hosts, in->host_id);

		if (!h)
			continue;
		h->pins++;
		recall_hits(d, in, h, now);
	}
	for (unsigned i = 0; i < cuts_count(d->cuts); i++) {
		struct cut *c = cuts_at(d->cuts, i);
		struct host *h = hosts_by_id(d->hosts, c->host_id);

		if (h)
			h->pins++;
	}
}

void decide_recount(struct decide *d, const char *host_id, uint64_t opened, struct cut_now now)
{
	struct host *h = hosts_by_id(d->hosts, host_id);
	uint64_t age = now.wall > opened ? now.wall - opened : 0;

	/* As long ago on the monotonic clock, as far as that reaches back. */
	if (h && age < d->policy->fuse_window)
		fuse_count_cut(d->fuse, h->number, now.mono > age ? now.mono - age : 0);
}
