/* What a packet must have for a rule to be worth a look: Suricata's signature masks. */
#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"

enum {			    /* of a kind of item in rule.packet */
       KIND_FLOW = 1 << 0,  /* needs a flow */
       KIND_EVENT = 1 << 1, /* needs an event */
};

static const uint8_t kinds[RULE_ITEM_KINDS] = {
	[RULE_ITEM_FLOWBITS] = KIND_FLOW,      [RULE_ITEM_FLOWINT] = KIND_FLOW,
	[RULE_ITEM_DECODE_EVENT] = KIND_EVENT, [RULE_ITEM_STREAM_EVENT] = KIND_EVENT,
	[RULE_ITEM_APP_EVENT] = KIND_EVENT,
};

static uint8_t layers_of(enum rule_layer l)
{
	switch (l) {
	case RULE_LAYER_TCP:
		return 1 << PLAN_TCP;
	case RULE_LAYER_UDP:
		return 1 << PLAN_UDP;
	case RULE_LAYER_TCP_UDP:
		return 1 << PLAN_TCP | 1 << PLAN_UDP;
	case RULE_LAYER_ICMP:
		return 1 << PLAN_ICMP | 1 << PLAN_ICMPV6;
	case RULE_LAYER_ICMPV4:
		return 1 << PLAN_ICMP;
	case RULE_LAYER_ICMPV6:
		return 1 << PLAN_ICMPV6;
	case RULE_LAYER_SCTP:
		return 1 << PLAN_SCTP;
	default:
		return (1 << PLAN_L4S) - 1;
	}
}

static uint8_t need_of_dsize(const struct rule_uint *u)
{
	if (u->negated)
		return PLAN_NEED_PAYLOAD;
	if (rule_uint_match(u, 0))
		return u->min == 0 && u->max == 0 ? PLAN_NEED_NO_PAYLOAD : 0;
	return PLAN_NEED_PAYLOAD;
}

static uint8_t need_of_flags(const struct rule_bits *b)
{
	uint8_t need = 0;

	/* Whatever the mode: Suricata asks this before it looks at the mode. */
	if (b->bits & 0x07)
		need |= PLAN_NEED_FLAGS_INIT;
	if ((b->bits & 0x02) && b->mode != RULE_BITS_NOT)
		need |= PLAN_NEED_SYN;
	if (b->bits & 0xe0)
		need |= PLAN_NEED_FLAGS_ODD;
	return need;
}

static uint8_t need_of_item(const struct rule_item *i)
{
	uint8_t need = 0;

	if (kinds[i->kind] & KIND_FLOW)
		need |= PLAN_NEED_FLOW;
	if (kinds[i->kind] & KIND_EVENT)
		need |= PLAN_NEED_EVENT;
	if (i->kind == RULE_ITEM_DSIZE)
		need |= need_of_dsize(i->uint);
	if (i->kind == RULE_ITEM_TCP_FLAGS)
		need |= need_of_flags(i->bits);
	return need;
}

static uint8_t need_of(const struct rule *r)
{
	uint8_t need = 0;

	if (r->payload.count)
		need |= PLAN_NEED_PAYLOAD;
	if (r->proto.app ||
	    (r->flow & ~(RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT | RULE_FLOW_NO_STREAM)))
		need |= PLAN_NEED_FLOW;
	if (r->type == RULE_TYPE_PACKET || r->type == RULE_TYPE_PROTO_ONLY ||
	    r->type == RULE_TYPE_DECODE_ONLY)
		need |= PLAN_NEED_REAL;
	for (uint32_t i = 0; i < r->packet.count; i++)
		need |= need_of_item(&r->packet.items[i]);
	return r->payload.count ? need & (uint8_t)~PLAN_NEED_SYN : need;
}

/* Captures of an expression count even when an item on the packet then says no. */
static bool captures(const struct rule_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->items[i].kind == RULE_ITEM_PCRE && l->items[i].pcre->ncaptures)
			return true;
	}
	return false;
}

static bool early(const struct rule *r)
{
	bool any = false;

	for (uint32_t i = 0; i < r->packet.count; i++)
		any |= plan_item_early(&r->packet.items[i]);
	return any && r->payload.count && !captures(&r->payload);
}

static bool contents(const struct rule *r)
{
	for (uint32_t i = 0; i < r->payload.count; i++) {
		if (r->payload.items[i].kind == RULE_ITEM_CONTENT)
			return true;
	}
	return false;
}

static bool of_one_version(enum rule_layer layer)
{
	return layer == RULE_LAYER_IPV4 || layer == RULE_LAYER_IPV6 || layer == RULE_LAYER_ICMPV4 ||
	       layer == RULE_LAYER_ICMPV6;
}

static bool has_headers(const struct rule *r)
{
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (r->buffers[i].buffer->where == LANG_ON_PACKET)
			return true;
	}
	return false;
}

/* What matching would have to look up in the rule's parts. */
static uint32_t parts_of(const struct plan_rule *p)
{
	const struct rule *r = p->rule;

	return (r->proto.app ? PLAN_APP : 0) | (of_one_version(r->proto.layer) ? PLAN_VERSION : 0) |
	       (p->src->any && p->dst->any ? 0 : PLAN_ADDRS) |
	       (r->payload.count ? PLAN_PAYLOAD : 0) | (has_headers(r) ? PLAN_HEADERS : 0) |
	       (r->packet.count ? PLAN_ITEMS : 0);
}

static uint32_t flags_of(const struct plan_rule *p)
{
	const struct rule *r = p->rule;
	uint32_t flags = parts_of(p);

	if (r->need_packet)
		flags |= PLAN_ON_PACKET;
	if (r->need_stream)
		flags |= PLAN_ON_STREAM;
	/* Of a rule on the stream with contents Suricata asks these of the stream alone. */
	if (r->need_packet || !contents(r))
		flags |= PLAN_ON_EMPTY;
	if (r->flow & ~(RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT))
		flags |= PLAN_HAS_FLOW;
	if (early(r))
		flags |= PLAN_EARLY;
	if (!p->sport->any || !p->dport->any)
		flags |= PLAN_PORTS;
	return flags;
}

void plan_traits(struct plan_rule *p)
{
	const struct rule *r = p->rule;

	p->layers = layers_of(r->proto.layer);
	p->dirs = (uint8_t)((r->to_server ? 1 << DIR_TS : 0) | (r->to_client ? 1 << DIR_TC : 0));
	p->flags |= flags_of(p);
	p->need = need_of(r);
}
