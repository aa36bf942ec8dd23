#include "control/centre/demo/demo.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/demo/cast.h"
#include "control/centre/store/orders.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum {
	HEALTH_EVERY_S = 240,
	AWAY_DAY = 60, /* one sensor is away on that day from 10:00 to 14:00 */
	AWAY_SITE = 7,
	FRAMES_A_SECOND = 1800,
	SPREAD_MINUTES = 90, /* of an infection's alerts */
	HOSTS = 100,	     /* of a site, at most */
};

/* Of one host, over all its infections. */
struct past {
	uint64_t cut_until;
	unsigned alerts;
};

struct demo {
	struct store *s;
	struct errmsg *err;
	uint64_t random;
	uint64_t now, from;
	uint64_t alerts, cuts; /* so far: they number the ids */
	uint64_t frames[DEMO_SITES], lost[DEMO_SITES];
	struct past past[DEMO_SITES][HOSTS];
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct demo *d)
{
	uint64_t z = d->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned below(struct demo *d, unsigned n)
{
	return (unsigned)(draw(d) % n);
}

/* --- who --- */

static struct host_ident host_of(unsigned site, unsigned number)
{
	static const char *const users[] = {"sato", "suzuki",	"takahashi", "tanaka",
					    "ito",  "watanabe", "yamamoto",  "nakamura"};
	static const char *const systems[] = {"Windows 11", "Windows 10", "macOS 15", "Windows 11"};
	struct host_ident h = {.side = HOST_SIDE_INSIDE};
	uint8_t four[4] = {192, 168, (uint8_t)(site % 4 + 1), (uint8_t)(20 + number)};

	h.ip = ip_addr_v4(four);
	h.mac = (struct mac_addr){{0x02, 0x5a, (uint8_t)site, 0, 1, (uint8_t)number}};
	h.name = demo_host_name(number);
	h.user = users[number % ARRAY_SIZE(users)];
	h.os = systems[number % ARRAY_SIZE(systems)];
	h.vendor = "";
	h.role = "client";
	return h;
}

static struct host_ident stranger(struct demo *d)
{
	uint8_t four[4] = {203, 0, 113, (uint8_t)below(d, 250)};

	return (struct host_ident){.ip = ip_addr_v4(four), .side = HOST_SIDE_OUTSIDE};
}

/* --- alerts --- */

static int add_alert(struct demo *d, unsigned site, const struct demo_threat *t,
		     const struct host_ident *host, uint64_t time)
{
	const char *tactic = t->tactic, *technique = t->technique, *reason[2] = {t->en, t->ja};
	struct alert a = {
		.time = time,
		.host = *host,
		.peer = stranger(d),
		.gid = t->gid,
		.sid = t->sid,
		.msg = t->msg,
		.category = t->category,
		.severity = t->severity,
		.confidence = CONFIDENCE_KNOWN,
		.tactics = {&tactic, 1},
		.techniques = {&technique, 1},
		.reasons = {reason, t->en[0] ? 2 : 0},
		.eve = SLICE_LIT("{}"),
	};
	char id[64];

	snprintf(id, sizeof(id), "demo-%llu", (unsigned long long)++d->alerts);
	a.id = id;
	return store_alert(d->s, demo_sites[site].sensor, &a, d->err);
}

/* Working hours on working days, little else; some threats know no hours. */
static uint64_t moment(struct demo *d, uint64_t day, bool any_hour)
{
	unsigned minute = any_hour ? below(d, 24 * 60) : 8 * 60 + below(d, 11 * 60);

	return day + minute * NS_PER_MIN + below(d, 60) * NS_PER_SEC;
}

static bool is_weekend(const struct zone *zone, uint64_t day)
{
	struct tm tm;

	zone_local(zone, day, &tm);
	return tm.tm_wday == 0 || tm.tm_wday == 6;
}

/* What every network has, with a slow trend. */
static int everyday(struct demo *d, unsigned site, unsigned day_number, uint64_t day, bool weekend)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < demo_threat_count && rc == ERR_OK; i++) {
		const struct demo_threat *t = &demo_threats[i];
		int percent = 100 + t->trend * ((int)day_number - DEMO_DAYS / 2) / DEMO_DAYS;
		unsigned rate = t->rate * (unsigned)(percent > 0 ? percent : 0);
		unsigned n = rate / 1000 + (below(d, 1000) < rate % 1000);

		n = weekend && !t->any_hour ? n / 5 : n;
		for (unsigned k = 0; k < n && rc == ERR_OK; k++) {
			struct host_ident h = host_of(site, below(d, demo_sites[site].hosts));
			uint64_t at = moment(d, day, t->any_hour);

			if (at < d->now)
				rc = add_alert(d, site, t, &h, at);
		}
	}
	return rc;
}

