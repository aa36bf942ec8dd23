/* Which hardware address says that it has which address: ARP (RFC 826) and neighbour discovery (RFC
 * 4861). A pair is told once in a while; what is kept for that has a fixed size. */
#include <string.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"
#include "dataplane/decode/lldp.h"
#include "dataplane/event/event.h"
#include "dataplane/event/fields.h"

enum {
	ETHER_ARP = 0x0806,
	ND_ROUTER = 134,
	ND_SOLICITS = 135,
	ND_ADVERTISES = 136,
	AGAIN_SECONDS = 60, /* the same pair is told again after that long */
};

struct pair {
	struct ip_addr ip;
	struct mac_addr mac;
	const char *source;
};

/* What the sender says of itself; an address that is still being asked for (0.0.0.0) is nobody's.
 */
static bool read_arp(const struct packet *p, struct pair *ret)
{
	struct cursor c = cursor_init(p->l3, p->l3_len);
	uint32_t kind = cursor_u32(&c), sizes = cursor_u16(&c), op = cursor_u16(&c);
	struct slice mac = cursor_take(&c, 6), ip = cursor_take(&c, 4);

	if (c.bad || kind != 0x00010800 || sizes != 0x0604 || op < 1 || op > 2)
		return false;
	memcpy(ret->mac.bytes, mac.data, 6);
	ret->ip = ip_addr_v4(ip.data);
	ret->source = "arp";
	return true;
}

static bool read_nd(const struct packet *p, struct pair *ret)
{
	if (p->ip_proto != IP_PROTO_ICMPV6 || !p->l4 || p->ttl != 255 || p->icmp.type < ND_ROUTER ||
	    p->icmp.type > ND_ADVERTISES)
		return false;
	*ret = (struct pair){p->src, p->src_mac, p->icmp.type == ND_ROUTER ? "ra" : "nd"};
	return true;
}

bool event_told_again(struct event_told *told, const struct ip_addr *ip, const struct mac_addr *mac,
		      uint64_t now_ns)
{
	uint64_t words[3] = {0}, hash;
	uint32_t seconds = (uint32_t)(now_ns / NS_PER_SEC);
	struct event_told_pair *place;

	memcpy(words, ip->bytes, 16);
	memcpy(&words[2], mac->bytes, 6);
	hash = hash_words(&told->key, words, 3);
	place = &told->pairs[hash % EVENT_PAIRS];
	if (place->tag == (uint32_t)(hash >> 32) && seconds - place->seconds < AGAIN_SECONDS)
		return true;
	*place = (struct event_told_pair){(uint32_t)(hash >> 32), seconds};
	return false;
}

void event_neighbour(struct event_writer *w, const struct packet *p)
{
	char mac[MAC_ADDR_TEXT], ip[IP_ADDR_TEXT];
	struct mac_addr mark;
	struct record_head *h;
	struct record *r;
	struct pair x;

	if (!p->has_mac || !event_wanted(w, EVENT_APP))
		return;
	if (p->ether_type == LLDP_ETHER_TYPE && p->l3) {
		event_lldp(w, p);
		return;
	}
	if (p->ether_type == ETHER_ARP && p->l3 ? !read_arp(p, &x) : !read_nd(p, &x))
		return;
	/* That it is a router is told beside that it is there. */
	mark = x.mac;
	mark.bytes[0] ^= x.source[0] == 'r';
	/* Who speaks for another is a proxy or a forger: it proves nothing. */
	if (!mac_addr_eq(&x.mac, &p->src_mac) || !ip_addr_is_host(&x.ip) ||
	    !mac_addr_is_host(&x.mac) ||
	    event_told_again(event_writer_told(w), &x.ip, &mark, p->now_ns))
		return;
	r = event_begin(w, "neighbour", p, NULL);
	if (!r)
		return;
	h = event_head(w);
	h->flags = (uint16_t)((h->flags & ~RECORD_HAS_TUPLE) | RECORD_OWN_TYPE);
	record_object(r, "neighbour");
	record_text(r, "source", x.source);
	record_text(r, "ip", ip_addr_text(&x.ip, ip, false));
	record_text(r, "mac", mac_addr_text(&x.mac, mac));
	record_end(r);
	event_done(w, RECORD_LANE_EVENT);
}
