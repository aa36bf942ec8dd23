/* Accounts of the pages as the machine's own people make them. Root or the program's group, over
 * the local socket. */
#include "control/api/people.h"

#include "control/mitigator/api/pages.h"

static int note(void *ctx, const struct local_peer *peer, const json_t *request, const char *what,
		json_t *detail, struct errmsg *e)
{
	struct mitigator *m = ctx;
	char actor[64];

	local_actor(peer, request, actor, sizeof(actor));
	if (mitigator_begin(m, e) < 0) {
		json_decref(detail);
		return ERR_IO;
	}
	audit_note(m, actor, what, detail);
	pages_changed(m, PAGE_AUDIT);
	return mitigator_commit(m, e);
}

json_t *accounts_do(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e)
{
	struct mitigator *m = ctx;
	const struct people p = {.accounts = m->pages->accounts,
				 .now = mitigator_now(m).wall,
				 .note = note,
				 .ctx = m};

	return people_do(&p, peer, request, e);
}
