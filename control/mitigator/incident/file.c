/* Programs and documents that hosts received: kept for some days, so that an incident finds what
 * came in before it, and the hash of a file that was still on its way when it raised an alert. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/mitigator/incident/private.h"
#include "dataplane/base/clock.h"

enum { FILES_KEPT = 50000, FILES_LOOK = 512 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS incident_file(host_id TEXT, time INTEGER, sha256 TEXT,"
	" file TEXT, url TEXT, peer TEXT, PRIMARY KEY(host_id, time, sha256, file)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS incident_file_time ON incident_file(time);";

static sqlite3_stmt *prepare(struct incidents *t, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) == SQLITE_OK)
		return s;
	sqlite3_exec(t->db, schema, NULL, NULL, NULL);
	return sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

static void expire(struct incidents *t)
{
	char sql[160];

	if (t->files_noted++ % FILES_LOOK)
		return;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM incident_file WHERE time<(SELECT time FROM incident_file ORDER BY "
		 "time DESC LIMIT 1 OFFSET %d)",
		 FILES_KEPT);
	sqlite3_exec(t->db, sql, NULL, NULL, NULL);
}

void incidents_note_file(struct incidents *t, const char *host_id, const struct incident_file *f)
{
	sqlite3_stmt *s = prepare(t, "INSERT OR IGNORE INTO incident_file VALUES(?,?,?,?,?,?)");
	char peer[IP_ADDR_TEXT];

	if (!s)
		return;
	sqlite3_bind_text(s, 1, host_id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)f->time);
	sqlite3_bind_text(s, 3, f->sha256, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 4, f->file, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 5, f->url, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 6, ip_addr_text(&f->peer, peer, false), -1, SQLITE_TRANSIENT);
	sqlite3_step(s);
	sqlite3_finalize(s);
	expire(t);
}

static void read_file(sqlite3_stmt *s, struct incident_file *f)
{
	struct {
		char *to;
		size_t cap;
	} const texts[] = {{f->sha256, sizeof(f->sha256)},
			   {f->file, sizeof(f->file)},
			   {f->url, sizeof(f->url)}};

	f->time = (uint64_t)sqlite3_column_int64(s, 0);
	for (int i = 0; i < 3; i++)
		incident_put_text(texts[i].to, texts[i].cap,
				  (const char *)sqlite3_column_text(s, i + 1));
	(void)ip_addr_parse((const char *)sqlite3_column_text(s, 4), &f->peer);
}

bool incidents_file(struct incidents *t, const char *host_id, const char *name, uint64_t from,
		    uint64_t to, struct incident_file *ret)
{
	sqlite3_stmt *s =
		prepare(t, "SELECT time, sha256, file, url, peer FROM incident_file WHERE "
			   "host_id=? AND time BETWEEN ? AND ? AND (?='' OR file=?) "
			   "ORDER BY time DESC LIMIT 1");
	bool found = false;

	*ret = (struct incident_file){0};
	if (!s)
		return false;
	sqlite3_bind_text(s, 1, host_id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)from);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)to);
	sqlite3_bind_text(s, 4, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(s, 5, name, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(s) == SQLITE_ROW) {
		read_file(s, ret);
		found = true;
	}
	sqlite3_finalize(s);
	return found;
}

bool incident_file_matters(const char *name)
{
	static const char *const ends[] = {
		"exe",	"dll", "scr",  "com", "msi", "msp",  "cpl", "sys", "ps1",  "bat",
		"cmd",	"vbs", "vbe",  "js",  "jse", "wsf",  "hta", "lnk", "chm",  "jar",
		"iso",	"img", "vhd",  "zip", "rar", "7z",   "cab", "ace", "gz",   "doc",
		"docm", "xls", "xlsm", "xll", "ppt", "pptm", "rtf", "one", "pdf",  "apk",
		"elf",	"sh",  "bin",  "dmg", "pkg", "deb",  "rpm", "py",  "docx", "xlsx"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcasecmp(dot + 1, ends[i]) == 0)
			return true;
	}
	return false;
}
