/* Packets are built here with mbedTLS's own GCM and HKDF, so that what quic/crypto.c does by itself
 * is checked against another hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/quic/quic.h"

struct bytes {
	uint8_t data[4096];
	size_t len;
};

static void add(struct bytes *b, const void *data, size_t len)
{
	assert_true(len <= sizeof(b->data) - b->len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void add_u8(struct bytes *b, unsigned v)
{
	uint8_t c = (uint8_t)v;

	add(b, &c, 1);
}

static void add_u16(struct bytes *b, unsigned v)
{
	add_u8(b, v >> 8);
	add_u8(b, v);
}

static void add_u32(struct bytes *b, uint32_t v)
{
	add_u16(b, v >> 16);
	add_u16(b, v & 0xffff);
}

static void add_bytes(struct bytes *b, const struct bytes *more)
{
	add(b, more->data, more->len);
}

static void add_hex(struct bytes *b, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned v;

		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		add_u8(b, v);
	}
}

/* --- building --- */

static void extension(struct bytes *b, unsigned type, const char *hex)
{
	struct bytes body = {.len = 0};

	add_hex(&body, hex);
	add_u16(b, type);
	add_u16(b, (unsigned)body.len);
	add_bytes(b, &body);
}

/* A ClientHello for a.test with one GREASE value in each list. */
static struct bytes client_hello(void)
{
	struct bytes ext = {.len = 0}, body = {.len = 0}, whole = {.len = 0};

	extension(&ext, 0x0a0a, "");
	extension(&ext, 0, "0009000006612e74657374");
	extension(&ext, 10, "00041a1a001d");
	extension(&ext, 16, "0003026833");
	extension(&ext, 13, "000404030804");
	extension(&ext, 43, "040a0a0304");
	extension(&ext, 57, "0102");
	add_u16(&body, 0x0303);
	add(&body, "0123456789abcdef0123456789abcdef", 32);
	add_hex(&body, "00");		    /* session id */
	add_hex(&body, "00063a3a13011302"); /* ciphers */
	add_hex(&body, "0100");
	add_u16(&body, (unsigned)ext.len);
	add_bytes(&body, &ext);
	add_u8(&whole, 1);
	add_u8(&whole, 0);
	add_u16(&whole, (unsigned)body.len);
	add_bytes(&whole, &body);
	return whole;
}

static struct bytes crypto(const struct bytes *message, unsigned from, unsigned to)
{
	struct bytes frame = {.len = 0};

	add_u8(&frame, 6);
	add_u16(&frame, 0x4000 | from);
	add_u16(&frame, 0x4000 | (to - from));
	add(&frame, message->data + from, to - from);
	return frame;
}

static void label(const uint8_t *secret, const char *name, uint8_t *ret, size_t len)
{
	struct bytes info = {.len = 0};

	add_u16(&info, (unsigned)len);
	add_u8(&info, (unsigned)strlen(name) + 6);
	add(&info, "tls13 ", 6);
	add(&info, name, strlen(name));
	add_u8(&info, 0);
	assert_int_equal(mbedtls_hkdf_expand(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), secret,
					     32, info.data, info.len, ret, len),
			 0);
}

static const char salt_v1[] = "38762cf7f55934b34d179ae6a4c80cadccbb7f0a";
static const char salt_v2[] = "0dede3def700a6db819381be6e269dcbf9bd2ed9";
static const char salt_29[] = "afbfec289993d24c9e9786f19c6111e04390a899";
static const char salt_23[] = "c3eef712c72ebb5a11a7d2432bb46365bef9f502";

struct maker {
	uint32_t version;
	const char *salt, *dcid;
	bool server, bad_tag;
	unsigned number_len; /* bytes of the packet number, 1..4 */
	unsigned type;	     /* bits 4 and 5 of the first byte */
};

static const struct maker plain = {1, salt_v1, "8394c8f03e515708", false, false, 2, 0};

static struct bytes seal(const struct maker *m, const struct bytes *frames)
{
	struct bytes salt = {.len = 0}, dcid = {.len = 0}, p = {.len = 0}, body = *frames;
	uint8_t initial[32], secret[32], key[16], hp[16], iv[12], tag[16], mask[16];
	bool v2 = m->version == QUIC_VERSION_2;
	mbedtls_gcm_context gcm;
	mbedtls_aes_context aes;
	size_t head;

