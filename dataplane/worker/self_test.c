/* The daily self-test's frame (C4): made here, taken by the first worker as if a port had brought
 * it. Nothing leaves: the mirror port sends no frame. Its addresses are of no network (RFC 5737),
 * so no host of the site is concerned. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/worker/live_private.h"

enum { HEADERS = 14 + 20 + 8, DISCARD = 9, MARK = 17, TTL = 64, UDP = 17 };

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071, over 20 bytes of which the sum itself is zero. */
static unsigned header_sum(const uint8_t *ip)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += (unsigned)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void fill(struct live_test *t, uint16_t port, const char *text)
{
	static const uint8_t macs[12] = {0x02, 0x42, 0x4b, 0, 0, 2, 0x02, 0x42, 0x4b, 0, 0, 1};
	static const uint8_t addresses[8] = {192, 0, 2, 1, 192, 0, 2, 2};
	uint8_t *ip = t->frame + 14, *udp = ip + 20;
	size_t len = strnlen(text, sizeof(((struct mailbox_message *)0)->self_test.text));

	memcpy(t->frame, macs, sizeof(macs));
	put16(t->frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(28 + MARK + len));
	ip[8] = TTL;
	ip[9] = UDP;
	memcpy(ip + 12, addresses, sizeof(addresses));
	put16(ip + 10, header_sum(ip));
	put16(udp, port);
	put16(udp + 2, DISCARD);
	put16(udp + 4, (unsigned)(8 + MARK + len)); /* no checksum: allowed in IPv4 (RFC 768) */
	memcpy(udp + 8, "BANKEN-SELF-TEST ", MARK);
	memcpy(udp + 8 + MARK, text, len);
	t->len = (uint32_t)(HEADERS + MARK + len);
}

int self_test_order(struct live *live, const struct mailbox_message *m)
{
	struct live_test *t = calloc(1, sizeof(*t)), *old;

	if (!t)
		return ERR_NOMEM;
	fill(t, m->self_test.port, m->self_test.text);
	old = atomic_load_explicit(&live->worker[0].next_test, memory_order_relaxed);
	atomic_store_explicit(&live->worker[0].next_test, t, memory_order_release);
	live_grace(live);
	free(old);
	return ERR_OK;
}

void self_test_take(struct live_worker *w, uint64_t now_ns)
{
	const struct live_test *t = atomic_load_explicit(&w->next_test, memory_order_acquire);
	struct packet p;

	if (t == w->test)
		return;
	w->test = t;
	memset(&p, 0, sizeof(p));
	p.frame = t->frame;
	p.wire_len = p.frame_len = t->len;
	p.now_ns = now_ns;
	p.number = ++w->frames;
	p.link_type = LINK_ETHERNET;
	pipeline_burst(w->pipeline, &p, 1);
}
