/* The real banken-control between a dataplane made of api/ and a receiver made of wire/: every
 * alert arrives exactly once whatever is killed when; orders are carried out and answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/message.h"
#include "control/wire/seen.h"
#include "control/wire/sign.h"
#include "control/wire/testdir.h"
#include "control/wire/testkeys.h"
#include "dataplane/api/mailbox.h"
#include "dataplane/api/paths.h"
#include "dataplane/api/record.h"
#include "dataplane/api/ring.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/watch.h"

static struct {
	const char *program; /* banken-control */
	char folder[64], rundir[96], statedir[96], db[96], port_file[96];
	struct tls_keys *mitigator, *sensor;
	unsigned port;
	pid_t control, receiver;
	const char *user; /* to become; "" = stay */
	bool centre;	  /* configured, but never there */
} t;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static unsigned random_below(unsigned n)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		abort();
	return r % n;
}

static void sleep_ms(unsigned ms)
{
	struct timespec d = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&d, NULL);
}

/* ---- the dataplane's side ---- */

struct plane {
	struct ring *rings[RECORD_LANES];
	struct stats *stats;
	struct watch *watch;
	struct watch_worker *worker;
	struct mailbox *mailbox;
	uint64_t next_id, next_record;
};

static void plane_start(struct plane *p)
{
	static const struct stats_name names[] = {{"port.mirror0.received", STATS_COUNT},
						  {"worker.packets", STATS_COUNT},
						  {"worker.bytes", STATS_COUNT},
						  {"decode.truncated", STATS_DROP},
						  {"rules.loaded", STATS_GAUGE}};
	static const struct hash_key key = {3, 4};
	struct errmsg e = {0};
	char path[128];

	for (unsigned lane = 0; lane < RECORD_LANES; lane++) {
		paths_ring(path, sizeof(path), t.rundir, lane, 0);
		p->rings[lane] = ring_create(path, 1 << 20, &e);
		if (!p->rings[lane])
			fail_msg("%s", e.text);
	}
	paths_file(path, sizeof(path), t.rundir, PATHS_STATS);
	p->stats = stats_create(path, names, 5, 1, "0.1.0", &e);
	paths_file(path, sizeof(path), t.rundir, PATHS_WATCH);
	p->watch = watch_create(path, 1, &e);
	p->worker = watch_worker_new(p->watch, 0, key);
	p->mailbox = mailbox_open(t.rundir, true, &e);
	if (!p->mailbox)
		fail_msg("%s", e.text);
	stats_set(p->stats, 0, 0, 1000);
	stats_set(p->stats, 0, 1, 1000);
	stats_set(p->stats, 0, 3, 10);
	stats_set(p->stats, 0, 4, 42);
	stats_heartbeat(p->stats, now_ns());
}

static void plane_stop(struct plane *p)
{
	for (unsigned lane = 0; lane < RECORD_LANES; lane++)
		ring_close(p->rings[lane]);
	stats_close(p->stats);
	watch_worker_free(p->worker);
	watch_close(p->watch);
	mailbox_close(p->mailbox);
	memset(p, 0, sizeof(*p));
}

static void put_strings(struct record *r, const char *name, const char *value)
{
	record_array(r, name);
	record_text(r, NULL, value);
	record_end(r);
}

