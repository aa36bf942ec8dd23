#include "control/centre/store/wipe_marks.h"

#include <string.h>

#include "dataplane/base/slice.h"

#define SITES "(SELECT site FROM w_sites)"
#define PEERS "(SELECT name FROM w_peers)"

const struct wipe_list wipe_lists[] = {
	{"w_sites(site TEXT)", "INSERT INTO w_sites SELECT site FROM sites WHERE customer = ?1"},
	{"w_peers(name TEXT)", "INSERT INTO w_peers SELECT name FROM peers WHERE site IN " SITES
			       " UNION SELECT name FROM "
			       "certificates WHERE site IN " SITES
			       " UNION SELECT name FROM fleet_boxes WHERE site IN " SITES
			       " UNION SELECT DISTINCT mitigator FROM hosts WHERE site IN " SITES},
	{"w_scopes(scope TEXT)",
	 "INSERT INTO w_scopes SELECT 'customer:' || ?1 UNION SELECT 'site:' || site FROM w_sites "
	 "UNION SELECT 'box:' || name FROM w_peers"},
	{"w_incidents(id TEXT)",
	 "INSERT INTO w_incidents SELECT id FROM incidents WHERE site IN " SITES
	 " OR mitigator IN " PEERS},
	{"w_emergencies(id INTEGER, key TEXT)",
	 "INSERT INTO w_emergencies SELECT id, key FROM emergencies WHERE customer = ?1 OR site "
	 "IN " SITES},
	{"w_recipients(id INTEGER)",
	 "INSERT INTO w_recipients SELECT id FROM recipients WHERE customer = ?1"},
	{NULL, NULL},
};

/* A row is his when one of these columns says so. */
static const struct {
	const char *table, *column, *is; /* table NULL: any that has the column */
} marks[] = {
	{NULL, "customer", "= ?1"},
	{NULL, "site", "IN " SITES},
	{NULL, "sensor", "IN " PEERS},
	{NULL, "mitigator", "IN " PEERS},
	{NULL, "peer", "IN " PEERS},
	{NULL, "box", "IN " PEERS},
	{NULL, "scope", "IN (SELECT scope FROM w_scopes)"},
	{NULL, "incident", "IN (SELECT id FROM w_incidents)"},
	{NULL, "emergency", "IN (SELECT id FROM w_emergencies)"},
	{NULL, "recipient", "IN (SELECT id FROM w_recipients)"},
	{"customers", "id", "= ?1"},
	{"peers", "name", "IN " PEERS},
	{"mitigators", "name", "IN " PEERS},
	{"fleet_versions", "name", "IN " PEERS},
	{"conditions", "key", "IN (SELECT key FROM w_emergencies)"},
};

bool wipe_whose(const char *table,
		bool (*has_column)(void *ctx, const char *table, const char *column), void *ctx,
		char *ret, size_t cap)
{
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		bool fits = marks[i].table ? strcmp(marks[i].table, table) == 0 : true;

		if (fits && has_column(ctx, table, marks[i].column) && n < cap)
			n += (size_t)snprintf(ret + n, cap - n, "%s\"%s\" %s", n ? " OR " : "",
					      marks[i].column, marks[i].is);
	}
	return n > 0 && n < cap;
}
