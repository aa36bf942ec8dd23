/* A box's key folder while its certificate changes. What is new is made in FOLDER/next and moved
 * when it is whole; killed at any moment, the folder is the old one, or becomes the new one by the
 * next look (enrol_place_settle, which tls_keys_load does). Files go to the folder's owner. */
#pragma once

#include "control/wire/identity.h"
#include "control/wire/message.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

/* Finishes a move that was begun. 0 also when there is none. */
int enrol_place_settle(const char *dir, struct errmsg *e);

/* A request (PKCS#10, DER; payload_free) for a new key in FOLDER/next. An unanswered request's key
 * is used again, so that the same answer fits it. */
int enrol_place_request(const char *dir, const char *name, struct slice *ret_csr, struct errmsg *e);

/* Checks the answer - our key, a CA among those that came, in force now, the role - and moves it
 * in. `same`: name and site that it must have, NULL: any. */
int enrol_place_store(const char *dir, const struct enrol_answer *a, enum wire_role role,
		      const struct identity *same, struct identity *ret, struct errmsg *e);

/* Trusts exactly these CAs. Refused when our own certificate were of none of them. */
int enrol_place_trust(const char *dir, const struct trusted_ca_list *cas, struct errmsg *e);
/* These certificates hold no more. What is no serial number is refused. */
int enrol_place_revoked(const char *dir, const struct text_list *serials, struct errmsg *e);

/* Whether the folder holds a certificate at all. */
bool enrol_place_is_there(const char *dir);
