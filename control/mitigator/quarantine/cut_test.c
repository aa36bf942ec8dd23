/* The engine with a real database and methods that answer as told: paths, ladder, verification,
 * leases, causes, and a kill at every step of the life cycle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

enum { OVS, ENFORCER, METHODS, LOG_MAX = 256 };

/* What the engine asked for, and what the methods would hold. */
struct world {
	sqlite3 *db;
	struct cut_store *store;
	struct cuts *cuts;
	struct cuts_setup setup;
	struct cut_now now;
	unsigned orders, undos, events, alarms, asks, messages, keeps, watches;
	uint32_t last_number;
	unsigned last_method;
	char seen_ids[LOG_MAX][CUT_ID_TEXT]; /* distinct commands ordered */
	unsigned seen_n;
	bool holds[METHODS];
	bool killed_in_turn; /* after the commit, before the effects */
};

static void note_id(struct world *w, const struct cut *c)
{
	char id[CUT_ID_TEXT];

	cut_command_id("m", c->id, c->number, id);
	for (unsigned i = 0; i < w->seen_n; i++) {
		if (strcmp(w->seen_ids[i], id) == 0)
			return;
	}
	snprintf(w->seen_ids[w->seen_n++], CUT_ID_TEXT, "%s", id);
}

static void on_keep(void *ctx, const struct cut *c)
{
	((struct world *)ctx)->keeps++;
}

static void on_order(void *ctx, const struct cut *c, unsigned method)
{
	struct world *w = ctx;

	w->orders++;
	w->last_number = c->number;
	w->last_method = method;
	w->holds[method] = true;
	note_id(w, c);
}

static void on_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct world *w = ctx;

	w->undos++;
	w->last_number = c->number;
	w->last_method = method;
}

static void on_watch(void *ctx, const struct cut *c, bool on)
{
	((struct world *)ctx)->watches += on;
}

static void on_message(void *ctx, const struct cut *c)
{
	((struct world *)ctx)->messages++;
}

static void on_ask(void *ctx, const struct cut *c)
{
	((struct world *)ctx)->asks++;
}

static void on_alarm(void *ctx, const struct cut *c)
{
	((struct world *)ctx)->alarms++;
}

static void on_event(void *ctx, const struct cut *c)
{
	((struct world *)ctx)->events++;
}

static void on_changed(void *ctx, const struct cut *c, enum cut_state from)
{
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct errmsg e = {""};

	w->now = (struct cut_now){1000 * NS_PER_SEC, 50 * NS_PER_SEC};
	w->setup = (struct cuts_setup){.mitigator = "m",
				       .sink = {on_keep, on_order, on_undo, on_watch, on_message,
						on_ask, on_alarm, on_event, on_changed, w},
				       .times = {.message_ns = 100 * NS_PER_MS,
						 .ack_ns = NS_PER_SEC,
						 .ack_tries = 3,
						 .retry_ns = 60 * NS_PER_SEC,
						 .hold_ns = 3600 * NS_PER_SEC,
						 .review_ns = 24 * NS_PER_HOUR,
						 .verify = {.window_ns = 600 * NS_PER_MS,
							    .settle_ns = 200 * NS_PER_MS,
							    .quiet_ns = 5 * NS_PER_SEC,
							    .grace_ns = 50 * NS_PER_MS}},
				       .methods = {{"openvswitch", true}, {"enforcer", true}},
				       .methods_n = METHODS,
				       .watches_max = 4};
	assert_int_equal(sqlite3_open(":memory:", &w->db), SQLITE_OK);
	w->store = cut_store_new(w->db, w->setup.methods, METHODS, &e);
	assert_non_null(w->store);
	w->setup.store = w->store;
	w->cuts = cuts_new(&w->setup);
	return w;
}

static void world_free(struct world *w)
{
	cuts_free(w->cuts);
	cut_store_free(w->store);
	assert_int_equal(sqlite3_close(w->db), SQLITE_OK);
	free(w);
}

