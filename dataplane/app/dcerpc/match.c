#include "dataplane/app/dcerpc/match.h"

#include <stdlib.h>

#include "dataplane/app/text/compile.h"

struct iface_wanted {
	uint8_t uuid[DCE_UUID];
	bool any_frag, has_version;
	struct text_range version;
};

struct opnums {
	uint32_t count;
	struct opnum_range {
		uint32_t low, high;
	} range[];
};

static int hex_digit(uint8_t c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits, with dashes anywhere between pairs. */
static bool uuid_parse(struct slice s, uint8_t ret[DCE_UUID])
{
	unsigned n = 0;
	int high = -1;

	for (size_t i = 0; i < s.len; i++) {
		int digit = hex_digit(s.data[i]);

		if (s.data[i] == '-' && high < 0)
			continue;
		if (digit < 0 || n == DCE_UUID)
			return false;
		if (high < 0) {
			high = digit;
			continue;
		}
		ret[n++] = (uint8_t)(high << 4 | digit);
		high = -1;
	}
	return n == DCE_UUID && high < 0;
}

/* The part up to the next `separator`; false at the end. */
static bool part(struct slice *rest, char separator, struct slice *ret)
{
	size_t n = 0;

	if (!rest->data)
		return false;
	while (n < rest->len && rest->data[n] != (uint8_t)separator)
		n++;
	*ret = text_trim(slice_sub(*rest, 0, n));
	*rest = n < rest->len ? slice_sub(*rest, n + 1, rest->len) : SLICE(NULL, 0);
	return true;
}

void *dce_compile_iface(struct slice argument, char *why, size_t cap)
{
	struct iface_wanted *w = compile_new(sizeof(*w));
	struct slice p;

	if (!part(&argument, ',', &p) || !uuid_parse(p, w->uuid))
		return compile_refuse(w, why, cap, "a UUID is expected");
	while (part(&argument, ',', &p)) {
		if (slice_eq(p, SLICE_LIT("any_frag"))) {
			w->any_frag = true;
			continue;
		}
		if (w->has_version || w->any_frag || !text_range_parse(p, UINT16_MAX, &w->version))
			return compile_refuse(w, why, cap,
					      "behind the UUID come a version and any_frag");
		w->has_version = true;
	}
	return w;
}

bool dce_match_uuid(const void *compiled, const struct dce_iface *iface)
{
	const struct iface_wanted *w = compiled;

	return memcmp(w->uuid, iface->uuid, DCE_UUID) == 0 &&
	       (!w->has_version || text_range_match(&w->version, iface->version));
}

bool dce_match_iface(const void *compiled, const struct dce_iface *iface)
{
	const struct iface_wanted *w = compiled;

	return (w->any_frag || iface->first) && dce_match_uuid(compiled, iface);
}

static bool range_parse(struct slice s, struct opnum_range *ret)
{
	struct slice low, high;
	uint64_t a, b;

	if (!part(&s, '-', &low) || !text_number(low, UINT32_MAX, &a))
		return false;
	b = a;
	if (part(&s, '-', &high) && (!text_number(high, UINT32_MAX, &b) || s.data))
		return false;
	*ret = (struct opnum_range){(uint32_t)a, (uint32_t)b};
	return a <= b;
}

void *dce_compile_opnum(struct slice argument, char *why, size_t cap)
{
	struct opnums *o;
	struct slice p;
	uint32_t parts = 1;

	for (size_t i = 0; i < argument.len; i++)
		parts += argument.data[i] == ',';
	o = compile_new(sizeof(*o) + parts * sizeof(o->range[0]));
	while (part(&argument, ',', &p)) {
		if (!range_parse(p, &o->range[o->count++]))
			return compile_refuse(
				o, why, cap, "numbers and ranges with commas between are expected");
	}
	return o;
}

bool dce_match_opnum(const void *compiled, uint16_t opnum)
{
	const struct opnums *o = compiled;

	for (uint32_t i = 0; i < o->count; i++) {
		if (opnum >= o->range[i].low && opnum <= o->range[i].high)
			return true;
	}
	return false;
}
