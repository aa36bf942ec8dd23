/* Chooses the pattern that leads to a rule: the rarest stretch of bytes in it, looked for in the
 * cheapest way. Any pattern gives the same alerts; a good one is hit rarely. */
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"
#include "signatures/plan/grams.h"
#include "signatures/plan/rarity.h"

enum {
	WINDOW = MATCHER_SEARCHED_MAX, /* longer costs and says no more */
	SCORE_HINT = 4 * 24,	       /* the rule's author marked it fast_pattern */
	SCORE_COMMON = 4 * 4,	       /* at most, of what every web page or request has */
	SCORE_HASHED = 4 * 60,	       /* a whole value or suffix costs a hash */
	SCORE_AT = 4 * 12,
	SCORE_LENGTH = 4 * 24,
	SCORE_HEAD = 4 * 8,
	SCORE_SEARCHED = 4 * 24, /* it is short, or all of it is common: Hyperscan is needed, or
				  * grams are found in vain */
	SCORE_DULL = 4 * 20,	 /* taken from patterns in buffers with few values */
	SCORE_HEAD_LEAST =
		4 * 20,	    /* of what is looked for in the first bytes instead of everywhere */
	SCORE_BODY = 4 * 6, /* bodies and payload are long: more chances to hit */
};

/* Buffers that nearly always hold one of a few values. */
static bool dull(const char *name)
{
	static const char *const names[] = {
		"http.method",	     "http.protocol", "http.stat_code",	   "http.stat_msg",
		"http.connection",   "http.accept",   "http.accept_enc",   "http.accept_lang",
		"http.header_names", "http.start",    "http.request_line", "http.response_line",
		"http.content_type", "tls.version",   "ssh.proto",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* The rarest stretch of at most WINDOW bytes. */
static unsigned best_window(const struct rule_content *c, struct slice *ret)
{
	bool nocase = c->flags & RULE_CONTENT_NOCASE;
	size_t n = c->bytes.len < WINDOW ? c->bytes.len : WINDOW;
	unsigned score = 0, best;

	for (size_t i = 0; i < n; i++)
		score += rarity_of(c->bytes.data[i], nocase);
	best = score;
	*ret = slice_sub(c->bytes, 0, n);
	for (size_t i = n; i < c->bytes.len; i++) {
		score += rarity_of(c->bytes.data[i], nocase);
		score -= rarity_of(c->bytes.data[i - n], nocase);
		if (score > best) {
			best = score;
			*ret = slice_sub(c->bytes, i - n + 1, n);
		}
	}
	return best;
}

static unsigned whole_score(const struct rule_content *c)
{
	unsigned score = 0;

	for (size_t i = 0; i < c->bytes.len && score < 4 * 100; i++)
		score += rarity_of(c->bytes.data[i], c->flags & RULE_CONTENT_NOCASE);
	return score;
}

#define NOWHERE UINT64_MAX

struct place {
	const struct rule_list *list;
	int32_t buffer;
	bool body;     /* windows of a growing buffer: its end is not known */
	uint64_t size; /* of the buffer, at most; `exact`: just that; NOWHERE: not known */
	bool exact;
	unsigned malus;
};

/* What the list says of its buffer's length. */
static void size_of(const struct rule_list *l, struct place *ret)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_uint *u = l->items[i].uint;
		enum rule_item_kind kind = l->items[i].kind;

		if ((kind != RULE_ITEM_BSIZE && kind != RULE_ITEM_URILEN &&
		     kind != RULE_ITEM_DSIZE) ||
		    u->negated || u->mask)
			continue;
		ret->size = u->max < ret->size ? u->max : ret->size;
		ret->exact |= u->min == u->max;
	}
}

/* Buffers whose values all have one length. */
static void size_by_name(const struct rule_buffer *b, struct place *ret)
{
	static const struct {
		const char *name;
		uint64_t size;
	} known[] = {{"tls.cert_fingerprint", 59}, {"ja3.hash", 32}, {"ja3s.hash", 32}};

	for (size_t i = 0; i < ARRAY_SIZE(known) && !b->ntransforms; i++) {
		if (strcmp(known[i].name, b->name) == 0) {
			ret->size = known[i].size;
			ret->exact = true;
		}
	}
}

/* Where a content may lie, in bytes from the buffer's begin. */
struct range {
	uint64_t first; /* least begin */
	uint64_t end;	/* greatest end; NOWHERE: not bounded */
};

static uint64_t plus(uint64_t a, int64_t b)
{
	if (a == NOWHERE)
		return a;
	return b < 0 && (uint64_t)-b > a ? 0 : a + (uint64_t)b;
}

/* `before`: where the match may have ended that a relative one counts from. */
static struct range range_of(const struct rule_content *c, struct range before)
{
	struct range r = {0, NOWHERE};

