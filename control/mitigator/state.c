/* MitigatorState for the centre: hosts, incidents and quarantines that changed, or all there is. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/vendor/mandate.h"
#include "control/mitigator/narrate.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/hash.h"

enum { HISTORY_MAX = 64, FULL_MAX = 20000 };

/* A cut as it is told, with room for all it points to. */
struct told_cut {
	struct cut cut;
	char command[CUT_ID_TEXT];
	struct state_change history[HISTORY_MAX];
	char actors[HISTORY_MAX][64], reasons[HISTORY_MAX][CUT_REASON];
	unsigned history_n;
};

enum { LISTS_MAX = 2 * STORY_HANDLING + STORY_AFFECTED + STORY_TECHNIQUES + STORY_LINKED };

/* An incident as it is told, with all it points to. */
struct told_incident {
	struct incident *incident;
	struct story *story;
	struct incident_step steps[INCIDENT_STEPS];
	char peers[INCIDENT_STEPS][IP_ADDR_TEXT];
	const char *lists[LISTS_MAX];
	unsigned lists_n;
};

struct gather {
	struct mitigator *m;
	struct told_incident *told; /* MITIGATOR_STORIES */
	struct host_state *hosts;
	struct incident_state *incidents;
	struct quarantine_state *quarantines;
	struct told_cut *cuts;
	char (*commands)[CUT_ID_TEXT]; /* of hosts */
	char (*reasons)[256];
	unsigned hosts_n, incidents_n, cuts_n;
	unsigned hosts_cap, cuts_cap;
};

static void put_protection(struct gather *g, const struct host *h, unsigned i, struct host_state *s)
{
	const struct protect_entry *e = host_protection(g->m, h);

	if (!e)
		return;
	s->is_protected = e->source != PROTECT_PROPOSED;
	snprintf(g->reasons[i], sizeof(g->reasons[i]), "%s (%s)", e->role,
		 protect_source_text(e->source));
	s->protected_reason = g->reasons[i];
}

static void add_host(struct gather *g, const struct host *h)
{
	struct host_state *s = &g->hosts[g->hosts_n];
	struct cut *c = cuts_of_host(g->m->decide.cuts, h->id);

	if (g->hosts_n >= g->hosts_cap)
		return;
	*s = (struct host_state){.id = h->id,
				 .host = host_ident_of(h),
				 .level = h->level,
				 .level_since = h->level_since,
				 .first_seen = h->first_seen,
				 .last_seen = h->last_seen,
				 .alerts = h->alerts};
	put_protection(g, h, g->hosts_n, s);
	if (c && cut_state_in_force(c->state))
		s->cut = cut_command_id(g->m->name, c->id, c->number, g->commands[g->hosts_n]);
	g->hosts_n++;
}

/* ---- incidents ---- */

static struct text_list list_of(struct told_incident *t, const void *items, size_t size, unsigned n)
{
	struct text_list list = {t->lists + t->lists_n, n};

	for (unsigned k = 0; k < n; k++)
		t->lists[t->lists_n++] = (const char *)items + k * size;
	return list;
}

static struct text_list texts_of(struct told_incident *t, char *const *items, unsigned n)
{
	struct text_list list = {t->lists + t->lists_n, n};

	for (unsigned k = 0; k < n; k++)
		t->lists[t->lists_n++] = items[k] ? items[k] : "";
	return list;
}

static void tell_steps(struct told_incident *t, struct incident_state *s)
{
	for (unsigned k = 0; k < t->story->steps_n; k++) {
		const struct chain_step *x = t->incident->steps[k];

		ip_addr_text(&x->peer, t->peers[k], false);
		t->steps[k] = (struct incident_step){.time = x->first,
						     .stage = stage_text(x->stage),
						     .text = t->story->steps[0][k],
						     .alert_id = x->alert_id,
						     .technique = x->technique,
						     .text_ja = t->story->steps[1][k],
						     .last = x->last,
						     .hits = x->hits,
						     .peer = t->peers[k]};
	}
	s->steps = (struct incident_step_list){t->steps, t->story->steps_n};
}

static void tell_story(struct told_incident *t, struct incident_state *s)
{
	const struct story *y = t->story;

	s->root_cause = y->cause[0];
	s->root_cause_ja = y->cause[1];
	s->attacker = y->attacker;
	s->victim = y->victim;
	s->handling = texts_of(t, y->handling[0], y->handling_n);
	s->handling_ja = texts_of(t, y->handling[1], y->handling_n);
	s->linked = list_of(t, y->linked, sizeof(y->linked[0]), y->linked_n);
	s->affected = list_of(t, y->affected, sizeof(y->affected[0]), y->affected_n);
	s->techniques = list_of(t, y->techniques, sizeof(y->techniques[0]), y->techniques_n);
	tell_steps(t, s);
}

