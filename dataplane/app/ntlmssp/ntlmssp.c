#include "dataplane/app/ntlmssp/ntlmssp.h"

#include "dataplane/base/cursor.h"

enum {
	BEFORE_BODY = 12, /* signature and type: offsets count from the signature */
	FLAG_UNICODE = 1 << 0,
	FLAG_VERSION = 1 << 25, /* NTLMSSP_NEGOTIATE_VERSION */
	SEARCH_MAX = 512,	/* how far behind the start the signature is looked for */
};

static const char signature[8] = "NTLMSSP"; /* with its NUL */

bool ntlmssp_find(struct slice blob, uint32_t *ret_type, struct slice *ret_body)
{
	struct slice want = SLICE(signature, sizeof(signature));
	struct cursor c;

	for (size_t at = 0; at + sizeof(signature) <= blob.len && at <= SEARCH_MAX; at++) {
		if (!slice_eq(slice_sub(blob, at, sizeof(signature)), want))
			continue;
		c = cursor_of(slice_sub(blob, at + sizeof(signature), blob.len));
		*ret_type = cursor_u32_le(&c);
		*ret_body = cursor_rest(&c);
		return !c.bad;
	}
	return false;
}

struct field {
	uint16_t len;
	uint32_t offset;
};

/* 2.2.1.3: length, space, offset. */
static bool field(struct cursor *c, size_t whole, struct field *ret)
{
	ret->len = cursor_u16_le(c);
	cursor_skip(c, 2);
	ret->offset = cursor_u32_le(c);
	return !c->bad && ret->len < whole && ret->offset < whole;
}

static bool payload(struct slice body, struct field f, struct slice *ret)
{
	if (f.offset < BEFORE_BODY || f.offset - BEFORE_BODY + (size_t)f.len > body.len)
		return false;
	*ret = slice_sub(body, f.offset - BEFORE_BODY, f.len);
	return true;
}

/* `slack`: how far behind the message an empty field may point. */
static bool auth_read(struct slice body, size_t slack, struct ntlmssp_auth *ret)
{
	struct cursor c = cursor_of(body);
	size_t whole = body.len + BEFORE_BODY + slack;
	struct field lm, nt, domain, user, host, key;
	uint32_t flags;

	*ret = (struct ntlmssp_auth){0};
	if (!field(&c, whole, &lm) || !field(&c, whole, &nt) || !field(&c, whole, &domain) ||
	    !field(&c, whole, &user) || !field(&c, whole, &host) || !field(&c, whole, &key))
		return false;
	flags = cursor_u32_le(&c);
	ret->unicode = flags & FLAG_UNICODE;
	ret->has_version = flags & FLAG_VERSION;
	if (ret->has_version) {
		ret->version.major = cursor_u8(&c);
		ret->version.minor = cursor_u8(&c);
		ret->version.build = cursor_u16_le(&c);
		cursor_skip(&c, 3);
		ret->version.revision = cursor_u8(&c);
	}
	if (c.bad || !payload(body, domain, &ret->domain) || !payload(body, user, &ret->user) ||
	    !payload(body, host, &ret->host))
		return false;
	ret->warning = (user.offset > 0 && user.offset < domain.offset + domain.len) ||
		       (host.offset > 0 && host.offset < user.offset + user.len);
	return true;
}

bool ntlmssp_auth_read(struct slice body, struct ntlmssp_auth *ret)
{
	return auth_read(body, 0, ret);
}

bool ntlmssp_auth_read_any(struct slice body, struct ntlmssp_auth *ret)
{
	return auth_read(body, 1, ret);
}
