/* Sessions in memory, and the frames of connections with their checksums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/trace.h"

enum {
	ETHERNET = 14,
	IPV4 = 20,
	TCP = 32, /* with timestamps */
	UDP = 8,
	ICMP = 8,
	FIN = 1,
	SYN = 2,
	PSH = 8,
	ACK = 16,
};

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

uint32_t rng_between(struct rng *r, uint32_t low, uint32_t high)
{
	return low + rng_below(r, high - low + 1);
}

void rng_bytes(struct rng *r, void *to, size_t n)
{
	uint8_t *at = to;

	while (n) {
		uint64_t v = rng_next(r);
		size_t k = n < 8 ? n : 8;

		memcpy(at, &v, k);
		at += k;
		n -= k;
	}
}

void session_clear(struct session *s)
{
	s->count = 0;
	s->len = 0;
}

void session_free(struct session *s)
{
	free(s->frames);
	free(s->bytes);
	memset(s, 0, sizeof(*s));
}

static void *grown(void *p, size_t *room, size_t wanted, size_t item)
{
	if (wanted <= *room)
		return p;
	*room = wanted * 2;
	p = realloc(p, *room * item);
	if (!p) {
		fprintf(stderr, "no memory for the trace\n");
		exit(2);
	}
	return p;
}

uint8_t *session_frame(struct session *s, uint64_t at_ns, uint32_t len)
{
	s->frames = grown(s->frames, &s->room, s->count + 1, sizeof(*s->frames));
	s->bytes = grown(s->bytes, &s->bytes_room, s->len + len, 1);
	s->frames[s->count++] = (struct session_frame){at_ns, s->len, len, len};
	s->len += len;
	return s->bytes + s->len - len;
}

static int by_time(const void *a, const void *b)
{
	const struct session_frame *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->offset < y->offset ? -1 : 1;
}

void session_sort(struct session *s)
{
	qsort(s->frames, s->count, sizeof(*s->frames), by_time);
}

uint64_t checksum_sum(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (; len >= 2; len -= 2, data += 2)
		sum += (uint64_t)data[0] << 8 | data[1];
	return len ? sum + ((uint64_t)data[0] << 8) : sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

static void put32(uint8_t *to, uint32_t v)
{
	put16(to, v >> 16);
	put16(to + 2, v);
}

void conn_init(struct conn *c, struct session *s, struct rng *r, uint16_t server_port)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	c->rng = r;
	c->rtt_ns = rng_between(r, 1, 60) * NS_PER_MS;
	c->end[0].ip = 0x0a000000 | rng_between(r, 0x000101, 0x1ffffe);
	c->end[1].ip = rng_between(r, 11, 99) << 24 | rng_below(r, 1 << 24);
	c->end[0].port = (uint16_t)rng_between(r, 32768, 60999);
	c->end[1].port = server_port;
	for (int i = 0; i < 2; i++) {
		c->end[i].seq = (uint32_t)rng_next(r);
		c->end[i].ts = (uint32_t)rng_next(r);
		c->end[i].ip_id = (uint16_t)rng_next(r);
	}
}

void conn_wait(struct conn *c, uint64_t ns)
{
	c->now_ns += ns;
}

/* Ethernet and IPv4 headers; returns where layer 4 begins. */
static uint8_t *headers(struct conn *c, unsigned from, uint8_t proto, uint32_t l4_len)
{
	struct endpoint *src = &c->end[from], *dst = &c->end[!from];
	uint8_t *f = session_frame(c->s, c->now_ns, ETHERNET + IPV4 + l4_len);
	uint8_t *ip = f + ETHERNET;

	put16(f, 0x0200);
	put32(f + 2, dst->ip);
	put16(f + 6, 0x0200);
	put32(f + 8, src->ip);
	put16(f + 12, 0x0800);
	memset(ip, 0, IPV4);
	ip[0] = 0x45;
	put16(ip + 2, IPV4 + l4_len);
	put16(ip + 4, src->ip_id++);
	ip[6] = 0x40;
	ip[8] = from ? 56 : 64;
	ip[9] = proto;
	put32(ip + 12, src->ip);
	put32(ip + 16, dst->ip);
	put16(ip + 10, checksum_fold(checksum_sum(ip, IPV4)));
	return ip + IPV4;
}