	while (body.len < 20) /* padding, so that there is a sample */
		add_u8(&body, 0);
	add_hex(&salt, m->salt);
	add_hex(&dcid, m->dcid);
	mbedtls_hkdf_extract(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), salt.data, salt.len,
			     dcid.data, dcid.len, initial);
	label(initial, m->server ? "server in" : "client in", secret, 32);
	label(secret, v2 ? "quicv2 key" : "quic key", key, 16);
	label(secret, v2 ? "quicv2 iv" : "quic iv", iv, 12);
	label(secret, v2 ? "quicv2 hp" : "quic hp", hp, 16);
	add_u8(&p, 0xc0 | m->type << 4 | (m->number_len - 1));
	add_u32(&p, m->version);
	add_u8(&p, (unsigned)dcid.len);
	add_bytes(&p, &dcid);
	add_u8(&p, 0);
	add_u8(&p, 0); /* token */
	add_u16(&p, 0x4000 | (unsigned)(m->number_len + body.len + 16));
	head = p.len;
	for (unsigned i = 0; i < m->number_len; i++)
		add_u8(&p, i + 1 == m->number_len ? 7 : 0);
	iv[11] ^= 7;
	mbedtls_gcm_init(&gcm);
	mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 128);
	mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, body.len, iv, 12, p.data, p.len,
				  body.data, body.data, 16, tag);
	mbedtls_gcm_free(&gcm);
	tag[3] ^= m->bad_tag;
	add_bytes(&p, &body);
	add(&p, tag, 16);
	mbedtls_aes_init(&aes);
	mbedtls_aes_setkey_enc(&aes, hp, 128);
	mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, p.data + head + 4, mask);
	p.data[0] ^= mask[0] & 15;
	for (unsigned i = 0; i < m->number_len; i++)
		p.data[head + i] ^= mask[1 + i];
	return p;
}

static struct harness *start(void)
{
	return harness_new(&quic_proto, APP_UDP, 443);
}

static bool feed(struct harness *h, enum dir dir, const struct bytes *b)
{
	return harness_feed(h, dir, b->data, b->len);
}

