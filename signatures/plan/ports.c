/* Port groups: ports that no rule tells apart form a class, and a class has a list of rules without
 * a pattern and patterns of its own. Shared by all ports are the patterns of rules on any port or
 * on a wide range, for each application protocol together with those of the rules that name it: so
 * that a flow's bytes are searched for what can match on it, and once. Rules that name a protocol
 * and have no pattern are a list of that protocol's flows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/plan/build.h"
#include "signatures/plan/grams.h"

enum { PORTS = 65536, WIDE = 16384 };

struct gathered {
	const struct plan_rule *rule;
	const struct rule_ports *ports; /* the server's side of this direction */
	uint32_t list;			/* index of its port list; 0 is any */
	bool pattern;
	bool named;	  /* it names an application protocol */
	bool wide;	  /* pattern goes to those of all ports, */
	bool wide_packet; /* that for single packets too */
	bool far;	  /* pattern goes to those of the client's ports */
	bool gated;
	bool head; /* single packets are looked into for `instead`, */
	struct plan_pattern gate;
	struct plan_pattern instead; /* which lies in their first bytes */
};

struct port_list {
	const struct rule_ports *ports;
	uint64_t key;
	bool patterns; /* used by rules with a pattern of the class's own */
	bool here;     /* holds the class being built */
};

struct class
{
	uint64_t key;
	uint16_t port; /* any one of it */
};

struct known_payload {
	uint64_t key;
	struct plan_payload payload;
};

struct ports_build {
	struct plan_build *b;
	enum plan_l4 l4;
	uint8_t dir;
	struct VEC(struct gathered) rules;
	struct VEC(struct port_list) lists;
	struct VEC(struct class) classes;
	struct VEC(struct known_payload) known;
};

static uint32_t ports_covered(const struct rule_ports *p)
{
	uint32_t n = 0;

	if (p->any)
		return PORTS;
	for (uint32_t i = 0; i < p->count; i++)
		n += (uint32_t)(p->ranges[i].last - p->ranges[i].first) + 1;
	return n;
}

