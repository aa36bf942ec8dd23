#include "control/mitigator/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum { BUCKETS = 1 << 16 };
/* An address of somebody silent for so long may move: on proof, and without any. */
#define MOVE_AGE	  (10 * NS_PER_MIN)
#define MOVE_UNPROVEN_AGE NS_PER_DAY

struct hosts {
	struct hash_key key;
	struct host *hosts[HOSTS_MAX];
	unsigned n;
	uint64_t next;					  /* number of the next new host */
	unsigned hand;					  /* of eviction */
	uint32_t mac_heads[BUCKETS], mac_next[HOSTS_MAX]; /* index + 1 */
	uint32_t ip_heads[BUCKETS], ip_next[HOSTS_MAX * TARGET_IPS];
};

struct hosts *hosts_new(void)
{
	struct hosts *t = calloc(1, sizeof(*t));

	if (t) {
		t->key = hash_key_random();
		t->next = 1;
	}
	return t;
}

void hosts_free(struct hosts *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->n; i++)
		free(t->hosts[i]);
	free(t);
}

unsigned hosts_count(const struct hosts *t)
{
	return t->n;
}

struct host *hosts_at(struct hosts *t, unsigned i)
{
	return t->hosts[i];
}

/* ---- the two indexes ---- */

static uint32_t *mac_head(struct hosts *t, const struct mac_addr *mac)
{
	return &t->mac_heads[hash_bytes(&t->key, mac, sizeof(*mac)) % BUCKETS];
}

static uint32_t *ip_head(struct hosts *t, const struct ip_addr *ip)
{
	return &t->ip_heads[hash_bytes(&t->key, ip->bytes, 16) % BUCKETS];
}

static void link_mac(struct hosts *t, unsigned i)
{
	uint32_t *head;

	if (mac_addr_is_zero(&t->hosts[i]->mac))
		return;
	head = mac_head(t, &t->hosts[i]->mac);
	t->mac_next[i] = *head;
	*head = i + 1;
}

static void unlink_mac(struct hosts *t, unsigned i)
{
	uint32_t *at;

	if (mac_addr_is_zero(&t->hosts[i]->mac))
		return;
	for (at = mac_head(t, &t->hosts[i]->mac); *at && *at != i + 1; at = &t->mac_next[*at - 1])
		;
	if (*at)
		*at = t->mac_next[i];
}

static void link_ip(struct hosts *t, unsigned i, unsigned slot)
{
	uint32_t *head = ip_head(t, &t->hosts[i]->ips[slot].ip);
	uint32_t entry = i * TARGET_IPS + slot;

	t->ip_next[entry] = *head;
	*head = entry + 1;
}

static void unlink_ip(struct hosts *t, unsigned i, unsigned slot)
{
	uint32_t entry = i * TARGET_IPS + slot, *at;

	for (at = ip_head(t, &t->hosts[i]->ips[slot].ip); *at && *at != entry + 1;
	     at = &t->ip_next[*at - 1])
		;
	if (*at)
		*at = t->ip_next[entry];
}

static int index_by_mac(struct hosts *t, const struct mac_addr *mac)
{
	for (uint32_t e = *mac_head(t, mac); e; e = t->mac_next[e - 1]) {
		if (mac_addr_eq(&t->hosts[e - 1]->mac, mac))
			return (int)(e - 1);
	}
	return -1;
}

/* The owner of the address and the slot that holds it. */
static int index_by_ip(struct hosts *t, const struct ip_addr *ip, unsigned *ret_slot)
{
	for (uint32_t e = *ip_head(t, ip); e; e = t->ip_next[e - 1]) {
		unsigned i = (e - 1) / TARGET_IPS, slot = (e - 1) % TARGET_IPS;

		if (ip_addr_eq(&t->hosts[i]->ips[slot].ip, ip)) {
			*ret_slot = slot;
			return (int)i;
		}
	}
	return -1;
}

struct host *hosts_by_mac(struct hosts *t, const struct mac_addr *mac)
{
	int i = mac_addr_is_host(mac) ? index_by_mac(t, mac) : -1;

	return i < 0 ? NULL : t->hosts[i];
}

struct host *hosts_by_ip(struct hosts *t, const struct ip_addr *ip)
{
	unsigned slot;
	int i = index_by_ip(t, ip, &slot);

