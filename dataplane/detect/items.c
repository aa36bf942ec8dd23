/* Keywords on a packet's header, its flow and its hosts: rule.packet. */
#include "dataplane/base/cursor.h"
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/events.h"
#include "dataplane/detect/internal.h"
#include "dataplane/stream/events.h"

static bool bits_mode(const struct rule_bits *b, uint8_t field)
{
	field &= (uint8_t)~b->ignored;
	switch (b->mode) {
	case RULE_BITS_ALL:
		return (field & b->bits) == b->bits;
	case RULE_BITS_ANY:
		return (field & b->bits) != 0;
	case RULE_BITS_NOT:
		return b->bits ? (field & b->bits) != b->bits : field != 0;
	default:
		return field == b->bits;
	}
}

static bool is_tcp(const struct packet *p)
{
	return p->ip_proto == IP_PROTO_TCP && p->l4;
}

static bool is_icmp(const struct packet *p)
{
	return (p->ip_proto == IP_PROTO_ICMP || p->ip_proto == IP_PROTO_ICMPV6) && p->l4;
}

static uint8_t frag_bits(const struct packet *p)
{
	return (uint8_t)((p->reserved_bit ? 4 : 0) | (p->dont_fragment ? 2 : 0) |
			 (p->more_fragments ? 1 : 0));
}

static bool ip_option(const struct packet *p, enum rule_ipopt opt)
{
	static const uint16_t bit[] = {
		[RULE_IPOPT_RR] = IP4_OPTION_RR,     [RULE_IPOPT_LSRR] = IP4_OPTION_LSRR,
		[RULE_IPOPT_EOL] = IP4_OPTION_EOL,   [RULE_IPOPT_NOP] = IP4_OPTION_NOP,
		[RULE_IPOPT_TS] = IP4_OPTION_TS,     [RULE_IPOPT_SEC] = IP4_OPTION_SEC,
		[RULE_IPOPT_ESEC] = IP4_OPTION_ESEC, [RULE_IPOPT_SSRR] = IP4_OPTION_SSRR,
		[RULE_IPOPT_SATID] = IP4_OPTION_SID, [RULE_IPOPT_ANY] = 0xffff,
	};

	return p->ip_version == 4 && (p->ip4_options & bit[opt]);
}

/* Keywords on the IP header. */
static bool ip_item(const struct packet *p, const struct rule_item *i)
{
	switch (i->kind) {
	case RULE_ITEM_TTL:
	case RULE_ITEM_TEMPLATE2:
		return rule_uint_match(i->uint, p->ttl);
	case RULE_ITEM_TOS:
		return p->ip_version == 4 && rule_uint_match(i->uint, p->tos);
	case RULE_ITEM_ID:
		return p->ip_version == 4 && rule_uint_match(i->uint, p->ip_id);
	case RULE_ITEM_IP_PROTO:
		return rule_uint_match(i->uint, p->ip_proto);
	case RULE_ITEM_IPOPTS:
		return ip_option(p, i->ipopt);
	case RULE_ITEM_FRAGBITS:
		return p->ip_version == 4 && bits_mode(i->bits, frag_bits(p));
	case RULE_ITEM_FRAGOFFSET: /* IPv6 has one in fragments alone */
		return (p->ip_version == 4 || (p->flags & PACKET_FRAGMENT)) &&
		       rule_uint_match(i->uint, p->frag_offset);
	case RULE_ITEM_L3_PROTO:
		return (p->ip_version == (strcmp(i->named->name, "ipv6") == 0 ? 6 : 4)) !=
		       i->named->negated;
	default: /* RULE_ITEM_SAMEIP */
		return ip_addr_eq(&p->src, &p->dst);
	}
}

static bool tcp_item(const struct packet *p, const struct rule_item *i)
{
	if (!is_tcp(p))
		return false;
	switch (i->kind) {
	case RULE_ITEM_TCP_FLAGS:
		return bits_mode(i->bits, p->tcp.flags);
	case RULE_ITEM_TCP_SEQ:
		return rule_uint_match(i->uint, p->tcp.seq);
	case RULE_ITEM_TCP_ACK:
		return rule_uint_match(i->uint, p->tcp.ack);
	case RULE_ITEM_TCP_WINDOW:
		return rule_uint_match(i->uint, p->tcp.window);
	case RULE_ITEM_TCP_MSS:
		return p->tcp.has_mss && rule_uint_match(i->uint, p->tcp.mss);
	default: /* RULE_ITEM_TCP_WSCALE */
		return p->tcp.has_window_scale && rule_uint_match(i->uint, p->tcp.window_scale);
	}
}