static bool ports_hold(const struct rule_ports *p, uint16_t port)
{
	if (p->any)
		return true;
	for (uint32_t i = 0; i < p->count; i++) {
		if (port >= p->ranges[i].first && port <= p->ranges[i].last)
			return true;
	}
	return false;
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint32_t list_of(struct ports_build *pb, const struct rule_ports *ports)
{
	if (ports->any || (pb->l4 != PLAN_TCP && pb->l4 != PLAN_UDP))
		return 0;
	for (uint32_t i = pb->lists.n; i > 1; i--) {
		if (pb->lists.v[i - 1].ports == ports)
			return i - 1;
	}
	vec_push(pb->b->mem, &pb->lists,
		 (struct port_list){.ports = ports, .key = mix(pb->lists.n)});
	return pb->lists.n - 1;
}

static bool looks_at_packets(const struct plan_build *b, const struct plan_rule *r)
{
	const struct plan_pattern *p = &b->patterns[r->num];

	if (r->rule->type == RULE_TYPE_IP_ONLY)
		return false;
	return !(r->flags & PLAN_TX) || (p->found && p->buffer < 0);
}

static bool long_one(const struct plan_pattern *p)
{
	return (p->place == MATCHER_ANYWHERE || p->place == MATCHER_HEAD) && grams_suit(p->bytes);
}

static void gathered_place(const struct ports_build *pb, struct gathered *g)
{
	const struct plan_rule *r = g->rule;
	const struct rule_ports *far = pb->dir == DIR_TS ? r->sport : r->dport;
	const struct plan_pattern *p = &pb->b->patterns[r->num];

	g->pattern = p->found;
	g->named = r->protos != ~0ULL;
	g->far = (pb->l4 == PLAN_TCP || pb->l4 == PLAN_UDP) && ports_covered(far) < WIDE;
	g->wide_packet = g->named || g->list == 0 || ports_covered(g->ports) >= WIDE;
	g->wide = g->wide_packet || long_one(p);
	g->gated = pb->l4 == PLAN_TCP && g->pattern && p->buffer < 0 &&
		   p->place == MATCHER_ANYWHERE && plan_choose_gate(r, &g->gate);
	g->head = pb->l4 == PLAN_TCP && g->pattern && p->buffer < 0 && !g->gated &&
		  p->place == MATCHER_ANYWHERE && plan_choose_head(r, &g->instead);
	/* Few that have no gate are left to search every packet for. */
	if (g->head)
		g->wide_packet |= long_one(&g->instead);
	else if (pb->l4 != PLAN_TCP || g->gated || p->place != MATCHER_ANYWHERE)
		g->wide_packet = g->wide;
}

static void gather(struct ports_build *pb)
{
	const struct plan *p = pb->b->plan;

	vec_push(pb->b->mem, &pb->lists, (struct port_list){0}); /* 0: any */
	for (uint32_t i = 0; i < p->count; i++) {
		const struct plan_rule *r = &p->rules[i];
		struct gathered g = {.rule = r};

		if (!(r->layers & 1 << pb->l4) || !(r->dirs & 1 << pb->dir) ||
		    !looks_at_packets(pb->b, r))
			continue;
		g.ports = pb->dir == DIR_TS ? r->dport : r->sport;
		g.list = list_of(pb, g.ports);
		gathered_place(pb, &g);
		if (g.pattern && !(g.wide && g.wide_packet) && !g.far)
			pb->lists.v[g.list].patterns = true;
		vec_push(pb->b->mem, &pb->rules, g);
	}
}

/* ---- classes ---- */

static uint32_t class_of_key(struct ports_build *pb, uint64_t key, uint16_t port)
{
	for (uint32_t i = pb->classes.n; i > 0; i--) {
		if (pb->classes.v[i - 1].key == key)
			return i - 1;
	}
	vec_push(pb->b->mem, &pb->classes, (struct class){key, port});
	return pb->classes.n - 1;
}

/* Walks over the ports; where a list begins or ends the key changes. */
static void classes_find(struct ports_build *pb, struct plan_ports *ret)
{
	uint64_t *toggle, key = 0;

	if (pb->lists.n <= 1) {
		class_of_key(pb, 0, 0);
		return;
	}
	ret->class_of = plan_alloc(pb->b->mem, PORTS * sizeof(*ret->class_of));
	toggle = calloc(PORTS + 1, sizeof(*toggle));
	if (!toggle || !ret->class_of) {
		pb->b->mem->failed = true;
		free(toggle);
		return;
	}
	for (uint32_t i = 1; i < pb->lists.n; i++) {
		const struct rule_ports *p = pb->lists.v[i].ports;

		for (uint32_t k = 0; k < p->count; k++) {
			toggle[p->ranges[k].first] ^= pb->lists.v[i].key;
			toggle[p->ranges[k].last + 1] ^= pb->lists.v[i].key;
		}
	}
	for (uint32_t port = 0, class = 0; port < PORTS; port++) {
		key ^= toggle[port];
		if (port == 0 || toggle[port])
			class = class_of_key(pb, key, (uint16_t)port);
		ret->class_of[port] = (uint16_t) class;
	}
	free(toggle);
}

/* ---- groups ---- */

/* `text`: "port 80", "http". */
static struct matcher *named(struct ports_build *pb, const char *what, const char *text)
{
	static const char *const l4[] = {"tcp", "udp", "icmp", "icmpv6", "sctp", "ip"};
	char name[128];

	snprintf(name, sizeof(name), "%s %s %s %s", l4[pb->l4], what,
		 pb->dir == DIR_TS ? "to_server" : "to_client", text);
	return plan_matcher(pb->b, name);
}

struct payload_build {
	const char *text;
	struct matcher *packet, *gate, *deep, *stream;
};

static struct matcher *made(struct ports_build *pb, struct matcher **m, const char *what,
			    const struct payload_build *to)
{
	if (!*m)
		*m = named(pb, what, to->text);
	return *m;
}

/* Datagrams and whatever has no stream are looked at packet by packet. */
static void add_packet(struct ports_build *pb, const struct gathered *g, struct payload_build *to)
{
	uint16_t flags = g->rule->flags;

	if (pb->l4 == PLAN_TCP && !(flags & PLAN_ON_PACKET) && (flags & PLAN_ON_STREAM))
		return;
	if (g->head) {
		plan_matcher_add_pattern(pb->b, made(pb, &to->packet, "packet", to), g->rule,
					 &g->instead);
		return;
	}
	if (!g->gated) {
		plan_matcher_add(pb->b, made(pb, &to->packet, "packet", to), g->rule);
		return;
	}
	plan_matcher_add_pattern(pb->b, made(pb, &to->gate, "packet begins", to), g->rule,
				 &g->gate);
	plan_matcher_add(pb->b, made(pb, &to->deep, "packet then", to), g->rule);
}

static void add_stream(struct ports_build *pb, const struct gathered *g, struct payload_build *to)
{
	if (pb->l4 == PLAN_TCP && (g->rule->flags & PLAN_ON_STREAM))
		plan_matcher_add(pb->b, made(pb, &to->stream, "stream", to), g->rule);
}

static struct plan_payload payload_of(const struct payload_build *to)
{
	return (struct plan_payload){to->packet, to->gate, to->deep, to->stream};
}

/* Of rules that name none and, in `protos`, of those that do. */
static struct plan_payload wide_build(struct ports_build *pb, uint64_t protos, const char *text)
{
	struct payload_build to = {.text = text};

	for (uint32_t i = 0; i < pb->rules.n; i++) {
		const struct gathered *g = &pb->rules.v[i];

		if (!g->pattern || g->far || (g->named && !(g->rule->protos & protos)))
			continue;
		if (g->wide_packet)
			add_packet(pb, g, &to);
		if (g->wide)
			add_stream(pb, g, &to);
	}
	return payload_of(&to);
}

/* Rules that name one of `protos` and have no pattern. */
static struct plan_list named_list(struct ports_build *pb, uint64_t protos)
{
	struct VEC(struct plan_cand) v = {0};
	struct plan_list l;

	for (uint32_t i = 0; i < pb->rules.n; i++) {
		const struct gathered *g = &pb->rules.v[i];

		if (!g->pattern && g->named && (g->rule->protos & protos))
			vec_push(pb->b->mem, &v, plan_cand_of(g->rule));
	}
	l = plan_list_of(pb->b->mem, v.v, v.n);
	vec_free(&v);
	return l;
}

static void wide_build_all(struct ports_build *pb, struct plan_ports *ret)
{
	const struct plan *p = pb->b->plan;
	struct plan_payload none;
	uint64_t protos = 0;

	for (uint32_t i = 0; i < pb->rules.n; i++) {
		if (pb->rules.v[i].pattern && pb->rules.v[i].named)
			protos |= pb->rules.v[i].rule->protos;
	}
	none = wide_build(pb, 0, "any");
	ret->wide[PLAN_UNNAMED].payload = none;
	ret->wide[PLAN_SEVERAL].payload = protos ? wide_build(pb, protos, "all") : none;
	ret->wide[PLAN_SEVERAL].always = named_list(pb, ~0ULL);
	for (uint32_t i = 0; i < PLAN_PROTOS; i++) {
		uint64_t bit = 1ULL << i;

		ret->wide[i].payload =
			protos & bit ? wide_build(pb, bit, p->protos[i]->name) : none;
		ret->wide[i].always = named_list(pb, bit);
	}
}

static void far_build(struct ports_build *pb, struct plan_ports *ret)
{
	struct payload_build to = {.text = "client's port"};

	for (uint32_t i = 0; i < pb->rules.n && !pb->b->mem->failed; i++) {
		const struct gathered *g = &pb->rules.v[i];
		const struct rule_ports *far = pb->dir == DIR_TS ? g->rule->sport : g->rule->dport;

		if (!g->pattern || !g->far)
			continue;
		if (!ret->far_ports)
			ret->far_ports = plan_alloc(pb->b->mem, PORTS / 8);
		for (uint32_t k = 0; ret->far_ports && k < far->count; k++) {
			for (uint32_t n = far->ranges[k].first; n <= far->ranges[k].last; n++)
				ret->far_ports[n / 64] |= 1ULL << n % 64;
		}
		add_packet(pb, g, &to);
		add_stream(pb, g, &to);
	}
	ret->far = payload_of(&to);
}

static struct plan_payload own_build(struct ports_build *pb)
{
	struct payload_build to = {0};
	char text[80] = "";
	uint64_t key = 0;
	struct plan_payload ret;

	for (uint32_t i = 1; i < pb->lists.n; i++) {
		if (pb->lists.v[i].here && pb->lists.v[i].patterns)
			key ^= pb->lists.v[i].key;
	}
	for (uint32_t i = 0; i < pb->known.n; i++) {
		if (pb->known.v[i].key == key)
			return pb->known.v[i].payload;
	}
	to.text = text;
	for (uint32_t i = 0; i < pb->rules.n; i++) {
		const struct gathered *g = &pb->rules.v[i];

		if (!g->pattern || (g->wide && g->wide_packet) || g->far ||
		    !pb->lists.v[g->list].here)
			continue;
		if (!*text)
			snprintf(text, sizeof(text), "port %.60s", g->ports->text);
		if (!g->wide_packet)
			add_packet(pb, g, &to);
		if (!g->wide)
			add_stream(pb, g, &to);
	}
	ret = payload_of(&to);
	vec_push(pb->b->mem, &pb->known, (struct known_payload){key, ret});
	return ret;
}

static void group_build(struct ports_build *pb, uint16_t port, struct plan_port_group *group)
{
	struct VEC(struct plan_cand) always = {0};

	*group = (struct plan_port_group){0};
	for (uint32_t i = 0; i < pb->lists.n; i++)
		pb->lists.v[i].here = i == 0 || ports_hold(pb->lists.v[i].ports, port);
	group->payload = own_build(pb);
	for (uint32_t i = 0; i < pb->rules.n; i++) {
		const struct gathered *g = &pb->rules.v[i];

		if (!pb->lists.v[g->list].here)
			continue;
		group->stream_wanted |= g->rule->flags & PLAN_ON_STREAM;
		if (!g->pattern && !g->named)
			vec_push(pb->b->mem, &always, plan_cand_of(g->rule));
	}
	group->always = plan_list_of(pb->b->mem, always.v, always.n);
	vec_free(&always);
}

static void ports_build(struct plan_build *b, enum plan_l4 l4, uint8_t dir)
{
	struct ports_build pb = {.b = b, .l4 = l4, .dir = dir};
	struct plan_ports *ret = &b->plan->ports[l4][dir];

	gather(&pb);
	classes_find(&pb, ret);
	wide_build_all(&pb, ret);
	far_build(&pb, ret);
	ret->groups = plan_alloc(b->mem, pb.classes.n * sizeof(*ret->groups));
	for (uint32_t i = 0; i < pb.classes.n && !b->mem->failed; i++)
		group_build(&pb, pb.classes.v[i].port, &ret->groups[i]);
	ret->count = pb.classes.n;
	vec_free(&pb.rules);
	vec_free(&pb.lists);
	vec_free(&pb.classes);
	vec_free(&pb.known);
}

void plan_build_ports(struct plan_build *b)
{
	for (unsigned l4 = 0; l4 < PLAN_L4S; l4++) {
		ports_build(b, l4, DIR_TS);
		ports_build(b, l4, DIR_TC);
	}
}
