/* What is told: events, judgements, people. Rows of the turn's transaction; the outbox moves into
 * the spool after the commit, so that nothing is told that was not stored, and nothing is lost. */
#include <string.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"
#include "control/mitigator/notify.h"
#include "control/mitigator/quarantine/cut_store.h"
#include "dataplane/base/clock.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS outbox(n INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB);"
	"CREATE TABLE IF NOT EXISTS event(id TEXT PRIMARY KEY, time INTEGER, number INTEGER,"
	" ip TEXT, mac TEXT, name TEXT, severity TEXT, category TEXT, url TEXT, threat TEXT,"
	" alert TEXT, command TEXT, mode TEXT, text TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS event_time ON event(time);"
	"CREATE TABLE IF NOT EXISTS judgement(time INTEGER, host TEXT, level TEXT, count INTEGER,"
	" days INTEGER, actions TEXT, mode TEXT, cause TEXT, policy TEXT, address TEXT);"
	"CREATE TABLE IF NOT EXISTS deferred(host TEXT PRIMARY KEY, actions INTEGER, time INTEGER)"
	" WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS judgement_time ON judgement(time);";

int tell_open(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) == SQLITE_OK) {
		/* A table of before; fails where the column is there. */
		sqlite3_exec(m->db, "ALTER TABLE judgement ADD COLUMN address TEXT", NULL, NULL,
			     NULL);
		return 0;
	}
	return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

static void failed(struct mitigator *m, const char *what)
{
	log_error(&m->log, "%s is not stored: %s", what, sqlite3_errmsg(m->db));
}

