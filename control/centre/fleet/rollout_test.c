/* Roll-outs over thousands of random histories: boxes that come and go, refuse, get worse, answer
 * late or never; a centre that is killed between any two changes; people who pause, stop and roll
 * back. What must never be is looked for after each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/centre/fleet/rollout.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { BOXES = 60, STEPS = 400 };

struct fleet_box {
	bool up, known, bad;
	int has;	 /* 0: the old version, 1: the new */
	int asked;	 /* an offer under way: 0 none, 1 new, 2 back */
	bool ever_asked; /* of the new one */
};

struct world {
	struct rollout r; /* the engine's, lost with a kill */
	struct rollout kept;
	struct rollout_box boxes[BOXES], kept_boxes[BOXES];
	struct fleet_box fleet[BOXES];
	uint64_t seed, now;
	bool killed; /* from now on nothing is kept or sent */
	unsigned until_kill;
};

static uint64_t dice(struct world *w, uint64_t n)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed % n;
}

static unsigned number_of(const char *name)
{
	return (unsigned)strtoul(name + 4, NULL, 10);
}

static void health(void *ctx, const char *box, struct rollout_health *ret)
{
	struct world *w = ctx;
	const struct fleet_box *b = &w->fleet[number_of(box)];

	*ret = (struct rollout_health){.is_up = b->up, .is_known = b->known};
	if (b->bad && b->has == 1)
		ret->loss = 0.5;
}

static bool kill_now(struct world *w)
{
	if (w->until_kill && --w->until_kill == 0)
		w->killed = true;
	return w->killed;
}

static int change(void *ctx, const struct rollout *r, const struct rollout_box *b, bool offer,
		  bool back)
{
	struct world *w = ctx;
	struct fleet_box *f = &w->fleet[number_of(b->name)];

	if (kill_now(w))
		return ERR_IO;
	w->kept_boxes[b - r->boxes] = *b;
	if (!offer || kill_now(w)) /* kept, and killed before it was sent */
		return 0;
	/* ---- what must never be, at each offer ---- */
	assert_true(f->up);
	if (!back) {
		assert_true(w->kept.state == ROLLOUT_RUNNING || w->kept.state == ROLLOUT_DONE);
		assert_true(w->kept.state == ROLLOUT_DONE || b->ring <= w->kept.ring);
		f->ever_asked = true;
	} else {
		assert_int_equal(w->kept.state, ROLLOUT_BACK);
	}
	f->asked = back ? 2 : 1;
	return 0;
}

static int keep(void *ctx, const struct rollout *r)
{
	struct world *w = ctx;

	if (kill_now(w))
		return ERR_IO;
	/* Never two rings at once, and only when the one before has an answer. */
	assert_true(r->ring == w->kept.ring || r->ring == w->kept.ring + 1);
	w->kept = *r;
	return 0;
}

static struct rollout_ops ops_of(struct world *w)
{
	return (struct rollout_ops){health, change, keep, w};
}

/* The program is gone, and comes back with what was kept. */
static void start_again(struct world *w)
{
	w->killed = false;
	w->until_kill = 0;
	w->r = w->kept;
	memcpy(w->boxes, w->kept_boxes, sizeof(w->boxes));
	w->r.boxes = w->boxes;
	for (unsigned i = 0; i < BOXES; i++)
		w->fleet[i].known = false; /* until it says again how it is */
}

static void box_acts(struct world *w, unsigned i, const struct rollout_ops *ops)
{
	struct fleet_box *b = &w->fleet[i];
	char name[16];
	bool back = b->asked == 2, refuses = dice(w, 25) == 0;

	if (!b->up || !b->asked)
		return;
	snprintf(name, sizeof(name), "box-%u", i);
	if (!refuses || back)
		b->has = back ? 0 : 1;
	b->asked = 0;
	(void)rollout_answer(&w->r, name, back, !refuses || back, w->now, ops);
}

static void something_happens(struct world *w, const struct rollout_ops *ops)
{
	unsigned i = (unsigned)dice(w, BOXES);
	struct errmsg e;

	switch (dice(w, 12)) {
	case 0:
		w->fleet[i].up = !w->fleet[i].up;
		w->fleet[i].known = false;
		break;
	case 1:
		w->until_kill = 1 + (unsigned)dice(w, 4);
		break;
	case 2:
		if (dice(w, 12) == 0)
			(void)rollout_order(&w->r, (enum rollout_state)dice(w, ROLLOUT_STATES), "",
					    ops, &e);
		break;
	case 3:
		w->now += dice(w, 200) * NS_PER_SEC;
		break;
	default:
		for (unsigned k = 0; k < BOXES; k++) {
			if (dice(w, 2))
				box_acts(w, k, ops);
			if (w->fleet[k].up && dice(w, 2))
				w->fleet[k].known = true;
		}
	}
}

static void begin(struct world *w, uint64_t seed)
{
	static const unsigned percent[] = {1, 10, 50, 100};

	memset(w, 0, sizeof(*w));
	w->seed = seed * 0x9e3779b97f4a7c15ULL + 1;
	w->now = 1000 * NS_PER_SEC;
	w->r = (struct rollout){.id = seed,
				.n_rings = ARRAY_SIZE(percent),
				.soak_ns = 60 * NS_PER_SEC,
				.limit = 10,
				.boxes = w->boxes,
				.n = BOXES};
	memcpy(w->r.percent, percent, sizeof(percent));
	for (unsigned i = 0; i < BOXES; i++) {
		snprintf(w->boxes[i].name, sizeof(w->boxes[i].name), "box-%u", i);
		w->fleet[i] = (struct fleet_box){
			.up = dice(w, 10) != 0, .known = true, .bad = dice(w, 40) == 0};
	}
	rollout_plan(&w->r);
	w->kept = w->r;
	memcpy(w->kept_boxes, w->boxes, sizeof(w->boxes));
	w->kept.boxes = w->kept_boxes;
}

