/* Recovery as sentences of the mission (Q12), and the same story killed at every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/recovery/recovery.h"
#include "control/mitigator/recovery/runner.h"
#include "dataplane/base/clock.h"

enum { ORDERS = 64 };

static const char playbook_text[] =
	"name: test\nat: danger\nanswer: 3600\n"
	"programs: [{name: endpoint, program: /bin/endpoint}, {name: lab, program: /bin/lab}]\n"
	"tasks:\n"
	"  - {name: look, kind: assessment, program: endpoint, timeout: 60, tries: 2}\n"
	"  - {name: clean, kind: clean-up, program: endpoint, timeout: 60, roll-back: true, tries: "
	"2}\n"
	"  - {name: keep, kind: sample, program: endpoint}\n"
	"  - {name: learn, kind: pattern, program: lab}\n";

struct ordered {
	uint64_t task;
	uint32_t number;
	bool undo;
	char name[32], before[64];
	unsigned times;
};

struct desk {
	sqlite3 *db;
	struct recovery *r;
	struct playbook *playbook;
	struct ordered orders[ORDERS];
	unsigned orders_n, asks, alarms, over;
	char alarm[1500];
	uint64_t now;
	bool busy;
	bool killing; /* after each step */
};

static bool on_order(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
		     bool undo, const char *before)
{
	struct desk *d = ctx;
	struct ordered o = {.task = t->id, .number = t->number, .undo = undo, .times = 1};

	if (d->busy)
		return false;
	snprintf(o.name, sizeof(o.name), "%s", t->what.name);
	snprintf(o.before, sizeof(o.before), "%.60s", before);
	assert_string_equal(c->host, "pc-12");
	for (unsigned i = 0; i < d->orders_n; i++) {
		if (d->orders[i].task == o.task && d->orders[i].number == o.number) {
			assert_int_equal(d->orders[i].undo, undo);
			d->orders[i].times++;
			return true;
		}
	}
	assert_true(d->orders_n < ORDERS);
	d->orders[d->orders_n++] = o;
	return true;
}

static void on_changed(void *ctx, const struct recovery_task *t, const struct recovery_case *c,
		       enum recovery_state from)
{
	assert_true(t->changed && t->actor[0]);
}

static void on_ask(void *ctx, const struct recovery_task *t, const struct recovery_case *c)
{
	((struct desk *)ctx)->asks++;
}

static void on_alarm(void *ctx, const struct recovery_case *c, const char *text)
{
	struct desk *d = ctx;

	d->alarms++;
	snprintf(d->alarm, sizeof(d->alarm), "%s", text);
}

static void on_over(void *ctx, const struct recovery_case *c)
{
	((struct desk *)ctx)->over++;
}

static void start(struct desk *d)
{
	struct recovery_sink sink = {on_order, on_changed, on_ask, on_alarm, on_over, d};
	struct errmsg e = {""};

	d->r = recovery_new(d->db, &sink, &e);
	assert_non_null(d->r);
	recovery_set(d->r, d->playbook);
	recovery_recover(d->r);
}

static struct desk *desk_new(void)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct errmsg e = {""};

	d->now = 1700000000 * NS_PER_SEC;
	assert_int_equal(sqlite3_open(":memory:", &d->db), SQLITE_OK);
	d->playbook = playbook_parse(playbook_text, strlen(playbook_text), "test", &e);
	if (!d->playbook)
		fail_msg("%s", e.text);
	start(d);
	return d;
}

static void desk_free(struct desk *d)
{
	recovery_free(d->r);
	free(d->playbook);
	assert_int_equal(sqlite3_close(d->db), SQLITE_OK);
	free(d);
}

/* A turn; with `killing` the program dies after its commit, before or after its orders went out. */
static void turn(struct desk *d, uint64_t ns, bool stopped)
{
	d->now += ns;
	recovery_tick(d->r, d->now, stopped);
	assert_false(recovery_failed(d->r));
	if (d->killing) {
		recovery_free(d->r);
		start(d);
	}
	recovery_effects(d->r, d->now);
	if (d->killing) {
		recovery_free(d->r);
		start(d);
		recovery_effects(d->r, d->now);
	}
}