/* --- infections: alerts, an incident, a cut --- */

struct infection {
	const struct demo_story *story;
	unsigned site;
	struct host_ident host;
	struct past *past;
	uint64_t at;
	/* A host has one however often it is infected, each infection its own. */
	char host_id[32], id[32], cause[REPORT_LANGUAGES][400];
};

static int add_host(struct demo *d, const struct infection *x, const char *cut, enum level level)
{
	struct host_state h = {
		.id = x->host_id,
		.host = x->host,
		.level = level,
		.level_since = x->at,
		.first_seen = d->from,
		.last_seen = d->now,
		.alerts = x->past->alerts,
		.protected_reason = "",
		.cut = cut,
	};
	struct mitigator_state m = {.hosts = {&h, 1}};

	return store_mitigator(d->s, demo_sites[x->site].mitigator, &m, d->err);
}

static int add_incident(struct demo *d, const struct infection *x, uint64_t closed)
{
	const char *steps[2][3] = {
		{x->story->handling[0][0], x->story->handling[0][1], x->story->handling[0][2]},
		{x->story->handling[1][0], x->story->handling[1][1], x->story->handling[1][2]}};
	const char *technique = demo_threats[x->story->threat[0]].technique;
	struct incident_state i = {
		.id = x->id,
		.host_id = x->host_id,
		.host = x->host,
		.opened = x->at,
		.updated = x->at + SPREAD_MINUTES * NS_PER_MIN,
		.closed = closed,
		.state = closed ? "closed" : "contained",
		.title = x->story->title,
		.severity = SEVERITY_HIGH,
		.risk = .9,
		.level = LEVEL_DANGER,
		.root_cause = x->cause[REPORT_ENGLISH],
		.root_cause_ja = x->cause[REPORT_JAPANESE],
		.handling = {steps[0], 3},
		.handling_ja = {steps[1], 3},
		.techniques = {&technique, 1},
		.attacker = "",
		.victim = x->host.name,
		.threat_id = "",
	};
	struct mitigator_state m = {.incidents = {&i, 1}};

	return store_mitigator(d->s, demo_sites[x->site].mitigator, &m, d->err);
}

/* Nine in ten are verified within seconds; a few wait for a person's yes. */
static int add_cut(struct demo *d, const struct infection *x, const char *id,
		   uint64_t *ret_released)
{
	uint64_t detected = x->at + below(d, 900) * NS_PER_SEC;
	uint64_t ordered = detected + (80 + below(d, 120)) * NS_PER_MS;
	uint64_t verified = ordered + (400 + below(d, 900)) * NS_PER_MS;
	uint64_t released = verified + (6 + below(d, 60)) * NS_PER_HOUR;
	bool is_held = below(d, 10) == 0, is_over = released < d->now;
	struct quarantine_state q = {
		.command = {.action = COMMAND_QUARANTINE,
			    .cause = COMMAND_CAUSE_THREAT,
			    .host = x->host,
			    .method = below(d, 3) ? "openvswitch" : "enforcer",
			    .reason = x->story->title,
			    .actor = is_over ? "yamada" : "automatic",
			    .threat_id = ""},
		.detected = detected,
		.reported = detected + 2 * NS_PER_MS,
		.ordered = ordered,
	};
	struct mitigator_state m = {.quarantines = {&q, 1}};
	char command[48];

	snprintf(command, sizeof(command), "%s.1", id);
	q.command.command_id = command;
	if (is_held && !is_over) {
		q.state = COMMAND_STATE_HELD;
	} else {
		q.state = is_over ? COMMAND_STATE_RELEASED : COMMAND_STATE_VERIFIED;
		q.acked = ordered + 60 * NS_PER_MS;
		q.verified = verified;
		q.released = is_over ? released : 0;
	}
	*ret_released = q.released;
	x->past->cut_until = released;
	return store_mitigator(d->s, demo_sites[x->site].mitigator, &m, d->err);
}

