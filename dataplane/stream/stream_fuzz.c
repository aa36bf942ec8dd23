/* A script of segments made of any bytes. Asserted (here and in the harness): each direction is
 * delivered in order, once, nothing after its end; raw bytes are those that were delivered or sent;
 * memory stays within the limits; nothing is left when the flows have ended. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/cursor.h"
#include "dataplane/stream/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONFIGS = 64, MEMCAP = 256 << 10, MOST = 400 };

/* Of the first byte: 3 bits policy, midstream, async, inline. */
static struct sim *sim_of(uint8_t config_byte)
{
	static struct sim *sims[CONFIGS];
	unsigned i = config_byte % CONFIGS;

	if (!sims[i]) {
		struct stream_config config = stream_config_default;

		config.overlap = (enum stream_overlap)((i & 7) % (STREAM_OVERLAP_VISTA + 1));
		config.midstream = i & 8;
		config.async_oneside = i & 16;
		config.inline_mode = i & 32;
		config.raw_overlap = i & 1 ? 64 : 0;
		config.memcap = MEMCAP;
		config.history = 32 << 10;
		config.depth = 100000;
		sims[i] = sim_new(&config);
	}
	return sims[i];
}

struct script {
	struct cursor c;
	struct sim *s;
	uint32_t next[2]; /* relative sequence number behind what was sent */
	char bytes[4096];
};

/* What the layers above may do between packets. */
static void act(struct script *sc, uint8_t what)
{
	struct sim *s = sc->s;
	enum dir d = what & 1 ? DIR_TC : DIR_TS;

	switch (what >> 1 & 15) {
	case 0:
		s->now_ns += 100 * NS_PER_SEC;
		return;
	case 1:
		sim_end_flows(s);
		sc->next[0] = sc->next[1] = 0;
		return;
	case 2:
		s->keep_raw = !s->keep_raw;
		return;
	case 3:
		sc->next[d] += 70000; /* near the next wrap in time */
		return;
	case 4:
		s->isn[d] = cursor_u32(&sc->c);
		return;
	default:
		break;
	}
	if (!s->flow)
		return;
	switch (what >> 1 & 15) {
	case 5:
		stream_disable(s->streams, s->flow, d);
		break;
	case 6:
		stream_raw_disable(s->flow, d);
		break;
	case 7:
		stream_raw_trigger(s->flow, d);
		break;
	case 8:
		stream_app_disable(s->flow);
		break;
	case 9:
		stream_app_identified(s->flow, d);
		break;
	case 10:
		stream_set_depth(s->flow, cursor_u16(&sc->c));
		break;
	case 11:
		s->flow->wanted &= cursor_u8(&sc->c);
		break;
	case 12:
		stream_raw_skip(s->flow, d);
		break;
	case 13:
		flow_set_state(s->flows, s->flow, FLOW_BYPASSED);
		break;
	default:
		break;
	}
}

static void fill(struct script *sc, uint32_t seq, uint32_t len, bool other)
{
	for (uint32_t i = 0; i < len; i++)
		sc->bytes[i] = (char)('a' + (seq + i + (other ? 1 : 0)) % 26);
}

enum control {
	FROM_SERVER = 1,
	SEQ_APART = 2,
	ACK_APART = 4,
	STAMPS = 8,
	MORE = 16,
	OTHER = 32,
	STABLE = 64,
	ACT = 128
};

static void read_more(struct script *sc, struct sim_packet *p)
{
	uint8_t bits = cursor_u8(&sc->c);

	p->wscale = bits & 15;
	p->sack_ok = bits & 16;
	p->fast_open = bits & 32;
	p->sack_count = bits >> 6;
	for (unsigned i = 0; i < p->sack_count; i++) {
		p->sack[2 * i] = cursor_u16(&sc->c);
		p->sack[2 * i + 1] = p->sack[2 * i] + cursor_u8(&sc->c);
	}
	if (cursor_u8(&sc->c) & 1)
		p->window = cursor_u16(&sc->c);
	else
		p->window = SIM_ZERO_WINDOW;
}

static void packet(struct script *sc, uint8_t control)
{
	struct sim_packet p = {.from = control & FROM_SERVER ? DIR_TC : DIR_TS};
	uint8_t len;

	p.flags = cursor_u8(&sc->c);
	len = cursor_u8(&sc->c);
	p.len = len < 200 ? len : (len - 199) * 64;
	p.seq = sc->next[p.from];
	p.ack = sc->next[!p.from];
	p.raw_ack = true;
	if (control & SEQ_APART)
		p.seq += (uint32_t)(int16_t)cursor_u16(&sc->c);
	if (control & ACK_APART)
		p.ack += (uint32_t)(int16_t)cursor_u16(&sc->c);
	if (control & STAMPS) {
		p.ts = cursor_u8(&sc->c);
		p.echo = cursor_u8(&sc->c);
	}
	if (control & MORE)
		read_more(sc, &p);
	p.stable = control & STABLE && sc->s->stable_used + p.len < SIM_BYTES;
	fill(sc, p.seq, p.len, control & OTHER);
	p.data = sc->bytes;
	sim_send(sc->s, &p);
	if ((int32_t)(p.seq + p.len - sc->next[p.from]) > 0)
		sc->next[p.from] = p.seq + p.len;
	if (p.flags & (TCP_SYN | TCP_FIN))
		sc->next[p.from]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script sc = {.c = cursor_init(data, size)};
	unsigned n = 0;

	sc.s = sim_of(cursor_u8(&sc.c));
	sc.s->isn[0] = 1000;
	sc.s->isn[1] = 9000;
	sc.s->keep_raw = true;
	if (cursor_u8(&sc.c) & 1) {
		sim_handshake(sc.s);
		sc.next[0] = sc.next[1] = 1;
	}
	while (!sc.c.bad && cursor_left(&sc.c) && n++ < MOST) {
		uint8_t control = cursor_u8(&sc.c);

		if (control & ACT)
			act(&sc, control);
		else
			packet(&sc, control);
		assert(slab_used(sc.s->slab) < 2 * MEMCAP);
	}
	sim_reset(sc.s);
	return 0;
}
