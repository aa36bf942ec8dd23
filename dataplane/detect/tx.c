/* Rules on transactions: for each transaction of the flow, groups whose buffers became available
 * are scanned, and the rules they lead to are tried together with those that began to match
 * earlier. A rule alerts once a transaction and direction. */
#include "dataplane/app/file.h"
#include "dataplane/detect/internal.h"
#include "signatures/lang/buffers.h"

enum { FLAG_INSPECTED = APP_TX_INSPECTED_TS };

static const struct plan_chain *chain_of(const struct run *r, const struct plan_rule *rule)
{
	const struct plan_chain *any = NULL;

	for (unsigned i = 0; i < rule->nchains; i++) {
		const struct plan_chain *c = &rule->chains[i];

		if (c->dir != r->dir)
			continue;
		if (c->proto == r->proto)
			return c;
		if (c->proto == PLAN_ANY)
			any = c;
	}
	return any;
}

/* ---- candidates ---- */

static struct plan_step step_of(const struct plan_group *g)
{
	return (struct plan_step){.kind = g->file ? PLAN_STEP_FILE : PLAN_STEP_BUFFER,
				  .file = g->file_buffer,
				  .progress = g->progress,
				  .buffer = g->buffer};
}

static void group_scan(struct run *r, const struct plan_group *g, const struct tx_view *v)
{
	struct plan_step s = step_of(g);
	struct inspect_bytes in;
	uint32_t index = 0;

	while (step_bytes(r, &s, g->list, v, &index, &in)) {
		if (g->body && !g->file && g->buffer->window && !g->list->ntransforms)
			bodies_scan(r, g, v->tx, &in);
		else
			profile_scan(r, g->matcher,
				     &(struct matcher_window){in.data, in.offset, 0});
	}
}

/* Tells a value that changed from one that was scanned on an earlier packet: values of a
 * transaction are set once, or grow; or were zeros before (tls.random). */
static uint32_t mark_of(struct run *r, const struct plan_group *g, const struct tx_view *v)
{
	struct slice data;
	uint32_t mark = 0;

	for (uint32_t i = 0;
	     (i == 0 || g->buffer->multi) && g->buffer->get(v->tx, r->dir, i, &data); i++)
		mark += (uint32_t)data.len + 0x10000 +
			(data.len ? (uint32_t)data.data[0] << 20 : 0) +
			(data.len ? (uint32_t)data.data[data.len - 1] << 24 : 0);
	return mark;
}

/* Scans what is new. At the progress that the transaction is at, values may still come or change,
 * so that what was scanned is marked. */
static void group_look(struct run *r, const struct plan_side *side, uint32_t index,
		       const struct tx_view *v)
{
	const struct plan_group *g = &side->groups[index];
	bool again = !v->complete && (g->progress == v->progress || g->buffer->late);
	uint32_t *marks = state_marks(r->d, v->tx, r->dir, again ? side->ngroups : 0), mark;

	if (marks) {
		mark = mark_of(r, g, v);
		if (mark == marks[index])
			return;
		marks[index] = mark;
	}
	group_scan(r, g, v);
}

/* What grows, and what is said of files. Rules that something in it led to are tried again as long
 * as it is there. */
static void group_grown(struct run *r, const struct plan_group *g, const struct tx_view *v)
{
	uint32_t before = r->d->hits.n;

	group_scan(r, g, v);
	if (r->d->hits.n != before)
		r->tx_waits = true;
}

/* Groups are sorted by progress: those below `from` were scanned on an earlier packet, except
 * growing ones. */
static void side_gather(struct run *r, const struct plan_side *side, const struct tx_view *v,
			uint8_t from)
{
	matcher_hits_add(&r->d->hits, &side->always);
	for (unsigned i = 0; i < v->tx->event_count; i++) {
		if (v->tx->event[i] < side->nevents)
			matcher_hits_add(&r->d->hits, &side->events[v->tx->event[i]]);
	}
	if (r->d->hits.n)
		r->tx_waits = true;
	for (uint32_t i = 0; i < side->ngroups; i++) {
		const struct plan_group *g = &side->groups[i];

		if (g->progress > v->progress)
			break;
		if (g->body || g->file)
			group_grown(r, g, v);
		else if (g->progress >= from || g->buffer->late)
			group_look(r, side, i, v);
	}
}

static uint16_t file_count(const struct app_tx *tx, enum dir dir)
{
	uint16_t n = 0;

	for (const struct app_file *f = tx->files[dir]; f; f = f->next)
		n++;
	return n;
}

/* A rule on files as such (filestore, digests) is through with the files that were there; each
 * further one is a new chance. */
