/* What questions need of the history, from ClickHouse into the state database's connection. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

#define THREAT "bitAnd(cityHash64(gid, sid, msg, severity), 9223372036854775807)"

/* The fetched tables; their columns are those of the embedded store's. */
static const char fetched_tables[] =
	"CREATE TEMP TABLE IF NOT EXISTS alerts(id TEXT, time INTEGER, site TEXT, sensor TEXT, "
	"mac TEXT, ip TEXT, name TEXT, peer_ip TEXT, severity INTEGER, confidence INTEGER, gid "
	"INTEGER, sid INTEGER, msg TEXT, category TEXT, tactics TEXT, techniques TEXT, reasons "
	"TEXT, url TEXT, file TEXT, sha256 TEXT, eve TEXT);"
	"CREATE INDEX IF NOT EXISTS fetched_alerts ON alerts(site, ip);"
	"CREATE TEMP TABLE IF NOT EXISTS threats(id INTEGER, gid INTEGER, sid INTEGER, msg TEXT, "
	"category TEXT, severity INTEGER, tactic TEXT, technique TEXT, PRIMARY KEY(id));"
	"CREATE TEMP TABLE IF NOT EXISTS tally(site TEXT, slot INTEGER, threat INTEGER, ip TEXT, n "
	"INTEGER, first INTEGER, last INTEGER);"
	"CREATE INDEX IF NOT EXISTS fetched_tally ON tally(site, ip);"
	"CREATE TEMP TABLE IF NOT EXISTS records(id TEXT, time INTEGER, sensor TEXT, type TEXT, "
	"eve TEXT);"
	"CREATE TEMP TABLE IF NOT EXISTS health_slots(sensor TEXT, slot INTEGER, rx INTEGER, lost "
	"INTEGER, up_s INTEGER);"
	"CREATE TEMP TABLE IF NOT EXISTS events(id TEXT, time INTEGER, number INTEGER, mitigator "
	"TEXT, mac TEXT, ip TEXT, name TEXT, threat TEXT, severity INTEGER, category TEXT, url "
	"TEXT, threat_id TEXT, alert_id TEXT, command_id TEXT, mode TEXT, text TEXT);";

void history_greet(struct history *h, struct db *db)
{
	h->fetched = 0;
	h->is_dirty = false;
	db->ops->exec(db, fetched_tables, NULL);
}

/* --- guards --- */

static const struct {
	const char *table;
	unsigned what;
} by_table[] = {
	{"alerts", HISTORY_ALERTS | HISTORY_SIGNS},
	{"records", HISTORY_RECORDS},
	{"events", HISTORY_EVENTS},
	{"tally", HISTORY_TALLY | HISTORY_FIRST},
	{"threats", HISTORY_TALLY},
	{"health_slots", HISTORY_HEALTH},
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind FROM, JOIN or INTO: a table, not a column of that name. */
static bool names_table(const char *sql, const char *table)
{
	size_t n = strlen(table);

	for (const char *at = strstr(sql, table); at; at = strstr(at + 1, table)) {
		if (is_word(at[n]) || at - sql < 5)
			continue;
		if (strncmp(at - 5, "FROM ", 5) == 0 || strncmp(at - 5, "JOIN ", 5) == 0 ||
		    strncmp(at - 5, "INTO ", 5) == 0)
			return true;
	}
	return false;
}

bool history_is_missing(const struct history *h, const char *sql, struct errmsg *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(by_table); i++) {
		if (!(by_table[i].what & h->fetched) && names_table(sql, by_table[i].table)) {
			errmsg_set(err, ERR_IO,
				   "store: \"%s\" is in the history and was not fetched before it "
				   "was asked for (history_fetch)",
				   by_table[i].table);
			return true;
		}
	}
	return false;
}

/* --- whose --- */

/* A list of quoted names for IN: what the question gives. */
static int add_names(struct store *s, FILE *out, const char *sql, const struct store_scope *scope,
		     struct errmsg *err)
{
	const struct period p = {scope, 0, 0};
	struct db_stmt *st = store_ask(s, sql, &p, err);
	const char *between = "";

	if (!st)
		return ERR_IO;
	while (db_step(st)) {
		const char *name = column_text(st, 0);

		fputs(between, out);
		clickhouse_quote(out, SLICE(name, strlen(name)));
		between = ",";
	}
	if (!between[0])
		fputs("'\\0 nobody'", out);
	return store_finish(s, st, err);
}

