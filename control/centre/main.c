/* banken-centre: gathers sites, keeps their history, shows pages and makes reports. */
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/centre/api/pages.h"
#include "control/centre/centre.h"
#include "control/centre/demo/demo.h"
#include "control/centre/demo/fleet.h"
#include "control/centre/ingest/ingest.h"
#include "control/wire/enrol/place.h"
#include "control/centre/orders.h"
#include "control/centre/report_file.h"
#include "control/centre/store/assessments.h"
#include "control/centre/store/schedule.h"
#include "control/centre/store/templates.h"
#include "control/helper/privs.h"
#include "control/wire/local.h"
#include "control/wire/program.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"
#include "signatures/bundle/disk.h"

static const char usage[] =
	"usage: banken-centre [-c FILE] [--set KEY=VALUE]...\n"
	"\n"
	"Receives from sensors and mitigators, stores, shows pages and writes daily reports.\n"
	"\n"
	"  -c FILE          configuration (YAML); without it the defaults hold\n"
	"  --set KEY=VALUE  one key, e.g. --set pages.listen=127.0.0.1:8081\n"
	"  --demo           shows three customers' ninety days, made up, on the pages; nothing is\n"
	"                   received or kept. Log in as administrator, analyst, operator, or as\n"
	"                   viewer@aoba, approver@minato, administrator@kita, ...; the password\n"
	"                   of all is " DEMO_PASSWORD "\n"
	"  --print-config   all keys with their values and meaning, and end\n"
	"  --help, --version\n"
	"\n"
	"examples:\n"
	"  banken-centre -c /etc/banken/centre.yaml\n"
	"  banken-centre --demo --set pages.listen=127.0.0.1:8080\n"
	"  banken-centre --set keys-folder=/etc/banken/keys/centre --set listen=*:7444\n";

/* --- timers --- */

enum { GATHER_MS = 500 }; /* beyond one machine: an insert costs much, a row in it little */

enum { EXPIRE_EVERY_S = 60, EXPIRE_MOST = 20000, REPORT_EVERY_S = 600 };

static void expire(void *ctx)
{
	struct centre *c = ctx;
	uint64_t now = loop_wall(c->loop), keep = c->config.retention_days * NS_PER_DAY;
	long gone = now > keep ? store_expire(c->store, now - keep, EXPIRE_MOST) : 0;

	if (gone > 0)
		log_info(&c->log, "%ld records were older than %llu days and are gone", gone,
			 (unsigned long long)c->config.retention_days);
	store_look(c->store, loop_now(c->loop) / NS_PER_SEC);
	loop_timer_set(c->loop, &c->expiry, EXPIRE_EVERY_S * NS_PER_SEC);
}

static void today_made(struct scribe_job *job, const char *error)
{
	struct centre *c = job->ctx;
	const struct report_files files = centre_report_files(c);
	struct errmsg err = {""};

	c->is_today_made = false;
	if (!error[0] && report_file_adopt_all(&files, &job->order, &err) != ERR_OK)
		error = err.text;
	if (error[0])
		log_error(&c->log, "today's report: %s", error);
}

/* Today's report is on disk all day, so far; the last ones stay. A month's of everybody is made
 * when somebody asks (`banken report monthly`), a customer's own when the month is over. */
static void write_reports(void *ctx)
{
	static const struct store_scope all = {"", ""};
	struct centre *c = ctx;
	const struct report_files files = centre_report_files(c);
	uint64_t now = loop_wall(c->loop);
	struct errmsg err;

	loop_timer_set(c->loop, &c->report, REPORT_EVERY_S * NS_PER_SEC);
	if (c->is_today_made)
		return;
	/* At the desk where people's are made: two would not write one file at a time. */
	c->today = (struct scribe_job){.desk = SCRIBE_ASKED, .done = today_made, .ctx = c};
	c->is_today_made = true;
	if (report_file_order(&files, REPORT_OF_DAY, &all, now, now, &c->today.order, &err) !=
		    ERR_OK ||
	    scribe_do(c->scribe, &c->today, &err) != ERR_OK) {
		c->is_today_made = false;
		log_error(&c->log, "%s", err.text);
	}
}

static void on_signal(void *ctx, uint32_t number)
{
	struct centre *c = ctx;

	(void)number;
	loop_stop(c->loop);
}

/* --- start --- */

