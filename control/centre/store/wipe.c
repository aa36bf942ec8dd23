#include "control/centre/store/wipe.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/report_file.h"
#include "control/centre/store/wipe_marks.h"
#include "dataplane/base/slice.h"

enum { NAME_LEAST = 8, CHUNK = 1 << 20, PATH_MOST = 700 }; /* shorter names are in any bytes */

struct wiping {
	const char *state, *reports, *customer;
	sqlite3 *db;
	FILE *out;
	struct errmsg *err;
	uint64_t rows, files;
	char *names, *sites; /* his, one a line: the names are his id, his own, sites', machines' */
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

static bool has_column(void *ctx, const char *table, const char *column)
{
	struct wiping *w = ctx;

	return sqlite3_table_column_metadata(w->db, "main", table, column, NULL, NULL, NULL, NULL,
					     NULL) == SQLITE_OK;
}

/* --- the store --- */

static int each_table(struct wiping *w,
		      int (*fn)(struct wiping *w, const char *table, const char *condition))
{
	char condition[WIPE_CONDITION];
	sqlite3_stmt *st = prepare(
		w, "SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name = "
		   "'peers' OR name = 'sites' OR name = 'customers', name");
	int rc = st ? ERR_OK : complain(w);

	while (rc == ERR_OK && sqlite3_step(st) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(st, 0);

		if (wipe_whose(table, has_column, w, condition, sizeof(condition)))
			rc = fn(w, table, condition);
	}
	sqlite3_finalize(st);
	return rc;
}

static int empty_table(struct wiping *w, const char *table, const char *condition)
{
	char sql[WIPE_CONDITION + 200];
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
	char sql[WIPE_CONDITION + 200];
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

/* One a line; NULL without memory. */
static char *list_of(struct wiping *w, const char *sql)
{
	sqlite3_stmt *st = prepare(w, sql);
	char *text = NULL;

	if (st && sqlite3_step(st) == SQLITE_ROW) {
		const char *found = (const char *)sqlite3_column_text(st, 0);

		text = strdup(found ? found : "");
	}
	sqlite3_finalize(st);
	return text;
}

static int list_his(struct wiping *w)
{
	for (size_t i = 0; wipe_lists[i].name; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "CREATE TEMP TABLE %s", wipe_lists[i].name);
		if (run(w, sql) < 0 || run(w, wipe_lists[i].fill) < 0)
			return ERR_IO;
	}
	if (run(w, "INSERT INTO w_peers SELECT DISTINCT sensor FROM alerts WHERE site IN (SELECT "
		   "site FROM w_sites)") < 0)
		return ERR_IO;
	if (run(w, WIPE_IS_THERE) == 0)
		return errmsg_set(w->err, ERR_NOTFOUND, "there is no customer %s", w->customer);
	w->names = list_of(w, "SELECT group_concat(name, char(10)) FROM (" WIPE_NAMES ")");
	w->sites = list_of(w, "SELECT group_concat(site, char(10)) FROM w_sites");
	return w->names && w->sites ? ERR_OK : ERR_NOMEM;
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

/* The beginnings of the names of files about him, about a site of his, and about everybody. */
static size_t stems_of(struct wiping *w, const char *site, char **stems)
{
	const struct store_scope scopes[] = {{"", site}, {w->customer, site}};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		for (int kind = 0; kind < REPORT_PERIODS; kind++) {
			char stem[PATH_MOST];

			report_file_name((enum report_period)kind, &scopes[i], stem, sizeof(stem));
			stems[n++] = strdup(stem);
		}
	}
	return n;
}

static int from_reports(struct wiping *w)
{
	char **stems = calloc(STEMS_MOST, sizeof(*stems)), folder[PATH_MOST];
	size_t n = stems ? stems_of(w, "", stems) : 0;

	for (const char *at = w->sites; stems && *at && n + 6 <= STEMS_MOST;) {
		size_t len = strcspn(at, "\n");
		char site[PATH_MOST];

		snprintf(site, sizeof(site), "%.*s", (int)len, at);
		n += stems_of(w, site, stems + n);
		at += len + (at[len] == '\n');
	}
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

/* Accounts, what waits for his machines, reports. */
static int all_beside(struct wiping *w)
{
	int rc = beside(w, "accounts.db", from_accounts, w->names);

	rc = rc == ERR_OK ? beside(w, "spool.db", from_spool, w->names) : rc;
	return rc == ERR_OK ? from_reports(w) : rc;
}

int wipe_customer(const char *state, const char *reports, const char *customer, FILE *out,
		  struct errmsg *err)
{
	struct wiping w = {
		.state = state, .reports = reports, .customer = customer, .out = out, .err = err};
	char path[PATH_MOST];
	int rc;

	if (!customer[0])
		return errmsg_set(err, ERR_INVALID, "name the customer");
	snprintf(path, sizeof(path), "%s/centre.db", state);
	rc = open_exclusively(&w, path, err);
	rc = rc == ERR_OK ? list_his(&w) : rc;
	/* Whose he is stands in the store: it comes last, so that what was ended goes on. */
	rc = rc == ERR_OK ? all_beside(&w) : rc;
	rc = rc == ERR_OK ? from_store(&w) : rc;
	/* Who is not there any more may have been wiped but for the log beside. */
	rc = close_tidied(&w, rc);
	rc = rc == ERR_OK ? verify(&w, w.names) : rc;
	free(w.names);
	free(w.sites);
	return rc;
}

int wipe_customer_far(const struct store_where *where, const char *state, const char *reports,
		      const char *customer, FILE *out, struct errmsg *err)
{
	struct wiping w = {
		.state = state, .reports = reports, .customer = customer, .out = out, .err = err};
	struct wipe_far *far;
	int rc;

	if (!customer[0])
		return errmsg_set(err, ERR_INVALID, "name the customer");
	far = wipe_far_open(where, customer, &w.names, &w.sites, err);
	rc = far ? all_beside(&w) : ERR_IO;
	rc = rc == ERR_OK ? wipe_far_rows(far, out, err) : rc;
	rc = rc == ERR_OK ? wipe_far_verify(far, w.names, err) : rc;
	rc = rc == ERR_OK ? verify(&w, w.names) : rc;
	wipe_far_close(far);
	free(w.names);
	free(w.sites);
	return rc;
}
