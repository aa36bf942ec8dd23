#include "control/api/accounts_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;"
	"PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
	"CREATE TABLE IF NOT EXISTS account(name TEXT PRIMARY KEY, customer TEXT NOT NULL,"
	" role TEXT NOT NULL, hash TEXT NOT NULL, totp TEXT NOT NULL, totp_on INTEGER NOT NULL,"
	" totp_step INTEGER NOT NULL, disabled INTEGER NOT NULL, created INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, name TEXT NOT NULL"
	" REFERENCES account(name) ON DELETE CASCADE, csrf TEXT NOT NULL, created INTEGER NOT"
	" NULL, used INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS session_name ON session(name);"
	"CREATE TABLE IF NOT EXISTS token(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE"
	" NOT NULL, name TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE, label TEXT NOT"
	" NULL, role TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used"
	" INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS token_name ON token(name);";

/* Hashes and tokens of its own user only; what SQLite puts beside it takes the same mode. */
static void keep_private(const char *path)
{
	int fd = path[0] == ':' ? -1 /* in memory */
				: open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return; /* opening the database says why */
	(void)fchmod(fd, 0600);
	close(fd);
}

struct accounts *accounts_open(const char *path, struct errmsg *e)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	keep_private(path);
	if (sqlite3_open_v2(path, &a->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
	    sqlite3_exec(a->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return a;
	errmsg_set(e, ERR_IO, "accounts %s: %s; restore the file from a back-up", path,
		   a->db ? sqlite3_errmsg(a->db) : "no memory");
	accounts_close(a);
	return NULL;
}

void accounts_close(struct accounts *a)
{
	if (!a)
		return;
	sqlite3_close(a->db);
	free(a);
}

/* --- statements --- */

sqlite3_stmt *accounts_sql(struct accounts *a, const char *sql)
{
	sqlite3_stmt *st = NULL;

	sqlite3_prepare_v2(a->db, sql, -1, &st, NULL);
	return st;
}

void accounts_bind(sqlite3_stmt *st, const char *const *texts)
{
	for (int at = 1; *texts; at++, texts++)
		sqlite3_bind_text(st, at, *texts, -1, SQLITE_TRANSIENT);
}

int accounts_run(struct accounts *a, sqlite3_stmt *st, struct errmsg *e)
{
	int rc = sqlite3_step(st);

	sqlite3_finalize(st);
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return ERR_OK;
	if (rc == SQLITE_CONSTRAINT)
		return ERR_EXISTS;
	return errmsg_set(e, ERR_IO, "accounts: %s; is the disk full?", sqlite3_errmsg(a->db));
}

static void column(sqlite3_stmt *st, int at, char *ret, size_t cap)
{
	const char *text = (const char *)sqlite3_column_text(st, at);

	snprintf(ret, cap, "%s", text ? text : "");
}

void accounts_row(sqlite3_stmt *st, struct account *ret)
{
	char role[32];

	memset(ret, 0, sizeof(*ret));
	column(st, 0, ret->name, sizeof(ret->name));
	column(st, 1, ret->customer, sizeof(ret->customer));
	column(st, 2, role, sizeof(role));
	ret->role = api_role_parse(role);
	column(st, 3, ret->hash, sizeof(ret->hash));
	column(st, 4, ret->totp, sizeof(ret->totp));
	ret->totp_on = sqlite3_column_int(st, 5);
	ret->totp_step = (uint64_t)sqlite3_column_int64(st, 6);
	ret->disabled = sqlite3_column_int(st, 7);
	ret->created = (uint64_t)sqlite3_column_int64(st, 8);
}

/* --- accounts --- */

int account_fits(const struct api_customers *c, const struct account *k, struct errmsg *e)
{
	bool of_vendor = api_role_is_vendor(k->role);

	if (of_vendor && k->customer[0])
		return errmsg_set(e, ERR_INVALID, "a role of the vendor's belongs to no customer");
	if (!c->is || of_vendor)
		return ERR_OK;
	if (!k->customer[0])
		return errmsg_set(e, ERR_INVALID, "the role %s belongs to a customer: name one",
				  api_role_name(k->role));
	return c->is(c->ctx, k->customer)
		       ? ERR_OK
		       : errmsg_set(e, ERR_INVALID, "there is no customer %s", k->customer);
}

int accounts_find(struct accounts *a, const char *name, struct account *ret)
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT " ACCOUNT_SELECT " FROM account WHERE name = ?");
	int rc = ERR_NOTFOUND;

	memset(ret, 0, sizeof(*ret));
	accounts_bind(st, (const char *const[]){name, NULL});
	if (sqlite3_step(st) == SQLITE_ROW) {
		accounts_row(st, ret);
		rc = ERR_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-@");

	return n > 0 && n <= API_NAME_MAX && name[n] == 0;
}

static void bind_account(sqlite3_stmt *st, const struct account *k)
{
	accounts_bind(st, (const char *const[]){k->name, k->customer, api_role_name(k->role),
						k->hash, k->totp, NULL});
	sqlite3_bind_int(st, 6, k->totp_on);
	sqlite3_bind_int64(st, 7, (sqlite3_int64)k->totp_step);
	sqlite3_bind_int(st, 8, k->disabled);
}

int accounts_add(struct accounts *a, const struct account *k, struct errmsg *e)
{
	sqlite3_stmt *st;
	int rc;

	if (!is_name(k->name))
		return errmsg_set(e, ERR_INVALID,
				  "account \"%.80s\": a name has 1 to %d of a-z, 0-9, . _ - @",
				  k->name, API_NAME_MAX);
	if (k->role == API_ROLE_NONE || !k->hash[0])
		return errmsg_set(e, ERR_INVALID, "account %s: no role or no password", k->name);
	st = accounts_sql(a, "INSERT INTO account VALUES(?,?,?,?,?,?,?,?,?)");
	bind_account(st, k);
	sqlite3_bind_int64(st, 9, (sqlite3_int64)k->created);
	rc = accounts_run(a, st, e);
	return rc == ERR_EXISTS ? errmsg_set(e, rc, "account %s is there already", k->name) : rc;
}

/* Whether the customer of `name` has another administrator who can log in. */
static bool has_other_administrator(struct accounts *a, const struct account *k)
{
	sqlite3_stmt *st =
		accounts_sql(a, "SELECT role FROM account WHERE name <> ? AND customer = ? AND"
				" disabled = 0");
	bool found = false;

	accounts_bind(st, (const char *const[]){k->name, k->customer, NULL});
	while (!found && sqlite3_step(st) == SQLITE_ROW)
		found = api_role_may(api_role_parse((const char *)sqlite3_column_text(st, 0))) &
			API_MAY_ADMIN;
	sqlite3_finalize(st);
	return found;
}

static bool administers(const struct account *k)
{
	return !k->disabled && (api_role_may(k->role) & API_MAY_ADMIN);
}

static int keep_administrator(struct accounts *a, const struct account *old, struct errmsg *e)
{
	if (!administers(old) || has_other_administrator(a, old))
		return ERR_OK;
	return errmsg_set(e, ERR_DENIED, "%s is the last administrator: make another one first",
			  old->name);
}

int accounts_change(struct accounts *a, const struct account *k, struct errmsg *e)
{
	struct account old;
	sqlite3_stmt *st;

	if (accounts_find(a, k->name, &old) != ERR_OK)
		return errmsg_set(e, ERR_NOTFOUND, "there is no account %s", k->name);
	if ((!administers(k) || strcmp(k->customer, old.customer) != 0) &&
	    keep_administrator(a, &old, e) != ERR_OK)
		return ERR_DENIED;
	st = accounts_sql(a, "UPDATE account SET customer=?2, role=?3, hash=?4, totp=?5,"
			     " totp_on=?6, totp_step=?7, disabled=?8 WHERE name=?1");
	bind_account(st, k);
	return accounts_run(a, st, e);
}

int accounts_remove(struct accounts *a, const char *name, struct errmsg *e)
{
	struct account old;
	sqlite3_stmt *st;

	if (accounts_find(a, name, &old) != ERR_OK)
		return errmsg_set(e, ERR_NOTFOUND, "there is no account %s", name);
	if (keep_administrator(a, &old, e) != ERR_OK)
		return ERR_DENIED;
	st = accounts_sql(a, "DELETE FROM account WHERE name = ?");
	accounts_bind(st, (const char *const[]){name, NULL});
	return accounts_run(a, st, e);
}

json_t *accounts_list(struct accounts *a, const char *customer)
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT " ACCOUNT_SELECT " FROM account WHERE ?1 = '*'"
					   " OR customer = ?2 ORDER BY customer, name");
	json_t *list = json_array();
	struct account k;

	accounts_bind(st,
		      (const char *const[]){customer ? "" : "*", customer ? customer : "", NULL});
	while (sqlite3_step(st) == SQLITE_ROW) {
		accounts_row(st, &k);
		json_array_append_new(list,
				      json_pack("{ss ss ss sb sb sI}", "name", k.name, "customer",
						k.customer, "role", api_role_name(k.role),
						"second_factor", (int)k.totp_on, "disabled",
						(int)k.disabled, "created", (json_int_t)k.created));
	}
	sqlite3_finalize(st);
	return list;
}

uint64_t accounts_count(struct accounts *a)
{
	sqlite3_stmt *st = accounts_sql(a, "SELECT count(*) FROM account");
	uint64_t n = sqlite3_step(st) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;

	sqlite3_finalize(st);
	return n;
}