static const char *incident_progress(const struct gather *g, const struct incident *i)
{
	const struct cut *c = cuts_of_host(g->m->decide.cuts, i->host_id);

	if (i->merged_into)
		return "merged";
	if (i->closed)
		return "closed";
	return c && c->verified ? "contained" : "detected";
}

/* A copy: what is told may be closed and gone from memory. */
static void add_incident(struct gather *g, uint64_t number)
{
	struct told_incident *t = &g->told[g->incidents_n];
	struct incident_state *s = &g->incidents[g->incidents_n];
	const struct incident *i;
	struct host *h;

	t->incident = incidents_read(g->m->decide.incidents, number);
	i = t->incident;
	if (!i)
		return;
	if (!i->closed)
		incidents_rate(g->m->decide.incidents, t->incident, mitigator_now(g->m).wall);
	h = hosts_by_id(g->m->decide.hosts, i->host_id);
	*s = (struct incident_state){.id = i->id,
				     .host_id = i->host_id,
				     .opened = i->opened,
				     .updated = i->updated,
				     .closed = i->closed,
				     .state = incident_progress(g, i),
				     .title = i->title,
				     .severity = i->severity,
				     .risk = i->risk,
				     .level = i->level,
				     .threat_id = i->threat_id};
	if (h)
		s->host = host_ident_of(h);
	t->story = narrate(g->m, i);
	if (t->story)
		tell_story(t, s);
	g->incidents_n++;
}

static void gather_incidents(struct gather *g)
{
	const struct dirty *d = &g->m->dirty;

	for (unsigned k = 0; k < d->incidents_n && k < MITIGATOR_STORIES; k++)
		add_incident(g, d->incidents[k]);
}

static bool add_change(void *ctx, const struct cut_change *ch)
{
	struct told_cut *t = ctx;
	unsigned i = t->history_n;

	if (i >= HISTORY_MAX)
		return false;
	snprintf(t->actors[i], sizeof(t->actors[i]), "%s", ch->actor);
	snprintf(t->reasons[i], sizeof(t->reasons[i]), "%s", ch->reason);
	t->history[i] = (struct state_change){cut_state_wire(ch->to), ch->time, t->actors[i],
					      t->reasons[i]};
	t->history_n++;
	return true;
}

static struct host_ident cut_host(const struct gather *g, const struct cut *c)
{
	struct host *h = hosts_by_id(g->m->decide.hosts, c->host_id);
	struct host_ident i = {.mac = c->target.mac};

	if (h)
		i = host_ident_of(h);
	if (c->target.ips_n)
		i.ip = c->target.ips[0];
	return i;
}

static void describe(const struct gather *g, struct told_cut *t, struct quarantine_state *q)
{
	const struct cut *c = &t->cut;
	bool block = c->causes == CAUSE_BIT(CAUSE_BLOCK);

	*q = (struct quarantine_state){.state = cut_state_wire(c->state),
				       .history = {t->history, t->history_n},
				       .detected = c->detected,
				       .reported = c->reported,
				       .ordered = c->sent,
				       .acked = c->acked,
				       .verified = c->verified,
				       .released = c->closed};
	q->command = (struct quarantine_command){
		.command_id = cut_command_id(g->m->name, c->id, c->number, t->command),
		.action = block ? COMMAND_BLOCK : COMMAND_QUARANTINE,
		.cause = cut_cause_wire(c->causes),
		.host = cut_host(g, c),
		.scope = COMMAND_SCOPE_FULL,
		.method = c->state >= CUT_SENT && c->method < g->m->methods_n
				  ? g->m->methods[c->method].config.name
				  : "",
		.issued = c->opened,
		.lease_expires = cut_end(c),
		.review = c->review,
		.reason = c->reason,
		.threat_id = c->threat_id,
		.issuer = g->m->name,
		.actor = c->actor,
	};
}

/* Room is taken beforehand: pointers into it stay. */
static bool add_cut(void *ctx, const struct cut *c)
{
	struct gather *g = ctx;
	struct told_cut *t = &g->cuts[g->cuts_n];

	if (g->cuts_n >= g->cuts_cap)
		return false;
	t->cut = *c;
	t->history_n = 0;
	cut_store_history(g->m->store, c->id, add_change, t, NULL);
	describe(g, t, &g->quarantines[g->cuts_n]);
	g->cuts_n++;
	return true;
}

