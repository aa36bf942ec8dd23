/* Evaluating a list, item after item. An item that later ones depend on is tried at its next
 * occurrence when those fail; LIMIT_INSPECT_RECURSION bounds the steps of a run. The recursion goes
 * over the rule's items, never over input. */
#include "dataplane/base/limits.h"
#include "dataplane/detect/inspect/internal.h"

struct run {
	struct inspect_worker *w;
	const struct inspect_list *list;
	const struct inspect_bytes *in;
};

static enum inspect_step step(const struct run *r, uint32_t at);

static enum inspect_step next(const struct run *r, uint32_t at)
{
	return at + 1 == r->list->count ? STEP_YES : step(r, at + 1);
}

/* --- content --- */

struct range {
	int64_t from, to;
};

static int64_t number(const struct run *r, const struct rule_value *v)
{
	return v->var ? (int64_t)(uint32_t)inspect_value(r->w, v) : v->number;
}

/* A limit counted from the start of the whole buffer, when the data is a later part of it. */
static bool clip_to_window(const struct run *r, int64_t *to)
{
	int64_t begin = (int64_t)r->in->offset, len = (int64_t)r->in->data.len;

	if (begin == 0 || *to >= begin + len)
		return true;
	if (*to <= begin)
		return false;
	*to -= begin;
	return true;
}

/* Where a content placed relative to the match before it may lie; false = nowhere. */
static bool relative_range(const struct run *r, const struct rule_content *c, uint32_t base,
			   struct range *ret)
{
	int64_t distance = c->distance.set ? number(r, &c->distance) : 0;

	ret->from = base;
	if (c->distance.set)
		ret->from = distance < 0 && -distance > base ? 0 : base + distance;
	if (c->within.set) {
		int64_t end = base + number(r, &c->within) + distance;

		if (ret->to > end)
			ret->to = end;
		if (base == 0 && !clip_to_window(r, &ret->to))
			return false;
	}
	return true;
}

static bool absolute_range(const struct run *r, const struct rule_content *c, struct range *ret)
{
	ret->from = c->offset.set ? number(r, &c->offset) : 0;
	if (!c->depth.set)
		return true;
	ret->to = ret->from + number(r, &c->depth); /* depth counts from offset */
	return clip_to_window(r, &ret->to);
}

static bool content_range(const struct run *r, const struct rule_content *c, uint32_t base,
			  struct range *ret)
{
	*ret = (struct range){0, (int64_t)r->in->data.len};
	if (!(rule_content_relative(c) ? relative_range(r, c, base, ret)
				       : absolute_range(r, c, ret)))
		return false;
	if (ret->to > (int64_t)r->in->data.len)
		ret->to = (int64_t)r->in->data.len;
	return true;
}

static long search(const struct run *r, const struct inspect_item *i, const struct range *where)
{
	const struct rule_content *c = i->item->content;

	if (c->flags & RULE_CONTENT_ENDSWITH &&
	    (where->to < (int64_t)r->in->data.len || !r->in->end))
		return -1;
	return inspect_find(r->in->data.data, (uint32_t)where->from, (uint32_t)where->to, i->needle,
			    (uint32_t)c->bytes.len, c->flags & RULE_CONTENT_NOCASE);
}

/* A negated content: the first occurrence decides. */
static enum inspect_step absent(const struct run *r, uint32_t at, long found,
				const struct range *where)
{
	const struct inspect_item *i = &r->list->items[at];
	const struct rule_content *c = i->item->content;
	int64_t end = found + (int64_t)c->bytes.len;

	if (found < 0 || (c->flags & RULE_CONTENT_ENDSWITH && where->to - where->from != end))
		return next(r, at);
	return i->single ? STEP_STOP : STEP_NO;
}

static enum inspect_step content(const struct run *r, uint32_t at)
{
	const struct inspect_item *i = &r->list->items[at];
	const struct rule_content *c = i->item->content;
	uint32_t base = r->w->position;
	int64_t again = 0;

	for (;;) {
		enum inspect_step rest;
		struct range where;
		long found = -1;

		if (!content_range(r, c, base, &where))
			return STEP_NO;
		if (again)
			where.from = again;
		if (where.from <= where.to && where.to > 0)
			found = search(r, i, &where);
		else if (!(c->flags & RULE_CONTENT_NEGATED))
			return STEP_NO;
		if (c->flags & RULE_CONTENT_NEGATED)
			return absent(r, at, found, &where);
		if (found < 0)
			return rule_content_relative(c) ? STEP_NO : STEP_STOP;
		again = found + 1;
		r->w->position = (uint32_t)(found + (long)c->bytes.len);
		if (c->flags & RULE_CONTENT_ENDSWITH && r->w->position != r->in->data.len)
			continue;
		r->w->matched = SLICE(r->in->data.data + found, c->bytes.len);
		r->w->matched_offset = r->in->offset + (uint64_t)found;
		if (at + 1 == r->list->count)
			return STEP_YES;
		rest = step(r, at + 1);
		if (rest != STEP_NO)
			return rest;
		if (!(c->flags & RULE_CONTENT_RETRY))
			return STEP_STOP;
	}
}

/* --- the other kinds --- */

static enum inspect_step pcre(const struct run *r, uint32_t at)
{
	const struct inspect_item *i = &r->list->items[at];
	uint32_t base = r->w->position;

