/* The policy file: what it gives, what it refuses and with which sentence, lint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include "control/mitigator/policy/policy.h"
#include "control/mitigator/policy/when.h"
#include "dataplane/base/clock.h"

static const char file[] =
	"name: lab\n"
	"levels:\n"
	"  - {severity: high, classtype: policy-violation, level: caution}\n"
	"  - {severity: high, level: danger}\n"
	"  - {severity: medium, confidence: known, level: danger}\n"
	"  - {severity: medium, level: warning}\n"
	"actions:\n"
	"  - {level: warning, action: message}\n"
	"  - {level: warning, action: mail, count: 2}\n"
	"  - {level: warning, action: deny, count: 3, days: 3}\n"
	"  - {level: safe, action: permit}\n"
	"scopes:\n"
	"  - {name: servers, networks: [10.0.9.0/24], mode: approve, cut-at: danger}\n"
	"  - {name: clients, networks: [10.0.0.0/16, '2001:db8::/32'], mode: automatic,\n"
	"     cut-at: warning, methods: [openvswitch, enforcer], exempt: [10.0.9.9, 10.0.8.0/24]}\n"
	"exceptions:\n"
	"  - {rule: '1:2100001', source: 10.0.0.7, never: block, until: '2026-12-31', reason: "
	"scanner}\n"
	"  - {rule: '2100002', sensor: sensor-2, never: alert, until: '2026-12-31', reason: "
	"noisy}\n"
	"protected:\n"
	"  - {address: 10.0.0.1, mac: '52:54:00:00:00:01', role: gateway}\n"
	"message-ms: 100\n";

static struct policy *parse(const char *yaml, const char *want_error)
{
	struct errmsg e = {""};
	struct policy *p = policy_parse(yaml, strlen(yaml), "test.yaml", &e);

	if (want_error && (p || !strstr(e.text, want_error)))
		fail_msg("\"%s\" does not say \"%s\"", e.text, want_error);
	if (!want_error && !p)
		fail_msg("%s", e.text);
	return p;
}

static struct alert alert_of(enum severity severity, const char *classtype)
{
	struct alert a = {.severity = severity, .classtype = classtype, .gid = 1, .sid = 2100001};

	a.host_is_source = true;
	ip_addr_parse("10.0.0.7", &a.host.ip);
	ip_addr_parse("192.0.2.1", &a.peer.ip);
	return a;
}

static void test_levels(void **state)
{
	struct policy *p = parse(file, NULL);
	struct alert a = alert_of(SEVERITY_HIGH, "trojan-activity");

	assert_int_equal(policy_level_of(p, &a), LEVEL_DANGER);
	a.classtype = "policy-violation";
	assert_int_equal(policy_level_of(p, &a), LEVEL_CAUTION);
	a.severity = SEVERITY_MEDIUM;
	assert_int_equal(policy_level_of(p, &a), LEVEL_WARNING);
	a.confidence = CONFIDENCE_KNOWN;
	assert_int_equal(policy_level_of(p, &a), LEVEL_DANGER);
	a.severity = SEVERITY_INFO;
	assert_int_equal(policy_level_of(p, &a), LEVEL_SAFE);
	assert_int_equal(p->sets[0].judge.rules_n, 4);
	assert_int_equal(p->sets[0].judge.rules[2].days, 3);
	assert_int_equal(p->message_wait, 100 * NS_PER_MS);
	policy_free(p);
}

static void test_scopes(void **state)
{
	struct policy *p = parse(file, NULL);
	const struct policy_scope *s;
	struct ip_addr a;

	ip_addr_parse("10.0.9.4", &a);
	s = policy_scope_of(p, &a);
	assert_string_equal(s->name, "servers");
	assert_int_equal(policy_mode_of(p, s), MODE_APPROVE);
	ip_addr_parse("2001:db8::7", &a);
	s = policy_scope_of(p, &a);
	assert_string_equal(s->name, "clients");
	assert_int_equal(s->methods_n, 2);
	assert_int_equal(s->exempt[1].bits, 120);
	assert_int_equal(policy_mode_of(p, s), MODE_AUTOMATIC);
	ip_addr_parse("8.8.8.8", &a);
	assert_null(policy_scope_of(p, &a));
	assert_int_equal(policy_mode_of(p, NULL), MODE_MONITOR);
	/* Q2's two switches (P7). */
	p->cut = false;
	assert_int_equal(policy_mode_of(p, s), MODE_APPROVE);
	p->control = false;
	assert_int_equal(policy_mode_of(p, s), MODE_MONITOR);
	policy_free(p);
}

