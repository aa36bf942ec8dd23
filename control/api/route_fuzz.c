/* A request line, a query and a body against a route of every kind of argument. */
#include <stdlib.h>
#include <string.h>

#include "control/api/route.h"
#include "dataplane/base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const words[] = {"low", "high", NULL};
static const struct api_field fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 8, NULL, ""},
	{"q", API_IN_QUERY, API_INTEGER, false, -5, 100, NULL, ""},
	{"t", API_IN_QUERY, API_TIME, false, 0, 0, NULL, ""},
	{"d", API_IN_QUERY, API_DATE, false, 0, 0, NULL, ""},
	{"b", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, ""},
	{"text", API_IN_BODY, API_TEXT, false, 1, 16, NULL, ""},
	{"prose", API_IN_BODY, API_PROSE, false, 0, 0, NULL, ""},
	{"word", API_IN_BODY, API_WORD, false, 0, 0, words, ""},
	{"ip", API_IN_BODY, API_ADDRESS, false, 0, 0, NULL, ""},
	{"list", API_IN_BODY, API_LIST, false, 0, 3, NULL, ""},
	{"any", API_IN_BODY, API_OBJECT, false, 0, 0, NULL, ""},
	{"n", API_IN_BODY, API_INTEGER, false, 0, INT64_MAX, NULL, ""},
};
static const struct api_route routes[] = {
	{"POST", "/x/{id}", .summary = "", .fields = fields, .n_fields = 12},
	{"GET", "/x/{id}/y", .summary = "", .fields = fields, .n_fields = 5},
};

/* A line of the input as text of its own, so that ASan sees its end. */
static char *line(struct slice *in)
{
	const uint8_t *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
	size_t n = end ? (size_t)(end - in->data) : in->len;
	char *text = malloc(n + 1);

	if (!text)
		abort();
	if (n)
		memcpy(text, in->data, n);
	text[n] = 0;
	*in = SLICE(in->data + n + (end ? 1 : 0), in->len - n - (end ? 1 : 0));
	return text;
}

/* Only what the route has came through, and the path's argument is within its bounds. */
static void look(const struct api_route *r, json_t *args)
{
	const char *id = json_string_value(json_object_get(args, "id"));
	const char *key;
	json_t *value;

	if (!id || !id[0] || strlen(id) > 8)
		abort();
	json_object_foreach(args, key, value)
	{
		bool known = false;

		for (size_t i = 0; i < r->n_fields; i++)
			known |= strcmp(r->fields[i].name, key) == 0;
		if (!known)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = SLICE(len ? data : (const uint8_t *)"", len);
	char *method = line(&in), *path = line(&in), *name = line(&in), *value = line(&in);
	json_t *args = json_object();
	struct errmsg e = {""};
	bool known;
	const struct api_route *r = api_route_find(routes, 2, method, path, args, &known);

	if (r && (!name[0] || api_args_query(r, name, value, args, &e) == ERR_OK) &&
	    api_args_body(r, in, args, &e) == ERR_OK && api_args_check(r, args, &e) == ERR_OK)
		look(r, args);
	json_decref(args);
	free(method);
	free(path);
	free(name);
	free(value);
	return 0;
}
