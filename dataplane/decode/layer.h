/* How the layers of decode/ work together; internal to the folder.
 *
 * A walk decodes one packet: it calls the decoder of one layer after another, each takes its header
 * from the cursor and names the next layer. There is no recursion: a packet inside a packet is left
 * in `child` and gets a walk of its own afterwards (decode.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/limits.h"
#include "dataplane/base/packet.h"
#include "dataplane/decode/counters.h"
#include "dataplane/decode/decode.h"
#include "dataplane/decode/events.h"

enum layer {
	LAYER_DONE, /* nothing more to decode */
	LAYER_ETHERNET,
	LAYER_DCE,
	LAYER_VLAN,
	LAYER_IEEE8021AH,
	LAYER_VNTAG,
	LAYER_MPLS,
	LAYER_PPPOE_SESSION,
	LAYER_PPPOE_DISCOVERY,
	LAYER_PPP,
	LAYER_CHDLC,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_NULL,
	LAYER_LOOP,
	LAYER_RAW,
	LAYER_NSH,
	LAYER_OTHER, /* a known ether type that nothing here looks into (ARP) */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_ICMP4,
	LAYER_ICMP6,
	LAYER_SCTP,
	LAYER_ESP,
	LAYER_GRE,
	LAYER_ERSPAN1,
	LAYER_ERSPAN2,
	LAYER_ERSPAN3,
	LAYER_COUNT,
	LAYER_UNKNOWN = LAYER_COUNT, /* no decoder for that ether type */
};

enum child_kind {
	CHILD_NONE,
	CHILD_TUNNEL,
	CHILD_TEREDO,	/* a guess: must be flawless, else the carrier is plain UDP */
	CHILD_DATAGRAM, /* made by defragmentation: `data` is the walk's to free */
};

struct child {
	enum child_kind kind;
	enum layer layer;
	struct slice data;
};

/* How far a walk came. */
enum stage { STAGE_LINK, STAGE_NETWORK, STAGE_TRANSPORT };

struct walk {
	struct decoder *d;
	struct packet *p;
	struct cursor c; /* what no layer has taken yet */
	uint8_t layers;	 /* decoded so far, those of the carriers included */
	bool accepted;	 /* a header was sound enough: what fails later does not undo that */
	bool failed;	 /* the packet's first headers are broken: no packet, if inside another */
	bool vj_uncompressed; /* PPP said so: IP protocol 0 is TCP */
	enum stage stage;
	struct child child;
	struct slice datagram; /* memory of the packet itself, to be freed after it */
};

struct defrag;

struct decoder {
	struct decode_config config;
	struct defrag *defrag;
	struct slab *slab;
	uint64_t counters[DECODE_COUNTER_COUNT];
	uint64_t events[DECODE_EVENT_COUNT];
	struct walk walks[LIMIT_TUNNEL_DEPTH + 1];
	struct packet inner[LIMIT_TUNNEL_DEPTH]; /* of walks[1] and up */
};

typedef enum layer layer_decoder(struct walk *w);

layer_decoder ethernet_decode, dce_decode, vlan_decode, ieee8021ah_decode, vntag_decode,
	mpls_decode, pppoe_session_decode, pppoe_discovery_decode, ppp_decode, chdlc_decode,
	sll_decode, sll2_decode, null_decode, loop_decode, raw_decode, nsh_decode, ipv4_decode,
	ipv6_decode, tcp_decode, udp_decode, icmp4_decode, icmp6_decode, sctp_decode, esp_decode,
	gre_decode, erspan1_decode, erspan2_decode, erspan3_decode;

static inline uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void walk_count(struct walk *w, enum decode_counter c)
{
	w->d->counters[c]++;
}

/* Odd, but decoding goes on. */
static inline void walk_event(struct walk *w, enum decode_event e)
{
	packet_event(w->p, e);
}

/* Broken; the layer decides whether decoding goes on. */
static inline void walk_invalid(struct walk *w, enum decode_event e)
{
	w->p->flags |= PACKET_INVALID;
	packet_event(w->p, e);
}

/* The packet is no packet of this kind: ends the walk. */
static inline enum layer walk_fail(struct walk *w)
{
	if (!w->accepted)
		w->failed = true;
	return LAYER_DONE;
}

static inline enum layer walk_fail_event(struct walk *w, enum decode_event e)
{
	walk_invalid(w, e);
	return walk_fail(w);
}

/* One more layer; false (with the event) when there are too many. */
static inline bool walk_layer(struct walk *w)
{
	if (++w->layers < LIMIT_DECODE_LAYERS)
		return true;
	walk_invalid(w, DECODE_EVENT_TOO_MANY_LAYERS);
	walk_fail(w);
	return false;
}

/* What the cursor has left, at most `n` bytes of it. */
static inline void walk_clip(struct walk *w, size_t n)
{
	if (cursor_left(&w->c) > n)
		w->c.end = w->c.pos + n;
}

/* Leaves a packet found inside this one, to be decoded from `layer` on; false when the layers are
 * used up. */
bool walk_child(struct walk *w, enum child_kind kind, enum layer layer, struct slice data);
/* The same for a tunnel whose payload is what the cursor has left. */
void walk_tunnel(struct walk *w, enum layer layer);

/* The layer for an ether type, with what the type itself brings (unknown: LAYER_UNKNOWN). */
enum layer network_layer(struct walk *w, uint16_t ether_type);

/* Looks for tunnels in a UDP payload: Teredo unless `after_teredo`, Geneve, VXLAN. */
void udp_tunnels(struct walk *w, bool after_teredo);
bool teredo_found(struct walk *w, struct slice payload);
bool geneve_found(struct walk *w, struct slice payload);
bool vxlan_found(struct walk *w, struct slice payload);

/* Options of an IPv4 header; false when they are so broken that the header is not used. */
bool ipv4_options(struct walk *w, struct slice options);

/* IPv6 extension headers from next header `proto` on, with the cursor behind the fixed header. */
enum layer ipv6_extensions(struct walk *w, uint8_t proto);
/* What stands behind them. */
enum layer ipv6_upper(struct walk *w, uint8_t proto);

/* What an ICMP error quotes. */
void icmp_quoted_ports(struct packet_icmp *icmp, struct cursor *c);
