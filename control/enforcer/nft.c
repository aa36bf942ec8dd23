#include "control/enforcer/nft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/json.h"
#include "dataplane/base/slice.h"

enum {
	PRIORITY = -310,
	INGRESS_PRIORITY = -500,
	NAT_PRIORITY = -100,
	BEHIND_NAT = -90,
	HTTP_PORT = 80,
	OWN_TTL = 255,
};

enum family { INET, BRIDGE, NETDEV, FAMILIES };

#define F(family) (1u << (family))
#define ALL	  (F(INET) | F(BRIDGE) | F(NETDEV))
#define L2	  (F(BRIDGE) | F(NETDEV))

#define FIELD(proto, name) "{\"payload\":{\"protocol\":\"" proto "\",\"field\":\"" name "\"}}"
#define PAIR(a, b)	   "{\"concat\":[" a "," b "]}"
#define TRIPLE(a, b, c)	   "{\"concat\":[" a "," b "," c "]}"

#define IP4S FIELD("ip", "saddr")
#define IP4D FIELD("ip", "daddr")
#define IP6S FIELD("ip6", "saddr")
#define IP6D FIELD("ip6", "daddr")
#define MACS FIELD("ether", "saddr")
#define MACD FIELD("ether", "daddr")
#define ARPS FIELD("arp", "saddr ip")
#define ARPD FIELD("arp", "daddr ip")

struct set_spec {
	const char *name, *type;
	bool interval, counter;
};

static const struct set_spec sets[] = {
	{"pass4", "[\"ipv4_addr\",\"ipv4_addr\"]", true, false},
	{"pass6", "[\"ipv6_addr\",\"ipv6_addr\"]", true, false},
	{"mpass4", "[\"ether_addr\",\"ipv4_addr\"]", true, false},
	{"mpass6", "[\"ether_addr\",\"ipv6_addr\"]", true, false},
	{"marp", "[\"ether_addr\",\"ipv4_addr\",\"ipv4_addr\"]", true, false},
	{"marpall", "[\"ether_addr\",\"ipv4_addr\"]", true, false},
	{"from4", "\"ipv4_addr\"", false, true},
	{"from6", "\"ipv6_addr\"", false, true},
	{"mac", "\"ether_addr\"", false, true},
	{"to4", "\"ipv4_addr\"", false, true},
	{"to6", "\"ipv6_addr\"", false, true},
	{"macto", "\"ether_addr\"", false, true},
	{"note4", "\"ipv4_addr\"", false, false},
	{"note6", "\"ipv6_addr\"", false, false},
	{"notemac", "\"ether_addr\"", false, false},
};

/* Whose web requests are for the notice page. */
static const struct {
	const char *left, *set;
} visitors[] = {{IP4S, "note4"}, {IP6S, "note6"}, {MACS, "notemac"}};

struct rule_spec {
	unsigned families;
	bool output; /* also in the chain of what the machine itself sends */
	const char *left, *set;
	bool accept;
};

/* In this order in each chain: what is exempt, then the drops. */
static const struct rule_spec rules[] = {
	{ALL, false, PAIR(IP4S, IP4D), "pass4", true},
	{ALL, true, PAIR(IP4D, IP4S), "pass4", true},
	{ALL, false, PAIR(IP6S, IP6D), "pass6", true},
	{ALL, true, PAIR(IP6D, IP6S), "pass6", true},
	{ALL, false, PAIR(MACS, IP4D), "mpass4", true},
	{ALL, false, PAIR(MACS, IP6D), "mpass6", true},
	{L2, false, PAIR(MACD, IP4S), "mpass4", true},
	{L2, false, PAIR(MACD, IP6S), "mpass6", true},
	/* Address resolution with exempt neighbours, for the host's own addresses only. */
	{L2, false, TRIPLE(MACS, ARPS, ARPD), "marp", true},
	{L2, false, PAIR(MACS, ARPD), "marpall", true},
	{L2, false, PAIR(MACD, ARPS), "mpass4", true},
	{ALL, false, IP4S, "from4", false},
	{ALL, false, IP6S, "from6", false},
	{ALL, false, MACS, "mac", false},
	{ALL, true, IP4D, "to4", false},
	{ALL, true, IP6D, "to6", false},
	{L2, false, MACD, "macto", false},
};

static const char *const family_words[] = {"inet", "bridge", "netdev"};

struct writer {
	struct json j;
	const struct nft_layout *layout;
};

static void in_table(struct json *j, enum family f)
{
	json_text(j, "family", family_words[f]);
	json_text(j, "table", "banken");
}

/* {"add":{"table":{...}}} */
static void command_begin(struct json *j, const char *verb, const char *what)
{
	json_open_object(j, NULL);
	json_open_object(j, verb);
	json_open_object(j, what);
}

