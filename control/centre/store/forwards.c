#include "control/centre/store/forwards.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/store/emergencies.h"
#include "control/centre/store/private.h"
#include "control/wire/local.h"
#include "dataplane/base/slice.h"

const char *const forward_format_words[] = {"eve", "cef", "leef"};

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS forward_targets(address TEXT, format TEXT, customer TEXT, at "
	"BIGINT, sent BIGINT, lost BIGINT, error TEXT, PRIMARY KEY(address, format, customer))",
	"CREATE TABLE IF NOT EXISTS forward_queue(n BIGINT PRIMARY KEY, time BIGINT, sensor TEXT, "
	"site TEXT, customer TEXT, eve TEXT)",
};

static void keep(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from);
}

int forwards_open(struct store *s, struct errmsg *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct db_stmt *st = store_prepare(s, tables[i], err);

		if (!st || store_finish(s, st, err) != ERR_OK)
			return ERR_IO;
	}
	return ERR_OK;
}

/* Numbers go on behind what was ever given: a queue that ran empty does not begin anew. */
#define LAST                                                                                       \
	"(SELECT coalesce(max(x.n),0) FROM (SELECT max(n) AS n FROM forward_queue UNION ALL "      \
	"SELECT max(at) AS n FROM forward_targets) x)"

int forward_put(struct store *s, const struct forward_target *t, struct errmsg *err)
{
	struct db_stmt *st;

	if (!recipient_is_address(RECIPIENT_SYSLOG, t->address))
		return errmsg_set(err, ERR_INVALID,
				  "\"%.100s\" is no address; write tls://HOST:6514 or "
				  "tcp://HOST:514",
				  t->address);
	st = store_prepare(s,
			   "INSERT INTO forward_targets VALUES(?1,?2,?3," LAST ",0,0,'') ON "
			   "CONFLICT DO NOTHING",
			   err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, t->address);
	bind_text(st, 2, forward_format_words[t->format]);
	bind_text(st, 3, t->customer);
	return store_finish(s, st, err);
}

int forward_remove(struct store *s, const char *address, struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, "DELETE FROM forward_targets WHERE address=?1", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, address);
	if (store_finish(s, st, err) != ERR_OK)
		return ERR_IO;
	return store_changes(s)
		       ? ERR_OK
		       : errmsg_set(err, ERR_NOTFOUND, "nothing is forwarded to %.100s", address);
}

json_t *forward_status(struct store *s)
{
	struct db_stmt *st = store_prepare(
		s,
		"SELECT t.address, t.format, t.customer, t.sent, t.lost, t.error, (SELECT count(*) "
		"FROM forward_queue q WHERE q.n > t.at AND (t.customer='' OR "
		"q.customer=t.customer)) FROM forward_targets t ORDER BY t.address, t.format",
		NULL);
	json_t *o = json_object();
	char name[400];

	while (st && db_step(st)) {
		snprintf(name, sizeof(name), "%s %s%s%s", column_text(st, 1), column_text(st, 0),
			 column_text(st, 2)[0] ? " " : "", column_text(st, 2));
		json_object_set_new(o, name,
				    json_pack("{sI sI sI so}", "sent",
					      (json_int_t)column_int64(st, 3), "lost",
					      (json_int_t)column_int64(st, 4), "waiting",
					      (json_int_t)column_int64(st, 6), "error",
					      local_text(column_text(st, 5))));
	}
	if (st)
		store_finish(s, st, NULL);
	return o;
}

