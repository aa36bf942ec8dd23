/* Decisions as sentences of the mission: one small site, one case each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/decide.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

#define INFECTED "52:54:00:00:00:05"
#define OTHER	 "52:54:00:00:00:06"
#define GATEWAY	 "52:54:00:00:00:01"

static const char policy_text[] =
	"name: test\n"
	"levels:\n"
	"  - {severity: high, level: danger}\n"
	"  - {severity: medium, level: warning}\n"
	"actions:\n"
	"  - {level: warning, action: message}\n"
	"  - {level: warning, action: mail, count: 2}\n"
	"  - {level: warning, action: deny, count: 3}\n"
	"  - {level: safe, action: permit}\n"
	"scopes:\n"
	"  - {name: watched, networks: [10.0.1.0/24], mode: monitor}\n"
	"  - {name: asked, networks: [10.0.2.0/24], mode: approve}\n"
	"  - {name: clients, networks: [10.0.0.0/24], mode: automatic, exempt: [10.0.0.9]}\n"
	"exceptions:\n"
	"  - {source: 10.0.0.7, never: block, reason: scanner}\n"
	"  - {rule: '1:666', never: alert, reason: noisy}\n"
	"protected:\n"
	"  - {address: 10.0.0.1, role: gateway}\n"
	"fuse-hosts: 3\nmass-hosts: 2\nfuse-share: 100\njudge-every: 3600\n"
	"incident-window: 1800\nincident-quiet: 3600\n";

struct site {
	sqlite3 *db;
	struct cut_store *store;
	struct cuts_setup setup;
	struct decide d;
	struct policy *policy;
	struct cut_now now;
	unsigned events, mails, messages, judged, orders, alarms;
	bool away; /* the method does not confirm a release */
	uint32_t last_actions;
	char last_mode[16];
	struct cut last; /* ordered */
};

static void on_event(void *ctx, const struct event *ev)
{
	struct site *s = ctx;

	s->events++;
	snprintf(s->last_mode, sizeof(s->last_mode), "%s", ev->mode);
}

static void on_judged(void *ctx, const struct decide_judgement *j)
{
	struct site *s = ctx;

	s->judged++;
	s->last_actions = j->actions;
}

static void on_mail(void *ctx, const struct host *h, const char *text)
{
	((struct site *)ctx)->mails++;
}

static void on_message(void *ctx, const struct host *h, const char *text)
{
	((struct site *)ctx)->messages++;
}

static void on_command(void *ctx, const struct host *h, const char *text)
{
}

static struct port_facts on_port(void *ctx, const struct cut_target *t)
{
	return (struct port_facts){.known = true, .macs = 1};
}

static void on_order(void *ctx, const struct cut *c, unsigned method)
{
	struct site *s = ctx;

	s->orders += c->tries == 0; /* not what is only sent again */
	s->last = *c;
}

static void on_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct site *s = ctx;

	if (s->away)
		return;
	cuts_result(s->d.cuts,
		    &(struct cut_result){c->id, c->number, method, true, CUT_ANSWER_DONE, "gone"},
		    s->now);
}

static void on_watch(void *ctx, const struct cut *c, bool on)
{
}

static void on_cut(void *ctx, const struct cut *c)
{
}

static void on_alarm(void *ctx, const struct cut *c)
{
	((struct site *)ctx)->alarms++;
}

static void on_changed(void *ctx, const struct cut *c, enum cut_state from)
{
}

static struct site *site_new(void)
{
	struct site *s = calloc(1, sizeof(*s));
	struct fuse_limits l = {0};
	struct errmsg e = {""};

