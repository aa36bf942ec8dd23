#include "signatures/lang/kw.h"

#include <string.h>

#include "signatures/lang/text.h"

/* content and what modifies the content before it. */

#define CONTENT BUILD_KIND(RULE_ITEM_CONTENT)
#define PLACED	(BUILD_KIND(RULE_ITEM_CONTENT) | BUILD_KIND(RULE_ITEM_PCRE))

enum { PLACE_MAX = 1 << 20 }; /* of distance and within */

/* One character of a content outside of | |; false when it must not stand there. */
static bool plain_char(struct lang_build *b, bool *escaped, bool *converted, char c, uint8_t **out)
{
	if (*escaped) {
		*escaped = false;
		*converted = true;
		if (!strchr(":;\\\"", c)) {
			lang_fail(b, "only : ; \\ and \" can follow a \\, not %c", c);
			return false;
		}
	} else if (c == '\\') {
		*escaped = true;
		return true;
	} else if (c == '"') {
		lang_fail(b, "a \" inside must be written \\\"");
		return false;
	}
	*(*out)++ = (uint8_t)c;
	return true;
}

int kw_bytes(struct lang_build *b, const char *text, struct slice *ret)
{
	uint8_t *bytes = lang_arena_take(b->arena, strlen(text) + 1), *out = bytes;
	bool hex = false, escaped = false, converted = false;
	int high = -1;

	for (const char *c = text; *c; c++) {
		if (*c == '|') {
			if (high >= 0)
				return lang_fail(b, "a byte between | | has only one digit");
			hex = !hex;
		} else if (!hex) {
			if (!plain_char(b, &escaped, &converted, *c, &out))
				return ERR_INVALID;
		} else if (lang_hex(*c) >= 0) {
			converted = true;
			if (high < 0) {
				high = lang_hex(*c);
				continue;
			}
			*out++ = (uint8_t)(high << 4 | lang_hex(*c));
			high = -1;
		} else if (*c != ' ' && *c != ',') {
			return lang_fail(b, "%c is no hexadecimal digit", *c);
		}
	}
	if (hex)
		return lang_fail(b, "a | is not closed");
	if (!converted) { /* so "||" and a last \ stand for themselves, as in Suricata */
		memcpy(bytes, text, strlen(text));
		out = bytes + strlen(text);
	}
	if (out == bytes)
		return lang_fail(b, "it is empty");
	if (out - bytes > LANG_CONTENT_MAX)
		return lang_fail(b, "it is longer than %d bytes", LANG_CONTENT_MAX);
	*ret = SLICE(bytes, (size_t)(out - bytes));
	return ERR_OK;
}

/* True when a transform's output can hold these bytes. */
static bool can_hold(enum rule_transform_kind kind, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = (char)s.data[i];

		if ((kind == RULE_XFORM_TO_LOWERCASE && c >= 'A' && c <= 'Z') ||
		    (kind == RULE_XFORM_TO_UPPERCASE && c >= 'a' && c <= 'z') ||
		    (kind == RULE_XFORM_STRIP_WHITESPACE && lang_space(c)) ||
		    (kind == RULE_XFORM_COMPRESS_WHITESPACE && lang_space(c) && i > 0 &&
		     lang_space((char)s.data[i - 1])))
			return false;
	}
	return true;
}

static int check_transforms(struct lang_build *b, struct slice bytes)
{
	const struct build_buffer *cur = b->cur;

	if (b->negated || !b->active || !cur || cur->type != b->active_type)
		return ERR_OK;
	for (uint32_t i = 0; i < cur->ntransforms; i++) {
		if (!can_hold(cur->transforms[i].kind, bytes))
			return lang_fail(b, "the buffer can never hold these bytes after its "
					    "transforms");
	}
	return ERR_OK;
}

