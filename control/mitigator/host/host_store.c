#include "control/mitigator/host/host_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { IPS_TEXT = TARGET_IPS * (IP_ADDR_TEXT + 64) };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS host(number INTEGER PRIMARY KEY, mac TEXT, ips TEXT,"
	" vlan INTEGER, name TEXT, user TEXT, vendor TEXT, sensor TEXT, switch_name TEXT,"
	" switch_port TEXT, port_since INTEGER, contested INTEGER, router INTEGER,"
	" first_seen INTEGER, last_seen INTEGER, alerts INTEGER, level TEXT, level_since INTEGER,"
	" judge_due INTEGER, run_level INTEGER, run_count INTEGER, run_first INTEGER,"
	" run_last INTEGER, run_judged INTEGER, released INTEGER)";

static int db_error(sqlite3 *db, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the database of hosts: %s", sqlite3_errmsg(db));
}

int host_store_init(sqlite3 *db, struct errmsg *e)
{
	if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, e);
	/* A table of before; fails where the columns are there. */
	sqlite3_exec(db, "ALTER TABLE host ADD COLUMN introduced INTEGER DEFAULT 0", NULL, NULL,
		     NULL);
	sqlite3_exec(db, "ALTER TABLE host ADD COLUMN disputed TEXT", NULL, NULL, NULL);
	sqlite3_exec(db, "ALTER TABLE host ADD COLUMN facts TEXT DEFAULT ''", NULL, NULL, NULL);
	sqlite3_exec(db, "ALTER TABLE host ADD COLUMN watched INTEGER DEFAULT 0", NULL, NULL, NULL);
	return 0;
}

/* "10.0.0.5/first/last/proven ..." */
static void ips_text(const struct host *h, char ret[IPS_TEXT])
{
	size_t len = 0;
	char ip[IP_ADDR_TEXT];

	ret[0] = 0;
	for (unsigned i = 0; i < h->ips_n; i++)
		len += (size_t)snprintf(ret + len, IPS_TEXT - len, "%s%s/%llu/%llu/%llu",
					i ? " " : "", ip_addr_text(&h->ips[i].ip, ip, false),
					(unsigned long long)h->ips[i].first_seen,
					(unsigned long long)h->ips[i].last_seen,
					(unsigned long long)h->ips[i].proven);
}