static bool put_alert(struct plane *p)
{
	static const struct mac_addr host_mac = {{2, 0, 0, 0, 0, 5}};
	_Alignas(8) uint8_t buf[4096];
	struct record r = {0};
	struct record_head *h = record_begin(&r, buf, sizeof(buf));
	struct slice done;

	h->id = p->next_id + 1;
	h->time_ns = now_ns();
	h->flags = RECORD_HAS_TUPLE | RECORD_HAS_PORTS | RECORD_HAS_MAC | RECORD_HANDSHAKE;
	ip_addr_parse("10.0.0.5", &h->src);
	ip_addr_parse("203.0.113.9", &h->dst);
	h->sport = 50000;
	h->dport = 80;
	h->ip_proto = 6;
	h->ip_version = 4;
	h->src_mac = host_mac;
	h->lane = RECORD_LANE_ALERT;
	snprintf(h->type, sizeof(h->type), "alert");
	snprintf(h->app_proto, sizeof(h->app_proto), "http");
	snprintf(h->direction, sizeof(h->direction), "to_server");
	record_object(&r, "alert");
	record_text(&r, "action", "allowed");
	record_uint(&r, "gid", 1);
	record_uint(&r, "signature_id", 2000001);
	record_uint(&r, "rev", 3);
	record_text(&r, "signature", "test program calls home");
	record_text(&r, "category", "Malware Command and Control Activity Detected");
	record_uint(&r, "severity", 1);
	record_object(&r, "metadata");
	put_strings(&r, "mitre_tactic_id", "TA0011");
	put_strings(&r, "reason", "a reason with figures");
	record_end(&r);
	record_end(&r);
	record_object(&r, "http");
	record_text(&r, "hostname", "bad.example");
	record_text(&r, "url", "/gate.php");
	record_end(&r);
	done = record_finish(&r);
	if (!ring_put(p->rings[RECORD_LANE_ALERT], done))
		return false;
	p->next_id++;
	return true;
}

/* A record of about 1 KiB. */
static bool put_record(struct plane *p)
{
	static const char text[900] = "x";
	_Alignas(8) uint8_t buf[4096];
	struct record r = {0};
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->id = (1ULL << 40) + p->next_record++;
	h->time_ns = now_ns();
	h->lane = RECORD_LANE_EVENT;
	snprintf(h->type, sizeof(h->type), "http");
	record_object(&r, "http");
	record_base64(&r, "url", SLICE(text, sizeof(text)));
	record_end(&r);
	return ring_put(p->rings[RECORD_LANE_EVENT], record_finish(&r));
}

/* ---- control ---- */

static void control_start(void)
{
	char keys[160], rundir[160], statedir[160], address[160], user[64];

	snprintf(keys, sizeof(keys), "keys-folder=%s/sensor-1", t.folder);
	snprintf(rundir, sizeof(rundir), "run-folder=%s", t.rundir);
	snprintf(statedir, sizeof(statedir), "state-folder=%s", t.statedir);
	snprintf(address, sizeof(address), "mitigator.address=127.0.0.1:%u", t.port);
	snprintf(user, sizeof(user), "user=%s", t.user);
	t.control = fork();
	if (t.control == 0) {
		execl(t.program, "banken-control", "--set", keys, "--set", rundir, "--set",
		      statedir, "--set", address, "--set", "health-seconds=1", "--set",
		      "spool.ballast-mb=4", "--set", user, "--set",
		      t.centre ? "centre.address=127.0.0.1:1" : "centre.address=", "--set",
		      getenv("CONTROL_VERBOSE") ? "log-level=debug" : "log-level=error", NULL);
		_exit(127);
	}
}

static void kill_and_wait(pid_t *pid, int sig)
{
	int status;

	if (*pid <= 0)
		return;
	kill(*pid, sig);
	waitpid(*pid, &status, 0);
	*pid = 0;
}

/* ---- the receiver's side ---- */

static int keep(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	sqlite3 *db = ctx;
	sqlite3_stmt *st;
	int rc = 0;

	sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; i < n && rc >= 0; i++) {
		struct message *m;

		rc = seen_new(db, &items[i], e);
		if (rc != 1)
			continue;
		m = message_decode(items[i].payload, e);
		if (!m)
			abort();
		sqlite3_prepare_v2(db, "INSERT INTO arrived VALUES (?, ?, ?)", -1, &st, NULL);
		sqlite3_bind_text(st, 1, message_kind_text(m->kind), -1, SQLITE_STATIC);
		if (m->kind == MESSAGE_REPORT)
			sqlite3_bind_text(st, 1, report_kind_text(m->report.kind), -1,
					  SQLITE_STATIC);
		if (m->kind == MESSAGE_REPORT && m->report.kind == REPORT_ALERT)
			sqlite3_bind_text(st, 2, m->report.alert.id, -1, SQLITE_TRANSIENT);
		sqlite3_bind_int64(
			st, 3, m->kind == MESSAGE_REPORT ? (sqlite3_int64)m->report.sequence : 0);
		if (sqlite3_step(st) != SQLITE_DONE)
			rc = errmsg_set(e, ERR_IO, "%s", sqlite3_errmsg(db));
		sqlite3_finalize(st);
		message_free(m);
	}
	sqlite3_exec(db, rc < 0 ? "ROLLBACK" : "COMMIT", NULL, NULL, NULL);
	return rc < 0 ? rc : 0;
}