static void describe(struct infection *x)
{
	static const struct zone tokyo = {"Asia/Tokyo"};
	char when[ZONE_TEXT], ip[IP_ADDR_TEXT];

	ip_addr_text(&x->host.ip, ip, false);
	zone_text(&tokyo, x->at, when);
	for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
		snprintf(x->cause[l], sizeof(x->cause[l]),
			 in_language((enum report_language)l, "At %s, %s: %s", "%s、%s: %s"), when,
			 x->host.name[0] ? x->host.name : ip, x->story->cause[l]);
}

static int infect(struct demo *d, unsigned site, uint64_t day)
{
	struct infection x = {.site = site};
	uint64_t released = 0;
	unsigned number;
	char cut[32];
	int rc = ERR_OK;

	x.story = &demo_stories[below(d, (unsigned)demo_story_count)];
	number = below(d, demo_sites[site].hosts);
	x.host = host_of(site, number);
	x.past = &d->past[site][number];
	x.at = moment(d, day, x.story->any_hour);
	/* Who is cut infects nobody, and is not infected anew. */
	if (x.at + SPREAD_MINUTES * NS_PER_MIN > d->now || x.at < x.past->cut_until)
		return ERR_OK;
	x.past->alerts += x.story->steps;
	snprintf(x.host_id, sizeof(x.host_id), "demo-h%u-%u", site, number);
	snprintf(x.id, sizeof(x.id), "demo-i%llu", (unsigned long long)++d->cuts);
	snprintf(cut, sizeof(cut), "demo-c%llu", (unsigned long long)d->cuts);
	describe(&x);
	for (unsigned k = 0; k < x.story->steps && rc == ERR_OK; k++) {
		uint64_t at = x.at + k * SPREAD_MINUTES * NS_PER_MIN / x.story->steps;
		unsigned which = x.story->threat[k * DEMO_STORY_THREATS / x.story->steps];

		rc = add_alert(d, site, &demo_threats[which], &x.host, at);
	}
	rc = rc == ERR_OK ? add_cut(d, &x, cut, &released) : rc;
	rc = rc == ERR_OK ? add_incident(d, &x, released) : rc;
	return rc == ERR_OK
		       ? add_host(d, &x, released ? "" : cut, released ? LEVEL_SAFE : LEVEL_DANGER)
		       : rc;
}

/* --- health --- */

static int health(struct demo *d, unsigned site, unsigned day_number, uint64_t day, bool weekend)
{
	static const char *const span[] = {
		"The mirror port shows both directions of every VLAN.\n"
		"ミラーポートはすべてのVLANの両方向を映しています。",
	};
	int rc = ERR_OK;

	for (unsigned s = 0; s < 24 * 3600 && rc == ERR_OK; s += HEALTH_EVERY_S) {
		uint64_t at = day + s * NS_PER_SEC;
		bool is_away = site == AWAY_SITE && day_number == AWAY_DAY && s >= 10 * 3600 &&
			       s < 14 * 3600;
		struct named_count drop = {"ring", d->lost[site], false};
		struct sensor_health h = {
			.dataplane_alive = true,
			.rx_packets = d->frames[site] +=
			HEALTH_EVERY_S * FRAMES_A_SECOND / (weekend ? 6 : 1),
			.rules_loaded = 42163,
			.drops = {&drop, 1},
			.span = {(const char **)span, 1},
			.cpu_share = 0.12 + 0.03 * (site % 5),
			.memory_bytes = (420ull + 31 * site) << 20,
			.disk_free_bytes = (180ull - 9 * site) << 30,
			.uptime = (day_number + 1) * 86400ull,
		};

		h.processed = h.rx_packets - drop.value;
		if (site == 2 && s == 12 * 3600)
			d->lost[site] += 2000;
		is_away |= site == DEMO_SILENT_SITE && at + DEMO_SILENT_MIN * NS_PER_MIN > d->now;
		if (!is_away && at < d->now)
			rc = store_health(d->s, demo_sites[site].sensor, at, &h, d->err);
	}
	return rc;
}

/* --- the past --- */

