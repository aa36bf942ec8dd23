/* How boxes are, as heard over the last minutes; for roll-outs, which compare it with before. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts_private.h"

enum { BOXES_MOST = 8192 };

/* Where a name is, or would be. */
static size_t place_of(const struct rollouts *r, const char *name)
{
	size_t low = 0, high = r->n_heard;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(r->heard[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_room(struct rollouts *r)
{
	size_t cap = r->cap_heard ? 2 * r->cap_heard : 64;
	struct heard *more;

	if (r->n_heard < r->cap_heard)
		return true;
	more = cap <= BOXES_MOST ? realloc(r->heard, cap * sizeof(*more)) : NULL;
	if (more) {
		r->heard = more;
		r->cap_heard = cap;
	}
	return more != NULL;
}

struct heard *rollouts_heard_of(struct rollouts *r, const char *name, bool make)
{
	size_t at = place_of(r, name);

	if (at < r->n_heard && strcmp(r->heard[at].name, name) == 0)
		return &r->heard[at];
	if (!make || !has_room(r))
		return NULL;
	memmove(&r->heard[at + 1], &r->heard[at], (r->n_heard++ - at) * sizeof(*r->heard));
	r->heard[at] = (struct heard){.at = 0};
	snprintf(r->heard[at].name, WIRE_NAME_MAX, "%s", name);
	return &r->heard[at];
}

/* Over some minutes: each report counts a fifth. */
static void mix(double *value, double now, bool first)
{
	*value = first ? now : *value * 0.8 + now * 0.2;
}

static void take_counts(struct heard *h, const struct report *report, uint64_t now)
{
	const struct sensor_health *s = &report->health;
	uint64_t started = report->time / NS_PER_SEC - s->uptime;
	uint64_t lost = 0, alerts = 0;
	double seconds = (double)(now - h->at) / (double)NS_PER_SEC;

	for (size_t i = 0; i < s->drops.n; i++)
		lost += s->drops.items[i].value;
	for (size_t i = 0; i < s->rings.n; i++) {
		if (strstr(s->rings.items[i].name, "alert"))
			alerts += s->rings.items[i].written;
	}
	/* By its own clock: when it was started. Both are whole seconds; one that has run for less
	 * than before was started anew, whatever the rounding says. */
	if (h->started && (started > h->started + 1 || s->uptime < h->uptime))
		h->restarts++;
	h->started = started;
	h->uptime = s->uptime;
	if (h->has_counts && s->rx_packets >= h->rx && lost >= h->lost && alerts >= h->alerts &&
	    seconds > 0.1) {
		double rx = (double)(s->rx_packets - h->rx), gone = (double)(lost - h->lost);

		mix(&h->loss, rx > 0 ? gone / rx : 0, false);
		mix(&h->rate, (double)(alerts - h->alerts) * 3600 / seconds, false);
	}
	h->rx = s->rx_packets;
	h->lost = lost;
	h->alerts = alerts;
	h->has_counts = true;
}

/* A mitigator sends no counts: that it is there is all that is known of it. */
void rollouts_up(struct rollouts *r, const struct identity *peer)
{
	struct heard *h = rollouts_heard_of(r, peer->name, true);

	if (h) {
		rollouts_take_over(r, h);
		h->is_up = true;
		h->has_no_counts = peer->role == ROLE_MITIGATOR;
	}
	rollouts_join(r, peer);
}

/* The connection before may go after the next one has come. */
void rollouts_down(struct rollouts *r, const char *peer)
{
	struct heard *h = rollouts_heard_of(r, peer, false);

	struct errmsg e = {""};

	if (!h)
		return;
	h->is_up = r->f->server && link_server_has(r->f->server, peer);
	if (!h->is_up && rollouts_are_shared(r) &&
	    box_heard_gone(r->f->setup.store, duty_holder(r->f->setup.duty), peer, &e))
		log_error(r->f->setup.log, "%s", e.text);
}

int rollouts_versions(struct rollouts *r, const char *peer,
		      const struct component_version_list *list, struct errmsg *e)
{
	struct component_version mine[ARTEFACT_KINDS + 4];
	size_t n = 0;

	for (size_t i = 0; i < list->n && n < ARRAY_SIZE(mine); i++) {
		const char *c = list->items[i].component;
		bool is_program =
			strcmp(c, "banken-control") == 0 || strcmp(c, "banken-mitigator") == 0;

		if (is_program || strncmp(c, "banken-", 7) != 0)
			mine[n++] = (struct component_version){is_program ? "program" : c,
							       list->items[i].version};
	}
	return fleet_versions(r->f->setup.store, peer, &(struct component_version_list){mine, n},
			      e);
}

int rollouts_health(struct rollouts *r, const char *peer, const struct report *report,
		    struct errmsg *e)
{
	struct heard *h = rollouts_heard_of(r, peer, true);
	uint64_t now = loop_wall(r->f->setup.loop);

	if (h) {
		take_counts(h, report, now);
		h->at = now;
	}
	return rollouts_versions(r, peer, &report->health.versions, e);
}

void rollouts_how(void *ctx, const char *box, struct rollout_health *ret)
{
	struct task *t = ctx;
	struct rollouts *r = t->all;
	const struct heard *h = rollouts_heard_of(r, box, false);
	uint64_t now = loop_wall(r->f->setup.loop);

	*ret = (struct rollout_health){.is_up = h && h->is_up, .last = h ? h->at : 0};
	if (strcmp(t->about.kind, artefact_kind_text(ARTEFACT_FIRMWARE)) == 0)
		ret->grace_s = ROLLOUT_GRACE_MACHINE_S;
	if (!h || (!h->has_no_counts && now - h->at > ROLLOUTS_FORGET_S * NS_PER_SEC))
		return;
	ret->is_known = true;
	ret->loss = h->loss;
	ret->alerts = h->rate;
	ret->restarts = h->restarts;
}
