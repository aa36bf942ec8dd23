#include "control/wire/spool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/spool_db.h"

enum { DEFAULT_PERCENT = 50 };
#define DEFAULT_BYTES	(1ULL << 30)
#define DEFAULT_BALLAST (8ULL << 20)

/* ---- opening ---- */

static void put_aside(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	long now = (long)time(NULL);

	for (size_t i = 0; i < 3; i++) {
		char from[4096], to[4096 + 64];

		snprintf(from, sizeof(from), "%s%s", path, ends[i]);
		snprintf(to, sizeof(to), "%s.damaged-%ld%s", path, now, ends[i]);
		rename(from, to);
	}
}

struct spool *spool_open(const struct spool_config *config, bool *ret_damaged, struct errmsg *e)
{
	struct spool *s = calloc(1, sizeof(*s));
	int rc;

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for the spool");
		return NULL;
	}
	s->max_bytes = config->max_bytes ? config->max_bytes : DEFAULT_BYTES;
	s->urgent_percent = config->urgent_percent ? config->urgent_percent : DEFAULT_PERCENT;
	s->other_max = s->max_bytes / 100 * (100 - s->urgent_percent);
	s->ballast_bytes = config->ballast_bytes ? config->ballast_bytes : DEFAULT_BALLAST;
	s->no_sync = config->no_sync;
	snprintf(s->path, sizeof(s->path), "%s", config->path);
	rc = spool_db_open(s, e);
	if (ret_damaged)
		*ret_damaged = s->damaged;
	if (s->damaged) {
		spool_db_close(s);
		put_aside(s->path);
		s->damaged = false;
		rc = spool_db_open(s, e);
	}
	if (rc) {
		spool_close(s);
		return NULL;
	}
	spool_disk_reserve(s);
	return s;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	if (s->in_transaction)
		spool_rollback(s);
	spool_db_close(s);
	/* Found damaged while it ran: the next start begins with a new one. */
	if (s->damaged)
		put_aside(s->path);
	free(s->dests);
	free(s);
}

uint64_t spool_identity(const struct spool *s)
{
	return s->identity;
}

/* ---- transactions ---- */

int spool_begin(struct spool *s, struct errmsg *e)
{
	int rc;

	spool_disk_look(s);
	rc = spool_db_step(s, STMT_BEGIN, "writing", e);
	s->in_transaction = rc == 0;
	return rc;
}

void spool_rollback(struct spool *s)
{
	if (!s->in_transaction)
		return;
	s->in_transaction = false;
	/* SQLite may have rolled back by itself; then this fails, which is fine. */
	(void)sqlite3_step(s->stmts[STMT_ROLLBACK]);
	sqlite3_reset(s->stmts[STMT_ROLLBACK]);
	(void)spool_db_load(s, NULL);
}

int spool_commit(struct spool *s, struct errmsg *e)
{
	int rc = spool_db_save(s, e);

	if (rc == 0)
		rc = spool_db_step(s, STMT_COMMIT, "writing", e);
	if (rc)
		spool_rollback(s);
	s->in_transaction = false;
	return rc;
}

/* For calls outside of begin and commit. */
static int enter(struct spool *s, struct errmsg *e)
{
	s->own_transaction = !s->in_transaction;
	return s->own_transaction ? spool_begin(s, e) : 0;
}

static int leave(struct spool *s, int rc, struct errmsg *e)
{
	int committed;

	if (!s->own_transaction)
		return rc;
	s->own_transaction = false;
	if (rc && rc != ERR_LIMIT) {
		spool_rollback(s);
		return rc;
	}
	/* What was dropped and counted for lack of room stays so. */
	committed = spool_commit(s, rc ? NULL : e);
	return committed ? committed : rc;
}

/* An acknowledgement lost in a power cut only means that something is sent twice, so it does not
 * wait for the disk. */
static int relax(struct spool *s, bool relaxed, struct errmsg *e)
{
	int rc;

	if (s->no_sync || s->in_transaction)
		return 0;
	rc = sqlite3_exec(s->db, relaxed ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL",
			  NULL, NULL, NULL);
	return rc ? spool_db_error(s, rc, "writing", e) : 0;
}

/* ---- room ---- */

static uint64_t others(const struct spool *s)
{
	return s->bytes[LANE_STATE] + s->bytes[LANE_RECORDS];
}

static void account(struct spool *s, unsigned dest, enum lane lane, uint64_t records,
		    uint64_t bytes)
{
	struct spool_lane *l = &s->dests[dest].lanes[lane];

	s->bytes[lane] -= bytes < l->bytes ? bytes : l->bytes;
	l->records -= records < l->records ? records : l->records;
	l->bytes -= bytes < l->bytes ? bytes : l->bytes;
	l->dirty = true;
}

