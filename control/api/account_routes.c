/* The API of the accounts themselves: log-in, second factor, accounts, tokens. */
#include <stdlib.h>
#include <string.h>

#include "control/api/internal.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { TOKEN_DAYS_MAX = 365 };

/* A stranger guesses slowly: by account and address, by address, by account. */
static const struct brake_rate pair_rate = {5, 30 * NS_PER_SEC};
static const struct brake_rate from_rate = {20, 10 * NS_PER_SEC};
static const struct brake_rate name_rate = {50, 2 * NS_PER_SEC};

static struct accounts *store(const struct asking *a)
{
	return a->s->setup.accounts;
}

static json_t *session_json(const struct asking *a, const struct account *k, const char *csrf)
{
	return json_pack("{ss ss ss si sb ss}", "name", k->name, "customer", k->customer, "role",
			 api_role_name(k->role), "may", (int)api_role_may(k->role), "second_factor",
			 (int)k->totp_on, "csrf", csrf);
}

/* --- log-in --- */

static unsigned brake_login(const struct asking *a, const char *name)
{
	char key[256];
	unsigned wait;

	snprintf(key, sizeof(key), "from %s", a->from);
	wait = brake_take(a->s->brake, key, from_rate, a->q.now);
	snprintf(key, sizeof(key), "name %s", name);
	if (!wait)
		wait = brake_take(a->s->brake, key, name_rate, a->q.now);
	snprintf(key, sizeof(key), "pair %s %s", a->from, name);
	return wait ? wait : brake_take(a->s->brake, key, pair_rate, a->q.now);
}

static void forgive_login(const struct asking *a, const char *name)
{
	char key[256];

	snprintf(key, sizeof(key), "pair %s %s", a->from, name);
	brake_forgive(a->s->brake, key);
	snprintf(key, sizeof(key), "from %s", a->from);
	brake_forgive(a->s->brake, key);
}

/* The second factor, if there is one; ERR_DENIED with a sentence. */
static int second_factor(const struct asking *a, struct account *k, struct errmsg *e)
{
	const char *code = api_text(&a->q, "code");
	uint64_t step;

	if (!k->totp_on)
		return ERR_OK;
	if (!code[0])
		return errmsg_set(e, ERR_DENIED,
				  "code: this account has a second factor; give its six digits");
	step = totp_check(k->totp, code, a->q.now, k->totp_step);
	if (!step)
		return errmsg_set(e, ERR_DENIED, "name, password or code are not right");
	k->totp_step = step;
	return accounts_change(store(a), k, e);
}

static void refused_login(struct asking *a, const char *name)
{
	json_t *detail = json_pack("{ss}", "name", name);

	api_audit(a, "log-in refused", detail);
	json_decref(detail);
}

static void set_cookie(const struct asking *a, struct api_answer *ret, const char *id, long age)
{
	bool tls = a->s->setup.cert || a->s->setup.behind_tls;

	snprintf(ret->cookie, sizeof(ret->cookie),
		 "banken=%s; Path=/; Max-Age=%ld; HttpOnly; SameSite=Strict%s", id, age,
		 tls ? "; Secure" : "");
}

static int log_in(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct asking *a = ctx;
	const char *name = api_text(q, "name");
	struct session session;
	struct account k;

	ret->wait_s = brake_login(a, name);
	if (ret->wait_s)
		return errmsg_set(e, ERR_LIMIT, "too many attempts: wait %u seconds", ret->wait_s);
	if (accounts_find(store(a), name, &k) != ERR_OK || k.disabled || !q->password_right) {
		refused_login(a, name);
		return errmsg_set(e, ERR_DENIED, "name, password or code are not right");
	}
	if (second_factor(a, &k, e) != ERR_OK) {
		if (api_text(q, "code")[0]) /* without: the page asks for it now */
			refused_login(a, name);
		return ERR_DENIED;
	}
	if (api_session_begin(store(a), k.name, q->now, &session, e) != ERR_OK)
		return ERR_IO;
	forgive_login(a, name);
	a->account = k;
	a->q.who = (struct api_who){a->account.name, a->account.customer, k.role,
				    api_role_may(k.role), false};
	api_audit(a, "logged in", NULL);
	set_cookie(a, ret, session.id, API_SESSION_HOURS * 3600L);
	ret->json = session_json(a, &k, session.csrf);
	return ERR_OK;
}

