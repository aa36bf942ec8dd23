#include "dataplane/detect/filters.h"

#include <stdlib.h>

#include "signatures/plan/mem.h"

struct filters {
	struct plan_mem mem;
	struct VEC(const struct lang_filter *) unused;
	uint32_t count;
	struct filter_rule rules[];
};

static bool is_about(const struct lang_filter *f, const struct rule *r)
{
	if (f->gid == 0)
		return true;
	return f->gid == r->gid && (f->sid == 0 || f->sid == r->sid);
}

static void suppress(struct filters *fs, struct filter_rule *to, const struct lang_filter *f)
{
	const struct filter_link **at = &to->suppress;
	struct filter_link *link;

	if (!f->addrs) {
		to->silent = true;
		return;
	}
	link = plan_alloc(&fs->mem, sizeof(*link));
	if (!link)
		return;
	link->filter = f;
	link->next = NULL;
	while (*at)
		at = (const struct filter_link **)&(*at)->next;
	*at = link;
}

/* As Suricata: a statement about one rule replaces what it has, but a rate_filter, and one about
 * many rules, stands back. */
static void threshold(struct filter_rule *to, const struct lang_filter *f, const struct rule *r)
{
	bool has = to->threshold || r->threshold.type != RULE_THRESHOLD_NONE;

	if (has && (f->sid == 0 || f->threshold.type == RULE_THRESHOLD_RATE))
		return;
	to->threshold = &f->threshold;
}

static void apply(struct filters *fs, const struct lang_set *set, const struct lang_filter *f)
{
	bool used = false;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct rule *r = set->rules[i];

		if (!is_about(f, r))
			continue;
		used = true;
		if (f->threshold.type == RULE_THRESHOLD_SUPPRESS)
			suppress(fs, &fs->rules[r->index], f);
		else
			threshold(&fs->rules[r->index], f, r);
		if (f->sid)
			break;
	}
	if (!used)
		vec_push(&fs->mem, &fs->unused, f);
}

struct filters *filters_new(const struct lang_set *set, bool *ret_failed)
{
	struct filters *fs;

	*ret_failed = false;
	if (!set->filters)
		return NULL;
	fs = calloc(1, sizeof(*fs) + set->count * sizeof(fs->rules[0]));
	*ret_failed = true;
	if (!fs)
		return NULL;
	fs->count = set->count;
	for (const struct lang_filter *f = set->filters; f; f = f->next)
		apply(fs, set, f);
	*ret_failed = fs->mem.failed;
	if (!fs->mem.failed)
		return fs;
	filters_free(fs);
	return NULL;
}

void filters_free(struct filters *f)
{
	if (!f)
		return;
	vec_free(&f->unused);
	plan_mem_done(&f->mem);
	free(f);
}

const struct filter_rule *filters_rule(const struct filters *f, uint32_t index)
{
	return &f->rules[index];
}

uint32_t filters_unused(const struct filters *f, const struct lang_filter *const **ret)
{
	*ret = f->unused.v;
	return f->unused.n;
}
