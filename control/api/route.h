/* A program's HTTP API as a table: what may be asked, with which arguments, by whom, answered by
 * which function. Everything that comes from outside is checked against the table before the
 * function is called; the same table describes itself as OpenAPI (openapi.h). Pure: no socket, no
 * clock. Bounded: bodies by API_BODY_MAX, arguments by their fields. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "control/api/may.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	API_BODY_MAX = 64 * 1024, /* bytes of a JSON body */
	API_TEXT_MAX = 1024,	  /* bytes of a text argument that states no maximum of its own */
	API_LIST_MAX = 1000,	  /* entries of a list that states no maximum of its own */
	API_DEPTH_MAX = 16,	  /* nesting of a JSON body */
	API_PATH_MAX = 512,
};

enum api_place { API_IN_PATH, API_IN_QUERY, API_IN_BODY };

enum api_kind {
	API_TEXT,    /* UTF-8 without control characters; min, max in bytes */
	API_PROSE,   /* the same with line ends and tabs */
	API_INTEGER, /* min to max */
	API_BOOLEAN,
	API_TIME,    /* "2026-11-21T09:00:00Z" or nanoseconds since 1970 */
	API_DATE,    /* "2026-11-21" */
	API_ADDRESS, /* IPv4 or IPv6 */
	API_WORD,    /* one of `words` */
	API_LIST,    /* of texts; min, max entries */
	API_OBJECT,  /* any JSON object: its function checks what is in it */
};

struct api_field {
	const char *name;
	enum api_place place;
	enum api_kind kind;
	bool required;
	int64_t min, max;	  /* max 0: the kind's default; API_INTEGER: as they stand */
	const char *const *words; /* API_WORD, NULL-ended */
	const char *help;	  /* one sentence, in the description and in refusals */
};

/* Who asks. */
struct api_who {
	const char *name;     /* of the account; "" without a session */
	const char *customer; /* of the account; "" for the vendor's people and single sites */
	enum api_role role;
	unsigned may; /* of the role; of a token perhaps less */
	bool by_token;
};

struct api_route;

/* What came, checked. Everything is the server's and ends with the call. */
struct api_request {
	const struct api_route *route;
	json_t *args; /* an object: only fields of the route, of their kinds; times as integers */
	struct slice bytes; /* routes with bytes_max */
	struct api_who who;
	/* By the certificate that was shown; name "" = none, or of no account. It is no session: a
	 * browser would show it for somebody else's page. A route that takes it says so itself. */
	struct api_who certified;
	bool certificates; /* they are asked for here */
	const char *from;  /* asker's address */
	const char *type;  /* Content-Type of the body, "" none */
	const char *id;	   /* X-Request-ID, "" none */
	bool japanese;
	uint64_t now; /* ns since 1970 */
	/* Routes with checks_password: the password was right; the new one's hash, or "". */
	bool password_right;
	const char *new_hash;
};

/* What goes back. The server frees it. */
struct api_answer {
	json_t *json; /* or */
	char *bytes;  /* malloc'ed */
	size_t len;
	const char *type;    /* of bytes: "text/html; charset=utf-8" */
	char file_name[128]; /* offered as a download by this name */
	char cookie[256];    /* Set-Cookie, by the session's own routes */
	unsigned wait_s;     /* Retry-After of a refusal */
	unsigned status; /* of an answer with bytes, 0: 200; for protocols that have their own */
	char id[64];	 /* X-Request-ID, "" none */
};

/* ERR_OK with an answer (none: 204), or an error with a sentence for the asker: ERR_INVALID 400,
 * ERR_DENIED 403, ERR_NOTFOUND 404, ERR_EXISTS 409, ERR_LIMIT 429, ERR_UNSUPPORTED 501,
 * ERR_AGAIN 503, others 500. Loop thread. */
typedef int (*api_fn)(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e);

/* For a function whose answer takes others' work: it keeps this, returns ERR_OK without an answer,
 * and whoever has it answers, once, before the server ends. The request stays as it is until then.
 */
struct api_later;
struct api_later *api_later(const struct api_request *q);
/* `rc`, `ret` (taken) and `e` as of an api_fn; `e` may be NULL. Loop thread. */
void api_later_answer(struct api_later *l, int rc, struct api_answer *ret, const struct errmsg *e);

struct api_route {
	const char *method;   /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	const char *path;     /* "/api/v1/quarantines/{id}/release", "/.well-known/..." */
	unsigned may;	      /* enum api_may: all of these; 0: whoever has a session */
	bool open;	      /* without a session */
	bool checks_password; /* args "password" is checked, "new_password" hashed, off the loop */
	const char *summary;
	const char *returns; /* one sentence: what the answer holds */
	const struct api_field *fields;
	size_t n_fields;
	size_t bytes_max; /* takes a body of any type up to this; 0: JSON */
	api_fn fn;
	const void *own; /* the program's: what its function must know of the route */
};

/* The route of a request; NULL: none. *ret_known: the path is there, with another method.
 * Path arguments go into `args`. */
const struct api_route *api_route_find(const struct api_route *routes, size_t n, const char *method,
				       const char *path, json_t *args, bool *ret_known);

/* Adds the body's members to `args`. ERR_INVALID says what is wrong where. */
int api_args_body(const struct api_route *r, struct slice body, json_t *args, struct errmsg *e);
/* Adds one query argument, as it stands in the URL ("+" already a space). */
int api_args_query(const struct api_route *r, const char *name, const char *value, json_t *args,
		   struct errmsg *e);
/* Every argument is as its field says, none is missing; texts of the path and the query become
 * their kind. ERR_INVALID names the field. */
int api_args_check(const struct api_route *r, json_t *args, struct errmsg *e);

/* A part of a URL with its percent signs resolved, at most API_PATH_MAX bytes of it; NULL when they
 * are not well formed, hide a zero byte or do not make UTF-8. */
json_t *api_unescape(const char *text, size_t n);

/* HTTP status of an error. */
unsigned api_status(int err);
/* Nanoseconds since 1970; 0 when `text` is no time. */
uint64_t api_time_parse(const char *text);

/* Accessors for checked arguments: "" and `otherwise` when absent. */
const char *api_text(const struct api_request *q, const char *name);
int64_t api_number(const struct api_request *q, const char *name, int64_t otherwise);