static bool is_all(const struct store_scope *scope)
{
	return !scope || (!scope->customer[0] && !scope->site[0]);
}

static void add_text(FILE *out, const char *condition, const char *value)
{
	fprintf(out, " AND %s", condition);
	clickhouse_quote(out, SLICE(value, strlen(value)));
}

/* `whose`: the column that says so. */
static int conditions(struct store *s, FILE *out, const struct history_want *w, const char *whose,
		      bool by_slot, struct errmsg *err)
{
	bool by_site = strcmp(whose, "site") == 0;
	long long slot_from = (long long)(w->from / SLOT_NS);
	long long slot_to = (long long)((w->to + SLOT_NS - 1) / SLOT_NS);
	int rc = ERR_OK;

	fputs(" WHERE 1", out);
	if (w->from || w->to)
		fprintf(out, " AND slot >= %lld AND slot < %lld", slot_from, slot_to);
	if ((w->from || w->to) && !by_slot)
		fprintf(out, " AND time >= %lld AND time < %lld", (long long)w->from,
			(long long)w->to);
	if (!is_all(w->scope)) {
		fprintf(out, " AND %s IN (", whose);
		rc = add_names(s, out,
			       by_site ? "SELECT site FROM " OUR_SITES " AS ours"
				       : "SELECT name FROM " OUR_PEERS " AS ours",
			       w->scope, err);
		fputc(')', out);
	}
	if (w->id)
		add_text(out, "id = ", w->id);
	if (w->ip)
		add_text(out, "ip = ", w->ip);
	if (w->sender)
		add_text(out,
			 by_site			   ? "sensor = "
			 : strcmp(whose, "mitigator") == 0 ? "mitigator = "
							   : "sensor = ",
			 w->sender);
	if (w->peer_ip)
		add_text(out, "peer_ip = ", w->peer_ip);
	if (w->host) {
		add_text(out, "(ip = ", w->host);
		fputs(" OR name = ", out);
		clickhouse_quote(out, SLICE(w->host, strlen(w->host)));
		fputs(" OR mac = ", out);
		clickhouse_quote(out, SLICE(w->host, strlen(w->host)));
		fputc(')', out);
	}
	if (w->gid)
		fprintf(out, " AND gid = %lld", (long long)w->gid);
	if (w->sid)
		fprintf(out, " AND sid = %lld", (long long)w->sid);
	if (w->severity)
		fprintf(out, " AND severity = %lld", (long long)w->severity);
	if (w->has) {
		fputs(" AND position(eve, ", out);
		clickhouse_quote(out, SLICE(w->has, strlen(w->has)));
		fputs(") > 0", out);
	}
	return rc;
}

/* --- one table each --- */

struct fetching {
	struct store *s;
	const struct history_want *w;
	struct errmsg *err;
};

/* `begin` ... conditions ... `end`, into `table`. */
static int fetch(struct fetching *f, const char *table, const char *begin, const char *whose,
		 bool by_slot, const char *end)
{
	struct clickhouse_answer answer = {0};
	char *sql = NULL, copy[64];
	size_t len;
	FILE *out = open_memstream(&sql, &len);
	int rc;

	if (!out)
		return errmsg_set(f->err, ERR_NOMEM, "no memory for the history");
	fputs(begin, out);
	rc = conditions(f->s, out, f->w, whose, by_slot, f->err);
	fputs(end, out);
	fclose(out);
	if (rc == ERR_OK)
		rc = clickhouse_ask(f->s->history->clickhouse, sql, &answer, f->err);
	snprintf(copy, sizeof(copy), "COPY %s FROM STDIN", table);
	if (rc == ERR_OK && answer.len)
		rc = db_postgres_copy(f->s->db, copy, SLICE(answer.text, answer.len), f->err);
	/* Nobody else tells the planner how many they are. */
	snprintf(copy, sizeof(copy), "ANALYZE %s", table);
	if (rc == ERR_OK && answer.len)
		rc = f->s->db->ops->exec(f->s->db, copy, f->err);
	free(answer.text);
	free(sql);
	return rc;
}

