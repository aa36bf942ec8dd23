/* What goes back: headers, refusals, JSON, downloads. */
#include <stdlib.h>
#include <string.h>

#include "control/api/internal.h"
#include "dataplane/base/slice.h"

void security_headers(struct MHD_Response *r)
{
	static const char *const headers[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Content-Security-Policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		 "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
		 "'none'"}};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		MHD_add_response_header(r, headers[i][0], headers[i][1]);
}

static enum MHD_Result queue(const struct asking *a, unsigned status, struct MHD_Response *r)
{
	enum MHD_Result rc;

	if (!r)
		return MHD_NO;
	security_headers(r);
	if (a->s->setup.cert)
		MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
	if (!MHD_get_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL))
		MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	rc = MHD_queue_response(a->connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

static struct MHD_Response *json_response(json_t *json, const char *type)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct MHD_Response *r;

	json_decref(json);
	r = text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
		 : NULL;
	if (r)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return r;
}

static json_t *sentence(const char *text)
{
	json_t *t = json_string(text);

	return t ? t : json_string("not as it should be");
}

enum MHD_Result refuse(const struct asking *a, unsigned status, const char *detail, unsigned wait_s)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {{400, "not as described"}, {401, "log in"},	 {403, "not allowed"},
		      {404, "not here"},	 {405, "not this way"},	 {409, "in the way"},
		      {413, "too large"},	 {415, "not this type"}, {429, "too often"},
		      {501, "not supported"},	 {503, "not now"}};
	const char *title = "failed";
	struct MHD_Response *r;
	char wait[16];

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		if (titles[i].status == status)
			title = titles[i].title;
	}
	r = json_response(json_pack("{si ss so}", "status", (int)status, "title", title, "detail",
				    sentence(detail)),
			  "application/problem+json");
	snprintf(wait, sizeof(wait), "%u", wait_s);
	if (r && wait_s)
		MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, wait);
	if (r && status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	return queue(a, status, r);
}

enum MHD_Result answer(const struct asking *a, struct api_answer *n)
{
	unsigned status = n->status		? n->status
			  : n->json || n->bytes ? MHD_HTTP_OK
						: MHD_HTTP_NO_CONTENT;
	struct MHD_Response *r;
	char name[192];

	if (n->bytes)
		r = MHD_create_response_from_buffer(n->len, n->bytes, MHD_RESPMEM_MUST_FREE);
	else if (n->json)
		r = json_response(n->json, "application/json");
	else
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (r && n->bytes && n->type)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, n->type);
	if (r && n->cookie[0])
		MHD_add_response_header(r, MHD_HTTP_HEADER_SET_COOKIE, n->cookie);
	if (r && n->id[0])
		MHD_add_response_header(r, "X-Request-ID", n->id);
	if (r && n->file_name[0]) {
		snprintf(name, sizeof(name), "attachment; filename=\"%s\"", n->file_name);
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_DISPOSITION, name);
	}
	return queue(a, status, r);
}
