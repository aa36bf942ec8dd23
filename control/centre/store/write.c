#include <stdlib.h>
#include <string.h>

#include "control/centre/store/emergencies.h"
#include "control/centre/store/private.h"

int store_peer(struct store *s, const char *name, const char *role, const char *site, bool up,
	       uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO peers VALUES(?1,?2,?3,?4,?5,?5) ON CONFLICT(name) DO UPDATE SET "
		"role=?2, site=?3, up=?4, since=?5, last_seen=?5",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, name);
	bind_text(st, 2, role);
	bind_text(st, 3, site);
	bind_number(st, 4, up);
	bind_number(st, 5, now);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	st = store_kept(s, "INSERT OR IGNORE INTO sites VALUES(?1,'')", err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, site);
	return store_done(s, st, err);
}

/* One statement looks and remembers: nothing changes when the number is not new. */
int store_seen(struct store *s, const struct link_item *item, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO link_seen(peer, spool, lane, number) VALUES(?1,?2,?3,?4) ON "
		"CONFLICT(peer, spool, lane) DO UPDATE SET number=excluded.number WHERE "
		"excluded.number > link_seen.number",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, item->peer);
	bind_number(st, 2, item->spool);
	bind_number(st, 3, (uint64_t)item->lane);
	bind_number(st, 4, item->number);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s) > 0;
}

/* --- alerts, and how many --- */

static void bind_threat(struct db_stmt *st, const struct alert *a)
{
	bind_number(st, 1, a->gid);
	bind_number(st, 2, a->sid);
	bind_text(st, 3, a->msg);
	bind_number(st, 4, (uint64_t)a->severity);
}

/* First column of the row that it gives, 0 for none. */
static int64_t row_number(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	int64_t n = db_step(st) ? column_int64(st, 0) : 0;

	return store_done(s, st, err) == ERR_OK ? n : ERR_IO;
}

/* Row of what the alert is about, made when it is new. */
static int64_t threat_of(struct store *s, const struct alert *a, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"SELECT id FROM threats WHERE gid=?1 AND sid=?2 AND msg=?3 "
					"AND severity=?4",
					err);
	int64_t id;

	if (!st)
		return ERR_IO;
	bind_threat(st, a);
	id = row_number(s, st, err);
	if (id)
		return id;
	st = store_kept(s,
			"INSERT INTO threats(gid, sid, msg, severity, category, tactic, technique) "
			"VALUES(?1,?2,?3,?4,?5,?6,?7) RETURNING id",
			err);
	if (!st)
		return ERR_IO;
	bind_threat(st, a);
	bind_text(st, 5, a->category);
	bind_text(st, 6, a->tactics.n ? a->tactics.items[0] : "");
	bind_text(st, 7, a->techniques.n ? a->techniques.items[0] : "");
	return row_number(s, st, err);
}

static int tally(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err)
{
	int64_t threat = threat_of(s, a, err);
	struct db_stmt *st;

	if (threat < 0)
		return ERR_IO;
	st = store_kept(s,
			"INSERT INTO tally VALUES(coalesce((SELECT site FROM peers WHERE name = "
			"?1),''),?2,?3,?4,1,?5,?5) ON CONFLICT DO UPDATE SET n=n+1, "
			"first=min(first,?5), last=max(last,?5)",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, sensor);
	bind_number(st, 2, a->time / SLOT_NS);
	bind_number(st, 3, (uint64_t)threat);
	bind_ip(st, 4, &a->host.ip);
	bind_number(st, 5, a->time);
	return store_done(s, st, err);
}

int store_alert(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err)
{
	struct db_stmt *st;
	int rc;

	if (s->history)
		return store_settle(s, history_alert(s, sensor, a, err), err);
	st = store_kept(s,
			"INSERT OR IGNORE INTO alerts VALUES(?1,?2,coalesce((SELECT site "
			"FROM peers WHERE name = ?3),''),?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
			"?13,?14,?15,?16,?17,?18,?19,?20)",
			err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, a->id);
	bind_number(st, 2, a->time);
	bind_text(st, 3, sensor);
	bind_mac(st, 4, &a->host.mac);
	bind_ip(st, 5, &a->host.ip);
	bind_text(st, 6, a->host.name);
	bind_ip(st, 7, &a->peer.ip);
	bind_number(st, 8, (uint64_t)a->severity);
	bind_number(st, 9, (uint64_t)a->confidence);
	bind_number(st, 10, a->gid);
	bind_number(st, 11, a->sid);
	bind_text(st, 12, a->msg);
	bind_text(st, 13, a->category);
	bind_list(st, 14, &a->tactics);
	bind_list(st, 15, &a->techniques);
	bind_list(st, 16, &a->reasons);
	bind_text(st, 17, a->url);
	bind_text(st, 18, a->evidence.file_name);
	bind_text(st, 19, a->evidence.sha256);
	bind_bytes(st, 20, a->eve);
	rc = store_done(s, st, err);
	return rc == ERR_OK && store_changes(s) > 0 ? tally(s, sensor, a, err) : rc;
}