static int fetch_tally(struct fetching *f)
{
	int rc = fetch(f, "threats",
		       "SELECT " THREAT " AS t, gid, sid, msg, argMin(category, (time, id)), "
		       "severity, argMin(tactic, (time, id)), argMin(technique, (time, id)) FROM "
		       "all_alerts",
		       "site", true, " GROUP BY gid, sid, msg, severity");

	if (rc != ERR_OK)
		return rc;
	return fetch(f, "tally",
		     "SELECT site, slot, " THREAT " AS t, ip, uniqExact(id), min(time), max(time) "
		     "FROM all_alerts",
		     "site", true, " GROUP BY site, slot, gid, sid, msg, severity, ip");
}

/* A sensor's first slot of all comes along, with nothing in it: since when it is there. */
static int fetch_health(struct fetching *f)
{
	struct history_want ever = *f->w;
	struct fetching first = {f->s, &ever, f->err};
	int rc = fetch(f, "health_slots",
		       "SELECT sensor, s, sum(r), sum(l), sum(u) FROM (SELECT sensor, time, "
		       "any(slot) AS s, any(rx) AS r, any(lost) AS l, any(up_s) AS u FROM "
		       "all_health",
		       "sensor", true, " GROUP BY sensor, time) GROUP BY sensor, s");

	ever.from = ever.to = 0;
	if (rc != ERR_OK)
		return rc;
	return fetch(&first, "health_slots", "SELECT sensor, min(slot), 0, 0, 0 FROM all_health",
		     "sensor", true, " GROUP BY sensor");
}

#define ALERT_COLUMNS                                                                              \
	"id, time, site, sensor, mac, ip, name, peer_ip, severity, confidence, gid, sid, msg, "    \
	"category, tactics, techniques, reasons, url, file, sha256, "

static int fetch_newest(struct fetching *f, const char *table, const char *begin, const char *whose)
{
	unsigned most = f->w->most && f->w->most < HISTORY_MOST ? f->w->most : HISTORY_MOST;
	char end[80];

	snprintf(end, sizeof(end), " ORDER BY time DESC, id DESC LIMIT 1 BY id LIMIT %u", most);
	return fetch(f, table, begin, whose, false, end);
}

static int fetch_all(struct fetching *f)
{
	unsigned what = f->w->what;
	int rc = ERR_OK;

	if (what & HISTORY_TALLY)
		rc = fetch_tally(f);
	if (rc == ERR_OK && (what & HISTORY_FIRST))
		rc = fetch(f, "tally", "SELECT site, min(slot), 0, '', 0, 0, 0 FROM all_alerts",
			   "site", true, " GROUP BY site");
	if (rc == ERR_OK && (what & HISTORY_HEALTH))
		rc = fetch_health(f);
	if (rc == ERR_OK && (what & HISTORY_ALERTS))
		rc = fetch_newest(f, "alerts", "SELECT " ALERT_COLUMNS "eve FROM all_alerts",
				  "site");
	if (rc == ERR_OK && (what & HISTORY_SIGNS))
		rc = fetch(f, "alerts", "SELECT " ALERT_COLUMNS "'' AS nothing FROM all_alerts",
			   "site", false,
			   " ORDER BY gid != 2, file = '', time, id LIMIT 1 BY site, ip LIMIT "
			   "100000");
	if (rc == ERR_OK && (what & HISTORY_RECORDS))
		rc = fetch_newest(f, "records",
				  "SELECT id, time, sensor, type, eve FROM all_records", "sensor");
	if (rc == ERR_OK && (what & HISTORY_EVENTS))
		rc = fetch_newest(f, "events",
				  "SELECT id, time, number, mitigator, mac, ip, name, threat, "
				  "severity, category, url, threat_id, alert_id, command_id, mode, "
				  "text FROM all_events",
				  "mitigator");
	return rc;
}

int history_fetch(struct store *s, const struct history_want *w, struct errmsg *err)
{
	struct fetching f = {s, w, err};
	struct history *h = s->history;

	if (!h)
		return ERR_OK;
	h->fetched = 0;
	/* Nothing of it is kept, so nothing waits for a standby. */
	if (h->is_dirty &&
	    s->db->ops->exec(s->db,
			     "TRUNCATE alerts, threats, tally, records, health_slots, events",
			     err) != ERR_OK)
		return ERR_IO;
	h->is_dirty = true;
	h->fetched = w->what;
	if (fetch_all(&f) == ERR_OK)
		return ERR_OK;
	h->fetched = 0;
	return ERR_IO;
}

/* --- the whole --- */

