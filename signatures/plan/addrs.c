/* Ip-only rules by address: a rule with a short list of addresses is found by the interval that
 * holds the packet's address, the others are tried on every flow. */
#include <stdlib.h>

#include "signatures/plan/build.h"

struct edge {
	struct ip_addr at; /* the first address for which it holds */
	uint32_t num;
	bool begins;
};

struct index_build {
	struct plan_build *b;
	struct VEC(struct edge) edges;
};

/* True when the list reaches over more than a /8 of IPv4 (or a /16 of IPv6) in one range. */
static bool wide(const struct rule_addrs *a)
{
	if (a->any)
		return true;
	for (uint32_t i = 0; i < a->count; i++) {
		const uint8_t *x = a->ranges[i].first.bytes, *y = a->ranges[i].last.bytes;

		if (x[0] != y[0] || x[1] != y[1])
			return true;
		if (ip_addr_is_v4(&a->ranges[i].first) && x[12] != y[12])
			return true;
	}
	return false;
}

/* The address after `a`; false when there is none. */
static bool next_addr(struct ip_addr *a)
{
	for (unsigned i = 16; i > 0; i--) {
		if (++a->bytes[i - 1])
			return true;
	}
	return false;
}

static void edges_add(struct index_build *ib, const struct rule_addrs *a, uint32_t num)
{
	for (uint32_t i = 0; i < a->count; i++) {
		struct edge e = {a->ranges[i].first, num, true};

		vec_push(ib->b->mem, &ib->edges, e);
		e = (struct edge){a->ranges[i].last, num, false};
		if (next_addr(&e.at))
			vec_push(ib->b->mem, &ib->edges, e);
	}
}

static int edge_cmp(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int c = ip_addr_cmp(&x->at, &y->at);

	if (c)
		return c;
	return x->num < y->num ? -1 : x->num > y->num;
}

static void active_change(struct plan_mem *mem, struct plan_cand **v, uint32_t *n, uint32_t *cap,
			  const struct edge *e, const struct plan_rule *r)
{
	struct VEC(struct plan_cand) a;

	if (!e->begins) {
		for (uint32_t i = 0; i < *n; i++) {
			if ((*v)[i].num == e->num) {
				(*v)[i] = (*v)[--*n];
				return;
			}
		}
		return;
	}
	a.v = *v;
	a.n = *n;
	a.cap = *cap;
	vec_push(mem, &a, plan_cand_of(r));
	*v = a.v;
	*n = a.n;
	*cap = a.cap;
}

/* Starts among [low, high) that are not above `a`, and all before. */
static uint32_t starts_below(const struct plan_addr_index *index, const struct ip_addr *a,
			     uint32_t low, uint32_t high)
{
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (ip_addr_cmp(&index->starts[mid], a) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The last address before those that begin with these bits of IPv4. */
static struct ip_addr last_before(uint32_t bits)
{
	uint64_t v4 = 0xffff00000000ULL + ((uint64_t)bits << (32 - PLAN_ADDR_BITS)) - 1;
	struct ip_addr a = {{0}};

	for (unsigned i = 0; i < 8; i++)
		a.bytes[15 - i] = (uint8_t)(v4 >> i * 8);
	return a;
}

static void v4_build(struct plan_mem *mem, struct plan_addr_index *ret)
{
	ret->v4 = plan_alloc(mem, ((1U << PLAN_ADDR_BITS) + 1) * sizeof(*ret->v4));
	for (uint32_t i = 0; ret->v4 && i <= 1U << PLAN_ADDR_BITS; i++) {
		struct ip_addr a = last_before(i);

		ret->v4[i] = starts_below(ret, &a, 0, ret->count);
	}
}

static void index_finish(struct index_build *ib, struct plan_addr_index *ret)
{
	struct plan_mem *mem = ib->b->mem;
	uint32_t n = ib->edges.n, nactive = 0, cap = 0;
	struct plan_cand *active = NULL;
	struct ip_addr *starts = plan_alloc(mem, (n + 1) * sizeof(*starts));
	struct plan_list *lists = plan_alloc(mem, (n + 1) * sizeof(*lists));

	if (n)
		qsort(ib->edges.v, n, sizeof(*ib->edges.v), edge_cmp);
	for (uint32_t i = 0; i < n && !mem->failed;) {
		struct ip_addr at = ib->edges.v[i].at;

		for (; i < n && ip_addr_eq(&ib->edges.v[i].at, &at); i++)
			active_change(mem, &active, &nactive, &cap, &ib->edges.v[i],
				      &ib->b->plan->rules[ib->edges.v[i].num]);
		starts[ret->count] = at;
		lists[ret->count++] = plan_list_of(mem, active, nactive);
	}
	ret->starts = starts;
	ret->lists = lists;
	v4_build(mem, ret);
	free(active);
	vec_free(&ib->edges);
}

void plan_build_addrs(struct plan_build *b)
{
	struct index_build src = {.b = b}, dst = {.b = b};
	struct VEC(struct plan_cand) any = {0};

	for (uint32_t i = 0; i < b->plan->count; i++) {
		const struct plan_rule *r = &b->plan->rules[i];

		if (r->rule->type != RULE_TYPE_IP_ONLY)
			continue;
		if (!wide(r->src))
			edges_add(&src, r->src, i);
		else if (!wide(r->dst))
			edges_add(&dst, r->dst, i);
		else
			vec_push(b->mem, &any, plan_cand_of(r));
	}
	b->plan->ip_any = plan_list_of(b->mem, any.v, any.n);
	vec_free(&any);
	index_finish(&src, &b->plan->ip_src);
	index_finish(&dst, &b->plan->ip_dst);
}

const struct plan_list *plan_addr_find(const struct plan_addr_index *index, const struct ip_addr *a)
{
	static const struct plan_list none;
	uint32_t low = 0, high = index->count;

	_Static_assert(PLAN_ADDR_BITS == 12, "a byte and a half");
	if (ip_addr_is_v4(a)) {
		uint32_t bits = (uint32_t)a->bytes[12] << 4 | a->bytes[13] >> 4;

		low = index->v4[bits];
		high = index->v4[bits + 1];
	}
	low = starts_below(index, a, low, high);
	return low ? &index->lists[low - 1] : &none;
}
