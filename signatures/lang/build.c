#include "signatures/lang/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "signatures/lang/index.h"
#include "signatures/lang/keywords.h"
#include "signatures/lang/text.h"

static int reason(struct lang_build *b, int code, const char *fmt, va_list ap)
{
	if (b->reason[0])
		return code;
	vsnprintf(b->reason, sizeof(b->reason), fmt, ap);
	snprintf(b->about, sizeof(b->about), "%s", b->keyword ? b->written : "");
	for (char *c = b->reason; *c; c++) {
		if ((unsigned char)*c < 0x20)
			*c = ' ';
	}
	return code;
}

int lang_fail(struct lang_build *b, const char *fmt, ...)
{
	va_list ap;
	int code;

	b->verdict = LANG_FAILED;
	va_start(ap, fmt);
	code = reason(b, ERR_INVALID, fmt, ap);
	va_end(ap);
	return code;
}

int lang_skip(struct lang_build *b, const char *fmt, ...)
{
	va_list ap;
	int code;

	b->verdict = LANG_SKIPPED;
	va_start(ap, fmt);
	code = reason(b, ERR_UNSUPPORTED, fmt, ap);
	va_end(ap);
	return code;
}

struct rule_item *build_add(struct lang_build *b, struct build_list *list, enum rule_item_kind kind)
{
	struct rule_item *item;

	if (list->count == list->cap) {
		uint32_t cap = list->cap ? list->cap * 2 : 4;
		struct rule_item *items = LANG_NEW_N(b->arena, struct rule_item, cap);

		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->cap = cap;
	}
	item = &list->items[list->count++];
	*item = (struct rule_item){.kind = (uint16_t)kind, .place = b->place++};
	return item;
}

struct build_buffer *build_new_buffer(struct lang_build *b)
{
	if (b->nbuffers == LANG_BUFFERS_MAX) {
		lang_fail(b, "the rule uses more than %d buffers", LANG_BUFFERS_MAX);
		return NULL;
	}
	b->cur = &b->buffers[b->nbuffers++];
	memset(b->cur, 0, sizeof(*b->cur));
	return b->cur;
}

static const char *transforms_key(struct lang_build *b, const char *name)
{
	char key[LANG_LINE_MAX];
	size_t len = (size_t)snprintf(key, sizeof(key), "%s", name);

	for (uint32_t i = 0; i < b->npending && len + 16 < sizeof(key); i++) {
		const struct rule_transform *t = &b->pending[i];

		len += (size_t)snprintf(key + len, sizeof(key) - len, ";%d:", t->kind);
		if (t->arg.len >= sizeof(key) - len)
			break;
		if (t->arg.len)
			memcpy(key + len, t->arg.data, t->arg.len);
		len += t->arg.len;
	}
	return lang_arena_intern(b->arena, SLICE(key, len));
}

int build_settle(struct lang_build *b)
{
	struct build_buffer *cur = b->cur;

	if (!b->active || b->npending == 0)
		return ERR_OK;
	b->active_type = transforms_key(b, b->active_name);
	b->active_set = false;
	if (!cur || cur->items.count > 0)
		cur = build_new_buffer(b);
	if (!cur)
		return ERR_INVALID;
	cur->buffer = b->active;
	cur->name = b->active_name;
	cur->type = b->active_type;
	cur->multi = b->active->multi;
	memcpy(cur->transforms, b->pending, b->npending * sizeof(b->pending[0]));
	cur->ntransforms = b->npending;
	b->npending = 0;
	return ERR_OK;
}

/* Makes `type` the current list, as SigMatchAppendSMToList of Suricata 7 does: the latest list if
 * it is of that type, else the first of it that cannot have several instances, else a new one. */
static struct build_buffer *select_list(struct lang_build *b, const struct lang_buffer *buffer,
					const char *name, const char *type)
{
	struct build_buffer *cur;

	if (b->cur && b->cur->type == type)
		return b->cur;
	for (uint32_t i = 0; b->cur && i < b->nbuffers; i++) {
		if (b->buffers[i].type == type && !b->buffers[i].multi) {
			b->cur = &b->buffers[i];
			return b->cur;
		}
	}
	cur = build_new_buffer(b);
	if (!cur)
		return NULL;
	cur->type = type;
	cur->buffer = buffer;
	cur->name = name;
	cur->own = b->keyword;
	cur->implicit = true;
	return cur;
}