int forward_note(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO forward_queue SELECT " LAST " + 1, ?1, ?2, coalesce((SELECT p.site "
		"FROM peers p WHERE p.name = ?2),''), coalesce((SELECT t.customer FROM peers p "
		"JOIN sites t ON t.site = p.site WHERE p.name = ?2),''), ?3 FROM (SELECT 1 AS one) "
		"x WHERE EXISTS (SELECT 1 FROM forward_targets)",
		err);
	char *eve;
	int rc;

	if (!st)
		return ERR_IO;
	eve = strndup((const char *)a->eve.data, a->eve.len);
	bind_number(st, 1, a->time);
	bind_text(st, 2, sensor);
	bind_text(st, 3, eve ? eve : "{}");
	rc = store_done(s, st, err);
	free(eve);
	return rc;
}

int forward_targets(struct store *s, struct forward_target *ret, unsigned most, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT address, format, customer, at, sent FROM forward_targets ORDER BY "
		"address, format, customer",
		err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	while (n < most && db_step(st)) {
		struct forward_target *t = &ret[n++];

		memset(t, 0, sizeof(*t));
		keep(t->address, sizeof(t->address), column_text(st, 0));
		for (size_t i = 0; i < FORWARD_FORMATS; i++) {
			if (strcmp(forward_format_words[i], column_text(st, 1)) == 0)
				t->format = (enum forward_format)i;
		}
		keep(t->customer, sizeof(t->customer), column_text(st, 2));
		t->at = (uint64_t)column_int64(st, 3);
		t->sent = (uint64_t)column_int64(st, 4);
	}
	return store_done(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

int forward_next(struct store *s, const struct forward_target *t, struct forward_item *ret,
		 unsigned most, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT n, time, sensor, site, customer, eve FROM forward_queue WHERE n > ?1 AND "
		"(?2='' OR customer=?2) ORDER BY n LIMIT ?3",
		err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, t->at);
	bind_text(st, 2, t->customer);
	bind_number(st, 3, most);
	while (n < most && db_step(st)) {
		struct forward_item *i = &ret[n++];

		memset(i, 0, sizeof(*i));
		i->number = (uint64_t)column_int64(st, 0);
		i->time = (uint64_t)column_int64(st, 1);
		keep(i->sensor, sizeof(i->sensor), column_text(st, 2));
		keep(i->site, sizeof(i->site), column_text(st, 3));
		keep(i->customer, sizeof(i->customer), column_text(st, 4));
		i->eve = strdup(column_text(st, 5));
	}
	return store_done(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

int forward_sent(struct store *s, const struct forward_target *t, uint64_t at, unsigned n,
		 const char *error, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"UPDATE forward_targets SET at=?4, sent=sent+?5, error=?6 WHERE address=?1 AND "
		"format=?2 AND customer=?3",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, t->address);
	bind_text(st, 2, forward_format_words[t->format]);
	bind_text(st, 3, t->customer);
	bind_number(st, 4, at);
	bind_number(st, 5, n);
	bind_text(st, 6, error);
	return store_done(s, st, err);
}

static int run(struct store *s, const char *sql, bool has_limit, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s, sql, err);

	if (!st)
		return ERR_IO;
	if (has_limit)
		bind_number(st, 1, FORWARD_QUEUE_MOST);
	return store_done(s, st, err);
}

int forward_trim(struct store *s, struct errmsg *err)
{
	int rc = store_begin(s, err);

	if (rc != ERR_OK)
		return rc;
	/* Who waits for nothing holds up nothing. */
	rc = run(s,
		 "UPDATE forward_targets SET at=" LAST " WHERE NOT EXISTS (SELECT 1 FROM "
		 "forward_queue q WHERE q.n > forward_targets.at AND (forward_targets.customer='' "
		 "OR q.customer=forward_targets.customer))",
		 false, err);
	rc = rc == ERR_OK
		     ? run(s,
			   "UPDATE forward_targets SET lost=lost + (SELECT count(*) FROM "
			   "forward_queue q WHERE q.n > forward_targets.at AND q.n <= " LAST
			   " - ?1), at=CASE WHEN at < " LAST " - ?1 THEN " LAST " - ?1 ELSE at END",
			   true, err)
		     : rc;
	rc = rc == ERR_OK ? run(s,
				"DELETE FROM forward_queue WHERE n <= coalesce((SELECT min(at) "
				"FROM forward_targets)," LAST ")",
				false, err)
			  : rc;
	if (rc == ERR_OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}
