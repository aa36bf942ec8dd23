/* TLS under the receiver's connections (RFC 5425): we show a certificate, and where a CA is given
 * senders show one of that CA, too. TLS 1.2, ECDHE and AEAD only: what RFC 9662 leaves of RFC
 * 5425's suites. One thread; sockets are non-blocking and stay the caller's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"

struct secure; /* our certificate; must outlive its sessions */
struct secure_session;

/* PEM texts with their zeros; `client_ca` NULL: senders need no certificate. NULL with a sentence.
 */
struct secure *secure_new(const char *cert, const char *key, const char *client_ca,
			  struct errmsg *e);
void secure_free(struct secure *s);

struct secure_session *secure_accept(struct secure *s, int fd);
void secure_end(struct secure_session *t);
/* Goes on with the handshake first. Bytes read; 0 when there is nothing yet; ERR_DENIED: the peer
 * has no certificate that it needs, or speaks no TLS as we do; ERR_NOTFOUND: it is gone. */
long secure_read(struct secure_session *t, void *buf, size_t n);
/* Once, a few bytes, as far as the socket takes them. */
void secure_write(struct secure_session *t, const void *buf, size_t n);
