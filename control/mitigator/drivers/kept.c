#include "control/mitigator/drivers/kept.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 2000, KEPT_MAX = 65536 };

/* The view is what RADIUS servers ask: MAC as RFC 3580 writes it, VLAN 0 = no network at all. */
static const char schema[] =
	"PRAGMA journal_mode=DELETE;"
	"PRAGMA synchronous=FULL;"
	"CREATE TABLE IF NOT EXISTS kept (cut INTEGER, device TEXT, port TEXT, number INTEGER,"
	" state INTEGER, mac TEXT, vlan INTEGER, memo BLOB, PRIMARY KEY (cut, device, port));"
	"CREATE INDEX IF NOT EXISTS kept_mac ON kept (mac);"
	"CREATE VIEW IF NOT EXISTS quarantine AS"
	" SELECT DISTINCT mac, vlan FROM kept WHERE state IN (1, 2);";

struct kept_book {
	sqlite3 *db;
};

static int failed(struct kept_book *b, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the driver's book of its cuts: %s", sqlite3_errmsg(b->db));
}

struct kept_book *kept_open(const char *path, struct errmsg *e)
{
	struct kept_book *b = calloc(1, sizeof(*b));

	if (!b) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	if (sqlite3_open(path, &b->db) == SQLITE_OK &&
	    sqlite3_busy_timeout(b->db, BUSY_MS) == SQLITE_OK &&
	    sqlite3_exec(b->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return b;
	errmsg_set(e, ERR_IO, "%s: %s: its folder must be writable by the mitigator's user", path,
		   sqlite3_errmsg(b->db));
	kept_close(b);
	return NULL;
}

void kept_close(struct kept_book *b)
{
	if (!b)
		return;
	sqlite3_close(b->db);
	free(b);
}

/* "52-54-00-00-00-01" */
static void mac_text(const struct mac_addr *m, char ret[MAC_ADDR_TEXT])
{
	snprintf(ret, MAC_ADDR_TEXT, "%02X-%02X-%02X-%02X-%02X-%02X", m->bytes[0], m->bytes[1],
		 m->bytes[2], m->bytes[3], m->bytes[4], m->bytes[5]);
}

static int step(struct kept_book *b, sqlite3_stmt *s, struct errmsg *e)
{
	int rc = sqlite3_step(s) == SQLITE_DONE ? 0 : failed(b, e);

	sqlite3_finalize(s);
	return rc;
}

int kept_put(struct kept_book *b, const struct kept *k, struct errmsg *e)
{
	char mac[MAC_ADDR_TEXT];
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(b->db,
			       "INSERT OR REPLACE INTO kept (cut, device, port, number, state, mac,"
			       " vlan, memo) VALUES (?,?,?,?,?,?,?,?)",
			       -1, &s, NULL) != SQLITE_OK)
		return failed(b, e);
	mac_text(&k->mac, mac);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)k->cut);
	sqlite3_bind_text(s, 2, k->device, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, k->port, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, k->number);
	sqlite3_bind_int(s, 5, (int)k->state);
	sqlite3_bind_text(s, 6, mac, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 7, k->vlan);
	sqlite3_bind_blob(s, 8, k->memo, k->memo_n, SQLITE_STATIC);
	return step(b, s, e);
}

int kept_drop(struct kept_book *b, const struct kept *k, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(b->db, "DELETE FROM kept WHERE cut=? AND device=? AND port=?", -1,
			       &s, NULL) != SQLITE_OK)
		return failed(b, e);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)k->cut);
	sqlite3_bind_text(s, 2, k->device, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, k->port, -1, SQLITE_STATIC);
	return step(b, s, e);
}

int kept_begin(struct kept_book *b, struct errmsg *e)
{
	return sqlite3_exec(b->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ? 0
										     : failed(b, e);
}

int kept_commit(struct kept_book *b, struct errmsg *e)
{
	return sqlite3_exec(b->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(b, e);
}

static void take_text(sqlite3_stmt *s, int column, char *ret, size_t cap)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	snprintf(ret, cap, "%s", text ? (const char *)text : "");
}

static void take_row(sqlite3_stmt *s, struct kept *k)
{
	char mac[MAC_ADDR_TEXT];
	int n = sqlite3_column_bytes(s, 7);

	*k = (struct kept){.cut = (uint64_t)sqlite3_column_int64(s, 0),
			   .number = (uint32_t)sqlite3_column_int64(s, 3),
			   .state = (enum kept_state)sqlite3_column_int(s, 4),
			   .vlan = (uint32_t)sqlite3_column_int64(s, 6)};
	take_text(s, 1, k->device, sizeof(k->device));
	take_text(s, 2, k->port, sizeof(k->port));
	take_text(s, 5, mac, sizeof(mac));
	mac_addr_parse(mac, &k->mac);
	if (n > 0 && n <= KEPT_MEMO) {
		k->memo_n = (uint16_t)n;
		memcpy(k->memo, sqlite3_column_blob(s, 7), (size_t)n);
	}
}

static int read_rows(sqlite3_stmt *s, struct kept **ret)
{
	int n = 0, cap = 0;

	while (n < KEPT_MAX && sqlite3_step(s) == SQLITE_ROW) {
		if (n == cap) {
			struct kept *more;

			cap = cap ? cap * 2 : 16;
			more = realloc(*ret, (size_t)cap * sizeof(*more));
			if (!more)
				return ERR_NOMEM;
			*ret = more;
		}
		take_row(s, &(*ret)[n++]);
	}
	return n;
}

int kept_all(struct kept_book *b, uint64_t cut, struct kept **ret, struct errmsg *e)
{
	sqlite3_stmt *s;
	int n;

	*ret = NULL;
	if (sqlite3_prepare_v2(b->db,
			       "SELECT cut, device, port, number, state, mac, vlan, memo FROM kept"
			       " WHERE ?1=0 OR cut=?1 ORDER BY cut, device, port",
			       -1, &s, NULL) != SQLITE_OK)
		return failed(b, e);
	sqlite3_bind_int64(s, 1, (sqlite3_int64)cut);
	n = read_rows(s, ret);
	if (sqlite3_finalize(s) != SQLITE_OK)
		n = failed(b, e);
	if (n < 0) {
		free(*ret);
		*ret = NULL;
	}
	return n;
}

static void send_items(struct driver_answer *a, struct driver_sink *sink, bool last)
{
	a->outcome = DRIVER_DONE;
	a->last = last;
	sink->answer(sink, a);
	a->items_n = 0;
}

void kept_list(struct kept_book *b, struct driver_answer *a, struct driver_sink *sink)
{
	struct errmsg e = {""};
	struct kept *all;
	int n = kept_all(b, 0, &all, &e);

	if (n < 0) {
		driver_say(sink, a, DRIVER_FAILED, "%s", e.text);
		return;
	}
	a->items_n = 0;
	for (int i = 0; i < n; i++) {
		/* One for all devices and ports of a cut. */
		if (i && all[i].cut == all[i - 1].cut)
			continue;
		if (a->items_n == DRIVER_ITEMS)
			send_items(a, sink, false);
		a->held[a->items_n++] = (struct driver_held){.cut = all[i].cut, .mac = all[i].mac};
	}
	send_items(a, sink, true);
	free(all);
}
