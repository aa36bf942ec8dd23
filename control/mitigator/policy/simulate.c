#include "control/mitigator/policy/simulate.h"

#include <stdlib.h>
#include <strings.h>

#include "control/mitigator/csv/csv.h"
#include "control/mitigator/policy/when.h"
#include "dataplane/base/hash.h"

/* The last is optional. */
enum { COLUMN_TIME, COLUMN_HOST, COLUMN_LEVEL, COLUMN_ADDRESS, COLUMNS_N };

static const char *const column_names[COLUMNS_N] = {"time", "host", "level", "address"};

/* Texts are offsets into the store, which moves while it grows. */
struct row {
	uint64_t when;
	uint32_t seq, host;
	uint32_t time_text;
	enum level level;
};

struct known {
	uint32_t name;
	const struct judge_policy *judge;
	struct judge_run run;
};

struct simulation {
	const struct simulate_by *by;
	struct csv csv;
	int columns[COLUMNS_N];
	unsigned fields_n; /* of the first line; 0: it was no headline */
	struct row *rows;
	size_t rows_n, rows_cap;
	struct known *hosts;
	size_t hosts_n, hosts_cap;
	uint32_t *slots; /* hosts by name: index + 1, 0 is free */
	size_t slots_n;	 /* a power of two, more than half free */
	char *texts;
	size_t texts_n, texts_cap;
	struct hash_key key;
};

/* ---- growing ---- */

/* Room for one item more; false without memory. */
static bool grow(void **items, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 1024;
	void *p;

	if (n < *cap)
		return true;
	p = realloc(*items, more * size);
	if (!p)
		return false;
	*items = p;
	*cap = more;
	return true;
}

static int no_memory(struct errmsg *e)
{
	return errmsg_set(e, ERR_NOMEM, "no memory for a list of this size");
}

/* The text's place, or 0 without memory: place 0 is never given. */
static uint32_t keep(struct simulation *s, const char *text)
{
	size_t n = strlen(text) + 1, at = s->texts_n ? s->texts_n : 1;

	while (at + n > s->texts_cap) {
		if (!grow((void **)&s->texts, s->texts_cap, &s->texts_cap, 1))
			return 0;
	}
	if (at + n > UINT32_MAX)
		return 0;
	memcpy(s->texts + at, text, n);
	s->texts_n = at + n;
	return (uint32_t)at;
}

/* ---- hosts ---- */

static size_t slot_of(const struct simulation *s, const char *name)
{
	size_t at = (size_t)hash_bytes(&s->key, name, strlen(name)) & (s->slots_n - 1);

	while (s->slots[at] && strcmp(s->texts + s->hosts[s->slots[at] - 1].name, name) != 0)
		at = (at + 1) & (s->slots_n - 1);
	return at;
}

static bool more_slots(struct simulation *s)
{
	size_t n = s->slots_n ? s->slots_n * 2 : 1024;

	if (s->hosts_n * 2 < s->slots_n)
		return true;
	free(s->slots);
	s->slots = calloc(n, sizeof(*s->slots));
	if (!s->slots)
		return false;
	s->slots_n = n;
	for (size_t i = 0; i < s->hosts_n; i++)
		s->slots[slot_of(s, s->texts + s->hosts[i].name)] = (uint32_t)i + 1;
	return true;
}

static const struct judge_policy *judge_of(const struct simulate_by *by, const char *host,
					   const char *address)
{
	const struct policy_scope *scope = NULL;
	struct mac_addr mac;
	struct ip_addr ip;

	bool has_mac, has_ip;

	if (!by->policy)
		return by->plain;
	has_mac = mac_addr_parse(host, &mac) == 0 || mac_addr_parse(address, &mac) == 0;
	has_ip = ip_addr_parse(address, &ip) == 0 || ip_addr_parse(host, &ip) == 0;
	if (has_mac || has_ip)
		scope = policy_scope_for(by->policy, has_mac ? &mac : NULL, &ip, has_ip);
	return &policy_set_of(by->policy, scope)->judge;
}

static int host_of(struct simulation *s, const char *name, const char *address, uint32_t *ret,
		   struct errmsg *e)
{
	struct known *h;
	size_t slot;

	if (!more_slots(s))
		return no_memory(e);
	slot = slot_of(s, name);
	if (!s->slots[slot]) {
		if (!grow((void **)&s->hosts, s->hosts_n, &s->hosts_cap, sizeof(*s->hosts)))
			return no_memory(e);
		h = &s->hosts[s->hosts_n];
		*h = (struct known){.name = keep(s, name), .judge = judge_of(s->by, name, address)};
		if (!h->name)
			return no_memory(e);
		s->slots[slot] = (uint32_t)++s->hosts_n;
	}
	*ret = s->slots[slot] - 1;
	return 0;
}

