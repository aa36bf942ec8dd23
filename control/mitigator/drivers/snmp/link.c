/* The library's headers clash with names of ours and have warnings of their own: they are seen
 * here alone. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "control/mitigator/drivers/snmp/link.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	REPETITIONS = 25, /* objects of one answer while walking: fits into 1,500 bytes */
	TRY_MS = 700,	  /* before a request is sent again */
	WALK_MAX = 1 << 20,
};

struct snmp_link {
	void *session;
	const struct device *device;
	const struct driver_config *config;
	int64_t deadline;
	bool answered; /* to a request, beyond telling its engine */
};

int64_t snmp_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct snmp_name snmp_name_with(const struct snmp_name *base, uint32_t last)
{
	struct snmp_name name = *base;

	if (name.n < SNMP_NAME_IDS)
		name.ids[name.n++] = last;
	return name;
}

bool snmp_name_below(const struct snmp_name *name, const struct snmp_name *base)
{
	return name->n > base->n &&
	       memcmp(name->ids, base->ids, base->n * sizeof(base->ids[0])) == 0;
}

/* ---- opening ---- */

static const struct protocol {
	const char *word;
	const oid *id;
	size_t n;
} auths[] =
	{
		{"SHA", usmHMACSHA1AuthProtocol, 10},
		{"SHA-224", usmHMAC128SHA224AuthProtocol, 10},
		{"SHA-256", usmHMAC192SHA256AuthProtocol, 10},
		{"SHA-384", usmHMAC256SHA384AuthProtocol, 10},
		{"SHA-512", usmHMAC384SHA512AuthProtocol, 10},
},
  privacies[] = {
	  {"AES", usmAESPrivProtocol, 10},
	  {"AES-192", usmAES192PrivProtocol, 9},
	  {"AES-256", usmAES256PrivProtocol, 9},
};

static const struct protocol *find_protocol(const struct protocol *all, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].word, word) == 0)
			return &all[i];
	}
	return NULL;
}

/* The library reads no files of its own, writes none and logs nothing: what it would log may have a
 * community in it. */
static void start_library(void)
{
	setenv("MIBS", "", 1);
	snmp_disable_log();
	set_persistent_directory("/dev/null/none");
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	init_snmp("banken");
}

/* A password into the key that the session uses; it stays in no other place. */
static int make_key(const struct protocol *auth, const char *path, u_char *key, size_t *ret_n,
		    struct errmsg *e)
{
	char password[DEVICE_SECRET];
	int n = device_secret(path, password, e), rc = 0;

	if (n < 0)
		return n;
	if (generate_Ku(auth->id, (u_int)auth->n, (const u_char *)password, (size_t)n, key,
			ret_n) != SNMPERR_SUCCESS)
		rc = errmsg_set(e, ERR_INVALID, "%s: no key can be made from it", path);
	explicit_bzero(password, sizeof(password));
	return rc;
}

static int prepare_v3(const struct driver_config *c, struct snmp_session *s, struct errmsg *e)
{
	const struct protocol *auth = find_protocol(auths, ARRAY_SIZE(auths), c->auth);
	const struct protocol *privacy =
		find_protocol(privacies, ARRAY_SIZE(privacies), c->privacy);
	int rc;

	if (!auth || !privacy)
		return errmsg_set(e, ERR_INVALID, "auth or privacy is not known");
	s->version = SNMP_VERSION_3;
	s->securityModel = SNMP_SEC_MODEL_USM;
	s->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	s->securityName = (char *)c->user;
	s->securityNameLen = strlen(c->user);
	s->securityAuthProto = (oid *)auth->id;
	s->securityAuthProtoLen = auth->n;
	s->securityPrivProto = (oid *)privacy->id;
	s->securityPrivProtoLen = privacy->n;
	s->securityAuthKeyLen = sizeof(s->securityAuthKey);
	s->securityPrivKeyLen = sizeof(s->securityPrivKey);
	rc = make_key(auth, c->auth_file, s->securityAuthKey, &s->securityAuthKeyLen, e);
	if (rc == 0)
		rc = make_key(auth, c->privacy_file, s->securityPrivKey, &s->securityPrivKeyLen, e);
	return rc;
}

