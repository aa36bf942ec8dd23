/* Incidents in the mitigator's database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/private.h"
#include "control/wire/text.h"
#include "dataplane/base/slice.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS incident(number INTEGER PRIMARY KEY, host_id TEXT, title TEXT,"
	" threat_id TEXT, technique TEXT, alert_id TEXT, opened INTEGER, updated INTEGER,"
	" closed INTEGER, level TEXT, severity INTEGER, alerts INTEGER, threats TEXT,"
	" marked INTEGER, proven TEXT);"
	"CREATE INDEX IF NOT EXISTS incident_open ON incident(closed);"
	"CREATE INDEX IF NOT EXISTS incident_host ON incident(host_id, updated);"
	"CREATE TABLE IF NOT EXISTS incident_step(incident INTEGER, stage INTEGER, gid INTEGER,"
	" sid INTEGER, first INTEGER, last INTEGER, hits INTEGER, level INTEGER, severity INTEGER,"
	" attacks INTEGER, port INTEGER, peer TEXT, peer_host TEXT, msg TEXT, technique TEXT,"
	" alert_id TEXT, url TEXT, file TEXT, sha256 TEXT, source TEXT, reason_en TEXT,"
	" reason_ja TEXT, PRIMARY KEY(incident, stage, gid, sid)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS incident_attack(from_host TEXT, to_host TEXT, stage INTEGER,"
	" gid INTEGER, sid INTEGER, first INTEGER, last INTEGER, hits INTEGER, msg TEXT,"
	" technique TEXT, file TEXT, sha256 TEXT, PRIMARY KEY(from_host, to_host, stage, gid,"
	" sid)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS incident_attack_last ON incident_attack(last);"
	"CREATE TABLE IF NOT EXISTS incident_id_0(key INTEGER PRIMARY KEY);"
	"CREATE TABLE IF NOT EXISTS incident_id_1(key INTEGER PRIMARY KEY);"
	"CREATE TABLE IF NOT EXISTS incident_meta(one INTEGER PRIMARY KEY CHECK(one=1),"
	" k0 INTEGER, k1 INTEGER, into_table INTEGER);";

/* What a database of an earlier release lacks; an error says that it is there. */
static const char *const additions[] = {
	"ALTER TABLE incident ADD COLUMN noted INTEGER DEFAULT 0",
	"ALTER TABLE incident ADD COLUMN merged_into INTEGER DEFAULT 0",
	"ALTER TABLE incident ADD COLUMN stages TEXT DEFAULT ''",
	"ALTER TABLE incident ADD COLUMN steps_lost INTEGER DEFAULT 0",
	"ALTER TABLE incident ADD COLUMN forgiven INTEGER DEFAULT 0",
};

#define COLUMNS                                                                                    \
	"number, host_id, title, threat_id, technique, alert_id, opened, updated, closed, level,"  \
	" severity, alerts, threats, marked, proven, noted, merged_into, stages, steps_lost,"      \
	" forgiven"

int incident_db_error(const struct incidents *t, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the database of incidents: %s", sqlite3_errmsg(t->db));
}

static uint64_t one_number(struct incidents *t, const char *sql)
{
	sqlite3_stmt *s;
	uint64_t n = 0;

	if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_step(s) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* ---- doubles: two tables in turn, so that forgetting the oldest is dropping one ---- */

static int load_meta(struct incidents *t, struct errmsg *e)
{
	struct hash_key fresh = hash_key_random();
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, "INSERT OR IGNORE INTO incident_meta VALUES(1,?,?,0)", -1, &s,
			       NULL) != SQLITE_OK)
		return incident_db_error(t, e);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)fresh.k0);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)fresh.k1);
	sqlite3_step(s);
	sqlite3_finalize(s);
	t->id_key.k0 = one_number(t, "SELECT k0 FROM incident_meta");
	t->id_key.k1 = one_number(t, "SELECT k1 FROM incident_meta");
	t->ids_into = (unsigned)one_number(t, "SELECT into_table FROM incident_meta") & 1;
	t->ids_n = one_number(t, t->ids_into ? "SELECT count(*) FROM incident_id_1"
					     : "SELECT count(*) FROM incident_id_0");
	return 0;
}

static void turn_ids(struct incidents *t)
{
	t->ids_into = !t->ids_into;
	t->ids_n = 0;
	sqlite3_exec(t->db,
		     t->ids_into
			     ? "DELETE FROM incident_id_1; UPDATE incident_meta SET into_table=1"
			     : "DELETE FROM incident_id_0; UPDATE incident_meta SET into_table=0",
		     NULL, NULL, NULL);
}

