/* A customer goes from PostgreSQL and ClickHouse. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/assessments.h"
#include "control/centre/store/private.h"
#include "control/centre/store/wipe_marks.h"

enum { TABLES = 120, NAME_LEAST = 8 };

struct wipe_far {
	struct store *store;
	const char *customer;
	char *sites, *peers; /* quoted for ClickHouse, with commas */
	char *names[TABLES]; /* of the state's tables, those that say whose a site is at the end */
	unsigned n;
	struct errmsg *err;
};

static struct db_stmt *ask(struct wipe_far *f, const char *sql, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(f->store, sql, err);

	if (st && strstr(sql, "?1"))
		bind_text(st, 1, f->customer);
	return st;
}

/* Rows written or, of a question, its number; negative with a sentence. */
static int64_t run(struct wipe_far *f, const char *sql, struct errmsg *err)
{
	struct db_stmt *st = ask(f, sql, err);
	bool has_row = st && db_step(st);
	int64_t n = has_row ? column_int64(st, 0) : 0;

	if (!st || store_finish(f->store, st, err) != ERR_OK)
		return ERR_IO;
	return has_row ? n : store_changes(f->store);
}

/* The first column of all rows, one a line, or quoted with commas between. */
static char *listed(struct wipe_far *f, const char *sql, bool quoted, struct errmsg *err)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct db_stmt *st = out ? ask(f, sql, err) : NULL;
	const char *between = "";

	while (st && db_step(st)) {
		fputs(between, out);
		if (quoted)
			clickhouse_quote(out, column_bytes(st, 0));
		else
			fputs(column_text(st, 0), out);
		between = quoted ? "," : "\n";
	}
	if (out && quoted && !between[0])
		fputs("'\\0 nobody'", out);
	if (out)
		fclose(out);
	if (st && store_finish(f->store, st, err) == ERR_OK)
		return text;
	free(text);
	return NULL;
}

/* --- his --- */

static int tables_of_state(struct wipe_far *f, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(
		f->store,
		"SELECT table_name FROM information_schema.tables WHERE table_schema = "
		"current_schema() AND table_name NOT IN ('migration', 'leases') ORDER BY CASE WHEN "
		"table_name IN ('peers', 'sites', 'customers') THEN 1 ELSE 0 END, table_name",
		err);

	while (st && f->n < TABLES && db_step(st))
		f->names[f->n++] = column_copy(st, 0);
	return st ? store_finish(f->store, st, err) : ERR_IO;
}

/* Sensors that sent alerts for his sites and are known nowhere else. */
static int add_senders(struct wipe_far *f, struct errmsg *err)
{
	struct clickhouse_answer answer = {0};
	struct slice name;
	char *sql = NULL, *at;
	bool last;
	int rc = ERR_NOMEM;

	if (asprintf(&sql, "SELECT DISTINCT sensor FROM all_alerts WHERE site IN (%s)", f->sites) >=
	    0)
		rc = clickhouse_ask(f->store->history->clickhouse, sql, &answer, err);
	free(sql);
	at = answer.text;
	while (rc == ERR_OK && at && clickhouse_next(&at, &name, &last)) {
		struct db_stmt *st = store_prepare(f->store, "INSERT INTO w_peers VALUES(?1)", err);

		if (!st)
			rc = ERR_IO;
		else
			bind_text_of(st, 1, name);
		rc = st ? store_finish(f->store, st, err) : rc;
	}
	free(answer.text);
	return rc;
}

static int make_lists(struct wipe_far *f, struct errmsg *err)
{
	for (size_t i = 0; wipe_lists[i].name; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "CREATE TEMP TABLE %s", wipe_lists[i].name);
		if (f->store->db->ops->exec(f->store->db, sql, err) != ERR_OK ||
		    run(f, wipe_lists[i].fill, err) < 0)
			return ERR_IO;
		if (i == 0)
			f->sites = listed(f, "SELECT site FROM w_sites", true, err);
		if (!f->sites || (i == 1 && add_senders(f, err) != ERR_OK))
			return ERR_IO;
	}
	f->peers = listed(f, "SELECT DISTINCT name FROM w_peers", true, err);
	return f->peers ? ERR_OK : ERR_IO;
}

