/* The set of incidents; shared by the files of this folder. */
#pragma once

#include "control/mitigator/incident/incident.h"
#include "dataplane/base/hash.h"

enum { INCIDENT_BUCKETS = 1 << 14, ATTACKS_MAX = 32768 };

struct attack_entry {
	struct incident_attack a;
	uint32_t next_from, next_to; /* index + 1 */
	bool dirty;
};

struct incidents {
	sqlite3 *db;
	sqlite3_stmt *save, *save_step, *save_attack, *find_id[2], *put_id[2], *find_closed;
	struct hash_key key, id_key; /* of the process; of the database */
	struct incident_risk risk;
	struct incident *open[INCIDENTS_MAX];
	uint32_t heads[INCIDENT_BUCKETS], next_in[INCIDENTS_MAX]; /* by host; index + 1 */
	unsigned n, steps_n;
	uint64_t next, refused, steps_refused;
	uint64_t newest_closed; /* opening time of the newest closed one */
	bool dirty, attacks_dirty;
	unsigned ids_into; /* which of the two tables of ids is filled now */
	uint64_t ids_n, files_noted;
	struct attack_entry *attacks;
	unsigned attacks_n, attacks_hand;
	uint32_t from_heads[INCIDENT_BUCKETS], to_heads[INCIDENT_BUCKETS];
};

/* incident.c */
bool incident_add(struct incidents *t, struct incident *i);
void incident_put_step(struct incidents *t, struct incident *i, const struct chain_step *s);
void incident_sort(struct incident *i);
void incident_describe(struct incident *i);
/* Cut at the end of a character; NULL is "". */
void incident_put_text(char *to, size_t cap, const char *text);

/* store.c */
int incident_db_error(const struct incidents *t, struct errmsg *e);
int incident_db_prepare(struct incidents *t, struct errmsg *e);
void incident_db_done(struct incidents *t);
int incident_db_load(struct incidents *t, struct errmsg *e);
int incident_db_save(struct incidents *t, struct incident *i, struct errmsg *e);
/* Closed incidents of the host that touch [from, to]; their numbers. */
unsigned incident_db_closed(struct incidents *t, const char *host_id, uint64_t from, uint64_t to,
			    uint64_t *ret, unsigned max);
int incident_db_expire(struct incidents *t, struct errmsg *e);

/* attack.c */
void incident_attacks_clear(struct incidents *t);
bool incident_attack_add(struct incidents *t, const struct incident_attack *a, bool dirty);
