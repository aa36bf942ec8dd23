#include "control/mitigator/property/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t site_roll(struct site *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

unsigned below(struct site *s, unsigned n)
{
	return (unsigned)(site_roll(s) % n);
}

bool chance(struct site *s, unsigned percent)
{
	return below(s, 100) < percent;
}

/* ---- machines ---- */

static void make_machine(struct site *s, unsigned i, unsigned router)
{
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
	m->guarded = i == router ? !s->nat : chance(s, 10);
	m->role = i != router && !m->guarded && !m->behind_router && chance(s, 12)
			  ? ROLE_PERHAPS + (chance(s, 50) ? 1 : 0)
			  : ROLE_NO;
	m->guilty = !m->guarded && m->role != ROLE_SURE && chance(s, 50);
	m->silent = i > 0 && m->guarded && !m->behind_router && chance(s, 50);
	m->spared = !m->guarded && chance(s, 8);
	m->by_mac = i > 0 && m->guarded && !m->behind_router && !m->silent && chance(s, 30);
	m->guarded = m->guarded || m->role == ROLE_SURE;
	m->phone = !m->behind_router && chance(s, 6);
	m->beside = !m->behind_router && chance(s, 4);
	m->stale = !m->behind_router && chance(s, 4);
	if (m->silent && chance(s, 50)) {
		m->other = m->ip;
		m->other.bytes[14] = 77;
	}
	/* Hubs, phones with a PC behind them, uplinks. */
	snprintf(m->port, sizeof(m->port), "port%u", m->behind_router ? router : i);
	if (i > 1 && !m->behind_router && chance(s, 15))
		snprintf(m->port, sizeof(m->port), "port%u", i - 1);
	else if (chance(s, 4))
		snprintf(m->port, sizeof(m->port), "uplink%u", i);
}

static void make_machines(struct site *s)
{
	s->n = 4 + below(s, MACHINES_MAX - 4);
	s->nat = chance(s, 15);
	for (unsigned i = 0; i < s->n; i++)
		make_machine(s, i, 0);
	for (unsigned i = 0; i < s->n; i++) {
		struct machine *m = &s->machines[i];

		m->shared = m->port[0] == 'u';
		for (unsigned k = 0; k < s->n && !m->behind_router; k++)
			m->shared = m->shared || (k != i && !s->machines[k].behind_router &&
						  strcmp(s->machines[k].port, m->port) == 0);
	}
}

/* ---- the policy ---- */

struct text {
	char s[8192];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, ap);
	va_end(ap);
	if (t->len >= sizeof(t->s))
		abort();
}

static void put_lists(struct site *s, struct text *t)
{
	char ip[IP_ADDR_TEXT], mac[MAC_ADDR_TEXT];
	bool any = false;

	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		/* By address or by both; the router's machines behind it are not protected. */
		if (!m->guarded || m->role == ROLE_SURE)
			continue;
		put(t, "%s  - {role: %s, address: %s, mac: '%s'}\n", any ? "" : "protected:\n",
		    i == 0 ? "gateway" : "dns", m->by_mac ? "''" : ip_addr_text(&m->ip, ip, false),
		    m->behind_router || m->silent ? "" : mac_addr_text(&m->mac, mac));
		any = true;
	}
	any = false;
	for (unsigned i = 0; i < s->n; i++) {
		const struct machine *m = &s->machines[i];

		if (!m->spared)
			continue;
		put(t, "%s  - {source: %s, never: block, reason: scanner}\n",
		    any ? "" : "exceptions:\n", ip_addr_text(&m->ip, ip, false));
		any = true;
	}
}

static void make_policy(struct site *s)
{
	static const char *const words[] = {"monitor", "notify", "approve", "automatic"};
	static const char *const at_warning[] = {"deny", "block"};
	struct text t = {.len = 0};
	struct errmsg e = {""};

	s->fuse_hosts = below(s, FUSE_MAX);
	s->fuse_window = (10 + below(s, 600)) * NS_PER_SEC;
	s->share = below(s, 101);
	s->mass_hosts = 1 + below(s, 8);
	s->mass_window = (10 + below(s, 300)) * NS_PER_SEC;
	s->mode = chance(s, 60) ? MODE_AUTOMATIC : (enum policy_mode)below(s, 4);
	s->approvals = 1 + below(s, 2);
	s->router_addresses = 1 + below(s, 5);
	put(&t,
	    "levels: [{severity: high, level: danger}, {severity: medium, level: warning}]\n"
	    "actions: [{level: warning, action: %s, count: %u}, {level: safe, action: permit}]\n"
	    "scopes: [{name: all, networks: [10.0.0.0/8], mode: %s, cut-at: %s, approvals: %u}]\n"
	    "fuse-hosts: %u\nfuse-window: %llu\nfuse-share: %u\nmass-hosts: %u\n"
	    "mass-window: %llu\nmethod: %s\njudge-every: %u\nincident-quiet: %u\nbinding-age: %u\n"
	    "hold: %u\nreview: %u\nrouter-addresses: %u\n",
	    at_warning[below(s, 2)], 1 + below(s, 4), words[s->mode],
	    chance(s, 50) ? "danger" : "warning", s->approvals, s->fuse_hosts,
	    (unsigned long long)(s->fuse_window / NS_PER_SEC), s->share, s->mass_hosts,
	    (unsigned long long)(s->mass_window / NS_PER_SEC),
	    chance(s, 50) ? "same-level" : "same-or-higher", 60 + below(s, 4000),
	    320 + below(s, 4000), 1 + below(s, 60), 60 + below(s, 7200), 60 + below(s, 20000),
	    s->router_addresses);
	put_lists(s, &t);
	policy_free(s->policy);
	s->policy = policy_parse(t.s, t.len, "random", &e);
	if (!s->policy)
		broken(s, "%s", e.text);
}

