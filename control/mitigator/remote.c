/* What people ask for at the centre's pages. The centre signs it and says whose account it was; the
 * mandate, which lies on this machine, says which acts are taken from the customer's own people and
 * which from the vendor's. Without a word of it there: none. The kill switch is never overruled. An
 * order is carried out by the command of the local socket, so that it is checked and audited as if
 * the person stood here, under a name that shows where it came from. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/vendor/mandate.h"
#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/slice.h"

enum { SKEW_S = 300, KEPT_DAYS = 30, LOOK_S = 2, ID_MAX = 95, SAID_MAX = 1500, TRY_DAYS = 30 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS remote_order(id TEXT PRIMARY KEY, time INTEGER, accepted "
	"INTEGER, text TEXT) WITHOUT ROWID";

int remote_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	return 0;
}

/* ---- what was answered ---- */

struct said {
	bool accepted;
	char text[SAID_MAX];
};

static void keep(struct mitigator *m, const char *id, const struct said *a)
{
	uint64_t now = mitigator_now(m).wall;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db, "INSERT OR IGNORE INTO remote_order VALUES(?,?,?,?)", -1, &s,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 2, (sqlite3_int64)now);
		sqlite3_bind_int(s, 3, a->accepted);
		sqlite3_bind_text(s, 4, a->text, -1, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			log_error(&m->log, "an order's answer is not stored: %s",
				  sqlite3_errmsg(m->db));
		sqlite3_finalize(s);
	}
	if (sqlite3_prepare_v2(m->db, "DELETE FROM remote_order WHERE time<?", -1, &s, NULL) !=
	    SQLITE_OK)
		return;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)(now - KEPT_DAYS * NS_PER_DAY));
	sqlite3_step(s);
	sqlite3_finalize(s);
}

/* The same order again has the answer of before, and does nothing. */
static bool said_before(struct mitigator *m, const char *id, struct said *ret)
{
	sqlite3_stmt *s;
	bool found;

	if (sqlite3_prepare_v2(m->db, "SELECT accepted, text FROM remote_order WHERE id=?", -1, &s,
			       NULL) != SQLITE_OK)
		return true;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		ret->accepted = sqlite3_column_int(s, 0);
		snprintf(ret->text, sizeof(ret->text), "%s",
			 (const char *)sqlite3_column_text(s, 1) ?: "");
	}
	sqlite3_finalize(s);
	return found;
}

static void tell(struct mitigator *m, const struct person_order *o, const struct said *a)
{
	struct message msg = {.kind = MESSAGE_STATUS};

	msg.status = (struct command_status){.command_id = o->id,
					     .state = a->accepted ? COMMAND_STATE_ACKED
								  : COMMAND_STATE_REFUSED,
					     .time = mitigator_now(m).wall,
					     .actor = m->name,
					     .reason = a->text,
					     .method = "person"};
	tell_centre(m, &msg);
}

/* ---- whether ---- */

static const struct {
	const char *name, *command;
	enum mandate_act act;
	bool cuts; /* not while the kill switch stands */
} acts[] = {
	{"approve", "approve", MANDATE_APPROVE, true},
	{"refuse", "refuse", MANDATE_REFUSE, false},
	{"release", "release", MANDATE_RELEASE, false},
	{"except", "except", MANDATE_EXCEPT, false},
	{"mandate", NULL, MANDATE_EDIT, false},
	{"policy", "policy_put", MANDATE_POLICY, false},
	{"policy-try", NULL, MANDATE_POLICY, false},
	{"collect", NULL, MANDATE_COLLECT, false},
};

static bool id_ok(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:");

	return n > 0 && n <= ID_MAX && id[n] == 0;
}

static int check(struct mitigator *m, const struct person_order *o, const struct mandate *md,
		 unsigned *ret_act, struct errmsg *e)
{
	uint64_t now = mitigator_now(m).wall;
	unsigned k = 0;

	while (k < ARRAY_SIZE(acts) && strcmp(acts[k].name, o->act) != 0)
		k++;
	if (k == ARRAY_SIZE(acts))
		return errmsg_set(e, ERR_DENIED, "this mitigator does not know \"%.40s\"", o->act);
	*ret_act = k;
	if (strcmp(o->target, m->name) != 0)
		return errmsg_set(e, ERR_DENIED, "a foreign order: for %.60s, this is %s",
				  o->target, m->name);
	if (o->expires < now || o->issued > now + SKEW_S * NS_PER_SEC)
		return errmsg_set(e, ERR_DENIED, "the order is no longer good, or a clock is off");
	if (o->account[0] == 0)
		return errmsg_set(e, ERR_DENIED, "the order names no person");
	if (!mandate_allows(md, o->customer[0], acts[k].act, now))
		return errmsg_set(e, ERR_DENIED,
				  "the mandate on this machine does not let %s do this from the "
				  "centre (%s: %s)",
				  o->customer[0] ? "the customer's people" : "the vendor's people",
				  o->customer[0] ? "people" : "vendor-people", acts[k].name);
	if (acts[k].cuts && m->decide.kill_switch)
		return errmsg_set(e, ERR_DENIED, "people here have stopped all cuts");
	return 0;
}