static void write_port(unsigned port)
{
	char beside[128];
	FILE *f;

	snprintf(beside, sizeof(beside), "%s.new", t.port_file);
	f = fopen(beside, "w");
	fprintf(f, "%u\n", port);
	fclose(f);
	rename(beside, t.port_file);
}

static void receive_for_ever(void)
{
	char path[128], address[64];
	struct spool_config sc = {.path = path, .no_sync = true, .ballast_bytes = 4096};
	struct loop *loop = loop_new(NULL);
	struct link_setup s = {.loop = loop,
			       .keys = t.mitigator,
			       .peers = ROLE_SET(ROLE_SENSOR),
			       .program = "receiver",
			       .build = "1"};
	struct errmsg e = {0};
	struct link_server *server = NULL;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/receiver-spool.db", t.folder);
	snprintf(address, sizeof(address), "127.0.0.1:%u", t.port);
	sqlite3_open(t.db, &db);
	sqlite3_exec(db,
		     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
		     "CREATE TABLE IF NOT EXISTS arrived (kind TEXT, id TEXT, sequence INTEGER)",
		     NULL, NULL, NULL);
	seen_init(db, &e);
	s.spool = spool_open(&sc, NULL, &e);
	s.ops = (struct link_ops){.store = keep, .ctx = db};
	for (int i = 0; i < 100 && !server; i++) {
		server = link_server_new(&s, address, &e);
		if (!server)
			sleep_ms(20);
	}
	if (!server) {
		fprintf(stderr, "%s\n", e.text);
		_exit(1);
	}
	write_port(link_server_port(server));
	loop_run(loop);
	_exit(0);
}

static void receiver_start(void)
{
	FILE *f = NULL;

	unlink(t.port_file);
	t.receiver = fork();
	if (t.receiver == 0) {
		/* The rings' locks must not live on in here. */
		close_range(3, ~0U, 0);
		receive_for_ever();
	}
	for (int i = 0; i < 500 && !f; i++) {
		sleep_ms(10);
		f = fopen(t.port_file, "r");
	}
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &t.port), 1);
	fclose(f);
}