static void to_outbox(struct mitigator *m, const struct message *msg)
{
	struct slice payload;
	struct errmsg e;
	sqlite3_stmt *s;

	if (message_encode(msg, &payload, &e) < 0) {
		log_error(&m->log, "%s", e.text);
		return;
	}
	if (sqlite3_prepare_v2(m->db, "INSERT INTO outbox(payload) VALUES(?)", -1, &s, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_blob64(s, 1, payload.data, payload.len, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			failed(m, "a message to the centre");
		sqlite3_finalize(s);
	}
	payload_free(&payload);
}

void tell_centre(struct mitigator *m, const struct message *msg)
{
	if (m->centre)
		to_outbox(m, msg);
}

static int store_event(struct mitigator *m, const struct event *ev)
{
	char ip[IP_ADDR_TEXT], mac[MAC_ADDR_TEXT];
	const char *const texts[] = {ip_addr_text(&ev->host.ip, ip, false),
				     mac_addr_text(&ev->host.mac, mac),
				     ev->name,
				     severity_text(ev->severity),
				     ev->category,
				     ev->url,
				     ev->threat_id,
				     ev->alert_id,
				     ev->command_id,
				     ev->mode,
				     ev->text};
	sqlite3_stmt *s;
	int rc;

	if (sqlite3_prepare_v2(m->db,
			       "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			       -1, &s, NULL) != SQLITE_OK)
		return ERR_IO;
	sqlite3_bind_text(s, 1, ev->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)ev->time);
	sqlite3_bind_int(s, 3, (int)ev->number);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		sqlite3_bind_text(s, (int)i + 4, texts[i] ? texts[i] : "", -1, SQLITE_STATIC);
	rc = sqlite3_step(s) == SQLITE_DONE ? sqlite3_changes(m->db) : ERR_IO;
	sqlite3_finalize(s);
	return rc;
}

/* Each event once: its id is made of what it is about. */
void tell_event(struct mitigator *m, const struct event *ev)
{
	struct message msg = {.kind = MESSAGE_EVENT, .event = *ev};
	int rc = store_event(m, ev);

	if (rc < 0)
		failed(m, "an event");
	if (rc <= 0)
		return;
	log_info(&m->log, "event %d: %s", (int)ev->number, ev->text);
	if (m->centre)
		to_outbox(m, &msg);
}

void tell_cut_event(struct mitigator *m, const struct cut *c)
{
	char id[80], command[CUT_ID_TEXT], text[256], name[TARGET_NAME];
	const struct host *h = hosts_by_id(m->decide.hosts, c->host_id);
	struct event ev = {.number = EVENT_HOST_CUT,
			   .id = id,
			   .time = mitigator_now(m).wall,
			   .name = c->threat_name,
			   .severity = c->severity,
			   .category = c->category,
			   .url = c->url,
			   .threat_id = c->threat_id,
			   .alert_id = c->alert_id,
			   .mode = c->mode,
			   .text = text};

	ev.command_id = cut_command_id(m->name, c->id, c->number, command);
	/* Once a cut; one that was taken up again on its way out is another. */
	snprintf(id, sizeof(id), "1190-%.70s", command);
	if (h)
		ev.host = host_ident_of(h);
	if (!mac_addr_is_zero(&c->target.mac))
		ev.host.mac = c->target.mac;
	if (c->target.ips_n)
		ev.host.ip = c->target.ips[0];
	snprintf(text, sizeof(text), "host cut automatically: %s by %s",
		 target_text(&c->target, name), m->methods[c->method].config.name);
	tell_event(m, &ev);
}

/* ---- people ---- */

/* One JSON object to the notify program; without one it is said so, once, at the start. */
void tell_people(struct mitigator *m, const char *kind, const struct cut *c, const char *text)
{
	struct notify_note n = {0};
	char command[CUT_ID_TEXT];

	if (m->notify.fd < 0)
		return;
	snprintf(n.kind, sizeof(n.kind), "%s", kind);
	snprintf(n.text, sizeof(n.text), "%s", text);
	if (c) {
		target_text(&c->target, n.host);
		snprintf(n.state, sizeof(n.state), "%s", cut_state_text(c->state));
		snprintf(n.command, sizeof(n.command), "%s",
			 cut_command_id(m->name, c->id, c->number, command));
	}
	if (helper_send(m->notify.fd, &n, sizeof(n)) < 0)
		log_warn(&m->log, "a %s is lost, the notify program does not keep up: %s", kind,
			 text);
}

static void tell_host_people(struct mitigator *m, const char *kind, const struct host *h,
			     const char *text)
{
	struct cut c = {.target.mac = h->mac};

	if (h->ips_n)
		target_add_ip(&c.target, &h->ips[0].ip);
	tell_people(m, kind, &c, text);
}

static void sink_mail(void *ctx, const struct host *h, const char *text)
{
	tell_host_people(ctx, "mail", h, text);
}

static void sink_message(void *ctx, const struct host *h, const char *text)
{
	tell_host_people(ctx, "message", h, text);
}

static void sink_command(void *ctx, const struct host *h, const char *text)
{
	tell_host_people(ctx, "command", h, text);
}

/* ---- judgements ---- */

static void actions_text(uint32_t actions, char *ret, size_t cap)
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned a = 0; a < ACTION_COUNT; a++) {
		if (actions & ACTION_BIT(a) && len < cap)
			len += (size_t)snprintf(ret + len, cap - len, "%s%s", len ? " " : "",
						policy_action_text((enum policy_action)a));
	}
}

static void store_judgement(struct mitigator *m, const struct decide_judgement *j,
			    const char *actions)
{
	const char *const texts[] = {j->host->id, level_text(j->level)};
	char address[IP_ADDR_TEXT];
	const char *const more[] = {actions, policy_mode_text(j->mode), j->trigger,
				    m->policy->version, address};
	sqlite3_stmt *s;

	if (j->host->ips_n)
		ip_addr_text(&j->host->ips[0].ip, address, false);
	else
		mac_addr_text(&j->host->mac, address);
	if (sqlite3_prepare_v2(
		    m->db,
		    "INSERT INTO judgement(time, host, level, count, days, actions, mode,"
		    " cause, policy, address) VALUES(?,?,?,?,?,?,?,?,?,?)",
		    -1, &s, NULL) != SQLITE_OK) {
		failed(m, "a judgement");
		return;
	}
	sqlite3_bind_int64(s, 1, (sqlite3_int64)mitigator_now(m).wall);
	for (int i = 0; i < 2; i++)
		sqlite3_bind_text(s, i + 2, texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, j->count);
	sqlite3_bind_int64(s, 5, j->days);
	for (int i = 0; i < (int)ARRAY_SIZE(more); i++)
		sqlite3_bind_text(s, i + 6, more[i], -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		failed(m, "a judgement");
	sqlite3_finalize(s);
}

static void sink_judged(void *ctx, const struct decide_judgement *j)
{
	struct mitigator *m = ctx;
	char actions[96];

	actions_text(j->actions, actions, sizeof(actions));
	store_judgement(m, j, actions);
	tell_host_changed(m, j->host);
	log_info(&m->log, "%s is judged %s (%s, %u in a row)%s%s%s", j->host->id,
		 level_text(j->level), j->trigger, j->count, actions[0] ? ": " : "", actions,
		 actions[0] && j->mode == MODE_MONITOR ? ", not done: mode monitor" : "");
}

static void sink_event(void *ctx, const struct event *ev)
{
	tell_event(ctx, ev);
}

static void sink_incident(void *ctx, const struct incident *i)
{
	tell_incident_changed(ctx, i);
	recover_incident(ctx, i, false);
}

/* What a host's judgements have gathered; a later one adds. */
static void sink_deferred(void *ctx, const struct host *h, uint32_t actions)
{
	struct mitigator *m = ctx;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "INSERT INTO deferred VALUES(?1,?2,?3) ON CONFLICT(host) DO UPDATE "
			       "SET actions=actions|?2, time=?3",
			       -1, &s, NULL) != SQLITE_OK) {
		failed(m, "a deferred action");
		return;
	}
	sqlite3_bind_text(s, 1, h->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, actions);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)mitigator_now(m).wall);
	if (sqlite3_step(s) != SQLITE_DONE)
		failed(m, "a deferred action");
	sqlite3_finalize(s);
}

struct decide_sink tell_sink(struct mitigator *m)
{
	return (struct decide_sink){.event = sink_event,
				    .judged = sink_judged,
				    .incident = sink_incident,
				    .mail = sink_mail,
				    .message = sink_message,
				    .command = sink_command,
				    .deferred = sink_deferred,
				    .port = orders_port,
				    .ctx = m};
}

