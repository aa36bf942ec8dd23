/* Health of sensors: the last word of each, and what it saw in each slot. Within a transaction the
 * last words are kept in memory and written once, before it commits. */
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/private.h"

enum {
	SILENT_S = 300, /* a longer gap between two messages is time away */
	PLACES = 8192,	/* of the table; a quarter is used at most */
	WORDS_MOST = PLACES / 4,
};

struct last_word {
	char *sensor; /* NULL: free */
	uint64_t time, rx, processed, lost, alive, rules;
	char *problems, *span; /* JSON; NULL: as it is in the store */
	struct machine {
		double cpu; /* share of the processors, 0 to 1 */
		uint64_t memory, disk_free, uptime, spool, spool_limit;
	} machine;
};

struct last_words {
	struct last_word at[PLACES];
	unsigned n;
};

static void forget(struct last_words *all)
{
	for (size_t i = 0; i < PLACES && all->n > 0; i++) {
		struct last_word *w = &all->at[i];

		all->n -= w->sensor != NULL;
		free(w->sensor);
		free(w->problems);
		free(w->span);
		*w = (struct last_word){0};
	}
}

void health_forget(struct store *s, bool for_good)
{
	if (!s->words)
		return;
	forget(s->words);
	if (for_good) {
		free(s->words);
		s->words = NULL;
	}
}

static int write_word(struct store *s, const struct last_word *w, struct errmsg *err)
{
	struct db_stmt *st = store_kept(
		s, "INSERT OR REPLACE INTO health VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, w->sensor);
	bind_number(st, 2, w->time);
	bind_number(st, 3, w->rx);
	bind_number(st, 4, w->processed);
	bind_number(st, 5, w->lost);
	bind_number(st, 6, w->alive);
	bind_number(st, 7, w->rules);
	bind_text(st, 8, w->problems);
	bind_text(st, 9, w->span);
	return store_done(s, st, err);
}

/* How the machine below is: bytes, seconds. */
static int write_machine(struct store *s, const struct last_word *w, struct errmsg *err)
{
	const struct machine *m = &w->machine;
	struct db_stmt *st =
		store_kept(s, "INSERT OR REPLACE INTO machines VALUES(?1,?2,?3,?4,?5,?6,?7)", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, w->sensor);
	bind_real(st, 2, m->cpu);
	bind_number(st, 3, m->memory);
	bind_number(st, 4, m->disk_free);
	bind_number(st, 5, m->uptime);
	bind_number(st, 6, m->spool);
	bind_number(st, 7, m->spool_limit);
	return store_done(s, st, err);
}

int health_flush(struct store *s, struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; s->words && s->words->n && i < PLACES && rc == ERR_OK; i++) {
		if (s->words->at[i].problems)
			rc = write_word(s, &s->words->at[i], err);
		if (s->words->at[i].problems && rc == ERR_OK)
			rc = write_machine(s, &s->words->at[i], err);
	}
	health_forget(s, false);
	return rc;
}

static int read_word(struct store *s, struct last_word *w, struct errmsg *err)
{
	struct db_stmt *st =
		store_kept(s, "SELECT time, rx, lost FROM health WHERE sensor=?1", err);

	if (!st)
		return ERR_IO;
	bind_text(st, 1, w->sensor);
	if (db_step(st)) {
		w->time = (uint64_t)column_int64(st, 0);
		w->rx = (uint64_t)column_int64(st, 1);
		w->lost = (uint64_t)column_int64(st, 2);
	}
	return store_done(s, st, err);
}

/* What the sensor said last; NULL with a sentence. */
static struct last_word *word_of(struct store *s, const char *sensor, struct errmsg *err)
{
	struct last_word *w;
	size_t i = store_hash(sensor) % PLACES;

