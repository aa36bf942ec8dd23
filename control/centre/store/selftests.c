#include "control/centre/store/selftests.h"

#include <string.h>

#include "control/centre/store/private.h"
#include "control/wire/local.h"
#include "dataplane/base/slice.h"

enum { KEPT_DAYS = 90 };

static const char *const states[] = {"ordered", "alerted", "arrived", "missed"};

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS self_tests(id TEXT PRIMARY KEY, sensor TEXT, number BIGINT, "
	"ordered BIGINT, seen BIGINT, alerted BIGINT, arrived BIGINT, state TEXT)",
	"CREATE INDEX IF NOT EXISTS self_tests_sensor ON self_tests(sensor, ordered)",
	"CREATE TABLE IF NOT EXISTS self_test_carriers(run TEXT PRIMARY KEY, sensor TEXT, holder "
	"TEXT)",
};

int self_tests_open(struct store *s, struct errmsg *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct db_stmt *st = store_prepare(s, tables[i], err);

		if (!st || store_finish(s, st, err) != ERR_OK)
			return ERR_IO;
	}
	return ERR_OK;
}

static void keep(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from);
}

int self_test_due(struct store *s, uint64_t before, struct self_test *ret, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT x.name, x.site, x.last FROM (SELECT p.name AS name, p.site AS site, "
		"coalesce((SELECT max(t.ordered) FROM self_tests t WHERE t.sensor = p.name),0) AS "
		"last FROM peers p WHERE p.role = 'sensor' AND p.up = 1) x WHERE x.last < ?1 ORDER "
		"BY x.last, x.name LIMIT 1",
		err);
	int found = 0;

	if (!st)
		return ERR_IO;
	memset(ret, 0, sizeof(*ret));
	bind_number(st, 1, before);
	if (db_step(st)) {
		keep(ret->sensor, sizeof(ret->sensor), column_text(st, 0));
		keep(ret->site, sizeof(ret->site), column_text(st, 1));
		found = 1;
	}
	return store_done(s, st, err) == ERR_OK ? found : ERR_IO;
}

bool self_test_is_up(struct store *s, const char *sensor)
{
	struct db_stmt *st = store_kept(
		s, "SELECT 1 FROM peers WHERE name = ?1 AND role = 'sensor' AND up = 1", NULL);
	bool is_up;

	if (!st)
		return false;
	bind_text(st, 1, sensor);
	is_up = db_step(st);
	return store_done(s, st, NULL) == ERR_OK && is_up;
}

int self_test_begin(struct store *s, const struct self_test *t, struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s, "INSERT INTO self_tests VALUES(?1,?2,?3,?4,0,0,0,'ordered')", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, t->id);
	bind_text(st, 2, t->sensor);
	bind_number(st, 3, t->number);
	bind_number(st, 4, t->ordered);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	st = store_kept(s, "DELETE FROM self_tests WHERE ordered < ?1", err);
	if (!st)
		return ERR_IO;
	bind_number(st, 1, t->ordered - KEPT_DAYS * NS_PER_DAY);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	st = store_kept(s,
			"DELETE FROM self_test_carriers WHERE run NOT IN (SELECT id FROM "
			"self_tests WHERE state='ordered')",
			err);
	return st ? store_done(s, st, err) : ERR_IO;
}

int self_test_to_carry(struct store *s, const char *holder, const char *after, uint64_t since,
		       struct self_test *ret, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT t.id, t.sensor, t.number, t.ordered FROM self_tests t LEFT JOIN "
		"self_test_carriers c ON c.run = t.id WHERE t.state = 'ordered' AND t.ordered > ?1 "
		"AND (c.holder IS NULL OR c.holder <> ?2) AND t.id > ?3 ORDER BY t.id LIMIT 1",
		err);
	int found = 0;

	if (!st)
		return ERR_IO;
	memset(ret, 0, sizeof(*ret));
	bind_number(st, 1, since);
	bind_text(st, 2, holder);
	bind_text(st, 3, after);
	if (db_step(st)) {
		keep(ret->id, sizeof(ret->id), column_text(st, 0));
		keep(ret->sensor, sizeof(ret->sensor), column_text(st, 1));
		ret->number = (uint32_t)column_int64(st, 2);
		ret->ordered = (uint64_t)column_int64(st, 3);
		found = 1;
	}
	return store_done(s, st, err) == ERR_OK ? found : ERR_IO;
}

