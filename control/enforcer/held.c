#include "control/enforcer/held.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	"CREATE TABLE IF NOT EXISTS held(id TEXT PRIMARY KEY, payload BLOB NOT NULL,"
	"  lease INTEGER NOT NULL, drops INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS had(id TEXT PRIMARY KEY, state INTEGER NOT NULL,"
	"  reason TEXT NOT NULL, keep_until INTEGER NOT NULL, release INTEGER NOT NULL)"
	"  WITHOUT ROWID;";

struct held {
	sqlite3 *db;
	size_t n;
	struct held_cut cuts[HELD_MAX];
};

static int db_error(struct held *h, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "%s: %s", sqlite3_db_filename(h->db, "main"),
			  sqlite3_errmsg(h->db));
}

struct held *held_open(const char *path, struct errmsg *e)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	if (sqlite3_open(path, &h->db) != SQLITE_OK ||
	    sqlite3_exec(h->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
		errmsg_set(e, ERR_IO, "%s: %s", path, h->db ? sqlite3_errmsg(h->db) : "no memory");
		held_close(h);
		return NULL;
	}
	sqlite3_busy_timeout(h->db, 2000);
	return h;
}

void held_close(struct held *h)
{
	if (h)
		sqlite3_close(h->db);
	free(h);
}

sqlite3 *held_db(struct held *h)
{
	return h->db;
}

static int run(struct held *h, const char *sql, struct errmsg *e)
{
	return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(h, e);
}

int held_begin(struct held *h, struct errmsg *e)
{
	return run(h, "BEGIN IMMEDIATE", e);
}

int held_commit(struct held *h, struct errmsg *e)
{
	return run(h, "COMMIT", e);
}

void held_rollback(struct held *h)
{
	sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
}

/* One stored row; false when its message is of no use any more. */
static bool read_row(sqlite3_stmt *s, struct held_cut *ret, uint64_t wall, uint64_t mono)
{
	struct slice payload = SLICE(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
	struct message *m = message_decode(payload, NULL);
	bool right =
		m && m->kind == MESSAGE_COMMAND && accept_host(&m->command, &ret->host, NULL) == 0;

	message_free(m);
	snprintf(ret->id, sizeof(ret->id), "%s", (const char *)sqlite3_column_text(s, 0));
	ret->lease_expires = (uint64_t)sqlite3_column_int64(s, 2);
	ret->drops_before = (uint64_t)sqlite3_column_int64(s, 3);
	ret->drops = ret->drops_before;
	ret->since = mono;
	if (ret->lease_expires > wall)
		ret->deadline = mono + (ret->lease_expires - wall);
	else if (ret->lease_expires)
		ret->deadline = mono;
	return right;
}

int held_reload(struct held *h, uint64_t wall, uint64_t mono, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(h->db, "SELECT id, payload, lease, drops FROM held", -1, &s, NULL) !=
	    SQLITE_OK)
		return db_error(h, e);
	h->n = 0;
	while (h->n < HELD_MAX && sqlite3_step(s) == SQLITE_ROW) {
		h->cuts[h->n] = (struct held_cut){0};
		h->n += read_row(s, &h->cuts[h->n], wall, mono);
	}
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : db_error(h, e);
}

bool held_known(struct held *h, const char *id, struct held_answer *ret)
{
	sqlite3_stmt *s;
	bool known = false;

	if (sqlite3_prepare_v2(h->db, "SELECT state, reason, release FROM had WHERE id=?", -1, &s,
			       NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW) {
		known = true;
		ret->state = (enum command_state)sqlite3_column_int(s, 0);
		snprintf(ret->reason, sizeof(ret->reason), "%s",
			 (const char *)sqlite3_column_text(s, 1));
		ret->release = sqlite3_column_int(s, 2) != 0;
	}
	sqlite3_finalize(s);
	return known;
}

int held_remember(struct held *h, const char *id, const struct held_answer *a, uint64_t keep_until,
		  struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(h->db,
			       "INSERT INTO had VALUES(?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
			       "state=excluded.state, reason=excluded.reason, "
			       "keep_until=max(keep_until, excluded.keep_until)",
			       -1, &s, NULL) != SQLITE_OK)
		return db_error(h, e);
	sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, (int)a->state);
	sqlite3_bind_text(s, 3, a->reason, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)keep_until);
	sqlite3_bind_int(s, 5, a->release);
	sqlite3_step(s);
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : db_error(h, e);
}

