#include <stddef.h>

#include "control/centre/centre.h"

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

static const struct config_key pages_keys[] = {
	API_SERVE_KEYS("127.0.0.1:8080", "/usr/share/banken/pages/centre")};

#define TEXT(key, member, default_value, text)                                                     \
	{                                                                                          \
		.name = key, .type = CONFIG_TEXT,                                                  \
		.offset = offsetof(struct centre_config, member), .fallback = default_value,       \
		.help = text                                                                       \
	}

struct store_where centre_store_where(const struct centre_config *c, const char *path)
{
	return (struct store_where){
		.path = path,
		.state = c->state_database,
		.history = c->history_servers,
		.history_user = c->history_user,
		.history_password_file = c->history_password_file,
		.history_database = c->history_database,
		.ca_file = c->ca_file,
	};
}

const struct config_key centre_keys[] = {
	TEXT("listen", listen, "*:7444", "address and port for sensors and mitigators"),
	{.name = "pages",
	 .type = CONFIG_GROUP,
	 .offset = offsetof(struct centre_config, pages),
	 .keys = pages_keys,
	 .help = "portal for the vendor's and the customers' people, and the HTTP API"},
	TEXT("state-folder", state_folder, "/var/lib/banken/centre", "store and spool"),
	TEXT("state-database", state_database, "",
	     "beyond one machine: PostgreSQL, e.g. postgresql://banken@/banken?host=a,b,c; empty = "
	     "SQLite in state-folder"),
	TEXT("history-servers", history_servers, "",
	     "beside it, ClickHouse: http://a1:8123,http://a2:8123;http://b1:8123,...: replicas "
	     "apart by ',', shards by ';'"),
	TEXT("history-database", history_database, "banken", "its database there"),
	TEXT("history-user", history_user, "", "to log in there with, empty = without"),
	TEXT("history-password-file", history_password_file, "", "its password"),
	TEXT("keys-folder", keys_folder, "/etc/banken/keys/centre", "ca.crt, own.crt, own.key"),
	TEXT("name", name, "centre-1", "in the centre's certificate, when it makes its own"),
	TEXT("ca-folder", ca_folder, "/var/lib/banken/ca",
	     "the CA that boxes are enrolled by, for root only; made at the first start if the "
	     "keys-folder is empty too"),
	TEXT("fleet-folder", fleet_folder, "",
	     "files that are rolled out; empty = 'fleet' in state-folder"),
	TEXT("bundle-key", bundle_key, "",
	     "file of the key by which custom patterns, rule-sets and lists made on the pages are "
	     "signed; boxes must trust it (bundle.keys); empty = bundles are made elsewhere and "
	     "handed in signed"),
	{.name = "certificate-seconds",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, certificate_s),
	 .fallback = "34300800",
	 .min = 5,
	 .max = 69120000,
	 .help = "that a certificate holds; renewed by itself in its last third"},
	{.name = "stale-minutes",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, stale_minutes),
	 .fallback = "10080",
	 .min = 1,
	 .max = 5256000,
	 .help = "of silence after which a box is stale"},
	TEXT("run-folder", run_folder, "/run/banken", "local socket"),
	TEXT("report-folder", report_folder, "/var/lib/banken/centre/reports",
	     "daily and monthly reports: HTML, JSON, CSV"),
	TEXT("mail-server", mail_server, "",
	     "of emergency mails: smtp://HOST:25, smtp+tls://HOST:587, smtps://HOST:465"),
	TEXT("mail-user", mail_user, "", "to log in there with, empty = without"),
	TEXT("mail-password-file", mail_password_file, "", "its password"),
	TEXT("mail-from", mail_from, "banken@localhost", "address that mails come from"),
	TEXT("ca-file", ca_file, "",
	     "certificates that vouch for mail, syslog and web servers; "
	     "empty = the system's"),
	TEXT("portal", portal, "", "address of the pages, as people reach it, for mails"),
	TEXT("emergency-to", emergency_to, "",
	     "mail address of the vendor's duty desk, told of every emergency"),
	{.name = "silent-minutes",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, silent_minutes),
	 .fallback = "10",
	 .max = 100000,
	 .help = "that a sensor or mitigator may be away before it is an emergency; 0 = ever"},
	TEXT("self-test-to", self_test_to, "",
	     "mail address of the daily self-test; empty = none is made by itself"),
	TEXT("self-test-mailbox", self_test_mailbox, "",
	     "where those mails arrive: maildir:/FOLDER, imaps://HOST/INBOX, pop3s://HOST; it is "
	     "emptied"),
	TEXT("self-test-user", self_test_user, "", "to log in there with"),
	TEXT("self-test-password-file", self_test_password_file, "", "its password"),
	{.name = "self-test-late-seconds",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, self_test_late_s),
	 .fallback = "600",
	 .min = 5,
	 .max = 86400,
	 .help = "after which a self-test that has not arrived is an emergency"},
	{.name = "report-hour",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, report_hour),
	 .fallback = "6",
	 .max = 23,
	 .help = "of the day after, when final reports are made, unless a customer has another"},
	{.name = "emergencies",
	 .type = CONFIG_BOOL,
	 .offset = offsetof(struct centre_config, emergencies),
	 .fallback = "true",
	 .help = "false: none is sent; they are kept all the same"},
	TEXT("user", user, "", "account to become, empty = stay"),
	TEXT("group", group, "", "group that may change things over the local socket"),
	TEXT("zone", zone, "Asia/Tokyo", "time zone of pages and reports; UTC, Europe/Berlin, ..."),
	{.name = "retention-days",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, retention_days),
	 .fallback = "30",
	 .min = 1,
	 .max = 3650,
	 .help = "days that flow and other records are kept"},
	{.name = "backup-days",
	 .type = CONFIG_UINT,
	 .offset = offsetof(struct centre_config, backup_days),
	 .fallback = "7",
	 .min = 0,
	 .max = 365,
	 .help = "after which a store without a new back-up is an emergency; 0 = never"},
	{.name = "log-level",
	 .type = CONFIG_WORD,
	 .offset = offsetof(struct centre_config, log_level),
	 .fallback = "info",
	 .words = levels,
	 .help = "error, warn, info or debug"},
	{.name = NULL},
};