static int step_key(sqlite3_stmt *s, uint64_t key)
{
	int rc;

	sqlite3_bind_int64(s, 1, (sqlite3_int64)key);
	rc = sqlite3_step(s);
	sqlite3_reset(s);
	return rc;
}

bool incidents_double(struct incidents *t, const char *alert_id)
{
	uint64_t key;

	if (!alert_id || !alert_id[0] || !t->db)
		return false;
	key = hash_bytes(&t->id_key, alert_id, strlen(alert_id));
	for (unsigned i = 0; i < 2; i++) {
		if (step_key(t->find_id[i], key) == SQLITE_ROW)
			return true;
	}
	if (t->ids_n >= INCIDENT_ALERT_IDS)
		turn_ids(t);
	if (step_key(t->put_id[t->ids_into], key) == SQLITE_DONE)
		t->ids_n++;
	return false;
}

/* ---- preparing ---- */

/* A rollback opens anew: nothing is made then. */
static bool schema_is_there(struct incidents *t)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, "SELECT forgiven, k0 FROM incident, incident_meta LIMIT 0",
			       -1, &s, NULL) != SQLITE_OK)
		return false;
	sqlite3_finalize(s);
	return true;
}

static int make_schema(struct incidents *t, struct errmsg *e)
{
	if (sqlite3_exec(t->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return incident_db_error(t, e);
	for (size_t i = 0; i < ARRAY_SIZE(additions); i++)
		sqlite3_exec(t->db, additions[i], NULL, NULL, NULL);
	return 0;
}

int incident_db_prepare(struct incidents *t, struct errmsg *e)
{
	const struct {
		sqlite3_stmt **to;
		const char *sql;
	} all[] = {
		{&t->save, "INSERT OR REPLACE INTO incident(" COLUMNS
			   ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
		{&t->save_step, "INSERT OR REPLACE INTO incident_step "
				"VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
		{&t->save_attack, "INSERT OR REPLACE INTO incident_attack "
				  "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"},
		{&t->find_id[0], "SELECT 1 FROM incident_id_0 WHERE key=?"},
		{&t->find_id[1], "SELECT 1 FROM incident_id_1 WHERE key=?"},
		{&t->put_id[0], "INSERT OR IGNORE INTO incident_id_0 VALUES(?)"},
		{&t->put_id[1], "INSERT OR IGNORE INTO incident_id_1 VALUES(?)"},
		{&t->find_closed, "SELECT number FROM incident WHERE host_id=? AND updated>=? AND "
				  "opened<=? AND closed<>0 AND merged_into=0 LIMIT ?"},
	};

	if (!schema_is_there(t) && make_schema(t, e) < 0)
		return ERR_IO;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (sqlite3_prepare_v2(t->db, all[i].sql, -1, all[i].to, NULL) != SQLITE_OK)
			return incident_db_error(t, e);
	}
	return load_meta(t, e);
}

void incident_db_done(struct incidents *t)
{
	sqlite3_stmt **all[] = {&t->save,	&t->save_step, &t->save_attack, &t->find_id[0],
				&t->find_id[1], &t->put_id[0], &t->put_id[1],	&t->find_closed};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		sqlite3_finalize(*all[i]);
		*all[i] = NULL;
	}
}

/* ---- lists as text ---- */

enum { STAGES_TEXT = STAGE_COUNT * 6 * 22, THREATS_TEXT = INCIDENT_THREATS * THREAT_ID };

static void threats_text(const struct incident *i, char ret[THREATS_TEXT])
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned k = 0; k < i->threats_n; k++)
		len += (size_t)snprintf(ret + len, THREATS_TEXT - len, "%s%s", k ? " " : "",
					i->threats[k]);
}

static void threats_parse(const char *text, struct incident *i)
{
	while (text && *text && i->threats_n < INCIDENT_THREATS) {
		size_t len = strcspn(text, " ");

		snprintf(i->threats[i->threats_n++], THREAT_ID, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
}

/* "stage:first:hits:last:last:last ..." */
static void stages_text(const struct incident *i, char ret[STAGES_TEXT])
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		const struct incident_stage *g = &i->stages[s];

		if (g->hits)
			len += (size_t)snprintf(
				ret + len, STAGES_TEXT - len, "%s%u:%llu:%llu:%llu:%llu:%llu",
				len ? " " : "", s, (unsigned long long)g->first,
				(unsigned long long)g->hits, (unsigned long long)g->last[0],
				(unsigned long long)g->last[1], (unsigned long long)g->last[2]);
	}
}

