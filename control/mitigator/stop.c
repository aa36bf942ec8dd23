/* The kill switch (Q6): a file that anybody at the machine can make without network, account or
 * running program, and a word over the local socket, kept in the database. Either stops everything
 * that no person said yes to. And the wall clock, which somebody may set. */
#include <string.h>
#include <unistd.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

enum { STEP_S = 5 }; /* a clock that is set by more is told of, and lengths are kept */

static const char schema[] = "CREATE TABLE IF NOT EXISTS stopped(one INTEGER PRIMARY KEY, actor "
			     "TEXT, reason TEXT, time INTEGER)";

int stop_start(struct mitigator *m, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(m->db, "SELECT actor, reason FROM stopped", -1, &s, NULL) !=
		    SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	if (sqlite3_step(s) == SQLITE_ROW) {
		m->stop.by_word = true;
		snprintf(m->stop.actor, sizeof(m->stop.actor), "%s",
			 (const char *)sqlite3_column_text(s, 0) ?: "");
		snprintf(m->stop.reason, sizeof(m->stop.reason), "%s",
			 (const char *)sqlite3_column_text(s, 1) ?: "");
	}
	sqlite3_finalize(s);
	return 0;
}

static void take(struct mitigator *m)
{
	bool stop = m->stop.by_file || m->stop.by_word;

	if (stop != m->decide.kill_switch)
		pages_changed(m, PAGE_STATE | PAGE_AUDIT);
	if (stop != m->decide.kill_switch)
		log_warn(&m->log, "%s",
			 stop ? "the kill switch stands: nothing is cut automatically"
			      : "the kill switch is gone");
	decide_stop(&m->decide, stop);
}

void stop_look(struct mitigator *m)
{
	bool file = access(m->settings.kill_switch, F_OK) == 0;

	if (file != m->stop.by_file)
		audit_note(m, "somebody at the machine", "kill-switch",
			   json_pack("{sb ss}", "stands", file, "file", m->settings.kill_switch));
	m->stop.by_file = file;
	take(m);
}

static int store(struct mitigator *m, bool stop, struct errmsg *e)
{
	sqlite3_stmt *s;
	bool done;

	if (sqlite3_prepare_v2(m->db,
			       stop ? "INSERT OR REPLACE INTO stopped VALUES(1,?,?,?)"
				    : "DELETE FROM stopped",
			       -1, &s, NULL) != SQLITE_OK)
		return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
	if (stop) {
		sqlite3_bind_text(s, 1, m->stop.actor, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, m->stop.reason, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, (sqlite3_int64)mitigator_now(m).wall);
	}
	done = sqlite3_step(s) == SQLITE_DONE;
	sqlite3_finalize(s);
	return done ? 0 : errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

/* "stop": true or false, with "reason". */
json_t *stop_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e)
{
	struct mitigator *m = ctx;
	bool stop = json_is_true(json_object_get(request, "stop"));
	const char *reason = json_string_value(json_object_get(request, "reason"));

	local_actor(peer, request, m->stop.actor, sizeof(m->stop.actor));
	snprintf(m->stop.reason, sizeof(m->stop.reason), "%s", reason ? reason : "");
	if (mitigator_begin(m, e) < 0 || store(m, stop, e) < 0)
		return NULL;
	m->stop.by_word = stop;
	audit_note(m, m->stop.actor, "kill-switch",
		   json_pack("{sb so}", "stands", stop, "reason", local_text(m->stop.reason)));
	take(m);
	if (mitigator_commit(m, e) < 0)
		return NULL;
	return json_pack("{sb ss}", "ok", 1, "text",
			 stop		   ? "Nothing is cut automatically any more; what is cut "
					     "stays cut. banken quarantine go ends this."
			 : m->stop.by_file ? "The file still stands: remove it, too."
					   : "Cuts are automatic again, as the policy says.");
}

/* Set forward it would end blocks early and alarm at reviews; set back it would prolong them. */
void clock_look(struct mitigator *m)
{
	struct cut_now now = mitigator_now(m);
	int64_t offset = (int64_t)(now.wall - now.mono), by = offset - m->clock_offset;

	if (m->clock_offset &&
	    (by > STEP_S * (int64_t)NS_PER_SEC || by < -(int64_t)STEP_S * (int64_t)NS_PER_SEC)) {
		log_warn(&m->log,
			 "the clock was set by %lld s: blocks and reviews keep their length",
			 (long long)(by / (int64_t)NS_PER_SEC));
		audit_note(m, "somebody at the machine", "clock",
			   json_pack("{sI}", "seconds", (json_int_t)(by / (int64_t)NS_PER_SEC)));
		decide_clock_set(&m->decide, by, now);
		m->clock_offset = offset;
	}
	if (!m->clock_offset)
		m->clock_offset = offset;
}