static void layer4_checksum(uint8_t *l4, uint8_t proto, uint32_t len, size_t field)
{
	uint64_t sum = checksum_sum(l4, len);

	if (proto != 1)
		sum += checksum_sum(l4 - 8, 8) + proto + len;
	put16(l4 + field, checksum_fold(sum));
}

static void segment(struct conn *c, unsigned from, uint8_t flags, const void *data, size_t len)
{
	struct endpoint *src = &c->end[from], *dst = &c->end[!from];
	uint32_t total = TCP + (uint32_t)len;
	uint8_t *t = headers(c, from, 6, total);

	put16(t, src->port);
	put16(t + 2, dst->port);
	put32(t + 4, src->seq);
	put32(t + 8, flags & ACK ? dst->seq : 0);
	t[12] = TCP / 4 << 4;
	t[13] = flags;
	put16(t + 14, flags & SYN ? 64240 : 501);
	put32(t + 16, 0);
	if (flags & SYN) { /* MSS, SACK permitted, window scale; the timestamp comes later */
		put32(t + 20, 0x02040000 | TRACE_MSS);
		put32(t + 24, 0x01010402);
		put32(t + 28, 0x01030307);
	} else {
		put32(t + 20, 0x0101080a);
		put32(t + 24, src->ts++);
		put32(t + 28, dst->ts);
	}
	if (len)
		memcpy(t + TCP, data, len);
	layer4_checksum(t, 6, total, 16);
	src->seq += (uint32_t)len + !!(flags & (SYN | FIN));
}

void conn_open(struct conn *c)
{
	segment(c, 0, SYN, NULL, 0);
	conn_wait(c, c->rtt_ns);
	segment(c, 1, SYN | ACK, NULL, 0);
	conn_wait(c, NS_PER_MS / 4);
	segment(c, 0, ACK, NULL, 0);
}

void conn_send(struct conn *c, unsigned from, const void *data, size_t len)
{
	const uint8_t *at = data;

	conn_wait(c, c->rtt_ns / 2);
	while (len) {
		size_t n = len < TRACE_MSS ? len : TRACE_MSS;

		segment(c, from, n == len ? PSH | ACK : ACK, at, n);
		conn_wait(c, 12 * NS_PER_US);
		at += n;
		len -= n;
		if (++c->unacked[from] == 2 || len == 0) {
			segment(c, !from, ACK, NULL, 0);
			c->unacked[from] = 0;
		}
	}
}

void conn_close(struct conn *c)
{
	conn_wait(c, c->rtt_ns);
	segment(c, 0, FIN | ACK, NULL, 0);
	conn_wait(c, c->rtt_ns);
	segment(c, 1, FIN | ACK, NULL, 0);
	conn_wait(c, NS_PER_MS);
	segment(c, 0, ACK, NULL, 0);
}

void conn_datagram(struct conn *c, unsigned from, const void *data, size_t len)
{
	uint32_t total = UDP + (uint32_t)len;
	uint8_t *u = headers(c, from, 17, total);

	put16(u, c->end[from].port);
	put16(u + 2, c->end[!from].port);
	put16(u + 4, total);
	put16(u + 6, 0);
	memcpy(u + UDP, data, len);
	layer4_checksum(u, 17, total, 6);
}

void conn_echo(struct conn *c, unsigned from, uint16_t seq)
{
	enum { BODY = 56 };
	uint8_t *i = headers(c, from, 1, ICMP + BODY);

	memset(i, 0, ICMP);
	i[0] = from ? 0 : 8;
	put16(i + 4, c->end[0].port);
	put16(i + 6, seq);
	for (int k = 0; k < BODY; k++)
		i[ICMP + k] = (uint8_t)k;
	layer4_checksum(i, 1, ICMP + BODY, 2);
}
