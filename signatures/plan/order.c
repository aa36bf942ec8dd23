/* The order in which rules are tried and alerts of a packet are kept: by action, then rules that
 * set bits before those that test them, then priority, then sid (Suricata 7's signature order). */
#include <stdlib.h>

#include "signatures/plan/build.h"

enum bit_use { USE_NONE, USE_READ, USE_READ_WRITE, USE_WRITE };

struct sort_key {
	const struct rule *rule;
	uint8_t action;
	uint8_t flowbits, flowint, flowvar, pktvar, hostbits, xbits;
	bool swapped;
};

static uint8_t action_rank(enum rule_action a)
{
	static const uint8_t rank[] = {
		[RULE_PASS] = 0,	[RULE_DROP] = 1,  [RULE_REJECT] = 2, [RULE_REJECT_DST] = 2,
		[RULE_REJECT_BOTH] = 2, [RULE_ALERT] = 3, [RULE_CONFIG] = 4,
	};

	return rank[a];
}

/* Which lists of a rule tell readers from writers: tests are in `packet`, changes in `post`. */
static uint8_t use_of(const struct rule *r, enum rule_item_kind kind)
{
	bool reads = false, writes = false;

	for (uint32_t i = 0; i < r->packet.count; i++)
		reads |= r->packet.items[i].kind == kind;
	for (uint32_t i = 0; i < r->post.count; i++)
		writes |= r->post.items[i].kind == kind;
	if (writes)
		return reads ? USE_READ_WRITE : USE_WRITE;
	return reads ? USE_READ : USE_NONE;
}

static bool captures(const struct rule_list *l, enum rule_capture_kind kind)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->items[i].kind != RULE_ITEM_PCRE)
			continue;
		for (uint32_t k = 0; k < l->items[i].pcre->ncaptures; k++) {
			if (l->items[i].pcre->captures[k].kind == kind)
				return true;
		}
	}
	return false;
}

static uint8_t var_use(const struct rule *r, enum rule_item_kind kind,
		       enum rule_capture_kind capture)
{
	bool writes = captures(&r->payload, capture);

	for (uint32_t i = 0; i < r->nbuffers && !writes; i++)
		writes = captures(&r->buffers[i].items, capture);
	if (writes)
		return use_of(r, kind) ? USE_READ_WRITE : USE_WRITE;
	return use_of(r, kind);
}

static struct sort_key key_of(const struct rule *r, bool swapped)
{
	uint8_t hostbits = use_of(r, RULE_ITEM_HOSTBITS), xbits = use_of(r, RULE_ITEM_XBITS);

	return (struct sort_key){
		.rule = r,
		.action = action_rank(r->action),
		.flowbits = use_of(r, RULE_ITEM_FLOWBITS),
		.flowint = use_of(r, RULE_ITEM_FLOWINT),
		.flowvar = var_use(r, RULE_ITEM_FLOWVAR, RULE_CAPTURE_FLOW_VAR),
		.pktvar = var_use(r, RULE_ITEM_PKTVAR, RULE_CAPTURE_PACKET_VAR),
		/* Suricata 7.0.10 sees only those that set hostbits and those that test xbits. */
		.hostbits = hostbits == USE_READ ? USE_NONE : hostbits,
		.xbits = xbits == USE_WRITE ? USE_NONE : xbits,
		.swapped = swapped,
	};
}

static int down(uint32_t a, uint32_t b)
{
	return a > b ? -1 : a < b;
}

static int key_cmp(const void *pa, const void *pb)
{
	const struct sort_key *a = pa, *b = pb;
	int c = down(b->action, a->action);

	if (c || (c = down(a->flowbits, b->flowbits)) || (c = down(a->flowint, b->flowint)) ||
	    (c = down(a->flowvar, b->flowvar)) || (c = down(a->pktvar, b->pktvar)) ||
	    (c = down(a->hostbits, b->hostbits)) || (c = down(a->xbits, b->xbits)) ||
	    (c = down(b->rule->priority, a->rule->priority)))
		return c;
	if (a->rule->sid != b->rule->sid)
		return a->rule->sid < b->rule->sid ? -1 : 1;
	if (a->rule->index != b->rule->index)
		return a->rule->index < b->rule->index ? -1 : 1;
	return a->swapped - b->swapped;
}

static struct plan_rule rule_of(const struct sort_key *k)
{
	const struct rule *r = k->rule;

	return (struct plan_rule){
		.rule = r,
		.src = k->swapped ? r->dst : r->src,
		.dst = k->swapped ? r->src : r->dst,
		.sport = k->swapped ? r->dport : r->sport,
		.dport = k->swapped ? r->sport : r->dport,
	};
}

void plan_order(struct plan_build *b)
{
	const struct lang_set *set = b->plan->set;
	struct VEC(struct sort_key) keys = {0};

	for (uint32_t i = 0; i < set->count; i++) {
		if (b->options->excluded && b->options->excluded[i])
			continue;
		vec_push(b->mem, &keys, key_of(set->rules[i], false));
		if (set->rules[i]->both_ways)
			vec_push(b->mem, &keys, key_of(set->rules[i], true));
	}
	if (keys.n)
		qsort(keys.v, keys.n, sizeof(*keys.v), key_cmp);
	b->plan->rules = plan_alloc(b->mem, (keys.n + 1) * sizeof(*b->plan->rules));
	for (uint32_t i = 0; i < keys.n && !b->mem->failed; i++)
		b->plan->rules[b->plan->count++] = rule_of(&keys.v[i]);
	vec_free(&keys);
}