	s->now = (struct cut_now){1000000 * NS_PER_SEC, 500 * NS_PER_SEC};
	assert_int_equal(sqlite3_open(":memory:", &s->db), SQLITE_OK);
	s->setup = (struct cuts_setup){.mitigator = "m",
				       .sink = {on_cut, on_order, on_undo, on_watch, on_cut, on_cut,
						on_alarm, on_cut, on_changed, s},
				       .methods = {{"openvswitch", true}},
				       .methods_n = 1,
				       .watches_max = 4};
	s->store = cut_store_new(s->db, s->setup.methods, 1, &e);
	s->setup.store = s->store;
	s->d = (struct decide){.hosts = hosts_new(),
			       .incidents = incidents_new(),
			       .cuts = cuts_new(&s->setup),
			       .protect = protect_new(),
			       .fuse = fuse_new(&l),
			       .sink = {.event = on_event,
					.judged = on_judged,
					.mail = on_mail,
					.message = on_message,
					.command = on_command,
					.port = on_port,
					.ctx = s}};
	assert_int_equal(incidents_open(s->d.incidents, s->db, &e), 0);
	s->policy = policy_parse(policy_text, strlen(policy_text), "test", &e);
	if (!s->policy)
		fail_msg("%s", e.text);
	decide_reload(&s->d, s->policy, s->now);
	return s;
}

static void site_free(struct site *s)
{
	cuts_free(s->d.cuts);
	cut_store_free(s->store);
	incidents_free(s->d.incidents);
	hosts_free(s->d.hosts);
	protect_free(s->d.protect);
	fuse_free(s->d.fuse);
	policy_free(s->policy);
	assert_int_equal(sqlite3_close(s->db), SQLITE_OK);
	free(s);
}

static void learn(struct site *s, const char *mac, const char *ip, const char *port)
{
	struct host_fact f = {.kind = HOST_FACT_SEEN, .value = "", .source = "arp"};

	f.host.side = HOST_SIDE_INSIDE;
	assert_int_equal(mac_addr_parse(mac, &f.host.mac), 0);
	assert_int_equal(ip_addr_parse(ip, &f.host.ip), 0);
	decide_fact(&s->d, &f, "sensor-1", s->now);
	if (port)
		hosts_note_port(s->d.hosts, &f.host.mac, "br0", port, s->now.wall);
}

static struct alert an_alert(const char *mac, const char *ip, enum severity severity)
{
	struct alert a = {.id = "a-1",
			  .msg = "calls home",
			  .gid = 1,
			  .sid = 7,
			  .category = "",
			  .url = "",
			  .classtype = "",
			  .severity = severity,
			  .handshake_completed = true,
			  .host_is_source = true};

	assert_int_equal(mac_addr_parse(mac, &a.host.mac), 0);
	assert_int_equal(ip_addr_parse(ip, &a.host.ip), 0);
	return a;
}

static void pass(struct site *s, uint64_t ns)
{
	s->now.wall += ns;
	s->now.mono += ns;
	decide_tick(&s->d, s->now);
	for (int i = 0; i < 3; i++) {
		cuts_tick(s->d.cuts, s->now);
		cuts_effects(s->d.cuts, s->now);
	}
}

static void report(struct site *s, const struct alert *a)
{
	struct alert copy = *a;
	char id[32];

	snprintf(id, sizeof(id), "a-%llu", (unsigned long long)s->now.wall);
	copy.id = id;
	copy.time = s->now.wall;
	decide_alert(&s->d, &copy, "sensor-1", s->now);
	pass(s, NS_PER_SEC);
}

static bool record_state(void *ctx, const struct cut *c)
{
	*(struct cut *)ctx = *c;
	return false;
}

/* The newest record, open or not. */
static struct cut newest(struct site *s)
{
	struct cut c = {0};
	struct errmsg e;

	assert_int_equal(cut_store_each(s->store, false, 1, record_state, &c, &e), 0);
	return c;
}

static void expect(struct site *s, enum cut_state state, const char *reason)
{
	struct cut c = newest(s);

	if (c.state != state || !strstr(c.note, reason))
		fail_msg("%s, \"%s\" instead of %s, \"%s\"", cut_state_text(c.state), c.note,
			 cut_state_text(state), reason);
}

static void test_automatic(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);

	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(s->orders, 1);
	assert_int_equal(s->events, 1);
	assert_string_equal(s->last_mode, "automatic");
	assert_true(s->last.whole_port);
	assert_string_equal(s->last.threat_id, "1.7");
	/* More of the same changes nothing: one host, one cut, one event a threat. */
	report(s, &a);
	a.sid = 8;
	report(s, &a);
	assert_int_equal(s->orders, 1);
	assert_int_equal(s->events, 2);
	assert_int_equal(cuts_count(s->d.cuts), 1);
	site_free(s);
}

