/* Sensors that there are not: each has its own certificate and connection to a centre, and sends
 * alerts and records that must be acknowledged. At the end, in one line of JSON, what was sent and
 * acknowledged; every id is "load-<run>-<number>", numbers from 0 without gaps.
 *
 *   load_sensors FOLDER HOST:PORT SENSORS SECONDS [RATE [RUN]]
 *
 * FOLDER: its `ca` is the centre's; keys and the spool are made here. RATE: reports a second of all
 * together, 0: as many as are acknowledged. Every tenth is an alert. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/wire/ca.h"
#include "control/wire/link.h"
#include "control/wire/message.h"
#include "dataplane/base/clock.h"

enum {
	SENSORS_MOST = 4000,
	TICK_MS = 50,
	AHEAD = 48,    /* reports of a sensor that are not acknowledged, without a rate */
	FLUSH_S = 240, /* to wait for the last ones */
	ALERT_EVERY = 10,
	THREATS = 40,
	HOSTS = 200,
};

struct sensor {
	char name[32];
	struct tls_keys *keys;
	struct link *link;
};

struct load {
	struct loop *loop;
	struct spool *spool;
	struct sensor sensors[SENSORS_MOST];
	unsigned n, run;
	uint64_t rate, number, waiting;
	uint64_t began, until, first_full, acked_then, done;
	struct loop_timer tick;
	bool all_up;
};

static void fail(const char *text)
{
	fprintf(stderr, "load_sensors: %s\n", text);
	exit(2);
}

static void make_keys(struct load *l, const char *folder)
{
	struct errmsg e = {""};
	char dir[300];
	struct ca *ca;

	snprintf(dir, sizeof(dir), "%s/ca", folder);
	ca = ca_open(dir, &e);
	if (!ca)
		fail(e.text);
	for (unsigned i = 0; i < l->n; i++) {
		struct sensor *s = &l->sensors[i];
		struct ca_order order = {ROLE_SENSOR, s->name, ca_validity_days(30), NULL};

		snprintf(s->name, sizeof(s->name), "load-%04u", i);
		snprintf(dir, sizeof(dir), "%s/keys-%04u", folder, i);
		if (ca_issue(ca, &order, dir, &e) != 0)
			fail(e.text);
		s->keys = tls_keys_load(dir, ROLE_SENSOR, &e);
		if (!s->keys)
			fail(e.text);
	}
	ca_close(ca);
}

static void fill_alert(struct report *r, const char *id, uint64_t number)
{
	static const char *tactic = "command-and-control", *technique = "T1071.001";
	static const char eve[] =
		"{\"timestamp\":\"2026-11-22T10:00:00.000000+0000\",\"flow_id\":1234567890,"
		"\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\",\"src_port\":50123,\"dest_ip\":"
		"\"203.0.113.5\",\"dest_port\":443,\"proto\":\"TCP\",\"alert\":{\"action\":"
		"\"allowed\",\"gid\":1,\"signature_id\":8000001,\"rev\":1,\"signature\":\"A load "
		"test's threat\",\"category\":\"Command and control\",\"severity\":1}}";
	uint8_t host[4] = {10, 0, 0, (uint8_t)(number % HOSTS)}, peer[4] = {203, 0, 113, 5};
	static char msg[64];

	snprintf(msg, sizeof(msg), "A load test's threat %u", (unsigned)(number / 7 % THREATS));
	r->kind = REPORT_ALERT;
	r->alert = (struct alert){
		.id = id,
		.time = r->time,
		.host = {.ip = ip_addr_v4(host)},
		.peer = {.ip = ip_addr_v4(peer)},
		.gid = 1,
		.sid = 8000000 + (uint32_t)(number / 7 % THREATS),
		.msg = msg,
		.category = "Command and control",
		.severity = SEVERITY_HIGH,
		.confidence = CONFIDENCE_KNOWN,
		.tactics = {&tactic, 1},
		.techniques = {&technique, 1},
		.eve = SLICE(eve, sizeof(eve) - 1),
	};
}

static void fill_record(struct report *r, const char *id)
{
	static const char eve[] =
		"{\"timestamp\":\"2026-11-22T10:00:00.000000+0000\",\"flow_id\":1234567890,"
		"\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"src_port\":50123,\"dest_ip\":"
		"\"203.0.113.5\",\"dest_port\":443,\"proto\":\"TCP\",\"app_proto\":\"tls\","
		"\"flow\":{\"pkts_toserver\":12,\"pkts_toclient\":14,\"bytes_toserver\":1830,"
		"\"bytes_toclient\":9120,\"start\":\"2026-11-22T09:59:58.000000+0000\",\"end\":"
		"\"2026-11-22T10:00:00.000000+0000\",\"age\":2,\"state\":\"closed\",\"reason\":"
		"\"timeout\",\"alerted\":false}}";

	r->kind = REPORT_FLOW;
	r->flow = (struct flow_summary){.start = r->time - NS_PER_SEC,
					.end = r->time,
					.event_type = "flow",
					.eve = SLICE(eve, sizeof(eve) - 1),
					.id = id};
}

