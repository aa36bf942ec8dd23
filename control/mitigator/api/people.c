/* Accounts of the pages as the machine's own people make them. Root or the program's group, over
 * the local socket. */
#include "control/api/people.h"

#include "control/mitigator/api/pages.h"

static struct people people_of(struct mitigator *m)
{
	return (struct people){.accounts = m->pages->accounts, .now = mitigator_now(m).wall};
}

/* Noted and committed, or a sentence. */
static json_t *done(struct mitigator *m, const struct local_peer *peer, const json_t *request,
		    const char *what, struct errmsg *e)
{
	char actor[64];

	local_actor(peer, request, actor, sizeof(actor));
	if (mitigator_begin(m, e) < 0)
		return NULL;
	audit_note(m, actor, what, people_detail(request));
	pages_changed(m, PAGE_AUDIT);
	return mitigator_commit(m, e) < 0 ? NULL : json_pack("{sb}", "ok", 1);
}

json_t *people_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	struct mitigator *m = ctx;

	return json_pack("{sb so}", "ok", 1, "accounts", accounts_list(m->pages->accounts, NULL));
}

json_t *people_do_add(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	const struct people p = people_of(ctx);

	return people_add(&p, request, e) < 0 ? NULL
					      : done(ctx, peer, request, "added an account", e);
}

json_t *people_do_change(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	const struct people p = people_of(ctx);

	return people_change(&p, request, e) < 0
		       ? NULL
		       : done(ctx, peer, request, "changed an account", e);
}

json_t *people_do_remove(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	const struct people p = people_of(ctx);

	return people_remove(&p, request, e) < 0
		       ? NULL
		       : done(ctx, peer, request, "removed an account", e);
}