struct build_list *build_active_list(struct lang_build *b)
{
	struct build_buffer *cur;

	if (b->active_base64)
		return &b->base64;
	if (!b->active)
		return &b->payload;
	cur = select_list(b, b->active, b->active_name, b->active_type);
	return cur ? &cur->items : NULL;
}

struct rule_item *build_add_bytes(struct lang_build *b, enum rule_item_kind kind)
{
	struct build_list *list;

	if (b->npending && !b->active) {
		lang_fail(b, "nothing is matched after the transforms before it");
		return NULL;
	}
	if (build_settle(b) != ERR_OK)
		return NULL;
	list = build_active_list(b);
	return list ? build_add(b, list, kind) : NULL;
}

struct rule_item *build_add_to(struct lang_build *b, const struct lang_buffer *buffer,
			       const char *type, enum rule_item_kind kind)
{
	const char *key = lang_arena_intern(b->arena, slice_of(buffer ? buffer->name : type));
	struct build_buffer *cur;

	if (b->active_type && b->active_type != key) {
		b->active = NULL;
		b->active_type = NULL;
	}
	b->active_base64 = false;
	cur = select_list(b, buffer, key, key);
	return cur ? build_add(b, &cur->items, kind) : NULL;
}

int build_activate(struct lang_build *b, const struct lang_buffer *buffer, const char *name)
{
	const char *type = lang_arena_intern(b->arena, slice_of(name));
	struct build_buffer *cur;

	if (b->active_base64)
		return lang_fail(b, "no other buffer can follow base64_data");
	if (b->npending)
		return lang_fail(b, "nothing is matched after the transforms before it");
	b->active = buffer;
	b->active_name = type;
	b->active_type = type;
	b->active_set = true;
	if (b->cur && b->cur->items.count == 0)
		return lang_fail(b, "nothing is matched in the buffer %s before it", b->cur->name);
	for (uint32_t i = 0; i < b->nbuffers; i++) {
		cur = &b->buffers[i];
		if (cur->type == type && (cur->implicit || !buffer->multi)) {
			cur->implicit = false;
			b->cur = cur;
			return ERR_OK;
		}
	}
	cur = build_new_buffer(b);
	if (!cur)
		return ERR_INVALID;
	cur->type = type;
	cur->buffer = buffer;
	cur->name = type;
	cur->multi = buffer->multi;
	return ERR_OK;
}

int build_add_transform(struct lang_build *b, enum rule_transform_kind kind, struct slice arg)
{
	if (!b->active_set)
		return lang_fail(b, "a transform must directly follow a sticky buffer");
	if (b->npending == LANG_TRANSFORMS_MAX)
		return lang_fail(b, "more than %d transforms of one buffer", LANG_TRANSFORMS_MAX);
	b->pending[b->npending++] = (struct rule_transform){kind, arg};
	return ERR_OK;
}

struct rule_item *build_previous(const struct build_list *list, const struct rule_item *before,
				 uint64_t kinds)
{
	uint32_t i = before ? (uint32_t)(before - list->items) : list->count;

	while (i-- > 0) {
		if (kinds & BUILD_KIND(list->items[i].kind))
			return &list->items[i];
	}
	return NULL;
}

struct rule_item *build_last(struct lang_build *b, uint64_t kinds, struct build_list **ret_list)
{
	struct build_list *statics[] = {&b->packet, &b->payload, &b->base64, &b->post};
	struct rule_item *last = NULL, *item;

