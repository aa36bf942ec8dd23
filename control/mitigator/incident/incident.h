/* Incidents (D7): the alerts of one host that belong together. Alerts of a host whose times lie
 * within `window` of each other are one incident, whatever the order in which they arrive: a late
 * one extends an incident, joins two, or opens again what was closed. An alert counts once, known
 * by its id. State is in SQLite; the caller owns the transaction and calls incidents_flush before
 * it commits, so that a kill at any point loses and doubles nothing.
 *
 * Owner: the mitigator's loop. Times: ns since 1970, of the alerts unless said otherwise. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/incident/stage.h"
#include "control/wire/message.h"

enum {
	INCIDENTS_MAX = 16384,	     /* open at once; more alerts only raise what is open */
	INCIDENTS_KEPT = 100000,     /* closed ones in the database, then the oldest go */
	INCIDENT_THREATS = 32,	     /* told apart in one incident */
	INCIDENT_STEPS = 24,	     /* told apart; more only count in their stage */
	INCIDENT_STEPS_ALL = 32768,  /* of all open incidents together, 1.4 KiB each */
	INCIDENT_ALERT_IDS = 500000, /* remembered against doubles: this to twice as many */
	INCIDENT_TEXT = 128,
	INCIDENT_REASON = 400,
	THREAT_ID = 40,
};

/* What happened once or again and again: same stage, same rule. Texts are of the first time. */
struct chain_step {
	enum stage stage;
	uint32_t gid, sid;
	uint64_t first, last, hits;
	enum level level; /* the highest */
	enum severity severity;
	bool attacks; /* the host does it to the peer; else it is done to the host */
	struct ip_addr peer;
	uint32_t port;	    /* of the server */
	char peer_host[24]; /* id of the inside host that is the peer, "" */
	char msg[INCIDENT_TEXT], technique[16], alert_id[96], url[200], file[INCIDENT_TEXT],
		sha256[65], source[48];
	char reason[STORY_LANGUAGES][INCIDENT_REASON];
	bool dirty;
};

/* Of all steps of one stage, exact also when steps no longer fit. */
struct incident_stage {
	uint64_t first, hits;
	uint64_t last[3]; /* at level caution, warning, danger; 0: never */
};

struct incident {
	uint64_t number;
	char id[28]; /* "incident-000017" */
	char host_id[INCIDENT_TEXT], title[INCIDENT_TEXT], threat_id[THREAT_ID];
	char technique[32], alert_id[INCIDENT_TEXT];
	uint64_t opened, updated, closed; /* first and last alert; wall, 0: open */
	uint64_t noted;			  /* wall, when the last alert arrived */
	uint64_t merged_into;		  /* the incident that it was found to be part of, 0 */
	uint64_t forgiven; /* a person found the host safe then: what is older has no risk */
	enum level level;  /* by the risk, as of the last alert or tick */
	enum level proven; /* the highest of those whose source was proven; the caller's */
	enum severity severity;
	double risk; /* 0..1, as of the last alert or tick */
	uint64_t alerts;
	struct incident_stage stages[STAGE_COUNT];
	struct chain_step *steps[INCIDENT_STEPS]; /* by time of the first */
	unsigned steps_n;
	uint64_t steps_lost; /* that did not fit */
	char threats[INCIDENT_THREATS][THREAT_ID];
	unsigned threats_n;
	/* Alerts that wait for the switch to confirm their source; the caller's, not stored. */
	enum level unproven;
	uint64_t unproven_since; /* 0: none */
	struct ip_addr unproven_ip;
	bool marked; /* the caller's: an outcome was recorded for it */
	bool dirty;
};

/* Who attacked whom (only inside hosts), kept longer than incidents to find where one began. */
struct incident_attack {
	char from[24], to[24]; /* ids of hosts */
	enum stage stage;
	uint32_t gid, sid;
	uint64_t first, last, hits;
	char msg[INCIDENT_TEXT], technique[16], file[INCIDENT_TEXT], sha256[65];
};

/* A file that a host received. */
struct incident_file {
	uint64_t time;
	char file[INCIDENT_TEXT], sha256[65], url[200];
	struct ip_addr peer; /* who sent it */
};

