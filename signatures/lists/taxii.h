/* Known-bad lists from TAXII 2.1 servers (OASIS TAXII 2.1): discovery, collections, objects page by
 * page from where the last fetch ended. What comes is hostile: every page and the whole are
 *bounded, redirects are not followed (they would carry the password away), plain http is for this
 *machine alone. Blocks; for command lines and helper processes, never for a loop.
 *
 * A folder of one source:
 *	state.json     {"after": time of the last object of the last whole fetch, "next": page token
 *of a fetch that was broken off} pages.jsonl    objects of a fetch under way, one a line
 *	objects.json   a STIX bundle of the newest version of every object, for read.h
 *
 * Killed at any moment, the next fetch goes on at the page that was not kept yet; an object that
 *comes twice counts once. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"

enum {
	TAXII_URL = 1024,
	TAXII_PAGE_MAX = 32 << 20,   /* bytes of one answer */
	TAXII_OBJECTS_MAX = 1 << 20, /* indicators of one collection */
	TAXII_BYTES_MAX = 512 << 20, /* of pages.jsonl and of objects.json */
	TAXII_PAGES_MAX = 10000,     /* of one fetch */
	TAXII_SECONDS = 60,	     /* of one request */
};

struct taxii_source {
	const char *url;	       /* of an API root; for taxii_discover of the server */
	const char *collection;	       /* its id */
	const char *user, *password;   /* Basic; NULL: none */
	const char *token;	       /* Bearer; NULL: none */
	const char *certificate, *key; /* PEM files of a client certificate; NULL: none */
	const char *ca;		       /* PEM file, NULL: the system's */
};

struct taxii_counts {
	unsigned pages;
	uint64_t objects; /* that came in this fetch */
	uint64_t kept;	  /* indicators there are now */
	bool resumed;	  /* a fetch that was broken off went on */
};

/* {"title", "api_roots": [url...], "collections": [{"root", "id", "title", "can_read"}...]}. The
 * URL may be that of a server (its /taxii2/ is asked), of the discovery itself or of an API root.
 */
int taxii_discover(const struct taxii_source *s, json_t **ret, struct errmsg *e);
/* Fetches what is new into `folder`, which is made. On errors what came is kept for the next try.
 */
int taxii_fetch(const struct taxii_source *s, const char *folder, struct taxii_counts *ret,
		struct errmsg *e);
/* "https://...", or "http://" to this machine itself. */
bool taxii_url_ok(const char *url);
/* A page's envelope: checked for its form. For tests and fuzzing: the objects array or NULL. */
json_t *taxii_envelope(const char *text, size_t len, bool *ret_more, const char **ret_next,
		       json_t **ret_root, struct errmsg *e);
