#include "control/centre/fleet/rollout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"

static const char *const state_words[ROLLOUT_STATES] = {"running", "paused", "stopped",
							"rolling-back", "done"};
static const char *const step_words[ROLLOUT_STEPS] = {
	"waiting", "offered", "in-force", "refused", "going-back", "back", "back-failed"};

const char *rollout_state_text(enum rollout_state s)
{
	return state_words[s < ROLLOUT_STATES ? s : 0];
}

const char *rollout_step_text(enum rollout_step s)
{
	return step_words[s < ROLLOUT_STEPS ? s : 0];
}

struct rollout_box *rollout_find(struct rollout *r, const char *box)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->boxes[i].name, box) == 0)
			return &r->boxes[i];
	}
	return NULL;
}

/* ---- the plan ---- */

/* FNV-1a, with the roll-out's id: not always the same boxes are the first. */
static uint64_t hash_of(uint64_t id, const char *name)
{
	uint64_t h = 14695981039346656037ULL ^ id * 0x9e3779b97f4a7c15ULL;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211ULL;
	return h ^ h >> 29;
}

struct order {
	uint64_t hash;
	size_t at;
};

static int compare(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

void rollout_plan(struct rollout *r)
{
	struct order *order = calloc(r->n + 1, sizeof(*order));

	for (size_t i = 0; order && i < r->n; i++)
		/* Who is away comes last: a ring of such boxes would be waited for. */
		order[i] = (struct order){hash_of(r->id, r->boxes[i].name) >> 1 |
						  (uint64_t)!r->boxes[i].before.is_up << 63,
					  i};
	if (order)
		qsort(order, r->n, sizeof(*order), compare);
	for (size_t i = 0; i < r->n; i++) {
		unsigned ring = 0;

		/* The box that brings the share over a ring's percent is in the next one, but the
		 * first ring is never empty. */
		while (ring + 1 < r->n_rings && i > 0 && i * 100 >= r->percent[ring] * r->n)
			ring++;
		r->boxes[order ? order[i].at : i].ring = ring;
	}
	free(order);
}

/* ---- how they are ---- */

/* Away for longer than it may be, since it got it and since it was last heard of. */
static bool is_late(const struct rollout_box *b, const struct rollout_health *h, uint64_t now)
{
	uint64_t since = h->last > b->offered ? h->last : b->offered;

	return now > since + (h->grace_s ? h->grace_s : ROLLOUT_GRACE_S) * NS_PER_SEC;
}

bool rollout_is_worse(const struct rollout_box *b, const struct rollout_health *h, uint64_t now,
		      char ret[ROLLOUT_WHY])
{
	bool late = is_late(b, h, now);

	ret[0] = '\0';
	if (b->before.is_up && !h->is_up && late)
		snprintf(ret, ROLLOUT_WHY, "%s is away since it got it", b->name);
	else if (!h->is_up || !h->is_known || !b->before.is_known)
		return false;
	else if (h->restarts > b->before.restarts + 1)
		snprintf(ret, ROLLOUT_WHY, "%s started again %llu times", b->name,
			 (unsigned long long)(h->restarts - b->before.restarts));
	else if (h->loss > b->before.loss * 2 + 0.01)
		snprintf(ret, ROLLOUT_WHY, "%s loses %.1f %% of the frames, %.1f %% before",
			 b->name, h->loss * 100, b->before.loss * 100);
	else if (h->alerts > b->before.alerts * 5 + 60)
		snprintf(ret, ROLLOUT_WHY, "%s has %.0f alerts an hour, %.0f before", b->name,
			 h->alerts, b->before.alerts);
	return ret[0] != '\0';
}

/* How many got it, and how many of them are worse; the first one's sentence. */
static unsigned count_worse(const struct rollout *r, uint64_t now, const struct rollout_ops *ops,
			    unsigned *ret_reached, char ret[ROLLOUT_WHY])
{
	unsigned worse = 0;

	*ret_reached = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct rollout_box *b = &r->boxes[i];
		struct rollout_health h = {0};
		char why[ROLLOUT_WHY];
		bool is_worse = b->step == STEP_REFUSED;

		if (b->step < STEP_OFFERED || b->step > STEP_REFUSED)
			continue;
		(*ret_reached)++;
		snprintf(why, sizeof(why), "%s refused it", b->name);
		if (!is_worse) {
			ops->health(ops->ctx, b->name, &h);
			is_worse = rollout_is_worse(b, &h, now, why);
		}
		if (is_worse && worse++ == 0)
			memcpy(ret, why, ROLLOUT_WHY);
	}
	return worse;
}