static int open_store(struct centre *c, struct errmsg *err)
{
	struct spool_config spool = {0};
	struct errmsg note;
	char spool_path[512];

	c->store = store_open_at(&c->where, &note, err);
	if (!c->store)
		return ERR_IO;
	if (note.text[0])
		log_warn(&c->log, "%s", note.text);
	snprintf(spool_path, sizeof(spool_path), "%s/spool.db", c->config.state_folder);
	spool.path = spool_path;
	c->spool = spool_open(&spool, NULL, err);
	return c->spool ? ERR_OK : ERR_IO;
}

static void on_status(void *ctx, const char *mitigator, const struct command_status *s)
{
	struct centre *c = ctx;

	if (s->method && strcmp(s->method, "person") == 0)
		centre_answered(c, mitigator, s);
	else
		vendor_status(&c->vendor, mitigator, s);
}

static void on_changed(void *ctx, const char *peer, unsigned parts)
{
	pages_peer_changed(ctx, peer, parts);
}

/* ---- the fleet ---- */

/* Before rights go: the CA's process keeps them. Without a CA the centre works with the keys that
 * it has, and enrols nobody. */
static int start_ca(struct centre *c, struct errmsg *err)
{
	bool is_new = !enrol_place_is_there(c->config.keys_folder);
	int rc = ca_helper_start(c->config.ca_folder, "Banken", is_new, &c->ca, err);

	if (rc == ERR_OK && is_new)
		rc = privs_own_folder(c->config.keys_folder, c->config.user, err);
	if (rc != ERR_NOTFOUND)
		return rc;
	c->ca_note = *err;
	err->text[0] = '\0';
	return ERR_OK;
}

/* At the first start. */
static int make_own_keys(struct centre *c, struct errmsg *err)
{
	if (c->ca.fd < 0 || enrol_place_is_there(c->config.keys_folder))
		return ERR_OK;
	log_info(&c->log, "a CA and the centre's own certificate are made");
	return enrol_own(&c->ca, c->config.keys_folder, c->config.name, "Banken",
			 c->config.certificate_s, err);
}

static int begin_duty(struct centre *c, struct errmsg *err)
{
	const struct duty_setup setup = {
		.loop = c->loop,
		.log = &c->log,
		.store = c->store,
		.name = tls_keys_identity(c->keys)->name,
		.is_alone = !c->config.state_database[0],
	};

	c->duty = duty_new(&setup, err);
	return c->duty ? ERR_OK : ERR_IO;
}

static int open_fleet(struct centre *c, struct errmsg *err)
{
	char folder[600];
	struct fleet_setup setup = {.loop = c->loop,
				    .log = &c->log,
				    .store = c->store,
				    .spool = c->spool,
				    .keys = c->keys,
				    .keys_folder = c->config.keys_folder,
				    .folder = folder,
				    .ca = &c->ca,
				    .life_s = c->config.certificate_s,
				    .stale_s = c->config.stale_minutes * 60,
				    .audit = c->audit,
				    .duty = c->duty};

	snprintf(folder, sizeof(folder), "%s/fleet", c->config.state_folder);
	if (c->config.fleet_folder[0])
		setup.folder = c->config.fleet_folder;
	c->fleet = fleet_new(&setup, err);
	return c->fleet ? ERR_OK : ERR_IO;
}

static int listen_to_peers(struct centre *c, struct errmsg *err)
{
	struct link_setup setup = {
		.loop = c->loop,
		.keys = c->keys,
		.spool = c->spool,
		.log = &c->log,
		.gather = c->config.history_servers[0] ? GATHER_MS * NS_PER_MS : 0,
		.peers = ROLE_SET(ROLE_SENSOR) | ROLE_SET(ROLE_MITIGATOR),
		.program = "banken-centre",
		.build = BANKEN_VERSION,
	};

	c->ingest = (struct ingest){.store = c->store,
				    .log = &c->log,
				    .loop = c->loop,
				    .fleet = c->fleet,
				    .status = on_status,
				    .changed = on_changed,
				    .ctx = c};
	setup.ops = ingest_ops(&c->ingest);
	c->server = link_server_new(&setup, c->config.listen, err);
	if (!c->server)
		return ERR_IO;
	c->ingest.server = c->server;
	fleet_serve(c->fleet, c->server);
	c->vendor = (struct vendor){.loop = c->loop,
				    .store = c->store,
				    .log = &c->log,
				    .keys = c->keys,
				    .spool = c->spool,
				    .server = c->server,
				    .audit = c->audit};
	return ERR_OK;
}

