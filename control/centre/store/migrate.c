/* From the embedded store beyond one machine, or back. State goes table by table, row over row;
 * history in the order of time, with the place that was reached kept in the transaction that stored
 * it. Then every row of both is read again, and the sums of their hashes are compared. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/store/assessments.h"
#include "control/centre/store/conditions.h"
#include "control/centre/store/entries.h"
#include "control/centre/store/evidence.h"
#include "control/centre/store/forwards.h"
#include "control/centre/store/keep.h"
#include "control/centre/store/kept.h"
#include "control/centre/store/migrate.h"
#include "control/centre/store/orders.h"
#include "control/centre/store/rollouts.h"
#include "control/centre/store/schedule.h"
#include "control/centre/store/selftests.h"
#include "control/centre/store/templates.h"
#include "control/centre/store/words.h"

enum { AT_ONCE = 5000, COLUMNS = 60, TABLES = 100 };

void migrate_tell(struct moving *m, const char *table, const struct rowsum *from,
		  const struct rowsum *to)
{
	bool same = rowsum_eq(from, to);

	fprintf(m->out, "%-20s %12llu %12llu%s\n", table, (unsigned long long)from->n,
		(unsigned long long)to->n, same ? "" : "  differs");
	fflush(m->out);
	m->differs = m->differs || !same;
}

/* --- state --- */

static void copy_value(struct db_stmt *to, struct db_stmt *from, int at)
{
	if (column_is_null(from, at))
		bind_null(to, at + 1);
	else if (column_is_number(from, at))
		bind_int64(to, at + 1, column_int64(from, at));
	else if (column_is_real(from, at))
		bind_real(to, at + 1, column_real(from, at));
	else if (column_is_bytes(from, at))
		bind_bytes(to, at + 1, column_bytes(from, at));
	else
		bind_text(to, at + 1, column_text(from, at));
}

static struct db_stmt *insertion(struct moving *m, const char *table, struct db_stmt *rows)
{
	char sql[4000];
	int n = column_count(rows);
	size_t len = (size_t)snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO %s(", table);

	for (int i = 0; i < n && len < sizeof(sql); i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%s%s", i ? ", " : "",
					column_name(rows, i));
	for (int i = 0; i < n && len < sizeof(sql); i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%s?%d",
					i ? ", " : ") VALUES(", i + 1);
	if (n > COLUMNS || len + 2 > sizeof(sql)) {
		errmsg_set(m->err, ERR_LIMIT, "%s has too many columns", table);
		return NULL;
	}
	snprintf(sql + len, sizeof(sql) - len, ")");
	return m->to->db->ops->prepare(m->to->db, sql, true, m->err);
}

/* `rows` stands on the first one: only then both drivers know its columns. */
static int copy_rows(struct moving *m, struct db_stmt *rows, struct db_stmt *put)
{
	int rc = store_begin(m->to, m->err);
	bool more = true;

	for (unsigned n = 1; rc == ERR_OK && more; n++, more = rc == ERR_OK && db_step(rows)) {
		for (int i = 0; i < column_count(rows); i++)
			copy_value(put, rows, i);
		rc = store_done(m->to, put, m->err);
		if (rc == ERR_OK && n % AT_ONCE == 0) {
			rc = store_commit(m->to, m->err);
			rc = rc == ERR_OK ? store_begin(m->to, m->err) : rc;
		}
	}
	rc = rc == ERR_OK ? store_commit(m->to, m->err) : rc;
	if (rc != ERR_OK)
		store_rollback(m->to);
	return rc;
}

/* Numbers that PostgreSQL gives go on behind those that came. */
static int go_on_counting(struct moving *m, const char *table)
{
	struct db_stmt *st;
	char sql[300];
	bool counts;

	snprintf(sql, sizeof(sql),
		 "SELECT 1 FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname = 'id' "
		 "AND attidentity <> ''",
		 table);
	st = store_prepare(m->to, sql, m->err);
	counts = st && db_step(st);
	if (store_finish(m->to, st, m->err) != ERR_OK || !counts)
		return counts ? ERR_IO : ERR_OK;
	snprintf(sql, sizeof(sql),
		 "SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT coalesce(max(id), 0) + "
		 "1 "
		 "FROM %s), false)",
		 table, table);
	return m->to->db->ops->exec(m->to->db, sql, m->err);
}

/* As the embedded store made it; what is there already stays. Back there, each of the parts that
 * keep something has made its own. */
static int make_table(struct moving *m, const char *table)
{
	static const char begin[] = "CREATE TABLE ";
	struct db_stmt *st = store_prepare(
		m->from, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1",
		m->err);
	char *sql = NULL;
	int rc;

	if (!st)
		return ERR_IO;
	bind_text(st, 1, table);
	if (db_step(st) && strncmp(column_text(st, 0), begin, sizeof(begin) - 1) == 0 &&
	    asprintf(&sql, "%sIF NOT EXISTS %s", begin, column_text(st, 0) + sizeof(begin) - 1) < 0)
		sql = NULL;
	rc = store_finish(m->from, st, m->err);
	if (rc == ERR_OK)
		rc = sql ? m->to->db->ops->exec(m->to->db, sql, m->err)
			 : errmsg_set(m->err, ERR_INVALID, "%s: how it was made is not known",
				      table);
	free(sql);
	return rc;
}

static struct db_stmt *rows_of(struct moving *m, struct store *s, const char *table)
{
	char sql[100];

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	return store_prepare(s, sql, m->err);
}

/* By the columns' names: their order may be another one. */
static int sum_table(struct moving *m, struct store *s, const char *table, struct rowsum *ret)
{
	struct db_stmt *st = rows_of(m, s, table);

	*ret = (struct rowsum){0};
	while (st && db_step(st))
		rowsum_add_named(ret, st);
	return st ? store_finish(s, st, m->err) : ERR_IO;
}

static int copy_table(struct moving *m, const char *table)
{
	struct rowsum from, to;
	struct db_stmt *rows, *put;
	int rc = m->to->history ? make_table(m, table) : ERR_OK;

	if (rc != ERR_OK)
		return rc;
	rows = rows_of(m, m->from, table);
	if (rows && db_step(rows)) {
		put = insertion(m, table, rows);
		rc = put ? copy_rows(m, rows, put) : ERR_IO;
		db_end(put);
	}
	if (!rows || (store_finish(m->from, rows, m->err) != ERR_OK && rc == ERR_OK))
		rc = ERR_IO;
	if (rc == ERR_OK && m->to->history)
		rc = go_on_counting(m, table);
	rc = rc == ERR_OK ? sum_table(m, m->from, table, &from) : rc;
	rc = rc == ERR_OK ? sum_table(m, m->to, table, &to) : rc;
	if (rc == ERR_OK)
		migrate_tell(m, table, &from, &to);
	return rc;
}

/* What is the history's, and what only centres beside each other have. */
#define NOT_STATE                                                                                  \
	" NOT IN ('alerts', 'records', 'events', 'tally', 'threats', 'health_slots', "             \
	"'migration', 'leases', 'fleet_stamps', 'fleet_heard') ORDER BY 1"

static int copy_state(struct moving *m)
{
	struct db_stmt *st = store_prepare(
		m->from,
		m->from->history
			? "SELECT table_name FROM information_schema.tables WHERE table_schema = "
			  "current_schema() AND table_name" NOT_STATE
			: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
			  "'sqlite_%' AND name" NOT_STATE,
		m->err);
	char *names[TABLES];
	unsigned n = 0;
	int rc = ERR_OK;

	if (!st)
		return ERR_IO;
	while (n < TABLES && db_step(st))
		names[n++] = column_copy(st, 0);
	rc = store_finish(m->from, st, m->err);
	for (unsigned i = 0; i < n; i++) {
		rc = rc == ERR_OK ? copy_table(m, names[i]) : rc;
		free(names[i]);
	}
	return rc;
}

/* Tables of the parts of the centre, which they make when they begin. */
static int make_tables(struct store *s, struct errmsg *err)
{
	static int (*const parts[])(struct store * s, struct errmsg * err) = {
		assessments_open,    conditions_open,	store_entries_open, fleet_tables,
		forwards_open,	     store_orders_open, rollout_tables,	    schedule_open,
		self_tests_open,     templates_open,	store_words_open,   kept_open,
		store_evidence_open,
	};
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && rc == ERR_OK; i++)
		rc = parts[i](s, err);
	return rc;
}

