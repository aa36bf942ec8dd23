#include "dataplane/app/text/compile.h"

#include <stdio.h>
#include <stdlib.h>

void *compile_new(size_t size)
{
	void *p = calloc(1, size > 0 ? size : 1);

	if (!p)
		abort();
	return p;
}

void *compile_refuse(void *compiled, char *why, size_t cap, const char *sentence)
{
	snprintf(why, cap, "%s", sentence);
	free(compiled);
	return NULL;
}

void *compile_none(struct slice argument, char *why, size_t cap)
{
	if (text_trim(argument).len > 0)
		return compile_refuse(NULL, why, cap, "this keyword takes no argument");
	return compile_new(1);
}

static const char a_range[] =
	"a number is expected, alone, after !, <, <=, > or >=, or two of them "
	"with - or <> between";

static void *range(struct slice argument, uint64_t max, char *why, size_t cap)
{
	struct text_range *r = compile_new(sizeof(*r));

	return text_range_parse(argument, max, r) ? r : compile_refuse(r, why, cap, a_range);
}

void *compile_range_u32_inclusive(struct slice argument, char *why, size_t cap)
{
	struct text_range *r = compile_new(sizeof(*r));

	if (!text_range_parse_inclusive(argument, UINT32_MAX, r))
		return compile_refuse(r, why, cap, a_range);
	return r;
}

void *compile_range_u8(struct slice argument, char *why, size_t cap)
{
	return range(argument, UINT8_MAX, why, cap);
}

void *compile_range_u16(struct slice argument, char *why, size_t cap)
{
	return range(argument, UINT16_MAX, why, cap);
}

void *compile_range_u32(struct slice argument, char *why, size_t cap)
{
	return range(argument, UINT32_MAX, why, cap);
}

void *compile_range_u64(struct slice argument, char *why, size_t cap)
{
	return range(argument, UINT64_MAX, why, cap);
}

static struct slice unquote(struct slice s)
{
	if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
		return slice_sub(s, 1, s.len - 2);
	return s;
}

void *compile_quoted(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);
	bool negated = s.len > 0 && s.data[0] == '!';
	struct compile_quoted *q;

	s = unquote(text_trim(slice_sub(s, negated, s.len)));
	q = compile_new(sizeof(*q) + s.len + 1);
	if (s.len == 0)
		return compile_refuse(q, why, cap, "a text in quotes is missing");
	q->negated = negated;
	q->len = s.len;
	memcpy(q->text, s.data, s.len);
	return q;
}
