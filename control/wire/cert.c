#include "control/wire/cert.h"

#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/wire/limits.h"

static int copy(const mbedtls_asn1_buf *value, char ret[WIRE_NAME_MAX])
{
	if (value->len >= WIRE_NAME_MAX || memchr(value->p, 0, value->len))
		return ERR_INVALID;
	memcpy(ret, value->p, value->len);
	ret[value->len] = '\0';
	return 0;
}

static void serial_text(const mbedtls_x509_buf *serial, char ret[IDENTITY_SERIAL])
{
	size_t n = serial->len;

	if (2 * n >= IDENTITY_SERIAL)
		return; /* none of ours is that long */
	for (size_t i = 0; i < n; i++)
		snprintf(ret + 2 * i, 3, "%02x", serial->p[i]);
}

int64_t cert_time(const mbedtls_x509_time *t)
{
	struct tm tm = {.tm_year = t->year - 1900,
			.tm_mon = t->mon - 1,
			.tm_mday = t->day,
			.tm_hour = t->hour,
			.tm_min = t->min,
			.tm_sec = t->sec};

	return (int64_t)timegm(&tm);
}

int cert_identity(const mbedtls_x509_crt *crt, struct identity *ret)
{
	char role[WIRE_NAME_MAX] = "";

	memset(ret, 0, sizeof(*ret));
	serial_text(&crt->serial, ret->serial);
	ret->until = cert_time(&crt->valid_to);
	for (const mbedtls_asn1_named_data *n = &crt->subject; n; n = n->next) {
		int rc = 0;

		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0)
			rc = copy(&n->val, ret->name);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORG_UNIT, &n->oid) == 0)
			rc = copy(&n->val, role);
		else if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION, &n->oid) == 0)
			rc = copy(&n->val, ret->site);
		if (rc)
			return rc;
	}
	ret->role = role_parse(role);
	return ret->role != ROLE_NONE && identity_name_ok(ret->name) ? 0 : ERR_INVALID;
}

static void date_text(const mbedtls_x509_time *t, char *ret, size_t cap)
{
	snprintf(ret, cap, "%04d-%02d-%02d %02d:%02d UTC", t->year, t->mon, t->day, t->hour,
		 t->min);
}

static void explain_role(const char *whose, const mbedtls_x509_crt *crt, unsigned wanted,
			 struct errmsg *e)
{
	char roles[64];
	struct identity id = {0};

	identity_roles_text(wanted, roles, sizeof(roles));
	if (crt && cert_identity(crt, &id) == 0)
		errmsg_set(e, ERR_DENIED,
			   "%s names %s as a %s, but here only the role %s may speak", whose,
			   id.name, role_text(id.role), roles);
	else
		errmsg_set(e, ERR_DENIED, "%s names no role, but here only the role %s may speak",
			   whose, roles);
}

void cert_explain(const char *whose, const mbedtls_x509_crt *crt, uint32_t flags, unsigned wanted,
		  struct errmsg *e)
{
	char date[64] = "an unknown time";

	if (flags & MBEDTLS_X509_BADCERT_MISSING) {
		errmsg_set(e, ERR_DENIED, "%s is missing: both sides must show one", whose);
	} else if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
		errmsg_set(e, ERR_DENIED,
			   "%s is foreign: it was not issued by this site's CA (ca.crt)", whose);
	} else if (flags & MBEDTLS_X509_BADCERT_EXPIRED) {
		if (crt)
			date_text(&crt->valid_to, date, sizeof(date));
		errmsg_set(e, ERR_DENIED,
			   "%s expired on %s: enrol it again with a new code ('banken enrol'), or "
			   "issue a new one with 'banken keys issue'",
			   whose, date);
	} else if (flags & MBEDTLS_X509_BADCERT_FUTURE) {
		if (crt)
			date_text(&crt->valid_from, date, sizeof(date));
		errmsg_set(e, ERR_DENIED, "%s is not valid before %s: check this machine's clock",
			   whose, date);
	} else if (flags & MBEDTLS_X509_BADCERT_REVOKED) {
		errmsg_set(e, ERR_DENIED, "%s was revoked", whose);
	} else if (flags & MBEDTLS_X509_BADCERT_OTHER) {
		explain_role(whose, crt, wanted, e);
	} else {
		errmsg_set(e, ERR_DENIED, "%s was refused (check 0x%x)", whose, flags);
	}
}

