/* What a worker sees of watched hosts. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/watch_file.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/cursor.h"

enum {
	NEW_DATA_SECONDS = 2, /* a sender that hears nothing has only repetitions left by then */
	ARP = 0x0806,
	VLAN = 0x8100,
	QINQ = 0x88a8,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO = 8,
	ICMPV6_ECHO = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_SOLICITATION = 135,
	WEB = 80,
};

/* ---- slots ---- */

struct watch_worker *watch_worker_new(struct watch *watch, unsigned index, struct hash_key key)
{
	struct watch_worker *w;

	if (index >= watch->n_workers)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->watch = watch;
	w->index = index;
	w->key = key;
	w->blocks = (struct watch_block *)(watch->base + WATCH_HEAD) + (size_t)index * WATCH_SLOTS;
	watch->workers[index] = w;
	return w;
}

void watch_worker_free(struct watch_worker *w)
{
	if (!w)
		return;
	w->watch->workers[w->index] = NULL;
	free(w);
}

static struct ip_addr mac_key(const struct mac_addr *mac)
{
	struct ip_addr k;

	memset(k.bytes, 0x4d, 10);
	memcpy(k.bytes + 10, mac->bytes, 6);
	return k;
}

static struct watch_key *find_key(struct watch_worker *w, const struct ip_addr *a)
{
	uint64_t words[2];
	uint32_t i;

	memcpy(words, a->bytes, 16);
	i = (uint32_t)hash_words(&w->key, words, 2) % WATCH_KEYS;
	/* At most WATCH_SLOTS * 9 keys are in use, so that there is always a free one. */
	while (w->keys[i].slots && !ip_addr_eq(&w->keys[i].addr, a))
		i = (i + 1) % WATCH_KEYS;
	return &w->keys[i];
}

static void add_key(struct watch_worker *w, const struct ip_addr *a, unsigned slot)
{
	struct watch_key *k = find_key(w, a);

	k->addr = *a;
	k->slots |= 1u << slot;
}

/* A slot that begins anew for this worker. */
static void take_slot(struct watch_worker *w, unsigned i, const struct watch_slot *s)
{
	struct watch_block *b = &w->blocks[i];

	w->slots[i] = s;
	if (s && b->watch_id == s->watch_id)
		return;
	memset(w->talks[i], 0, sizeof(w->talks[i]));
	shm_store(&b->turn, b->turn + 1);
	memset(&b->counts, 0, sizeof(b->counts));
	b->watch_id = s ? s->watch_id : 0;
	shm_store(&b->turn, b->turn + 1);
}

static void take_all(struct watch_worker *w)
{
	w->n_active = 0;
	memset(w->keys, 0, sizeof(w->keys));
	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		const struct watch_slot *s = __atomic_load_n(&w->watch->slots[i], __ATOMIC_ACQUIRE);

		if (s != w->slots[i])
			take_slot(w, i, s);
		if (!s)
			continue;
		w->n_active++;
		for (uint32_t k = 0; k < s->host.n_ips; k++)
			add_key(w, &s->host.ips[k], i);
		if (s->host.has_mac) {
			struct ip_addr mac = mac_key(&s->host.mac);

			add_key(w, &mac, i);
		}
	}
}

bool watch_refresh(struct watch_worker *w)
{
	uint64_t turn = shm_load(&w->watch->turn);

	if (turn != w->seen) {
		take_all(w);
		shm_store(&w->seen, turn);
	}
	return w->n_active > 0;
}

/* ---- conversations ---- */

static struct watch_talk *find_talk(struct watch_worker *w, unsigned slot,
				    const struct watch_talk *key, bool make)
{
	uint64_t words[3];
	struct watch_talk *set, *oldest;

	memcpy(words, key->peer.bytes, 16);
	words[2] = (uint64_t)key->peer_port << 32 | (uint64_t)key->host_port << 8 | key->proto;
	set = w->talks[slot][hash_words(&w->key, words, 3) % WATCH_SETS];
	oldest = set;
	for (int i = 0; i < WATCH_WAYS; i++) {
		struct watch_talk *t = &set[i];

		if (t->used && t->proto == key->proto && t->peer_port == key->peer_port &&
		    t->host_port == key->host_port && ip_addr_eq(&t->peer, &key->peer))
			return t;
		if (!t->used || (oldest->used && t->last < oldest->last))
			oldest = t;
	}
	if (!make)
		return NULL;
	*oldest = *key;
	oldest->used = true;
	return oldest;
}

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static uint32_t sequence_end(const struct packet *p)
{
	return p->tcp.seq + p->payload_len + ((p->tcp.flags & TCP_SYN) != 0) +
	       ((p->tcp.flags & TCP_FIN) != 0);
}

/* ---- counting ---- */

/* What one packet does to a slot's counts. */
struct sight {
	const struct watch_slot *slot;
	unsigned index;
	const struct packet *p;
	const struct ip_addr *peer;
	uint64_t flow_start;
	bool exempt;
};

static struct watch_counts *begin_change(struct watch_worker *w, const struct sight *s)
{
	struct watch_block *b = &w->blocks[s->index];

