/* Mutual TLS over a non-blocking socket: TLS 1.2 or later, ECDHE with AEAD only, both sides with a
 * certificate of the site's CA whose role (identity.h) is one of those expected. Every refusal is
 * one sentence that names the certificate and what to do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/wire/identity.h"
#include "dataplane/base/err.h"

enum { TLS_REVOKED_MAX = 8192 }; /* serial numbers of revoked certificates */

/* This program's key, certificate and CAs; must outlive its connections. */
struct tls_keys;

/* From the folder's ca.crt (one or more), own.crt, own.key and, where there is one, revoked (serial
 * numbers, one a line). Stops with a sentence when a file is missing or
 * wrong, the certificate is not in force now, was not issued by that CA or is not for `role`. */
struct tls_keys *tls_keys_load(const char *dir, enum wire_role role, struct errmsg *e);
void tls_keys_free(struct tls_keys *k);
const struct identity *tls_keys_identity(const struct tls_keys *k);
/* Reads the folder again: new connections are made and orders checked by what is there now. On an
 * error everything stays as it was. */
int tls_keys_reload(struct tls_keys *k, struct errmsg *e);
/* Further sites whose sensors, enforcers and mitigators may speak here; by default those of our own
 * only. The centre speaks to all. `sites` must outlive the keys. */
void tls_keys_sites(struct tls_keys *k, const char *const *sites, size_t n);
/* Whether a peer may still speak here: not revoked, of one of our sites. ERR_DENIED. */
int tls_keys_check(const struct tls_keys *k, const struct identity *id, struct errmsg *e);
/* Seconds since 1970 at which our certificate begins. */
int64_t tls_keys_begin(const struct tls_keys *k);
/* Whether the first CA of ca.crt has issued it: if not, another has taken over. */
bool tls_keys_issued_by_first(const struct tls_keys *k);
/* Seconds since 1970 at which our certificate ends. */
int64_t tls_keys_expiry(const struct tls_keys *k);

struct tls_conn;

enum tls_side { TLS_CLIENT, TLS_SERVER };

/* Takes over `fd` (non-blocking), also when it fails. `where`: "10.0.0.5:7443", for sentences;
 * copied. `peers`: ROLE_SETs that may be at the other end. */
struct tls_conn *tls_conn_new(struct tls_keys *k, int fd, enum tls_side side, unsigned peers,
			      const char *where, struct errmsg *e);
/* Says good-bye if the socket takes it at once, and closes it. */
void tls_conn_free(struct tls_conn *c);

/* Server: also takes a client without a certificate that asks for TLS_STRANGERS. Before the
 * handshake. */
#define TLS_STRANGERS "enrol.banken.invalid"
void tls_take_strangers(struct tls_conn *c);
/* After the handshake: it is one; tls_peer is empty. */
bool tls_is_stranger(const struct tls_conn *c);

/* 0 when done, ERR_AGAIN when it waits for tls_events, else the connection is over. */
int tls_handshake(struct tls_conn *c, struct errmsg *e);

/* Who is there; valid after the handshake. */
const struct identity *tls_peer(const struct tls_conn *c);

/* Bytes read or written (> 0), ERR_AGAIN, ERR_NOTFOUND when the peer closed, else an error with a
 * sentence. After ERR_AGAIN a write must be repeated with the same bytes; more may stand behind
 * them by then. */
long tls_read(struct tls_conn *c, void *buf, size_t n, struct errmsg *e);
long tls_write(struct tls_conn *c, const void *buf, size_t n, struct errmsg *e);

/* EPOLLIN or EPOLLOUT: what the last ERR_AGAIN waits for. */
uint32_t tls_events(const struct tls_conn *c);
/* Bytes that tls_read gives without the socket becoming readable. */
size_t tls_pending(const struct tls_conn *c);
int tls_fd(const struct tls_conn *c);
/* "TLSv1.2 TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384" */
void tls_describe(const struct tls_conn *c, char *ret, size_t cap);
