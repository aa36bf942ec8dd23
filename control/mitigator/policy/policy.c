#include "control/mitigator/policy/policy.h"

#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/mitigator/policy/policy_file.h"
#include "control/mitigator/policy/when.h"
#include "control/mitigator/policy/roll_out.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

enum { FILE_MAX = 4 << 20 };

/* What holds without a file: all of the site watched, nothing stopped. */
static const char built_in[] =
	"name: built-in\n"
	"levels:\n"
	"  - {severity: high, level: danger}\n"
	"  - {severity: medium, level: warning}\n"
	"  - {severity: low, level: caution}\n"
	"scopes:\n"
	"  - {name: everything, networks: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16,\n"
	"     169.254.0.0/16, 'fc00::/7', 'fe80::/10'], mode: monitor}\n";

int policy_time_parse(const char *text, uint64_t *ret)
{
	struct tm tm = {0};
	const char *end;
	time_t t;

	*ret = 0;
	if (!text[0])
		return 0;
	end = strptime(text, "%Y-%m-%d", &tm);
	if (end && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &tm);
	if (!end || *end)
		return ERR_INVALID;
	t = timegm(&tm);
	if (t <= 0)
		return ERR_INVALID;
	*ret = (uint64_t)t * NS_PER_SEC;
	return 0;
}

static int prefixes(const struct config_texts *texts, const char *key, struct policy_prefix *ret,
		    unsigned *ret_n, struct errmsg *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < texts->n; i++) {
		struct policy_prefix *p = &ret[(*ret_n)++];

		if (ip_prefix_parse(texts->items[i], &p->addr, &p->bits) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "%s: \"%.60s\" is no address and no prefix", key,
					  texts->items[i]);
	}
	return 0;
}

static void take_levels(const struct policy_file *f, struct policy *p)
{
	const struct file_level *l = f->levels.items;

	for (size_t i = 0; i < f->levels.n; i++) {
		struct policy_level *to = &p->levels[p->levels_n++];

		to->severity = (enum severity)l[i].severity;
		to->confidence = (enum confidence)l[i].confidence;
		to->level = policy_file_level(l[i].level);
		snprintf(to->classtype, sizeof(to->classtype), "%s", l[i].classtype);
	}
}

/* "initial": told from the first day, nothing stopped. */
static void initial_set(struct policy_set *s)
{
	static const struct judge_rule rules[] = {
		{LEVEL_DANGER, ACTION_MESSAGE, 0, 0},  {LEVEL_DANGER, ACTION_MAIL, 0, 0},
		{LEVEL_WARNING, ACTION_MESSAGE, 0, 0}, {LEVEL_WARNING, ACTION_MAIL, 2, 0},
		{LEVEL_CAUTION, ACTION_MAIL, 24, 1},   {LEVEL_SAFE, ACTION_PERMIT, 0, 0},
	};

	snprintf(s->name, sizeof(s->name), "initial");
	s->every = NS_PER_HOUR;
	s->judge.method = JUDGE_SAME_OR_HIGHER;
	s->judge.safe_on_change = true;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		s->judge.rules[s->judge.rules_n++] = rules[i];
}

static int take_set(const struct file_set *f, const char *name, struct policy_set *s,
		    struct errmsg *e)
{
	const struct file_action *a = f->actions.items;
	struct judge_policy *j = &s->judge;

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->every = f->every * NS_PER_SEC;
	s->deferred = f->when == 1;
	j->method = (enum judge_method)f->method;
	j->safe_on_change = f->safe_on_change;
	for (size_t i = 0; i < f->actions.n; i++) {
		struct judge_rule r = {policy_file_level(a[i].level),
				       (enum policy_action)a[i].action, (uint32_t)a[i].count,
				       (uint32_t)a[i].days};

		if (r.level == LEVEL_SAFE && (r.count || r.days))
			return errmsg_set(e, ERR_INVALID,
					  "policy %s: safe takes no count and no days: it ends a "
					  "run and counts 0",
					  name);
		snprintf(j->texts[j->rules_n], JUDGE_TEXT, "%s", a[i].text);
		j->rules[j->rules_n++] = r;
	}
	return 0;
}