	return i < 0 ? NULL : t->hosts[i];
}

struct host *hosts_by_id(struct hosts *t, const char *id)
{
	for (unsigned i = 0; i < t->n; i++) {
		if (strcmp(t->hosts[i]->id, id) == 0)
			return t->hosts[i];
	}
	return NULL;
}

/* ---- making and losing hosts ---- */

static void unlink_all(struct hosts *t, unsigned i)
{
	unlink_mac(t, i);
	for (unsigned s = 0; s < t->hosts[i]->ips_n; s++)
		unlink_ip(t, i, s);
}

static void link_all(struct hosts *t, unsigned i)
{
	link_mac(t, i);
	for (unsigned s = 0; s < t->hosts[i]->ips_n; s++)
		link_ip(t, i, s);
}

/* A free place, if need be the place of whoever was unseen for longest among the next few. */
static int place(struct hosts *t)
{
	enum { LOOKS = 64 };
	int best = -1;

	if (t->n < HOSTS_MAX)
		return (int)t->n;
	for (unsigned k = 0; k < LOOKS; k++) {
		unsigned i = t->hand++ % HOSTS_MAX;

		if (t->hosts[i]->pins == 0 &&
		    (best < 0 || t->hosts[i]->last_seen < t->hosts[best]->last_seen))
			best = (int)i;
	}
	if (best >= 0) {
		unlink_all(t, (unsigned)best);
		free(t->hosts[best]);
		t->hosts[best] = NULL;
	}
	return best;
}

static int insert(struct hosts *t, const struct host *h)
{
	struct host *copy = malloc(sizeof(*copy));
	int i = copy ? place(t) : -1;

	if (i < 0) {
		free(copy);
		return -1;
	}
	*copy = *h;
	t->hosts[i] = copy;
	if ((unsigned)i == t->n)
		t->n++;
	link_all(t, (unsigned)i);
	return i;
}

static int create(struct hosts *t, const struct mac_addr *mac, uint64_t now)
{
	struct host h = {.number = t->next, .first_seen = now, .last_seen = now, .dirty = true};
	int i;

	h.level = LEVEL_SAFE;
	if (mac_addr_is_host(mac))
		h.mac = *mac;
	snprintf(h.id, sizeof(h.id), "host-%06llu", (unsigned long long)h.number);
	i = insert(t, &h);
	if (i >= 0)
		t->next++;
	return i;
}

struct host *hosts_restore(struct hosts *t, const struct host *h)
{
	unsigned slot;
	int i;

	if (hosts_by_mac(t, &h->mac))
		return NULL;
	for (unsigned s = 0; s < h->ips_n; s++) {
		if (index_by_ip(t, &h->ips[s].ip, &slot) >= 0)
			return NULL;
	}
	i = insert(t, h);
	if (i >= 0 && h->number >= t->next)
		t->next = h->number + 1;
	return i < 0 ? NULL : t->hosts[i];
}

/* ---- addresses ---- */

static void drop_ip(struct hosts *t, unsigned i, unsigned slot)
{
	struct host *h = t->hosts[i];
	unsigned last = h->ips_n - 1;

	unlink_ip(t, i, slot);
	if (slot != last) {
		unlink_ip(t, i, last);
		h->ips[slot] = h->ips[last];
		link_ip(t, i, slot);
	}
	h->ips_n--;
	h->dirty = true;
}

static void add_ip(struct hosts *t, unsigned i, const struct ip_addr *ip, uint64_t now)
{
	struct host *h = t->hosts[i];
	unsigned oldest = 0;

	if (h->ips_n == TARGET_IPS) {
		for (unsigned s = 1; s < h->ips_n; s++) {
			if (h->ips[s].last_seen < h->ips[oldest].last_seen)
				oldest = s;
		}
		drop_ip(t, i, oldest);
	}
	h->ips[h->ips_n] = (struct host_ip){.ip = *ip, .first_seen = now, .last_seen = now};
	link_ip(t, i, h->ips_n++);
	h->dirty = true;
}

static void contest(struct host *a, struct host *b, uint64_t now)
{
	a->contested = b->contested = now;
	a->dirty = b->dirty = true;
}