static struct recovery_case a_case(uint64_t incident)
{
	return (struct recovery_case){.incident = incident,
				      .host_id = "host-000012",
				      .host = "pc-12",
				      .ip = "10.0.0.12",
				      .user = "sato",
				      .location = "br0 port 7",
				      .file = "evil.exe",
				      .sha256 = "ab12",
				      .threat = "calls home"};
}

static void open_case(struct desk *d, bool automatic)
{
	struct recovery_case c = a_case(5);
	struct errmsg e = {""};

	if (recovery_open(d->r, &c, automatic, "automatic", d->now, &e) < 0)
		fail_msg("%s", e.text);
}

static bool find(void *ctx, const struct recovery_case *c, const struct recovery_task *t)
{
	struct recovery_task *want = ctx;

	if (strcmp(t->what.name, want->what.name) != 0)
		return true;
	*want = *t;
	return false;
}

static struct recovery_task task(struct desk *d, const char *name)
{
	struct recovery_task t = {.id = 0};

	snprintf(t.what.name, sizeof(t.what.name), "%s", name);
	recovery_each(d->r, 0, false, 100, find, &t, NULL);
	assert_true(t.id);
	return t;
}

static void expect(struct desk *d, const char *name, enum recovery_state state)
{
	struct recovery_task t = task(d, name);

	if (t.state != state)
		fail_msg("%s is %s (%s), not %s", name, recovery_state_text(t.state), t.text,
			 recovery_state_text(state));
}

static void answer(struct desk *d, const char *name, bool ok, bool none, const char *detail)
{
	struct recovery_task t = task(d, name);

	assert_true(recovery_answer(d->r,
				    &(struct recovery_result){.task = t.id,
							      .number = t.number,
							      .undo = t.state == TASK_UNDOING,
							      .ok = ok,
							      .found_none = none,
							      .text = ok ? "done" : "access denied",
							      .detail = detail},
				    d->now));
	turn(d, NS_PER_SEC, false);
}

static int say(struct desk *d, const char *name, enum recovery_event ev)
{
	struct errmsg e = {""};
	int rc = recovery_person(d->r, task(d, name).id, ev, "yamada", "r", d->now, &e);

	if (rc < 0)
		assert_true(e.text[0]);
	turn(d, NS_PER_SEC, false);
	return rc;
}

static void whole_story(struct desk *d)
{
	open_case(d, true);
	turn(d, NS_PER_SEC, false);
	expect(d, "look", TASK_ORDERED);
	expect(d, "clean", TASK_WAITING);
	answer(d, "look", true, false, "{\"files\":[\"evil.exe\"]}");
	expect(d, "clean", TASK_ORDERED);
	answer(d, "clean", false, false, "");
	expect(d, "clean", TASK_ORDERED); /* the second try */
	answer(d, "clean", true, false, "");
	/* Confidential files do not leave unasked (E4). */
	expect(d, "keep", TASK_ASKED);
	assert_int_equal(say(d, "keep", TASK_EV_YES), 0);
	answer(d, "keep", true, false, "{\"sample\":\"s1\"}");
	expect(d, "learn", TASK_ASKED);
	assert_int_equal(say(d, "learn", TASK_EV_YES), 0);
	answer(d, "learn", true, false, "");
	turn(d, NS_PER_SEC, false);
	expect(d, "learn", TASK_DONE);
	assert_int_equal(d->over, 1);
	assert_int_equal(d->alarms, 0);
	assert_int_equal(d->asks, 2);
}