static int one_number(struct clickhouse *c, int shard, const char *sql, uint64_t *ret,
		      struct errmsg *err)
{
	struct clickhouse_answer answer;
	int rc = shard < 0 ? clickhouse_ask(c, sql, &answer, err)
			   : clickhouse_ask_shard(c, (unsigned)shard, sql, &answer, err);

	*ret = rc == ERR_OK && answer.text ? strtoull(answer.text, NULL, 10) : 0;
	free(answer.text);
	return rc;
}

uint64_t history_count(struct history *h, const char *table)
{
	char sql[80];
	uint64_t n = 0;

	snprintf(sql, sizeof(sql), "SELECT uniq(id) FROM all_%s", table);
	one_number(h->clickhouse, -1, sql, &n, NULL);
	return n;
}

int64_t history_exact(struct history *h, const char *table, struct errmsg *err)
{
	bool is_health = strcmp(table, "health") == 0;
	char sql[80];
	uint64_t n;

	snprintf(sql, sizeof(sql), "SELECT uniqExact(%s) FROM all_%s",
		 is_health ? "sensor, slot" : "time, id", table);
	return one_number(h->clickhouse, -1, sql, &n, err) == ERR_OK ? (int64_t)n : -1;
}

static long drop_partitions(struct clickhouse *c, unsigned shard, const char *table, unsigned month)
{
	struct clickhouse_answer list;
	char sql[200], *rest, *line;
	long n = 0;

	snprintf(sql, sizeof(sql),
		 "SELECT DISTINCT partition FROM system.parts WHERE database = currentDatabase() "
		 "AND table = "
		 "'%s' AND active AND toUInt32(partition) < %u ORDER BY partition",
		 table, month);
	if (clickhouse_ask_shard(c, shard, sql, &list, NULL) != ERR_OK)
		return ERR_IO;
	rest = list.text;
	while (rest && (line = strsep(&rest, "\n"))) {
		unsigned long partition = strtoul(line, NULL, 10);
		struct clickhouse_answer done;

		if (!partition)
			continue;
		snprintf(sql, sizeof(sql), "ALTER TABLE %s DROP PARTITION %lu", table, partition);
		n += clickhouse_ask_shard(c, shard, sql, &done, NULL) == ERR_OK;
		free(done.text);
	}
	free(list.text);
	return n;
}

long history_expire(struct history *h, const char *table, uint64_t before)
{
	time_t at = (time_t)(before / NS_PER_SEC);
	struct tm tm;
	long gone = 0;

	gmtime_r(&at, &tm);
	for (unsigned s = 0; s < clickhouse_shards(h->clickhouse); s++) {
		long n = drop_partitions(h->clickhouse, s, table,
					 (unsigned)((tm.tm_year + 1900) * 100 + tm.tm_mon + 1));

		if (n < 0)
			return n;
		gone += n;
	}
	return gone;
}

int history_size(struct history *h, uint64_t *ret_bytes, uint64_t *ret_day, struct errmsg *err)
{
	*ret_bytes = *ret_day = 0;
	for (unsigned s = 0; s < clickhouse_shards(h->clickhouse); s++) {
		uint64_t bytes, rows, week;

		if (one_number(h->clickhouse, (int)s,
			       "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = "
			       "currentDatabase() AND active",
			       &bytes, err) != ERR_OK ||
		    one_number(h->clickhouse, (int)s,
			       "SELECT sum(rows) FROM system.parts WHERE database = "
			       "currentDatabase() AND "
			       "active",
			       &rows, err) != ERR_OK ||
		    one_number(h->clickhouse, (int)s,
			       "SELECT count() FROM records WHERE time > "
			       "(toInt64(now()) - 604800) * 1000000000",
			       &week, err) != ERR_OK)
			return ERR_IO;
		*ret_bytes += bytes;
		*ret_day += rows ? (uint64_t)((double)bytes / (double)rows * (double)week / 7) : 0;
	}
	return ERR_OK;
}

int history_oldest(struct history *h, uint64_t *ret_month, struct errmsg *err)
{
	*ret_month = 0;
	for (unsigned s = 0; s < clickhouse_shards(h->clickhouse); s++) {
		uint64_t month;

		if (one_number(h->clickhouse, (int)s,
			       "SELECT min(toUInt32(partition)) FROM system.parts WHERE database = "
			       "currentDatabase() AND active AND table = 'records'",
			       &month, err) != ERR_OK)
			return ERR_IO;
		if (month && (!*ret_month || month < *ret_month))
			*ret_month = month;
	}
	return ERR_OK;
}
