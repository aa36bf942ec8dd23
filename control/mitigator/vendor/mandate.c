#include "control/mitigator/vendor/mandate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/mitigator/policy/roll_out.h"
#include "control/wire/config.h"
#include "control/wire/file.h"
#include "control/wire/local.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const char *const levels[] = {"safe", "caution", "warning", "danger", NULL};

struct file {
	bool vendor, approval;
	struct config_texts signers, networks, hosts, hours, people, vendor_people, types;
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
	{"people", CONFIG_TEXTS, AT(people), "", .max = 8,
	 .help = "what the customer's own people may do from the centre: approve refuse release "
		 "except mandate policy collect; none = nothing"},
	{"vendor-people", CONFIG_TEXTS, AT(vendor_people), "", .max = 8,
	 .help = "what the vendor's people may do besides cutting: approve refuse except policy "
		 "collect"},
	{"file-types", CONFIG_TEXTS, AT(types), "", .max = MANDATE_TYPES,
	 .help = "types of files that may be collected on an instruction: exe dll js; none = no "
		 "file leaves"},
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

static const char *const act_words[] = {"approve", "refuse", "release", "except",
					"mandate", "policy", "collect"};

/* `never`: not for these people. */
static int take_acts(const struct config_texts *words, unsigned never, unsigned *ret,
		     struct errmsg *e)
{
	size_t n = ARRAY_SIZE(act_words);

	*ret = 0;
	for (size_t i = 0; i < words->n; i++) {
		size_t k = 0;

		while (k < n && strcmp(act_words[k], words->items[i]) != 0)
			k++;
		if (k == n || never & 1u << k)
			return errmsg_set(e, ERR_INVALID, "\"%.40s\" is nothing they can do",
					  words->items[i]);
		*ret |= 1u << k;
	}
	return 0;
}

static int take_types(const struct config_texts *words, struct mandate *m, struct errmsg *e)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *w = words->items[i];
		size_t n = strspn(w, "abcdefghijklmnopqrstuvwxyz0123456789");

		if (n == 0 || n >= MANDATE_TYPE || w[n])
			return errmsg_set(e, ERR_INVALID, "file-types: \"%.40s\": say exe, dll, js",
					  w);
		snprintf(m->types[m->types_n++], MANDATE_TYPE, "%s", w);
	}
	return 0;
}

bool mandate_lets_leave(const struct mandate *m, const char *type)
{
	for (unsigned i = 0; i < m->types_n; i++) {
		if (strcmp(m->types[i], type) == 0)
			return true;
	}
	return false;
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
	if (take_acts(&f->people, 0, &m->people, e) < 0 ||
	    take_acts(&f->vendor_people, MANDATE_EDIT, &m->vendor_people, e) < 0 ||
	    take_types(&f->types, m, e) < 0)
		return ERR_INVALID;
	m->vendor_people &= ~(unsigned)MANDATE_RELEASE; /* they take back what they ordered */
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

/* ---- what the customer wrote at the centre ---- */

void mandate_edited_path(const char *state_folder, char ret[512])
{
	snprintf(ret, 512, "%.480s/mandate-edited.json", state_folder);
}

/* The path that holds, and what comes from the machine's own file. */
static int choose(const char *path, const char *state_folder, struct mandate *own, char ret[512],
		  struct errmsg *e)
{
	int rc = mandate_load(path, own, e);

	snprintf(ret, 512, "%.500s", path);
	if (rc == 0 && own->allowed && own->people & MANDATE_EDIT) {
		mandate_edited_path(state_folder, ret);
		if (access(ret, R_OK) != 0)
			snprintf(ret, 512, "%.500s", path);
	}
	return rc;
}

int mandate_in_force(const char *path, const char *state_folder, struct mandate *ret,
		     struct errmsg *e)
{
	struct mandate own;
	char chosen[512];
	int rc = choose(path, state_folder, &own, chosen, e);

	*ret = own;
	if (rc < 0 || strcmp(chosen, path) == 0)
		return rc;
	rc = mandate_load(chosen, ret, e);
	if (rc < 0)
		return rc; /* allows nothing */
	memcpy(ret->signers, own.signers, sizeof(ret->signers));
	ret->signers_n = own.signers_n;
	ret->people = own.people;
	ret->vendor_people = own.vendor_people;
	return 0;
}

bool mandate_allows(const struct mandate *m, bool own, enum mandate_act act, uint64_t now)
{
	if (own)
		return m->people & act;
	return m->vendor_people & act && mandate_holds(m, now) && within_hours(m, now);
}

static json_t *texts(const struct config_texts *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(list, json_string(t->items[i]));
	return list;
}

static json_t *acts_of(unsigned set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(act_words); i++) {
		if (set & 1u << i)
			json_array_append_new(list, json_string(act_words[i]));
	}
	return list;
}

/* As the file says it. */
static json_t *describe_file(const char *path, struct errmsg *e)
{
	struct slice s;
	struct config *c;
	struct file f;
	json_t *o;

	if (!path[0] || file_read(path, MANDATE_BYTES, &s, e) < 0)
		return json_object();
	c = config_parse(keys, (const char *)s.data, s.len, path, &f, sizeof(f), e);
	free((void *)(uintptr_t)s.data);
	if (!c)
		return json_object();
	o = json_pack("{sb sb so so so ss sI sI sI ss}", "vendor", f.vendor, "approval", f.approval,
		      "networks", texts(&f.networks), "hosts", texts(&f.hosts), "hours",
		      texts(&f.hours), "level", levels[f.level], "most", (json_int_t)f.most,
		      "per_day", (json_int_t)f.per_day, "minutes", (json_int_t)f.minutes, "until",
		      f.until);
	json_object_set_new(o, "file_types", texts(&f.types));
	config_free(c);
	return o ? o : json_object();
}

char *mandate_describe(const char *path, const char *state_folder, uint64_t now)
{
	struct errmsg e = {""};
	struct mandate own, holds;
	char chosen[512], *text;
	json_t *o;

	choose(path, state_folder, &own, chosen, &e);
	o = describe_file(chosen, &e);
	mandate_in_force(path, state_folder, &holds, &e);
	json_object_set_new(o, "holds", json_boolean(mandate_holds(&holds, now)));
	json_object_set_new(o, "people", acts_of(own.people));
	json_object_set_new(o, "vendor_people", acts_of(own.vendor_people));
	json_object_set_new(o, "edited", json_boolean(strcmp(chosen, path) != 0));
	json_object_set_new(o, "problem", local_text(e.text));
	text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	return text;
}
