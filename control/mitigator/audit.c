/* The mitigator's audit: rows of the turn's transaction that move into the log after the commit. A
 * row is deleted with a later transaction; if a crash comes between, the log knows it by its number
 * and does not take it twice. */
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

enum {
	LIST_MAX = 1000,
	LIST_DEFAULT = 50,
	FLUSH_MAX = 4096,
	HEAD_EVERY_S = 60,
	FILE_MAX = 64 << 20
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS audit_out(n INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER,"
	" actor TEXT, what TEXT, detail TEXT)";

static void log_path(const struct mitigator *m, char ret[512])
{
	snprintf(ret, 512, "%s/audit.log", m->settings.state_folder);
}

/* A database made anew beside an old log: its numbers go on behind those in the log. */
static void keep_numbers(struct mitigator *m)
{
	struct audit_head head;
	char sql[200];

	audit_get_head(m->audit, &head);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO sqlite_sequence(name, seq) SELECT 'audit_out', 0 WHERE NOT EXISTS("
		 "SELECT * FROM sqlite_sequence WHERE name='audit_out')");
	sqlite3_exec(m->db, sql, NULL, NULL, NULL);
	snprintf(sql, sizeof(sql),
		 "UPDATE sqlite_sequence SET seq=max(seq, %llu) WHERE name='audit_out'",
		 (unsigned long long)head.seq);
	sqlite3_exec(m->db, sql, NULL, NULL, NULL);
}

int audit_start(struct mitigator *m, struct errmsg *e)
{
	char path[512];

	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	log_path(m, path);
	m->audit = audit_open(path, e);
	if (!m->audit)
		return ERR_IO;
	if (audit_problem(m->audit))
		log_error(&m->log, "%s does not verify: %s; it goes on behind that", path,
			  audit_problem(m->audit));
	keep_numbers(m);
	audit_flush(m); /* what a crash left */
	return 0;
}

void audit_note(struct mitigator *m, const char *actor, const char *what, json_t *detail)
{
	char *text = detail ? json_dumps(detail, JSON_COMPACT) : strdup("{}");
	const char *const texts[] = {actor, what, text, NULL};
	struct errmsg e = {"no memory"};
	sqlite3_stmt *s =
		text ? database_prepare(
			       m,
			       "INSERT INTO audit_out(actor, what, detail, time) VALUES(?,?,?,?)",
			       &e)
		     : NULL;

	database_texts(s, texts);
	if (s)
		sqlite3_bind_int64(s, 4, (sqlite3_int64)mitigator_now(m).wall);
	if (database_run(m, s, &e) < 0) {
		log_error(&m->log, "a record of the audit is not stored: %s", e.text);
		m->turn_broken = true;
	}
	free(text);
	json_decref(detail);
}

static int put_row(struct mitigator *m, sqlite3_stmt *s, struct errmsg *e)
{
	json_t *detail = json_loads((const char *)sqlite3_column_text(s, 4) ?: "{}", 0, NULL);
	int rc = audit_put(m->audit, (uint64_t)sqlite3_column_int64(s, 1),
			   (const char *)sqlite3_column_text(s, 2) ?: "",
			   (const char *)sqlite3_column_text(s, 3) ?: "", detail,
			   (uint64_t)sqlite3_column_int64(s, 0), e);

	json_decref(detail);
	return rc == ERR_EXISTS ? 0 : rc;
}

void audit_flush(struct mitigator *m)
{
	struct errmsg e = {""};
	sqlite3_int64 done = 0;
	sqlite3_stmt *s;
	char sql[80];
	int rc = 0;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT n, time, actor, what, detail FROM audit_out ORDER BY n "
			       "LIMIT ?",
			       -1, &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int(s, 1, FLUSH_MAX);
	while (rc == 0 && sqlite3_step(s) == SQLITE_ROW) {
		rc = put_row(m, s, &e);
		if (rc == 0)
			done = sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
	if (done && audit_sync(m->audit, &e) < 0) {
		rc = ERR_IO;
		done = 0;
	}
	if (rc < 0 && !m->audit_failed)
		log_error(&m->log, "%s; the records wait", e.text);
	m->audit_failed = rc < 0;
	if (!done)
		return;
	snprintf(sql, sizeof(sql), "DELETE FROM audit_out WHERE n<=%lld", (long long)done);
	sqlite3_exec(m->db, sql, NULL, NULL, NULL);
}

/* A large log goes on in a new file. The log's end is told to the centre now and then: chaining
 * alone cannot show that an end was cut off. Within a turn. */
void audit_tick(struct mitigator *m)
{
	struct message msg = {.kind = MESSAGE_AUDIT_HEAD};
	struct cut_now now = mitigator_now(m);
	struct errmsg e = {""};
	struct audit_head head;

	if (audit_rotate(m->audit, now.wall, FILE_MAX, &e) < 0 && !m->audit_failed) {
		log_error(&m->log, "%s", e.text);
		m->audit_failed = true;
	}
	if (!m->centre || now.mono < m->audit_next)
		return;
	audit_get_head(m->audit, &head);
	if (head.lines == m->audit_told || head.lines == 0)
		return;
	m->audit_next = now.mono + HEAD_EVERY_S * NS_PER_SEC;
	m->audit_told = head.lines;
	msg.audit_head = (struct audit_head_note){.time = now.wall,
						  .lines = head.lines,
						  .hash = head.hash,
						  .problem = audit_problem(m->audit) ?: ""};
	tell_centre(m, &msg);
}

json_t *audit_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e)
{
	struct mitigator *m = ctx;
	json_int_t most = json_integer_value(json_object_get(request, "most"));
	const char *problem = audit_problem(m->audit);
	struct audit_head head;
	char path[512];
	json_t *list;

	log_path(m, path);
	list = audit_latest(path, most > 0 && most < LIST_MAX ? (unsigned)most : LIST_DEFAULT, e);
	if (!list)
		return NULL;
	audit_get_head(m->audit, &head);
	return json_pack("{sb so ss sI ss ss}", "ok", 1, "audit", list, "file", path, "lines",
			 (json_int_t)head.lines, "hash", head.hash, "problem",
			 problem ? problem : "");
}