static void ips_parse(const char *text, struct host *h)
{
	while (*text && h->ips_n < TARGET_IPS) {
		struct host_ip *to = &h->ips[h->ips_n];
		unsigned long long first, last, proven;
		char ip[IP_ADDR_TEXT];

		if (sscanf(text, "%45[^/]/%llu/%llu/%llu", ip, &first, &last, &proven) == 4 &&
		    ip_addr_parse(ip, &to->ip) == 0) {
			to->first_seen = first;
			to->last_seen = last;
			to->proven = proven;
			h->ips_n++;
		}
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
}

static void bind(sqlite3_stmt *s, const struct host *h, const char *mac, const char *ips)
{
	const char *const texts[] = {mac,     h->sensor, h->switch_name, h->switch_port,
				     h->name, h->user,	 h->vendor};
	static const int text_at[] = {2, 8, 9, 10, 5, 6, 7};
	const uint64_t numbers[] = {h->number,	     h->vlan,	     h->port_since, h->contested,
				    h->router,	     h->first_seen,  h->last_seen,  h->alerts,
				    h->level_since,  h->judge_due,   h->run.level,  h->run.count,
				    h->run.first_ns, h->run.last_ns, h->run.judged, h->released,
				    h->introduced};
	char ip[IP_ADDR_TEXT], disputed[HOST_DISPUTED * IP_ADDR_TEXT] = "";
	size_t len = 0;
	static const int number_at[] = {1,  4,	11, 12, 13, 14, 15, 16, 18,
					19, 20, 21, 22, 23, 24, 25, 26};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		sqlite3_bind_text(s, text_at[i], texts[i], -1, SQLITE_STATIC);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sqlite3_bind_int64(s, number_at[i], (sqlite3_int64)numbers[i]);
	sqlite3_bind_text(s, 3, ips, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 17, level_text(h->level), -1, SQLITE_STATIC);
	for (unsigned i = 0; i < h->disputed_n; i++)
		len += (size_t)snprintf(disputed + len, sizeof(disputed) - len, "%s%s",
					i ? " " : "", ip_addr_text(&h->disputed[i], ip, false));
	sqlite3_bind_text(s, 27, disputed, -1, SQLITE_TRANSIENT);
}

static bool due(const struct host *h, uint64_t now)
{
	return h->dirty ||
	       (h->last_seen > h->saved && now - h->saved > NS_PER_MIN && now > h->saved);
}

int host_store_save(sqlite3 *db, struct hosts *t, uint64_t now, unsigned most, struct errmsg *e)
{
	static const char sql[] = "INSERT OR REPLACE INTO host "
				  "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
				  "?,?,?,?)";
	char mac[MAC_ADDR_TEXT], ips[IPS_TEXT], facts[HOST_FACTS_TEXT];
	sqlite3_stmt *s = NULL;
	int rc = 0;

	for (unsigned i = 0; i < hosts_count(t) && most && rc == 0; i++) {
		struct host *h = hosts_at(t, i);

		if (!due(h, now))
			continue;
		if (!s && sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
			return db_error(db, e);
		ips_text(h, ips);
		bind(s, h, mac_addr_text(&h->mac, mac), ips);
		sqlite3_bind_int64(s, 29, (sqlite3_int64)h->watched);
		sqlite3_bind_text(s, 28, host_facts_text(&h->facts, facts), -1, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			rc = db_error(db, e);
		sqlite3_reset(s);
		h->dirty = false;
		h->saved = now;
		most--;
	}
	sqlite3_finalize(s);
	return rc;
}

static uint64_t number(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

static void show_fact(struct host *h, enum host_fact_kind kind, char *to)
{
	const struct host_known *best = host_facts_best(&h->facts, kind);

	snprintf(to, HOST_TEXT, "%s", best ? best->value : "");
}

static void read_disputed(const char *text, struct host *h)
{
	char ip[IP_ADDR_TEXT];

	while (h->disputed_n < HOST_DISPUTED && sscanf(text, "%45s", ip) == 1) {
		if (ip_addr_parse(ip, &h->disputed[h->disputed_n]) == 0)
			h->disputed_n++;
		text += strspn(text, " ");
		text += strcspn(text, " ");
	}
}

static void read_row(sqlite3_stmt *s, struct host *h)
{
	*h = (struct host){.number = number(s, 0)};
	snprintf(h->id, sizeof(h->id), "host-%06llu", (unsigned long long)h->number);
	mac_addr_parse(text_column(s, 1), &h->mac);
	ips_parse(text_column(s, 2), h);
	h->vlan = (uint32_t)number(s, 3);
	snprintf(h->name, sizeof(h->name), "%s", text_column(s, 4));
	snprintf(h->user, sizeof(h->user), "%s", text_column(s, 5));
	snprintf(h->vendor, sizeof(h->vendor), "%s", text_column(s, 6));
	snprintf(h->sensor, sizeof(h->sensor), "%s", text_column(s, 7));
	snprintf(h->switch_name, sizeof(h->switch_name), "%s", text_column(s, 8));
	snprintf(h->switch_port, sizeof(h->switch_port), "%s", text_column(s, 9));
	h->port_since = number(s, 10);
	h->contested = number(s, 11);
	h->router = number(s, 12) != 0;
	h->first_seen = number(s, 13);
	h->last_seen = h->saved = number(s, 14);
	h->alerts = number(s, 15);
	h->level = LEVEL_SAFE;
	level_parse(text_column(s, 16), &h->level);
	h->level_since = number(s, 17);
	h->judge_due = number(s, 18);
	h->run.level = (enum level)number(s, 19);
	h->run.count = (uint32_t)number(s, 20);
	h->run.first_ns = number(s, 21);
	h->run.last_ns = number(s, 22);
	h->run.judged = number(s, 23) != 0;
	h->released = number(s, 24);
	h->introduced = number(s, 25);
	host_facts_parse(text_column(s, 27), &h->facts);
	show_fact(h, HOST_FACT_OS, h->os);
	show_fact(h, HOST_FACT_ROLE, h->role);
	read_disputed(text_column(s, 26), h);
	h->watched = number(s, 28);
}

int host_store_load(sqlite3 *db, struct hosts *t, struct errmsg *e)
{
	sqlite3_stmt *s;
	struct host h;

	if (sqlite3_prepare_v2(db, "SELECT * FROM host ORDER BY last_seen DESC LIMIT ?", -1, &s,
			       NULL) != SQLITE_OK)
		return db_error(db, e);
	sqlite3_bind_int(s, 1, HOSTS_MAX);
	while (sqlite3_step(s) == SQLITE_ROW) {
		read_row(s, &h);
		hosts_restore(t, &h);
	}
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : db_error(db, e);
}
