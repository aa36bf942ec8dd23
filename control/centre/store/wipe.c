#include "control/centre/store/wipe.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/report_file.h"
#include "dataplane/base/slice.h"

enum { NAME_LEAST = 8, CHUNK = 1 << 20, PATH_MOST = 700 }; /* shorter names are in any bytes */

struct wiping {
	const char *state, *reports, *customer;
	sqlite3 *db;
	FILE *out;
	struct errmsg *err;
	uint64_t rows, files;
};

static int complain(struct wiping *w)
{
	return errmsg_set(w->err, ERR_IO, "%s: %s", w->state, sqlite3_errmsg(w->db));
}

static sqlite3_stmt *prepare(struct wiping *w, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(w->db, sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	if (sqlite3_bind_parameter_count(st))
		sqlite3_bind_text(st, 1, w->customer, -1, SQLITE_STATIC);
	return st;
}

/* Rows written or, of a question, its number; negative with a sentence. */
static int64_t run(struct wiping *w, const char *sql)
{
	sqlite3_stmt *st = prepare(w, sql);
	int64_t n = -1;
	int code = st ? sqlite3_step(st) : SQLITE_ERROR;

	if (code == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	else if (code == SQLITE_DONE)
		n = sqlite3_changes(w->db);
	if (n < 0)
		complain(w);
	sqlite3_finalize(st);
	return n;
}

/* --- whose a row is --- */

/* His sites and machines, and what hangs on rows of his by number; all before anything goes. */
static const char *const lists[] = {
	"CREATE TEMP TABLE w_sites AS SELECT site FROM sites WHERE customer = ?1",
	"CREATE TEMP TABLE w_peers AS SELECT name FROM peers WHERE site IN w_sites UNION SELECT "
	"name FROM certificates WHERE site IN w_sites UNION SELECT name FROM fleet_boxes WHERE "
	"site IN w_sites UNION SELECT DISTINCT sensor FROM alerts WHERE site IN w_sites UNION "
	"SELECT DISTINCT mitigator FROM hosts WHERE site IN w_sites",
	"CREATE TEMP TABLE w_scopes AS SELECT 'customer:' || ?1 AS scope UNION SELECT 'site:' || "
	"site FROM w_sites UNION SELECT 'box:' || name FROM w_peers",
	"CREATE TEMP TABLE w_incidents AS SELECT id FROM incidents WHERE site IN w_sites OR "
	"mitigator IN w_peers",
	"CREATE TEMP TABLE w_emergencies AS SELECT id, key FROM emergencies WHERE customer = ?1 OR "
	"site IN w_sites",
	"CREATE TEMP TABLE w_recipients AS SELECT id FROM recipients WHERE customer = ?1",
};

/* A row is his when one of these columns says so. */
static const struct {
	const char *table, *column, *is; /* table NULL: any that has the column */
} marks[] = {
	{NULL, "customer", "= ?1"},
	{NULL, "site", "IN w_sites"},
	{NULL, "sensor", "IN w_peers"},
	{NULL, "mitigator", "IN w_peers"},
	{NULL, "peer", "IN w_peers"},
	{NULL, "box", "IN w_peers"},
	{NULL, "scope", "IN w_scopes"},
	{NULL, "incident", "IN w_incidents"},
	{NULL, "emergency", "IN (SELECT id FROM w_emergencies)"},
	{NULL, "recipient", "IN w_recipients"},
	{"customers", "id", "= ?1"},
	{"peers", "name", "IN w_peers"},
	{"mitigators", "name", "IN w_peers"},
	{"fleet_versions", "name", "IN w_peers"},
	{"conditions", "key", "IN (SELECT key FROM w_emergencies)"},
};

static bool has_column(struct wiping *w, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(w->db, "main", table, column, NULL, NULL, NULL, NULL,
					     NULL) == SQLITE_OK;
}

/* "customer = ?1 OR site IN w_sites"; false: nothing says whose its rows are. */
static bool whose(struct wiping *w, const char *table, char *ret, size_t cap)
{
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		bool fits = marks[i].table ? strcmp(marks[i].table, table) == 0 : true;

		if (fits && has_column(w, table, marks[i].column) && n < cap)
			n += (size_t)snprintf(ret + n, cap - n, "%s\"%s\" %s", n ? " OR " : "",
					      marks[i].column, marks[i].is);
	}
	return n > 0 && n < cap;
}

/* --- the store --- */

static int each_table(struct wiping *w,
		      int (*fn)(struct wiping *w, const char *table, const char *condition))
{
	char condition[1000];
	sqlite3_stmt *st = prepare(
		w, "SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name = "
		   "'peers' OR name = 'sites' OR name = 'customers', name");
	int rc = st ? ERR_OK : complain(w);

	while (rc == ERR_OK && sqlite3_step(st) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(st, 0);

		if (whose(w, table, condition, sizeof(condition)))
			rc = fn(w, table, condition);
	}
	sqlite3_finalize(st);
	return rc;
}

static int empty_table(struct wiping *w, const char *table, const char *condition)
{
	char sql[1200];
	int64_t n;

	snprintf(sql, sizeof(sql), "DELETE FROM main.\"%s\" WHERE %s", table, condition);
	n = run(w, sql);
	if (n > 0)
		fprintf(w->out, "%-20s %12lld rows\n", table, (long long)n);
	w->rows += n > 0 ? (uint64_t)n : 0;
	return n < 0 ? ERR_IO : ERR_OK;
}

static int is_empty(struct wiping *w, const char *table, const char *condition)
{
	char sql[1200];
	int64_t n;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM main.\"%s\" WHERE %s", table, condition);
	n = run(w, sql);
	if (n > 0)
		return errmsg_set(w->err, ERR_INVALID, "%lld rows of his are left in %s",
				  (long long)n, table);
	return n < 0 ? ERR_IO : ERR_OK;
}