/* Host i is seen with the address. False: somebody else's claim stands. */
static void note_disputed(struct host *h, const struct ip_addr *ip)
{
	for (unsigned i = 0; i < h->disputed_n; i++) {
		if (ip_addr_eq(&h->disputed[i], ip))
			return;
	}
	if (h->disputed_n < HOST_DISPUTED) {
		h->disputed[h->disputed_n++] = *ip;
		h->dirty = true;
	}
}

static bool claim_ip(struct hosts *t, unsigned i, const struct ip_addr *ip, bool proof,
		     uint64_t now)
{
	struct host *h = t->hosts[i];
	unsigned slot;
	int owner;

	if (!ip_addr_is_host(ip))
		return true;
	owner = index_by_ip(t, ip, &slot);
	if (owner >= 0 && owner != (int)i) {
		struct host *o = t->hosts[owner];
		const struct host_ip *theirs = &o->ips[slot];
		uint64_t silent = now > theirs->last_seen ? now - theirs->last_seen : 0;

		if (silent < (proof || !theirs->proven ? MOVE_AGE : MOVE_UNPROVEN_AGE)) {
			contest(h, o, now);
			note_disputed(h, ip);
			return false;
		}
		/* A claim alone takes the address, not the memory of who showed it. */
		if (!proof)
			note_disputed(o, ip);
		drop_ip(t, (unsigned)owner, slot);
		owner = -1;
	}
	if (owner < 0) {
		add_ip(t, i, ip, now);
		slot = h->ips_n - 1;
	}
	h->ips[slot].last_seen = now;
	if (proof) {
		h->dirty = h->dirty || h->ips[slot].proven == 0;
		h->ips[slot].proven = now;
	}
	return true;
}

static const struct host_ip *find_ip(const struct host *h, const struct ip_addr *ip)
{
	for (unsigned s = 0; s < h->ips_n; s++) {
		if (ip_addr_eq(&h->ips[s].ip, ip))
			return &h->ips[s];
	}
	return NULL;
}

/* Another address of the same family was seen behind the MAC. */
static bool has_other(const struct host *h, const struct ip_addr *ip)
{
	for (unsigned s = 0; s < h->ips_n; s++) {
		if (ip_addr_is_v4(&h->ips[s].ip) == ip_addr_is_v4(ip) &&
		    !ip_addr_eq(&h->ips[s].ip, ip))
			return true;
	}
	return false;
}

/* ---- notes ---- */

static void text(char *to, const char *from, struct host *h)
{
	if (!from || !from[0] || strncmp(to, from, HOST_TEXT - 1) == 0)
		return;
	snprintf(to, HOST_TEXT, "%s", from);
	h->dirty = true;
}

static void touch(struct host *h, const struct host_ident *ident, const char *sensor, uint64_t now)
{
	h->last_seen = now;
	if (ident->vlan && ident->vlan != h->vlan) {
		h->vlan = ident->vlan;
		h->dirty = true;
	}
	text(h->name, ident->name, h);
	text(h->user, ident->user, h);
	text(h->vendor, ident->vendor, h);
	text(h->sensor, sensor, h);
}

/* The host of a MAC and an address. A router's MAC says nothing of who is behind it. */
static int identify(struct hosts *t, const struct mac_addr *mac, const struct ip_addr *ip,
		    uint64_t now)
{
	static const struct mac_addr none;
	unsigned slot;
	int by_ip = ip_addr_is_host(ip) ? index_by_ip(t, ip, &slot) : -1;
	int by_mac = mac_addr_is_host(mac) ? index_by_mac(t, mac) : -1;

	if (by_mac >= 0 && t->hosts[by_mac]->router && by_mac != by_ip)
		return by_ip >= 0 ? by_ip : create(t, &none, now);
	if (by_mac >= 0)
		return by_mac;
	if (by_ip >= 0 && mac_addr_is_zero(&t->hosts[by_ip]->mac) && mac_addr_is_host(mac) &&
	    now < t->hosts[by_ip]->last_seen + MOVE_AGE) {
		t->hosts[by_ip]->mac = *mac;
		t->hosts[by_ip]->dirty = true;
		link_mac(t, (unsigned)by_ip);
		return by_ip;
	}
	if (!mac_addr_is_host(mac) && by_ip >= 0)
		return by_ip;
	if (!mac_addr_is_host(mac) && !ip_addr_is_host(ip))
		return -1;
	return create(t, mac, now);
}

