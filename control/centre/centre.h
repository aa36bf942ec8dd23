/* banken-centre's configuration. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/config.h"

struct centre_config {
	const char *listen;	  /* for sensors and mitigators */
	const char *page;	  /* address of the pages */
	const char *state_folder; /* store and spool */
	const char *keys_folder;
	const char *run_folder; /* local socket */
	const char *report_folder;
	const char *user;
	const char *group;	 /* may change things over the local socket */
	const char *zone;	 /* of pages and reports: "Asia/Tokyo" */
	uint64_t retention_days; /* of flow and other records */
	int log_level;
};

extern const struct config_key centre_keys[];