static int open_audit(struct centre *c, struct errmsg *err)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/audit.log", c->state_folder);
	c->audit = audit_open(path, err);
	if (c->audit && audit_problem(c->audit))
		log_error(&c->log, "%s does not verify: %s; it goes on behind that", path,
			  audit_problem(c->audit));
	return c->audit ? ERR_OK : ERR_IO;
}

static int watch_for_emergencies(struct centre *c, struct errmsg *err)
{
	struct emergency_desk_setup setup = {
		.loop = c->loop,
		.store = c->store,
		.log = &c->log,
		.duty = c->duty,
		.sender = {c->config.mail_from, tls_keys_identity(c->keys)->name, c->config.portal,
			   c->zone, c->store},
		.rules = emergency_rules_default,
		.silent_after = c->config.silent_minutes * NS_PER_MIN,
	};
	struct recipient duty = {.kind = RECIPIENT_MAIL, .language = REPORT_JAPANESE, .tier = 1};

	setup.rules.zone = c->zone;
	setup.rules.is_off = !c->config.emergencies;
	snprintf(duty.address, sizeof(duty.address), "%s", c->config.emergency_to);
	if (duty.address[0] && recipient_put(c->store, &duty, err) != ERR_OK)
		return ERR_IO;
	if (templates_open(c->store, err) != ERR_OK)
		return ERR_IO;
	c->desk = emergency_desk_new(&setup, c->helpers, err);
	return c->desk ? ERR_OK : ERR_IO;
}

static int serve_commands(struct centre *c, struct errmsg *err)
{
	struct group *group = c->config.group[0] ? getgrnam(c->config.group) : NULL;
	char path[512];
	struct local_setup local = {
		.loop = c->loop,
		.log = &c->log,
		.path = path,
		.group = group ? group->gr_gid : (gid_t)-1,
		.commands = centre_commands,
		.n_commands = centre_command_count,
		.ctx = c,
	};

	snprintf(path, sizeof(path), "%s/banken-centre.sock", c->config.run_folder);
	c->local = local_server_new(&local, err);
	return c->local ? ERR_OK : ERR_IO;
}

static int start_scribe(struct centre *c, struct errmsg *err)
{
	c->scribe = scribe_new(c->loop, &c->log, c->scribe_helpers, err);
	return c->scribe ? ERR_OK : ERR_NOMEM;
}

static int schedule_reports(struct centre *c, struct errmsg *err)
{
	const struct press_setup setup = {
		.loop = c->loop,
		.log = &c->log,
		.files = centre_report_files(c),
		.scribe = c->scribe,
		.duty = c->duty,
		.outbox = c->outbox,
		.from = c->config.mail_from,
		.host = tls_keys_identity(c->keys)->name,
		.hour = (unsigned)c->config.report_hour,
	};

	c->press = press_new(&setup, c->press_helpers, err);
	return c->press ? ERR_OK : ERR_IO;
}

static int watch_the_watchers(struct centre *c, struct errmsg *err)
{
	const struct looks_setup setup = {
		.loop = c->loop,
		.log = &c->log,
		.store = c->store,
		.keys = c->keys,
		.server = c->server,
		.folder = c->config.state_folder,
		.silent_after = c->config.silent_minutes * NS_PER_MIN,
		.is_far = c->config.state_database[0],
		.retention_days = c->config.retention_days,
		.backup_days = c->config.backup_days,
		.zone = c->zone,
	};

	const struct selftest_setup tests = {
		.loop = c->loop,
		.log = &c->log,
		.store = c->store,
		.keys = c->keys,
		.spool = c->spool,
		.server = c->server,
		.duty = c->duty,
		.address = c->config.self_test_to,
		.is_daily = c->config.self_test_to[0],
		.late = c->config.self_test_late_s * NS_PER_SEC,
	};

	c->selftest = selftest_new(&tests, c->mailbox.url[0] ? &c->mailbox_helper : NULL, err);
	if (!c->selftest)
		return ERR_IO;
	const struct forward_setup forward = {
		.loop = c->loop,
		.log = &c->log,
		.store = c->store,
		.duty = c->duty,
		.host = tls_keys_identity(c->keys)->name,
	};

	c->forward = forward_new(&forward, &c->forward_helper, err);
	if (!c->forward)
		return ERR_IO;
	c->looks = looks_new(&setup, err);
	c->watch = (struct watch_desk){.store = c->store,
				       .loop = c->loop,
				       .zone = c->zone,
				       .press = c->press,
				       .looks = c->looks,
				       .selftest = c->selftest};
	return c->looks ? ERR_OK : ERR_IO;
}

