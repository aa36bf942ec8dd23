/* The vendor's orders (Q13): the centre signs them, the mandate decides, both sides keep a record.
 * What is refused is answered with a reason; what a person here stopped stays stopped. */
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "control/mitigator/vendor/mandate.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum { LOOK_S = 2, SKEW_S = 300 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS vendor_order(id TEXT PRIMARY KEY, time INTEGER, accepted "
	"INTEGER,"
	" release INTEGER, signer TEXT, host TEXT, reason TEXT, text TEXT, state INTEGER)"
	" WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS vendor_order_time ON vendor_order(time);";

int vendor_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

static uint64_t number(struct mitigator *m, const char *sql, uint64_t argument)
{
	sqlite3_stmt *s;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(m->db, sql, -1, &s, NULL) != SQLITE_OK)
		return UINT32_MAX; /* not to be counted is not to be allowed */
	sqlite3_bind_int64(s, 1, (sqlite3_int64)argument);
	if (sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static uint32_t cut_now_by_vendor(struct mitigator *m)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++) {
		const struct cut *c = cuts_at(m->decide.cuts, i);

		n += !cut_state_final(c->state) && c->causes & CAUSE_BIT(CAUSE_VENDOR);
	}
	return n;
}

/* ---- what is known of an order ---- */

struct outcome {
	bool accepted, release;
	enum command_state state;
	const char *signer, *host;
	char text[256];
};

static void store(struct mitigator *m, const struct quarantine_command *q, const struct outcome *o)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "INSERT OR IGNORE INTO vendor_order VALUES(?,?,?,?,?,?,?,?,?)", -1,
			       &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(s, 1, q->command_id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)mitigator_now(m).wall);
	sqlite3_bind_int(s, 3, o->accepted);
	sqlite3_bind_int(s, 4, o->release);
	sqlite3_bind_text(s, 5, o->signer, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, o->host, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, q->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 8, o->text, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 9, (int)o->state);
	if (sqlite3_step(s) != SQLITE_DONE)
		log_error(&m->log, "a vendor's order is not stored: %s", sqlite3_errmsg(m->db));
	sqlite3_finalize(s);
}

/* The same order again has the answer of before, and does nothing. */
static bool answered_before(struct mitigator *m, const char *id, struct outcome *o)
{
	sqlite3_stmt *s;
	bool found;

	if (sqlite3_prepare_v2(m->db, "SELECT accepted, text, state FROM vendor_order WHERE id=?",
			       -1, &s, NULL) != SQLITE_OK)
		return true;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		o->accepted = sqlite3_column_int(s, 0) != 0;
		o->state = (enum command_state)sqlite3_column_int(s, 2);
		snprintf(o->text, sizeof(o->text), "%s",
			 (const char *)sqlite3_column_text(s, 1) ?: "");
	}
	sqlite3_finalize(s);
	return found;
}

static void answer(struct mitigator *m, const struct quarantine_command *q, const struct outcome *o)
{
	struct message msg = {.kind = MESSAGE_STATUS};

	msg.status = (struct command_status){.command_id = q->command_id,
					     .state = o->state,
					     .time = mitigator_now(m).wall,
					     .actor = m->name,
					     .reason = o->text,
					     .method = "mandate",
					     .host = q->host};
	tell_centre(m, &msg);
}

/* ---- orders ---- */

static int carry_out(struct mitigator *m, const struct mandate *md,
		     const struct quarantine_command *q, struct outcome *o, struct errmsg *e)
{
	char host[IP_ADDR_TEXT] = "", actor[96];
	struct decide_order d = {.host = host,
				 .actor = actor,
				 .reason = q->reason,
				 .mitigator = m->name,
				 .end = q->lease_expires};
	struct cut *c = NULL;
	int rc;

	if (ip_addr_is_host(&q->host.ip))
		ip_addr_text(&q->host.ip, host, false);
	else
		mac_addr_text(&q->host.mac, host);
	snprintf(actor, sizeof(actor), "vendor %.30s (%.30s)", o->signer,
		 q->actor[0] ? q->actor : "unnamed");
	if (q->action == COMMAND_RELEASE) {
		rc = decide_vendor_releases(&m->decide, &d, mitigator_now(m), e);
		o->state = COMMAND_STATE_RELEASED;
		return rc;
	}
	rc = decide_vendor_cuts(&m->decide, &d, md->approval, mitigator_now(m), &c, e);
	o->state = c ? cut_state_wire(c->state) : COMMAND_STATE_REQUESTED;
	return rc;
}

static int judge(struct mitigator *m, const struct quarantine_command *q,
		 const struct identity *signer, struct outcome *o, struct errmsg *e)
{
	uint64_t now = mitigator_now(m).wall;
	const struct host *h = ip_addr_is_host(&q->host.ip)
				       ? hosts_by_ip(m->decide.hosts, &q->host.ip)
				       : hosts_by_mac(m->decide.hosts, &q->host.mac);
	const struct incident *i = h ? incidents_of_host(m->decide.incidents, h->id) : NULL;
	struct mandate_case c = {
		.command = q,
		.signer = signer,
		.name = m->name,
		.level = i && i->level > h->level ? i->level
			 : h			  ? h->level
						  : LEVEL_SAFE,
		.cut = cut_now_by_vendor(m),
		.orders = (uint32_t)number(m,
					   "SELECT count(*) FROM vendor_order WHERE accepted=1 AND "
					   "release=0 AND time>=?",
					   now - NS_PER_DAY),
		.now = now,
		.skew = SKEW_S * NS_PER_SEC};
	struct mandate md;
	int rc = mandate_in_force(m->settings.mandate, m->settings.state_folder, &md, e);

	if (rc < 0 && q->action != COMMAND_RELEASE)
		return ERR_DENIED;
	if (mandate_check(&md, &c, e) < 0)
		return ERR_DENIED;
	if (m->decide.kill_switch && q->action != COMMAND_RELEASE)
		return errmsg_set(e, ERR_DENIED, "people here have stopped all cuts");
	return carry_out(m, &md, q, o, e);
}