/* ---- what changed ---- */

static void note(uint64_t *list, unsigned *n, uint64_t id, bool *everything)
{
	for (unsigned i = 0; i < *n; i++) {
		if (list[i] == id)
			return;
	}
	if (*n >= MITIGATOR_DIRTY)
		*everything = true;
	else
		list[(*n)++] = id;
}

void tell_host_changed(struct mitigator *m, const struct host *h)
{
	const struct incident *i = incidents_of_host(m->decide.incidents, h->id);

	pages_changed(m, PAGE_HOSTS);
	note(m->dirty.hosts, &m->dirty.hosts_n, h->number, &m->dirty.everything);
	if (i)
		tell_incident_changed(m, i);
}

void tell_incident_changed(struct mitigator *m, const struct incident *i)
{
	pages_changed(m, PAGE_INCIDENTS);
	note(m->dirty.incidents, &m->dirty.incidents_n, i->number, &m->dirty.everything);
}

void tell_cut_changed(struct mitigator *m, const struct cut *c, enum cut_state from)
{
	struct host *h = hosts_by_id(m->decide.hosts, c->host_id);
	char name[TARGET_NAME], mac[MAC_ADDR_TEXT];

	pages_changed(m, PAGE_CUTS | PAGE_AUDIT);
	note(m->dirty.cuts, &m->dirty.cuts_n, c->id, &m->dirty.everything);
	log_info(&m->log, "cut %s-%llu of %s: %s -> %s: %s", m->name, (unsigned long long)c->id,
		 target_text(&c->target, name), cut_state_text(from), cut_state_text(c->state),
		 c->note);
	audit_note(m, c->note_actor[0] ? c->note_actor : "automatic", "cut",
		   json_pack("{sI so ss ss so so so}", "cut", (json_int_t)c->id, "host",
			     local_text(name), "from", cut_state_text(from), "to",
			     cut_state_text(c->state), "reason", local_text(c->note), "threat",
			     local_text(c->threat_id), "mac",
			     local_text(mac_addr_text(&c->target.mac, mac))));
	if (!h)
		return;
	tell_host_changed(m, h);
	if (cut_state_final(c->state) && from != CUT_NEW && h->pins)
		h->pins--;
}

/* ---- the way to the centre ---- */

/* Rows already in the spool are deleted with the next transaction: if a crash comes in between
 * they go twice, and the centre knows them by their ids. */
void tell_outbox(struct mitigator *m)
{
	struct errmsg e;
	sqlite3_stmt *s;
	bool any = false;

	if (!m->centre || sqlite3_prepare_v2(m->db,
					     "SELECT n, payload FROM outbox WHERE n>? ORDER BY n "
					     "LIMIT 1000",
					     -1, &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)m->outbox_done);
	if (spool_begin(m->spool, &e) < 0) {
		log_error(&m->log, "%s", e.text);
		sqlite3_finalize(s);
		return;
	}
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct slice payload =
			SLICE(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));

		if (spool_put(m->spool, "centre", LANE_URGENT, payload, mitigator_now(m).wall,
			      &e) == ERR_IO)
			break;
		m->outbox_done = (uint64_t)sqlite3_column_int64(s, 0);
		any = true;
	}
	sqlite3_finalize(s);
	if (spool_commit(m->spool, &e) < 0)
		log_error(&m->log, "%s", e.text);
	else if (any)
		link_wake(m->centre);
}

static void note_open_incidents(struct mitigator *m)
{
	for (unsigned i = 0; i < incidents_count(m->decide.incidents); i++)
		tell_incident_changed(m, incidents_at(m->decide.incidents, i));
}

void tell_state(struct mitigator *m, bool full)
{
	struct slice payload;
	struct errmsg e;
	unsigned told;

	if (!m->centre)
		return;
	if (!full && !m->dirty.everything && !m->dirty.state && m->dirty.cuts_n == 0 &&
	    m->dirty.hosts_n == 0 && m->dirty.incidents_n == 0)
		return;
	if (full || m->dirty.everything)
		note_open_incidents(m);
	if (state_message(m, full || m->dirty.everything, &payload, &e) < 0) {
		log_error(&m->log, "the state for the centre: %s", e.text);
	} else {
		if (spool_put(m->spool, "centre", LANE_STATE, payload, mitigator_now(m).wall, &e) <
		    0)
			log_error(&m->log, "%s", e.text);
		link_wake(m->centre);
		payload_free(&payload);
	}
	m->dirty.cuts_n = m->dirty.hosts_n = 0;
	told = m->dirty.incidents_n < MITIGATOR_STORIES ? m->dirty.incidents_n : MITIGATOR_STORIES;
	m->dirty.incidents_n -= told;
	memmove(m->dirty.incidents, m->dirty.incidents + told,
		m->dirty.incidents_n * sizeof(m->dirty.incidents[0]));
	m->dirty.everything = m->dirty.state = false;
	m->told = mitigator_now(m).mono;
}
