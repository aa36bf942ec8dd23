#include "dataplane/detect/harness.h"

#include <string.h>

enum { FRAME = 2048, ETHERNET = 14 };

struct frame {
	uint8_t bytes[FRAME];
	uint32_t len;
};

struct talk talk_new(uint16_t server_port)
{
	return (struct talk){.cport = 40000,
			     .sport = server_port,
			     .seq = {1000, 5000},
			     .ttl = 64,
			     .id = 1,
			     .window = 8192,
			     .frag = 0x4000};
}

static void u8(struct frame *f, uint8_t v)
{
	f->bytes[f->len++] = v;
}

static void u16(struct frame *f, uint16_t v)
{
	u8(f, (uint8_t)(v >> 8));
	u8(f, (uint8_t)v);
}

static void u32(struct frame *f, uint32_t v)
{
	u16(f, (uint16_t)(v >> 16));
	u16(f, (uint16_t)v);
}

static void bytes(struct frame *f, const void *data, size_t len)
{
	if (len > FRAME - f->len)
		len = FRAME - f->len;
	if (len)
		memcpy(f->bytes + f->len, data, len);
	f->len += (uint32_t)len;
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t s)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len % 2)
		s += (uint32_t)p[len - 1] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void address(struct frame *f, const struct talk *t, unsigned host)
{
	if (t->v6) {
		u32(f, 0x20010db8);
		u32(f, 0);
		u32(f, 0);
		u32(f, host);
	} else {
		u32(f, 0x0a000000 + host);
	}
}

static void ip_head(struct frame *f, const struct talk *t, enum dir dir, uint8_t proto, size_t len)
{
	unsigned src = dir == DIR_TS ? 1 : 2;

	f->len = 0;
	bytes(f, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	u16(f, t->v6 ? 0x86dd : 0x0800);
	if (t->v6) {
		u32(f, 6U << 28 | (uint32_t)t->tos << 20);
		u16(f, (uint16_t)len);
		u8(f, proto);
		u8(f, t->ttl);
	} else {
		u8(f, 0x45);
		u8(f, t->tos);
		u16(f, (uint16_t)(20 + len));
		u16(f, t->id);
		u16(f, t->frag);
		u8(f, t->ttl);
		u8(f, proto);
		u16(f, 0);
	}
	address(f, t, src);
	address(f, t, 3 - src);
	if (!t->v6) {
		uint16_t c = fold(sum(f->bytes + ETHERNET, 20, 0));

		f->bytes[ETHERNET + 10] = (uint8_t)(c >> 8);
		f->bytes[ETHERNET + 11] = (uint8_t)c;
	}
}

/* Fills the checksum at `at` of the layer 4 part and hands the frame over. */
static void finish(struct harness *h, struct frame *f, const struct talk *t, uint8_t proto,
		   uint32_t at, bool pseudo)
{
	uint32_t ip = t->v6 ? 40 : 20, l4 = ETHERNET + ip, s = 0;
	uint16_t c;

	if (pseudo) {
		uint32_t addrs = t->v6 ? 32 : 8;

		s = sum(f->bytes + l4 - addrs, addrs, proto + (f->len - l4));
	}
	c = fold(sum(f->bytes + l4, f->len - l4, s));
	f->bytes[l4 + at] = (uint8_t)(c >> 8);
	f->bytes[l4 + at + 1] = (uint8_t)c;
	harness_frame(h, f->bytes, f->len, harness_now(h) + NS_PER_MS);
}

void talk_tcp(struct harness *h, struct talk *t, enum dir dir, uint8_t flags, const char *data,
	      size_t len)
{
	struct frame f;
	bool option = t->mss && (flags & TCP_SYN);
	uint32_t head = option ? 24 : 20;

	ip_head(&f, t, dir, IP_PROTO_TCP, head + len);
	u16(&f, dir == DIR_TS ? t->cport : t->sport);
	u16(&f, dir == DIR_TS ? t->sport : t->cport);
	u32(&f, t->seq[dir]);
	u32(&f, flags & TCP_ACK ? t->seq[dir_other(dir)] : 0);
	u8(&f, (uint8_t)(head / 4 << 4));
	u8(&f, flags);
	u16(&f, t->window);
	u32(&f, 0);
	if (option)
		u32(&f, 0x02040000U | t->mss);
	bytes(&f, data, len);
	finish(h, &f, t, IP_PROTO_TCP, 16, true);
	t->seq[dir] += (uint32_t)len + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

void talk_open(struct harness *h, struct talk *t)
{
	talk_tcp(h, t, DIR_TS, TCP_SYN, NULL, 0);
	talk_tcp(h, t, DIR_TC, TCP_SYN | TCP_ACK, NULL, 0);
	talk_tcp(h, t, DIR_TS, TCP_ACK, NULL, 0);
}

void talk_send(struct harness *h, struct talk *t, enum dir dir, const char *data, size_t len)
{
	talk_tcp(h, t, dir, TCP_ACK | TCP_PSH, data, len);
	talk_tcp(h, t, dir_other(dir), TCP_ACK, NULL, 0);
}

void talk_text(struct harness *h, struct talk *t, enum dir dir, const char *text)
{
	talk_send(h, t, dir, text, strlen(text));
}

void talk_close(struct harness *h, struct talk *t)
{
	talk_tcp(h, t, DIR_TS, TCP_FIN | TCP_ACK, NULL, 0);
	talk_tcp(h, t, DIR_TC, TCP_FIN | TCP_ACK, NULL, 0);
	talk_tcp(h, t, DIR_TS, TCP_ACK, NULL, 0);
}

void talk_udp(struct harness *h, struct talk *t, enum dir dir, const char *data, size_t len)
{
	struct frame f;

	ip_head(&f, t, dir, IP_PROTO_UDP, 8 + len);
	u16(&f, dir == DIR_TS ? t->cport : t->sport);
	u16(&f, dir == DIR_TS ? t->sport : t->cport);
	u16(&f, (uint16_t)(8 + len));
	u16(&f, 0);
	bytes(&f, data, len);
	finish(h, &f, t, IP_PROTO_UDP, 6, true);
}

void talk_icmp(struct harness *h, struct talk *t, enum dir dir, uint8_t type, uint8_t code,
	       uint16_t id, uint16_t seq, const char *data, size_t len)
{
	uint8_t proto = t->v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP;
	struct frame f;

	ip_head(&f, t, dir, proto, 8 + len);
	u8(&f, type);
	u8(&f, code);
	u16(&f, 0);
	u16(&f, id);
	u16(&f, seq);
	bytes(&f, data, len);
	finish(h, &f, t, proto, 2, t->v6);
}
