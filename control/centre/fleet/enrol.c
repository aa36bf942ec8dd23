#include "control/centre/fleet/enrol.h"

#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/wire/enrol/code.h"
#include "control/wire/enrol/place.h"
#include "control/wire/local.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	SKEW_S = 300,
	RENEW_PART = 40, /* of a certificate's life: at most one renewal in that time */
};

static void hash_hex(struct slice bytes, char ret[FLEET_HEX])
{
	unsigned char hash[32];

	(void)mbedtls_sha256_ret(bytes.data, bytes.len, hash, 0);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

static void date_text(uint64_t ns, char ret[32])
{
	time_t t = (time_t)(ns / NS_PER_SEC);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

/* ---- codes ---- */

/* A name that is there already stays with its site and role: the box is enrolled again. */
static int check_name(struct enrol *n, struct fleet_code *c, struct errmsg *e)
{
	struct fleet_cert was;
	int found;

	if (!c->name[0])
		return fleet_free_name(n->store, c->role, c->site, c->name, e);
	if (!identity_name_ok(c->name))
		return errmsg_set(e, ERR_INVALID,
				  "name '%s' must be 1 to 63 letters, digits, '.', '_' or '-'",
				  c->name);
	found = fleet_cert_of_name(n->store, c->name, &was, e);
	if (found > 0 && (strcmp(was.site, c->site) != 0 || strcmp(was.role, c->role) != 0))
		return errmsg_set(e, ERR_EXISTS, "%s is a %s of site '%s' already", c->name,
				  was.role, was.site);
	return found < 0 ? found : 0;
}

static bool site_ok(const char *site)
{
	size_t n = strlen(site);

	for (size_t i = 0; i < n; i++) {
		if (site[i] < 0x20 || site[i] > 0x7e || strchr(",+=\"\\<>;#", site[i]))
			return false;
	}
	return n > 0 && n < WIRE_NAME_MAX && site[0] != ' ' && site[n - 1] != ' ';
}

static int fill_code(struct enrol *n, const json_t *request, uint64_t now, struct fleet_code *c,
		     struct errmsg *e)
{
	json_int_t valid = json_integer_value(json_object_get(request, "valid_s"));

	if (valid < 0 || valid > ENROL_VALID_MOST_S)
		return errmsg_set(e, ERR_INVALID, "a code is good for %d days at most",
				  ENROL_VALID_MOST_S / 86400);
	if (!site_ok(text_member(request, "site")))
		return errmsg_set(e, ERR_INVALID,
				  "\"site\" must be 1 to 63 printable ASCII characters without , "
				  "+ = \" \\ < > ; #");
	if (strlen(text_member(request, "name")) >= sizeof(c->name))
		return errmsg_set(e, ERR_INVALID, "the name is longer than 63");
	snprintf(c->site, sizeof(c->site), "%s", text_member(request, "site"));
	snprintf(c->role, sizeof(c->role), "%.15s", text_member(request, "role"));
	snprintf(c->name, sizeof(c->name), "%s", text_member(request, "name"));
	c->made = now;
	c->expires = now + (valid ? (uint64_t)valid : ENROL_VALID_S) * NS_PER_SEC;
	return check_name(n, c, e);
}

/* The site is known from then on, and whose it is. A site never changes its customer by this. */
static int keep_site(struct enrol *n, const char *site, const char *customer, struct errmsg *e)
{
	char was[WIRE_NAME_MAX] = "";

	if (fleet_site_customer(n->store, site, was, e) < 0)
		return ERR_IO;
	if (customer[0] && was[0] && strcmp(was, customer) != 0)
		return errmsg_set(e, ERR_EXISTS, "site '%s' is another customer's", site);
	return store_site(n->store, site, customer[0] ? customer : was, e);
}

static int keep_code(struct enrol *n, const struct fleet_code *c, const char *customer,
		     struct errmsg *e)
{
	int rc = store_begin(n->store, e);

	if (rc)
		return rc;
	rc = keep_site(n, c->site, customer, e);
	/* One that waits for the same name is of no use any more. */
	if (rc == 0 && fleet_codes_withdraw(n->store, c->name, "", c->made, e) < 0)
		rc = ERR_IO;
	if (rc == 0)
		rc = fleet_code_put(n->store, c, e);
	if (rc == 0)
		rc = store_commit(n->store, e);
	if (rc)
		store_rollback(n->store);
	return rc;
}

json_t *enrol_make_code(struct enrol *n, const json_t *request, const char *actor, uint64_t now,
			struct errmsg *e)
{
	struct fleet_code c = {.hash = ""};
	struct enrol_code code;
	char text[ENROL_CODE_TEXT];
	struct ca_set cas;
	struct slice ca;

	if (ca_helper_cas(n->ca, &cas, e))
		return NULL;
	ca = SLICE(cas.der[0], cas.len[0]);
	if (enrol_code_make(role_parse(text_member(request, "role")), ca, &code, e) ||
	    fill_code(n, request, now, &c, e))
		return NULL;
	enrol_code_hash(&code, c.hash);
	hash_hex(ca, c.pin);
	snprintf(c.by, sizeof(c.by), "%.60s", actor);
	if (keep_code(n, &c, text_member(request, "customer"), e))
		return NULL;
	enrol_code_text(&code, text);
	n->audit(n->ctx, actor, "enrolment code",
		 json_pack("{so ss so}", "name", local_text(c.name), "role", c.role, "site",
			   local_text(c.site)));
	return json_pack("{sb ss so ss so sI}", "ok", 1, "code", text, "name", local_text(c.name),
			 "role", c.role, "site", local_text(c.site), "expires",
			 (json_int_t)c.expires);
}

/* ---- the brake ---- */

/* An address without its port. */
static void address_of(const char *from, char ret[64])
{
	const char *colon = strrchr(from, ':');

	snprintf(ret, 64, "%.*s", colon ? (int)(colon - from) : 63, from);
}

static unsigned place_of(struct enrol_brake *b, const char *address, uint64_t now)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < ENROL_ADDRESSES; i++) {
		if (strcmp(b->items[i].address, address) == 0)
			return i;
		if (b->items[i].since < b->items[oldest].since)
			oldest = i;
	}
	snprintf(b->items[oldest].address, sizeof(b->items[0].address), "%s", address);
	b->items[oldest].since = now;
	b->items[oldest].n = 0;
	return oldest;
}

