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

static json_t *act(void *ctx, const struct local_peer *peer, const json_t *request,
		   enum people_act act, struct errmsg *e)
{
	const struct people p = people_of(ctx);

	if (people_act(&p, act, request, e) < 0)
		return NULL;
	return done(ctx, peer, request, people_act_words[act], e);
}

json_t *people_do_add(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e)
{
	return act(ctx, peer, request, PEOPLE_ADD, e);
}

json_t *people_do_change(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	return act(ctx, peer, request, PEOPLE_CHANGE, e);
}

json_t *people_do_remove(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	return act(ctx, peer, request, PEOPLE_REMOVE, e);
}