static int ask_db(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int value = -1;

	sqlite3_open(t.db, &db);
	sqlite3_busy_timeout(db, 2000);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

/* ---- set-up ---- */

static int set_up(void **state)
{
	testdir_make(t.folder);
	testkeys_ca(t.folder);
	t.mitigator = testkeys_issue(t.folder, ROLE_MITIGATOR, "mitigator-1");
	t.sensor = testkeys_issue(t.folder, ROLE_SENSOR, "sensor-1");
	snprintf(t.rundir, sizeof(t.rundir), "%s/run", t.folder);
	snprintf(t.statedir, sizeof(t.statedir), "%s/state", t.folder);
	snprintf(t.db, sizeof(t.db), "%s/receiver.db", t.folder);
	snprintf(t.port_file, sizeof(t.port_file), "%s/port", t.folder);
	t.port = 0;
	t.user = "";
	t.centre = false;
	return mkdir(t.rundir, 0770);
}

static int tear_down(void **state)
{
	kill_and_wait(&t.control, SIGKILL);
	kill_and_wait(&t.receiver, SIGKILL);
	tls_keys_free(t.mitigator);
	tls_keys_free(t.sensor);
	umount2(t.statedir, MNT_DETACH); /* only one test has mounted it */
	testdir_remove(t.folder);
	return 0;
}

/* ---- tests ---- */

enum { ALERTS = 1000 };

static void check_all_once(struct plane *p)
{
	for (int i = 0; i < 1500; i++) {
		if (ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'") == ALERTS)
			break;
		stats_heartbeat(p->stats, now_ns());
		sleep_ms(20);
	}
	assert_int_equal(ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'"),
			 ALERTS);
	assert_int_equal(ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'"), ALERTS);
	/* Each report has a number of its own, whatever was killed. */
	assert_int_equal(ask_db("SELECT count(*) - count(DISTINCT sequence) FROM arrived"), 0);
}

/* Alerts at about 500 a second, while `disturb` is called now and then. */
static void run_storm(struct plane *p, void (*disturb)(struct plane *))
{
	unsigned until = 20 + random_below(100);

	while (p->next_id < ALERTS) {
		while (!put_alert(p))
			sleep_ms(5);
		sleep_ms(2);
		if (--until == 0) {
			disturb(p);
			until = 5 + random_below(60);
		}
	}
}

static void disturb_control(struct plane *p)
{
	kill_and_wait(&t.control, SIGKILL);
	control_start();
}

static void every_alert_arrives_once_when_control_is_killed(void **state)
{
	struct plane p = {0};

	receiver_start();
	plane_start(&p);
	control_start();
	run_storm(&p, disturb_control);
	check_all_once(&p);
	plane_stop(&p);
}

static void disturb_anybody(struct plane *p)
{
	uint64_t id = p->next_id;

	switch (random_below(3)) {
	case 0:
		disturb_control(p);
		break;
	case 1:
		kill_and_wait(&t.receiver, SIGKILL);
		receiver_start();
		break;
	default: /* the dataplane is started anew and goes on in the same rings */
		plane_stop(p);
		plane_start(p);
		p->next_id = id;
	}
}

static void every_alert_arrives_once_when_anybody_is_killed(void **state)
{
	struct plane p = {0};

	receiver_start();
	plane_start(&p);
	control_start();
	run_storm(&p, disturb_anybody);
	check_all_once(&p);
	plane_stop(&p);
}

static json_t *ask(const char *what)
{
	json_t *request = json_pack("{s:s}", "do", what), *answer = NULL;
	struct errmsg e = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/banken-control.sock", t.rundir);
	for (int i = 0; i < 200 && !answer; i++) {
		answer = local_ask(path, request, 1000, &e);
		if (!answer)
			sleep_ms(20);
	}
	json_decref(request);
	if (!answer)
		fail_msg("%s", e.text);
	return answer;
}

/* A mitigator in this process. */
struct mitigator {
	struct loop *loop;
	struct spool *spool;
	struct link_server *server;
	struct plane *plane;
	unsigned up, results, stored_results, statuses, alerts, healths;
	struct watch_result last;
	struct command_status status;
	char reason[256], blind[128], url[64], host_mac[MAC_ADDR_TEXT];
	struct alert alert;
	struct sensor_health health;
	char problem[400];
};

static void take_report(struct mitigator *m, const struct report *r)
{
	if (r->kind == REPORT_WATCH) {
		m->last = r->watch;
		snprintf(m->blind, sizeof(m->blind), "%s", r->watch.blind_reason);
	} else if (r->kind == REPORT_ALERT) {
		m->alerts++;
		m->alert = r->alert;
		snprintf(m->url, sizeof(m->url), "%s", r->alert.url);
		mac_addr_text(&r->alert.host.mac, m->host_mac);
		assert_string_equal(r->alert.classtype, "command-and-control");
		assert_string_equal(r->alert.tactics.items[0], "TA0011");
		assert_string_equal(r->alert.reasons.items[0], "a reason with figures");
		assert_int_equal(r->alert.host.side, HOST_SIDE_INSIDE);
		assert_int_equal(r->alert.peer.side, HOST_SIDE_OUTSIDE);
	} else if (r->kind == REPORT_HEALTH) {
		m->healths++;
		m->health = r->health;
	}
}

static int m_store(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct mitigator *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct message *msg = message_decode(items[i].payload, e);

		assert_non_null(msg);
		if (msg->kind == MESSAGE_STATUS) {
			m->statuses++;
			m->status = msg->status;
			snprintf(m->reason, sizeof(m->reason), "%s", msg->status.reason);
		} else if (msg->kind == MESSAGE_REPORT) {
			m->stored_results += msg->report.kind == REPORT_WATCH;
			take_report(m, &msg->report);
		}
		message_free(msg);
	}
	return 0;
}

static void m_passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct mitigator *m = ctx;
	struct message *msg = message_decode(payload, NULL);

	assert_non_null(msg);
	m->results++;
	take_report(m, &msg->report);
	message_free(msg);
}

static void m_up(void *ctx, const struct identity *peer)
{
	((struct mitigator *)ctx)->up++;
}

static void mitigator_start(struct mitigator *m, struct plane *plane)
{
	char path[128];
	struct spool_config sc = {.path = path, .no_sync = true, .ballast_bytes = 4096};
	struct link_setup s = {.keys = t.mitigator,
			       .peers = ROLE_SET(ROLE_SENSOR),
			       .ops = {m_store, m_passing, m_up, NULL, m},
			       .program = "mitigator",
			       .build = "1"};
	struct errmsg e = {0};

	m->plane = plane;
	snprintf(path, sizeof(path), "%s/mitigator-spool.db", t.folder);
	m->loop = s.loop = loop_new(&e);
	m->spool = s.spool = spool_open(&sc, NULL, &e);
	m->server = link_server_new(&s, "127.0.0.1:0", &e);
	if (!m->server)
		fail_msg("%s", e.text);
	t.port = link_server_port(m->server);
}

static void mitigator_stop(struct mitigator *m)
{
	link_server_delete(m->server);
	spool_close(m->spool);
	loop_delete(m->loop);
}

/* The dataplane's main thread: orders in, heartbeat. */
static void plane_turn(struct plane *p)
{
	struct mailbox_message order;

	stats_heartbeat(p->stats, now_ns());
	while (mailbox_next(p->mailbox, now_ns(), &order)) {
		struct mailbox_answer a = {.id = order.id};

		if (order.kind == MAILBOX_WATCH)
			a.rc = watch_start(p->watch, &order, now_ns());
		else if (order.kind == MAILBOX_UNWATCH)
			a.rc = watch_stop(p->watch, order.watch.slot);
		else if (order.kind == MAILBOX_RESET_HOST) {
			a.value = 7;
			snprintf(a.sentence, sizeof(a.sentence), "7 sessions were reset");
		} else {
			a.rc = ERR_UNSUPPORTED;
			snprintf(a.sentence, sizeof(a.sentence), "no response port is configured");
		}
		mailbox_reply(p->mailbox, &a);
	}
	watch_refresh(p->worker);
}

static void turn(struct mitigator *m)
{
	loop_once(m->loop, 10);
	if (m->plane && m->plane->stats)
		plane_turn(m->plane);
}

#define RUN_UNTIL(m, condition)                                                                    \
	do {                                                                                       \
		uint64_t end = now_ns() + 15 * NS_PER_SEC;                                         \
                                                                                                   \
		while (!(condition) && now_ns() < end)                                             \
			turn(m);                                                                   \
		assert_true(condition);                                                            \
	} while (0)

static void send(struct mitigator *m, struct tls_keys *signer, const struct message *msg)
{
	struct errmsg e = {0};
	struct slice payload;

	if (signer)
		assert_int_equal(sign_message(signer, msg, &payload, &e), 0);
	else
		assert_int_equal(message_encode(msg, &payload, &e), 0);
	assert_int_equal(spool_put(m->spool, "sensor-1", LANE_URGENT, payload, now_ns(), &e), 0);
	link_server_wake(m->server, "sensor-1");
	payload_free(&payload);
}

static struct message watch_message(const char *id)
{
	static const char *exempt[] = {"10.0.0.1/32"};
	struct message m = {.kind = MESSAGE_WATCH};

	m.watch.command_id = id;
	ip_addr_parse("10.0.0.5", &m.watch.host.ip);
	m.watch.exempt = (struct text_list){exempt, 1};
	m.watch.issued = now_ns();
	m.watch.expires = now_ns() + 60 * NS_PER_SEC;
	return m;
}

/* The host tries; the peer answers if `answered`. */
static void host_tries(struct plane *p, bool answered)
{
	struct packet out = {.ip_version = 4, .ip_proto = IP_PROTO_UDP, .sport = 4000, .dport = 53};
	struct packet in;

	ip_addr_parse("10.0.0.5", &out.src);
	ip_addr_parse("203.0.113.9", &out.dst);
	out.now_ns = now_ns();
	in = out;
	in.src = out.dst;
	in.dst = out.src;
	in.sport = 53;
	in.dport = 4000;
	watch_observe(p->worker, &out, 0);
	if (answered)
		watch_observe(p->worker, &in, 0);
}

static void a_watched_host_is_reported_every_200_ms(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	struct message w = watch_message("c-1");
	unsigned before;
	uint64_t began;

	plane_start(&p);
	mitigator_start(&m, &p);
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, m.results > 0 && !m.last.blind);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 1);
	assert_int_equal(m.last.answers, 0);
	host_tries(&p, true);
	RUN_UNTIL(&m, m.last.answers == 1);
	before = m.results;
	began = now_ns();
	RUN_UNTIL(&m, m.results == before + 5);
	assert_true(now_ns() - began > 800 * NS_PER_MS && now_ns() - began < 2000 * NS_PER_MS);
	/* The dataplane is started anew: the watch begins again by itself. */
	plane_stop(&p);
	plane_start(&p);
	RUN_UNTIL(&m, m.last.attempts == 0 && !m.last.blind);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 1);
	/* control is killed: the watch goes on with its counts. */
	kill_and_wait(&t.control, SIGKILL);
	control_start();
	RUN_UNTIL(&m, m.up == 2);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 2);
	w.watch.stop = true;
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, m.stored_results == 1);
	assert_int_equal(m.last.attempts, 2);
	assert_int_equal(m.statuses, 0);
	mitigator_stop(&m);
	plane_stop(&p);
}

