/* P5's table and its variants as lists, days across zones and clock changes, hosts side by side,
 * lists out of order, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/policy/simulate.h"

/* "host:level:count:days:actions;" of each step. */
static char told[8192];

static bool tell(void *ctx, const struct simulate_step *s)
{
	size_t n = strlen(told);

	n += (size_t)snprintf(told + n, sizeof(told) - n, "%s:%.1s:%u:%u:", s->host,
			      level_text(s->level), s->count, s->days);
	for (unsigned i = 0; i < s->actions_n; i++)
		n += (size_t)snprintf(told + n, sizeof(told) - n, "%s%s", i ? "+" : "",
				      s->actions[i]);
	snprintf(told + n, sizeof(told) - n, ";");
	return true;
}

static const char *by_counts(const char *method, const char *counts, const char *list)
{
	struct judge_policy p = {.method = strcmp(method, "A") == 0 ? JUDGE_SAME_LEVEL
								    : JUDGE_SAME_OR_HIGHER};
	struct simulate_by by = {.plain = &p};
	struct errmsg e = {""};

	told[0] = 0;
	if (simulate_counts(counts, &p, &e) < 0 ||
	    simulate_run(slice_of(list), "l.csv", &by, tell, NULL, &e) < 0)
		snprintf(told, sizeof(told), "%s", e.text);
	return told;
}

static const char *by_policy(const char *yaml, const char *list)
{
	struct errmsg e = {""};
	struct policy *p = policy_parse(yaml, strlen(yaml), "p.yaml", &e);
	struct simulate_by by = {.policy = p};

	told[0] = 0;
	if (!p || simulate_run(slice_of(list), "l.csv", &by, tell, NULL, &e) < 0)
		snprintf(told, sizeof(told), "%s", e.text);
	policy_free(p);
	return told;
}

/* An hour between judgements: "CWWS" as a list of one host. */
static const char *hourly(const char *letters)
{
	static char list[4096];
	size_t n = (size_t)snprintf(list, sizeof(list), "time,host,level\n");

	for (unsigned i = 0; letters[i]; i++) {
		const char *word = letters[i] == 'C'   ? "caution"
				   : letters[i] == 'W' ? "warning"
				   : letters[i] == 'D' ? "danger"
						       : "safe";

		n += (size_t)snprintf(list + n, sizeof(list) - n, "2026-11-%02uT%02u:00:00Z,h,%s\n",
				      1 + i / 24, i % 24, word);
	}
	return list;
}

/* Which judgements (from 1) fire, and each count. */
static void expect(const char *method, const char *counts, const char *letters,
		   const char *want_counts, const char *want_fired)
{
	char counts_got[256] = "", fired[256] = "";
	const char *at = by_counts(method, counts, hourly(letters));

	for (unsigned i = 1; *at; i++) {
		char level = 0, actions[64] = "";
		unsigned count = 0, days;
		size_t n = strcspn(at, ";");
		char one[128];

		snprintf(one, sizeof(one), "%.*s", (int)n, at);
		assert_true(sscanf(one, "h:%c:%u:%u:%63s", &level, &count, &days, actions) >= 3);
		snprintf(counts_got + strlen(counts_got), 16, "%s%u", i > 1 ? " " : "", count);
		if (actions[0]) {
			assert_int_equal(actions[0], level);
			snprintf(fired + strlen(fired), 16, "%s%u", fired[0] ? " " : "", i);
		}
		at += n + (at[n] == ';');
	}
	if (strcmp(counts_got, want_counts) != 0 || strcmp(fired, want_fired) != 0)
		fail_msg("%s %s %s: counts %s, fired %s", method, counts, letters, counts_got,
			 fired);
}

#define TABLE "CWWCWWWCWWDDD"

