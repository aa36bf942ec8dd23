#include "control/mitigator/incident/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/hash.h"

enum { BUCKETS = 1 << 14 };

struct incidents {
	sqlite3 *db;
	sqlite3_stmt *save;
	struct hash_key key;
	struct incident *open[INCIDENTS_MAX];
	uint32_t heads[BUCKETS], next_in[INCIDENTS_MAX]; /* by host; index + 1 */
	unsigned n;
	uint64_t next, refused;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS incident(number INTEGER PRIMARY KEY, host_id TEXT, title TEXT,"
	" threat_id TEXT, technique TEXT, alert_id TEXT, opened INTEGER, updated INTEGER,"
	" closed INTEGER, level TEXT, severity INTEGER, alerts INTEGER, threats TEXT,"
	" marked INTEGER, proven TEXT);"
	"CREATE INDEX IF NOT EXISTS incident_open ON incident(closed);";

static int db_error(const struct incidents *t, struct errmsg *e)
{
	return errmsg_set(e, ERR_IO, "the database of incidents: %s", sqlite3_errmsg(t->db));
}

struct incidents *incidents_new(void)
{
	struct incidents *t = calloc(1, sizeof(*t));

	if (t) {
		t->key = hash_key_random();
		t->next = 1;
	}
	return t;
}

void incidents_free(struct incidents *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->n; i++)
		free(t->open[i]);
	sqlite3_finalize(t->save);
	free(t);
}

char *threat_id_of(const struct alert *a, char ret[THREAT_ID])
{
	snprintf(ret, THREAT_ID, "%u.%u", a->gid, a->sid);
	return ret;
}

/* ---- the set of open ones ---- */

static uint32_t *head(struct incidents *t, const char *host_id)
{
	return &t->heads[hash_bytes(&t->key, host_id, strlen(host_id)) % BUCKETS];
}

static void link_in(struct incidents *t, unsigned i)
{
	uint32_t *h = head(t, t->open[i]->host_id);

	t->next_in[i] = *h;
	*h = i + 1;
}

static void unlink_in(struct incidents *t, unsigned i)
{
	uint32_t *at;

	for (at = head(t, t->open[i]->host_id); *at && *at != i + 1; at = &t->next_in[*at - 1])
		;
	if (*at)
		*at = t->next_in[i];
}

static bool add(struct incidents *t, struct incident *i)
{
	if (!i || t->n >= INCIDENTS_MAX) {
		t->refused++;
		free(i);
		return false;
	}
	t->open[t->n] = i;
	link_in(t, t->n++);
	return true;
}

static void drop(struct incidents *t, unsigned i)
{
	unlink_in(t, i);
	free(t->open[i]);
	t->n--;
	if (i != t->n) {
		unlink_in(t, t->n);
		t->open[i] = t->open[t->n];
		link_in(t, i);
	}
}

struct incident *incidents_of_host(struct incidents *t, const char *host_id)
{
	struct incident *best = NULL;

