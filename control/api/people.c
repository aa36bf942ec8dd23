#include "control/api/people.h"

#include <string.h>

#include "control/wire/local.h"
#include "control/wire/text.h"

/* The password of the request as a hash in `ret`. */
static int take_password(const json_t *request, char ret[API_HASH_MAX], struct errmsg *e)
{
	const char *password = text_member(request, "password");
	size_t n = strlen(password);

	if (n < API_PASSWORD_MIN || n > API_PASSWORD_MAX)
		return errmsg_set(e, ERR_INVALID, "the password must have %d to %d bytes",
				  API_PASSWORD_MIN, API_PASSWORD_MAX);
	password_hash(password, ret);
	return ret[0] ? ERR_OK : errmsg_set(e, ERR_NOMEM, "no memory for the password's hash");
}

static int take_role(const struct people *p, const json_t *request, enum api_role *ret,
		     struct errmsg *e)
{
	*ret = api_role_parse(text_member(request, "role"));
	if (*ret != API_ROLE_NONE && (p->customers.is || !api_role_is_vendor(*ret)))
		return ERR_OK;
	return errmsg_set(e, ERR_INVALID, "role \"%.40s\": viewer, approver or administrator%s",
			  text_member(request, "role"),
			  p->customers.is ? ", or of the vendor: vendor-operator, vendor-analyst, "
					    "vendor-administrator"
					  : "");
}

static int take_name(const json_t *request, const char *key, char ret[API_NAME_MAX + 1],
		     struct errmsg *e)
{
	if (strlen(text_member(request, key)) > API_NAME_MAX)
		return errmsg_set(e, ERR_INVALID, "the %s has more than %d bytes", key,
				  API_NAME_MAX);
	snprintf(ret, API_NAME_MAX + 1, "%s", text_member(request, key));
	return ERR_OK;
}

static int add_account(const struct people *p, const json_t *request, struct errmsg *e)
{
	struct account k = {.created = p->now};

	if (take_name(request, "name", k.name, e) != ERR_OK ||
	    take_name(request, "customer", k.customer, e) != ERR_OK ||
	    take_role(p, request, &k.role, e) != ERR_OK)
		return ERR_INVALID;
	if (account_fits(&p->customers, &k, e) != ERR_OK ||
	    take_password(request, k.hash, e) != ERR_OK)
		return ERR_INVALID;
	return accounts_add(p->accounts, &k, e);
}

static int change_account(const struct people *p, const json_t *request, struct errmsg *e)
{
	const char *name = text_member(request, "name");
	const json_t *disabled = json_object_get(request, "disabled");
	struct account k;
	int rc = accounts_find(p->accounts, name, &k);

	if (rc != ERR_OK)
		return errmsg_set(e, ERR_NOTFOUND, "there is no account %.64s", name);
	if (json_object_get(request, "role"))
		rc = take_role(p, request, &k.role, e);
	if (rc == ERR_OK && json_object_get(request, "password"))
		rc = take_password(request, k.hash, e);
	rc = rc == ERR_OK ? account_fits(&p->customers, &k, e) : rc;
	if (rc != ERR_OK)
		return rc;
	if (json_is_boolean(disabled))
		k.disabled = json_is_true(disabled);
	if (json_is_true(json_object_get(request, "reset_second_factor"))) {
		k.totp_on = false;
		k.totp[0] = 0;
	}
	rc = accounts_change(p->accounts, &k, e);
	if (rc == ERR_OK)
		api_sessions_end(p->accounts, k.name, "");
	return rc;
}

static int remove_account(const struct people *p, const json_t *request, struct errmsg *e)
{
	return accounts_remove(p->accounts, text_member(request, "name"), e);
}

/* Name, role, customer of the request, for the audit. */
static json_t *detail_of(const json_t *request)
{
	static const char *const keys[] = {"name", "role", "customer"};
	json_t *detail = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (text_member(request, keys[i])[0])
			json_object_set_new(detail, keys[i],
					    local_text(text_member(request, keys[i])));
	}
	return detail;
}

static const struct {
	const char *name, *what;
	int (*fn)(const struct people *p, const json_t *request, struct errmsg *e);
} acts[] = {
	{"account_add", "added an account", add_account},
	{"account_change", "changed an account", change_account},
	{"account_remove", "removed an account", remove_account},
};

json_t *people_do(const struct people *p, const struct local_peer *peer, const json_t *request,
		  struct errmsg *e)
{
	const char *word = text_member(request, "do"), *customer = text_member(request, "customer");

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(word, acts[i].name) != 0)
			continue;
		if (acts[i].fn(p, request, e) < 0 ||
		    p->note(p->ctx, peer, request, acts[i].what, detail_of(request), e) < 0)
			return NULL;
		return json_pack("{sb}", "ok", 1);
	}
	return json_pack("{sb so}", "ok", 1, "accounts",
			 accounts_list(p->accounts, customer[0] ? customer : NULL));
}