static void test_modes(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.1.5", SEVERITY_HIGH);

	report(s, &a);
	expect(s, CUT_OUTSIDE_POLICY, "mode monitor: would have been cut");
	assert_string_equal(s->last_mode, "monitor");
	a = an_alert(OTHER, "10.0.2.5", SEVERITY_HIGH);
	report(s, &a);
	expect(s, CUT_HELD, "a person decides");
	assert_int_equal(s->orders, 0);
	/* A host of no scope is not of this site. */
	a = an_alert("52:54:00:00:00:99", "192.0.2.1", SEVERITY_HIGH);
	report(s, &a);
	expect(s, CUT_OUTSIDE_POLICY, "not of a monitored network");
	/* Below the level nothing is recorded. */
	a = an_alert("52:54:00:00:00:98", "10.0.0.98", SEVERITY_LOW);
	report(s, &a);
	assert_int_equal(s->d.count.levelless, 1);
	site_free(s);
}

static void test_protected(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(GATEWAY, "10.0.0.1", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "10.0.0.1", .actor = "yamada", .reason = "so there", .mitigator = "m"};
	struct errmsg e = {""};

	learn(s, GATEWAY, "10.0.0.1", NULL);
	report(s, &a);
	expect(s, CUT_REFUSED, "protected as gateway");
	/* Its MAC is not an address of somebody behind it. */
	a = an_alert(GATEWAY, "10.0.0.77", SEVERITY_HIGH);
	report(s, &a);
	assert_int_equal(s->orders, 1);
	assert_true(mac_addr_is_zero(&s->last.target.mac));
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "protected as gateway"));
	o.host = GATEWAY;
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	site_free(s);
}

static void test_learnt_roles(void **state)
{
	struct site *s = site_new();
	struct host_fact f = {.kind = HOST_FACT_ROLE,
			      .value = "dns",
			      .source = "dns",
			      .confidence = CONFIDENCE_POTENTIAL};
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct errmsg e;

	learn(s, INFECTED, "10.0.0.5", NULL);
	f.host = a.host;
	decide_fact(&s->d, &f, "sensor-1", s->now);
	report(s, &a);
	expect(s, CUT_HELD, "perhaps a dns");
	f.confidence = CONFIDENCE_KNOWN;
	decide_fact(&s->d, &f, "sensor-1", s->now);
	/* Sure of it: nobody needs to be asked. */
	expect(s, CUT_REFUSED, "protected now as dns");
	cuts_effects(s->d.cuts, s->now);
	/* And nobody may say yes either. */
	assert_int_equal(decide_person_cuts(&s->d,
					    &(struct decide_order){.host = "10.0.0.5",
								   .actor = "yamada",
								   .reason = "yes",
								   .mitigator = "m"},
					    s->now, &e),
			 ERR_DENIED);
	site_free(s);
}

static void test_exceptions(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.7", SEVERITY_HIGH);

	report(s, &a);
	expect(s, CUT_EXCEPTION, "never-block");
	assert_int_equal(s->events, 1); /* never block is not never alert */
	a = an_alert(OTHER, "10.0.0.8", SEVERITY_HIGH);
	a.sid = 666;
	report(s, &a);
	assert_int_equal(s->events, 1);
	assert_int_equal(s->d.count.unalerted, 1);
	assert_int_equal(s->d.count.exceptions[1], 1);
	assert_int_equal(s->orders, 0);
	site_free(s);
}

static void test_source(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);

	learn(s, INFECTED, "10.0.0.5", NULL);
	a.handshake_completed = false;
	report(s, &a);
	expect(s, CUT_HELD, "could be forged");
	assert_int_equal(s->orders, 0);
	/* The same host completes a handshake: that was the only question. */
	a.handshake_completed = true;
	report(s, &a);
	assert_int_equal(s->orders, 1);
	expect(s, CUT_SENT, "");
	site_free(s);
}