static void range(sqlite3_stmt *st, unsigned dest, enum lane lane, uint64_t after)
{
	sqlite3_bind_int64(st, 1, spool_key(dest, lane, after));
	sqlite3_bind_int64(st, 2, spool_key(dest, lane, (1ULL << SPOOL_NUMBER_BITS) - 1));
}

/* The destination that has most in the lane loses its oldest there. False: the lane is empty. */
static bool drop_oldest(struct spool *s, enum lane lane)
{
	sqlite3_stmt *st = s->stmts[STMT_OLDEST];
	unsigned worst = 0;
	int64_t key, size;

	for (unsigned d = 1; d < s->n_dests; d++) {
		if (s->dests[d].lanes[lane].bytes > s->dests[worst].lanes[lane].bytes)
			worst = d;
	}
	if (s->n_dests == 0 || s->dests[worst].lanes[lane].bytes == 0)
		return false;
	range(st, worst, lane, 0);
	if (sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_reset(st);
		account(s, worst, lane, UINT64_MAX, UINT64_MAX);
		return true;
	}
	key = sqlite3_column_int64(st, 0);
	size = sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	sqlite3_bind_int64(s->stmts[STMT_DELETE], 1, key);
	if (spool_db_step(s, STMT_DELETE, "making room", NULL))
		return false;
	account(s, worst, lane, 1, (uint64_t)size);
	s->dests[worst].lanes[lane].dropped++;
	return true;
}

static bool fits(const struct spool *s, enum lane lane, uint64_t len)
{
	uint64_t limit = s->disk_full ? s->full_limit : s->max_bytes;
	uint64_t other_limit = limit < s->other_max ? limit : s->other_max;
	uint64_t all = others(s) + s->bytes[LANE_URGENT];

	if (lane == LANE_URGENT)
		return all + len <= limit + (s->disk_full ? s->ballast_bytes / 2 : 0);
	return all + len <= limit && others(s) + len <= other_limit;
}

static bool make_room(struct spool *s, enum lane lane, uint64_t len)
{
	while (!fits(s, lane, len)) {
		if (drop_oldest(s, LANE_RECORDS))
			continue;
		if (lane == LANE_RECORDS)
			return false;
		if (drop_oldest(s, LANE_STATE))
			continue;
		if (lane == LANE_STATE || !drop_oldest(s, LANE_URGENT))
			return false;
	}
	return true;
}

/* ---- records ---- */

static int put(struct spool *s, unsigned dest, enum lane lane, struct slice payload, uint64_t now,
	       struct errmsg *e)
{
	struct spool_lane *l = &s->dests[dest].lanes[lane];
	sqlite3_stmt *st = s->stmts[STMT_PUT];
	int rc;

	l->dirty = true;
	if (!make_room(s, lane, payload.len)) {
		l->dropped++;
		return errmsg_set(e, ERR_LIMIT, "the spool has no room for this lane");
	}
	sqlite3_bind_int64(st, 1, spool_key(dest, lane, l->next));
	sqlite3_bind_int64(st, 2, (sqlite3_int64)now);
	sqlite3_bind_blob64(st, 3, payload.data, payload.len, SQLITE_STATIC);
	rc = spool_db_step(s, STMT_PUT, "writing", e);
	sqlite3_clear_bindings(st);
	if (rc)
		return rc;
	l->next++;
	l->records++;
	l->bytes += payload.len;
	s->bytes[lane] += payload.len;
	return 0;
}

int spool_put(struct spool *s, const char *destination, enum lane lane, struct slice payload,
	      uint64_t now, struct errmsg *e)
{
	unsigned dest;
	int rc;

	if (lane <= LANE_PASSING || lane >= LANE_COUNT)
		return errmsg_set(e, ERR_INVALID, "lane %d is not kept", (int)lane);
	rc = enter(s, e);
	if (rc)
		return rc;
	rc = spool_db_dest(s, destination, &dest, e);
	if (rc == 0)
		rc = put(s, dest, lane, payload, now, e);
	return leave(s, rc, e);
}

static int copy_row(sqlite3_stmt *st, uint64_t *ret_number, struct slice *ret, struct errmsg *e)
{
	size_t n = (size_t)sqlite3_column_bytes(st, 1);
	uint8_t *copy = malloc(n + 1);

	if (!copy)
		return errmsg_set(e, ERR_NOMEM, "no memory for a record of the spool");
	if (n)
		memcpy(copy, sqlite3_column_blob(st, 1), n);
	*ret_number = (uint64_t)sqlite3_column_int64(st, 0) & ((1ULL << SPOOL_NUMBER_BITS) - 1);
	*ret = SLICE(copy, n);
	return 0;
}

