/* Incidents: the alerts of one host that belong together. This first form joins what comes within a
 * window; a correlation that knows the kill chain replaces incidents_note and keeps the rest.
 * Owner: the mitigator's loop. Times: ns since 1970. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/wire/message.h"

enum {
	INCIDENTS_MAX = 16384, /* open at once; more alerts only raise what is open */
	INCIDENT_THREATS = 32, /* told apart in one incident */
	INCIDENT_TEXT = 128,
	THREAT_ID = 40,
};

struct incident {
	uint64_t number;
	char id[28]; /* "incident-000017" */
	char host_id[INCIDENT_TEXT], title[INCIDENT_TEXT], threat_id[THREAT_ID];
	char technique[32], alert_id[INCIDENT_TEXT];
	uint64_t opened, updated, closed;
	enum level level;  /* the highest of its alerts */
	enum level proven; /* the highest of those whose source was proven; the caller's */
	enum severity severity;
	uint64_t alerts;
	char threats[INCIDENT_THREATS][THREAT_ID];
	unsigned threats_n;
	/* Alerts that wait for the switch to confirm their source; the caller's, not stored. */
	enum level unproven;
	uint64_t unproven_since; /* 0: none */
	struct ip_addr unproven_ip;
	bool marked; /* the caller's: an outcome was recorded for it */
};

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *t);
/* Makes the table; loads what is open. */
int incidents_open(struct incidents *t, sqlite3 *db, struct errmsg *e);

/* What an alert changed. */
struct incident_news {
	bool opened;	 /* the incident is new */
	bool new_threat; /* it was not seen in this incident before */
	bool risen;	 /* its level rose */
};

/* Joins the alert to the host's open incident, or opens one. NULL when there is no room or the
 * store refused. */
struct incident *incidents_note(struct incidents *t, const char *host_id, const struct alert *a,
				enum level level, uint64_t now, uint64_t window,
				struct incident_news *ret, struct errmsg *e);
/* The open incident of the highest level, NULL when there is none. */
struct incident *incidents_of_host(struct incidents *t, const char *host_id);
/* Closes what had no alert for `quiet`; calls `closed` for each before it is gone. */
int incidents_tick(struct incidents *t, uint64_t now, uint64_t quiet,
		   void (*closed)(void *ctx, const struct incident *i), void *ctx,
		   struct errmsg *e);
int incidents_save(struct incidents *t, const struct incident *i, struct errmsg *e);
unsigned incidents_count(const struct incidents *t);
struct incident *incidents_at(struct incidents *t, unsigned i);
uint64_t incidents_refused(const struct incidents *t);

/* "1.2100001"; also the beginning of a file's name (Q11). Returns ret. */
char *threat_id_of(const struct alert *a, char ret[THREAT_ID]);