void vendor_order(struct mitigator *m, const struct message *msg, const char *peer)
{
	const struct quarantine_command *q = &msg->command;
	struct identity signer = {.name = ""};
	char host[TARGET_NAME];
	struct cut_target t = {.mac = q->host.mac};
	struct outcome o = {.release = q->action == COMMAND_RELEASE,
			    .state = COMMAND_STATE_REFUSED,
			    .signer = signer.name,
			    .host = host};
	struct errmsg e = {""};

	target_add_ip(&t, &q->host.ip);
	target_text(&t, host);
	if (sign_check(m->keys, msg, ROLE_SET(ROLE_CENTRE), &signer, &e) < 0) {
		/* Not stored under its id: a forged order must not use up a true one's. */
		log_warn(&m->log, "an order by way of %s is refused: %s", peer, e.text);
		audit_note(m, peer, "vendor order refused",
			   json_pack("{so so so}", "command", local_text(q->command_id), "host",
				     local_text(host), "reason", local_text(e.text)));
		return;
	}
	if (answered_before(m, q->command_id, &o)) {
		answer(m, q, &o);
		return;
	}
	o.accepted = judge(m, q, &signer, &o, &e) >= 0;
	snprintf(o.text, sizeof(o.text), "%s", o.accepted ? "within the mandate" : e.text);
	if (!o.accepted)
		o.state = COMMAND_STATE_REFUSED;
	store(m, q, &o);
	log_warn(&m->log, "vendor's order %s of %s to %s %s: %s: %s", q->command_id, signer.name,
		 command_action_text(q->action), host, o.accepted ? "accepted" : "refused", o.text);
	audit_note(m, signer.name, o.accepted ? "vendor order" : "vendor order refused",
		   json_pack("{so so ss so so}", "command", local_text(q->command_id), "host",
			     local_text(host), "action", command_action_text(q->action), "reason",
			     local_text(q->reason), "answer", local_text(o.text)));
	answer(m, q, &o);
}

/* ---- the customer's hand ---- */

/* The mandate was taken back, or has ended: what stands by it ends with it. */
void vendor_tick(struct mitigator *m)
{
	struct cut_now now = mitigator_now(m);
	struct errmsg e = {""};
	struct mandate md;

	if (now.mono < m->vendor_look || cut_now_by_vendor(m) == 0)
		return;
	m->vendor_look = now.mono + LOOK_S * NS_PER_SEC;
	if (mandate_in_force(m->settings.mandate, m->settings.state_folder, &md, &e) == 0 &&
	    mandate_holds(&md, now.wall))
		return;
	for (unsigned i = 0; i < cuts_count(m->decide.cuts); i++) {
		struct cut *c = cuts_at(m->decide.cuts, i);

		if (!cut_state_final(c->state) && c->causes & CAUSE_BIT(CAUSE_VENDOR))
			cuts_drop_causes(m->decide.cuts, c, CAUSE_BIT(CAUSE_VENDOR), "the mandate",
					 "the mandate does not hold any more", now);
	}
}

/* The vendor's orders, newest first, and whether the mandate holds. */
json_t *vendor_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e)
{
	static const char *const keys[] = {"id", "signer", "host", "reason", "text"};
	struct mitigator *m = ctx;
	json_t *list = json_array();
	struct errmsg why = {""};
	struct mandate md;
	sqlite3_stmt *s;
	int rc = mandate_in_force(m->settings.mandate, m->settings.state_folder, &md, &why);

	if (sqlite3_prepare_v2(
		    m->db,
		    "SELECT id, signer, host, reason, text, time, accepted, release FROM "
		    "vendor_order ORDER BY time DESC LIMIT 1000",
		    -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "%s", sqlite3_errmsg(m->db));
		json_decref(list);
		return NULL;
	}
	while (sqlite3_step(s) == SQLITE_ROW) {
		json_t *row = json_pack(
			"{sI sb sb}", "time", (json_int_t)sqlite3_column_int64(s, 5), "accepted",
			sqlite3_column_int(s, 6), "release", sqlite3_column_int(s, 7));

		for (int i = 0; i < (int)ARRAY_SIZE(keys); i++)
			json_object_set_new(
				row, keys[i],
				local_text((const char *)sqlite3_column_text(s, i) ?: ""));
		json_array_append_new(list, row);
	}
	sqlite3_finalize(s);
	return json_pack("{sb sb so so}", "ok", 1, "holds",
			 rc == 0 && mandate_holds(&md, mitigator_now(m).wall), "mandate",
			 local_text(rc < 0 ? why.text : m->settings.mandate), "orders", list);
}
