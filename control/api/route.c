#include "control/api/route.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/wire/utf8.h"
#include "dataplane/base/clock.h"

static const struct api_field *field_of(const struct api_route *r, const char *name)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		if (strcmp(r->fields[i].name, name) == 0)
			return &r->fields[i];
	}
	return NULL;
}

/* --- path --- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

json_t *api_unescape(const char *part, size_t n)
{
	char text[API_PATH_MAX];
	size_t len = 0;

	if (n >= sizeof(text))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (part[i] != '%') {
			text[len++] = part[i];
			continue;
		}
		if (n - i < 3 || hex(part[i + 1]) < 0 || hex(part[i + 2]) < 0)
			return NULL;
		text[len++] = (char)(hex(part[i + 1]) << 4 | hex(part[i + 2]));
		if (text[len - 1] == 0)
			return NULL;
		i += 2;
	}
	return json_stringn(text, len);
}

/* Whether `path` is of the form `pattern`; what stands for {names} goes into `args`. */
static bool path_is(const char *pattern, const char *path, json_t *args)
{
	for (;;) {
		size_t a = strcspn(pattern, "/"), b = strcspn(path, "/");

		if (pattern[0] == '{') {
			char name[64];
			json_t *text = b ? api_unescape(path, b) : NULL;

			snprintf(name, sizeof(name), "%.*s", (int)(a - 2), pattern + 1);
			if (!text || json_object_set_new(args, name, text) < 0)
				return false;
		} else if (a != b || memcmp(pattern, path, a) != 0) {
			return false;
		}
		pattern += a;
		path += b;
		if (!*pattern || !*path)
			return !*pattern && !*path;
		pattern++;
		path++;
	}
}

const struct api_route *api_route_find(const struct api_route *routes, size_t n, const char *method,
				       const char *path, json_t *args, bool *ret_known)
{
	*ret_known = false;
	if (strlen(path) >= API_PATH_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		json_object_clear(args);
		if (!path_is(routes[i].path, path, args))
			continue;
		*ret_known = true;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
	}
	json_object_clear(args);
	return NULL;
}

/* --- what came --- */

static bool too_deep(const json_t *j, unsigned depth)
{
	const char *key;
	json_t *v;
	size_t i;

	if (depth > API_DEPTH_MAX)
		return true;
	if (json_is_object(j)) {
		json_object_foreach((json_t *)j, key, v)
		{
			if (too_deep(v, depth + 1))
				return true;
		}
	}
	json_array_foreach(j, i, v)
	{
		if (too_deep(v, depth + 1))
			return true;
	}
	return false;
}

int api_args_body(const struct api_route *r, struct slice body, json_t *args, struct errmsg *e)
{
	json_error_t why;
	json_t *got, *value;
	const char *key;

	if (body.len == 0)
		return ERR_OK;
	got = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, &why);
	if (!got)
		return errmsg_set(e, ERR_INVALID, "the body is not JSON: line %d: %.200s", why.line,
				  why.text);
	if (!json_is_object(got) || too_deep(got, 0)) {
		json_decref(got);
		return errmsg_set(e, ERR_INVALID,
				  "the body is not a JSON object nested at most %d deep",
				  API_DEPTH_MAX);
	}
	json_object_foreach(got, key, value)
	{
		const struct api_field *f = field_of(r, key);

		if (!f || f->place != API_IN_BODY) {
			errmsg_set(e, ERR_INVALID,
				   "\"%.64s\" is not an argument of %s %s; see "
				   "/api/v1/openapi.json",
				   key, r->method, r->path);
			json_decref(got);
			return ERR_INVALID;
		}
		json_object_set(args, key, value);
	}
	json_decref(got);
	return ERR_OK;
}

int api_args_query(const struct api_route *r, const char *name, const char *value, json_t *args,
		   struct errmsg *e)
{
	const struct api_field *f = field_of(r, name);
	json_t *text = api_unescape(value ? value : "", value ? strlen(value) : 0);

