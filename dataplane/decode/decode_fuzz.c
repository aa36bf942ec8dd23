/* Any bytes as a frame of any link type. Asserted: what a packet points to lies in its frame, every
 * packet carried comes before its carrier, every frame has one outcome, nothing stays allocated. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/limits.h"
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/decode.h"
#include "dataplane/decode/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	unsigned packets;
	bool outer; /* the frame's own packet came */
};

static bool inside(const struct packet *p, const uint8_t *at, size_t len)
{
	return at >= p->frame && at + len <= p->frame + p->frame_len;
}

static void check_packet(void *ctx, struct packet *p)
{
	struct seen *seen = ctx;

	assert(!seen->outer);
	seen->packets++;
	seen->outer = !p->outer;
	assert(seen->packets <= LIMIT_TUNNEL_DEPTH + 1);
	assert(p->event_count <= PACKET_EVENTS && p->vlan_count <= PACKET_VLANS);
	for (unsigned i = 0; i < p->event_count; i++)
		assert(decode_event_name(p->events[i]));
	if (p->ip) {
		assert(p->ip_version == 4 || p->ip_version == 6);
		assert(inside(p, p->ip, p->ip_total_len) && p->ip_header_len <= p->ip_total_len);
		(void)checksum_ip_good(p);
		(void)checksum_l4_good(p);
	}
	if (p->l3)
		assert(inside(p, p->l3, p->l3_len));
	if (p->l4)
		assert(p->ip && inside(p, p->l4, p->l4_len));
	if (p->payload)
		assert(p->l4 && inside(p, p->payload, p->payload_len));
	if (p->l4 && p->ip_proto == IP_PROTO_TCP && p->tcp.sack_count)
		assert(inside(p, p->tcp.sack, (size_t)p->tcp.sack_count * 8));
	assert(!(p->flags & PACKET_FRAGMENT) || !p->l4);
	assert(!p->flow && p->dir == DIR_TS);
}

static void check_outcomes(const struct decoder *d, uint64_t frames)
{
	struct counter_set set = decode_counters(d);
	uint64_t outcomes = 0;
	bool counting = false;

	for (unsigned i = 0; i < set.count; i++) {
		counting |= strcmp(set.names[i].name, "ok") == 0;
		outcomes += counting ? set.values[i] : 0;
	}
	assert(outcomes == frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW,	 LINK_PPP,  LINK_SLL,
					 LINK_NULL,	LINK_CISCO_HDLC, LINK_SLL2, LINK_LOOP};
	struct decode_config config = decode_config_default;
	struct seen seen = {0, false};
	const struct decode_sink sink = {check_packet, &seen};
	struct slab *slab = slab_new((size_t)1 << 22);
	struct decoder *d;
	struct packet p;

	if (size < 1) {
		slab_delete(slab);
		return 0;
	}
	config.teredo = config.erspan1 = data[0] & 8;
	config.checksums = data[0] & 16;
	d = decoder_new(&config, slab);
	assert(d);
	memset(&p, 0xa5, sizeof(p));
	p.frame = data + 1;
	p.frame_len = p.wire_len = (uint32_t)size - 1;
	p.now_ns = 1;
	p.link_type = links[data[0] & 7];
	p.flags = data[0] & 32 ? PACKET_STABLE : 0;
	decode_frame(d, &p, &sink);
	assert(seen.outer);
	check_outcomes(d, 1);
	decoder_delete(d);
	assert(slab_used(slab) == 0);
	slab_delete(slab);
	return 0;
}