static int take_sets(const struct policy_file *f, struct policy *p, struct errmsg *e)
{
	const struct file_set *sets = f->sets.items;
	int rc = take_set(&f->edited, "default", &p->sets[0], e);

	initial_set(&p->sets[1]);
	p->sets_n = 2;
	for (size_t i = 0; rc == 0 && i < f->sets.n; i++) {
		if (strcmp(sets[i].name, "initial") == 0)
			return errmsg_set(e, ERR_INVALID,
					  "policies: \"initial\" is built in and cannot be "
					  "changed: give yours another name");
		if (strcmp(sets[i].name, "default") == 0)
			return errmsg_set(e, ERR_INVALID,
					  "policies: \"default\" is edited by the keys at the "
					  "top of the file (method, actions, ...)");
		if (policy_set_named(p, sets[i].name))
			return errmsg_set(e, ERR_INVALID, "policies: two are named \"%s\"",
					  sets[i].name);
		rc = take_set(&sets[i], sets[i].name, &p->sets[p->sets_n++], e);
	}
	for (unsigned i = 0; i < p->sets_n; i++) {
		if (p->sets[i].every > p->longest_every)
			p->longest_every = p->sets[i].every;
	}
	return rc;
}

static int take_member(const char *text, struct policy_scope *s, struct errmsg *e)
{
	struct policy_prefix *to = &s->networks[s->networks_n];

	if (s->macs_n >= POLICY_MACS || s->networks_n >= POLICY_NETWORKS)
		return errmsg_set(e, ERR_INVALID, "scope %s: more than %d members", s->name,
				  POLICY_MACS);
	if (mac_addr_parse(text, &s->macs[s->macs_n]) == 0) {
		s->macs_n++;
		return 0;
	}
	if (ip_prefix_parse(text, &to->addr, &to->bits) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "scope %s: \"%.60s\" is no address, no prefix and no MAC",
				  s->name, text);
	s->networks_n++;
	return 0;
}

static int take_group(const struct policy_file *f, const char *name, struct policy_scope *s,
		      struct errmsg *e)
{
	const struct file_group *g = f->groups.items;
	int rc = 0;

	for (size_t i = 0; i < f->groups.n; i++) {
		if (strcmp(g[i].name, name) != 0)
			continue;
		for (size_t k = 0; rc == 0 && k < g[i].members.n; k++)
			rc = take_member(g[i].members.items[k], s, e);
		return rc;
	}
	return errmsg_set(e, ERR_INVALID, "scope %s: there is no group \"%.40s\"", s->name, name);
}

/* Everybody it holds for. Groups without members hold for nobody, not for everybody. */
static int take_members(const struct policy_file *all, const struct file_scope *f,
			struct policy_scope *s, struct errmsg *e)
{
	char key[96];
	int rc;

	snprintf(key, sizeof(key), "scope %s, networks", s->name);
	rc = prefixes(&f->networks, key, s->networks, &s->networks_n, e);
	for (size_t i = 0; rc == 0 && i < f->hosts.n; i++)
		rc = take_member(f->hosts.items[i], s, e);
	for (size_t i = 0; rc == 0 && i < f->groups.n; i++)
		rc = take_group(all, f->groups.items[i], s, e);
	if (rc == 0 && f->groups.n && s->networks_n + s->macs_n == 0)
		return errmsg_set(e, ERR_INVALID, "scope %s: its groups have no members", s->name);
	return rc;
}

static int take_roll_out(const struct file_scope *f, struct policy_scope *s, struct errmsg *e)
{
	const struct file_stage *stages = f->stages.items;

	for (size_t i = 0; i < f->stages.n; i++) {
		struct policy_stage *to = &s->stages[s->stages_n++];

		if (when_parse(stages[i].from, &to->from) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "scope %s, stages: \"%.40s\" is no time such as "
					  "2026-12-01T09:00:00Z",
					  s->name, stages[i].from);
		if (i && to->from < s->stages[i - 1].from)
			return errmsg_set(e, ERR_INVALID,
					  "scope %s, stages: they must stand in the order of time",
					  s->name);
		to->mode = (enum policy_mode)stages[i].mode;
		to->share = (uint32_t)stages[i].share;
	}
	for (size_t i = 0; i < f->hours.n; i++) {
		if (policy_hours_parse(f->hours.items[i], &s->hours[s->hours_n++]) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "scope %s, hours: \"%.40s\" is not like mon-fri "
					  "08:00-18:00",
					  s->name, f->hours.items[i]);
	}
	s->off_hours = (enum policy_mode)f->off_hours;
	s->approvals = (uint32_t)f->approvals;
	return 0;
}

static int take_scope(const struct policy_file *all, const struct file_scope *f, struct policy *p,
		      struct errmsg *e)
{
	struct policy_scope *s = &p->scopes[p->scopes_n++];
	const struct policy_set *set = policy_set_named(p, f->policy);
	char key[96];