static void command_end(struct json *j)
{
	json_end(j);
	json_end(j);
	json_end(j);
}

static void table(struct json *j, const char *verb, enum family f)
{
	command_begin(j, verb, "table");
	json_text(j, "family", family_words[f]);
	json_text(j, "name", "banken");
	command_end(j);
}

static void set(struct json *j, enum family f, const struct set_spec *s)
{
	command_begin(j, "add", "set");
	in_table(j, f);
	json_text(j, "name", s->name);
	json_raw(j, "type", SLICE_STR(s->type));
	json_raw(j, "flags",
		 s->interval ? SLICE_LIT("[\"interval\",\"timeout\"]")
			     : SLICE_LIT("[\"timeout\"]"));
	if (s->counter)
		json_raw(j, "stmt", SLICE_LIT("[{\"counter\":null}]"));
	command_end(j);
}

struct chain_spec {
	enum family family;
	const char *name, *hook, *device;
	int priority;
	bool output;
	unsigned visitors; /* port to which cut hosts get through, 0: none */
	unsigned page;	   /* port of the notice page, whose answers get through, 0: none */
};

static void rule(struct json *j, const struct chain_spec *c, const struct rule_spec *r)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "[{\"match\":{\"op\":\"==\",\"left\":%s,\"right\":\"@%s\"}},{\"%s\":null}]",
		 r->left, r->set, r->accept ? "accept" : "drop");
	command_begin(j, "add", "rule");
	in_table(j, c->family);
	json_text(j, "chain", c->name);
	json_raw(j, "expr", SLICE_STR(text));
	command_end(j);
}

static void filter_rule(struct json *j, const struct chain_spec *c, const char *text)
{
	command_begin(j, "add", "rule");
	in_table(j, c->family);
	json_text(j, "chain", c->name);
	json_raw(j, "expr", SLICE_STR(text));
	command_end(j);
}

/* Segments of cut hosts to `port`, and what becomes of them. */
static void visitor_rules(struct json *j, const struct chain_spec *c, unsigned port,
			  const char *verdict)
{
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(visitors); i++) {
		snprintf(text, sizeof(text),
			 "[{\"match\":{\"op\":\"==\",\"left\":" FIELD(
				 "tcp", "dport") ",\"right\":%u}},"
						 "{\"match\":{\"op\":\"==\",\"left\":%s,\"right\":"
						 "\"@%s\"}},%s]",
			 port, visitors[i].left, visitors[i].set, verdict);
		filter_rule(j, c, text);
	}
}

/* The page's own answers, before what is sent to cut hosts is dropped. */
static void page_rules(struct json *j, const struct chain_spec *c, unsigned port)
{
	static const struct {
		const char *left, *set, *proto, *field;
	} ways[] = {{IP4D, "note4", "ip", "ttl"}, {IP6D, "note6", "ip6", "hoplimit"}};
	char text[640];

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		snprintf(text, sizeof(text),
			 "[{\"match\":{\"op\":\"==\",\"left\":" FIELD(
				 "tcp", "sport") ",\"right\":%u}},"
						 "{\"match\":{\"op\":\"==\",\"left\":%s,\"right\":"
						 "\"@%s\"}},"
						 "{\"mangle\":{\"key\":{\"payload\":{\"protocol\":"
						 "\"%s\",\"field\":\"%s\"}},"
						 "\"value\":%d}},{\"accept\":null}]",
			 port, ways[i].left, ways[i].set, ways[i].proto, ways[i].field, OWN_TTL);
		filter_rule(j, c, text);
	}
}

static void chain_open(struct json *j, const struct chain_spec *c, const char *type)
{
	command_begin(j, "add", "chain");
	in_table(j, c->family);
	json_text(j, "name", c->name);
	json_text(j, "type", type);
	json_text(j, "hook", c->hook);
	json_int(j, "prio", c->priority);
	if (c->device)
		json_text(j, "dev", c->device);
	json_text(j, "policy", "accept");
	command_end(j);
}

static void chain(struct json *j, const struct chain_spec *c)
{
	chain_open(j, c, "filter");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		bool first_drop = i && rules[i - 1].accept && !rules[i].accept;

		/* Between what is exempt and the drops. */
		if (c->visitors && first_drop)
			visitor_rules(j, c, c->visitors, "{\"accept\":null}");
		if (c->page && first_drop)
			page_rules(j, c, c->page);
		if (rules[i].families & F(c->family) && (rules[i].output || !c->output))
			rule(j, c, &rules[i]);
	}
}