	shm_poke(&b->turn, b->turn + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return &b->counts;
}

static void end_change(struct watch_worker *w, const struct sight *s)
{
	struct watch_block *b = &w->blocks[s->index];

	shm_store(&b->turn, b->turn + 1);
}

static void count_attempt(struct watch_worker *w, const struct sight *s)
{
	struct watch_counts *c = begin_change(w, s);

	if (s->exempt) {
		c->exempt_attempts++;
	} else {
		c->attempts++;
		c->last_attempt = s->p->now_ns;
		if (c->first_attempt == 0)
			c->first_attempt = s->p->now_ns;
	}
	end_change(w, s);
}

static void count_frame_to(struct watch_worker *w, const struct sight *s, bool answer,
			   bool new_session)
{
	struct watch_counts *c = begin_change(w, s);

	if (s->exempt) {
		c->exempt_answers++;
	} else {
		c->frames_to++;
		c->sessions += new_session;
	}
	if (answer) {
		c->answers++;
		c->last_answer = s->p->now_ns;
		if (c->first_answer == 0)
			c->first_answer = s->p->now_ns;
		c->last_peer = *s->peer;
	}
	end_change(w, s);
}

static struct watch_talk talk_key(const struct sight *s, bool from_host)
{
	const struct packet *p = s->p;
	struct watch_talk k = {.peer = *s->peer, .proto = p->ip_proto, .last = p->now_ns};