/* The library keeps users with their keys: a changed password would not be taken up. */
static void forget_users(void)
{
	struct usmUser *user;

	while ((user = usm_get_userList()) != NULL) {
		usm_remove_user(user);
		usm_free_user(user);
	}
}

/* Of a library's error; ERR_AGAIN: nobody answered. */
static int explain(const struct snmp_link *l, int error, struct errmsg *e)
{
	const char *name = l->device->name;
	bool plain = strcmp(l->config->version, "2c") == 0;

	/* What cannot be decrypted is not answered. */
	if (error == SNMPERR_TIMEOUT && l->session && !plain && !l->answered &&
	    snmp_sess_session(l->session)->securityEngineIDLen)
		return errmsg_set(e, ERR_AGAIN,
				  "%s speaks version 3 and is silent to what is encrypted: another "
				  "password than in %.80s, not by %s, or overloaded",
				  name, l->config->privacy_file, l->config->privacy);
	switch (error) {
	case SNMPERR_TIMEOUT:
		return errmsg_set(e, ERR_AGAIN, "%s port %u is silent to SNMP version %s: away%s",
				  name, l->device->port, l->config->version,
				  plain ? ", or another community"
					: ", or it does not speak this version");
	case SNMPERR_UNKNOWN_USER_NAME:
		return errmsg_set(e, ERR_DENIED, "%s does not know the user \"%s\"", name,
				  l->config->user);
	case SNMPERR_AUTHENTICATION_FAILURE:
		return errmsg_set(e, ERR_DENIED,
				  "%s refuses the authentication: another password than in %.80s, "
				  "or not by %s",
				  name, l->config->auth_file, l->config->auth);
	case SNMPERR_DECRYPTION_ERR:
		return errmsg_set(e, ERR_DENIED,
				  "%s cannot decrypt: another password than in %.80s, or not by %s",
				  name, l->config->privacy_file, l->config->privacy);
	case SNMPERR_UNSUPPORTED_SEC_LEVEL:
		return errmsg_set(e, ERR_DENIED, "%s gives the user \"%s\" no encryption", name,
				  l->config->user);
	default:
		return errmsg_set(e, ERR_IO, "%s port %u: %.120s", name, l->device->port,
				  snmp_api_errstring(error));
	}
}

/* What is left of the time, cut into tries. A change has one: a switch that writes into its flash
 * may take seconds, and a second request would be a second order. */
static int share_time(const struct snmp_link *l, struct snmp_session *s, bool change)
{
	int64_t left = l->deadline - snmp_now_ms(), one = change || left < TRY_MS ? left : TRY_MS;

	if (left <= 0)
		return ERR_AGAIN;
	s->timeout = (long)one * 1000;
	s->retries = (int)(left / one - 1 < 2 ? left / one - 1 : 2);
	return 0;
}

static int open_session(struct snmp_link *l, struct snmp_session *s, struct errmsg *e)
{
	int error = SNMPERR_TIMEOUT;

	if (share_time(l, s, false) == 0)
		l->session = snmp_sess_open(s);
	if (l->session)
		return 0;
	if (s->s_snmp_errno)
		error = s->s_snmp_errno;
	return explain(l, error, e);
}

