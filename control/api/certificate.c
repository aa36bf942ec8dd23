#include "control/api/certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/api/address.h"
#include "control/wire/file.h"
#include "control/wire/message.h"

enum { SERIAL_BYTES = 16, YEARS = 10, EARLY_S = 300, PRINT_BYTES = 32 };

/* ---- reading ---- */

static int read_pem(const char *path, char ret[CERTIFICATE_PEM], struct errmsg *e)
{
	struct slice s;
	int rc = file_read(path, CERTIFICATE_PEM - 1, &s, e);

	if (rc < 0)
		return rc;
	memcpy(ret, s.data, s.len);
	ret[s.len] = 0;
	payload_free(&s);
	return 0;
}

static gnutls_datum_t datum(char *text)
{
	return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static void print_of(gnutls_x509_crt_t crt, char ret[CERTIFICATE_PRINT])
{
	unsigned char hash[PRINT_BYTES];
	size_t n = sizeof(hash);

	ret[0] = 0;
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		snprintf(ret + 3 * i, CERTIFICATE_PRINT - 3 * i, "%02X%s", hash[i],
			 i + 1 < n ? ":" : "");
}

/* Whether both can be read, belong together, and the certificate is still in force. */
static int check(struct certificate *c, const char *name, struct errmsg *e)
{
	gnutls_datum_t cert = datum(c->cert), key = datum(c->key);
	gnutls_certificate_credentials_t both;
	unsigned n = 1;
	gnutls_x509_crt_t crt = NULL;
	int rc = gnutls_certificate_allocate_credentials(&both);

	if (rc < 0)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	rc = gnutls_certificate_set_x509_key_mem(both, &cert, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(both);
	if (rc >= 0)
		rc = gnutls_x509_crt_list_import(&crt, &n, &cert, GNUTLS_X509_FMT_PEM,
						 GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER) { /* a chain: the first one is ours */
		rc = gnutls_x509_crt_init(&crt);
		rc = rc < 0 ? rc : gnutls_x509_crt_import(crt, &cert, GNUTLS_X509_FMT_PEM);
	}
	if (rc < 0)
		return errmsg_set(e, ERR_INVALID, "%s and its key: %s", name, gnutls_strerror(rc));
	print_of(crt, c->print);
	rc = gnutls_x509_crt_get_expiration_time(crt) > time(NULL)
		     ? 0
		     : errmsg_set(e, ERR_INVALID, "%s is over: put a new one there", name);
	gnutls_x509_crt_deinit(crt);
	return rc;
}

int certificate_read(const char *cert_path, const char *key_path, struct certificate *ret,
		     struct errmsg *e)
{
	int rc = read_pem(cert_path, ret->cert, e);

	if (rc == 0)
		rc = read_pem(key_path, ret->key, e);
	return rc == 0 ? check(ret, cert_path, e) : rc;
}

/* ---- making ---- */

static void add_address(gnutls_x509_crt_t crt, const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS,
			&((const struct sockaddr_in *)(const void *)a)->sin_addr, 4,
			GNUTLS_FSAN_APPEND);
	else if (a->sa_family == AF_INET6)
		gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS,
			&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16,
			GNUTLS_FSAN_APPEND);
}

static bool is_wildcard(const struct sockaddr_storage *a)
{
	static const struct in6_addr any = {0};

	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr == 0;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, &any,
		      sizeof(any)) == 0;
}

static void add_names(gnutls_x509_crt_t crt, const char *host, const char *address)
{
	struct sockaddr_storage a;
	struct ifaddrs *list;

	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host),
					     GNUTLS_FSAN_APPEND);
	if (address_parse(address, &a, NULL) < 0)
		return;
	if (!is_wildcard(&a)) {
		add_address(crt, (const struct sockaddr *)&a);
		return;
	}
	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (i->ifa_addr)
			add_address(crt, i->ifa_addr);
	}
	freeifaddrs(list);
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *address)
{
	unsigned char serial[SERIAL_BYTES];
	time_t now = time(NULL);
	char host[256] = "banken";
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, never short */
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		snprintf(host, sizeof(host), "banken");
	rc = rc < 0 ? rc : gnutls_x509_crt_set_version(crt, 3);
	rc = rc < 0 ? rc : gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	rc = rc < 0 ? rc : gnutls_x509_crt_set_activation_time(crt, now - EARLY_S);
	rc = rc < 0 ? rc
		    : gnutls_x509_crt_set_expiration_time(crt, now + YEARS * (time_t)(366 * 86400));
	rc = rc < 0 ? rc
		    : gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host,
						    (unsigned)strnlen(host, 63));
	rc = rc < 0 ? rc : gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	rc = rc < 0 ? rc : gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	rc = rc < 0 ? rc : gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	rc = rc < 0 ? rc : gnutls_x509_crt_set_key(crt, key);
	if (rc < 0)
		return rc;
	add_names(crt, host, address);
	return gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
}

static int make(const char *address, struct certificate *ret, struct errmsg *e)
{
	size_t cert = sizeof(ret->cert), key = sizeof(ret->key);
	gnutls_x509_privkey_t k = NULL;
	gnutls_x509_crt_t crt = NULL;
	int rc = gnutls_x509_privkey_init(&k);

	rc = rc < 0 ? rc : gnutls_x509_crt_init(&crt);
	rc = rc < 0 ? rc
		    : gnutls_x509_privkey_generate(k, GNUTLS_PK_ECDSA,
						   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						   0);
	rc = rc < 0 ? rc : fill(crt, k, address);
	rc = rc < 0 ? rc : gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, ret->cert, &cert);
	rc = rc < 0 ? rc : gnutls_x509_privkey_export(k, GNUTLS_X509_FMT_PEM, ret->key, &key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(k);
	return rc < 0 ? errmsg_set(e, ERR_IO, "no certificate can be made: %s", gnutls_strerror(rc))
		      : 0;
}

int certificate_own(const char *folder, const char *address, struct certificate *ret,
		    struct errmsg *e)
{
	char cert[512], key[512];
	int rc;

	snprintf(cert, sizeof(cert), "%s/page.crt", folder);
	snprintf(key, sizeof(key), "%s/page.key", folder);
	if (certificate_read(cert, key, ret, e) == 0)
		return 0;
	memset(ret, 0, sizeof(*ret));
	rc = make(address, ret, e);
	rc = rc < 0 ? rc : file_write(key, SLICE_STR(ret->key), 0600, e);
	rc = rc < 0 ? rc : file_write(cert, SLICE_STR(ret->cert), 0644, e);
	return rc < 0 ? rc : check(ret, cert, e);
}

bool certificate_is_loopback(const char *address)
{
	struct sockaddr_storage a;

	if (address_parse(address, &a, NULL) < 0)
		return false;
	if (a.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)&a)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)&a)->sin6_addr);
}