int kw_content(struct lang_build *b, char *arg)
{
	struct rule_content *c = LANG_NEW(b->arena, struct rule_content);
	struct rule_item *item;

	if (kw_bytes(b, arg, &c->bytes) != ERR_OK)
		return ERR_INVALID;
	if (b->negated)
		c->flags |= RULE_CONTENT_NEGATED;
	item = build_add_bytes(b, RULE_ITEM_CONTENT);
	if (!item)
		return ERR_INVALID;
	item->content = c;
	return check_transforms(b, c->bytes);
}

/* The content that a modifier belongs to; NULL when there is none. */
static struct rule_content *last_content(struct lang_build *b, struct rule_item **ret_item,
					 struct build_list **ret_list)
{
	struct rule_item *item = build_last(b, CONTENT, ret_list);

	if (!item) {
		lang_fail(b, "there is no content before it");
		return NULL;
	}
	if (ret_item)
		*ret_item = item;
	return build_content(item);
}

int kw_nocase(struct lang_build *b, char *arg)
{
	struct rule_content *c = last_content(b, NULL, NULL);

	if (!c)
		return ERR_INVALID;
	if (c->flags & RULE_CONTENT_NOCASE)
		return lang_fail(b, "it was given before for the same content");
	c->flags |= RULE_CONTENT_NOCASE;
	return ERR_OK;
}

int kw_rawbytes(struct lang_build *b, char *arg)
{
	struct rule_item *item = build_previous(&b->payload, NULL, CONTENT);
	struct rule_content *c;

	if (b->active || b->active_base64)
		return lang_fail(b, "it does not go together with a sticky buffer");
	if (!item)
		return lang_fail(b, "there is no content of the payload before it");
	c = build_content(item);
	if (c->flags & RULE_CONTENT_RAWBYTES)
		return lang_fail(b, "it was given before for the same content");
	c->flags |= RULE_CONTENT_RAWBYTES;
	return ERR_OK;
}

int kw_replace(struct lang_build *b, char *arg)
{
	struct rule_content *c;
	struct slice bytes;
	struct rule_item *item;

	if (kw_bytes(b, arg, &bytes) != ERR_OK) { /* which Suricata does not mind */
		b->reason[0] = '\0';
		return ERR_OK;
	}
	item = build_previous(&b->payload, NULL, CONTENT);
	c = item ? build_content(item) : NULL;
	if (c && bytes.len == c->bytes.len) /* else it has no effect, as in Suricata */
		c->replace = bytes;
	return ERR_OK;
}

static int no_relative(struct lang_build *b, const struct rule_content *c)
{
	if (c->distance.set || c->within.set)
		return lang_fail(b, "depth, offset and startswith do not go together with distance "
				    "and within for one content");
	return ERR_OK;
}

static int no_absolute(struct lang_build *b, const struct rule_content *c)
{
	if (c->depth.set || c->offset.set)
		return lang_fail(b, "distance and within do not go together with depth, offset and "
				    "startswith for one content");
	return ERR_OK;
}

/* What no position may be added to. */
static int not_fixed(struct lang_build *b, const struct rule_content *c)
{
	if (c->flags & RULE_CONTENT_FAST && c->flags & RULE_CONTENT_NEGATED)
		return lang_fail(b, "a negated content with fast_pattern can have no position");
	if (c->flags & RULE_CONTENT_FAST_ONLY)
		return lang_fail(b, "a content with fast_pattern:only can have no position");
	return ERR_OK;
}

static bool read_position(struct lang_build *b, const char *arg, int64_t min, int64_t max,
			  struct rule_value *ret)
{
	if (build_value(b, arg, ret) != ERR_OK)
		return false;
	if (!ret->var && (ret->number < min || ret->number > max)) {
		lang_fail(b, "%s is not in the range %lld to %lld", arg, (long long)min,
			  (long long)max);
		return false;
	}
	return true;
}

/* Suricata takes no notice of what stands behind the number of distance and within. */
static bool read_relative(struct lang_build *b, char *arg, struct rule_value *ret)
{
	if (!lang_alpha(*arg))
		lang_cut_number(arg);
	return read_position(b, arg, -PLACE_MAX, PLACE_MAX, ret);
}