int store_record(struct store *s, const char *sensor, const struct flow_summary *f,
		 struct errmsg *err)
{
	struct db_stmt *st;

	if (s->history)
		return store_settle(s, history_record(s, sensor, f, err), err);
	st = store_kept(s, "INSERT OR IGNORE INTO records VALUES(?1,?2,?3,?4,?5)", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, f->id);
	bind_number(st, 2, f->end ? f->end : f->start);
	bind_text(st, 3, sensor);
	bind_text(st, 4, f->event_type);
	bind_bytes(st, 5, f->eve);
	return store_done(s, st, err);
}

int store_event(struct store *s, const char *mitigator, const struct event *e, struct errmsg *err)
{
	struct db_stmt *st;

	if (s->history)
		return store_settle(s, history_event(s, mitigator, e, err), err);
	st = store_kept(s,
			"INSERT OR IGNORE INTO events "
			"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,"
			"?16)",
			err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, e->id);
	bind_number(st, 2, e->time);
	bind_number(st, 3, (uint64_t)e->number);
	bind_text(st, 4, mitigator);
	bind_mac(st, 5, &e->host.mac);
	bind_ip(st, 6, &e->host.ip);
	bind_text(st, 7, e->host.name);
	bind_text(st, 8, e->name);
	bind_number(st, 9, (uint64_t)e->severity);
	bind_text(st, 10, e->category);
	bind_text(st, 11, e->url);
	bind_text(st, 12, e->threat_id);
	bind_text(st, 13, e->alert_id);
	bind_text(st, 14, e->command_id);
	bind_text(st, 15, e->mode);
	bind_text(st, 16, e->text);
	return store_done(s, st, err);
}

/* --- a mitigator's state, piece by piece --- */

/* A cut's commands are numbered CUT.1, CUT.2 as methods are tried: one row a cut. */
static void bind_cut(struct db_stmt *st, int at, const char *command_id)
{
	const char *dot = command_id ? strrchr(command_id, '.') : NULL;

	if (dot)
		bind_text_of(st, at, SLICE(command_id, (size_t)(dot - command_id)));
	else
		bind_text(st, at, command_id);
}

static int put_host(struct store *s, const char *mitigator, const struct host_state *h,
		    struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT OR REPLACE INTO hosts(mitigator, id, mac, ip, name, level, level_since, "
		"first_seen, last_seen, alerts, protected, protected_reason, cut, user, os, role, "
		"vendor, site) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,"
		"coalesce((SELECT site FROM peers WHERE name = ?1),''))",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_text(st, 2, h->id);
	bind_mac(st, 3, &h->host.mac);
	bind_ip(st, 4, &h->host.ip);
	bind_text(st, 5, h->host.name);
	bind_number(st, 6, (uint64_t)h->level);
	bind_number(st, 7, h->level_since);
	bind_number(st, 8, h->first_seen);
	bind_number(st, 9, h->last_seen);
	bind_number(st, 10, h->alerts);
	bind_number(st, 11, h->is_protected);
	bind_text(st, 12, h->protected_reason);
	bind_cut(st, 13, h->cut);
	bind_text(st, 14, h->host.user);
	bind_text(st, 15, h->host.os);
	bind_text(st, 16, h->host.role);
	bind_text(st, 17, h->host.vendor);
	return store_done(s, st, err);
}

static void bind_steps(struct db_stmt *st, int at, const struct incident_step_list *list)
{
	json_t *array = json_array();
	char *text;

	for (size_t k = 0; k < list->n; k++) {
		const struct incident_step *x = &list->items[k];

		json_array_append_new(array,
				      json_pack("{sI sI sI ss* ss* ss* ss* ss*}", "time",
						(json_int_t)x->time, "last", (json_int_t)x->last,
						"hits", (json_int_t)x->hits, "stage", x->stage,
						"text", x->text, "text_ja", x->text_ja, "technique",
						x->technique, "peer", x->peer));
	}
	text = json_dumps(array, JSON_COMPACT);
	bind_text(st, at, text ? text : "[]");
	free(text);
	json_decref(array);
}

/* --- what cannot wait for a report (C3) --- */

/* Peers' sites are known by name; a host by name, else address. */
static void begin_emergency(struct store *s, struct emergency *e, const char *mitigator,
			    const struct host_ident *host)
{
	static const struct ip_addr none;
	struct db_stmt *st = store_kept(s, "SELECT site FROM peers WHERE name=?1", NULL);

	memset(e, 0, sizeof(*e));
	if (st) {
		bind_text(st, 1, mitigator);
		if (db_step(st))
			snprintf(e->site, sizeof(e->site), "%s", column_text(st, 0));
		store_done(s, st, NULL);
	}
	if (host->name && host->name[0])
		snprintf(e->host, sizeof(e->host), "%s", host->name);
	else if (!ip_addr_eq(&host->ip, &none))
		ip_addr_text(&host->ip, e->host, false);
}

/* Numbered steps, a line each. */
static void add_steps(char *text, size_t cap, const struct text_list *steps)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < steps->n && len < cap; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%zu. %s", i ? "\n" : "\n\n",
					i + 1, steps->items[i]);
}