static int open_exclusively(struct wiping *w, const char *path, struct errmsg *err)
{
	if (sqlite3_open_v2(path, &w->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return errmsg_set(err, ERR_IO, "%s: %s", path, sqlite3_errmsg(w->db));
	/* Freed pages are filled with zeroes. With others at it exclusive locking is refused. */
	if (sqlite3_exec(w->db,
			 "PRAGMA locking_mode=EXCLUSIVE; PRAGMA secure_delete=ON; PRAGMA "
			 "temp_store=MEMORY; BEGIN EXCLUSIVE; COMMIT",
			 NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(err, ERR_EXISTS, "%s is in use: stop banken-centre first", path);
	return ERR_OK;
}

/* Pages are written anew, and none of the old is left in the log beside. */
static int close_tidied(struct wiping *w, int rc)
{
	if ((rc == ERR_OK || rc == ERR_NOTFOUND) &&
	    sqlite3_exec(w->db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) !=
		    SQLITE_OK)
		rc = complain(w);
	sqlite3_close(w->db);
	w->db = NULL;
	return rc;
}

/* What was made of everybody's is made again without him when it is asked for. */
static const char *const rest[] = {
	"DELETE FROM threats WHERE id NOT IN (SELECT threat FROM tally)",
	"UPDATE report_runs SET state = 'due', next = due, tries = 0 WHERE customer = ''",
};

/* The lists, and the customer's name and those of his sites and machines, one a line. */
static int list_his(struct wiping *w, char **ret_names)
{
	sqlite3_stmt *st;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (run(w, lists[i]) < 0)
			return ERR_IO;
	}
	if (run(w, "SELECT count(*) FROM customers WHERE id = ?1") == 0 &&
	    run(w, "SELECT count(*) FROM w_sites") == 0)
		return errmsg_set(w->err, ERR_NOTFOUND, "there is no customer %s", w->customer);
	st = prepare(w, "SELECT group_concat(name, char(10)) FROM (SELECT ?1 AS name UNION SELECT "
			"name FROM customers WHERE id = ?1 UNION SELECT site FROM w_sites UNION "
			"SELECT name FROM w_peers)");
	if (st && sqlite3_step(st) == SQLITE_ROW)
		*ret_names = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return *ret_names ? ERR_OK : ERR_NOMEM;
}

static int from_store(struct wiping *w)
{
	int rc = run(w, "BEGIN IMMEDIATE") < 0 ? ERR_IO : each_table(w, empty_table);

	for (size_t i = 0; i < ARRAY_SIZE(rest) && rc == ERR_OK; i++)
		rc = run(w, rest[i]) < 0 ? ERR_IO : ERR_OK;
	rc = rc == ERR_OK && run(w, "COMMIT") < 0 ? ERR_IO : rc;
	return rc == ERR_OK ? each_table(w, is_empty) : rc;
}

/* --- beside the store --- */

static int from_accounts(struct wiping *w, const char *names)
{
	static const char *const sql[] = {
		"CREATE TEMP TABLE w_names AS SELECT name FROM account WHERE customer = ?1",
		"DELETE FROM session WHERE name IN w_names",
		"DELETE FROM token WHERE name IN w_names",
		"DELETE FROM account WHERE name IN w_names"};
	int64_t n = 0;

	(void)names;
	for (size_t i = 0; i < ARRAY_SIZE(sql) && n >= 0; i++)
		n = run(w, sql[i]);
	if (n >= 0)
		fprintf(w->out, "%-20s %12lld\n", "accounts", (long long)n);
	return n < 0 ? ERR_IO : ERR_OK;
}

/* What waits for his machines: the first bits of a key are its destination's number (spool_db.h).
 */
static int from_spool(struct wiping *w, const char *names)
{
	static const char *const sql[] = {
		"DELETE FROM item WHERE key >> 47 IN (SELECT id FROM destination WHERE name IN "
		"w_names)",
		"UPDATE destination SET name = 'gone-' || id WHERE name IN w_names"};
	int64_t n = run(w, "CREATE TEMP TABLE w_names(name TEXT)");
	int64_t items;

	while (*names && n >= 0) {
		size_t len = strcspn(names, "\n");
		sqlite3_stmt *st = prepare(w, "INSERT INTO w_names VALUES(?2)");

		sqlite3_bind_text(st, 2, names, (int)len, SQLITE_STATIC);
		n = st && sqlite3_step(st) == SQLITE_DONE ? 0 : -1;
		sqlite3_finalize(st);
		names += len + (names[len] == '\n');
	}
	items = n < 0 ? n : run(w, sql[0]);
	n = items < 0 ? items : run(w, sql[1]);
	if (n < 0)
		return complain(w);
	fprintf(w->out, "%-20s %12lld items\n", "waiting for machines", (long long)items);
	return ERR_OK;
}

static int beside(struct wiping *w, const char *file,
		  int (*fn)(struct wiping *w, const char *names), const char *names)
{
	struct wiping b = *w;
	char path[PATH_MOST];
	int rc;

	b.db = NULL;
	snprintf(path, sizeof(path), "%s/%s", w->state, file);
	if (access(path, F_OK) != 0)
		return ERR_OK;
	rc = open_exclusively(&b, path, w->err);
	rc = rc == ERR_OK ? fn(&b, names) : rc;
	return close_tidied(&b, rc);
}

/* A file of a report: KIND-NAME-YYYY-MM..., NAME the customer's (and a site's), or everybody's. */
static bool is_report_of(const char *file, const char *stem)
{
	size_t n = strlen(stem);

	return strncmp(file, stem, n) == 0 && file[n] == '-' &&
	       strspn(file + n + 1, "0123456789") == 4 && file[n + 5] == '-';
}

static void from_folder(struct wiping *w, const char *folder, char *const *stems, size_t n)
{
	DIR *dir = opendir(folder);
	struct dirent *f;

	while (dir && (f = readdir(dir))) {
		for (size_t i = 0; i < n; i++) {
			if (!is_report_of(f->d_name, stems[i]))
				continue;
			w->files += unlinkat(dirfd(dir), f->d_name, 0) == 0;
			break;
		}
	}
	if (dir)
		closedir(dir);
}

enum { STEMS_MOST = 4096 };

static int from_reports(struct wiping *w)
{
	char **stems = calloc(STEMS_MOST, sizeof(*stems)), folder[PATH_MOST];
	sqlite3_stmt *st = prepare(w, "SELECT site FROM w_sites UNION SELECT ''");
	struct store_scope scopes[] = {{"", ""}, {w->customer, ""}, {"", ""}};
	size_t n = 0;

	while (stems && st && sqlite3_step(st) == SQLITE_ROW && n + 6 <= STEMS_MOST) {
		scopes[1].site = scopes[2].site = (const char *)sqlite3_column_text(st, 0);
		for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
			for (int kind = 0; kind < REPORT_PERIODS; kind++) {
				char stem[PATH_MOST];

				report_file_name((enum report_period)kind, &scopes[i], stem,
						 sizeof(stem));
				stems[n++] = strdup(stem);
			}
		}
	}
	sqlite3_finalize(st);
	from_folder(w, w->reports, stems, n);
	snprintf(folder, sizeof(folder), "%s/final", w->reports);
	from_folder(w, folder, stems, n);
	for (size_t i = 0; i < n; i++)
		free(stems[i]);
	free(stems);
	fprintf(w->out, "%-20s %12llu files\n", "reports", (unsigned long long)w->files);
	return stems ? ERR_OK : ERR_NOMEM;
}

/* --- looked at afterwards --- */

/* Whether any of the names, one a line, is in the file. */
static int look_into(struct wiping *w, const char *path, const char *names)
{
	uint8_t *buf = malloc(CHUNK + 512);
	FILE *in = fopen(path, "re");
	size_t kept = 0, n;
	int rc = buf ? ERR_OK : ERR_NOMEM;

	while (in && rc == ERR_OK && (n = fread(buf + kept, 1, CHUNK, in)) > 0) {
		for (const char *name = names; *name && rc == ERR_OK;) {
			size_t len = strcspn(name, "\n");

			if (len >= NAME_LEAST && memmem(buf, kept + n, name, len))
				rc = errmsg_set(w->err, ERR_INVALID, "\"%.*s\" is still in %s",
						(int)len, name, path);
			name += len + (name[len] == '\n');
		}
		n += kept;
		kept = n < 256 ? n : 256;
		memmove(buf, buf + n - kept, kept);
	}
	if (in)
		fclose(in);
	free(buf);
	return rc;
}

/* Every file of the state folder, those too that were put aside as damaged. */
static int verify(struct wiping *w, const char *names)
{
	DIR *dir = opendir(w->state);
	struct dirent *f;
	char path[PATH_MOST];
	int rc = ERR_OK;

	while (dir && rc == ERR_OK && (f = readdir(dir))) {
		if (f->d_type != DT_REG || strcmp(f->d_name, "audit.log") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", w->state, f->d_name);
		rc = look_into(w, path, names);
	}
	if (dir)
		closedir(dir);
	if (rc == ERR_OK)
		fprintf(w->out,
			"no row is left in any table, none of the names in any byte of the store; "
			"audit.log keeps that he was a customer\n");
	return rc;
}

int wipe_customer(const char *state, const char *reports, const char *customer, FILE *out,
		  struct errmsg *err)
{
	struct wiping w = {
		.state = state, .reports = reports, .customer = customer, .out = out, .err = err};
	char path[PATH_MOST], *names = NULL;
	int rc;

	if (!customer[0])
		return errmsg_set(err, ERR_INVALID, "name the customer");
	snprintf(path, sizeof(path), "%s/centre.db", state);
	rc = open_exclusively(&w, path, err);
	rc = rc == ERR_OK ? list_his(&w, &names) : rc;
	/* Whose he is stands in the store: it comes last, so that what was ended goes on. */
	rc = rc == ERR_OK ? beside(&w, "accounts.db", from_accounts, names) : rc;
	rc = rc == ERR_OK ? beside(&w, "spool.db", from_spool, names) : rc;
	rc = rc == ERR_OK ? from_reports(&w) : rc;
	rc = rc == ERR_OK ? from_store(&w) : rc;
	/* Who is not there any more may have been wiped but for the log beside. */
	rc = close_tidied(&w, rc);
	rc = rc == ERR_OK ? verify(&w, names) : rc;
	free(names);
	return rc;
}
