/* Where other products' detections come in: syslog by UDP (a datagram a message) and TCP (RFC 6587:
 * octet counting or lines), and JSON by HTTP POST on the same TCP port with a bearer token. Only
 * from addresses that are named. Over TLS the same (RFC 5425). One
 * thread. */
#pragma once

#include "control/mitigator/external/external.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

enum {
	RECEIVER_CONNECTIONS = 64,
	RECEIVER_IDLE_S = 300,	 /* a silent connection goes then */
	RECEIVER_SENDERS = 64,	 /* prefixes */
	RECEIVER_A_SECOND = 500, /* events; more are counted and dropped */
};

struct receiver;

struct receiver_setup {
	struct loop *loop;
	const struct log *log;
	const char *listen; /* "10.0.0.5:1514", "[::1]:1514": UDP and TCP; "": neither */
	/* Syslog over TLS (RFC 5425), and HTTPS; NULL or "": none. PEM texts; senders show a
	 * certificate of `client_ca` unless it is NULL. */
	const char *tls_listen, *cert, *key, *client_ca;
	const char *const *senders; /* prefixes that may send */
	size_t senders_n;
	const char *token; /* of HTTP; "" = no HTTP */
	/* `proven`: its sender completed a TCP handshake from a named address. */
	void (*event)(void *ctx, const struct external_event *ev, bool proven);
	void *ctx;
};

struct receiver_counts {
	uint64_t events, malformed, refused, flooded;
};

/* NULL with a sentence. */
struct receiver *receiver_new(const struct receiver_setup *setup, struct errmsg *e);
void receiver_free(struct receiver *r);
void receiver_counts(const struct receiver *r, struct receiver_counts *ret);

/* Takes what is complete off the front of `data` (TCP): 0 = more is needed, negative = nonsense;
 * else the bytes used, and the message in `ret`, HTTP when `ret_http`. Pure; for the fuzzer too. */
long receiver_cut(struct slice data, struct slice *ret, bool *ret_http);
/* The body of a POST with that token; an HTTP status: 204, or why not. */
int receiver_http(struct slice request, const char *token, struct slice *ret_body);