static bool icmp_item(const struct packet *p, const struct rule_item *i)
{
	if (!is_icmp(p))
		return false;
	switch (i->kind) {
	case RULE_ITEM_ITYPE:
		return rule_uint_match(i->uint, p->icmp.type);
	case RULE_ITEM_ICODE:
		return rule_uint_match(i->uint, p->icmp.code);
	case RULE_ITEM_ICMP_ID:
		return p->icmp.has_id && rule_uint_match(i->uint, p->icmp.id);
	case RULE_ITEM_ICMP_SEQ:
		return p->icmp.has_id && rule_uint_match(i->uint, p->icmp.seq);
	default: /* RULE_ITEM_ICMPV6_MTU */
		return p->ip_proto == IP_PROTO_ICMPV6 && p->icmp.mtu &&
		       rule_uint_match(i->uint, p->icmp.mtu);
	}
}

static bool checksum_item(const struct packet *p, const struct rule_csum *c)
{
	const char *l = c->layer;
	bool ok = true, good;

	if (strcmp(l, "ipv4") == 0) {
		if (p->ip_version != 4)
			return false;
		return checksum_ip_good(p) == c->valid;
	}
	ok = p->l4 && p->ip_version == (l[strlen(l) - 1] == '6' ? 6 : 4);
	if (strncmp(l, "tcp", 3) == 0)
		ok = ok && p->ip_proto == IP_PROTO_TCP;
	else if (strncmp(l, "udp", 3) == 0)
		ok = ok && p->ip_proto == IP_PROTO_UDP;
	else
		ok = ok && p->ip_proto == (p->ip_version == 6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP);
	if (!ok)
		return false;
	good = checksum_l4_good(p);
	return good == c->valid;
}

static bool event_in(const struct packet *p, int event)
{
	for (unsigned k = 0; k < p->event_count; k++) {
		if (p->events[k] == event)
			return true;
	}
	return false;
}

static bool event_item(const struct run *r, const struct rule_item *i)
{
	const struct packet *p = r->p;
	int event;

	if (i->kind == RULE_ITEM_DECODE_EVENT) {
		event = decode_event_by_name(i->named->name);
		return event >= 0 && event_in(p, event);
	}
	if (i->kind == RULE_ITEM_STREAM_EVENT) {
		event = stream_event_by_name(i->named->name);
		return event >= 0 && event_in(p, STREAM_EVENT_BASE + event);
	}
	if (!r->f || !r->f->app)
		return false;
	for (unsigned k = 0; k < r->f->app->event_count; k++) {
		const char *name = app_flow_event_name(r->f->app->events[k]);

		if (name && strcmp(name, i->named->name) == 0)
			return true;
	}
	return false;
}

static bool stream_size_item(const struct run *r, const struct rule_stream_size *s)
{
	uint64_t client, server;

	if (!r->f || r->f->key.ip_proto != IP_PROTO_TCP || !r->f->tcp)
		return false;
	client = stream_size(r->f, DIR_TS);
	server = stream_size(r->f, DIR_TC);
	switch (s->side) {
	case RULE_SIDE_CLIENT:
		return rule_uint_match(&s->size, client);
	case RULE_SIDE_SERVER:
		return rule_uint_match(&s->size, server);
	case RULE_SIDE_BOTH:
		return rule_uint_match(&s->size, client) && rule_uint_match(&s->size, server);
	default:
		return rule_uint_match(&s->size, client) || rule_uint_match(&s->size, server);
	}
}

