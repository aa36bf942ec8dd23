#include "control/wire/managed.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/addr.h"

#define SENSOR	  ROLE_SET(ROLE_SENSOR)
#define MITIGATOR ROLE_SET(ROLE_MITIGATOR)

const struct managed_key managed_keys[] = {
	{"behave.enabled", SENSOR, 'b', 0, 0, NULL, "detectors with hours and weeks of memory"},
	{"behave.history-days", SENSOR, 'n', 1, 365, NULL, "what a host does in that time it does"},
	{"behave.learn-days", SENSOR, 'n', 0, 365, NULL, "calls that began then are proposed"},
	{"behave.memory-mb", SENSOR, 'n', 8, 4096, NULL, "MiB that they may take"},
	{"behave.save-seconds", SENSOR, 'n', 10, 86400, NULL, "between two savings"},
	{"community-id", SENSOR, 'b', 0, 0, NULL, "Community ID in records"},
	{"health-seconds", SENSOR, 'n', 1, 3600, NULL, "between two health reports"},
	{"log-level", SENSOR | MITIGATOR, 'w', 0, 0, "error warn info debug", "of the log"},
	{"mirror-window-seconds", SENSOR, 'n', 2, 3600, NULL, "over which the mirror is judged"},
	{"networks", SENSOR, 'p', 0, 0, NULL, "addresses that are inside"},
	{"ports-every", MITIGATOR, 'n', 1, 3600, NULL, "seconds between looks at switches' ports"},
	{"records-to-centre", SENSOR, 'b', 0, 0, NULL, "flow and other records go to the centre"},
	{"search.disk-percent", SENSOR, 'n', 1, 90, NULL, "share of the disk for kept records"},
	{"search.max-mb", SENSOR, 'n', 0, 1 << 20, NULL, "MiB of kept records"},
	{"spool.max-mb", SENSOR, 'n', 8, 1 << 20, NULL, "MiB of messages that wait"},
	{"spool.urgent-percent", SENSOR, 'n', 1, 99, NULL, "of it for alerts only"},
	{"vlans", SENSOR, 'v', 0, 0, NULL, "VLANs that the mirror port must show"},
};
const size_t managed_n_keys = ARRAY_SIZE(managed_keys);

/* One line, its ends trimmed. */
struct line {
	char key[MANAGED_KEY], value[MANAGED_VALUE];
	unsigned number;
};

struct reader {
	const char *at, *end;
	unsigned number;
};

static struct reader reader_of(struct slice text)
{
	const char *p = (const char *)text.data;

	return (struct reader){p, p + text.len, 0};
}

static void trim(const char **from, const char **to)
{
	while (*from < *to && isspace((unsigned char)**from))
		(*from)++;
	while (*from < *to && isspace((unsigned char)(*to)[-1]))
		(*to)--;
}

static int split(const char *from, const char *to, struct line *ret, struct errmsg *e)
{
	const char *colon = memchr(from, ':', (size_t)(to - from)), *k = from, *k_end, *v;

	if (!colon)
		return errmsg_set(e, ERR_INVALID, "line %u is not \"key: value\"", ret->number);
	k_end = colon;
	v = colon + 1;
	trim(&k, &k_end);
	trim(&v, &to);
	if (k_end - k >= MANAGED_KEY || to - v >= MANAGED_VALUE || k == k_end)
		return errmsg_set(e, ERR_LIMIT, "line %u is too long, or has no key", ret->number);
	snprintf(ret->key, sizeof(ret->key), "%.*s", (int)(k_end - k), k);
	snprintf(ret->value, sizeof(ret->value), "%.*s", (int)(to - v), v);
	return 0;
}

/* 1: a line, 0: the end, else an error. Empty lines and those with # are passed over. */
static int next_line(struct reader *r, struct line *ret, struct errmsg *e)
{
	while (r->at < r->end) {
		const char *eol = memchr(r->at, '\n', (size_t)(r->end - r->at));
		const char *from = r->at, *to = eol ? eol : r->end;
		int rc;

		r->at = eol ? eol + 1 : r->end;
		if (++r->number > MANAGED_LINES)
			return errmsg_set(e, ERR_LIMIT, "it has more than %d lines", MANAGED_LINES);
		for (const char *p = from; p < to; p++) {
			if ((unsigned char)*p < ' ' && *p != '\t' && *p != '\r')
				return errmsg_set(e, ERR_INVALID, "line %u has a control character",
						  r->number);
		}
		trim(&from, &to);
		if (from == to || *from == '#')
			continue;
		ret->number = r->number;
		rc = split(from, to, ret, e);
		return rc ? rc : 1;
	}
	return 0;
}

static const struct managed_key *find(const char *name)
{
	for (size_t i = 0; i < managed_n_keys; i++) {
		if (strcmp(managed_keys[i].name, name) == 0)
			return &managed_keys[i];
	}
	return NULL;
}

/* ---- values ---- */

static bool is_number(const char *s, double min, double max)
{
	char *end;
	double n = strtod(s, &end);

	return s[0] && !*end && strspn(s, "0123456789") == strlen(s) && isfinite(n) && n >= min &&
	       n <= max;
}

static bool is_prefix(const char *s)
{
	const char *slash = strchr(s, '/');
	char text[IP_ADDR_TEXT];
	struct ip_addr a;

	snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - s) : (int)sizeof(text) - 1, s);
	return ip_addr_parse(text, &a) == 0 &&
	       (!slash || is_number(slash + 1, 0, ip_addr_is_v4(&a) ? 32 : 128));
}

static bool is_vlan(const char *s)
{
	return is_number(s, 1, 4094);
}