static void test_table(void **state)
{
	const char *b = "1 2 3 1 2 3 4 1 2 3 4 5 6", *a = "1 1 2 1 1 2 3 1 1 2 1 2 3";

	expect("B", "danger=6,warning=4,caution=2", TABLE, b, "7 13");
	expect("A", "danger=6,warning=4,caution=2", TABLE, a, "");
	expect("B", "danger=3,warning=3,caution=3", TABLE, b, "3 6 7 10 11 12 13");
	expect("A", "danger=3,warning=3,caution=3", TABLE, a, "7 13");
	/* A level without a count has no action; 0 is at every judgement. */
	expect("B", "warning=4", TABLE, b, "7");
	expect("B", "caution=0", TABLE, b, "1 4 8");
	expect("A", "danger=1", TABLE, a, "11 12 13");
	expect("B", "danger=3,warning=3,caution=3", "WSSWWDSD", "1 0 0 1 2 3 0 1", "6");
	expect("B", "danger=4", "DDCDDD", "1 2 1 2 3 4", "6");
	expect("A", "danger=2", "DDCDDD", "1 2 1 1 2 3", "2 5 6");
	expect("B", "safe=0,danger=2", "SDSS", "0 1 0 0", "1 3 4");
}

static void test_days(void **state)
{
	static const char yaml[] = "method: same-or-higher\n"
				   "actions:\n"
				   "  - {level: warning, action: mail, days: 3}\n"
				   "  - {level: danger, action: deny, count: 9, days: 3}\n";

	/* Three days less a second, three days, and carried into the higher level. */
	assert_string_equal(by_policy(yaml, "time,host,level\n"
					    "2026-11-01T00:00:00Z,h,caution\n"
					    "2026-11-03T23:59:59Z,h,warning\n"
					    "2026-11-04T00:00:00Z,h,warning\n"
					    "2026-11-04T00:00:01Z,h,danger\n"),
			    "h:c:1:0:;h:w:2:2:;h:w:3:3:mail;h:d:4:3:deny;");
	/* Elapsed time, whatever zone each is written in: 72 h, and 71 h over a short night. */
	assert_string_equal(by_policy(yaml, "time,host,level\n"
					    "2026-03-28T12:00:00+01:00,h,warning\n"
					    "2026-03-31T13:00:00+02:00,h,warning\n"),
			    "h:w:1:0:;h:w:2:3:mail;");
	assert_string_equal(by_policy(yaml, "time,host,level\n"
					    "2026-03-28T12:00:00+01:00,h,warning\n"
					    "2026-03-31T12:00:00+02:00,h,warning\n"),
			    "h:w:1:0:;h:w:2:2:;");
	assert_string_equal(by_policy(yaml, "time,host,level\n"
					    "2026-11-01T09:00:00+09:00,h,warning\n"
					    "2026-11-03T20:00:00-04:00,h,warning\n"),
			    "h:w:1:0:;h:w:2:3:mail;");
}

static void test_policies(void **state)
{
	static const char yaml[] =
		"actions:\n"
		"  - {level: warning, action: message}\n"
		"  - {level: warning, action: mail, count: 2}\n"
		"  - {level: warning, action: deny, count: 3}\n"
		"  - {level: safe, action: permit}\n"
		"policies:\n"
		"  - {name: hall, method: same-level, safe-on-change: false, actions: ["
		"{level: danger, action: command, count: 2, text: a}, "
		"{level: danger, action: command, count: 2, text: b}, "
		"{level: safe, action: permit}]}\n"
		"groups: [{name: lobby, members: ['52-54-00-00-00-09', 10.9.0.7]}]\n"
		"scopes:\n"
		"  - {name: all, kind: site}\n"
		"  - {name: hall, kind: group, groups: [lobby], policy: hall}\n"
		"  - {name: told, hosts: [10.9.0.8], kind: host, policy: initial}\n";

	/* P2: 1st message; 2nd message and mail; 3rd all three; and again at each later one. */
	assert_string_equal(by_policy(yaml, hourly("WWWWSSW")),
			    "h:w:1:0:message;h:w:2:0:message+mail;h:w:3:0:message+mail+deny;"
			    "h:w:4:0:message+mail+deny;h:s:0:0:permit;h:s:0:0:;h:w:1:0:message;");
	assert_string_equal(by_policy(yaml, "2026-11-01,10.9.0.7,safe\n"
					    "2026-11-02,10.9.0.7,danger\n"
					    "2026-11-03,52:54:00:00:00:09,danger\n"
					    "2026-11-04,10.9.0.7,danger\n"
					    "2026-11-05,10.9.0.7,safe\n"
					    "2026-11-06,10.9.0.7,safe\n"),
			    "10.9.0.7:s:0:0:permit;10.9.0.7:d:1:0:;52:54:00:00:00:09:d:1:0:;"
			    "10.9.0.7:d:2:2:command;10.9.0.7:s:0:0:permit;10.9.0.7:s:0:0:permit;");
	assert_string_equal(by_policy(yaml, "2026-11-01,10.9.0.8,danger\n"),
			    "10.9.0.8:d:1:0:message+mail;");
	/* As `banken policy history` writes it. */
	assert_string_equal(by_policy(yaml, "time,host,level,address\n"
					    "2026-11-01,host-000001,danger,10.9.0.8\n"),
			    "host-000001:d:1:0:message+mail;");
}