static void a_dead_dataplane_makes_the_watch_blind(void **state)
{
	struct mitigator m = {0};
	struct message w = watch_message("c-1");

	mitigator_start(&m, NULL);
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, m.results > 0 && m.last.blind);
	assert_string_equal(m.blind, "banken-dataplane does not run");
	mitigator_stop(&m);
}

static void wrong_orders_are_refused_with_their_reason(void **state)
{
	static const char *bad_exempt[] = {"10.0.0.1/33"};
	struct mitigator m = {0};
	struct plane p = {0};
	struct message w;
	struct errmsg e = {0};
	struct slice payload;

	plane_start(&p);
	mitigator_start(&m, &p);
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	w = watch_message("c-unsigned");
	send(&m, NULL, &w);
	RUN_UNTIL(&m, m.statuses == 1);
	assert_int_equal(m.status.state, COMMAND_STATE_REFUSED);
	assert_string_equal(m.reason, "the watch came without a signature");
	send(&m, t.sensor, &w);
	RUN_UNTIL(&m, m.statuses == 2);
	assert_string_equal(m.reason,
			    "the signer's certificate names sensor-1 as a sensor, but here "
			    "only the role mitigator may speak");
	assert_int_equal(sign_message(t.mitigator, &w, &payload, &e), 0);
	((uint8_t *)payload.data)[12] ^= 1;
	assert_int_equal(spool_put(m.spool, "sensor-1", LANE_URGENT, payload, 1, &e), 0);
	payload_free(&payload);
	w.watch.expires = now_ns() - 1;
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, m.statuses >= 3 && strcmp(m.reason, "the order has expired") == 0);
	w = watch_message("c-exempt");
	w.watch.exempt.items = bad_exempt;
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, strcmp(m.reason, "exempt '10.0.0.1/33' is no address or prefix") == 0);
	w = watch_message("c-future");
	w.watch.issued += 3600 * NS_PER_SEC;
	send(&m, t.mitigator, &w);
	RUN_UNTIL(&m, strcmp(m.reason, "the order comes from the future: check the clocks") == 0);
	assert_int_equal(m.results, 0);
	mitigator_stop(&m);
	plane_stop(&p);
}