struct wipe_far *wipe_far_open(const struct store_where *where, const char *customer,
			       char **ret_names, char **ret_sites, struct errmsg *err)
{
	struct wipe_far *f = calloc(1, sizeof(*f));
	struct errmsg note;
	int rc = ERR_IO;

	if (!f)
		return NULL;
	f->customer = customer;
	f->store = store_open_at(where, &note, err);
	if (f->store)
		rc = tables_of_state(f, err);
	rc = rc == ERR_OK ? make_lists(f, err) : rc;
	if (rc == ERR_OK && run(f, WIPE_IS_THERE, err) == 0)
		rc = errmsg_set(err, ERR_NOTFOUND, "there is no customer %s", customer);
	*ret_names = rc == ERR_OK ? listed(f, WIPE_NAMES, false, err) : NULL;
	*ret_sites = rc == ERR_OK ? listed(f, "SELECT site FROM w_sites", false, err) : NULL;
	if (*ret_names && *ret_sites)
		return f;
	wipe_far_close(f);
	return NULL;
}

void wipe_far_close(struct wipe_far *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->sites);
	free(f->peers);
	store_close(f->store);
	free(f);
}

/* --- the history --- */

static const struct {
	const char *table, *whose;
	bool by_site;
} histories[] = {
	{"alerts", "sensor", true},
	{"records", "sensor", false},
	{"events", "mitigator", false},
	{"health", "sensor", false},
};

static char *condition_of(struct wipe_far *f, size_t i)
{
	char *text = NULL;
	int n = histories[i].by_site ? asprintf(&text, "site IN (%s) OR %s IN (%s)", f->sites,
						histories[i].whose, f->peers)
				     : asprintf(&text, "%s IN (%s)", histories[i].whose, f->peers);

	return n < 0 ? NULL : text;
}

static int from_history(struct wipe_far *f, FILE *out, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(histories) && rc == ERR_OK; i++) {
		char *condition = condition_of(f, i);
		int64_t n = condition ? history_matching(f->store->history, histories[i].table,
							 condition, err)
				      : ERR_NOMEM;

		rc = n < 0 ? (int)n : ERR_OK;
		if (n > 0)
			rc = history_remove(f->store->history, histories[i].table, condition, err);
		if (n > 0 && rc == ERR_OK)
			fprintf(out, "%-20s %12lld rows of the history\n", histories[i].table,
				(long long)n);
		free(condition);
	}
	return rc;
}

/* --- the state --- */

static bool has_column(void *ctx, const char *table, const char *column)
{
	struct wipe_far *f = ctx;
	struct db_stmt *st = store_prepare(
		f->store,
		"SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() "
		"AND table_name = ?1 AND column_name = ?2",
		f->err);
	bool has;

	if (!st)
		return false;
	bind_text(st, 1, table);
	bind_text(st, 2, column);
	has = db_step(st);
	return store_finish(f->store, st, f->err) == ERR_OK && has;
}

static int64_t on_table(struct wipe_far *f, const char *begin, const char *table,
			struct errmsg *err)
{
	char condition[WIPE_CONDITION], sql[WIPE_CONDITION + 200];

	f->err = err;
	if (!wipe_whose(table, has_column, f, condition, sizeof(condition)))
		return 0;
	snprintf(sql, sizeof(sql), "%s \"%s\" WHERE %s", begin, table, condition);
	return run(f, sql, err);
}

