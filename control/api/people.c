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

const char *const people_act_words[] = {"added an account", "changed an account",
					"removed an account"};

int people_act(const struct people *p, enum people_act act, const json_t *request, struct errmsg *e)
{
	switch (act) {
	case PEOPLE_ADD:
		return add_account(p, request, e);
	case PEOPLE_CHANGE:
		return change_account(p, request, e);
	default:
		return remove_account(p, request, e);
	}
}

json_t *people_detail(const json_t *request)
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