	if (!f || f->place != API_IN_QUERY || !text || json_object_get(args, name)) {
		json_decref(text);
		return errmsg_set(e, ERR_INVALID,
				  "\"%.64s\" is not an argument of %s %s, came twice or is not "
				  "UTF-8; see /api/v1/openapi.json",
				  name, r->method, r->path);
	}
	json_object_set_new(args, name, text);
	return ERR_OK;
}

/* --- kinds --- */

uint64_t api_time_parse(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long offset = 0;
	int64_t t;

	if (!end || tm.tm_year < 70 || tm.tm_year > 400)
		return 0;
	if (*end == '+' || *end == '-') {
		const char *d = end + 1;

		for (unsigned i = 0; i < 5; i++) {
			if (i == 2 ? d[i] != ':' : !isdigit((unsigned char)d[i]))
				return 0;
		}
		offset = (d[0] - '0') * 36000L + (d[1] - '0') * 3600L + (d[3] - '0') * 600L +
			 (d[4] - '0') * 60L;
		offset = *end == '-' ? -offset : offset;
		end += 6;
	} else if (*end == 'Z') {
		end++;
	}
	t = timegm(&tm) - offset;
	return *end || t <= 0 ? 0 : (uint64_t)t * NS_PER_SEC;
}

static bool is_date(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm.tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return end && !*end && strlen(text) == 10 && tm.tm_year >= 70 && tm.tm_year <= 400 &&
	       tm.tm_mday <= days[tm.tm_mon] && (leap || tm.tm_mon != 1 || tm.tm_mday <= 28);
}

/* A whole number and nothing else. */
static bool number_of(const char *text, int64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '-')
		return false;
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return !*end && end != text && errno == 0;
}

/* Texts of the path and the query as the kind that their field has. */
static json_t *as_kind(const struct api_field *f, json_t *value)
{
	const char *text = json_string_value(value);
	int64_t number;
	uint64_t ns;

	if (!text)
		return json_incref(value);
	if (f->kind == API_TIME) {
		ns = api_time_parse(text);
		if (!ns && number_of(text, &number) && number > 0)
			ns = (uint64_t)number;
		return ns ? json_integer((json_int_t)ns) : NULL;
	}
	if (f->place == API_IN_BODY)
		return json_incref(value);
	if (f->kind == API_INTEGER)
		return number_of(text, &number) ? json_integer(number) : NULL;
	if (f->kind == API_BOOLEAN) {
		if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
			return json_boolean(text[0] == 't');
		return NULL;
	}
	return json_incref(value);
}

static bool is_clean(const char *text, bool prose)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == 0x7f ||
		    (*c < 0x20 && !(prose && (*c == '\n' || *c == '\t' || *c == '\r'))))
			return false;
	}
	return true;
}

static bool text_fits(const struct api_field *f, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t n = json_string_length(value), max = f->max ? (size_t)f->max : API_TEXT_MAX;

	return text && n == strlen(text) && n >= (size_t)f->min && n <= max &&
	       is_clean(text, f->kind == API_PROSE);
}

static bool word_fits(const struct api_field *f, const char *text)
{
	for (const char *const *w = f->words; text && *w; w++) {
		if (strcmp(*w, text) == 0)
			return true;
	}
	return false;
}

static bool list_fits(const struct api_field *f, const json_t *value)
{
	static const struct api_field entry = {.kind = API_TEXT};
	size_t n = json_array_size(value), max = f->max ? (size_t)f->max : API_LIST_MAX;
	const json_t *v;
	size_t i;

	if (!json_is_array(value) || n < (size_t)f->min || n > max)
		return false;
	json_array_foreach(value, i, v)
	{
		if (!text_fits(&entry, v))
			return false;
	}
	return true;
}

static bool address_fits(const char *text)
{
	unsigned char raw[16];

	return text && (inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1);
}

