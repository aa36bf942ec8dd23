/* Records kept for search (D8): who talked to which outside address, asked for which name, fetched
 * which URL or file, with which fingerprints; days to weeks, bounded by bytes. A new list of known
 * bad is searched at once, and any indicator on request.
 *
 * A folder of segments, each an SQLite file of some hours: records, the different things they name
 * (each once), and which record names which. The oldest segment goes when the limit is reached. A
 * record comes once, known by its id. One thread (control's loop). Text comes from traffic. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"

enum {
	RETRO_SEGMENT_MB = 64, /* then a new one begins */
	RETRO_SEGMENT_HOURS = 12,
	RETRO_SEGMENTS = 1024,
	RETRO_TERMS = 12,   /* of one record; more are left out */
	RETRO_BODY = 600,   /* bytes kept of one record */
	RETRO_FOUND = 1000, /* hits of one search */
};

struct retro;

struct retro_setup {
	const char *folder;
	uint64_t max_bytes;
};

/* NULL with a sentence. */
struct retro *retro_open(const struct retro_setup *setup, struct errmsg *err);
void retro_close(struct retro *r);

/* One record: its id and time, its ends, its EVE type and line (flows need none). `outside`: which
 * of the ends is. Kept within the transaction that retro_commit ends. */
struct retro_record {
	uint64_t id, time;
	const char *type;
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	bool src_outside, dst_outside;
	const json_t *line; /* NULL for flows */
};
bool retro_wants(const char *type);
void retro_note(struct retro *r, const struct retro_record *rec);
/* Ends the batch; a new segment when it is time, the oldest goes when it is too much. */
void retro_commit(struct retro *r, uint64_t now);

struct retro_hit {
	uint64_t id, time;
	const char *type, *src, *dst, *what; /* valid during the call */
	uint16_t sport, dport;
};
/* False: enough. */
typedef bool retro_found(void *ctx, const struct retro_hit *hit);

/* An indicator as people write it: address, network, address:port, name (with sub-domains), URL,
 * JA3, JA4, certificate, file hash. Newest first. How many, or ERR_INVALID with a sentence. */
int retro_search(struct retro *r, const char *indicator, unsigned most, retro_found *found,
		 void *ctx, struct errmsg *err);

/* A compiled list (signatures/lists) is searched in steps: begin, then step until it returns
 * false. Each step looks at no more than `terms` different things. `bad` is called for each record
 * that names something listed. */
struct list_hit;
typedef void retro_bad(void *ctx, const struct retro_hit *hit, const struct list_hit *why,
		       const char *indicator);
int retro_scan_begin(struct retro *r, const char *lists_path, struct errmsg *err);
bool retro_scan_step(struct retro *r, unsigned terms, uint64_t now, retro_bad *bad, void *ctx);

struct retro_counts {
	uint64_t records, terms; /* kept */
	uint64_t bytes, limit;	 /* on disk */
	uint64_t oldest;	 /* time of the oldest record, ns */
	uint64_t dropped;	 /* segments that went */
	uint64_t failed;	 /* records that the disk refused */
	uint64_t scanned, bad;	 /* things compared with lists; records found so */
	unsigned segments;
	bool scanning;
};
void retro_counts(const struct retro *r, struct retro_counts *ret);