int kw_depth(struct lang_build *b, char *arg)
{
	struct rule_content *c = last_content(b, NULL, NULL);
	struct rule_value v;

	if (!c)
		return ERR_INVALID;
	if (c->depth.set)
		return lang_fail(b, "depth or startswith was given before for the same content");
	if (no_relative(b, c) != ERR_OK || not_fixed(b, c) != ERR_OK ||
	    !read_position(b, arg, 0, UINT16_MAX, &v))
		return ERR_INVALID;
	if (!v.var && (uint64_t)v.number < c->bytes.len)
		return lang_fail(b, "depth %lld is smaller than the content of %zu bytes",
				 (long long)v.number, c->bytes.len);
	c->depth = v;
	return ERR_OK;
}

int kw_offset(struct lang_build *b, char *arg)
{
	struct rule_content *c = last_content(b, NULL, NULL);
	struct rule_value v;

	if (!c)
		return ERR_INVALID;
	if (c->flags & RULE_CONTENT_STARTSWITH)
		return lang_fail(b, "it does not go together with startswith");
	if (c->offset.set)
		return lang_fail(b, "it was given before for the same content");
	if (no_relative(b, c) != ERR_OK || not_fixed(b, c) != ERR_OK ||
	    !read_position(b, arg, 0, UINT16_MAX, &v))
		return ERR_INVALID;
	c->offset = v;
	return ERR_OK;
}

int kw_startswith(struct lang_build *b, char *arg)
{
	struct rule_content *c = last_content(b, NULL, NULL);

	if (!c)
		return ERR_INVALID;
	if (c->depth.set)
		return lang_fail(b, "depth or startswith was given before for the same content");
	if (c->offset.set)
		return lang_fail(b, "it does not go together with offset");
	if (no_relative(b, c) != ERR_OK || not_fixed(b, c) != ERR_OK)
		return ERR_INVALID;
	c->flags |= RULE_CONTENT_STARTSWITH;
	c->depth = (struct rule_value){.number = (int64_t)c->bytes.len, .set = true};
	return ERR_OK;
}

int kw_endswith(struct lang_build *b, char *arg)
{
	struct rule_content *c = last_content(b, NULL, NULL);

	if (!c)
		return ERR_INVALID;
	c->flags |= RULE_CONTENT_ENDSWITH;
	return ERR_OK;
}

/* Tells the item before that this content is placed relative to it. */
static int mark_previous(struct lang_build *b, const struct build_list *list,
			 struct rule_item *item, bool within)
{
	struct rule_item *previous = build_previous(list, item, PLACED);

	if (!previous)
		return ERR_OK;
	if (previous->kind == RULE_ITEM_CONTENT &&
	    previous->content->flags & RULE_CONTENT_FAST_ONLY)
		return lang_fail(b, "the content before it has fast_pattern:only, so nothing can "
				    "be relative to it");
	/* With distance alone the first occurrence leaves the most room: another cannot help. */
	if (previous->kind == RULE_ITEM_CONTENT && !within &&
	    !(item->content->flags & RULE_CONTENT_NEGATED))
		build_content(previous)->flags |= RULE_CONTENT_RELATIVE_NEXT;
	else
		build_mark_relative(previous);
	return ERR_OK;
}

int kw_distance(struct lang_build *b, char *arg)
{
	struct build_list *list;
	struct rule_item *item;
	struct rule_content *c = last_content(b, &item, &list);
	struct rule_value v;

	if (!c)
		return ERR_INVALID;
	if (c->distance.set)
		return lang_fail(b, "it was given before for the same content");
	if (no_absolute(b, c) != ERR_OK || not_fixed(b, c) != ERR_OK || !read_relative(b, arg, &v))
		return ERR_INVALID;
	c->distance = v;
	return mark_previous(b, list, item, false);
}

