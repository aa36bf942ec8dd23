/* Alerts become incidents, incidents close, and both survive a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/incident.h"
#include "control/mitigator/incident/story.h"
#include "dataplane/base/clock.h"

#define T0     (1000000 * NS_PER_SEC)
#define WINDOW (1800 * NS_PER_SEC)

struct shop {
	sqlite3 *db;
	struct incidents *t;
};

static struct shop shop_new(void)
{
	struct shop s = {.t = incidents_new()};
	struct errmsg e;

	assert_int_equal(sqlite3_open(":memory:", &s.db), SQLITE_OK);
	assert_int_equal(incidents_open(s.t, s.db, &e), 0);
	return s;
}

static void shop_free(struct shop *s)
{
	incidents_free(s->t);
	assert_int_equal(sqlite3_close(s->db), SQLITE_OK);
}

static struct incident *note(struct shop *s, const char *host, uint32_t sid, enum level level,
			     uint64_t now, struct incident_news *news)
{
	struct alert a = {
		.id = "a-1", .gid = 1, .sid = sid, .msg = "bad", .severity = SEVERITY_HIGH};
	struct errmsg e = {""};
	struct incident *i = incidents_note(s->t, host, &a, level, now, WINDOW, news, &e);

	if (!i)
		fail_msg("%s", e.text);
	return i;
}

static void test_joined(void **state)
{
	struct shop s = shop_new();
	struct incident_news n;
	struct incident *i = note(&s, "host-1", 7, LEVEL_WARNING, T0, &n);

	assert_true(n.opened && n.new_threat && n.risen);
	assert_string_equal(i->threat_id, "1.7");
	assert_ptr_equal(note(&s, "host-1", 7, LEVEL_WARNING, T0 + 1, &n), i);
	assert_false(n.opened || n.new_threat || n.risen);
	note(&s, "host-1", 8, LEVEL_DANGER, T0 + 2, &n);
	assert_true(n.new_threat && n.risen && !n.opened);
	assert_string_equal(i->threat_id, "1.8"); /* the worst one names it */
	note(&s, "host-1", 9, LEVEL_CAUTION, T0 + 3, &n);
	assert_false(n.risen);
	assert_int_equal(i->level, LEVEL_DANGER);
	assert_int_equal(i->alerts, 4);
	note(&s, "host-2", 7, LEVEL_CAUTION, T0 + 3, &n);
	assert_true(n.opened);
	assert_int_equal(incidents_count(s.t), 2);
	assert_null(incidents_of_host(s.t, "host-3"));
	/* Much later it is another incident; the worse of the two counts. */
	note(&s, "host-1", 7, LEVEL_CAUTION, T0 + 2 * WINDOW, &n);
	assert_true(n.opened);
	assert_int_equal(incidents_of_host(s.t, "host-1")->level, LEVEL_DANGER);
	shop_free(&s);
}

static void count_closed(void *ctx, const struct incident *i)
{
	(*(unsigned *)ctx)++;
	assert_true(i->closed > i->opened);
}

static void test_closed(void **state)
{
	struct shop s = shop_new();
	struct incident_news n;
	struct errmsg e;
	unsigned closed = 0;

	note(&s, "host-1", 7, LEVEL_WARNING, T0, &n);
	note(&s, "host-2", 7, LEVEL_WARNING, T0 + 100, &n);
	assert_int_equal(incidents_tick(s.t, T0 + 50, 60, count_closed, &closed, &e), 0);
	assert_int_equal(closed, 0);
	assert_int_equal(incidents_tick(s.t, T0 + 60, 60, count_closed, &closed, &e), 0);
	assert_int_equal(closed, 1);
	assert_null(incidents_of_host(s.t, "host-1"));
	assert_non_null(incidents_of_host(s.t, "host-2"));
	shop_free(&s);
}

static void test_stored(void **state)
{
	struct shop s = shop_new();
	struct incident_news n;
	struct incident *i;
	struct errmsg e;

	note(&s, "host-1", 7, LEVEL_WARNING, T0, &n);
	note(&s, "host-1", 8, LEVEL_DANGER, T0, &n);
	assert_int_equal(incidents_flush(s.t, &e), 0);
	incidents_free(s.t);
	s.t = incidents_new();
	assert_int_equal(incidents_open(s.t, s.db, &e), 0);
	i = incidents_of_host(s.t, "host-1");
	assert_non_null(i);
	assert_int_equal(i->level, LEVEL_DANGER);
	assert_int_equal(i->threats_n, 2);
	/* A threat that was told is not told again after a restart. */
	note(&s, "host-1", 7, LEVEL_WARNING, T0 + 1, &n);
	assert_false(n.opened || n.new_threat);
	note(&s, "host-2", 7, LEVEL_WARNING, T0 + 1, &n);
	assert_int_equal(incidents_of_host(s.t, "host-2")->number, 2);
	shop_free(&s);
}

