/* The hash of a frame's flow before it is decoded, so that a burst's flows are in the cache when
 * their packets come. Only what is plain (Ethernet, up to two VLAN tags, IP without options or
 * fragments, TCP or UDP) has one; the others merely wait for memory. */
#include "dataplane/base/cursor.h"
#include "dataplane/flow/key.h"
#include "dataplane/flow/table.h"

enum {
	MAC_BYTES = 12,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	IPV4_PLAIN = 0x45, /* version 4, no options */
	IPV4_FRAGMENT = 0x3fff,
	IPV6_BYTES = 40,
	TAGS = 2,
};

static bool peek_ipv4(struct cursor *c, struct flow_key *k)
{
	const uint8_t *h = c->pos;
	uint16_t fragment;

	if (cursor_left(c) < 24 || h[0] != IPV4_PLAIN ||
	    (size_t)(h[2] << 8 | h[3]) > cursor_left(c))
		return false;
	fragment = (uint16_t)(h[6] << 8 | h[7]);
	k->ip_version = 4;
	k->ip_proto = h[9];
	k->addr[0] = ip_addr_v4(h + 12);
	k->addr[1] = ip_addr_v4(h + 16);
	cursor_skip(c, 20);
	return !(fragment & IPV4_FRAGMENT);
}

static bool peek_ipv6(struct cursor *c, struct flow_key *k)
{
	const uint8_t *h = c->pos;

	if (cursor_left(c) < IPV6_BYTES + 4 || h[0] >> 4 != 6 ||
	    (size_t)(h[4] << 8 | h[5]) + IPV6_BYTES > cursor_left(c))
		return false;
	k->ip_version = 6;
	k->ip_proto = h[6];
	k->addr[0] = ip_addr_v6(h + 8);
	k->addr[1] = ip_addr_v6(h + 24);
	cursor_skip(c, IPV6_BYTES);
	return true;
}

static bool peek(const struct flow_table *t, const struct packet *p, struct flow_key *k,
		 uint8_t *ret_tcp_flags)
{
	struct cursor c = cursor_init(p->frame, p->frame_len);
	uint16_t type;
	bool plain;

	if (p->link_type != LINK_ETHERNET)
		return false;
	cursor_skip(&c, MAC_BYTES);
	type = cursor_u16(&c);
	for (unsigned i = 0; i < TAGS && (type == TYPE_VLAN || type == TYPE_QINQ); i++) {
		uint16_t tag = cursor_u16(&c) & 0xfff;

		k->vlan[i] = t->config.use_vlan ? tag : 0;
		type = cursor_u16(&c);
	}
	if (c.bad)
		return false;
	plain = type == TYPE_IPV4 ? peek_ipv4(&c, k) : type == TYPE_IPV6 && peek_ipv6(&c, k);
	if (!plain || (k->ip_proto != IP_PROTO_TCP && k->ip_proto != IP_PROTO_UDP))
		return false;
	k->port[0] = cursor_u16(&c);
	k->port[1] = cursor_u16(&c);
	cursor_skip(&c, 9);
	*ret_tcp_flags = k->ip_proto == IP_PROTO_TCP ? cursor_u8(&c) : 0;
	return true;
}

uint32_t flow_peek(const struct flow_table *t, const struct packet *p, struct flow_seen *ret)
{
	ret->key = (struct flow_key){0};
	return peek(t, p, &ret->key, &ret->tcp_flags) ? flow_key_hash(&ret->key, &t->key) : 0;
}

bool flow_pass(struct flow_table *t, const struct packet *p, const struct flow_seen *seen)
{
	struct flow *f = p->flow_hash ? (struct flow *)flow_guess(t, p->flow_hash) : NULL;
	const struct flow_key *k = &seen->key;
	enum dir d;

	if (!f || f->state != FLOW_BYPASSED || !flow_key_eq(&f->key, k) ||
	    seen->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST) ||
	    flow_timed_out(t, f, flow_seconds(p->now_ns)) ||
	    (f->packets[0] + f->packets[1]) % FLOW_PASS_SEEN == 0)
		return false;
	if (k->port[0] != k->port[1])
		d = f->key.port[0] == k->port[0] ? DIR_TS : DIR_TC;
	else
		d = ip_addr_eq(&f->key.addr[0], &k->addr[0]) ? DIR_TS : DIR_TC;
	f->packets[d]++;
	f->bytes[d] += p->wire_len;
	f->tcp_flags[d] |= seen->tcp_flags;
	if (p->now_ns > t->now_ns)
		t->now_ns = p->now_ns;
	if (p->now_ns > f->last_ns)
		f->last_ns = p->now_ns;
	flow_list_touch(t, f, flow_seconds(t->now_ns));
	t->counts[FLOW_COUNT_PASSED]++;
	return true;
}

const struct flow *flow_known(const struct flow_table *t, const struct packet *p,
			      uint8_t *ret_tcp_flags)
{
	struct flow_key k = {0};
	const struct flow *f;

	if (!peek(t, p, &k, ret_tcp_flags))
		return NULL;
	f = flow_guess(t, flow_key_hash(&k, &t->key));
	return f && flow_key_eq(&f->key, &k) ? f : NULL;
}
