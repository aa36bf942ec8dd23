/* What kind of rule it is: Suricata's signature types and requirements, which decide on which
 * packets and how often a rule is tried. */
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"

enum {			      /* of a kind of item in rule.packet */
       KIND_PACKET = 1 << 0,  /* payload is then looked at packet by packet */
       KIND_IP_ONLY = 1 << 1, /* does not keep a rule from being ip-only */
       KIND_FLOW = 1 << 2,    /* needs a flow */
       KIND_EVENT = 1 << 3,   /* needs an event */
};

static const uint8_t kinds[RULE_ITEM_KINDS] = {
	[RULE_ITEM_TTL] = KIND_PACKET,	       [RULE_ITEM_TOS] = KIND_PACKET,
	[RULE_ITEM_ID] = KIND_PACKET,	       [RULE_ITEM_IP_PROTO] = KIND_PACKET | KIND_IP_ONLY,
	[RULE_ITEM_IPOPTS] = KIND_PACKET,      [RULE_ITEM_FRAGBITS] = KIND_PACKET,
	[RULE_ITEM_FRAGOFFSET] = KIND_PACKET,  [RULE_ITEM_SAMEIP] = KIND_PACKET,
	[RULE_ITEM_TCP_FLAGS] = KIND_PACKET,   [RULE_ITEM_TCP_SEQ] = KIND_PACKET,
	[RULE_ITEM_TCP_ACK] = KIND_PACKET,     [RULE_ITEM_TCP_WINDOW] = KIND_PACKET,
	[RULE_ITEM_TCP_MSS] = KIND_PACKET,     [RULE_ITEM_TCP_WSCALE] = KIND_PACKET,
	[RULE_ITEM_ITYPE] = KIND_PACKET,       [RULE_ITEM_ICODE] = KIND_PACKET,
	[RULE_ITEM_ICMP_ID] = KIND_PACKET,     [RULE_ITEM_ICMPV6_MTU] = KIND_PACKET,
	[RULE_ITEM_DSIZE] = KIND_PACKET,       [RULE_ITEM_TEMPLATE2] = KIND_PACKET,
	[RULE_ITEM_RPC] = KIND_PACKET,	       [RULE_ITEM_FLOW_AGE] = KIND_PACKET,
	[RULE_ITEM_L3_PROTO] = KIND_IP_ONLY,   [RULE_ITEM_XBITS] = KIND_IP_ONLY,
	[RULE_ITEM_HOSTBITS] = KIND_IP_ONLY,   [RULE_ITEM_IPREP] = KIND_IP_ONLY,
	[RULE_ITEM_FLOWBITS] = KIND_FLOW,      [RULE_ITEM_FLOWINT] = KIND_FLOW,
	[RULE_ITEM_DECODE_EVENT] = KIND_EVENT, [RULE_ITEM_STREAM_EVENT] = KIND_EVENT,
	[RULE_ITEM_APP_EVENT] = KIND_EVENT,
};

bool plan_on_packet_buffer(const struct rule_buffer *b)
{
	return b->buffer->where == LANG_ON_PACKET;
}

/* ip.src and ip.dst are values of the flow's packets; the other packet buffers are headers. */
static bool on_header(const struct rule_buffer *b)
{
	return plan_on_packet_buffer(b) && strncmp(b->name, "ip.", 3) != 0;
}

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
	if (rule_uint_match(u, 0))
		return u->min == 0 && u->max == 0 && !u->negated ? PLAN_NEED_NO_PAYLOAD : 0;
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

	if (plan_is_tx_event(i))
		return 0;
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

static uint8_t need_of(const struct plan_rule *p)
{
	const struct rule *r = p->rule;
	uint8_t need = 0;

	if (r->payload.count)
		need |= PLAN_NEED_PAYLOAD;
	if (r->proto.app ||
	    (r->flow & ~(RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT | RULE_FLOW_NO_STREAM)))
		need |= PLAN_NEED_FLOW;
	for (uint32_t i = 0; i < r->packet.count; i++)
		need |= need_of_item(&r->packet.items[i]);
	return r->payload.count ? need & ~PLAN_NEED_SYN : need;
}

static bool has_kind(const struct rule_list *l, enum rule_item_kind kind)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->items[i].kind == kind)
			return true;
	}
	return false;
}

static bool placed(const struct rule_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->items[i].kind == RULE_ITEM_CONTENT &&
		    (l->items[i].content->depth.set || l->items[i].content->offset.set))
			return true;
	}
	return false;
}

