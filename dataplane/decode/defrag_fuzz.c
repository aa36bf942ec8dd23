/* Sequences of fragments of a few datagrams. Asserted: a datagram that is put together holds, byte
 * by byte, what some fragment said there, or zero where trimmed ones left a hole; memory is given
 * back. Input: one byte of policy, then records of seven bytes. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/limits.h"
#include "dataplane/decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD = 7, UNIT = 8, SPAN = 1 << 16, PROTOCOL = 253 };

struct world {
	struct decoder *d;
	/* which byte values were ever sent for a place, as a set of 32 (id, version ignored) */
	uint32_t sent[SPAN / UNIT];
	uint64_t now_ns;
};

static void check_datagram(void *ctx, struct packet *p)
{
	const struct world *w = ctx;

	assert(p->event_count <= PACKET_EVENTS);
	if (!(p->flags & PACKET_REASSEMBLED) || !p->l4)
		return;
	assert(p->ip_total_len == p->frame_len && p->frame_len <= 65535 + 40);
	for (uint32_t i = 0; i < p->l4_len; i++) {
		uint8_t value = p->l4[i];

		assert(value < 32);
		assert(value == 0 || w->sent[i / UNIT] & 1u << value);
	}
}

static void send(struct world *w, uint8_t *frame, size_t len)
{
	const struct decode_sink sink = {check_datagram, w};
	struct packet p = {.frame = frame,
			   .frame_len = (uint32_t)len,
			   .wire_len = (uint32_t)len,
			   .now_ns = w->now_ns,
			   .link_type = LINK_RAW};

	decode_frame(w->d, &p, &sink);
}

/* flags: 1 IPv6, 2 last, 4 addresses swapped, 8 odd length, 16 VLAN-free extension header. */
static void fragment(struct world *w, const uint8_t *r)
{
	static uint8_t frame[SPAN + 64];
	uint32_t first = (uint32_t)(r[1] << 8 | r[2]) & 0x1fff;
	uint32_t len = (uint32_t)r[3] * UNIT - (r[0] & 8 ? 3 : 0);
	uint8_t value = (uint8_t)(1 + r[4] % 31), id = r[5] & 3;
	bool six = r[0] & 1, last = r[0] & 2, swapped = r[0] & 4;
	size_t head = 20;

	if (r[3] == 0)
		len = 0;
	memset(frame, 0, 64);
	if (six) {
		uint16_t field = (uint16_t)(first << 3 | !last);

		head = r[0] & 16 ? 56 : 48;
		frame[0] = 0x60;
		frame[4] = (uint8_t)((len + head - 40) >> 8);
		frame[5] = (uint8_t)(len + head - 40);
		frame[6] = r[0] & 16 ? 60 : 44;
		frame[swapped ? 23 : 39] = 1;
		frame[40] = 44; /* overwritten when there is no extension header */
		frame[head - 8] = PROTOCOL;
		frame[head - 6] = (uint8_t)(field >> 8);
		frame[head - 5] = (uint8_t)field;
		frame[head - 1] = id;
	} else {
		uint16_t field = (uint16_t)(first | !last << 13);

		frame[0] = 0x45;
		frame[2] = (uint8_t)((len + 20) >> 8);
		frame[3] = (uint8_t)(len + 20);
		frame[5] = id;
		frame[6] = (uint8_t)(field >> 8);
		frame[7] = (uint8_t)field;
		frame[9] = PROTOCOL;
		frame[swapped ? 15 : 19] = 1;
	}
	memset(frame + head, value, len);
	for (uint32_t u = 0; u < (len + UNIT - 1) / UNIT && first + u < SPAN / UNIT; u++)
		w->sent[first + u] |= 1u << value;
	send(w, frame, head + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct decode_config config = decode_config_default;
	struct slab *slab;

	if (size < 1)
		return 0;
	memset(&w, 0, sizeof(w));
	w.now_ns = NS_PER_SEC;
	config.defrag_ipv4 = (enum defrag_policy)(data[0] % (DEFRAG_SOLARIS + 1));
	config.defrag_ipv6 = (enum defrag_policy)(data[0] / 16 % (DEFRAG_SOLARIS + 1));
	slab = slab_new(data[0] & 8 ? 1 << 14 : 1 << 24);
	w.d = decoder_new(&config, slab);
	assert(w.d);
	for (size_t at = 1; at + RECORD <= size; at += RECORD) {
		w.now_ns += (uint64_t)data[at + 6] * NS_PER_SEC / 4;
		fragment(&w, data + at);
		decode_tick(w.d, w.now_ns);
	}
	decode_tick(w.d, w.now_ns + LIMIT_DEFRAG_SECONDS * NS_PER_SEC);
	assert(slab_used(slab) == 0);
	decoder_delete(w.d);
	slab_delete(slab);
	return 0;
}