int self_test_carried(struct store *s, const char *holder, const struct self_test *t,
		      struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"INSERT INTO self_test_carriers(run, sensor, holder) VALUES(?1,?2,?3) ON "
		"CONFLICT(run) DO UPDATE SET holder=?3",
		err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, t->id);
	bind_text(st, 2, t->sensor);
	bind_text(st, 3, holder);
	return store_done(s, st, err);
}

static int tell_mailbox(struct store *s, const char *id, const char *sensor, uint64_t now,
			struct errmsg *err)
{
	struct emergency e = {.kind = EMERGENCY_SELF_TEST, .customer = SELF_TEST_CUSTOMER};
	int rc;

	e.opened = now;
	snprintf(e.key, sizeof(e.key), "self-test:%s", id);
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		snprintf(e.title[l], sizeof(e.title[l]),
			 in_language((enum report_language)l, "Self-test of %s", "%sの自己診断"),
			 sensor);
		snprintf(
			e.text[l], sizeof(e.text[l]),
			in_language((enum report_language)l,
				    "Run %s came from the sensor to here. Nothing happened, and "
				    "nobody has to do anything.",
				    "試験%sがセンサーからここまで届きました。異常はなく、対応は不要"
				    "です。"),
			id);
	}
	rc = emergency_raise(s, &e, err);
	return rc < 0 ? rc : ERR_OK;
}

/* The run is known by its sensor and the port that its frame came from. */
int self_test_alert(struct store *s, const char *sensor, const struct alert *a, uint64_t now,
		    struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s,
			   "SELECT id, ordered FROM self_tests WHERE sensor=?1 AND number=?2 AND "
			   "state='ordered' ORDER BY ordered DESC LIMIT 1",
			   err);
	char id[64] = "";

	if (!st)
		return ERR_IO;
	bind_text(st, 1, sensor);
	bind_number(st, 2, a->flow.src_port);
	if (db_step(st))
		keep(id, sizeof(id), column_text(st, 0));
	if (store_done(s, st, err) != ERR_OK || !id[0])
		return id[0] ? ERR_IO : ERR_OK; /* somebody else's play */
	st = store_kept(s, "UPDATE self_tests SET state='alerted', seen=?2, alerted=?3 WHERE id=?1",
			err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, id);
	bind_number(st, 2, a->time);
	bind_number(st, 3, now);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	return tell_mailbox(s, id, sensor, now, err);
}

/* Whoever was to get the mail again is done with it. */
static int end_message(struct store *s, const char *id, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"UPDATE emergencies SET acknowledged=?2, by='(arrived)' "
					"WHERE key='self-test:' || ?1 AND acknowledged=0",
					err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, id);
	bind_number(st, 2, now);
	return store_done(s, st, err);
}

int self_test_arrived(struct store *s, const char *id, uint64_t now, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		id ? "UPDATE self_tests SET state='arrived', arrived=?2 WHERE id=?1 AND arrived=0"
		   : "UPDATE self_tests SET state='arrived', arrived=alerted WHERE ?1='' AND "
		     "state='alerted' AND alerted <= ?2",
		err);
	int n;

	if (!st)
		return ERR_IO;
	bind_text(st, 1, id ? id : "");
	bind_number(st, 2, now);
	if (store_done(s, st, err) != ERR_OK)
		return ERR_IO;
	n = (int)store_changes(s);
	return id && end_message(s, id, now, err) != ERR_OK ? ERR_IO : n;
}