	snprintf(s->name, sizeof(s->name), "%s", f->name);
	s->kind = (enum policy_kind)f->kind;
	s->mode = (enum policy_mode)f->mode;
	s->cut_at = policy_file_level(f->cut_at);
	if (s->cut_at == LEVEL_SAFE)
		return errmsg_set(e, ERR_INVALID,
				  "scope %s: cut-at safe would cut every host: choose caution, "
				  "warning or danger",
				  s->name);
	if (!set)
		return errmsg_set(e, ERR_INVALID, "scope %s: there is no policy \"%s\"", s->name,
				  f->policy);
	s->set = (unsigned)(set - p->sets);
	for (size_t i = 0; i < f->methods.n; i++)
		snprintf(s->methods[s->methods_n++], sizeof(s->methods[0]), "%.31s",
			 f->methods.items[i]);
	if (take_members(all, f, s, e) < 0 || take_roll_out(f, s, e) < 0)
		return ERR_INVALID;
	snprintf(key, sizeof(key), "scope %s, exempt", s->name);
	return prefixes(&f->exempt, key, s->exempt, &s->exempt_n, e);
}

static int rule_parse(const char *text, struct policy_exception *x)
{
	char *end;
	unsigned long n;

	if (!text[0])
		return 0;
	n = strtoul(text, &end, 10);
	if (end == text || n > UINT32_MAX)
		return ERR_INVALID;
	if (*end == ':') {
		x->gid = (uint32_t)n;
		n = strtoul(end + 1, &end, 10);
	}
	x->sid = (uint32_t)n;
	return *end || n == 0 || n > UINT32_MAX ? ERR_INVALID : 0;
}

static int optional_prefix(const char *text, struct policy_prefix *ret, bool *ret_has)
{
	*ret_has = text[0] != 0;
	return *ret_has ? ip_prefix_parse(text, &ret->addr, &ret->bits) : 0;
}

int policy_exception_make(const char *rule, const char *source, const char *destination,
			  const char *sensor, struct policy_exception *ret, struct errmsg *e)
{
	*ret = (struct policy_exception){.never = NEVER_ALERT};
	snprintf(ret->sensor, sizeof(ret->sensor), "%s", sensor);
	if (rule_parse(rule, ret) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "exceptions: \"%.40s\" is no rule: gid:sid or sid", rule);
	if (optional_prefix(source, &ret->source, &ret->has_source) < 0 ||
	    optional_prefix(destination, &ret->destination, &ret->has_destination) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "exceptions: source and destination must be addresses or "
				  "prefixes (\"%.60s\", \"%.60s\")",
				  source, destination);
	return 0;
}

static int take_exception(const struct file_exception *f, struct policy_exception *x,
			  struct errmsg *e)
{
	if (policy_exception_make(f->rule, f->source, f->destination, f->sensor, x, e) < 0)
		return ERR_INVALID;
	x->never = (enum policy_never)f->never;
	snprintf(x->reason, sizeof(x->reason), "%s", f->reason);
	if (policy_time_parse(f->until, &x->until) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "exceptions: \"%s\" is no time such as 2026-12-31T00:00:00Z",
				  f->until);
	return 0;
}

static int take_protected(const struct file_protected *f, struct policy_protected *p,
			  struct errmsg *e)
{
	snprintf(p->role, sizeof(p->role), "%s", f->role);
	snprintf(p->note, sizeof(p->note), "%s", f->note);
	p->has_mac = f->mac[0] != 0;
	if ((p->has_mac && mac_addr_parse(f->mac, &p->mac) < 0) ||
	    optional_prefix(f->address, &p->prefix, &p->has_prefix) < 0 ||
	    (!p->has_mac && !p->has_prefix))
		return errmsg_set(e, ERR_INVALID,
				  "protected (%s): an address, a prefix or a MAC is needed "
				  "(\"%s\", \"%s\")",
				  f->role, f->address, f->mac);
	return 0;
}

