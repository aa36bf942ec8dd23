/* After-care (Q14): a host that was treated is watched more closely for a while, and what was found
 * becomes entries of a known-bad list that the centre may give to the whole fleet. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

enum { ENTRIES_MAX = 64, LIST_MAX = 1000 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS proposal(id TEXT, kind TEXT, value TEXT, time INTEGER,"
	" host TEXT, incident TEXT, threat TEXT, comment TEXT, PRIMARY KEY(id, kind, value))"
	" WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS proposal_time ON proposal(time);";

int care_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

/* ---- what was found ---- */

struct findings {
	struct list_proposal proposal;
	struct proposal_entry entries[ENTRIES_MAX];
	char texts[ENTRIES_MAX][256], comments[ENTRIES_MAX][128];
	char id[96], incident[32];
};

static void add(struct findings *f, const char *kind, const char *value, const char *comment)
{
	size_t n = f->proposal.entries.n;

	if (!value[0] || n == ENTRIES_MAX)
		return;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(f->entries[i].kind, kind) == 0 && strcmp(f->texts[i], value) == 0)
			return;
	}
	snprintf(f->texts[n], sizeof(f->texts[n]), "%s", value);
	snprintf(f->comments[n], sizeof(f->comments[n]), "%s", comment);
	f->entries[n] = (struct proposal_entry){kind, f->texts[n], f->comments[n]};
	f->proposal.entries.n++;
}

/* "http://evil.example:8080/a?b" -> "evil.example"; addresses are entries of their own. */
static void add_name(struct findings *f, const char *url, const char *comment)
{
	const char *from = strstr(url, "://");
	char name[256];
	struct ip_addr ip;
	size_t n;

	from = from ? from + 3 : url;
	n = strcspn(from, ":/?#");
	if (n == 0 || n >= sizeof(name))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)n, from);
	if (strchr(name, '.') && ip_addr_parse(name, &ip) < 0)
		add(f, "domain", name, comment);
}

/* Only outside ends are offered: the address of a neighbour that was attacked says nothing to
 * others. */
static void add_step(struct mitigator *m, struct findings *f, const struct chain_step *s)
{
	bool outside = !s->peer_host[0] && ip_addr_is_host(&s->peer) &&
		       !policy_scope_of(m->policy, &s->peer);
	char ip[IP_ADDR_TEXT];

	add(f, "file", s->sha256, s->msg);
	if (s->stage != STAGE_C2 && s->stage != STAGE_DELIVERY && s->stage != STAGE_EXFILTRATION)
		return;
	add(f, "url", s->url, s->msg);
	if (s->url[0])
		add_name(f, s->url, s->msg);
	if (outside)
		add(f, "ip", ip_addr_text(&s->peer, ip, false), s->msg);
}

static void store(struct mitigator *m, const struct findings *f)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db, "INSERT OR IGNORE INTO proposal VALUES(?,?,?,?,?,?,?,?)", -1,
			       &s, NULL) != SQLITE_OK)
		return;
	for (size_t i = 0; i < f->proposal.entries.n; i++) {
		const char *const texts[] = {f->id, f->entries[i].kind, f->entries[i].value};
		const char *const more[] = {f->proposal.host_id, f->incident, f->proposal.threat,
					    f->entries[i].comment};

		for (int k = 0; k < 3; k++)
			sqlite3_bind_text(s, k + 1, texts[k], -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 4, (sqlite3_int64)f->proposal.time);
		for (int k = 0; k < 4; k++)
			sqlite3_bind_text(s, k + 5, more[k], -1, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			log_error(&m->log, "a proposal is not stored: %s", sqlite3_errmsg(m->db));
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
}

static void offer(struct mitigator *m, const struct incident *i)
{
	struct findings *f = calloc(1, sizeof(*f));
	struct message msg = {.kind = MESSAGE_LIST_PROPOSAL};

	if (!f)
		return;
	snprintf(f->id, sizeof(f->id), "%.60s-%s", m->name, i->id);
	snprintf(f->incident, sizeof(f->incident), "%s", i->id);
	f->proposal = (struct list_proposal){.id = f->id,
					     .time = mitigator_now(m).wall,
					     .host_id = i->host_id,
					     .incident = f->incident,
					     .threat_id = i->threat_id,
					     .threat = i->title,
					     .entries.items = f->entries};
	for (unsigned k = 0; k < i->steps_n; k++)
		add_step(m, f, i->steps[k]);
	if (f->proposal.entries.n) {
		store(m, f);
		msg.list_proposal = f->proposal;
		tell_centre(m, &msg);
		log_info(&m->log, "%s: %zu entries of a known-bad list are offered to the fleet",
			 i->id, f->proposal.entries.n);
		audit_note(m, "automatic", "proposal",
			   json_pack("{ss sI}", "incident", i->id, "entries",
				     (json_int_t)f->proposal.entries.n));
	}
	free(f);
}

void care_after(struct mitigator *m, const char *host_id, uint64_t incident, const char *why)
{
	struct host *h = hosts_by_id(m->decide.hosts, host_id);
	const struct incident *open = incidents_of_host(m->decide.incidents, host_id);
	struct incident *i = incidents_read(m->decide.incidents, incident ? incident
								 : open	  ? open->number
									  : 0);

	if (h && decide_watch(&m->decide, h, mitigator_now(m))) {
		log_info(&m->log, "%s is watched more closely from now on: %s", h->id, why);
		audit_note(m, "automatic", "watch",
			   json_pack("{ss sI ss}", "host", h->id, "until", (json_int_t)h->watched,
				     "reason", why));
	}
	if (i) {
		offer(m, i);
		incident_free(i);
	}
}

/* ---- answers on the local socket ---- */

json_t *care_do_watched(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_t *list = json_array();
	char name[160];

	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		const struct host *h = hosts_at(m->decide.hosts, i);

		if (h->watched > mitigator_now(m).wall && json_array_size(list) < LIST_MAX)
			json_array_append_new(
				list,
				json_pack("{ss so sI ss}", "id", h->id, "host",
					  local_text(host_display(h, h->id, name, sizeof(name))),
					  "until", (json_int_t)h->watched, "level",
					  level_text(h->level)));
	}
	return json_pack("{sb so}", "ok", 1, "watched", list);
}

json_t *care_do_proposals(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e)
{
	static const char *const keys[] = {"id",       "kind",	 "value",  "host",
					   "incident", "threat", "comment"};
	struct mitigator *m = ctx;
	json_t *list = json_array();
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT id, kind, value, host, incident, threat, comment, time FROM "
			       "proposal ORDER BY time DESC LIMIT 1000",
			       -1, &s, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "%s", sqlite3_errmsg(m->db));
		json_decref(list);
		return NULL;
	}
	while (sqlite3_step(s) == SQLITE_ROW) {
		json_t *row = json_pack("{sI}", "time", (json_int_t)sqlite3_column_int64(s, 7));

		for (int i = 0; i < (int)ARRAY_SIZE(keys); i++)
			json_object_set_new(
				row, keys[i],
				local_text((const char *)sqlite3_column_text(s, i) ?: ""));
		json_array_append_new(list, row);
	}
	sqlite3_finalize(s);
	return json_pack("{sb so}", "ok", 1, "proposals", list);
}