static void test_binding(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);

	learn(s, INFECTED, "10.0.0.5", "veth1");
	pass(s, 2 * NS_PER_MIN);
	a.handshake_completed = false;
	report(s, &a);
	expect(s, CUT_HELD, "could be forged");
	/* The next look at the switch: the host is where it was, and no MAC has moved. */
	learn(s, INFECTED, "10.0.0.5", "veth1");
	decide_ports_checked(&s->d, false, s->now);
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 1);
	site_free(s);
}

static void test_moved(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);

	learn(s, INFECTED, "10.0.0.5", "veth1");
	pass(s, 2 * NS_PER_MIN);
	a.handshake_completed = false;
	report(s, &a);
	/* A MAC was on two ports: somebody may have lent it. */
	learn(s, INFECTED, "10.0.0.5", "veth1");
	hosts_ports_moved(s->d.hosts, "br0", s->now.wall);
	decide_ports_checked(&s->d, true, s->now);
	pass(s, NS_PER_SEC);
	expect(s, CUT_HELD, "could be forged");
	/* Later looks prove nothing about what was seen then. */
	pass(s, 2 * NS_PER_MIN);
	learn(s, INFECTED, "10.0.0.5", "veth1");
	decide_ports_checked(&s->d, false, s->now);
	expect(s, CUT_HELD, "could be forged");
	site_free(s);
}

static void test_fuse(void **state)
{
	struct site *s = site_new();

	for (unsigned i = 0; i < 6; i++) {
		char mac[18], ip[16];
		struct alert a;

		snprintf(mac, sizeof(mac), "52:54:00:00:01:%02x", i);
		snprintf(ip, sizeof(ip), "10.0.0.%u", 100 + i);
		a = an_alert(mac, ip, SEVERITY_HIGH);
		a.sid = 100 + i; /* each its own threat */
		learn(s, mac, ip, NULL);
		report(s, &a);
	}
	assert_int_equal(s->orders, 3);
	expect(s, CUT_HELD, "the fuse: 3 hosts were cut");
	site_free(s);
}

static void test_mass(void **state)
{
	struct site *s = site_new();

	for (unsigned i = 0; i < 4; i++) {
		char mac[18], ip[16];
		struct alert a;

		snprintf(mac, sizeof(mac), "52:54:00:00:01:%02x", i);
		snprintf(ip, sizeof(ip), "10.0.0.%u", 100 + i);
		a = an_alert(mac, ip, SEVERITY_HIGH);
		learn(s, mac, ip, NULL);
		report(s, &a);
	}
	assert_int_equal(s->orders, 2);
	expect(s, CUT_HELD, "hit 4 hosts");
	site_free(s);
}

static void test_kill_switch(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);

	decide_stop(&s->d, true);
	report(s, &a);
	expect(s, CUT_HELD, "kill switch");
	decide_stop(&s->d, false);
	/* Pulled while the message to the user has its time: not ordered any more. */
	a = an_alert(OTHER, "10.0.0.6", SEVERITY_HIGH);
	a.id = "b-1";
	a.time = s->now.wall;
	learn(s, OTHER, "10.0.0.6", NULL);
	decide_alert(&s->d, &a, "sensor-1", s->now);
	expect(s, CUT_REQUESTED, "");
	decide_stop(&s->d, true);
	pass(s, NS_PER_SEC);
	expect(s, CUT_HELD, "kill switch");
	assert_int_equal(s->orders, 0);
	/* A person's own order stands above it. */
	assert_int_equal(decide_person_cuts(&s->d,
					    &(struct decide_order){.host = "10.0.0.6",
								   .actor = "yamada",
								   .reason = "yes",
								   .mitigator = "m"},
					    s->now, NULL),
			 0);
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 1);
	site_free(s);
}