static int one_day(struct demo *d, unsigned number)
{
	struct zone zone = {"Asia/Tokyo"};
	uint64_t day = zone_day(&zone, d->from, (int)number);
	bool weekend = is_weekend(&zone, day);
	int rc = store_begin(d->s, d->err);

	for (unsigned site = 0; site < DEMO_SITES && rc == ERR_OK; site++) {
		rc = health(d, site, number, day, weekend);
		rc = rc == ERR_OK ? everyday(d, site, number, day, weekend) : rc;
		if (rc == ERR_OK && below(d, 1000) < demo_sites[site].infections)
			rc = infect(d, site, day);
	}
	if (rc == ERR_OK)
		return store_commit(d->s, d->err);
	store_rollback(d->s);
	return rc;
}

static int who_is_who(struct demo *d)
{
	int rc = store_begin(d->s, d->err);

	for (unsigned i = 0; i < DEMO_CUSTOMERS && rc == ERR_OK; i++) {
		struct zone zone = {"Asia/Tokyo"};

		rc = store_customer(d->s, demo_customers[i].id, demo_customers[i].name, &zone,
				    d->err);
	}
	for (unsigned i = 0; i < DEMO_SITES && rc == ERR_OK; i++) {
		const struct demo_site *s = &demo_sites[i];

		rc = store_peer(d->s, s->sensor, "sensor", s->site, true, d->from, d->err);
		rc = rc == ERR_OK ? store_peer(d->s, s->mitigator, "mitigator", s->site, true,
					       d->from, d->err)
				  : rc;
		rc = rc == ERR_OK
			     ? store_site(d->s, s->site, demo_customers[s->customer].id, d->err)
			     : rc;
	}
	if (rc == ERR_OK)
		return store_commit(d->s, d->err);
	store_rollback(d->s);
	return rc;
}

static int advise(struct demo *d)
{
	static const struct zone zone = {"Asia/Tokyo"};
	struct monthly_advisory a = {
		.author = (char *)"M. Analyst",
		.text = {(char *)demo_advisory[REPORT_ENGLISH],
			 (char *)demo_advisory[REPORT_JAPANESE]},
		.time = d->now,
	};
	int rc = store_begin(d->s, d->err);

	rc = rc == ERR_OK ? store_advise(d->s, demo_customers[0].id, zone_month(&zone, d->now, -1),
					 &a, d->err)
			  : rc;
	return rc == ERR_OK ? store_commit(d->s, d->err) : rc;
}

/* --- what each site lets whom do from the centre --- */

static int add_mandate(struct demo *d, unsigned site)
{
	struct mitigator_state m = {
		.time = d->now,
		.mandate = "{\"approval\":true,\"edited\":false,\"file_types\":[\"exe\",\"dll\","
			   "\"js\"],\"hosts\":[],\"hours\":[\"mon-fri "
			   "08:00-18:00\"],\"holds\":true,\"level\":\"warning\",\"minutes\":240,"
			   "\"most\":3,\"networks\":[\"192.168.0.0/16\"],\"people\":[\"approve\","
			   "\"refuse\",\"release\",\"except\",\"mandate\",\"policy\","
			   "\"collect\"],\"per_day\":10,"
			   "\"problem\":\"\",\"until\":\"\",\"vendor\":true,\"vendor_people\":[]}",
	};

	return store_mandate(d->s, demo_sites[site].mitigator, &m, d->err);
}

static int add_mandates(struct demo *d)
{
	int rc = store_begin(d->s, d->err);

	for (unsigned site = 0; site < DEMO_SITES && rc == ERR_OK; site++)
		rc = add_mandate(d, site);
	if (rc == ERR_OK)
		return store_commit(d->s, d->err);
	store_rollback(d->s);
	return rc;
}

int demo_fill(struct store *s, uint64_t now, struct errmsg *err)
{
	static const struct zone zone = {"Asia/Tokyo"};
	struct demo d = {.s = s, .err = err, .random = 42, .now = now};
	int rc;

	if (store_count(s, "alerts") || store_count(s, "peers"))
		return errmsg_set(err, ERR_INVALID,
				  "the store is not empty; a demonstration goes "
				  "into a store of its own");
	d.from = zone_day(&zone, now, 1 - DEMO_DAYS);
	rc = store_orders_open(s, err);
	rc = rc == ERR_OK ? who_is_who(&d) : rc;
	for (unsigned i = 0; i < DEMO_DAYS && rc == ERR_OK; i++)
		rc = one_day(&d, i);
	rc = rc == ERR_OK ? add_mandates(&d) : rc;
	return rc == ERR_OK ? advise(&d) : rc;
}