	for (uint32_t e = *head(t, host_id); e; e = t->next_in[e - 1]) {
		struct incident *i = t->open[e - 1];

		if (strcmp(i->host_id, host_id) == 0 && (!best || i->level > best->level))
			best = i;
	}
	return best;
}

unsigned incidents_count(const struct incidents *t)
{
	return t->n;
}

struct incident *incidents_at(struct incidents *t, unsigned i)
{
	return t->open[i];
}

uint64_t incidents_refused(const struct incidents *t)
{
	return t->refused;
}

/* ---- the store ---- */

static void threats_text(const struct incident *i, char *ret, size_t cap)
{
	size_t len = 0;

	ret[0] = 0;
	for (unsigned k = 0; k < i->threats_n; k++)
		len += (size_t)snprintf(ret + len, cap - len, "%s%s", k ? " " : "", i->threats[k]);
}

static void threats_parse(const char *text, struct incident *i)
{
	while (text && *text && i->threats_n < INCIDENT_THREATS) {
		size_t len = strcspn(text, " ");

		snprintf(i->threats[i->threats_n++], THREAT_ID, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
}

int incidents_save(struct incidents *t, const struct incident *i, struct errmsg *e)
{
	char threats[INCIDENT_THREATS * THREAT_ID];
	const char *const texts[] = {i->host_id, i->title, i->threat_id, i->technique, i->alert_id};
	const uint64_t times[] = {i->opened, i->updated, i->closed};
	int rc;

	threats_text(i, threats, sizeof(threats));
	sqlite3_bind_int64(t->save, 1, (sqlite3_int64)i->number);
	for (int k = 0; k < 5; k++)
		sqlite3_bind_text(t->save, k + 2, texts[k], -1, SQLITE_STATIC);
	for (int k = 0; k < 3; k++)
		sqlite3_bind_int64(t->save, k + 7, (sqlite3_int64)times[k]);
	sqlite3_bind_text(t->save, 10, level_text(i->level), -1, SQLITE_STATIC);
	sqlite3_bind_int(t->save, 11, (int)i->severity);
	sqlite3_bind_int64(t->save, 12, (sqlite3_int64)i->alerts);
	sqlite3_bind_text(t->save, 13, threats, -1, SQLITE_STATIC);
	sqlite3_bind_int(t->save, 14, i->marked);
	sqlite3_bind_text(t->save, 15, level_text(i->proven), -1, SQLITE_STATIC);
	rc = sqlite3_step(t->save);
	sqlite3_reset(t->save);
	return rc == SQLITE_DONE ? 0 : db_error(t, e);
}

static void read_row(sqlite3_stmt *s, struct incident *i)
{
	static const size_t offsets[] = {
		offsetof(struct incident, host_id),   offsetof(struct incident, title),
		offsetof(struct incident, threat_id), offsetof(struct incident, technique),
		offsetof(struct incident, alert_id),
	};
	static const size_t sizes[] = {INCIDENT_TEXT, INCIDENT_TEXT, THREAT_ID, 32, INCIDENT_TEXT};

	memset(i, 0, sizeof(*i));
	i->number = (uint64_t)sqlite3_column_int64(s, 0);
	snprintf(i->id, sizeof(i->id), "incident-%06llu", (unsigned long long)i->number);
	for (int k = 0; k < 5; k++)
		snprintf((char *)i + offsets[k], sizes[k], "%s",
			 (const char *)sqlite3_column_text(s, k + 1));
	i->opened = (uint64_t)sqlite3_column_int64(s, 6);
	i->updated = (uint64_t)sqlite3_column_int64(s, 7);
	i->closed = (uint64_t)sqlite3_column_int64(s, 8);
	i->level = LEVEL_CAUTION;
	level_parse((const char *)sqlite3_column_text(s, 9), &i->level);
	i->severity = (enum severity)sqlite3_column_int(s, 10);
	i->alerts = (uint64_t)sqlite3_column_int64(s, 11);
	threats_parse((const char *)sqlite3_column_text(s, 12), i);
	i->marked = sqlite3_column_int(s, 13) != 0;
	i->proven = LEVEL_SAFE;
	level_parse((const char *)sqlite3_column_text(s, 14), &i->proven);
}

static int load(struct incidents *t, struct errmsg *e)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(t->db, "SELECT * FROM incident WHERE closed=0", -1, &s, NULL) !=
	    SQLITE_OK)
		return db_error(t, e);
	while (t->n < INCIDENTS_MAX && sqlite3_step(s) == SQLITE_ROW) {
		struct incident *i = malloc(sizeof(*i));

		if (i)
			read_row(s, i);
		add(t, i);
	}
	sqlite3_finalize(s);
	if (sqlite3_prepare_v2(t->db, "SELECT coalesce(max(number),0)+1 FROM incident", -1, &s,
			       NULL) != SQLITE_OK)
		return db_error(t, e);
	if (sqlite3_step(s) == SQLITE_ROW)
		t->next = (uint64_t)sqlite3_column_int64(s, 0);
	return sqlite3_finalize(s) == SQLITE_OK ? 0 : db_error(t, e);
}

int incidents_open(struct incidents *t, sqlite3 *db, struct errmsg *e)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO incident VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