	if (!s->words)
		s->words = calloc(1, sizeof(*s->words));
	if (s->words && s->words->n == WORDS_MOST && health_flush(s, err) != ERR_OK)
		return NULL;
	if (!s->words) {
		errmsg_set(err, ERR_NOMEM, "store: no memory");
		return NULL;
	}
	for (w = &s->words->at[i]; w->sensor; w = &s->words->at[i = (i + 1) % PLACES]) {
		if (strcmp(w->sensor, sensor) == 0)
			return w;
	}
	w->sensor = strdup(sensor);
	if (!w->sensor) {
		errmsg_set(err, ERR_NOMEM, "store: no memory");
		return NULL;
	}
	s->words->n++;
	return read_word(s, w, err) == ERR_OK ? w : NULL;
}

/* More frames than any wire carries between two messages: a sensor's own word must not make the
 * sums of everybody's reports overflow. */
static uint64_t within_reason(uint64_t frames)
{
	static const uint64_t most = 1000000000000;

	return frames < most ? frames : most;
}

/* Counters start anew with the sensor; `time` may go back with its clock. */
static int account_slot(struct store *s, const struct last_word *was, uint64_t time, uint64_t rx,
			uint64_t lost, struct errmsg *err)
{
	uint64_t gap = time > was->time && was->time ? (time - was->time) / NS_PER_SEC : 0;
	struct db_stmt *st;

	rx = within_reason(rx >= was->rx ? rx - was->rx : rx);
	lost = within_reason(lost >= was->lost ? lost - was->lost : lost);
	gap = gap <= SILENT_S ? gap : 0;
	if (s->history)
		return history_health(s, was->sensor, time, rx, lost, gap, err);
	st = store_kept(
		s,
		"INSERT INTO health_slots VALUES(?1,?2,?3,?4,?5) ON CONFLICT(sensor, slot) DO "
		"UPDATE SET rx=health_slots.rx+?3, lost=health_slots.lost+?4, "
		"up_s=health_slots.up_s+?5",
		err);
	if (!st)
		return ERR_IO;
	bind_text(st, 1, was->sensor);
	bind_number(st, 2, time / SLOT_NS);
	bind_number(st, 3, rx);
	bind_number(st, 4, lost);
	bind_number(st, 5, gap);
	return store_done(s, st, err);
}

static char *json_of(const struct text_list *list)
{
	json_t *array = json_array();
	char *text;

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->items[i]));
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}

/* A share that is none, or a count that no machine has, must not reach a page. */
static struct machine machine_of(const struct sensor_health *h)
{
	struct machine m = {.cpu = h->cpu_share >= 0 && h->cpu_share <= 1 ? h->cpu_share : 0,
			    .memory = h->memory_bytes & INT64_MAX,
			    .disk_free = h->disk_free_bytes & INT64_MAX,
			    .uptime = h->uptime & INT64_MAX};

	for (size_t i = 0; i < h->spools.n; i++) {
		m.spool += h->spools.items[i].bytes & INT64_MAX >> 8;
		m.spool_limit += h->spools.items[i].limit & INT64_MAX >> 8;
	}
	return m;
}

int store_health(struct store *s, const char *sensor, uint64_t time, const struct sensor_health *h,
		 struct errmsg *err)
{
	struct last_word *w = word_of(s, sensor, err);
	uint64_t lost = 0;

	if (!w)
		return ERR_IO;
	for (size_t i = 0; i < h->drops.n; i++)
		lost += h->drops.items[i].value;
	for (size_t i = 0; i < h->rings.n; i++)
		lost += h->rings.items[i].lost;
	if (account_slot(s, w, time, h->rx_packets, lost, err) != ERR_OK)
		return ERR_IO;
	free(w->problems);
	free(w->span);
	*w = (struct last_word){
		.sensor = w->sensor,
		.time = time,
		.rx = h->rx_packets,
		.processed = h->processed,
		.lost = lost,
		.alive = h->dataplane_alive,
		.rules = h->rules_loaded,
		.problems = json_of(&h->problems),
		.span = json_of(&h->span),
		.machine = machine_of(h),
	};
	if (!w->problems || !w->span)
		return errmsg_set(err, ERR_NOMEM, "store: no memory");
	return store_settle(s, ERR_OK, err);
}
