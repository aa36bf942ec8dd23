#include "control/sensor/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/hash.h"
#include "dataplane/base/slice.h"

enum { BUCKETS = 2 * HOSTS_MAX, MACS = 8192, PROBES = 16 };

struct prefix {
	struct ip_addr addr;
	unsigned bits;
};

/* What is known of a MAC: how many inside addresses it carried, and whether outside ones. */
struct mac_entry {
	struct mac_addr mac;
	bool used, router;
	uint16_t ips, beyond; /* beyond: how often another outside address came with it */
	struct ip_addr last_beyond;
	uint64_t last;
};

struct place {
	struct host_entry e;
	bool used;
};

struct hosts {
	struct hash_key key;
	struct prefix *prefixes;
	size_t n_prefixes;
	struct {
		struct prefix of;
		bool inside;
	} zones[HOSTS_ZONES];
	unsigned n_zones;
	struct place *places;
	unsigned n;
	struct mac_entry macs[MACS];
};

static struct prefix parse_prefix(const char *text)
{
	const char *slash = strchr(text, '/');
	char addr[IP_ADDR_TEXT];
	struct prefix p = {.bits = 128};
	bool v4;

	snprintf(addr, sizeof(addr), "%.*s", (int)(slash ? slash - text : (long)strlen(text)),
		 text);
	(void)ip_addr_parse(addr, &p.addr);
	v4 = ip_addr_is_v4(&p.addr);
	if (slash)
		p.bits = (unsigned)strtoul(slash + 1, NULL, 10) + (v4 ? 96 : 0);
	return p;
}

struct hosts *hosts_new(const char *const *networks, size_t n)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->key = hash_key_random();
	h->prefixes = calloc(n ? n : 1, sizeof(*h->prefixes));
	h->places = calloc(BUCKETS, sizeof(*h->places));
	if (!h->prefixes || !h->places) {
		hosts_free(h);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		h->prefixes[h->n_prefixes++] = parse_prefix(networks[i]);
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	free(h->prefixes);
	free(h->places);
	free(h);
}

bool hosts_zone(struct hosts *h, const struct ip_addr *network, unsigned bits, enum hosts_zone zone)
{
	unsigned i = 0;

	while (i < h->n_zones &&
	       !(h->zones[i].of.bits == bits && ip_addr_eq(&h->zones[i].of.addr, network)))
		i++;
	if (zone == HOSTS_ZONE_NONE) {
		if (i < h->n_zones)
			h->zones[i] = h->zones[--h->n_zones];
		return true;
	}
	if (i == HOSTS_ZONES)
		return false;
	h->zones[i].of = (struct prefix){*network, bits};
	h->zones[i].inside = zone == HOSTS_ZONE_INSIDE;
	h->n_zones += i == h->n_zones;
	return true;
}

bool hosts_inside(const struct hosts *h, const struct ip_addr *a)
{
	for (unsigned i = 0; i < h->n_zones; i++) {
		if (ip_addr_in_prefix(a, &h->zones[i].of.addr, h->zones[i].of.bits))
			return h->zones[i].inside;
	}
	for (size_t i = 0; i < h->n_prefixes; i++) {
		if (ip_addr_in_prefix(a, &h->prefixes[i].addr, h->prefixes[i].bits))
			return true;
	}
	return false;
}

static unsigned bucket(const struct hosts *h, const struct ip_addr *ip)
{
	uint64_t words[2];

	memcpy(words, ip->bytes, 16);
	return (unsigned)(hash_words(&h->key, words, 2) % BUCKETS);
}

/* The entry, or where it would go: a free place, else the one of its neighbourhood that was seen
 * longest ago. */
static struct place *look(struct hosts *h, const struct ip_addr *ip)
{
	unsigned at = bucket(h, ip);
	struct place *best = &h->places[at];

	for (unsigned i = 0; i < PROBES; i++) {
		struct place *p = &h->places[(at + i) % BUCKETS];

		if (p->used && ip_addr_eq(&p->e.ip, ip))
			return p;
		if (best->used && (!p->used || p->e.last < best->e.last))
			best = p;
	}
	return best;
}

