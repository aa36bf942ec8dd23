/* The store-and-forward link. Each side numbers what it sends (its spool does), the receiver
 * acknowledges after its `store` has stored, what is not acknowledged is sent again after every
 * reconnect. Lower lanes go first. Doubles are dropped by seen.h inside the receiver's own
 * transaction, so that each message is stored exactly once whatever is killed when.
 *
 * A callback may wake, send and drop as it likes, but not delete the link or server that calls it.
 *
 * link: the side that dials, for ever, with back-off. link_server: the side that listens. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/wire/frame.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/spool.h"
#include "control/wire/tls.h"

/* One numbered message as it came. */
struct link_item {
	const char *peer; /* name in its certificate */
	enum wire_role role;
	uint64_t spool; /* identity of the spool it was numbered by */
	enum lane lane;
	uint64_t number;
	struct slice payload; /* message_decode; valid during the call */
};

struct link_ops {
	/* Stores all items, each that seen_new accepts, in one transaction. 0: they are
	 * acknowledged. Else none is: the connection ends with the sentence and the peer sends
	 * them again later. An item that cannot be decoded must be counted and passed over, not
	 * refused, or it would come for ever. */
	int (*store)(void *ctx, const struct link_item *items, size_t n, struct errmsg *e);
	/* An unnumbered message (watch results): may be lost, comes at most once. May be NULL. */
	void (*passing)(void *ctx, const struct identity *peer, struct slice payload);
	/* Connected and greeted, or gone. May be NULL. */
	void (*up)(void *ctx, const struct identity *peer);
	void (*down)(void *ctx, const struct identity *peer, const char *sentence);
	void *ctx;
	/* Server: a client without a certificate that wants to be enrolled (tls.h) is given away
	 * with its connection, the handshake done. NULL: there are none such. */
	void (*stranger)(void *ctx, struct tls_conn *conn, const char *where);
};

/* What both kinds need; copied, what it points to must outlive them. */
struct link_setup {
	struct loop *loop;
	struct tls_keys *keys;
	struct spool *spool; /* of what this side sends */
	const struct log *log;
	struct link_ops ops;
	unsigned peers;	     /* ROLE_SETs that may be at the other end */
	const char *program; /* "banken-control" */
	const char *build;   /* version */
	/* A server: ns from the first message that waits until `store` is called, for what then has
	 * arrived; 0: at once. */
	uint64_t gather;
};

struct link_status {
	bool connected;
	uint64_t since;		 /* wall clock of the last change */
	uint64_t connects;	 /* how often it was connected */
	uint64_t sent, received; /* messages */
	int64_t clock_offset_ms; /* the peer's clock minus ours when it greeted */
	struct identity peer;
	char where[128];
	char trouble[256]; /* why it is not connected, "" when it is */
};

/* ---- dialling ---- */

struct link;

/* `destination`: the spool's name for this peer, whoever answers there. `address`: "host:port",
 * "[v6]:port". Begins at once; never gives up. NULL with a sentence when the address is malformed.
 */
struct link *link_new(const struct link_setup *setup, const char *destination, const char *address,
		      struct errmsg *e);
void link_delete(struct link *l);
/* The keys were read again: a peer that may not speak here any more is gone at once. With `anew`
 * the connection is made again, with the new certificate. */
void link_keys_changed(struct link *l, bool anew);
/* There is something new in the spool. */
void link_wake(struct link *l);
/* Sends an unnumbered message if connected and the way is free; false when it was let go. */
bool link_send_passing(struct link *l, struct slice payload);
void link_status(const struct link *l, struct link_status *ret);

/* ---- listening ---- */

struct link_server;

/* `address`: "host:port", "[::]:port", "*:port". The spool's destinations are the peers' names. */
struct link_server *link_server_new(const struct link_setup *setup, const char *address,
				    struct errmsg *e);
void link_server_delete(struct link_server *s);
/* Whether that peer is connected. */
bool link_server_has(const struct link_server *s, const char *peer);
/* Something new for that peer (nothing happens when it is away: it is sent when it comes). */
void link_server_wake(struct link_server *s, const char *peer);
bool link_server_send_passing(struct link_server *s, const char *peer, struct slice payload);
/* Ends the peer's connection, e.g. because its certificate was revoked. */
void link_server_drop(struct link_server *s, const char *peer, const char *sentence);
/* The keys were read again: peers that may not speak here any more are gone at once. */
void link_server_keys_changed(struct link_server *s);
unsigned link_server_peers(const struct link_server *s);
/* The i-th connected peer, in no order; false behind the last. */
bool link_server_peer(const struct link_server *s, unsigned i, struct link_status *ret);
/* The port listened on (for ":0"). */
unsigned link_server_port(const struct link_server *s);
