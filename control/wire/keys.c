#include "control/wire/keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/enrol/place.h"
#include "control/wire/file.h"
#include "control/wire/message.h"

/* ECDHE and AEAD only, in order of preference. */
static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP256R1,
	MBEDTLS_ECP_DP_NONE,
};

static int configure(struct tls_keys *k, struct keys_material *m, mbedtls_ssl_config *c,
		     int endpoint, struct errmsg *e)
{
	char why[128];
	int rc = mbedtls_ssl_config_defaults(c, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
					     MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(c, &m->crt, &m->key);
	if (rc)
		return errmsg_set(e, ERR_IO, "TLS cannot be set up: %s", cert_error(rc, why));
	mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &k->random.drbg);
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, curves);
	mbedtls_ssl_conf_ca_chain(c, &m->ca, NULL);
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_renegotiation(c, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	/* Each connection proves both certificates anew, so that a revoked one ends with it. */
	mbedtls_ssl_conf_session_tickets(c, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	if (endpoint == MBEDTLS_SSL_IS_SERVER)
		mbedtls_ssl_conf_sni(c, tls_named, m);
	return 0;
}

void tls_suites(mbedtls_ssl_config *c)
{
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, curves);
}

static int load_file(struct keys_material *m, const char *dir, const char *file, struct errmsg *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
		return errmsg_set(e, ERR_LIMIT, "path %s is too long", dir);
	if (strcmp(file, "own.key") == 0)
		return cert_load_key(path, &m->key, e);
	return cert_load(path, strcmp(file, "ca.crt") == 0 ? &m->ca : &m->crt, e);
}

/* ---- certificates that hold no more ---- */

static int compare_serials(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* One a line. What is no serial number is passed over: the file may be of a newer release. */
static int take_revoked(struct keys_material *m, struct slice text, struct errmsg *e)
{
	const char *p = (const char *)text.data, *end = p + text.len;

	m->revoked = calloc(TLS_REVOKED_MAX, sizeof(*m->revoked));
	if (!m->revoked)
		return errmsg_set(e, ERR_NOMEM, "no memory for revoked certificates");
	while (p < end && m->n_revoked < TLS_REVOKED_MAX) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((eol ? eol : end) - p);

		if (n > 0 && n < IDENTITY_SERIAL)
			memcpy(m->revoked[m->n_revoked++], p, n);
		p = eol ? eol + 1 : end;
	}
	qsort(m->revoked, m->n_revoked, sizeof(*m->revoked), compare_serials);
	return 0;
}

static int load_revoked(struct keys_material *m, const char *dir, struct errmsg *e)
{
	char path[PATH_MAX];
	struct slice text;
	int rc;

	snprintf(path, sizeof(path), "%.4000s/revoked", dir);
	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	rc = file_read(path, (size_t)TLS_REVOKED_MAX * IDENTITY_SERIAL, &text, e);
	if (rc)
		return rc;
	rc = take_revoked(m, text, e);
	payload_free(&text);
	return rc;
}

static bool is_revoked(const struct keys_material *m, const char *serial)
{
	char key[IDENTITY_SERIAL] = "";

	snprintf(key, sizeof(key), "%s", serial);
	return m->n_revoked &&
	       bsearch(key, m->revoked, m->n_revoked, sizeof(*m->revoked), compare_serials);
}

static bool site_trusted(const struct tls_keys *k, const struct identity *id)
{
	if (id->role == ROLE_CENTRE || k->self.role == ROLE_CENTRE ||
	    strcmp(id->site, k->self.site) == 0)
		return true;
	for (size_t i = 0; i < k->n_sites; i++) {
		if (strcmp(k->sites[i], id->site) == 0)
			return true;
	}
	return false;
}

void tls_keys_sites(struct tls_keys *k, const char *const *sites, size_t n)
{
	k->sites = sites;
	k->n_sites = n;
}

int tls_keys_check(const struct tls_keys *k, const struct identity *id, struct errmsg *e)
{
	if (is_revoked(k->now, id->serial))
		return errmsg_set(e, ERR_DENIED, "the certificate of %s %s was revoked",
				  role_text(id->role), id->name);
	if (!site_trusted(k, id))
		return errmsg_set(e, ERR_DENIED,
				  "%s %s is of site '%s', but this %s is of site '%s'",
				  role_text(id->role), id->name, id->site, role_text(k->self.role),
				  k->self.site);
	return 0;
}

/* ---- loading ---- */

static int make_chain(struct keys_material *m, struct errmsg *e)
{
	int rc = mbedtls_x509_crt_parse_der(&m->chain, m->crt.raw.p, m->crt.raw.len);

	for (const mbedtls_x509_crt *c = &m->ca; c && c->raw.p && rc == 0; c = c->next)
		rc = mbedtls_x509_crt_parse_der(&m->chain, c->raw.p, c->raw.len);
	return rc ? errmsg_set(e, ERR_NOMEM, "no memory for certificates") : 0;
}