/* ---- the list ---- */

static bool is_heading(const struct csv *c)
{
	for (unsigned i = 0; i < c->fields_n; i++) {
		for (unsigned k = 0; k < COLUMNS_N; k++) {
			if (strcasecmp(c->fields[i], column_names[k]) == 0)
				return true;
		}
	}
	return false;
}

static int take_heading(struct simulation *s, struct errmsg *e)
{
	const struct csv *c = &s->csv;

	s->fields_n = c->fields_n;
	for (unsigned k = 0; k < COLUMNS_N; k++) {
		s->columns[k] = -1;
		for (unsigned i = 0; i < c->fields_n; i++) {
			if (strcasecmp(c->fields[i], column_names[k]) != 0)
				continue;
			if (s->columns[k] >= 0)
				return csv_wrong(c, e, "the column %s is there twice",
						 column_names[k]);
			s->columns[k] = (int)i;
		}
		if (s->columns[k] < 0 && k != COLUMN_ADDRESS)
			return csv_wrong(c, e,
					 "the column %s is missing: time, host and level are "
					 "needed",
					 column_names[k]);
	}
	return 0;
}

static int level_of(const char *word, enum level *ret)
{
	for (enum level l = LEVEL_SAFE; l <= LEVEL_DANGER; l++) {
		if (strcasecmp(word, level_text(l)) == 0) {
			*ret = l;
			return 0;
		}
	}
	return ERR_INVALID;
}

static int take_row(struct simulation *s, struct errmsg *e)
{
	const struct csv *c = &s->csv;
	const char *time, *host, *level, *address = "";
	struct row *r;
	int rc;

	if (c->fields_n != s->fields_n)
		return csv_wrong(c, e, "has %u columns, not %u", c->fields_n, s->fields_n);
	if (s->rows_n >= SIMULATE_ROWS)
		return csv_wrong(c, e, "more than %d judgements", SIMULATE_ROWS);
	if (!grow((void **)&s->rows, s->rows_n, &s->rows_cap, sizeof(*s->rows)))
		return no_memory(e);
	time = c->fields[s->columns[COLUMN_TIME]];
	host = c->fields[s->columns[COLUMN_HOST]];
	level = c->fields[s->columns[COLUMN_LEVEL]];
	if (s->columns[COLUMN_ADDRESS] >= 0)
		address = c->fields[s->columns[COLUMN_ADDRESS]];
	r = &s->rows[s->rows_n];
	*r = (struct row){.seq = (uint32_t)s->rows_n};
	if (when_parse(time, &r->when) < 0)
		return csv_wrong(c, e,
				 "\"%.40s\" is no time such as 2026-11-21T09:00:00Z or "
				 "2026-11-21T18:00:00+09:00",
				 time);
	if (!host[0] || strlen(host) >= SIMULATE_HOST)
		return csv_wrong(c, e, "the host is %s",
				 host[0] ? "longer than 127 bytes" : "missing");
	if (level_of(level, &r->level) < 0)
		return csv_wrong(c, e, "\"%.40s\" is no level: safe, caution, warning or danger",
				 level);
	rc = host_of(s, host, address, &r->host, e);
	if (rc < 0)
		return rc;
	r->time_text = keep(s, time);
	if (!r->time_text)
		return no_memory(e);
	s->rows_n++;
	return 0;
}

static int read_list(struct simulation *s, struct errmsg *e)
{
	int rc = csv_next(&s->csv, e);

	if (rc == 0)
		return csv_wrong(&s->csv, e,
				 "is empty: the columns time, host and level are needed");
	if (rc == 1 && s->csv.fields_n == 1 && strpbrk(s->csv.fields[0], ";\t"))
		return csv_wrong(&s->csv, e, "the columns are separated by %s: save it with commas",
				 strchr(s->csv.fields[0], ';') ? "semicolons" : "tabs");
	if (rc == 1 && is_heading(&s->csv)) {
		rc = take_heading(s, e);
		if (rc == 0)
			rc = csv_next(&s->csv, e);
	} else {
		s->fields_n = COLUMN_ADDRESS;
		for (int k = 0; k < COLUMN_ADDRESS; k++)
			s->columns[k] = k;
		s->columns[COLUMN_ADDRESS] = -1;
	}
	while (rc == 1) {
		rc = take_row(s, e);
		if (rc == 0)
			rc = csv_next(&s->csv, e);
	}
	return rc;
}

