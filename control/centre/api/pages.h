/* The centre's portal and HTTP API: control/api with the centre's route tables. Each part of the
 * centre may bring a table of its own; pages.c lists them. */
#pragma once

#include "control/api/serve.h"
#include "control/api/server.h"
#include "control/centre/centre.h"

enum { PAGES_WAITING = 128 };

struct pages {
	struct centre *c;
	struct accounts *accounts;
	struct certificate *certificate;
	struct api_server *server;
	/* Peers of which something came, to be told of together. */
	struct {
		char peer[64];
		unsigned parts;
	} waiting[PAGES_WAITING];
	unsigned waiting_n;
	struct loop_timer timer;
};

/* ERR_OK also when no address is configured: then there are accounts only. Errors: the accounts'
 * file is damaged; the address is taken; the certificate is unusable. */
int pages_start(struct centre *c, struct errmsg *e);
void pages_stop(struct centre *c);
unsigned pages_port(const struct centre *c);
struct api_customers pages_customers(struct centre *c);

/* Something of a customer's changed: "alerts", "incidents", "hosts", "cuts", "emergencies",
 * "sensors", "state", "audit". Whoever has a page of theirs open is told within a second. */
void pages_changed(struct centre *c, const char *customer, const char *what);

/* The same for what came from a peer: told of within half a second, together, to its customer. */
void pages_peer_changed(struct centre *c, const char *peer, unsigned parts);

/* One line of the audit; `customer` "" is the vendor's own business. Takes `detail`. */
int pages_audit(struct centre *c, const char *actor, const char *customer, const char *what,
		json_t *detail, struct errmsg *e);

/* Route tables; their functions' context is the centre. */
struct api_table read_routes(struct centre *c);
struct api_table report_routes(struct centre *c);
struct api_table word_routes(struct centre *c);
struct api_table order_routes(struct centre *c);
struct api_table evidence_routes(struct centre *c);
struct api_table export_routes(struct centre *c);
