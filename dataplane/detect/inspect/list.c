/* Compiling lists, and what belongs to an engine or a worker as a whole. */
#include "dataplane/detect/inspect/internal.h"

#include <stdlib.h>

#include "signatures/lang/buffers.h"
#include "signatures/lang/limits.h"

_Static_assert(sizeof(((struct inspect_worker *)0)->vars) / 8 >= LANG_BYTE_VARS_MAX,
	       "every byte variable of a rule has its place");

/* Content without anything that places it. */
static bool is_single(const struct rule_content *c)
{
	return !c->depth.set && !c->offset.set && !rule_content_relative(c) &&
	       !(c->flags & RULE_CONTENT_RELATIVE_NEXT);
}

static bool compile_content(struct inspect_item *to, const struct rule_content *c)
{
	uint8_t *lower;

	to->single = is_single(c);
	to->needle = c->bytes.data;
	if (!(c->flags & RULE_CONTENT_NOCASE))
		return true;
	lower = malloc(c->bytes.len);
	if (!lower)
		return false;
	for (size_t i = 0; i < c->bytes.len; i++)
		lower[i] = ascii_lower(c->bytes.data[i]);
	to->needle = lower;
	return true;
}

static bool refuse(const char **keyword, const char *name, struct errmsg *why, const char *reason)
{
	*keyword = name;
	errmsg_set(why, ERR_UNSUPPORTED, "%s", reason);
	return false;
}

static bool compile_item(struct inspect_store *s, const struct rule *rule,
			 const struct rule_item *item, struct inspect_item *to,
			 const char **keyword, struct errmsg *why)
{
	to->kind = item->kind;
	to->item = item;
	switch (item->kind) {
	case RULE_ITEM_CONTENT:
		return compile_content(to, item->content) ||
		       refuse(keyword, "content", why, "no memory");
	case RULE_ITEM_PCRE:
		*keyword = "pcre";
		to->code = inspect_pcre_compile(item->pcre, why);
		return to->code != NULL;
	case RULE_ITEM_DATASET:
	case RULE_ITEM_DATAREP:
		*keyword = item->kind == RULE_ITEM_DATASET ? "dataset" : "datarep";
		to->set = dataset_for(s, rule, item, why);
		return to->set != NULL;
	case RULE_ITEM_BYTE_TEST:
	case RULE_ITEM_BYTE_JUMP:
	case RULE_ITEM_BYTE_EXTRACT:
	case RULE_ITEM_BYTE_MATH:
	case RULE_ITEM_ISDATAAT:
	case RULE_ITEM_BSIZE:
	case RULE_ITEM_URILEN:
	case RULE_ITEM_BASE64_DECODE:
		return true;
	default:
		return refuse(keyword, "", why, "a keyword that does not look at bytes");
	}
}

/* The rule's items on base64-decoded bytes, if it has any. */
static const struct rule_list *base64_items(const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->nbuffers; i++) {
		if (strcmp(rule->buffers[i].name, "base64_data") == 0)
			return &rule->buffers[i].items;
	}
	return NULL;
}

static bool decodes_base64(const struct rule_list *items)
{
	for (uint32_t i = 0; i < items->count; i++) {
		if (items->items[i].kind == RULE_ITEM_BASE64_DECODE)
			return true;
	}
	return false;
}

struct inspect_list *inspect_list_new(struct inspect_store *s, const struct rule *rule,
				      const struct rule_list *items, const char **keyword,
				      struct errmsg *why)
{
	struct inspect_list *l = calloc(1, sizeof(*l) + items->count * sizeof(l->items[0]));
	const struct rule_list *inner = decodes_base64(items) ? base64_items(rule) : NULL;

	*keyword = "";
	if (!l)
		return NULL;
	l->rule = rule;
	for (uint32_t i = 0; i < items->count; i++) {
		if (!compile_item(s, rule, &items->items[i], &l->items[l->count], keyword, why)) {
			inspect_list_free(l);
			return NULL;
		}
		l->count++;
	}
	if (inner && inner != items) {
		l->base64 = inspect_list_new(s, rule, inner, keyword, why);
		if (!l->base64) {
			inspect_list_free(l);
			return NULL;
		}
	}
	return l;
}

void inspect_list_free(struct inspect_list *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct inspect_item *item = &l->items[i];

		if (item->kind == RULE_ITEM_CONTENT &&
		    item->needle != item->item->content->bytes.data)
			free((void *)item->needle);
		if (item->kind == RULE_ITEM_PCRE)
			pcre2_code_free(item->code);
	}
	inspect_list_free(l->base64);
	free(l);
}

/* --- worker --- */

struct inspect_worker *inspect_worker_new(struct inspect_store *s, struct slab *slab)
{
	struct inspect_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->store = s;
	w->slab = slab;
	w->match = pcre2_match_data_create(INSPECT_OVECTOR, NULL);
	w->limits = pcre2_match_context_create(NULL);
	w->base64 = malloc(INSPECT_BASE64_MAX);
	if (!w->match || !w->limits || !w->base64) {
		inspect_worker_free(w);
		return NULL;
	}
	pcre2_set_match_limit(w->limits, INSPECT_MATCH_LIMIT);
	pcre2_set_depth_limit(w->limits, INSPECT_DEPTH_LIMIT);
	return w;
}

void inspect_worker_free(struct inspect_worker *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < INSPECT_SLOTS; i++)
		slab_free(w->slab, w->slot[i].buf, w->slot[i].cap);
	pcre2_match_data_free(w->match);
	pcre2_match_context_free(w->limits);
	free(w->base64);
	free(w);
}