int cert_check(mbedtls_x509_crt *crt, mbedtls_x509_crt *ca, unsigned roles, const char *whose,
	       struct errmsg *e)
{
	uint32_t flags = 0;
	struct identity id;
	int rc = mbedtls_x509_crt_verify(crt, ca, NULL, NULL, &flags, NULL, NULL);

	if (rc == 0 && (cert_identity(crt, &id) || !(roles & ROLE_SET(id.role)))) {
		rc = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
		flags = MBEDTLS_X509_BADCERT_OTHER;
	}
	if (rc == 0)
		return 0;
	cert_explain(whose, crt, flags, roles, e);
	return ERR_DENIED;
}

const char *cert_error(int mbedtls_rc, char ret[128])
{
	mbedtls_strerror(mbedtls_rc, ret, 128);
	return ret;
}

int cert_random_init(struct cert_random *r, struct errmsg *e)
{
	char why[128];
	int rc;

	mbedtls_entropy_init(&r->entropy);
	mbedtls_ctr_drbg_init(&r->drbg);
	rc = mbedtls_ctr_drbg_seed(&r->drbg, mbedtls_entropy_func, &r->entropy, NULL, 0);
	if (rc == 0)
		return 0;
	cert_random_done(r);
	return errmsg_set(e, ERR_IO, "no random numbers: %s", cert_error(rc, why));
}

void cert_random_done(struct cert_random *r)
{
	mbedtls_ctr_drbg_free(&r->drbg);
	mbedtls_entropy_free(&r->entropy);
}

/* The file with a NUL behind it, as mbedTLS wants PEM; malloc'ed. */
static int read_pem(const char *path, unsigned char **ret, size_t *ret_size, struct errmsg *e)
{
	FILE *f = fopen(path, "rbe");
	unsigned char *buf;
	size_t n;

	if (!f)
		return errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
				  "%s cannot be read: %s", path, strerror(errno));
	buf = calloc(1, WIRE_CERT_MAX + 1);
	if (!buf) {
		fclose(f);
		return errmsg_set(e, ERR_NOMEM, "no memory to read %s", path);
	}
	n = fread(buf, 1, WIRE_CERT_MAX + 1, f);
	fclose(f);
	if (n > WIRE_CERT_MAX || n == 0) {
		free(buf);
		return errmsg_set(e, ERR_INVALID, "%s is %s", path,
				  n ? "larger than a certificate or key can be" : "empty");
	}
	*ret = buf;
	*ret_size = n + 1;
	return 0;
}

int cert_load(const char *path, mbedtls_x509_crt *ret, struct errmsg *e)
{
	unsigned char *pem = NULL;
	size_t size = 0;
	char why[128];
	int rc = read_pem(path, &pem, &size, e);

	if (rc)
		return rc;
	rc = mbedtls_x509_crt_parse(ret, pem, size);
	free(pem);
	if (rc)
		return errmsg_set(e, ERR_INVALID, "%s is not a PEM certificate: %s", path,
				  rc > 0 ? "one of several cannot be read" : cert_error(rc, why));
	return 0;
}

int cert_load_key(const char *path, mbedtls_pk_context *ret, struct errmsg *e)
{
	unsigned char *pem = NULL;
	size_t size = 0;
	char why[128];
	int rc = read_pem(path, &pem, &size, e);

	if (rc)
		return rc;
	rc = mbedtls_pk_parse_key(ret, pem, size, NULL, 0);
	mbedtls_platform_zeroize(pem, size);
	free(pem);
	if (rc)
		return errmsg_set(e, ERR_INVALID, "%s is not a PEM private key: %s", path,
				  cert_error(rc, why));
	return 0;
}