static void put_one(struct load *l, struct sensor *s)
{
	struct message m = {.kind = MESSAGE_REPORT};
	struct slice payload;
	struct errmsg e = {""};
	enum lane lane;
	char id[64];

	snprintf(id, sizeof(id), "load-%u-%" PRIu64, l->run, l->number);
	m.report.sensor = s->name;
	m.report.sequence = l->number;
	m.report.time = loop_wall(l->loop);
	if (l->number % ALERT_EVERY == 0)
		fill_alert(&m.report, id, l->number / ALERT_EVERY);
	else
		fill_record(&m.report, id);
	lane = m.report.kind == REPORT_ALERT ? LANE_URGENT : LANE_RECORDS;
	if (message_encode(&m, &payload, &e) != 0 ||
	    spool_put(l->spool, s->name, lane, payload, m.report.time, &e) != 0)
		fail(e.text);
	payload_free(&payload);
	l->number++;
}

static uint64_t waits_for(struct load *l, const struct sensor *s)
{
	struct spool_stats st;

	spool_stats(l->spool, s->name, &st);
	if (st.dropped_urgent || st.dropped_other)
		fail("the spool is too small");
	return st.records;
}

static bool is_up(struct load *l)
{
	for (unsigned i = 0; i < l->n && !l->all_up; i++) {
		struct link_status st;

		link_status(l->sensors[i].link, &st);
		if (!st.connected)
			return false;
	}
	l->all_up = true;
	return true;
}

/* What is due by the rate, or what keeps each sensor busy. */
static void give_more(struct load *l, uint64_t now)
{
	uint64_t due = l->rate * (now - l->began) / NS_PER_SEC;
	struct errmsg e = {""};

	if (spool_begin(l->spool, &e) != 0)
		fail(e.text);
	l->waiting = 0;
	for (unsigned i = 0; i < l->n; i++) {
		struct sensor *s = &l->sensors[i];
		uint64_t waits = waits_for(l, s), share = (due - l->number) / (l->n - i);
		uint64_t more = l->rate ? share : waits < AHEAD ? AHEAD - waits : 0;

		for (uint64_t k = 0; k < more && (!l->rate || l->number < due); k++)
			put_one(l, s);
		l->waiting += waits + more;
		if (more)
			link_wake(s->link);
	}
	if (spool_commit(l->spool, &e) != 0)
		fail(e.text);
}

static void count_waiting(struct load *l)
{
	l->waiting = 0;
	for (unsigned i = 0; i < l->n; i++)
		l->waiting += waits_for(l, &l->sensors[i]);
}

static void tick(void *ctx)
{
	struct load *l = ctx;
	uint64_t now = loop_now(l->loop);

	(void)loop_timer_set(l->loop, &l->tick, TICK_MS * NS_PER_MS);
	if (!l->began && !is_up(l))
		return;
	if (!l->began) {
		l->began = now;
		fprintf(stderr, "%u sensors are connected\n", l->n);
	}
	if (now < l->began + l->until) {
		give_more(l, now);
		l->done = l->number - l->waiting;
		return;
	}
	count_waiting(l);
	if (l->waiting == 0 || now > l->began + l->until + FLUSH_S * NS_PER_SEC)
		loop_stop(l->loop);
}

static void begin(struct load *l, const char *folder, const char *address)
{
	struct log log = {"load", LOG_LEVEL_ERROR, 2};
	static struct log kept;
	struct spool_config spool = {
		.no_sync = true, .ballast_bytes = 4096, .max_bytes = 4ull << 30};
	struct errmsg e = {""};
	char path[300];

	kept = log;
	snprintf(path, sizeof(path), "%s/load-spool-%u.db", folder, l->run);
	spool.path = path;
	l->loop = loop_new(&e);
	l->spool = l->loop ? spool_open(&spool, NULL, &e) : NULL;
	if (!l->spool)
		fail(e.text);
	for (unsigned i = 0; i < l->n; i++) {
		struct link_setup s = {.loop = l->loop,
				       .keys = l->sensors[i].keys,
				       .spool = l->spool,
				       .log = &kept,
				       .peers = ROLE_SET(ROLE_CENTRE),
				       .program = "load_sensors",
				       .build = "1"};

		l->sensors[i].link = link_new(&s, l->sensors[i].name, address, &e);
		if (!l->sensors[i].link)
			fail(e.text);
	}
	l->tick = (struct loop_timer){.fn = tick, .ctx = l};
	(void)loop_timer_set(l->loop, &l->tick, 0);
}

int main(int argc, char **argv)
{
	static struct load l;

	if (argc < 5)
		fail("usage: load_sensors FOLDER HOST:PORT SENSORS SECONDS [RATE [RUN]]");
	l.n = (unsigned)strtoul(argv[3], NULL, 10);
	l.until = strtoull(argv[4], NULL, 10) * NS_PER_SEC;
	l.rate = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;
	l.run = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : (unsigned)getpid();
	if (l.n == 0 || l.n > SENSORS_MOST)
		fail("SENSORS is 1 to 4000");
	make_keys(&l, argv[1]);
	begin(&l, argv[1], argv[2]);
	loop_run(l.loop);
	printf("{\"sensors\": %u, \"run\": %u, \"sent\": %" PRIu64 ", \"acknowledged\": %" PRIu64
	       ", \"alerts\": %" PRIu64 ", \"seconds\": %.1f, \"reports_a_second\": %.0f}\n",
	       l.n, l.run, l.number, l.number - l.waiting,
	       (l.number + ALERT_EVERY - 1) / ALERT_EVERY, (double)l.until / 1e9,
	       (double)l.done / ((double)l.until / 1e9));
	return l.waiting == 0 ? 0 : 1;
}