static int load(struct tls_keys *k, struct keys_material *m, struct errmsg *e)
{
	static const char *const files[] = {"ca.crt", "own.crt", "own.key"};
	char whose[PATH_MAX];
	int rc = 0;

	rc = enrol_place_settle(k->dir, e);
	for (size_t i = 0; i < 3 && rc == 0; i++)
		rc = load_file(m, k->dir, files[i], e);
	if (rc)
		return rc;
	if (mbedtls_pk_check_pair(&m->crt.pk, &m->key))
		return errmsg_set(e, ERR_INVALID, "%s: own.key does not belong to own.crt", k->dir);
	snprintf(whose, sizeof(whose), "the certificate %.200s/own.crt", k->dir);
	rc = cert_check(&m->crt, &m->ca, ROLE_SET(k->role), whose, e);
	if (rc == 0)
		rc = cert_identity(&m->crt, &m->self);
	if (rc == 0)
		rc = load_revoked(m, k->dir, e);
	if (rc == 0)
		rc = make_chain(m, e);
	if (rc == 0)
		rc = configure(k, m, &m->client, MBEDTLS_SSL_IS_CLIENT, e);
	if (rc == 0)
		rc = configure(k, m, &m->server, MBEDTLS_SSL_IS_SERVER, e);
	return rc;
}

static struct keys_material *material_new(struct tls_keys *k, struct errmsg *e)
{
	struct keys_material *m = calloc(1, sizeof(*m));

	if (!m) {
		errmsg_set(e, ERR_NOMEM, "no memory for keys");
		return NULL;
	}
	m->refs = 1;
	mbedtls_x509_crt_init(&m->ca);
	mbedtls_x509_crt_init(&m->crt);
	mbedtls_x509_crt_init(&m->chain);
	mbedtls_pk_init(&m->key);
	mbedtls_ssl_config_init(&m->client);
	mbedtls_ssl_config_init(&m->server);
	if (load(k, m, e) == 0)
		return m;
	keys_release(m);
	return NULL;
}

void keys_release(struct keys_material *m)
{
	if (!m || --m->refs > 0)
		return;
	mbedtls_ssl_config_free(&m->client);
	mbedtls_ssl_config_free(&m->server);
	mbedtls_pk_free(&m->key);
	mbedtls_x509_crt_free(&m->chain);
	mbedtls_x509_crt_free(&m->crt);
	mbedtls_x509_crt_free(&m->ca);
	free(m->revoked);
	free(m);
}

struct tls_keys *tls_keys_load(const char *dir, enum wire_role role, struct errmsg *e)
{
	struct tls_keys *k = calloc(1, sizeof(*k));

	if (k)
		k->dir = strdup(dir);
	if (!k || !k->dir) {
		free(k);
		errmsg_set(e, ERR_NOMEM, "no memory for keys");
		return NULL;
	}
	if (cert_random_init(&k->random, e)) {
		free(k->dir);
		free(k);
		return NULL;
	}
	k->role = role;
	k->now = material_new(k, e);
	if (!k->now) {
		tls_keys_free(k);
		return NULL;
	}
	k->self = k->now->self;
	return k;
}

int tls_keys_reload(struct tls_keys *k, struct errmsg *e)
{
	struct keys_material *m = material_new(k, e);

	if (!m)
		return ERR_INVALID;
	if (strcmp(m->self.name, k->self.name) != 0 || strcmp(m->self.site, k->self.site) != 0) {
		keys_release(m);
		return errmsg_set(e, ERR_DENIED,
				  "%s: the certificate there names another program or site; that "
				  "takes a start",
				  k->dir);
	}
	keys_release(k->now);
	k->now = m;
	memcpy(k->self.serial, m->self.serial, sizeof(k->self.serial));
	k->self.until = m->self.until;
	return 0;
}

void tls_keys_free(struct tls_keys *k)
{
	if (!k)
		return;
	keys_release(k->now);
	cert_random_done(&k->random);
	free(k->dir);
	free(k);
}

const struct identity *tls_keys_identity(const struct tls_keys *k)
{
	return &k->self;
}

int64_t tls_keys_expiry(const struct tls_keys *k)
{
	return k->self.until;
}

int64_t tls_keys_begin(const struct tls_keys *k)
{
	return cert_time(&k->now->crt.valid_from);
}

bool tls_keys_issued_by_first(const struct tls_keys *k)
{
	const mbedtls_x509_crt *first = &k->now->ca, *own = &k->now->crt;
	uint32_t flags = 0;
	mbedtls_x509_crt one;
	bool is;

	mbedtls_x509_crt_init(&one);
	is = mbedtls_x509_crt_parse_der(&one, first->raw.p, first->raw.len) == 0 &&
	     mbedtls_x509_crt_verify((mbedtls_x509_crt *)own, &one, NULL, NULL, &flags, NULL,
				     NULL) == 0;
	mbedtls_x509_crt_free(&one);
	return is;
}
