/* The policy file's table. Private to this folder. */
#pragma once

#include "control/wire/config.h"

struct file_level {
	int severity, confidence, level;
	const char *classtype;
};

struct file_action {
	int level, action;
	uint64_t count, days;
	const char *text;
};

struct file_set {
	const char *name;
	int method, when;
	bool safe_on_change;
	uint64_t every;
	struct config_items actions;
};

struct file_stage {
	const char *from;
	int mode;
	uint64_t share;
};

struct file_group {
	const char *name;
	struct config_texts members;
};

struct file_scope {
	const char *name, *policy;
	struct config_texts networks, hosts, groups, methods, exempt, hours;
	struct config_items stages;
	int kind, mode, off_hours, cut_at;
	uint64_t approvals;
};

struct file_exception {
	const char *rule, *source, *destination, *sensor, *until, *reason;
	int never;
};

struct file_protected {
	const char *address, *mac, *role, *note;
};

struct policy_file {
	const char *name;
	bool control, cut;
	struct config_items levels, sets, groups, scopes, exceptions, protected_hosts;
	struct config_texts persons;
	struct file_set edited; /* the default action policy */
	uint64_t fuse_hosts, fuse_window, fuse_share, mass_hosts, mass_window;
	uint64_t review, hold, recheck, retry, repeat, repeat_window, release_grace, watch,
		watch_raise;
	uint64_t message_ms, ack_ms, ack_tries, window_ms, settle_ms, quiet_ms;
	uint64_t risk_warning, risk_danger, risk_half_life;
	uint64_t incident_window, incident_quiet, binding_age, router_addresses;
};

extern const struct config_key policy_keys[];

/* The words of the file as the enums of the rest. */
enum level policy_file_level(int word);