static int raise_incident(struct store *s, const char *mitigator, const struct incident_state *i,
			  struct errmsg *err)
{
	const char *causes[REPORT_LANGUAGES] = {i->root_cause, i->root_cause_ja};
	const struct text_list *steps[REPORT_LANGUAGES] = {&i->handling, &i->handling_ja};
	struct emergency e;

	if (i->level != LEVEL_DANGER || i->closed || (i->state && strcmp(i->state, "merged") == 0))
		return ERR_OK;
	begin_emergency(s, &e, mitigator, &i->host);
	e.kind = EMERGENCY_INCIDENT;
	e.opened = i->updated ? i->updated : i->opened;
	snprintf(e.key, sizeof(e.key), "incident:%s", i->id);
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		snprintf(e.title[l], sizeof(e.title[l]), "%s",
			 report_threat_name((enum report_language)l, i->title ? i->title : ""));
		snprintf(e.text[l], sizeof(e.text[l]), "%s", causes[l] ? causes[l] : "");
		add_steps(e.text[l], sizeof(e.text[l]), steps[l]);
	}
	return emergency_raise(s, &e, err);
}

/* A cut that a person must see to. */
static int raise_cut(struct store *s, const char *mitigator, const struct quarantine_state *q,
		     struct errmsg *err)
{
	static const struct {
		enum command_state state;
		const char *title[REPORT_LANGUAGES], *text[REPORT_LANGUAGES];
	} cases[] = {
		{COMMAND_STATE_HELD,
		 {"A cut waits for your approval", "遮断が承認を待っています"},
		 {"The host is not cut off until a person approves: banken quarantine approve.",
		  "承認されるまで遮断されません: banken quarantine approve。"}},
		{COMMAND_STATE_STILL_SEEN,
		 {"A cut has no effect: the host still talks", "遮断しても通信が続いています"},
		 {"No method that is set up stops it. Pull its cable, or shut its port by hand.",
		  "設定済みの方式では止まりません。ケーブルを抜くか、手動でポートを閉じてください"
		  "。"}},
		{COMMAND_STATE_FAILED,
		 {"A cut failed", "遮断に失敗しました"},
		 {"The host is not cut off. Pull its cable, or shut its port by hand.",
		  "端末は遮断されていません。ケーブルを抜くか、手動でポートを閉じてください。"}},
	};
	struct emergency e;
	char why[400];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].state != q->state)
			continue;
		begin_emergency(s, &e, mitigator, &q->command.host);
		e.kind = EMERGENCY_CUT;
		e.opened = q->ordered;
		snprintf(e.key, sizeof(e.key), "cut:%s:%s", q->command.command_id,
			 command_state_text(q->state));
		for (int l = 0; l < REPORT_LANGUAGES; l++) {
			snprintf(e.title[l], sizeof(e.title[l]), "%s", cases[i].title[l]);
			report_cut_reason((enum report_language)l, q->command.reason, why,
					  sizeof(why));
			snprintf(e.text[l], sizeof(e.text[l]), "%s\n%s", why, cases[i].text[l]);
		}
		return emergency_raise(s, &e, err);
	}
	return ERR_OK;
}

static int put_incident(struct store *s, const char *mitigator, const struct incident_state *i,
			struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"INSERT OR REPLACE INTO incidents(id, mitigator, host_id, "
					"ip, opened, updated, closed, state, title, severity, "
					"root_cause, handling, threat_id, root_cause_ja, "
					"handling_ja, risk, level, attacker, victim, techniques, "
					"affected, linked, steps, site) "
					"VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,"
					"?15,?16,?17,?18,?19,?20,?21,?22,?23,"
					"coalesce((SELECT site FROM peers WHERE name = "
					"?2),''))",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, i->id);
	bind_text(st, 2, mitigator);
	bind_text(st, 3, i->host_id);
	bind_ip(st, 4, &i->host.ip);
	bind_number(st, 5, i->opened);
	bind_number(st, 6, i->updated);
	bind_number(st, 7, i->closed);
	bind_text(st, 8, i->state);
	bind_text(st, 9, i->title);
	bind_number(st, 10, (uint64_t)i->severity);
	bind_text(st, 11, i->root_cause);
	bind_list(st, 12, &i->handling);
	bind_text(st, 13, i->threat_id);
	bind_text(st, 14, i->root_cause_ja);
	bind_list(st, 15, &i->handling_ja);
	bind_real(st, 16, i->risk);
	bind_number(st, 17, (uint64_t)i->level);
	bind_text(st, 18, i->attacker);
	bind_text(st, 19, i->victim);
	bind_list(st, 20, &i->techniques);
	bind_list(st, 21, &i->affected);
	bind_list(st, 22, &i->linked);
	bind_steps(st, 23, &i->steps);
	return store_done(s, st, err);
}