/* One turn of the loop: time-outs, commit, effects. */
static void turn(struct world *w, uint64_t pass)
{
	w->now.wall += pass;
	w->now.mono += pass;
	cuts_tick(w->cuts, w->now);
	assert_false(cuts_failed(w->cuts, NULL));
	if (!w->killed_in_turn)
		cuts_effects(w->cuts, w->now);
}

/* kill -9 and start: memory is gone, the monotonic clock begins elsewhere. */
static void restart(struct world *w)
{
	struct errmsg e;

	cuts_free(w->cuts);
	w->cuts = cuts_new(&w->setup);
	w->now.mono += 7777 * NS_PER_SEC;
	assert_int_equal(cuts_recover(w->cuts, w->now, &e), 0);
}

static struct cut request(void)
{
	struct cut c = {.host_id = "host-5",
			.causes = CAUSE_BIT(CAUSE_THREAT),
			.threat_id = "1.2100001",
			.mode = "automatic",
			.actor = "automatic",
			.reason = "the test",
			.ladder = {OVS, ENFORCER},
			.ladder_n = 2,
			.severity = SEVERITY_HIGH};
	struct ip_addr ip;

	mac_addr_parse("52:54:00:00:00:05", &c.target.mac);
	ip_addr_parse("10.0.0.5", &ip);
	target_add_ip(&c.target, &ip);
	ip_addr_parse("2001:db8::5", &ip);
	target_add_ip(&c.target, &ip);
	return c;
}

static struct cut *begin(struct world *w, enum cut_event ev)
{
	struct cut r = request();
	struct errmsg e = {""};
	struct cut *c = cuts_open(w->cuts, &r, ev, w->now, &e);

	assert_non_null(c);
	return c;
}

static struct cut *the_cut(struct world *w)
{
	assert_int_equal(cuts_count(w->cuts), 1);
	return cuts_at(w->cuts, 0);
}

static void answer(struct world *w, enum cut_answer a, bool undo)
{
	cuts_result(w->cuts,
		    &(struct cut_result){the_cut(w)->id, w->last_number, w->last_method, undo, a,
					 "the method says so"},
		    w->now);
	if (undo && a == CUT_ANSWER_DONE)
		w->holds[w->last_method] = false;
}

static void seen(struct world *w, uint64_t until_ms, uint64_t attempts, uint64_t answers)
{
	struct watch_result r = {.since = 1,
				 .until = until_ms * NS_PER_MS + 1,
				 .attempts = attempts,
				 .answers = answers,
				 .first_attempt = attempts ? 100 * NS_PER_MS : 0,
				 .last_answer = answers ? until_ms * NS_PER_MS : 0,
				 .blind_reason = ""};

	ip_addr_parse("192.0.2.9", &r.last_peer);
	cuts_seen(w->cuts, the_cut(w), "sensor-1", &r, w->now);
}

#define STATE(w, s) assert_string_equal(cut_state_text(the_cut(w)->state), cut_state_text(s))

static void test_verified(void **state)
{
	struct world *w = world_new();
	struct cut *c = begin(w, CUT_EV_REQUEST);

	assert_int_equal(w->messages, 1);
	turn(w, 0);
	assert_int_equal(w->keeps, 1); /* the undo list comes before the order */
	assert_int_equal(w->orders, 0);
	turn(w, 101 * NS_PER_MS);
	assert_int_equal(w->orders, 1);
	STATE(w, CUT_SENT);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	STATE(w, CUT_ACKED);
	assert_int_equal(w->events, 1);
	assert_int_equal(w->watches, 1);
	seen(w, 400, 3, 0); /* the window is not over */
	STATE(w, CUT_ACKED);
	seen(w, 600, 4, 0);
	STATE(w, CUT_VERIFIED);
	assert_true(c->verified >= c->acked && c->acked >= c->sent);
	world_free(w);
}

