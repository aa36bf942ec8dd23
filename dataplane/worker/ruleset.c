#include "dataplane/worker/ruleset.h"

#include "dataplane/worker/installed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A variable that no rule names would be wrong unnoticed: each is tried in a rule. */
static int check_var(const char *format, const char *name, const struct lang_vars *vars,
		     struct errmsg *err)
{
	static const char probe[] = "sid 1: "; /* how the sentence goes on in messages */
	struct lang_set *set = lang_set_new();
	char rule[256];
	int rc;

	if (!set)
		return errmsg_set(err, ERR_NOMEM, "no memory for rules");
	snprintf(rule, sizeof(rule), format, name);
	rc = lang_parse_line(rule, vars, &(struct lang_opts){.lang = 7}, set);
	if (rc != ERR_OK && set->nproblems > 0) {
		const char *why = set->problems[set->nproblems - 1].text;
		const char *reason = strstr(why, probe);

		errmsg_set(err, rc, "vars.%s: %s", name, reason ? reason + strlen(probe) : why);
	}
	lang_set_free(set);
	return rc;
}

static int check_vars(const struct options *o, struct errmsg *err)
{
	const struct lang_vars vars = {o->addrs, o->ports, o->addr_count, o->port_count};
	int rc = ERR_OK;

	for (unsigned i = 0; i < o->addr_count && rc == ERR_OK; i++)
		rc = check_var("alert ip $%.128s any -> any any (sid:1;)", o->addrs[i].name, &vars,
			       err);
	for (unsigned i = 0; i < o->port_count && rc == ERR_OK; i++)
		rc = check_var("alert tcp any $%.128s -> any any (sid:1;)", o->ports[i].name, &vars,
			       err);
	return rc;
}

static int load_files(const struct options *o, struct ruleset *r, struct installed *installed,
		      struct errmsg *err)
{
	const struct lang_vars vars = {o->addrs, o->ports, o->addr_count, o->port_count};
	const struct lang_opts opts = {
		.lang = (uint8_t)o->lang, .disabled = o->disabled, .keep_text = o->evidence};
	const char *folder = installed_folder(o->rules_folder, o->port_count_live > 0);

	if (o->classes[0]) {
		int rc = lang_load_classes(o->classes, r->set, err);

		if (rc != ERR_OK)
			return rc;
	}
	for (unsigned i = 0; i < o->rule_file_count; i++) {
		int rc = lang_load_file(o->rule_files[i], &vars, &opts, r->set, err);

		if (rc != ERR_OK)
			return rc;
	}
	if (folder) {
		int rc = installed_load(folder, &vars, &opts, r->set, installed, err);

		if (rc != ERR_OK)
			return rc;
		r->content = installed->content;
	}
	return o->thresholds[0] ? lang_load_filters(o->thresholds, &vars, &opts, r->set, err)
				: ERR_OK;
}

/* What the engine leaves out; `ret` may be NULL. */
static uint32_t engine_skips(const struct ruleset *r, const struct detect_skip **ret)
{
	const struct detect_skip *skips;

	return r->engine ? detect_skips(r->engine, ret ? ret : &skips) : 0;
}

static const char *text_of(const char *option)
{
	return option[0] ? option : NULL;
}

/* Databases that came with the set where the operator names no folder of his own. */
static struct detect_config config_of(const struct options *o, const struct installed *installed,
				      char cache[PATH_MAX])
{
	return (struct detect_config){
		.threads = o->load_threads,
		.cache_folder = o->cache[0] ? o->cache : installed_cache(installed, cache),
		.data_folder = text_of(o->rule_data),
		.reputation_categories = text_of(o->reputation_categories),
		.reputation_folder = text_of(o->reputation_folder),
		.reputation_files = text_of(o->reputation_files),
		.geoip_database = text_of(o->geoip_database),
		.alerts_per_packet = o->alerts_per_packet,
		.profile = o->profile,
	};
}

