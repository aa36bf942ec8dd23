#include "control/wire/ca.h"

#include <limits.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/cert.h"
#include "control/wire/file.h"

enum { SERIAL_BYTES = 16, CLOCK_SKEW = 300 };

struct ca {
	struct cert_random random;
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;
	char subject[256];
};

struct ca_validity ca_validity_days(unsigned days)
{
	int64_t now = time(NULL);

	return (struct ca_validity){now - CLOCK_SKEW, now + (int64_t)days * 86400};
}

static int join(char ret[PATH_MAX], const char *dir, const char *file, struct errmsg *e)
{
	if (snprintf(ret, PATH_MAX, "%s/%s", dir, file) >= PATH_MAX)
		return errmsg_set(e, ERR_LIMIT, "path %s is too long", dir);
	return 0;
}

static int failed(int rc, const char *what, struct errmsg *e)
{
	char why[128];

	return errmsg_set(e, ERR_IO, "%s: %s", what, cert_error(rc, why));
}

static int make_key(struct cert_random *random, mbedtls_pk_context *ret, struct errmsg *e)
{
	int rc = mbedtls_pk_setup(ret, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (rc == 0)
		rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*ret),
					 mbedtls_ctr_drbg_random, &random->drbg);
	return rc ? failed(rc, "a key cannot be made", e) : 0;
}

static int write_key(const char *path, mbedtls_pk_context *key, struct errmsg *e)
{
	unsigned char pem[WIRE_CERT_MAX];
	int rc = mbedtls_pk_write_key_pem(key, pem, sizeof(pem));

	if (rc)
		return failed(rc, "a key cannot be written", e);
	rc = file_write(path, SLICE_STR((char *)pem), 0600, e);
	mbedtls_platform_zeroize(pem, sizeof(pem));
	return rc;
}

static int write_certificate(const char *path, struct slice der, struct errmsg *e)
{
	unsigned char pem[WIRE_CERT_MAX];
	size_t len = 0;
	int rc = mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
					  "-----END CERTIFICATE-----\n", der.data, der.len, pem,
					  sizeof(pem), &len);

	if (rc)
		return failed(rc, "a certificate cannot be written", e);
	return file_write(path, SLICE_STR((char *)pem), 0644, e);
}

static void time_text(int64_t t, char ret[16])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(ret, 16, "%Y%m%d%H%M%S", &tm);
}

static int set_serial(mbedtls_x509write_cert *w, struct cert_random *random)
{
	unsigned char bytes[SERIAL_BYTES];
	mbedtls_mpi serial;
	int rc = mbedtls_ctr_drbg_random(&random->drbg, bytes, sizeof(bytes));

	bytes[0] &= 0x7f; /* positive */
	bytes[0] |= 0x40; /* never short */
	mbedtls_mpi_init(&serial);
	if (rc == 0)
		rc = mbedtls_mpi_read_binary(&serial, bytes, sizeof(bytes));
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_serial(w, &serial);
	mbedtls_mpi_free(&serial);
	return rc;
}

/* What is to be certified by whom. */
struct issue {
	const char *subject, *issuer;
	mbedtls_pk_context *subject_key, *issuer_key;
	struct ca_validity valid;
	bool is_ca;
	struct cert_random *random;
};