static void test_in_flight(void **state)
{
	struct world *w = world_new();
	struct watch_result r = {.since = NS_PER_SEC,
				 .until = 2 * NS_PER_SEC,
				 .attempts = 2,
				 .answers = 1,
				 .first_attempt = NS_PER_SEC,
				 .last_answer = NS_PER_SEC + 20 * NS_PER_MS};

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	/* An answer that was under way when the cut fell is none. */
	cuts_seen(w->cuts, the_cut(w), "sensor-1", &r, w->now);
	STATE(w, CUT_VERIFIED);
	world_free(w);
}

static void test_ladder(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false); /* the driver says yes ... */
	turn(w, 0);
	seen(w, 300, 3, 2); /* ... but the host still talks */
	turn(w, 0);
	STATE(w, CUT_SENT);
	assert_int_equal(w->last_method, ENFORCER);
	assert_int_equal(w->alarms, 1);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	seen(w, 700, 9, 0);
	STATE(w, CUT_VERIFIED);
	/* Both methods were ordered, so both are released. */
	cuts_event(w->cuts, the_cut(w), CUT_EV_RELEASE, "yamada", "found safe", w->now);
	turn(w, 0);
	assert_int_equal(w->undos, 2);
	answer(w, CUT_ANSWER_DONE, true);
	STATE(w, CUT_RELEASING);
	w->last_method = OVS;
	answer(w, CUT_ANSWER_DONE, true);
	turn(w, 0);
	assert_int_equal(cuts_count(w->cuts), 0);
	world_free(w);
}

static void test_no_method(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_AWAY, false);
	turn(w, 0);
	assert_int_equal(w->last_method, ENFORCER);
	for (int i = 0; i < 3; i++)
		turn(w, 1001 * NS_PER_MS); /* no acknowledgement, the same command again */
	assert_int_equal(w->orders, 4);
	assert_int_equal(w->seen_n, 2);
	STATE(w, CUT_FAILED);
	assert_int_equal(w->alarms, 1);
	/* A late yes of the last method counts. */
	answer(w, CUT_ANSWER_DONE, false);
	STATE(w, CUT_ACKED);
	turn(w, 0);
	turn(w, 5 * NS_PER_SEC);
	STATE(w, CUT_QUIET);
	assert_non_null(strstr(the_cut(w)->note, "no sensor can watch"));
	world_free(w);
}

static void test_failed_is_retried(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_FAILED, false);
	turn(w, 0);
	answer(w, CUT_ANSWER_REFUSED, false);
	turn(w, 0);
	STATE(w, CUT_FAILED);
	turn(w, 61 * NS_PER_SEC);
	STATE(w, CUT_SENT);
	assert_int_equal(w->last_method, OVS);
	assert_int_equal(w->seen_n, 3); /* a new command, not the refused one */
	world_free(w);
}

static void test_quiet_then_tries(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	seen(w, 5000, 0, 0);
	turn(w, 5001 * NS_PER_MS);
	STATE(w, CUT_QUIET);
	assert_non_null(strstr(the_cut(w)->note, "has not tried"));
	seen(w, 9000, 2, 0);
	STATE(w, CUT_VERIFIED);
	/* The drop counter proves a try as well as a frame does. */
	world_free(w);
}

static void test_drops_prove(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	seen(w, 700, 0, 0);
	STATE(w, CUT_ACKED);
	cuts_drops(w->cuts, the_cut(w), 3, w->now);
	STATE(w, CUT_VERIFIED);
	world_free(w);
}

static void test_hold(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_HOLD);
	turn(w, NS_PER_HOUR / 2);
	STATE(w, CUT_HELD);
	assert_int_equal(w->asks, 1);
	assert_int_equal(w->orders, 0);
	restart(w); /* patience is counted from the beginning */
	turn(w, NS_PER_HOUR / 2 + 1);
	assert_int_equal(cuts_count(w->cuts), 0);
	begin(w, CUT_EV_HOLD);
	cuts_event(w->cuts, the_cut(w), CUT_EV_APPROVE, "yamada", "yes", w->now);
	turn(w, 101 * NS_PER_MS);
	STATE(w, CUT_SENT);
	world_free(w);
}