struct host *hosts_note_alert(struct hosts *t, const struct alert *a, const char *sensor,
			      uint64_t now, struct host_proof *ret)
{
	int i = identify(t, &a->host.mac, &a->host.ip, now);
	const struct host_ip *ip;
	bool mine, fresh;
	struct host *h;

	*ret = (struct host_proof){0};
	if (i < 0)
		return NULL;
	h = t->hosts[i];
	/* By way of a router's MAC, but the address is of a host with a MAC of its own. */
	if (mac_addr_is_host(&a->host.mac) && !mac_addr_is_zero(&h->mac) &&
	    !mac_addr_eq(&a->host.mac, &h->mac)) {
		snprintf(ret->doubt, sizeof(ret->doubt), "its frames came with another MAC");
		h->alerts++;
		return h;
	}
	mine = claim_ip(t, (unsigned)i, &a->host.ip, false, now);
	touch(h, &a->host, sensor, now);
	h->alerts++;
	ip = find_ip(h, &a->host.ip);
	fresh = !has_other(h, &a->host.ip);
	/* A first address of a MAC that nobody else claims: a handshake is proof enough. */
	if (mine && ip && a->handshake_completed && fresh && !ip->proven)
		claim_ip(t, (unsigned)i, &a->host.ip, true, now);
	ret->pair = mine && (mac_addr_is_zero(&h->mac) || !ip || ip->proven || fresh);
	if (!mine)
		snprintf(ret->doubt, sizeof(ret->doubt), "another MAC claims its address");
	else if (!ret->pair)
		snprintf(ret->doubt, sizeof(ret->doubt),
			 "its MAC has other addresses and this one is not proven");
	return h;
}

/* What cannot be said by a frame with a forged source alone. */
static bool is_proof(const struct host_fact *f)
{
	static const char *const sources[] = {"arp", "dhcp", "nd", "ndp", "dhcpv6"};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (f->source && strcmp(f->source, sources[i]) == 0)
			return true;
	}
	return false;
}

static void forget_ip(struct hosts *t, unsigned i, const struct ip_addr *ip)
{
	unsigned slot;

	if (index_by_ip(t, ip, &slot) == (int)i)
		drop_ip(t, i, slot);
}

/* The best of what is known stands for the host. */
static void keep_fact(struct host *h, const struct host_fact *f, uint64_t now)
{
	const struct {
		enum host_fact_kind kind;
		char *to;
	} shown[] = {{HOST_FACT_NAME, h->name},
		     {HOST_FACT_USER, h->user},
		     {HOST_FACT_OS, h->os},
		     {HOST_FACT_ROLE, h->role}};

	if (host_facts_note(&h->facts, f, f->last_seen ? f->last_seen : now))
		h->dirty = true;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const struct host_known *best = host_facts_best(&h->facts, shown[i].kind);

		if (best)
			text(shown[i].to, best->value, h);
	}
}

static void apply_fact(struct hosts *t, unsigned i, const struct host_fact *f, uint64_t now)
{
	struct host *h = t->hosts[i];

	switch (f->kind) {
	case HOST_FACT_SEEN:
		if (claim_ip(t, i, &f->host.ip, is_proof(f), now) && is_proof(f) &&
		    !h->introduced && ip_addr_is_host(&f->host.ip)) {
			h->introduced = now;
			h->dirty = true;
		}
		break;
	case HOST_FACT_LEFT:
		forget_ip(t, i, &f->host.ip);
		break;
	case HOST_FACT_NAME:
	case HOST_FACT_USER:
	case HOST_FACT_OS:
	case HOST_FACT_CLIENT:
		keep_fact(h, f, now);
		break;
	case HOST_FACT_ROLE:
		keep_fact(h, f, now);
		if (strcmp(f->value, "gateway") == 0 || strcmp(f->value, "router") == 0)
			h->router = h->dirty = true;
		break;
	case HOST_FACT_PORT:
		hosts_note_port(t, &h->mac, f->host.switch_name, f->host.switch_port, now);
		break;
	default:
		break;
	}
}

