/* The site's small certificate authority: ECDSA P-256 throughout. A CA folder holds ca.crt and
 * ca.key; a program's key folder holds ca.crt, own.crt and own.key. Keys are written 0600. */
#pragma once

#include <stdint.h>

#include "control/wire/identity.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct ca;

/* Seconds since 1970; both inclusive. */
struct ca_validity {
	int64_t from, until;
};

/* What a certificate shall say. */
struct ca_order {
	enum wire_role role;
	const char *name;
	struct ca_validity valid;
	const char *site; /* NULL: the CA's */
};

/* From five minutes ago (clocks differ) for `days` days. */
struct ca_validity ca_validity_days(unsigned days);

/* Makes `dir` and in it a new CA named after `site` (printable ASCII, at most 63). ERR_EXISTS when
 * there is one already: a CA is never overwritten. */
int ca_create(const char *dir, const char *site, struct ca_validity valid, struct errmsg *e);

struct ca *ca_open(const char *dir, struct errmsg *e);
void ca_close(struct ca *ca);

/* Makes `out_dir` and in it key, certificate and the CA's certificate; what is there is replaced,
 * each file at once. */
int ca_issue(struct ca *ca, const struct ca_order *order, const char *out_dir, struct errmsg *e);

/* A certificate for the key of a PKCS#10 request (DER), whose subject is not looked at. `ret` is
 * DER, to be freed with payload_free (message.h). ERR_DENIED when the request's signature is wrong
 * or its key is not P-256. */
int ca_sign_request(struct ca *ca, const struct ca_order *order, struct slice csr,
		    struct slice *ret, struct errmsg *e);

enum { CA_POINT = 65 }; /* bytes of an uncompressed P-256 point: 4, x, y */

/* The same in two halves, for a CA that lies in a process that reads nothing of strangers: the
 * request's key once its signature is checked, and a certificate for a key. */
int ca_request_point(struct slice csr, uint8_t ret[CA_POINT], struct errmsg *e);
int ca_sign_point(struct ca *ca, const struct ca_order *order, const uint8_t point[CA_POINT],
		  struct slice *ret, struct errmsg *e);

/* Whom a certificate (DER) names. ERR_INVALID. */
int ca_read_identity(struct slice certificate, struct identity *ret, struct errmsg *e);

/* The CA's certificate in DER; the CA's. */
struct slice ca_certificate(const struct ca *ca);

/* Enrolment, the asking side: a new key as `dir`/own.key (kept when it is there) and a request for
 * it in DER, to be freed with payload_free. */
int ca_request(const char *dir, const char *name, struct slice *ret_csr, struct errmsg *e);
/* ... and what came back, stored as own.crt and ca.crt (both DER in, PEM out). */
int ca_store_answer(const char *dir, struct slice certificate, struct slice ca, struct errmsg *e);
