#include "signatures/bundle/set.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include "control/wire/file.h"
#include "signatures/bundle/bundle.h"
#include "signatures/lang/lang.h"

enum { PATH = 4096 };

void set_done(struct set *s)
{
	rule_table_done(&s->rules);
	filters_done(&s->filters);
	free((void *)s->thresholds.data);
	free((void *)s->classes.data);
	free((void *)s->references.data);
	json_decref(s->problems);
	*s = (struct set){0};
}

/* --- reading --- */

static int is_rules(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

int set_add_rules(struct set *s, const char *folder, struct errmsg *e)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_rules, alphasort), rc = ERR_OK;

	for (int i = 0; i < n; i++) {
		char path[PATH];
		struct slice text;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (rc == ERR_OK)
			rc = file_read(path, RULE_SOURCE_MAX, &text, e);
		if (rc == ERR_OK) {
			rc = rule_table_read(&s->rules, text, names[i]->d_name, e);
			free((void *)text.data);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The file's text, empty when there is none. */
static int read_if_there(const char *folder, const char *name, struct slice *ret, struct errmsg *e)
{
	char path[PATH];
	int rc;

	*ret = SLICE(NULL, 0);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	rc = file_read(path, FILTER_FILE_MAX, ret, e);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* The file of that name behind what is there. */
static int join(struct slice *to, const char *folder, const char *name, struct errmsg *e)
{
	struct slice more;
	uint8_t *both;
	int rc = read_if_there(folder, name, &more, e);

	if (rc != ERR_OK || !more.data)
		return rc;
	if (to->len + more.len > FILTER_FILE_MAX) {
		free((void *)more.data);
		return errmsg_set(e, ERR_LIMIT, "%s of all layers is more than %d MiB", name,
				  FILTER_FILE_MAX >> 20);
	}
	both = realloc((void *)to->data, to->len + more.len + 1);
	if (!both) {
		free((void *)more.data);
		return errmsg_set(e, ERR_NOMEM, "no memory for %s", name);
	}
	memcpy(both + to->len, more.data, more.len);
	both[to->len + more.len] = '\n';
	*to = SLICE(both, to->len + more.len + 1);
	free((void *)more.data);
	return ERR_OK;
}

int set_add_words(struct set *s, const char *folder, struct errmsg *e)
{
	int rc = join(&s->classes, folder, "classification.config", e);

	return rc == ERR_OK ? join(&s->references, folder, "reference.config", e) : rc;
}

int set_add_layer(struct set *s, const char *folder, const char *layer, struct errmsg *e)
{
	int rc = set_add_words(s, folder, e);

	rc = rc == ERR_OK ? join(&s->thresholds, folder, "threshold.config", e) : rc;
	for (enum filter_use use = 0; use < FILTER_USES && rc == ERR_OK; use++) {
		struct slice text;

		rc = read_if_there(folder, filter_files[use], &text, e);
		if (rc == ERR_OK && text.data) {
			rc = filters_read(&s->filters, use, layer, text, e);
			free((void *)text.data);
		}
	}
	return rc == ERR_OK ? filters_apply(&s->filters, layer, &s->rules, e) : rc;
}

/* --- what comes out --- */

static int by_number(const void *a, const void *b)
{
	const struct rule_line *x = *(const struct rule_line *const *)a;
	const struct rule_line *y = *(const struct rule_line *const *)b;

	if (x->gid != y->gid)
		return x->gid < y->gid ? -1 : 1;
	return x->sid == y->sid ? 0 : x->sid < y->sid ? -1 : 1;
}

/* The enabled rules in order of number, so that the order of files does not matter. */
static int effective(const struct set *s, struct slice *ret, struct errmsg *e)
{
	const struct rule_line **order = malloc((s->rules.n + 1) * sizeof(*order));
	char *text = NULL;
	unsigned n = 0;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!order || !out) {
		free(order);
		if (out)
			fclose(out);
		free(text);
		return errmsg_set(e, ERR_NOMEM, "no memory for the set");
	}
	for (unsigned i = 0; i < s->rules.n; i++) {
		if (s->rules.rules[i].enabled)
			order[n++] = &s->rules.rules[i];
	}
	qsort(order, n, sizeof(*order), by_number);
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "%s\n", order[i]->text);
	free(order);
	if (fclose(out) != 0) {
		free(text);
		return errmsg_set(e, ERR_NOMEM, "no memory for the set");
	}
	*ret = SLICE(text, len);
	return ERR_OK;
}

static void add_problem(struct set *s, const char *text)
{
	if (json_array_size(s->problems) < SET_PROBLEMS)
		json_array_append_new(s->problems, json_string(text) ?: json_string("?"));
}

static void count(struct set *s)
{
	for (unsigned i = 0; i < s->rules.n; i++) {
		const struct rule_line *r = &s->rules.rules[i];

		s->enabled += r->enabled;
		s->disabled += !r->enabled;
		s->dropped += r->enabled && r->dropped;
		s->modified += r->enabled && r->modified;
	}
	for (unsigned i = 0; i < s->filters.n_problems; i++) {
		const struct filter_problem *p = &s->filters.problems[i];
		char text[300];

		snprintf(text, sizeof(text), "%s:%u: %s", p->file, p->line, p->why);
		add_problem(s, text);
	}
}

/* The same reader as the dataplane's, with the packaged variables. */
static int check_rules(struct set *s, struct slice rules, struct errmsg *e)
{
	struct lang_set *set = lang_set_new();
	int rc = set ? lang_load_class_bytes(s->classes, "classification.config", set) : ERR_NOMEM;

	rc = rc == ERR_OK ? lang_load_bytes(rules, "effective.rules", lang_vars_default(),
					    &(struct lang_opts){.lang = 7}, set)
			  : rc;

	if (rc != ERR_OK) {
		lang_set_free(set);
		return errmsg_set(e, rc, "no memory to check the rules");
	}
	s->loads = set->count;
	s->refused = set->failed;
	s->unsupported = set->skipped;
	for (uint32_t i = 0; i < set->nproblems; i++)
		add_problem(s, set->problems[i].text);
	lang_set_free(set);
	if (s->loads == 0)
		return errmsg_set(
			e, ERR_INVALID,
			"not one rule would be loaded: %u enabled, %u refused; the set in "
			"force stays",
			s->enabled, s->refused);
	return ERR_OK;
}

void set_content(const struct set *s, struct slice rules, uint8_t ret[32])
{
	mbedtls_sha256_context h;

	mbedtls_sha256_init(&h);
	mbedtls_sha256_starts_ret(&h, 0);
	mbedtls_sha256_update_ret(&h, rules.data, rules.len);
	mbedtls_sha256_update_ret(&h, (const unsigned char *)"", 1);
	mbedtls_sha256_update_ret(&h, s->thresholds.data, s->thresholds.len);
	if (s->classes.len) {
		mbedtls_sha256_update_ret(&h, (const unsigned char *)"", 1);
		mbedtls_sha256_update_ret(&h, s->classes.data, s->classes.len);
	}
	mbedtls_sha256_finish_ret(&h, ret);
	mbedtls_sha256_free(&h);
}

int set_finish(struct set *s, struct errmsg *e)
{
	struct slice rules;
	uint8_t hash[32];
	int rc;

	s->enabled = s->disabled = s->dropped = s->modified = 0;
	json_decref(s->problems);
	s->problems = json_array();
	rc = rule_flowbits(&s->rules, &s->for_flowbits, e);
	if (rc != ERR_OK)
		return rc;
	count(s);
	rc = effective(s, &rules, e);
	if (rc != ERR_OK)
		return rc;
	set_content(s, rules, hash);
	bundle_hex(hash, sizeof(hash), s->content);
	rc = check_rules(s, rules, e);
	free((void *)rules.data);
	return rc;
}

int set_write(struct set *s, const char *folder, struct errmsg *e)
{
	char path[PATH];
	struct slice rules;
	int rc = effective(s, &rules, e);

	if (rc != ERR_OK)
		return rc;
	snprintf(path, sizeof(path), "%s/effective.rules", folder);
	rc = file_write(path, rules, 0644, e);
	free((void *)rules.data);
	snprintf(path, sizeof(path), "%s/threshold.config", folder);
	rc = rc == ERR_OK ? file_write(path, s->thresholds, 0644, e) : rc;
	snprintf(path, sizeof(path), "%s/classification.config", folder);
	rc = rc == ERR_OK && s->classes.len ? file_write(path, s->classes, 0644, e) : rc;
	snprintf(path, sizeof(path), "%s/reference.config", folder);
	return rc == ERR_OK && s->references.len ? file_write(path, s->references, 0644, e) : rc;
}

json_t *set_json(const struct set *s)
{
	return json_pack(
		"{sI sI sI sI sI sI sI sI sI sI ss sO}", "enabled", (json_int_t)s->enabled,
		"disabled", (json_int_t)s->disabled, "dropped", (json_int_t)s->dropped, "modified",
		(json_int_t)s->modified, "for_flowbits", (json_int_t)s->for_flowbits, "doubles",
		(json_int_t)s->rules.doubles, "unreadable", (json_int_t)s->rules.unreadable,
		"loads", (json_int_t)s->loads, "refused", (json_int_t)s->refused, "unsupported",
		(json_int_t)s->unsupported, "content", s->content, "problems", s->problems);
}