static void assert_text(struct slice s, const char *text)
{
	if (!slice_eq(s, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.data, text);
}

/* --- cases --- */

/* RFC 9001 A.3: the server's first packet, protected with the keys of the client's id. */
static void rfc_server_initial(void **state)
{
	struct harness *h = start();
	struct bytes nothing = {.len = 0}, client, p = {.len = 0};
	const struct app_tx *tx;

	add_u8(&nothing, 1); /* PING */
	client = seal(&plain, &nothing);
	assert_true(feed(h, DIR_TS, &client));
	add_hex(&p, "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b63941"
		    "00f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684d"
		    "f3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf"
		    "2f58891850abbdca3d20398c276456cbc42158407dd074ee");
	assert_true(feed(h, DIR_TC, &p));
	tx = harness_tx(h, 1);
	assert_int_equal(tx->event_count, 0);
	assert_text(harness_buffer(h, tx, "ja3s.string", DIR_TC, 0), "771,4865,51-43");
	assert_null(harness_buffer(h, tx, "ja3.string", DIR_TS, 0).data);
	assert_non_null(strstr(harness_eve(h, tx, 0), "\"version\":\"1\",\"ja3s\":{\"hash\":"
						      "\"eb1d94daa7e0344597e756a1fb6e7054\","));
	assert_non_null(strstr(harness_eve(h, tx, 0),
			       "{\"name\":\"supported_versions\",\"type\":43,\"values\":[\"Tls13\"]"
			       "}"));
	harness_delete(h);
}

static void check_hello(struct harness *h, uint64_t id)
{
	const struct app_tx *tx = harness_tx(h, id);

	assert_text(harness_buffer(h, tx, "quic.sni", DIR_TS, 0), "a.test");
	/* Suricata shows every GREASE extension as 64250, and keeps it elsewhere. */
	assert_text(harness_buffer(h, tx, "ja3.string", DIR_TS, 0),
		    "771,14906-4865-4866,64250-0-10-16-13-43-57,6682-29,");
	assert_memory_equal(harness_buffer(h, tx, "ja4.hash", DIR_TS, 0).data, "q13d0206h3_", 11);
	assert_int_equal(tx->event_count, 0);
}

static void versions(void **state)
{
	static const struct maker makers[] = {
		{1, salt_v1, "8394c8f03e515708", false, false, 1, 0},
		{1, salt_v1, "", false, false, 4, 0},
		{QUIC_VERSION_2, salt_v2, "01", false, false, 3, 0},
		{0xff00001d, salt_29, "0102030405060708", false, false, 2, 0},
		{0xff000020, salt_29, "0102030405060708", false, false, 2, 0},
		{0xff000022, salt_v1, "0102030405060708", false, false, 2, 0},
		{0xff000017, salt_23, "0102030405060708", false, false, 2, 0},
		{0xfaceb002, salt_23, "0102030405060708", false, false, 2, 0},
	};
	struct bytes hello = client_hello(), frames = crypto(&hello, 0, (unsigned)hello.len);

	for (unsigned i = 0; i < ARRAY_SIZE(makers); i++) {
		struct harness *h = start();
		struct bytes p = seal(&makers[i], &frames);

		assert_int_equal(harness_identify(h, DIR_TS, SLICE(p.data, p.len)), APP_PROBE_YES);
		assert_true(feed(h, DIR_TS, &p));
		check_hello(h, 0);
		/* The hello was seen: what comes now is not looked at. */
		assert_true(feed(h, DIR_TS, &p));
		assert_int_equal(harness_live(h), 1);
		harness_delete(h);
	}
}

/* The hello in two pieces at every place, in one packet and in two, in both orders. */
static void pieces(void **state)
{
	struct bytes hello = client_hello();

	for (unsigned cut = 1; cut < hello.len; cut++) {
		struct bytes a = crypto(&hello, 0, cut);
		struct bytes b = crypto(&hello, cut, (unsigned)hello.len), both = b, p;
		struct harness *h = start();

		add_bytes(&both, &a);
		p = seal(&plain, &both);
		assert_true(feed(h, DIR_TS, &p));
		check_hello(h, 0);
		harness_delete(h);
		for (unsigned order = 0; order < 2; order++) {
			h = start();
			p = seal(&plain, order ? &b : &a);
			assert_true(feed(h, DIR_TS, &p));
			assert_null(
				harness_buffer(h, harness_tx(h, 0), "quic.sni", DIR_TS, 0).data);
			p = seal(&plain, order ? &a : &b);
			assert_true(feed(h, DIR_TS, &p));
			check_hello(h, 1);
			harness_delete(h);
		}
	}
}

struct row {
	const char *frames; /* hex */
	const char *event;  /* NULL: none */
};

static const struct row rows[] = {
	{"00", NULL},
	{"0101000001", NULL},
	{"0205000000", NULL},
	{"020500010200", "error_on_data"},	     /* a range without its length */
	{"02050040ff00", "error_on_data"},	     /* ranges that are not there */
	{"0200bfffffff00", "error_on_data"},	     /* a billion of them */
	{"1caabbcc", NULL},			     /* CONNECTION_CLOSE: not looked into */
	{"0600040200000a", NULL},		     /* the start of a ServerHello */
	{"060004010000", "error_on_data"},	     /* cut */
	{"06000414000000", "error_on_data"},	     /* Finished */
	{"060008020000040303ffff", "error_on_data"}, /* too short for a ServerHello */
	{"0680010000040100ffff", "crypto_frag_too_long"},
	{"06ffffffffffffffff00", "crypto_frag_too_long"},
	{"800101", NULL},		   /* a stream frame of Google's without tags */
	{"a00100024348", NULL},		   /* with a length */
	{"a0010fff4348", "error_on_data"}, /* too long */
	{"080000", NULL},
	{"0800ffffffffffffffff", "error_on_data"},
};

/* A version without known keys is read as if it were not protected. */
static void frames(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct harness *h = start();
		struct bytes p = {.len = 0}, f = {.len = 0};

		add_hex(&f, rows[i].frames);
		add_hex(&p, "c00000000200000040");
		add_u8(&p, (unsigned)f.len);
		add_bytes(&p, &f);
		assert_true(feed(h, DIR_TS, &p));
		if (rows[i].event ? !harness_has_event(h, harness_tx(h, 0), rows[i].event)
				  : harness_tx(h, 0)->event_count != 0)
			fail_msg("%s", rows[i].frames);
		harness_delete(h);
	}
}

static void not_authentic(void **state)
{
	struct maker m = plain;
	struct bytes hello = client_hello(), f = crypto(&hello, 0, (unsigned)hello.len), p;
	struct harness *h = start();

	m.bad_tag = true;
	p = seal(&m, &f);
	assert_true(feed(h, DIR_TS, &p));
	assert_true(harness_has_event(h, harness_tx(h, 0), "failed_decrypt"));
	assert_null(harness_buffer(h, harness_tx(h, 0), "quic.sni", DIR_TS, 0).data);
	harness_delete(h);
}

/* Every bit of a packet is under its tag. */
static void flipped_bits(void **state)
{
	struct bytes hello = client_hello(), f = crypto(&hello, 0, (unsigned)hello.len);
	struct bytes p = seal(&plain, &f);

	for (size_t bit = 8 * 20; bit < 8 * p.len; bit++) {
		struct harness *h = start();
		struct bytes wrong = p;

		wrong.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(feed(h, DIR_TS, &wrong));
		if (harness_tx(h, 0) &&
		    harness_buffer(h, harness_tx(h, 0), "quic.sni", DIR_TS, 0).data)
			fail_msg("bit %zu", bit);
		harness_delete(h);
	}
}