static void resets_are_carried_out_once(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	struct message r = {.kind = MESSAGE_RESET};

	plane_start(&p);
	mitigator_start(&m, &p);
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	r.reset.command_id = "r-1";
	ip_addr_parse("10.0.0.5", &r.reset.host.ip);
	r.reset.order_expires = now_ns() + 10 * NS_PER_SEC;
	send(&m, t.mitigator, &r);
	RUN_UNTIL(&m, m.statuses == 1);
	assert_int_equal(m.status.state, COMMAND_STATE_ACKED);
	assert_int_equal(m.status.sessions_cut, 7);
	assert_string_equal(m.reason, "7 sessions were reset");
	send(&m, t.mitigator, &r); /* a replay */
	r.reset.command_id = "r-2";
	r.reset.one_flow = true;
	send(&m, t.mitigator, &r);
	RUN_UNTIL(&m, m.statuses == 2);
	assert_int_equal(m.status.state, COMMAND_STATE_FAILED);
	assert_string_equal(m.reason, "no response port is configured");
	mitigator_stop(&m);
	plane_stop(&p);
}

static void alerts_and_health_say_what_they_should(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	json_t *a, *list;

	plane_start(&p);
	mitigator_start(&m, &p);
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	assert_true(put_alert(&p));
	RUN_UNTIL(&m, m.alerts == 1 && m.healths > 0 && m.health.dataplane_alive);
	assert_string_equal(m.url, "http://bad.example/gate.php");
	assert_string_equal(m.host_mac, "02:00:00:00:00:05");
	assert_true(m.alert.handshake_completed && m.alert.host_is_source);
	assert_int_equal(m.alert.severity, SEVERITY_HIGH);
	assert_int_equal(m.alert.confidence, CONFIDENCE_KNOWN);
	assert_int_equal(m.alert.flow.dst_port, 80);
	/* D10: received = processed + drops */
	assert_int_equal(m.health.rx_packets, 1000);
	assert_int_equal(m.health.processed, 990);
	assert_int_equal(m.health.drops.n, 1);
	assert_int_equal(m.health.rules_loaded, 42);
	assert_int_equal(m.health.rings.n, 2);
	a = ask("status");
	assert_true(json_is_true(json_object_get(a, "ok")));
	assert_true(json_is_true(json_object_get(
		json_object_get(json_object_get(a, "links"), "mitigator"), "connected")));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_object_get(a, "dataplane"), "drops"),
				 "decode.truncated")),
			 10);
	json_decref(a);
	a = ask("alerts");
	list = json_object_get(a, "alerts");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "host")),
			    "10.0.0.5");
	json_decref(a);
	a = ask("config");
	assert_non_null(strstr(json_string_value(json_object_get(a, "yaml")), "health-seconds: 1"));
	json_decref(a);
	/* It ends when it is told to. */
	kill(t.control, SIGTERM);
	int status;

	waitpid(t.control, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	t.control = 0;
	mitigator_stop(&m);
	plane_stop(&p);
}

