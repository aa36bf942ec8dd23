#include "control/centre/api/pages.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/centre/api/print.h"
#include "control/centre/demo/demo.h"
#include "control/centre/bundle/routes.h"
#include "control/centre/fleet/routes.h"
#include "control/centre/store/entries.h"
#include "control/centre/store/evidence.h"
#include "control/centre/store/orders.h"
#include "control/centre/store/words.h"
#include "control/centre/watch/routes.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { TELL_AFTER_MS = 400 };

/* --- audit --- */

int pages_audit(struct centre *c, const char *actor, const char *customer, const char *what,
		json_t *detail, struct errmsg *e)
{
	json_t *more = detail ? detail : json_object();
	int rc;

	json_object_set_new(more, "customer", local_text(customer));
	rc = audit_append(c->audit, loop_wall(c->loop), actor, what, more, 0, e);
	json_decref(more);
	if (rc < 0)
		log_error(&c->log, "%s: %s is not in the audit: %s", actor, what, e->text);
	else
		pages_changed(c, customer, "audit");
	return rc;
}

/* Log-ins and accounts. */
static void on_audit(void *ctx, const struct api_who *who, const char *from, const char *what,
		     const json_t *detail)
{
	struct pages *p = ctx;
	json_t *more = detail ? json_deep_copy(detail) : json_object();
	struct errmsg e;

	json_object_set_new(more, "from", local_text(from));
	pages_audit(p->c, who->name[0] ? who->name : "somebody", who->customer, what, more, &e);
}

/* --- events --- */

void pages_changed(struct centre *c, const char *customer, const char *what)
{
	json_t *list;

	if (!c->pages || !c->pages->server)
		return;
	list = json_pack("[s]", what);
	api_server_tell(c->pages->server, customer, "changed", list);
	json_decref(list);
}

static void tell_waiting(void *ctx)
{
	static const char *const names[] = {"alerts",  "incidents",   "hosts",	 "cuts",
					    "sensors", "emergencies", "mandates"};
	struct pages *p = ctx;
	char customer[64];

	for (unsigned i = 0; i < p->waiting_n; i++) {
		json_t *list = json_array();

		for (unsigned k = 0; k < ARRAY_SIZE(names); k++) {
			if (p->waiting[i].parts & 1u << k)
				json_array_append_new(list, json_string(names[k]));
		}
		store_peer_owner(p->c->store, p->waiting[i].peer, customer);
		api_server_tell(p->server, customer, "changed", list);
		json_decref(list);
	}
	p->waiting_n = 0;
}

void pages_peer_changed(struct centre *c, const char *peer, unsigned parts)
{
	struct pages *p = c->pages;
	unsigned i = 0;

	if (!p || !p->server)
		return;
	if (p->waiting_n == PAGES_WAITING)
		tell_waiting(p);
	while (i < p->waiting_n && strcmp(p->waiting[i].peer, peer) != 0)
		i++;
	if (i == p->waiting_n) {
		snprintf(p->waiting[i].peer, sizeof(p->waiting[i].peer), "%s", peer);
		p->waiting[i].parts = 0;
		p->waiting_n++;
	}
	p->waiting[i].parts |= parts;
	if (p->timer.due)
		return;
	p->timer = (struct loop_timer){.fn = tell_waiting, .ctx = p};
	loop_timer_set(c->loop, &p->timer, TELL_AFTER_MS * NS_PER_MS);
}

/* --- start --- */

static bool is_customer(void *ctx, const char *id)
{
	struct centre *c = ctx;

	return id[0] && store_has_customer(c->store, id);
}

struct api_customers pages_customers(struct centre *c)
{
	return (struct api_customers){is_customer, c};
}

static void say_where(struct centre *c, bool tls)
{
	log_info(&c->log, "pages: %s://%s/%s%s%s", tls ? "https" : "http", c->config.pages.listen,
		 accounts_count(c->pages->accounts)
			 ? ""
			 : "; nobody can log in yet: banken centre account add",
		 tls ? "; certificate " : "", tls ? c->pages->certificate->print : "");
}

static int start_server(struct centre *c, struct errmsg *e)
{
	/* Parts of the centre add their tables here, a line each. */
	const struct api_table tables[] = {
		read_routes(c),	    report_routes(c),	   word_routes(c),   fleet_routes(c->fleet),
		watch_routes(c),    order_routes(c),	   bundle_routes(c), export_routes(c),
		evidence_routes(c), bundle_make_routes(c), entry_routes(c),
	};
	const struct api_serve *place = &c->config.pages;
	struct pages *p = c->pages;
	bool tls = false, has_pages = api_serve_has_pages(place);
	int rc = api_serve_certificate(place, c->state_folder, p->certificate, &tls, e);
	struct api_setup setup = {.loop = c->loop,
				  .log = &c->log,
				  .address = place->listen,
				  .behind_tls = place->behind_tls,
				  .tables = tables,
				  .n_tables = ARRAY_SIZE(tables),
				  .accounts = p->accounts,
				  .customers = pages_customers(c),
				  .files = has_pages ? place->folder : NULL,
				  .about = {"Banken, the monitoring centre", BANKEN_VERSION},
				  .audit = on_audit,
				  .audit_ctx = p};

	if (rc < 0)
		return rc;
	if (tls) {
		setup.cert = p->certificate->cert;
		setup.key = p->certificate->key;
	}
	if (place->folder[0] && !has_pages)
		log_warn(&c->log, "pages: %s is not there: the API alone is served", place->folder);
	p->server = api_server_new(&setup, e);
	if (!p->server)
		return ERR_IO;
	say_where(c, tls);
	return ERR_OK;
}

int pages_start(struct centre *c, struct errmsg *e)
{
	char path[600];

	if (store_words_open(c->store, e) != ERR_OK || store_orders_open(c->store, e) != ERR_OK ||
	    store_entries_open(c->store, e) != ERR_OK || store_evidence_open(c->store, e) != ERR_OK)
		return ERR_IO;
	c->pages = calloc(1, sizeof(*c->pages));
	if (!c->pages)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	c->pages->c = c;
	c->pages->certificate = calloc(1, sizeof(*c->pages->certificate));
	snprintf(path, sizeof(path), "%s/accounts.db", c->state_folder);
	c->pages->accounts = accounts_open(path, e);
	if (!c->pages->accounts || !c->pages->certificate)
		return ERR_IO;
	snprintf(path, sizeof(path), "%s/printing", c->state_folder);
	c->print = print_desk_new(c->loop, &c->printer, path, e);
	if (!c->print)
		return ERR_IO;
	if (c->is_demo && demo_people(c->pages->accounts, loop_wall(c->loop), e) != ERR_OK)
		return ERR_IO;
	return c->config.pages.listen[0] ? start_server(c, e) : ERR_OK;
}

void pages_stop(struct centre *c)
{
	if (!c->pages)
		return;
	loop_timer_stop(c->loop, &c->pages->timer);
	api_server_delete(c->pages->server);
	accounts_close(c->pages->accounts);
	print_desk_delete(c->print);
	if (c->pages->certificate)
		explicit_bzero(c->pages->certificate, sizeof(*c->pages->certificate));
	free(c->pages->certificate);
	free(c->pages);
	c->pages = NULL;
}

unsigned pages_port(const struct centre *c)
{
	return c->pages && c->pages->server ? api_server_port(c->pages->server) : 0;
}