static uint64_t at(const char *text)
{
	uint64_t t;

	assert_int_equal(when_parse(text, &t), 0);
	return t;
}

static void test_roll_out(void **state)
{
	struct policy *p =
		parse("scopes:\n"
		      "  - {name: a, mode: monitor, stages: [{from: 2026-12-01, mode: notify},"
		      " {from: 2026-12-08, mode: automatic, share: 10},"
		      " {from: 2026-12-15, mode: automatic}]}\n"
		      "  - {name: b, mode: automatic, hours: ['mon-fri 08:00-18:00',"
		      " 'sat,sun 10:00-12:00']}\n",
		      NULL);
	const struct policy_scope *a = &p->scopes[0], *b = &p->scopes[1];
	unsigned first = 0;

	for (uint64_t host = 0; host < 1000; host++) {
		assert_int_equal(policy_mode_at(p, a, host, at("2026-11-30T23:59:59Z")),
				 MODE_MONITOR);
		assert_int_equal(policy_mode_at(p, a, host, at("2026-12-01")), MODE_NOTIFY);
		assert_int_equal(policy_mode_at(p, a, host, at("2026-12-15")), MODE_AUTOMATIC);
		first += policy_mode_at(p, a, host, at("2026-12-08")) == MODE_AUTOMATIC;
	}
	assert_int_equal(first, 100);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	/* 22 November 2026 is a Sunday. */
	assert_int_equal(policy_mode_at(p, b, 0, at("2026-11-23T08:00:00+09:00")), MODE_AUTOMATIC);
	assert_int_equal(policy_mode_at(p, b, 0, at("2026-11-23T18:00:00+09:00")), MODE_APPROVE);
	assert_int_equal(policy_mode_at(p, b, 0, at("2026-11-22T11:59:59+09:00")), MODE_AUTOMATIC);
	assert_int_equal(policy_mode_at(p, b, 0, at("2026-11-22T12:00:00+09:00")), MODE_APPROVE);
	unsetenv("TZ");
	tzset();
	/* The switches are over all of it. */
	p->cut = false;
	assert_int_equal(policy_mode_at(p, a, 0, at("2026-12-15")), MODE_APPROVE);
	p->control = false;
	assert_int_equal(policy_mode_at(p, a, 0, at("2026-12-15")), MODE_MONITOR);
	policy_free(p);
}

static void test_exceptions(void **state)
{
	struct policy *p = parse(file, NULL);
	struct alert a = alert_of(SEVERITY_HIGH, "trojan-activity");
	uint64_t before, after;

	assert_int_equal(policy_time_parse("2026-12-30T23:59:59Z", &before), 0);
	assert_int_equal(policy_time_parse("2026-12-31T00:00:00Z", &after), 0);
	assert_int_equal(policy_exception_of(p, NEVER_BLOCK, &a, "sensor-1", before), 0);
	assert_int_equal(policy_exception_of(p, NEVER_BLOCK, &a, "sensor-1", after), -1);
	assert_int_equal(policy_exception_of(p, NEVER_ALERT, &a, "sensor-1", before), -1);
	a.host_is_source = false; /* the scanner is the one attacked: another source */
	assert_int_equal(policy_exception_of(p, NEVER_BLOCK, &a, "sensor-1", before), -1);
	a.sid = 2100002;
	assert_int_equal(policy_exception_of(p, NEVER_ALERT, &a, "sensor-2", before), 1);
	assert_int_equal(policy_exception_of(p, NEVER_ALERT, &a, "sensor-1", before), -1);
	policy_free(p);
}