static bool integer_fits(const struct api_field *f, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	return json_is_integer(value) && n >= f->min && n <= f->max;
}

static bool fits(const struct api_field *f, const json_t *value)
{
	const char *text = json_string_value(value);

	switch (f->kind) {
	case API_TEXT:
	case API_PROSE:
		return text_fits(f, value);
	case API_INTEGER:
		return integer_fits(f, value);
	case API_BOOLEAN:
		return json_is_boolean(value);
	case API_TIME:
		return json_is_integer(value) && json_integer_value(value) > 0;
	case API_DATE:
		return text && is_date(text);
	case API_ADDRESS:
		return address_fits(text);
	case API_WORD:
		return word_fits(f, text);
	case API_LIST:
		return list_fits(f, value);
	case API_OBJECT:
		return json_is_object(value);
	}
	return false;
}

/* What would have been right, in words. */
static void expected(const struct api_field *f, char *ret, size_t cap)
{
	static const char *const kinds[] = {[API_TEXT] = "a text",
					    [API_PROSE] = "a text",
					    [API_INTEGER] = "a number",
					    [API_BOOLEAN] = "true or false",
					    [API_TIME] = "a time like 2026-11-21T09:00:00Z",
					    [API_DATE] = "a date like 2026-11-21",
					    [API_ADDRESS] = "an IPv4 or IPv6 address",
					    [API_WORD] = "one of",
					    [API_LIST] = "a list of texts",
					    [API_OBJECT] = "an object"};
	size_t n = (size_t)snprintf(ret, cap, "%s", kinds[f->kind]);

	if (f->kind == API_INTEGER)
		snprintf(ret + n, cap - n, " from %lld to %lld", (long long)f->min,
			 (long long)f->max);
	if (f->kind == API_TEXT || f->kind == API_PROSE)
		snprintf(ret + n, cap - n, " of %lld to %lld bytes without control characters",
			 (long long)f->min, (long long)(f->max ? f->max : API_TEXT_MAX));
	for (const char *const *w = f->kind == API_WORD ? f->words : NULL; w && *w && n < cap; w++)
		n += (size_t)snprintf(ret + n, cap - n, "%s %s", w == f->words ? "" : ",", *w);
}

static int check_field(const struct api_field *f, json_t *args, struct errmsg *e)
{
	json_t *value = json_object_get(args, f->name), *kind;
	char right[256];
	bool ok;

	if (!value && !f->required)
		return ERR_OK;
	expected(f, right, sizeof(right));
	if (!value)
		return errmsg_set(e, ERR_INVALID, "%s is missing: %s", f->name, right);
	kind = as_kind(f, value);
	ok = kind && fits(f, kind) && json_object_set(args, f->name, kind) == 0;
	json_decref(kind);
	return ok ? ERR_OK : errmsg_set(e, ERR_INVALID, "%s must be %s", f->name, right);
}

int api_args_check(const struct api_route *r, json_t *args, struct errmsg *e)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		if (check_field(&r->fields[i], args, e) != ERR_OK)
			return ERR_INVALID;
	}
	return ERR_OK;
}

/* --- for handlers --- */

unsigned api_status(int err)
{
	static const struct {
		int err;
		unsigned status;
	} table[] = {{ERR_OK, 200},	     {ERR_INVALID, 400}, {ERR_DENIED, 403},
		     {ERR_NOTFOUND, 404},    {ERR_EXISTS, 409},	 {ERR_LIMIT, 429},
		     {ERR_UNSUPPORTED, 501}, {ERR_AGAIN, 503}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].err == err)
			return table[i].status;
	}
	return 500;
}

const char *api_text(const struct api_request *q, const char *name)
{
	const char *text = json_string_value(json_object_get(q->args, name));

	return text ? text : "";
}

int64_t api_number(const struct api_request *q, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(q->args, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}
