#include "signatures/lang/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/hash.h"
#include "signatures/lang/buffers.h"
#include "signatures/lang/keywords.h"

enum { SPARE_LIST = 4 };

struct slot {
	const void *key;
	uint64_t space;
	void *value;
};

/* Open addressing over interned pointers or (gid, sid). */
struct table {
	struct slot *slots;
	size_t size, count;
};

struct names {
	const char **texts;
	uint32_t count, cap;
};

enum { WORDS = 1024, WORD_MAX_LEN = 63 }; /* slots: three times the names there are */

struct word_slot {
	char name[WORD_MAX_LEN + 1]; /* lower case */
	struct lang_word word;
};

struct lang_index {
	struct word_slot words[WORDS];
	struct table table;
	struct names names[LANG_NAME_KINDS];
	struct rule **rules;
	uint32_t nrules, cap_rules;
	struct lang_problem *problems;
	uint32_t nproblems, cap_problems;
};

enum { SPACE_NAME = 1 << 16, SPACE_RULE = 1 << 20 };

/* The slot of a name, or the free one where it belongs. `lower` gets the name in lower case. */
static const struct word_slot *word_slot(const struct lang_index *x, const char *name,
					 char lower[WORD_MAX_LEN + 1])
{
	uint64_t hash = 0;
	size_t len, at;

	for (len = 0; name[len]; len++) {
		if (len == WORD_MAX_LEN)
			return NULL;
		lower[len] = (char)ascii_lower((uint8_t)name[len]);
		hash = hash_mix(hash, (uint64_t)lower[len]);
	}
	lower[len] = '\0';
	for (at = hash % WORDS; x->words[at].name[0]; at = (at + 1) % WORDS) {
		if (strcmp(x->words[at].name, lower) == 0)
			break;
	}
	return &x->words[at];
}

static void add_words(struct lang_index *x, const char *names, struct lang_word word)
{
	for (const char *at = names, *end; at && *at; at = *end ? end + 1 : end) {
		char name[WORD_MAX_LEN + 1], lower[WORD_MAX_LEN + 1];
		struct word_slot *slot;

		end = strchrnul(at, '|');
		snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
		slot = (struct word_slot *)word_slot(x, name, lower);
		if (slot->name[0])
			continue;
		memcpy(slot->name, lower, sizeof(lower));
		slot->word = word;
	}
}

/* base64_data and frame are keywords; their buffers cannot be named like others. */
struct lang_index *lang_index_new(void)
{
	struct lang_index *x = calloc(1, sizeof(*x));

	for (size_t i = 0; x && i < lang_keywords_count; i++) {
		struct lang_word word = {.keyword = &lang_keywords[i]};

		add_words(x, lang_keywords[i].name, word);
		add_words(x, lang_keywords[i].aliases, word);
	}
	for (size_t i = 0; x && i < lang_buffers_count; i++) {
		struct lang_word word = {.buffer = &lang_buffers[i]};

		add_words(x, lang_buffers[i].name, word);
		add_words(x, lang_buffers[i].aliases, word);
	}
	return x;
}

struct lang_word lang_index_word(const struct lang_index *x, const char *name, uint8_t lang)
{
	char lower[WORD_MAX_LEN + 1];
	const struct word_slot *slot = *name ? word_slot(x, name, lower) : NULL;
	struct lang_word word = slot ? slot->word : (struct lang_word){0};
	uint8_t since = word.keyword ? word.keyword->lang : word.buffer ? word.buffer->lang : 0;

	return since > (lang ? lang : 7) ? (struct lang_word){0} : word;
}

void lang_index_free(struct lang_index *x)
{
	if (!x)
		return;
	for (int i = 0; i < LANG_NAME_KINDS; i++)
		free(x->names[i].texts);
	free(x->table.slots);
	free(x->rules);
	free(x->problems);
	free(x);
}

static struct slot *find(struct table *t, const void *key, uint64_t space)
{
	size_t at = hash_mix((uint64_t)(uintptr_t)key, space) & (t->size - 1);

