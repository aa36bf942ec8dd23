/* What detection keeps with flows and transactions. All of it is the slab's; the last bytes of a
 * flow or transaction give it back. */
#include "dataplane/detect/internal.h"

enum { RULES_FIRST = 4 };

struct flow_detect *state_of_flow(struct detector *d, struct flow *f)
{
	if (!f->detect) {
		f->detect = slab_zalloc(d->slab, sizeof(*f->detect));
		if (!f->detect) {
			detect_count(d, DETECT_COUNT_MEMORY);
			return NULL;
		}
		f->detect->proto = PLAN_PROTOS;
		f->detect->l4 = PLAN_L4S;
		f->detect->engine = d->e;
	}
	return f->detect;
}

void detect_flow_free(struct detector *d, struct flow *f)
{
	struct flow_detect *fd = f->detect;

	if (!fd)
		return;
	slab_free(d->slab, fd->bits, fd->cap_bits * sizeof(*fd->bits));
	vars_free(d, &fd->vars);
	tag_flow_free(d, fd);
	slab_free(d->slab, fd, sizeof(*fd));
	f->detect = NULL;
}

static void marks_free(struct detector *d, struct detect_tx *dt)
{
	bodies_free(d, dt);
	for (unsigned dir = 0; dir < 2; dir++) {
		slab_free(d->slab, dt->marks[dir], dt->nmarks[dir] * sizeof(uint32_t));
		dt->marks[dir] = NULL;
		dt->nmarks[dir] = 0;
	}
}

struct detect_tx *state_of_tx(struct detector *d, struct app_tx *tx)
{
	struct detect_tx *dt = tx->detect;

	if (!dt) {
		dt = slab_zalloc(d->slab, sizeof(*dt));
		if (!dt) {
			detect_count(d, DETECT_COUNT_MEMORY);
			return NULL;
		}
		dt->engine = d->e;
		tx->detect = dt;
	} else if (dt->engine != d->e) {
		/* Rule numbers of another engine mean nothing here. */
		dt->engine = d->e;
		dt->count = 0;
		dt->next[0] = dt->next[1] = 0;
		marks_free(d, dt);
	}
	return dt;
}

void detect_tx_free(struct detector *d, struct app_tx *tx)
{
	struct detect_tx *dt = tx->detect;

	if (!dt)
		return;
	slab_free(d->slab, dt->rules, dt->cap * sizeof(*dt->rules));
	marks_free(d, dt);
	slab_free(d->slab, dt, sizeof(*dt));
	tx->detect = NULL;
}

struct tx_rule *state_find(const struct detector *d, struct app_tx *tx, uint32_t num, enum dir dir)
{
	struct detect_tx *dt = tx->detect;

	for (unsigned i = 0; dt && dt->engine == d->e && i < dt->count; i++) {
		if (dt->rules[i].num == num && dt->rules[i].dir == dir)
			return &dt->rules[i];
	}
	return NULL;
}

void state_store(struct detector *d, struct app_tx *tx, struct tx_rule rule)
{
	struct detect_tx *dt = state_of_tx(d, tx);

	if (!dt)
		return;
	if (dt->count >= DETECT_TX_RULES) {
		detect_count(d, DETECT_COUNT_TX_RULES);
		return;
	}
	if (dt->count == dt->cap) {
		uint16_t cap = dt->cap ? (uint16_t)(dt->cap * 2) : RULES_FIRST;
		struct tx_rule *grown = slab_grow(d->slab, dt->rules, dt->cap * sizeof(*grown),
						  cap * sizeof(*grown));

		if (!grown) {
			detect_count(d, DETECT_COUNT_MEMORY);
			return;
		}
		dt->rules = grown;
		dt->cap = cap;
	}
	dt->rules[dt->count++] = rule;
}

uint32_t *state_marks(struct detector *d, struct app_tx *tx, enum dir dir, uint32_t make)
{
	struct detect_tx *dt = tx->detect;

	if (!make && (!dt || dt->engine != d->e))
		return NULL;
	dt = state_of_tx(d, tx);
	if (dt && !dt->marks[dir] && make) {
		dt->marks[dir] = slab_zalloc(d->slab, make * sizeof(uint32_t));
		if (dt->marks[dir])
			dt->nmarks[dir] = make;
		else
			detect_count(d, DETECT_COUNT_MEMORY);
	}
	return dt ? dt->marks[dir] : NULL;
}