static void test_leases(void **state)
{
	struct world *w = world_new();
	struct cut *c = begin(w, CUT_EV_REQUEST);

	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	/* A threat's cut never ends by itself: the review date alarms and renews. */
	turn(w, 25 * NS_PER_HOUR);
	assert_true(cut_state_in_force(c->state));
	assert_int_equal(w->alarms, 1);
	assert_true(c->review > w->now.wall);
	cuts_drop_causes(w->cuts, c, CAUSE_BIT(CAUSE_THREAT), "yamada", "found safe", w->now);
	turn(w, 0);
	answer(w, CUT_ANSWER_DONE, true);
	turn(w, 0);
	assert_int_equal(cuts_count(w->cuts), 0);
	/* A block ends with its lease. */
	c = begin(w, CUT_EV_HOLD);
	c->causes = CAUSE_BIT(CAUSE_BLOCK);
	c->ends[CAUSE_BLOCK] = w->now.wall + NS_PER_HOUR;
	cuts_event(w->cuts, c, CUT_EV_APPROVE, "yamada", "yes", w->now);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, NS_PER_HOUR);
	STATE(w, CUT_ENDING);
	answer(w, CUT_ANSWER_DONE, true);
	turn(w, 0);
	assert_int_equal(cuts_count(w->cuts), 0);
	world_free(w);
}

static void test_causes(void **state)
{
	struct world *w = world_new();
	struct cut *c = begin(w, CUT_EV_REQUEST);

	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	cuts_add_cause(w->cuts, c, CAUSE_POLICY, 0, "automatic", "deny", w->now);
	STATE(w, CUT_ACKED); /* nothing to order: it never ended anyway */
	/* permit lifts the policy's cut, never the threat's (Q3). */
	cuts_drop_causes(w->cuts, c, CAUSE_BIT(CAUSE_POLICY), "automatic", "permit", w->now);
	STATE(w, CUT_ACKED);
	cuts_add_cause(w->cuts, c, CAUSE_BLOCK, w->now.wall + NS_PER_HOUR, "automatic", "block",
		       w->now);
	STATE(w, CUT_ACKED);
	/* Without the threat it has an end now. */
	c->causes &= ~CAUSE_BIT(CAUSE_THREAT);
	assert_int_equal(cut_end(c), w->now.wall + NS_PER_HOUR);
	/* A longer block is ordered anew, for the enforcer ends it by itself. */
	cuts_add_cause(w->cuts, c, CAUSE_BLOCK, w->now.wall + 2 * NS_PER_HOUR, "automatic", "block",
		       w->now);
	STATE(w, CUT_SENT);
	assert_int_equal(w->seen_n, 1);
	turn(w, 0);
	assert_int_equal(w->seen_n, 2);
	world_free(w);
}

static void test_lost(void **state)
{
	struct world *w = world_new();

	begin(w, CUT_EV_REQUEST);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	seen(w, 700, 3, 0);
	STATE(w, CUT_VERIFIED);
	cuts_lost(w->cuts, the_cut(w), ENFORCER, w->now); /* not the one that holds it */
	STATE(w, CUT_VERIFIED);
	cuts_lost(w->cuts, the_cut(w), OVS, w->now);
	STATE(w, CUT_SENT);
	turn(w, 0);
	assert_int_equal(w->seen_n, 2);
	answer(w, CUT_ANSWER_DONE, false);
	assert_int_equal(w->events, 1); /* 1190 once a cut */
	world_free(w);
}

