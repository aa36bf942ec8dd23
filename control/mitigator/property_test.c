/* Random sites, policies and alert storms through the whole decision, with the promises of Q6-Q8
 * checked at every order: no protected host is cut, no forged source gets a host cut, the fuse is
 * never exceeded, every cut ends as it may or is a person's.
 *
 *   property_test [CASES [SEED [CASE]]]    CASE: only this one, told
 *
 * Without CASES as many as BANKEN_PROPERTY_CASES says, else 10,000 (sanitized: 2,000). Mistakes put
 * in on purpose were found within 10,000 cases: a handshake without its pair, the fuse not counted,
 * a threat's cut that expires, the share not looked at, a MAC without an address cut although it
 * may be a protected one's, a mere claim that takes an address or makes a MAC known. Run a million
 * after changing decide or quarantine: about half an hour of one core (2 ms a case).
 *
 * What nobody could tell is left out: whose a MAC is that never showed the address which is
 * protected.
 */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/decide.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

enum { MACHINES_MAX = 48, STORM_MAX = 120, FUSE_MAX = 8, ORDERS_MAX = 4096 };
#ifdef __SANITIZE_ADDRESS__
enum { CASES = 2000 };
#else
enum { CASES = 10000 };
#endif

/* The truth about a machine, which decide does not know. */
struct machine {
	struct mac_addr mac;
	struct ip_addr ip;
	bool guilty, guarded, behind_router;
	bool silent;	      /* a protected one, named by its address alone and not seen yet */
	struct ip_addr other; /* ... but for this one, which nobody named; all zero: none */
	bool shown;	      /* it was seen with the address that is protected */
	char port[16];
};

struct order {
	uint64_t time, host;
};

struct site {
	uint64_t random;
	struct machine machines[MACHINES_MAX];
	unsigned n, fuse_hosts, share;
	uint64_t fuse_window, case_number;
	sqlite3 *db;
	struct cut_store *store;
	struct cuts_setup setup;
	struct decide d;
	struct policy *policy;
	struct cut_now now;
	struct order orders[ORDERS_MAX]; /* automatic ones */
	unsigned struck;		 /* alerts so far */
	unsigned orders_n;
	const struct cut *ordering;
	uint64_t automatic, undone_threats;
	bool loud;
	bool moved; /* a MAC was on two ports since the last look */
};

static uint64_t roll(struct site *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

static unsigned below(struct site *s, unsigned n)
{
	return (unsigned)(roll(s) % n);
}

static bool chance(struct site *s, unsigned percent)
{
	return below(s, 100) < percent;
}

__attribute__((format(printf, 2, 3))) static _Noreturn void broken(const struct site *s,
								   const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "case %llu: ", (unsigned long long)s->case_number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

/* ---- the promises ---- */

static bool touches(const struct cut_target *t, const struct machine *m)
{
	return (!mac_addr_is_zero(&t->mac) && mac_addr_eq(&t->mac, &m->mac)) ||
	       target_has_ip(t, &m->ip);
}

static void check_target(const struct site *s, const struct cut *c)
{
	char name[TARGET_NAME];

	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!touches(&c->target, m))
			continue;
		if (m->guarded)
			broken(s, "the protected machine %u is cut as %s", i,
			       target_text(&c->target, name));
		if (!m->guilty && !c->approved)
			broken(s, "the innocent machine %u is cut automatically as %s (%s)", i,
			       target_text(&c->target, name), c->note);
	}
}

/* Hosts automatically cut within any window up to now. */
static void check_fuse(struct site *s, const struct cut *c)
{
	struct host *h = hosts_by_id(s->d.hosts, c->host_id);
	uint64_t number = h ? h->number : 0;
	unsigned within = 0;

	if (s->orders_n == ORDERS_MAX)
		broken(s, "more orders than the test holds");
	for (unsigned i = 0; i < s->orders_n; i++) {
		if (s->orders[i].host == number)
			s->orders[i].time = 0; /* a host is one host */
		within += s->orders[i].time && s->now.mono - s->orders[i].time < s->fuse_window;
	}
	s->orders[s->orders_n++] = (struct order){s->now.mono, number};
	if (within + 1 > s->fuse_hosts)
		broken(s, "%u hosts are cut within the window, %u may be", within + 1,
		       s->fuse_hosts);
}

