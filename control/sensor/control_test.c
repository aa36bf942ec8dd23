/* The real banken-control: what it reports and how it carries orders out. */
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

#include "control/sensor/harness.h"
#include "control/wire/link.h"
#include "control/wire/message.h"
#include "control/wire/sign.h"

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
	struct link_setup s = {.keys = site.mitigator,
			       .peers = ROLE_SET(ROLE_SENSOR),
			       .ops = {m_store, m_passing, m_up, NULL, m},
			       .program = "mitigator",
			       .build = "1"};
	struct errmsg e = {0};

	m->plane = plane;
	snprintf(path, sizeof(path), "%s/mitigator-spool.db", site.folder);
	m->loop = s.loop = loop_new(&e);
	m->spool = s.spool = spool_open(&sc, NULL, &e);
	m->server = link_server_new(&s, "127.0.0.1:0", &e);
	if (!m->server)
		fail_msg("%s", e.text);
	site.port = link_server_port(m->server);
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

	stats_heartbeat(p->stats, harness_now_ns());
	while (mailbox_next(p->mailbox, harness_now_ns(), &order)) {
		struct mailbox_answer a = {.id = order.id};

		if (order.kind == MAILBOX_WATCH && p->full && p->full--)
			a.rc = ERR_NOMEM;
		else if (order.kind == MAILBOX_WATCH)
			a.rc = watch_start(p->watch, &order, harness_now_ns());
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
		uint64_t end = harness_now_ns() + 15 * NS_PER_SEC;                                 \
                                                                                                   \
		while (!(condition) && harness_now_ns() < end)                                     \
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
	assert_int_equal(
		spool_put(m->spool, "sensor-1", LANE_URGENT, payload, harness_now_ns(), &e), 0);
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
	m.watch.issued = harness_now_ns();
	m.watch.expires = harness_now_ns() + 60 * NS_PER_SEC;
	return m;
}

/* The host tries; the peer answers if `answered`. */
static void host_tries(struct plane *p, bool answered)
{
	struct packet out = {.ip_version = 4, .ip_proto = IP_PROTO_UDP, .sport = 4000, .dport = 53};
	struct packet in;

	ip_addr_parse("10.0.0.5", &out.src);
	ip_addr_parse("203.0.113.9", &out.dst);
	out.now_ns = harness_now_ns();
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

	harness_plane_start(&p);
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, m.results > 0 && !m.last.blind);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 1);
	assert_int_equal(m.last.answers, 0);
	host_tries(&p, true);
	RUN_UNTIL(&m, m.last.answers == 1);
	before = m.results;
	began = harness_now_ns();
	RUN_UNTIL(&m, m.results >= before + 5);
	assert_true(harness_now_ns() - began > 800 * NS_PER_MS &&
		    harness_now_ns() - began < 2000 * NS_PER_MS);
	/* The dataplane is started anew: the watch begins again by itself. */
	harness_plane_stop(&p);
	harness_plane_start(&p);
	RUN_UNTIL(&m, m.last.attempts == 0 && !m.last.blind);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 1);
	/* control is killed: the watch goes on with its counts. */
	harness_kill_and_wait(&site.control, SIGKILL);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 2);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 2);
	w.watch.stop = true;
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, m.stored_results == 1);
	assert_int_equal(m.last.attempts, 2);
	assert_int_equal(m.statuses, 0);
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

/* What the dataplane could not do just then is asked of it again, without waiting for the renewal
 * of the order. */
static void a_watch_that_did_not_begin_is_tried_again(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	struct message w = watch_message("c-1");

	harness_plane_start(&p);
	p.full = 2;
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, m.results > 0 && m.last.blind && strcmp(m.blind, "refused") == 0);
	RUN_UNTIL(&m, !m.last.blind);
	assert_int_equal(p.full, 0);
	host_tries(&p, false);
	RUN_UNTIL(&m, m.last.attempts == 1);
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

static void a_dead_dataplane_makes_the_watch_blind(void **state)
{
	struct mitigator m = {0};
	struct message w = watch_message("c-1");

	mitigator_start(&m, NULL);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	send(&m, site.mitigator, &w);
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

	harness_plane_start(&p);
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	w = watch_message("c-unsigned");
	send(&m, NULL, &w);
	RUN_UNTIL(&m, m.statuses == 1);
	assert_int_equal(m.status.state, COMMAND_STATE_REFUSED);
	assert_string_equal(m.reason, "the watch came without a signature");
	send(&m, site.sensor, &w);
	RUN_UNTIL(&m, m.statuses == 2);
	assert_string_equal(m.reason,
			    "the signer's certificate names sensor-1 as a sensor, but here "
			    "only the role mitigator may speak");
	assert_int_equal(sign_message(site.mitigator, &w, &payload, &e), 0);
	((uint8_t *)payload.data)[12] ^= 1;
	assert_int_equal(spool_put(m.spool, "sensor-1", LANE_URGENT, payload, 1, &e), 0);
	payload_free(&payload);
	w.watch.expires = harness_now_ns() - 1;
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, m.statuses >= 3 && strcmp(m.reason, "the order has expired") == 0);
	w = watch_message("c-exempt");
	w.watch.exempt.items = bad_exempt;
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, strcmp(m.reason, "exempt '10.0.0.1/33' is no address or prefix") == 0);
	w = watch_message("c-future");
	w.watch.issued += 3600 * NS_PER_SEC;
	send(&m, site.mitigator, &w);
	RUN_UNTIL(&m, strcmp(m.reason, "the order comes from the future: check the clocks") == 0);
	assert_int_equal(m.results, 0);
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

