#include "signatures/lang/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int lang_hex(char c)
{
	if (lang_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *lang_trim(char *s)
{
	size_t len;

	while (lang_space(*s))
		s++;
	for (len = strlen(s); len > 0 && lang_space(s[len - 1]); len--)
		s[len - 1] = '\0';
	return s;
}

char *lang_next(char **s, char sep)
{
	char *piece = *s, *end;

	if (!piece)
		return NULL;
	end = strchr(piece, sep);
	if (end) {
		*end = '\0';
		*s = end + 1;
	} else {
		*s = NULL;
	}
	return piece;
}

unsigned lang_split(char *s, char sep, char **ret, unsigned max)
{
	unsigned n = 0;
	char *piece;

	while ((piece = lang_next(&s, sep))) {
		if (n == max)
			return max + 1;
		ret[n++] = lang_trim(piece);
	}
	return n;
}

bool lang_u64(const char *s, int base, uint64_t max, uint64_t *ret)
{
	const char *p = s;
	uint64_t value = 0;

	if (base == 0) {
		base = 10;
		if (p[0] == '0' && (p[1] | 0x20) == 'x' && lang_hex(p[2]) >= 0) {
			base = 16;
			p += 2;
		} else if (p[0] == '0') {
			base = 8;
		}
	}
	if (!*p)
		return false;
	for (; *p; p++) {
		int digit = lang_hex(*p);

		if (digit < 0 || digit >= base ||
		    value > (max - (uint64_t)digit) / (uint64_t)base || (uint64_t)digit > max)
			return false;
		value = value * (uint64_t)base + (uint64_t)digit;
	}
	*ret = value;
	return true;
}

bool lang_u32(const char *s, uint32_t *ret)
{
	uint64_t value;

	if (!lang_u64(s, 10, UINT32_MAX, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool lang_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool minus = *s == '-';
	uint64_t value;

	if (*s == '-' || *s == '+')
		s++;
	if (!lang_u64(s, 10, INT64_MAX, &value))
		return false;
	*ret = minus ? -(int64_t)value : (int64_t)value;
	return *ret >= min && *ret <= max;
}

bool lang_number(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(s, &end, 0);
	if (end == s || *end || errno)
		return false;
	*ret = value;
	return value >= min && value <= max;
}

void lang_cut_number(char *s)
{
	char *end;

	strtoll(s, &end, 0);
	if (end > s)
		*end = '\0';
}

bool lang_eq_nocase(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool lang_one_of(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *list) {
		const char *end = strchrnul(list, '|');

		if ((size_t)(end - list) == len && memcmp(list, name, len) == 0)
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}
