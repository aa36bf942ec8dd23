#include "dataplane/app/text/text.h"

/* Length of the UTF-8 sequence at the start, 0 when it is none (RFC 3629). */
static size_t utf8_sequence(struct slice s)
{
	uint8_t first = s.data[0], low = 0x80, high = 0xbf;
	size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first >= 0x80 && (first < 0xc2 || first > 0xf4))
		return 0;
	if (s.len < n)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++) {
		if (s.data[i] < low || s.data[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

bool text_is_utf8(struct slice s)
{
	while (s.len > 0) {
		size_t n = utf8_sequence(s);

		if (n == 0)
			return false;
		s = slice_sub(s, n, s.len);
	}
	return true;
}

/* The longest start of at most `max` bytes that cuts no sequence. */
static struct slice cut(struct slice s, size_t max)
{
	if (s.len <= max)
		return s;
	while (max > 0 && (s.data[max] & 0xc0) == 0x80)
		max--;
	return slice_sub(s, 0, max);
}

void text_log(struct record *r, const char *name, struct slice value)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t out[TEXT_MAX];
	size_t n = 0;

	if (text_is_utf8(value)) {
		record_str(r, name, cut(value, TEXT_MAX));
		return;
	}
	for (size_t i = 0; i < value.len && n + 4 <= sizeof(out); i++) {
		uint8_t b = value.data[i];

		if (b < 128) {
			out[n++] = b;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = (uint8_t)hex[b >> 4];
		out[n++] = (uint8_t)hex[b & 15];
	}
	record_str(r, name, SLICE(out, n));
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice text_trim(struct slice s)
{
	while (s.len > 0 && is_space(s.data[0]))
		s = slice_sub(s, 1, s.len);
	while (s.len > 0 && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool text_number(struct slice s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t digit = (uint8_t)(s.data[i] - '0');

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

/* A number with its unit at the start of `s`, which moves on. */
static bool take_number(struct slice *s, uint64_t max, uint64_t *ret)
{
	static const struct {
		const char *text;
		unsigned shift;
	} units[] = {{"kb", 10}, {"mb", 20}, {"gb", 30}};
	size_t n = 0;

	while (n < s->len && s->data[n] >= '0' && s->data[n] <= '9')
		n++;
	if (!text_number(slice_sub(*s, 0, n), max, ret))
		return false;
	*s = slice_sub(*s, n, s->len);
	for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
		if (!slice_eq_nocase(slice_sub(*s, 0, 2), slice_of(units[i].text)))
			continue;
		if (*ret > max >> units[i].shift)
			return false;
		*ret <<= units[i].shift;
		*s = slice_sub(*s, 2, s->len);
	}
	*s = text_trim(*s);
	return true;
}

static bool starts(struct slice s, const char *with)
{
	struct slice w = slice_of(with);

	return slice_eq(slice_sub(s, 0, w.len), w);
}

/* The second number of "3-9" or "3<>9"; `s` begins behind the first one. */
static bool range_end(struct slice s, uint64_t max, struct text_range *ret)
{
	size_t len = starts(s, "<>") ? 2 : 1;

	if (len == 1 && !starts(s, "-"))
		return false;
	s = text_trim(slice_sub(s, len, s.len));
	return take_number(&s, max, &ret->b) && s.len == 0 && ret->b > ret->a;
}

bool text_range_parse(struct slice s, uint64_t max, struct text_range *ret)
{
	static const struct {
		const char *text;
		enum text_compare compare;
	} signs[] = {
		{"!=", TEXT_NOT_EQUAL},	    {"!", TEXT_NOT_EQUAL}, {">=", TEXT_GREATER_OR_EQUAL},
		{"<=", TEXT_LESS_OR_EQUAL}, {">", TEXT_GREATER},   {"<", TEXT_LESS},
		{"=", TEXT_EQUAL},
	};

	ret->compare = TEXT_EQUAL;
	ret->b = 0;
	s = text_trim(s);
	for (unsigned i = 0; i < ARRAY_SIZE(signs); i++) {
		if (!starts(s, signs[i].text))
			continue;
		ret->compare = signs[i].compare;
		s = text_trim(slice_sub(s, strlen(signs[i].text), s.len));
		if (!take_number(&s, max, &ret->a) || s.len > 0)
			return false;
		if (ret->compare == TEXT_LESS && ret->a == 0)
			return false;
		return !(ret->compare == TEXT_GREATER && ret->a == max);
	}
	if (!take_number(&s, max, &ret->a))
		return false;
	if (s.len == 0)
		return true;
	ret->compare = TEXT_BETWEEN;
	return range_end(s, max, ret) && ret->b - ret->a > 1;
}

bool text_range_parse_inclusive(struct slice s, uint64_t max, struct text_range *ret)
{
	struct slice rest = text_trim(s);

	if (!take_number(&rest, max, &ret->a) || rest.len == 0)
		return text_range_parse(s, max, ret);
	ret->compare = TEXT_BETWEEN;
	if (!range_end(rest, max, ret) || ret->a == 0 || ret->b == max)
		return false;
	ret->a--;
	ret->b++;
	return true;
}

bool text_range_match(const struct text_range *r, uint64_t value)
{
	switch (r->compare) {
	case TEXT_EQUAL:
		return value == r->a;
	case TEXT_NOT_EQUAL:
		return value != r->a;
	case TEXT_LESS:
		return value < r->a;
	case TEXT_LESS_OR_EQUAL:
		return value <= r->a;
	case TEXT_GREATER:
		return value > r->a;
	case TEXT_GREATER_OR_EQUAL:
		return value >= r->a;
	case TEXT_BETWEEN:
		return value > r->a && value < r->b;
	}
	return false;
}
