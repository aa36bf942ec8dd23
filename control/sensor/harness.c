#include "control/sensor/harness.h"

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
#include "control/wire/testdir.h"
#include "control/wire/testkeys.h"
#include "dataplane/api/paths.h"

struct harness_site site;

uint64_t harness_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

unsigned harness_random_below(unsigned n)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		abort();
	return r % n;
}

void harness_sleep_ms(unsigned ms)
{
	struct timespec d = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&d, NULL);
}

/* ---- the dataplane's side ---- */

void harness_plane_start(struct plane *p)
{
	static const struct stats_name names[] = {{"rx.packets", STATS_COUNT},
						  {"worker.packets", STATS_COUNT},
						  {"worker.bytes", STATS_COUNT},
						  {"decode.truncated", STATS_DROP},
						  {"rules.loaded", STATS_GAUGE}};
	static const struct hash_key key = {3, 4};
	struct errmsg e = {0};
	char path[128];

	for (unsigned lane = 0; lane < RECORD_LANES; lane++) {
		paths_ring(path, sizeof(path), site.rundir, lane, 0);
		p->rings[lane] = ring_create(path, 1 << 20, &e);
		if (!p->rings[lane])
			fail_msg("%s", e.text);
	}
	paths_file(path, sizeof(path), site.rundir, PATHS_STATS);
	p->stats = stats_create(path, names, 5, 1, "0.1.0", &e);
	paths_file(path, sizeof(path), site.rundir, PATHS_WATCH);
	p->watch = watch_create(path, 1, &e);
	p->worker = watch_worker_new(p->watch, 0, key);
	p->mailbox = mailbox_open(site.rundir, true, &e);
	if (!p->mailbox)
		fail_msg("%s", e.text);
	stats_set(p->stats, 0, 0, 1000);
	stats_set(p->stats, 0, 1, 1000);
	stats_set(p->stats, 0, 3, 10);
	stats_set(p->stats, 0, 4, 42);
	stats_heartbeat(p->stats, harness_now_ns());
}

void harness_plane_stop(struct plane *p)
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

bool harness_put_alert(struct plane *p)
{
	static const struct mac_addr host_mac = {{2, 0, 0, 0, 0, 5}};
	_Alignas(8) uint8_t buf[4096];
	struct record r = {0};
	struct record_head *h = record_begin(&r, buf, sizeof(buf));
	struct slice done;

	h->id = p->next_id + 1;
	h->time_ns = harness_now_ns();
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
	record_str(&r, "http_refer", SLICE_LIT("a\0b")); /* as traffic has it */
	record_end(&r);
	done = record_finish(&r);
	if (!ring_put(p->rings[RECORD_LANE_ALERT], done))
		return false;
	p->next_id++;
	return true;
}

/* A record of about 1 KiB. */
bool harness_put_record(struct plane *p)
{
	static const char text[900] = "x";
	_Alignas(8) uint8_t buf[4096];
	struct record r = {0};
	struct record_head *h = record_begin(&r, buf, sizeof(buf));

	h->id = (1ULL << 40) + p->next_record++;
	h->time_ns = harness_now_ns();
	h->lane = RECORD_LANE_EVENT;
	snprintf(h->type, sizeof(h->type), "http");
	record_object(&r, "http");
	record_base64(&r, "url", SLICE(text, sizeof(text)));
	record_end(&r);
	return ring_put(p->rings[RECORD_LANE_EVENT], record_finish(&r));
}

/* ---- control ---- */