/* What becomes protected is released, whoever had it cut; what only plays a role is not. */
static void test_protected_later(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct host_fact f = {.kind = HOST_FACT_ROLE,
			      .value = "dhcp-server",
			      .source = "dhcp",
			      .confidence = CONFIDENCE_POTENTIAL};
	struct policy_protected *p = &s->policy->protected_hosts[s->policy->protected_n];

	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(s->orders, 1);
	f.host = a.host;
	decide_fact(&s->d, &f, "sensor-1", s->now);
	pass(s, NS_PER_SEC);
	assert_int_equal(cuts_count(s->d.cuts), 1);
	*p = (struct policy_protected){.role = "server", .has_prefix = true};
	assert_int_equal(ip_prefix_parse("10.0.0.5", &p->prefix.addr, &p->prefix.bits), 0);
	s->policy->protected_n++;
	decide_reload(&s->d, s->policy, s->now);
	pass(s, NS_PER_SEC);
	expect(s, CUT_RELEASED, "");
	site_free(s);
}

/* A restart forgets no role: it is among the host's facts. */
static void test_roles_recalled(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct host_fact f = {.kind = HOST_FACT_ROLE,
			      .value = "directory-server",
			      .source = "kerberos",
			      .confidence = CONFIDENCE_KNOWN};

	learn(s, INFECTED, "10.0.0.5", NULL);
	f.host = a.host;
	decide_fact(&s->d, &f, "sensor-1", s->now);
	protect_free(s->d.protect);
	s->d.protect = protect_new();
	decide_reload(&s->d, s->policy, s->now);
	decide_recover(&s->d, s->now);
	report(s, &a);
	expect(s, CUT_REFUSED, "protected as domain-controller");
	site_free(s);
}

/* A method that is away must not keep the host from being cut for what it does now. */
static void test_again(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "10.0.0.5", .actor = "yamada", .reason = "found safe", .mitigator = "m"};
	struct errmsg e;

	s->away = true;
	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(decide_person_releases(&s->d, &o, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	expect(s, CUT_RELEASING, "");
	report(s, &a);
	expect(s, CUT_SENT, "calls home");
	assert_int_equal(s->orders, 2);
	assert_int_equal(cuts_count(s->d.cuts), 1);
	/* Nobody has confirmed for minutes: people are told, again and again. */
	assert_int_equal(decide_person_releases(&s->d, &o, s->now, &e), 0);
	for (int i = 0; i < 600; i++)
		pass(s, NS_PER_SEC);
	assert_int_equal(s->alarms, 1);
	pass(s, 25 * NS_PER_HOUR);
	assert_int_equal(s->alarms, 2);
	expect(s, CUT_RELEASING, "not confirmed");
	site_free(s);
}

/* Each cut within the window makes the next block longer; the clock being set shortens none. */
static void test_repeat(void **state)
{
	struct site *s = site_new();
	struct decide_order o = {
		.host = "10.0.0.5", .actor = "yamada", .reason = "by hand", .mitigator = "m"};
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_MEDIUM);
	uint64_t every = 3960 * NS_PER_SEC; /* judge-every and a tenth */

	s->policy->sets[0].judge.rules[0].action = ACTION_BLOCK;
	learn(s, INFECTED, "10.0.0.5", NULL);
	for (unsigned i = 0; i < 3; i++) {
		report(s, &a);
		expect(s, CUT_SENT, "");
		assert_in_range(newest(s).ends[CAUSE_BLOCK],
				s->now.wall - 2 * NS_PER_SEC + (every << i),
				s->now.wall + (every << i));
		decide_person_releases(&s->d, &o, s->now, NULL);
		pass(s, 3 * NS_PER_HOUR);
		pass(s, NS_PER_SEC);
		expect(s, CUT_RELEASED, "");
	}
	report(s, &a);
	s->policy->incident_quiet = 30 * NS_PER_DAY; /* no permit meanwhile */
	s->now.wall += NS_PER_DAY;
	decide_clock_set(&s->d, (int64_t)NS_PER_DAY, s->now);
	pass(s, NS_PER_HOUR);
	assert_true(cut_state_in_force(newest(s).state) && newest(s).state != CUT_ENDING);
	s->now.wall -= 2 * NS_PER_DAY;
	decide_clock_set(&s->d, -2 * (int64_t)NS_PER_DAY, s->now);
	assert_in_range(newest(s).ends[CAUSE_BLOCK], s->now.wall + NS_PER_HOUR,
			s->now.wall + 16 * every);
	site_free(s);
}

