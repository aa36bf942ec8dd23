#include "control/centre/api/scope.h"

#include <string.h>

#include "dataplane/base/clock.h"

static int no_customer(const char *id, struct errmsg *e)
{
	return errmsg_set(e, ERR_NOTFOUND, "there is no customer %s", id);
}

int scope_of(struct store *s, const struct api_request *q, struct store_scope *ret,
	     struct errmsg *e)
{
	const char *asked = api_text(q, "customer"), *own = q->who.customer;
	bool sees_all = q->who.may & API_MAY_ALL;

	*ret = (struct store_scope){.customer = sees_all ? asked : own,
				    .site = api_text(q, "site")};
	if (!sees_all && !own[0])
		return errmsg_set(e, ERR_DENIED, "this account belongs to no customer");
	if (!sees_all && asked[0] && strcmp(asked, own) != 0)
		return no_customer(asked, e);
	if (sees_all && asked[0] && !store_has_customer(s, asked))
		return no_customer(asked, e);
	if (ret->site[0] && !store_has_site(s, ret))
		return errmsg_set(e, ERR_NOTFOUND, "there is no site %s", ret->site);
	return ERR_OK;
}

int scope_query(struct store *s, const struct api_request *q, unsigned days,
		struct store_query *ret, struct errmsg *e)
{
	uint64_t span = days * NS_PER_DAY;
	int rc = scope_of(s, q, &ret->scope, e);

	if (rc != ERR_OK)
		return rc;
	ret->to = (uint64_t)api_number(q, "to", INT64_MAX);
	ret->from = (uint64_t)api_number(q, "from", 0);
	if (days && !json_object_get(q->args, "to"))
		ret->to = q->now;
	if (days && !json_object_get(q->args, "from"))
		ret->from = ret->to > span ? ret->to - span : 0;
	ret->most = (unsigned)api_number(q, "most", LOOKUP_DEFAULT);
	if (ret->from >= ret->to)
		return errmsg_set(e, ERR_INVALID, "from: not before \"to\"");
	if (!store_cursor_read(api_text(q, "before"), &ret->before))
		return errmsg_set(e, ERR_INVALID, "before: not the \"next\" of a page");
	return ERR_OK;
}