/* In memory, and in a folder that goes with it: a demonstration leaves nothing behind, and no real
 * store is touched. */
static int open_demo(struct centre *c, struct errmsg *err)
{
	struct errmsg note;
	int rc;

	snprintf(c->state_folder, sizeof(c->state_folder), "/tmp/banken-demo-XXXXXX");
	if (!mkdtemp(c->state_folder))
		return errmsg_set(err, ERR_IO, "/tmp: no folder can be made there");

	log_info(&c->log, "making up %d days of %d sites; some seconds", DEMO_DAYS, DEMO_SITES);
	c->store = store_open(":memory:", &note, err);
	if (!c->store)
		return ERR_IO;
	rc = demo_fill(c->store, loop_wall(c->loop), err);
	rc = rc == ERR_OK ? demo_today(c->store, loop_wall(c->loop), err) : rc;
	rc = rc == ERR_OK ? open_audit(c, err) : rc;
	rc = rc == ERR_OK ? templates_open(c->store, err) : rc;
	rc = rc == ERR_OK ? schedule_open(c->store, err) : rc;
	rc = rc == ERR_OK ? assessments_open(c->store, err) : rc;
	if (rc != ERR_OK)
		return rc;
	c->demo = demo_fleet_start(c, err);
	return c->demo ? pages_start(c, err) : ERR_IO;
}

static int start_helpers(struct centre *c, struct errmsg *err)
{
	const struct delivery_server server = {c->config.mail_server, c->config.mail_user,
					       c->config.mail_password_file, c->config.ca_file,
					       c->config.mail_from};

	snprintf(c->outbox, sizeof(c->outbox), "%s/outbox", c->config.state_folder);
	c->helpers = emergency_helpers_start(&server, c->config.user, err);
	snprintf(c->store_path, sizeof(c->store_path), "%s/centre.db", c->config.state_folder);
	c->where = centre_store_where(&c->config, c->store_path);
	c->scribe_helpers = scribe_helpers_start(&c->where, c->config.user, err);
	if (c->helpers && c->scribe_helpers)
		c->press_helpers = press_helpers_start(&server, c->outbox, c->config.user, err);
	c->forward_server = server;
	if (c->press_helpers &&
	    delivery_start(&c->forward_server, c->config.user, &c->forward_helper, err) != ERR_OK)
		return ERR_IO;
	c->mailbox = (struct mailbox_place){c->config.self_test_mailbox, c->config.self_test_user,
					    c->config.self_test_password_file, c->config.ca_file};
	if (c->press_helpers && c->mailbox.url[0] &&
	    mailbox_helper_start(&c->mailbox, c->config.user, &c->mailbox_helper, err) != ERR_OK)
		return ERR_IO;
	return c->press_helpers ? ERR_OK : ERR_IO;
}

static int start(struct centre *c, struct errmsg *err)
{
	static const int signals[] = {SIGTERM, SIGINT};
	int rc = zone_set(&c->zone, c->config.zone, err);

	snprintf(c->state_folder, sizeof(c->state_folder), "%s", c->config.state_folder);
	if (rc == ERR_OK && !c->is_demo)
		rc = privs_own_folder(c->config.state_folder, c->config.user, err);
	if (rc == ERR_OK && !c->is_demo)
		rc = privs_own_folder(c->config.report_folder, c->config.user, err);
	if (rc == ERR_OK && !c->is_demo)
		rc = start_helpers(c, err);
	if (rc == ERR_OK && !c->is_demo)
		rc = start_ca(c, err);
	/* The last one: no other holds its end of the line. */
	if (rc == ERR_OK)
		rc = print_start(c->is_demo ? "" : c->config.user, &c->printer, err);
	if (rc == ERR_OK)
		rc = privs_become(c->config.user, 0, false, err);
	if (rc == ERR_OK)
		rc = privs_confine(SANDBOX_CENTRE, "banken-centre", err);
	if (rc != ERR_OK)
		return rc;
	c->loop = loop_new(err);
	if (!c->loop)
		return ERR_IO;
	rc = loop_signals(c->loop, signals, 2, on_signal, c);
	if (rc != ERR_OK || c->is_demo)
		return rc != ERR_OK ? rc : open_demo(c, err);
	rc = make_own_keys(c, err);
	if (rc != ERR_OK)
		return rc;
	c->keys = tls_keys_load(c->config.keys_folder, ROLE_CENTRE, err);
	if (!c->keys)
		return ERR_DENIED;
	rc = open_store(c, err);
	if (rc == ERR_OK)
		rc = open_audit(c, err);
	if (rc == ERR_OK)
		rc = begin_duty(c, err);
	if (rc == ERR_OK)
		rc = open_fleet(c, err);
	if (rc == ERR_OK)
		rc = listen_to_peers(c, err);
	if (rc == ERR_OK)
		rc = start_scribe(c, err);
	if (rc == ERR_OK)
		rc = pages_start(c, err);
	if (rc == ERR_OK)
		rc = serve_commands(c, err);
	if (rc == ERR_OK)
		rc = watch_for_emergencies(c, err);
	if (rc == ERR_OK)
		rc = schedule_reports(c, err);
	return rc == ERR_OK ? watch_the_watchers(c, err) : rc;
}

