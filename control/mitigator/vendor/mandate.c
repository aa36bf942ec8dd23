#include "control/mitigator/vendor/mandate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/policy/roll_out.h"
#include "control/wire/config.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};

struct file {
	bool vendor, approval;
	struct config_texts signers, networks, hosts, hours;
	int level;
	uint64_t most, per_day, minutes;
	const char *until;
};

#define AT(m) offsetof(struct file, m)

static const struct config_key keys[] = {
	{"vendor", CONFIG_BOOL, AT(vendor), "false", .help = "the vendor may cut; off ends all"},
	{"signers", CONFIG_TEXTS, AT(signers), "", .max = MANDATE_SIGNERS,
	 .help = "names in the centre's certificates; none = any centre of this site"},
	{"networks", CONFIG_TEXTS, AT(networks), "", .max = MANDATE_NETWORKS,
	 .help = "addresses and prefixes of hosts that may be cut"},
	{"hosts", CONFIG_TEXTS, AT(hosts), "", .max = MANDATE_MACS,
	 .help = "MACs of hosts that may be cut, besides"},
	{"hours", CONFIG_TEXTS, AT(hours), "", .max = POLICY_HOURS,
	 .help = "when, by the machine's clock: mon-fri 08:00-18:00; none = always"},
	{"level", CONFIG_WORD, AT(level), "warning", .words = levels,
	 .help = "that the host must have here at least"},
	{"most", CONFIG_UINT, AT(most), "3", 1, 1000, .help = "hosts cut by the vendor at once"},
	{"per-day", CONFIG_UINT, AT(per_day), "10", 1, 10000, .help = "orders within 24 hours"},
	{"minutes", CONFIG_UINT, AT(minutes), "240", 1, 43200, .help = "longest cut"},
	{"approval", CONFIG_BOOL, AT(approval), "true", .help = "a person here says yes first"},
	{"until", CONFIG_TEXT, AT(until), "", .max = 32,
	 .help = "end of the mandate: 2027-03-31; empty = until it is changed"},
	{.name = NULL},
};

static int take_networks(const struct file *f, struct mandate *m, struct errmsg *e)
{
	for (size_t i = 0; i < f->networks.n; i++) {
		struct policy_prefix *p = &m->networks[m->networks_n++];

		if (ip_prefix_parse(f->networks.items[i], &p->addr, &p->bits) < 0)
			return errmsg_set(e, ERR_INVALID, "\"%.60s\" is no address or prefix",
					  f->networks.items[i]);
	}
	for (size_t i = 0; i < f->hosts.n; i++) {
		if (mac_addr_parse(f->hosts.items[i], &m->macs[m->macs_n++]) < 0)
			return errmsg_set(e, ERR_INVALID, "\"%.60s\" is no MAC", f->hosts.items[i]);
	}
	if (m->allowed && m->networks_n == 0 && m->macs_n == 0)
		return errmsg_set(e, ERR_INVALID,
				  "it allows cuts but names neither networks nor hosts");
	return 0;
}

static int take(const struct file *f, struct mandate *m, struct errmsg *e)
{
	m->allowed = f->vendor;
	m->approval = f->approval;
	m->level = (enum level)(LEVEL_SAFE + f->level);
	m->most = (uint32_t)f->most;
	m->per_day = (uint32_t)f->per_day;
	m->longest = f->minutes * NS_PER_MIN;
	if (policy_time_parse(f->until, &m->until) < 0)
		return errmsg_set(e, ERR_INVALID, "until: \"%.40s\" is no date", f->until);
	for (size_t i = 0; i < f->signers.n; i++) {
		if (strlen(f->signers.items[i]) >= sizeof(m->signers[0]))
			return errmsg_set(e, ERR_INVALID, "a signer's name is too long");
		snprintf(m->signers[m->signers_n++], sizeof(m->signers[0]), "%s",
			 f->signers.items[i]);
	}
	for (size_t i = 0; i < f->hours.n; i++) {
		if (policy_hours_parse(f->hours.items[i], &m->hours[m->hours_n++]) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "hours: \"%.40s\": say mon-fri 08:00-18:00",
					  f->hours.items[i]);
	}
	return take_networks(f, m, e);
}

int mandate_parse(const char *yaml, size_t len, const char *name, struct mandate *ret,
		  struct errmsg *e)
{
	struct file f;
	struct config *c;
	struct errmsg why = {""};
	int rc;

	memset(ret, 0, sizeof(*ret));
	c = config_parse(keys, yaml, len, name, &f, sizeof(f), e);
	if (!c)
		return ERR_INVALID;
	rc = take(&f, ret, &why);
	config_free(c);
	if (rc < 0) {
		memset(ret, 0, sizeof(*ret));
		errmsg_set(e, rc, "%s: %.400s", name, why.text);
	}
	return rc;
}

int mandate_load(const char *path, struct mandate *ret, struct errmsg *e)
{
	struct slice s;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (!path[0])
		return errmsg_set(e, ERR_NOTFOUND, "there is no mandate");
	rc = file_read(path, MANDATE_BYTES, &s, e);
	if (rc < 0)
		return rc;
	rc = mandate_parse((const char *)s.data, s.len, path, ret, e);
	free((void *)(uintptr_t)s.data);
	return rc;
}

