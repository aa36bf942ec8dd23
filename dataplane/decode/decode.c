/* The decoder: walks through the layers of a frame and of the packets inside it, and hands them on,
 * the innermost first. */
#include "dataplane/decode/decode.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/decode/checksum.h"
#include "dataplane/decode/defrag.h"
#include "dataplane/decode/layer.h"

const struct decode_config decode_config_default = {
	.vxlan = true,
	.geneve = true,
	.ip4_in_ip4 = true,
	.vxlan_port = 4789,
	.geneve_port = 6081,
	.teredo_port = 3544,
	.vlan_depth = LIMIT_VLAN_DEPTH,
	.defrag_ipv4 = DEFRAG_WINDOWS,
	.defrag_ipv6 = DEFRAG_BSD,
};

static const struct counter_name counter_names[DECODE_COUNTER_COUNT] = {
#define DECODE_COUNTER_NAME(id, text, drop) {text, drop},
	DECODE_COUNTERS(DECODE_COUNTER_NAME)
#undef DECODE_COUNTER_NAME
};

static layer_decoder *const decoders[LAYER_COUNT] = {
	[LAYER_ETHERNET] = ethernet_decode,
	[LAYER_DCE] = dce_decode,
	[LAYER_VLAN] = vlan_decode,
	[LAYER_IEEE8021AH] = ieee8021ah_decode,
	[LAYER_VNTAG] = vntag_decode,
	[LAYER_MPLS] = mpls_decode,
	[LAYER_PPPOE_SESSION] = pppoe_session_decode,
	[LAYER_PPPOE_DISCOVERY] = pppoe_discovery_decode,
	[LAYER_PPP] = ppp_decode,
	[LAYER_CHDLC] = chdlc_decode,
	[LAYER_SLL] = sll_decode,
	[LAYER_SLL2] = sll2_decode,
	[LAYER_NULL] = null_decode,
	[LAYER_LOOP] = loop_decode,
	[LAYER_RAW] = raw_decode,
	[LAYER_NSH] = nsh_decode,
	[LAYER_IPV4] = ipv4_decode,
	[LAYER_IPV6] = ipv6_decode,
	[LAYER_TCP] = tcp_decode,
	[LAYER_UDP] = udp_decode,
	[LAYER_ICMP4] = icmp4_decode,
	[LAYER_ICMP6] = icmp6_decode,
	[LAYER_SCTP] = sctp_decode,
	[LAYER_ESP] = esp_decode,
	[LAYER_GRE] = gre_decode,
	[LAYER_ERSPAN1] = erspan1_decode,
	[LAYER_ERSPAN2] = erspan2_decode,
	[LAYER_ERSPAN3] = erspan3_decode,
};

struct decoder *decoder_new(const struct decode_config *config, struct slab *slab)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->config = *config;
	if (d->config.vlan_depth > PACKET_VLANS)
		d->config.vlan_depth = PACKET_VLANS;
	d->slab = slab;
	d->defrag = defrag_new(&d->config, slab);
	if (!d->defrag) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder_delete(struct decoder *d)
{
	if (!d)
		return;
	defrag_delete(d->defrag);
	free(d);
}

static enum layer first_layer(uint16_t link_type)
{
	switch (link_type) {
	case LINK_ETHERNET:
		return LAYER_ETHERNET;
	case LINK_SLL:
		return LAYER_SLL;
	case LINK_SLL2:
		return LAYER_SLL2;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		return LAYER_PPP;
	case LINK_CISCO_HDLC:
		return LAYER_CHDLC;
	case LINK_NULL:
		return LAYER_NULL;
	case LINK_LOOP:
		return LAYER_LOOP;
	case LINK_RAW:
	case LINK_DLT_RAW:
	case LINK_DLT_RAW_BSD:
	case LINK_IPV4:
	case LINK_IPV6:
		return LAYER_RAW;
	default:
		return LAYER_UNKNOWN;
	}
}

bool decode_link_type_known(uint16_t link_type)
{
	return first_layer(link_type) != LAYER_UNKNOWN;
}

/* The link type under which a packet found inside another is passed on. */
static uint16_t layer_link_type(enum layer layer)
{
	switch (layer) {
	case LAYER_IPV4:
	case LAYER_IPV6:
		return LINK_RAW;
	case LAYER_PPP:
		return LINK_PPP;
	default:
		return LINK_ETHERNET;
	}
}

bool walk_child(struct walk *w, enum child_kind kind, enum layer layer, struct slice data)
{
	if (w->layers + 1 >= LIMIT_DECODE_LAYERS) {
		walk_invalid(w, DECODE_EVENT_TOO_MANY_LAYERS);
		return false;
	}
	w->child = (struct child){kind, layer, data};
	return true;
}