static void test_hosts(void **state)
{
	/* Each host has its own run; a list out of order is walked by time, equal times as they
	 * stand. */
	assert_string_equal(by_counts("B", "warning=2",
				      "level,host,time,more\n"
				      "warning,b,2026-11-01T03:00:00Z,x\n"
				      "warning,a,2026-11-01T01:00:00Z,\n"
				      "\n"
				      "safe,b,2026-11-01T02:00:00Z,\n"
				      "Warning,\"a\",2026-11-01T05:00:00+03:00,\n"
				      "WARNING,a,2026-11-01T02:00:00Z,\n"),
			    "a:w:1:0:;b:s:0:0:;a:w:2:0:warning;a:w:3:0:warning;b:w:1:0:;");
	assert_string_equal(by_counts("B", "warning=2", "time,host,level\n"), "");
}

static void test_refused(void **state)
{
	static const struct {
		const char *list, *want;
	} bad[] = {
		{"", "l.csv:1: is empty"},
		{"time,host\n", "l.csv:1: the column level is missing"},
		{"time,host,level,time\n", "l.csv:1: the column time is there twice"},
		{"when,who,what\n1,h,safe\n", "l.csv:1: \"when\" is no time"},
		{"time,host,level\n2026-11-01,h,safe\n\n2026-11-31,h,safe\n",
		 "l.csv:4: \"2026-11-31\" is no time"},
		{"time,host,level\n2026-11-01,h\n", "l.csv:2: has 2 columns, not 3"},
		{"time;host;level\n2026-11-01;h;danger\n", "l.csv:1: the columns are separated by "
							   "semicolons"},
		{"time\thost\tlevel\n", "l.csv:1: the columns are separated by tabs"},
		{"time,host,level\n2026-11-01,,safe\n", "l.csv:2: the host is missing"},
		{"time,host,level\n2026-11-01,h,deadly\n", "l.csv:2: \"deadly\" is no level"},
		{"time,host,level\n2026-11-01,h,\n", "l.csv:2: \"\" is no level"},
		{"time,host,level\n2026-11-01,\"h,safe\n", "l.csv:2: a quotation mark"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *got = by_counts("B", "danger=1", bad[i].list);

		if (!strstr(got, bad[i].want))
			fail_msg("\"%s\" does not say \"%s\"", got, bad[i].want);
	}
}

static void test_counts(void **state)
{
	static const char *const bad[] = {"",
					  "danger",
					  "danger=",
					  "danger=x",
					  "danger=-1",
					  "danger=+1",
					  "danger=1.5",
					  "deadly=1",
					  "danger=1,,warning=2",
					  "danger=1,",
					  "safe=2",
					  "danger=1,danger=2",
					  "danger=1000001",
					  "danger=1 x",
					  "=3"};
	struct judge_policy p = {0};
	struct errmsg e = {""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.rules_n = 0;
		if (simulate_counts(bad[i], &p, &e) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
	}
	p.rules_n = 0;
	assert_int_equal(simulate_counts("Danger=6, warning=04,caution=0", &p, &e), 0);
	assert_int_equal(p.rules_n, 3);
	assert_int_equal(p.rules[1].count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	 cmocka_unit_test(test_days),
		cmocka_unit_test(test_policies), cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