static void test_person(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "10.0.0.5", .actor = "yamada", .reason = "found safe", .mitigator = "m"};
	struct errmsg e;

	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(s->orders, 1);
	assert_int_equal(decide_person_releases(&s->d, &o, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	expect(s, CUT_RELEASED, "");
	assert_int_equal(decide_person_releases(&s->d, &o, s->now, &e), ERR_NOTFOUND);
	/* What was seen before the release does not cut it again; what comes after does. */
	a.time = s->now.wall - 10 * NS_PER_SEC;
	decide_alert(&s->d, &a, "sensor-1", s->now);
	assert_int_equal(cuts_count(s->d.cuts), 0);
	report(s, &a);
	assert_int_equal(s->orders, 2);
	/* By hand: any host, also one that was never seen; not nonsense. */
	o = (struct decide_order){.host = "10.0.0.200",
				  .actor = "yamada",
				  .reason = "by hand",
				  .mitigator = "m",
				  .end = s->now.wall + NS_PER_HOUR};
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 3);
	pass(s, NS_PER_HOUR);
	expect(s, CUT_EXPIRED, "");
	o.host = "that one";
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_NOTFOUND);
	o.host = "255.255.255.255";
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	site_free(s);
}

/* With release-grace a host is left alone for a while after a person let it back, not for longer.
 */
static void test_grace(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "10.0.0.5", .actor = "yamada", .reason = "found safe", .mitigator = "m"};
	struct errmsg e;

	s->policy->release_grace = 60 * NS_PER_SEC;
	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(s->orders, 1);
	assert_int_equal(decide_person_releases(&s->d, &o, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	for (int i = 0; i < 5; i++)
		report(s, &a);
	assert_int_equal(s->orders, 1);
	pass(s, 60 * NS_PER_SEC);
	report(s, &a);
	assert_int_equal(s->orders, 2);
	site_free(s);
}

/* It was known by another address when it first showed the protected one, which somebody else had
 * claimed: what it showed is not forgotten. */
static void test_disputed(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(GATEWAY, "10.0.0.1", SEVERITY_MEDIUM);
	struct decide_order o = {
		.host = GATEWAY, .actor = "yamada", .reason = "by hand", .mitigator = "m"};
	struct alert claim = an_alert(INFECTED, "10.0.0.1", SEVERITY_LOW);
	struct errmsg e;

	learn(s, GATEWAY, "10.0.0.77", NULL);
	claim.handshake_completed = false;
	report(s, &claim);
	report(s, &a);
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "protected as gateway"));
	assert_int_equal(s->orders, 0);
	site_free(s);
}

/* The gateway is protected by its address alone and was never seen: a MAC that nobody saw with an
 * address could be its own, so nobody cuts by such a MAC until one of the two is known. */
static void test_unseen(void **state)
{
	struct site *s = site_new();
	struct decide_order o = {
		.host = OTHER, .actor = "yamada", .reason = "by hand", .mitigator = "m"};
	struct errmsg e;

	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "could be that of the protected gateway"));
	/* The host shows which it is. */
	learn(s, OTHER, "10.0.0.6", NULL);
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), 0);
	/* The gateway shows itself: no other MAC can be its own. */
	o.host = INFECTED;
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	learn(s, GATEWAY, "10.0.0.1", NULL);
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), 0);
	o.host = GATEWAY;
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "protected as gateway"));
	site_free(s);
}

/* Protected by its address alone and never seen before; another host claims that address first. Its
 * cut is refused all the same, also when a person orders it. */
