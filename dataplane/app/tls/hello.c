#include "dataplane/app/tls/hello.h"

#include "dataplane/app/tls/tls.h"

bool tls_version_valid(uint16_t version)
{
	if (version >= TLS_VERSION_SSL3 && version <= TLS_VERSION_13)
		return true;
	/* drafts 16-28 of TLS 1.3, all older ones, and an experiment's own numbers */
	if ((version >= 0x7f10 && version <= 0x7f1c) || version == TLS_VERSION_13_PRE_DRAFT16)
		return true;
	return version == 0xfb14 || version == 0xfb15 || version == 0xfb16 || version == 0xfb17 ||
	       version == 0xfb1a;
}

static void event(struct tls_hello *h, enum tls_event e)
{
	h->events |= 1u << e;
}

/* Each returns false when the extension is refused: the rest of the hello is not looked at. */

static bool server_name(struct cursor c, struct tls_hello *h)
{
	uint8_t type;
	uint16_t len;
	struct slice name;

	if (cursor_left(&c) == 0)
		return true;
	cursor_skip(&c, 2);
	type = cursor_u8(&c);
	if (c.bad) {
		event(h, TLS_EVENT_HANDSHAKE_INVALID_LENGTH);
		return false;
	}
	if (type != 0) {
		event(h, TLS_EVENT_INVALID_SNI_TYPE);
		return false;
	}
	len = cursor_u16(&c);
	if (c.bad) {
		event(h, TLS_EVENT_HANDSHAKE_INVALID_LENGTH);
		return false;
	}
	name = cursor_take(&c, len);
	if (c.bad || len == 0 || len > TLS_SNI_MAX) {
		event(h, TLS_EVENT_INVALID_SNI_LENGTH);
		return false;
	}
	if (h->has_sni) {
		event(h, TLS_EVENT_MULTIPLE_SNI_EXTENSIONS);
		return true;
	}
	h->has_sni = true;
	h->sni = name;
	return true;
}

static bool refuse(struct tls_hello *h)
{
	event(h, TLS_EVENT_HANDSHAKE_INVALID_LENGTH);
	return false;
}

static bool supported_versions(struct cursor c, bool server, struct tls_hello *h)
{
	struct cursor list;

	if (cursor_left(&c) == 0)
		return true;
	if (server) {
		h->supported_version = cursor_u16(&c);
		h->has_supported_versions = !c.bad;
		return c.bad ? refuse(h) : true;
	}
	list = cursor_child(&c, cursor_u8(&c));
	if (list.bad || cursor_left(&list) < 2)
		return refuse(h);
	h->has_supported_versions = true;
	while (cursor_left(&list) >= 2 && h->supported_version == 0) {
		uint16_t version = cursor_u16(&list);

		if (tls_version_valid(version))
			h->supported_version = version;
	}
	return true;
}

/* A list with a length of `width` bytes in front. */
static bool list_of(struct cursor c, unsigned width, struct tls_hello *h, struct slice *ret)
{
	size_t len;

	if (cursor_left(&c) == 0)
		return true;
	len = width == 1 ? cursor_u8(&c) : cursor_u16(&c);
	*ret = cursor_take(&c, len);
	return c.bad ? refuse(h) : true;
}

static bool signature_algorithms(struct cursor c, struct tls_hello *h)
{
	struct slice list = {0};

	if (cursor_left(&c) == 0)
		return true;
	if (!list_of(c, 2, h, &list))
		return false;
	if (list.len < 2 || list.len % 2 != 0)
		return refuse(h);
	h->signatures = list;
	return true;
}

static bool alpn(struct cursor c, struct tls_hello *h)
{
	struct slice list = {0};

	if (!list_of(c, 2, h, &list))
		return false;
	if (list.len > 0 && h->alpn.len == 0)
		return list_of(cursor_of(list), 1, h, &h->alpn);
	return true;
}

static bool extension(uint16_t type, struct cursor body, bool server, struct tls_hello *h)
{
	switch (type) {
	case TLS_EXT_SERVER_NAME:
		return server_name(body, h);
	case TLS_EXT_GROUPS:
		return list_of(body, 2, h, &h->groups);
	case TLS_EXT_POINT_FORMATS:
		return list_of(body, 1, h, &h->formats);
	case TLS_EXT_SIGNATURE_ALGORITHMS:
		return server || signature_algorithms(body, h);
	case TLS_EXT_ALPN:
		return server || alpn(body, h);
	case TLS_EXT_SUPPORTED_VERSIONS:
		return supported_versions(body, server, h);
	case TLS_EXT_SESSION_TICKET:
		h->has_ticket = true;
		return true;
	case TLS_EXT_EARLY_DATA:
		h->has_early_data = true;
		return true;
	default:
		return true;
	}
}

static void extensions(struct cursor *c, bool server, struct tls_hello *h)
{
	struct cursor list;

	if (cursor_left(c) < 2)
		return;
	list = cursor_child(c, cursor_u16(c));
	if (list.bad)
		goto broken;
	h->extensions = SLICE(list.pos, 0);
	while (cursor_left(&list) > 0) {
		uint16_t type = cursor_u16(&list), len = cursor_u16(&list);
		struct cursor body = cursor_child(&list, len);

		if (list.bad)
			goto broken;
		if (!extension(type, body, server, h))
			return;
		h->extensions.len = cursor_offset(&list);
	}
	return;
broken:
	h->broken = true;
	event(h, TLS_EVENT_HANDSHAKE_INVALID_LENGTH);
}

void tls_hello_read(struct slice body, bool server, bool old_tls13, struct tls_hello *ret)
{
	struct cursor c = cursor_of(body);

	*ret = (struct tls_hello){0};
	ret->version = cursor_u16(&c);
	if (server && (ret->version == TLS_VERSION_13 || ret->version >> 8 == 0x7f))
		old_tls13 = true;
	if (!c.bad)
		ret->random = cursor_take(&c, 32);
	if (!server || !old_tls13)
		ret->session_id = cursor_take(&c, cursor_u8(&c));
	ret->ciphers = cursor_take(&c, server ? 2 : cursor_u16(&c));
	if (ret->ciphers.len % 2 != 0)
		c.bad = true;
	if (!server)
		cursor_take(&c, cursor_u8(&c));
	else if (!old_tls13)
		cursor_skip(&c, 1);
	if (c.bad) {
		ret->broken = true;
		event(ret, TLS_EVENT_HANDSHAKE_INVALID_LENGTH);
		return;
	}
	extensions(&c, server, ret);
}