	while (t->slots[at].space && (t->slots[at].key != key || t->slots[at].space != space))
		at = (at + 1) & (t->size - 1);
	return &t->slots[at];
}

static struct slot *find_or_add(struct table *t, const void *key, uint64_t space)
{
	struct slot *s = find(t, key, space);

	if (!s->space) {
		if (++t->count >= t->size) /* never: reserve keeps room */
			abort();
		s->key = key;
		s->space = space;
	}
	return s;
}

static bool table_reserve(struct table *t, size_t spare)
{
	struct table grown = {.size = t->size ? t->size : 1024};

	if (t->size && (t->count + spare) * 2 <= t->size)
		return true;
	while ((t->count + spare) * 2 > grown.size)
		grown.size *= 2;
	grown.slots = calloc(grown.size, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		if (t->slots[i].space)
			*find_or_add(&grown, t->slots[i].key, t->slots[i].space) = t->slots[i];
	}
	free(t->slots);
	*t = grown;
	return true;
}

static bool array_reserve(void **items, uint32_t *cap, uint32_t count, uint32_t spare, size_t size)
{
	uint32_t want = *cap ? *cap : 256;
	void *grown;

	if (count + spare <= *cap)
		return true;
	while (want < count + spare)
		want *= 2;
	grown = realloc(*items, want * size);
	if (!grown)
		return false;
	*items = grown;
	*cap = want;
	return true;
}

bool lang_index_reserve(struct lang_index *x, size_t names)
{
	for (int i = 0; i < LANG_NAME_KINDS; i++) {
		struct names *n = &x->names[i];

		if (!array_reserve((void **)&n->texts, &n->cap, n->count, (uint32_t)names,
				   sizeof(*n->texts)))
			return false;
	}
	return table_reserve(&x->table, names) &&
	       array_reserve((void **)&x->rules, &x->cap_rules, x->nrules, SPARE_LIST,
			     sizeof(*x->rules)) &&
	       array_reserve((void **)&x->problems, &x->cap_problems, x->nproblems, SPARE_LIST,
			     sizeof(*x->problems));
}

uint32_t lang_index_name(struct lang_index *x, enum lang_name_kind kind, const char *interned)
{
	struct names *n = &x->names[kind];
	struct slot *s = find_or_add(&x->table, interned, SPACE_NAME + (uint64_t)kind);

	if (!s->value) {
		n->texts[n->count++] = interned;
		s->value = (void *)(uintptr_t)n->count;
	}
	return (uint32_t)(uintptr_t)s->value - 1;
}

struct lang_names lang_index_names(const struct lang_index *x, enum lang_name_kind kind)
{
	return (struct lang_names){x->names[kind].texts, x->names[kind].count};
}

void **lang_index_place(struct lang_index *x, const char *interned, unsigned space)
{
	return &find_or_add(&x->table, interned, 1 + space)->value;
}

int64_t lang_index_add_rule(struct lang_index *x, struct rule *rule, bool *ret_replaced)
{
	struct slot *s = find_or_add(&x->table, (void *)(uintptr_t)rule->sid,
				     SPACE_RULE + (uint64_t)rule->gid);
	struct rule *old = s->value;

	*ret_replaced = old != NULL;
	if (old && rule->rev <= old->rev)
		return -1;
	rule->index = old ? old->index : x->nrules++;
	x->rules[rule->index] = rule;
	s->value = rule;
	return rule->index;
}

const struct rule *const *lang_index_rules(const struct lang_index *x, uint32_t *ret_count)
{
	*ret_count = x->nrules;
	return (const struct rule *const *)x->rules;
}

void lang_index_add_problem(struct lang_index *x, const struct lang_problem *p)
{
	x->problems[x->nproblems++] = *p;
}

const struct lang_problem *lang_index_problems(const struct lang_index *x, uint32_t *ret_count)
{
	*ret_count = x->nproblems;
	return x->problems;
}
