/* The ClientHello of DTLS in one piece: server name, first ALPN name, JA4. */
#include "dataplane/api/record.h"
#include "dataplane/app/local/local.h"
#include "dataplane/app/text/text.h"
#include "dataplane/app/tls/hello.h"
#include "dataplane/base/cursor.h"

enum { CLIENT_HELLO = 1, RANDOM = 32 };

/* TLS's form: DTLS puts a cookie behind the session id. Length, 0 when it cannot be read. */
static size_t without_cookie(struct slice body, uint8_t out[LOCAL_HELLO_MAX])
{
	struct cursor c = cursor_of(body);
	struct slice head, rest;

	cursor_skip(&c, 2 + RANDOM);
	cursor_skip(&c, cursor_u8(&c));
	head = slice_sub(body, 0, cursor_offset(&c));
	cursor_skip(&c, cursor_u8(&c));
	rest = cursor_rest(&c);
	if (c.bad || rest.len == 0 || head.len + rest.len > LOCAL_HELLO_MAX)
		return 0;
	memcpy(out, head.data, head.len);
	memcpy(out + head.len, rest.data, rest.len);
	return head.len + rest.len;
}

/* The body of the ClientHello that the first record begins with. */
static bool find_hello(struct slice datagram, struct slice *ret)
{
	struct cursor c = cursor_of(datagram), message;
	uint32_t whole, offset, part;

	cursor_skip(&c, 3 + 2 + 6); /* type, version, epoch, sequence number */
	message = cursor_child(&c, cursor_u16(&c));
	if (cursor_u8(&message) != CLIENT_HELLO)
		return false;
	whole = cursor_u24(&message);
	cursor_skip(&message, 2);
	offset = cursor_u24(&message);
	part = cursor_u24(&message);
	*ret = cursor_take(&message, part);
	return !message.bad && offset == 0 && part == whole;
}

static const char *version_name(uint16_t version)
{
	switch (version) {
	case 0xfeff:
		return "DTLS 1.0";
	case 0xfefd:
		return "DTLS 1.2";
	case 0xfefc:
		return "DTLS 1.3";
	default:
		return "unknown";
	}
}

bool local_log_dtls(struct slice datagram, struct record *r)
{
	uint8_t copy[LOCAL_HELLO_MAX];
	struct slice body;
	struct tls_hello h;
	char ja4[36];
	size_t len;

	if (!find_hello(datagram, &body))
		return false;
	len = without_cookie(body, copy);
	if (len == 0)
		return false;
	tls_hello_read(SLICE(copy, len), false, false, &h);
	if (h.broken)
		return false;
	record_text(r, "version", version_name(h.version));
	if (h.has_sni)
		text_log(r, "sni", h.sni);
	if (h.alpn.len)
		text_log(r, "alpn", h.alpn);
	tls_ja4(&h, 'd', ja4);
	record_str(r, "ja4", SLICE(ja4, sizeof(ja4)));
	return true;
}
