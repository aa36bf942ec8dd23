#include "control/mitigator/drivers/radius/packet.h"

#include <mbedtls/md.h>
#include <string.h>

#include "dataplane/base/cursor.h"

enum {
	AT_LENGTH = 2,
	AT_AUTHENTICATOR = 4,
	AT_MESSAGE_AUTHENTICATOR = RADIUS_HEAD + 2, /* it stands first */
	ATTRIBUTE_HEAD = 2,
	VENDOR_HEAD = 6,
};

static void put_u16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

void radius_begin(struct radius_packet *p, enum radius_code code, uint8_t identifier)
{
	static const uint8_t zero[RADIUS_AUTHENTICATOR];

	memset(p->bytes, 0, RADIUS_HEAD);
	p->bytes[0] = (uint8_t)code;
	p->bytes[1] = identifier;
	p->n = RADIUS_HEAD;
	p->full = false;
	radius_add(p, RADIUS_MESSAGE_AUTHENTICATOR, zero, sizeof(zero));
}

void radius_add(struct radius_packet *p, enum radius_attribute type, const void *value, size_t n)
{
	if (n == 0 || n > RADIUS_VALUE || p->n + ATTRIBUTE_HEAD + n > sizeof(p->bytes)) {
		p->full = true;
		return;
	}
	p->bytes[p->n] = (uint8_t)type;
	p->bytes[p->n + 1] = (uint8_t)(ATTRIBUTE_HEAD + n);
	memcpy(p->bytes + p->n + ATTRIBUTE_HEAD, value, n);
	p->n += ATTRIBUTE_HEAD + n;
}

void radius_add_text(struct radius_packet *p, enum radius_attribute type, const char *text)
{
	radius_add(p, type, text, strlen(text));
}

void radius_add_u32(struct radius_packet *p, enum radius_attribute type, uint32_t value)
{
	uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
			    (uint8_t)value};

	radius_add(p, type, bytes, sizeof(bytes));
}

void radius_add_vendor(struct radius_packet *p, uint32_t vendor, uint8_t type, const void *value,
		       size_t n)
{
	uint8_t bytes[RADIUS_VALUE] = {(uint8_t)(vendor >> 24), (uint8_t)(vendor >> 16),
				       (uint8_t)(vendor >> 8), (uint8_t)vendor};

	if (n == 0 || n > sizeof(bytes) - VENDOR_HEAD) {
		p->full = true;
		return;
	}
	bytes[4] = type;
	bytes[5] = (uint8_t)(ATTRIBUTE_HEAD + n);
	memcpy(bytes + VENDOR_HEAD, value, n);
	radius_add(p, RADIUS_VENDOR_SPECIFIC, bytes, VENDOR_HEAD + n);
}

static int hmac(struct slice secret, const uint8_t *data, size_t n,
		uint8_t ret[RADIUS_AUTHENTICATOR])
{
	return mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), secret.data, secret.len,
			       data, n, ret) == 0
		       ? 0
		       : ERR_IO;
}

/* MD5 over the packet and the secret behind it. */
static int digest(struct slice secret, const uint8_t *data, size_t n,
		  uint8_t ret[RADIUS_AUTHENTICATOR])
{
	mbedtls_md_context_t md;
	int rc;

	mbedtls_md_init(&md);
	rc = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_MD5), 0);
	if (rc == 0)
		rc = mbedtls_md_starts(&md);
	if (rc == 0)
		rc = mbedtls_md_update(&md, data, n);
	if (rc == 0)
		rc = mbedtls_md_update(&md, secret.data, secret.len);
	if (rc == 0)
		rc = mbedtls_md_finish(&md, ret);
	mbedtls_md_free(&md);
	return rc == 0 ? 0 : ERR_IO;
}