/* A sensor that does not say that it looks is asked again soon; one that looks is left alone. */
static void test_watch_is_asked_again(void **state)
{
	struct world *w = world_new();
	struct watch_result blind = {.blind = true, .blind_reason = "not yet"};

	begin(w, CUT_EV_REQUEST);
	turn(w, 0);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	assert_int_equal(w->watches, 1);
	turn(w, NS_PER_SEC);
	assert_int_equal(w->watches, 1);
	turn(w, NS_PER_SEC);
	assert_int_equal(w->watches, 2);
	cuts_seen(w->cuts, the_cut(w), "sensor-1", &blind, w->now);
	turn(w, 2 * NS_PER_SEC);
	assert_int_equal(w->watches, 3);
	for (unsigned i = 0; i < 56; i++) /* ever less often: at 8, 16, 32 and 52 s */
		turn(w, NS_PER_SEC);
	assert_int_equal(w->watches, 7);
	seen(w, 700, 0, 0);
	for (unsigned i = 0; i < 11; i++)
		turn(w, NS_PER_SEC);
	assert_int_equal(w->watches, 7);
	world_free(w);
}

/* A watch ends in the very turn in which the next begins: the next does. */
static void test_watch_ends_and_begins(void **state)
{
	struct world *w = world_new();
	struct cut *c;

	begin(w, CUT_EV_REQUEST);
	turn(w, 0);
	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	turn(w, 0);
	c = the_cut(w);
	c->watch_end = w->now.mono;
	cuts_event(w->cuts, c, CUT_EV_LOST, "t", "t", w->now);
	cuts_tick(w->cuts, w->now);
	cuts_event(w->cuts, c, CUT_EV_ACK, "t", "t", w->now);
	cuts_tick(w->cuts, w->now);
	cuts_effects(w->cuts, w->now);
	assert_true(c->watching);
	assert_int_equal(w->watches, 2);
	world_free(w);
}

static void test_watch_places(void **state)
{
	struct world *w = world_new();

	for (unsigned i = 0; i < 6; i++) {
		struct cut r = request();
		struct errmsg e;
		struct cut *c;

		snprintf(r.host_id, sizeof(r.host_id), "host-%u", i);
		c = cuts_open(w->cuts, &r, CUT_EV_REQUEST, w->now, &e);
		cuts_event(w->cuts, c, CUT_EV_DISPATCH, "t", "t", w->now);
		cuts_event(w->cuts, c, CUT_EV_ACK, "t", "t", w->now);
	}
	turn(w, 0);
	assert_int_equal(w->watches, 4);
	/* A place that becomes free is taken. */
	cuts_event(w->cuts, cuts_at(w->cuts, 0), CUT_EV_RELEASE, "t", "t", w->now);
	turn(w, 0);
	turn(w, 0);
	assert_int_equal(w->watches, 5);
	world_free(w);
}

/* The whole story, killed after every step in turn: the end is the same, and no command was given
 * under two ids. */
enum { STORY = 11 };

static void story_step(struct world *w, unsigned step)
{
	switch (step) {
	case 0:
		begin(w, CUT_EV_REQUEST);
		break;
	case 1:
		turn(w, 0);
		break;
	case 2:
		turn(w, 101 * NS_PER_MS);
		break;
	case 3:
		turn(w, 0);
		break;
	case 4:
		answer(w, CUT_ANSWER_DONE, false);
		break;
	case 5:
		turn(w, 0);
		break;
	case 6:
		turn(w, 0); /* after a restart the watch has begun by now */
		seen(w, 700, 5, 0);
		break;
	case 7:
		cuts_event(w->cuts, the_cut(w), CUT_EV_RELEASE, "yamada", "safe", w->now);
		break;
	case 8:
		turn(w, 0);
		break;
	case 9:
		answer(w, CUT_ANSWER_DONE, true);
		break;
	case 10:
		turn(w, 0);
		break;
	}
}