static int log_out(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct asking *a = ctx;

	api_session_end(store(a), a->session);
	set_cookie(a, ret, "", 0);
	api_audit(a, "logged out", NULL);
	return ERR_OK;
}

static int who_am_i(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct asking *a = ctx;

	ret->json = session_json(a, &a->account, a->csrf);
	return ERR_OK;
}

/* --- one's own account --- */

/* The present password stands in the request and is right. */
static int own_password(struct asking *a, struct api_answer *ret, struct errmsg *e)
{
	ret->wait_s = brake_login(a, a->account.name);
	if (ret->wait_s)
		return errmsg_set(e, ERR_LIMIT, "too many attempts: wait %u seconds", ret->wait_s);
	if (!a->q.password_right)
		return errmsg_set(e, ERR_DENIED, "password: this is not the present one");
	forgive_login(a, a->account.name);
	return ERR_OK;
}

static int change_password(void *ctx, const struct api_request *q, struct api_answer *ret,
			   struct errmsg *e)
{
	struct asking *a = ctx;
	int rc = own_password(a, ret, e);

	if (rc != ERR_OK)
		return rc;
	if (!q->new_hash[0])
		return errmsg_set(e, ERR_IO, "no memory for a new password's hash");
	snprintf(a->account.hash, sizeof(a->account.hash), "%s", q->new_hash);
	if (accounts_change(store(a), &a->account, e) != ERR_OK)
		return ERR_IO;
	api_sessions_end(store(a), a->account.name, a->session);
	api_audit(a, "changed the password", NULL);
	return ERR_OK;
}

static int begin_second_factor(void *ctx, const struct api_request *q, struct api_answer *ret,
			       struct errmsg *e)
{
	struct asking *a = ctx;
	int rc = own_password(a, ret, e);
	char uri[256];

	if (rc != ERR_OK)
		return rc;
	if (a->account.totp_on)
		return errmsg_set(e, ERR_EXISTS,
				  "the second factor is on already; switch it off first");
	totp_secret(a->account.totp);
	a->account.totp_step = 0;
	if (accounts_change(store(a), &a->account, e) != ERR_OK)
		return ERR_IO;
	snprintf(uri, sizeof(uri), "otpauth://totp/Banken:%s?secret=%s&issuer=Banken",
		 a->account.name, a->account.totp);
	ret->json = json_pack("{ss ss}", "secret", a->account.totp, "uri", uri);
	return ERR_OK;
}

static int confirm_second_factor(void *ctx, const struct api_request *q, struct api_answer *ret,
				 struct errmsg *e)
{
	struct asking *a = ctx;
	uint64_t step =
		totp_check(a->account.totp, api_text(q, "code"), q->now, a->account.totp_step);

	if (!step)
		return errmsg_set(e, ERR_INVALID,
				  "code: not the one of this moment; is the phone's clock right?");
	a->account.totp_on = true;
	a->account.totp_step = step;
	if (accounts_change(store(a), &a->account, e) != ERR_OK)
		return ERR_IO;
	api_audit(a, "switched the second factor on", NULL);
	return ERR_OK;
}

static int end_second_factor(void *ctx, const struct api_request *q, struct api_answer *ret,
			     struct errmsg *e)
{
	struct asking *a = ctx;
	int rc = own_password(a, ret, e);

	if (rc != ERR_OK)
		return rc;
	a->account.totp_on = false;
	a->account.totp[0] = 0;
	if (accounts_change(store(a), &a->account, e) != ERR_OK)
		return ERR_IO;
	api_audit(a, "switched the second factor off", NULL);
	return ERR_OK;
}

