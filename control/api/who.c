/* Who asks, and may he? */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "control/api/internal.h"

static const char *header(const struct asking *a, const char *name)
{
	return MHD_lookup_connection_value(a->connection, MHD_HEADER_KIND, name);
}

static void is(struct asking *a, enum api_role role, bool by_token)
{
	a->q.who = (struct api_who){
		.name = a->account.name,
		.customer = a->account.customer,
		.role = role,
		.may = api_role_may(role) & api_role_may(a->account.role),
		.by_token = by_token,
	};
}

void who_find(struct asking *a)
{
	const char *bearer = header(a, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *cookie = MHD_lookup_connection_value(a->connection, MHD_COOKIE_KIND, "banken");
	enum api_role role;

	a->q.who = (struct api_who){.name = "", .customer = ""};
	if (bearer && strncmp(bearer, "Bearer ", 7) == 0) {
		if (token_find(a->s->setup.accounts, bearer + 7, a->q.now, &a->account, &role) ==
		    ERR_OK)
			is(a, role, true);
		return;
	}
	if (!cookie || strlen(cookie) >= sizeof(a->session) ||
	    api_session_find(a->s->setup.accounts, cookie, a->q.now, &a->account, a->csrf) !=
		    ERR_OK)
		return;
	snprintf(a->session, sizeof(a->session), "%s", cookie);
	is(a, a->account.role, false);
}

/* The name in it, when a CA of ours signed it for a client and it is in force. */
static bool certificate_name(gnutls_session_t tls, char *ret, size_t cap)
{
	gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
					 (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};
	const gnutls_datum_t *chain;
	unsigned n = 0, status = 1;
	gnutls_x509_crt_t crt;
	bool found;

	chain = gnutls_certificate_get_peers(tls, &n);
	if (!chain || n == 0 ||
	    gnutls_certificate_verify_peers(tls, &purpose, 1, &status) != GNUTLS_E_SUCCESS ||
	    status != 0 || gnutls_x509_crt_init(&crt) != GNUTLS_E_SUCCESS)
		return false;
	found = gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
		gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret, &cap) ==
			GNUTLS_E_SUCCESS;
	gnutls_x509_crt_deinit(crt);
	return found;
}

void who_certified(struct asking *a)
{
	const union MHD_ConnectionInfo *info;
	char name[API_NAME_MAX + 1];

	a->q.certificates = a->s->setup.client_ca != NULL;
	a->q.certified = (struct api_who){.name = "", .customer = ""};
	if (!a->q.certificates)
		return;
	info = MHD_get_connection_info(a->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || !info->tls_session ||
	    !certificate_name((gnutls_session_t)info->tls_session, name, sizeof(name)) ||
	    accounts_find(a->s->setup.accounts, name, &a->certificate) != ERR_OK ||
	    a->certificate.disabled)
		return;
	a->q.certified = (struct api_who){.name = a->certificate.name,
					  .customer = a->certificate.customer,
					  .role = a->certificate.role,
					  .may = api_role_may(a->certificate.role)};
}

/* "https://host:port" of the page that asks must be the host that is asked. */
static bool own_origin(const struct asking *a)
{
	const char *origin = header(a, "Origin"), *host = header(a, MHD_HTTP_HEADER_HOST);
	const char *at = origin ? strstr(origin, "://") : NULL;

	return !origin || (at && host && strcmp(at + 3, host) == 0);
}

int who_may(const struct asking *a, unsigned *ret_status, struct errmsg *e)
{
	const struct api_route *r = a->q.route;
	bool changes = strcmp(r->method, MHD_HTTP_METHOD_GET) != 0;
	const char *csrf = header(a, "X-CSRF-Token");

	*ret_status = MHD_HTTP_FORBIDDEN;
	if (changes && !own_origin(a))
		return errmsg_set(e, ERR_DENIED, "this request comes from another site's page");
	if (r->open)
		return ERR_OK;
	if (!a->q.who.name[0]) {
		*ret_status = MHD_HTTP_UNAUTHORIZED;
		return errmsg_set(e, ERR_DENIED,
				  "log in first: POST /api/v1/session, or send a token as "
				  "Authorization: Bearer ...");
	}
	if ((r->may & a->q.who.may) != r->may)
		return errmsg_set(e, ERR_DENIED, "the role %s may not do this",
				  api_role_name(a->q.who.role));
	if (changes && !a->q.who.by_token && (!csrf || !secret_is(csrf, a->csrf)))
		return errmsg_set(e, ERR_DENIED,
				  "the header X-CSRF-Token is missing or wrong: GET "
				  "/api/v1/session has it");
	return ERR_OK;
}