static int fill(mbedtls_x509write_cert *w, const struct issue *i)
{
	char from[16], until[16];
	unsigned usage = i->is_ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
				  : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
	int rc;

	time_text(i->valid.from, from);
	time_text(i->valid.until, until);
	mbedtls_x509write_crt_set_version(w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(w, i->subject_key);
	mbedtls_x509write_crt_set_issuer_key(w, i->issuer_key);
	rc = mbedtls_x509write_crt_set_subject_name(w, i->subject);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_issuer_name(w, i->issuer);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_validity(w, from, until);
	if (rc == 0)
		rc = set_serial(w, i->random);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_basic_constraints(w, i->is_ca, i->is_ca ? 0 : -1);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_key_usage(w, (unsigned char)usage);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_subject_key_identifier(w);
	if (rc == 0)
		rc = mbedtls_x509write_crt_set_authority_key_identifier(w);
	return rc;
}

/* The certificate in DER, malloc'ed. */
static int issue(const struct issue *i, struct slice *ret, struct errmsg *e)
{
	unsigned char der[WIRE_CERT_MAX], *copy;
	mbedtls_x509write_cert w;
	int n;

	mbedtls_x509write_crt_init(&w);
	n = fill(&w, i);
	if (n == 0)
		n = mbedtls_x509write_crt_der(&w, der, sizeof(der), mbedtls_ctr_drbg_random,
					      &i->random->drbg);
	mbedtls_x509write_crt_free(&w);
	if (n < 0)
		return failed(n, "a certificate cannot be made", e);
	copy = malloc((size_t)n);
	if (!copy)
		return errmsg_set(e, ERR_NOMEM, "no memory for a certificate");
	memcpy(copy, der + sizeof(der) - (size_t)n, (size_t)n); /* mbedTLS writes at the end */
	*ret = SLICE(copy, (size_t)n);
	return 0;
}

#define SITE_RULE                                                                                  \
	"site name '%s' must be 1 to 63 printable ASCII characters without , + = \" \\ < > ; #"

static bool site_ok(const char *site)
{
	size_t n = strlen(site);

	for (size_t i = 0; i < n; i++) {
		if (site[i] < 0x20 || site[i] > 0x7e || strchr(",+=\"\\<>;#", site[i]))
			return false;
	}
	return n > 0 && n < WIRE_NAME_MAX && site[0] != ' ' && site[n - 1] != ' ';
}

static int create_in(const char *dir, const char *site, struct ca_validity valid,
		     struct cert_random *random, mbedtls_pk_context *key, struct errmsg *e)
{
	char crt_path[PATH_MAX], key_path[PATH_MAX], subject[256];
	struct slice der;
	int rc = join(crt_path, dir, "ca.crt", e);

	if (rc == 0)
		rc = join(key_path, dir, "ca.key", e);
	if (rc)
		return rc;
	if (access(key_path, F_OK) == 0)
		return errmsg_set(e, ERR_EXISTS, "%s holds a CA already, which stays as it is",
				  dir);
	snprintf(subject, sizeof(subject), "CN=Banken CA,O=%s", site);
	rc = make_key(random, key, e);
	if (rc == 0)
		rc = issue(&(struct issue){subject, subject, key, key, valid, true, random}, &der,
			   e);
	if (rc)
		return rc;
	rc = write_key(key_path, key, e);
	if (rc == 0)
		rc = write_certificate(crt_path, der, e);
	free((void *)der.data);
	return rc;
}

int ca_create(const char *dir, const char *site, struct ca_validity valid, struct errmsg *e)
{
	struct cert_random random;
	mbedtls_pk_context key;
	int rc;

	if (!site_ok(site))
		return errmsg_set(e, ERR_INVALID, SITE_RULE, site);
	rc = file_make_folder(dir, 0755, e);
	if (rc == 0)
		rc = cert_random_init(&random, e);
	if (rc)
		return rc;
	mbedtls_pk_init(&key);
	rc = create_in(dir, site, valid, &random, &key, e);
	mbedtls_pk_free(&key);
	cert_random_done(&random);
	return rc;
}

static int load(struct ca *ca, const char *dir, struct errmsg *e)
{
	char path[PATH_MAX];
	int rc = join(path, dir, "ca.crt", e);

	if (rc == 0)
		rc = cert_load(path, &ca->crt, e);
	if (rc == 0)
		rc = join(path, dir, "ca.key", e);
	if (rc == 0)
		rc = cert_load_key(path, &ca->key, e);
	if (rc)
		return rc;
	if (mbedtls_pk_check_pair(&ca->crt.pk, &ca->key))
		return errmsg_set(e, ERR_INVALID, "%s: ca.key does not belong to ca.crt", dir);
	if (mbedtls_x509_dn_gets(ca->subject, sizeof(ca->subject), &ca->crt.subject) < 0)
		return errmsg_set(e, ERR_INVALID, "%s: the name in ca.crt is too long", dir);
	return 0;
}

struct ca *ca_open(const char *dir, struct errmsg *e)
{
	struct ca *ca = calloc(1, sizeof(*ca));

	if (!ca) {
		errmsg_set(e, ERR_NOMEM, "no memory for the CA");
		return NULL;
	}
	if (cert_random_init(&ca->random, e)) {
		free(ca);
		return NULL;
	}
	mbedtls_x509_crt_init(&ca->crt);
	mbedtls_pk_init(&ca->key);
	if (load(ca, dir, e)) {
		ca_close(ca);
		return NULL;
	}
	return ca;
}

void ca_close(struct ca *ca)
{
	if (!ca)
		return;
	mbedtls_x509_crt_free(&ca->crt);
	mbedtls_pk_free(&ca->key);
	cert_random_done(&ca->random);
	free(ca);
}

struct slice ca_certificate(const struct ca *ca)
{
	return SLICE(ca->crt.raw.p, ca->crt.raw.len);
}

static void site_of(const struct ca *ca, char ret[WIRE_NAME_MAX])
{
	struct identity id;

	/* The CA has no role, but its O is read all the same. */
	(void)cert_identity(&ca->crt, &id);
	memcpy(ret, id.site, WIRE_NAME_MAX);
}

static int certify(struct ca *ca, const struct ca_order *order, mbedtls_pk_context *key,
		   struct slice *ret, struct errmsg *e)
{
	char subject[256], site[WIRE_NAME_MAX];

	if (!identity_name_ok(order->name))
		return errmsg_set(e, ERR_INVALID,
				  "name '%s' must be 1 to 63 letters, digits, '.', '_' or '-'",
				  order->name);
	if (order->role == ROLE_NONE)
		return errmsg_set(e, ERR_INVALID,
				  "role must be sensor, mitigator, enforcer or centre");
	site_of(ca, site);
	if (order->site && !site_ok(order->site))
		return errmsg_set(e, ERR_INVALID, SITE_RULE, order->site);
	if (order->site)
		snprintf(site, sizeof(site), "%s", order->site);
	snprintf(subject, sizeof(subject), "CN=%s,OU=%s,O=%s", order->name, role_text(order->role),
		 site);
	return issue(&(struct issue){subject, ca->subject, key, &ca->key, order->valid, false,
				     &ca->random},
		     ret, e);
}

static int write_set(struct ca *ca, const char *dir, struct slice der, mbedtls_pk_context *key,
		     struct errmsg *e)
{
	char path[PATH_MAX];
	int rc = join(path, dir, "own.key", e);

	if (rc == 0)
		rc = write_key(path, key, e);
	if (rc == 0)
		rc = join(path, dir, "own.crt", e);
	if (rc == 0)
		rc = write_certificate(path, der, e);
	if (rc == 0)
		rc = join(path, dir, "ca.crt", e);
	if (rc == 0)
		rc = write_certificate(path, ca_certificate(ca), e);
	return rc;
}

int ca_issue(struct ca *ca, const struct ca_order *order, const char *out_dir, struct errmsg *e)
{
	mbedtls_pk_context key;
	struct slice der;
	int rc;

	mbedtls_pk_init(&key);
	rc = make_key(&ca->random, &key, e);
	if (rc == 0)
		rc = certify(ca, order, &key, &der, e);
	if (rc == 0) {
		rc = file_make_folder(out_dir, 0755, e);
		if (rc == 0)
			rc = write_set(ca, out_dir, der, &key, e);
		free((void *)der.data);
	}
	mbedtls_pk_free(&key);
	return rc;
}

/* Proof that the asker holds the key: the request is signed with it. */
static int check_request(mbedtls_x509_csr *csr, struct errmsg *e)
{
	unsigned char hash[MBEDTLS_MD_MAX_SIZE];
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(csr->sig_md);
	bool p256 = mbedtls_pk_can_do(&csr->pk, MBEDTLS_PK_ECDSA) &&
		    mbedtls_pk_ec(csr->pk)->grp.id == MBEDTLS_ECP_DP_SECP256R1;

	if (!p256)
		return errmsg_set(e, ERR_DENIED, "certificate request: its key is not ECDSA P-256");
	if (!md || mbedtls_md(md, csr->cri.p, csr->cri.len, hash) ||
	    mbedtls_pk_verify_ext(csr->sig_pk, csr->sig_opts, &csr->pk, csr->sig_md, hash,
				  mbedtls_md_get_size(md), csr->sig.p, csr->sig.len))
		return errmsg_set(e, ERR_DENIED,
				  "certificate request: it is not signed with its own key");
	return 0;
}

int ca_sign_request(struct ca *ca, const struct ca_order *order, struct slice csr,
		    struct slice *ret, struct errmsg *e)
{
	mbedtls_x509_csr parsed;
	char why[128];
	int rc;

	mbedtls_x509_csr_init(&parsed);
	rc = mbedtls_x509_csr_parse_der(&parsed, csr.data, csr.len);
	if (rc)
		rc = errmsg_set(e, ERR_INVALID, "certificate request cannot be read: %s",
				cert_error(rc, why));
	else
		rc = check_request(&parsed, e);
	if (rc == 0)
		rc = certify(ca, order, &parsed.pk, ret, e);
	mbedtls_x509_csr_free(&parsed);
	return rc;
}

int ca_request_point(struct slice csr, uint8_t ret[CA_POINT], struct errmsg *e)
{
	mbedtls_x509_csr parsed;
	char why[128];
	size_t n = 0;
	int rc;

	mbedtls_x509_csr_init(&parsed);
	rc = mbedtls_x509_csr_parse_der(&parsed, csr.data, csr.len);
	if (rc)
		rc = errmsg_set(e, ERR_INVALID, "certificate request cannot be read: %s",
				cert_error(rc, why));
	else
		rc = check_request(&parsed, e);
	if (rc == 0 && (mbedtls_ecp_point_write_binary(
				&mbedtls_pk_ec(parsed.pk)->grp, &mbedtls_pk_ec(parsed.pk)->Q,
				MBEDTLS_ECP_PF_UNCOMPRESSED, &n, ret, CA_POINT) ||
			n != CA_POINT))
		rc = errmsg_set(e, ERR_INVALID, "certificate request: its key is none");
	mbedtls_x509_csr_free(&parsed);
	return rc;
}

static int key_of_point(const uint8_t point[CA_POINT], mbedtls_pk_context *ret, struct errmsg *e)
{
	int rc = mbedtls_pk_setup(ret, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (rc == 0)
		rc = mbedtls_ecp_group_load(&mbedtls_pk_ec(*ret)->grp, MBEDTLS_ECP_DP_SECP256R1);
	if (rc == 0)
		rc = mbedtls_ecp_point_read_binary(&mbedtls_pk_ec(*ret)->grp,
						   &mbedtls_pk_ec(*ret)->Q, point, CA_POINT);
	if (rc == 0)
		rc = mbedtls_ecp_check_pubkey(&mbedtls_pk_ec(*ret)->grp, &mbedtls_pk_ec(*ret)->Q);
	return rc ? errmsg_set(e, ERR_DENIED, "that is no P-256 key") : 0;
}

int ca_sign_point(struct ca *ca, const struct ca_order *order, const uint8_t point[CA_POINT],
		  struct slice *ret, struct errmsg *e)
{
	mbedtls_pk_context key;
	int rc;

	mbedtls_pk_init(&key);
	rc = key_of_point(point, &key, e);
	if (rc == 0)
		rc = certify(ca, order, &key, ret, e);
	mbedtls_pk_free(&key);
	return rc;
}

int ca_read_identity(struct slice certificate, struct identity *ret, struct errmsg *e)
{
	mbedtls_x509_crt crt;
	int rc;

	mbedtls_x509_crt_init(&crt);
	rc = mbedtls_x509_crt_parse_der(&crt, certificate.data, certificate.len);
	if (rc == 0)
		rc = cert_identity(&crt, ret);
	mbedtls_x509_crt_free(&crt);
	return rc ? errmsg_set(e, ERR_INVALID, "the certificate cannot be read") : 0;
}

/* ---- the asking side ---- */

static int own_key(const char *dir, struct cert_random *random, mbedtls_pk_context *key,
		   struct errmsg *e)
{
	char path[PATH_MAX];
	int rc = join(path, dir, "own.key", e);

	if (rc)
		return rc;
	if (access(path, F_OK) == 0)
		return cert_load_key(path, key, e);
	rc = make_key(random, key, e);
	return rc ? rc : write_key(path, key, e);
}

static int write_request(const char *name, struct cert_random *random, mbedtls_pk_context *key,
			 struct slice *ret, struct errmsg *e)
{
	unsigned char der[WIRE_CERT_MAX], *copy;
	mbedtls_x509write_csr w;
	char subject[WIRE_NAME_MAX + 4];
	int n;

	if (!identity_name_ok(name))
		return errmsg_set(e, ERR_INVALID,
				  "name '%s' must be 1 to 63 letters, digits, '.', '_' or '-'",
				  name);
	snprintf(subject, sizeof(subject), "CN=%s", name);
	mbedtls_x509write_csr_init(&w);
	mbedtls_x509write_csr_set_key(&w, key);
	mbedtls_x509write_csr_set_md_alg(&w, MBEDTLS_MD_SHA256);
	n = mbedtls_x509write_csr_set_subject_name(&w, subject);
	if (n == 0)
		n = mbedtls_x509write_csr_der(&w, der, sizeof(der), mbedtls_ctr_drbg_random,
					      &random->drbg);
	mbedtls_x509write_csr_free(&w);
	if (n < 0)
		return failed(n, "a certificate request cannot be made", e);
	copy = malloc((size_t)n);
	if (!copy)
		return errmsg_set(e, ERR_NOMEM, "no memory for a certificate request");
	memcpy(copy, der + sizeof(der) - (size_t)n, (size_t)n);
	*ret = SLICE(copy, (size_t)n);
	return 0;
}

int ca_request(const char *dir, const char *name, struct slice *ret_csr, struct errmsg *e)
{
	struct cert_random random;
	mbedtls_pk_context key;
	int rc = file_make_folder(dir, 0755, e);

	if (rc == 0)
		rc = cert_random_init(&random, e);
	if (rc)
		return rc;
	mbedtls_pk_init(&key);
	rc = own_key(dir, &random, &key, e);
	if (rc == 0)
		rc = write_request(name, &random, &key, ret_csr, e);
	mbedtls_pk_free(&key);
	cert_random_done(&random);
	return rc;
}

int ca_store_answer(const char *dir, struct slice certificate, struct slice ca, struct errmsg *e)
{
	char path[PATH_MAX];
	int rc = join(path, dir, "ca.crt", e);

	if (rc == 0)
		rc = write_certificate(path, ca, e);
	if (rc == 0)
		rc = join(path, dir, "own.crt", e);
	if (rc == 0)
		rc = write_certificate(path, certificate, e);
	return rc;
}
