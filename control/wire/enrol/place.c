#include "control/wire/enrol/place.h"

#include <errno.h>
#include <limits.h>
#include <mbedtls/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/wire/ca.h"
#include "control/wire/cert.h"
#include "control/wire/file.h"
#include "control/wire/tls.h"

enum { CAS_MAX = 8 };

static int path_in(char ret[PATH_MAX], const char *dir, const char *file, struct errmsg *e)
{
	if (snprintf(ret, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX)
		return errmsg_set(e, ERR_LIMIT, "path %.80s... is too long", dir);
	return 0;
}

/* Started by root for a program that has a user of its own. */
static void give_to_owner(const char *dir, const char *path)
{
	struct stat st;

	if (geteuid() == 0 && stat(dir, &st) == 0 && st.st_uid != 0 &&
	    chown(path, st.st_uid, st.st_gid))
		return; /* the program says so when it cannot read it */
}

bool enrol_place_is_there(const char *dir)
{
	char path[PATH_MAX], next[PATH_MAX];

	return path_in(path, dir, "own.crt", NULL) == 0 &&
	       path_in(next, dir, "next/own.crt", NULL) == 0 &&
	       (access(path, F_OK) == 0 || access(next, F_OK) == 0);
}

/* The certificate comes last: as long as it lies there, the move is not over. */
int enrol_place_settle(const char *dir, struct errmsg *e)
{
	static const char *const files[] = {"ca.crt", "own.key", "own.crt"};
	char from[PATH_MAX], to[PATH_MAX], mark[PATH_MAX];

	if (path_in(mark, dir, "next/own.crt", e))
		return ERR_LIMIT;
	if (access(mark, F_OK))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char name[32];

		snprintf(name, sizeof(name), "next/%s", files[i]);
		if (path_in(from, dir, name, e) || path_in(to, dir, files[i], e))
			return ERR_LIMIT;
		if (rename(from, to) && errno != ENOENT)
			return errmsg_set(e, ERR_IO, "%s cannot be moved to %s: %s", from, to,
					  strerror(errno));
	}
	if (path_in(mark, dir, "next", e) == 0)
		(void)rmdir(mark);
	return 0;
}

int enrol_place_request(const char *dir, const char *name, struct slice *ret_csr, struct errmsg *e)
{
	char next[PATH_MAX], key[PATH_MAX];
	int rc = path_in(next, dir, "next", e);

	if (rc == 0)
		rc = file_make_folder(dir, 0750, e);
	if (rc == 0)
		rc = ca_request(next, name, ret_csr, e);
	if (rc)
		return rc;
	give_to_owner(dir, next);
	if (path_in(key, dir, "next/own.key", e) == 0)
		give_to_owner(dir, key);
	return 0;
}

/* ---- certificates ---- */

static int write_pem(const char *dir, const char *file, const mbedtls_x509_crt *crts,
		     struct errmsg *e)
{
	unsigned char pem[CAS_MAX * 2048];
	char path[PATH_MAX];
	size_t at = 0;
	int rc = path_in(path, dir, file, e);

	for (const mbedtls_x509_crt *c = crts; c && c->raw.p && rc == 0; c = c->next) {
		size_t len = 0;

		rc = mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
					      "-----END CERTIFICATE-----\n", c->raw.p, c->raw.len,
					      pem + at, sizeof(pem) - at, &len);
		if (rc)
			return errmsg_set(e, ERR_LIMIT, "too many or too large certificates");
		at += len - 1; /* its NUL */
	}
	if (rc == 0)
		rc = file_write(path, SLICE(pem, at), 0644, e);
	if (rc == 0)
		give_to_owner(dir, path);
	return rc;
}

static int parse_cas(const struct trusted_ca_list *l, mbedtls_x509_crt *ret, struct errmsg *e)
{
	if (l->n > CAS_MAX)
		return errmsg_set(e, ERR_LIMIT, "more than %d CAs", CAS_MAX);
	for (size_t i = 0; i < l->n; i++) {
		if (mbedtls_x509_crt_parse_der(ret, l->items[i].der.data, l->items[i].der.len))
			return errmsg_set(e, ERR_INVALID,
					  "a CA's certificate that came cannot be read");
	}
	return 0;
}

/* It is for our key and holds. */
static int check_own(const char *dir, mbedtls_x509_crt *own, mbedtls_x509_crt *cas,
		     enum wire_role role, struct errmsg *e)
{
	mbedtls_pk_context key;
	char path[PATH_MAX];
	int rc = path_in(path, dir, "next/own.key", e);

