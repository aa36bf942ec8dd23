/* Forged answers in the local network (T1557): an address claimed by two hosts at a time (ARP and
 * neighbour discovery), a second DHCP server, router advertisements from strangers, one host that
 * answers for everybody's name (LLMNR, NetBIOS). */
#include "dataplane/behave/detector.h"

enum table { CLAIMS, ROUTERS, NAMES };

enum { ROUTER_FLOOD = 8 };

struct claim_entry { /* one address */
	struct behave_entry entry;
	struct mac_addr owner, other;
	uint64_t owner_ns, other_ns;
	uint32_t claims; /* of `other` */
	uint32_t own;	 /* of `owner` */
	uint32_t turns;	 /* how often the two took turns */
	bool last_other;
};

struct router_entry { /* one VLAN: its routers, or its DHCP servers */
	struct behave_entry entry;
	struct mac_addr first;
	struct ip_addr first_ip;
	uint64_t others; /* small set */
};

struct names_entry { /* one host that answers */
	struct behave_entry entry;
	uint64_t names; /* small set */
	uint32_t answers;
};

#define CATEGORY "Forged network answers"

static const struct behave_sign arp_sign = {
	2510, "BANKEN address claimed by two hosts", "TA0006", "T1557.002", CATEGORY, BEHAVE_HIGH,
	false};
static const struct behave_sign dhcp_sign = {2511,     "BANKEN second DHCP server in one network",
					     "TA0006", "T1557.003",
					     CATEGORY, BEHAVE_MEDIUM,
					     false};
static const struct behave_sign router_sign = {
	2512,	  "BANKEN router advertisements of a stranger",
	"TA0006", "T1557",
	CATEGORY, BEHAVE_MEDIUM,
	false};
static const struct behave_sign names_sign = {
	2513,	  "BANKEN one host answers for the names of others",
	"TA0006", "T1557.001",
	CATEGORY, BEHAVE_HIGH,
	true};

/* Of redundant routers, which move from host to host: VRRP, HSRP, GLBP. */
static bool shared_mac(const struct mac_addr *m)
{
	static const uint8_t starts[][5] = {{0, 0, 0x5e, 0, 1},
					    {0, 0, 0x5e, 0, 2},
					    {0, 0, 0x0c, 7, 0xac},
					    {0, 0, 0x0c, 0x9f, 0xf0},
					    {0, 7, 0xb4, 0, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		if (memcmp(m->bytes, starts[i], 3) == 0 &&
		    (memcmp(m->bytes, starts[i], 5) == 0 || i >= 3))
			return true;
	}
	return !mac_addr_is_host(m);
}

/* The address with which a host asks for others: its own. Kept beside the routers. */
static struct router_entry *asker_of(const struct behave_view *v, const struct mac_addr *mac,
				     uint16_t vlan, uint64_t now_ns)
{
	uint64_t key[3] = {behave_word_mac(mac), vlan, BEHAVE_FRAME};
	bool is_new;

	return behave_table_get(&v->tables[ROUTERS], key, 3, now_ns, &is_new);
}

static void asks(const struct behave_view *v, const struct behave_event *e)
{
	struct router_entry *r;

	/* Of IPv6 every host has several. */
	if (!ip_addr_is_v4(&e->ends.client) || ip_addr_v4_u32(&e->ends.client) == 0 ||
	    ip_addr_eq(&e->ends.client, &e->frame.about) || shared_mac(&e->ends.client_mac))
		return;
	r = asker_of(v, &e->ends.client_mac, e->ends.vlan, e->time_ns);
	if (ip_addr_is_zero(&r->first_ip) ||
	    behave_seconds(r->entry.start_ns, e->time_ns) > v->limits->spoof_seconds) {
		r->first_ip = e->ends.client;
		r->entry.start_ns = e->time_ns;
	}
}

/* Of the two who claim an address one may have another of its own: that one is no owner. Where both
 * have, as hosts with several do, nothing is said. */
static void blame(const struct behave_view *v, const struct behave_event *e,
		  const struct claim_entry *c, struct behave_hit *hit)
{
	const struct mac_addr *both[] = {&c->other, &c->owner};
	const struct router_entry *asker[2];
	bool stranger[2];
	unsigned i;

	for (i = 0; i < 2; i++) {
		asker[i] = asker_of(v, both[i], e->ends.vlan, e->time_ns);
		stranger[i] = !ip_addr_is_zero(&asker[i]->first_ip) &&
			      !ip_addr_eq(&asker[i]->first_ip, &e->frame.about);
	}
	if (stranger[0] == stranger[1])
		return;
	i = stranger[1];
	hit->ends.client = asker[i]->first_ip;
	hit->ends.client_mac = *both[i];
	hit->ends.server = e->frame.about;
	hit->ends.server_mac = *both[1 - i];
}

static void tell_claim(const struct behave_view *v, const struct behave_event *e,
		       struct claim_entry *c)
{
	struct behave_text address = behave_address(&e->frame.about);
	struct behave_text owner = behave_mac(&c->owner), other = behave_mac(&c->other);
	double seconds = behave_seconds(c->entry.start_ns, e->time_ns);
	struct behave_text who, thief;
	struct behave_hit hit;
	bool known;

	behave_hit_init(&hit, &arp_sign, e);
	hit.ends.client = e->frame.about;
	hit.ends.client_mac = c->other;
	blame(v, e, c, &hit);
	who = behave_address(&hit.ends.client);
	thief = behave_mac(&hit.ends.client_mac);
	known = !ip_addr_eq(&hit.ends.client, &e->frame.about);
	behave_say_en(
		&hit,
		"%s is claimed by two hosts at a time: %s (%u times) and %s (%u times) within "
		"%.0f seconds%s%s%s%s.",
		address.s, owner.s, c->own, other.s, c->claims, seconds,
		known ? "; otherwise the host " : "", known ? thief.s : "", known ? " is " : "",
		known ? who.s : "");
	behave_say_ja(
		&hit,
		"%.0f秒間に%sを2台のホストが同時に自分のアドレスだと主張しました: %s(%u回)と%s"
		"(%u回)%s%s%s%s%s。",
		seconds, address.s, owner.s, c->own, other.s, c->claims, known ? "。" : "",
		known ? thief.s : "", known ? "の本来のアドレスは" : "", known ? who.s : "",
		known ? "です" : "");
	behave_figure(&hit, "claims", c->claims);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &c->entry);
}

