/* What the centre keeps, behind one interface. This is the embedded default, SQLite in WAL mode;
 * one thread. Times are ns since 1970. Text comes from peers: bounded, UTF-8, otherwise hostile. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/report/daily.h"
#include "control/report/monthly.h"
#include "control/wire/link.h"
#include "control/wire/message.h"
#include "dataplane/base/err.h"

struct store;

/* Opens or makes it; ":memory:" keeps it there. A damaged file is put aside as PATH.damaged-<time>
 * and a new one made, with a sentence in `ret_note` ("" otherwise). NULL with a sentence when
 * neither works. */
struct store *store_open(const char *path, struct errmsg *ret_note, struct errmsg *err);

/* Where a store is: `path`, or with `state` beyond one machine. Texts may be NULL, "" is the same.
 */
struct store_where {
	const char *path;
	const char *state;   /* a connection string of PostgreSQL */
	const char *history; /* ClickHouse's servers, as clickhouse.h has them */
	const char *history_user, *history_password_file;
	const char *history_database; /* there; "banken" without */
	const char *ca_file;
};
struct store *store_open_at(const struct store_where *w, struct errmsg *ret_note,
			    struct errmsg *err);
/* One that is there and in use, for reports: as it is now, whatever is written meanwhile; nothing
 * can be written by it. (Beyond one machine: each question sees what is there then.) NULL with a
 * sentence. */
struct store *store_open_to_read(const struct store_where *w, struct errmsg *err);
void store_close(struct store *s);

int store_begin(struct store *s, struct errmsg *err);
int store_commit(struct store *s, struct errmsg *err);
void store_rollback(struct store *s);

/* --- writes; within store_begin and store_commit. Doubles by id change nothing. --- */

/* Remembers the last number of each peer's spool and lane. 1: the item is new; 0: a double, pass
 * it over; negative with a sentence. */
int store_seen(struct store *s, const struct link_item *item, struct errmsg *err);
int store_alert(struct store *s, const char *sensor, const struct alert *a, struct errmsg *err);
int store_record(struct store *s, const char *sensor, const struct flow_summary *f,
		 struct errmsg *err);
int store_health(struct store *s, const char *sensor, uint64_t time, const struct sensor_health *h,
		 struct errmsg *err);
int store_event(struct store *s, const char *mitigator, const struct event *e, struct errmsg *err);
int store_mitigator(struct store *s, const char *mitigator, const struct mitigator_state *m,
		    struct errmsg *err);
/* Known-bad entries that a mitigator offers (Q14), and the end of its audit log. */
int store_proposal(struct store *s, const char *mitigator, const struct list_proposal *p,
		   struct errmsg *err);
int store_audit_head(struct store *s, const char *mitigator, const struct audit_head_note *h,
		     struct errmsg *err);
/* {"proposals": [...]} and {"audit_heads": [...]}, newest first; NULL without memory. */
json_t *store_proposals(struct store *s, unsigned most);
json_t *store_audit_heads(struct store *s, unsigned most);
/* A peer came or went. */
int store_peer(struct store *s, const char *name, const char *role, const char *site, bool up,
	       uint64_t now, struct errmsg *err);
/* A customer, and which sites are whose. */
int store_customer(struct store *s, const char *id, const char *name, const struct zone *zone,
		   struct errmsg *err);
int store_site(struct store *s, const char *site, const char *customer, struct errmsg *err);
/* An analyst's words for a month's report of a customer; each time a new version, none is changed.
 */
int store_advise(struct store *s, const char *customer, uint64_t month,
		 const struct monthly_advisory *a, struct errmsg *err);
/* Removes records older than `before`; returns how many, or negative. At most `most`. */
long store_expire(struct store *s, uint64_t before, unsigned most);

/* After a failure, before the rollback: true when the disk is full. Then, after the rollback,
 * store_make_room removes the oldest records, of alerts only when no others are left; how many. */
bool store_refused(struct store *s);
bool store_full(const struct store *s);
bool store_tight(struct store *s);
long store_make_room(struct store *s);
/* Now and then: whether there is room again. `now`: s, monotonic. */
void store_look(struct store *s, uint64_t now);
/* {"disk_full": bool, "gone": {"records": n, "alerts": n}, "problems": [sentence]} */
json_t *store_disk(struct store *s);

/* --- reads --- */
/* {"sites": [...], "hosts": [...], "alerts": [...], "quarantines": [...], "events": [...]} newest
 * first, bounded; NULL without memory. */
json_t *store_overview(struct store *s, unsigned most);
json_t *store_alerts(struct store *s, unsigned most);
/* Whose: "" = all. */
struct store_scope {
	const char *customer, *site;
};
/* Fill reports for [from, to), which are midnights; the caller frees them. */
int store_daily(struct store *s, const struct store_scope *scope, uint64_t from, uint64_t to,
		struct report_daily *ret, struct errmsg *err);
/* The month that `when` is in by `zone`, and those before it, as known at `now`. */
int store_monthly(struct store *s, const struct store_scope *scope, const struct zone *zone,
		  uint64_t when, uint64_t now, struct report_monthly *ret, struct errmsg *err);
uint64_t store_count(struct store *s, const char *table);