/* What helpers are at is done again by the next run. */
enum {
	END_MS = 1000,
	CA_END_MS = 5000, /* it holds the keys, and is quick */
};

static void stop(struct centre *c)
{
	demo_fleet_stop(c->demo);
	looks_delete(c->looks);
	if (c->forward) {
		forward_delete(c->forward);
		helper_end(&c->forward_helper, 1, END_MS);
	}
	selftest_delete(c->selftest);
	if (c->mailbox.url && c->mailbox.url[0])
		helper_end(&c->mailbox_helper, 1, END_MS);
	scribe_delete(c->scribe);
	c->scribe = NULL;
	scribe_helpers_stop(c->scribe_helpers);
	press_delete(c->press);
	press_helpers_stop(c->press_helpers);
	emergency_desk_delete(c->desk);
	emergency_helpers_stop(c->helpers);
	local_server_delete(c->local);
	pages_stop(c);
	helper_end(&c->printer, 1, PRINT_END_MS);
	link_server_delete(c->server);
	fleet_delete(c->fleet);
	duty_delete(c->duty);
	helper_end(&c->ca, 1, CA_END_MS);
	audit_close(c->audit);
	spool_close(c->spool);
	store_close(c->store);
	tls_keys_free(c->keys);
	loop_delete(c->loop);
	if (c->is_demo)
		disk_remove(c->state_folder);
	config_free(c->config_memory);
}

static int run(struct centre *c)
{
	struct errmsg err = {""};

	c->log = (struct log){"banken-centre", (enum log_level)c->config.log_level, 2};
	if (start(c, &err) != ERR_OK) {
		log_error(&c->log, "%s", err.text);
		if (c->is_demo)
			disk_remove(c->state_folder);
		return 2;
	}
	c->expiry = (struct loop_timer){.fn = expire, .ctx = c};
	c->report = (struct loop_timer){.fn = write_reports, .ctx = c};
	if (c->is_demo) {
		log_info(&c->log, "made up; log in as administrator with " DEMO_PASSWORD);
	} else {
		loop_timer_set(c->loop, &c->expiry, EXPIRE_EVERY_S * NS_PER_SEC);
		loop_timer_set(c->loop, &c->report, NS_PER_SEC);
		log_info(&c->log, "listening on %s for sensors and mitigators", c->config.listen);
		if (c->ca_note.text[0])
			log_info(&c->log, "nobody is enrolled here: %s", c->ca_note.text);
	}
	presence_begin(&c->presence, c->loop, "listens for sensors and mitigators");
	loop_run(c->loop);
	presence_end(&c->presence);
	log_info(&c->log, "stopped");
	stop(c);
	return 0;
}

int main(int argc, char **argv)
{
	static struct centre centre = {.ca = {-1, -1}, .printer = {-1, -1}};
	const struct program program = {.name = "banken-centre",
					.version = BANKEN_VERSION,
					.usage = usage,
					.keys = centre_keys,
					.demo = &centre.is_demo};
	int status = 2;

	centre.config_memory =
		program_start(&program, argc, argv, &centre.config, sizeof(centre.config), &status);
	return centre.config_memory ? run(&centre) : status;
}