/* ---- what ---- */

/* A mandate that the customer's administrator wrote at the centre: kept beside the one on this
 * machine, which says whether it counts and who may do what. */
static int edit_mandate(struct mitigator *m, const struct person_order *o, const char *actor,
			struct errmsg *e)
{
	struct slice text = SLICE(o->body, strlen(o->body));
	struct mandate md;
	char path[512];
	int rc = mandate_parse(o->body, text.len, "this mandate", &md, e);

	if (rc < 0)
		return rc;
	mandate_edited_path(m->settings.state_folder, path);
	rc = mitigator_begin(m, e);
	rc = rc < 0 ? rc : file_write(path, text, 0600, e);
	if (rc < 0)
		return rc;
	audit_note(
		m, actor, "mandate",
		json_pack("{so so}", "to", local_text(o->body), "reason", local_text(o->reason)));
	pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	m->mandate_told = 0;
	return mitigator_commit(m, e);
}

static json_t *request_of(const struct person_order *o, const char *command)
{
	json_t *request = json_loads(o->body, JSON_REJECT_DUPLICATES, NULL);
	char id[128];

	if (!json_is_object(request)) {
		json_decref(request);
		request = json_object();
	}
	/* A cut is named without the number of its latest command. */
	snprintf(id, sizeof(id), "%.100s%s", o->subject, strrchr(o->subject, '.') ? "" : ".0");
	if (o->subject[0])
		json_object_set_new(request, "command_id", local_text(id));
	json_object_del(request, "host");
	json_object_del(request, "actor");
	json_object_set_new(request, "do", json_string(command));
	json_object_set_new(request, "reason", local_text(o->reason));
	return request;
}

/* What the policy would have done here: nothing is changed. */
static int try_policy(struct mitigator *m, const struct person_order *o, struct said *ret,
		      struct errmsg *e)
{
	json_t *body = json_loads(o->body, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(body, "text"));
	json_int_t days = json_integer_value(json_object_get(body, "days"));
	int rc = text ? policy_try(m, text, days > 0 && days <= 365 ? (unsigned)days : TRY_DAYS,
				   ret->text, sizeof(ret->text), e)
		      : errmsg_set(e, ERR_INVALID, "there is no policy in the order");

	json_decref(body);
	return rc;
}

static int collect_carved(struct mitigator *m, const struct person_order *o, const char *sha256,
			  const char *types, const char *actor, struct said *ret, struct errmsg *e)
{
	const struct collect_wish w = {.sha256 = sha256,
				       .types = types,
				       .sensor = "",
				       .actor = actor,
				       .reason = o->reason};
	char id[96];
	int rc;

	if (!types[0])
		return errmsg_set(e, ERR_DENIED, "the order names no types of files");
	rc = collect_sample(m, &w, id, e);
	if (rc == 0)
		snprintf(ret->text, sizeof(ret->text), "sample %s", id);
	return rc == 0 ? mitigator_commit(m, e) : rc;
}

/* Only types that the mandate names may leave (E4). */
static int collect(struct mitigator *m, const struct person_order *o, const char *actor,
		   struct said *ret, struct errmsg *e)
{
	json_t *body = json_loads(o->body, JSON_REJECT_DUPLICATES, NULL), *type;
	const char *host = json_string_value(json_object_get(body, "host"));
	const char *sha256 = json_string_value(json_object_get(body, "sha256"));
	char types[MANDATE_TYPES * MANDATE_TYPE] = "";
	size_t i, n = 0;
	struct mandate md;
	int rc = host || sha256 ? 0
				: errmsg_set(e, ERR_INVALID, "the order names no host and no file");

	mandate_in_force(m->settings.mandate, m->settings.state_folder, &md, NULL);
	json_array_foreach(json_object_get(body, "types"), i, type)
	{
		const char *word = json_string_value(type) ?: "";

		if (rc == 0 && !mandate_lets_leave(&md, word))
			rc = errmsg_set(e, ERR_DENIED,
					"the mandate on this machine lets no file of type "
					"\"%.20s\" leave (file-types)",
					word);
		if (rc == 0 && n < sizeof(types))
			n += (size_t)snprintf(types + n, sizeof(types) - n, "%s%s", n ? " " : "",
					      word);
	}
	/* Of a carved file the sensor decides once more, by its own list. */
	if (rc == 0 && sha256)
		rc = collect_carved(m, o, sha256, types, actor, ret, e);
	else if (rc == 0)
		rc = recover_collect(m, host, types, actor, o->reason, ret->text, sizeof(ret->text),
				     e);
	json_decref(body);
	return rc;
}

