#include "dataplane/app/text/content_range.h"

#include "dataplane/app/text/text.h"

/* Digits, at least one, taken from the front. */
static bool take_number(struct slice *s, uint64_t *ret)
{
	size_t len = 0;

	while (len < s->len && s->data[len] >= '0' && s->data[len] <= '9')
		len++;
	if (!text_number(slice_sub(*s, 0, len), UINT64_MAX / 10, ret))
		return false;
	*s = slice_sub(*s, len, s->len);
	return true;
}

static bool take_mark(struct slice *s, char mark)
{
	if (s->len == 0 || s->data[0] != (uint8_t)mark)
		return false;
	*s = slice_sub(*s, 1, s->len);
	return true;
}

struct text_content_range text_content_range_of(struct slice value)
{
	struct text_content_range r = {0};
	size_t at = 0;

	while (at < value.len && value.data[at] == ' ')
		at++;
	while (at < value.len && value.data[at] != ' ')
		at++;
	while (at < value.len && value.data[at] == ' ')
		at++;
	value = slice_sub(value, at, value.len);
	if (take_mark(&value, '*')) {
		r.sized = take_mark(&value, '/') && take_number(&value, &r.size);
		r.valid = r.sized;
		return r;
	}
	if (!take_number(&value, &r.start) || !take_mark(&value, '-') ||
	    !take_number(&value, &r.end) || !take_mark(&value, '/'))
		return r;
	r.sized = take_number(&value, &r.size);
	r.bounded = r.valid = r.sized || take_mark(&value, '*');
	return r;
}

bool text_content_range_is_part(const struct text_content_range *r)
{
	return r->bounded && r->sized && r->end > 0 && r->start <= r->end && r->end < r->size &&
	       (r->start > 0 || r->end < r->size - 1);
}