static bool brake_holds(struct enrol_brake *b, const char *from, uint64_t now)
{
	char address[64];
	unsigned i;

	address_of(from, address);
	i = place_of(b, address, now);
	if (now - b->since > ENROL_TRIES_S * NS_PER_SEC) {
		b->since = now;
		b->n = 0;
	}
	if (now - b->items[i].since > ENROL_TRIES_S * NS_PER_SEC) {
		b->items[i].since = now;
		b->items[i].n = 0;
	}
	return b->n >= ENROL_TRIES_ALL || b->items[i].n >= ENROL_TRIES;
}

static void brake_note(struct enrol_brake *b, const char *from, uint64_t now)
{
	char address[64];

	address_of(from, address);
	b->items[place_of(b, address, now)].n++;
	b->n++;
}

/* ---- certificates ---- */

static int issue(struct enrol *n, const struct fleet_cert *wanted, const uint8_t point[CA_POINT],
		 struct fleet_cert *ret, struct errmsg *e)
{
	int64_t now = (int64_t)(wanted->issued / NS_PER_SEC);
	struct ca_order order = {role_parse(wanted->role),
				 wanted->name,
				 {now - SKEW_S, now + (int64_t)n->life_s},
				 wanted->site};
	struct identity id;
	int rc;

	*ret = *wanted;
	rc = ca_helper_issue(n->ca, &order, point, ret->der, &ret->der_len, e);
	if (rc == 0)
		rc = ca_read_identity(SLICE(ret->der, ret->der_len), &id, e);
	if (rc == 0) {
		snprintf(ret->serial, sizeof(ret->serial), "%s", id.serial);
		ret->until = (uint64_t)id.until * NS_PER_SEC;
	}
	return rc;
}

