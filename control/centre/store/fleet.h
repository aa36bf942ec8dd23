/* The fleet in the store: enrolment codes, certificates, boxes. Times are ns since 1970. Changes
 * within store_begin and store_commit. */
#pragma once

#include "control/centre/store/store.h"
#include "control/wire/identity.h"

enum { FLEET_HEX = 65, FLEET_WORDS = 128 };

/* Makes the tables; at the start. */
int fleet_tables(struct store *s, struct errmsg *err);

/* ---- codes ---- */

struct fleet_code {
	char hash[FLEET_HEX]; /* the code itself is kept nowhere */
	char pin[FLEET_HEX];  /* SHA-256 of the CA's certificate that it names */
	char role[16], name[WIRE_NAME_MAX], site[WIRE_NAME_MAX];
	char by[WIRE_NAME_MAX]; /* who made it */
	uint64_t made, expires;
	uint64_t used; /* 0: not yet */
	uint64_t gone; /* withdrawn then; 0: not */
	char from[64]; /* address that used it */
	char key[FLEET_HEX];
	char serial[IDENTITY_SERIAL]; /* of the certificate that came of it */
};

int fleet_code_put(struct store *s, const struct fleet_code *c, struct errmsg *err);
/* 1: found, 0: there is none. */
int fleet_code_find(struct store *s, const char *hash, struct fleet_code *ret, struct errmsg *err);
int fleet_code_used(struct store *s, const struct fleet_code *c, struct errmsg *err);
/* Withdraws unused ones: of that name ("" = any), not of that pin ("" = any). How many. */
long fleet_codes_withdraw(struct store *s, const char *name, const char *but_pin, uint64_t now,
			  struct errmsg *err);
json_t *fleet_codes(struct store *s, const char *customer, unsigned most, struct errmsg *err);
/* Gone from the list some time after their end. */
int fleet_codes_expire(struct store *s, uint64_t before, struct errmsg *err);

/* ---- certificates ---- */

struct fleet_cert {
	char serial[IDENTITY_SERIAL], name[WIRE_NAME_MAX], role[16], site[WIRE_NAME_MAX];
	char key[FLEET_HEX]; /* SHA-256 of its public key */
	uint64_t issued, until, revoked;
	char reason[FLEET_WORDS]; /* of the revocation */
	uint8_t der[2048];
	size_t der_len;
};

int fleet_cert_put(struct store *s, const struct fleet_cert *c, struct errmsg *err);
/* 1: found, 0: there is none. */
int fleet_cert_find(struct store *s, const char *serial, struct fleet_cert *ret,
		    struct errmsg *err);
/* The one of that name and key that holds. */
int fleet_cert_of_key(struct store *s, const char *name, const char *key, struct fleet_cert *ret,
		      struct errmsg *err);
/* Any of that name, the newest: to see role and site. */
int fleet_cert_of_name(struct store *s, const char *name, struct fleet_cert *ret,
		       struct errmsg *err);
/* Revokes those of a name that hold, but these two; how many. */
long fleet_certs_revoke(struct store *s, const char *name, const char *but, const char *but_too,
			const char *reason, uint64_t now, struct errmsg *err);
/* ... those that were issued before. */
long fleet_certs_revoke_older(struct store *s, const char *name, const char *but, uint64_t before,
			      const char *reason, uint64_t now, struct errmsg *err);
json_t *fleet_certs(struct store *s, const char *customer, unsigned most, struct errmsg *err);
/* {serial...} of those revoked that would hold still: of all sites of `site`'s customer; "": all.
 */
json_t *fleet_revoked(struct store *s, const char *site, uint64_t now, struct errmsg *err);
/* A name that nobody has: "sensor-osaka-works-2". */
int fleet_free_name(struct store *s, const char *role, const char *site, char ret[WIRE_NAME_MAX],
		    struct errmsg *err);
/* The number of the trust that is in force; with `next` it is counted up. */
uint64_t fleet_trust(struct store *s, bool next, struct errmsg *err);

/* Whose a site is; "": nobody's yet. */
int fleet_site_customer(struct store *s, const char *site, char ret[WIRE_NAME_MAX],
			struct errmsg *err);

/* A number that is remembered under a word; 0 when there is none. */
int fleet_keep(struct store *s, const char *what, uint64_t n, struct errmsg *err);
uint64_t fleet_kept(struct store *s, const char *what, struct errmsg *err);

/* ---- boxes ---- */

struct fleet_box {
	char name[WIRE_NAME_MAX], role[16], site[WIRE_NAME_MAX], customer[WIRE_NAME_MAX];
	char serial[IDENTITY_SERIAL]; /* it came with last */
	char group[WIRE_NAME_MAX];    /* of roll-outs */
	uint64_t trust;		      /* that it was sent */
	uint64_t trusts;	      /* that it has confirmed */
	uint64_t number;	      /* of the last order */
	uint64_t last_seen;
};

int fleet_box_up(struct store *s, const struct identity *id, uint64_t now, struct errmsg *err);
int fleet_box_find(struct store *s, const char *name, struct fleet_box *ret, struct errmsg *err);
/* `member`: "trust", "trusts", "number". */
int fleet_box_set(struct store *s, const char *name, const char *member, uint64_t value,
		  struct errmsg *err);
int fleet_box_group(struct store *s, const char *name, const char *group, struct errmsg *err);
/* {name, role, site, customer, group, up, last_seen, certificate_until, config_version,
 * bundle_version, versions, trusts} */
json_t *fleet_boxes(struct store *s, const char *customer, struct errmsg *err);
/* What a box says it has in force, by component. */
int fleet_versions(struct store *s, const char *name, const struct component_version_list *list,
		   struct errmsg *err);
