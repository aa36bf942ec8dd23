/* Which networks and hosts no sensor sees, and where a tap point would help most (P10). */
#include <string.h>

#include "control/centre/store/rows.h"
#include "dataplane/base/clock.h"

/* A host unheard of for that long is counted as silent. */
#define COVERAGE_AGE (7 * NS_PER_DAY)
/* A network is what stands before the last dot; of IPv6 all of a site's together, whose prefixes a
 * text does not tell. An address without a MAC was seen through a router only. */
#define NETWORK "CASE WHEN h.ip LIKE '%:%' THEN 'IPv6' ELSE rtrim(h.ip, '0123456789') END"
#define FIGURES                                                                                    \
	"sum(CASE WHEN h.last_seen >= ?5 AND h.mac <> '' THEN 1 ELSE 0 END) AS seen, sum(CASE "    \
	"WHEN h.last_seen >= ?5 AND h.mac = '' THEN 1 ELSE 0 END) AS behind_router, sum(CASE "     \
	"WHEN h.last_seen < ?5 THEN 1 ELSE 0 END) AS silent"

static json_int_t count(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* What to do about it: a word. */
static const char *advice(const json_t *row)
{
	json_int_t seen = count(row, "seen"), unseen = count(row, "behind_router");

	if (seen == 0 && unseen == 0)
		return "silent";
	if (seen == 0)
		return "unseen";
	if (unseen > seen)
		return "mostly-unseen";
	return unseen ? "partly-unseen" : "seen";
}

static void name_networks(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *prefix = json_string_value(json_object_get(row, "network"));
		char text[80];

		snprintf(text, sizeof(text), "%.60s%s", prefix ? prefix : "",
			 prefix && strchr(prefix, '.') ? "0/24" : "");
		json_object_set_new(row, "find",
				    json_string(prefix && strchr(prefix, '.') ? prefix : ""));
		json_object_set_new(row, "network", json_string(text));
		json_object_set_new(row, "advice", json_string(advice(row)));
	}
}

static struct db_stmt *networks(struct store *s, const struct store_query *q, uint64_t since,
				struct errmsg *err)
{
	struct db_stmt *st = store_question(
		s,
		"SELECT h.site, x.customer, " NETWORK " AS network, " FIGURES
		", max(h.last_seen) AS last_seen__time FROM hosts h JOIN sites x ON x.site = "
		"h.site "
		"WHERE h.ip <> '' AND h.site IN " OUR_SITES " GROUP BY h.site, x.customer, " NETWORK
		" ORDER BY behind_router DESC, seen DESC, h.site, network LIMIT ?6",
		q, err);

	if (st) {
		bind_number(st, 5, since);
		bind_number(st, 6, q->most);
	}
	return st;
}

json_t *store_coverage(struct store *s, const struct store_query *q, uint64_t now,
		       struct errmsg *err)
{
	uint64_t since = now > COVERAGE_AGE ? now - COVERAGE_AGE : 0;
	json_t *list = store_rows(s, networks(s, q, since, err), err), *sums = NULL, *ret;
	struct db_stmt *st = NULL;

	if (!list)
		return NULL;
	name_networks(list);
	st = store_question(
		s, "SELECT " FIGURES " FROM hosts h WHERE h.ip <> '' AND h.site IN " OUR_SITES, q,
		err);
	if (st)
		bind_number(st, 5, since);
	sums = store_row(s, st, err);
	if (!sums) {
		json_decref(list);
		return NULL;
	}
	ret = json_pack("{sI sI sI so}", "hosts_seen", count(sums, "seen"), "hosts_unseen",
			count(sums, "behind_router"), "hosts_silent", count(sums, "silent"),
			"networks", list);
	json_decref(sums);
	return ret;
}
