/* TLS sessions: handshakes with a server name and a certificate (1.2) or without (1.3), then
 * records of random bytes, as encrypted traffic looks. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/trace.h"

enum {
	ROOM = 1 << 15,
	RECORD_MAX = 16384,
	CHANGE_CIPHER = 20,
	HANDSHAKE = 22,
	APPLICATION = 23,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	SERVER_HELLO_DONE = 14,
	CLIENT_KEY_EXCHANGE = 16,
};

struct text {
	uint8_t data[ROOM];
	size_t len;
};

static void put(struct text *t, const void *data, size_t len)
{
	if (t->len + len > sizeof(t->data))
		return;
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

static void put8(struct text *t, unsigned v)
{
	uint8_t b = (uint8_t)v;

	put(t, &b, 1);
}

static void put16(struct text *t, unsigned v)
{
	put8(t, v >> 8);
	put8(t, v);
}

static void put_random(struct text *t, struct rng *r, size_t n)
{
	uint8_t b[512];

	rng_bytes(r, b, n);
	put(t, b, n);
}

/* The length of what was put since `from`, into `bytes` bytes reserved there. */
static void close_length(struct text *t, size_t from, unsigned bytes)
{
	size_t len = t->len - from - bytes;

	for (unsigned i = 0; i < bytes; i++)
		t->data[from + i] = (uint8_t)(len >> 8 * (bytes - 1 - i));
}

static size_t open_length(struct text *t, unsigned bytes)
{
	size_t at = t->len;

	for (unsigned i = 0; i < bytes; i++)
		put8(t, 0);
	return at;
}

/* DER: what was put since `from` becomes one element of `tag`. */
static void der_wrap(struct text *t, size_t from, unsigned tag)
{
	size_t len = t->len - from, head = len < 128 ? 2 : len < 256 ? 3 : 4;

	put16(t, 0);
	put16(t, 0);
	t->len -= 4 - head;
	memmove(t->data + from + head, t->data + from, len);
	t->data[from] = (uint8_t)tag;
	if (head == 2)
		t->data[from + 1] = (uint8_t)len;
	else
		t->data[from + 1] = (uint8_t)(0x80 | (head - 2));
	if (head == 3)
		t->data[from + 2] = (uint8_t)len;
	if (head == 4) {
		t->data[from + 2] = (uint8_t)(len >> 8);
		t->data[from + 3] = (uint8_t)len;
	}
}

static void der_put(struct text *t, unsigned tag, const void *data, size_t len)
{
	size_t from = t->len;

	put(t, data, len);
	der_wrap(t, from, tag);
}

/* Name with one common name. */
static void der_name(struct text *t, const char *name)
{
	size_t all = t->len;

	der_put(t, 0x06, "\x55\x04\x03", 3);
	der_put(t, 0x0c, name, strlen(name));
	der_wrap(t, all, 0x30);
	der_wrap(t, all, 0x31);
	der_wrap(t, all, 0x30);
}

static void der_algorithm(struct text *t, const char *oid, size_t len)
{
	size_t from = t->len;

	der_put(t, 0x06, oid, len);
	der_put(t, 0x05, "", 0);
	der_wrap(t, from, 0x30);
}

#define SHA256_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
#define RSA	   "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

static void der_key(struct text *t, struct rng *r)
{
	size_t all = t->len, bits, key;
	uint8_t modulus[257] = {0};

	rng_bytes(r, modulus + 1, sizeof(modulus) - 1);
	modulus[1] |= 0x80;
	der_algorithm(t, RSA, 9);
	bits = t->len;
	put8(t, 0);
	key = t->len;
	der_put(t, 0x02, modulus, sizeof(modulus));
	der_put(t, 0x02, "\x01\x00\x01", 3);
	der_wrap(t, key, 0x30);
	der_wrap(t, bits, 0x03);
	der_wrap(t, all, 0x30);
}

/* X.509 version 3 without extensions; the signature is random. */
static void der_certificate(struct text *t, struct rng *r, const char *host)
{
	size_t all = t->len, at;
	uint8_t serial[16], signature[257] = {0};

	der_put(t, 0x02, "\x02", 1);
	der_wrap(t, all, 0xa0);
	rng_bytes(r, serial, sizeof(serial));
	serial[0] &= 0x7f;
	der_put(t, 0x02, serial, sizeof(serial));
	der_algorithm(t, SHA256_RSA, 9);
	der_name(t, "Example Issuing CA 3");
	at = t->len;
	der_put(t, 0x17, "230901000000Z", 13);
	der_put(t, 0x17, "240901000000Z", 13);
	der_wrap(t, at, 0x30);
	der_name(t, host);
	der_key(t, r);
	der_wrap(t, all, 0x30);
	der_algorithm(t, SHA256_RSA, 9);
	rng_bytes(r, signature + 1, sizeof(signature) - 1);
	der_put(t, 0x03, signature, sizeof(signature));
	der_wrap(t, all, 0x30);
}

static void extension(struct text *t, unsigned type, const void *data, size_t len)
{
	put16(t, type);
	put16(t, (unsigned)len);
	put(t, data, len);
}

static void server_name(struct text *t, const char *host)
{
	size_t len = strlen(host);

	put16(t, 0);
	put16(t, (unsigned)len + 5);
	put16(t, (unsigned)len + 3);
	put8(t, 0);
	put16(t, (unsigned)len);
	put(t, host, len);
}