/* ---- checks ---- */

static bool may_sign(const struct mandate *m, const struct identity *who)
{
	for (unsigned i = 0; i < m->signers_n; i++) {
		if (strcmp(m->signers[i], who->name) == 0)
			return true;
	}
	return m->signers_n == 0;
}

static bool id_ok(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:");

	return n > 0 && n < MANDATE_ID && id[n] == 0;
}

static bool within_hours(const struct mandate *m, uint64_t now)
{
	struct policy_scope *s = calloc(1, sizeof(*s));
	bool within = m->hours_n == 0;

	if (s && m->hours_n) {
		memcpy(s->hours, m->hours, sizeof(m->hours));
		s->hours_n = m->hours_n;
		within = roll_out_within(s, now);
	}
	free(s);
	return within;
}

static bool host_ok(const struct mandate *m, const struct host_ident *h)
{
	for (unsigned i = 0; i < m->macs_n; i++) {
		if (mac_addr_is_host(&h->mac) && mac_addr_eq(&m->macs[i], &h->mac))
			return true;
	}
	for (unsigned i = 0; i < m->networks_n; i++) {
		if (ip_addr_is_host(&h->ip) &&
		    ip_addr_in_prefix(&h->ip, &m->networks[i].addr, m->networks[i].bits))
			return true;
	}
	return false;
}

static int check_form(const struct mandate_case *c, struct errmsg *e)
{
	const struct quarantine_command *q = c->command;

	if (!id_ok(q->command_id))
		return errmsg_set(e, ERR_DENIED, "the order's id is missing or malformed");
	if (c->signer->role != ROLE_CENTRE)
		return errmsg_set(e, ERR_DENIED, "signed by a %s, not by a centre",
				  role_text(c->signer->role));
	if (q->target[0] && strcmp(q->target, c->name) != 0)
		return errmsg_set(e, ERR_DENIED, "a foreign order: for %s, this is %s", q->target,
				  c->name);
	if (q->action != COMMAND_QUARANTINE && q->action != COMMAND_BLOCK &&
	    q->action != COMMAND_RELEASE)
		return errmsg_set(e, ERR_DENIED, "the vendor may cut and release, not %s",
				  command_action_text(q->action));
	if (q->order_expires == 0 || q->order_expires < c->now)
		return errmsg_set(e, ERR_DENIED, "the order is no longer good");
	if (q->issued > c->now + c->skew)
		return errmsg_set(e, ERR_DENIED,
				  "the order is from %llu s in the future: set the clocks",
				  (unsigned long long)((q->issued - c->now) / NS_PER_SEC));
	return 0;
}

bool mandate_holds(const struct mandate *m, uint64_t now)
{
	return m->allowed && (m->until == 0 || now < m->until);
}

static int check_room(const struct mandate *m, const struct mandate_case *c, struct errmsg *e)
{
	const struct quarantine_command *q = c->command;

	if (q->lease_expires <= c->now)
		return errmsg_set(e, ERR_DENIED,
				  "a vendor's cut must say when it ends, and not "
				  "have ended");
	if (q->lease_expires - c->now > m->longest + c->skew)
		return errmsg_set(e, ERR_DENIED, "%llu minutes are longer than the mandate's %llu",
				  (unsigned long long)((q->lease_expires - c->now) / NS_PER_MIN),
				  (unsigned long long)(m->longest / NS_PER_MIN));
	if (c->level < m->level)
		return errmsg_set(e, ERR_DENIED, "the host is judged %s here, the mandate wants %s",
				  level_text(c->level), level_text(m->level));
	if (c->cut >= m->most)
		return errmsg_set(e, ERR_DENIED,
				  "%u hosts are cut by the vendor, the mandate "
				  "allows %u",
				  c->cut, m->most);
	if (c->orders >= m->per_day)
		return errmsg_set(e, ERR_DENIED,
				  "%u orders were accepted within 24 hours, the "
				  "mandate allows %u",
				  c->orders, m->per_day);
	return 0;
}

int mandate_check(const struct mandate *m, const struct mandate_case *c, struct errmsg *e)
{
	if (check_form(c, e) < 0)
		return ERR_DENIED;
	if (!may_sign(m, c->signer))
		return errmsg_set(e, ERR_DENIED, "%s is not among the mandate's signers",
				  c->signer->name);
	/* Taking back what it ordered is always allowed. */
	if (c->command->action == COMMAND_RELEASE)
		return 0;
	if (!mandate_holds(m, c->now))
		return errmsg_set(e, ERR_DENIED,
				  m->allowed ? "the mandate has ended" : "there is no mandate");
	if (!within_hours(m, c->now))
		return errmsg_set(e, ERR_DENIED, "outside the mandate's hours");
	if (!host_ok(m, &c->command->host))
		return errmsg_set(e, ERR_DENIED, "the host is not of the mandate's networks");
	return check_room(m, c, e);
}