static void test_story(void **state)
{
	static const char *const names[] = {"look", "clean", "clean", "keep", "learn"};
	struct desk *d = desk_new();

	whole_story(d);
	assert_int_equal(d->orders_n, ARRAY_SIZE(names));
	for (unsigned i = 0; i < d->orders_n; i++) {
		assert_string_equal(d->orders[i].name, names[i]);
		assert_int_equal(d->orders[i].times, 1);
	}
	/* Each task knows what was found before it. */
	assert_string_equal(d->orders[1].before, "{\"files\":[\"evil.exe\"]}");
	assert_string_equal(d->orders[4].before, "{\"sample\":\"s1\"}");
	desk_free(d);
}

/* The same, with a kill after every commit and after every order: the same commands, no others. */
static void test_killed_everywhere(void **state)
{
	struct desk *d = desk_new();

	d->killing = true;
	whole_story(d);
	assert_int_equal(d->orders_n, 5);
	desk_free(d);
}

static void test_nothing_found(void **state)
{
	struct desk *d = desk_new();

	open_case(d, true);
	turn(d, NS_PER_SEC, false);
	answer(d, "look", true, true, "");
	expect(d, "look", TASK_NOTHING);
	expect(d, "clean", TASK_SKIPPED);
	expect(d, "learn", TASK_SKIPPED);
	assert_int_equal(d->over, 1);
	assert_int_equal(d->orders_n, 1);
	/* Once an incident, whatever comes later. */
	assert_int_equal(recovery_open(d->r, &(struct recovery_case){.incident = 5}, true, "a",
				       d->now, NULL),
			 ERR_EXISTS);
	desk_free(d);
}

/* Failed: rolled back by its program; people are told host, user, place and file. */
static void test_roll_back(void **state)
{
	struct desk *d = desk_new();

	open_case(d, true);
	turn(d, NS_PER_SEC, false);
	answer(d, "look", true, false, "");
	answer(d, "clean", false, false, "");
	answer(d, "clean", false, false, "");
	expect(d, "clean", TASK_UNDOING);
	assert_true(d->orders[d->orders_n - 1].undo);
	answer(d, "clean", true, false, "");
	expect(d, "clean", TASK_UNDONE);
	expect(d, "keep", TASK_WAITING);
	assert_int_equal(d->alarms, 1);
	assert_non_null(strstr(d->alarm, "pc-12 (10.0.0.12), user sato, at br0 port 7, file "
					 "evil.exe (sha256 ab12)"));
	/* A person finishes it, and it goes on. */
	assert_int_equal(say(d, "clean", TASK_EV_BY_HAND), 0);
	expect(d, "clean", TASK_DONE);
	expect(d, "keep", TASK_ASKED);
	/* And a person takes it back. */
	assert_int_equal(say(d, "clean", TASK_EV_UNDO), 0);
	expect(d, "clean", TASK_UNDOING);
	answer(d, "clean", false, false, "");
	answer(d, "clean", false, false, "");
	expect(d, "clean", TASK_STUCK);
	assert_non_null(strstr(d->alarm, "could not be rolled back"));
	assert_int_equal(say(d, "look", TASK_EV_UNDO), ERR_DENIED);
	desk_free(d);
}

static void test_silence(void **state)
{
	struct desk *d = desk_new();
	struct recovery_result old;
	struct recovery_task t;

	open_case(d, true);
	turn(d, NS_PER_SEC, false);
	t = task(d, "look");
	old = (struct recovery_result){
		.task = t.id, .number = t.number, .ok = true, .text = "late", .detail = ""};
	/* No answer while its order was good, and none of another number counts. */
	old.number++;
	assert_false(recovery_answer(d->r, &old, d->now));
	old.number--;
	old.undo = true;
	assert_false(recovery_answer(d->r, &old, d->now));
	turn(d, 3700 * NS_PER_SEC, false);
	expect(d, "look", TASK_FAILED);
	assert_int_equal(d->alarms, 1);
	old.undo = false;
	assert_false(recovery_answer(d->r, &old, d->now));
	/* Once more by a person; then a question that nobody answers lapses. */
	assert_int_equal(say(d, "look", TASK_EV_YES), 0);
	expect(d, "look", TASK_ORDERED);
	answer(d, "look", true, false, "");
	answer(d, "clean", true, false, "");
	expect(d, "keep", TASK_ASKED);
	turn(d, 3700 * NS_PER_SEC, false);
	expect(d, "keep", TASK_EXPIRED);
	expect(d, "learn", TASK_WAITING);
	assert_int_equal(say(d, "keep", TASK_EV_NO), ERR_DENIED);
	desk_free(d);
}

