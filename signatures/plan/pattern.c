/* Chooses the pattern that leads to a rule: the rarest stretch of bytes in it, looked for in the
 * cheapest way. Any pattern gives the same alerts; a good one is hit rarely. */
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"
#include "signatures/plan/grams.h"
#include "signatures/plan/rarity.h"

enum {
	WINDOW = 48, /* bytes of a content that are searched; longer costs and says no more */
	SCORE_HINT = 4 * 24,   /* the rule's author marked it fast_pattern */
	SCORE_COMMON = 4 * 4,  /* at most, of what every web page or request has */
	SCORE_HASHED = 4 * 60, /* a whole value or suffix costs a hash */
	SCORE_AT = 4 * 12,
	SCORE_HEAD = 4 * 8,
	SCORE_SEARCHED = 4 * 24, /* it is short, or all of it is common: Hyperscan is needed, or
				  * grams are found in vain */
	SCORE_DULL = 4 * 20,	 /* taken from patterns in buffers with few values */
	SCORE_BODY = 4 * 6,	 /* bodies and payload are long: more chances to hit */
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

/* The length of the buffer when the list fixes it, else -1. */
static int64_t fixed_size(const struct rule_list *l)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_item *item = &l->items[i];

		if ((item->kind == RULE_ITEM_BSIZE || item->kind == RULE_ITEM_URILEN) &&
		    !item->uint->negated && !item->uint->mask && item->uint->min == item->uint->max)
			return (int64_t)item->uint->min;
	}
	return -1;
}

static bool begins_at(const struct rule_content *c, uint32_t *ret_offset)
{
	if (rule_content_relative(c) || !c->depth.set || c->depth.var || c->offset.var)
		return false;
	*ret_offset = c->offset.set ? (uint32_t)c->offset.number : 0;
	return (size_t)c->depth.number == c->bytes.len && *ret_offset <= MATCHER_AT_OFFSET_MAX;
}

/* It must end within the first bytes. */
static bool in_head(const struct rule_content *c)
{
	int64_t end = (c->offset.set ? c->offset.number : 0) + c->depth.number;

	return !rule_content_relative(c) && c->depth.set && !c->depth.var && !c->offset.var &&
	       end <= MATCHER_HEAD_BYTES;
}

struct place {
	const struct rule_list *list;
	int32_t buffer;
	bool body;  /* windows of a growing buffer: begin and end are not the buffer's */
	bool begin; /* of which one that is the buffer's begin is known */
	unsigned malus;
};

static void consider(const struct place *p, const struct rule_content *c, struct plan_pattern *best)
{
	struct plan_pattern n = {true, p->buffer, c, c->bytes, MATCHER_ANYWHERE, 0, 0};
	uint32_t offset = 0;
	unsigned malus;
	bool searched = false;
	bool starts = begins_at(c, &offset);
	bool ends = c->flags & RULE_CONTENT_ENDSWITH;

	if (!p->body && c->bytes.len <= MATCHER_SUFFIX_MAX &&
	    (fixed_size(p->list) == (int64_t)c->bytes.len || (starts && offset == 0 && ends))) {
		n.place = MATCHER_EXACT;
		n.score = whole_score(c) + SCORE_HASHED;
	} else if (!p->body && ends && c->bytes.len <= MATCHER_SUFFIX_MAX) {
		n.place = MATCHER_SUFFIX;
		n.score = whole_score(c) + SCORE_HASHED - 4 * 10;
	} else if (starts && (!p->body || p->begin)) {
		n.place = MATCHER_AT;
		n.offset = offset;
		n.score = whole_score(c) + SCORE_AT;
	} else {
		n.score = best_window(c, &n.bytes);
		searched = !grams_suit(n.bytes) || !grams_rare(n.bytes);
		if (!p->body && in_head(c)) {
			n.place = MATCHER_HEAD;
			n.score += SCORE_HEAD;
		}
	}
	if ((c->flags & RULE_CONTENT_FAST) && c->bytes.len > 3)
		n.score += SCORE_HINT;
	malus = p->malus + (searched ? SCORE_SEARCHED : 0);
	n.score = n.score > malus ? n.score - malus : 1;
	if (plan_common_phrase(n.bytes) && n.score > SCORE_COMMON)
		n.score = SCORE_COMMON;
	if (!best->found || n.score > best->score)
		*best = n;
}

static void consider_list(const struct place *p, struct plan_pattern *best)
{
	for (uint32_t i = 0; i < p->list->count; i++) {
		const struct rule_item *item = &p->list->items[i];

		if (item->kind == RULE_ITEM_CONTENT &&
		    !(item->content->flags & RULE_CONTENT_NEGATED))
			consider(p, item->content, best);
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

void plan_choose_pattern(const struct plan_rule *r, struct plan_pattern *ret)
{
	const struct rule *rule = r->rule;
	struct place payload = {.list = &rule->payload, .buffer = -1};

	*ret = (struct plan_pattern){0};
	for (uint16_t i = 0; i < rule->nbuffers; i++) {
		const struct rule_buffer *b = &rule->buffers[i];
		struct place p = {.list = &b->items, .buffer = i, .body = grows(r, i)};

		p.begin = b->ntransforms == 0;
		if (b->buffer->where == LANG_ON_FRAME)
			p.body = true, p.begin = false;
		else if (b->buffer->where != LANG_ON_TX && b->buffer->where != LANG_ON_FILE)
			continue;
		p.malus = p.body ? SCORE_BODY : dull(b->name) ? SCORE_DULL : 0;
		consider_list(&p, ret);
	}
	/* Rules on transactions are led to by their raw payload when it is all they have, or when
	 * their author wants it. */
	if (!ret->found || !(r->flags & PLAN_TX))
		consider_list(&payload, ret);
	else if (rule->fast_pattern && rule->fast_buffer < 0)
		consider(&payload, rule->fast_pattern, ret);
}