/* --- others' accounts --- */

static const char *own_customer(const struct api_request *q)
{
	return q->who.may & API_MAY_ALL ? NULL : q->who.customer;
}

/* An account that the asker administers; others' look as if they were not there. */
static int administered(const struct asking *a, struct account *ret, struct errmsg *e)
{
	const char *name = api_text(&a->q, "name"), *own = own_customer(&a->q);

	if (accounts_find(store(a), name, ret) != ERR_OK ||
	    (own && (strcmp(ret->customer, own) != 0 || api_role_is_vendor(ret->role))))
		return errmsg_set(e, ERR_NOTFOUND, "there is no account %s", name);
	return ERR_OK;
}

/* Role and customer as the asker may give them. */
static int give(const struct asking *a, struct account *k, struct errmsg *e)
{
	const json_t *role = json_object_get(a->q.args, "role");
	const json_t *customer = json_object_get(a->q.args, "customer");
	const char *own = own_customer(&a->q);

	if (role)
		k->role = api_role_parse(json_string_value(role));
	if (customer)
		snprintf(k->customer, sizeof(k->customer), "%s", json_string_value(customer));
	if (own && (strcmp(k->customer, own) != 0 || api_role_is_vendor(k->role)))
		return errmsg_set(e, ERR_DENIED,
				  "only roles of your own customer can be given here");
	return account_fits(&a->s->setup.customers, k, e);
}

static int list_accounts(void *ctx, const struct api_request *q, struct api_answer *ret,
			 struct errmsg *e)
{
	struct asking *a = ctx;

	ret->json = json_pack("{so}", "accounts", accounts_list(store(a), own_customer(q)));
	return ERR_OK;
}

static int add_account(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct asking *a = ctx;
	struct account k = {.created = q->now};
	int rc;

	snprintf(k.name, sizeof(k.name), "%s", api_text(q, "name"));
	snprintf(k.customer, sizeof(k.customer), "%s", q->who.customer);
	snprintf(k.hash, sizeof(k.hash), "%s", q->new_hash);
	rc = give(a, &k, e);
	if (rc == ERR_OK)
		rc = accounts_add(store(a), &k, e);
	if (rc == ERR_OK)
		api_audit(a, "added an account", q->args);
	return rc;
}

static int change_account(void *ctx, const struct api_request *q, struct api_answer *ret,
			  struct errmsg *e)
{
	struct asking *a = ctx;
	const json_t *disabled = json_object_get(q->args, "disabled");
	struct account k;
	int rc = administered(a, &k, e);

	if (rc == ERR_OK)
		rc = give(a, &k, e);
	if (rc != ERR_OK)
		return rc;
	if (disabled)
		k.disabled = json_is_true(disabled);
	if (q->new_hash[0])
		snprintf(k.hash, sizeof(k.hash), "%s", q->new_hash);
	if (json_is_true(json_object_get(q->args, "reset_second_factor"))) {
		k.totp_on = false;
		k.totp[0] = 0;
	}
	rc = accounts_change(store(a), &k, e);
	if (rc != ERR_OK)
		return rc;
	api_sessions_end(store(a), k.name, a->session);
	api_audit(a, "changed an account", q->args);
	return ERR_OK;
}

static int remove_account(void *ctx, const struct api_request *q, struct api_answer *ret,
			  struct errmsg *e)
{
	struct asking *a = ctx;
	struct account k;
	int rc = administered(a, &k, e);

	if (rc == ERR_OK)
		rc = accounts_remove(store(a), k.name, e);
	if (rc == ERR_OK)
		api_audit(a, "removed an account", q->args);
	return rc;
}

/* --- tokens --- */

static int list_tokens(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	struct asking *a = ctx;

	ret->json = json_pack("{so}", "tokens", token_list(store(a), q->who.name));
	return ERR_OK;
}