static void check_share(struct site *s)
{
	unsigned cut = 0, most = hosts_count(s->d.hosts) * s->share / 100;

	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		const struct cut *c = cuts_at(s->d.cuts, i);

		cut += c->counted && (cut_state_in_force(c->state) || c->state == CUT_REQUESTED);
	}
	if (cut > (most ? most : 1))
		broken(s, "%u of %u hosts are cut at once, more than %u %%", cut,
		       hosts_count(s->d.hosts), s->share);
}

static void on_order(void *ctx, const struct cut *c, unsigned method)
{
	check_target(ctx, c);
}

static void on_undo(void *ctx, const struct cut *c, unsigned method)
{
	struct site *s = ctx;

	cuts_result(s->d.cuts,
		    &(struct cut_result){c->id, c->number, method, true, CUT_ANSWER_DONE, "gone"},
		    s->now);
}

/* A threat's cut ends by a person only. */
static void on_changed(void *ctx, const struct cut *c, enum cut_state from)
{
	struct site *s = ctx;
	char name[TARGET_NAME];

	if (s->loud)
		printf("%.3f cut %llu of %s: %s -> %s: %s\n", (double)s->now.mono / 1e9,
		       (unsigned long long)c->id, target_text(&c->target, name),
		       cut_state_text(from), cut_state_text(c->state), c->note);
	if (c->state == CUT_REQUESTED && c->counted) {
		s->automatic++;
		check_fuse(s, c);
		check_share(s);
	}
	if (c->state == CUT_ENDING && c->causes & CAUSE_BIT(CAUSE_THREAT))
		s->undone_threats++;
	if (c->state == CUT_EXPIRED && from == CUT_ENDING && c->causes & CAUSE_BIT(CAUSE_THREAT))
		broken(s, "a threat's cut ended by itself");
}

static void on_cut(void *ctx, const struct cut *c)
{
}

static void on_watch(void *ctx, const struct cut *c, bool on)
{
}

static void on_event(void *ctx, const struct event *ev)
{
}

static void on_judged(void *ctx, const struct decide_judgement *j)
{
}

static void on_note(void *ctx, const struct host *h, const char *text)
{
}

static struct port_facts on_port(void *ctx, const struct cut_target *t)
{
	return (struct port_facts){0};
}

/* ---- a random site ---- */

static void make_machines(struct site *s)
{
	unsigned router = 0;

	s->n = 4 + below(s, MACHINES_MAX - 4);
	for (unsigned i = 0; i < s->n; i++) {
		struct machine *m = &s->machines[i];
		uint8_t four[4] = {10, 0, (uint8_t)below(s, 2), (uint8_t)(i + 1)};

		memset(m, 0, sizeof(*m));
		m->behind_router = i > 0 && chance(s, 15);
		if (m->behind_router)
			four[1] = 9;
		m->mac = (struct mac_addr){{2, 0, 0, 0, (uint8_t)i, (uint8_t)below(s, 256)}};
		if (m->behind_router)
			m->mac = s->machines[router].mac;
		m->ip = ip_addr_v4(four);
		m->guarded = i == router || chance(s, 10);
		m->guilty = !m->guarded && chance(s, 40);
		m->silent = i > 0 && m->guarded && !m->behind_router && chance(s, 50);
		if (m->silent && chance(s, 50)) {
			m->other = m->ip;
			m->other.bytes[14] = 77;
		}
		snprintf(m->port, sizeof(m->port), "port%u", m->behind_router ? router : i);
	}
}

