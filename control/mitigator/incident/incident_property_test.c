/* Whatever the order, the doubles and the moments of being killed: the incidents are those that
 * somebody finds who has all alerts in front of him, sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/mitigator/incident/incident.h"
#include "control/wire/testdir.h"
#include "dataplane/base/clock.h"

#define T0     (1700000000 * NS_PER_SEC)
#define WINDOW NS_PER_HOUR

enum { ALERTS = 120, HOSTS = 3, KINDS = 5, ROUNDS = 60 };

struct fact { /* one alert */
	unsigned host, kind;
	uint64_t time;
	enum level level;
	char id[32];
};

static const char *const techniques[KINDS] = {"T1105", "T1071.001", "T1046", "T1021.002", "T1486"};

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static void make_facts(struct fact *f)
{
	for (unsigned i = 0; i < ALERTS; i++) {
		f[i].host = below(HOSTS);
		f[i].kind = below(KINDS);
		f[i].time = T0 + (uint64_t)below(72) * (WINDOW / 2) + below(1000);
		f[i].level = (enum level)(LEVEL_CAUTION + below(3));
		snprintf(f[i].id, sizeof(f[i].id), "alert-%03u", i);
	}
}

static const char *host_name(unsigned host, char ret[16])
{
	snprintf(ret, 16, "host-%u", host);
	return ret;
}

/* ---- the naive model ---- */

struct expected_step {
	uint64_t first, last, hits;
	enum level level;
	const char *id;
};

struct expected {
	unsigned host;
	uint64_t first, last, alerts;
	struct expected_step steps[KINDS];
};

static int by_time(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->id, y->id);
}

static unsigned batch(struct fact *f, struct expected *e)
{
	unsigned n = 0;

	qsort(f, ALERTS, sizeof(*f), by_time);
	for (unsigned i = 0; i < ALERTS; i++) {
		struct expected_step *s;

		if (i == 0 || f[i].host != f[i - 1].host || f[i].time - f[i - 1].time > WINDOW)
			e[n++] = (struct expected){.host = f[i].host, .first = f[i].time};
		s = &e[n - 1].steps[f[i].kind];
		if (!s->hits) {
			s->first = f[i].time;
			s->id = f[i].id;
		}
		s->last = f[i].time;
		s->hits++;
		s->level = s->level > f[i].level ? s->level : f[i].level;
		e[n - 1].last = f[i].time;
		e[n - 1].alerts++;
	}
	return n;
}

/* ---- the real one ---- */

static void note(struct incidents *t, const struct fact *f, uint64_t now)
{
	struct incident_news news;
	struct errmsg e = {""};
	char host[16];
	struct alert a = {.id = f->id,
			  .time = f->time,
			  .gid = 2,
			  .sid = 2000 + f->kind,
			  .msg = "m",
			  .severity = SEVERITY_MEDIUM,
			  .host_is_source = true,
			  .techniques = {(const char *[]){techniques[f->kind]}, 1}};

	if (incidents_double(t, f->id))
		return;
	if (!incidents_note(t, host_name(f->host, host), &a, f->level, now, WINDOW, &news, &e))
		fail_msg("%s", e.text);
}

static void on_closed(void *ctx, const struct incident *i)
{
}

static const struct chain_step *find_step(const struct incident *i, unsigned kind)
{
	for (unsigned k = 0; k < i->steps_n; k++) {
		if (i->steps[k]->sid == 2000 + kind)
			return i->steps[k];
	}
	return NULL;
}

static void check_one(const struct incident *i, const struct expected *x)
{
	uint64_t stage_hits = 0;

	assert_int_equal(i->opened, x->first);
	assert_int_equal(i->updated, x->last);
	assert_int_equal(i->alerts, x->alerts);
	for (unsigned k = 0; k < KINDS; k++) {
		const struct chain_step *s = find_step(i, k);

		assert_int_equal(s != NULL, x->steps[k].hits != 0);
		if (!s)
			continue;
		assert_int_equal(s->first, x->steps[k].first);
		assert_int_equal(s->last, x->steps[k].last);
		assert_int_equal(s->hits, x->steps[k].hits);
		assert_int_equal(s->level, x->steps[k].level);
		assert_string_equal(s->alert_id, x->steps[k].id);
	}
	for (unsigned k = 0; k < STAGE_COUNT; k++)
		stage_hits += i->stages[k].hits;
	assert_int_equal(stage_hits, x->alerts);
}

