/* banken-enforcer's configuration. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/enforcer/accept.h"
#include "control/enforcer/nft.h"
#include "control/enforcer/notice/server.h"
#include "control/wire/config.h"

struct enforcer_peer {
	const char *address; /* "host:port" */
	const char *name;    /* the only one that may order; "" any of the site */
};

struct enforcer_notice {
	uint64_t port; /* 0: no page */
	const char *organisation, *contact, *contact_ja;
};

struct enforcer_settings {
	struct enforcer_notice notice;
	struct enforcer_peer mitigator;
	const char *state_folder, *keys_folder, *run_folder;
	const char *user, *group;
	int log_level; /* enum log_level */
	bool bridge;
	struct config_texts devices;
	struct config_texts never; /* addresses, prefixes and MACs that are never cut */
	uint64_t clock_skew;	   /* seconds */
	uint64_t report_ms;	   /* between drop counts of a fresh cut */
};

extern const struct config_key enforcer_keys[];

/* The parts that need more than the table's checks. One sentence when they do not fit. */
int settings_layout(const struct enforcer_settings *s, struct nft_layout *ret, struct errmsg *e);
/* The page of a quarantined user; port 0: none. */
int settings_notice(const struct enforcer_settings *s, struct notice_config *ret, struct errmsg *e);
int settings_rules(const struct enforcer_settings *s, struct accept_rules *ret, struct errmsg *e);