static void test_claimed(void **state)
{
	struct site *s = site_new();
	struct alert forged = an_alert(INFECTED, "10.0.0.77", SEVERITY_HIGH);
	struct alert own = an_alert("02:00:00:00:00:77", "10.0.0.77", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "10.0.0.77", .actor = "yamada", .reason = "by hand", .mitigator = "m"};
	struct policy_protected *p = &s->policy->protected_hosts[s->policy->protected_n++];
	struct errmsg e;

	*p = (struct policy_protected){.role = "server", .has_prefix = true};
	assert_int_equal(ip_prefix_parse("10.0.0.77", &p->prefix.addr, &p->prefix.bits), 0);
	decide_reload(&s->d, s->policy, s->now);
	forged.handshake_completed = own.handshake_completed = false;
	report(s, &forged);
	report(s, &own);
	expect(s, CUT_REFUSED, "protected as server");
	assert_int_equal(decide_person_cuts(&s->d, &o, s->now, &e), ERR_DENIED);
	assert_int_equal(s->orders, 0);
	site_free(s);
}

static void test_approve(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.2.5", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "m-1.0", .actor = "yamada", .reason = "yes", .mitigator = "m"};
	struct errmsg e = {""};

	report(s, &a);
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 1);
	assert_true(s->last.approved);
	a = an_alert(OTHER, "10.0.2.6", SEVERITY_HIGH);
	report(s, &a);
	o.host = OTHER;
	assert_int_equal(decide_person_answers(&s->d, &o, false, s->now, &e), 0);
	expect(s, CUT_REFUSED, "yes");
	site_free(s);
}

/* Two persons: the first yes is noted, the same person's second is none, another's is. */
static void test_two_persons(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.2.5", SEVERITY_HIGH);
	struct decide_order o = {
		.host = "m-1.0", .actor = "yamada", .reason = "yes", .mitigator = "m"};
	struct errmsg e = {""};

	s->policy->scopes[1].approvals = 2;
	report(s, &a);
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), DECIDE_ONE_OF_TWO);
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "a second person must"));
	/* Kept over a restart. */
	assert_int_equal(cuts_recover(s->d.cuts, s->now, &e), 0);
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	/* The same person at the pages is no second one; who only begins alike is. */
	o.actor = "yamada (pages)";
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	/* Nor from the centre, at the machine under another name, or under an account that is his.
	 */
	snprintf(s->policy->persons[s->policy->persons_n++], POLICY_TEXT, "ichiro yamada t.yamada");
	o.actor = "yamada of aoba (by centre-1)";
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	o.actor = "root (as yamada)";
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	o.actor = "t.yamada@aoba.example of aoba (by centre-1)";
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), ERR_DENIED);
	assert_int_equal(s->orders, 0);
	o.actor = "yamadaichi (pages)";
	assert_int_equal(decide_person_answers(&s->d, &o, true, s->now, &e), 0);
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 1);
	assert_string_equal(s->last.actor, "yamadaichi (pages)");
	site_free(s);
}

/* P6: several alerts within one judgement count once; the schedule counts on; Safe permits. */
static void test_judgements(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(INFECTED, "10.0.0.5", SEVERITY_MEDIUM);

	learn(s, INFECTED, "10.0.0.5", NULL);
	report(s, &a);
	assert_int_equal(s->judged, 1); /* at once: the level rose */
	report(s, &a);
	report(s, &a);
	assert_int_equal(s->judged, 1);
	assert_int_equal(s->messages, 1);
	pass(s, NS_PER_HOUR - 4 * NS_PER_SEC);
	report(s, &a); /* keeps the incident open */
	pass(s, NS_PER_SEC);
	assert_int_equal(s->judged, 2);
	assert_int_equal(s->mails, 1);
	assert_int_equal(s->orders, 0);
	pass(s, NS_PER_HOUR - 10 * NS_PER_SEC);
	report(s, &a);
	pass(s, 10 * NS_PER_SEC);
	assert_int_equal(s->judged, 3);
	/* The third: deny, a policy cut, lifted by permit at Safe. */
	pass(s, NS_PER_SEC);
	assert_int_equal(s->orders, 1);
	assert_int_equal(s->last.causes, CAUSE_BIT(CAUSE_POLICY));
	pass(s, 2 * NS_PER_HOUR);
	pass(s, NS_PER_SEC);
	expect(s, CUT_RELEASED, "");
	site_free(s);
}