int ruleset_load(const struct options *o, struct ruleset *r, struct errmsg *err)
{
	struct installed installed = {0};
	struct detect_config config;
	double begin = now_seconds();
	char cache[PATH_MAX];
	int rc;

	memset(r, 0, sizeof(*r));
	rc = check_vars(o, err);
	if (rc != ERR_OK)
		return rc;
	r->set = lang_set_new();
	if (!r->set)
		return errmsg_set(err, ERR_NOMEM, "no memory for rules");
	rc = load_files(o, r, &installed, err);
	config = config_of(o, &installed, cache);
	if (rc == ERR_OK && r->set->count > 0) {
		r->engine = detect_engine_new(r->set, &config, err);
		if (!r->engine)
			rc = ERR_NOMEM;
	}
	if (rc != ERR_OK) {
		ruleset_free(r);
		return rc;
	}
	r->failed = r->set->failed;
	r->skipped = r->set->skipped + engine_skips(r, NULL);
	r->loaded = r->engine ? detect_rules(r->engine) : 0;
	r->seconds = now_seconds() - begin;
	return ERR_OK;
}

void ruleset_free(struct ruleset *r)
{
	struct errmsg err = {""};

	if (r->engine) {
		if (detect_engine_save(r->engine, &err) != ERR_OK)
			fprintf(stderr, "datasets are not kept: %s\n", err.text);
		detect_engine_delete(r->engine);
	}
	if (r->set)
		lang_set_free(r->set);
	memset(r, 0, sizeof(*r));
}

/* --- report --- */

struct keyword_count {
	const char *keyword;
	unsigned skipped, failed;
};

enum { KEYWORDS = 512 };

static void add(struct keyword_count *counts, unsigned *n, const char *keyword, bool skipped)
{
	unsigned i;

	for (i = 0; i < *n && strcmp(counts[i].keyword, keyword) != 0; i++)
		;
	if (i == KEYWORDS)
		return;
	if (i == *n)
		counts[(*n)++] = (struct keyword_count){keyword, 0, 0};
	if (skipped)
		counts[i].skipped++;
	else
		counts[i].failed++;
}

static int more_first(const void *a, const void *b)
{
	const struct keyword_count *x = a, *y = b;
	unsigned nx = x->skipped + x->failed, ny = y->skipped + y->failed;

	return nx == ny ? strcmp(x->keyword, y->keyword) : nx < ny ? 1 : -1;
}

static unsigned count_keywords(const struct ruleset *r, struct keyword_count *counts)
{
	const struct detect_skip *skips = NULL;
	uint32_t n_skips = engine_skips(r, &skips);
	unsigned n = 0;

	for (uint32_t i = 0; i < r->set->nproblems; i++)
		add(counts, &n, r->set->problems[i].keyword,
		    r->set->problems[i].verdict == LANG_SKIPPED);
	for (uint32_t i = 0; i < n_skips; i++)
		add(counts, &n, skips[i].keyword, true);
	qsort(counts, n, sizeof(counts[0]), more_first);
	return n;
}

static void print_problems(const struct ruleset *r, FILE *out, unsigned lines)
{
	static const char *const verdicts[] = {"failed", "skipped"};
	const struct detect_skip *skips = NULL;
	uint32_t n_skips = engine_skips(r, &skips);

	for (uint32_t i = 0; i < r->set->nproblems && lines > 0; i++, lines--)
		fprintf(out, "%s: %s\n", verdicts[r->set->problems[i].verdict],
			r->set->problems[i].text);
	for (uint32_t i = 0; i < n_skips && lines > 0; i++, lines--)
		fprintf(out, "skipped: %s:%u: sid %u: %s: %s\n", skips[i].rule->file,
			skips[i].rule->line, skips[i].rule->sid, skips[i].keyword, skips[i].reason);
}

static void print_unused(const struct ruleset *r, FILE *out, unsigned lines)
{
	const struct lang_filter *const *unused;
	uint32_t n = r->engine ? detect_unused_filters(r->engine, &unused) : 0;

	for (uint32_t i = 0; i < n && i < lines; i++)
		fprintf(out, "unused: %s:%u: there is no rule of gid %u and sid %u\n",
			unused[i]->file, unused[i]->line, unused[i]->gid, unused[i]->sid);
}

void ruleset_report(const struct ruleset *r, FILE *out, unsigned lines)
{
	struct keyword_count counts[KEYWORDS];
	unsigned n = count_keywords(r, counts);

	fprintf(out, "rules: %u loaded, %u skipped, %u failed\n", r->loaded, r->skipped, r->failed);
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "  %-32s %6u skipped %6u failed\n",
			counts[i].keyword[0] ? counts[i].keyword : "(rule)", counts[i].skipped,
			counts[i].failed);
	print_problems(r, out, lines);
	print_unused(r, out, lines);
}
