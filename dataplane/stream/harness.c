#include "dataplane/stream/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/stream/events.h"

static void on_data(void *ctx, struct flow *f, struct packet *p, enum dir dir,
		    const struct stream_chunk *c)
{
	struct sim *s = ctx;

	if (f->id != s->data_flow) { /* the same tuple again: counted anew */
		s->data_flow = f->id;
		for (unsigned d = 0; d < 2; d++)
			s->count[d] = s->eof[d] = 0;
	}
	if (s->chunk_count < ARRAY_SIZE(s->chunks))
		s->chunks[s->chunk_count++] =
			(struct sim_chunk){c->offset, c->len, c->flags, dir, s->packets};
	/* The contract: in order, once, nothing after the end. The end comes even when the app
	 * layer let go earlier, and then lies further on. */
	if (s->eof[dir] || c->offset < s->count[dir] || (c->len && c->offset > s->count[dir]))
		abort();
	if (c->flags & STREAM_DATA_EOF)
		s->eof[dir]++;
	if (s->count[dir] + c->len <= SIM_BYTES) {
		if (c->data && c->len)
			memcpy(s->bytes[dir] + s->count[dir], c->data, c->len);
		else
			memset(s->bytes[dir] + s->count[dir], '.', c->len);
	}
	s->count[dir] += c->len;
}

static void raw(struct sim *s, struct flow *f, struct packet *p)
{
	struct stream_raw r;

	if (!s->keep_raw || !(p->flags & PACKET_STREAM_ESTABLISHED))
		return;
	while (stream_raw_get(s->streams, f, p, p->dir, &r)) {
		s->raw_calls[p->dir]++;
		if (r.offset + r.len <= SIM_BYTES)
			memcpy(s->raw_bytes[p->dir] + r.offset, r.data, r.len);
		s->raw_upto[p->dir] = r.offset + r.len;
		stream_raw_done(s->streams, f, p->dir, r.offset + r.len);
	}
}

static void on_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct sim *s = ctx;

	snprintf(s->end_tcp_state, sizeof(s->end_tcp_state), "%s", stream_state_name(f));
	for (unsigned d = 0; d < 2; d++) {
		struct packet p = {.now_ns = now_ns,
				   .flags = PACKET_PSEUDO_END,
				   .ip_proto = f->key.ip_proto,
				   .dir = (enum dir)d,
				   .flow = f};

		if (!stream_flush_needed(f, (enum dir)d))
			continue;
		stream_flush(s->streams, f, &p, (enum dir)d);
		raw(s, f, &p);
		stream_packet_done(s->streams, f, &p);
	}
	stream_free(s->streams, f);
	s->ends++;
	s->end_reason = f->end_reason;
	s->end_state = f->end_state;
	s->flow = NULL;
}

struct sim *sim_new(const struct stream_config *config)
{
	static const struct hash_key key = {1, 2};
	struct sim *s = calloc(1, sizeof(*s));
	struct flow_config flows = flow_config_default;

	flows.max = 64;
	s->config = config ? *config : stream_config_default;
	s->slab = slab_new(64 << 20);
	s->flows = flow_table_new(&flows, key, &(struct flow_sink){on_end, s});
	s->streams =
		stream_worker_new(&s->config, s->flows, s->slab, &(struct stream_sink){on_data, s});
	for (unsigned d = 0; d < 2; d++) {
		s->bytes[d] = calloc(1, SIM_BYTES);
		s->raw_bytes[d] = calloc(1, SIM_BYTES);
	}
	s->stable = calloc(1, SIM_BYTES);
	s->now_ns = 1000 * NS_PER_SEC;
	s->isn[0] = 1000;
	s->isn[1] = 9000;
	s->cport = 40000;
	return s;
}

void sim_end_flows(struct sim *s)
{
	flow_table_end_all(s->flows, s->now_ns);
}

void sim_reset(struct sim *s)
{
	sim_end_flows(s);
	if (slab_used(s->slab) != 0 || flow_count(s->flows) != 0)
		abort();
	for (unsigned d = 0; d < 2; d++) {
		s->count[d] = s->raw_upto[d] = 0;
		s->eof[d] = s->raw_calls[d] = 0;
	}
	s->chunk_count = s->ends = 0;
	s->data_flow = s->packets = s->stable_used = 0;
	s->flow = NULL;
}

void sim_free(struct sim *s)
{
	sim_reset(s);
	stream_worker_delete(s->streams);
	flow_table_delete(s->flows);
	slab_delete(s->slab);
	for (unsigned d = 0; d < 2; d++) {
		free(s->bytes[d]);
		free(s->raw_bytes[d]);
	}
	free(s->stable);
	free(s);
}

