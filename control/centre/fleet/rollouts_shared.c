/* Roll-outs of centres beside each other: see rollouts_private.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts_private.h"

enum { TELL_EVERY_S = 8, HEARD_FOR_S = ROLLOUTS_FORGET_S };

bool rollouts_are_shared(const struct rollouts *r)
{
	return !duty_is_alone(r->f->setup.duty);
}

/* ---- what others wrote ---- */

static void keep_carried(const struct task *old, unsigned n, struct task *t)
{
	for (unsigned i = 0; i < n; i++) {
		if (old[i].r->id != t->r->id)
			continue;
		for (size_t k = 0; k < t->r->n; k++) {
			const struct rollout_box *b = rollout_find(old[i].r, t->r->boxes[k].name);

			t->carried[k] = b ? old[i].carried[b - old[i].r->boxes] : 0;
		}
		return;
	}
}

static int read_again(struct rollouts *r, struct errmsg *e)
{
	struct task *old = calloc(ROLLOUTS_MOST, sizeof(*old));
	unsigned n = r->n;
	int rc;

	if (!old)
		return errmsg_set(e, ERR_NOMEM, "no memory for roll-outs");
	memcpy(old, r->tasks, sizeof(r->tasks));
	memset(r->tasks, 0, sizeof(r->tasks));
	r->n = 0;
	rc = rollouts_load(r, e);
	for (unsigned i = 0; i < r->n; i++)
		keep_carried(old, n, &r->tasks[i]);
	for (unsigned i = 0; i < n; i++)
		rollouts_free_task(&old[i]);
	free(old);
	return rc;
}

static int look(struct rollouts *r, bool lock, struct errmsg *e)
{
	char stamp[STAMP];
	int rc = rollout_stamp(r->f->setup.store, lock, stamp, e);

	if (rc || strcmp(stamp, r->stamp) == 0)
		return rc;
	rc = read_again(r, e);
	/* Half of them is none: the next look reads again. */
	snprintf(r->stamp, sizeof(r->stamp), "%s", rc ? "?" : stamp);
	return rc;
}

int rollouts_fresh(struct rollouts *r, struct errmsg *e)
{
	return rollouts_are_shared(r) && !r->is_open ? look(r, false, e) : ERR_OK;
}

int rollouts_lock(struct rollouts *r, struct errmsg *e)
{
	return rollouts_are_shared(r) && !r->is_open ? look(r, true, e) : ERR_OK;
}

/* Should the transaction not end well, the stamp there is another than ours, and all is read again.
 */
int rollouts_stamp(struct rollouts *r, struct errmsg *e)
{
	uint64_t random[2] = {0};

	if (!rollouts_are_shared(r))
		return ERR_OK;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return errmsg_set(e, ERR_IO, "no random numbers");
	snprintf(r->stamp, sizeof(r->stamp), "%016llx%016llx", (unsigned long long)random[0],
		 (unsigned long long)random[1]);
	return rollout_stamp_set(r->f->setup.store, r->stamp, e);
}

int rollouts_enter(struct rollouts *r, struct errmsg *e)
{
	int rc;

	if (!rollouts_are_shared(r))
		return ERR_OK;
	rc = store_begin(r->f->setup.store, e);
	rc = rc ? rc : look(r, true, e);
	r->is_open = rc == ERR_OK;
	if (rc)
		store_rollback(r->f->setup.store);
	return rc;
}

int rollouts_leave(struct rollouts *r, int rc, struct errmsg *e)
{
	if (!rollouts_are_shared(r) || !r->is_open)
		return rc;
	r->is_open = false;
	rc = rc ? rc : store_commit(r->f->setup.store, e);
	if (rc)
		store_rollback(r->f->setup.store);
	return rc;
}

/* ---- offers ---- */

static int send(struct task *t, size_t at, struct errmsg *e)
{
	struct rollouts *r = t->all;
	struct store *s = r->f->setup.store;
	const struct rollout_box *b = &t->r->boxes[at];
	struct fleet_file file = {.size = 0};
	struct fleet_box box;
	int rc = fleet_box_find(s, b->name, &box, e) == 1 ? ERR_OK : ERR_NOTFOUND;

	/* One that is not among the files takes away what there was. */
	if (rc == 0 && fleet_file_find(s, t->more[at].sha256, "", "", &file, e) < 0)
		rc = ERR_IO;
	snprintf(file.sha256, sizeof(file.sha256), "%s", t->more[at].sha256);
	snprintf(file.version, sizeof(file.version), "%s", t->more[at].version);
	rc = rc ? rc : rollouts_offer(r, &box, t, &file, b->step == STEP_BACK_OFFERED, e);
	if (rc == 0)
		t->carried[at] = b->offered;
	return rc;
}

