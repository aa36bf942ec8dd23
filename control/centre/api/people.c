#include "control/centre/api/people.h"

#include <pwd.h>
#include <string.h>

#include "control/api/people.h"
#include "control/centre/api/change.h"
#include "control/centre/api/pages.h"
#include "control/centre/store/lookup.h"
#include "control/wire/text.h"

/* `detail` is taken. */
static int note(void *ctx, const struct local_peer *peer, const json_t *request, const char *what,
		json_t *detail, struct errmsg *e)
{
	const struct passwd *who = getpwuid(peer->uid);
	char actor[64];

	snprintf(actor, sizeof(actor), "%.40s (console)", who ? who->pw_name : "?");
	return pages_audit(ctx, actor, text_member(request, "customer"), what, detail, e);
}

json_t *accounts_do(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	const struct people p = {.accounts = c->pages->accounts,
				 .customers = pages_customers(c),
				 .now = loop_wall(c->loop),
				 .note = note,
				 .ctx = c};

	return people_do(&p, peer, request, e);
}

static json_t *done(void *ctx, const struct local_peer *peer, json_t *detail, const char *what,
		    struct errmsg *e)
{
	json_t *answer = json_pack("{sb}", "ok", 1);

	if (note(ctx, peer, detail, what, json_copy(detail), e) == 0)
		return answer;
	json_decref(answer);
	return NULL;
}

/* --- customers and sites --- */

json_t *people_do_customers(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e)
{
	static const struct store_query all = {.scope = {"", ""}, .to = INT64_MAX};
	struct centre *c = ctx;
	json_t *customers = store_customers(c->store, &all, e), *sites;

	if (!customers)
		return NULL;
	sites = store_sites(c->store, &all, e);
	json_object_update(customers, sites);
	json_object_set_new(customers, "ok", json_true());
	json_decref(sites);
	return customers;
}

json_t *people_do_customer(void *ctx, const struct local_peer *peer, const json_t *request,
			   struct errmsg *e)
{
	const struct change_customer k = {text_member(request, "id"), text_member(request, "name"),
					  text_member(request, "zone"),
					  text_member(request, "language")};
	json_t *detail;
	json_t *answer;

	if (change_customer(ctx, &k, e) < 0)
		return NULL;
	detail = json_pack("{so so}", "customer", local_text(k.id), "name", local_text(k.name));
	answer = done(ctx, peer, detail, "set up a customer", e);
	json_decref(detail);
	return answer;
}

json_t *people_do_site(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	json_t *detail, *answer;

	if (change_site(ctx, text_member(request, "site"), text_member(request, "customer"), e) < 0)
		return NULL;
	detail = json_pack("{so so}", "name", local_text(text_member(request, "site")), "customer",
			   local_text(text_member(request, "customer")));
	answer = done(ctx, peer, detail, "gave a site to a customer", e);
	json_decref(detail);
	return answer;
}

json_t *people_do_audit(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct centre *c = ctx;
	json_int_t most = json_integer_value(json_object_get(request, "most"));
	struct audit_head head;
	char path[600];
	json_t *list;

	snprintf(path, sizeof(path), "%s/audit.log", c->state_folder);
	list = audit_latest(path, most > 0 && most <= 1000 ? (unsigned)most : 50, e);
	if (!list)
		return NULL;
	audit_get_head(c->audit, &head);
	return json_pack("{sb so ss sI ss ss}", "ok", 1, "audit", list, "file", path, "lines",
			 (json_int_t)head.lines, "hash", head.hash, "problem",
			 audit_problem(c->audit) ?: "");
}