static void take_numbers(const struct policy_file *f, struct policy *p)
{
	p->fuse_hosts = (uint32_t)f->fuse_hosts;
	p->fuse_share = (uint32_t)f->fuse_share;
	p->mass_hosts = (uint32_t)f->mass_hosts;
	p->fuse_window = f->fuse_window * NS_PER_SEC;
	p->mass_window = f->mass_window * NS_PER_SEC;
	p->message_wait = f->message_ms * NS_PER_MS;
	p->ack_wait = f->ack_ms * NS_PER_MS;
	p->ack_tries = (uint32_t)f->ack_tries;
	p->verify_window = f->window_ms * NS_PER_MS;
	p->verify_settle = f->settle_ms * NS_PER_MS;
	p->verify_quiet = f->quiet_ms * NS_PER_MS;
	p->review = f->review * NS_PER_SEC;
	p->hold = f->hold * NS_PER_SEC;
	p->recheck = f->recheck * NS_PER_SEC;
	p->retry = f->retry * NS_PER_SEC;
	p->release_grace = f->release_grace * NS_PER_SEC;
	p->repeat = (uint32_t)f->repeat;
	p->watch = f->watch * NS_PER_SEC;
	p->watch_raise = (uint32_t)f->watch_raise;
	p->repeat_window = f->repeat_window * NS_PER_SEC;
	p->incident_window = f->incident_window * NS_PER_SEC;
	p->incident_quiet = f->incident_quiet * NS_PER_SEC;
	p->risk_warning = (uint32_t)f->risk_warning;
	p->risk_danger = (uint32_t)f->risk_danger;
	p->risk_half_life = f->risk_half_life * NS_PER_SEC;
	p->binding_age = f->binding_age * NS_PER_SEC;
	p->router_addresses = (uint32_t)f->router_addresses;
}

static int take(const struct policy_file *f, struct policy *p, struct errmsg *e)
{
	const struct file_scope *scopes = f->scopes.items;
	const struct file_exception *exceptions = f->exceptions.items;
	const struct file_protected *hosts = f->protected_hosts.items;
	int rc = take_sets(f, p, e);

	snprintf(p->name, sizeof(p->name), "%s", f->name);
	p->control = f->control;
	p->cut = f->cut;
	take_levels(f, p);
	take_numbers(f, p);
	for (size_t i = 0; rc == 0 && i < f->persons.n; i++) {
		if (strlen(f->persons.items[i]) >= POLICY_TEXT)
			return errmsg_set(e, ERR_INVALID, "persons: \"%.40s...\" is too long",
					  f->persons.items[i]);
		snprintf(p->persons[p->persons_n++], POLICY_TEXT, "%s", f->persons.items[i]);
	}
	for (size_t i = 0; rc == 0 && i < f->scopes.n; i++)
		rc = take_scope(f, &scopes[i], p, e);
	for (size_t i = 0; rc == 0 && i < f->exceptions.n; i++)
		rc = take_exception(&exceptions[i], &p->exceptions[p->exceptions_n++], e);
	for (size_t i = 0; rc == 0 && i < f->protected_hosts.n; i++)
		rc = take_protected(&hosts[i], &p->protected_hosts[p->protected_n++], e);
	return rc;
}

static void version_of(const char *yaml, size_t len, struct policy *p)
{
	uint8_t sum[32];

	mbedtls_sha256_ret((const uint8_t *)yaml, len, sum, 0);
	for (unsigned i = 0; i < sizeof(sum); i++)
		snprintf(p->version + 2 * i, 3, "%02x", sum[i]);
}

struct policy *policy_parse(const char *yaml, size_t len, const char *name, struct errmsg *e)
{
	struct policy *p = calloc(1, sizeof(*p));
	struct policy_file f;
	struct config *c = config_parse(policy_keys, yaml, len, name, &f, sizeof(f), e);
	struct errmsg why;

	if (!p || !c || take(&f, p, &why) < 0) {
		if (c)
			errmsg_set(e, ERR_INVALID, "%s: %.400s", name, p ? why.text : "no memory");
		config_free(c);
		free(p);
		return NULL;
	}
	config_free(c);
	version_of(yaml, len, p);
	p->yaml = strndup(yaml, len);
	if (p->yaml)
		return p;
	errmsg_set(e, ERR_NOMEM, "%s: no memory", name);
	free(p);
	return NULL;
}

struct policy *policy_load(const char *path, struct errmsg *e)
{
	struct policy *p;
	struct slice text;

	if (!path || !path[0]) {
		p = policy_parse(built_in, sizeof(built_in) - 1, "the built-in policy", e);
		if (p)
			snprintf(p->version, sizeof(p->version), "built-in");
		return p;
	}
	if (file_read(path, FILE_MAX, &text, e) < 0)
		return NULL;
	p = policy_parse((const char *)text.data, text.len, path, e);
	payload_free(&text);
	return p;
}

void policy_free(struct policy *p)
{
	if (p)
		free(p->yaml);
	free(p);
}

enum level policy_level_of(const struct policy *p, const struct alert *a)
{
	for (unsigned i = 0; i < p->levels_n; i++) {
		const struct policy_level *l = &p->levels[i];

		if ((l->severity == SEVERITY_UNSPECIFIED || l->severity == a->severity) &&
		    (l->confidence == CONFIDENCE_UNSPECIFIED || l->confidence == a->confidence) &&
		    (!l->classtype[0] || strcmp(l->classtype, a->classtype) == 0))
			return l->level;
	}
	return LEVEL_SAFE;
}

