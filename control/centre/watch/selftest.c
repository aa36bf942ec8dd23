#include "control/centre/watch/selftest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/centre/store/conditions.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	LOOK_EVERY_MS = 2000,
	ORDER_LIFE_S = 300,
	FIRST_PORT = 49152, /* RFC 6335: of nobody's service */
	PORTS = 16384,
	MISSED_MOST = 64,
	MAILBOX_WAIT_S = 60,
};

struct selftest {
	struct selftest_setup setup;
	struct helper *mailbox;
	struct loop_timer timer;
	uint64_t looking; /* into the mailbox, since (monotonic); 0 = not */
	uint64_t ordered; /* when the last turn was looked for */
	char trouble[256];
};

static uint64_t wall(const struct selftest *t)
{
	return loop_wall(t->setup.loop);
}

/* --- the order --- */

static void number_it(struct self_test *run)
{
	uint64_t random[2] = {0};

	(void)!getrandom(random, sizeof(random), 0);
	snprintf(run->id, sizeof(run->id), "%016llx%016llx", (unsigned long long)random[0],
		 (unsigned long long)random[1]);
	run->number = FIRST_PORT + (uint32_t)(random[0] % PORTS);
}

static int send(struct selftest *t, const struct self_test *run, struct errmsg *err)
{
	struct message m = {.kind = MESSAGE_SELF_TEST};
	struct slice payload;
	int rc;

	m.self_test =
		(struct self_test_order){.id = run->id,
					 .issued = run->ordered,
					 .order_expires = run->ordered + ORDER_LIFE_S * NS_PER_SEC,
					 .number = run->number};
	rc = sign_message(t->setup.keys, &m, &payload, err);
	if (rc != ERR_OK)
		return rc;
	rc = spool_put(t->setup.spool, run->sensor, LANE_URGENT, payload, run->ordered, err);
	payload_free(&payload);
	link_server_wake(t->setup.server, run->sensor);
	return rc;
}

/* Those that are ordered and whose sensor is connected here; also those that another centre told
 * before it went, and the sensor with it. */
static int carry(struct selftest *t, struct errmsg *err)
{
	const char *holder = duty_holder(t->setup.duty);
	uint64_t since = wall(t) - ORDER_LIFE_S * NS_PER_SEC;
	struct self_test run = {""};
	char after[sizeof(run.id)] = "";
	int found;

	while ((found = self_test_to_carry(t->setup.store, holder, after, since, &run, err)) == 1) {
		int rc;

		snprintf(after, sizeof(after), "%s", run.id);
		if (!link_server_has(t->setup.server, run.sensor))
			continue;
		rc = self_test_carried(t->setup.store, holder, &run, err);
		rc = rc == ERR_OK ? send(t, &run, err) : rc;
		if (rc != ERR_OK)
			return rc;
	}
	return found;
}

static int order(struct selftest *t, struct self_test *run, struct errmsg *err)
{
	int rc;

	number_it(run);
	run->ordered = wall(t);
	rc = store_begin(t->setup.store, err);
	rc = rc == ERR_OK ? self_test_begin(t->setup.store, run, err) : rc;
	if (rc != ERR_OK) {
		store_rollback(t->setup.store);
		return rc;
	}
	rc = store_commit(t->setup.store, err);
	return rc == ERR_OK ? carry(t, err) : rc;
}

/* Whether the sensor is connected, here or to another centre. */
static bool is_there(struct selftest *t, const char *sensor)
{
	struct link_status st;

	for (unsigned i = 0; link_server_peer(t->setup.server, i, &st); i++) {
		if (strcmp(st.peer.name, sensor) == 0 && st.peer.role == ROLE_SENSOR)
			return true;
	}
	return !duty_is_alone(t->setup.duty) && self_test_is_up(t->setup.store, sensor);
}

int selftest_run(struct selftest *t, const char *sensor, struct errmsg *err)
{
	struct self_test run = {""};

	if (!sensor[0]) {
		int found = self_test_due(t->setup.store, wall(t), &run, err);

		if (found < 0)
			return found;
	} else if (is_there(t, sensor)) {
		snprintf(run.sensor, sizeof(run.sensor), "%s", sensor);
	}
	if (!run.sensor[0])
		return errmsg_set(err, ERR_NOTFOUND, "%s%.60s is connected",
				  sensor[0] ? "no sensor " : "no sensor", sensor);
	return order(t, &run, err);
}

/* --- what is missing --- */

static struct emergency *about(const struct selftest *t, const struct self_test *run)
{
	struct emergency *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->kind = EMERGENCY_SELF_TEST;
	snprintf(e->key, sizeof(e->key), "self-test:%s", run->sensor);
	snprintf(e->site, sizeof(e->site), "%s", run->site);
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		enum report_language in = (enum report_language)l;