/* Not automatic: every task asks; the kill switch makes it so. */
static void test_asks(void **state)
{
	struct desk *d = desk_new();

	open_case(d, false);
	turn(d, NS_PER_SEC, false);
	expect(d, "look", TASK_ASKED);
	assert_int_equal(say(d, "look", TASK_EV_NO), 0);
	expect(d, "look", TASK_CANCELLED);
	expect(d, "clean", TASK_WAITING);
	assert_int_equal(d->orders_n, 0);
	desk_free(d);
	d = desk_new();
	open_case(d, true);
	turn(d, NS_PER_SEC, true);
	expect(d, "look", TASK_ASKED);
	assert_int_equal(d->orders_n, 0);
	/* Nobody is free to carry it out: it waits. */
	d->busy = true;
	assert_int_equal(say(d, "look", TASK_EV_YES), 0);
	assert_int_equal(d->orders_n, 0);
	d->busy = false;
	turn(d, NS_PER_SEC, true);
	assert_int_equal(d->orders_n, 1);
	desk_free(d);
}

static void test_playbooks(void **state)
{
	static const char *const wrong[][2] = {
		{"tasks: [{name: a, kind: sample, program: x}]", "no program \"x\""},
		{"programs: [{name: x, program: x}]", "no absolute path"},
		{"programs: [{name: x, program: /x}, {name: x, program: /y}]", "two programs"},
		{"programs: [{name: x, program: /x}]\ntasks: [{name: a, kind: clean-up, program: "
		 "x}, {name: b, kind: assessment, program: x}]",
		 "assessment comes before clean-up"},
		{"programs: [{name: x, program: /x}]\ntasks: [{name: a, kind: sample, program: x, "
		 "timeout: 600, valid: 60}]",
		 "longer (timeout)"},
		{"task: 1", "task"},
	};
	struct errmsg e;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_null(playbook_parse(wrong[i][0], strlen(wrong[i][0]), "p", &e));
		if (!strstr(e.text, wrong[i][1]))
			fail_msg("\"%s\" says nothing of %s", e.text, wrong[i][1]);
	}
}

static void test_json(void **state)
{
	struct recovery_case c = a_case(5);
	struct recovery_task t = {.id = 17, .number = 2, .ordered = 1, .expires = 2};
	struct runner_order o = {.task = &t, .about = &c, .command_id = "m-r17.2", .before = "{}"};
	struct runner_reply r;
	struct errmsg e;
	char text[4096];
	long n = runner_write(&o, text, sizeof(text));
	static const char nothing[] = "{\"ok\":true,\"found\":false,\"text\":\"clean\"}";

	assert_true(n > 0);
	assert_non_null(strstr(text, "\"command_id\":\"m-r17.2\""));
	assert_non_null(strstr(text, "\"sha256\":\"ab12\""));
	assert_int_equal(runner_write(&o, text, 100), ERR_LIMIT);
	assert_int_equal(runner_read(nothing, strlen(nothing), &r, &e), 0);
	assert_true(r.ok && r.found_none);
	assert_int_equal(runner_read("{}", 2, &r, &e), ERR_INVALID);
	assert_int_equal(runner_read("sh: 1", 5, &r, &e), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_story),	      cmocka_unit_test(test_killed_everywhere),
		cmocka_unit_test(test_nothing_found), cmocka_unit_test(test_roll_back),
		cmocka_unit_test(test_silence),	      cmocka_unit_test(test_asks),
		cmocka_unit_test(test_playbooks),     cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
