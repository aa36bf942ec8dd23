/* Small packets: DNS, time, echoes, and connections that say little. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/trace.h"

enum { MESSAGE = 512 };

static size_t dns_question(uint8_t *to, uint16_t id, bool reply, const char *host, uint16_t type)
{
	size_t at = 12;

	memset(to, 0, at);
	to[0] = (uint8_t)(id >> 8);
	to[1] = (uint8_t)id;
	to[2] = reply ? 0x81 : 0x01;
	to[3] = reply ? 0x80 : 0x00;
	to[5] = 1;
	while (*host) {
		size_t len = strcspn(host, ".");

		to[at++] = (uint8_t)len;
		memcpy(to + at, host, len);
		at += len;
		host += len + (host[len] == '.');
	}
	to[at++] = 0;
	to[at++] = (uint8_t)(type >> 8);
	to[at++] = (uint8_t)type;
	to[at++] = 0;
	to[at++] = 1;
	return at;
}

static size_t dns_answer(uint8_t *to, size_t at, struct rng *r, uint16_t type)
{
	size_t len = type == 28 ? 16 : 4;
	const uint8_t head[12] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 1, 44, 0, (uint8_t)len};

	to[7]++;
	memcpy(to + at, head, sizeof(head));
	rng_bytes(r, to + at + sizeof(head), len);
	return at + sizeof(head) + len;
}

static void dns(struct session *s, struct rng *r)
{
	uint16_t type = rng_below(r, 3) ? 1 : 28, id = (uint16_t)rng_next(r);
	unsigned answers = rng_below(r, 4);
	uint8_t text[MESSAGE];
	char host[80];
	struct conn c;
	size_t len;

	conn_init(&c, s, r, 53);
	host_name(r, host, sizeof(host));
	conn_datagram(&c, 0, text, dns_question(text, id, false, host, type));
	conn_wait(&c, c.rtt_ns);
	len = dns_question(text, id, true, host, type);
	if (answers == 0)
		text[3] |= 3; /* no such name */
	while (answers--)
		len = dns_answer(text, len, r, type);
	conn_datagram(&c, 1, text, len);
}

static void ntp(struct session *s, struct rng *r)
{
	uint8_t text[48] = {0x23, 0, 6, 0xec};
	struct conn c;

	conn_init(&c, s, r, 123);
	rng_bytes(r, text + 40, 8);
	conn_datagram(&c, 0, text, sizeof(text));
	conn_wait(&c, c.rtt_ns);
	text[0] = 0x24;
	rng_bytes(r, text + 12, 36);
	conn_datagram(&c, 1, text, sizeof(text));
}

static void echo(struct session *s, struct rng *r)
{
	struct conn c;

	conn_init(&c, s, r, 0);
	for (uint16_t seq = 1; seq <= 4; seq++) {
		conn_echo(&c, 0, seq);
		conn_wait(&c, c.rtt_ns);
		conn_echo(&c, 1, seq);
		conn_wait(&c, NS_PER_SEC);
	}
}

/* A line now and then on a port of no protocol. */
static void chatter(struct session *s, struct rng *r)
{
	static const uint16_t ports[] = {4444, 5000, 6000, 7777, 8009, 9000};
	unsigned lines = rng_between(r, 4, 40);
	char text[64];
	struct conn c;

	conn_init(&c, s, r, ports[rng_below(r, 6)]);
	conn_open(&c);
	while (lines--) {
		int n = snprintf(text, sizeof(text), "%08x=%u\n", (unsigned)rng_next(r),
				 rng_below(r, 100000));

		conn_send(&c, lines & 1, text, (size_t)n);
		conn_wait(&c, rng_between(r, 1, 200) * NS_PER_MS);
	}
	conn_close(&c);
}

static bool small_next(void *ctx, struct session *s)
{
	struct rng *r = ctx;
	uint32_t what = rng_below(r, 100);

	if (what < 80)
		dns(s, r);
	else if (what < 85)
		ntp(s, r);
	else if (what < 90)
		echo(s, r);
	else
		chatter(s, r);
	session_sort(s);
	return true;
}

struct generator small_generator(struct rng *r)
{
	return (struct generator){small_next, r};
}
