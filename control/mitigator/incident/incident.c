#include "control/mitigator/incident/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/private.h"
#include "dataplane/base/clock.h"

enum {
	JOINED_MAX = 64,    /* incidents that one alert can join */
	EXPIRE_EVERY = 256, /* closings between looks for what is too old */
};

struct incidents *incidents_new(void)
{
	struct incidents *t = calloc(1, sizeof(*t));

	if (t)
		t->attacks = calloc(ATTACKS_MAX, sizeof(*t->attacks));
	if (!t || !t->attacks) {
		free(t);
		return NULL;
	}
	t->key = hash_key_random();
	t->risk = incident_risk_default;
	t->next = 1;
	return t;
}

void incident_free(struct incident *i)
{
	for (unsigned s = 0; i && s < i->steps_n; s++)
		free(i->steps[s]);
	free(i);
}

static void forget_all(struct incidents *t)
{
	for (unsigned i = 0; i < t->n; i++)
		incident_free(t->open[i]);
	memset(t->heads, 0, sizeof(t->heads));
	t->n = t->steps_n = 0;
	t->dirty = t->attacks_dirty = false;
	t->newest_closed = 0;
	incident_attacks_clear(t);
}

void incidents_free(struct incidents *t)
{
	if (!t)
		return;
	forget_all(t);
	incident_db_done(t);
	free(t->attacks);
	free(t);
}

void incidents_set_risk(struct incidents *t, const struct incident_risk *risk)
{
	t->risk = *risk;
}

char *threat_id_of(const struct alert *a, char ret[THREAT_ID])
{
	snprintf(ret, THREAT_ID, "%u.%u", a->gid, a->sid);
	return ret;
}

/* ---- the set of open ones ---- */

