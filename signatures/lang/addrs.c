#include "signatures/lang/head.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/index.h"
#include "signatures/lang/text.h"

/* Address lists of a rule's head. IPv4 and IPv6 are kept apart until the end; addresses are numbers
 * of 128 bits. A list is "with" minus "without"; a group after ! is worked out by itself and then
 * taken away, one without is part of the list it stands in. As in Suricata 7. */
typedef unsigned __int128 number;

struct span {
	number first, last;
};

struct spans {
	struct span *items;
	uint32_t count;
};

enum family { V4, V6, FAMILIES };

struct addr_list {
	struct spans with[FAMILIES], without[FAMILIES];
};

struct addr_reader {
	struct lang_build *b;
	unsigned depth;
	unsigned elements, spans; /* so far, of the whole list with its variables */
	bool negated;		  /* something in it is */
};

static const number family_last[FAMILIES] = {[V4] = UINT32_MAX, [V6] = ~(number)0};

static int span_add(struct addr_reader *r, struct spans *s, number first, number last)
{
	if (r->spans++ == 4 * LANG_RANGES_MAX || s->count == LANG_RANGES_MAX)
		return lang_fail(r->b, "more than %d ranges of addresses", LANG_RANGES_MAX);
	if ((s->count & (s->count - 1)) == 0) { /* full at each power of two */
		struct span *grown =
			LANG_NEW_N(r->b->arena, struct span, s->count ? s->count * 2 : 1);

		if (s->count)
			memcpy(grown, s->items, s->count * sizeof(*grown));
		s->items = grown;
	}
	s->items[s->count++] = (struct span){first, last};
	return ERR_OK;
}

static int span_compare(const void *a, const void *b)
{
	number x = ((const struct span *)a)->first, y = ((const struct span *)b)->first;

	return x < y ? -1 : x > y;
}

/* Sorted, overlapping and touching ones joined. */
static void normalize(struct spans *s)
{
	uint32_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof(*s->items), span_compare);
	for (uint32_t i = 1; i < s->count; i++) {
		struct span *last = &s->items[n];

		if (last->last == ~(number)0 || s->items[i].first <= last->last + 1) {
			if (s->items[i].last > last->last)
				last->last = s->items[i].last;
		} else {
			s->items[++n] = s->items[i];
		}
	}
	s->count = n + 1;
}

/* a minus b, both normalized. */
static int subtract(struct addr_reader *r, const struct spans *a, const struct spans *b,
		    struct spans *ret)
{
	uint32_t j = 0;
	int e = ERR_OK;

	*ret = (struct spans){0};
	for (uint32_t i = 0; i < a->count && e == ERR_OK; i++) {
		number first = a->items[i].first, last = a->items[i].last;
		bool left = true;

		while (j > 0 && b->items[j - 1].last >= first)
			j--;
		while (j < b->count && b->items[j].last < first)
			j++;
		for (; left && e == ERR_OK && j < b->count && b->items[j].first <= last; j++) {
			if (b->items[j].first > first)
				e = span_add(r, ret, first, b->items[j].first - 1);
			left = b->items[j].last < last;
			first = b->items[j].last + 1;
		}
		if (left && e == ERR_OK)
			e = span_add(r, ret, first, last);
	}
	return e;
}

static number number_of(const struct ip_addr *a, enum family f)
{
	number n = 0;

	for (int i = f == V4 ? 12 : 0; i < 16; i++)
		n = n << 8 | a->bytes[i];
	return n;
}

/* Dotted quad without leading zeros, or IPv6. */
static bool read_addr(const char *text, number *ret, enum family *ret_family)
{
	uint8_t bytes[16];
	struct ip_addr a;

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*ret_family = V4;
		a = ip_addr_v4(bytes);
	} else if (inet_pton(AF_INET6, text, bytes) == 1) {
		*ret_family = V6;
		a = ip_addr_v6(bytes);
	} else {
		return false;
	}
	*ret = number_of(&a, *ret_family);
	return true;
}

/* The mask after a slash as a number of bits: 24 or 255.255.255.0; -1. */
static int read_mask(const char *text, enum family f)
{
	unsigned width = f == V4 ? 32 : 128;
	enum family mask_family;
	number mask;
	uint64_t bits;

	if (lang_u64(text, 10, width, &bits))
		return (int)bits;
	if (f == V6 || !strchr(text, '.') || !read_addr(text, &mask, &mask_family))
		return -1;
	for (bits = 0; bits < 32 && mask >> (31 - bits) & 1; bits++)
		;
	return mask == (bits ? (UINT32_MAX << (32 - bits)) & UINT32_MAX : 0) ? (int)bits : -1;
}

