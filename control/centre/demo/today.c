/* The demonstration's present: what a person would see to now. Everything lies hours back at most,
 * so that it is of today and yesterday whenever it is looked at. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/demo/cast.h"
#include "control/centre/demo/demo.h"
#include "control/centre/store/emergencies.h"
#include "control/centre/store/orders.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { STEPS = DEMO_STORY_THREATS, MIRROR_SITE = 6 };

/* Whose infections go on, the latest last; `minutes` ago. */
static const struct now_case {
	const char *name;
	unsigned site, story, minutes;
	enum command_state state;
} cases[] = {
	{"meeting-room-4", 11, 0, 410, COMMAND_STATE_QUIET},
	{"reception-2", 5, 1, 290, COMMAND_STATE_VERIFIED},
	{"line-7-panel", 2, 0, 175, COMMAND_STATE_VERIFIED},
	{"nurse-station-6", 8, 2, 95, COMMAND_STATE_STILL_SEEN},
	{"pc-sales-14", 4, 1, 48, COMMAND_STATE_HELD},
	{"pc-account-11", 0, 0, 25, COMMAND_STATE_HELD},
};

static const char *const stages[] = {"delivery", "command-and-control", "discovery"};
static const char *const modes[] = {"approve", "automatic", "automatic", "monitor",
				    "approve", "automatic", "automatic", "notify",
				    "approve", "automatic", "monitor",	 "automatic"};

struct present {
	struct store *s;
	struct errmsg *err;
	uint64_t now;
};

/* One of `cases` with what is told of it. */
struct told {
	const struct now_case *is;
	const struct demo_story *story;
	struct host_ident host, peer;
	uint64_t at;
	char id[32], cut[40], rule[24], cause[REPORT_LANGUAGES][400];
	struct incident_step steps[STEPS];
};

static void introduce(const struct present *p, const struct now_case *is, struct told *ret)
{
	uint8_t own[4] = {192, 168, (uint8_t)(is->site % 4 + 1), (uint8_t)(200 + (is - cases))};
	uint8_t other[4] = {203, 0, 113, (uint8_t)(40 + is->story)};
	size_t n = (size_t)(is - cases);

	*ret = (struct told){.is = is, .story = &demo_stories[is->story]};
	ret->at = p->now - is->minutes * NS_PER_MIN;
	ret->host = (struct host_ident){
		.ip = ip_addr_v4(own),
		.mac = {{0x02, 0x5a, (uint8_t)is->site, 0, 2, (uint8_t)(is - cases)}},
		.name = is->name,
		.user = "tanaka",
		.os = "Windows 11",
		.vendor = "",
		.role = "client",
		.side = HOST_SIDE_INSIDE,
	};
	ret->peer = (struct host_ident){.ip = ip_addr_v4(other), .side = HOST_SIDE_OUTSIDE};
	snprintf(ret->id, sizeof(ret->id), "demo-now-%zu", n);
	snprintf(ret->cut, sizeof(ret->cut), "demo-cut-%zu.1", n);
	for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
		snprintf(ret->cause[l], sizeof(ret->cause[l]), "%s: %s", ret->host.name,
			 ret->story->cause[l]);
}

/* Its alerts, and the steps that correlation makes of them. */
static int add_alerts(const struct present *p, struct told *t)
{
	int rc = ERR_OK;

	for (unsigned k = 0; k < STEPS && rc == ERR_OK; k++) {
		const struct demo_threat *of = &demo_threats[t->story->threat[k]];
		const char *tactic = of->tactic, *technique = of->technique;
		const char *reason[REPORT_LANGUAGES] = {of->en, of->ja};
		struct alert a = {
			.time = t->at + k * NS_PER_MIN,
			.host = t->host,
			.peer = t->peer,
			.gid = of->gid,
			.sid = of->sid,
			.msg = of->msg,
			.category = of->category,
			.severity = of->severity,
			.confidence = CONFIDENCE_KNOWN,
			.tactics = {&tactic, 1},
			.techniques = {&technique, 1},
			.reasons = {reason, of->en[0] ? REPORT_LANGUAGES : 0},
			.eve = SLICE_LIT("{}"),
		};
		char id[64];

		snprintf(id, sizeof(id), "%s-alert-%u", t->id, k);
		a.id = id;
		t->steps[k] = (struct incident_step){
			.time = a.time,
			.last = a.time,
			.hits = 1 + k,
			.stage = stages[k],
			.text = of->en[0] ? of->en : of->msg,
			.text_ja = of->ja[0] ? of->ja : of->msg,
			.technique = of->technique,
		};
		snprintf(t->rule, sizeof(t->rule), "%u.%u", of->gid, of->sid);
		rc = store_alert(p->s, demo_sites[t->is->site].sensor, &a, p->err);
	}
	return rc;
}