void rollouts_carry(struct rollouts *r)
{
	struct errmsg e = {""};
	int rc = rollouts_fresh(r, &e);

	for (unsigned i = 0; i < r->n && rc == 0; i++) {
		struct task *t = &r->tasks[i];

		for (size_t k = 0; k < t->r->n && rc == 0; k++) {
			const struct rollout_box *b = &t->r->boxes[k];
			bool is_due = b->step == STEP_BACK_OFFERED ||
				      (b->step == STEP_OFFERED && t->r->state != ROLLOUT_STOPPED &&
				       t->r->state != ROLLOUT_BACK);

			if (is_due && t->carried[k] != b->offered &&
			    link_server_has(r->f->server, b->name))
				rc = send(t, k, &e);
		}
	}
	if (rc)
		log_error(r->f->setup.log, "an offer was not sent: %s", e.text);
}

/* ---- how boxes are ---- */

static bool goes_on(const struct rollouts *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct rollout *o = r->tasks[i].r;

		if (o->state == ROLLOUT_RUNNING || o->state == ROLLOUT_BACK)
			return true;
		for (size_t k = 0; o->state == ROLLOUT_DONE && k < o->n; k++) {
			if (o->boxes[k].step <= STEP_OFFERED)
				return true;
		}
	}
	return false;
}

static int tell_one(struct rollouts *r, const struct heard *h, struct errmsg *e)
{
	uint64_t now = loop_wall(r->f->setup.loop);
	struct box_heard out = {.is_up = h->is_up,
				.has_counts = !h->has_no_counts,
				.age = now > h->at ? now - h->at : 0,
				.started = h->started,
				.uptime = h->uptime,
				.restarts = h->restarts,
				.loss = h->loss,
				.rate = h->rate};

	snprintf(out.box, sizeof(out.box), "%s", h->name);
	return box_heard_put(r->f->setup.store, duty_holder(r->f->setup.duty), &out, e);
}

void rollouts_tell(struct rollouts *r)
{
	struct store *s = r->f->setup.store;
	uint64_t now = loop_now(r->f->setup.loop);
	struct errmsg e = {""};
	int rc;

	if ((r->told && now - r->told < TELL_EVERY_S * NS_PER_SEC) || !goes_on(r))
		return;
	r->told = now;
	rc = store_begin(s, &e);
	for (size_t i = 0; i < r->n_heard && rc == 0; i++) {
		const struct heard *h = &r->heard[i];

		if (!h->is_elsewhere && h->is_up && link_server_has(r->f->server, h->name))
			rc = tell_one(r, h, &e);
	}
	rc = rc ? rc : store_commit(s, &e);
	if (rc) {
		store_rollback(s);
		log_error(r->f->setup.log, "the other centres do not know how boxes are: %s",
			  e.text);
	}
}

static void take(struct rollouts *r, struct heard *h, const struct box_heard *in)
{
	uint64_t now = loop_wall(r->f->setup.loop);

	h->is_up = in->is_up;
	h->has_no_counts = !in->has_counts;
	h->at = now > in->age ? now - in->age : 1;
	h->started = in->started;
	h->uptime = in->uptime;
	h->restarts = in->restarts;
	h->loss = in->loss;
	h->rate = in->rate;
	h->has_counts = false; /* what was counted there goes on from its next word */
}

void rollouts_hear(struct rollouts *r)
{
	struct box_heard *list = NULL;
	struct errmsg e = {""};
	size_t n = 0;

	if (!rollouts_are_shared(r))
		return;
	if (box_heard_others(r->f->setup.store, duty_holder(r->f->setup.duty),
			     HEARD_FOR_S * NS_PER_SEC, &list, &n, &e)) {
		log_error(r->f->setup.log, "%s", e.text);
		return;
	}
	for (size_t i = 0; i < r->n_heard; i++)
		r->heard[i].is_up = r->heard[i].is_up && !r->heard[i].is_elsewhere;
	for (size_t i = 0; i < n; i++) {
		struct heard *h = link_server_has(r->f->server, list[i].box)
					  ? NULL
					  : rollouts_heard_of(r, list[i].box, true);

		if (!h)
			continue;
		take(r, h, &list[i]);
		h->is_elsewhere = true;
	}
	free(list);
}

/* A box comes from another centre: its starts are counted on. */
void rollouts_take_over(struct rollouts *r, struct heard *h)
{
	uint64_t now = loop_wall(r->f->setup.loop), restarts = h->restarts;
	struct box_heard in;
	struct errmsg e = {""};

	if (!rollouts_are_shared(r) || box_heard_find(r->f->setup.store, h->name, &in, &e) != 1)
		return;
	if (now - in.age > h->at)
		take(r, h, &in);
	if (h->restarts < restarts)
		h->restarts = restarts;
	h->is_elsewhere = false;
}