static void client_hello(struct text *t, struct rng *r, const char *host, bool tls13)
{
	static const uint8_t ciphers[] = "\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30"
					 "\xcc\xa9\xcc\xa8\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f";
	size_t use = (tls13 ? 0u : 6u) + 2 * rng_below(r, 3), at, all;

	put8(t, CLIENT_HELLO);
	all = open_length(t, 3);
	put16(t, 0x0303);
	put_random(t, r, 32);
	put8(t, 32);
	put_random(t, r, 32);
	put16(t, (unsigned)(sizeof(ciphers) - 1 - use));
	put(t, ciphers + use, sizeof(ciphers) - 1 - use);
	put16(t, 0x0100);
	at = open_length(t, 2);
	server_name(t, host);
	extension(t, 23, "", 0);
	extension(t, 0xff01, "\0", 1);
	extension(t, 10, "\0\x06\0\x1d\0\x17\0\x18", 8);
	extension(t, 11, "\1\0", 2);
	extension(t, 35, "", 0);
	extension(t, 16, "\0\x0c\x02h2\x08http/1.1", 14);
	extension(t, 13, "\0\x08\4\3\x08\4\4\1\5\3", 10);
	if (tls13)
		extension(t, 43, "\4\3\4\3\3", 5);
	close_length(t, at, 2);
	close_length(t, all, 3);
}

static void server_hello(struct text *t, struct rng *r, bool tls13)
{
	size_t all, at;

	put8(t, SERVER_HELLO);
	all = open_length(t, 3);
	put16(t, 0x0303);
	put_random(t, r, 32);
	put8(t, 32);
	put_random(t, r, 32);
	put16(t, tls13 ? 0x1301 : 0xc02f);
	put8(t, 0);
	at = open_length(t, 2);
	if (tls13)
		extension(t, 43, "\3\4", 2);
	else
		extension(t, 0xff01, "\0", 1);
	close_length(t, at, 2);
	close_length(t, all, 3);
}

static void certificate(struct text *t, struct rng *r, const char *host)
{
	size_t all, list, one;

	put8(t, CERTIFICATE);
	all = open_length(t, 3);
	list = open_length(t, 3);
	one = open_length(t, 3);
	der_certificate(t, r, host);
	close_length(t, one, 3);
	close_length(t, list, 3);
	close_length(t, all, 3);
}

static void message(struct text *t, struct rng *r, unsigned type, size_t len)
{
	size_t all;

	put8(t, type);
	all = open_length(t, 3);
	if (type == SERVER_KEY_EXCHANGE)
		put(t, "\3\0\x1d\x20", 4);
	put_random(t, r, len);
	close_length(t, all, 3);
}

/* Sends `t` as one record and empties it. */
static void send_record(struct conn *c, unsigned from, unsigned type, struct text *t)
{
	static uint8_t record[5 + ROOM];

	record[0] = (uint8_t)type;
	record[1] = 3;
	record[2] = 3;
	record[3] = (uint8_t)(t->len >> 8);
	record[4] = (uint8_t)t->len;
	memcpy(record + 5, t->data, t->len);
	conn_send(c, from, record, 5 + t->len);
	t->len = 0;
}

static void handshake(struct conn *c, const char *host, bool tls13)
{
	static struct text t;
	struct rng *r = c->rng;

	t.len = 0;
	client_hello(&t, r, host, tls13);
	send_record(c, 0, HANDSHAKE, &t);
	server_hello(&t, r, tls13);
	if (!tls13) {
		certificate(&t, r, host);
		message(&t, r, SERVER_KEY_EXCHANGE, 32 + 260);
		message(&t, r, SERVER_HELLO_DONE, 0);
	}
	send_record(c, 1, HANDSHAKE, &t);
	if (!tls13) {
		message(&t, r, CLIENT_KEY_EXCHANGE, 33);
		send_record(c, 0, HANDSHAKE, &t);
	}
	for (unsigned from = 0; from < 2; from++) {
		put8(&t, 1);
		send_record(c, from, CHANGE_CIPHER, &t);
		put_random(&t, r, 40);
		send_record(c, from, tls13 ? APPLICATION : HANDSHAKE, &t);
	}
}

static void application(struct conn *c, unsigned from, size_t len)
{
	static struct text t;

	while (len) {
		size_t n = len < RECORD_MAX ? len : RECORD_MAX;

		rng_bytes(c->rng, t.data, n);
		t.len = n;
		send_record(c, from, APPLICATION, &t);
		len -= n;
	}
}

static bool tls_next(void *ctx, struct session *s)
{
	struct rng *r = ctx;
	unsigned requests = rng_between(r, 1, 6);
	bool tls13 = rng_below(r, 10) < 6;
	char host[80];
	struct conn c;

	conn_init(&c, s, r, 443);
	host_name(r, host, sizeof(host));
	conn_open(&c);
	handshake(&c, host, tls13);
	while (requests--) {
		application(&c, 0, rng_between(r, 200, 1200));
		application(&c, 1, rng_between(r, 500, rng_below(r, 8) ? 40000 : 600000));
		conn_wait(&c, rng_between(r, 1, 400) * NS_PER_MS);
	}
	conn_close(&c);
	session_sort(s);
	return true;
}

struct generator tls_generator(struct rng *r)
{
	return (struct generator){tls_next, r};
}