	if (!rule_content_relative(c)) {
		r.first = c->offset.set && !c->offset.var ? (uint64_t)c->offset.number : 0;
		if (c->depth.set && !c->depth.var && !c->offset.var)
			r.end = r.first + (uint64_t)c->depth.number;
		return r;
	}
	if (c->distance.var || c->within.var)
		return r;
	r.first = plus(before.first, c->distance.set ? c->distance.number : 0);
	if (c->within.set)
		r.end = plus(before.end,
			     c->within.number + (c->distance.set ? c->distance.number : 0));
	return r;
}

/* Behind an item the next one counts from where it left off. */
static struct range range_behind(const struct rule_item *item, struct range before)
{
	struct range r;

	switch (item->kind) {
	case RULE_ITEM_CONTENT:
		if (item->content->flags & RULE_CONTENT_NEGATED)
			return before;
		r = range_of(item->content, before);
		r.first += item->content->bytes.len;
		return r;
	case RULE_ITEM_BYTE_TEST:
	case RULE_ITEM_ISDATAAT:
	case RULE_ITEM_BSIZE:
	case RULE_ITEM_URILEN:
		return before;
	default:
		return (struct range){0, NOWHERE};
	}
}

/* Where it is looked for and what that is worth. */
static void place_of(const struct place *p, const struct rule_content *c, struct range where,
		     struct plan_pattern *ret)
{
	bool fixed = where.end == where.first + c->bytes.len;
	bool ends = (c->flags & RULE_CONTENT_ENDSWITH) && !p->body;
	bool whole = !p->body &&
		     ((p->exact && p->size == c->bytes.len) || (fixed && where.first == 0 && ends));

	ret->bytes = c->bytes;
	ret->score = whole_score(c);
	if (whole && c->bytes.len <= MATCHER_SUFFIX_MAX) {
		ret->place = MATCHER_EXACT;
		ret->score += SCORE_HASHED;
	} else if (ends && c->bytes.len <= MATCHER_SUFFIX_MAX) {
		ret->place = MATCHER_SUFFIX;
		ret->score += SCORE_HASHED - 4 * 10;
	} else if (fixed && where.first <= MATCHER_AT_OFFSET_MAX) {
		/* Of a window behind the buffer's begin it is never true. */
		ret->place = MATCHER_AT;
		ret->offset = (uint32_t)where.first;
		ret->score += SCORE_AT;
	} else {
		ret->score = best_window(c, &ret->bytes);
		if (!p->body && (where.end < p->size ? where.end : p->size) <= MATCHER_HEAD_BYTES)
			ret->place = MATCHER_HEAD;
	}
}

/* What makes it dear: it is short or all of it is common, so that Hyperscan is needed or grams are
 * found in vain. */
static unsigned searched(const struct plan_pattern *p)
{
	if (p->place != MATCHER_ANYWHERE && p->place != MATCHER_HEAD)
		return 0;
	if (grams_suit(p->bytes) && grams_rare(p->bytes))
		return 0;
	return p->place == MATCHER_HEAD ? SCORE_SEARCHED / 2 : SCORE_SEARCHED;
}

/* What follows the content says that the buffer's own length lies before it. */
static bool behind_length(const struct place *p, uint32_t index, struct plan_pattern *ret)
{
	const struct rule_item *i = &p->list->items[index];
	const struct rule_byte_jump *j = i[1].byte_jump;
	int64_t back;

	if (p->body || index + 2 >= p->list->count || i[1].kind != RULE_ITEM_BYTE_JUMP ||
	    i[2].kind != RULE_ITEM_ISDATAAT || !i[2].isdataat->negated ||
	    !i[2].isdataat->relative || i[2].isdataat->at.var || i[2].isdataat->at.number != 2)
		return false;
	if (j->nbytes.var || j->nbytes.number != 4 || j->offset.var || !j->relative || j->align ||
	    !j->from_beginning || j->base != RULE_BASE_BINARY || j->endian != RULE_ENDIAN_LITTLE ||
	    j->multiplier != 1 || j->post_offset != -1)
		return false;
	back = -j->offset.number - (int64_t)i->content->bytes.len;
	if (back < 4 || back > MATCHER_AT_OFFSET_MAX)
		return false;
	ret->place = MATCHER_LENGTH;
	ret->offset = (uint32_t)back;
	ret->bytes = i->content->bytes;
	ret->score = whole_score(i->content) + SCORE_LENGTH;
	return true;
}

static void consider(const struct place *p, uint32_t index, struct range where,
		     struct plan_pattern *best)
{
	const struct rule_content *c = p->list->items[index].content;
	struct plan_pattern n = {true, p->buffer, c, c->bytes, MATCHER_ANYWHERE, 0, 0};
	unsigned malus;

	if (!behind_length(p, index, &n))
		place_of(p, c, where, &n);
	if (n.place == MATCHER_HEAD)
		n.score += SCORE_HEAD;
	if ((c->flags & RULE_CONTENT_FAST) && c->bytes.len > 3)
		n.score += SCORE_HINT;
	malus = p->malus + searched(&n);
	n.score = n.score > malus ? n.score - malus : 1;
	if (best->found && n.score <= best->score)
		return;
	if (n.score > SCORE_COMMON && plan_common_phrase(n.bytes))
		n.score = SCORE_COMMON;
	if (!best->found || n.score > best->score)
		*best = n;
}