static void story(unsigned kill, bool in_turn)
{
	struct world *w = world_new();

	for (unsigned step = 0; step < STORY; step++) {
		w->killed_in_turn = in_turn && step == kill;
		story_step(w, step);
		w->killed_in_turn = false;
		if (step != kill)
			continue;
		restart(w);
		turn(w, 0);
		if (step < 2)
			turn(w, 101 * NS_PER_MS);
	}
	if (cuts_count(w->cuts) != 0 || w->holds[OVS] || w->seen_n != 1 || w->events != 1)
		fail_msg("killed %s step %u: %u open, %u commands, %u events",
			 in_turn ? "in" : "after", kill, cuts_count(w->cuts), w->seen_n, w->events);
	world_free(w);
}

static void test_killed(void **state)
{
	for (unsigned kill = 0; kill < STORY; kill++) {
		story(kill, false);
		story(kill, true);
	}
}

static bool count_row(void *ctx, const struct cut_change *ch)
{
	(*(unsigned *)ctx)++;
	assert_true(ch->time > 0 && ch->actor[0] && ch->reason[0]);
	return true;
}

static void test_stored(void **state)
{
	struct world *w = world_new();
	struct cut *c = begin(w, CUT_EV_REQUEST), back;
	unsigned rows = 0;
	struct errmsg e;

	turn(w, 101 * NS_PER_MS);
	answer(w, CUT_ANSWER_DONE, false);
	assert_int_equal(cut_store_find(w->store, c->id, &back, &e), 0);
	assert_string_equal(back.host_id, c->host_id);
	assert_memory_equal(&back.target, &c->target, sizeof(c->target));
	assert_int_equal(back.state, CUT_ACKED);
	assert_int_equal(back.ladder_n, 2);
	assert_int_equal(back.ladder[1], ENFORCER);
	assert_int_equal(back.ordered, 1 << OVS);
	assert_int_equal(back.numbers[OVS], 1);
	assert_int_equal(back.severity, SEVERITY_HIGH);
	assert_int_equal(cut_store_history(w->store, c->id, count_row, &rows, &e), 0);
	assert_int_equal(rows, 3);
	assert_int_equal(cut_store_find(w->store, 99, &back, &e), ERR_NOTFOUND);
	assert_int_equal(cut_store_repeats(w->store, "host-5", 0), 1);
	world_free(w);
}

static void test_ids(void **state)
{
	char id[CUT_ID_TEXT];
	uint64_t cut;
	uint32_t number;

	assert_string_equal(cut_command_id("m-1", 17, 2, id), "m-1-17.2");
	assert_true(cut_command_parse("m-1", id, &cut, &number));
	assert_int_equal(cut, 17);
	assert_int_equal(number, 2);
	assert_true(cut_command_parse("m-1", "m-1-17.2.w3", &cut, &number));
	assert_false(cut_command_parse("m", id, &cut, &number));
	assert_false(cut_command_parse("m-1", "m-1-17", &cut, &number));
	assert_false(cut_command_parse("m-1", "m-1-x.2", &cut, &number));
	assert_false(cut_command_parse("m-1", "m-1-17.2x", &cut, &number));
	assert_false(cut_command_parse("m-1", "", &cut, &number));
}

static void test_full(void **state)
{
	struct world *w = world_new();
	struct cut r = request();
	struct errmsg e;

	for (unsigned i = 0; i < CUTS_MAX; i++)
		assert_non_null(cuts_open(w->cuts, &r, CUT_EV_HOLD, w->now, &e));
	assert_null(cuts_open(w->cuts, &r, CUT_EV_HOLD, w->now, &e));
	assert_int_equal(cuts_refused(w->cuts), 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_ladder),
		cmocka_unit_test(test_no_method),
		cmocka_unit_test(test_failed_is_retried),
		cmocka_unit_test(test_quiet_then_tries),
		cmocka_unit_test(test_drops_prove),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_leases),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_watch_is_asked_again),
		cmocka_unit_test(test_watch_ends_and_begins),
		cmocka_unit_test(test_watch_places),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
