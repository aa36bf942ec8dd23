/* The patterns of one group: from bytes to the rules worth trying. Several ways in one object,
 * chosen for each pattern by where it may lie and by its length: a hash of the buffer's end (whole
 * values and suffixes: domains, fingerprints), a hash at a fixed offset, grams, nibbles, and a
 * Hyperscan database where there are many short ones. A pattern is only a prefilter: a hit says
 * "try these rules". */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <hs/hs.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "signatures/plan/plan.h"

enum matcher_place {
	MATCHER_ANYWHERE,
	MATCHER_HEAD,	/* lies within the first MATCHER_HEAD_BYTES */
	MATCHER_SUFFIX, /* ends the buffer */
	MATCHER_EXACT,	/* is the buffer */
	MATCHER_AT,	/* begins at `offset` */
	MATCHER_LENGTH, /* begins `offset` bytes behind where the buffer's length is written */
};

enum matcher_limits {
	MATCHER_SUFFIX_MAX = 255, /* bytes; longer ones are looked for anywhere */
	MATCHER_AT_WIDTH = 4,	  /* bytes of a fixed-offset pattern that are hashed */
	MATCHER_AT_OFFSET_MAX = 1024,
	MATCHER_HEAD_BYTES = 320,
	MATCHER_SEARCHED_MAX = 48, /* bytes of a pattern anywhere, at most */
	MATCHER_DATABASES = 2,	   /* of Hyperscan */
};

struct matcher_pattern {
	struct slice bytes; /* 1.. bytes, the caller's until the plan is freed */
	bool nocase;
	uint8_t place;
	uint32_t offset;
	struct plan_cand cand;
};

/* Candidates found so far. `have` and `dir` filter while adding. Never overflows: when full it is
 * sorted and made unique, and it has room for every rule once. */
struct matcher_hits {
	struct plan_cand *v;
	uint32_t n, cap;
	uint8_t have; /* PLAN_NEED_* that hold; a candidate needing another is dropped */
	uint8_t dirs; /* 1 << dir */
};

struct matcher;

/* `name` is for profiles: "http.uri http to_server". */
struct matcher *matcher_new(struct plan_mem *mem, uint32_t id, const char *name);
uint32_t matcher_id(const struct matcher *m); /* place in plan.matchers */
const char *matcher_name(const struct matcher *m);
void matcher_add(struct matcher *m, struct plan_mem *mem, const struct matcher_pattern *p);
uint32_t matcher_patterns(const struct matcher *m);
/* Builds the hash tables and gathers rules with equal patterns. */
void matcher_finish(struct matcher *m, struct plan_mem *mem);
/* Compiles what is left for Hyperscan; any thread, one per matcher. ERR_OK or ERR_INVALID. */
int matcher_compile(struct matcher *m, struct errmsg *e);
/* Makes `scratch` large enough. */
int matcher_scratch(const struct matcher *m, hs_scratch_t **scratch);
void matcher_done(struct matcher *m); /* frees the database; the rest is the arena's */

/* A database's bytes and what they are made of, for the cache. */
void matcher_hash(const struct matcher *m, uint64_t *hash,
		  void (*mix)(uint64_t *hash, const void *data, size_t n));
uint32_t matcher_literals(const struct matcher *m, unsigned database);
/* free(3) it */
bool matcher_save(const struct matcher *m, unsigned database, char **ret, size_t *ret_len);
bool matcher_load(struct matcher *m, unsigned database, struct slice bytes);

/* What is scanned. Of a buffer that grows it is a window, of which a part may have been seen. */
struct matcher_window {
	struct slice data;
	uint64_t offset; /* of its first byte in the buffer */
	size_t from;	 /* patterns that may lie anywhere are looked for from here on */
};

void matcher_scan(const struct matcher *m, hs_scratch_t *scratch, const struct matcher_window *w,
		  struct matcher_hits *hits);

/* Whether one of its patterns at fixed places is there. */
bool matcher_begins(const struct matcher *m, struct slice data);

/* For tests, before matcher_finish: as on a processor without AVX-512. */
void matcher_portable(struct matcher *m);

/* For development: the n-th pattern (sorted by place) as text; false after the last. */
bool matcher_describe(const struct matcher *m, uint32_t n, char *ret, size_t cap,
		      const struct plan_list **ret_rules);

void matcher_hits_add(struct matcher_hits *hits, const struct plan_list *list);
/* Ascending by rule, each once. */
void matcher_hits_sort(struct matcher_hits *hits);