/* An order of another system, and what it is answered. */
static int program(struct site *s, const char *host, bool cut, struct errmsg *e)
{
	struct decide_order o = {
		.host = host, .actor = "openc2 soar", .reason = "playbook 7", .mitigator = "m"};
	struct cut *c;
	int rc = cut ? decide_program_cuts(&s->d, &o, s->now, &c, e)
		     : decide_program_releases(&s->d, &o, s->now, &c, e);

	pass(s, NS_PER_SEC);
	return rc;
}

static void test_program(void **state)
{
	struct site *s = site_new();
	struct alert a = an_alert(OTHER, "10.0.0.6", SEVERITY_HIGH);
	char mac[MAC_ADDR_TEXT], ip[16];
	struct errmsg e = {""};

	learn(s, INFECTED, "10.0.0.5", NULL);
	learn(s, GATEWAY, "10.0.0.1", NULL);
	learn(s, "52:54:00:00:00:07", "10.0.0.7", NULL);
	learn(s, "52:54:00:00:01:05", "10.0.1.5", NULL);
	learn(s, "52:54:00:00:02:05", "10.0.2.5", NULL);
	assert_int_equal(program(s, "10.0.0.99", true, &e), ERR_NOTFOUND);
	assert_int_equal(program(s, "10.0.0.1", true, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "protected as gateway"));
	assert_int_equal(program(s, "10.0.0.7", true, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "never-block"));
	assert_int_equal(program(s, "10.0.1.5", true, &e), ERR_DENIED);
	assert_non_null(strstr(e.text, "the mode is monitor"));
	assert_int_equal(program(s, "10.0.2.5", true, &e), 0);
	expect(s, CUT_HELD, "a person decides");
	assert_int_equal(s->orders, 0);
	assert_int_equal(program(s, "10.0.0.5", true, &e), 0);
	assert_int_equal(s->orders, 1);
	assert_int_equal(s->last.causes, CAUSE_BIT(CAUSE_PROGRAM));
	assert_int_equal(program(s, INFECTED, true, &e), 0);
	assert_int_equal(s->orders, 1);
	assert_int_equal(program(s, "10.0.0.5", false, &e), 0);
	expect(s, CUT_RELEASED, "");
	assert_int_equal(program(s, "10.0.0.5", false, &e), 0);
	/* A cut for a threat is released by a person, whatever else wanted it. */
	learn(s, OTHER, "10.0.0.6", NULL);
	report(s, &a);
	assert_int_equal(program(s, "10.0.0.6", false, &e), ERR_DENIED);
	assert_int_equal(program(s, "10.0.0.6", true, &e), 0);
	assert_int_equal(program(s, "10.0.0.6", false, &e), 0);
	assert_int_equal(cuts_of_target(s->d.cuts, &s->last.target)->causes,
			 CAUSE_BIT(CAUSE_THREAT));
	/* The fuse of this site lets three hosts go. */
	for (unsigned i = 0; i < 2; i++) {
		snprintf(mac, sizeof(mac), "52:54:00:00:03:%02x", i);
		snprintf(ip, sizeof(ip), "10.0.0.%u", 50 + i);
		learn(s, mac, ip, NULL);
		assert_int_equal(program(s, ip, true, &e), 0);
	}
	expect(s, CUT_HELD, "the fuse");
	assert_int_equal(s->orders, 3);
	s->d.kill_switch = true;
	learn(s, "52:54:00:00:04:01", "10.0.0.60", NULL);
	assert_int_equal(program(s, "10.0.0.60", true, &e), 0);
	expect(s, CUT_HELD, "kill switch");
	site_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_automatic),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_learnt_roles),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_fuse),
		cmocka_unit_test(test_mass),
		cmocka_unit_test(test_kill_switch),
		cmocka_unit_test(test_person),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_disputed),
		cmocka_unit_test(test_claimed),
		cmocka_unit_test(test_approve),
		cmocka_unit_test(test_two_persons),
		cmocka_unit_test(test_judgements),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_protected_later),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_roles_recalled),
		cmocka_unit_test(test_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