/* --- the whole --- */

/* Ended before its time it goes on where it was; ended well the next one begins anew. */
static int move(struct moving *m)
{
	static const char places[] =
		"CREATE TABLE IF NOT EXISTS migration(name TEXT PRIMARY KEY, time INTEGER, id "
		"TEXT)";
	int rc = m->to->db->ops->exec(m->to->db, places, m->err);

	if (rc == ERR_OK && !m->to->history)
		rc = make_tables(m->to, m->err);
	if (rc != ERR_OK)
		return rc;
	fprintf(m->out, "%-20s %12s %12s\n", "table", "there", "here");
	rc = m->to->history ? migrate_history(m) : migrate_history_back(m);
	rc = rc == ERR_OK ? copy_state(m) : rc;
	if (rc == ERR_OK && m->differs)
		rc = errmsg_set(m->err, ERR_INVALID,
				"not everything arrived; was something written meanwhile? run it "
				"again");
	if (rc == ERR_OK || m->differs)
		(void)m->to->db->ops->exec(m->to->db, "DELETE FROM migration", NULL);
	return rc;
}

static int open_and_move(const struct store_where *from, const struct store_where *to, FILE *out,
			 struct errmsg *err)
{
	struct moving m = {.out = out, .err = err};
	struct errmsg note;
	int rc;

	m.from = store_open_at(from, &note, err);
	m.to = m.from ? store_open_at(to, &note, err) : NULL;
	rc = m.to ? move(&m) : ERR_IO;
	store_close(m.from);
	store_close(m.to);
	return rc;
}

int keep_migrate(const char *from, const struct store_where *to, FILE *out, struct errmsg *err)
{
	const struct store_where file = {.path = from};

	return keep_check(from, err) == ERR_OK ? open_and_move(&file, to, out, err) : ERR_INVALID;
}

int keep_migrate_back(const struct store_where *from, const char *to, FILE *out, struct errmsg *err)
{
	const struct store_where file = {.path = to};

	if (access(to, F_OK) == 0 && keep_check(to, err) != ERR_OK)
		return ERR_INVALID;
	return open_and_move(from, &file, out, err);
}
