/* banken-mitigator: decides on cuts, has them carried out and sees that they work. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/external/receiver.h"
#include "control/mitigator/host/host_store.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/notify.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "control/wire/enrol/ask.h"
#include "control/wire/program.h"
#include "control/wire/seen.h"
#include "dataplane/base/clock.h"

enum {
	DECIDE_MS = 500,     /* between looks at judgements, ports and the kill switch */
	TELL_MS = 200,	     /* the centre is told at most this often */
	FULL_STATE_S = 3600, /* ... and everything this often */
	SAVE_HOSTS = 2000,   /* a turn */
	TURN_MAX_MS = 1000,
};

static const char usage[] =
	"usage: banken-mitigator [-c FILE] [--set KEY=VALUE]...\n"
	"\n"
	"Receives the sensors' reports, decides by the policy whether a host is cut, orders it\n"
	"from the drivers and verifies on the wire that it is. Started as root it becomes 'user'.\n"
	"\n"
	"  -c FILE          configuration (YAML)\n"
	"  --set KEY=VALUE  one key, e.g. --set policy=/etc/banken/policy.yaml\n"
	"  --print-config   all keys with their values and meaning, and end\n"
	"  --help, --version\n"
	"\n"
	"signals: SIGHUP reads the policy again\n"
	"\n"
	"examples:\n"
	"  banken-mitigator -c /etc/banken/mitigator.yaml\n"
	"  banken-mitigator --set listen=10.0.0.5:7443 --set centre.address=192.0.2.10:7444\n";

struct cut_now mitigator_now(const struct mitigator *m)
{
	return (struct cut_now){loop_wall(m->loop), loop_now(m->loop)};
}

/* ---- the turn's transaction ---- */