static void make_policy(struct site *s)
{
	static const char *const modes[] = {"monitor",	 "notify",    "approve",
					    "automatic", "automatic", "automatic"};
	char text[4096], ip[IP_ADDR_TEXT], mac[MAC_ADDR_TEXT];
	struct errmsg e = {""};
	size_t len;

	s->fuse_hosts = below(s, FUSE_MAX);
	s->fuse_window = (10 + below(s, 600)) * NS_PER_SEC;
	s->share = below(s, 101);
	len = (size_t)snprintf(
		text, sizeof(text),
		"levels: [{severity: high, level: danger}, {severity: medium, level: warning}]\n"
		"actions: [{level: warning, action: deny, count: %u}, {level: safe, action: "
		"permit},"
		" {level: caution, action: block}]\n"
		"scopes: [{name: all, networks: [10.0.0.0/8], mode: %s, cut-at: %s}]\n"
		"fuse-hosts: %u\nfuse-window: %llu\nfuse-share: %u\nmass-hosts: %u\n"
		"method: %s\njudge-every: %u\nincident-quiet: %u\nprotected:\n",
		1 + below(s, 4), modes[below(s, 6)], chance(s, 50) ? "danger" : "warning",
		s->fuse_hosts, (unsigned long long)(s->fuse_window / NS_PER_SEC), s->share,
		1 + below(s, 20), chance(s, 50) ? "same-level" : "same-or-higher",
		60 + below(s, 4000), 60 + below(s, 4000));
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		/* By address or by both; the router's machines behind it are not protected. */
		if (m->guarded && len < sizeof(text) - 200)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len,
				"  - {role: %s, address: %s, mac: '%s'}\n",
				i == 0 ? "gateway" : "dns", ip_addr_text(&m->ip, ip, false),
				m->behind_router || m->silent ? "" : mac_addr_text(&m->mac, mac));
	}
	s->policy = policy_parse(text, len, "random", &e);
	if (!s->policy)
		broken(s, "%s", e.text);
}

static void learn_machines(struct site *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];
		struct host_fact f = {.kind = HOST_FACT_SEEN, .value = "", .source = "arp"};

		f.host.mac = m->mac;
		f.host.ip = m->ip;
		f.host.side = HOST_SIDE_INSIDE;
		/* What is behind a router is not seen in ARP, and others were silent so far. */
		if (!ip_addr_is_zero(&m->other))
			f.host.ip = m->other;
		else if (m->behind_router || m->silent)
			continue;
		decide_fact(&s->d, &f, "sensor", s->now);
		if (chance(s, 60))
			hosts_note_port(s->d.hosts, &m->mac, "br0", m->port, s->now.wall);
	}
}

/* A look at the switch: who forged another's MAC made it move (and the owner made it move back). */
static void look_at_switch(struct site *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!m->behind_router)
			hosts_note_port(s->d.hosts, &m->mac, "br0", m->port, s->now.wall);
	}
	if (s->moved)
		hosts_ports_moved(s->d.hosts, "br0", s->now.wall);
	decide_ports_checked(&s->d, s->moved, s->now);
	s->moved = false;
}

/* ---- the storm ---- */

static void pass(struct site *s, uint64_t ns)
{
	s->now.wall += ns;
	s->now.mono += ns;
	/* Somebody's clock is set now and then. */
	if (chance(s, 2))
		s->now.wall += (uint64_t)below(s, 7200) * NS_PER_SEC;
	decide_tick(&s->d, s->now);
	if (chance(s, 50))
		look_at_switch(s);
	for (int i = 0; i < 2; i++) {
		cuts_tick(s->d.cuts, s->now);
		cuts_effects(s->d.cuts, s->now);
	}
}

/* What a forger can do: any address of anybody, but no handshake from an address that is not his;
 * from his own he may pretend another MAC. */
static void forge(struct site *s, struct alert *a, const struct machine *who)
{
	const struct machine *victim = &s->machines[below(s, s->n)];
	/* Nobody can tell who a MAC belongs to that never showed the address. */
	unsigned how = !victim->silent || victim->shown ? below(s, 4) : 0;

	s->moved = s->moved || how > 0;
	switch (how) {
	case 0: /* another's address */
		a->host.ip = victim->ip;
		a->handshake_completed = false;
		break;
	case 1: /* another's MAC and address */
		a->host.ip = victim->ip;
		a->host.mac = victim->mac;
		a->handshake_completed = false;
		break;
	case 2: /* another's MAC, a handshake from the own address */
		a->host.mac = victim->mac;
		break;
	case 3: /* another's MAC, a handshake from an address that nobody has */
		a->host.mac = victim->mac;
		a->host.ip.bytes[14] = 200;
		break;
	}
}

