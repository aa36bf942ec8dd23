#include "control/centre/bundle/rules.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/bundle/make.h"
#include "control/wire/file.h"
#include "control/wire/local.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/set.h"

enum { GROUP = 96 };

/* How a rule was before the wishes came over it. */
struct before {
	bool enabled, dropped;
	char *text;
};

static json_t *msg_of(const char *text)
{
	const char *at = text;
	struct slice name, value;

	while (rule_option(&at, &name, &value)) {
		if (!slice_eq(name, SLICE_LIT("msg")))
			continue;
		if (value.len >= 2 && value.data[0] == '"')
			value = SLICE(value.data + 1, value.len - 2);
		return json_stringn((const char *)value.data, value.len) ?: json_string("");
	}
	return json_string("");
}

static int read_rules(const struct bundle *b, struct rule_table *t, struct errmsg *e)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < b->n && rc == ERR_OK; i++) {
		char group[GROUP];
		struct slice text;
		char *dot;

		if (strncmp(b->files[i].path, "rules/", 6) != 0)
			continue;
		snprintf(group, sizeof(group), "%s", b->files[i].path + 6);
		dot = strrchr(group, '.');
		if (dot)
			*dot = 0;
		rc = bundle_unpack(&b->files[i], &text, e);
		if (rc != ERR_OK)
			return rc;
		rc = rule_table_read(t, text, group, e);
		free((void *)(uintptr_t)text.data);
	}
	return rc;
}

/* The bundle's own settings come first. */
static int own_filters(const struct bundle *b, struct filters *f, struct errmsg *e)
{
	int rc = ERR_OK;

	for (unsigned u = 0; u < FILTER_USES && rc == ERR_OK; u++) {
		const struct bundle_file *file;
		char path[BUNDLE_PATH];
		struct slice text;

		snprintf(path, sizeof(path), "config/%s", filter_files[u]);
		file = bundle_find(b, path);
		if (!file)
			continue;
		rc = bundle_unpack(file, &text, e);
		if (rc != ERR_OK)
			return rc;
		rc = filters_read(f, u, "bundle", text, e);
		free((void *)(uintptr_t)text.data);
	}
	return rc;
}

static struct before *remember(const struct rule_table *t)
{
	struct before *all = calloc(t->n + 1u, sizeof(*all));

	for (unsigned i = 0; all && i < t->n; i++)
		all[i] = (struct before){t->rules[i].enabled, t->rules[i].dropped,
					 strdup(t->rules[i].text)};
	return all;
}

static void forget(struct before *all, unsigned n)
{
	for (unsigned i = 0; all && i < n; i++)
		free(all[i].text);
	free(all);
}

static const char *how(bool enabled, bool dropped)
{
	return !enabled ? "off" : dropped ? "drop" : "on";
}

static json_t *change_row(const struct rule_line *r, const struct before *was)
{
	char why[128] = "";
	json_t *row;

	if (r->why)
		filter_text(r->why, why);
	row = json_pack("{sI sI so so ss ss so}", "gid", (json_int_t)r->gid, "sid",
			(json_int_t)r->sid, "msg", msg_of(r->text), "group", local_text(r->group),
			"was", how(was->enabled, was->dropped), "is", how(r->enabled, r->dropped),
			"why", local_text(why));
	if (strcmp(was->text ? was->text : "", r->text) != 0)
		json_object_set_new(row, "text", local_text(r->text));
	return row;
}

static json_t *problems_of(const struct filters *f)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < f->n_problems; i++)
		json_array_append_new(list, json_pack("{so sI so}", "file",
						      local_text(f->problems[i].file), "line",
						      (json_int_t)f->problems[i].line, "why",
						      local_text(f->problems[i].why)));
	return list;
}