/* After a Retry the client begins again with another id. */
static void retry(void **state)
{
	struct maker second = plain;
	struct bytes hello = client_hello(), f = crypto(&hello, 0, (unsigned)hello.len);
	struct bytes first = seal(&plain, &f), answer = {.len = 0}, again;
	struct harness *h = start();

	second.dcid = "aabbccdd";
	again = seal(&second, &f);
	add_hex(&answer, "f000000001000401020304aabbcc0102030405060708090a0b0c0d0e0f10");
	assert_true(feed(h, DIR_TS, &first));
	assert_true(feed(h, DIR_TC, &answer));
	assert_true(feed(h, DIR_TS, &again));
	assert_int_equal(harness_live(h), 3);
	check_hello(h, 2);
	assert_non_null(
		strstr(harness_eve(h, harness_tx(h, 1), 0), "\"quic\":{\"version\":\"1\"}"));
	harness_delete(h);
}

static const char google_tags[] = "43484c4f"
				  "0400"
				  "0000" /* CHLO, four */
				  "50414400"
				  "02000000"
				  "534e4900"
				  "08000000"
				  "55414944"
				  "0b000000"
				  "43464357"
				  "0f000000"
				  "0000"
				  "612e74657374"
				  "552041"
				  "01020304";

static void google(void **state)
{
	static const struct {
		const char *head; /* up to the frame */
		const char *cyu, *version, *eve;
	} heads[] = {
		{"c3"
		 "51303436"
		 "50"
		 "0102030405060708"
		 "00000001"
		 "000000000000000000000000",
		 "46,PAD-SNI-UAID-CFCW", "Q046", "\"version\":\"Q046\",\"sni\":\"a.test\""},
		{"ff"
		 "51303434"
		 "50"
		 "0102030405060708"
		 "00000001"
		 "000000000000000000000000",
		 "44,PAD-SNI-UAID-CFCW", "Q044", "\"version\":\"Q044\""},
		{"09"
		 "0102030405060708"
		 "51303433"
		 "01"
		 "000000000000000000000000",
		 "43,PAD-SNI-UAID-CFCW", NULL, "\"version\":\"Q043\""},
		{"09"
		 "0102030405060708"
		 "51303339"
		 "01"
		 "000000000000000000000000",
		 NULL, NULL, "\"version\":\"Q039\""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
		struct harness *h = start();
		struct bytes p = {.len = 0}, tags = {.len = 0};
		const struct app_tx *tx;

		add_hex(&tags, google_tags);
		add_hex(&p, heads[i].head);
		add_hex(&p, "a001");
		add_u16(&p, (unsigned)tags.len);
		add_bytes(&p, &tags);
		assert_true(feed(h, DIR_TS, &p));
		tx = harness_tx(h, 0);
		assert_text(harness_buffer(h, tx, "quic.sni", DIR_TS, 0), "a.test");
		assert_text(harness_buffer(h, tx, "quic.ua", DIR_TS, 0), "U A");
		if (heads[i].cyu)
			assert_text(harness_buffer(h, tx, "quic.cyu.string", DIR_TS, 0),
				    heads[i].cyu);
		assert_null(harness_buffer(h, tx, "quic.cyu.hash", DIR_TS, 1).data);
		if (heads[i].version)
			assert_text(harness_buffer(h, tx, "quic.version", DIR_TS, 0),
				    heads[i].version);
		else
			assert_null(harness_buffer(h, tx, "quic.version", DIR_TS, 0).data);
		assert_non_null(strstr(harness_eve(h, tx, 0), heads[i].eve));
		harness_delete(h);
	}
}

/* A header that is cut is none, wherever it is cut. */
static void headers_cut(void **state)
{
	static const struct {
		const char *hex;
		size_t least; /* bytes that make it a header */
	} heads[] = {
		{"c000000001080102030405060708000040020000", 20},
		{"c0513034365001020304050607080000000100000000000000000000000000", 30},
		{"e000000001040102030400", 11},
		{"8000000000040102030400", 11},
		{"4001", 1},
		{"090102030405060708513034330100000000000000000000000000", 26},
		{"ff51303435100102030400000001000000000000000000000000", 26},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
		struct harness *h = start();
		struct bytes p = {.len = 0};

		add_hex(&p, heads[i].hex);
		for (size_t n = 1; n <= p.len; n++) {
			enum app_probe got = harness_identify(h, DIR_TS, SLICE(p.data, n));

			if (got != (n < heads[i].least ? APP_PROBE_NO : APP_PROBE_YES))
				fail_msg("%s: %zu bytes", heads[i].hex, n);
		}
		harness_delete(h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_server_initial),
		cmocka_unit_test(versions),
		cmocka_unit_test(pieces),
		cmocka_unit_test(frames),
		cmocka_unit_test(not_authentic),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(retry),
		cmocka_unit_test(google),
		cmocka_unit_test(headers_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