static void stages_parse(const char *text, struct incident *i)
{
	unsigned long long n[5];
	unsigned s;

	while (text && *text) {
		if (sscanf(text, "%u:%llu:%llu:%llu:%llu:%llu", &s, &n[0], &n[1], &n[2], &n[3],
			   &n[4]) == 6 &&
		    s < STAGE_COUNT)
			i->stages[s] = (struct incident_stage){n[0], n[1], {n[2], n[3], n[4]}};
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
}

/* ---- writing ---- */

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *s, int at, uint64_t n)
{
	sqlite3_bind_int64(s, at, (sqlite3_int64)n);
}

static int done(struct incidents *t, sqlite3_stmt *s, struct errmsg *e)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : incident_db_error(t, e);
}

static int save_step(struct incidents *t, uint64_t incident, struct chain_step *x, struct errmsg *e)
{
	sqlite3_stmt *s = t->save_step;
	char peer[IP_ADDR_TEXT];
	const uint64_t numbers[] = {incident, x->stage, x->gid,	     x->sid,	 x->first, x->last,
				    x->hits,  x->level, x->severity, x->attacks, x->port};
	const char *const texts[] = {
		ip_addr_is_zero(&x->peer) ? "" : ip_addr_text(&x->peer, peer, false),
		x->peer_host,
		x->msg,
		x->technique,
		x->alert_id,
		x->url,
		x->file,
		x->sha256,
		x->source,
		x->reason[0],
		x->reason[1]};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		bind_number(s, (int)i + 1, numbers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		bind_text(s, (int)(ARRAY_SIZE(numbers) + i) + 1, texts[i]);
	x->dirty = false;
	return done(t, s, e);
}

static int drop_steps(struct incidents *t, uint64_t incident, struct errmsg *e)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "DELETE FROM incident_step WHERE incident=%llu",
		 (unsigned long long)incident);
	return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								       : incident_db_error(t, e);
}

static int save_steps(struct incidents *t, struct incident *i, struct errmsg *e)
{
	/* When some were displaced, what is stored of them goes too. */
	bool all = i->steps_lost || i->merged_into;
	int rc = all ? drop_steps(t, i->number, e) : 0;

	for (unsigned k = 0; k < i->steps_n && rc == 0 && !i->merged_into; k++) {
		if (all || i->steps[k]->dirty)
			rc = save_step(t, i->number, i->steps[k], e);
	}
	return rc;
}

int incident_db_save(struct incidents *t, struct incident *i, struct errmsg *e)
{
	char threats[THREATS_TEXT], stages[STAGES_TEXT];
	const char *const texts[] = {i->host_id, i->title, i->threat_id, i->technique, i->alert_id};
	const uint64_t times[] = {i->opened, i->updated, i->closed};
	sqlite3_stmt *s = t->save;

	threats_text(i, threats);
	stages_text(i, stages);
	bind_number(s, 1, i->number);
	for (int k = 0; k < 5; k++)
		bind_text(s, k + 2, texts[k]);
	for (int k = 0; k < 3; k++)
		bind_number(s, k + 7, times[k]);
	bind_text(s, 10, level_text(i->level));
	bind_number(s, 11, i->severity);
	bind_number(s, 12, i->alerts);
	bind_text(s, 13, threats);
	bind_number(s, 14, i->marked);
	bind_text(s, 15, level_text(i->proven));
	bind_number(s, 16, i->noted);
	bind_number(s, 17, i->merged_into);
	bind_text(s, 18, stages);
	bind_number(s, 19, i->steps_lost);
	bind_number(s, 20, i->forgiven);
	i->dirty = false;
	return done(t, s, e) == 0 ? save_steps(t, i, e) : ERR_IO;
}

