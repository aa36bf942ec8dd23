#include "control/centre/store/fleet.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "control/centre/store/fleet_sql.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS enrol_codes(hash TEXT PRIMARY KEY, pin TEXT, role TEXT, name "
	"TEXT, site TEXT, made_by TEXT, made INTEGER, expires INTEGER, used INTEGER, gone INTEGER, "
	"used_from TEXT, key_hash TEXT, serial TEXT);"
	"CREATE TABLE IF NOT EXISTS certificates(serial TEXT PRIMARY KEY, name TEXT, role TEXT, "
	"site TEXT, key_hash TEXT, issued INTEGER, until INTEGER, revoked INTEGER, reason TEXT, "
	"der BLOB);"
	"CREATE INDEX IF NOT EXISTS certificates_name ON certificates(name);"
	"CREATE INDEX IF NOT EXISTS certificates_revoked ON certificates(revoked);"
	"CREATE TABLE IF NOT EXISTS fleet_boxes(name TEXT PRIMARY KEY, role TEXT, site TEXT, "
	"serial TEXT, ring_group TEXT, trust INTEGER, trusts INTEGER, number INTEGER, last_seen "
	"INTEGER);"
	"CREATE TABLE IF NOT EXISTS fleet_versions(name TEXT, component TEXT, version TEXT, "
	"PRIMARY KEY(name, component));"
	"CREATE TABLE IF NOT EXISTS fleet_numbers(what TEXT PRIMARY KEY, n INTEGER);";

int fleet_tables(struct store *s, struct errmsg *err)
{
	return s->db->ops->exec(s->db, schema, err);
}

/* ---- statements ---- */

static struct db_stmt *bind_all(struct store *s, const char *sql, const char *types, va_list values,
				struct errmsg *err)
{
	struct db_stmt *st = store_prepare(s, sql, err);

	for (int i = 0; st && types[i]; i++) {
		if (types[i] == 't')
			bind_text(st, i + 1, va_arg(values, const char *));
		else if (types[i] == 'n')
			bind_number(st, i + 1, va_arg(values, uint64_t));
		else
			bind_bytes(st, i + 1, va_arg(values, struct slice));
	}
	return st;
}

struct db_stmt *fleet_ask(struct store *s, struct errmsg *err, const char *sql, const char *types,
			  ...)
{
	struct db_stmt *st;
	va_list values;

	va_start(values, types);
	st = bind_all(s, sql, types, values, err);
	va_end(values);
	return st;
}

int fleet_run(struct store *s, struct errmsg *err, const char *sql, const char *types, ...)
{
	struct db_stmt *st;
	va_list values;

	va_start(values, types);
	st = bind_all(s, sql, types, values, err);
	va_end(values);
	return st ? store_finish(s, st, err) : ERR_IO;
}

static json_t *value_of(struct db_stmt *st, int at, bool is_truth)
{
	if (is_truth)
		return json_boolean(column_int64(st, at) != 0);
	return column_is_number(st, at) ? json_integer(column_int64(st, at))
					: json_string(column_text(st, at));
}

json_t *fleet_rows(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	json_t *list = st ? json_array() : NULL;

	while (list && db_step(st)) {
		json_t *row = json_object();

		for (int i = 0; i < column_count(st); i++) {
			char name[64];
			size_t n;

			snprintf(name, sizeof(name), "%s", column_name(st, i));
			n = strlen(name);
			if (n > 3 && strcmp(name + n - 3, "_is") == 0) {
				name[n - 3] = '\0';
				json_object_set_new(row, name, value_of(st, i, true));
			} else {
				json_object_set_new(row, name, value_of(st, i, false));
			}
		}
		json_array_append_new(list, row);
	}
	if (st && store_finish(s, st, err) != ERR_OK) {
		json_decref(list);
		return NULL;
	}
	return list;
}