/* app-layer-protocol: what the packet's own direction was identified as. */
static bool protocol_item(const struct run *r, const struct plan_rule *rule,
			  const struct rule_named *n)
{
	const struct app_proto *seen;
	bool is;

	if (!r->f || !r->f->app || !r->fd)
		return false;
	if (rule->rule->type == RULE_TYPE_PROTO_ONLY && !(r->fd->proto_done & 1 << r->dir))
		return false;
	seen = r->f->app->seen[r->dir];
	if (!seen) {
		if (!r->f->app->tried[r->dir])
			return false;
		is = strcmp(n->name, "failed") == 0;
		return is != n->negated;
	}
	is = strcmp(seen->name, n->name) == 0 ||
	     (strcmp(n->name, "http") == 0 && strncmp(seen->name, "http", 4) == 0);
	for (unsigned i = 0; i < ARRAY_SIZE(seen->rule_names) && seen->rule_names[i] && !is; i++)
		is = strcmp(seen->rule_names[i], n->name) == 0;
	return is != n->negated;
}

/* RFC 5531: a call's header, after the record mark on TCP. */
static bool rpc_item(const struct run *r, const struct rule_rpc *rpc)
{
	bool tcp = r->p->ip_proto == IP_PROTO_TCP;
	struct cursor c = cursor_of(r->payload);
	uint32_t word[6];

	if (tcp)
		cursor_skip(&c, 4);
	for (unsigned i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = cursor_u32(&c);
	if (c.bad || word[1] != 0 || word[2] != 2 || word[3] != rpc->program)
		return false;
	return (!rpc->version.set || word[4] == (uint32_t)rpc->version.number) &&
	       (!rpc->procedure.set || word[5] == (uint32_t)rpc->procedure.number);
}

/* ---- what the operator knows about addresses ---- */

static bool score_match(const struct run *r, const struct rule_iprep *rep, int category,
			const struct ip_addr *a)
{
	int score = reputation_score(r->e->reputation, category, a);

	if (rep->isset || rep->isnotset)
		return (score >= 0) == rep->isset;
	return score >= 0 && rule_uint_match(&rep->value, (uint64_t)score);
}

static bool iprep_item(const struct run *r, const struct plan_rule *rule, const struct rule_item *i)
{
	const struct rule_list *l = &rule->rule->packet;
	const struct packet *p = r->p;
	unsigned nth = 0;
	int category;

	for (const struct rule_item *before = l->items; before < i; before++)
		nth += before->kind == RULE_ITEM_IPREP;
	category = r->e->lists[rule->rule->index].category[nth];
	switch (i->iprep->track) {
	case RULE_TRACK_SRC:
		return score_match(r, i->iprep, category, &p->src);
	case RULE_TRACK_DST:
		return score_match(r, i->iprep, category, &p->dst);
	case RULE_TRACK_BOTH:
		return score_match(r, i->iprep, category, &p->src) &&
		       score_match(r, i->iprep, category, &p->dst);
	default:
		return score_match(r, i->iprep, category, &p->src) ||
		       score_match(r, i->iprep, category, &p->dst);
	}
}

/* An address whose country is not known matches neither way. */
static bool country_match(const struct run *r, const struct rule_geoip *g, const struct ip_addr *a)
{
	struct slice country = geoip_country(r->e->geoip, a);
	bool listed = false;

	if (country.len == 0)
		return false;
	for (uint32_t i = 0; i < g->count && !listed; i++)
		listed = slice_eq(country, slice_of(g->countries[i]));
	return listed != g->negated;
}

static bool geoip_item(const struct run *r, const struct rule_geoip *g)
{
	const struct packet *p = r->p;

	if (!r->real || p->ip_version != 4)
		return false;
	if (g->both)
		return country_match(r, g, &p->src) && country_match(r, g, &p->dst);
	return (g->source && country_match(r, g, &p->src)) ||
	       (g->destination && country_match(r, g, &p->dst));
}

static bool state_item(struct run *r, const struct plan_rule *rule, const struct rule_item *i)
{
	switch (i->kind) {
	case RULE_ITEM_RPC:
		return rpc_item(r, i->rpc);
	case RULE_ITEM_ASN1:
		return asn1_match(r, i->asn1);
	case RULE_ITEM_IPREP:
		return r->p->ip_version && iprep_item(r, rule, i);
	case RULE_ITEM_GEOIP:
		return geoip_item(r, i->geoip);
	case RULE_ITEM_STREAM_SIZE:
		return stream_size_item(r, i->stream_size);
	case RULE_ITEM_FLOW_AGE:
		/* Full seconds of the clock passed, as in Suricata, not of the flow's life. */
		return r->f && rule_uint_match(i->uint, r->p->now_ns / NS_PER_SEC -
								r->f->start_ns / NS_PER_SEC);
	case RULE_ITEM_FLOWBITS:
		return bits_test(r, i->flowbits);
	case RULE_ITEM_FLOWINT:
		return vars_flowint(r, i->flowint);
	case RULE_ITEM_XBITS:
		return hosts_test(r, i->xbits, false);
	case RULE_ITEM_HOSTBITS:
		return hosts_test(r, i->xbits, true);
	case RULE_ITEM_FLOWVAR:
		return vars_match(r, i->varmatch, false);
	case RULE_ITEM_PKTVAR:
		return vars_match(r, i->varmatch, true);
	case RULE_ITEM_APP_PROTOCOL:
		return protocol_item(r, rule, i->named);
	default:
		return false;
	}
}

/* True for keywords that ask a frame: a pseudo packet has none. */
static bool item_match(struct run *r, const struct plan_rule *rule, const struct rule_item *i)
{
	const struct packet *p = r->p;

	switch (i->kind) {
	case RULE_ITEM_TTL ... RULE_ITEM_SAMEIP:
	case RULE_ITEM_L3_PROTO:
	case RULE_ITEM_TEMPLATE2:
		return (r->real || i->kind == RULE_ITEM_L3_PROTO) && p->ip_version && ip_item(p, i);
	case RULE_ITEM_TCP_FLAGS ... RULE_ITEM_TCP_WSCALE:
		return r->real && tcp_item(p, i);
	case RULE_ITEM_ITYPE ... RULE_ITEM_ICMPV6_MTU:
		return r->real && icmp_item(p, i);
	case RULE_ITEM_DSIZE:
		return r->real && rule_uint_match(i->uint, p->payload_len);
	case RULE_ITEM_CSUM:
		return r->real && checksum_item(p, i->csum);
	case RULE_ITEM_DECODE_EVENT:
	case RULE_ITEM_STREAM_EVENT:
	case RULE_ITEM_APP_EVENT:
		return event_item(r, i);
	default:
		return state_item(r, rule, i);
	}
}

/* The conditions of `flow` but the directions, which the group has decided. */
static bool flow_match(const struct run *r, const struct plan_rule *rule)
{
	uint32_t want = rule->rule->flow;
	bool established = r->p->flags & (PACKET_ESTABLISHED | PACKET_PSEUDO_END);
	bool frag = r->p->flags & PACKET_REASSEMBLED;

	if (((want & RULE_FLOW_NO_FRAG) && frag) || ((want & RULE_FLOW_ONLY_FRAG) && !frag))
		return false;
	if (((want & RULE_FLOW_ESTABLISHED) && !established) ||
	    ((want & RULE_FLOW_NOT_ESTABLISHED) && established))
		return false;
	if (((want & RULE_FLOW_ONLY_STREAM) && !r->on_stream) ||
	    ((want & RULE_FLOW_NO_STREAM) && r->on_stream))
		return false;
	return true;
}

bool items_early(struct run *r, const struct plan_rule *rule)
{
	const struct rule_list *l = &rule->rule->packet;

	for (uint32_t i = 0; i < l->count; i++) {
		if (plan_item_early(&l->items[i]) && !item_match(r, rule, &l->items[i]))
			return false;
	}
	return true;
}

bool items_match(struct run *r, const struct plan_rule *rule)
{
	const struct rule_list *l;

	if ((rule->flags & PLAN_HAS_FLOW) && !flow_match(r, rule))
		return false;
	if (!(rule->flags & PLAN_ITEMS))
		return true;
	l = &rule->rule->packet;
	for (uint32_t i = 0; i < l->count; i++) {
		/* Suricata's prefilters on packet keywords are not run on pseudo packets. */
		if ((l->items[i].prefilter && !r->real) || !item_match(r, rule, &l->items[i]))
			return false;
	}
	return true;
}
