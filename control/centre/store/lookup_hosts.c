/* Hosts as their mitigators know them. */
#include <string.h>

#include "control/centre/store/rows.h"

#define HOST                                                                                       \
	"SELECT h.last_seen AS at, h.mitigator || '/' || h.id AS key, h.site, x.customer, "        \
	"h.mitigator, h.id, h.ip, h.mac, h.name, h.user, h.os, h.role, h.vendor, h.level AS "      \
	"level__level, h.level_since AS level_since__time, h.first_seen AS first_seen__time, "     \
	"h.last_seen AS last_seen__time, h.alerts, h.protected AS protected__bool, "               \
	"h.protected_reason, h.cut, (SELECT k.state FROM quarantines k WHERE k.command_id = "      \
	"h.cut AND k.mitigator = h.mitigator) AS cut_state FROM hosts h JOIN sites x ON x.site = " \
	"h.site WHERE h.site IN " OUR_SITES

json_t *store_host_list(struct store *s, const struct store_query *q,
			const struct store_host_filter *f, struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		HOST
		" AND h.last_seen >= ?1 AND (?5 = 0 OR h.last_seen < ?5 OR (h.last_seen = ?5 AND "
		"h.mitigator || '/' || h.id < ?6)) AND (?8 = '' OR h.ip = ?8 OR lower(h.name) LIKE "
		"'%' || lower(?8) || '%' OR h.mac LIKE '%' || lower(?8) || '%' OR lower(h.user) "
		"LIKE '%' || lower(?8) || '%' OR h.ip LIKE ?8 || '%') AND h.level >= ?9 AND (?10 = "
		"0 OR h.cut <> '') ORDER BY h.last_seen DESC, h.mitigator || '/' || h.id DESC "
		"LIMIT ?7",
		q, err);

	if (st) {
		bind_number(st, 5, q->before.time);
		bind_text(st, 6, q->before.id);
		bind_number(st, 7, q->most + 1ull);
		bind_text(st, 8, f->search);
		bind_number(st, 9, f->level);
		bind_number(st, 10, f->only_cut);
	}
	return store_page("hosts", store_rows(s, st, err), q, "at", "key");
}

json_t *store_host(struct store *s, const struct store_query *q, const char *host,
		   struct errmsg *err)
{
	struct db_stmt *st =
		store_question(s,
			       HOST " AND (h.id = ?5 OR h.ip = ?5 OR h.mac = lower(?5) "
				    "OR h.name = ?5) ORDER BY h.id = ?5 DESC, "
				    "h.last_seen DESC LIMIT 1",
			       q, err);
	json_t *row;

	if (st)
		bind_text(st, 5, host);
	row = store_row(s, st, err);
	json_object_del(row, "at");
	json_object_del(row, "key");
	return row;
}