	mbedtls_pk_init(&key);
	if (rc == 0)
		rc = cert_load_key(path, &key, e);
	if (rc == 0 && mbedtls_pk_check_pair(&own->pk, &key))
		rc = errmsg_set(e, ERR_DENIED, "the certificate that came is not for our key");
	if (rc == 0)
		rc = cert_check(own, cas, ROLE_SET(role), "the certificate that came", e);
	mbedtls_pk_free(&key);
	return rc;
}

static int check_same(const struct identity *got, const struct identity *same, struct errmsg *e)
{
	if (same && (strcmp(got->name, same->name) != 0 || strcmp(got->site, same->site) != 0))
		return errmsg_set(e, ERR_DENIED,
				  "the certificate that came is for %s of site '%s', not for us",
				  got->name, got->site);
	return 0;
}

static int store(const char *dir, const mbedtls_x509_crt *own, const mbedtls_x509_crt *cas,
		 struct errmsg *e)
{
	int rc = write_pem(dir, "next/ca.crt", cas, e);

	if (rc == 0)
		rc = write_pem(dir, "next/own.crt", own, e);
	return rc == 0 ? enrol_place_settle(dir, e) : rc;
}

int enrol_place_store(const char *dir, const struct enrol_answer *a, enum wire_role role,
		      const struct identity *same, struct identity *ret, struct errmsg *e)
{
	struct trusted_ca first = {a->ca};
	mbedtls_x509_crt own, cas;
	int rc;

	mbedtls_x509_crt_init(&own);
	mbedtls_x509_crt_init(&cas);
	rc = mbedtls_x509_crt_parse_der(&own, a->certificate.data, a->certificate.len);
	if (rc)
		rc = errmsg_set(e, ERR_INVALID, "the certificate that came cannot be read");
	if (rc == 0)
		rc = parse_cas(&(struct trusted_ca_list){&first, 1}, &cas, e);
	if (rc == 0)
		rc = parse_cas(&a->more, &cas, e);
	if (rc == 0)
		rc = check_own(dir, &own, &cas, role, e);
	if (rc == 0)
		rc = cert_identity(&own, ret);
	if (rc == 0)
		rc = check_same(ret, same, e);
	if (rc == 0)
		rc = store(dir, &own, &cas, e);
	mbedtls_x509_crt_free(&own);
	mbedtls_x509_crt_free(&cas);
	return rc;
}

int enrol_place_trust(const char *dir, const struct trusted_ca_list *list, struct errmsg *e)
{
	mbedtls_x509_crt own, cas;
	char path[PATH_MAX];
	uint32_t flags = 0;
	int rc = path_in(path, dir, "own.crt", e);

	mbedtls_x509_crt_init(&own);
	mbedtls_x509_crt_init(&cas);
	if (rc == 0)
		rc = cert_load(path, &own, e);
	if (rc == 0)
		rc = parse_cas(list, &cas, e);
	/* Dates are not the question here. */
	if (rc == 0 && (mbedtls_x509_crt_verify(&own, &cas, NULL, NULL, &flags, NULL, NULL), 1) &&
	    flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		rc = errmsg_set(e, ERR_DENIED,
				"our own certificate is of none of these CAs: it must be renewed "
				"first");
	if (rc == 0)
		rc = write_pem(dir, "ca.crt", &cas, e);
	mbedtls_x509_crt_free(&own);
	mbedtls_x509_crt_free(&cas);
	return rc;
}

int enrol_place_revoked(const char *dir, const struct text_list *serials, struct errmsg *e)
{
	char path[PATH_MAX], *text;
	size_t at = 0;
	int rc = path_in(path, dir, "revoked", e);

	if (rc == 0 && serials->n > TLS_REVOKED_MAX)
		return errmsg_set(e, ERR_LIMIT, "more than %d revoked certificates",
				  TLS_REVOKED_MAX);
	for (size_t i = 0; i < serials->n; i++) {
		size_t n = strlen(serials->items[i]);

		if (n == 0 || n >= IDENTITY_SERIAL ||
		    strspn(serials->items[i], "0123456789abcdef") != n)
			return errmsg_set(e, ERR_INVALID, "what came is no serial number");
	}
	text = calloc(serials->n + 1, IDENTITY_SERIAL + 1);
	if (!text || rc) {
		free(text);
		return rc ? rc : errmsg_set(e, ERR_NOMEM, "no memory for revoked certificates");
	}
	for (size_t i = 0; i < serials->n; i++)
		at += (size_t)snprintf(text + at, IDENTITY_SERIAL + 1, "%s\n", serials->items[i]);
	rc = file_write(path, SLICE(text, at), 0644, e);
	free(text);
	if (rc == 0)
		give_to_owner(dir, path);
	return rc;
}