	while (t->n)
		drop(t, t->n - 1);
	sqlite3_finalize(t->save);
	t->save = NULL;
	t->db = db;
	if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &t->save, NULL) != SQLITE_OK)
		return db_error(t, e);
	return load(t, e);
}

/* ---- alerts ---- */

static struct incident *open_new(struct incidents *t, const char *host_id, const struct alert *a,
				 uint64_t now)
{
	struct incident *i = calloc(1, sizeof(*i));

	if (i) {
		i->number = t->next++;
		snprintf(i->id, sizeof(i->id), "incident-%06llu", (unsigned long long)i->number);
		snprintf(i->host_id, sizeof(i->host_id), "%s", host_id);
		i->opened = now;
		i->level = i->proven = LEVEL_SAFE;
		i->severity = a->severity;
	}
	return add(t, i) ? i : NULL;
}

/* The title is that of the worst alert. */
static void describe(struct incident *i, const struct alert *a, const char *threat)
{
	snprintf(i->title, sizeof(i->title), "%s", a->msg);
	snprintf(i->threat_id, sizeof(i->threat_id), "%s", threat);
	snprintf(i->alert_id, sizeof(i->alert_id), "%s", a->id);
	snprintf(i->technique, sizeof(i->technique), "%s",
		 a->techniques.n ? a->techniques.items[0] : "");
}

static bool add_threat(struct incident *i, const char *threat)
{
	for (unsigned k = 0; k < i->threats_n; k++) {
		if (strcmp(i->threats[k], threat) == 0)
			return false;
	}
	if (i->threats_n >= INCIDENT_THREATS)
		return false;
	snprintf(i->threats[i->threats_n++], THREAT_ID, "%s", threat);
	return true;
}

struct incident *incidents_note(struct incidents *t, const char *host_id, const struct alert *a,
				enum level level, uint64_t now, uint64_t window,
				struct incident_news *ret, struct errmsg *e)
{
	struct incident *i = incidents_of_host(t, host_id);
	char threat[THREAT_ID];

	*ret = (struct incident_news){0};
	if (!i || (now > i->updated && now - i->updated > window)) {
		i = open_new(t, host_id, a, now);
		ret->opened = true;
	}
	if (!i) {
		errmsg_set(e, ERR_LIMIT, "%d incidents are open, no more fit", INCIDENTS_MAX);
		return NULL;
	}
	i->updated = now;
	i->alerts++;
	ret->new_threat = add_threat(i, threat_id_of(a, threat));
	ret->risen = level > i->level;
	if (ret->risen || ret->opened)
		describe(i, a, threat);
	if (ret->risen)
		i->level = level;
	if (a->severity && a->severity < i->severity)
		i->severity = a->severity;
	/* A flood of the same is counted, not written each time. */
	if (ret->opened || ret->risen || ret->new_threat || (i->alerts & (i->alerts - 1)) == 0) {
		if (incidents_save(t, i, e) < 0)
			return NULL;
	}
	return i;
}

int incidents_tick(struct incidents *t, uint64_t now, uint64_t quiet,
		   void (*closed)(void *ctx, const struct incident *i), void *ctx, struct errmsg *e)
{
	for (unsigned k = 0; k < t->n;) {
		struct incident *i = t->open[k];

		if (now <= i->updated || now - i->updated < quiet) {
			k++;
			continue;
		}
		i->closed = now;
		if (incidents_save(t, i, e) < 0)
			return ERR_IO;
		closed(ctx, i);
		drop(t, k);
	}
	return 0;
}