static void read_test(struct db_stmt *st, struct self_test *t)
{
	memset(t, 0, sizeof(*t));
	keep(t->id, sizeof(t->id), column_text(st, 0));
	keep(t->sensor, sizeof(t->sensor), column_text(st, 1));
	keep(t->site, sizeof(t->site), column_text(st, 2));
	t->number = (uint32_t)column_int64(st, 3);
	t->ordered = (uint64_t)column_int64(st, 4);
	t->seen = (uint64_t)column_int64(st, 5);
	t->alerted = (uint64_t)column_int64(st, 6);
	t->arrived = (uint64_t)column_int64(st, 7);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (strcmp(states[i], column_text(st, 8)) == 0)
			t->state = (enum self_test_state)i;
	}
}

#define TEST                                                                                       \
	"t.id, t.sensor, coalesce(p.site, ''), t.number, t.ordered, t.seen, t.alerted, "           \
	"t.arrived, t.state FROM self_tests t LEFT JOIN peers p ON p.name = t.sensor"

int self_test_miss(struct store *s, uint64_t before, uint64_t now, struct self_test *ret,
		   struct errmsg *err)
{
	struct db_stmt *st = store_kept(s,
					"SELECT " TEST " WHERE t.state IN ('ordered', 'alerted') "
					"AND t.ordered < ?1 ORDER BY t.ordered LIMIT 1",
					err);
	int found = 0;

	if (!st)
		return ERR_IO;
	bind_number(st, 1, before);
	if (db_step(st)) {
		read_test(st, ret);
		found = 1;
	}
	if (store_done(s, st, err) != ERR_OK || !found)
		return found ? ERR_IO : 0;
	st = store_kept(s, "UPDATE self_tests SET state='missed' WHERE id=?1", err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, ret->id);
	if (store_done(s, st, err) != ERR_OK || end_message(s, ret->id, now, err) != ERR_OK)
		return ERR_IO;
	return 1;
}

int self_tests_missed(struct store *s, struct self_test *ret, unsigned most, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s,
		"SELECT " TEST " WHERE t.state='missed' AND t.arrived=0 AND t.ordered=(SELECT "
		"max(x.ordered) FROM self_tests x WHERE x.sensor=t.sensor AND x.state IN "
		"('missed','arrived')) ORDER BY t.ordered DESC",
		err);
	unsigned n = 0;

	if (!st)
		return ERR_IO;
	while (n < most && db_step(st))
		read_test(st, &ret[n++]);
	return store_done(s, st, err) == ERR_OK ? (int)n : ERR_IO;
}

json_t *self_test_list(struct store *s, const char *customer, unsigned most)
{
	struct db_stmt *st = store_prepare(s,
					   "SELECT " TEST " WHERE ?1='' OR p.site IN (SELECT site "
					   "FROM sites WHERE customer=?1) ORDER BY t.ordered DESC, "
					   "t.id LIMIT ?2",
					   NULL);
	json_t *list = json_array();

	if (!st)
		return list;
	bind_text(st, 1, customer);
	bind_number(st, 2, most);
	while (db_step(st)) {
		struct self_test t;

		read_test(st, &t);
		json_array_append_new(
			list,
			json_pack("{so so ss sI sI sI sI}", "sensor", local_text(t.sensor), "site",
				  local_text(t.site), "state", states[t.state], "ordered",
				  (json_int_t)t.ordered, "seen", (json_int_t)t.seen, "alerted",
				  (json_int_t)t.alerted, "arrived", (json_int_t)t.arrived));
	}
	store_finish(s, st, NULL);
	return list;
}

int self_test_mailbox(struct store *s, const char *address, struct errmsg *err)
{
	struct db_stmt *st =
		store_prepare(s, "DELETE FROM recipients WHERE customer=?1 AND address <> ?2", err);
	struct recipient r = {.customer = SELF_TEST_CUSTOMER,
			      .kind = RECIPIENT_MAIL,
			      .language = REPORT_ENGLISH,
			      .tier = 1};

	if (!st)
		return ERR_IO;
	bind_text(st, 1, SELF_TEST_CUSTOMER);
	bind_text(st, 2, address);
	if (store_finish(s, st, err) != ERR_OK || !address[0])
		return address[0] ? ERR_IO : ERR_OK;
	keep(r.address, sizeof(r.address), address);
	return recipient_put(s, &r, err);
}