static int put_quarantine(struct store *s, const char *mitigator, const struct quarantine_state *q,
			  struct errmsg *err)
{
	const struct quarantine_command *c = &q->command;
	struct db_stmt *st = store_kept(s,
					"INSERT OR REPLACE INTO quarantines VALUES(?1,?2,"
					"coalesce((SELECT site FROM peers WHERE name = ?2),''),"
					"?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,"
					"?18)",
					err);

	if (!st)
		return ERR_IO;
	bind_cut(st, 1, c->command_id);
	bind_text(st, 2, mitigator);
	bind_mac(st, 3, &c->host.mac);
	bind_ip(st, 4, &c->host.ip);
	bind_text(st, 5, c->host.name);
	bind_text(st, 6, command_action_text(c->action));
	bind_text(st, 7, command_cause_text(c->cause));
	bind_text(st, 8, c->method);
	bind_text(st, 9, command_state_text(q->state));
	bind_text(st, 10, c->reason);
	bind_text(st, 11, c->actor);
	bind_text(st, 12, c->threat_id);
	bind_number(st, 13, q->detected);
	bind_number(st, 14, q->reported);
	bind_number(st, 15, q->ordered);
	bind_number(st, 16, q->acked);
	bind_number(st, 17, q->verified);
	bind_number(st, 18, q->released);
	return store_done(s, st, err);
}

static int put_mitigator(struct store *s, const char *mitigator, const struct mitigator_state *m,
			 struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s, "INSERT OR REPLACE INTO mitigators VALUES(?1,?2,?3,?4,?5)", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, mitigator);
	bind_number(st, 2, m->time);
	bind_text(st, 3, m->mode);
	bind_text(st, 4, m->policy);
	bind_list(st, 5, &m->problems);
	return store_done(s, st, err);
}

int store_mitigator(struct store *s, const char *mitigator, const struct mitigator_state *m,
		    struct errmsg *err)
{
	int rc = put_mitigator(s, mitigator, m, err);

	for (size_t i = 0; i < m->hosts.n && rc == ERR_OK; i++)
		rc = put_host(s, mitigator, &m->hosts.items[i], err);
	for (size_t i = 0; i < m->incidents.n && rc >= 0; i++) {
		rc = put_incident(s, mitigator, &m->incidents.items[i], err);
		rc = rc >= 0 ? raise_incident(s, mitigator, &m->incidents.items[i], err) : rc;
	}
	for (size_t i = 0; i < m->quarantines.n && rc >= 0; i++) {
		rc = put_quarantine(s, mitigator, &m->quarantines.items[i], err);
		rc = rc >= 0 ? raise_cut(s, mitigator, &m->quarantines.items[i], err) : rc;
	}
	return rc < 0 ? rc : ERR_OK;
}

/* --- customers --- */

int store_customer(struct store *s, const char *id, const char *name, const struct zone *zone,
		   struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"INSERT INTO customers VALUES(?1,?2,?3,'') ON CONFLICT DO "
					"UPDATE SET name=?2, zone=?3",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, id);
	bind_text(st, 2, name);
	bind_text(st, 3, zone->name);
	return store_done(s, st, err);
}

int store_site(struct store *s, const char *site, const char *customer, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s, "INSERT INTO sites VALUES(?1,?2) ON CONFLICT DO UPDATE SET customer=?2", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, site);
	bind_text(st, 2, customer);
	return store_done(s, st, err);
}

int store_advise(struct store *s, const char *customer, uint64_t month,
		 const struct monthly_advisory *a, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"INSERT INTO advisories VALUES(?1,?2,(SELECT "
					"coalesce(max(version),0)+1 FROM advisories WHERE "
					"customer=?1 AND month=?2),?3,?4,?5,?6)",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, customer);
	bind_number(st, 2, month);
	bind_number(st, 3, a->time);
	bind_text(st, 4, a->author);
	bind_text(st, 5, a->text[REPORT_ENGLISH]);
	bind_text(st, 6, a->text[REPORT_JAPANESE]);
	return store_done(s, st, err);
}