static void turn(struct world *w)
{
	struct rollout_ops ops = ops_of(w);

	rollout_turn(&w->r, w->now, &ops);
	if (w->killed)
		start_again(w);
	w->now += 5 * NS_PER_SEC;
}

/* At the end everybody is there and answers: a roll-back reaches all who got it. */
static void roll_back_reaches_all(struct world *w)
{
	struct rollout_ops ops = ops_of(w);
	struct errmsg e;

	w->until_kill = 0;
	if (w->r.state != ROLLOUT_BACK)
		assert_int_equal(rollout_order(&w->r, ROLLOUT_BACK, "", &ops, &e), 0);
	for (unsigned i = 0; i < BOXES; i++)
		w->fleet[i].up = w->fleet[i].known = true;
	for (unsigned i = 0; i < 200; i++) {
		turn(w);
		w->now += ROLLOUT_AGAIN_S / 20 * NS_PER_SEC;
		for (unsigned k = 0; k < BOXES; k++)
			box_acts(w, k, &ops);
	}
	for (unsigned i = 0; i < BOXES; i++) {
		assert_int_equal(w->fleet[i].has, 0);
		assert_true(!w->fleet[i].ever_asked || w->boxes[i].step != STEP_WAITING);
	}
}

static void what_must_never_be(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned ends[ROLLOUT_STATES] = {0};

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		begin(w, seed);
		for (unsigned i = 0; i < STEPS; i++) {
			struct rollout_ops ops = ops_of(w);

			something_happens(w, &ops);
			if (w->killed)
				start_again(w);
			turn(w);
		}
		ends[w->r.state]++;
		roll_back_reaches_all(w);
	}
	/* The histories are of all kinds. */
	print_message("running %u, paused %u, stopped %u, back %u, done %u\n", ends[0], ends[1],
		      ends[2], ends[3], ends[4]);
	for (unsigned i = 1; i < ROLLOUT_STATES; i++)
		assert_true(ends[i] > 0);
	free(w);
}

static void a_good_version_reaches_all(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned at_ring[4] = {0};

	begin(w, 42);
	for (unsigned i = 0; i < BOXES; i++)
		w->fleet[i] = (struct fleet_box){.up = true, .known = true};
	for (unsigned i = 0; i < 300 && w->r.state != ROLLOUT_DONE; i++) {
		struct rollout_ops ops = ops_of(w);
		unsigned n = 0;

		turn(w);
		for (unsigned k = 0; k < BOXES; k++) {
			char name[16];

			snprintf(name, sizeof(name), "box-%u", k);
			if (w->fleet[k].asked)
				(void)rollout_answer(&w->r, name, false, true, w->now, &ops);
			w->fleet[k].asked = 0;
			n += w->boxes[k].step == STEP_IN_FORCE;
		}
		at_ring[w->r.ring] = n;
	}
	assert_int_equal(w->r.state, ROLLOUT_DONE);
	assert_int_equal(at_ring[0], 1);
	assert_int_equal(at_ring[1], 6);
	assert_int_equal(at_ring[2], 30);
	assert_int_equal(at_ring[3], 60);
	/* 4 rings, each with its soak time */
	assert_true(w->now >= 1000 * NS_PER_SEC + 4 * 60 * NS_PER_SEC);
	free(w);
}

/* The first ring's only box loses frames afterwards: nobody else gets it. */
static void worse_health_stops_it(void **state)
{
	static const struct rollout_health worse[] = {
		{.is_up = true, .is_known = true, .loss = 0.05},
		{.is_up = true, .is_known = true, .alerts = 1000},
		{.is_up = true, .is_known = true, .restarts = 2},
		{.is_up = false},
		{.is_up = false, .last = 800 * NS_PER_SEC},
	};
	static const struct rollout_health well = {
		.is_up = true, .is_known = true, .loss = 0.01, .alerts = 50, .restarts = 1};
	static const struct rollout_health just_went = {.last = 900 * NS_PER_SEC};
	static const struct rollout_health starts = {.grace_s = ROLLOUT_GRACE_MACHINE_S};
	struct rollout_box b = {
		.name = "box-1",
		.before = {.is_up = true, .is_known = true, .loss = 0.001, .alerts = 10}};
	char why[ROLLOUT_WHY];

	for (size_t i = 0; i < ARRAY_SIZE(worse); i++)
		assert_true(rollout_is_worse(&b, &worse[i], 1000 * NS_PER_SEC, why));
	assert_false(rollout_is_worse(&b, &well, 1000 * NS_PER_SEC, why));
	/* just starting again; firmware takes its time */
	assert_false(rollout_is_worse(&b, &just_went, 1000 * NS_PER_SEC, why));
	assert_false(rollout_is_worse(&b, &starts, 1000 * NS_PER_SEC, why));
	assert_true(rollout_is_worse(&b, &starts, 2000 * NS_PER_SEC, why));
	assert_false(rollout_is_worse(&b, &worse[3], 60 * NS_PER_SEC, why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_never_be),
		cmocka_unit_test(a_good_version_reaches_all),
		cmocka_unit_test(worse_health_stops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