static bool read_span(char *text, struct span *ret, enum family *ret_family)
{
	char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	enum family other;
	number host;
	int bits;

	if (slash) {
		*slash = '\0';
		if (!read_addr(text, &ret->first, ret_family))
			return false;
		bits = read_mask(slash + 1, *ret_family);
		if (bits < 0)
			return false;
		host = bits == 128 ? 0 : family_last[*ret_family] >> bits;
		ret->first &= ~host;
		ret->last = ret->first | host;
		return true;
	}
	if (dash) {
		*dash = '\0';
		return read_addr(text, &ret->first, ret_family) &&
		       read_addr(dash + 1, &ret->last, &other) && *ret_family == V4 &&
		       other == V4 && ret->first <= ret->last;
	}
	if (!read_addr(text, &ret->first, ret_family))
		return false;
	ret->last = ret->first;
	return true;
}

static int read_range(struct addr_reader *r, char *text, bool negated, struct addr_list *list)
{
	struct spans *into = negated ? list->without : list->with;
	char written[IP_ADDR_TEXT * 2]; /* as much as a message needs */
	enum family f;
	struct span s;

	snprintf(written, sizeof(written), "%s", text);
	if (lang_eq_nocase(text, "any"))
		return span_add(r, &into[V4], 0, family_last[V4]) == ERR_OK
			       ? span_add(r, &into[V6], 0, family_last[V6])
			       : ERR_INVALID;
	if (!read_span(text, &s, &f))
		return lang_fail(r->b, "\"%s\" is no address, prefix or range of addresses",
				 written);
	return span_add(r, &into[f], s.first, s.last);
}

static bool is_full(const struct spans *s, enum family f)
{
	return s->count == 1 && s->items[0].first == 0 && s->items[0].last == family_last[f];
}

/* with minus without, of both families, normalized. */
static int work_out(struct addr_reader *r, struct addr_list *list, struct spans ret[FAMILIES])
{
	for (enum family f = V4; f < FAMILIES; f++) {
		normalize(&list->without[f]);
		if (f == V4 && is_full(&list->without[V4], V4))
			return lang_fail(r->b, "the negated addresses are all addresses");
		if (list->without[f].count && list->with[f].count == 0 &&
		    span_add(r, &list->with[f], 0, family_last[f]) != ERR_OK)
			return ERR_INVALID;
		normalize(&list->with[f]);
		if (subtract(r, &list->with[f], &list->without[f], &ret[f]) != ERR_OK)
			return ERR_INVALID;
	}
	if (ret[V4].count == 0 && ret[V6].count == 0)
		return lang_fail(r->b, "no address is left of the list");
	return ERR_OK;
}

static int read_list(struct addr_reader *r, char *text, struct addr_list *list);

/* A group or variable after a !. */
static int read_negated(struct addr_reader *r, char *text, struct addr_list *list)
{
	struct addr_list inner = {0};
	struct spans result[FAMILIES];
	int e = read_list(r, text, &inner);

	if (e == ERR_OK)
		e = work_out(r, &inner, result);
	for (enum family f = V4; e == ERR_OK && f < FAMILIES; f++) {
		for (uint32_t i = 0; i < result[f].count && e == ERR_OK; i++)
			e = span_add(r, &list->without[f], result[f].items[i].first,
				     result[f].items[i].last);
	}
	return e;
}

static int read_element(struct addr_reader *r, char *text, struct addr_list *list)
{
	bool negated = false;
	size_t len;

	if (r->elements++ == LANG_RANGES_MAX)
		return lang_fail(r->b, "more than %d elements of the list", LANG_RANGES_MAX);
	for (; *text == '!' || lang_blank(*text); text++)
		negated |= *text == '!';
	r->negated |= negated;
	len = strlen(text);
	if (*text == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		return negated ? read_negated(r, text + 1, list) : read_list(r, text + 1, list);
	}
	if (*text == '$') {
		char *value = head_variable(r->b, true, text + 1);
		int e = ERR_INVALID;

		if (value)
			e = negated ? read_negated(r, value, list) : read_list(r, value, list);
		free(value);
		return e;
	}
	return read_range(r, text, negated, list);
}

static int read_list(struct addr_reader *r, char *text, struct addr_list *list)
{
	char *element;
	int e = ERR_OK;

	if (++r->depth > LANG_GROUP_DEPTH_MAX)
		return lang_fail(r->b, "groups are nested deeper than %d", LANG_GROUP_DEPTH_MAX);
	while (e == ERR_OK && text && *text) {
		element = head_next(&text);
		e = element ? read_element(r, element, list)
			    : lang_fail(r->b, "the brackets of the list do not match");
	}
	r->depth--;
	return e;
}

static struct ip_addr addr_of(number n, enum family f)
{
	struct ip_addr a;

	if (f == V4)
		n |= (number)0xffff << 32;
	for (int i = 15; i >= 0; i--, n >>= 8)
		a.bytes[i] = (uint8_t)n;
	return a;
}