static int carry_out(struct mitigator *m, const struct person_order *o, unsigned act,
		     const struct identity *signer, struct said *ret, struct errmsg *e)
{
	char account[96], by[64], actor[128];
	struct local_peer peer = {.uid = geteuid(), .account = account, .by = by};
	json_t *request, *answer;

	/* Customers' ids have no space: no account's name can look like the other kind. */
	if (o->customer[0])
		snprintf(account, sizeof(account), "%.20s of %.12s", o->account, o->customer);
	else
		snprintf(account, sizeof(account), "vendor's %.24s", o->account);
	snprintf(by, sizeof(by), "by %.24s", signer->name);
	if (!acts[act].command) {
		snprintf(actor, sizeof(actor), "%.60s (%.40s)", account, by);
		return acts[act].act == MANDATE_EDIT	 ? edit_mandate(m, o, actor, e)
		       : acts[act].act == MANDATE_POLICY ? try_policy(m, o, ret, e)
							 : collect(m, o, actor, ret, e);
	}
	request = request_of(o, acts[act].command);
	answer = local_do(m, acts[act].command, &peer, request, e);
	json_decref(request);
	if (!answer)
		return ERR_INVALID;
	snprintf(ret->text, sizeof(ret->text), "%s",
		 json_string_value(json_object_get(answer, "text")) ?: "");
	if (json_object_get(answer, "number"))
		snprintf(ret->text, sizeof(ret->text), "exception %lld",
			 (long long)json_integer_value(json_object_get(answer, "number")));
	json_decref(answer);
	return 0;
}

void remote_order(struct mitigator *m, const struct message *msg, const char *peer)
{
	const struct person_order *o = &msg->person_order;
	struct identity signer = {.name = ""};
	struct said a = {.accepted = false};
	struct errmsg e = {""};
	struct mandate md;
	unsigned act = 0;
	int rc;

	/* What is forged, or has no proper id, is not stored: it must not use up a true one's. */
	if (sign_check(m->keys, msg, ROLE_SET(ROLE_CENTRE), &signer, &e) < 0 || !id_ok(o->id)) {
		log_warn(&m->log, "an order by way of %s is refused: %s", peer, e.text);
		audit_note(m, peer, "order from the centre refused",
			   json_pack("{so so}", "order", local_text(o->id), "reason",
				     local_text(e.text[0] ? e.text : "its id is malformed")));
		return;
	}
	if (said_before(m, o->id, &a)) {
		tell(m, o, &a);
		return;
	}
	mandate_in_force(m->settings.mandate, m->settings.state_folder, &md, NULL);
	rc = check(m, o, &md, &act, &e);
	if (rc == 0)
		rc = carry_out(m, o, act, &signer, &a, &e);
	a.accepted = rc >= 0;
	if (!a.accepted)
		snprintf(a.text, sizeof(a.text), "%s", e.text);
	log_info(&m->log, "%s of %s at the centre: %s %s: %s %s", o->account,
		 o->customer[0] ? o->customer : "the vendor", o->act, o->subject,
		 a.accepted ? "done" : "refused:", a.text);
	if (mitigator_begin(m, &e) < 0)
		return;
	keep(m, o->id, &a);
	if (!a.accepted)
		audit_note(m, signer.name, "order from the centre refused",
			   json_pack("{so so so so so so}", "order", local_text(o->id), "act",
				     local_text(o->act), "account", local_text(o->account),
				     "customer", local_text(o->customer), "cut",
				     local_text(o->subject), "reason", local_text(a.text)));
	tell(m, o, &a);
}

/* ---- the centre knows what is allowed ---- */

/* After an edit of the file, by hand or from the centre, and after the kill switch was thrown. */
void remote_tick(struct mitigator *m)
{
	struct cut_now now = mitigator_now(m);
	uint64_t print;
	char *text;

	if (!m->centre || now.mono < m->mandate_look)
		return;
	m->mandate_look = now.mono + LOOK_S * NS_PER_SEC;
	text = mandate_describe(m->settings.mandate, m->settings.state_folder, now.wall);
	print = hash_bytes(&(struct hash_key){17, 23}, text ? text : "", text ? strlen(text) : 0);
	print = (print << 1 | m->decide.kill_switch) | 1ull << 63;
	free(text);
	if (print != m->mandate_told)
		m->dirty.state = true;
	m->mandate_told = print;
}