		snprintf(e->title[l], sizeof(e->title[l]),
			 in_language(in, "The self-test of %s did not arrive",
				     "%sの自己診断が届いていません"),
			 run->sensor);
		if (!run->alerted)
			snprintf(e->text[l], sizeof(e->text[l]),
				 in_language(in,
					     "%s was ordered to put a test frame into its "
					     "dataplane, and no alert "
					     "came of it: a real one might not come either. Look "
					     "whether "
					     "banken-dataplane runs there, whether the rules of "
					     "the pack "
					     "self-test are loaded, and whether its spool is "
					     "stuck; then try "
					     "again: banken watch test %s.",
					     "%sに試験フレームの投入を指示しましたが、アラートが届"
					     "いていません"
					     "。実際のアラートも届かない可能性があります。banken-"
					     "dataplaneの動作、"
					     "ルール(self-testパック)"
					     "の読み込み、送信待ちの状況を確認し、再試行し"
					     "てください: banken watch test %s。"),
				 run->sensor, run->sensor);
		else
			snprintf(
				e->text[l], sizeof(e->text[l]),
				in_language(in,
					    "The alert of %s came, but the mail about it did not "
					    "arrive at the "
					    "mailbox (%s). Mails to people may not arrive either. "
					    "Look at the "
					    "mail server; then try again: banken watch test %s.",
					    "%sのアラートは届きましたが、メールがメールボックスに届"
					    "いていませ"
					    "ん(%s)"
					    "。緊急連絡のメールも届かない可能性があります。メールサ"
					    "ーバー"
					    "を確認し、再試行してください: banken watch test %s。"),
				run->sensor,
				t->trouble[0] ? t->trouble
					      : in_language(in, "it can be read", "読み取り可"),
				run->sensor);
	}
	return e;
}

static int judge(struct selftest *t, struct errmsg *err)
{
	struct self_test *list = calloc(MISSED_MOST, sizeof(*list));
	uint64_t now = wall(t);
	int rc = ERR_NOMEM, n = 0;

	while (list &&
	       (rc = self_test_miss(t->setup.store, now - t->setup.late, now, list, err)) == 1)
		log_warn(t->setup.log, "the self-test of %s did not arrive", list->sensor);
	n = rc == 0 ? self_tests_missed(t->setup.store, list, MISSED_MOST, err) : rc;
	rc = n;
	for (int i = 0; i < n && rc >= 0; i++) {
		struct emergency *e = about(t, &list[i]);

		rc = e ? condition_holds(t->setup.store, e, now, err) : ERR_NOMEM;
		free(e);
	}
	free(list);
	return rc >= 0 ? conditions_end(t->setup.store, EMERGENCY_SELF_TEST, now, now, err) : rc;
}

/* --- the mailbox --- */

static void read_answers(void *ctx, uint32_t events)
{
	struct selftest *t = ctx;
	struct mailbox_found *f = calloc(1, sizeof(*f));
	struct errmsg err;
	int rc = 0;

	while (f && (rc = mailbox_answer(t->mailbox, f)) == 1) {
		t->looking = 0;
		if (f->error[0] && strcmp(f->error, t->trouble) != 0)
			log_warn(t->setup.log, "the mailbox of the self-test: %s", f->error);
		snprintf(t->trouble, sizeof(t->trouble), "%s", f->error);
		for (unsigned i = 0; i < f->n && i < MAILBOX_IDS; i++) {
			f->ids[i][MAILBOX_ID - 1] = 0;
			if (self_test_arrived(t->setup.store, f->ids[i], wall(t), &err) < 0)
				log_error(t->setup.log, "%s", err.text);
		}
	}
	free(f);
	if (rc < 0)
		loop_unwatch(t->setup.loop, t->mailbox->fd);
}

static void look_into(struct selftest *t, struct errmsg *err)
{
	uint64_t now = loop_now(t->setup.loop);

	if (!t->mailbox || !t->setup.address[0]) {
		if (self_test_arrived(t->setup.store, NULL, wall(t), err) < 0)
			log_error(t->setup.log, "%s", err->text);
		return;
	}
	if (t->looking && now - t->looking < MAILBOX_WAIT_S * NS_PER_SEC)
		return;
	t->looking = mailbox_look(t->mailbox) == ERR_OK ? now : 0;
}

/* --- the loop --- */

/* Sensors one after another, so that they are spread over the day. */
static void take_turns(struct selftest *t, struct errmsg *err)
{
	struct self_test run;
	uint64_t now = loop_now(t->setup.loop);
	int found;

	if (!t->setup.is_daily || (t->ordered && now - t->ordered < 30 * NS_PER_SEC))
		return;
	t->ordered = now;
	found = self_test_due(t->setup.store, wall(t) - NS_PER_DAY, &run, err);
	if (found < 0 || (found && order(t, &run, err) != ERR_OK))
		log_error(t->setup.log, "%s", err->text);
}

static void look(void *ctx)
{
	struct selftest *t = ctx;
	struct errmsg err = {""};
	bool ours = duty_is_ours(t->setup.duty);

	if (ours)
		take_turns(t, &err);
	if (carry(t, &err) < 0)
		log_error(t->setup.log, "%s", err.text);
	if (ours) {
		look_into(t, &err);
		if (judge(t, &err) < 0)
			log_error(t->setup.log, "%s", err.text);
	}
	loop_timer_set(t->setup.loop, &t->timer, LOOK_EVERY_MS * NS_PER_MS);
}

struct selftest *selftest_new(const struct selftest_setup *setup, struct helper *mailbox,
			      struct errmsg *err)
{
	struct selftest *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->setup = *setup;
	t->mailbox = mailbox;
	if (self_tests_open(setup->store, err) != ERR_OK ||
	    self_test_mailbox(setup->store, setup->address, err) != ERR_OK) {
		free(t);
		return NULL;
	}
	if (mailbox)
		loop_watch(setup->loop, mailbox->fd, EPOLLIN, read_answers, t);
	t->timer = (struct loop_timer){.fn = look, .ctx = t};
	loop_timer_set(setup->loop, &t->timer, LOOK_EVERY_MS * NS_PER_MS);
	return t;
}

void selftest_delete(struct selftest *t)
{
	if (!t)
		return;
	loop_timer_stop(t->setup.loop, &t->timer);
	if (t->mailbox)
		loop_unwatch(t->setup.loop, t->mailbox->fd);
	free(t);
}