/* "[a, b]" or "[]": the program's table reads it as YAML, so nothing but plain words may be in it.
 */
static bool is_list(const char *s, bool (*is_item)(const char *))
{
	char copy[MANAGED_VALUE], *rest = copy, *item;
	size_t n = strlen(s);

	if (n < 2 || s[0] != '[' || s[n - 1] != ']')
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)(n - 2), s + 1);
	if (strspn(copy, " ") == strlen(copy))
		return true;
	while ((item = strsep(&rest, ","))) {
		char *end = item + strlen(item);

		while (*item == ' ')
			item++;
		while (end > item && end[-1] == ' ')
			*--end = '\0';
		if (*item == '"' && end > item + 1 && end[-1] == '"') {
			*--end = '\0';
			item++;
		}
		if (!*item || !is_item(item))
			return false;
	}
	return true;
}

static bool is_word(const char *s, const char *words)
{
	const char *found = s[0] ? strstr(words, s) : NULL;
	size_t n = strlen(s);

	return found && (found == words || found[-1] == ' ') && (found[n] == ' ' || !found[n]) &&
	       !strchr(s, ' ');
}

static int check_value(const struct managed_key *k, const struct line *l, struct errmsg *e)
{
	bool ok = false;

	if (k->kind == 'n') {
		if (is_number(l->value, k->min, k->max))
			return 0;
		return errmsg_set(e, ERR_INVALID,
				  "line %u: %s must be a whole number from %.0f to %.0f", l->number,
				  l->key, k->min, k->max);
	}
	if (k->kind == 'b')
		ok = strcmp(l->value, "true") == 0 || strcmp(l->value, "false") == 0;
	else if (k->kind == 'w')
		ok = is_word(l->value, k->words);
	else
		ok = is_list(l->value, k->kind == 'p' ? is_prefix : is_vlan);
	if (ok)
		return 0;
	return errmsg_set(e, ERR_INVALID, "line %u: %s must be %s%s", l->number, l->key,
			  k->kind == 'b'   ? "true or false"
			  : k->kind == 'w' ? "one of: "
			  : k->kind == 'p' ? "a list of prefixes: [10.0.0.0/8, fc00::/7]"
					   : "a list of VLANs: [10, 20]",
			  k->kind == 'w' ? k->words : "");
}

/* ---- documents ---- */

static int check_line(const struct line *l, unsigned roles, struct errmsg *e)
{
	const struct managed_key *k = find(l->key);

	if (!k)
		return errmsg_set(e, ERR_DENIED,
				  "line %u: %s is no key that may be set from here: paths, peers, "
				  "users, policy and mandate are the site's",
				  l->number, l->key);
	if (!(k->roles & roles))
		return errmsg_set(e, ERR_INVALID, "line %u: %s is no key of these boxes", l->number,
				  l->key);
	return check_value(k, l, e);
}

int managed_check(struct slice text, unsigned roles, struct errmsg *e)
{
	struct reader r = reader_of(text);
	bool seen[ARRAY_SIZE(managed_keys)] = {false};
	struct line l;
	int rc;

	if (text.len > MANAGED_BYTES)
		return errmsg_set(e, ERR_LIMIT, "it has more than %d bytes", MANAGED_BYTES);
	while ((rc = next_line(&r, &l, e)) > 0) {
		rc = check_line(&l, roles, e);
		if (rc)
			return rc;
		if (seen[find(l.key) - managed_keys])
			return errmsg_set(e, ERR_INVALID, "line %u: %s comes twice", l.number,
					  l.key);
		seen[find(l.key) - managed_keys] = true;
	}
	return rc;
}

/* The key's value in a document; false when it is not there. */
static bool value_of(struct slice text, const char *key, char ret[MANAGED_VALUE])
{
	struct reader r = reader_of(text);
	struct line l;

	ret[0] = '\0';
	while (next_line(&r, &l, NULL) > 0) {
		if (strcmp(l.key, key) == 0) {
			memcpy(ret, l.value, sizeof(l.value));
			return true;
		}
	}
	return false;
}

char *managed_merge(struct slice under, struct slice over, enum wire_role role)
{
	char value[MANAGED_VALUE], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	/* The table is sorted. */
	for (size_t i = 0; i < managed_n_keys; i++) {
		const struct managed_key *k = &managed_keys[i];

		if ((k->roles & ROLE_SET(role)) &&
		    (value_of(over, k->name, value) || value_of(under, k->name, value)))
			fprintf(out, "%s: %s\n", k->name, value);
	}
	return fclose(out) ? (free(text), NULL) : text;
}

json_t *managed_diff(struct slice from, struct slice to)
{
	char was[MANAGED_VALUE], is[MANAGED_VALUE];
	json_t *list = json_array();

	for (size_t i = 0; i < managed_n_keys; i++) {
		bool had = value_of(from, managed_keys[i].name, was);
		bool has = value_of(to, managed_keys[i].name, is);

		if (had != has || strcmp(was, is) != 0)
			json_array_append_new(list,
					      json_pack("{ss ss ss}", "key", managed_keys[i].name,
							"from", was, "to", is));
	}
	return list;
}

int managed_apply(struct slice text, enum wire_role role, struct config *c,
		  const struct config_key *keys, void *conf, struct errmsg *e)
{
	struct reader r = reader_of(text);
	char assign[MANAGED_KEY + MANAGED_VALUE + 2];
	struct line l;
	int rc = managed_check(text, ROLE_SET(role), e);

	while (rc == 0 && (rc = next_line(&r, &l, e)) > 0) {
		snprintf(assign, sizeof(assign), "%s=%s", l.key, l.value);
		rc = config_set(c, keys, assign, conf, e);
	}
	return rc;
}
