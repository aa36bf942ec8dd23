#include "signatures/lang/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/index.h"
#include "signatures/lang/text.h"

/* Port lists of a rule's head. A set of ports is a bit per port while it is being read; a group's !
 * turns the signs of everything in it round, as in Suricata. */
struct port_sets {
	uint64_t with[1024], without[1024];
	bool any_with, any_without;
};

struct port_reader {
	struct lang_build *b;
	struct port_sets sets;
	unsigned depth, elements;
};

static void fill(uint64_t *bits, unsigned first, unsigned last)
{
	for (unsigned p = first; p <= last; p++) {
		if (p % 64 == 0 && last - p >= 63) {
			bits[p / 64] = UINT64_MAX;
			p += 63;
		} else {
			bits[p / 64] |= UINT64_C(1) << (p % 64);
		}
	}
}

static bool read_port(const char *s, unsigned *ret)
{
	uint64_t value;

	if (*s == '+')
		s++;
	if (!lang_u64(s, 10, 65535, &value))
		return false;
	*ret = (unsigned)value;
	return true;
}

/* 80, 80:90, 80:, :80, any */
static int read_range(struct port_reader *r, char *text, bool negated)
{
	unsigned first = 0, last = 65535;
	char *colon = strchr(text, ':');
	bool ok = true;

	if (lang_eq_nocase(text, "any")) {
		colon = NULL;
	} else if (colon) {
		*colon = '\0';
		ok = (!*text || read_port(text, &first)) &&
		     (!colon[1] || read_port(colon + 1, &last)) && first <= last;
		*colon = ':';
	} else {
		ok = read_port(text, &first);
		last = first;
	}
	if (!ok)
		return lang_fail(r->b, "\"%s\" is no port or range of ports (0 to 65535)", text);
	fill(negated ? r->sets.without : r->sets.with, first, last);
	*(negated ? &r->sets.any_without : &r->sets.any_with) = true;
	return ERR_OK;
}

static int read_list(struct port_reader *r, char *text, bool negated);

/* One element: !, then a group, a variable or a range. */
static int read_element(struct port_reader *r, char *text, bool negated)
{
	size_t len;

	if (r->elements++ == LANG_RANGES_MAX)
		return lang_fail(r->b, "more than %d elements of the list", LANG_RANGES_MAX);
	while (lang_blank(*text))
		text++;
	for (; *text == '!'; text++)
		negated = !negated;
	while (lang_blank(*text))
		text++;
	len = strlen(text);
	if (*text == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		return read_list(r, text + 1, negated);
	}
	if (*text == '$') {
		char *value = head_variable(r->b, false, text + 1);
		int e = value ? read_list(r, value, negated) : ERR_INVALID;

		free(value);
		return e;
	}
	return read_range(r, text, negated);
}

static int read_list(struct port_reader *r, char *text, bool negated)
{
	char *element;
	int e = ERR_OK;

	if (++r->depth > LANG_GROUP_DEPTH_MAX)
		return lang_fail(r->b, "groups are nested deeper than %d", LANG_GROUP_DEPTH_MAX);
	while (e == ERR_OK && text && *text) {
		element = head_next(&text);
		e = element ? read_element(r, element, negated)
			    : lang_fail(r->b, "the brackets of the list do not match");
	}
	r->depth--;
	return e;
}

static bool is_full(const uint64_t *bits)
{
	for (size_t i = 0; i < 1024; i++) {
		if (bits[i] != UINT64_MAX)
			return false;
	}
	return true;
}

static uint32_t to_ranges(const uint64_t *bits, struct rule_port_range *ret)
{
	uint32_t n = 0;
	bool inside = false;

	for (unsigned p = 0; p < 65536; p++) {
		bool set = bits[p / 64] >> (p % 64) & 1;

		if (!set && p % 64 == 0 && !inside && bits[p / 64] == 0) {
			p += 63;
			continue;
		}
		if (inside && p % 64 == 0 && bits[p / 64] == UINT64_MAX) {
			p += 63;
			ret[n - 1].last = (uint16_t)p;
			continue;
		}
		if (set && inside) {
			ret[n - 1].last = (uint16_t)p;
		} else if (set) {
			ret[n++] = (struct rule_port_range){(uint16_t)p, (uint16_t)p};
		}
		inside = set;
	}
	return n;
}

static const char *to_text(struct lang_build *b, const struct rule_ports *p)
{
	char text[LANG_LINE_MAX];
	size_t len = 0;

	if (p->any)
		return "any";
	for (uint32_t i = 0; i < p->count && len + 16 < sizeof(text); i++) {
		const struct rule_port_range *r = &p->ranges[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
					r->first == r->last ? "%s%u" : "%s%u:%u", i ? "," : "[",
					r->first, r->last);
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, "]");
	return lang_arena_intern(b->arena, SLICE(text, len));
}

static int resolve(struct port_reader *r, struct rule_ports *ret)
{
	struct port_sets *s = &r->sets;
	static const struct rule_ports any = {.any = true};
	struct rule_port_range ranges[32769];

	if (is_full(s->without))
		return lang_fail(r->b, "the negated ports are all ports");
	if (!s->any_with && s->any_without)
		memset(s->with, 0xff, sizeof(s->with));
	for (size_t i = 0; i < 1024; i++)
		s->with[i] &= ~s->without[i];
	*ret = any;
	if (!is_full(s->with)) {
		ret->any = false;
		ret->count = to_ranges(s->with, ranges);
		if (ret->count == 0)
			return lang_fail(r->b, "no port is left of the list");
		ret->ranges = memcpy(LANG_NEW_N(r->b->arena, struct rule_port_range, ret->count),
				     ranges, ret->count * sizeof(ranges[0]));
	}
	ret->text = to_text(r->b, ret);
	return ERR_OK;
}

int head_ports(struct lang_build *b, char *text, const struct rule_ports **ret)
{
	const char *written = lang_arena_intern(b->arena, slice_of(text));
	void **place = lang_index_place(b->set->index, written, HEAD_SPACE(b, HEAD_PORTS));
	struct port_reader r = {.b = b};
	struct rule_ports ports;

	if (!*place) {
		void **shared;

		if (read_list(&r, text, false) != ERR_OK || resolve(&r, &ports) != ERR_OK)
			return ERR_INVALID;
		shared = lang_index_place(b->set->index, ports.text, HEAD_PORTS_DONE);
		if (!*shared) {
			struct rule_ports *own = LANG_NEW(b->arena, struct rule_ports);

			*own = ports;
			*shared = own;
		}
		*lang_index_place(b->set->index, written, HEAD_SPACE(b, HEAD_PORTS)) = *shared;
		place = shared;
	}
	*ret = *place;
	return ERR_OK;
}
