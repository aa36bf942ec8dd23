#include "dataplane/app/quic/crypto.h"

#include <mbedtls/sha256.h>

#include "dataplane/base/cursor.h"

enum { HASH = 32, BLOCK = 64, AES = 16, SALT = 20, SECRET = 32, LABEL_MAX = 32 };

/* --- HKDF (RFC 5869) with SHA-256 --- */

static void hmac(const uint8_t *key, size_t key_len, const struct slice *parts, unsigned count,
		 uint8_t ret[HASH])
{
	mbedtls_sha256_context sha;
	uint8_t pad[BLOCK] = {0};

	memcpy(pad, key, key_len);
	for (unsigned i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	mbedtls_sha256_init(&sha);
	mbedtls_sha256_starts_ret(&sha, 0);
	mbedtls_sha256_update_ret(&sha, pad, BLOCK);
	for (unsigned i = 0; i < count; i++)
		mbedtls_sha256_update_ret(&sha, parts[i].data, parts[i].len);
	mbedtls_sha256_finish_ret(&sha, ret);
	for (unsigned i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	mbedtls_sha256_starts_ret(&sha, 0);
	mbedtls_sha256_update_ret(&sha, pad, BLOCK);
	mbedtls_sha256_update_ret(&sha, ret, HASH);
	mbedtls_sha256_finish_ret(&sha, ret);
	mbedtls_sha256_free(&sha);
}

/* HKDF-Expand-Label (RFC 8446 7.1) with an empty context, of at most one block. */
static void expand(const uint8_t secret[SECRET], const char *label, uint8_t *ret, size_t len)
{
	uint8_t head[3] = {0, (uint8_t)len, (uint8_t)(6 + strlen(label))}, tail[2] = {0, 1};
	struct slice parts[] = {SLICE(head, sizeof(head)), SLICE_LIT("tls13 "), slice_of(label),
				SLICE(tail, sizeof(tail))};
	uint8_t hash[HASH];

	hmac(secret, SECRET, parts, ARRAY_SIZE(parts), hash);
	memcpy(ret, hash, len);
}

/* --- salts --- */

static const struct {
	uint32_t first, last;
	uint8_t salt[SALT];
} salts[] = {
	{0x00000001,
	 0x00000001, /* RFC 9001 5.2 */
	 {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}},
	{0x6b3343cf,
	 0x6b3343cf, /* RFC 9369 3.3.1 */
	 {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	  0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9}},
	{0xff000021,
	 0xff000022, /* drafts 33 and 34 */
	 {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	  0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}},
	{0xff00001d,
	 0xff000020, /* drafts 29 to 32 */
	 {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	  0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99}},
	{0xff000017,
	 0xff00001c, /* drafts 23 to 28 */
	 {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	  0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}},
	{0xfaceb002,
	 0xfaceb002, /* mvfst: as draft 23 */
	 {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	  0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}},
	{0x51303530,
	 0x51303530, /* Q050 */
	 {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
	  0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45}},
};

static const uint8_t *salt_of(uint32_t version)
{
	for (unsigned i = 0; i < ARRAY_SIZE(salts); i++) {
		if (version >= salts[i].first && version <= salts[i].last)
			return salts[i].salt;
	}
	return NULL;
}

static void side_keys(const uint8_t initial[SECRET], const char *side, bool v2,
		      struct quic_side_keys *ret)
{
	uint8_t secret[SECRET], key[AES], zero[AES] = {0}, h[AES];
	struct cursor c;

	expand(initial, side, secret, SECRET);
	mbedtls_aes_init(&ret->packet);
	mbedtls_aes_init(&ret->header);
	expand(secret, v2 ? "quicv2 key" : "quic key", key, AES);
	mbedtls_aes_setkey_enc(&ret->packet, key, 8 * AES);
	expand(secret, v2 ? "quicv2 hp" : "quic hp", key, AES);
	mbedtls_aes_setkey_enc(&ret->header, key, 8 * AES);
	expand(secret, v2 ? "quicv2 iv" : "quic iv", ret->iv, QUIC_IV_LEN);
	mbedtls_aes_crypt_ecb(&ret->packet, MBEDTLS_AES_ENCRYPT, zero, h);
	c = cursor_init(h, AES);
	ret->ghash[0] = cursor_u64(&c);
	ret->ghash[1] = cursor_u64(&c);
}

bool quic_keys_initial(uint32_t version, struct slice client_dcid, struct quic_keys *ret)
{
	const uint8_t *salt = salt_of(version);
	uint8_t initial[HASH];

	if (!salt)
		return false;
	hmac(salt, SALT, &client_dcid, 1, initial);
	side_keys(initial, "client in", version == 0x6b3343cf, &ret->side[0]);
	side_keys(initial, "server in", version == 0x6b3343cf, &ret->side[1]);
	return true;
}

/* --- GHASH (NIST SP 800-38D 6.4), four bits at a time --- */

struct ghash {
	uint64_t table[16][2]; /* multiples of the key by the four-bit polynomials */
	uint64_t y[2];
};

static void times_x(uint64_t v[2])
{
	uint64_t carry = v[1] & 1;

	v[1] = v[1] >> 1 | v[0] << 63;
	v[0] = v[0] >> 1 ^ (carry ? 0xe1ULL << 56 : 0);
}

static void ghash_init(struct ghash *g, const uint64_t key[2])
{
	*g = (struct ghash){0};
	g->table[8][0] = key[0];
	g->table[8][1] = key[1];
	for (unsigned i = 4; i > 0; i /= 2) {
		g->table[i][0] = g->table[2 * i][0];
		g->table[i][1] = g->table[2 * i][1];
		times_x(g->table[i]);
	}
	for (unsigned i = 2; i < 16; i *= 2) {
		for (unsigned k = 1; k < i; k++) {
			g->table[i + k][0] = g->table[i][0] ^ g->table[k][0];
			g->table[i + k][1] = g->table[i][1] ^ g->table[k][1];
		}
	}
}

static void ghash_step(struct ghash *g, uint64_t z[2], unsigned nibble)
{
	for (unsigned i = 0; i < 4; i++)
		times_x(z);
	z[0] ^= g->table[nibble][0];
	z[1] ^= g->table[nibble][1];
}

static void ghash_block(struct ghash *g, uint64_t high, uint64_t low)
{
	uint64_t z[2] = {0, 0};

	high ^= g->y[0];
	low ^= g->y[1];
	for (unsigned shift = 0; shift < 64; shift += 4)
		ghash_step(g, z, low >> shift & 15);
	for (unsigned shift = 0; shift < 64; shift += 4)
		ghash_step(g, z, high >> shift & 15);
	g->y[0] = z[0];
	g->y[1] = z[1];
}

static void ghash_bytes(struct ghash *g, struct slice data)
{
	for (size_t at = 0; at < data.len; at += AES) {
		struct slice part = slice_sub(data, at, AES);
		uint8_t block[AES] = {0};
		struct cursor c = cursor_init(block, AES);
		uint64_t high;

		memcpy(block, part.data, part.len);
		high = cursor_u64(&c);
		ghash_block(g, high, cursor_u64(&c));
	}
}

/* The tag of `head` and `secret` (as it was sent), before it is masked with the first block. */
static void authenticate(struct quic_side_keys *keys, struct slice head, struct slice secret,
			 uint8_t ret[QUIC_TAG_LEN])
{
	struct ghash g;

	ghash_init(&g, keys->ghash);
	ghash_bytes(&g, head);
	ghash_bytes(&g, secret);
	ghash_block(&g, 8 * head.len, 8 * secret.len);
	for (unsigned i = 0; i < 8; i++) {
		ret[i] = (uint8_t)(g.y[0] >> (56 - 8 * i));
		ret[i + 8] = (uint8_t)(g.y[1] >> (56 - 8 * i));
	}
}

/* --- packets --- */

/* Takes the protection off the first byte and the packet number, in `head`, which holds a copy of
 * the packet's start. Length of the packet number. */
static unsigned unprotect(struct quic_side_keys *keys, const uint8_t *sample, uint8_t *head,
			  size_t header_len)
{
	uint8_t mask[AES];
	unsigned len;

	mbedtls_aes_crypt_ecb(&keys->header, MBEDTLS_AES_ENCRYPT, sample, mask);
	head[0] ^= mask[0] & (head[0] & 0x80 ? 0x0f : 0x1f);
	len = (head[0] & 3u) + 1;
	for (unsigned i = 0; i < len; i++)
		head[header_len + i] ^= mask[1 + i];
	return len;
}

bool quic_decrypt(struct quic_side_keys *keys, struct slice packet, size_t header_len, uint8_t *out,
		  struct slice *ret)
{
	uint8_t counter[AES] = {0}, stream[AES] = {0}, first[AES], tag[QUIC_TAG_LEN], wrong = 0;
	struct slice secret;
	unsigned number_len;
	size_t offset = 0;

	if (packet.len < header_len + QUIC_NUMBER_MAX + QUIC_SAMPLE_LEN)
		return false;
	/* The head is put together at the start of `out` and overwritten by the frames later. */
	memcpy(out, packet.data, header_len + QUIC_NUMBER_MAX);
	number_len = unprotect(keys, packet.data + header_len + QUIC_NUMBER_MAX, out, header_len);
	header_len += number_len;
	secret = slice_sub(packet, header_len, packet.len);
	if (secret.len < QUIC_TAG_LEN)
		return false;
	secret.len -= QUIC_TAG_LEN;
	memcpy(counter, keys->iv, QUIC_IV_LEN);
	for (unsigned i = 0; i < number_len; i++)
		counter[QUIC_IV_LEN - number_len + i] ^= out[header_len - number_len + i];
	counter[AES - 1] = 1;
	mbedtls_aes_crypt_ecb(&keys->packet, MBEDTLS_AES_ENCRYPT, counter, first);
	authenticate(keys, SLICE(out, header_len), secret, tag);
	for (unsigned i = 0; i < QUIC_TAG_LEN; i++)
		wrong |= (uint8_t)(tag[i] ^ first[i] ^ secret.data[secret.len + i]);
	if (wrong)
		return false;
	counter[AES - 1] = 2;
	mbedtls_aes_crypt_ctr(&keys->packet, secret.len, &offset, counter, stream, secret.data,
			      out);
	*ret = SLICE(out, secret.len);
	return true;
}
