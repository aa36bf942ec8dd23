/* The hellos of TLS 1.3 inside CRYPTO frames. */
#include "dataplane/app/quic/quic.h"
#include "dataplane/app/tls/hello.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, GREASE_SHOWN = 0xfafa, RANDOM = 32 };

bool quic_next_extension(struct cursor *c, uint16_t *ret_type, struct cursor *ret_body)
{
	if (cursor_left(c) < 4)
		return false;
	*ret_type = cursor_u16(c);
	*ret_body = cursor_child(c, cursor_u16(c));
	if (tls_grease(*ret_type))
		*ret_type = GREASE_SHOWN;
	return !ret_body->bad;
}

static void add_number(struct app_io *io, struct kept *k, bool dash, uint16_t value)
{
	char text[8], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	if (dash)
		*--at = '-';
	kept_append(io->slab, k, SLICE(at, text + sizeof(text) - at), QUIC_JA3_MAX);
}

static void add_comma(struct app_io *io, struct kept *k)
{
	kept_append(io->slab, k, SLICE_LIT(","), QUIC_JA3_MAX);
}

static void add_list(struct app_io *io, struct kept *k, struct slice list, unsigned width)
{
	struct cursor c = cursor_of(list);

	for (bool dash = false; cursor_left(&c) >= width; dash = true)
		add_number(io, k, dash, width == 1 ? cursor_u8(&c) : cursor_u16(&c));
}

/* The list inside an extension, with its length of `width` bytes in front. */
static struct slice list_of(struct slice extensions, uint16_t wanted, unsigned width)
{
	struct cursor c = cursor_of(extensions), body;
	uint16_t type;

	while (quic_next_extension(&c, &type, &body)) {
		if (type == wanted)
			return cursor_take(&body,
					   width == 1 ? cursor_u8(&body) : cursor_u16(&body));
	}
	return SLICE(NULL, 0);
}

/* GREASE is kept in it, as Suricata does for QUIC. */
static void set_ja3(struct app_io *io, struct quic_tx *t, bool client, const struct tls_hello *h,
		    struct slice extensions)
{
	struct cursor c = cursor_of(extensions), body;
	struct kept *k = &t->ja3;
	bool dash = false;
	uint16_t type;

	kept_free(io->slab, k);
	add_number(io, k, false, h->version);
	add_comma(io, k);
	add_list(io, k, h->ciphers, 2);
	add_comma(io, k);
	for (; quic_next_extension(&c, &type, &body); dash = true)
		add_number(io, k, dash, type);
	if (client) {
		add_comma(io, k);
		add_list(io, k, list_of(extensions, TLS_EXT_GROUPS, 2), 2);
		add_comma(io, k);
		add_list(io, k, list_of(extensions, TLS_EXT_POINT_FORMATS, 1), 1);
	}
	if (k->len >= QUIC_JA3_MAX)
		kept_free(io->slab, k);
	else
		tls_ja3_hash(kept_slice(k), t->ja3_hash);
}

static void set_sni(struct app_io *io, struct quic_tx *t, struct slice extensions)
{
	struct slice names = list_of(extensions, TLS_EXT_SERVER_NAME, 2);
	struct cursor c = cursor_of(names);
	struct slice name;

	cursor_skip(&c, 1);
	name = cursor_take(&c, cursor_u16(&c));
	if (!c.bad)
		kept_set(io->slab, &t->sni, name);
}

/* The block of extensions behind the fixed part; empty when there is none, or not all of it. */
static bool find_extensions(struct slice body, bool client, struct slice *ret)
{
	struct cursor c = cursor_of(body);

	*ret = SLICE(NULL, 0);
	cursor_skip(&c, 2 + RANDOM);
	cursor_skip(&c, cursor_u8(&c));
	cursor_skip(&c, client ? cursor_u16(&c) : 2);
	cursor_skip(&c, client ? cursor_u8(&c) : 1);
	if (c.bad)
		return false;
	*ret = cursor_take(&c, cursor_u16(&c));
	return true;
}

enum quic_hello quic_hello(struct app_io *io, struct quic_tx *t, struct slice message)
{
	struct cursor c = cursor_of(message);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u24(&c);
	struct slice body = cursor_take(&c, len), extensions;
	struct tls_hello h;

	if (c.bad)
		return QUIC_HELLO_SHORT;
	if (type != CLIENT_HELLO && type != SERVER_HELLO)
		return QUIC_HELLO_OTHER;
	if (!find_extensions(body, type == CLIENT_HELLO, &extensions))
		return QUIC_HELLO_OTHER;
	tls_hello_read(body, type == SERVER_HELLO, false, &h);
	if (io->limits->demand.fingerprints)
		set_ja3(io, t, type == CLIENT_HELLO, &h, extensions);
	if (t->client && io->limits->demand.fingerprints) {
		tls_ja4(&h, 'q', t->ja4);
		t->has_ja4 = true;
	}
	set_sni(io, t, extensions);
	kept_set(io->slab, &t->extensions, extensions);
	return QUIC_HELLO_DONE;
}