static void gather_changed(struct gather *g)
{
	struct dirty *d = &g->m->dirty;

	for (unsigned i = 0; i < hosts_count(g->m->decide.hosts); i++) {
		struct host *h = hosts_at(g->m->decide.hosts, i);

		for (unsigned k = 0; k < d->hosts_n; k++) {
			if (d->hosts[k] == h->number)
				add_host(g, h);
		}
	}
	for (unsigned k = 0; k < d->cuts_n; k++) {
		struct cut *c = malloc(sizeof(*c));

		if (c && cut_store_find(g->m->store, d->cuts[k], c, NULL) == 0)
			add_cut(g, c);
		free(c);
	}
}

static void gather_all(struct gather *g)
{
	for (unsigned i = 0; i < hosts_count(g->m->decide.hosts); i++)
		add_host(g, hosts_at(g->m->decide.hosts, i));
	cut_store_each(g->m->store, false, g->cuts_cap, add_cut, g, NULL);
}

static bool make_room(struct gather *g, bool full)
{
	const struct dirty *d = &g->m->dirty;
	unsigned hosts = full ? hosts_count(g->m->decide.hosts) : d->hosts_n;
	unsigned cuts = full ? 512 : d->cuts_n;

	g->hosts_cap = hosts < FULL_MAX ? hosts + 1 : FULL_MAX;
	g->cuts_cap = cuts + 1;
	g->hosts = calloc(g->hosts_cap, sizeof(*g->hosts));
	g->incidents = calloc(MITIGATOR_STORIES, sizeof(*g->incidents));
	g->told = calloc(MITIGATOR_STORIES, sizeof(*g->told));
	g->commands = calloc(g->hosts_cap, sizeof(*g->commands));
	g->reasons = calloc(g->hosts_cap, sizeof(*g->reasons));
	g->quarantines = calloc(g->cuts_cap, sizeof(*g->quarantines));
	g->cuts = calloc(g->cuts_cap, sizeof(*g->cuts));
	return g->hosts && g->incidents && g->told && g->commands && g->reasons && g->quarantines &&
	       g->cuts;
}

/* What the centre has not got yet. */
static const char *policy_text(struct mitigator *m, bool full)
{
	const char *text = m->policy->yaml ? m->policy->yaml : "";
	uint64_t print = hash_bytes(&(struct hash_key){17, 29}, text, strlen(text)) | 1;

	if (!full && print == m->policy_told)
		return "";
	m->policy_told = print;
	return text;
}

static int encode(struct gather *g, bool full, struct slice *ret, struct errmsg *e)
{
	struct mitigator *m = g->m;
	struct message msg = {.kind = MESSAGE_MITIGATOR_STATE};
	struct component_version versions[1 + ARTEFACT_KINDS] = {
		{"banken-mitigator", BANKEN_VERSION}};
	size_t versions_n = 1 + (m->box ? box_versions(m->box, versions + 1) : 0);
	char *mandate = mandate_describe(m->settings.mandate, m->settings.state_folder,
					 mitigator_now(m).wall);
	int rc;

	msg.mitigator_state = (struct mitigator_state){
		.time = mitigator_now(m).wall,
		.mitigator = m->name,
		.full = full,
		.hosts = {g->hosts, g->hosts_n},
		.incidents = {g->incidents, g->incidents_n},
		.quarantines = {g->quarantines, g->cuts_n},
		.mode = policy_overall_mode(m->policy),
		.policy = m->policy->version,
		.versions = {versions, versions_n},
		.uptime = (mitigator_now(m).wall - m->started) / 1000000000,
		.kill_switch = m->decide.kill_switch,
		.mandate = mandate ? mandate : "",
		.policy_text = policy_text(m, full),
	};
	rc = message_encode(&msg, ret, e);
	free(mandate);
	return rc;
}

int state_message(struct mitigator *m, bool full, struct slice *ret, struct errmsg *e)
{
	struct gather g = {.m = m};
	int rc = ERR_NOMEM;

	if (make_room(&g, full)) {
		if (full)
			gather_all(&g);
		else
			gather_changed(&g);
		gather_incidents(&g);
		rc = encode(&g, full, ret, e);
	} else {
		errmsg_set(e, rc, "no memory");
	}
	free(g.hosts);
	free(g.incidents);
	for (unsigned k = 0; g.told && k < MITIGATOR_STORIES; k++) {
		story_free(g.told[k].story);
		incident_free(g.told[k].incident);
	}
	free(g.told);
	free(g.commands);
	free(g.reasons);
	free(g.quarantines);
	free(g.cuts);
	return rc;
}