static void strike(struct site *s)
{
	struct machine *who = &s->machines[below(s, s->n)];
	char id[24];
	struct alert a = {.id = id,
			  .msg = "m",
			  .classtype = "",
			  .category = "",
			  .url = "",
			  .gid = 1,
			  .sid = 1 + below(s, 6),
			  .host_is_source = true,
			  .time = s->now.wall,
			  .severity = 1 + below(s, 4)};

	snprintf(id, sizeof(id), "a-%u", ++s->struck);
	a.host.mac = who->mac;
	a.host.ip = who->ip;
	a.handshake_completed = chance(s, 60);
	/* Innocent machines do nothing; who is not guilty only appears forged. */
	if (!who->guilty && !who->guarded)
		return;
	who->shown = true;
	if (who->guilty && chance(s, 40))
		forge(s, &a, who);
	if (s->loud)
		printf("%.3f alert of machine %d: MAC ..%02x, address .%u.%u, %s\n",
		       (double)s->now.mono / 1e9, (int)(who - s->machines), a.host.mac.bytes[4],
		       a.host.ip.bytes[14], a.host.ip.bytes[15],
		       a.handshake_completed ? "handshake" : "no handshake");
	decide_alert(&s->d, &a, "sensor", s->now);
}

/* A host as people name it: by address, by MAC, or by what the list of questions shows. */
static const char *any_name(struct site *s, char ret[CUT_ID_TEXT])
{
	const struct machine *m = &s->machines[below(s, s->n)];
	unsigned open = cuts_count(s->d.cuts);
	const struct cut *c;

	switch (below(s, 3)) {
	case 0:
		/* Nobody can tell who a MAC belongs to that showed other addresses only. */
		if (ip_addr_is_zero(&m->other) || m->shown)
			return mac_addr_text(&m->mac, ret);
		break;
	case 1:
		if (!open)
			break;
		c = cuts_at(s->d.cuts, below(s, open));
		return cut_command_id("m", c->id, c->number, ret);
	default:
		break;
	}
	return ip_addr_text(&m->ip, ret, false);
}

/* People approve what they are asked, release, and cut by hand, also nonsense. */
static void meddle(struct site *s)
{
	char name[CUT_ID_TEXT];
	struct decide_order o = {
		.host = any_name(s, name), .actor = "yamada", .reason = "r", .mitigator = "m"};
	struct errmsg e;

	if (chance(s, 50))
		o.end = s->now.wall + (uint64_t)below(s, 600) * NS_PER_SEC;
	switch (below(s, 3)) {
	case 0:
		decide_person_cuts(&s->d, &o, s->now, &e);
		break;
	case 1:
		decide_person_releases(&s->d, &o, s->now, &e);
		break;
	case 2:
		decide_person_answers(&s->d, &o, chance(s, 70), s->now, &e);
		break;
	}
}

static void answer_orders(struct site *s)
{
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		struct cut *c = cuts_at(s->d.cuts, i);

		if (c->state == CUT_SENT && chance(s, 80))
			cuts_result(s->d.cuts,
				    &(struct cut_result){c->id, c->number, c->method, false,
							 chance(s, 90) ? CUT_ANSWER_DONE
								       : CUT_ANSWER_FAILED,
							 "answered"},
				    s->now);
	}
}

static void end_all(struct site *s)
{
	for (unsigned i = 0; i < cuts_count(s->d.cuts); i++) {
		struct cut *c = cuts_at(s->d.cuts, i);

		if (c->state == CUT_HELD)
			cuts_event(s->d.cuts, c, CUT_EV_REFUSE, "yamada", "no", s->now);
		else if (!cut_state_final(c->state))
			cuts_drop_causes(s->d.cuts, c, UINT32_MAX, "yamada", "all clear", s->now);
	}
}

/* In the end nothing stands that nobody owns: a person releases all, and all is released. While
 * incidents are open a judgement may ask anew. */
