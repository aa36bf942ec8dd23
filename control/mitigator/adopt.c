/* A policy comes in force: it is read, what people changed is laid over it, what there is to store
 * is stored with who and why; only when that is committed does it hold. Whatever fails before
 * leaves the stored one and the one in force as they were. */
#include <string.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"

static bool is_driver(const struct mitigator *m, const char *name)
{
	for (unsigned i = 0; i < m->methods_n; i++) {
		if (strcmp(m->methods[i].config.name, name) == 0)
			return true;
	}
	return false;
}

void adopt_report(struct mitigator *m)
{
	char lints[POLICY_LINTS][256];
	unsigned n = policy_lint(m->policy, lints);

	for (unsigned i = 0; i < n; i++)
		log_warn(&m->log, "policy %s: %s", m->policy->name, lints[i]);
	for (unsigned i = 0; i < m->policy->scopes_n; i++) {
		const struct policy_scope *s = &m->policy->scopes[i];

		for (unsigned k = 0; k < s->methods_n; k++) {
			if (!is_driver(m, s->methods[k]))
				log_warn(&m->log,
					 "scope %s names the method %s, which no driver is",
					 s->name, s->methods[k]);
		}
	}
}

/* Nothing here can fail but the effects of the new protected list, which the next look has again.
 */
static void hold(struct mitigator *m, struct policy *p, const struct policy_over *over)
{
	struct policy *old = m->policy;
	struct errmsg e = {""};

	m->policy = p;
	m->over = *over;
	if (mitigator_begin(m, &e) < 0)
		log_error(&m->log, "%s", e.text);
	decide_reload(&m->decide, p, mitigator_now(m));
	policy_free(old);
	if (mitigator_commit(m, &e) < 0)
		log_error(&m->log, "%s", e.text);
	pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	if (recover_reload(m, &e) < 0)
		log_error(&m->log, "the playbook stays as it was: %s", e.text);
	adopt_report(m);
	log_info(&m->log, "policy %s (%.12s) is in force", p->name, p->version);
}

static int store(struct mitigator *m, const struct adoption *a, struct policy_over *over,
		 struct errmsg *e)
{
	int rc = a->store ? a->store(m, a->ctx, e) : 0;

	if (rc == 0)
		rc = change_apply(m, a->policy, over, e);
	if (rc == 0)
		audit_note(m, a->actor, "policy",
			   json_pack("{so ss ss}", "name", local_text(a->policy->name), "from",
				     m->policy->version, "to", a->policy->version));
	return rc;
}

int adopt_policy(struct mitigator *m, const struct adoption *a, struct errmsg *e)
{
	struct policy_over over = {.edited = a->edited};
	int rc = a->policy ? mitigator_begin(m, e) : ERR_INVALID;

	/* Of a turn that goes on only this is taken back. */
	if (rc == 0)
		rc = database_do(m, "SAVEPOINT adoption", e);
	if (rc == 0) {
		rc = store(m, a, &over, e);
		if (rc < 0)
			database_do(m, "ROLLBACK TO adoption", NULL);
		database_do(m, "RELEASE adoption", NULL);
	}
	if (rc == 0)
		rc = mitigator_commit(m, e);
	if (rc == 0)
		hold(m, a->policy, &over);
	else
		policy_free(a->policy);
	return rc;
}

int adopt_again(struct mitigator *m, const char *actor, struct errmsg *e)
{
	struct adoption a = {.actor = actor};

	a.policy = edit_policy(m, &a.edited, e);
	return adopt_policy(m, &a, e);
}

int adopt_recover(struct mitigator *m, struct errmsg *e)
{
	struct policy *p = edit_recover(m);

	if (p) {
		policy_free(m->policy);
		m->policy = p;
	}
	m->over = (struct policy_over){.edited = p != NULL};
	return change_apply(m, m->policy, &m->over, e);
}