/* ---- the walk ---- */

static int by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static void add_action(struct simulate_step *st, const char *name)
{
	for (unsigned i = 0; i < st->actions_n; i++) {
		if (strcmp(st->actions[i], name) == 0)
			return;
	}
	st->actions[st->actions_n++] = name;
}

static bool step(struct simulation *s, const struct row *r,
		 bool (*fn)(void *ctx, const struct simulate_step *st), void *ctx)
{
	struct known *h = &s->hosts[r->host];
	uint32_t fired = judge_rules(h->judge, &h->run, r->level, r->when);
	struct simulate_step st = {.time = s->texts + r->time_text,
				   .host = s->texts + h->name,
				   .level = r->level,
				   .count = h->run.count,
				   .days = judge_run_days(&h->run)};

	for (unsigned i = 0; i < h->judge->rules_n; i++) {
		const struct judge_rule *rule = &h->judge->rules[i];

		if (fired & 1u << i)
			add_action(&st, s->by->policy ? policy_action_text(rule->action)
						      : level_text(rule->level));
	}
	return fn(ctx, &st);
}

int simulate_run(struct slice list, const char *name, const struct simulate_by *by,
		 bool (*fn)(void *ctx, const struct simulate_step *s), void *ctx, struct errmsg *e)
{
	struct simulation *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return no_memory(e);
	s->by = by;
	s->key = hash_key_random();
	rc = csv_open(&s->csv, list, name, e);
	if (rc == 0)
		rc = read_list(s, e);
	if (rc == 0 && s->rows_n)
		qsort(s->rows, s->rows_n, sizeof(*s->rows), by_time);
	for (size_t i = 0; rc == 0 && i < s->rows_n; i++) {
		if (!step(s, &s->rows[i], fn, ctx))
			break;
	}
	free(s->rows);
	free(s->hosts);
	free(s->slots);
	free(s->texts);
	free(s);
	return rc;
}

/* ---- "danger=6,warning=4" ---- */

static int read_condition(const char *part, enum level *ret_level, uint32_t *ret, struct errmsg *e)
{
	const char *equals = strchr(part, '=');
	char word[16], *end = NULL;
	long n = -1;

	if (equals && (size_t)(equals - part) < sizeof(word)) {
		snprintf(word, sizeof(word), "%.*s", (int)(equals - part), part);
		if (equals[1] >= '0' && equals[1] <= '9')
			n = strtol(equals + 1, &end, 10);
	}
	if (n < 0 || n > SIMULATE_COUNT_MAX || *end || level_of(word, ret_level) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "\"%.40s\" is no condition such as danger=6 (safe, caution, "
				  "warning, danger; 0 = at every judgement)",
				  part);
	if (*ret_level == LEVEL_SAFE && n > 0)
		return errmsg_set(e, ERR_INVALID,
				  "safe takes no count and no days: it ends a run and counts 0 "
				  "(safe=0: at every judgement)");
	*ret = (uint32_t)n;
	return 0;
}

/* The level's one rule, made when it is not there. */
static struct judge_rule *rule_of(struct judge_policy *p, enum level level)
{
	for (unsigned i = 0; i < p->rules_n; i++) {
		if (p->rules[i].level == level)
			return &p->rules[i];
	}
	p->rules[p->rules_n] = (struct judge_rule){level, ACTION_MAIL, 0, 0};
	return &p->rules[p->rules_n++];
}

static int read_conditions(const char *text, struct judge_policy *ret, bool days, struct errmsg *e)
{
	char copy[256], *rest = copy, *part;
	unsigned given = 0;

	if (strlen(text) >= sizeof(copy))
		return errmsg_set(e, ERR_INVALID, "the conditions are too long");
	snprintf(copy, sizeof(copy), "%s", text);
	while ((part = strsep(&rest, ","))) {
		enum level level = LEVEL_SAFE;
		uint32_t n = 0;

		if (read_condition(part + strspn(part, " "), &level, &n, e) < 0)
			return ERR_INVALID;
		if (given & 1u << level)
			return errmsg_set(e, ERR_INVALID, "%s is given twice", level_text(level));
		given |= 1u << level;
		if (days)
			rule_of(ret, level)->days = n;
		else
			rule_of(ret, level)->count = n;
	}
	return 0;
}

int simulate_counts(const char *text, struct judge_policy *ret, struct errmsg *e)
{
	return read_conditions(text, ret, false, e);
}

int simulate_days(const char *text, struct judge_policy *ret, struct errmsg *e)
{
	return read_conditions(text, ret, true, e);
}
