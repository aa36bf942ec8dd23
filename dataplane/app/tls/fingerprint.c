#include <mbedtls/md5.h>
#include <mbedtls/sha256.h>

#include "dataplane/app/tls/hello.h"
#include "dataplane/app/tls/tls.h"
#include "dataplane/base/cursor.h"

static const char hex_digits[] = "0123456789abcdef";

struct out {
	uint8_t *buf;
	size_t cap, len;
};

static void put(struct out *o, uint8_t c)
{
	if (o->len < o->cap)
		o->buf[o->len] = c;
	o->len++;
}

static void put_decimal(struct out *o, uint16_t value)
{
	char digits[5];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (n > 0)
		put(o, (uint8_t)digits[--n]);
}

/* ",1-2-3": numbers of `width` bytes without GREASE. */
static void put_list(struct out *o, struct slice list, unsigned width)
{
	struct cursor c = cursor_of(list);
	bool first = true;

	put(o, ',');
	while (cursor_left(&c) >= width) {
		uint16_t value = width == 1 ? cursor_u8(&c) : cursor_u16(&c);

		if (tls_grease(value))
			continue;
		if (!first)
			put(o, '-');
		first = false;
		put_decimal(o, value);
	}
}

/* The types of the extensions, in order. False at the end. */
static bool next_extension(struct cursor *c, uint16_t *ret)
{
	do {
		if (cursor_left(c) < 4)
			return false;
		*ret = cursor_u16(c);
		cursor_skip(c, cursor_u16(c));
	} while (tls_grease(*ret));
	return true;
}

size_t tls_ja3_text(const struct tls_hello *h, bool server, uint8_t *buf, size_t cap)
{
	struct out o = {buf, cap, 0};
	struct cursor c = cursor_of(h->extensions);
	bool first = true;
	uint16_t type;

	put_decimal(&o, h->version);
	put_list(&o, h->ciphers, 2);
	put(&o, ',');
	while (next_extension(&c, &type)) {
		if (!first)
			put(&o, '-');
		first = false;
		put_decimal(&o, type);
	}
	if (!server) {
		put_list(&o, h->groups, 2);
		put_list(&o, h->formats, 1);
	}
	return o.len;
}

static void put_hex(const uint8_t *bytes, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = hex_digits[bytes[i] >> 4];
		ret[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
}

void tls_ja3_hash(struct slice text, char ret[32])
{
	uint8_t md5[16] = {0};

	mbedtls_md5_ret(text.data, text.len, md5);
	put_hex(md5, sizeof(md5), ret);
}

/* --- JA4 --- */

enum { JA4_MAX = 2048 }; /* values of a list that are hashed; hellos have some tens */

struct values {
	uint16_t v[JA4_MAX];
	unsigned count;
};

/* Shell's sort, Ciura's gaps: no memory of its own, and bounded work on a hostile list. */
static void sort(struct values *list)
{
	static const unsigned gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};

	for (unsigned g = 0; g < ARRAY_SIZE(gaps); g++) {
		for (unsigned i = gaps[g]; i < list->count; i++) {
			uint16_t value = list->v[i];
			unsigned k = i;

			for (; k >= gaps[g] && list->v[k - gaps[g]] > value; k -= gaps[g])
				list->v[k] = list->v[k - gaps[g]];
			list->v[k] = value;
		}
	}
}

static void list_values(struct slice list, struct values *ret)
{
	struct cursor c = cursor_of(list);

	ret->count = 0;
	while (cursor_left(&c) >= 2 && ret->count < JA4_MAX) {
		uint16_t value = cursor_u16(&c);

		if (!tls_grease(value))
			ret->v[ret->count++] = value;
	}
}

static void extension_values(const struct tls_hello *h, struct values *ret)
{
	struct cursor c = cursor_of(h->extensions);
	uint16_t type;

	ret->count = 0;
	while (ret->count < JA4_MAX && next_extension(&c, &type))
		ret->v[ret->count++] = type;
}

static void hash_values(mbedtls_sha256_context *sha, const struct values *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		uint8_t bytes[2] = {(uint8_t)(list->v[i] >> 8), (uint8_t)list->v[i]};
		char text[5] = ",";

		put_hex(bytes, 2, text + 1);
		mbedtls_sha256_update_ret(sha, (const uint8_t *)text + (i == 0), i == 0 ? 4 : 5);
	}
}

static void finish_hash(mbedtls_sha256_context *sha, char ret[12])
{
	uint8_t digest[32] = {0};

	mbedtls_sha256_finish_ret(sha, digest);
	put_hex(digest, 6, ret);
	mbedtls_sha256_free(sha);
}

static void hash_ciphers(struct values *ciphers, char ret[12])
{
	mbedtls_sha256_context sha;

	sort(ciphers);
	mbedtls_sha256_init(&sha);
	mbedtls_sha256_starts_ret(&sha, 0);
	hash_values(&sha, ciphers);
	finish_hash(&sha, ret);
}

/* Extensions sorted, without server name and ALPN, then the signature algorithms as they came. */
static void hash_extensions(struct values *list, struct slice signatures, char ret[12])
{
	mbedtls_sha256_context sha;
	unsigned kept = 0;

	for (unsigned i = 0; i < list->count; i++) {
		if (list->v[i] != TLS_EXT_SERVER_NAME && list->v[i] != TLS_EXT_ALPN)
			list->v[kept++] = list->v[i];
	}
	list->count = kept;
	sort(list);
	mbedtls_sha256_init(&sha);
	mbedtls_sha256_starts_ret(&sha, 0);
	hash_values(&sha, list);
	list_values(signatures, list);
	mbedtls_sha256_update_ret(&sha, (const uint8_t *)"_", 1);
	hash_values(&sha, list);
	finish_hash(&sha, ret);
}

static const char *version_text(uint16_t version)
{
	switch (version) {
	case TLS_VERSION_13:
		return "13";
	case TLS_VERSION_12:
		return "12";
	case TLS_VERSION_11:
		return "11";
	case TLS_VERSION_10:
		return "10";
	case TLS_VERSION_SSL3:
		return "s3";
	case TLS_VERSION_SSL2:
		return "s2";
	case 0xfeff: /* DTLS */
		return "d1";
	case 0xfefd:
		return "d2";
	case 0xfefc:
		return "d3";
	default:
		return "00";
	}
}

static void two_digits(unsigned n, char ret[2])
{
	if (n > 99)
		n = 99;
	ret[0] = (char)('0' + n / 10);
	ret[1] = (char)('0' + n % 10);
}

void tls_ja4(const struct tls_hello *h, char transport, char ret[36])
{
	struct values list;

	ret[0] = transport;
	memcpy(ret + 1, version_text(h->supported_version ? h->supported_version : h->version), 2);
	ret[3] = h->has_sni ? 'd' : 'i';
	ret[8] = ret[9] = '0';
	if (h->alpn.len > 2 ||
	    (h->alpn.len == 2 && !tls_grease((uint16_t)(h->alpn.data[0] << 8 | h->alpn.data[1])))) {
		ret[8] = (char)h->alpn.data[0];
		ret[9] = (char)h->alpn.data[h->alpn.len - 1];
	}
	ret[10] = ret[23] = '_';
	list_values(h->ciphers, &list);
	two_digits(list.count, ret + 4);
	hash_ciphers(&list, ret + 11);
	extension_values(h, &list);
	two_digits(list.count, ret + 6);
	hash_extensions(&list, h->signatures, ret + 24);
}