/* What was put while nobody listened arrives later; garbage in the ring is counted, not fatal. */
static void garbage_in_a_ring_costs_only_itself(void **state)
{
	static uint8_t junk[256] = {1, 2, 3};
	struct mitigator m = {0};
	struct plane p = {0};
	json_t *a;

	plane_start(&p);
	put_alert(&p);
	ring_put(p.rings[RECORD_LANE_ALERT], SLICE(junk, sizeof(junk)));
	put_alert(&p);
	mitigator_start(&m, &p);
	control_start();
	RUN_UNTIL(&m, m.alerts == 2);
	a = ask("status");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(a, "records"), "malformed")), 1);
	json_decref(a);
	mitigator_stop(&m);
	plane_stop(&p);
}

static int64_t figure(const char *group, const char *name, const char *key)
{
	json_t *a = ask("status");
	int64_t n = json_integer_value(
		json_object_get(json_object_get(json_object_get(a, group), name), key));

	json_decref(a);
	return n;
}

static bool has_problem(const char *part)
{
	json_t *a = ask("status"), *item;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(a, "problems"), i, item) found |=
		strstr(json_string_value(item), part) != NULL;
	json_decref(a);
	return found;
}

/* The value behind "key:" in /proc/PID/status. */
static const char *proc_status(pid_t pid, const char *key)
{
	static char line[256];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			break;
	}
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line + strlen(key) + 2;
}