static int from_state(struct wipe_far *f, FILE *out, struct errmsg *err)
{
	int64_t n = store_begin(f->store, err);

	for (unsigned i = 0; i < f->n && n >= 0; i++) {
		n = on_table(f, "DELETE FROM", f->names[i], err);
		if (n > 0)
			fprintf(out, "%-20s %12lld rows\n", f->names[i], (long long)n);
	}
	if (n >= 0)
		n = run(f,
			"UPDATE report_runs SET state = 'due', next = due, tries = 0 WHERE "
			"customer "
			"= ''",
			err);
	n = n < 0 ? n : store_commit(f->store, err);
	if (n < 0)
		store_rollback(f->store);
	return n < 0 ? (int)n : ERR_OK;
}

/* Deleted rows stand in the files until they are written anew. */
static int tidy(struct wipe_far *f, struct errmsg *err)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < f->n && rc == ERR_OK; i++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "VACUUM FULL \"%s\"", f->names[i]);
		rc = f->store->db->ops->exec(f->store->db, sql, err);
	}
	return rc;
}

int wipe_far_rows(struct wipe_far *f, FILE *out, struct errmsg *err)
{
	/* Whose he is stands in the state: it comes last, so that what was ended goes on. */
	int rc = from_history(f, out, err);

	rc = rc == ERR_OK ? from_state(f, out, err) : rc;
	return rc == ERR_OK ? tidy(f, err) : rc;
}

/* --- looked at afterwards --- */

static int left(const char *table, int64_t n, const char *what, struct errmsg *err)
{
	if (n > 0)
		return errmsg_set(err, ERR_INVALID, "%lld rows %s are left in %s", (long long)n,
				  what, table);
	return n < 0 ? (int)n : ERR_OK;
}

static int no_rows(struct wipe_far *f, struct errmsg *err)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < f->n && rc == ERR_OK; i++)
		rc = left(f->names[i], on_table(f, "SELECT count(*) FROM", f->names[i], err),
			  "of his", err);
	for (size_t i = 0; i < ARRAY_SIZE(histories) && rc == ERR_OK; i++) {
		char *condition = condition_of(f, i);

		rc = condition ? left(histories[i].table,
				      history_matching(f->store->history, histories[i].table,
						       condition, err),
				      "of his history", err)
			       : ERR_NOMEM;
		free(condition);
	}
	return rc;
}

static int no_name_in_state(struct wipe_far *f, struct slice name, struct errmsg *err)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < f->n && rc == ERR_OK; i++) {
		struct db_stmt *st;
		char sql[300];
		int64_t n;

		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM \"%s\" t WHERE strpos(CAST(t AS TEXT), ?1) > 0",
			 f->names[i]);
		st = store_prepare(f->store, sql, err);
		if (!st)
			return ERR_IO;
		bind_text_of(st, 1, name);
		n = db_step(st) ? column_int64(st, 0) : 0;
		rc = store_finish(f->store, st, err);
		rc = rc == ERR_OK ? left(f->names[i], n, "with his name", err) : rc;
	}
	return rc;
}

static int no_name_in_history(struct wipe_far *f, struct slice name, struct errmsg *err)
{
	static const char *const tables[] = {"alerts", "records"};
	int rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && rc == ERR_OK; i++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		if (!out)
			return ERR_NOMEM;
		fputs("position(eve, ", out);
		clickhouse_quote(out, name);
		fputs(") > 0", out);
		fclose(out);
		rc = left(tables[i], history_matching(f->store->history, tables[i], text, err),
			  "with his name", err);
		free(text);
	}
	return rc;
}

int wipe_far_verify(struct wipe_far *f, const char *names, struct errmsg *err)
{
	int rc = no_rows(f, err);

	while (*names && rc == ERR_OK) {
		size_t len = strcspn(names, "\n");
		struct slice name = SLICE(names, len);

		if (len >= NAME_LEAST)
			rc = no_name_in_state(f, name, err);
		if (len >= NAME_LEAST && rc == ERR_OK)
			rc = no_name_in_history(f, name, err);
		names += len + (names[len] == '\n');
	}
	return rc;
}