static void clear_up(struct site *s)
{
	for (int i = 0; i < 12; i++) {
		end_all(s);
		pass(s, 10 * NS_PER_MIN);
	}
	end_all(s);
	cuts_tick(s->d.cuts, s->now);
	cuts_effects(s->d.cuts, s->now);
	cuts_effects(s->d.cuts, s->now);
	if (cuts_count(s->d.cuts))
		broken(s, "%u cuts stay after a person released all: %s", cuts_count(s->d.cuts),
		       cut_state_text(cuts_at(s->d.cuts, 0)->state));
}

static void begin(struct site *s)
{
	struct fuse_limits none = {0};
	struct errmsg e = {""};

	s->now = (struct cut_now){1700000000 * NS_PER_SEC, 100000 * NS_PER_SEC};
	s->orders_n = 0;
	make_machines(s);
	make_policy(s);
	sqlite3_exec(s->db, "BEGIN; DELETE FROM cut; DELETE FROM cut_change;", NULL, NULL, NULL);
	s->d = (struct decide){.hosts = hosts_new(),
			       .incidents = incidents_new(),
			       .cuts = cuts_new(&s->setup),
			       .protect = protect_new(),
			       .fuse = fuse_new(&none),
			       .sink = {.event = on_event,
					.judged = on_judged,
					.mail = on_note,
					.message = on_note,
					.command = on_note,
					.port = on_port,
					.ctx = s}};
	if (incidents_open(s->d.incidents, s->db, &e) < 0)
		broken(s, "%s", e.text);
	decide_reload(&s->d, s->policy, s->now);
	learn_machines(s);
	pass(s, below(s, 200) * NS_PER_SEC);
}

static void end(struct site *s)
{
	cuts_free(s->d.cuts);
	incidents_free(s->d.incidents);
	hosts_free(s->d.hosts);
	protect_free(s->d.protect);
	fuse_free(s->d.fuse);
	policy_free(s->policy);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static void one_case(struct site *s)
{
	unsigned storm;

	begin(s);
	storm = 1 + below(s, STORM_MAX);
	for (unsigned i = 0; i < storm; i++) {
		strike(s);
		if (chance(s, 5))
			meddle(s);
		s->d.kill_switch = chance(s, 3);
		pass(s, (uint64_t)below(s, chance(s, 10) ? 600000 : 3000) * NS_PER_MS);
		answer_orders(s);
	}
	clear_up(s);
	end(s);
}

static void set_up(struct site *s)
{
	struct errmsg e = {""};

	if (sqlite3_open(":memory:", &s->db) != SQLITE_OK)
		broken(s, "no database");
	s->setup = (struct cuts_setup){.mitigator = "m",
				       .sink = {on_cut, on_order, on_undo, on_watch, on_cut, on_cut,
						on_cut, on_cut, on_changed, s},
				       .methods = {{"openvswitch", true}, {"enforcer", true}},
				       .methods_n = 2,
				       .watches_max = 4};
	s->store = cut_store_new(s->db, s->setup.methods, 2, &e);
	if (!s->store)
		broken(s, "%s", e.text);
	s->setup.store = s->store;
}

static uint64_t wanted_cases(const char *argument)
{
	const char *text = argument ? argument : getenv("BANKEN_PROPERTY_CASES");

	return text ? strtoull(text, NULL, 10) : CASES;
}

int main(int argc, char **argv)
{
	uint64_t cases = wanted_cases(argv[1]);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct site *s = calloc(1, sizeof(*s));

	if (!s)
		return 1;
	set_up(s);
	s->loud = argc > 3;
	if (s->loud)
		cases = strtoull(argv[3], NULL, 10) + 1;
	for (s->case_number = s->loud ? cases - 1 : 0; s->case_number < cases; s->case_number++) {
		s->random = (seed << 40 ^ s->case_number) * 0x9e3779b97f4a7c15ULL + 1;
		one_case(s);
	}
	printf("%llu random sites, %llu automatic cuts: every promise held\n",
	       (unsigned long long)cases, (unsigned long long)s->automatic);
	/* A test that never cuts proves nothing. */
	if (cases >= 100 && s->automatic < cases / 10) {
		fprintf(stderr, "too few automatic cuts to prove anything\n");
		return 1;
	}
	cut_store_free(s->store);
	sqlite3_close(s->db);
	free(s);
	return 0;
}