/* P6: what an alert of a level adds, halved every `half_life`, and from which risk on an incident
 * has a level. An open incident is caution at least. */
struct incident_risk {
	double weight[3];	/* of caution, warning, danger; 0..1 */
	double warning, danger; /* from here on */
	uint64_t half_life;	/* ns */
};

extern const struct incident_risk incident_risk_default;

struct incidents;

struct incidents *incidents_new(void);
void incidents_free(struct incidents *t);
/* Makes the tables; loads what is open. Also after a rollback: forgets what was not stored. */
int incidents_open(struct incidents *t, sqlite3 *db, struct errmsg *e);
/* What is stored, again, after a rollback of the database that is open. */
int incidents_reload(struct incidents *t, struct errmsg *e);
void incidents_set_risk(struct incidents *t, const struct incident_risk *risk);
/* Writes what changed. */
int incidents_flush(struct incidents *t, struct errmsg *e);

/* True when an alert of that id was here before; remembers it. "" is never known. */
bool incidents_double(struct incidents *t, const char *alert_id);

/* What an alert changed. */
struct incident_news {
	bool opened;	 /* the incident is new, or open again */
	bool new_threat; /* it was not seen in this incident before */
	bool risen;	 /* its level rose */
	bool new_step;
	unsigned merged; /* open incidents that became part of this one */
};

/* Joins the alert to the host's incident, or opens one. `level`: the policy's of the alert. NULL
 * when there is no room or the store refused. */
struct incident *incidents_note(struct incidents *t, const char *host_id, const struct alert *a,
				enum level level, uint64_t now, uint64_t window,
				struct incident_news *ret, struct errmsg *e);
/* An inside host (its id) is the peer of the alert that was just noted for `host_id`. */
void incidents_note_peer(struct incidents *t, struct incident *i, const struct alert *a,
			 const char *peer_id);
/* A person found the host safe at `when`: what was seen until then has no risk any more. */
void incidents_forgive(struct incidents *t, const char *host_id, uint64_t when);
/* The open incident of the highest level, NULL when there is none. */
struct incident *incidents_of_host(struct incidents *t, const char *host_id);
/* Lets risks decay and closes what had no alert for `quiet`; calls `closed` for each before it is
 * gone. */
int incidents_tick(struct incidents *t, uint64_t now, uint64_t quiet,
		   void (*closed)(void *ctx, const struct incident *i), void *ctx,
		   struct errmsg *e);
/* One incident at once, without waiting for incidents_flush. */
int incidents_save(struct incidents *t, struct incident *i, struct errmsg *e);
unsigned incidents_count(const struct incidents *t);
struct incident *incidents_at(struct incidents *t, unsigned i);
uint64_t incidents_refused(const struct incidents *t);
/* Any incident by number, open or not, as a copy to be freed with incident_free. NULL: none. */
struct incident *incidents_read(struct incidents *t, uint64_t number);
/* Numbers of the newest ones, open first; how many. */
unsigned incidents_list(struct incidents *t, bool open_only, uint64_t *ret, unsigned max);
void incident_free(struct incident *i);
/* Risk and level as of `now`, of one that was read. */
void incidents_rate(const struct incidents *t, struct incident *i, uint64_t now);

/* The file of that name ("": any) that the host received last between two times. */
void incidents_note_file(struct incidents *t, const char *host_id, const struct incident_file *f);
bool incidents_file(struct incidents *t, const char *host_id, const char *name, uint64_t from,
		    uint64_t to, struct incident_file *ret);
/* A kind of file that can bring something in, by its name's end. */
bool incident_file_matters(const char *name);

/* Attacks on the host (`to`) or by it (`from`; the other NULL), in order of their first time; at
 * most `max`. */
unsigned incidents_attacks(struct incidents *t, const char *from, const char *to,
			   const struct incident_attack **ret, unsigned max);

/* The risk of the incident at `now`, 0..1, and its level. */
double incident_risk_at(const struct incident *i, const struct incident_risk *r, uint64_t now);
enum level incident_level_of(double risk, const struct incident_risk *r);

/* "1.2100001"; also the beginning of a file's name (Q11). Returns ret. */
char *threat_id_of(const struct alert *a, char ret[THREAT_ID]);