static struct quarantine_state cut_of(const struct told *t)
{
	uint64_t ordered = t->at + 3 * NS_PER_MIN;
	bool is_held = t->is->state == COMMAND_STATE_HELD;
	struct quarantine_state q = {
		.command = {.action = COMMAND_QUARANTINE,
			    .cause = COMMAND_CAUSE_THREAT,
			    .host = t->host,
			    .command_id = t->cut,
			    .method = is_held ? "" : "openvswitch",
			    .reason = t->story->title,
			    .actor = "automatic",
			    .threat_id = t->rule},
		.state = t->is->state,
		.detected = ordered - 90 * NS_PER_MS,
		.reported = ordered - 80 * NS_PER_MS,
		.ordered = ordered,
		.acked = is_held ? 0 : ordered + 60 * NS_PER_MS,
	};

	q.verified = t->is->state == COMMAND_STATE_VERIFIED ? ordered + 700 * NS_PER_MS : 0;
	return q;
}

static int add_case(const struct present *p, const struct now_case *is)
{
	struct told t;
	const char *technique, *steps[REPORT_LANGUAGES][STEPS];
	int rc;

	introduce(p, is, &t);
	rc = add_alerts(p, &t);
	if (rc != ERR_OK)
		return rc;
	technique = demo_threats[t.story->threat[0]].technique;
	for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
		memcpy(steps[l], t.story->handling[l], sizeof(steps[l]));
	struct incident_state i = {
		.id = t.id,
		.host_id = t.id,
		.host = t.host,
		.opened = t.at,
		.updated = t.at + 2 * NS_PER_MIN,
		.state = is->state == COMMAND_STATE_HELD ? "detected" : "contained",
		.title = t.story->title,
		.severity = SEVERITY_HIGH,
		.risk = .92,
		.level = LEVEL_DANGER,
		.root_cause = t.cause[REPORT_ENGLISH],
		.root_cause_ja = t.cause[REPORT_JAPANESE],
		.steps = {t.steps, STEPS},
		.handling = {steps[REPORT_ENGLISH], STEPS},
		.handling_ja = {steps[REPORT_JAPANESE], STEPS},
		.techniques = {&technique, 1},
		.attacker = "",
		.victim = t.host.name,
		.threat_id = t.rule,
	};
	struct quarantine_state q = cut_of(&t);
	struct host_state h = {
		.id = t.id,
		.host = t.host,
		.level = LEVEL_DANGER,
		.level_since = t.at,
		.first_seen = p->now - 60 * NS_PER_DAY,
		.last_seen = p->now,
		.alerts = STEPS,
		.protected_reason = "",
		.cut = is->state == COMMAND_STATE_HELD ? "" : t.cut,
	};
	struct mitigator_state m = {.hosts = {&h, 1}, .incidents = {&i, 1}, .quarantines = {&q, 1}};

	return store_mitigator(p->s, demo_sites[is->site].mitigator, &m, p->err);
}

/* --- the rest of the present --- */

static const char demo_policy[] = "name: demonstration\n"
				  "control: true\n"
				  "cut: true\n"
				  "policies:\n"
				  "  - name: default\n"
				  "    method: same-or-higher\n"
				  "    actions:\n"
				  "      - {level: warning, action: mail, count: 2}\n"
				  "      - {level: danger, action: mail}\n"
				  "      - {level: danger, action: deny, count: 3}\n";

/* How each site is run, and two that want a look: one silent, one with half a mirror port. */
static int add_sites(const struct present *p)
{
	static const char *const span[] = {
		"Only one direction of VLAN 20 is mirrored: answers are not seen.\n"
		"VLAN 20の片方向だけがミラーされています。応答が見えていません。",
	};
	struct sensor_health half = {.dataplane_alive = true,
				     .rx_packets = 10473840000,
				     .processed = 10473840000,
				     .rules_loaded = 42163,
				     .cpu_share = 0.15,
				     .memory_bytes = 606ull << 20,
				     .disk_free_bytes = 126ull << 30,
				     .uptime = 90 * 86400,
				     .span = {(const char **)span, 1}};
	int rc = ERR_OK;

	for (unsigned i = 0; i < DEMO_SITES && rc == ERR_OK; i++) {
		struct mitigator_state m = {.time = p->now,
					    .mode = modes[i],
					    .policy = "7",
					    .policy_text = demo_policy};

		rc = store_mitigator(p->s, demo_sites[i].mitigator, &m, p->err);
		rc = rc == ERR_OK ? store_policy(p->s, demo_sites[i].mitigator, &m, p->err) : rc;
	}
	rc = rc == ERR_OK
		     ? store_health(p->s, demo_sites[MIRROR_SITE].sensor, p->now, &half, p->err)
		     : rc;
	return rc == ERR_OK ? store_peer(p->s, demo_sites[DEMO_SILENT_SITE].sensor, "sensor",
					 demo_sites[DEMO_SILENT_SITE].site, false,
					 p->now - DEMO_SILENT_MIN * NS_PER_MIN, p->err)
			    : rc;
}

