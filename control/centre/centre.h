/* banken-centre: its configuration and its parts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/api/serve.h"
#include "control/centre/emergency/desk.h"
#include "control/centre/fleet/fleet.h"
#include "control/centre/ingest/ingest.h"
#include "control/centre/vendor.h"
#include "control/centre/watch/commands.h"
#include "control/centre/watch/duty.h"
#include "control/centre/watch/scribe.h"
#include "control/centre/report_file.h"
#include "control/wire/config.h"
#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/presence.h"
#include "control/wire/spool.h"

struct centre_config {
	const char *listen;	  /* for sensors and mitigators */
	struct api_serve pages;	  /* portal and HTTP API */
	const char *state_folder; /* store and spool */
	const char *state_database, *history_servers, *history_database; /* beyond one machine */
	const char *history_user, *history_password_file;
	const char *keys_folder;
	const char *name, *ca_folder, *fleet_folder;
	uint64_t certificate_s, stale_minutes;
	const char *run_folder; /* local socket */
	const char *report_folder;
	const char *mail_server, *mail_user, *mail_password_file, *mail_from; /* emergencies */
	const char *ca_file, *portal, *emergency_to;
	uint64_t silent_minutes;
	uint64_t report_hour;
	const char *bundle_key; /* file of the key that bundles are signed with, "" none */
	const char *self_test_to, *self_test_mailbox, *self_test_user, *self_test_password_file;
	uint64_t self_test_late_s;
	bool emergencies;
	const char *user;
	const char *group;	 /* may change things over the local socket */
	const char *zone;	 /* of pages and reports: "Asia/Tokyo" */
	uint64_t retention_days; /* of flow and other records */
	uint64_t backup_days;	 /* that may pass without one */
	int log_level;
};

extern const struct config_key centre_keys[];

struct centre {
	struct centre_config config;
	struct config *config_memory;
	struct zone zone;
	bool is_demo;
	struct demo_fleet *demo;
	char state_folder[512]; /* a demonstration's goes when it ends */
	struct log log;
	struct loop *loop;
	struct presence presence;
	struct tls_keys *keys;
	struct store *store;
	struct spool *spool;
	struct link_server *server;
	struct audit *audit;
	struct pages *pages;
	uint64_t orders; /* since the start, part of their ids */
	struct local_server *local;
	struct errmsg ca_note; /* why nobody is enrolled here, "" otherwise */
	struct helper ca;      /* fd -1: nobody is enrolled here */
	struct fleet *fleet;
	struct ingest ingest;
	struct vendor vendor;
	struct emergency_helpers *helpers;
	struct emergency_desk *desk;
	struct duty *duty;
	struct scribe_helpers *scribe_helpers;
	struct scribe *scribe; /* NULL: a demonstration, whose store is nobody else's to read */
	struct press_helpers *press_helpers;
	struct press *press;
	struct helper printer; /* PDFs that people ask for */
	struct print_desk *print;
	struct looks *looks;
	struct delivery_server forward_server;
	struct helper forward_helper;
	struct forward *forward;
	struct mailbox_place mailbox;
	struct helper mailbox_helper;
	struct selftest *selftest;
	char outbox[512]; /* folder of reports' mails under way */
	struct watch_desk watch;
	struct loop_timer expiry, report;
	struct scribe_job today; /* the report so far of everybody's day */
	bool is_today_made;	 /* at this moment */
	uint64_t asked;		 /* reports that pages asked for since the start */
	struct store_where where;
	char store_path[512];
};

struct report_files centre_report_files(const struct centre *c);
/* `path`: what it is in the embedded store. */
struct store_where centre_store_where(const struct centre_config *c, const char *path);
/* local.c: figures of the centre, and what the local socket can do. */
extern const struct local_command centre_commands[];
extern const size_t centre_command_count;
json_t *centre_status(struct centre *c);