void walk_tunnel(struct walk *w, enum layer layer)
{
	walk_child(w, CHILD_TUNNEL, layer, cursor_rest(&w->c));
}

/* Everything behind the rx fields to zero, but for the events, which are counted. */
static void packet_begin(struct packet *p, uint32_t flags)
{
	enum {
		FROM = offsetof(struct packet, flags),
		LEN = offsetof(struct packet, events) - FROM,
		STEP = 64,
	};
	uint8_t *at = (uint8_t *)p + FROM;

	/* in steps, as a whole it would become "rep stos", which takes 8 ns to start */
	memset(at, 0, STEP);
	memset(at + STEP, 0, STEP);
	memset(at + 2 * STEP, 0, STEP);
	memset(at + 3 * STEP, 0, STEP);
	memset(at + LEN - STEP, 0, STEP);
	_Static_assert(LEN >= 4 * STEP && LEN <= 5 * STEP, "five steps cover it");
	p->flags = flags;
	p->flow = NULL;
	p->dir = DIR_TS;
}

static void walk_begin(struct walk *w, struct decoder *d, struct packet *p)
{
	w->d = d;
	w->p = p;
	w->c = cursor_init(p->frame, p->frame_len);
	w->layers = 0;
	w->accepted = w->failed = w->vj_uncompressed = false;
	w->stage = STAGE_LINK;
	w->child.kind = CHILD_NONE;
	w->datagram = SLICE(NULL, 0);
}

static void walk_run(struct walk *w, enum layer layer)
{
	/* network_layer says LAYER_UNKNOWN where the caller passes that on */
	while (layer != LAYER_DONE && layer != LAYER_UNKNOWN)
		layer = decoders[layer](w);
	if (w->d->config.checksums && w->p->ip && !checksums_good(w->p)) {
		w->p->flags |= PACKET_BAD_CHECKSUM;
		walk_count(w, DECODE_BAD_CHECKSUM);
	}
}

/* A packet inside w's, in the next walk. */
static void child_run(struct walk *child, struct walk *w, struct packet *p)
{
	const struct packet *outer = w->p;
	bool datagram = w->child.kind == CHILD_DATAGRAM;

	p->frame = w->child.data.data;
	p->frame_len = p->wire_len = (uint32_t)w->child.data.len;
	if (datagram && outer->ip) /* counted with the link layer it would have had in one piece */
		p->wire_len += (uint32_t)(outer->ip - outer->frame);
	p->now_ns = outer->now_ns;
	p->number = outer->number;
	p->link_type = layer_link_type(w->child.layer);
	p->port = outer->port;
	p->origin = outer->origin;
	p->flow_hash = 0;
	packet_begin(p, datagram ? PACKET_REASSEMBLED | (outer->flags & PACKET_TUNNELLED)
				 : PACKET_TUNNELLED | (outer->flags & PACKET_STABLE));
	p->outer = w->p;
	p->tunnel_depth = outer->tunnel_depth;
	walk_begin(child, w->d, p);
	if (datagram) {
		child->datagram = w->child.data;
		p->vlan_count = outer->vlan_count;
		memcpy(p->vlan, outer->vlan, sizeof(p->vlan));
		p->has_mac = outer->has_mac;
		p->src_mac = outer->src_mac;
		p->dst_mac = outer->dst_mac;
		p->ether_type = outer->ether_type;
	} else {
		p->tunnel_depth++;
		child->layers = w->layers + 1;
	}
	walk_run(child, w->child.layer);
}

static bool child_accepted(const struct walk *child, enum child_kind kind)
{
	return !child->failed && !(kind == CHILD_TEREDO && child->p->flags & PACKET_INVALID);
}

static void datagram_free(struct walk *w)
{
	slab_free(w->d->slab, (void *)w->datagram.data, w->datagram.len);
}

/* What was inside w's packet is none: the packet stands alone, or holds something else. */
static void child_rejected(struct walk *w, struct walk *child)
{
	enum child_kind kind = w->child.kind;

	walk_count(w, DECODE_TUNNEL_REJECTED);
	datagram_free(child);
	if (child->child.kind == CHILD_DATAGRAM)
		slab_free(w->d->slab, (void *)child->child.data.data, child->child.data.len);
	w->child.kind = CHILD_NONE;
	if (kind == CHILD_TEREDO)
		udp_tunnels(w, true);
}

