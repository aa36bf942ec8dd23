/* --profile: what groups and rules cost. */
#include <stdlib.h>
#include <x86intrin.h>

#include "dataplane/detect/internal.h"

void profile_scan(struct run *r, const struct matcher *m, const struct matcher_window *w)
{
	struct detect_cost *c;
	uint32_t before = r->d->hits.n;
	uint64_t begin;

	if (!r->e->profile) {
		matcher_scan(m, r->d->scratch, w, &r->d->hits);
		return;
	}
	c = &r->d->group_costs[matcher_id(m)];
	begin = __rdtsc();
	matcher_scan(m, r->d->scratch, w, &r->d->hits);
	c->cycles += __rdtsc() - begin;
	c->runs++;
	c->bytes += w->data.len - w->from;
	c->hits += r->d->hits.n > before ? r->d->hits.n - before : 0;
}

static int dearest(const void *a, const void *b)
{
	const struct detect_profile *x = a, *y = b;

	return x->cycles > y->cycles ? -1 : x->cycles < y->cycles;
}

uint32_t detect_profile(const struct detector *d, struct detect_profile *ret, uint32_t cap)
{
	const struct plan *p = d->e->plan;
	uint32_t n = 0;
	struct detect_profile *all;

	if (!d->e->profile)
		return 0;
	all = calloc(p->nmatchers + p->count + 1, sizeof(*all));
	for (uint32_t i = 0; all && i < p->nmatchers; i++) {
		const struct detect_cost *c = &d->group_costs[i];

		if (c->runs)
			all[n++] = (struct detect_profile){matcher_name(p->matchers[i]),
							   0,
							   c->cycles,
							   c->runs,
							   c->hits,
							   c->bytes};
	}
	for (uint32_t i = 0; all && i < p->count; i++) {
		const struct detect_cost *c = &d->rule_costs[i];

		if (c->runs)
			all[n++] = (struct detect_profile){
				NULL, p->rules[i].rule->sid, c->cycles, c->runs, c->hits, 0};
	}
	if (n)
		qsort(all, n, sizeof(*all), dearest);
	if (n > cap)
		n = cap;
	if (n)
		memcpy(ret, all, n * sizeof(*all));
	free(all);
	return n;
}
