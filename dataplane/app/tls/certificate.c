#include <mbedtls/sha1.h>

#include "dataplane/app/tls/tls.h"
#include "dataplane/app/tls/x509.h"

static void status_event(struct tls_tx *t, enum x509_status status)
{
	static const uint8_t events[] = {
		[X509_INVALID_CERTIFICATE] = TLS_EVENT_INVALID_CERTIFICATE,
		[X509_INVALID_LENGTH] = TLS_EVENT_CERTIFICATE_INVALID_LENGTH,
		[X509_INVALID_VERSION] = TLS_EVENT_CERTIFICATE_INVALID_VERSION,
		[X509_INVALID_SERIAL] = TLS_EVENT_CERTIFICATE_INVALID_SERIAL,
		[X509_INVALID_ALGORITHM] = TLS_EVENT_CERTIFICATE_INVALID_ALGORITHMIDENTIFIER,
		[X509_INVALID_DATE] = TLS_EVENT_CERTIFICATE_INVALID_DATE,
		[X509_INVALID_EXTENSIONS] = TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS,
		[X509_INVALID_DER] = TLS_EVENT_CERTIFICATE_INVALID_DER,
	};

	app_tx_event(&t->tx, events[status]);
}

static void hex_text(struct slice bytes, const char digits[16], char *ret)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (i > 0)
			*ret++ = ':';
		*ret++ = digits[bytes.data[i] >> 4];
		*ret++ = digits[bytes.data[i] & 15];
	}
}

static void fingerprint(struct slice der, char ret[59])
{
	uint8_t sha1[20] = {0};

	mbedtls_sha1_ret(der.data, der.len, sha1);
	hex_text(SLICE(sha1, sizeof(sha1)), "0123456789abcdef", ret);
}

static bool keep_name(struct app_io *io, struct slice name, struct kept *ret)
{
	char text[X509_NAME_MAX];
	int len = x509_name_text(name, text);

	return len >= 0 && kept_set(io->slab, ret, SLICE(text, len));
}

enum { SERIAL_BYTES = 64 }; /* RFC 5280 allows 20 */

static bool keep_serial(struct app_io *io, struct slice serial, struct kept *ret)
{
	char text[3 * SERIAL_BYTES];

	if (serial.len > SERIAL_BYTES)
		serial.len = SERIAL_BYTES;
	hex_text(serial, "0123456789ABCDEF", text);
	return kept_set(io->slab, ret, SLICE(text, serial.len > 0 ? 3 * serial.len - 1 : 0));
}

/* The first certificate that can be read is the side's own. False ends the message. */
static bool keep_first(struct app_io *io, struct tls_tx *t, struct tls_side *s, struct slice der,
		       const struct x509 *x)
{
	if (!keep_name(io, x->subject, &s->subject)) {
		app_tx_event(&t->tx, TLS_EVENT_CERTIFICATE_INVALID_SUBJECT);
		return false;
	}
	if (!keep_name(io, x->issuer, &s->issuer)) {
		app_tx_event(&t->tx, TLS_EVENT_CERTIFICATE_INVALID_ISSUER);
		return false;
	}
	if (!keep_serial(io, x->serial, &s->serial))
		return false;
	s->not_before = x->not_before;
	s->not_after = x->not_after;
	s->has_certificate = true;
	if (io->limits->demand.fingerprints)
		fingerprint(der, s->fingerprint);
	return true;
}

static bool keep_in_chain(struct tls_side *s, struct slice der)
{
	struct tls_chain *chain = s->chain;
	uint32_t used;

	if (!chain || chain->count == TLS_CHAIN_MAX)
		return false;
	used = chain->count > 0 ? chain->end[chain->count - 1] : 0;
	if (der.len > chain->bytes.len - used)
		return false;
	memcpy(chain->bytes.data + used, der.data, der.len);
	chain->end[chain->count++] = used + (uint32_t)der.len;
	return true;
}

static void new_chain(struct app_io *io, struct tls_side *s, struct slice list)
{
	if (s->chain)
		return;
	s->chain = slab_zalloc(io->slab, sizeof(*s->chain));
	if (s->chain && !kept_set(io->slab, &s->chain->bytes, list)) {
		slab_free(io->slab, s->chain, sizeof(*s->chain));
		s->chain = NULL;
	}
}

void tls_certificates(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice body)
{
	struct tls_side *s = &t->side[dir];
	struct cursor c = cursor_of(body), list = cursor_child(&c, cursor_u24(&c));

	if (list.bad)
		return;
	new_chain(io, s, cursor_rest(&list));
	while (cursor_left(&list) > 0) {
		struct slice der = cursor_take(&list, cursor_u24(&list));
		enum x509_status status;
		struct x509 x;

		if (list.bad) {
			app_tx_event(&t->tx, TLS_EVENT_INVALID_CERTIFICATE);
			return;
		}
		if (!s->has_certificate) {
			status = x509_read(der, &x);
			if (status != X509_OK) {
				status_event(t, status);
				continue;
			}
			if (!keep_first(io, t, s, der, &x))
				return;
		}
		if (!keep_in_chain(s, der))
			return;
	}
}