	if (p->ip_proto == IP_PROTO_ICMP || p->ip_proto == IP_PROTO_ICMPV6)
		return k;
	k.host_port = from_host ? p->sport : p->dport;
	k.peer_port = from_host ? p->dport : p->sport;
	return k;
}

static void note_tcp_out(struct watch_talk *t, const struct sight *s, bool is_new)
{
	const struct packet *p = s->p;
	uint32_t end = sequence_end(p);

	if ((p->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    (s->flow_start == 0 || s->flow_start >= s->slot->since)) {
		t->opened = true;
		t->first = p->tcp.seq + 1;
	}
	if (is_new || after(end, t->host_end))
		t->host_end = end;
}

static bool from_host_counts(const struct packet *p)
{
	if (p->has_mac && (p->dst_mac.bytes[0] & 1))
		return false;
	if (p->ip_version == 6)
		return p->dst.bytes[0] != 0xff;
	return p->dst.bytes[12] < 224; /* multicast and limited broadcast */
}

static void frame_from_host(struct watch_worker *w, const struct sight *s)
{
	struct watch_talk key, *t;
	bool is_new;

	count_attempt(w, s);
	if (s->exempt || (s->p->flags & PACKET_FRAGMENT))
		return;
	key = talk_key(s, true);
	t = find_talk(w, s->index, &key, false);
	is_new = !t;
	if (is_new)
		t = find_talk(w, s->index, &key, true);
	t->last = s->p->now_ns;
	if (s->p->ip_proto == IP_PROTO_TCP)
		note_tcp_out(t, s, is_new);
}

/* Did the peer get something that was sent after the watch began? */
static bool tcp_answers(struct watch_talk *t, const struct sight *s)
{
	const struct packet *p = s->p;
	uint32_t end = sequence_end(p);
	bool answer = false;

	if (p->tcp.flags & TCP_RST)
		return false;
	if (p->tcp.flags & TCP_ACK) {
		if (t->opened)
			answer = !after(t->first, p->tcp.ack);
		else if (t->ack_known)
			answer = after(p->tcp.ack, t->peer_ack);
		/* What the host never sent cannot be acknowledged. */
		if (after(p->tcp.ack, t->host_end))
			answer = false;
		else if (!t->ack_known || after(p->tcp.ack, t->peer_ack))
			t->peer_ack = p->tcp.ack;
		t->ack_known = true;
	}
	if (t->data_known && after(end, t->peer_end) &&
	    p->now_ns - s->slot->since > NEW_DATA_SECONDS * NS_PER_SEC)
		answer = true;
	if (!t->data_known || after(end, t->peer_end))
		t->peer_end = end;
	t->data_known = true;
	return answer;
}

static bool icmp_answers(const struct packet *p)
{
	return p->icmp.type == (p->ip_proto == IP_PROTO_ICMP ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY);
}

/* The enforcer's page for a cut host comes in the peer's name. No router passes a hop limit of 255
 * on (RFC 5082), so it was made on this network and not by a peer beyond. */
static bool is_notice(const struct packet *p)
{
	return p->ip_proto == IP_PROTO_TCP && p->sport == WEB && p->ttl == UINT8_MAX;
}

static void frame_to_host(struct watch_worker *w, const struct sight *s)
{
	struct watch_talk key = talk_key(s, false), *t = NULL;
	bool answer = false, new_session = false;

	if (!s->exempt && !(s->p->flags & PACKET_FRAGMENT) && !is_notice(s->p))
		t = find_talk(w, s->index, &key, false);
	if (t && s->p->ip_proto == IP_PROTO_TCP)
		answer = tcp_answers(t, s);
	else if (t && (s->p->ip_proto == IP_PROTO_ICMP || s->p->ip_proto == IP_PROTO_ICMPV6))
		answer = icmp_answers(s->p);
	else if (t)
		answer = true;
	if (answer) {
		new_session = s->p->ip_proto == IP_PROTO_TCP && !t->answered;
		t->answered = true;
	}
	count_frame_to(w, s, answer, new_session);
}

/* ---- packets ---- */

static bool is_exempt(const struct watch_slot *slot, const struct ip_addr *a)
{
	for (uint32_t i = 0; i < slot->host.n_exempt; i++) {
		if (ip_addr_in_prefix(a, &slot->host.exempt[i].addr, slot->host.exempt[i].bits))
			return true;
	}
	return false;
}

/* The slots that watch this end of the packet: a host may be watched twice, after a restart of who
 * ordered it or as two hosts of one address, and each watch counts. */
static uint32_t slots_of(struct watch_worker *w, const struct packet *p, const struct ip_addr *ip,
			 const struct mac_addr *mac)
{
	uint32_t slots = find_key(w, ip)->slots;
	struct ip_addr key;

	if (!p->has_mac)
		return slots;
	key = mac_key(mac);
	return slots | find_key(w, &key)->slots;
}

/* The next of the slots that takes the packet; false when there is none. */
static bool next_sight(struct watch_worker *w, uint32_t *slots, struct sight *s)
{
	while (*slots) {
		s->index = (unsigned)__builtin_ctz(*slots);
		s->slot = w->slots[s->index];
		*slots &= *slots - 1;
		if (s->p->now_ns < s->slot->since)
			continue;
		if (s->slot->host.vlan == 0 || s->p->vlan_count == 0 ||
		    s->slot->host.vlan == s->p->vlan[0]) {
			s->exempt = is_exempt(s->slot, s->peer);
			return true;
		}
	}
	return false;
}

/* Asker and target of an ARP request (RFC 826) in an Ethernet frame; false when it is none. */
static bool arp_request(const struct packet *p, struct ip_addr *ret_asker, struct ip_addr *ret)
{
	struct cursor c = cursor_init(p->frame, p->frame_len);
	struct slice asker, target;
	uint16_t type;

	cursor_skip(&c, 12);
	type = cursor_u16(&c);
	for (int tags = 0; tags < PACKET_VLANS && (type == VLAN || type == QINQ); tags++) {
		cursor_skip(&c, 2);
		type = cursor_u16(&c);
	}
	if (type != ARP || cursor_u32(&c) != 0x00010800 || cursor_u16(&c) != 0x0604 ||
	    cursor_u16(&c) != 1)
		return false;
	cursor_skip(&c, 6);
	asker = cursor_take(&c, 4);
	cursor_skip(&c, 6);
	target = cursor_take(&c, 4);
	if (c.bad)
		return false;
	*ret_asker = ip_addr_v4(asker.data);
	*ret = ip_addr_v4(target.data);
	return true;
}

/* Neighbour solicitation, RFC 4861 4.3. */
static bool solicited_target(const struct packet *p, struct ip_addr *ret)
{
	struct cursor c = cursor_init(p->l4, p->l4 ? p->l4_len : 0);
	struct slice target;

	if (p->ip_proto != IP_PROTO_ICMPV6 || cursor_u8(&c) != ICMPV6_SOLICITATION)
		return false;
	cursor_skip(&c, 7);
	target = cursor_take(&c, 16);
	if (c.bad)
		return false;
	*ret = ip_addr_v6(target.data);
	return true;
}

static bool is_neighbour_talk(const struct packet *p)
{
	/* Router and neighbour solicitation and advertisement, redirect: 133 to 137. */
	return p->ip_proto == IP_PROTO_ICMPV6 && p->icmp.type >= 133 && p->icmp.type <= 137;
}

static void ask_for_address(struct watch_worker *w, const struct packet *p,
			    const struct ip_addr *ip, const struct ip_addr *target)
{
	struct sight s = {.p = p, .peer = target};
	uint32_t slots = slots_of(w, p, ip, &p->src_mac);

	while (next_sight(w, &slots, &s))
		count_attempt(w, &s);
}

void watch_observe(struct watch_worker *w, const struct packet *p, uint64_t flow_start)
{
	struct sight from = {.p = p, .peer = &p->dst, .flow_start = flow_start};
	struct sight to = {.p = p, .peer = &p->src, .flow_start = flow_start};
	struct ip_addr asker, target;
	uint32_t slots;

	if (p->ip_version == 0) {
		if (p->has_mac && p->link_type == 1 && arp_request(p, &asker, &target))
			ask_for_address(w, p, &asker, &target);
		return;
	}
	if (is_neighbour_talk(p)) {
		if (solicited_target(p, &target))
			ask_for_address(w, p, &p->src, &target);
		return;
	}
	slots = from_host_counts(p) ? slots_of(w, p, &p->src, &p->src_mac) : 0;
	while (next_sight(w, &slots, &from))
		frame_from_host(w, &from);
	slots = slots_of(w, p, &p->dst, &p->dst_mac);
	while (next_sight(w, &slots, &to))
		frame_to_host(w, &to);
}