static void renew(const struct run *r, struct tx_rule *known, uint16_t files)
{
	const struct plan_rule *rule = &r->plan->rules[known->num];
	const struct plan_chain *c = known->done && files > known->files ? chain_of(r, rule) : NULL;

	for (unsigned i = 0; c && i < c->count; i++) {
		if (c->steps[i].kind != PLAN_STEP_FILES)
			continue;
		known->done = false;
		known->bits &= ~(1U << c->steps[i].bit);
		known->files = files;
	}
}

static void state_gather(struct run *r, const struct app_tx *tx)
{
	const struct detect_tx *dt = tx->detect;
	uint16_t files = file_count(tx, r->dir);

	if (!dt || dt->engine != r->e)
		return;
	for (unsigned i = 0; i < dt->count; i++) {
		struct plan_cand c = {dt->rules[i].num, 0, (uint8_t)(1 << dt->rules[i].dir)};

		if (dt->rules[i].dir == r->dir)
			renew(r, &dt->rules[i], files);
		if (dt->rules[i].done)
			continue;
		matcher_hits_add(&r->d->hits, &(struct plan_list){1, &c});
		r->tx_waits |= dt->rules[i].dir == r->dir;
	}
}

/* ---- one rule ---- */

struct attempt {
	const struct plan_rule *rule;
	const struct plan_chain *chain;
	uint32_t bits; /* steps that held */
	int8_t failed; /* step that did not, -1: none */
	bool matched, never;
};

static void steps_try(struct run *r, struct attempt *a, const struct tx_view *v)
{
	for (unsigned i = 0; i < a->chain->count; i++) {
		const struct plan_step *s = &a->chain->steps[i];
		enum step_result got;

		if (a->bits >> s->bit & 1)
			continue;
		a->failed = (int8_t)i;
		if (s->progress > v->progress)
			return;
		got = step_run(r, a->rule, s, v);
		if (got != STEP_YES) {
			a->never = got == STEP_NEVER;
			return;
		}
		a->bits |= 1U << s->bit;
	}
	a->failed = -1;
	a->matched = true;
}

/* Suricata takes a match for one that nothing leads to again once the transaction is past the
 * buffer of the fast pattern, and keeps no note of it: if that pattern is negated, every later
 * packet tells the rule again. */
static bool told_again(const struct attempt *a, const struct tx_view *v)
{
	const struct plan_chain *c = a->chain;

	return a->matched && c->negated >= 0 && c->steps[c->negated].progress < v->progress;
}

static void remember(struct run *r, const struct attempt *a, const struct tx_view *v,
		     struct tx_rule *known)
{
	bool done = a->matched || a->never;

	if (known) {
		r->tx_waits |= !done;
		known->bits = a->bits;
		known->done = done;
		known->files = file_count(v->tx, r->dir);
		return;
	}
	if (v->complete || told_again(a, v))
		return; /* nobody comes back to it */
	if (a->chain->negated >= 0 && !a->bits)
		return; /* it is tried again anyway */
	/* Its own pattern's buffer said no: when that changes it leads to the rule again. */
	if (!a->matched && a->failed >= 0 && a->failed == a->chain->trigger)
		return;
	r->tx_waits |= !done;
	state_store(r->d, v->tx,
		    (struct tx_rule){.num = a->rule->num,
				     .dir = (uint8_t)r->dir,
				     .done = done,
				     .files = file_count(v->tx, r->dir),
				     .bits = a->bits});
}

static void rule_try(struct run *r, const struct plan_rule *rule, const struct tx_view *v)
{
	struct attempt a = {.rule = rule, .chain = chain_of(r, rule), .failed = -1};
	struct tx_rule *known = state_find(r->d, v->tx, rule->num, r->dir);

	if (!a.chain || (rule->flags & PLAN_OFF) || (known && known->done))
		return;
	if (!known && a.chain->negated >= 0 && !r->news)
		return;
	inspect_begin(r->d->inspect);
	if (known)
		a.bits = known->bits;
	else if (!packet_conditions(r, rule))
		return;
	steps_try(r, &a, v);
	remember(r, &a, v, known);
	vars_capture(r);
	if (!a.matched)
		return;
	post_match(r, rule);
	alert_queue(r, rule, DETECT_TX);
}

static void rule_timed(struct run *r, const struct plan_rule *rule, const struct tx_view *v)
{
	struct detect_cost *c;
	uint32_t before = r->d->queued;
	uint64_t start;

	if (!r->e->profile) {
		rule_try(r, rule, v);
		return;
	}
	c = &r->d->rule_costs[rule->num];
	start = __builtin_ia32_rdtsc();
	rule_try(r, rule, v);
	c->cycles += __builtin_ia32_rdtsc() - start;
	c->runs++;
	c->hits += r->d->queued > before;
}