/* True when it was stopped. */
static bool stop_if_worse(struct rollout *r, uint64_t now, const struct rollout_ops *ops)
{
	char first[ROLLOUT_WHY] = "";
	unsigned reached, worse = count_worse(r, now, ops, &reached, first);
	struct rollout was = *r;

	if (worse == 0 || worse * 100 <= r->limit * reached)
		return false;
	r->state = ROLLOUT_STOPPED;
	snprintf(r->why, sizeof(r->why), "stopped by itself, %u of %u boxes are worse: %.160s",
		 worse, reached, first);
	if (ops->keep(ops->ctx, r) == 0)
		return true;
	*r = was; /* told again at the next turn; until then nobody new gets it either */
	return true;
}

/* ---- offering ---- */

static void offer(struct rollout *r, struct rollout_box *b, bool back, uint64_t now,
		  const struct rollout_ops *ops)
{
	struct rollout_box was = *b;

	if (!back && b->step == STEP_WAITING)
		ops->health(ops->ctx, b->name, &b->before);
	b->step = back ? STEP_BACK_OFFERED : STEP_OFFERED;
	b->offered = now;
	if (ops->change(ops->ctx, r, b, true, back))
		*b = was;
}

static bool is_up(const struct rollout_box *b, const struct rollout_ops *ops)
{
	struct rollout_health h = {0};

	ops->health(ops->ctx, b->name, &h);
	return h.is_up && h.is_known;
}

/* Made again when no answer came: it may have been lost with a spool. */
static bool is_due(const struct rollout_box *b, enum rollout_step waiting,
		   enum rollout_step under_way, uint64_t now)
{
	return b->step == waiting ||
	       (b->step == under_way && now > b->offered + ROLLOUT_AGAIN_S * NS_PER_SEC);
}

static void offer_ring(struct rollout *r, unsigned upto, uint64_t now,
		       const struct rollout_ops *ops)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rollout_box *b = &r->boxes[i];

		if (b->ring <= upto && is_due(b, STEP_WAITING, STEP_OFFERED, now) && is_up(b, ops))
			offer(r, b, false, now, ops);
	}
}

/* Whoever was there has answered, and at least one of each ring that has boxes. */
static bool has_answered(const struct rollout *r, const struct rollout_ops *ops)
{
	bool any = false, has_boxes = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct rollout_box *b = &r->boxes[i];

		if (b->ring > r->ring)
			continue;
		if (b->ring == r->ring) {
			has_boxes = true;
			any = any || b->step == STEP_IN_FORCE;
		}
		if (b->step == STEP_OFFERED && is_up(b, ops))
			return false;
	}
	return any || !has_boxes;
}

/* Each of those that have it has said how it is: nothing goes on in the dark. */
static bool is_known(const struct rollout *r, const struct rollout_ops *ops)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rollout_health h = {0};

		if (r->boxes[i].step != STEP_IN_FORCE)
			continue;
		ops->health(ops->ctx, r->boxes[i].name, &h);
		if (h.is_up && !h.is_known)
			return false;
	}
	return true;
}