/* Nobody comes to the page but by the redirection, which is later. */
static void not_from_outside(struct json *j, unsigned port)
{
	const struct chain_spec in = {.family = INET, .name = "in"};
	char text[256];

	snprintf(text, sizeof(text),
		 "[{\"match\":{\"op\":\"==\",\"left\":" FIELD(
			 "tcp", "dport") ",\"right\":%u}},"
					 "{\"match\":{\"op\":\"==\",\"left\":{\"fib\":{\"result\":"
					 "\"type\",\"flags\":"
					 "[\"daddr\"]}},\"right\":\"local\"}},{\"drop\":null}]",
		 port);
	filter_rule(j, &in, text);
}

/* New connections to port 80 become ones to the page; what is not one of them is dropped after all.
 */
static void notice_chains(struct json *j, unsigned port)
{
	const struct chain_spec nat = {
		.family = INET, .name = "notice", .hook = "prerouting", .priority = NAT_PRIORITY};
	char verdict[64];

	not_from_outside(j, port);
	snprintf(verdict, sizeof(verdict), "{\"redirect\":{\"port\":%u}}", port);
	chain_open(j, &nat, "nat");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].accept && rules[i].families & F(INET))
			rule(j, &nat, &rules[i]);
	}
	visitor_rules(j, &nat, HTTP_PORT, verdict);
	chain(j, &(struct chain_spec){.family = INET,
				      .name = "behind",
				      .hook = "prerouting",
				      .priority = BEHIND_NAT,
				      .visitors = port});
}

/* The families in use, as F() bits. */
static unsigned families(const struct nft_layout *l)
{
	return F(INET) | (l->bridge ? F(BRIDGE) : 0) | (l->devices_n ? F(NETDEV) : 0);
}

static void chains(struct json *j, const struct nft_layout *l, enum family f)
{
	unsigned web = l->notice_port ? HTTP_PORT : 0;
	char name[NFT_DEVICE + 8];

	if (f != NETDEV) {
		chain(j, &(struct chain_spec){f, "in", "prerouting", NULL, PRIORITY, false,
					      f == INET ? web : 0});
		chain(j, &(struct chain_spec){f, "out", "output", NULL, PRIORITY, true, 0,
					      f == INET ? l->notice_port : 0});
		if (f == INET && l->notice_port)
			notice_chains(j, l->notice_port);
		return;
	}
	for (unsigned i = 0; i < l->devices_n; i++) {
		snprintf(name, sizeof(name), "in%u", i);
		chain(j, &(struct chain_spec){f, name, "ingress", l->devices[i], INGRESS_PRIORITY,
					      false, web});
	}
}

static void fresh_tables(struct writer *w)
{
	for (enum family f = INET; f < FAMILIES; f++) {
		if (!(families(w->layout) & F(f)))
			continue;
		/* Deleting what is not there is an error, so it is made first. */
		table(&w->j, "add", f);
		table(&w->j, "delete", f);
		table(&w->j, "add", f);
		for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
			set(&w->j, f, &sets[i]);
		chains(&w->j, w->layout, f);
	}
}

/* What is being added or removed, per family. */
struct elements {
	struct json *j;
	const struct nft_host *host;
	enum family family;
	bool add, notice;
	char mac[MAC_ADDR_TEXT];
};

static void prefix(struct json *j, const struct nft_prefix *p, bool v4)
{
	unsigned bits = v4 ? p->bits - 96u : p->bits;
	char text[IP_ADDR_TEXT];

	ip_addr_text(&p->addr, text, false);
	if (bits == (v4 ? 32 : 128)) {
		json_text(j, NULL, text);
		return;
	}
	json_open_object(j, NULL);
	json_open_object(j, "prefix");
	json_text(j, "addr", text);
	json_uint(j, "len", bits);
	json_end(j);
	json_end(j);
}

static void element_begin(struct elements *e, const char *set_name)
{
	command_begin(e->j, e->add ? "add" : "delete", "element");
	in_table(e->j, e->family);
	json_text(e->j, "name", set_name);
	json_open_array(e->j, "elem");
	if (e->add && e->host->timeout) {
		json_open_object(e->j, NULL);
		json_open_object(e->j, "elem");
	}
}

static void element_end(struct elements *e)
{
	if (e->add && e->host->timeout) {
		json_uint(e->j, "timeout", e->host->timeout);
		json_end(e->j);
		json_end(e->j);
	}
	json_array_end(e->j);
	command_end(e->j);
}

static const char *value_key(const struct elements *e)
{
	return e->add && e->host->timeout ? "val" : NULL;
}

static void single(struct elements *e, const char *set_name, const char *value)
{
	element_begin(e, set_name);
	json_text(e->j, value_key(e), value);
	element_end(e);
}