static int save_attack(struct incidents *t, struct attack_entry *x, struct errmsg *e)
{
	const struct incident_attack *a = &x->a;
	const uint64_t numbers[] = {a->stage, a->gid, a->sid, a->first, a->last, a->hits};
	const char *const texts[] = {a->msg, a->technique, a->file, a->sha256};
	sqlite3_stmt *s = t->save_attack;

	bind_text(s, 1, a->from);
	bind_text(s, 2, a->to);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		bind_number(s, (int)i + 3, numbers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		bind_text(s, (int)i + 9, texts[i]);
	x->dirty = false;
	return done(t, s, e);
}

int incidents_flush(struct incidents *t, struct errmsg *e)
{
	int rc = 0;

	for (unsigned k = 0; t->dirty && k < t->n && rc == 0; k++) {
		if (t->open[k]->dirty)
			rc = incident_db_save(t, t->open[k], e);
	}
	t->dirty = t->dirty && rc < 0;
	for (unsigned k = 0; t->attacks_dirty && k < t->attacks_n && rc == 0; k++) {
		if (t->attacks[k].dirty)
			rc = save_attack(t, &t->attacks[k], e);
	}
	t->attacks_dirty = t->attacks_dirty && rc < 0;
	return rc;
}

/* ---- reading ---- */

static uint64_t number(sqlite3_stmt *s, int n)
{
	return (uint64_t)sqlite3_column_int64(s, n);
}

static void read_row(sqlite3_stmt *s, struct incident *i)
{
	struct {
		char *to;
		size_t cap;
	} const texts[] = {{i->host_id, sizeof(i->host_id)},
			   {i->title, sizeof(i->title)},
			   {i->threat_id, sizeof(i->threat_id)},
			   {i->technique, sizeof(i->technique)},
			   {i->alert_id, sizeof(i->alert_id)}};

	i->number = number(s, 0);
	snprintf(i->id, sizeof(i->id), "incident-%06llu", (unsigned long long)i->number);
	for (int k = 0; k < 5; k++)
		snprintf(texts[k].to, texts[k].cap, "%s", text_column(s, k + 1));
	i->opened = number(s, 6);
	i->updated = number(s, 7);
	i->closed = number(s, 8);
	i->level = LEVEL_CAUTION;
	level_parse(text_column(s, 9), &i->level);
	i->severity = (enum severity)sqlite3_column_int(s, 10);
	i->alerts = number(s, 11);
	threats_parse(text_column(s, 12), i);
	i->marked = number(s, 13) != 0;
	i->proven = LEVEL_SAFE;
	level_parse(text_column(s, 14), &i->proven);
	i->noted = number(s, 15);
	i->merged_into = number(s, 16);
	stages_parse(text_column(s, 17), i);
	i->steps_lost = number(s, 18);
	i->forgiven = number(s, 19);
}

static void read_step(sqlite3_stmt *s, struct chain_step *x)
{
	struct {
		char *to;
		size_t cap;
	} const texts[] = {{x->peer_host, sizeof(x->peer_host)},
			   {x->msg, sizeof(x->msg)},
			   {x->technique, sizeof(x->technique)},
			   {x->alert_id, sizeof(x->alert_id)},
			   {x->url, sizeof(x->url)},
			   {x->file, sizeof(x->file)},
			   {x->sha256, sizeof(x->sha256)},
			   {x->source, sizeof(x->source)},
			   {x->reason[0], sizeof(x->reason[0])},
			   {x->reason[1], sizeof(x->reason[1])}};

	x->stage = (enum stage)(number(s, 1) < STAGE_COUNT ? number(s, 1) : STAGE_UNKNOWN);
	x->gid = (uint32_t)number(s, 2);
	x->sid = (uint32_t)number(s, 3);
	x->first = number(s, 4);
	x->last = number(s, 5);
	x->hits = number(s, 6);
	x->level = (enum level)number(s, 7);
	x->severity = (enum severity)number(s, 8);
	x->attacks = number(s, 9) != 0;
	x->port = (uint32_t)number(s, 10);
	(void)ip_addr_parse(text_column(s, 11), &x->peer);
	for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
		snprintf(texts[k].to, texts[k].cap, "%s", text_column(s, (int)k + 12));
}

static void read_steps(struct incidents *t, struct incident *i)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, "SELECT * FROM incident_step WHERE incident=?", -1, &s,
			       NULL) != SQLITE_OK)
		return;
	bind_number(s, 1, i->number);
	while (i->steps_n < INCIDENT_STEPS && sqlite3_step(s) == SQLITE_ROW) {
		struct chain_step *x = calloc(1, sizeof(*x));

		if (!x)
			break;
		read_step(s, x);
		i->steps[i->steps_n++] = x;
	}
	sqlite3_finalize(s);
	incident_sort(i);
}

struct incident *incidents_read(struct incidents *t, uint64_t n)
{
	struct incident *i = calloc(1, sizeof(*i));
	sqlite3_stmt *s;
	bool found = false;

