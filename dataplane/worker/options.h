/* Options of banken-dataplane: one table of keys (name, type, range, default, help), set from a
 * YAML file (-c) and from the command line (--set KEY=VALUE), then const. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/base/err.h"
#include "dataplane/evidence/keeper.h"
#include "dataplane/worker/pipeline.h"
#include "signatures/lang/lang.h"

enum {
	OPTIONS_RULE_FILES = 16,
	OPTIONS_PORTS = 8,
	OPTIONS_VARS = 64,
	OPTIONS_TEXT = 512,
	OPTIONS_DISABLED = 64,
	OPTIONS_HOSTS = 64, /* networks of host-os-policy */
};

struct options {
	struct pipeline_config pipeline;
	/* rules */
	const char *rule_files[OPTIONS_RULE_FILES];
	unsigned rule_file_count;
	struct lang_var addrs[OPTIONS_VARS], ports[OPTIONS_VARS];
	unsigned addr_count, port_count;
	const char *disabled[OPTIONS_DISABLED + 1]; /* protocols, NULL-terminated */
	unsigned disabled_count;
	unsigned lang;			 /* 7 or 8 */
	char rules_folder[OPTIONS_TEXT]; /* of the installed rule set, "" = none */
	char cache[OPTIONS_TEXT];	 /* folder of compiled databases, "" = none */
	char rule_data[OPTIONS_TEXT];	 /* folder of datasets' kept state, "" = none is kept */
	char thresholds[OPTIONS_TEXT];	 /* threshold file, "" = none */
	char classes[OPTIONS_TEXT];	 /* classification file, "" = none */
	char reputation_categories[OPTIONS_TEXT], reputation_folder[OPTIONS_TEXT];
	char reputation_files[OPTIONS_TEXT]; /* separated by commas */
	char geoip_database[OPTIONS_TEXT];   /* "" = none */
	uint32_t alerts_per_packet;
	unsigned load_threads;
	char lists[OPTIONS_TEXT]; /* compiled known-bad lists */
	/* offline */
	const char *capture, *log_folder;
	bool community_id;
	int64_t utc_offset_minutes;
	/* host-os-policy: what pipeline.decode.hosts and .stream.hosts point to */
	struct decode_host_policy defrag_hosts[OPTIONS_HOSTS];
	struct stream_host_policy stream_hosts[OPTIONS_HOSTS];
	const char *host_systems[OPTIONS_HOSTS];
	unsigned host_count;
	/* files */
	struct desk_config desk; /* what does not depend on the mode */
	bool force_store;
	unsigned store_mb, store_file_mb, store_days, store_free_mb, desk_memory_mb, desk_ring_kb;
	bool remove_duplicates, keep_duplicates; /* neither: as many as there are, live */
	/* evidence */
	bool evidence;
	struct keeper_config keeper; /* what does not depend on the mode */
	unsigned tape_mb, piece_kb, evidence_mb, evidence_free_mb;
	/* live */
	const char *port_args[OPTIONS_PORTS]; /* DPDK device strings */
	unsigned port_count_live;
	char response_port[OPTIONS_TEXT]; /* device that resets leave by, "" = none */
	char run_folder[OPTIONS_TEXT];
	char user[64]; /* to become after start, "" = stay */
	unsigned workers, memory_mb, ring_kb, cores_first;
	bool hugepages;	  /* use them when there */
	bool eal_verbose; /* DPDK speaks for itself too */
	bool promiscuous;
	bool profile;
	char *owned[256]; /* strings made while parsing, freed by options_done */
	unsigned owned_count;
};

void options_init(struct options *o);
void options_done(struct options *o);
/* KEY=VALUE or KEY and VALUE. ERR_INVALID with a sentence that names key, value and what is
 * allowed. */
int options_set(struct options *o, const char *key, const char *value, struct errmsg *err);
int options_set_pair(struct options *o, const char *pair, struct errmsg *err);
/* options_hosts.c: host-os-policy.NAME, a list of networks. */
int options_set_hosts(struct options *o, const char *name, const char *value, struct errmsg *err);
void options_print_hosts(const struct options *o, FILE *out);
void options_help_hosts(FILE *out);
/* A YAML file: nested keys are joined with dots. */
int options_load(struct options *o, const char *path, struct errmsg *err);
/* All keys with type, range, default and help. */
void options_help(FILE *out);
/* The running values as YAML that options_load reads back to the same. */
void options_print(const struct options *o, FILE *out);
