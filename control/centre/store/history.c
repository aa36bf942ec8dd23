#include "control/centre/store/history.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/store/private.h"

enum table { ALERTS, RECORDS, EVENTS, HEALTH, TABLES };

/* Times are signed as in the state database: a hostile one stays a number there, too. `month` is
 * the partition: of the row's own time when that is believable, else of its arrival. */
#define COMMON "month UInt32, time Int64, slot Int64, "
static const struct {
	const char *name, *columns, *order;
} tables[TABLES] = {
	[ALERTS] = {"alerts",
		    COMMON
		    "id String, site String, sensor String, mac String, ip String, name String, "
		    "peer_ip String, severity Int64, confidence Int64, gid Int64, sid Int64, msg "
		    "String, category String, tactics String, techniques String, reasons String, "
		    "url String, file String, sha256 String, eve String, tactic String, technique "
		    "String",
		    "site, slot, id"},
	[RECORDS] = {"records", COMMON "id String, sensor String, type String, eve String",
		     "sensor, slot, id"},
	[EVENTS] = {"events",
		    COMMON "id String, number Int64, mitigator String, mac String, ip String, "
			   "name String, threat String, severity Int64, category String, url "
			   "String, threat_id String, alert_id String, command_id String, mode "
			   "String, text String",
		    "mitigator, slot, id"},
	[HEALTH] = {"health", COMMON "sensor String, rx Int64, lost Int64, up_s Int64",
		    "sensor, slot, time"},
};

const char *history_order(const char *table)
{
	for (int t = 0; t < TABLES; t++) {
		if (strcmp(tables[t].name, table) == 0)
			return tables[t].order;
	}
	return NULL;
}

/* What a transaction gathered for one table and shard. */
struct gathered {
	FILE *out;
	char *text;
	size_t len;
};

static struct gathered *place(struct history *h, int table, unsigned shard)
{
	return &h->rows[(unsigned)table * CLICKHOUSE_SHARDS + shard];
}

/* --- its tables --- */

static char *schema(const char *database)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "CREATE DATABASE IF NOT EXISTS %s;", database);
	for (int t = 0; t < TABLES; t++) {
		fprintf(out,
			"CREATE TABLE IF NOT EXISTS %s (%s) ENGINE = "
			"ReplicatedReplacingMergeTree('/banken/%s/{shard}/%s', "
			"'{replica}') PARTITION BY month ORDER BY (%s);",
			tables[t].name, tables[t].columns, database, tables[t].name,
			tables[t].order);
		fprintf(out,
			"CREATE TABLE IF NOT EXISTS all_%s AS %s ENGINE = "
			"Distributed(banken, %s, %s, rand());",
			tables[t].name, tables[t].name, database, tables[t].name);
	}
	fclose(out);
	return text;
}

struct history *history_open(const struct clickhouse_setup *setup, struct errmsg *err)
{
	struct history *h = calloc(1, sizeof(*h));
	struct clickhouse_setup own = *setup;
	char *text = schema(setup->database);

	own.schema = text;
	if (h)
		h->rows = calloc(TABLES * CLICKHOUSE_SHARDS, sizeof(*h->rows));
	if (h && h->rows && text)
		h->clickhouse = clickhouse_new(&own, err);
	else
		errmsg_set(err, ERR_NOMEM, "no memory for the history");
	free(text);
	if (h && h->clickhouse && clickhouse_init(h->clickhouse, err) == ERR_OK)
		return h;
	history_close(h);
	return NULL;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	if (h->rows)
		history_forget(h);
	clickhouse_free(h->clickhouse);
	free(h->rows);
	free(h);
}

/* --- rows --- */

void history_forget(struct history *h)
{
	for (int t = 0; t < TABLES; t++) {
		for (unsigned s = 0; s < CLICKHOUSE_SHARDS; s++) {
			struct gathered *g = place(h, t, s);

			if (g->out)
				fclose(g->out);
			free(g->text);
			*g = (struct gathered){0};
		}
	}
	h->peer[0] = 0;
	h->now = 0;
}

