/* The history as a whole, for a move or a wipe: read from its beginning to its end, or rows of it
 * taken out. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

enum { HOUR_SLOTS = 4 };

static bool is_health(const char *table)
{
	return strcmp(table, "health") == 0;
}

int history_hours(struct history *h, const char *table, int64_t after, int64_t **ret, size_t *ret_n,
		  struct errmsg *err)
{
	struct clickhouse_answer answer = {0};
	struct slice field;
	char sql[200], *at;
	size_t cap = 0;
	bool last;
	int rc;

	*ret = NULL;
	*ret_n = 0;
	snprintf(sql, sizeof(sql),
		 "SELECT DISTINCT intDiv(slot, %d) AS hour FROM all_%s WHERE intDiv(slot, %d) > "
		 "%lld ORDER BY hour",
		 HOUR_SLOTS, table, HOUR_SLOTS, (long long)after);
	rc = clickhouse_ask(h->clickhouse, sql, &answer, err);
	at = answer.text;
	while (rc == ERR_OK && at && clickhouse_next(&at, &field, &last)) {
		char number[24] = "";

		if (*ret_n == cap) {
			int64_t *more = realloc(*ret, (cap = cap ? 2 * cap : 256) * sizeof(*more));

			if (!more) {
				rc = errmsg_set(err, ERR_NOMEM, "no memory for the history");
				break;
			}
			*ret = more;
		}
		memcpy(number, field.data, field.len < 23 ? field.len : 23);
		(*ret)[(*ret_n)++] = strtoll(number, NULL, 10);
	}
	free(answer.text);
	return rc;
}

int history_rows(struct history *h, const char *table, const char *columns,
		 const struct history_place *from, unsigned most, struct clickhouse_answer *ret,
		 struct errmsg *err)
{
	long long slot = (long long)(from->hour * HOUR_SLOTS);
	char *sql = NULL;
	size_t len;
	FILE *out = open_memstream(&sql, &len);
	int rc;

	*ret = (struct clickhouse_answer){0};
	if (!out)
		return errmsg_set(err, ERR_NOMEM, "no memory for the history");
	if (is_health(table)) {
		fprintf(out,
			"SELECT s * 900000000000 AS t, sensor, sum(r), sum(l), sum(u) FROM (SELECT "
			"sensor, time, any(slot) AS s, any(rx) AS r, any(lost) AS l, any(up_s) AS "
			"u FROM all_health WHERE slot >= %lld AND slot < %lld GROUP BY sensor, "
			"time) GROUP BY sensor, s ORDER BY t, sensor",
			slot, slot + HOUR_SLOTS);
	} else {
		fprintf(out, "SELECT %s FROM all_%s WHERE slot >= %lld AND slot < %lld", columns,
			table, slot, slot + HOUR_SLOTS);
		if (from->id) {
			fprintf(out, " AND (time > %lld OR (time = %lld AND id > ",
				(long long)from->time, (long long)from->time);
			clickhouse_quote(out, SLICE(from->id, strlen(from->id)));
			fputs("))", out);
		}
		fprintf(out, " ORDER BY time, id LIMIT 1 BY time, id LIMIT %u", most);
	}
	fclose(out);
	rc = clickhouse_ask(h->clickhouse, sql, ret, err);
	free(sql);
	return rc;
}

static int64_t number_of(struct history *h, int shard, const char *sql, struct errmsg *err)
{
	struct clickhouse_answer answer = {0};
	int rc = shard < 0
			 ? clickhouse_ask(h->clickhouse, sql, &answer, err)
			 : clickhouse_ask_shard(h->clickhouse, (unsigned)shard, sql, &answer, err);
	int64_t n = rc == ERR_OK && answer.text ? strtoll(answer.text, NULL, 10) : rc;

	free(answer.text);
	return n;
}

int64_t history_matching(struct history *h, const char *table, const char *condition,
			 struct errmsg *err)
{
	char *sql = NULL;
	int64_t n = ERR_NOMEM;

	if (asprintf(&sql, "SELECT count() FROM all_%s WHERE %s", table, condition) >= 0)
		n = number_of(h, -1, sql, err);
	free(sql);
	return n;
}

/* (ALTER ... DELETE of release 18.16 was seen never to begin on a table of few parts.) */

static int work(struct history *h, unsigned shard, struct errmsg *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int work(struct history *h, unsigned shard, struct errmsg *err, const char *format, ...)
{
	struct clickhouse_answer answer = {0};
	char *sql = NULL;
	va_list ap;
	int rc = ERR_NOMEM;

	va_start(ap, format);
	if (vasprintf(&sql, format, ap) >= 0)
		rc = clickhouse_ask_shard(h->clickhouse, shard, sql, &answer, err);
	va_end(ap);
	free(answer.text);
	free(sql);
	return rc;
}

/* A month of a shard without those rows. */
static int rewrite(struct history *h, unsigned shard, const char *table, const char *condition,
		   long long month, struct errmsg *err)
{
	char sql[80];
	int64_t n;
	int rc = work(h, shard, err, "DROP TABLE IF EXISTS wiping_%s", table);

	rc = rc == ERR_OK ? work(h, shard, err,
				 "CREATE TABLE wiping_%s AS %s ENGINE = ReplacingMergeTree() "
				 "PARTITION BY month ORDER BY (%s)",
				 table, table, history_order(table))
			  : rc;
	rc = rc == ERR_OK
		     ? work(h, shard, err,
			    "INSERT INTO wiping_%s SELECT * FROM %s WHERE month = %lld AND NOT "
			    "(%s)",
			    table, table, month, condition)
		     : rc;
	snprintf(sql, sizeof(sql), "SELECT count() FROM wiping_%s", table);
	n = rc == ERR_OK ? number_of(h, (int)shard, sql, err) : rc;
	if (n < 0)
		return (int)n;
	rc = n ? work(h, shard, err, "ALTER TABLE %s REPLACE PARTITION %lld FROM wiping_%s", table,
		      month, table)
	       : work(h, shard, err, "ALTER TABLE %s DROP PARTITION %lld", table, month);
	return rc == ERR_OK ? work(h, shard, err, "DROP TABLE wiping_%s", table) : rc;
}

static int remove_of(struct history *h, unsigned shard, const char *table, const char *condition,
		     struct errmsg *err)
{
	struct clickhouse_answer answer = {0};
	struct slice field;
	char *sql = NULL, *at;
	bool last;
	int rc = ERR_NOMEM;

	if (asprintf(&sql, "SELECT DISTINCT month FROM %s WHERE %s ORDER BY month", table,
		     condition) >= 0)
		rc = clickhouse_ask_shard(h->clickhouse, shard, sql, &answer, err);
	free(sql);
	at = answer.text;
	while (rc == ERR_OK && at && clickhouse_next(&at, &field, &last)) {
		char number[24] = "";

		memcpy(number, field.data, field.len < 23 ? field.len : 23);
		rc = rewrite(h, shard, table, condition, strtoll(number, NULL, 10), err);
	}
	free(answer.text);
	return rc;
}

int history_remove(struct history *h, const char *table, const char *condition, struct errmsg *err)
{
	int rc = ERR_OK;

	clickhouse_be_patient(h->clickhouse);
	for (unsigned s = 0; s < clickhouse_shards(h->clickhouse) && rc == ERR_OK; s++)
		rc = remove_of(h, s, table, condition, err);
	return rc;
}