uint64_t fleet_number(struct store *s, struct db_stmt *st)
{
	uint64_t n = st && db_step(st) ? (uint64_t)column_int64(st, 0) : 0;

	if (st)
		db_end(st);
	return n;
}

void fleet_column(struct db_stmt *st, int at, char *ret, size_t cap)
{
	snprintf(ret, cap, "%s", column_text(st, at));
}

#define COLUMN(at, member) fleet_column(st, at, ret->member, sizeof(ret->member))

/* ---- codes ---- */

int fleet_code_put(struct store *s, const struct fleet_code *c, struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO enrol_codes(hash, pin, role, name, site, made_by, made, "
			 "expires, used, gone, used_from, key_hash, serial) VALUES(?1, ?2, ?3, ?4, "
			 "?5, ?6, ?7, ?8, 0, 0, '', '', '')",
			 "ttttttnn", c->hash, c->pin, c->role, c->name, c->site, c->by, c->made,
			 c->expires);
}

int fleet_code_find(struct store *s, const char *hash, struct fleet_code *ret, struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err,
			  "SELECT hash, pin, role, name, site, made_by, made, expires, used, gone, "
			  "used_from, key_hash, serial FROM enrol_codes WHERE hash = ?1",
			  "t", hash);
	int found;

	*ret = (struct fleet_code){.hash = ""};
	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found) {
		COLUMN(0, hash);
		COLUMN(1, pin);
		COLUMN(2, role);
		COLUMN(3, name);
		COLUMN(4, site);
		COLUMN(5, by);
		ret->made = (uint64_t)column_int64(st, 6);
		ret->expires = (uint64_t)column_int64(st, 7);
		ret->used = (uint64_t)column_int64(st, 8);
		ret->gone = (uint64_t)column_int64(st, 9);
		COLUMN(10, from);
		COLUMN(11, key);
		COLUMN(12, serial);
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int fleet_code_used(struct store *s, const struct fleet_code *c, struct errmsg *err)
{
	return fleet_run(s, err,
			 "UPDATE enrol_codes SET used = ?2, used_from = ?3, key_hash = ?4, serial "
			 "= ?5 WHERE hash = ?1",
			 "tnttt", c->hash, c->used, c->from, c->key, c->serial);
}

long fleet_codes_withdraw(struct store *s, const char *name, const char *but_pin, uint64_t now,
			  struct errmsg *err)
{
	int rc = fleet_run(s, err,
			   "UPDATE enrol_codes SET gone = ?3 WHERE used = 0 AND gone = 0 AND (?1 = "
			   "'' OR name = ?1) AND (?2 = '' OR pin <> ?2)",
			   "ttn", name, but_pin, now);

	return rc == ERR_OK ? (long)store_changes(s) : rc;
}

json_t *fleet_codes(struct store *s, const char *customer, unsigned most, struct errmsg *err)
{
	return fleet_rows(
		s,
		fleet_ask(
			s, err,
			"SELECT name, role, site, made_by, made, expires, used, gone AS withdrawn, "
			"used_from FROM enrol_codes WHERE ?1 = '' OR site IN (SELECT site FROM "
			"sites WHERE customer = ?1) ORDER BY made DESC LIMIT ?2",
			"tn", customer, (uint64_t)most),
		err);
}

int fleet_codes_expire(struct store *s, uint64_t before, struct errmsg *err)
{
	return fleet_run(s, err, "DELETE FROM enrol_codes WHERE expires < ?1", "n", before);
}

/* ---- certificates ---- */

int fleet_cert_put(struct store *s, const struct fleet_cert *c, struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO certificates(serial, name, role, site, key_hash, issued, "
			 "until, revoked, reason, der) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, '', "
			 "?8)",
			 "tttttnnb", c->serial, c->name, c->role, c->site, c->key, c->issued,
			 c->until, SLICE(c->der, c->der_len));
}

#define CERT_COLUMNS                                                                               \
	"SELECT serial, name, role, site, key_hash, issued, until, revoked, reason, der FROM "     \
	"certificates "

static int take_cert(struct store *s, struct db_stmt *st, struct fleet_cert *ret,
		     struct errmsg *err)
{
	int found = st && db_step(st);
	struct slice der;

	*ret = (struct fleet_cert){.serial = ""};
	if (!st)
		return ERR_IO;
	if (found) {
		COLUMN(0, serial);
		COLUMN(1, name);
		COLUMN(2, role);
		COLUMN(3, site);
		COLUMN(4, key);
		ret->issued = (uint64_t)column_int64(st, 5);
		ret->until = (uint64_t)column_int64(st, 6);
		ret->revoked = (uint64_t)column_int64(st, 7);
		COLUMN(8, reason);
		der = column_bytes(st, 9);
		if (der.len <= sizeof(ret->der))
			memcpy(ret->der, der.data, ret->der_len = der.len);
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int fleet_cert_find(struct store *s, const char *serial, struct fleet_cert *ret, struct errmsg *err)
{
	return take_cert(s, fleet_ask(s, err, CERT_COLUMNS "WHERE serial = ?1", "t", serial), ret,
			 err);
}

int fleet_cert_of_key(struct store *s, const char *name, const char *key, struct fleet_cert *ret,
		      struct errmsg *err)
{
	return take_cert(s,
			 fleet_ask(s, err,
				   CERT_COLUMNS "WHERE name = ?1 AND key_hash = ?2 AND revoked = 0 "
						"ORDER BY issued DESC LIMIT 1",
				   "tt", name, key),
			 ret, err);
}

int fleet_cert_of_name(struct store *s, const char *name, struct fleet_cert *ret,
		       struct errmsg *err)
{
	return take_cert(s,
			 fleet_ask(s, err,
				   CERT_COLUMNS "WHERE name = ?1 ORDER BY issued DESC LIMIT 1", "t",
				   name),
			 ret, err);
}

long fleet_certs_revoke(struct store *s, const char *name, const char *but, const char *but_too,
			const char *reason, uint64_t now, struct errmsg *err)
{
	int rc = fleet_run(s, err,
			   "UPDATE certificates SET revoked = ?4, reason = ?5 WHERE name = ?1 AND "
			   "revoked = 0 AND serial <> ?2 AND serial <> ?3",
			   "tttnt", name, but, but_too, now, reason);

	return rc == ERR_OK ? (long)store_changes(s) : rc;
}

long fleet_certs_revoke_older(struct store *s, const char *name, const char *but, uint64_t before,
			      const char *reason, uint64_t now, struct errmsg *err)
{
	int rc = fleet_run(s, err,
			   "UPDATE certificates SET revoked = ?4, reason = ?5 WHERE name = ?1 AND "
			   "revoked = 0 AND serial <> ?2 AND issued <= ?3",
			   "ttnnt", name, but, before, now, reason);

	return rc == ERR_OK ? (long)store_changes(s) : rc;
}

int fleet_site_customer(struct store *s, const char *site, char ret[WIRE_NAME_MAX],
			struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err, "SELECT customer FROM sites WHERE site = ?1", "t", site);

	if (!st)
		return ERR_IO;
	ret[0] = '\0';
	if (db_step(st))
		fleet_column(st, 0, ret, WIRE_NAME_MAX);
	return store_finish(s, st, err);
}

json_t *fleet_certs(struct store *s, const char *customer, unsigned most, struct errmsg *err)
{
	return fleet_rows(
		s,
		fleet_ask(s, err,
			  "SELECT name, role, site, serial, issued, until, revoked, reason FROM "
			  "certificates WHERE ?1 = '' OR site IN (SELECT site FROM sites WHERE "
			  "customer = ?1) ORDER BY issued DESC LIMIT ?2",
			  "tn", customer, (uint64_t)most),
		err);
}

json_t *fleet_revoked(struct store *s, const char *site, uint64_t now, struct errmsg *err)
{
	return fleet_rows(
		s,
		fleet_ask(s, err,
			  "SELECT serial FROM certificates WHERE revoked <> 0 AND until > ?2 AND "
			  "(?1 = '' OR site = ?1 OR role = 'centre' OR site IN (SELECT o.site FROM "
			  "sites o, sites m WHERE m.site = ?1 AND m.customer <> '' AND o.customer "
			  "= m.customer)) ORDER BY revoked DESC LIMIT 8000",
			  "tn", site, now),
		err);
}

static uint64_t name_taken(struct store *s, const char *name, struct errmsg *err)
{
	return fleet_number(
		s, fleet_ask(s, err,
			     "SELECT (SELECT count(*) FROM certificates WHERE name = ?1) + (SELECT "
			     "count(*) FROM enrol_codes WHERE name = ?1) + (SELECT count(*) FROM "
			     "peers WHERE name = ?1)",
			     "t", name));
}

int fleet_free_name(struct store *s, const char *role, const char *site, char ret[WIRE_NAME_MAX],
		    struct errmsg *err)
{
	char slug[40];
	size_t n = 0;

	for (const char *p = site; *p && n + 1 < sizeof(slug); p++) {
		if (isalnum((unsigned char)*p))
			slug[n++] = (char)tolower((unsigned char)*p);
		else if (n && slug[n - 1] != '-')
			slug[n++] = '-';
	}
	while (n && slug[n - 1] == '-')
		n--;
	slug[n] = '\0';
	for (unsigned i = 1; i < 10000; i++) {
		snprintf(ret, WIRE_NAME_MAX, "%.12s-%s-%u", role, slug[0] ? slug : "site", i);
		if (!name_taken(s, ret, err))
			return ERR_OK;
	}
	return errmsg_set(err, ERR_LIMIT, "too many boxes are of site %s; give a --name", site);
}

uint64_t fleet_trust(struct store *s, bool next, struct errmsg *err)
{
	if (next && fleet_run(s, err,
			      "INSERT INTO fleet_numbers(what, n) VALUES('trust', 2) ON "
			      "CONFLICT(what) DO UPDATE SET n = fleet_numbers.n + 1",
			      "") != ERR_OK)
		return 0;
	return fleet_number(
		s, fleet_ask(s, err,
			     "SELECT coalesce(max(n), 1) FROM fleet_numbers WHERE what = 'trust'",
			     ""));
}

int fleet_keep(struct store *s, const char *what, uint64_t n, struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO fleet_numbers(what, n) VALUES(?1, ?2) ON CONFLICT(what) DO "
			 "UPDATE SET n = ?2",
			 "tn", what, n);
}

uint64_t fleet_kept(struct store *s, const char *what, struct errmsg *err)
{
	return fleet_number(
		s, fleet_ask(s, err, "SELECT n FROM fleet_numbers WHERE what = ?1", "t", what));
}

/* ---- boxes ---- */

int fleet_box_up(struct store *s, const struct identity *id, uint64_t now, struct errmsg *err)
{
	return fleet_run(s, err,
			 "INSERT INTO fleet_boxes(name, role, site, serial, ring_group, trust, "
			 "trusts, number, last_seen) VALUES(?1, ?2, ?3, ?4, '', 0, 0, 0, ?5) ON "
			 "CONFLICT(name) DO UPDATE SET role = ?2, site = ?3, serial = ?4, "
			 "last_seen = ?5",
			 "ttttn", id->name, role_text(id->role), id->site, id->serial, now);
}

int fleet_box_find(struct store *s, const char *name, struct fleet_box *ret, struct errmsg *err)
{
	struct db_stmt *st =
		fleet_ask(s, err,
			  "SELECT b.name, b.role, b.site, coalesce(o.customer, ''), b.serial, "
			  "b.ring_group, b.trust, b.trusts, b.number, b.last_seen FROM fleet_boxes "
			  "b LEFT JOIN sites o ON o.site = b.site WHERE b.name = ?1",
			  "t", name);
	int found;

	*ret = (struct fleet_box){.name = ""};
	if (!st)
		return ERR_IO;
	found = db_step(st);
	if (found) {
		COLUMN(0, name);
		COLUMN(1, role);
		COLUMN(2, site);
		COLUMN(3, customer);
		COLUMN(4, serial);
		COLUMN(5, group);
		ret->trust = (uint64_t)column_int64(st, 6);
		ret->trusts = (uint64_t)column_int64(st, 7);
		ret->number = (uint64_t)column_int64(st, 8);
		ret->last_seen = (uint64_t)column_int64(st, 9);
	}
	return store_finish(s, st, err) == ERR_OK ? found : ERR_IO;
}

int fleet_box_set(struct store *s, const char *name, const char *member, uint64_t value,
		  struct errmsg *err)
{
	const char *sql = strcmp(member, "trust") == 0
				  ? "UPDATE fleet_boxes SET trust = ?2 WHERE name = ?1"
			  : strcmp(member, "trusts") == 0
				  ? "UPDATE fleet_boxes SET trusts = ?2 WHERE name = ?1"
				  : "UPDATE fleet_boxes SET number = ?2 WHERE name = ?1";

	return fleet_run(s, err, sql, "tn", name, value);
}

int fleet_box_group(struct store *s, const char *name, const char *group, struct errmsg *err)
{
	int rc = fleet_run(s, err, "UPDATE fleet_boxes SET ring_group = ?2 WHERE name = ?1", "tt",
			   name, group);

	if (rc != ERR_OK || store_changes(s) > 0)
		return rc;
	return errmsg_set(err, ERR_NOTFOUND, "there is no box %s", name);
}

static const char boxes_sql[] =
	"SELECT b.name, b.role, b.site, coalesce(o.customer, '') AS customer, "
	"b.ring_group AS ring, coalesce(p.up, 0) AS up_is, b.last_seen, b.trusts, "
	"b.serial, coalesce((SELECT c.until FROM certificates c WHERE c.serial = "
	"b.serial), 0) AS certificate_until, coalesce((SELECT c.issued FROM certificates "
	"c WHERE c.serial = b.serial), 0) AS certificate_issued, coalesce((SELECT "
	"v.version FROM fleet_versions v WHERE v.name = b.name AND v.component = "
	"'config'), '') AS config_version, coalesce((SELECT v.version FROM fleet_versions "
	"v WHERE v.name = b.name AND v.component = 'bundle'), '') AS bundle_version, "
	"coalesce((SELECT v.version FROM fleet_versions v WHERE v.name = b.name AND "
	"v.component = 'pattern'), '') AS pattern_version, coalesce((SELECT v.version "
	"FROM fleet_versions v WHERE v.name = b.name AND v.component = 'firmware'), '') "
	"AS firmware_version, coalesce((SELECT v.version FROM fleet_versions v WHERE "
	"v.name = b.name AND v.component = 'program'), '') AS program_version FROM "
	"fleet_boxes b LEFT JOIN sites o ON o.site = b.site LEFT JOIN peers p ON p.name = "
	"b.name WHERE ?1 = '' OR o.customer = ?1 ORDER BY b.name";

json_t *fleet_boxes(struct store *s, const char *customer, struct errmsg *err)
{
	return fleet_rows(s, fleet_ask(s, err, boxes_sql, "t", customer), err);
}

int fleet_versions(struct store *s, const char *name, const struct component_version_list *list,
		   struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < list->n && rc == ERR_OK; i++)
		rc = fleet_run(
			s, err,
			"INSERT INTO fleet_versions(name, component, version) VALUES(?1, ?2, "
			"?3) ON CONFLICT(name, component) DO UPDATE SET version = ?3",
			"ttt", name, list->items[i].component, list->items[i].version);
	return rc;
}