/* first . [second .] prefix */
static void joined(struct elements *e, const char *set_name, const char *first, const char *second,
		   const struct nft_prefix *p)
{
	bool v4 = ip_addr_is_v4(&p->addr) && p->bits >= 96;

	element_begin(e, set_name);
	json_open_object(e->j, value_key(e));
	json_open_array(e->j, "concat");
	json_text(e->j, NULL, first);
	if (second)
		json_text(e->j, NULL, second);
	prefix(e->j, p, v4);
	json_array_end(e->j);
	json_end(e->j);
	element_end(e);
}

static void exempt(struct elements *e, const struct nft_prefix *p)
{
	bool v4 = ip_addr_is_v4(&p->addr) && p->bits >= 96, known = false;
	char ip[IP_ADDR_TEXT];

	if (e->mac[0])
		joined(e, v4 ? "mpass4" : "mpass6", e->mac, NULL, p);
	for (unsigned i = 0; i < e->host->ips_n; i++) {
		if (ip_addr_is_v4(&e->host->ips[i]) != v4)
			continue;
		known = true;
		ip_addr_text(&e->host->ips[i], ip, false);
		joined(e, v4 ? "pass4" : "pass6", ip, NULL, p);
		if (v4 && e->mac[0])
			joined(e, "marp", e->mac, ip, p);
	}
	/* Its own address is not known: better a remedy that can be reached. */
	if (v4 && !known && e->mac[0])
		joined(e, "marpall", e->mac, NULL, p);
}

/* True when another exemption contains this one: interval sets refuse the narrower. */
static bool contained(const struct nft_host *h, unsigned i)
{
	const struct nft_prefix *p = &h->exempts[i];

	for (unsigned j = 0; j < h->exempts_n; j++) {
		const struct nft_prefix *other = &h->exempts[j];

		if (j != i && (other->bits < p->bits || (other->bits == p->bits && j < i)) &&
		    ip_addr_in_prefix(&p->addr, &other->addr, other->bits))
			return true;
	}
	return false;
}

static void host_elements(struct elements *e)
{
	char ip[IP_ADDR_TEXT];

	for (unsigned i = 0; i < e->host->exempts_n; i++) {
		if (!contained(e->host, i))
			exempt(e, &e->host->exempts[i]);
	}
	for (unsigned i = 0; i < e->host->ips_n; i++) {
		bool v4 = ip_addr_is_v4(&e->host->ips[i]);

		ip_addr_text(&e->host->ips[i], ip, false);
		if (e->notice)
			single(e, v4 ? "note4" : "note6", ip);
		single(e, v4 ? "from4" : "from6", ip);
		single(e, v4 ? "to4" : "to6", ip);
	}
	if (e->mac[0]) {
		if (e->notice)
			single(e, "notemac", e->mac);
		single(e, "mac", e->mac);
		single(e, "macto", e->mac);
	}
}

static void change(struct writer *w, const struct nft_change *c)
{
	static const struct mac_addr none;
	struct elements e = {.j = &w->j,
			     .host = c->host,
			     .add = c->op == NFT_ADD,
			     .notice = w->layout->notice_port != 0};

	if (memcmp(&c->host->mac, &none, sizeof(none)) != 0)
		mac_addr_text(&c->host->mac, e.mac);
	for (e.family = INET; e.family < FAMILIES; e.family++) {
		if (families(w->layout) & F(e.family))
			host_elements(&e);
	}
}

static long write_all(const struct nft_layout *l, bool fresh, const struct nft_change *changes,
		      size_t n, struct slice room)
{
	struct writer w = {.layout = l};

	json_init(&w.j, (char *)room.data, room.len);
	json_open_object(&w.j, NULL);
	json_open_array(&w.j, "nftables");
	if (fresh)
		fresh_tables(&w);
	for (size_t i = 0; i < n; i++)
		change(&w, &changes[i]);
	json_array_end(&w.j);
	json_end(&w.j);
	return json_finish(&w.j);
}

int nft_write(const struct nft_layout *l, bool fresh, const struct nft_change *changes, size_t n,
	      struct slice *ret)
{
	for (size_t cap = 128 << 10; cap <= NFT_TEXT_MAX; cap *= 8) {
		char *text = malloc(cap);
		long len;

		if (!text)
			return ERR_NOMEM;
		len = write_all(l, fresh, changes, n, SLICE(text, cap));
		if (len >= 0) {
			*ret = SLICE(text, (size_t)len);
			return 0;
		}
		free(text);
	}
	return ERR_LIMIT;
}

const char *nft_family(const struct nft_layout *l, unsigned i)
{
	for (enum family f = INET; f < FAMILIES; f++) {
		if (families(l) & F(f) && i-- == 0)
			return family_words[f];
	}
	return NULL;
}