/* ---- one transaction ---- */

static void files_seen(struct app_tx *tx, enum dir dir)
{
	for (struct app_file *file = tx->files[dir]; file; file = file->next)
		file->inspected = file->size;
}

/* Growing buffers have been looked at: they may let go of what lies before the window. */
static void bodies_seen(const struct plan_side *side, struct app_tx *tx, enum dir dir,
			uint8_t progress)
{
	for (uint32_t i = 0; i < side->nbodies; i++) {
		const struct app_buffer *b = side->bodies[i];

		if (b->progress[dir] <= progress)
			b->seen(tx, dir);
	}
	files_seen(tx, dir);
}

/* The same without rules. */
static void buffers_seen(const struct app_proto *proto, struct app_tx *tx, enum dir dir,
			 uint8_t progress)
{
	for (unsigned i = 0; i < proto->buffer_count; i++) {
		const struct app_buffer *b = &proto->buffers[i];

		if (b->body && b->seen && b->dir[dir] && b->progress[dir] <= progress)
			b->seen(tx, dir);
	}
	files_seen(tx, dir);
}

static void progress_store(struct run *r, const struct tx_view *v, const struct plan_side *side)
{
	struct detect_tx *dt;

	if (v->complete) {
		v->tx->flags |= (uint8_t)(FLAG_INSPECTED << r->dir);
		return;
	}
	if (!side->ngroups || side->groups[0].progress >= v->progress)
		return;
	dt = state_of_tx(r->d, v->tx);
	if (dt)
		dt->next[r->dir] = v->progress;
}

static void tx_inspect(struct run *r, struct app_tx *tx)
{
	const struct plan_side *side = &r->plan->sides[r->proto][r->dir];
	const struct plan_side *any = &r->plan->sides[PLAN_ANY][r->dir];
	struct matcher_hits *h = &r->d->hits;
	struct tx_view v = {tx, app_tx_progress(r->app, tx, r->dir),
			    app_tx_complete(r->app, tx, r->dir)};
	const struct detect_tx *dt = tx->detect;

	h->n = 0;
	h->have = 0xff;
	h->dirs = (uint8_t)(1 << r->dir);
	r->tx = tx;
	if (side->any)
		side_gather(r, side, &v, dt && dt->engine == r->e ? dt->next[r->dir] : 0);
	if (any->any && tx->files[r->dir])
		side_gather(r, any, &v, 0);
	matcher_hits_add(h, &(struct plan_list){r->d->n_tx_cands, r->d->tx_cands});
	state_gather(r, tx);
	matcher_hits_sort(h);
	for (uint32_t i = 0; i < h->n; i++)
		rule_timed(r, &r->plan->rules[h->v[i].num], &v);
	progress_store(r, &v, side);
	bodies_seen(side, tx, r->dir, v.progress);
	r->tx = NULL;
}

/* Without bytes for the parser since the direction's last packet, and unless a rule waits for
 * something else that a packet may bring, looking again would find what it found. */
static bool worth_looking(const struct run *r)
{
	uint8_t bit = (uint8_t)(1 << r->dir);

	return r->news || !(r->fd->tx & bit) || r->has_raw || r->d->n_tx_cands ||
	       r->p->ip_proto != IP_PROTO_TCP;
}

bool tx_rules(struct run *r)
{
	uint8_t bit = (uint8_t)(1 << r->dir);

	r->news = !r->real || (r->app->news & bit);
	r->app->news &= (uint8_t)~bit;
	if (!worth_looking(r))
		return false;
	r->tx_waits = false;
	for (struct app_tx *tx = r->app->tx_first; tx; tx = tx->next) {
		if (tx->flags & FLAG_INSPECTED << r->dir)
			continue;
		if (tx->only_one_way[r->dir])
			tx->flags |= (uint8_t)(FLAG_INSPECTED << r->dir);
		else
			tx_inspect(r, tx);
	}
	r->fd->tx = r->tx_waits ? r->fd->tx & (uint8_t)~bit : r->fd->tx | bit;
	return true;
}

void detect_nothing(struct packet *p)
{
	struct app_flow *a = p->flow ? p->flow->app : NULL;

	if (!a || !a->proto)
		return;
	for (struct app_tx *tx = a->tx_first; tx; tx = tx->next) {
		buffers_seen(a->proto, tx, p->dir, app_tx_progress(a, tx, p->dir));
		if (tx->only_one_way[p->dir] || app_tx_complete(a, tx, p->dir))
			tx->flags |= (uint8_t)(FLAG_INSPECTED << p->dir);
	}
}