static void test_refused(void **state)
{
	static const struct {
		const char *yaml, *want;
	} bad[] = {
		{"levels: [{level: deadly}]", "level"},
		{"mode: automatic", "mode"},
		{"scopes: [{name: a, networks: [10.0.0.0/33]}]", "\"10.0.0.0/33\""},
		{"scopes: [{name: a, exempt: [everything]}]", "scope a, exempt"},
		{"scopes: [{name: a, cut-at: safe}]", "cut-at safe"},
		{"scopes: [{networks: [10.0.0.0/8]}]", "name"},
		{"exceptions: [{never: block}]", "reason"},
		{"exceptions: [{rule: abc, never: block, reason: r}]", "\"abc\""},
		{"exceptions: [{rule: '1:', never: block, reason: r}]", "\"1:\""},
		{"exceptions: [{source: host7, never: block, reason: r}]", "host7"},
		{"exceptions: [{until: tomorrow, never: block, reason: r}]", "\"tomorrow\""},
		{"protected: [{role: gateway}]", "protected (gateway)"},
		{"protected: [{role: gateway, mac: 'xx'}]", "xx"},
		{"message-ms: 501", "message-ms"},
		{"judge-every: 0", "judge-every"},
		{"fuse-share: 101", "fuse-share"},
		{"actions: [{level: safe, action: permit, count: 2}]", "safe takes no count"},
		{"scopes: [{name: a, hours: ['mon 8:00-18:00']}]", "is not like"},
		{"scopes: [{name: a, hours: ['mon 18:00-08:00']}]", "is not like"},
		{"scopes: [{name: a, hours: ['mon-xxx 08:00-18:00']}]", "is not like"},
		{"scopes: [{name: a, hours: ['mon']}]", "is not like"},
		{"scopes: [{name: a, hours: ['']}]", "is not like"},
		{"scopes: [{name: a, stages: [{from: soon, mode: notify}]}]", "\"soon\""},
		{"scopes: [{name: a, stages: [{from: 2026-12-02, mode: notify}, {from: 2026-12-01, "
		 "mode: notify}]}]",
		 "order of time"},
		{"scopes: [{name: a, approvals: 3}]", "approvals"},
		{"policies: [{name: initial}]", "built in"},
		{"policies: [{name: default}]", "edited by the keys"},
		{"policies: [{name: a}, {name: a}]", "two are named"},
		{"policies: [{actions: []}]", "name"},
		{"scopes: [{name: a, policy: b}]", "no policy \"b\""},
		{"scopes: [{name: a, groups: [b]}]", "no group \"b\""},
		{"groups: [{name: b}]\nscopes: [{name: a, groups: [b]}]", "no members"},
		{"scopes: [{name: a, hosts: [pc-1]}]", "\"pc-1\""},
		{"- a\n- b\n", "test.yaml"},
		{"name: [", "test.yaml"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(parse(bad[i].yaml, bad[i].want));
}

static bool lints(const char *yaml, const char *want)
{
	static char out[POLICY_LINTS][256];
	struct policy *p = parse(yaml, NULL);
	unsigned n = policy_lint(p, out);
	bool found = false;

	for (unsigned i = 0; i < n; i++)
		found = found || strstr(out[i], want);
	policy_free(p);
	return found || (!want[0] && n == 0);
}

static void test_persons(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"sato", "sato (pages)", true},
		{"sato (pages)", "Sato of aoba (by centre-1)", true},
		{"sato of aoba (by centre-1)", "sato", true},
		{"sato of aoba (by centre-1)", "satomi of aoba (by centre-1)", false},
		{"vendor's mori (by centre-1)", "mori (pages)", true},
		{"vendor's mori (by centre-1)", "vendor's mori of kyoto (by centre-1)", true},
		{"root (as sato)", "sato of aoba (by centre-1)", true},
		{"root (as sato)", "root (as mori)", true},
		{"root (as sato)", "mori (pages)", false},
		{"uid 1001 (as sato)", "uid 1002 (as mori)", false},
		{"uid 1001 (as sato)", "uid 1002 (as sato)", true},
		{"sato@aoba.example of aoba (by centre-1)", "sato (pages)", true},
		{"t.sato (pages)", "taro@aoba.example of aoba (by centre-1)", true},
		{"t.sato (pages)", "tar of aoba (by centre-1)", false},
		/* The centre's orders keep 20 bytes of a name. */
		{"averyveryverylongname.it (pages)", "averyveryverylongnam of aoba (by c)", true},
		{"averyveryverylongname.it (pages)", "averyveryverylongname.hr (pages)", false},
		{"", "", false},
	};
	static const char yaml[] = "name: t\npersons: [\"t.sato taro@aoba.example\"]\n";
	struct errmsg e = {""};
	struct policy *p = policy_parse(yaml, sizeof(yaml) - 1, "t", &e);

	assert_non_null(p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (policy_same_person(p, cases[i].a, cases[i].b) != cases[i].same ||
		    policy_same_person(p, cases[i].b, cases[i].a) != cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
	policy_free(p);
}

static void test_lint(void **state)
{
	assert_true(lints("actions: [{level: danger, action: mail, count: 6}, {level: warning, "
			  "action: mail, count: 4}]",
			  "can be missed"));
	assert_false(lints("method: same-level\nactions: [{level: danger, action: mail, count: 6}, "
			   "{level: warning, action: mail, count: 4}]",
			   "can be missed"));
	assert_true(lints("actions: [{level: danger, action: deny}]", "no permit at safe"));
	assert_true(lints("actions: [{level: danger, action: deny, count: 2}, {level: danger, "
			  "action: message, count: 3}]",
			  "message comes after"));
	assert_true(lints("scopes: [{name: all}, {name: b, networks: [10.0.0.0/8]}]",
			  "takes every address"));
	assert_true(lints("scopes: [{name: all, mode: automatic}]", "protected list is empty"));
	assert_true(
		lints("actions: [{level: danger, action: mail, days: 3}, {level: warning, action: "
		      "mail, days: 2}]",
		      "carries the first day into the next level: with days 3 at danger and 2 at "
		      "warning"));
	assert_true(lints("levels: [{level: danger}]\nactions: [{level: warning, action: mail}]",
			  "no alert ever gives the level warning"));
	assert_true(lints("scopes: [{name: all, mode: notify}]\nactions: [{level: danger, action: "
			  "deny}, {level: safe, action: permit}]",
			  "deny is never done"));
	assert_true(lints("policies: [{name: idle}]", "no scope uses it"));
	assert_true(lints("actions: [{level: danger, action: mail}, {level: danger, action: mail, "
			  "count: 3}]",
			  "never makes a difference"));
	assert_true(lints("scopes: [{name: a, networks: [10.0.0.0/8]}, {name: b, networks: "
			  "[10.1.0.0/16, 10.2.0.0/16]}]",
			  "takes all of scope b"));
	assert_false(lints("scopes: [{name: a, networks: [10.0.0.0/8]}, {name: b, kind: host, "
			   "hosts: [10.1.0.1]}]",
			   "never applies"));
	assert_true(lints("exceptions: [{never: alert, reason: r}]", "covers everything"));
	assert_true(lints("exceptions: [{never: alert, rule: '5', reason: r}]", "never ends"));
	assert_true(lints("actions: [{level: safe, action: deny}]", "safe hosts are cut"));
	assert_true(lints(file, ""));
}

static void test_built_in(void **state)
{
	struct errmsg e = {""};
	struct policy *p = policy_load("", &e);
	struct ip_addr a;

	assert_non_null(p);
	ip_addr_parse("192.168.1.1", &a);
	/* A new site watches and stops nothing. */
	assert_int_equal(policy_mode_of(p, policy_scope_of(p, &a)), MODE_MONITOR);
	assert_string_equal(p->version, "built-in");
	policy_free(p);
	assert_null(policy_load("/nowhere/policy.yaml", &e));
	assert_non_null(strstr(e.text, "/nowhere/policy.yaml"));
}

static void test_time(void **state)
{
	uint64_t t;

	assert_int_equal(policy_time_parse("1970-01-02T00:00:01Z", &t), 0);
	assert_int_equal(t, 86401 * NS_PER_SEC);
	assert_int_equal(policy_time_parse("", &t), 0);
	assert_int_equal(t, 0);
	assert_true(policy_time_parse("2026-13-01", &t) < 0);
	assert_true(policy_time_parse("2026-01-01T00:00", &t) < 0);
	assert_true(policy_time_parse("2026-01-01 x", &t) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),	   cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_exceptions), cmocka_unit_test(test_roll_out),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_persons),
		cmocka_unit_test(test_lint),	   cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