int radius_seal(struct radius_packet *p, struct slice secret)
{
	uint8_t value[RADIUS_AUTHENTICATOR];

	if (p->full)
		return ERR_LIMIT;
	put_u16(p->bytes + AT_LENGTH, p->n);
	if (hmac(secret, p->bytes, p->n, value) < 0)
		return ERR_IO;
	memcpy(p->bytes + AT_MESSAGE_AUTHENTICATOR, value, sizeof(value));
	if (digest(secret, p->bytes, p->n, value) < 0)
		return ERR_IO;
	memcpy(p->bytes + AT_AUTHENTICATOR, value, sizeof(value));
	return 0;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < RADIUS_AUTHENTICATOR; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static void take_message(struct slice value, char *ret, size_t cap)
{
	size_t n = value.len < cap - 1 ? value.len : cap - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = value.data[i] < ' ' || value.data[i] > '~' ? '?' : (char)value.data[i];
	ret[n] = 0;
}

/* The attributes; *ret_at: where the Message-Authenticator's value is, 0 without one. */
static bool take_attributes(struct slice body, struct slice proxy_state, struct radius_answer *ret,
			    size_t *ret_at)
{
	struct cursor c = cursor_of(body);

	*ret_at = 0;
	while (cursor_left(&c)) {
		uint8_t type = cursor_u8(&c), len = cursor_u8(&c);
		/* A length below its own head is bad, like one beyond the end. */
		size_t value_n = len < ATTRIBUTE_HEAD ? SIZE_MAX : (size_t)len - ATTRIBUTE_HEAD;
		struct cursor v = cursor_child(&c, value_n);
		struct slice value = cursor_rest(&v);

		if (c.bad)
			return false;
		if (type == RADIUS_ERROR_CAUSE && value.len == 4)
			ret->error_cause = cursor_u32(&v);
		if (type == RADIUS_REPLY_MESSAGE && !ret->message[0])
			take_message(value, ret->message, sizeof(ret->message));
		if (type == RADIUS_PROXY_STATE &&
		    (value.len != proxy_state.len ||
		     memcmp(value.data, proxy_state.data, value.len) != 0))
			return false;
		if (type != RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (*ret_at || value.len != RADIUS_AUTHENTICATOR)
			return false;
		*ret_at = RADIUS_HEAD + cursor_offset(&c) - RADIUS_AUTHENTICATOR;
	}
	return true;
}

/* What the request carried, for the answer must carry the same; empty when nothing. */
static struct slice proxy_state_of(const struct radius_packet *request)
{
	struct cursor c = cursor_init(request->bytes + RADIUS_HEAD, request->n - RADIUS_HEAD);

	while (cursor_left(&c)) {
		uint8_t type = cursor_u8(&c), len = cursor_u8(&c);
		struct slice value = cursor_take(&c, len - ATTRIBUTE_HEAD);

		if (type == RADIUS_PROXY_STATE)
			return value;
	}
	return SLICE("", 0);
}

static bool authentic(const struct radius_packet *request, const struct slice answer,
		      struct slice secret, size_t at, struct radius_answer *ret)
{
	uint8_t copy[RADIUS_MAX], value[RADIUS_AUTHENTICATOR];

	memcpy(copy, answer.data, answer.len);
	memcpy(copy + AT_AUTHENTICATOR, request->bytes + AT_AUTHENTICATOR, RADIUS_AUTHENTICATOR);
	if (digest(secret, copy, answer.len, value) < 0 ||
	    !same(value, answer.data + AT_AUTHENTICATOR))
		return false;
	if (at == 0)
		return true;
	memset(copy + at, 0, RADIUS_AUTHENTICATOR);
	ret->authenticated =
		hmac(secret, copy, answer.len, value) == 0 && same(value, answer.data + at);
	return ret->authenticated;
}

enum radius_fit radius_read(const struct radius_packet *request, struct slice answer,
			    struct slice secret, struct radius_answer *ret)
{
	struct cursor c = cursor_of(answer);
	uint8_t code = cursor_u8(&c), identifier = cursor_u8(&c);
	size_t length = cursor_u16(&c), at;

	memset(ret, 0, sizeof(*ret));
	/* What is behind the length is padding (RFC 2865 3). */
	if (c.bad || length < RADIUS_HEAD || length > RADIUS_MAX || length > answer.len)
		return RADIUS_NO_RADIUS;
	answer.len = length;
	if (identifier != request->bytes[1] ||
	    (code != request->bytes[0] + 1 && code != request->bytes[0] + 2))
		return RADIUS_FOREIGN;
	ret->ack = code == request->bytes[0] + 1;
	if (!take_attributes(SLICE(answer.data + RADIUS_HEAD, length - RADIUS_HEAD),
			     proxy_state_of(request), ret, &at))
		return RADIUS_NO_RADIUS;
	return authentic(request, answer, secret, at, ret) ? RADIUS_FITS : RADIUS_FORGED;
}