static bool scope_holds(const struct policy_scope *s, const struct mac_addr *mac,
			const struct ip_addr *ip)
{
	if (s->networks_n + s->macs_n == 0)
		return true;
	for (unsigned i = 0; mac && i < s->macs_n; i++) {
		if (mac_addr_eq(mac, &s->macs[i]))
			return true;
	}
	for (unsigned i = 0; ip && i < s->networks_n; i++) {
		if (ip_addr_in_prefix(ip, &s->networks[i].addr, s->networks[i].bits))
			return true;
	}
	return false;
}

const struct policy_scope *policy_scope_for(const struct policy *p, const struct mac_addr *mac,
					    const struct ip_addr *ips, unsigned ips_n)
{
	for (enum policy_kind k = SCOPE_HOST; k <= SCOPE_SITE; k++) {
		/* An address at a time: what stands first is how the host is known. */
		for (unsigned n = 0; n == 0 || n < ips_n; n++) {
			const struct ip_addr *ip = n < ips_n ? &ips[n] : NULL;

			for (unsigned i = 0; i < p->scopes_n; i++) {
				if (p->scopes[i].kind == k && scope_holds(&p->scopes[i], mac, ip))
					return &p->scopes[i];
			}
		}
	}
	return NULL;
}

const struct policy_scope *policy_scope_of(const struct policy *p, const struct ip_addr *host)
{
	return policy_scope_for(p, NULL, host, 1);
}

const struct policy_set *policy_set_of(const struct policy *p, const struct policy_scope *s)
{
	return &p->sets[s ? s->set : 0];
}

const struct policy_set *policy_set_named(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < p->sets_n; i++) {
		if (strcmp(p->sets[i].name, name) == 0)
			return &p->sets[i];
	}
	return NULL;
}

const char *policy_kind_text(enum policy_kind k)
{
	static const char *const words[] = {"host", "group", "zone", "site"};

	return k <= SCOPE_SITE ? words[k] : "unknown";
}

enum policy_mode policy_mode_of(const struct policy *p, const struct policy_scope *s)
{
	if (!p->control || !s)
		return MODE_MONITOR;
	return s->mode == MODE_AUTOMATIC && !p->cut ? MODE_APPROVE : s->mode;
}

enum policy_mode policy_mode_at(const struct policy *p, const struct policy_scope *s, uint64_t host,
				uint64_t now)
{
	enum policy_mode mode;

	if (!p->control || !s)
		return MODE_MONITOR;
	mode = s->mode;
	for (unsigned i = 0; i < s->stages_n; i++) {
		if (now >= s->stages[i].from && host % 100 < s->stages[i].share)
			mode = s->stages[i].mode;
	}
	if (s->hours_n && mode > s->off_hours && !roll_out_within(s, now))
		mode = s->off_hours;
	return mode == MODE_AUTOMATIC && !p->cut ? MODE_APPROVE : mode;
}

bool policy_exception_covers(const struct policy_exception *x, const struct policy_hit *hit)
{
	if (x->sid && (x->sid != hit->sid || (x->gid && x->gid != hit->gid)))
		return false;
	if (x->has_source && !ip_addr_in_prefix(&hit->source, &x->source.addr, x->source.bits))
		return false;
	if (x->has_destination &&
	    !ip_addr_in_prefix(&hit->destination, &x->destination.addr, x->destination.bits))
		return false;
	return !x->sensor[0] || strcmp(x->sensor, hit->sensor) == 0;
}

int policy_exception_of(const struct policy *p, enum policy_never never, const struct alert *a,
			const char *sensor, uint64_t now)
{
	struct policy_hit hit = {.gid = a->gid,
				 .sid = a->sid,
				 .source = a->host_is_source ? a->host.ip : a->peer.ip,
				 .destination = a->host_is_source ? a->peer.ip : a->host.ip,
				 .sensor = sensor};

	for (unsigned i = 0; i < p->exceptions_n; i++) {
		const struct policy_exception *x = &p->exceptions[i];

		if (x->never == never && (x->until == 0 || x->until > now) &&
		    policy_exception_covers(x, &hit))
			return (int)i;
	}
	return -1;
}

const char *policy_overall_mode(const struct policy *p)
{
	enum policy_mode most = MODE_MONITOR;

	for (unsigned i = 0; i < p->scopes_n; i++) {
		if (policy_mode_of(p, &p->scopes[i]) > most)
			most = policy_mode_of(p, &p->scopes[i]);
	}
	return policy_mode_text(most);
}