struct host *hosts_note_fact(struct hosts *t, const struct host_fact *f, const char *sensor,
			     uint64_t now)
{
	int i;

	if (f->host.side == HOST_SIDE_OUTSIDE)
		return NULL;
	i = identify(t, &f->host.mac, &f->host.ip, now);
	if (i < 0)
		return NULL;
	/* Known by nothing but this address. */
	if (t->hosts[i]->ips_n == 0 && mac_addr_is_zero(&t->hosts[i]->mac) &&
	    f->kind != HOST_FACT_LEFT)
		claim_ip(t, (unsigned)i, &f->host.ip, false, now);
	apply_fact(t, (unsigned)i, f, now);
	touch(t->hosts[i], &f->host, sensor, now);
	return t->hosts[i];
}

void hosts_note_port(struct hosts *t, const struct mac_addr *mac, const char *switch_name,
		     const char *port, uint64_t now)
{
	struct host *h = hosts_by_mac(t, mac);

	if (!h || !port || !port[0])
		return;
	h->port_checked = now;
	if (h->port_since && strcmp(h->switch_port, port) == 0 &&
	    strcmp(h->switch_name, switch_name) == 0)
		return;
	snprintf(h->switch_name, sizeof(h->switch_name), "%s", switch_name);
	snprintf(h->switch_port, sizeof(h->switch_port), "%s", port);
	h->port_since = now;
	h->dirty = true;
}

void hosts_ports_moved(struct hosts *t, const char *switch_name, uint64_t now)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct host *h = t->hosts[i];

		if (h->port_since && strcmp(h->switch_name, switch_name) == 0) {
			h->port_since = now;
			h->port_checked = 0;
		}
	}
}

static bool lasts(uint64_t from, const struct host_binding *b)
{
	return from && b->now >= from && b->now - from >= b->age;
}

bool host_binding_holds(const struct host *h, const struct ip_addr *ip,
			const struct host_binding *b)
{
	const struct host_ip *own = find_ip(h, ip);

	if (mac_addr_is_zero(&h->mac) || h->router || !own || !own->proven)
		return false;
	if (h->contested && !lasts(h->contested, b))
		return false;
	return lasts(own->first_seen, b) && lasts(h->port_since, b) && h->port_checked > b->since;
}

void host_target(const struct host *h, const struct ip_addr *ip, struct cut_target *ret)
{
	const struct host_ip *own;

	memset(ret, 0, sizeof(*ret));
	ret->vlan = h->vlan;
	if (h->router) {
		target_add_ip(ret, ip);
		return;
	}
	ret->mac = h->mac;
	snprintf(ret->switch_name, sizeof(ret->switch_name), "%s", h->switch_name);
	snprintf(ret->switch_port, sizeof(ret->switch_port), "%s", h->switch_port);
	/* Only what is surely its own; the address it was caught with first. */
	own = find_ip(h, ip);
	if (own && (own->proven || mac_addr_is_zero(&h->mac)))
		target_add_ip(ret, ip);
	for (unsigned s = 0; s < h->ips_n; s++) {
		if (h->ips[s].proven || mac_addr_is_zero(&h->mac))
			target_add_ip(ret, &h->ips[s].ip);
	}
}

unsigned host_addresses(const struct host *h)
{
	unsigned n[2] = {0};

	for (unsigned s = 0; s < h->ips_n; s++)
		n[ip_addr_is_v4(&h->ips[s].ip)]++;
	/* An address that another MAC claims, too, was seen behind this one all the same: who
	 * forges it must not hide that others are there. */
	for (unsigned s = 0; s < h->disputed_n; s++)
		n[ip_addr_is_v4(&h->disputed[s])] += !find_ip(h, &h->disputed[s]);
	/* A host has one address of each kind at least, and often several of IPv6. */
	return n[0] > n[1] ? n[0] : n[1];
}

struct host_ident host_ident_of(const struct host *h)
{
	struct host_ident i = {.mac = h->mac,
			       .vlan = h->vlan,
			       .name = h->name,
			       .side = HOST_SIDE_INSIDE,
			       .user = h->user,
			       .vendor = h->vendor,
			       .switch_name = h->switch_name,
			       .switch_port = h->switch_port,
			       .os = h->os,
			       .role = h->role};

	/* The address seen last. */
	for (unsigned s = 0, best = 0; s < h->ips_n; s++) {
		if (h->ips[s].last_seen >= h->ips[best].last_seen) {
			best = s;
			i.ip = h->ips[s].ip;
		}
	}
	return i;
}