static void claim(const struct behave_view *v, const struct behave_event *e)
{
	const struct mac_addr *mac = &e->frame.claims;
	uint64_t key[2] = {behave_word(&e->frame.about), e->ends.vlan};
	struct claim_entry *c;
	double since;

	if (shared_mac(mac) || ip_addr_is_zero(&e->frame.about))
		return;
	c = behave_window(v, CLAIMS, key, 2, e->time_ns, v->limits->spoof_seconds);
	if (mac_addr_is_zero(&c->owner))
		c->owner = *mac;
	if (mac_addr_eq(mac, &c->owner)) {
		c->turns += c->last_other;
		c->last_other = false;
		c->own++;
		c->owner_ns = e->time_ns;
	} else {
		if (!mac_addr_eq(mac, &c->other)) {
			c->other = *mac;
			c->claims = c->turns = 0;
		}
		c->claims++;
		c->turns += !c->last_other;
		c->last_other = true;
		c->other_ns = e->time_ns;
	}
	since = c->other_ns > c->owner_ns ? behave_seconds(c->owner_ns, c->other_ns)
					  : behave_seconds(c->other_ns, c->owner_ns);
	/* A host that was replaced once has an end; two at a time take turns. */
	if (c->claims >= v->limits->spoof_claims && c->turns >= 2 &&
	    since <= v->limits->spoof_seconds && !behave_told(v, &c->entry, e->time_ns))
		tell_claim(v, e, c);
}

static struct router_entry *network_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[2] = {e->ends.vlan, e->kind};
	struct router_entry *r;
	bool is_new;

	r = behave_table_get(&v->tables[ROUTERS], key, 2, e->time_ns, &is_new);
	if (is_new) {
		r->first = e->ends.client_mac;
		r->first_ip = e->ends.client;
	}
	return r;
}

