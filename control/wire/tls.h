/* Mutual TLS over a non-blocking socket: TLS 1.2 or later, ECDHE with AEAD only, both sides with a
 * certificate of the site's CA whose role (identity.h) is one of those expected. Every refusal is
 * one sentence that names the certificate and what to do. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/wire/identity.h"
#include "dataplane/base/err.h"

/* This program's key, certificate and CA. Read-only after loading; must outlive its connections. */
struct tls_keys;

/* From the folder's ca.crt, own.crt and own.key. Stops with a sentence when a file is missing or
 * wrong, the certificate is not in force now, was not issued by that CA or is not for `role`. */
struct tls_keys *tls_keys_load(const char *dir, enum wire_role role, struct errmsg *e);
void tls_keys_free(struct tls_keys *k);
const struct identity *tls_keys_identity(const struct tls_keys *k);
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

/* 0 when done, ERR_AGAIN when it waits for tls_events, else the connection is over. */
int tls_handshake(struct tls_conn *c, struct errmsg *e);

/* Who is there; valid after the handshake. */
const struct identity *tls_peer(const struct tls_conn *c);

/* Bytes read or written (> 0), ERR_AGAIN, ERR_NOTFOUND when the peer closed, else an error with a
 * sentence. After ERR_AGAIN a write must be repeated with the same bytes. */
long tls_read(struct tls_conn *c, void *buf, size_t n, struct errmsg *e);
long tls_write(struct tls_conn *c, const void *buf, size_t n, struct errmsg *e);

/* EPOLLIN or EPOLLOUT: what the last ERR_AGAIN waits for. */
uint32_t tls_events(const struct tls_conn *c);
/* Bytes that tls_read gives without the socket becoming readable. */
size_t tls_pending(const struct tls_conn *c);
int tls_fd(const struct tls_conn *c);
/* "TLSv1.2 TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384" */
void tls_describe(const struct tls_conn *c, char *ret, size_t cap);