static uint16_t flags_of(const struct plan_rule *p)
{
	const struct rule *r = p->rule;
	uint16_t flags = 0;

	if (r->proto.packet_only || (r->flow & RULE_FLOW_NO_STREAM) ||
	    has_kind(&r->payload, RULE_ITEM_RPC))
		flags |= PLAN_ON_PACKET;
	if (r->proto.stream_only || (r->flow & RULE_FLOW_ONLY_STREAM))
		flags |= PLAN_ON_STREAM;
	for (uint32_t i = 0; i < r->packet.count; i++) {
		if (kinds[r->packet.items[i].kind] & KIND_PACKET)
			flags |= PLAN_ON_PACKET;
	}
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (on_header(&r->buffers[i]))
			flags |= PLAN_ON_PACKET;
	}
	if (r->payload.count && !(flags & (PLAN_ON_PACKET | PLAN_ON_STREAM)) &&
	    (p->layers & 1 << PLAN_TCP)) {
		flags |= PLAN_ON_STREAM;
		if (placed(&r->payload) || has_kind(&r->packet, RULE_ITEM_STREAM_SIZE))
			flags |= PLAN_ON_PACKET;
	}
	if (r->flow & ~(RULE_FLOW_TO_SERVER | RULE_FLOW_TO_CLIENT))
		flags |= PLAN_HAS_FLOW;
	if (!p->sport->any || !p->dport->any)
		flags |= PLAN_PORTS;
	if (has_kind(&r->post, RULE_ITEM_FILESTORE))
		flags |= PLAN_FILE_STORE;
	return flags;
}

static bool wide_or_plain(const struct rule_addrs *a)
{
	return a->any || !strchr(a->text, '!');
}

static bool only_kind(const struct rule_list *l, enum rule_item_kind kind)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->items[i].kind != kind)
			return false;
	}
	return l->count > 0;
}

static bool ip_only(const struct rule *r)
{
	if (r->proto.app || r->payload.count || r->nbuffers || r->flow || r->bypass)
		return false;
	for (uint32_t i = 0; i < r->packet.count; i++) {
		if (!(kinds[r->packet.items[i].kind] & KIND_IP_ONLY))
			return false;
	}
	for (uint32_t i = 0; i < r->post.count; i++) {
		const struct rule_item *item = &r->post.items[i];

		if (item->kind == RULE_ITEM_FLOWBITS && item->flowbits->cmd != RULE_BIT_SET)
			return false;
		if (item->kind == RULE_ITEM_FLOWINT || item->kind == RULE_ITEM_CONFIG ||
		    item->kind == RULE_ITEM_MARK)
			return false;
	}
	return true;
}

static enum plan_type type_of(const struct plan_rule *p)
{
	const struct rule *r = p->rule;
	bool tx = p->flags & PLAN_TX;
	uint16_t on = p->flags & (PLAN_ON_PACKET | PLAN_ON_STREAM);

	if (tx)
		return PLAN_APP_TX;
	if (!r->payload.count && !r->nbuffers && !r->flow && !r->proto.app) {
		if (only_kind(&r->packet, RULE_ITEM_APP_PROTOCOL))
			return PLAN_PROTO_ONLY;
		if (only_kind(&r->packet, RULE_ITEM_DECODE_EVENT))
			return PLAN_DECODE_ONLY;
	}
	if (ip_only(r))
		return wide_or_plain(p->src) && wide_or_plain(p->dst) ? PLAN_IP_ONLY
								      : PLAN_LIKE_IP_ONLY;
	if (r->payload.count) {
		if (on == PLAN_ON_PACKET)
			return PLAN_PACKET;
		return on == PLAN_ON_STREAM ? PLAN_STREAM : PLAN_PACKET_STREAM;
	}
	if (r->proto.app && !r->packet.count && !r->nbuffers && !(p->flags & PLAN_HAS_FLOW))
		return PLAN_APP_LAYER;
	return PLAN_PACKET;
}

void plan_traits(struct plan_rule *p)
{
	const struct rule *r = p->rule;

	p->layers = layers_of(r->proto.layer);
	p->dirs = (uint8_t)((r->to_server ? 1 << DIR_TS : 0) | (r->to_client ? 1 << DIR_TC : 0));
	p->flags |= flags_of(p);
	p->need = need_of(p);
	p->type = (uint8_t)type_of(p);
	if (p->type == PLAN_PACKET || p->type == PLAN_PROTO_ONLY || p->type == PLAN_DECODE_ONLY)
		p->need |= PLAN_NEED_REAL;
}
