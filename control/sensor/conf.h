/* Configuration of banken-control. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/config.h"

struct conf_peer {
	const char *address; /* "" = there is none */
};

struct conf_spool {
	uint64_t max_mb, urgent_percent, ballast_mb;
};

struct conf_forward {
	char *to, *ca_file;
};

struct conf_eve {
	bool enabled;
	const char *folder;
};

struct conf_search {
	uint64_t max_mb, disk_percent;
	const char *folder, *lists;
};

/* Packets that the dataplane kept (evidence.h). */
struct conf_evidence {
	const char *folder;
	int give;
};

struct conf_bundle {
	const char *folder, *keys, *lists;
};

/* This box's own firmware (firmware.h). */
struct conf_firmware {
	const char *answer;
};

struct conf_behave {
	bool enabled;
	uint64_t memory_mb, save_seconds, learn_days, history_days;
};

/* Files carved from traffic that may be handed over on an order (sample/). */
struct conf_samples {
	struct config_texts types;
	const char *key, *folder;
	uint64_t max_mb;
};

struct conf {
	const char *rundir, *statedir, *keys, *user, *group;
	int log_level;
	struct conf_peer mitigator, centre;
	struct config_texts networks; /* inside */
	struct conf_spool spool;
	struct conf_eve eve;
	struct conf_forward forward;
	struct conf_search search;
	struct conf_evidence evidence;
	struct conf_bundle bundle;
	struct conf_behave behave;
	struct conf_firmware firmware;
	struct conf_samples samples;
	uint64_t health_seconds;
	uint64_t mirror_window_seconds;
	struct config_texts sites; /* others whose mitigator may order us */
	const char *enrolment_code;
	struct config_texts vlans; /* that the mirror port must show */
	bool records_to_centre;
	bool community_id;
	const char *version; /* of this configuration, as the centre names it */
};

/* The one table: name, type, default, range, help. */
extern const struct config_key conf_keys[];