int held_under_way(struct held *h, void (*fn)(void *ctx, const char *id, bool release), void *ctx,
		   struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(h->db, "SELECT id, release FROM had WHERE state=?", -1, &s, NULL) !=
	    SQLITE_OK)
		return db_error(h, e);
	sqlite3_bind_int(s, 1, COMMAND_STATE_SENT);
	while (sqlite3_step(s) == SQLITE_ROW)
		fn(ctx, (const char *)sqlite3_column_text(s, 0), sqlite3_column_int(s, 1) != 0);
	sqlite3_finalize(s);
	return 0;
}

void held_forget_old(struct held *h, uint64_t now)
{
	sqlite3_stmt *s;

	/* An order that still holds a cut is kept as long as the cut. */
	if (sqlite3_prepare_v2(h->db,
			       "DELETE FROM had WHERE keep_until<? AND id NOT IN "
			       "(SELECT id FROM held)",
			       -1, &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)now);
	sqlite3_step(s);
	sqlite3_finalize(s);
}

int held_add(struct held *h, const struct held_cut *cut, struct slice payload, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (h->n >= HELD_MAX)
		return errmsg_set(e, ERR_LIMIT, "%d hosts are cut here, no more fit", HELD_MAX);
	if (sqlite3_prepare_v2(h->db, "INSERT OR REPLACE INTO held VALUES(?,?,?,0)", -1, &s,
			       NULL) != SQLITE_OK)
		return db_error(h, e);
	sqlite3_bind_text(s, 1, cut->id, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(s, 2, payload.data, payload.len, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)cut->lease_expires);
	sqlite3_step(s);
	if (sqlite3_finalize(s) != SQLITE_OK)
		return db_error(h, e);
	h->cuts[h->n++] = *cut;
	return 0;
}

int held_remove(struct held *h, const char *id, struct errmsg *e)
{
	struct held_cut *c = held_find(h, id);
	sqlite3_stmt *s;

	if (!c)
		return ERR_NOTFOUND;
	if (sqlite3_prepare_v2(h->db, "DELETE FROM held WHERE id=?", -1, &s, NULL) != SQLITE_OK)
		return db_error(h, e);
	sqlite3_bind_text(s, 1, c->id, -1, SQLITE_STATIC);
	sqlite3_step(s);
	if (sqlite3_finalize(s) != SQLITE_OK)
		return db_error(h, e);
	*c = h->cuts[--h->n];
	return 0;
}

size_t held_count(const struct held *h)
{
	return h->n;
}

struct held_cut *held_at(struct held *h, size_t i)
{
	return &h->cuts[i];
}

struct held_cut *held_find(struct held *h, const char *id)
{
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(h->cuts[i].id, id) == 0)
			return &h->cuts[i];
	}
	return NULL;
}

static bool shares(const struct nft_host *a, const struct nft_host *b)
{
	if (!mac_addr_is_zero(&a->mac) && mac_addr_eq(&a->mac, &b->mac))
		return true;
	for (unsigned i = 0; i < a->ips_n; i++) {
		for (unsigned j = 0; j < b->ips_n; j++) {
			if (ip_addr_eq(&a->ips[i], &b->ips[j]))
				return true;
		}
	}
	return false;
}

struct held_cut *held_sharing(struct held *h, const struct nft_host *host, size_t *i)
{
	while (*i < h->n) {
		struct held_cut *c = &h->cuts[(*i)++];

		if (shares(&c->host, host))
			return c;
	}
	return NULL;
}