static int sql(struct mitigator *m, const char *text, struct errmsg *e)
{
	if (sqlite3_exec(m->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	m->count.failures++;
	return errmsg_set(e, ERR_IO, "%s/mitigator.db: %s", m->settings.state_folder,
			  sqlite3_errmsg(m->db));
}

int mitigator_begin(struct mitigator *m, struct errmsg *e)
{
	int rc = m->in_transaction ? 0 : sql(m, "BEGIN IMMEDIATE", e);

	if (rc == 0)
		m->in_transaction = true;
	return rc;
}

enum { ROUNDS = 4 };
/* What a cut needs is never removed. */
static const char *const history[] = {
	"DELETE FROM judgement WHERE rowid IN (SELECT rowid FROM judgement ORDER BY time LIMIT "
	"400)",
	"DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY time LIMIT 100)",
	"DELETE FROM incident WHERE number IN (SELECT number FROM incident WHERE closed<>0 ORDER "
	"BY number LIMIT 50); DELETE FROM incident_step WHERE incident NOT IN (SELECT number FROM "
	"incident)",
};

/* Back to what is stored. What is forgotten comes again: sensors send what was not acknowledged. */
static void forget(struct mitigator *m, const struct errmsg *why)
{
	bool full = room_refused(&m->room, "the oldest judgements and events go");
	struct errmsg e;

	log_error(&m->log, "the turn is forgotten: %s", full ? m->room.trouble.text : why->text);
	sqlite3_exec(m->db, "ROLLBACK", NULL, NULL, NULL);
	m->in_transaction = false;
	m->turn_broken = false;
	if (cuts_rollback(m->decide.cuts, mitigator_now(m), &e) < 0 ||
	    incidents_open(m->decide.incidents, m->db, &e) < 0)
		log_error(&m->log, "%s", e.text);
}

static int drop_outbox(struct mitigator *m, struct errmsg *e)
{
	char text[96];

	if (!m->outbox_done)
		return 0;
	snprintf(text, sizeof(text), "DELETE FROM outbox WHERE n<=%llu",
		 (unsigned long long)m->outbox_done);
	return sql(m, text, e);
}

int mitigator_commit(struct mitigator *m, struct errmsg *e)
{
	struct errmsg why = {""};
	int rc = 0;

	if (!m->in_transaction)
		return 0;
	if (m->turn_broken)
		rc = errmsg_set(&why, ERR_IO, "a record of it could not be kept");
	if (rc < 0 || cuts_failed(m->decide.cuts, &why) || recover_failed(m) ||
	    drop_outbox(m, &why) < 0 || incidents_flush(m->decide.incidents, &why) < 0 ||
	    host_store_save(m->db, m->decide.hosts, mitigator_now(m).wall, SAVE_HOSTS, &why) < 0 ||
	    sql(m, "COMMIT", &why) < 0)
		rc = ERR_IO;
	if (rc < 0) {
		forget(m, &why);
		return errmsg_set(e, rc, "%s", why.text);
	}
	m->in_transaction = false;
	room_committed(&m->room);
	if (room_tight(&m->room))
		room_make(&m->room, history, ARRAY_SIZE(history), ROUNDS);
	m->count.commits++;
	audit_flush(m);
	tell_outbox(m);
	cuts_effects(m->decide.cuts, mitigator_now(m));
	recover_effects(m);
	return 0;
}

/* ---- one turn ---- */

static void look_around(struct mitigator *m)
{
	if (room_look(&m->room, mitigator_now(m).mono / NS_PER_SEC))
		log_info(&m->log, "the disk has room again; %llu old rows are gone",
			 (unsigned long long)m->room.freed);
	stop_look(m);
	clock_look(m);
	decide_tick(&m->decide, mitigator_now(m));
	ordered_tick(m);
	recover_tick(m);
	vendor_tick(m);
	remote_tick(m);
	audit_tick(m);
	undo_tick(m);
	m->next_tick = mitigator_now(m).mono + DECIDE_MS * NS_PER_MS;
}

static void wake(void *ctx)
{
}

static void set_alarm(struct mitigator *m, uint64_t due)
{
	uint64_t now = mitigator_now(m).mono;
	uint64_t in = due > now ? due - now : 1;

	if (in > DECIDE_MS * NS_PER_MS)
		in = DECIDE_MS * NS_PER_MS;
	m->timer.fn = wake;
	loop_timer_set(m->loop, &m->timer, in);
}

static void turn(struct mitigator *m)
{
	struct errmsg e = {""};
	uint64_t due = 0;

	if (mitigator_begin(m, &e) < 0) {
		log_error(&m->log, "%s", e.text);
		set_alarm(m, UINT64_MAX);
		return;
	}
	if (mitigator_now(m).mono >= m->next_tick)
		look_around(m);
	orders_tick(m);
	due = cuts_tick(m->decide.cuts, mitigator_now(m));
	if (mitigator_commit(m, &e) < 0)
		log_error(&m->log, "%s", e.text);
	if (mitigator_now(m).mono - m->told >= TELL_MS * NS_PER_MS)
		tell_state(m, false);
	pages_tick(m);
	set_alarm(m, due);
}

/* ---- start ---- */

static int open_db(struct mitigator *m, struct errmsg *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/mitigator.db", m->settings.state_folder);
	if (sqlite3_open(path, &m->db) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "%s: %s", path, sqlite3_errmsg(m->db));
	sqlite3_busy_timeout(m->db, 2000);
	if (sql(m, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", e) < 0 ||
	    seen_init(m->db, e) < 0 || host_store_init(m->db, e) < 0 || tell_open(m, e) < 0)
		return ERR_IO;
	m->store = cut_store_new(m->db, m->cut_methods, m->methods_n, e);
	if (!m->store)
		return ERR_IO;
	room_keep(&m->room, m->db, path);
	if (care_start(m, e) < 0 || vendor_start(m, e) < 0 || remote_start(m, e) < 0 ||
	    except_start(m, e) < 0 || collect_start(m, e) < 0 || stop_start(m, e) < 0 ||
	    own_start(m, e) < 0 || change_start(m, e) < 0 || edit_start(m, e) < 0 ||
	    peers_start(m, e) < 0)
		return ERR_IO;
	return audit_start(m, e);
}

static int make_tables(struct mitigator *m, struct errmsg *e)
{
	struct fuse_limits none = {0};
	struct cuts_setup setup = {.mitigator = m->name,
				   .store = m->store,
				   .sink = orders_sink(m),
				   .methods_n = m->methods_n,
				   .watches_max = (unsigned)m->settings.watches};

	if (m->notify.fd < 0)
		setup.message_note = "no channel to the user is configured";
	memcpy(setup.methods, m->cut_methods, sizeof(setup.methods));
	m->decide.hosts = hosts_new();
	m->decide.incidents = incidents_new();
	m->decide.cuts = cuts_new(&setup);
	m->decide.protect = protect_new();
	m->decide.fuse = fuse_new(&none);
	m->decide.sink = tell_sink(m);
	m->decide.no_channel = m->notify.fd < 0;
	if (!m->decide.hosts || !m->decide.incidents || !m->decide.cuts || !m->decide.protect ||
	    !m->decide.fuse)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	return 0;
}

static void recount(void *ctx, const char *host_id, uint64_t opened)
{
	struct mitigator *m = ctx;

	decide_recount(&m->decide, host_id, opened, mitigator_now(m));
}

static uint64_t before(uint64_t now, uint64_t span)
{
	return now > span ? now - span : 0;
}

static int recover(struct mitigator *m, struct errmsg *e)
{
	if (host_store_load(m->db, m->decide.hosts, e) < 0 ||
	    incidents_open(m->decide.incidents, m->db, e) < 0)
		return ERR_IO;
	if (adopt_recover(m, e) < 0)
		return ERR_IO;
	decide_reload(&m->decide, m->policy, mitigator_now(m));
	if (cuts_recover(m->decide.cuts, mitigator_now(m), e) < 0)
		return ERR_IO;
	decide_recover(&m->decide, mitigator_now(m));
	if (cut_store_counted(m->store, before(mitigator_now(m).wall, m->policy->fuse_window),
			      recount, m, e) < 0)
		return ERR_IO;
	own_protect(m);
	stop_look(m);
	return 0;
}

static int open_links(struct mitigator *m, struct errmsg *e)
{
	struct link_setup setup = {.loop = m->loop,
				   .keys = m->keys,
				   .spool = m->spool,
				   .log = &m->log,
				   .ops = ingest_server_ops(m),
				   .peers = ROLE_SET(ROLE_SENSOR) | ROLE_SET(ROLE_ENFORCER),
				   .program = "banken-mitigator",
				   .build = BANKEN_VERSION};

	m->server = link_server_new(&setup, m->settings.listen, e);
	if (!m->server)
		return ERR_IO;
	if (!m->settings.centre.address[0])
		return 0;
	setup.ops = ingest_centre_ops(m);
	setup.peers = ROLE_SET(ROLE_CENTRE);
	m->centre = link_new(&setup, "centre", m->settings.centre.address, e);
	return m->centre ? 0 : ERR_INVALID;
}

/* Two of us with one state would each undo what the other does. The lock goes with the process. */
static int lock_state(struct mitigator *m, struct errmsg *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/lock", m->settings.state_folder);
	m->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->lock < 0)
		return errmsg_set(e, ERR_IO, "%s cannot be opened", path);
	if (flock(m->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errmsg_set(e, ERR_EXISTS,
			  "another banken-mitigator works in %s: end it, or give this one a "
			  "state-folder of its own",
			  m->settings.state_folder);
}

static int open_state(struct mitigator *m, struct errmsg *e)
{
	struct spool_config spool = {.max_bytes = 256 << 20};
	char path[512];

	snprintf(path, sizeof(path), "%s/spool.db", m->settings.state_folder);
	spool.path = path;
	if (lock_state(m, e) < 0)
		return ERR_IO;
	if (open_db(m, e) < 0)
		return ERR_IO;
	m->spool = spool_open(&spool, NULL, e);
	return m->spool ? 0 : ERR_IO;
}

/* Helpers are forked before there is a key in memory, and before the rights go. */
static int give_up_rights(struct mitigator *m, struct errmsg *e)
{
	const char *undo = m->settings.undo_folder;
	int rc;

	if (undo[0])
		snprintf(m->undo_folder, sizeof(m->undo_folder), "%s", undo);
	else
		snprintf(m->undo_folder, sizeof(m->undo_folder), "%s/undo",
			 m->settings.state_folder);
	rc = privs_own_folder(m->settings.state_folder, m->settings.user, e);
	if (rc == 0)
		rc = privs_own_folder(m->undo_folder, m->settings.user, e);
	if (rc == 0)
		rc = orders_start(m, e);
	if (rc == 0)
		rc = recover_helpers(m, e);
	if (rc == 0)
		rc = notify_start(m->settings.notify_program, m->settings.user, &m->notify, e);
	if (rc == 0)
		rc = privs_become(m->settings.user, 0, false, e);
	if (rc == 0)
		rc = privs_confine(SANDBOX_MITIGATOR, "banken-mitigator", e);
	return rc;
}

static void on_signal(void *ctx, uint32_t number)
{
	struct mitigator *m = ctx;
	struct errmsg e;

	if (number == SIGHUP && adopt_again(m, "SIGHUP", &e) < 0)
		log_error(&m->log, "the policy stays as it was: %s", e.text);
	m->stopping = m->stopping || number != SIGHUP;
}

static int start(struct mitigator *m, struct errmsg *e)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	int rc = give_up_rights(m, e);

	if (rc < 0)
		return rc;
	if (!m->settings.time_zone[0])
		zone_of_machine(&m->zone);
	else if (zone_set(&m->zone, m->settings.time_zone, e))
		return ERR_INVALID;
	m->loop = loop_new(e);
	m->policy = m->loop ? policy_load(m->settings.policy, e) : NULL;
	if (!m->policy || enrol_at_start(m->settings.enrolment_code, m->settings.centre.address,
					 m->settings.keys_folder, ROLE_MITIGATOR, &m->log, e))
		return ERR_INVALID;
	m->keys = tls_keys_load(m->settings.keys_folder, ROLE_MITIGATOR, e);
	if (!m->keys)
		return ERR_INVALID;
	tls_keys_sites(m->keys, m->settings.sites.items, m->settings.sites.n);
	m->name = tls_keys_identity(m->keys)->name;
	m->started = loop_wall(m->loop);
	rc = open_state(m, e);
	if (rc == 0)
		rc = make_tables(m, e);
	if (rc == 0)
		rc = recover(m, e);
	if (rc == 0)
		rc = ordered_start(m, e);
	if (rc == 0)
		rc = recover_start(m, e);
	if (rc == 0)
		rc = orders_attach(m, e);
	if (rc == 0)
		rc = steer_start(m, e);
	if (rc == 0)
		rc = open_links(m, e);
	if (rc == 0)
		rc = local_listen(m, e);
	if (rc == 0)
		rc = outside_listen(m, e);
	if (rc == 0)
		rc = pages_start(m, e);
	if (rc == 0)
		rc = loop_signals(m->loop, signals, 3, on_signal, m);
	return rc;
}

static void stop(struct mitigator *m)
{
	receiver_free(m->external);
	pages_stop(m);
	ordered_stop(m);
	local_server_delete(m->local);
	link_server_delete(m->server);
	link_delete(m->centre);
	box_delete(m->box);
	peers_stop(m);
	orders_stop(m);
	recover_stop(m);
	helper_stop(&m->notify);
	cuts_free(m->decide.cuts);
	cut_store_free(m->store);
	incidents_free(m->decide.incidents);
	hosts_free(m->decide.hosts);
	protect_free(m->decide.protect);
	fuse_free(m->decide.fuse);
	policy_free(m->policy);
	spool_close(m->spool);
	audit_close(m->audit);
	sqlite3_close(m->db);
	tls_keys_free(m->keys);
	loop_delete(m->loop);
}

static int run(struct mitigator *m)
{
	struct errmsg e = {""};

	m->notify.fd = -1;
	m->log = (struct log){"banken-mitigator", (enum log_level)m->settings.log_level, 2};
	if (start(m, &e) < 0) {
		log_error(&m->log, "%s", e.text);
		stop(m);
		return 2;
	}
	adopt_report(m);
	if (m->notify.fd < 0)
		log_info(&m->log, "no notify-program: nobody is mailed or messaged from here");
	log_info(&m->log, "listening on %s; policy %s; %u hosts, %u open cuts", m->settings.listen,
		 m->policy->name, hosts_count(m->decide.hosts), cuts_count(m->decide.cuts));
	cuts_effects(m->decide.cuts, mitigator_now(m));
	tell_outbox(m);
	tell_state(m, true);
	presence_begin(&m->presence, m->loop, "decides on cuts");
	while (!m->stopping) {
		turn(m);
		loop_once(m->loop, TURN_MAX_MS);
	}
	presence_end(&m->presence);
	log_info(&m->log, "stopped; %u open cuts stay", cuts_count(m->decide.cuts));
	stop(m);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct program program = {"banken-mitigator", BANKEN_VERSION, usage,
					       settings_keys};
	struct mitigator *m = calloc(1, sizeof(*m));
	struct config *memory;
	int status = 2;

	if (!m)
		return 2;
	memory = program_start(&program, argc, argv, &m->settings, sizeof(m->settings), &status);
	if (memory)
		status = run(m);
	config_free(memory);
	free(m);
	return status;
}