static void put32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static void fill_tcp(const struct sim *s, const struct sim_packet *in, struct packet_tcp *t,
		     uint8_t *sack)
{
	uint32_t peer = s->isn[!in->from];

	t->flags = in->flags;
	t->seq = s->isn[in->from] + in->seq;
	t->ack = in->flags & TCP_ACK || in->raw_ack ? peer + in->ack : 0;
	t->window = in->window == SIM_ZERO_WINDOW ? 0 : in->window ? (uint16_t)in->window : 8192;
	t->header_len = 20;
	if (in->ts) {
		t->has_timestamp = true;
		t->timestamp = in->ts == SIM_TS_ZERO ? 0 : in->ts;
		t->timestamp_echo = in->echo;
	}
	if (in->wscale) {
		t->has_window_scale = true;
		t->window_scale = (uint8_t)(in->wscale - 1);
	}
	t->sack_permitted = in->sack_ok;
	t->fast_open = in->fast_open;
	t->fast_open_len = in->fast_open ? 8 : 0;
	t->sack_count = in->sack_count;
	t->sack = sack;
	for (unsigned i = 0; i < 2u * in->sack_count; i++)
		put32(sack + i * 4, peer + in->sack[i]);
}

static void name_events(struct sim *s, const struct packet *p)
{
	s->events[0] = '\0';
	for (unsigned i = 0; i < p->event_count; i++) {
		size_t n = strlen(s->events);

		snprintf(s->events + n, sizeof(s->events) - n, "%s%s", n ? " " : "",
			 stream_event_name(p->events[i] - STREAM_EVENT_BASE));
	}
}

static void fill_packet(struct sim *s, const struct sim_packet *in, struct packet *p)
{
	static const uint8_t host[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
	static const uint8_t host6[2][16] = {{0x20, 1, [15] = 1}, {0x20, 1, [15] = 2}};
	uint32_t len = in->len ? in->len : in->data ? (uint32_t)strlen(in->data) : 0;
	uint8_t *at = in->stable ? s->stable + s->stable_used : s->frame;

	*p = (struct packet){
		.now_ns = s->now_ns, .number = s->packets, .ip_version = in->v6 ? 6 : 4};
	p->ip_proto = IP_PROTO_TCP;
	p->flags = PACKET_WANTS_FLOW;
	p->ttl = 64;
	p->src = in->v6 ? ip_addr_v6(host6[in->from]) : ip_addr_v4(host[in->from]);
	p->dst = in->v6 ? ip_addr_v6(host6[!in->from]) : ip_addr_v4(host[!in->from]);
	p->sport = in->from == DIR_TS ? s->cport : 80;
	p->dport = in->from == DIR_TS ? 80 : s->cport;
	if (len)
		memcpy(at, in->data, len);
	if (in->stable) {
		s->stable_used += len;
		p->flags |= PACKET_STABLE;
	}
	if (in->bad_checksum)
		p->flags |= PACKET_BAD_CHECKSUM;
	p->payload = p->l4 = at;
	p->payload_len = len;
	p->l4_len = len + 20;
	p->wire_len = p->frame_len = len + 54;
}

void sim_send(struct sim *s, const struct sim_packet *in)
{
	uint8_t sack[64];
	struct packet p;
	struct flow *f;

	s->now_ns += (in->after_ms ? in->after_ms : 1) * NS_PER_MS;
	s->packets++;
	fill_packet(s, in, &p);
	fill_tcp(s, in, &p.tcp, sack);
	f = flow_of_packet(s->flows, &p);
	if (f) {
		s->flow = f;
		stream_packet(s->streams, f, &p);
		raw(s, f, &p);
		stream_packet_done(s->streams, f, &p);
	}
	memset(s->frame, 0xee, p.payload_len); /* bytes of a frame do not outlive the call */
	name_events(s, &p);
	s->last = p;
	flow_tick(s->flows, s->now_ns);
}

void sim_handshake(struct sim *s)
{
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_SYN});
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_SYN | TCP_ACK, 0, 1});
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 1, 1});
}

void sim_data(struct sim *s, enum dir from, uint32_t seq, uint32_t ack, const char *data)
{
	uint32_t len = (uint32_t)strlen(data);

	sim_send(s, &(struct sim_packet){from, TCP_ACK | TCP_PSH, seq, ack, data});
	sim_send(s, &(struct sim_packet){dir_other(from), TCP_ACK, ack, seq + len});
}

const char *sim_state(const struct sim *s)
{
	return s->flow ? stream_state_name(s->flow) : "none";
}
