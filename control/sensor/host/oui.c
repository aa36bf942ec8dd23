#include "control/sensor/host/oui.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUI_MAX = 200000, NAMES_MAX = 16 << 20, VENDOR_MAX = 63 };

struct entry {
	uint32_t prefix, name;
};

struct oui {
	struct entry *entries;
	size_t n, cap;
	char *names;
	size_t names_len, names_cap;
};

static bool room(struct oui *o, size_t text)
{
	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 4096;
		struct entry *more =
			cap <= OUI_MAX * 2 ? reallocarray(o->entries, cap, sizeof(*more)) : NULL;

		if (!more)
			return false;
		o->entries = more;
		o->cap = cap;
	}
	if (o->names_len + text + 1 > o->names_cap) {
		size_t cap = (o->names_cap ? o->names_cap * 2 : 65536) + text;
		char *more = cap <= NAMES_MAX ? realloc(o->names, cap) : NULL;

		if (!more)
			return false;
		o->names = more;
		o->names_cap = cap;
	}
	return true;
}

/* "28-6F-B9   (hex)\t\tNokia Shanghai Bell Co., Ltd." */
static bool take_line(struct oui *o, const char *line)
{
	unsigned a, b, c;
	const char *name = strstr(line, "(hex)");
	size_t n;

	if (!name || sscanf(line, "%2x-%2x-%2x", &a, &b, &c) != 3)
		return true;
	name += 5;
	name += strspn(name, " \t");
	n = strcspn(name, "\r\n");
	n = n < VENDOR_MAX ? n : VENDOR_MAX;
	if (!room(o, n))
		return false;
	o->entries[o->n++] = (struct entry){a << 16 | b << 8 | c, (uint32_t)o->names_len};
	memcpy(o->names + o->names_len, name, n);
	o->names_len += n;
	o->names[o->names_len++] = 0;
	return true;
}

static int by_prefix(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->prefix < y->prefix ? -1 : x->prefix > y->prefix;
}

struct oui *oui_load(const char *path)
{
	FILE *f = fopen(path, "re");
	struct oui *o = f ? calloc(1, sizeof(*o)) : NULL;
	char line[512];

	while (o && fgets(line, sizeof(line), f) && o->n < OUI_MAX) {
		if (!take_line(o, line))
			break;
	}
	if (f)
		fclose(f);
	if (o && o->n == 0) {
		oui_free(o);
		return NULL;
	}
	if (o)
		qsort(o->entries, o->n, sizeof(*o->entries), by_prefix);
	return o;
}

void oui_free(struct oui *o)
{
	if (!o)
		return;
	free(o->entries);
	free(o->names);
	free(o);
}

const char *oui_vendor(const struct oui *o, const struct mac_addr *mac)
{
	struct entry key = {
		(uint32_t)mac->bytes[0] << 16 | (uint32_t)mac->bytes[1] << 8 | mac->bytes[2], 0};
	const struct entry *e;

	if (!o || mac->bytes[0] & 3)
		return "";
	e = bsearch(&key, o->entries, o->n, sizeof(*o->entries), by_prefix);
	return e ? o->names + e->name : "";
}

size_t oui_count(const struct oui *o)
{
	return o ? o->n : 0;
}