static void fill_answer(struct enrol *n, struct enrol_memory *m, struct enrol_answer *ret)
{
	struct errmsg e = {""};

	*ret = (struct enrol_answer){.refused = m->sentence};
	if (ca_helper_cas(n->ca, &m->cas, &e)) {
		snprintf(m->sentence, sizeof(m->sentence), "later: the centre's CA is away");
		log_error(n->log, "%s", e.text);
		return;
	}
	for (unsigned i = 1; i < m->cas.n; i++)
		m->more[i - 1].der = SLICE(m->cas.der[i], m->cas.len[i]);
	*ret = (struct enrol_answer){
		.certificate = SLICE(m->cert.der, m->cert.der_len),
		.ca = SLICE(m->cas.der[0], m->cas.len[0]),
		.expires = m->cert.until,
		.refused = "",
		.name = m->cert.name,
		.role = m->cert.role,
		.site = m->cert.site,
		.more = {m->more, m->cas.n - 1},
	};
}

/* ---- a code is used ---- */

/* Why not; 0 when a certificate may be made of it. */
static int judge_code(struct enrol *n, const struct enrol_request *q, uint64_t now,
		      struct fleet_code *c, struct errmsg *e)
{
	struct enrol_code code;
	char hash[FLEET_HEX], date[32];
	int found;

	if (enrol_code_parse(q->code, &code, e))
		return ERR_INVALID;
	enrol_code_hash(&code, hash);
	found = fleet_code_find(n->store, hash, c, e);
	if (found < 0)
		return ERR_IO;
	if (!found)
		return errmsg_set(e, ERR_DENIED, "this code is not known here");
	if (strcmp(role_text(enrol_code_role(&code)), c->role) != 0)
		return errmsg_set(e, ERR_DENIED, "this code is not known here");
	date_text(c->gone ? c->gone : c->expires, date);
	if (c->gone)
		return errmsg_set(e, ERR_DENIED, "this code was withdrawn on %s: ask for a new one",
				  date);
	if (c->expires <= now)
		return errmsg_set(e, ERR_DENIED, "this code expired on %s: ask for a new one",
				  date);
	return 0;
}

/* Used before: by the same key the same certificate is given. */
static int used_before(struct enrol *n, const struct fleet_code *c, const char *key,
		       struct enrol_memory *m, struct errmsg *e)
{
	char date[32];

	if (fleet_cert_find(n->store, c->serial, &m->cert, e) < 0)
		return ERR_IO;
	date_text(c->used, date);
	if (strcmp(c->key, key) != 0)
		return errmsg_set(
			e, ERR_DENIED,
			"this code was used on %s by another box, from %s: a code is good "
			"once; if that was not yours, revoke %s",
			date, c->from, c->name);
	if (!m->cert.serial[0] || m->cert.revoked)
		return errmsg_set(e, ERR_DENIED,
				  "what this code gave was revoked: ask for a new code");
	return 0;
}

static int first_use(struct enrol *n, struct fleet_code *c, const uint8_t point[CA_POINT],
		     const char *from, uint64_t now, struct enrol_memory *m, struct errmsg *e)
{
	struct fleet_cert wanted = {.issued = now};
	long gone;
	int rc;

	snprintf(wanted.name, sizeof(wanted.name), "%s", c->name);
	snprintf(wanted.role, sizeof(wanted.role), "%s", c->role);
	snprintf(wanted.site, sizeof(wanted.site), "%s", c->site);
	snprintf(wanted.key, sizeof(wanted.key), "%s", c->key);
	rc = issue(n, &wanted, point, &m->cert, e);
	if (rc)
		return rc;
	c->used = now;
	snprintf(c->from, sizeof(c->from), "%.63s", from);
	snprintf(c->serial, sizeof(c->serial), "%s", m->cert.serial);
	rc = store_begin(n->store, e);
	if (rc)
		return rc;
	/* The box that had the name before is void with that. */
	gone = fleet_certs_revoke(n->store, c->name, "", "", "enrolled again", now, e);
	if (gone < 0)
		rc = ERR_IO;
	if (rc == 0)
		rc = fleet_cert_put(n->store, &m->cert, e);
	if (rc == 0)
		rc = fleet_code_used(n->store, c, e);
	if (rc == 0)
		rc = store_commit(n->store, e);
	if (rc)
		store_rollback(n->store);
	n->has_revoked = n->has_revoked || (rc == 0 && gone > 0);
	if (rc == 0)
		snprintf(n->enrolled, sizeof(n->enrolled), "%s", c->name);
	return rc;
}

