/* Rules on single packets and on the raw stream: candidates from the packet's port group, then each
 * in order. */
#include "dataplane/detect/internal.h"

/* ---- payload ---- */

static bool payload_run(struct run *r, const struct plan_rule *rule, struct slice data,
			uint64_t offset)
{
	struct inspect_bytes in = {
		.data = data, .offset = 0, .start = true, .end = true, .packet = r->p};

	return inspect_run(r->d->inspect, r->e->lists[rule->rule->index].payload, &in);
}

bool packet_stream_match(struct run *r, const struct plan_rule *rule)
{
	if (!r->has_raw)
		return false;
	return payload_run(r, rule, SLICE(r->raw.data, r->raw.len), r->raw.offset);
}

/* The stream first, then the packet's own bytes unless they are part of the stream. */
static bool payload_match(struct run *r, const struct plan_rule *rule)
{
	if (rule->flags & PLAN_ON_STREAM) {
		if (packet_stream_match(r, rule)) {
			r->on_stream = true;
			return true;
		}
		if (!(rule->flags & PLAN_ON_PACKET) && (r->p->flags & PACKET_STREAM_ADDED))
			return false;
	}
	/* What is negated holds in a packet without payload that has the stream looked at; the
	 * packet that ends a flow is none. */
	if (r->payload.len == 0 && (!r->real || !(rule->flags & PLAN_ON_EMPTY)))
		return false;
	return payload_run(r, rule, r->payload.len ? r->payload : SLICE("", 0), 0);
}

/* ---- one rule ---- */

static bool proto_match(const struct run *r, const struct plan_rule *rule)
{
	return !(rule->flags & PLAN_APP) || (rule->protos & r->proto_bit);
}

bool packet_conditions(struct run *r, const struct plan_rule *rule)
{
	r->on_stream = false;
	/* No group of ports has looked at the transport for these. */
	return (rule->layers & 1 << plan_l4_of(r->p->ip_proto)) && header_match(r, rule) &&
	       headers_match(r, rule) && items_match(r, rule);
}

/* What costs little first. */
static bool rule_possible(struct run *r, const struct plan_rule *rule)
{
	return proto_match(r, rule) && (!(rule->flags & PLAN_EARLY) || items_early(r, rule)) &&
	       header_match(r, rule);
}

static bool rule_match(struct run *r, const struct plan_rule *rule)
{
	r->on_stream = false;
	inspect_begin(r->d->inspect);
	if (!rule_possible(r, rule))
		return false;
	if ((rule->flags & PLAN_PAYLOAD) && !payload_match(r, rule))
		return false;
	return headers_match(r, rule) && items_match(r, rule);
}

static void rule_try(struct run *r, const struct plan_rule *rule)
{
	bool matched;
	uint64_t start = 0;

	if (r->e->profile)
		start = __builtin_ia32_rdtsc();
	matched = rule_match(r, rule);
	if (r->e->profile) {
		struct detect_cost *c = &r->d->rule_costs[rule->num];

		c->cycles += __builtin_ia32_rdtsc() - start;
		c->runs++;
		c->hits += matched;
	}
	vars_capture(r);
	if (!matched)
		return;
	post_match(r, rule);
	alert_queue(r, rule, r->on_stream ? DETECT_STREAM : DETECT_PACKET);
}

/* ---- candidates ---- */

static void scan(struct run *r, const struct matcher *m, struct slice data)
{
	if (m)
		profile_scan(r, m, &(struct matcher_window){.data = data});
}

enum { SHORT = 256 }; /* so many bytes are searched sooner than their beginning is looked up */

static void scan_packet_for(struct run *r, const struct plan_payload *p, struct slice data)
{
	scan(r, p->packet, data);
	if (p->gate && (data.len < SHORT || matcher_begins(p->gate, data)))
		scan(r, p->deep, data);
}

static void scan_packet(struct run *r, struct slice data)
{
	scan_packet_for(r, &r->wide->payload, data);
	scan_packet_for(r, &r->group->payload, data);
	if (r->far)
		scan_packet_for(r, r->far, data);
}

static void scan_stream(struct run *r, struct slice data)
{
	scan(r, r->wide->payload.stream, data);
	scan(r, r->group->payload.stream, data);
	if (r->far)
		scan(r, r->far->stream, data);
}

/* No pattern leads to them: those of the ports and those of the flow's protocol. */
static void add_always(struct run *r)
{
	matcher_hits_add(&r->d->hits, &r->group->always);
	matcher_hits_add(&r->d->hits, &r->wide->always);
}

static void gather(struct run *r)
{
	struct matcher_hits *h = &r->d->hits;

	h->n = 0;
	h->have = r->have;
	h->dirs = (uint8_t)(1 << r->dir);
	add_always(r);
	if (r->payload.len) {
		scan_packet(r, r->payload);
		/* Bytes that never reach the stream are looked at as if they did. */
		if (!(r->p->flags & PACKET_STREAM_ADDED))
			scan_stream(r, r->payload);
	}
	if (r->has_raw && !r->raw_blind)
		scan_stream(r, SLICE(r->raw.data, r->raw.len));
	matcher_hits_sort(h);
}

void packet_rules(struct run *r)
{
	struct detector *d = r->d;

	d->n_tx_cands = 0;
	gather(r);
	for (uint32_t i = 0; i < d->hits.n; i++) {
		const struct plan_rule *rule = &r->plan->rules[d->hits.v[i].num];

		if (rule->flags & PLAN_TX)
			d->tx_cands[d->n_tx_cands++] = d->hits.v[i];
		else
			rule_try(r, rule);
	}
}

static bool alerted(const struct detector *d, const struct plan_rule *rule)
{
	for (uint32_t i = 0; i < d->queued; i++) {
		if (d->queue[i].rule == rule)
			return true;
	}
	return false;
}

void packet_stream_again(struct run *r)
{
	struct matcher_hits *h = &r->d->hits;

	h->n = 0;
	add_always(r);
	scan_stream(r, SLICE(r->raw.data, r->raw.len));
	matcher_hits_sort(h);
	for (uint32_t i = 0; i < h->n; i++) {
		const struct plan_rule *rule = &r->plan->rules[h->v[i].num];

		if ((rule->flags & PLAN_ON_STREAM) && !(rule->flags & PLAN_TX) &&
		    !alerted(r->d, rule))
			rule_try(r, rule);
	}
}

/* ---- ip-only ---- */

void packet_ip_only(struct run *r)
{
	struct matcher_hits *h = &r->d->hits;

	h->n = 0;
	h->have = r->have;
	h->dirs = (uint8_t)(1 << r->dir);
	matcher_hits_add(h, &r->plan->ip_any);
	if (r->plan->ip_src.count)
		matcher_hits_add(h, plan_addr_find(&r->plan->ip_src, &r->p->src));
	if (r->plan->ip_dst.count)
		matcher_hits_add(h, plan_addr_find(&r->plan->ip_dst, &r->p->dst));
	matcher_hits_sort(h);
	for (uint32_t i = 0; i < h->n; i++) {
		const struct plan_rule *rule = &r->plan->rules[h->v[i].num];

		if (header_ip_only(r, rule) && items_match(r, rule)) {
			post_match(r, rule);
			alert_queue(r, rule, DETECT_PACKET);
		}
	}
}