void site_protect_one(struct site *s)
{
	struct machine *m = &s->machines[below(s, s->n)];
	struct policy_protected *p = &s->policy->protected_hosts[s->policy->protected_n];

	/* Who is behind a router cannot be told from it by MAC, nor a whole port's others. */
	if (m->guarded || m->behind_router || s->policy->protected_n >= POLICY_PROTECTED)
		return;
	*p = (struct policy_protected){
		.role = "server", .mac = m->mac, .has_mac = true, .has_prefix = true};
	p->prefix = (struct policy_prefix){m->ip, 128};
	s->policy->protected_n++;
	m->guarded = true;
	m->guilty = false;
	decide_reload(&s->d, s->policy, s->now);
}

/* ---- life ---- */

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
		if (m->role != ROLE_NO) {
			f.kind = HOST_FACT_ROLE;
			f.value = "dhcp-server";
			f.confidence =
				m->role == ROLE_SURE ? CONFIDENCE_KNOWN : CONFIDENCE_POTENTIAL;
			decide_fact(&s->d, &f, "sensor", s->now);
		}
		if (chance(s, 60) && m->port[0] != 'u')
			hosts_note_port(s->d.hosts, &m->mac, "br0", m->port, s->now.wall);
	}
}

static void make_memory(struct site *s)
{
	struct fuse_limits none = {0};

	s->d.cuts = cuts_new(&s->setup);
	s->d.protect = protect_new();
	s->d.fuse = fuse_new(&none);
	if (!s->d.cuts || !s->d.protect || !s->d.fuse)
		broken(s, "no memory");
}

static void drop_memory(struct site *s)
{
	cuts_free(s->d.cuts);
	protect_free(s->d.protect);
	fuse_free(s->d.fuse);
}

static void recount(void *ctx, const char *host_id, uint64_t when)
{
	struct site *s = ctx;

	decide_recount(&s->d, host_id, when, s->now);
}

void site_restart(struct site *s)
{
	uint64_t since = s->now.wall > s->fuse_window ? s->now.wall - s->fuse_window : 0;
	struct errmsg e = {""};
	bool stop = s->d.kill_switch;

	if (incidents_flush(s->d.incidents, &e) < 0)
		broken(s, "%s", e.text);
	drop_memory(s);
	make_memory(s);
	for (unsigned i = 0; i < hosts_count(s->d.hosts); i++) {
		hosts_at(s->d.hosts, i)->pins = 0;
		hosts_at(s->d.hosts, i)->port_checked = 0;
	}
	if (incidents_reload(s->d.incidents, &e) < 0)
		broken(s, "%s", e.text);
	decide_reload(&s->d, s->policy, s->now);
	decide_stop(&s->d, stop);
	if (cuts_recover(s->d.cuts, s->now, &e) < 0)
		broken(s, "%s", e.text);
	decide_recover(&s->d, s->now);
	if (cut_store_counted(s->store, since, recount, s, &e) < 0)
		broken(s, "%s", e.text);
	cuts_effects(s->d.cuts, s->now);
}

void site_begin(struct site *s)
{
	struct errmsg e = {""};

	s->now = (struct cut_now){1700000000 * NS_PER_SEC, 100000 * NS_PER_SEC};
	s->orders_n = s->hits_n = s->struck = 0;
	s->moved = false;
	s->alert = NULL;
	s->person = NULL;
	memset(s->away, 0, sizeof(s->away));
	make_machines(s);
	make_policy(s);
	sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
	if (cut_store_next(s->store, &s->first_cut, &e) < 0)
		broken(s, "%s", e.text);
	s->first_cut++;
	make_memory(s);
	s->d.hosts = hosts_new();
	s->d.kill_switch = false;
	memset(&s->d.count, 0, sizeof(s->d.count));
	decide_reload(&s->d, s->policy, s->now);
	learn_machines(s);
}

void site_end(struct site *s)
{
	struct errmsg e = {""};

	for (unsigned i = 0; i < CUTS_TOLD && s->told[i].state; i++)
		s->told[i] = (struct told){0};
	drop_memory(s);
	hosts_free(s->d.hosts);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (incidents_reload(s->d.incidents, &e) < 0)
		broken(s, "%s", e.text);
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

void site_set_up(struct site *s)
{
	struct errmsg e = {""};

	if (sqlite3_open(":memory:", &s->db) != SQLITE_OK)
		broken(s, "no database");
	s->setup = (struct cuts_setup){.mitigator = "m",
				       .sink = promises_sink(s),
				       .methods = {{"openvswitch", true}, {"enforcer", true}},
				       .methods_n = METHODS,
				       .watches_max = 4};
	s->store = cut_store_new(s->db, s->setup.methods, METHODS, &e);
	if (!s->store)
		broken(s, "%s", e.text);
	s->setup.store = s->store;
	s->d = (struct decide){.incidents = incidents_new(),
			       .sink = {.event = on_event,
					.judged = on_judged,
					.mail = on_note,
					.message = on_note,
					.command = on_note,
					.port = promises_port,
					.ctx = s}};
	if (!s->d.incidents || incidents_open(s->d.incidents, s->db, &e) < 0)
		broken(s, "%s", e.text);
}

void site_done(struct site *s)
{
	incidents_free(s->d.incidents);
	cut_store_free(s->store);
	policy_free(s->policy);
	sqlite3_close(s->db);
	free(s);
}