static int answer_code(struct enrol *n, const struct enrol_request *q, const char *from,
		       uint64_t now, struct enrol_memory *m, struct errmsg *e)
{
	struct fleet_code c;
	uint8_t point[CA_POINT];
	char key[FLEET_HEX];
	int rc = judge_code(n, q, now, &c, e);

	if (rc == 0)
		rc = ca_request_point(q->csr, point, e);
	if (rc)
		return rc;
	hash_hex(SLICE(point, sizeof(point)), key);
	if (c.used)
		return used_before(n, &c, key, m, e);
	snprintf(c.key, sizeof(c.key), "%s", key);
	rc = first_use(n, &c, point, from, now, m, e);
	if (rc == 0) {
		log_info(n->log, "%s %s of site %s is enrolled, from %s", c.role, c.name, c.site,
			 from);
		n->audit(n->ctx, c.by, "enrolled",
			 json_pack("{so ss so so ss}", "name", local_text(c.name), "role", c.role,
				   "site", local_text(c.site), "from", local_text(from), "serial",
				   m->cert.serial));
	}
	return rc;
}

void enrol_answer(struct enrol *n, const struct enrol_request *q, const char *from, uint64_t now,
		  struct enrol_answer *ret, struct enrol_memory *m)
{
	struct errmsg e = {""};
	int rc;

	memset(m, 0, sizeof(*m));
	*ret = (struct enrol_answer){.refused = m->sentence};
	if (brake_holds(&n->brake, from, now)) {
		snprintf(m->sentence, sizeof(m->sentence),
			 "later: too many wrong codes came; try again in %d minutes",
			 ENROL_TRIES_S / 60);
		return;
	}
	rc = answer_code(n, q, from, now, m, &e);
	if (rc == 0) {
		fill_answer(n, m, ret);
		return;
	}
	log_warn(n->log, "%s is not enrolled: %s", from, e.text);
	if (rc == ERR_IO) {
		snprintf(m->sentence, sizeof(m->sentence),
			 "later: the centre cannot do it just now");
		return;
	}
	brake_note(&n->brake, from, now);
	snprintf(m->sentence, sizeof(m->sentence), "%s", e.text);
}

/* ---- renewal ---- */

static int renew(struct enrol *n, const struct enrol_request *q, const struct identity *peer,
		 uint64_t now, struct enrol_memory *m, struct errmsg *e)
{
	struct fleet_cert wanted = {.issued = now};
	uint8_t point[CA_POINT];
	int rc = ca_request_point(q->csr, point, e);

	if (rc)
		return rc;
	hash_hex(SLICE(point, sizeof(point)), wanted.key);
	rc = fleet_cert_of_key(n->store, peer->name, wanted.key, &m->cert, e);
	if (rc > 0 && strcmp(m->cert.serial, peer->serial) != 0)
		return 0; /* the answer was lost: the same again */
	if (rc < 0)
		return rc;
	if (fleet_cert_of_name(n->store, peer->name, &m->cert, e) > 0 &&
	    strcmp(m->cert.serial, peer->serial) != 0 && m->cert.revoked == 0 &&
	    now - m->cert.issued < n->life_s * NS_PER_SEC / RENEW_PART)
		return errmsg_set(e, ERR_AGAIN, "later: it has got one just now");
	snprintf(wanted.name, sizeof(wanted.name), "%s", peer->name);
	snprintf(wanted.role, sizeof(wanted.role), "%s", role_text(peer->role));
	snprintf(wanted.site, sizeof(wanted.site), "%s", peer->site);
	rc = issue(n, &wanted, point, &m->cert, e);
	if (rc == 0)
		rc = store_begin(n->store, e);
	if (rc)
		return rc;
	/* At most one waits to be used beside the one in use. */
	if (fleet_certs_revoke(n->store, peer->name, peer->serial, "", "never used", now, e) < 0)
		rc = ERR_IO;
	if (rc == 0)
		rc = fleet_cert_put(n->store, &m->cert, e);
	if (rc == 0)
		rc = store_commit(n->store, e);
	if (rc)
		store_rollback(n->store);
	return rc;
}