static void router(const struct behave_view *v, const struct behave_event *e)
{
	struct behave_text who = behave_address(&e->ends.client), mac, first;
	struct router_entry *r;
	struct behave_hit hit;
	unsigned others;

	if (e->frame.lifetime == 0)
		return;
	r = network_of(v, e);
	if (mac_addr_eq(&r->first, &e->ends.client_mac) || shared_mac(&e->ends.client_mac))
		return;
	behave_small_add(v, &r->others, behave_word_mac(&e->ends.client_mac));
	others = behave_small_count(r->others);
	mac = behave_mac(&e->ends.client_mac);
	first = behave_mac(&r->first);
	behave_hit_init(&hit, &router_sign, e);
	if (others >= ROUTER_FLOOD)
		hit.severity = BEHAVE_HIGH;
	behave_say_en(
		&hit,
		"%s (%s) says it is an IPv6 router for %u seconds; the router known here is %s, "
		"and %u others have said so.",
		who.s, mac.s, e->frame.lifetime, first.s, others);
	behave_say_ja(
		&hit,
		"%s(%s)がIPv6ルーター(有効%u秒)を名乗りました。既知のルーターは%sで、ほかに%u台が"
		"名乗っています。",
		who.s, mac.s, e->frame.lifetime, first.s, others);
	behave_figure(&hit, "routers", others + 1);
	behave_figure(&hit, "lifetime_seconds", e->frame.lifetime);
	behave_tell(v, &hit, &r->entry);
}

static void lease(const struct behave_view *v, const struct behave_event *e)
{
	struct behave_text who = behave_address(&e->ends.client), first;
	struct router_entry *r;
	struct behave_hit hit;

	if (!e->lease.offers || ip_addr_is_zero(&e->ends.client))
		return;
	r = network_of(v, e);
	if (ip_addr_eq(&r->first_ip, &e->ends.client) ||
	    (mac_addr_eq(&r->first, &e->ends.client_mac) && !mac_addr_is_zero(&r->first)))
		return;
	behave_small_add(v, &r->others, behave_word(&e->ends.client));
	first = behave_address(&r->first_ip);
	behave_hit_init(&hit, &dhcp_sign, e);
	behave_say_en(&hit,
		      "%s hands out addresses by DHCP; the server known here is %s, and %u others "
		      "have been seen.",
		      who.s, first.s, behave_small_count(r->others));
	behave_say_ja(&hit,
		      "%sがDHCPでアドレスを配布しています。既知のサーバーは%sで、ほかに%"
		      "u台が観測されています。",
		      who.s, first.s, behave_small_count(r->others));
	behave_figure(&hit, "servers", behave_small_count(r->others) + 1);
	behave_tell(v, &hit, &r->entry);
}

static void name(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = behave_word(&e->ends.client);
	struct behave_text who, last;
	struct names_entry *n;
	struct behave_hit hit;
	unsigned names;

	n = behave_window(v, NAMES, &key, 1, e->time_ns, v->limits->spoof_seconds);
	n->answers++;
	behave_small_add(v, &n->names, behave_word_bytes(v, e->name.name));
	names = behave_small_count(n->names);
	if (names < v->limits->poison_names || behave_told(v, &n->entry, e->time_ns))
		return;
	who = behave_address(&e->ends.client);
	last = behave_printable(e->name.name);
	behave_hit_init(&hit, &names_sign, e);
	behave_say_en(
		&hit,
		"%s answered for %u different names (last %s) by LLMNR or NetBIOS within %.0f "
		"seconds; a host has one.",
		who.s, names, last.s, behave_seconds(n->entry.start_ns, e->time_ns));
	behave_say_ja(&hit,
		      "%sがLLMNRまたはNetBIOSで%.0f秒間に%u個の異なる名前(最後は%s)に応答しました。"
		      "1台のホストの名前は通常1つです。",
		      who.s, behave_seconds(n->entry.start_ns, e->time_ns), names, last.s);
	behave_figure(&hit, "names", names);
	behave_figure(&hit, "answers", n->answers);
	behave_tell(v, &hit, &n->entry);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_LEASE)
		lease(v, e);
	else if (e->kind == BEHAVE_NAME)
		name(v, e);
	else if (e->frame.what == BEHAVE_ROUTER)
		router(v, e);
	else if (e->frame.what == BEHAVE_ARP_ASKS)
		asks(v, e);
	else if (e->frame.what == BEHAVE_ARP_ANSWERS || e->frame.what == BEHAVE_ND_ANSWERS)
		claim(v, e);
}

const struct behave_detector behave_spoof = {
	.kinds = 1 << BEHAVE_FRAME | 1 << BEHAVE_LEASE | 1 << BEHAVE_NAME,
	.entry_size = {sizeof(struct claim_entry), sizeof(struct router_entry),
		       sizeof(struct names_entry)},
	.weight = {2, 1, 1},
	.event = event,
};
