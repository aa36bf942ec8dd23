/* Test bench of the stream tests: hand-made packets through flow and stream, what comes out is
 * recorded. Not part of the product. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/stream/stream.h"

enum { SIM_BYTES = 1 << 21 };

/* Sequence numbers are relative: 0 is the side's SYN (isn), 1 its first byte. */
struct sim_packet {
	enum dir from; /* DIR_TS: the client sends */
	uint8_t flags;
	uint32_t seq, ack;
	const char *data;
	uint32_t len;	   /* 0: strlen(data) */
	uint32_t window;   /* 0: 8192; SIM_ZERO_WINDOW */
	uint32_t ts, echo; /* both 0: no timestamp option; SIM_TS_ZERO for a zero one */
	uint8_t wscale;	   /* with SYN: scale + 1 */
	bool sack_ok, fast_open, raw_ack, stable, bad_checksum, v6;
	uint32_t sack[8]; /* relative pairs of the peer's sequence space */
	uint8_t sack_count;
	uint32_t after_ms; /* time since the last packet, 0 = 1 */
};

enum { SIM_ZERO_WINDOW = 0xfffffff, SIM_TS_ZERO = 0xffffffff };

struct sim_chunk {
	uint64_t offset;
	uint32_t len, flags;
	enum dir dir;
	uint64_t packet;
};

struct sim {
	struct slab *slab;
	struct flow_table *flows;
	struct stream_worker *streams;
	struct stream_config config;
	uint64_t now_ns, packets;
	uint32_t isn[2];
	/* of the connection in hand */
	struct flow *flow;
	struct packet last;
	char events[512]; /* of the last packet: names with blanks between */
	uint8_t *bytes[2];
	uint64_t count[2];  /* delivered, gaps included (as '.') */
	uint32_t eof[2];    /* how often */
	uint64_t data_flow; /* the flow id they belong to */
	struct sim_chunk chunks[4096];
	unsigned chunk_count;
	unsigned ends; /* flows ended */
	uint8_t end_reason, end_state;
	char end_tcp_state[16];
	uint16_t cport;
	bool keep_raw; /* inspect and record raw bytes */
	uint8_t *raw_bytes[2];
	uint64_t raw_upto[2];
	unsigned raw_calls[2];
	uint8_t frame[1 << 16];
	uint8_t *stable; /* frames that stay */
	size_t stable_used;
};

struct sim *sim_new(const struct stream_config *config);
/* Ends the flows, checks that no memory is left, forgets what was recorded. */
void sim_reset(struct sim *s);
/* The same, and frees. */
void sim_free(struct sim *s);
/* Through flow and stream; fills s->events. */
void sim_send(struct sim *s, const struct sim_packet *p);
/* SYN, SYN/ACK, ACK. */
void sim_handshake(struct sim *s);
/* Data and its acknowledgement. */
void sim_data(struct sim *s, enum dir from, uint32_t seq, uint32_t ack, const char *data);
const char *sim_state(const struct sim *s);
void sim_end_flows(struct sim *s);