static void move_on(struct rollout *r, uint64_t now, const struct rollout_ops *ops)
{
	struct rollout was = *r;

	if (!has_answered(r, ops) || !is_known(r, ops))
		return;
	if (r->ring_since == 0) {
		r->ring_since = now;
	} else if (now - r->ring_since < r->soak_ns) {
		return;
	} else if (r->ring + 1 < r->n_rings) {
		r->ring++;
		r->ring_since = 0;
	} else {
		r->state = ROLLOUT_DONE;
	}
	if (ops->keep(ops->ctx, r))
		*r = was;
}

static void go_back(struct rollout *r, uint64_t now, const struct rollout_ops *ops)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rollout_box *b = &r->boxes[i];
		/* Who refused it too: it may have taken it before an answer was lost. */
		bool got_it = b->step >= STEP_OFFERED && b->step <= STEP_REFUSED;

		bool again = b->step == STEP_BACK_OFFERED &&
			     now > b->offered + ROLLOUT_AGAIN_S * NS_PER_SEC;

		if ((got_it || again) && is_up(b, ops))
			offer(r, b, true, now, ops);
	}
}

void rollout_turn(struct rollout *r, uint64_t now, const struct rollout_ops *ops)
{
	if (r->state == ROLLOUT_BACK) {
		go_back(r, now, ops);
		return;
	}
	if (r->state == ROLLOUT_DONE) {
		offer_ring(r, r->n_rings, now, ops);
		return;
	}
	if (r->state == ROLLOUT_STOPPED || stop_if_worse(r, now, ops) ||
	    r->state != ROLLOUT_RUNNING)
		return;
	offer_ring(r, r->ring, now, ops);
	move_on(r, now, ops);
}

/* ---- answers and orders ---- */

int rollout_answer(struct rollout *r, const char *box, bool is_back, bool is_in_force, uint64_t now,
		   const struct rollout_ops *ops)
{
	struct rollout_box *b = rollout_find(r, box), was;
	int rc;

	/* Late answers to the new version do not undo a roll-back that is under way. */
	if (!b || b->step == STEP_WAITING || (!is_back && b->step > STEP_REFUSED) ||
	    (is_back && b->step != STEP_BACK_OFFERED))
		return 0;
	was = *b;
	b->settled = now;
	if (is_back)
		b->step = is_in_force ? STEP_BACK : STEP_BACK_FAILED;
	else
		b->step = is_in_force ? STEP_IN_FORCE : STEP_REFUSED;
	rc = ops->change(ops->ctx, r, b, false, is_back);
	if (rc)
		*b = was;
	return rc;
}

int rollout_order(struct rollout *r, enum rollout_state wanted, const char *why,
		  const struct rollout_ops *ops, struct errmsg *e)
{
	/* From which states a person may order it. */
	static const bool allowed[ROLLOUT_STATES][ROLLOUT_STATES] = {
		[ROLLOUT_RUNNING] = {[ROLLOUT_PAUSED] = true},
		[ROLLOUT_PAUSED] = {[ROLLOUT_RUNNING] = true},
		[ROLLOUT_STOPPED] =
			{[ROLLOUT_RUNNING] = true, [ROLLOUT_PAUSED] = true, [ROLLOUT_DONE] = true},
		[ROLLOUT_BACK] = {[ROLLOUT_RUNNING] = true,
				  [ROLLOUT_PAUSED] = true,
				  [ROLLOUT_STOPPED] = true,
				  [ROLLOUT_DONE] = true},
	};
	struct rollout was = *r;
	int rc;

	if (wanted >= ROLLOUT_STATES || !allowed[wanted][r->state])
		return errmsg_set(e, ERR_INVALID, "the roll-out is %s and cannot be %s",
				  rollout_state_text(r->state), rollout_state_text(wanted));
	r->state = wanted;
	snprintf(r->why, sizeof(r->why), "%s", why);
	rc = ops->keep(ops->ctx, r);
	if (rc) {
		*r = was;
		return errmsg_set(e, rc, "the roll-out's state cannot be kept");
	}
	return 0;
}
