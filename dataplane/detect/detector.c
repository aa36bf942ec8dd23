/* A worker's detector: made at start, given another engine at a reload. */
#include <stdlib.h>

#include "dataplane/detect/internal.h"
#include "dataplane/detect/table.h"

static bool hits_new(struct matcher_hits *h, uint32_t rules)
{
	h->cap = rules + 64;
	h->v = calloc(h->cap, sizeof(*h->v));
	return h->v != NULL;
}

/* What depends on the engine: scratch, room for candidates. */
static int engine_attach(struct detector *d, struct detect_engine *e)
{
	struct detector n = {0};

	for (uint32_t i = 0; i < e->plan->nmatchers; i++) {
		if (matcher_scratch(e->plan->matchers[i], &n.scratch) != ERR_OK)
			goto fail;
	}
	n.inspect = inspect_worker_new(e->store, d->slab);
	n.tx_cands = calloc(e->plan->count + 1, sizeof(*n.tx_cands));
	if (e->profile) {
		n.rule_costs = calloc(e->plan->count + 1, sizeof(*n.rule_costs));
		n.group_costs = calloc(e->plan->nmatchers + 1, sizeof(*n.group_costs));
		if (!n.rule_costs || !n.group_costs)
			goto fail;
	}
	if (!n.inspect || !n.tx_cands || !hits_new(&n.hits, e->plan->count))
		goto fail;
	hs_free_scratch(d->scratch);
	inspect_worker_free(d->inspect);
	free(d->tx_cands);
	free(d->rule_costs);
	free(d->group_costs);
	free(d->hits.v);
	d->scratch = n.scratch;
	d->inspect = n.inspect;
	d->tx_cands = n.tx_cands;
	d->rule_costs = n.rule_costs;
	d->group_costs = n.group_costs;
	d->hits = n.hits;
	d->e = e;
	return ERR_OK;
fail:
	hs_free_scratch(n.scratch);
	inspect_worker_free(n.inspect);
	free(n.tx_cands);
	free(n.rule_costs);
	free(n.group_costs);
	return ERR_NOMEM;
}

struct detector *detector_new(struct detect_engine *e, struct slab *slab,
			      struct stream_worker *stream, const struct detect_sink *sink)
{
	struct detector *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->slab = slab;
	d->stream = stream;
	d->sink = *sink;
	d->thresholds = table_new(slab, hash_key_random(), DETECT_TABLE_ENTRIES);
	d->hosts = table_new(slab, hash_key_random(), DETECT_TABLE_ENTRIES);
	if (d->thresholds && d->hosts && engine_attach(d, e) == ERR_OK)
		return d;
	detector_delete(d);
	return NULL;
}

void detector_delete(struct detector *d)
{
	if (!d)
		return;
	hs_free_scratch(d->scratch);
	inspect_worker_free(d->inspect);
	free(d->tx_cands);
	free(d->rule_costs);
	free(d->group_costs);
	free(d->hits.v);
	table_free(d->thresholds);
	table_free(d->hosts);
	free(d);
}

void detector_frames(struct detector *d, struct app_worker *app)
{
	d->app = app;
	app_worker_frames(app, detect_frames_wanted(d->e));
}

int detector_switch(struct detector *d, struct detect_engine *e)
{
	int ret = engine_attach(d, e);

	if (ret == ERR_OK && d->app)
		app_worker_frames(d->app, detect_frames_wanted(e));
	return ret;
}