static int add_token(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	struct asking *a = ctx;
	struct token t = {.role = api_role_parse(api_text(q, "role"))};
	char text[SECRET_TEXT];
	int64_t number;
	int rc;

	if (api_role_may(t.role) & ~q->who.may)
		return errmsg_set(e, ERR_DENIED, "a token may do no more than its owner");
	if (q->who.by_token)
		return errmsg_set(e, ERR_DENIED, "a token makes no tokens: log in");
	t.expires = q->now + (uint64_t)api_number(q, "days", 90) * NS_PER_DAY;
	snprintf(t.name, sizeof(t.name), "%s", q->who.name);
	snprintf(t.label, sizeof(t.label), "%s", api_text(q, "label"));
	rc = token_add(store(a), &t, q->now, text, &number, e);
	if (rc != ERR_OK)
		return rc;
	ret->json = json_pack("{ss sI sI}", "token", text, "number", (json_int_t)number, "expires",
			      (json_int_t)t.expires);
	api_audit(a, "made a token", q->args);
	return ERR_OK;
}

static int remove_token(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	struct asking *a = ctx;
	int rc = token_remove(store(a), q->who.name, api_number(q, "number", 0));

	if (rc == ERR_OK)
		api_audit(a, "removed a token", q->args);
	return rc == ERR_OK ? rc : errmsg_set(e, rc, "you have no such token");
}

static int describe(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct asking *a = ctx;

	ret->json = api_server_openapi(a->s);
	return ret->json ? ERR_OK : ERR_NOMEM;
}

/* --- the table --- */

#define PASSWORD(field, text)                                                                      \
	{                                                                                          \
		field, API_IN_BODY, API_TEXT, true, API_PASSWORD_MIN, API_PASSWORD_MAX, NULL, text \
	}
#define PATH_NAME                                                                                  \
	{                                                                                          \
		"name", API_IN_PATH, API_TEXT, true, 1, API_NAME_MAX, NULL, "account"              \
	}

#define WHY                                                                                        \
	{                                                                                          \
		"reason", API_IN_BODY, API_TEXT, false, 0, 200, NULL, "why, for the audit"         \
	}

static const char *const role_words[] = {"viewer",
					 "approver",
					 "administrator",
					 "vendor-operator",
					 "vendor-analyst",
					 "vendor-administrator",
					 NULL};

static const struct api_field log_in_fields[] = {
	{"name", API_IN_BODY, API_TEXT, true, 1, API_NAME_MAX, NULL, "account"},
	{"password", API_IN_BODY, API_TEXT, true, 1, API_PASSWORD_MAX, NULL, "its password"},
	{"code", API_IN_BODY, API_TEXT, false, 6, 6, NULL, "six digits of the second factor"},
};
static const struct api_field password_fields[] = {
	PASSWORD("password", "the present one"),
	PASSWORD("new_password", "the new one, 12 bytes or more"),
};
static const struct api_field password_only[] = {PASSWORD("password", "the present one")};
static const struct api_field code_fields[] = {
	{"code", API_IN_BODY, API_TEXT, true, 6, 6, NULL, "six digits"},
};
static const struct api_field add_fields[] = {
	{"name", API_IN_BODY, API_TEXT, true, 1, API_NAME_MAX, NULL, "a-z 0-9 . _ - @"},
	{"role", API_IN_BODY, API_WORD, true, 0, 0, role_words, "what it may do"},
	{"customer", API_IN_BODY, API_TEXT, false, 0, API_NAME_MAX, NULL, "whose it is"},
	PASSWORD("new_password", "its first password, 12 bytes or more"),
};
static const struct api_field change_fields[] = {
	PATH_NAME,
	{"role", API_IN_BODY, API_WORD, false, 0, 0, role_words, "what it may do"},
	{"customer", API_IN_BODY, API_TEXT, false, 0, API_NAME_MAX, NULL, "whose it is"},
	{"disabled", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "nobody can log in with it"},
	{"reset_second_factor", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "it was lost"},
	{"new_password", API_IN_BODY, API_TEXT, false, API_PASSWORD_MIN, API_PASSWORD_MAX, NULL,
	 "a new password"},
	WHY,
};
static const struct api_field name_fields[] = {PATH_NAME, WHY};
static const struct api_field token_fields[] = {
	{"label", API_IN_BODY, API_TEXT, true, 1, API_LABEL_MAX, NULL, "what it is for"},
	{"role", API_IN_BODY, API_WORD, true, 0, 0, role_words, "at most one's own"},
	{"days", API_IN_BODY, API_INTEGER, false, 1, TOKEN_DAYS_MAX, NULL, "90 when not given"},
};
static const struct api_field number_fields[] = {
	{"number", API_IN_PATH, API_INTEGER, true, 1, INT64_MAX, NULL, "of the token"},
};

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)

