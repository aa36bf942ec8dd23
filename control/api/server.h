/* HTTP for a program: libmicrohttpd on its event loop. Serves route tables (route.h), the accounts'
 * own routes, events as they happen, and a folder of files (the portal). One thread; the password
 * hashes alone are made on another.
 *
 * What a request must pass, in this order: rate by address, route, session or token, role, CSRF
 * (requests of a browser's session that change something), arguments. A refusal is
 * application/problem+json (RFC 9457) with one sentence. */
#pragma once

#include "control/api/accounts.h"
#include "control/api/openapi.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct api_server;

struct api_table {
	const struct api_route *routes;
	size_t n;
	void *ctx; /* of their functions */
};

struct api_setup {
	struct loop *loop;
	const struct log *log;
	const char *address;	/* "127.0.0.1:8080", "[::]:8443" */
	const char *cert, *key; /* PEM texts for TLS; NULL: plain, for loopback or behind a proxy */
	bool behind_tls;	/* a proxy with TLS stands in front: cookies are for TLS only */
	/* PEM text of the CAs whose certificates askers may show, with TLS only; NULL: none are
	 * asked for. A request has the account that the certificate names (api_request.certified).
	 */
	const char *client_ca;
	const struct api_table *tables; /* must outlive the server */
	size_t n_tables;
	struct accounts *accounts;
	struct api_customers customers;
	const char *files; /* folder of the pages, read at the start; NULL: none */
	struct api_description about;
	/* Everything that changes something, and every refused log-in. `detail` stays the
	 * server's; NULL: nothing more to say. */
	void (*audit)(void *ctx, const struct api_who *who, const char *from, const char *what,
		      const json_t *detail);
	void *audit_ctx;
};

/* NULL with a sentence: address malformed or taken, certificate unusable, a file too large. */
struct api_server *api_server_new(const struct api_setup *setup, struct errmsg *e);
void api_server_delete(struct api_server *s);
unsigned api_server_port(const struct api_server *s);

/* To whoever listens at /api/v1/events and may see this customer ("": the vendor's people only, and
 * everybody at a single site). A listener who does not keep up is cut off and comes back.
 * `data` stays the caller's. */
void api_server_tell(struct api_server *s, const char *customer, const char *event,
		     const json_t *data);

/* The route tables as one description, the accounts' routes included. */
json_t *api_server_openapi(const struct api_server *s);
