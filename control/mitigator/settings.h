/* banken-mitigator's own configuration; the policy is a file of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/api/serve.h"
#include "control/mitigator/drivers/driver.h"
#include "control/wire/config.h"

struct settings_driver {
	const char *name, *type, *bridge, *folder, *program, *peer;
	struct config_texts uplinks, arguments;
	uint64_t priority, timeout_ms;
	/* radius, snmp */
	const char *order, *vendor, *secret_file, *list, *sessions, *mac_format;
	const char *version, *user, *auth, *privacy, *auth_file, *privacy_file, *port_lists;
	struct config_texts devices, identify;
	uint64_t vlan, normal_vlan, bounce_ms;
	bool proxy_state, accept_plain;
	/* openc2 */
	const char *server, *zone_file, *zone, *control, *pid_file, *resolver; /* sinkhole */
	struct config_texts sinkhole, never_names;
	const char *url, *ca_file, *cert_file, *key_file, *token_file, *asset_id, *target;
};

struct settings_peer {
	const char *address; /* "host:port" */
};

struct settings_external {
	const char *listen, *token, *tls_listen, *certificate, *key, *client_ca;
	struct config_texts senders;
};

struct settings {
	const char *listen;
	struct settings_peer centre;
	struct settings_external external;
	struct api_serve pages;
	const char *state_folder, *keys_folder, *run_folder, *undo_folder;
	const char *policy, *kill_switch, *notify_program, *playbook, *mandate;
	const char *user, *group, *time_zone;
	int log_level;		   /* enum log_level */
	struct config_texts sites; /* others that this mitigator serves */
	const char *enrolment_code;
	uint64_t watches;
	uint64_t ports_every; /* seconds */
	struct config_items drivers;
};

extern const struct config_key settings_keys[];

/* The configured drivers, checked. Their number, or an error with one sentence. */
int settings_drivers(const struct settings *s, struct driver_config ret[DRIVERS_MAX],
		     struct errmsg *e);