static unsigned month_of(struct history *h, uint64_t time_ns)
{
	enum { DAY = 86400 };
	time_t at = (time_t)(time_ns / NS_PER_SEC);
	struct tm tm;

	if (!h->now)
		h->now = time(NULL);
	if (at < h->now - 400 * DAY || at > h->now + 2 * DAY)
		at = h->now;
	gmtime_r(&at, &tm);
	return (unsigned)((tm.tm_year + 1900) * 100 + tm.tm_mon + 1);
}

/* A row's beginning, in the shard of its id. NULL without memory. */
static FILE *row(struct history *h, enum table t, const char *id, uint64_t time_ns)
{
	struct gathered *g =
		place(h, (int)t, (unsigned)(store_hash(id) % clickhouse_shards(h->clickhouse)));

	if (!g->out)
		g->out = open_memstream(&g->text, &g->len);
	if (g->out)
		fprintf(g->out, "%u\t%lld\t%llu", month_of(h, time_ns), (long long)time_ns,
			(unsigned long long)(time_ns / SLOT_NS));
	return g->out;
}

static void text(FILE *out, const char *value)
{
	fputc('\t', out);
	if (value)
		clickhouse_field(out, SLICE(value, strlen(value)));
}

static void number(FILE *out, uint64_t value)
{
	fprintf(out, "\t%lld", (long long)value);
}

static void ip(FILE *out, const struct ip_addr *value)
{
	static const struct ip_addr none;
	char word[IP_ADDR_TEXT] = "";

	if (!ip_addr_eq(value, &none))
		ip_addr_text(value, word, false);
	text(out, word);
}

static void mac(FILE *out, const struct mac_addr *value)
{
	static const struct mac_addr none;
	char word[MAC_ADDR_TEXT] = "";

	if (memcmp(value, &none, sizeof(none)) != 0)
		mac_addr_text(value, word);
	text(out, word);
}

static void list(FILE *out, const struct text_list *value)
{
	json_t *array = json_array();
	char *words;

	for (size_t i = 0; i < value->n; i++)
		json_array_append_new(array, json_string(value->items[i]));
	words = json_dumps(array, JSON_COMPACT);
	text(out, words ? words : "[]");
	free(words);
	json_decref(array);
}

static int no_memory(struct errmsg *err)
{
	return errmsg_set(err, ERR_NOMEM, "no memory for the history");
}

static int site_of(struct store *s, const char *peer, struct errmsg *err)
{
	struct history *h = s->history;
	struct db_stmt *st;

	if (h->peer[0] && strcmp(h->peer, peer) == 0)
		return ERR_OK;
	st = store_kept(s, "SELECT site FROM peers WHERE name = ?1", err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, peer);
	snprintf(h->site, sizeof(h->site), "%s", db_step(st) ? column_text(st, 0) : "");
	snprintf(h->peer, sizeof(h->peer), "%s", peer);
	return store_done(s, st, err);
}

int history_alert(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err)
{
	FILE *out;

	if (site_of(s, sensor, err) != ERR_OK)
		return ERR_IO;
	out = row(s->history, ALERTS, a->id ? a->id : "", a->time);
	if (!out)
		return no_memory(err);
	text(out, a->id);
	text(out, s->history->site);
	text(out, sensor);
	mac(out, &a->host.mac);
	ip(out, &a->host.ip);
	text(out, a->host.name);
	ip(out, &a->peer.ip);
	number(out, (uint64_t)a->severity);
	number(out, (uint64_t)a->confidence);
	number(out, a->gid);
	number(out, a->sid);
	text(out, a->msg);
	text(out, a->category);
	list(out, &a->tactics);
	list(out, &a->techniques);
	list(out, &a->reasons);
	text(out, a->url);
	text(out, a->evidence.file_name);
	text(out, a->evidence.sha256);
	fputc('\t', out);
	clickhouse_field(out, a->eve);
	text(out, a->tactics.n ? a->tactics.items[0] : "");
	text(out, a->techniques.n ? a->techniques.items[0] : "");
	fputc('\n', out);
	return ERR_OK;
}