void enrol_renew(struct enrol *n, const struct enrol_request *q, const struct identity *peer,
		 uint64_t now, struct enrol_answer *ret, struct enrol_memory *m)
{
	struct errmsg e = {""};
	int rc;

	memset(m, 0, sizeof(*m));
	*ret = (struct enrol_answer){.refused = m->sentence};
	rc = renew(n, q, peer, now, m, &e);
	if (rc == 0) {
		log_info(n->log, "%s %s gets its next certificate", role_text(peer->role),
			 peer->name);
		fill_answer(n, m, ret);
		return;
	}
	log_warn(n->log, "%s %s gets no new certificate: %s", role_text(peer->role), peer->name,
		 e.text);
	snprintf(m->sentence, sizeof(m->sentence), "%s", e.text);
}

long enrol_came(struct enrol *n, const struct identity *peer, uint64_t now, struct errmsg *e)
{
	struct fleet_cert c;
	int rc = fleet_cert_find(n->store, peer->serial, &c, e);

	/* One that was made by hand tells nothing of the others. */
	if (rc <= 0 || strcmp(c.name, peer->name) != 0)
		return rc;
	return fleet_certs_revoke_older(n->store, peer->name, peer->serial, c.issued, "renewed",
					now, e);
}

int enrol_revoke(struct enrol *n, const char *name, const char *reason, const char *actor,
		 uint64_t now, struct errmsg *e)
{
	long gone, codes;
	int rc = store_begin(n->store, e);

	if (rc)
		return rc;
	gone = fleet_certs_revoke(n->store, name, "", "", reason, now, e);
	codes = gone < 0 ? gone : fleet_codes_withdraw(n->store, name, "", now, e);
	rc = gone < 0 || codes < 0 ? ERR_IO : store_commit(n->store, e);
	if (rc) {
		store_rollback(n->store);
		return rc;
	}
	if (gone + codes == 0)
		return errmsg_set(e, ERR_NOTFOUND,
				  "there is no certificate and no code of %s that holds", name);
	n->audit(n->ctx, actor, "revoked",
		 json_pack("{so so sI}", "name", local_text(name), "reason", local_text(reason),
			   "certificates", (json_int_t)gone));
	log_warn(n->log, "%s revoked the certificate of %s: %s", actor, name, reason);
	return 0;
}

/* ---- the centre's own ---- */

int enrol_own(struct helper *ca, const char *dir, const char *name, const char *site,
	      uint64_t life_s, struct errmsg *e)
{
	int64_t now = time(NULL);
	struct ca_order order = {ROLE_CENTRE, name, {now - SKEW_S, now + (int64_t)life_s}, site};
	uint8_t point[CA_POINT], der[CA_DER_MAX];
	struct trusted_ca more[CA_HELPER_CAS];
	struct enrol_answer a = {.refused = ""};
	struct identity id;
	struct ca_set cas;
	struct slice csr;
	size_t len = 0;
	int rc = enrol_place_request(dir, name, &csr, e);

	if (rc)
		return rc;
	rc = ca_request_point(csr, point, e);
	payload_free(&csr);
	if (rc == 0)
		rc = ca_helper_issue(ca, &order, point, der, &len, e);
	if (rc == 0)
		rc = ca_helper_cas(ca, &cas, e);
	if (rc)
		return rc;
	for (unsigned i = 1; i < cas.n; i++)
		more[i - 1].der = SLICE(cas.der[i], cas.len[i]);
	a.certificate = SLICE(der, len);
	a.ca = SLICE(cas.der[0], cas.len[0]);
	a.more = (struct trusted_ca_list){more, cas.n - 1};
	return enrol_place_store(dir, &a, ROLE_CENTRE, NULL, &id, e);
}