static json_t *compare(const struct rule_table *t, const struct before *was)
{
	unsigned before = 0, after = 0, more = 0;
	json_t *rows = json_array();

	for (unsigned i = 0; i < t->n; i++) {
		const struct rule_line *r = &t->rules[i];

		before += was[i].enabled;
		after += r->enabled;
		if (was[i].enabled == r->enabled && was[i].dropped == r->dropped &&
		    strcmp(was[i].text ? was[i].text : "", r->text) == 0)
			continue;
		if (json_array_size(rows) < RULES_SHOWN)
			json_array_append_new(rows, change_row(r, &was[i]));
		else
			more++;
	}
	return json_pack("{sI sI sI so sI}", "rules", (json_int_t)t->n, "enabled_before",
			 (json_int_t)before, "enabled_after", (json_int_t)after, "changes", rows,
			 "more", (json_int_t)more);
}

static json_t *over(const struct bundle *b, const struct rule_wishes *w, struct errmsg *e)
{
	struct filters *f = calloc(1, sizeof(*f)), *wished = calloc(1, sizeof(*wished));
	struct rule_table t = {.n = 0};
	struct before *was = NULL;
	json_t *o = NULL;
	int rc = f && wished ? read_rules(b, &t, e) : errmsg_set(e, ERR_NOMEM, "no memory");

	rc = rc == ERR_OK ? own_filters(b, f, e) : rc;
	rc = rc == ERR_OK ? filters_apply(f, "bundle", &t, e) : rc;
	for (unsigned u = 0; u < FILTER_USES && rc == ERR_OK; u++) {
		if (w->filters[u] && w->filters[u][0])
			rc = filters_read(wished, u, "new", SLICE_STR(w->filters[u]), e);
	}
	if (rc == ERR_OK)
		was = remember(&t);
	rc = rc == ERR_OK ? filters_apply(wished, "new", &t, e) : rc;
	if (rc == ERR_OK && was) {
		o = compare(&t, was);
		json_object_set_new(o, "problems", problems_of(wished));
	}
	forget(was, t.n);
	rule_table_done(&t);
	if (f)
		filters_done(f);
	if (wished)
		filters_done(wished);
	free(f);
	free(wished);
	return o;
}

json_t *rules_preview(struct centre *c, const struct rule_wishes *w, struct errmsg *e)
{
	char version[64];
	struct slice bytes;
	struct bundle b;
	json_t *o = NULL;

	if (bundle_newest(c, &bytes, version, e) != ERR_OK)
		return NULL;
	if (bundle_parse(bytes, &b, e) == ERR_OK) {
		o = over(&b, w, e);
		bundle_done(&b);
	}
	payload_free(&bytes);
	if (o)
		json_object_set_new(o, "bundle", local_text(version));
	return o;
}

/* --- a pattern's own rules --- */

static json_t *rule_rows(const struct set *s)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < s->rules.n && i < RULES_SHOWN; i++) {
		const struct rule_line *r = &s->rules.rules[i];

		json_array_append_new(rows,
				      json_pack("{sI sI so}", "gid", (json_int_t)r->gid, "sid",
						(json_int_t)r->sid, "msg", msg_of(r->text)));
	}
	return rows;
}

static int check_folder(const char *folder, const char *rules, json_t **ret, struct errmsg *e)
{
	struct set s = {.problems = NULL};
	char path[DISK_PATH];
	int rc;

	snprintf(path, sizeof(path), "%s/pattern.rules", folder);
	rc = file_write(path, SLICE_STR(rules), 0600, e);
	rc = rc == ERR_OK ? set_add_rules(&s, folder, e) : rc;
	rc = rc == ERR_OK ? set_finish(&s, e) : rc;
	*ret = json_pack("{sI sI sI so sO*}", "loads", (json_int_t)s.loads, "refused",
			 (json_int_t)s.refused, "unsupported", (json_int_t)s.unsupported, "rules",
			 rule_rows(&s), "problems", s.problems);
	set_done(&s);
	return rc == ERR_OK || rc == ERR_INVALID ? rc : ERR_IO;
}

int rules_check(const char *rules, json_t **ret, struct errmsg *e)
{
	char folder[] = "/tmp/banken-rules-XXXXXX";
	int rc;

	*ret = NULL;
	if (!mkdtemp(folder))
		return errmsg_set(e, ERR_IO, "/tmp: no folder can be made there");
	rc = check_folder(folder, rules, ret, e);
	disk_remove(folder);
	return rc;
}