int history_record(struct store *s, const char *sensor, const struct flow_summary *f,
		   struct errmsg *err)
{
	FILE *out = row(s->history, RECORDS, f->id ? f->id : "", f->end ? f->end : f->start);

	if (!out)
		return no_memory(err);
	text(out, f->id);
	text(out, sensor);
	text(out, f->event_type);
	fputc('\t', out);
	clickhouse_field(out, f->eve);
	fputc('\n', out);
	return ERR_OK;
}

int history_event(struct store *s, const char *mitigator, const struct event *e, struct errmsg *err)
{
	FILE *out = row(s->history, EVENTS, e->id ? e->id : "", e->time);

	if (!out)
		return no_memory(err);
	text(out, e->id);
	number(out, (uint64_t)e->number);
	text(out, mitigator);
	mac(out, &e->host.mac);
	ip(out, &e->host.ip);
	text(out, e->host.name);
	text(out, e->name);
	number(out, (uint64_t)e->severity);
	text(out, e->category);
	text(out, e->url);
	text(out, e->threat_id);
	text(out, e->alert_id);
	text(out, e->command_id);
	text(out, e->mode);
	text(out, e->text);
	fputc('\n', out);
	return ERR_OK;
}

int history_health(struct store *s, const char *sensor, uint64_t at, uint64_t rx, uint64_t lost,
		   uint64_t up_s, struct errmsg *err)
{
	FILE *out = row(s->history, HEALTH, sensor, at);

	if (!out)
		return no_memory(err);
	text(out, sensor);
	number(out, rx);
	number(out, lost);
	number(out, up_s);
	fputc('\n', out);
	return ERR_OK;
}

int history_flush(struct history *h, struct errmsg *err)
{
	struct clickhouse_block blocks[TABLES * CLICKHOUSE_SHARDS];
	char into[TABLES][40];
	size_t n = 0;
	int rc = ERR_OK;

	for (int t = 0; t < TABLES; t++) {
		snprintf(into[t], sizeof(into[t]), "%s", tables[t].name);
		for (unsigned s = 0; s < CLICKHOUSE_SHARDS; s++) {
			struct gathered *g = place(h, t, s);

			if (!g->out)
				continue;
			if (ferror(g->out))
				rc = no_memory(err);
			if (fflush(g->out) != 0)
				rc = no_memory(err);
			blocks[n++] = (struct clickhouse_block){into[t], s, SLICE(g->text, g->len)};
		}
	}
	if (n && rc == ERR_OK)
		rc = clickhouse_insert(h->clickhouse, blocks, n, err);
	history_forget(h);
	return rc;
}

int history_copy(struct history *h, const char *table, struct db_stmt *st, struct errmsg *err)
{
	uint64_t at = (uint64_t)column_int64(st, 0);
	char *tactic, *technique;
	FILE *out;
	int t = 0;

	while (t < TABLES && strcmp(tables[t].name, table) != 0)
		t++;
	out = t < TABLES ? row(h, (enum table)t, column_text(st, 1), at) : NULL;
	if (!out)
		return no_memory(err);
	for (int i = 1; i < column_count(st); i++) {
		fputc('\t', out);
		clickhouse_field(out, column_bytes(st, i));
	}
	if (t == ALERTS) {
		tactic = text_of_list(column_text(st, 14), 0);
		technique = text_of_list(column_text(st, 15), 0);
		text(out, tactic);
		text(out, technique);
		free(tactic);
		free(technique);
	}
	fputc('\n', out);
	return ERR_OK;
}
