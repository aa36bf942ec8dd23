/* One connection of a link, the same for both sides: handshake, greeting, sending from the spool,
 * storing and acknowledging what comes. Private to link.c and link_server.c. */
#pragma once

#include "control/wire/link.h"

struct session;

struct session_owner {
	/* Greeted; session_peer is known. False: the owner does not want it (it will be ended). */
	bool (*up)(void *ctx, struct session *s);
	/* Over, for the reason in the sentence; the owner calls session_delete in here. */
	void (*over)(void *ctx, struct session *s, const char *sentence);
	/* Messages came; nothing more is read before session_stored. NULL: they are stored at once.
	 */
	void (*arrived)(void *ctx, struct session *s);
	/* A client without a certificate: the owner takes its connection away (session_part) and
	 * calls session_delete in here. NULL: there are none such. */
	void (*stranger)(void *ctx, struct session *s);
	void *ctx;
};

/* Takes over the connected, non-blocking `fd`. `destination`: the spool's name for the peer, NULL:
 * the name in its certificate. NULL with a sentence (fd is closed) when TLS cannot be set up.
 * `over` is never called before this returns. */
struct session *session_new(const struct link_setup *setup, const struct session_owner *owner,
			    int fd, enum tls_side side, const char *where, const char *destination,
			    struct errmsg *e);
void session_delete(struct session *s);
/* Says good-bye with the sentence and calls `over`. */
void session_end(struct session *s, const char *sentence);

/* What arrived; until session_stored the session is not deleted by whatever a callback does. */
size_t session_hold(struct session *s, const struct link_item **ret_items);
/* 0: stored, to be acknowledged. Else the connection ends with the sentence. */
void session_stored(struct session *s, int rc, const struct errmsg *why);

/* The connection, which is now the caller's; only session_delete may follow. */
struct tls_conn *session_part(struct session *s);

void session_wake(struct session *s);
bool session_send_passing(struct session *s, struct slice payload);
const struct identity *session_peer(const struct session *s);
bool session_is_up(const struct session *s);
/* connected, where, counts; the rest is the owner's. */
void session_status(const struct session *s, struct link_status *ret);
