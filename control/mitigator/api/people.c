/* Accounts of the pages as the machine's own people make them: the first one comes from here, as
 * there is no password to begin with. Root or the program's group, over the local socket. */
#include <string.h>

#include "control/mitigator/api/pages.h"

static const char *text_of(const json_t *request, const char *key)
{
	const char *s = json_string_value(json_object_get(request, key));

	return s ? s : "";
}

/* The password of the request as a hash in `ret`. Takes some 30 ms of the loop: a person typed it
 * at the machine. */
static int take_password(const json_t *request, char ret[API_HASH_MAX], struct errmsg *e)
{
	const char *password = text_of(request, "password");
	size_t n = strlen(password);

	if (n < API_PASSWORD_MIN || n > API_PASSWORD_MAX)
		return errmsg_set(e, ERR_INVALID, "the password must have %d to %d bytes",
				  API_PASSWORD_MIN, API_PASSWORD_MAX);
	password_hash(password, ret);
	return ret[0] ? 0 : errmsg_set(e, ERR_NOMEM, "no memory for the password's hash");
}

static int take_role(const json_t *request, enum api_role *ret, struct errmsg *e)
{
	*ret = api_role_parse(text_of(request, "role"));
	if (*ret == API_ROLE_VIEWER || *ret == API_ROLE_APPROVER || *ret == API_ROLE_ADMINISTRATOR)
		return 0;
	return errmsg_set(e, ERR_INVALID, "role \"%.40s\": viewer, approver or administrator",
			  text_of(request, "role"));
}

/* Noted and committed, or a sentence. */
static json_t *done(struct mitigator *m, const struct local_peer *peer, const json_t *request,
		    const char *what, struct errmsg *e)
{
	json_t *detail = json_pack("{so}", "name", local_text(text_of(request, "name")));
	char actor[64];

	if (text_of(request, "role")[0])
		json_object_set_new(detail, "role", local_text(text_of(request, "role")));
	local_actor(peer, request, actor, sizeof(actor));
	if (mitigator_begin(m, e) < 0) {
		json_decref(detail);
		return NULL;
	}
	audit_note(m, actor, what, detail);
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
	struct mitigator *m = ctx;
	struct account k = {.created = mitigator_now(m).wall};

	if (strlen(text_of(request, "name")) > API_NAME_MAX) {
		errmsg_set(e, ERR_INVALID, "the name has more than %d bytes", API_NAME_MAX);
		return NULL;
	}
	snprintf(k.name, sizeof(k.name), "%s", text_of(request, "name"));
	if (take_role(request, &k.role, e) < 0 || take_password(request, k.hash, e) < 0 ||
	    accounts_add(m->pages->accounts, &k, e) < 0)
		return NULL;
	return done(m, peer, request, "added an account", e);
}

json_t *people_do_change(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;
	const char *name = text_of(request, "name");
	const json_t *disabled = json_object_get(request, "disabled");
	struct account k;

	if (accounts_find(m->pages->accounts, name, &k) < 0) {
		errmsg_set(e, ERR_NOTFOUND, "there is no account %.64s", name);
		return NULL;
	}
	if (json_object_get(request, "role") && take_role(request, &k.role, e) < 0)
		return NULL;
	if (json_object_get(request, "password") && take_password(request, k.hash, e) < 0)
		return NULL;
	if (json_is_boolean(disabled))
		k.disabled = json_is_true(disabled);
	if (json_is_true(json_object_get(request, "reset_second_factor"))) {
		k.totp_on = false;
		k.totp[0] = 0;
	}
	if (accounts_change(m->pages->accounts, &k, e) < 0)
		return NULL;
	api_sessions_end(m->pages->accounts, k.name, "");
	return done(m, peer, request, "changed an account", e);
}

json_t *people_do_remove(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e)
{
	struct mitigator *m = ctx;

	if (accounts_remove(m->pages->accounts, text_of(request, "name"), e) < 0)
		return NULL;
	return done(m, peer, request, "removed an account", e);
}