int spool_next(struct spool *s, const char *destination, enum lane lane, uint64_t after,
	       uint64_t *ret_number, struct slice *ret_payload, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[STMT_NEXT];
	unsigned dest;
	int rc;

	if (spool_db_find(s, destination, &dest) || s->dests[dest].lanes[lane].records == 0)
		return ERR_NOTFOUND;
	range(st, dest, lane, after);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		rc = copy_row(st, ret_number, ret_payload, e);
	else
		rc = rc == SQLITE_DONE ? ERR_NOTFOUND : spool_db_error(s, rc, "reading", e);
	sqlite3_reset(st);
	return rc;
}

static int acknowledge(struct spool *s, unsigned dest, enum lane lane, uint64_t number,
		       struct errmsg *e)
{
	sqlite3_stmt *size = s->stmts[STMT_ACK_SIZE], *ack = s->stmts[STMT_ACK];
	uint64_t records = 0, bytes = 0;

	sqlite3_bind_int64(size, 1, spool_key(dest, lane, 0));
	sqlite3_bind_int64(size, 2, spool_key(dest, lane, number));
	if (sqlite3_step(size) == SQLITE_ROW) {
		records = (uint64_t)sqlite3_column_int64(size, 0);
		bytes = (uint64_t)sqlite3_column_double(size, 1);
	}
	sqlite3_reset(size);
	if (records == 0)
		return 0;
	sqlite3_bind_int64(ack, 1, spool_key(dest, lane, 0));
	sqlite3_bind_int64(ack, 2, spool_key(dest, lane, number));
	account(s, dest, lane, records, bytes);
	return spool_db_step(s, STMT_ACK, "writing", e);
}

int spool_acknowledge(struct spool *s, const char *destination, enum lane lane, uint64_t number,
		      struct errmsg *e)
{
	unsigned dest;
	int rc;

	if (lane <= LANE_PASSING || lane >= LANE_COUNT || spool_db_find(s, destination, &dest) ||
	    number >= s->dests[dest].lanes[lane].next)
		return errmsg_set(e, ERR_INVALID, "%s acknowledged what was never sent to it",
				  destination);
	rc = relax(s, true, e);
	if (rc == 0)
		rc = enter(s, e);
	if (rc)
		return rc;
	rc = leave(s, acknowledge(s, dest, lane, number, e), e);
	return rc ? rc : relax(s, false, e);
}

int spool_forget(struct spool *s, const char *destination, struct errmsg *e)
{
	unsigned dest;
	int rc;

	if (spool_db_find(s, destination, &dest))
		return 0;
	rc = enter(s, e);
	for (int lane = LANE_URGENT; lane < LANE_COUNT && rc == 0; lane++) {
		uint64_t next = s->dests[dest].lanes[lane].next;

		rc = acknowledge(s, dest, (enum lane)lane, next, e);
	}
	return leave(s, rc, e);
}

/* ---- values and figures ---- */

int spool_set_value(struct spool *s, const char *key, uint64_t value, struct errmsg *e)
{
	sqlite3_stmt *st = s->stmts[STMT_SET];
	int rc = enter(s, e);

	if (rc)
		return rc;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)value);
	return leave(s, spool_db_step(s, STMT_SET, "writing", e), e);
}

uint64_t spool_value(struct spool *s, const char *key)
{
	sqlite3_stmt *st = s->stmts[STMT_GET];
	uint64_t value = 0;

	sqlite3_bind_text(st, 1, key, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(st) == SQLITE_ROW)
		value = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return value;
}

static uint64_t oldest_of(const struct spool *s, unsigned dest, enum lane lane)
{
	sqlite3_stmt *st = s->stmts[STMT_OLDEST];
	uint64_t created = 0;

	range(st, dest, lane, 0);
	if (sqlite3_step(st) == SQLITE_ROW)
		created = (uint64_t)sqlite3_column_int64(st, 2);
	sqlite3_reset(st);
	return created;
}

void spool_stats(const struct spool *s, const char *destination, struct spool_stats *ret)
{
	unsigned dest;

	*ret = (struct spool_stats){0};
	if (spool_db_find(s, destination, &dest))
		return;
	for (int lane = LANE_URGENT; lane < LANE_COUNT; lane++) {
		const struct spool_lane *l = &s->dests[dest].lanes[lane];
		uint64_t created = l->records ? oldest_of(s, dest, (enum lane)lane) : 0;

		ret->records += l->records;
		ret->bytes += l->bytes;
		if (created && (ret->oldest == 0 || created < ret->oldest))
			ret->oldest = created;
		if (lane == LANE_URGENT)
			ret->dropped_urgent += l->dropped;
		else
			ret->dropped_other += l->dropped;
	}
}

uint64_t spool_limit(const struct spool *s)
{
	return s->max_bytes;
}

bool spool_disk_full(const struct spool *s, struct errmsg *e)
{
	if (s->disk_full)
		errmsg_set(e, ERR_IO, "%s", s->full_why.text);
	return s->disk_full;
}