static void it_runs_as_its_own_user_without_rights(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	char cmd[192];

	if (geteuid() != 0)
		skip();
	plane_start(&p);
	mitigator_start(&m, &p);
	snprintf(cmd, sizeof(cmd), "chown -R nobody:nogroup %s && chmod 0755 %s", t.folder,
		 t.folder);
	assert_int_equal(system(cmd), 0);
	t.user = "nobody";
	control_start();
	RUN_UNTIL(&m, m.up == 1);
	assert_true(put_alert(&p));
	RUN_UNTIL(&m, m.alerts == 1);
	assert_non_null(strstr(proc_status(t.control, "Uid"), "65534\t65534\t65534\t65534"));
	assert_string_equal(proc_status(t.control, "CapEff"), "0000000000000000");
	assert_string_equal(proc_status(t.control, "CapPrm"), "0000000000000000");
	assert_string_equal(proc_status(t.control, "CapBnd"), "0000000000000000");
	assert_string_equal(proc_status(t.control, "NoNewPrivs"), "1");
	assert_string_equal(proc_status(t.control, "Groups"), " ");
	mitigator_stop(&m);
	plane_stop(&p);
}

/* A real full disk, with nobody there to take anything. */
static void on_a_full_disk_alerts_are_kept_and_records_go(void **state)
{
	struct plane p = {0};

	mkdir(t.statedir, 0700);
	if (geteuid() != 0 || mount("none", t.statedir, "tmpfs", 0, "size=24m"))
		skip();
	t.centre = true;
	t.port = 1; /* nobody listens there */
	plane_start(&p);
	control_start();
	for (int i = 0; i < 40000; i++) {
		while (!put_record(&p))
			sleep_ms(5);
		if (i % 1000 == 0)
			stats_heartbeat(p.stats, now_ns());
	}
	for (int i = 0; i < 500; i++)
		assert_true(put_alert(&p));
	for (int i = 0; i < 500 && figure("spool", "mitigator", "records") < 500; i++)
		sleep_ms(20);
	assert_true(has_problem("alerts use their reserved share, then the oldest records go"));
	assert_true(figure("spool", "centre", "dropped_records") > 0);
	assert_int_equal(figure("spool", "centre", "dropped_alerts"), 0);
	assert_int_equal(figure("spool", "mitigator", "dropped_alerts"), 0);
	/* kill -9 on the full disk changes nothing. */
	kill_and_wait(&t.control, SIGKILL);
	t.port = 0;
	receiver_start();
	control_start();
	for (int i = 0; i < 500; i++) {
		if (ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'") == 500)
			break;
		sleep_ms(20);
	}
	assert_int_equal(ask_db("SELECT count(DISTINCT id) FROM arrived WHERE kind = 'alert'"),
			 500);
	assert_int_equal(ask_db("SELECT count(*) FROM arrived WHERE kind = 'alert'"), 500);
	plane_stop(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(alerts_and_health_say_what_they_should),
		TEST(garbage_in_a_ring_costs_only_itself),
		TEST(a_watched_host_is_reported_every_200_ms),
		TEST(a_dead_dataplane_makes_the_watch_blind),
		TEST(wrong_orders_are_refused_with_their_reason),
		TEST(resets_are_carried_out_once),
		TEST(it_runs_as_its_own_user_without_rights),
		TEST(on_a_full_disk_alerts_are_kept_and_records_go),
		TEST(every_alert_arrives_once_when_control_is_killed),
		TEST(every_alert_arrives_once_when_anybody_is_killed),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s BANKEN-CONTROL\n", argv[0]);
		return 2;
	}
	t.program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
