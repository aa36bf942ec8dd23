/* Q13: an order within the mandate, and each way to be outside of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "control/mitigator/vendor/mandate.h"
#include "dataplane/base/clock.h"

#define NOW (1767225600ull * NS_PER_SEC) /* 2026-01-01, a Thursday */

static const char whole[] = "vendor: true\nsigners: [vendor-1]\nnetworks: [10.0.1.0/24]\n"
			    "hosts: ['52:54:00:00:00:07']\nlevel: warning\nmost: 2\nper-day: 4\n"
			    "minutes: 60\napproval: false\nuntil: 2026-06-30\n";

struct row {
	const char *name;
	void (*change)(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		       struct identity *who);
	const char *sentence; /* "" = accepted */
};

static void nothing(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		    struct identity *who)
{
}

static void by_mac(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		   struct identity *who)
{
	ip_addr_parse("10.9.9.9", &q->host.ip);
	mac_addr_parse("52:54:00:00:00:07", &q->host.mac);
}

static void other_host(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		       struct identity *who)
{
	ip_addr_parse("10.0.2.5", &q->host.ip);
}

static void other_signer(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
			 struct identity *who)
{
	snprintf(who->name, sizeof(who->name), "vendor-2");
}

static void sensor_signs(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
			 struct identity *who)
{
	who->role = ROLE_SENSOR;
}

static void off(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		struct identity *who)
{
	m->allowed = false;
}

static void ended(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		  struct identity *who)
{
	m->until = NOW;
}

static void hours(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		  struct identity *who)
{
	m->hours_n = 1;
	m->hours[0] = (struct policy_hours){1 << 0, 0, 1440}; /* Sundays */
}

static void late(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		 struct identity *who)
{
	q->order_expires = NOW - 1;
}

static void early(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		  struct identity *who)
{
	q->issued = NOW + NS_PER_HOUR;
}

static void no_end(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		   struct identity *who)
{
	q->lease_expires = 0;
}

static void too_long(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		     struct identity *who)
{
	q->lease_expires = NOW + 3 * NS_PER_HOUR;
}

static void harmless(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		     struct identity *who)
{
	c->level = LEVEL_CAUTION;
}

static void many(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		 struct identity *who)
{
	c->cut = 2;
}

static void often(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		  struct identity *who)
{
	c->orders = 4;
}

static void foreign(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		    struct identity *who)
{
	q->target = "mitigator-2";
}

static void recover(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		    struct identity *who)
{
	q->action = COMMAND_RECOVER;
}

static void bad_id(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		   struct identity *who)
{
	q->command_id = "v 1; reboot";
}

static void release(struct mandate *m, struct mandate_case *c, struct quarantine_command *q,
		    struct identity *who)
{
	m->allowed = false;
	q->action = COMMAND_RELEASE;
}

static void test_rows(void **state)
{
	static const struct row rows[] = {
		{"within", nothing, ""},
		{"by its MAC", by_mac, ""},
		{"taken back", release, ""},
		{"another host", other_host, "not of the mandate's networks"},
		{"another signer", other_signer, "not among the mandate's signers"},
		{"no centre", sensor_signs, "not by a centre"},
		{"stopped", off, "there is no mandate"},
		{"ended", ended, "has ended"},
		{"hours", hours, "outside the mandate's hours"},
		{"late", late, "no longer good"},
		{"early", early, "in the future"},
		{"no end", no_end, "must say when it ends"},
		{"too long", too_long, "longer than the mandate's 60"},
		{"harmless", harmless, "judged caution here"},
		{"many", many, "2 hosts are cut by the vendor"},
		{"often", often, "4 orders were accepted"},
		{"foreign", foreign, "a foreign order"},
		{"action", recover, "not recover"},
		{"id", bad_id, "malformed"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct identity who = {.role = ROLE_CENTRE, .name = "vendor-1"};
		struct quarantine_command q = {.command_id = "vendor-1-7",
					       .action = COMMAND_QUARANTINE,
					       .target = "mitigator-1",
					       .issued = NOW,
					       .order_expires = NOW + NS_PER_MIN,
					       .lease_expires = NOW + 30 * NS_PER_MIN};
		struct mandate_case c = {.command = &q,
					 .signer = &who,
					 .name = "mitigator-1",
					 .level = LEVEL_DANGER,
					 .now = NOW,
					 .skew = 5 * NS_PER_MIN};
		struct errmsg e = {""};
		struct mandate m;
		int rc;

		ip_addr_parse("10.0.1.5", &q.host.ip);
		assert_int_equal(mandate_parse(whole, strlen(whole), "m", &m, &e), 0);
		rows[i].change(&m, &c, &q, &who);
		rc = mandate_check(&m, &c, &e);
		if ((rc == 0) != (rows[i].sentence[0] == 0) || !strstr(e.text, rows[i].sentence))
			fail_msg("%s: %d \"%s\"", rows[i].name, rc, e.text);
	}
}

static void test_files(void **state)
{
	static const char *const wrong[] = {"vendor: true\n",	 "networks: [x]\n",
					    "until: tomorrow\n", "hours: [always]\n",
					    "hosts: [pc-12]\n",	 "vendors: true\n"};
	struct errmsg e;
	struct mandate m;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		e.text[0] = 0;
		assert_true(mandate_parse(wrong[i], strlen(wrong[i]), "m", &m, &e) < 0);
		assert_true(e.text[0] && !m.allowed);
	}
	assert_int_equal(mandate_load("", &m, &e), ERR_NOTFOUND);
	assert_false(mandate_holds(&m, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
					   cmocka_unit_test(test_files)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
