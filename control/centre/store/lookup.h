/* What the pages and the HTTP API ask of the store. Every question says whose and when: there is no
 * way to ask without. Answers are JSON as the API gives it away: times as RFC 3339 in UTC or null,
 * levels and severities as words, sentences as {"en", "ja"}. NULL with a sentence when it fails; a
 * new object otherwise. One thread. */
#pragma once

#include "control/centre/store/store.h"

enum { LOOKUP_MOST = 1000, LOOKUP_DEFAULT = 100 };

/* A place in a list that runs from the newest to the oldest; time 0: at the newest. */
struct store_cursor {
	uint64_t time;
	char id[192];
};

struct store_query {
	struct store_scope scope;
	uint64_t from, to; /* ns since 1970, `to` is not in it */
	unsigned most;
	struct store_cursor before;
};

/* As text for the asker, and back; false when it is none. */
char *store_cursor_text(const struct store_cursor *c, char ret[224]);
bool store_cursor_read(const char *text, struct store_cursor *ret);

/* Whether the scope's customer, or its site within the customer, is there. */
bool store_has_customer(struct store *s, const char *id);
bool store_has_site(struct store *s, const struct store_scope *scope);
/* Whose a site is, "" when nobody's or it is not there; whether anything of it is kept. */
void store_site_owner(struct store *s, const char *site, char ret[64]);
/* Whose a sensor or mitigator is, by its site. */
void store_peer_owner(struct store *s, const char *peer, char ret[64]);
bool store_site_has_history(struct store *s, const struct store_scope *site);
/* One of the scope's sites; false: it has none. */
bool store_any_site(struct store *s, const struct store_query *q, char ret[128]);
int store_customer_language(struct store *s, const char *id, const char *language,
			    struct errmsg *err);

/* {"customers": [...]}, {"sites": [...]}, {"sensors": [...]} */
json_t *store_customers(struct store *s, const struct store_query *q, struct errmsg *err);
json_t *store_sites(struct store *s, const struct store_query *q, struct errmsg *err);
json_t *store_sensors(struct store *s, const struct store_query *q, struct errmsg *err);
/* One with what it saw over [from, to): "steps" of `step_s` with rx, lost, up_s; those without a
 * word of it are not there. An empty object when there is no such machine in the scope. */
enum { SENSOR_STEPS = 200 };
json_t *store_sensor(struct store *s, const struct store_query *q, const char *name,
		     struct errmsg *err);
/* coverage.c (P10): {"networks": [...], "hosts_seen", "hosts_unseen", "silent"}: which networks no
 * sensor sees whole. A host whose own frames were seen is on a mirrored segment; one known by its
 * address alone is behind a router, and what it does with its neighbours is seen by nobody. */
json_t *store_coverage(struct store *s, const struct store_query *q, uint64_t now,
		       struct errmsg *err);

/* When the first thing was counted or the first peer came; 0: nothing yet. */
uint64_t store_first(struct store *s, const struct store_query *q);

/* lookup_overview.c: counts by customer; what a person should see to; alerts and watch by site over
 * [from, to) in steps of a quarter of an hour or its multiples, 200 at most. */
json_t *store_by_customer(struct store *s, const struct store_query *q, struct errmsg *err);
json_t *store_needs_action(struct store *s, const struct store_query *q, struct errmsg *err);
json_t *store_timeline(struct store *s, const struct store_query *q, struct errmsg *err);

/* lookup_history.c: {NAME: [...], "next": CURSOR or null}. Filters "" and 0: all. */
struct store_alert_filter {
	const char *host; /* address or name */
	uint64_t gid, sid, severity;
};
json_t *store_alert_list(struct store *s, const struct store_query *q,
			 const struct store_alert_filter *f, struct errmsg *err);
struct store_incident_filter {
	bool only_open;
	const char *host; /* address, or a mitigator's id of it */
	const char *id;
};
json_t *store_incident_list(struct store *s, const struct store_query *q,
			    const struct store_incident_filter *f, struct errmsg *err);
/* One with its steps, alerts, linked ones; an empty object when it is not there. */
json_t *store_incident(struct store *s, const struct store_query *q, const char *id,
		       struct errmsg *err);
struct store_cut_filter {
	bool only_open;
	const char *host, *id;
};
json_t *store_cut_list(struct store *s, const struct store_query *q,
		       const struct store_cut_filter *f, struct errmsg *err);

/* lookup_hosts.c */
struct store_host_filter {
	const char *search; /* part of name, address, MAC, user */
	unsigned level;	    /* and above */
	bool only_cut;
};
json_t *store_host_list(struct store *s, const struct store_query *q,
			const struct store_host_filter *f, struct errmsg *err);
/* By address, MAC, name or id, within the scope's site; an empty object when it is not there. */
json_t *store_host(struct store *s, const struct store_query *q, const char *host,
		   struct errmsg *err);