	r->w->pcre_restart = 0;
	for (;;) {
		enum inspect_step rest;
		uint32_t again;

		if (!inspect_pcre(r->w, i, r->in))
			return STEP_NO;
		if (!(i->item->pcre->flags & RULE_PCRE_RELATIVE_NEXT))
			return next(r, at);
		again = r->w->pcre_restart;
		rest = next(r, at);
		if (rest != STEP_NO || again == 0)
			return rest;
		r->w->position = base;
		r->w->pcre_restart = again;
	}
}

enum { DATA_AT_MAX = 100000000 };

static enum inspect_step isdataat(const struct run *r, uint32_t at)
{
	const struct rule_isdataat *i = r->list->items[at].item->isdataat;
	uint64_t where = inspect_value(r->w, &i->at);
	bool there;

	if (i->relative)
		there = where < DATA_AT_MAX && r->w->position + where <= r->in->data.len;
	else
		there = where < DATA_AT_MAX && where < r->in->data.len;
	if (there != i->negated)
		return next(r, at);
	if (i->at.var || (i->relative && i->negated))
		return STEP_NO;
	return STEP_STOP;
}

static enum inspect_step bsize(const struct run *r, uint32_t at)
{
	const struct rule_uint *u = r->list->items[at].item->uint;
	uint64_t size = r->in->offset + r->in->data.len;
	bool match = rule_uint_match(u, size), open_end = !u->negated && u->max == UINT64_MAX;

	if (r->in->end)
		return match ? next(r, at) : STEP_STOP;
	if (open_end && match)
		return next(r, at);
	return !u->negated && size > u->max ? STEP_STOP : STEP_NO;
}

static enum inspect_step urilen(const struct run *r, uint32_t at)
{
	uint64_t len = r->in->data.len > UINT16_MAX ? UINT16_MAX : r->in->data.len;

	return rule_uint_match(r->list->items[at].item->uint, len) ? next(r, at) : STEP_STOP;
}

/* The decoded bytes are a buffer of their own, and the last one the list looks at. */
static enum inspect_step base64(const struct run *r, uint32_t at)
{
	const struct rule_base64_decode *d = r->list->items[at].item->base64_decode;
	uint32_t skip = (d->relative ? r->w->position : 0) + d->offset;
	struct inspect_bytes decoded = {.start = true, .end = true, .packet = r->in->packet};
	struct run inner = {r->w, r->list->base64, &decoded};
	struct slice in;

	if (skip >= r->in->data.len || !inner.list || inner.list->count == 0)
		return STEP_NO;
	in = slice_sub(r->in->data, skip, d->bytes ? d->bytes : INSPECT_BASE64_MAX);
	r->w->base64_len = inspect_base64(in, r->w->base64, INSPECT_BASE64_MAX);
	if (r->w->base64_len == 0)
		return STEP_NO;
	decoded.data = SLICE(r->w->base64, r->w->base64_len);
	r->w->position = 0;
	return step(&inner, 0) == STEP_YES ? STEP_YES : STEP_NO;
}

static enum inspect_step done(const struct run *r, uint32_t at, bool match)
{
	return match ? next(r, at) : STEP_NO;
}

static enum inspect_step step(const struct run *r, uint32_t at)
{
	const struct inspect_item *i = &r->list->items[at];
	struct inspect_worker *w = r->w;

	if (++w->steps >= LIMIT_INSPECT_RECURSION)
		return STEP_STOP;
	switch (i->kind) {
	case RULE_ITEM_CONTENT:
		return content(r, at);
	case RULE_ITEM_PCRE:
		return pcre(r, at);
	case RULE_ITEM_BYTE_TEST:
		return done(r, at, inspect_byte_test(w, i->item->byte_test, r->in));
	case RULE_ITEM_BYTE_JUMP:
		return done(r, at, inspect_byte_jump(w, i->item->byte_jump, r->in));
	case RULE_ITEM_BYTE_EXTRACT:
		return done(r, at, inspect_byte_extract(w, i->item->byte_extract, r->in));
	case RULE_ITEM_BYTE_MATH:
		return done(r, at, inspect_byte_math(w, i->item->byte_math, r->in));
	case RULE_ITEM_ISDATAAT:
		return isdataat(r, at);
	case RULE_ITEM_BSIZE:
		return bsize(r, at);
	case RULE_ITEM_URILEN:
		return urilen(r, at);
	case RULE_ITEM_BASE64_DECODE:
		return base64(r, at);
	case RULE_ITEM_DATASET:
	case RULE_ITEM_DATAREP:
		return dataset_match(i->set, i->item, r->in->data) ? next(r, at) : STEP_STOP;
	default:
		return STEP_NO;
	}
}

void inspect_begin(struct inspect_worker *w)
{
	if (w->vars_used)
		memset(w->vars, 0, sizeof(w->vars));
	w->vars_used = false;
	w->ncaptured = 0;
	w->matched = SLICE(NULL, 0);
	w->matched_offset = 0;
}

bool inspect_run(struct inspect_worker *w, const struct inspect_list *l,
		 const struct inspect_bytes *in)
{
	const struct run r = {w, l, in};

	w->position = 0;
	w->steps = 0;
	if (l->count == 0)
		return true;
	if (!in->data.data || in->data.len > UINT32_MAX / 2)
		return false;
	return step(&r, 0) == STEP_YES;
}

struct slice inspect_matched(const struct inspect_worker *w, uint64_t *ret_offset)
{
	*ret_offset = w->matched_offset;
	return w->matched;
}

unsigned inspect_captured(const struct inspect_worker *w, const struct inspect_captured **ret)
{
	*ret = w->captured;
	return w->ncaptured;
}

uint32_t inspect_position(const struct inspect_worker *w)
{
	return w->position;
}