static void child_counted(struct walk *w, const struct walk *child)
{
	walk_count(w, DECODE_TUNNEL_PACKETS);
	if (w->child.kind == CHILD_TEREDO)
		walk_count(w, DECODE_TEREDO);
	if (w->child.kind != CHILD_TUNNEL || w->p->ip_version != 6)
		return;
	if (w->p->ip_proto == IP_PROTO_IPIP)
		walk_count(w, DECODE_IPV4_IN_IPV6);
	else if (w->p->ip_proto == IP_PROTO_IPV6)
		walk_count(w, DECODE_IPV6_IN_IPV6);
}

/* Decodes what is inside walks[0]'s packet, and inside that; returns the number of packets. */
static unsigned children(struct decoder *d)
{
	unsigned n = 1;

	while (d->walks[n - 1].child.kind != CHILD_NONE) {
		struct walk *w = &d->walks[n - 1];

		if (n == ARRAY_SIZE(d->walks)) {
			walk_count(w, DECODE_TUNNEL_DEPTH);
			if (w->child.kind == CHILD_DATAGRAM)
				slab_free(d->slab, (void *)w->child.data.data, w->child.data.len);
			break;
		}
		child_run(&d->walks[n], w, &d->inner[n - 1]);
		if (!child_accepted(&d->walks[n], w->child.kind)) {
			child_rejected(w, &d->walks[n]);
			continue;
		}
		w->p->flags |= PACKET_NO_PAYLOAD; /* it is inspected as the inner packet's */
		child_counted(w, &d->walks[n]);
		n++;
	}
	return n;
}

static void count_events(struct decoder *d, const struct packet *p)
{
	for (unsigned i = 0; i < p->event_count; i++)
		d->events[p->events[i]]++;
	if (p->event_count == PACKET_EVENTS)
		d->counters[DECODE_EVENTS_FULL]++;
}

/* The one outcome of a frame. */
static enum decode_counter outcome(const struct walk *w)
{
	const struct packet *p = w->p;

	if (p->flags & PACKET_FRAGMENT)
		return DECODE_FRAGMENT;
	if (!(p->flags & PACKET_INVALID) && w->stage == STAGE_LINK)
		return DECODE_NOT_IP;
	if (p->ip &&
	    (!(p->flags & PACKET_INVALID) || p->flags & (PACKET_WANTS_FLOW | PACKET_NO_PAYLOAD)))
		return DECODE_OK;
	switch (w->stage) {
	case STAGE_LINK:
		return DECODE_BAD_LINK_LAYER;
	case STAGE_NETWORK:
		return DECODE_BAD_NETWORK_LAYER;
	default:
		return DECODE_BAD_TRANSPORT_LAYER;
	}
}

static void count_frame(struct decoder *d, const struct packet *p)
{
	d->counters[DECODE_PKTS]++;
	d->counters[DECODE_BYTES] += p->frame_len;
	if (p->frame_len > d->counters[DECODE_MAX_PKT_SIZE])
		d->counters[DECODE_MAX_PKT_SIZE] = p->frame_len;
	if (p->wire_len > p->frame_len)
		d->counters[DECODE_CUT_FRAMES]++;
}

void decode_frame(struct decoder *d, struct packet *p, const struct decode_sink *sink)
{
	struct walk *w = d->walks;
	enum layer first = first_layer(p->link_type);
	unsigned n;

	packet_begin(p, p->flags & PACKET_STABLE);
	walk_begin(w, d, p);
	count_frame(d, p);
	if (first == LAYER_UNKNOWN) {
		d->counters[DECODE_UNKNOWN_LINK_TYPE]++;
		p->flags |= PACKET_INVALID;
		sink->packet(sink->ctx, p);
		return;
	}
	walk_run(w, first);
	n = children(d);
	d->counters[outcome(w)]++;
	if (p->flags & PACKET_INVALID)
		d->counters[DECODE_INVALID]++;
	while (n-- > 0) {
		if (w[n].p->event_count)
			count_events(d, w[n].p);
		sink->packet(sink->ctx, w[n].p);
		datagram_free(&w[n]);
	}
}

void decode_tick(struct decoder *d, uint64_t now_ns)
{
	defrag_tick(d->defrag, now_ns);
}

struct counter_set decode_counters(const struct decoder *d)
{
	return (struct counter_set){"decoder", counter_names, d->counters, DECODE_COUNTER_COUNT};
}

struct counter_set decode_event_counters(const struct decoder *d)
{
	return (struct counter_set){"decoder.event", decode_event_counter_names, d->events,
				    DECODE_EVENT_COUNT};
}

struct counter_set decode_defrag_counters(const struct decoder *d)
{
	return defrag_counters(d->defrag);
}