/* IPv6 without the block where IPv4 lies, then all in order of address. */
static int to_ranges(struct addr_reader *r, struct spans sets[FAMILIES], struct rule_addrs *ret)
{
	struct span mapped = {(number)0xffff << 32, (number)0xffff << 32 | UINT32_MAX};
	struct spans hole = {&mapped, 1}, v6;
	struct rule_addr_range *ranges;
	uint32_t n = 0, low = 0;

	if (subtract(r, &sets[V6], &hole, &v6) != ERR_OK)
		return ERR_INVALID;
	ranges = LANG_NEW_N(r->b->arena, struct rule_addr_range, sets[V4].count + v6.count);
	for (; low < v6.count && v6.items[low].first < mapped.first; low++)
		ranges[n++] = (struct rule_addr_range){addr_of(v6.items[low].first, V6),
						       addr_of(v6.items[low].last, V6)};
	for (uint32_t i = 0; i < sets[V4].count; i++)
		ranges[n++] = (struct rule_addr_range){addr_of(sets[V4].items[i].first, V4),
						       addr_of(sets[V4].items[i].last, V4)};
	for (; low < v6.count; low++)
		ranges[n++] = (struct rule_addr_range){addr_of(v6.items[low].first, V6),
						       addr_of(v6.items[low].last, V6)};
	ret->ranges = ranges;
	ret->count = n;
	return ERR_OK;
}

struct writer {
	char *buf;
	size_t cap, len;
	bool full;
};

static void put(struct writer *w, number first, unsigned bits, enum family f)
{
	struct ip_addr a = addr_of(first, f);
	char text[IP_ADDR_TEXT];

	if (w->len + sizeof(text) + 8 > w->cap) {
		w->full = true;
		return;
	}
	ip_addr_text(&a, text, false);
	if (f == V6) /* never as ::ffff:1.2.3.4, which reads as the same anyway */
		inet_ntop(AF_INET6, a.bytes, text, sizeof(text));
	w->len += (size_t)snprintf(w->buf + w->len, w->cap - w->len, "%s%s/%u", w->len ? "," : "[",
				   text, bits);
}

/* A span as the fewest prefixes. */
static void put_span(struct writer *w, struct span s, enum family f)
{
	unsigned width = f == V4 ? 32 : 128;

	for (;;) {
		unsigned host = 0;

		while (host < width && !(s.first >> host & 1) &&
		       (host + 1 == 128 ? ~(number)0 : ((number)1 << (host + 1)) - 1) <=
			       s.last - s.first)
			host++;
		put(w, s.first, width - host, f);
		if (host == width || s.first + (((number)1 << host) - 1) >= s.last)
			return;
		s.first += (number)1 << host;
	}
}

/* NULL, with the reason, when it is too long to be a key. */
static const char *to_text(struct addr_reader *r, struct spans sets[FAMILIES])
{
	struct writer w = {.cap = 4 << 20};
	const char *text = NULL;

	w.buf = malloc(w.cap);
	if (!w.buf) {
		lang_fail(r->b, "no memory");
		return NULL;
	}
	for (enum family f = V4; f < FAMILIES; f++) {
		for (uint32_t i = 0; i < sets[f].count; i++)
			put_span(&w, sets[f].items[i], f);
	}
	w.buf[w.len++] = ']';
	if (w.full)
		lang_fail(r->b, "the list of addresses is too long");
	else
		text = lang_arena_intern(r->b->arena, SLICE(w.buf, w.len));
	free(w.buf);
	return text;
}

static int resolve(struct addr_reader *r, char *text, struct rule_addrs *ret)
{
	struct addr_list list = {0};
	struct spans sets[FAMILIES];

	if (read_list(r, text, &list) != ERR_OK || work_out(r, &list, sets) != ERR_OK)
		return ERR_INVALID;
	*ret = (struct rule_addrs){.any = is_full(&sets[V4], V4) && is_full(&sets[V6], V6)};
	ret->text = ret->any ? lang_arena_intern(r->b->arena, SLICE_LIT("any")) : to_text(r, sets);
	if (!ret->text)
		return ERR_INVALID;
	return ret->any ? ERR_OK : to_ranges(r, sets, ret);
}

/* A list as written, once it has been worked out. */
struct written {
	const struct rule_addrs *addrs;
	bool negated;
};

static const struct rule_addrs *shared_addrs(struct lang_build *b, const struct rule_addrs *addrs)
{
	void **place = lang_index_place(b->set->index, addrs->text, HEAD_ADDRS_DONE);

	if (!*place) {
		struct rule_addrs *own = LANG_NEW(b->arena, struct rule_addrs);

		*own = *addrs;
		*place = own;
	}
	return *place;
}

int head_addrs(struct lang_build *b, char *text, const struct rule_addrs **ret, bool *ret_negated)
{
	const char *key = lang_arena_intern(b->arena, slice_of(text));
	void **place = lang_index_place(b->set->index, key, HEAD_SPACE(b, HEAD_ADDRS));
	struct addr_reader r = {.b = b};
	struct rule_addrs addrs;
	struct written *w = *place;

	if (!w) {
		if (resolve(&r, text, &addrs) != ERR_OK)
			return ERR_INVALID;
		w = LANG_NEW(b->arena, struct written);
		w->addrs = shared_addrs(b, &addrs);
		w->negated = r.negated;
		*lang_index_place(b->set->index, key, HEAD_SPACE(b, HEAD_ADDRS)) = w;
	}
	*ret = w->addrs;
	*ret_negated |= w->negated;
	return ERR_OK;
}
