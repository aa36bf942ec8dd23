#include "signatures/plan/plan.h"

#include <stdlib.h>

#include "signatures/plan/build.h"

struct matcher *plan_matcher(struct plan_build *b, const char *name)
{
	struct matcher *m = matcher_new(b->mem, b->matchers.n, name);

	if (m)
		vec_push(b->mem, &b->matchers, m);
	return m;
}

struct plan_cand plan_cand_of(const struct plan_rule *r)
{
	/* Rules on transactions are tried on later packets too, whatever those have. */
	return (struct plan_cand){r->num, r->flags & PLAN_TX ? 0 : r->need, r->dirs};
}

void plan_matcher_add(struct plan_build *b, struct matcher *m, const struct plan_rule *r)
{
	plan_matcher_add_pattern(b, m, r, &b->patterns[r->num]);
}

void plan_matcher_add_pattern(struct plan_build *b, struct matcher *m, const struct plan_rule *r,
			      const struct plan_pattern *p)
{
	struct matcher_pattern mp = {
		.bytes = p->bytes,
		.nocase = p->content->flags & RULE_CONTENT_NOCASE,
		.place = p->place,
		.offset = p->offset,
		.cand = plan_cand_of(r),
	};

	if (m)
		matcher_add(m, b->mem, &mp);
}

static int cand_cmp(const void *a, const void *b)
{
	const struct plan_cand *x = a, *y = b;

	return x->num < y->num ? -1 : x->num > y->num;
}

struct plan_list plan_list_of(struct plan_mem *mem, const struct plan_cand *cands, uint32_t n)
{
	struct plan_cand *copy = n ? plan_copy(mem, cands, n * sizeof(*cands)) : NULL;

	if (!copy)
		return (struct plan_list){0, NULL};
	qsort(copy, n, sizeof(*copy), cand_cmp);
	return (struct plan_list){n, copy};
}

void plan_skip(struct plan_build *b, const struct rule *r, const char *keyword, const char *reason)
{
	vec_push(b->mem, &b->skips, (struct plan_skip){r, keyword, reason});
}

/* Drops the rules that nothing here can evaluate and numbers the others. */
static void rules_settle(struct plan_build *b)
{
	struct plan *p = b->plan;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		struct plan_rule r = p->rules[i];

		if (!plan_chains(b, &r))
			continue;
		plan_traits(&r);
		r.num = kept;
		p->rules[kept++] = r;
	}
	p->count = kept;
	b->patterns = calloc(kept + 1, sizeof(*b->patterns));
	if (!b->patterns) {
		b->mem->failed = true;
		return;
	}
	for (uint32_t i = 0; i < kept; i++)
		plan_choose_pattern(&p->rules[i], &b->patterns[i]);
}

static void decode_only_list(struct plan_build *b)
{
	struct VEC(struct plan_cand) v = {0};

	for (uint32_t i = 0; i < b->plan->count; i++) {
		if (b->plan->rules[i].rule->type == RULE_TYPE_DECODE_ONLY)
			vec_push(b->mem, &v, plan_cand_of(&b->plan->rules[i]));
	}
	b->plan->decode_only = plan_list_of(b->mem, v.v, v.n);
	vec_free(&v);
}

static void build(struct plan_build *b)
{
	struct plan *p = b->plan;

	plan_order(b);
	if (!b->mem->failed)
		rules_settle(b);
	if (b->mem->failed)
		return;
	decode_only_list(b);
	plan_build_addrs(b);
	plan_build_ports(b);
	plan_build_sides(b);
	plan_build_frames(b);
	for (uint32_t i = 0; i < b->matchers.n && !b->mem->failed; i++)
		matcher_finish(b->matchers.v[i], b->mem);
	p->nmatchers = b->matchers.n;
	p->matchers = plan_copy(b->mem, b->matchers.v, b->matchers.n * sizeof(*b->matchers.v));
	p->nskips = b->skips.n;
	p->skips = plan_copy(b->mem, b->skips.v, b->skips.n * sizeof(*b->skips.v));
}

static void build_done(struct plan_build *b)
{
	if (!b->plan->matchers) {
		for (uint32_t i = 0; i < b->matchers.n; i++)
			matcher_done(b->matchers.v[i]);
	}
	free(b->patterns);
	vec_free(&b->matchers);
	vec_free(&b->skips);
}

static int databases(struct plan *p, const struct plan_options *options, struct errmsg *e)
{
	int ret;

	if (options->cache_folder) {
		p->content_hash = plan_cache_hash(p);
		if (plan_cache_load(p, options->cache_folder))
			return ERR_OK;
	}
	ret = plan_compile(p, options->threads, e);
	if (ret == ERR_OK && options->cache_folder)
		plan_cache_save(p, options->cache_folder);
	return ret;
}

struct plan *plan_new(const struct lang_set *set, const struct plan_options *options,
		      struct errmsg *e)
{
	struct plan *p = calloc(1, sizeof(*p));
	struct plan_build b = {.plan = p, .options = options};

	if (!p) {
		errmsg_set(e, ERR_NOMEM, "no memory for the rules");
		return NULL;
	}
	b.mem = &p->mem;
	p->set = set;
	p->protos = options->protos;
	while (p->protos && p->protos[p->nprotos] && p->nprotos < PLAN_PROTOS)
		p->nprotos++;
	build(&b);
	build_done(&b);
	if (p->mem.failed) {
		errmsg_set(e, ERR_NOMEM, "no memory for %u rules", set->count);
	} else if (databases(p, options, e) == ERR_OK) {
		return p;
	}
	plan_free(p);
	return NULL;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->nmatchers; i++)
		matcher_done(p->matchers[i]);
	plan_mem_done(&p->mem);
	free(p);
}

enum plan_l4 plan_l4_of(uint8_t ip_proto)
{
	switch (ip_proto) {
	case 6:
		return PLAN_TCP;
	case 17:
		return PLAN_UDP;
	case 1:
		return PLAN_ICMP;
	case 58:
		return PLAN_ICMPV6;
	case 132:
		return PLAN_SCTP;
	default:
		return PLAN_OTHER;
	}
}
