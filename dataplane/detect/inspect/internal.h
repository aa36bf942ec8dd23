/* Shared by the files of inspect/. */
#pragma once

#include "dataplane/detect/inspect/inspect.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	INSPECT_BASE64_MAX = 65535, /* decoded bytes, as in Suricata */
	INSPECT_SLOTS = 16,
	INSPECT_CAPTURES = 32,
	INSPECT_OVECTOR = 32,
	INSPECT_TRANSFORM_MAX = 1 << 20, /* longer input is not transformed: no match */
	INSPECT_MATCH_LIMIT = 3500,	 /* PCRE2 steps, as Suricata's packaged pcre.match-limit */
	INSPECT_DEPTH_LIMIT = 1500,
};

struct dataset;

struct inspect_item {
	uint16_t kind; /* enum rule_item_kind */
	bool single;   /* content: nothing places it relative to others (a negated hit ends it) */
	const struct rule_item *item;
	const uint8_t *needle; /* content: lower case when nocase */
	pcre2_code *code;      /* pcre */
	struct dataset *set;   /* dataset, datarep */
};

struct inspect_list {
	const struct rule *rule;
	struct inspect_list *base64; /* items on what base64_decode gives; NULL = none */
	uint32_t count;
	struct inspect_item items[];
};

struct inspect_slot {
	uint8_t *buf;
	uint32_t cap;
};

struct inspect_worker {
	const struct inspect_store *store;
	struct slab *slab;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	uint64_t vars[64];     /* LANG_BYTE_VARS_MAX */
	bool vars_used;	       /* some are not 0 */
	uint32_t position;     /* where the last match ended: base of what is relative */
	uint32_t pcre_restart; /* where an expression is to be tried again, 0 = at the start */
	unsigned steps;
	struct slice matched;
	uint64_t matched_offset;
	struct inspect_captured captured[INSPECT_CAPTURES];
	unsigned ncaptured;
	uint8_t *base64; /* INSPECT_BASE64_MAX bytes */
	uint32_t base64_len;
	struct inspect_slot slot[INSPECT_SLOTS];
};

enum inspect_step {
	STEP_STOP = -1, /* no match, and no other occurrence of anything before can change that */
	STEP_NO = 0,
	STEP_YES = 1,
};

/* content.c: where `needle` first lies in data[from..to), or -1. Needle lower case when nocase. */
long inspect_find(const uint8_t *data, uint32_t from, uint32_t to, const uint8_t *needle,
		  uint32_t len, bool nocase);

/* bytes.c */
bool inspect_byte_test(struct inspect_worker *w, const struct rule_byte_test *t,
		       const struct inspect_bytes *in);
bool inspect_byte_jump(struct inspect_worker *w, const struct rule_byte_jump *j,
		       const struct inspect_bytes *in);
bool inspect_byte_extract(struct inspect_worker *w, const struct rule_byte_extract *x,
			  const struct inspect_bytes *in);
bool inspect_byte_math(struct inspect_worker *w, const struct rule_byte_math *m,
		       const struct inspect_bytes *in);
uint64_t inspect_value(const struct inspect_worker *w, const struct rule_value *v);

/* pcre.c */
pcre2_code *inspect_pcre_compile(const struct rule_pcre *p, struct errmsg *why);
bool inspect_pcre(struct inspect_worker *w, const struct inspect_item *i,
		  const struct inspect_bytes *in);

/* base64.c: RFC 4648 with white space passed over; ends at the first byte that is none of it.
 * Returns the decoded length. */
uint32_t inspect_base64(struct slice in, uint8_t *out, uint32_t cap);

/* dataset.c */
struct dataset *dataset_for(struct inspect_store *s, const struct rule *rule,
			    const struct rule_item *item, struct errmsg *why);
bool dataset_match(struct dataset *set, const struct rule_item *item, struct slice data);
void datasets_free(struct inspect_store *s);

/* transform.c */
struct inspect_store {
	const struct lang_set *set;
	char *data_folder;		  /* NULL: none */
	struct dataset *datasets;	  /* list */
	struct inspect_pattern *patterns; /* of pcrexform, by argument */
};