struct snmp_link *snmp_link_open(const struct driver_config *c, const struct device *d,
				 int64_t deadline, int *ret_rc, struct errmsg *e)
{
	struct snmp_link *l = calloc(1, sizeof(*l));
	char peer[IP_ADDR_TEXT + 24], address[IP_ADDR_TEXT], community[DEVICE_SECRET] = "";
	bool four = ip_addr_is_v4(&d->ip);
	struct snmp_session s;
	int rc = l ? 0 : errmsg_set(e, ERR_NOMEM, "no memory");

	start_library();
	snmp_sess_init(&s);
	ip_addr_text(&d->ip, address, false);
	snprintf(peer, sizeof(peer), four ? "udp:%s:%u" : "udp6:[%s]:%u", address, d->port);
	s.peername = peer;
	if (rc == 0 && strcmp(c->version, "2c") == 0) {
		s.version = SNMP_VERSION_2c;
		rc = device_secret(c->secret_file, community, e);
		s.community = (u_char *)community;
		s.community_len = strlen(community);
	} else if (rc == 0) {
		rc = prepare_v3(c, &s, e);
	}
	if (rc >= 0) {
		*l = (struct snmp_link){.device = d, .config = c, .deadline = deadline};
		rc = open_session(l, &s, e);
	}
	explicit_bzero(community, sizeof(community));
	explicit_bzero(&s, sizeof(s));
	*ret_rc = rc;
	if (rc == 0)
		return l;
	forget_users();
	free(l);
	return NULL;
}

void snmp_link_close(struct snmp_link *l)
{
	if (!l)
		return;
	snmp_sess_close(l->session);
	forget_users();
	free(l);
}

void snmp_link_until(struct snmp_link *l, int64_t deadline)
{
	l->deadline = deadline;
}

/* ---- asking ---- */

static size_t to_oid(const struct snmp_name *name, oid ret[SNMP_NAME_IDS])
{
	for (unsigned i = 0; i < name->n; i++)
		ret[i] = name->ids[i];
	return name->n;
}

static void take(const netsnmp_variable_list *v, struct snmp_cell *ret)
{
	ret->kind = SNMP_NOTHING;
	ret->number = 0;
	ret->n = 0;
	ret->name.n = 0;
	for (size_t i = 0; i < v->name_length && i < SNMP_NAME_IDS; i++)
		ret->name.ids[ret->name.n++] = (uint32_t)v->name[i];
	switch (v->type) {
	case ASN_INTEGER:
		ret->kind = SNMP_INTEGER;
		ret->number = *v->val.integer;
		break;
	case ASN_GAUGE:
	case ASN_COUNTER:
	case ASN_TIMETICKS:
		ret->kind = SNMP_UNSIGNED;
		ret->number = (uint32_t)*v->val.integer;
		break;
	case ASN_OCTET_STR:
		ret->kind = SNMP_TEXT;
		ret->n = v->val_len < SNMP_VALUE_MAX ? v->val_len : SNMP_VALUE_MAX;
		memcpy(ret->text, v->val.string, ret->n);
		break;
	default:
		break;
	}
}

/* Sends and waits; the answer is the caller's to free. */
static int ask(struct snmp_link *l, netsnmp_pdu *pdu, netsnmp_pdu **ret, struct errmsg *e)
{
	int system = 0, error = 0, status;
	char *text = NULL;

	*ret = NULL;
	if (share_time(l, snmp_sess_session(l->session), pdu->command == SNMP_MSG_SET) < 0) {
		snmp_free_pdu(pdu);
		return explain(l, SNMPERR_TIMEOUT, e);
	}
	status = snmp_sess_synch_response(l->session, pdu, ret);
	if (status == STAT_SUCCESS && *ret) {
		l->answered = true;
		return 0;
	}
	if (*ret)
		snmp_free_pdu(*ret);
	*ret = NULL;
	snmp_sess_error(l->session, &system, &error, &text);
	free(text);
	return explain(l, status == STAT_TIMEOUT ? SNMPERR_TIMEOUT : error, e);
}