static const struct api_route routes[] = {
	{"GET", "/api/v1/openapi.json", .open = true, .summary = "this description",
	 .fn = describe},
	{"POST", "/api/v1/session", .open = true, .checks_password = true, .summary = "log in",
	 .returns = "the account, and the CSRF token of the session", FIELDS(log_in_fields),
	 .fn = log_in},
	{"GET", "/api/v1/session", .summary = "who am I", .returns = "the account", .fn = who_am_i},
	{"DELETE", "/api/v1/session", .summary = "log out", .fn = log_out},
	{"POST", "/api/v1/session/password", .checks_password = true,
	 .summary = "change one's password; other sessions end", FIELDS(password_fields),
	 .fn = change_password},
	{"POST", "/api/v1/session/second-factor", .checks_password = true,
	 .summary = "begin with a second factor", .returns = "its secret, for an app",
	 FIELDS(password_only), .fn = begin_second_factor},
	{"POST", "/api/v1/session/second-factor/confirm",
	 .summary = "switch the second factor on by its first code", FIELDS(code_fields),
	 .fn = confirm_second_factor},
	{"DELETE", "/api/v1/session/second-factor", .checks_password = true,
	 .summary = "switch the second factor off", FIELDS(password_only), .fn = end_second_factor},
	{"GET", "/api/v1/accounts", API_MAY_ADMIN, .summary = "accounts",
	 .returns = "those one administers", .fn = list_accounts},
	{"POST", "/api/v1/accounts", API_MAY_ADMIN, .checks_password = true,
	 .summary = "add an account", FIELDS(add_fields), .fn = add_account},
	{"PATCH", "/api/v1/accounts/{name}", API_MAY_ADMIN, .checks_password = true,
	 .summary = "change an account; its sessions end", FIELDS(change_fields),
	 .fn = change_account},
	{"DELETE", "/api/v1/accounts/{name}", API_MAY_ADMIN,
	 .summary = "remove an account with its sessions and tokens", FIELDS(name_fields),
	 .fn = remove_account},
	{"GET", "/api/v1/tokens", .summary = "one's tokens", .returns = "without their texts",
	 .fn = list_tokens},
	{"POST", "/api/v1/tokens", .summary = "make a token for a program",
	 .returns = "the token, this once", FIELDS(token_fields), .fn = add_token},
	{"DELETE", "/api/v1/tokens/{number}", .summary = "remove a token", FIELDS(number_fields),
	 .fn = remove_token},
};

struct api_table account_routes(void)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), NULL};
}

void api_audit(const struct asking *a, const char *what, const json_t *detail)
{
	json_t *shown = detail ? json_deep_copy(detail) : NULL;

	/* Secrets are nobody's business, least of all a log's. */
	json_object_del(shown, "password");
	json_object_del(shown, "new_password");
	json_object_del(shown, "code");
	if (a->s->setup.audit)
		a->s->setup.audit(a->s->setup.audit_ctx, &a->q.who, a->from, what, shown);
	json_decref(shown);
}