/* Networks that a mirror port does not reach: some behind a router, one that is quiet. */
static int add_unseen(const struct present *p)
{
	static const struct {
		unsigned site, hosts, days;
		uint8_t third;
		bool seen;
	} parts[] = {{2, 14, 0, 40, false}, {8, 9, 0, 12, true},   {8, 5, 0, 12, false},
		     {4, 6, 0, 30, true},   {4, 11, 0, 30, false}, {11, 7, 10, 60, true}};
	int rc = ERR_OK;

	for (unsigned k = 0; k < ARRAY_SIZE(parts); k++) {
		for (unsigned n = 0; n < parts[k].hosts && rc == ERR_OK; n++) {
			uint8_t ip[4] = {10, 20, parts[k].third,
					 (uint8_t)(10 + n + (parts[k].seen ? 100 : 0))};
			char id[32];
			struct host_state h = {.id = id,
					       .host = {.ip = ip_addr_v4(ip),
							.name = "",
							.user = "",
							.os = "",
							.vendor = "",
							.role = "client",
							.side = HOST_SIDE_INSIDE},
					       .level = LEVEL_SAFE,
					       .first_seen = p->now - 70 * NS_PER_DAY,
					       .last_seen = p->now - parts[k].days * NS_PER_DAY,
					       .protected_reason = "",
					       .cut = ""};
			struct mitigator_state m = {.hosts = {&h, 1}};

			snprintf(id, sizeof(id), "demo-part-%u-%u", k, n);
			if (parts[k].seen)
				h.host.mac = (struct mac_addr){
					{0x02, 0x5b, (uint8_t)k, 0, 0, (uint8_t)n}};
			rc = store_mitigator(p->s, demo_sites[parts[k].site].mitigator, &m, p->err);
		}
	}
	return rc;
}

static int add_offers(const struct present *p)
{
	struct proposal_entry entries[] = {
		{"ip", "203.0.113.40", "BANKEN regular calls home"},
		{"domain", "invoice-update.example", "BANKEN regular calls home"},
		{"file", "9f2c1d0a7be4c35f60a8d4f1b2c3e4d5a6b7c8d9e0f1a2b3c4d5e6f708192a3b",
		 "invoice.docm"},
	};
	struct list_proposal l = {.id = "demo-offer-1",
				  .time = p->now - 170 * NS_PER_MIN,
				  .host_id = "demo-now-2",
				  .incident = "demo-now-2",
				  .threat_id = "2.2200",
				  .threat = demo_stories[0].title,
				  .entries = {entries, ARRAY_SIZE(entries)}};

	return store_proposal(p->s, demo_sites[2].mitigator, &l, p->err);
}

static int add_recipients(const struct present *p)
{
	static const struct recipient all[] = {
		{.kind = RECIPIENT_MAIL,
		 .address = "soc@vendor.example",
		 .language = REPORT_JAPANESE,
		 .tier = 1},
		{.kind = RECIPIENT_SYSLOG, .address = "tls://siem.vendor.example:6514", .tier = 1},
		{.kind = RECIPIENT_MAIL,
		 .customer = "aoba",
		 .address = "joho@aoba.example",
		 .language = REPORT_JAPANESE,
		 .tier = 1},
		{.kind = RECIPIENT_MAIL,
		 .customer = "aoba",
		 .address = "bucho@aoba.example",
		 .language = REPORT_JAPANESE,
		 .tier = 2,
		 .quiet_from = 22 * 60,
		 .quiet_to = 7 * 60},
		{.kind = RECIPIENT_WEBHOOK,
		 .customer = "minato",
		 .address = "https://hooks.minato.example/banken",
		 .tier = 1},
		{.kind = RECIPIENT_MAIL,
		 .customer = "kita",
		 .address = "system@kita.example",
		 .language = REPORT_JAPANESE,
		 .tier = 1},
	};
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(all) && rc == ERR_OK; i++)
		rc = recipient_put(p->s, &all[i], p->err);
	return rc;
}

/* The messages of all went out; one recipient was not there. */
static int add_messages(const struct present *p)
{
	struct emergency_message *m = calloc(1, sizeof(*m));
	int rc = m ? emergency_plan(p->s, &emergency_rules_default, p->now, p->err) : ERR_NOMEM;

	while (rc == ERR_OK &&
	       emergency_next(p->s, &emergency_rules_default, p->now, m, p->err) == 1)
		rc = emergency_sent(p->s, m,
				    m->to.kind == RECIPIENT_WEBHOOK
					    ? "https://hooks.minato.example/banken: it answered 503"
					    : NULL,
				    p->now, p->err);
	free(m);
	return rc;
}

int demo_today(struct store *s, uint64_t now, struct errmsg *err)
{
	const struct present p = {s, err, now};
	int rc = store_begin(s, err);

	for (size_t i = 0; i < ARRAY_SIZE(cases) && rc == ERR_OK; i++)
		rc = add_case(&p, &cases[i]);
	rc = rc == ERR_OK ? add_unseen(&p) : rc;
	rc = rc == ERR_OK ? add_sites(&p) : rc;
	rc = rc == ERR_OK ? add_offers(&p) : rc;
	rc = rc == ERR_OK ? add_recipients(&p) : rc;
	if (rc != ERR_OK) {
		store_rollback(s);
		return rc;
	}
	rc = store_commit(s, err);
	rc = rc == ERR_OK ? emergency_raise_silent(s, DEMO_SILENT_MIN / 2 * NS_PER_MIN, now, err)
			  : rc;
	return rc >= 0 ? add_messages(&p) : rc;
}