int snmp_link_get(struct snmp_link *l, struct snmp_cell *cells, unsigned n, struct errmsg *e)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET), *answer;
	const netsnmp_variable_list *v;
	unsigned i = 0;
	int rc;

	for (unsigned k = 0; k < n; k++) {
		oid id[SNMP_NAME_IDS];

		snmp_add_null_var(pdu, id, to_oid(&cells[k].name, id));
	}
	rc = ask(l, pdu, &answer, e);
	if (rc < 0)
		return rc;
	if (answer->errstat != SNMP_ERR_NOERROR)
		rc = errmsg_set(e, ERR_IO, "%s: %s", l->device->name,
				snmp_errstring((int)answer->errstat));
	for (v = answer->variables; rc == 0 && v && i < n; v = v->next_variable)
		take(v, &cells[i++]);
	if (rc == 0 && i < n)
		rc = errmsg_set(e, ERR_IO, "%s answers less than it was asked", l->device->name);
	snmp_free_pdu(answer);
	return rc;
}

static bool precedes(const struct snmp_name *a, const struct snmp_name *b)
{
	unsigned n = a->n < b->n ? a->n : b->n;

	for (unsigned i = 0; i < n; i++) {
		if (a->ids[i] != b->ids[i])
			return a->ids[i] < b->ids[i];
	}
	return a->n < b->n;
}

/* Takes one answer's objects. False at the end of the table, or when the device goes in circles. */
static bool take_rows(const netsnmp_pdu *answer, const struct snmp_name *base,
		      struct snmp_cell *last, snmp_row_fn fn, void *ctx)
{
	const netsnmp_variable_list *v = answer->variables;
	struct snmp_cell cell;

	if (answer->errstat != SNMP_ERR_NOERROR || !v)
		return false;
	for (; v; v = v->next_variable) {
		if (v->type == SNMP_ENDOFMIBVIEW || v->type == SNMP_NOSUCHOBJECT ||
		    v->type == SNMP_NOSUCHINSTANCE)
			return false;
		take(v, &cell);
		if (!snmp_name_below(&cell.name, base) || !precedes(&last->name, &cell.name) ||
		    !fn(ctx, &cell))
			return false;
		*last = cell;
	}
	return true;
}

int snmp_link_walk(struct snmp_link *l, const struct snmp_name *base, snmp_row_fn fn, void *ctx,
		   struct errmsg *e)
{
	struct snmp_cell last = {.name = *base};
	bool more = true;
	int rc = 0;

	for (unsigned i = 0; more && rc == 0 && i < WALK_MAX / REPETITIONS; i++) {
		netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK), *answer;
		oid id[SNMP_NAME_IDS];

		pdu->non_repeaters = 0;
		pdu->max_repetitions = REPETITIONS;
		snmp_add_null_var(pdu, id, to_oid(&last.name, id));
		rc = ask(l, pdu, &answer, e);
		if (rc < 0)
			break;
		more = take_rows(answer, base, &last, fn, ctx);
		snmp_free_pdu(answer);
	}
	return rc;
}

static void add_cell(netsnmp_pdu *pdu, const struct snmp_cell *c)
{
	long number = (long)c->number;
	oid id[SNMP_NAME_IDS];
	size_t n = to_oid(&c->name, id);

	if (c->kind == SNMP_TEXT)
		snmp_pdu_add_variable(pdu, id, n, ASN_OCTET_STR, c->text, c->n);
	else
		snmp_pdu_add_variable(pdu, id, n,
				      c->kind == SNMP_UNSIGNED ? ASN_UNSIGNED : ASN_INTEGER,
				      &number, sizeof(number));
}

int snmp_link_set(struct snmp_link *l, const struct snmp_cell *cells, unsigned n, struct errmsg *e)
{
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET), *answer;
	int rc;

	for (unsigned i = 0; i < n; i++)
		add_cell(pdu, &cells[i]);
	rc = ask(l, pdu, &answer, e);
	if (rc < 0)
		return rc;
	if (answer->errstat != SNMP_ERR_NOERROR)
		rc = errmsg_set(e, ERR_DENIED, "%s says no to the change (object %ld): %s",
				l->device->name, answer->errindex,
				snmp_errstring((int)answer->errstat));
	snmp_free_pdu(answer);
	return rc;
}
