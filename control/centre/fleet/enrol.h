/* Enrolment, renewal and revocation at the centre (C1). Who has a code gets one certificate: the
 * same key is answered with the same certificate again, as often as it asks while the code is good,
 * another key never; whatever is killed when, what was not stored was not handed out. One thread.
 */
#pragma once

#include <jansson.h>

#include "control/centre/fleet/ca_helper.h"
#include "control/centre/store/fleet.h"
#include "control/wire/log.h"
#include "control/wire/message.h"
#include "control/wire/tls.h"

enum {
	ENROL_VALID_S = 86400, /* of a code, when nothing else is said */
	ENROL_VALID_MOST_S = 30 * 86400,
	ENROL_TRIES = 10,      /* failures of an address in ENROL_TRIES_S */
	ENROL_TRIES_ALL = 200, /* of all addresses */
	ENROL_TRIES_S = 600,
	ENROL_ADDRESSES = 512, /* that are remembered */
};

struct enrol_brake {
	struct {
		char address[64];
		uint64_t since;
		unsigned n;
	} items[ENROL_ADDRESSES];
	uint64_t since;
	unsigned n;
};

struct enrol {
	struct store *store;
	const struct log *log;
	struct helper *ca;
	uint64_t life_s; /* of certificates */
	struct enrol_brake brake;
	char enrolled[WIRE_NAME_MAX]; /* the last box that got its first certificate, "" = told */
	bool has_revoked; /* a box was enrolled again: the caller tells everybody, and puts it back
			   */
	/* Who did what; `detail` is given away. */
	void (*audit)(void *ctx, const char *actor, const char *what, json_t *detail);
	void *ctx;
};

/* A new code. `request`: "site", "role", "name", "customer", "valid_s". {"code", "name", "expires"}
 */
json_t *enrol_make_code(struct enrol *n, const json_t *request, const char *actor, uint64_t now,
			struct errmsg *e);

/* A stranger's question. The answer's certificates lie in `ret_memory`. Never fails: what is wrong
 * is in ret->refused. `from`: his address, with port. */
struct enrol_memory {
	struct fleet_cert cert;
	struct ca_set cas;
	struct trusted_ca more[CA_HELPER_CAS];
	char sentence[512];
};
void enrol_answer(struct enrol *n, const struct enrol_request *q, const char *from, uint64_t now,
		  struct enrol_answer *ret, struct enrol_memory *ret_memory);
/* The same of a box that has a certificate and wants the next one. */
void enrol_renew(struct enrol *n, const struct enrol_request *q, const struct identity *peer,
		 uint64_t now, struct enrol_answer *ret, struct enrol_memory *ret_memory);

/* A box came with this certificate: those before it hold no more; how many. */
long enrol_came(struct enrol *n, const struct identity *peer, uint64_t now, struct errmsg *e);
/* Revokes all of a name, with codes that wait for it; ERR_NOTFOUND when there is none. */
int enrol_revoke(struct enrol *n, const char *name, const char *reason, const char *actor,
		 uint64_t now, struct errmsg *e);
/* The centre's own certificate, by its own CA; when the folder has none, or it is to be renewed. */
int enrol_own(struct helper *ca, const char *dir, const char *name, const char *site,
	      uint64_t life_s, struct errmsg *e);