static struct mac_entry *look_mac(struct hosts *h, const struct mac_addr *mac)
{
	unsigned at = (unsigned)(hash_bytes(&h->key, mac->bytes, 6) % MACS);
	struct mac_entry *best = &h->macs[at];

	for (unsigned i = 0; i < PROBES; i++) {
		struct mac_entry *m = &h->macs[(at + i) % MACS];

		if (m->used && memcmp(&m->mac, mac, 6) == 0)
			return m;
		if (best->used && (!m->used || m->last < best->last))
			best = m;
	}
	*best = (struct mac_entry){.mac = *mac, .used = true};
	return best;
}

static bool is_real(const struct mac_addr *mac)
{
	static const struct mac_addr none;

	return memcmp(mac, &none, 6) != 0 && !(mac->bytes[0] & 1);
}

/* A new or changed address of that MAC; 0 when the MAC is a router's. */
static struct mac_addr own_mac(struct mac_entry *m, const struct place *p,
			       const struct mac_addr *mac)
{
	if (!m->router && memcmp(&p->e.mac, mac, 6) != 0 && ++m->ips > HOSTS_ROUTER_IPS)
		m->router = true;
	return m->router ? (struct mac_addr){0} : *mac;
}

/* What a machine says on its own link before or beside an address of the site: 0.0.0.0/8,
 * 169.254.0.0/16, multicast, fe80::/10. */
static bool is_of_link(const struct ip_addr *ip)
{
	const uint8_t *b = ip->bytes;

	if (ip_addr_is_v4(ip))
		return b[12] == 0 || (b[12] == 169 && b[13] == 254) || b[12] >= 224;
	return b[0] == 0 || b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

static void note_beyond(struct mac_entry *m, const struct ip_addr *ip)
{
	if (is_of_link(ip))
		return;
	m->router = true;
	if (m->beyond < HOSTS_ROUTER_BEYOND && !ip_addr_eq(&m->last_beyond, ip))
		m->beyond++;
	m->last_beyond = *ip;
}

enum hosts_news hosts_learn(struct hosts *h, const struct ip_addr *ip, const struct mac_addr *mac,
			    uint16_t vlan, uint64_t now)
{
	struct mac_addr own;
	struct mac_entry *m;
	struct place *p;
	bool known;

	if (!is_real(mac))
		return HOSTS_OLD;
	m = look_mac(h, mac);
	m->last = now;
	if (!hosts_inside(h, ip)) {
		note_beyond(m, ip);
		return HOSTS_OLD;
	}
	p = look(h, ip);
	known = p->used && ip_addr_eq(&p->e.ip, ip);
	if (!known) {
		h->n += !p->used;
		*p = (struct place){.e = {.ip = *ip, .first = now}, .used = true};
	}
	p->e.last = now;
	p->e.vlan = vlan;
	own = own_mac(m, p, mac);
	if (memcmp(&p->e.mac, &own, 6) == 0)
		return HOSTS_OLD;
	p->e.mac = own;
	return known ? HOSTS_CHANGED : HOSTS_NEW;
}

struct host_entry *hosts_find(struct hosts *h, const struct ip_addr *ip)
{
	struct place *p = look(h, ip);

	return p->used && ip_addr_eq(&p->e.ip, ip) ? &p->e : NULL;
}

bool hosts_is_router(struct hosts *h, const struct mac_addr *mac)
{
	unsigned at = (unsigned)(hash_bytes(&h->key, mac->bytes, 6) % MACS);

	for (unsigned i = 0; i < PROBES; i++) {
		const struct mac_entry *m = &h->macs[(at + i) % MACS];

		if (m->used && memcmp(&m->mac, mac, 6) == 0)
			return m->beyond >= HOSTS_ROUTER_BEYOND || m->ips > HOSTS_ROUTER_IPS;
	}
	return false;
}

unsigned hosts_count(const struct hosts *h)
{
	return h->n;
}