/* `only`: that content alone; NULL: all. */
static void consider_list(const struct place *p, const struct rule_content *only,
			  struct plan_pattern *best)
{
	struct range before = {0, 0};

	for (uint32_t i = 0; i < p->list->count; i++) {
		const struct rule_item *item = &p->list->items[i];
		const struct rule_content *c = item->content;

		if (item->kind == RULE_ITEM_CONTENT && !(c->flags & RULE_CONTENT_NEGATED) &&
		    (!only || c == only))
			consider(p, i, range_of(c, before), best);
		before = range_behind(item, before);
	}
}

static bool grows(const struct plan_rule *r, uint16_t index)
{
	for (unsigned i = 0; i < r->nchains; i++) {
		for (unsigned k = 0; k < r->chains[i].count; k++) {
			const struct plan_step *s = &r->chains[i].steps[k];

			if (s->index != index)
				continue;
			if (s->kind == PLAN_STEP_BUFFER && s->buffer->body)
				return true;
			if (s->kind == PLAN_STEP_FILE && s->file == PLAN_FILE_DATA)
				return true;
		}
	}
	return false;
}

static void consider_payload(const struct plan_rule *r, const struct rule_content *only,
			     struct plan_pattern *best)
{
	struct place p = {.list = &r->rule->payload, .buffer = -1, .size = NOWHERE};

	/* In the stream a packet's size says nothing. */
	if (!(r->flags & PLAN_TX) && (!(r->flags & PLAN_ON_STREAM) || !(r->layers & 1 << PLAN_TCP)))
		size_of(&r->rule->packet, &p);
	consider_list(&p, only, best);
}

void plan_choose_pattern(const struct plan_rule *r, struct plan_pattern *ret)
{
	const struct rule *rule = r->rule;

	*ret = (struct plan_pattern){0};
	for (uint16_t i = 0; i < rule->nbuffers; i++) {
		const struct rule_buffer *b = &rule->buffers[i];
		struct place p = {
			.list = &b->items, .buffer = i, .body = grows(r, i), .size = NOWHERE};

		if (b->buffer->where == LANG_ON_FRAME)
			p.body = true;
		else if (b->buffer->where != LANG_ON_TX && b->buffer->where != LANG_ON_FILE)
			continue;
		size_by_name(b, &p);
		size_of(&b->items, &p);
		p.malus = p.body ? SCORE_BODY : dull(b->name) ? SCORE_DULL : 0;
		consider_list(&p, NULL, ret);
	}
	/* Rules on transactions are led to by their raw payload when it is all they have, or when
	 * their author wants it. */
	if (!ret->found || !(r->flags & PLAN_TX))
		consider_payload(r, NULL, ret);
	else if (rule->fast_pattern && rule->fast_buffer < 0)
		consider_payload(r, rule->fast_pattern, ret);
}

bool plan_choose_gate(const struct plan_rule *r, struct plan_pattern *ret)
{
	const struct rule_list *l = &r->rule->payload;
	struct range before = {0, 0};

	*ret = (struct plan_pattern){.buffer = -1, .place = MATCHER_AT};
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_item *item = &l->items[i];
		const struct rule_content *c = item->content;
		struct range where = before;
		bool asks = item->kind == RULE_ITEM_CONTENT && !(c->flags & RULE_CONTENT_NEGATED);

		if (asks)
			where = range_of(c, before);
		if (asks && where.end == where.first + c->bytes.len &&
		    where.first <= MATCHER_AT_OFFSET_MAX && whole_score(c) > ret->score) {
			ret->found = true;
			ret->content = c;
			ret->bytes = c->bytes;
			ret->offset = (uint32_t)where.first;
			ret->score = whole_score(c);
		}
		before = range_behind(item, before);
	}
	return ret->found;
}

bool plan_choose_head(const struct plan_rule *r, struct plan_pattern *ret)
{
	const struct rule_list *l = &r->rule->payload;
	struct place p = {.list = l, .buffer = -1, .size = NOWHERE};
	struct range before = {0, 0};

	*ret = (struct plan_pattern){.score = SCORE_HEAD_LEAST - 1};
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_item *item = &l->items[i];
		const struct rule_content *c = item->content;
		struct plan_pattern n = {true, -1, c, {0}, MATCHER_ANYWHERE, 0, 0};

		if (item->kind == RULE_ITEM_CONTENT && !(c->flags & RULE_CONTENT_NEGATED)) {
			place_of(&p, c, range_of(c, before), &n);
			if (n.place == MATCHER_HEAD && n.score > ret->score &&
			    !plan_common_in_head(n.bytes))
				*ret = n;
		}
		before = range_behind(item, before);
	}
	return ret->found;
}