	for (uint32_t i = 0; i < b->nbuffers; i++) {
		struct build_list *list = &b->buffers[i].items;

		if (b->active_base64 || (b->active && b->buffers[i].type != b->active_type))
			continue;
		item = build_previous(list, NULL, kinds);
		if (item && (!last || item->place > last->place)) {
			last = item;
			if (ret_list)
				*ret_list = list;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(statics) && !b->active; i++) {
		if (b->active_base64 && statics[i] != &b->base64)
			continue;
		item = build_previous(statics[i], NULL, kinds);
		if (item && (!last || item->place > last->place)) {
			last = item;
			if (ret_list)
				*ret_list = statics[i];
		}
	}
	return last;
}

struct rule_item *build_last_anywhere(struct lang_build *b)
{
	const struct lang_buffer *active = b->active;
	bool base64 = b->active_base64;
	struct rule_item *item;

	b->active = NULL;
	b->active_base64 = false;
	item = build_last(b, UINT64_MAX, NULL);
	b->active = active;
	b->active_base64 = base64;
	return item;
}

/* The objects behind the const pointers are this rule's own and still being built. */
struct rule_content *build_content(struct rule_item *item)
{
	return (struct rule_content *)item->content;
}

struct rule_pcre *build_pcre(struct rule_item *item)
{
	return (struct rule_pcre *)item->pcre;
}

void build_mark_relative(struct rule_item *item)
{
	if (item->kind == RULE_ITEM_CONTENT)
		build_content(item)->flags |= RULE_CONTENT_RELATIVE_NEXT | RULE_CONTENT_RETRY;
	else if (item->kind == RULE_ITEM_PCRE)
		build_pcre(item)->flags |= RULE_PCRE_RELATIVE_NEXT;
}

bool lang_app_covers(const char *rule_app, const char *app)
{
	if (strcmp(rule_app, app) == 0)
		return true;
	if (strcmp(rule_app, "http") == 0)
		return strcmp(app, "http1") == 0 || strcmp(app, "http2") == 0;
	return strcmp(rule_app, "dcerpc") == 0 && strcmp(app, "smb") == 0;
}

static bool disabled(const struct lang_build *b, const char *app)
{
	for (const char *const *d = b->opts->disabled; d && *d; d++) {
		if (strcmp(*d, app) == 0)
			return true;
	}
	return false;
}

int build_app(struct lang_build *b, const char *app)
{
	if (b->app && strcmp(app, "smb") == 0 && strcmp(b->app, "dcerpc") == 0)
		return lang_fail(b, "it belongs to smb, but the rule is for dcerpc");
	if (b->app && !lang_app_covers(b->app, app)) {
		if (!lang_app_covers(app, b->app))
			return lang_fail(b, "it belongs to %s, but the rule is for %s", app,
					 b->app);
		app = b->app; /* the narrower one stays */
	}
	if (disabled(b, app))
		return lang_fail(b, "the parser of %s is switched off, so it could never match",
				 app);
	b->app = lang_arena_intern(b->arena, slice_of(app));
	return ERR_OK;
}

int build_var_find(const struct lang_build *b, const char *name)
{
	for (uint32_t i = 0; i < b->rule->nbyte_vars; i++) {
		if (strcmp(b->byte_vars[i], name) == 0)
			return (int)i;
	}
	return -1;
}

int build_var_add(struct lang_build *b, const char *name)
{
	int at = build_var_find(b, name);

	if (at >= 0)
		return at;
	if (b->rule->nbyte_vars == LANG_BYTE_VARS_MAX) {
		lang_fail(b, "more than %d byte variables", LANG_BYTE_VARS_MAX);
		return -1;
	}
	b->byte_vars[b->rule->nbyte_vars] = lang_arena_intern(b->arena, slice_of(name));
	return (int)b->rule->nbyte_vars++;
}

int build_value(struct lang_build *b, const char *text, struct rule_value *ret)
{
	int at;

	*ret = (struct rule_value){.set = true};
	if (!lang_alpha(*text) && lang_number(text, INT64_MIN, INT64_MAX, &ret->number))
		return ERR_OK;
	at = build_var_find(b, text);
	if (at < 0)
		return lang_fail(b, "\"%s\" is neither a number nor a byte variable defined before",
				 text);
	ret->var = true;
	ret->index = (uint8_t)at;
	return ERR_OK;
}

uint32_t build_name_id(struct lang_build *b, enum lang_name_kind kind, const char *name)
{
	return lang_index_name(b->set->index, kind, name);
}
