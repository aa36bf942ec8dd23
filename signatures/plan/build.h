/* Steps of building a plan; private to signatures/plan. */
#pragma once

#include "signatures/plan/matcher.h"
#include "signatures/plan/plan.h"

/* Where a rule's fast pattern lies. */
struct plan_pattern {
	bool found;
	int32_t buffer; /* of rule.buffers; -1: payload */
	const struct rule_content *content;
	struct slice bytes; /* what is searched: a part of the content */
	uint8_t place;	    /* enum matcher_place */
	uint32_t offset;
	uint32_t score; /* bits: how rarely it is expected by chance, times 4 */
};

struct plan_build {
	struct plan *plan;
	struct plan_mem *mem; /* the plan's */
	const struct plan_options *options;
	struct plan_pattern *patterns; /* by rule number */
	struct VEC(struct matcher *) matchers;
	struct VEC(struct plan_skip) skips;
};

/* order.c: the set's rules, `<>` twice, in the order in which they are tried. */
void plan_order(struct plan_build *b);

/* traits.c: need, flags, directions, layers. */
void plan_traits(struct plan_rule *r);

/* chain.c: what is looked for in transactions. False: skipped, with the reason noted. */
bool plan_chains(struct plan_build *b, struct plan_rule *r);
bool plan_wants_files(const struct rule *r);

/* frames.c: rules on frames. False: skipped, with the reason noted. */
bool plan_wants_frames(const struct rule *r);
bool plan_frame_of(struct plan_build *b, struct plan_rule *r);
void plan_build_frames(struct plan_build *b);

bool plan_proto_named(const struct app_proto *p, const char *name);

/* phrases.c: a part of what nearly all traffic holds. */
bool plan_common_phrase(struct slice s);
/* The same of a packet's first bytes: without what files begin with. */
bool plan_common_in_head(struct slice s);
/* phrases.c: four bytes, each with 0x20 set, the first one lowest, that much traffic holds. */
bool plan_common_gram(uint32_t gram);
/* pattern.c: the fast pattern of a rule. */
void plan_choose_pattern(const struct plan_rule *r, struct plan_pattern *ret);
/* The rarest bytes that the rule asks for at a fixed place of its payload; false: none. */
bool plan_choose_gate(const struct plan_rule *r, struct plan_pattern *ret);
/* The rarest bytes that it asks for in the first MATCHER_HEAD_BYTES of its payload; false: none, or
 * what much traffic has. */
bool plan_choose_head(const struct plan_rule *r, struct plan_pattern *ret);

/* ports.c, sides.c, addrs.c: the groups. */
void plan_build_ports(struct plan_build *b);
void plan_build_sides(struct plan_build *b);
void plan_build_addrs(struct plan_build *b);

struct matcher *plan_matcher(struct plan_build *b, const char *name);
void plan_matcher_add(struct plan_build *b, struct matcher *m, const struct plan_rule *r);
void plan_matcher_add_pattern(struct plan_build *b, struct matcher *m, const struct plan_rule *r,
			      const struct plan_pattern *p);
struct plan_list plan_list_of(struct plan_mem *mem, const struct plan_cand *cands, uint32_t n);
struct plan_cand plan_cand_of(const struct plan_rule *r);
void plan_skip(struct plan_build *b, const struct rule *r, const char *keyword, const char *reason);

/* compile.c: all databases, in parallel. */
int plan_compile(struct plan *p, unsigned threads, struct errmsg *e);

/* cache.c */
uint64_t plan_cache_hash(const struct plan *p);
bool plan_cache_load(struct plan *p, const char *folder);
void plan_cache_save(const struct plan *p, const char *folder);