static void check(struct incidents *t, const struct expected *x, unsigned n)
{
	uint64_t numbers[ALERTS];
	unsigned found = incidents_list(t, false, numbers, ALERTS);
	char host[16];

	assert_int_equal(found, n);
	for (unsigned k = 0; k < n; k++) {
		unsigned matches = 0;

		for (unsigned j = 0; j < found; j++) {
			struct incident *i = incidents_read(t, numbers[j]);

			if (strcmp(i->host_id, host_name(x[k].host, host)) == 0 &&
			    i->opened == x[k].first) {
				check_one(i, &x[k]);
				matches++;
			}
			incident_free(i);
		}
		assert_int_equal(matches, 1);
	}
}

static void shuffle(struct fact *f)
{
	for (unsigned i = ALERTS - 1; i > 0; i--) {
		unsigned k = below(i + 1);
		struct fact x = f[i];

		f[i] = f[k];
		f[k] = x;
	}
}

static void sql(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* Batches of a transaction each; some are lost with the process and come again, some come again
 * although they were stored. */
static void run_round(void)
{
	static struct fact facts[ALERTS], sorted[ALERTS];
	static struct expected x[ALERTS];
	struct incidents *t = incidents_new();
	uint64_t now = T0 + 40 * NS_PER_HOUR;
	struct errmsg e = {""};
	unsigned done = 0, n;
	sqlite3 *db;

	make_facts(facts);
	memcpy(sorted, facts, sizeof(facts));
	n = batch(sorted, x);
	if (below(4))
		shuffle(facts);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(incidents_open(t, db, &e), 0);
	while (done < ALERTS) {
		unsigned size = 1 + below(20), from = below(3) ? done : below(done + 1);

		sql(db, "BEGIN");
		for (unsigned i = from; i < done + size && i < ALERTS; i++)
			note(t, &facts[i], now);
		if (below(3) == 0)
			assert_int_equal(incidents_tick(t, now, below(2) * 5 * NS_PER_HOUR,
							on_closed, NULL, &e),
					 0);
		if (below(4) == 0) {
			sql(db, "ROLLBACK");
			assert_int_equal(incidents_open(t, db, &e), 0);
			continue;
		}
		assert_int_equal(incidents_flush(t, &e), 0);
		sql(db, "COMMIT");
		done += size;
		now += (uint64_t)below(600) * NS_PER_SEC;
		if (below(5) == 0) {
			incidents_free(t);
			t = incidents_new();
			assert_int_equal(incidents_open(t, db, &e), 0);
		}
	}
	check(t, x, n);
	incidents_free(t);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void any_order_doubles_and_restarts(void **state)
{
	for (unsigned r = 0; r < ROUNDS; r++) {
		seed = 0x1000 + r;
		run_round();
	}
}

/* ---- a real process, really killed ---- */

static void child(const char *path, const struct fact *f)
{
	struct incidents *t = incidents_new();
	struct errmsg e = {""};
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK || incidents_open(t, db, &e) < 0)
		_exit(2);
	sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	for (unsigned i = 0; i < ALERTS; i += 3) {
		sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		for (unsigned k = i; k < i + 3 && k < ALERTS; k++)
			note(t, &f[k], T0 + 40 * NS_PER_HOUR);
		incidents_tick(t, T0 + 40 * NS_PER_HOUR, 20 * NS_PER_HOUR, on_closed, NULL, &e);
		if (incidents_flush(t, &e) < 0)
			_exit(3);
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	_exit(0);
}

static void killed_at_any_point(void **state)
{
	static struct fact facts[ALERTS], sorted[ALERTS];
	static struct expected x[ALERTS];
	char folder[64], path[96];
	struct incidents *t = incidents_new();
	struct errmsg e = {""};
	int status = -1, kills = 0;
	sqlite3 *db;
	unsigned n;

	seed = 42;
	testdir_make(folder);
	snprintf(path, sizeof(path), "%s/mitigator.db", folder);
	make_facts(facts);
	memcpy(sorted, facts, sizeof(facts));
	n = batch(sorted, x);
	/* Each begins anew with the first alert, as a sender does that was not answered. */
	for (useconds_t wait = 500;; wait += wait / 3) {
		pid_t pid = fork();

		if (pid == 0)
			child(path, facts);
		usleep(wait);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status))
			break;
		kills++;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(kills > 2);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(incidents_open(t, db, &e), 0);
	check(t, x, n);
	incidents_free(t);
	sqlite3_close(db);
	testdir_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_doubles_and_restarts),
		cmocka_unit_test(killed_at_any_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