static uint32_t *head(struct incidents *t, const char *host_id)
{
	return &t->heads[hash_bytes(&t->key, host_id, strlen(host_id)) % INCIDENT_BUCKETS];
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

bool incident_add(struct incidents *t, struct incident *i)
{
	if (!i || t->n >= INCIDENTS_MAX) {
		t->refused++;
		incident_free(i);
		return false;
	}
	t->open[t->n] = i;
	t->steps_n += i->steps_n;
	link_in(t, t->n++);
	return true;
}

static void drop(struct incidents *t, unsigned i)
{
	unlink_in(t, i);
	t->steps_n -= t->open[i]->steps_n;
	incident_free(t->open[i]);
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

		if (strcmp(i->host_id, host_id) == 0 &&
		    (!best || i->level > best->level ||
		     (i->level == best->level && i->updated > best->updated)))
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

int incidents_open(struct incidents *t, sqlite3 *db, struct errmsg *e)
{
	forget_all(t);
	incident_db_done(t);
	t->db = db;
	if (incident_db_prepare(t, e) < 0)
		return ERR_IO;
	return incident_db_load(t, e);
}

int incidents_reload(struct incidents *t, struct errmsg *e)
{
	forget_all(t);
	return incident_db_load(t, e);
}

int incidents_save(struct incidents *t, struct incident *i, struct errmsg *e)
{
	return incident_db_save(t, i, e);
}

/* ---- steps ---- */

static bool same_step(const struct chain_step *a, const struct chain_step *b)
{
	return a->stage == b->stage && a->gid == b->gid && a->sid == b->sid;
}

/* Which of two sights of the same was the first; the id decides between equals, so that the order
 * of arrival does not. */
static bool earlier(const struct chain_step *a, const struct chain_step *b)
{
	return a->first != b->first ? a->first < b->first : strcmp(a->alert_id, b->alert_id) < 0;
}

static void join_step(struct chain_step *to, const struct chain_step *s)
{
	struct chain_step old = *to;

	if (earlier(s, to))
		*to = *s;
	to->last = old.last > s->last ? old.last : s->last;
	to->hits = old.hits + s->hits;
	to->level = old.level > s->level ? old.level : s->level;
	if (old.severity && (!s->severity || old.severity < s->severity))
		to->severity = old.severity;
	else
		to->severity = s->severity;
	to->dirty = true;
}

/* The one that says least: of the lowest level the latest, but never the first of all. */
static unsigned least_step(const struct incident *i)
{
	unsigned least = 1;

	for (unsigned s = 2; s < i->steps_n; s++) {
		if (i->steps[s]->level <= i->steps[least]->level)
			least = s;
	}
	return least;
}

static bool says_more(const struct incident *i, const struct chain_step *s)
{
	const struct chain_step *least = i->steps[least_step(i)];

	return s->level > least->level || earlier(s, i->steps[0]);
}

void incident_put_step(struct incidents *t, struct incident *i, const struct chain_step *s)
{
	struct chain_step *place;

	for (unsigned k = 0; k < i->steps_n; k++) {
		if (same_step(i->steps[k], s)) {
			join_step(i->steps[k], s);
			return;
		}
	}
	if (i->steps_n == INCIDENT_STEPS) {
		i->steps_lost++;
		if (!says_more(i, s))
			return;
		place = i->steps[least_step(i)];
		*place = *s;
		place->dirty = true;
		return;
	}
	place = t->steps_n < INCIDENT_STEPS_ALL ? malloc(sizeof(*place)) : NULL;
	if (!place) {
		t->steps_refused++;
		i->steps_lost++;
		return;
	}
	*place = *s;
	place->dirty = true;
	i->steps[i->steps_n++] = place;
	t->steps_n++;
}

static int by_time(const void *a, const void *b)
{
	const struct chain_step *const *x = a, *const *y = b;

	return earlier(*x, *y) ? -1 : earlier(*y, *x) ? 1 : 0;
}

void incident_sort(struct incident *i)
{
	qsort(i->steps, i->steps_n, sizeof(i->steps[0]), by_time);
}

/* The title is the worst step's, of equals the first. */
void incident_describe(struct incident *i)
{
	const struct chain_step *worst = i->steps_n ? i->steps[0] : NULL;

	for (unsigned k = 1; k < i->steps_n; k++) {
		if (i->steps[k]->level > worst->level)
			worst = i->steps[k];
	}
	if (!worst)
		return;
	snprintf(i->title, sizeof(i->title), "%s", worst->msg);
	snprintf(i->threat_id, sizeof(i->threat_id), "%u.%u", worst->gid, worst->sid);
	snprintf(i->alert_id, sizeof(i->alert_id), "%s", worst->alert_id);
	snprintf(i->technique, sizeof(i->technique), "%s", worst->technique);
}

/* ---- alerts ---- */

#define PUT(to, text) incident_put_text(to, sizeof(to), text)

void incident_put_text(char *to, size_t cap, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n >= cap) {
		n = cap - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(to, text ? text : "", n);
	to[n] = 0;
}

static uint64_t time_of(const struct alert *a, uint64_t now)
{
	/* A sensor whose clock is ahead does not make an incident of tomorrow. */
	return a->time && a->time < now + NS_PER_HOUR ? a->time : now;
}

static void fill_step(struct chain_step *s, const struct alert *a, enum level level, uint64_t when)
{
	*s = (struct chain_step){.gid = a->gid,
				 .sid = a->sid,
				 .first = when,
				 .last = when,
				 .hits = 1,
				 .level = level,
				 .severity = a->severity,
				 .peer = a->peer.ip,
				 .port = a->flow.dst_port};
	s->stage = stage_of(a);
	s->attacks = stage_host_attacks(a, s->stage);
	PUT(s->msg, a->msg);
	PUT(s->technique, a->techniques.n ? a->techniques.items[0] : "");
	PUT(s->alert_id, a->id);
	PUT(s->url, a->url);
	PUT(s->file, a->evidence.file_name);
	PUT(s->sha256, a->evidence.sha256);
	PUT(s->source, a->source);
	for (size_t l = 0; l < STORY_LANGUAGES; l++)
		PUT(s->reason[l], a->reasons.n > l   ? a->reasons.items[l]
				  : a->reasons.n > 0 ? a->reasons.items[0]
						     : "");
}

static unsigned level_index(enum level level)
{
	return level <= LEVEL_CAUTION ? 0 : (unsigned)(level - LEVEL_CAUTION);
}

static void count_stage(struct incident *i, const struct chain_step *s)
{
	struct incident_stage *g = &i->stages[s->stage];
	uint64_t *last = &g->last[level_index(s->level)];

	if (!g->first || s->first < g->first)
		g->first = s->first;
	if (s->last > *last)
		*last = s->last;
	g->hits += s->hits;
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

static struct incident *open_new(struct incidents *t, const char *host_id, uint64_t when)
{
	struct incident *i = calloc(1, sizeof(*i));

	if (i) {
		i->number = t->next++;
		snprintf(i->id, sizeof(i->id), "incident-%06llu", (unsigned long long)i->number);
		snprintf(i->host_id, sizeof(i->host_id), "%s", host_id);
		i->opened = i->updated = when;
		i->level = i->proven = LEVEL_SAFE;
	}
	return incident_add(t, i) ? i : NULL;
}

/* ---- finding, joining ---- */

static bool touches(const struct incident *i, uint64_t when, uint64_t window)
{
	return when + window >= i->opened && when <= i->updated + window;
}

/* Open ones of the host near that time; their places in the set, lowest number first. */
static unsigned find_open(struct incidents *t, const char *host_id, uint64_t when, uint64_t window,
			  struct incident *ret[JOINED_MAX])
{
	unsigned n = 0;

	for (uint32_t e = *head(t, host_id); e && n < JOINED_MAX; e = t->next_in[e - 1]) {
		struct incident *i = t->open[e - 1];

		if (strcmp(i->host_id, host_id) == 0 && touches(i, when, window))
			ret[n++] = i;
	}
	for (unsigned k = 1; k < n; k++) {
		if (ret[k]->number < ret[0]->number) {
			struct incident *lower = ret[k];

			ret[k] = ret[0];
			ret[0] = lower;
		}
	}
	return n;
}

/* Closed ones near that time are open again. */
static unsigned reopen(struct incidents *t, const char *host_id, uint64_t when, uint64_t window)
{
	uint64_t numbers[JOINED_MAX];
	unsigned n = incident_db_closed(t, host_id, when > window ? when - window : 0,
					when + window, numbers, JOINED_MAX),
		 done = 0;

	for (unsigned k = 0; k < n; k++) {
		struct incident *i = incidents_read(t, numbers[k]);

		if (!i)
			continue;
		i->closed = 0;
		/* At once: or the next look would find it closed and open it twice. */
		done += incident_add(t, i) && incident_db_save(t, i, NULL) == 0;
	}
	return done;
}

static void absorb_stages(struct incident *to, const struct incident *from)
{
	for (unsigned s = 0; s < STAGE_COUNT; s++) {
		struct incident_stage *a = &to->stages[s];
		const struct incident_stage *b = &from->stages[s];

		if (b->first && (!a->first || b->first < a->first))
			a->first = b->first;
		a->hits += b->hits;
		for (unsigned l = 0; l < 3; l++)
			a->last[l] = a->last[l] > b->last[l] ? a->last[l] : b->last[l];
	}
}

static int absorb(struct incidents *t, struct incident *to, struct incident *from, uint64_t now,
		  struct errmsg *e)
{
	unsigned place = 0;

	absorb_stages(to, from);
	for (unsigned s = 0; s < from->steps_n; s++)
		incident_put_step(t, to, from->steps[s]);
	for (unsigned k = 0; k < from->threats_n; k++)
		add_threat(to, from->threats[k]);
	to->opened = to->opened < from->opened ? to->opened : from->opened;
	to->updated = to->updated > from->updated ? to->updated : from->updated;
	to->proven = to->proven > from->proven ? to->proven : from->proven;
	to->alerts += from->alerts;
	to->steps_lost += from->steps_lost;
	to->marked = to->marked || from->marked;
	to->forgiven = to->forgiven > from->forgiven ? to->forgiven : from->forgiven;
	if (from->severity && (!to->severity || from->severity < to->severity))
		to->severity = from->severity;
	if (from->unproven_since && !to->unproven_since) {
		to->unproven = from->unproven;
		to->unproven_since = from->unproven_since;
		to->unproven_ip = from->unproven_ip;
	}
	incident_sort(to);
	from->closed = now;
	from->merged_into = to->number;
	if (incident_db_save(t, from, e) < 0)
		return ERR_IO;
	while (t->open[place] != from)
		place++;
	drop(t, place);
	return 0;
}

/* The incident the alert belongs to, with all that it joins. */
static struct incident *find_or_open(struct incidents *t, const char *host_id, uint64_t when,
				     uint64_t now, uint64_t window, struct incident_news *ret,
				     struct errmsg *e)
{
	struct incident *found[JOINED_MAX];
	unsigned n = find_open(t, host_id, when, window, found), woken = 0;

	/* What is closed matters when nothing open is near, or when the alert reaches further back
	 * than what is open. */
	if (n == 0 || when < found[0]->opened || t->newest_closed > found[0]->updated)
		woken = reopen(t, host_id, when, window);
	if (woken)
		n = find_open(t, host_id, when, window, found);
	if (n == 0) {
		ret->opened = true;
		return open_new(t, host_id, when);
	}
	ret->opened = woken == n;
	for (unsigned k = 1; k < n; k++) {
		if (absorb(t, found[0], found[k], now, e) < 0)
			return NULL;
	}
	ret->merged = n - woken > 1 ? n - woken - 1 : 0;
	return found[0];
}

void incidents_rate(const struct incidents *t, struct incident *i, uint64_t now)
{
	i->risk = incident_risk_at(i, &t->risk, now);
	i->level = incident_level_of(i->risk, &t->risk);
}

struct incident *incidents_note(struct incidents *t, const char *host_id, const struct alert *a,
				enum level level, uint64_t now, uint64_t window,
				struct incident_news *ret, struct errmsg *e)
{
	uint64_t when = time_of(a, now);
	struct chain_step step;
	struct incident *i;
	char threat[THREAT_ID];
	enum level before;
	unsigned steps;

	*ret = (struct incident_news){0};
	i = find_or_open(t, host_id, when, now, window, ret, e);
	if (!i) {
		errmsg_set(e, ERR_LIMIT, "%d incidents are open, no more fit", INCIDENTS_MAX);
		return NULL;
	}
	fill_step(&step, a, level, when);
	steps = i->steps_n;
	before = i->level;
	incident_put_step(t, i, &step);
	incident_sort(i);
	count_stage(i, &step);
	i->opened = when < i->opened ? when : i->opened;
	i->updated = when > i->updated ? when : i->updated;
	i->noted = now;
	i->alerts++;
	if (a->severity && (!i->severity || a->severity < i->severity))
		i->severity = a->severity;
	incidents_rate(t, i, now);
	incident_describe(i);
	ret->new_threat = add_threat(i, threat_id_of(a, threat));
	ret->new_step = i->steps_n != steps || ret->merged;
	ret->risen = i->level > before;
	i->dirty = t->dirty = true;
	return i;
}

void incidents_forgive(struct incidents *t, const char *host_id, uint64_t when)
{
	for (uint32_t e = *head(t, host_id); e; e = t->next_in[e - 1]) {
		struct incident *i = t->open[e - 1];

		if (strcmp(i->host_id, host_id) != 0)
			continue;
		i->forgiven = when > i->forgiven ? when : i->forgiven;
		incidents_rate(t, i, when);
		i->dirty = t->dirty = true;
	}
}

int incidents_tick(struct incidents *t, uint64_t now, uint64_t quiet,
		   void (*closed)(void *ctx, const struct incident *i), void *ctx, struct errmsg *e)
{
	for (unsigned k = 0; k < t->n;) {
		struct incident *i = t->open[k];
		uint64_t last = i->updated > i->noted ? i->updated : i->noted;
		enum level before = i->level;

		incidents_rate(t, i, now);
		i->dirty = i->dirty || i->level != before;
		t->dirty = t->dirty || i->dirty;
		if (now <= last || now - last < quiet) {
			k++;
			continue;
		}
		i->closed = now;
		if (incident_db_save(t, i, e) < 0)
			return ERR_IO;
		if (i->opened > t->newest_closed)
			t->newest_closed = i->opened;
		closed(ctx, i);
		if (i->number % EXPIRE_EVERY == 0)
			incident_db_expire(t, NULL);
		drop(t, k);
	}
	return 0;
}