static void test_full(void **state)
{
	struct shop s = shop_new();
	struct alert a = {.id = "a", .msg = "m"};
	struct incident_news n;
	struct errmsg e;

	sqlite3_exec(s.db, "BEGIN", NULL, NULL, NULL);
	for (unsigned k = 0; k < INCIDENTS_MAX; k++) {
		char host[32];

		snprintf(host, sizeof(host), "host-%u", k);
		note(&s, host, 7, LEVEL_CAUTION, T0, &n);
	}
	assert_null(incidents_note(s.t, "one more", &a, LEVEL_DANGER, T0, WINDOW, &n, &e));
	assert_int_equal(incidents_refused(s.t), 1);
	/* An open one still rises, and threats past the limit are not told one by one. */
	for (uint32_t k = 0; k < 2 * INCIDENT_THREATS; k++)
		note(&s, "host-0", 100 + k, LEVEL_DANGER, T0, &n);
	assert_false(n.new_threat);
	sqlite3_exec(s.db, "COMMIT", NULL, NULL, NULL);
	shop_free(&s);
}

static const char *named(void *ctx, const char *host_id, char ret[STORY_NAME])
{
	(void)ctx;
	snprintf(ret, STORY_NAME, "%s", host_id);
	return ret;
}

static struct story *told(struct shop *s, const struct incident *i, const struct zone *zone,
			  const char *protected_as)
{
	struct story_setup setup = {.incidents = s->t,
				    .host_text = named,
				    .host_address = named,
				    .zone = zone,
				    .protected_as = protected_as};
	struct story *story = story_new(i, &setup);

	assert_non_null(story);
	return story;
}

static bool advised(const struct story *s, enum story_language l, const char *words)
{
	for (unsigned k = 0; k < s->handling_n; k++) {
		if (strstr(s->handling[l][k], words))
			return true;
	}
	return false;
}

/* A host that may never be cut is not told to be cut, in neither language. */
static void test_protected(void **state)
{
	struct shop s = shop_new();
	struct incident_news n;
	struct incident *i = note(&s, "host-1", 7, LEVEL_DANGER, T0, &n);
	struct story *free_to_cut = told(&s, i, NULL, ""), *gateway = told(&s, i, NULL, "gateway");

	assert_true(advised(free_to_cut, STORY_ENGLISH, "quarantine add"));
	assert_true(advised(free_to_cut, STORY_JAPANESE, "quarantine add"));
	for (unsigned l = 0; l < STORY_LANGUAGES; l++) {
		assert_false(advised(gateway, l, "quarantine add"));
		assert_true(strstr(gateway->handling[l][0], "gateway"));
		for (unsigned k = 0; k < gateway->handling_n; k++)
			assert_non_null(gateway->handling[l][k]);
	}
	assert_int_equal(gateway->handling_n, free_to_cut->handling_n);
	story_free(free_to_cut);
	story_free(gateway);
	shop_free(&s);
}

/* All times are those of the site, with its zone, also across a change of the clocks. */
static void test_zone(void **state)
{
	struct shop s = shop_new();
	struct incident_news n;
	/* 2026-03-29 00:30 UTC: in Berlin 01:30, half an hour before summer. */
	uint64_t before = 1774744200 * NS_PER_SEC;
	struct incident *winter = note(&s, "host-1", 7, LEVEL_DANGER, before, &n);
	struct incident *summer =
		note(&s, "host-2", 7, LEVEL_DANGER, before + 3600 * NS_PER_SEC, &n);
	struct zone tokyo, berlin;
	struct story *story;
	struct errmsg e;

	assert_int_equal(zone_set(&tokyo, "Asia/Tokyo", &e), 0);
	assert_int_equal(zone_set(&berlin, "Europe/Berlin", &e), 0);
	story = told(&s, winter, NULL, "");
	assert_non_null(strstr(story->cause[STORY_ENGLISH], "2026-03-29 00:30:00 UTC"));
	story_free(story);
	story = told(&s, winter, &tokyo, "");
	for (unsigned l = 0; l < STORY_LANGUAGES; l++)
		assert_non_null(strstr(story->cause[l], "2026-03-29 09:30:00 UTC+09:00"));
	story_free(story);
	story = told(&s, winter, &berlin, "");
	assert_non_null(strstr(story->cause[STORY_ENGLISH], "2026-03-29 01:30:00 UTC+01:00"));
	story_free(story);
	story = told(&s, summer, &berlin, "");
	assert_non_null(strstr(story->cause[STORY_ENGLISH], "2026-03-29 03:30:00 UTC+02:00"));
	story_free(story);
	shop_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joined),	  cmocka_unit_test(test_closed),
		cmocka_unit_test(test_stored),	  cmocka_unit_test(test_full),
		cmocka_unit_test(test_protected), cmocka_unit_test(test_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