void harness_control_start(void)
{
	char keys[160], rundir[160], statedir[160], address[160], user[64];

	snprintf(keys, sizeof(keys), "keys-folder=%s/sensor-1", site.folder);
	snprintf(rundir, sizeof(rundir), "run-folder=%s", site.rundir);
	snprintf(statedir, sizeof(statedir), "state-folder=%s", site.statedir);
	snprintf(address, sizeof(address), "mitigator.address=127.0.0.1:%u", site.port);
	snprintf(user, sizeof(user), "user=%s", site.user);
	site.control = fork();
	if (site.control == 0) {
		execl(site.program, "banken-control", "--set", keys, "--set", rundir, "--set",
		      statedir, "--set", address, "--set", "health-seconds=1", "--set",
		      "spool.ballast-mb=4", "--set", user, "--set",
		      site.centre ? "centre.address=127.0.0.1:1" : "centre.address=", "--set",
		      getenv("CONTROL_VERBOSE") ? "log-level=debug" : "log-level=error", NULL);
		_exit(127);
	}
}

void harness_kill_and_wait(pid_t *pid, int sig)
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

	snprintf(beside, sizeof(beside), "%s.new", site.port_file);
	f = fopen(beside, "w");
	fprintf(f, "%u\n", port);
	fclose(f);
	rename(beside, site.port_file);
}

static void receive_for_ever(void)
{
	char path[128], address[64];
	struct spool_config sc = {.path = path, .no_sync = true, .ballast_bytes = 4096};
	struct loop *loop = loop_new(NULL);
	struct link_setup s = {.loop = loop,
			       .keys = site.mitigator,
			       .peers = ROLE_SET(ROLE_SENSOR),
			       .program = "receiver",
			       .build = "1"};
	struct errmsg e = {0};
	struct link_server *server = NULL;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/receiver-spool.db", site.folder);
	snprintf(address, sizeof(address), "127.0.0.1:%u", site.port);
	sqlite3_open(site.db, &db);
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
			harness_sleep_ms(20);
	}
	if (!server) {
		fprintf(stderr, "%s\n", e.text);
		_exit(1);
	}
	write_port(link_server_port(server));
	loop_run(loop);
	_exit(0);
}

void harness_receiver_start(void)
{
	FILE *f = NULL;

	unlink(site.port_file);
	site.receiver = fork();
	if (site.receiver == 0) {
		/* The rings' locks must not live on in here. */
		close_range(3, ~0U, 0);
		receive_for_ever();
	}
	for (int i = 0; i < 500 && !f; i++) {
		harness_sleep_ms(10);
		f = fopen(site.port_file, "r");
	}
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &site.port), 1);
	fclose(f);
}

int harness_ask_db(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int value = -1;

	sqlite3_open(site.db, &db);
	sqlite3_busy_timeout(db, 2000);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

/* ---- set-up ---- */

int harness_set_up(void **state)
{
	testdir_make(site.folder);
	testkeys_ca(site.folder);
	site.mitigator = testkeys_issue(site.folder, ROLE_MITIGATOR, "mitigator-1");
	site.sensor = testkeys_issue(site.folder, ROLE_SENSOR, "sensor-1");
	snprintf(site.rundir, sizeof(site.rundir), "%s/run", site.folder);
	snprintf(site.statedir, sizeof(site.statedir), "%s/state", site.folder);
	snprintf(site.db, sizeof(site.db), "%s/receiver.db", site.folder);
	snprintf(site.port_file, sizeof(site.port_file), "%s/port", site.folder);
	site.port = 0;
	site.user = "";
	site.centre = false;
	return mkdir(site.rundir, 0770);
}

int harness_tear_down(void **state)
{
	harness_kill_and_wait(&site.control, SIGKILL);
	harness_kill_and_wait(&site.receiver, SIGKILL);
	tls_keys_free(site.mitigator);
	tls_keys_free(site.sensor);
	umount2(site.statedir, MNT_DETACH); /* only one test has mounted it */
	testdir_remove(site.folder);
	return 0;
}

json_t *harness_ask(const char *what)
{
	json_t *request = json_pack("{s:s}", "do", what), *answer = NULL;
	struct errmsg e = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/banken-control.sock", site.rundir);
	for (int i = 0; i < 200 && !answer; i++) {
		answer = local_ask(path, request, 1000, &e);
		if (!answer)
			harness_sleep_ms(20);
	}
	json_decref(request);
	if (!answer)
		fail_msg("%s", e.text);
	return answer;
}
