/* Who of us is where, so that it is never cut (Q6): this machine's interfaces, and where sensors,
 * enforcers and the centre were connected from. The latter is kept: after a restart alerts may come
 * before all of them are back. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <string.h>

#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

enum { KEPT_DAYS = 30, KEPT_MAX = 4096 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS own(address TEXT PRIMARY KEY, role TEXT, note TEXT,"
	" last INTEGER) WITHOUT ROWID";

int own_start(struct mitigator *m, struct errmsg *e)
{
	if (sqlite3_exec(m->db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return errmsg_set(e, ERR_IO, "the database: %s", sqlite3_errmsg(m->db));
}

static void add_own(struct mitigator *m, const struct ifaddrs *i)
{
	const struct sockaddr *a = i->ifa_addr;
	struct protect_entry e = {.source = PROTECT_OWN,
				  .role = "mitigator",
				  .bits = 128,
				  .since = mitigator_now(m).wall};

	snprintf(e.note, sizeof(e.note), "our own %.40s", i->ifa_name);
	if (a->sa_family == AF_PACKET) {
		const struct sockaddr_ll *ll = (const struct sockaddr_ll *)(const void *)a;

		memcpy(&e.mac, ll->sll_addr, sizeof(e.mac));
		e.has_mac = ll->sll_halen == 6 && mac_addr_is_host(&e.mac);
	} else if (a->sa_family == AF_INET) {
		e.prefix = ip_addr_v4(
			(const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr);
		e.has_prefix = ip_addr_is_host(&e.prefix);
	} else if (a->sa_family == AF_INET6) {
		e.prefix =
			ip_addr_v6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)a)
					   ->sin6_addr);
		e.has_prefix = ip_addr_is_host(&e.prefix);
	}
	if (e.has_mac || e.has_prefix)
		decide_protect(&m->decide, &e, mitigator_now(m));
}

/* Where they were within the last days. */
static void recall(struct mitigator *m)
{
	uint64_t now = mitigator_now(m).wall, span = KEPT_DAYS * NS_PER_DAY;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT address, role, note, last FROM own WHERE last>=? ORDER BY "
			       "last DESC LIMIT ?",
			       -1, &s, NULL) != SQLITE_OK)
		return;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)(now > span ? now - span : 0));
	sqlite3_bind_int(s, 2, KEPT_MAX);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct protect_entry e = {.source = PROTECT_OWN,
					  .bits = 128,
					  .has_prefix = true,
					  .since = (uint64_t)sqlite3_column_int64(s, 3)};

		if (ip_addr_parse((const char *)sqlite3_column_text(s, 0) ?: "", &e.prefix) < 0)
			continue;
		snprintf(e.role, sizeof(e.role), "%s",
			 (const char *)sqlite3_column_text(s, 1) ?: "");
		snprintf(e.note, sizeof(e.note), "%s",
			 (const char *)sqlite3_column_text(s, 2) ?: "");
		decide_protect(&m->decide, &e, mitigator_now(m));
	}
	sqlite3_finalize(s);
}

void own_protect(struct mitigator *m)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (i->ifa_addr)
			add_own(m, i);
	}
	freeifaddrs(list);
	recall(m);
}

void own_peer(struct mitigator *m, const struct protect_entry *p)
{
	char address[IP_ADDR_TEXT];
	sqlite3_stmt *s;

	if (mitigator_begin(m, NULL) < 0)
		return;
	decide_protect(&m->decide, p, mitigator_now(m));
	if (sqlite3_prepare_v2(m->db, "INSERT OR REPLACE INTO own VALUES(?,?,?,?)", -1, &s, NULL) !=
	    SQLITE_OK)
		return;
	sqlite3_bind_text(s, 1, ip_addr_text(&p->prefix, address, false), -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, p->role, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, p->note, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)p->since);
	if (sqlite3_step(s) != SQLITE_DONE)
		log_error(&m->log, "where %s is, is not stored: %s", p->note,
			  sqlite3_errmsg(m->db));
	sqlite3_finalize(s);
}
