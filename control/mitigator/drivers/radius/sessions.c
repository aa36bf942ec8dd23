#include "control/mitigator/drivers/radius/sessions.h"

#include <sqlite3.h>
#include <stdio.h>

enum { BUSY_MS = 300 };

/* However the devices write the MAC. */
static const char query[] =
	"SELECT nasipaddress, acctsessionid, username, nasportid, radacctid FROM radacct"
	" WHERE lower(replace(replace(replace(callingstationid,'-',''),':',''),'.',''))=?"
	" AND acctstoptime IS NULL ORDER BY radacctid DESC LIMIT 1";

static void take(sqlite3_stmt *s, int column, char *ret, size_t cap)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	snprintf(ret, cap, "%s", text ? (const char *)text : "");
}

/* "525400000001" */
static void key_of(const struct mac_addr *mac, char ret[16])
{
	const uint8_t *b = mac->bytes;

	snprintf(ret, 16, "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

static int ask(sqlite3 *db, const struct mac_addr *mac, struct radius_session *ret)
{
	char key[16], nas[IP_ADDR_TEXT];
	sqlite3_stmt *s;
	int rc;

	if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK)
		return ERR_IO;
	key_of(mac, key);
	sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		take(s, 0, nas, sizeof(nas));
		take(s, 1, ret->id, sizeof(ret->id));
		take(s, 2, ret->user, sizeof(ret->user));
		take(s, 3, ret->port, sizeof(ret->port));
		ret->row = sqlite3_column_int64(s, 4);
		ip_addr_parse(nas, &ret->nas);
	}
	sqlite3_finalize(s);
	return rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? ERR_NOTFOUND : ERR_IO;
}

int radius_session_find(const char *path, const struct mac_addr *mac, struct radius_session *ret,
			struct errmsg *e)
{
	sqlite3 *db = NULL;
	int rc = ERR_IO;

	*ret = (struct radius_session){.id = ""};
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK)
		rc = ask(db, mac, ret);
	if (rc == ERR_IO)
		errmsg_set(e, ERR_IO, "%s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return rc;
}

static int count_others(sqlite3 *db, const struct radius_session *s, const char *key, unsigned *ret)
{
	static const char sql[] =
		"SELECT count(DISTINCT callingstationid) FROM radacct WHERE nasipaddress=?1 AND "
		"nasportid=?2 AND acctstoptime IS NULL AND "
		"lower(replace(replace(replace(callingstationid,'-',''),':',''),'.',''))<>?3";
	char nas[IP_ADDR_TEXT];
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return ERR_IO;
	ip_addr_text(&s->nas, nas, false);
	sqlite3_bind_text(st, 1, nas, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, s->port, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = (unsigned)sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : ERR_IO;
}

int radius_session_others(const char *path, const struct radius_session *s,
			  const struct mac_addr *mac, unsigned *ret, struct errmsg *e)
{
	sqlite3 *db = NULL;
	char key[16];
	int rc = ERR_IO;

	*ret = 0;
	if (!s->port[0] || ip_addr_is_zero(&s->nas))
		return ERR_NOTFOUND;
	key_of(mac, key);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK)
		rc = count_others(db, s, key, ret);
	if (rc == ERR_IO)
		errmsg_set(e, ERR_IO, "%s: %s", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return rc;
}

bool radius_session_over(const char *path, int64_t row)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	bool over = false;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK &&
	    sqlite3_prepare_v2(db,
			       "SELECT 1 FROM radacct WHERE radacctid=? AND acctstoptime IS NOT "
			       "NULL",
			       -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, row);
		over = sqlite3_step(s) == SQLITE_ROW;
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return over;
}
