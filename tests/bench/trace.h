/* Traces for measuring: sessions made by a generator, mixed by time and written as one capture.
 * The same seed gives the same bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/clock.h"

enum { TRACE_MSS = 1448, TRACE_FRAME_MAX = 262144 };

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *r);
/* 0 to n - 1. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* low to high, both included. */
uint32_t rng_between(struct rng *r, uint32_t low, uint32_t high);
void rng_bytes(struct rng *r, void *to, size_t n);

/* What one exchange puts on the wire, with times from its beginning. */
struct session_frame {
	uint64_t at_ns;
	size_t offset;
	uint32_t len, wire_len;
};

struct session {
	struct session_frame *frames;
	size_t count, room;
	uint8_t *bytes;
	size_t len, bytes_room;
};

void session_clear(struct session *s);
void session_free(struct session *s);
/* A frame of `len` bytes to be filled in; valid until the next call. */
uint8_t *session_frame(struct session *s, uint64_t at_ns, uint32_t len);
/* Frames in order of time. */
void session_sort(struct session *s);

/* Fills `s` with the next exchange; false when there is none. */
struct generator {
	bool (*next)(void *ctx, struct session *s);
	void *ctx;
};

/* Writes sessions of all generators, chosen by their share of the bytes, `side_by_side` at a time,
 * until `bytes` are written. 0, or -1 with errno. */
struct mix_part {
	struct generator generator;
	unsigned share;
};

int mix_write(const char *path, const struct mix_part *parts, unsigned count, unsigned side_by_side,
	      uint64_t bytes);

/* One TCP connection or UDP exchange under construction. */
struct endpoint {
	uint32_t ip;
	uint16_t port, ip_id;
	uint32_t seq, ts;
};

struct conn {
	struct session *s;
	struct rng *rng;
	struct endpoint end[2]; /* client, server */
	uint64_t now_ns, rtt_ns;
	unsigned unacked[2];
};

/* Own client and server addresses and ports; server port as given. */
void conn_init(struct conn *c, struct session *s, struct rng *r, uint16_t server_port);
void conn_open(struct conn *c);
/* Bytes from the client (from == 0) or the server, acknowledged every second segment. */
void conn_send(struct conn *c, unsigned from, const void *data, size_t len);
void conn_close(struct conn *c);
void conn_datagram(struct conn *c, unsigned from, const void *data, size_t len);
void conn_echo(struct conn *c, unsigned from, uint16_t seq); /* ICMP echo, 56 bytes */
void conn_wait(struct conn *c, uint64_t ns);

uint16_t checksum_fold(uint64_t sum);
uint64_t checksum_sum(const uint8_t *data, size_t len);

/* The generators. `rng` is their own. */
struct generator http_generator(struct rng *r);
struct generator tls_generator(struct rng *r);
struct generator small_generator(struct rng *r);
/* Captures, each repetition with addresses of its own, right checksums and at most a minute long.
 * Captures that cannot be read are left out with a sentence on standard error. */
struct generator real_generator(struct rng *r, char **captures, unsigned count);

/* Text for names and pages. */
const char *word_of(struct rng *r);
size_t host_name(struct rng *r, char *to, size_t room);