int kw_within(struct lang_build *b, char *arg)
{
	struct build_list *list;
	struct rule_item *item;
	struct rule_content *c = last_content(b, &item, &list);
	struct rule_value v;

	if (!c)
		return ERR_INVALID;
	if (c->within.set)
		return lang_fail(b, "it was given before for the same content");
	if (no_absolute(b, c) != ERR_OK || not_fixed(b, c) != ERR_OK || !read_relative(b, arg, &v))
		return ERR_INVALID;
	if (!v.var && v.number < (int64_t)c->bytes.len)
		return lang_fail(b, "within %lld is smaller than the content of %zu bytes",
				 (long long)v.number, c->bytes.len);
	c->within = v;
	return mark_previous(b, list, item, true);
}

/* The last content of the buffers, or of the payload while no sticky buffer is in force. */
static struct rule_content *fast_target(struct lang_build *b)
{
	struct rule_item *item = build_last(b, CONTENT, NULL), *other;

	for (uint32_t i = 0; i < b->nbuffers; i++) {
		other = build_previous(&b->buffers[i].items, NULL, CONTENT);
		if (other && (!item || other->place > item->place))
			item = other;
	}
	if (!item)
		lang_fail(b, "there is no content before it");
	return item ? build_content(item) : NULL;
}

static bool has_fast(const struct build_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == RULE_ITEM_CONTENT &&
		    list->items[i].content->flags & RULE_CONTENT_FAST)
			return true;
	}
	return false;
}

static int set_fast(struct lang_build *b, struct rule_content *c)
{
	if (c->flags & RULE_CONTENT_FAST)
		return lang_fail(b, "it was given before for the same content");
	/* Of buffers' contents several may have it, as in Suricata; the first one counts. */
	if (has_fast(&b->payload) || has_fast(&b->base64))
		return lang_fail(b, "only one content of a rule can have it");
	c->flags |= RULE_CONTENT_FAST;
	return ERR_OK;
}

static bool all_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

/* The last two numbers of the argument: what stands before them does not matter to Suricata. */
static int set_chop(struct lang_build *b, struct rule_content *c, char *arg)
{
	char *comma = strrchr(arg, ','), *first, *second;
	uint64_t offset, length;

	if (!comma)
		return lang_fail(b, "only \"only\" or an offset and a length can follow");
	*comma = '\0';
	second = lang_trim(comma + 1);
	first = lang_trim(arg);
	for (size_t n = strlen(first); n > 0 && lang_digit(first[n - 1]); n--) {
		if (n == 1 || !lang_digit(first[n - 2])) {
			first += n - 1;
			break;
		}
	}
	if (!all_digits(first) || !all_digits(second) ||
	    !lang_u64(first, 10, UINT16_MAX, &offset) || !lang_u64(second, 10, UINT16_MAX, &length))
		return lang_fail(b, "only \"only\" or an offset and a length can follow");
	if (offset + length > c->bytes.len)
		return lang_fail(b,
				 "offset and length reach to %llu, but the content has %zu bytes",
				 (unsigned long long)(offset + length), c->bytes.len);
	c->chop_offset = (uint16_t)offset;
	c->chop_len = (uint16_t)length;
	c->flags |= RULE_CONTENT_FAST_CHOP;
	return ERR_OK;
}

int kw_prefer_content(struct lang_build *b, struct rule_content *c)
{
	if (c->flags & RULE_CONTENT_NEGATED &&
	    (c->depth.set || c->offset.set || c->distance.set || c->within.set))
		return lang_fail(b, "it does not go together with a negated content that has a "
				    "position");
	c->flags |= RULE_CONTENT_FAST;
	return ERR_OK;
}

