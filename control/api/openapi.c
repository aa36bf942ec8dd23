#include "control/api/openapi.h"

#include <ctype.h>
#include <string.h>

static json_t *schema_of(const struct api_field *f)
{
	static const char *const types[] = {
		[API_TEXT] = "string",	   [API_PROSE] = "string", [API_INTEGER] = "integer",
		[API_BOOLEAN] = "boolean", [API_TIME] = "string",  [API_DATE] = "string",
		[API_ADDRESS] = "string",  [API_WORD] = "string",  [API_LIST] = "array",
		[API_OBJECT] = "object"};
	json_t *s = json_pack("{ss}", "type", types[f->kind]), *words;

	switch (f->kind) {
	case API_TEXT:
	case API_PROSE:
		json_object_set_new(s, "minLength", json_integer(f->min));
		json_object_set_new(s, "maxLength", json_integer(f->max ? f->max : API_TEXT_MAX));
		break;
	case API_INTEGER:
		json_object_set_new(s, "minimum", json_integer(f->min));
		json_object_set_new(s, "maximum", json_integer(f->max));
		break;
	case API_TIME:
		json_object_set_new(s, "format", json_string("date-time"));
		break;
	case API_DATE:
		json_object_set_new(s, "format", json_string("date"));
		break;
	case API_WORD:
		words = json_array();
		for (const char *const *w = f->words; *w; w++)
			json_array_append_new(words, json_string(*w));
		json_object_set_new(s, "enum", words);
		break;
	case API_LIST:
		json_object_set_new(s, "items", json_pack("{ss}", "type", "string"));
		json_object_set_new(s, "minItems", json_integer(f->min));
		json_object_set_new(s, "maxItems", json_integer(f->max ? f->max : API_LIST_MAX));
		break;
	case API_BOOLEAN:
	case API_ADDRESS:
	case API_OBJECT:
		break;
	}
	return s;
}

static json_t *parameters_of(const struct api_route *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_fields; i++) {
		const struct api_field *f = &r->fields[i];

		if (f->place == API_IN_BODY)
			continue;
		json_array_append_new(list, json_pack("{ss ss sb ss so}", "name", f->name, "in",
						      f->place == API_IN_PATH ? "path" : "query",
						      "required",
						      (int)(f->place == API_IN_PATH || f->required),
						      "description", f->help ? f->help : "",
						      "schema", schema_of(f)));
	}
	return list;
}

/* NULL when the route takes no body. */
static json_t *body_of(const struct api_route *r)
{
	json_t *properties = json_object(), *required = json_array(), *schema;

	if (r->bytes_max) {
		json_decref(properties);
		json_decref(required);
		return json_pack("{sb s{s{s{ss ss}}}}", "required", 1, "content",
				 "application/octet-stream", "schema", "type", "string", "format",
				 "binary");
	}
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct api_field *f = &r->fields[i];
		json_t *s;

		if (f->place != API_IN_BODY)
			continue;
		s = schema_of(f);
		json_object_set_new(s, "description", json_string(f->help ? f->help : ""));
		json_object_set_new(properties, f->name, s);
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
	if (json_object_size(properties) == 0) {
		json_decref(properties);
		json_decref(required);
		return NULL;
	}
	schema = json_pack("{ss so sb}", "type", "object", "properties", properties,
			   "additionalProperties", 0);
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return json_pack("{sb s{s{so}}}", "required", 1, "content", "application/json", "schema",
			 schema);
}

static json_t *operation_of(const struct api_route *r)
{
	json_t *o, *body = body_of(r);
	char id[128];
	size_t n = 0;

	/* "POST /api/v1/users/{name}" is "post_users_name". */
	for (const char *m = r->method; *m && n < sizeof(id) - 1; m++)
		id[n++] = (char)tolower((unsigned char)*m);
	for (const char *c = r->path + strlen("/api/v1"); *c && n < sizeof(id) - 1; c++) {
		if (*c != '{' && *c != '}')
			id[n++] = isalnum((unsigned char)*c) ? *c : '_';
	}
	id[n] = 0;
	o = json_pack("{ss ss so s{s{ss} s{ss}} si}", "operationId", id, "summary", r->summary,
		      "parameters", parameters_of(r), "responses", "200", "description",
		      r->returns ? r->returns : "done", "default", "description",
		      "a refusal: status, title, and detail as a sentence", "x-may", (int)r->may);
	if (body)
		json_object_set_new(o, "requestBody", body);
	if (r->open)
		json_object_set_new(o, "security", json_array());
	return o;
}

json_t *api_openapi(const struct api_route *routes, size_t n, const struct api_description *d)
{
	json_t *paths = json_object();

	for (size_t i = 0; i < n; i++) {
		json_t *path = json_object_get(paths, routes[i].path);
		char method[8] = "";

		if (!path) {
			path = json_object();
			json_object_set_new(paths, routes[i].path, path);
		}
		for (size_t c = 0; c < sizeof(method) - 1 && routes[i].method[c]; c++)
			method[c] = (char)tolower((unsigned char)routes[i].method[c]);
		json_object_set_new(path, method, operation_of(&routes[i]));
	}
	return json_pack("{ss s{ss ss} so s{s{s{ss ss ss} s{ss ss}}} s[{s[]} {s[]}]}", "openapi",
			 "3.0.3", "info", "title", d->title, "version", d->version, "paths", paths,
			 "components", "securitySchemes", "session", "type", "apiKey", "in",
			 "cookie", "name", "banken", "token", "type", "http", "scheme", "bearer",
			 "security", "session", "token");
}