	if (!i || sqlite3_prepare_v2(t->db, "SELECT " COLUMNS " FROM incident WHERE number=?", -1,
				     &s, NULL) != SQLITE_OK) {
		free(i);
		return NULL;
	}
	bind_number(s, 1, n);
	if (sqlite3_step(s) == SQLITE_ROW) {
		read_row(s, i);
		found = true;
	}
	sqlite3_finalize(s);
	if (!found) {
		free(i);
		return NULL;
	}
	read_steps(t, i);
	return i;
}

static unsigned numbers(sqlite3_stmt *s, uint64_t *ret, unsigned max)
{
	unsigned n = 0;

	while (n < max && sqlite3_step(s) == SQLITE_ROW)
		ret[n++] = number(s, 0);
	sqlite3_finalize(s);
	return n;
}

unsigned incidents_list(struct incidents *t, bool open_only, uint64_t *ret, unsigned max)
{
	const char *sql = open_only ? "SELECT number FROM incident WHERE closed=0 ORDER BY updated "
				      "DESC LIMIT ?"
				    : "SELECT number FROM incident WHERE merged_into=0 ORDER BY "
				      "closed<>0, updated DESC LIMIT ?";
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
		return 0;
	bind_number(s, 1, max);
	return numbers(s, ret, max);
}

unsigned incident_db_closed(struct incidents *t, const char *host_id, uint64_t from, uint64_t to,
			    uint64_t *ret, unsigned max)
{
	sqlite3_stmt *s = t->find_closed;
	unsigned n = 0;

	bind_text(s, 1, host_id);
	bind_number(s, 2, from);
	bind_number(s, 3, to);
	bind_number(s, 4, max);
	while (n < max && sqlite3_step(s) == SQLITE_ROW)
		ret[n++] = number(s, 0);
	sqlite3_reset(s);
	return n;
}

static int load_attacks(struct incidents *t, struct errmsg *e)
{
	struct incident_attack a;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, "SELECT * FROM incident_attack ORDER BY last DESC LIMIT ?",
			       -1, &s, NULL) != SQLITE_OK)
		return incident_db_error(t, e);
	bind_number(s, 1, ATTACKS_MAX);
	while (sqlite3_step(s) == SQLITE_ROW) {
		a = (struct incident_attack){.gid = (uint32_t)number(s, 3),
					     .sid = (uint32_t)number(s, 4),
					     .first = number(s, 5),
					     .last = number(s, 6),
					     .hits = number(s, 7)};
		a.stage = (enum stage)(number(s, 2) < STAGE_COUNT ? number(s, 2) : 0);
		snprintf(a.from, sizeof(a.from), "%s", text_column(s, 0));
		snprintf(a.to, sizeof(a.to), "%s", text_column(s, 1));
		snprintf(a.msg, sizeof(a.msg), "%s", text_column(s, 8));
		snprintf(a.technique, sizeof(a.technique), "%s", text_column(s, 9));
		snprintf(a.file, sizeof(a.file), "%s", text_column(s, 10));
		snprintf(a.sha256, sizeof(a.sha256), "%s", text_column(s, 11));
		incident_attack_add(t, &a, false);
	}
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : incident_db_error(t, e);
}

int incident_db_load(struct incidents *t, struct errmsg *e)
{
	uint64_t *open = calloc(INCIDENTS_MAX, sizeof(*open));
	unsigned n = open ? incidents_list(t, true, open, INCIDENTS_MAX) : 0;

	for (unsigned k = 0; k < n; k++)
		incident_add(t, incidents_read(t, open[k]));
	free(open);
	t->next = one_number(t, "SELECT coalesce(max(number),0)+1 FROM incident");
	t->newest_closed = one_number(
		t,
		"SELECT coalesce(max(opened),0) FROM incident WHERE closed<>0 AND merged_into=0");
	return load_attacks(t, e);
}

/* Now and then: what nobody will ask for any more. */
int incident_db_expire(struct incidents *t, struct errmsg *e)
{
	char sql[512];

	snprintf(
		sql, sizeof(sql),
		"DELETE FROM incident WHERE closed<>0 AND number<=(SELECT max(number)-%d FROM "
		"incident);"
		"DELETE FROM incident_step WHERE incident<=(SELECT max(number)-%d FROM incident) "
		"AND incident NOT IN (SELECT number FROM incident);"
		"DELETE FROM incident_attack WHERE last<(SELECT last FROM incident_attack ORDER BY "
		"last DESC LIMIT 1 OFFSET %d)",
		INCIDENTS_KEPT, INCIDENTS_KEPT, ATTACKS_MAX);
	return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								       : incident_db_error(t, e);
}