int kw_fast_pattern(struct lang_build *b, char *arg)
{
	struct rule_content *c = fast_target(b);
	bool placed, only;

	if (!c)
		return ERR_INVALID;
	placed = c->depth.set || c->offset.set || c->distance.set || c->within.set;
	if (c->flags & RULE_CONTENT_NEGATED && placed)
		return lang_fail(b, "it does not go together with a negated content that has a "
				    "position");
	if (!arg || !*arg)
		return set_fast(b, c);
	arg = lang_trim(arg);
	only = strncmp(arg, "only", 4) == 0;
	if (only && (c->flags & RULE_CONTENT_NEGATED || placed))
		return lang_fail(b, "only does not go together with a negated content or one that "
				    "has a position");
	if (!only && set_chop(b, c, arg) != ERR_OK)
		return ERR_INVALID;
	c->flags |= RULE_CONTENT_FAST | (only ? RULE_CONTENT_FAST_ONLY : 0);
	return ERR_OK;
}

/* ---- legacy: http_uri and the like behind a content move it into that buffer ---- */

/* The list that content marked with a legacy modifier goes to. */
static struct build_list *legacy_list(struct lang_build *b, const struct lang_buffer *buffer,
				      bool *ret_was_current)
{
	const char *type = lang_arena_intern(b->arena, slice_of(buffer->name));
	struct build_buffer *cur = b->cur;

	*ret_was_current = cur && cur->type == type;
	if (*ret_was_current)
		return &cur->items;
	if (cur && cur->items.count == 0) {
		lang_fail(b, "nothing is matched in the buffer %s before it", cur->name);
		return NULL;
	}
	for (uint32_t i = 0; i < b->nbuffers; i++) {
		if (b->buffers[i].type == type) {
			b->cur = &b->buffers[i];
			return &b->cur->items;
		}
	}
	if (!build_new_buffer(b))
		return NULL;
	b->cur->type = type;
	b->cur->name = type;
	b->cur->buffer = buffer;
	return &b->cur->items;
}

static void unmark(struct rule_item *item)
{
	if (item->kind == RULE_ITEM_CONTENT)
		build_content(item)->flags &=
			~(uint32_t)(RULE_CONTENT_RELATIVE_NEXT | RULE_CONTENT_RETRY);
	else
		build_pcre(item)->flags &= ~(uint32_t)RULE_PCRE_RELATIVE_NEXT;
}

static void take_out(struct build_list *list, struct rule_item *item)
{
	size_t at = (size_t)(item - list->items);

	memmove(item, item + 1, (list->count - at - 1) * sizeof(*item));
	list->count--;
}

/* The move itself, with what is relative to what worked out anew. */
static int move_content(struct lang_build *b, struct rule_item *item,
			const struct lang_buffer *buffer)
{
	bool relative = rule_content_relative(item->content), was_current;
	struct rule_item moved = *item, *previous = build_previous(&b->payload, item, PLACED);
	struct build_list *list = legacy_list(b, buffer, &was_current);
	uint16_t place = b->place;

	if (!list)
		return ERR_INVALID;
	if (relative && previous)
		unmark(previous);
	previous = build_previous(list, NULL, PLACED);
	if (relative && was_current && previous)
		build_mark_relative(previous);
	take_out(&b->payload, item);
	*build_add(b, list, RULE_ITEM_CONTENT) = moved;
	b->place = place;
	return ERR_OK;
}

int kw_legacy(struct lang_build *b, char *arg)
{
	const struct lang_buffer *buffer = lang_buffer_find(b->keyword->detail);
	struct rule_item *item;
	const char *app = b->keyword->protos;

	if (b->active || b->active_base64)
		return lang_fail(b, "a sticky buffer is in force; pkt_data ends it");
	if (b->app && !lang_app_covers(b->app, app))
		return lang_fail(b, "it belongs to http, but the rule is for %s", b->app);
	item = build_previous(&b->payload, NULL, CONTENT);
	if (!item)
		return lang_fail(b, "there is no content before it");
	if (item->content->flags & RULE_CONTENT_RAWBYTES)
		return lang_fail(b, "it does not go together with rawbytes");
	b->app = lang_arena_intern(b->arena, slice_of(app));
	return move_content(b, item, buffer);
}

int kw_uricontent(struct lang_build *b, char *arg)
{
	if (kw_content(b, arg) != ERR_OK)
		return ERR_INVALID;
	return kw_legacy(b, NULL);
}
