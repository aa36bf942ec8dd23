#include "dataplane/app/smtp/mime.h"

#include "dataplane/app/text/text.h"

/* The next "name=value" up to a semicolon outside quotes; `s` moves behind it. */
static bool next_parameter(struct slice *s, struct slice *ret_name, struct slice *ret_value)
{
	size_t end = 0, equals;
	bool quoted = false;
	struct slice one;

	if (s->len == 0)
		return false;
	for (; end < s->len && (quoted || s->data[end] != ';'); end++) {
		if (s->data[end] == '"' && (end == 0 || s->data[end - 1] != '\\'))
			quoted = !quoted;
	}
	one = slice_sub(*s, 0, end);
	*s = slice_sub(*s, end < s->len ? end + 1 : end, s->len);
	for (equals = 0; equals < one.len && one.data[equals] != '=';)
		equals++;
	*ret_name = text_trim(slice_sub(one, 0, equals));
	*ret_value = text_trim(slice_sub(one, equals + 1, one.len));
	return true;
}

static struct slice unquote(struct slice v)
{
	size_t n = 0;

	if (v.len > 0 && v.data[0] == '"') {
		v = slice_sub(v, 1, v.len);
		while (n < v.len && (v.data[n] != '"' || (n > 0 && v.data[n - 1] == '\\')))
			n++;
		return slice_sub(v, 0, n);
	}
	while (n < v.len && !strchr(" \t\r\n", v.data[n]))
		n++;
	return slice_sub(v, 0, n);
}

static void add(struct slice v, uint8_t *buf, size_t cap, size_t *len, bool *ret_cut)
{
	size_t n = v.len;

	if (n > cap - *len) {
		n = cap - *len;
		*ret_cut = true;
	}
	memcpy(buf + *len, v.data, n);
	*len += n;
}

/* "name*0", "name*0*": the number of a piece; -1 when it is none. */
static int piece_number(struct slice name, struct slice wanted)
{
	uint64_t number;
	struct slice digits;

	if (name.len < wanted.len + 2 || !slice_eq_nocase(slice_sub(name, 0, wanted.len), wanted) ||
	    name.data[wanted.len] != '*')
		return -1;
	digits = slice_sub(name, wanted.len + 1, name.len);
	if (digits.data[digits.len - 1] == '*')
		digits.len--;
	return text_number(digits, 99, &number) ? (int)number : -1;
}

bool mime_parameter(struct slice field, const char *name, uint8_t *buf, size_t cap, size_t *ret_len,
		    bool *ret_cut)
{
	struct slice wanted = slice_of(name), n, v;
	bool first = true, found = false;
	int next = 0;

	*ret_len = 0;
	*ret_cut = false;
	while (next_parameter(&field, &n, &v)) {
		if (first) {
			first = false; /* the type itself */
			continue;
		}
		if (!found && slice_eq_nocase(n, wanted)) {
			add(unquote(v), buf, cap, ret_len, ret_cut);
			return true;
		}
		if (piece_number(n, wanted) == next) {
			add(unquote(v), buf, cap, ret_len, ret_cut);
			found = true;
			next++;
		}
	}
	return found;
}