static void resets_are_carried_out_once(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	struct message r = {.kind = MESSAGE_RESET};

	harness_plane_start(&p);
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	r.reset.command_id = "r-1";
	ip_addr_parse("10.0.0.5", &r.reset.host.ip);
	r.reset.order_expires = harness_now_ns() + 10 * NS_PER_SEC;
	send(&m, site.mitigator, &r);
	RUN_UNTIL(&m, m.statuses == 1);
	assert_int_equal(m.status.state, COMMAND_STATE_ACKED);
	assert_int_equal(m.status.sessions_cut, 7);
	assert_string_equal(m.reason, "7 sessions were reset");
	send(&m, site.mitigator, &r); /* a replay */
	r.reset.command_id = "r-2";
	r.reset.one_flow = true;
	send(&m, site.mitigator, &r);
	RUN_UNTIL(&m, m.statuses == 2);
	assert_int_equal(m.status.state, COMMAND_STATE_FAILED);
	assert_string_equal(m.reason, "no response port is configured");
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

static void alerts_and_health_say_what_they_should(void **state)
{
	struct mitigator m = {0};
	struct plane p = {0};
	json_t *a, *list;

	harness_plane_start(&p);
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	assert_true(harness_put_alert(&p));
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
	a = harness_ask("status");
	assert_true(json_is_true(json_object_get(a, "ok")));
	assert_true(json_is_true(json_object_get(
		json_object_get(json_object_get(a, "links"), "mitigator"), "connected")));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_object_get(a, "dataplane"), "drops"),
				 "decode.truncated")),
			 10);
	json_decref(a);
	a = harness_ask("alerts");
	list = json_object_get(a, "alerts");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "host")),
			    "10.0.0.5");
	json_decref(a);
	a = harness_ask("config");
	assert_non_null(strstr(json_string_value(json_object_get(a, "yaml")), "health-seconds: 1"));
	json_decref(a);
	/* It ends when it is told to. */
	kill(site.control, SIGTERM);
	int status;

	waitpid(site.control, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	site.control = 0;
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

/* What was put while nobody listened arrives later; garbage in the ring is counted, not fatal. */
static void garbage_in_a_ring_costs_only_itself(void **state)
{
	static uint8_t junk[256] = {1, 2, 3};
	struct mitigator m = {0};
	struct plane p = {0};
	json_t *a;

	harness_plane_start(&p);
	harness_put_alert(&p);
	ring_put(p.rings[RECORD_LANE_ALERT], SLICE(junk, sizeof(junk)));
	harness_put_alert(&p);
	mitigator_start(&m, &p);
	harness_control_start();
	RUN_UNTIL(&m, m.alerts == 2);
	a = harness_ask("status");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(a, "records"), "malformed")), 1);
	json_decref(a);
	mitigator_stop(&m);
	harness_plane_stop(&p);
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
	harness_plane_start(&p);
	mitigator_start(&m, &p);
	snprintf(cmd, sizeof(cmd), "chown -R nobody:nogroup %s && chmod 0755 %s", site.folder,
		 site.folder);
	assert_int_equal(system(cmd), 0);
	site.user = "nobody";
	harness_control_start();
	RUN_UNTIL(&m, m.up >= 1);
	assert_true(harness_put_alert(&p));
	RUN_UNTIL(&m, m.alerts == 1);
	assert_non_null(strstr(proc_status(site.control, "Uid"), "65534\t65534\t65534\t65534"));
	assert_string_equal(proc_status(site.control, "CapEff"), "0000000000000000");
	assert_string_equal(proc_status(site.control, "CapPrm"), "0000000000000000");
	assert_string_equal(proc_status(site.control, "CapBnd"), "0000000000000000");
	assert_string_equal(proc_status(site.control, "NoNewPrivs"), "1");
	assert_string_equal(proc_status(site.control, "Groups"), " ");
	mitigator_stop(&m);
	harness_plane_stop(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(alerts_and_health_say_what_they_should),
		TEST(garbage_in_a_ring_costs_only_itself),
		TEST(a_watched_host_is_reported_every_200_ms),
		TEST(a_watch_that_did_not_begin_is_tried_again),
		TEST(a_dead_dataplane_makes_the_watch_blind),
		TEST(wrong_orders_are_refused_with_their_reason),
		TEST(resets_are_carried_out_once),
		TEST(it_runs_as_its_own_user_without_rights),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s BANKEN-CONTROL\n", argv[0]);
		return 2;
	}
	site.program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
