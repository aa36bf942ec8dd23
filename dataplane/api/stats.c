#include "dataplane/api/stats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/api/shm.h"

/* The file: head, names, sentences, then one block of counters a worker, each on cache lines of its
 * own. */
enum { STATS_VERSION = 2, LINE = 64, TRIES = 1000 };
#define STATS_MAGIC 0x3154415453424b42ULL /* "BKBSTAT1" */

struct head {
	uint64_t magic; /* written last */
	uint64_t version;
	uint64_t generation, started;
	uint32_t n_counters, n_workers;
	int64_t pid;
	char build[STATS_NAME];
	_Alignas(64) uint64_t heartbeat;
};

struct name {
	char text[STATS_NAME - 8];
	uint64_t kind;
};

/* `turn` is odd while the text changes. */
struct sentence {
	uint64_t turn;
	char text[STATS_SENTENCE];
};

static size_t names_at(void)
{
	return 512;
}

static size_t sentences_at(uint32_t n_counters)
{
	return names_at() + n_counters * sizeof(struct name);
}

/* A worker's block: `turn`, odd while it stores, then the counters. */
static size_t block_size(uint32_t n_counters)
{
	return ((size_t)(1 + n_counters) * 8 + LINE - 1) / LINE * LINE;
}

static size_t blocks_at(uint32_t n_counters)
{
	size_t end = sentences_at(n_counters) + STATS_SENTENCES * sizeof(struct sentence);

	return (end + LINE - 1) / LINE * LINE;
}

static size_t file_size(uint32_t n_counters, uint32_t n_workers)
{
	return blocks_at(n_counters) + n_workers * block_size(n_counters);
}

/* ---- producer ---- */

struct stats {
	uint8_t *base;
	size_t size;
	uint32_t n_counters, n_workers;
	struct shm_file file;
};

static void fill(struct stats *s, const struct stats_name *names, const char *version)
{
	struct head *h = (struct head *)s->base;
	struct name *n = (struct name *)(s->base + names_at());

	h->version = STATS_VERSION;
	h->generation = shm_random();
	h->n_counters = s->n_counters;
	h->n_workers = s->n_workers;
	h->pid = getpid();
	snprintf(h->build, sizeof(h->build), "%s", version);
	for (uint32_t i = 0; i < s->n_counters; i++) {
		snprintf(n[i].text, sizeof(n[i].text), "%s", names[i].name);
		n[i].kind = names[i].kind;
	}
	shm_store(&h->magic, STATS_MAGIC);
}

struct stats *stats_create(const char *path, const struct stats_name *names, unsigned n_names,
			   unsigned n_workers, const char *version, struct errmsg *e)
{
	struct stats *s;
	int rc;

	if (n_names > STATS_COUNTERS_MAX || n_workers > STATS_WORKERS_MAX || n_workers == 0) {
		errmsg_set(e, ERR_LIMIT, "at most %d counters and 1 to %d workers are possible",
			   STATS_COUNTERS_MAX, STATS_WORKERS_MAX);
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for statistics");
		return NULL;
	}
	s->n_counters = n_names;
	s->n_workers = n_workers;
	s->size = file_size(n_names, n_workers);
	rc = shm_make(path, s->size, SHM_WRITER, &s->file, e);
	if (rc == 0)
		s->base = shm_map(&s->file, 0, s->size, true, e);
	else
		s->file.fd = -1;
	if (s->base) {
		fill(s, names, version);
		rc = shm_publish(&s->file, e);
	}
	if (rc || !s->base) {
		stats_close(s);
		return NULL;
	}
	return s;
}

void stats_close(struct stats *s)
{
	if (!s)
		return;
	if (s->base)
		munmap(s->base, s->size);
	shm_close(&s->file);
	free(s);
}

static uint64_t *block_of(const struct stats *s, unsigned worker)
{
	return (uint64_t *)(s->base + blocks_at(s->n_counters) +
			    worker * block_size(s->n_counters));
}

void stats_begin(struct stats *s, unsigned worker)
{
	uint64_t *turn;

	if (worker >= s->n_workers)
		return;
	turn = block_of(s, worker);
	shm_poke(turn, shm_peek(turn) | 1); /* also when killed halfway and mapped again */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void stats_set(struct stats *s, unsigned worker, unsigned counter, uint64_t value)
{
	if (worker >= s->n_workers || counter >= s->n_counters)
		return;
	shm_poke(&block_of(s, worker)[1 + counter], value);
}

void stats_end(struct stats *s, unsigned worker)
{
	uint64_t *turn;

	if (worker >= s->n_workers)
		return;
	turn = block_of(s, worker);
	shm_store(turn, (shm_peek(turn) | 1) + 1);
}

void stats_heartbeat(struct stats *s, uint64_t now)
{
	struct head *h = (struct head *)s->base;

	if (h->started == 0)
		shm_poke(&h->started, now);
	shm_poke(&h->heartbeat, now);
}

void stats_say(struct stats *s, unsigned slot, const char *text)
{
	struct sentence *all = (struct sentence *)(s->base + sentences_at(s->n_counters));
	struct sentence *x;

	if (slot >= STATS_SENTENCES)
		return;
	x = &all[slot];
	__atomic_fetch_add(&x->turn, 1, __ATOMIC_ACQ_REL);
	memset(x->text, 0, sizeof(x->text));
	memcpy(x->text, text, strnlen(text, sizeof(x->text) - 1));
	__atomic_fetch_add(&x->turn, 1, __ATOMIC_RELEASE);
}

/* ---- reader ---- */

struct stats_reader {
	const uint8_t *base;
	size_t size;
	uint32_t n_counters, n_workers;
	char (*names)[STATS_NAME]; /* our copy: theirs may change */
	uint8_t *kinds;
	uint64_t *values; /* n_workers times n_counters, of the last refresh */
	struct shm_file file;
};

static int check(struct stats_reader *r, struct errmsg *e)
{
	const struct head *h = (const struct head *)r->base;

	r->n_counters = h->n_counters;
	r->n_workers = h->n_workers;
	if (shm_load(&h->magic) != STATS_MAGIC || h->version != STATS_VERSION ||
	    r->n_counters > STATS_COUNTERS_MAX || r->n_workers > STATS_WORKERS_MAX ||
	    file_size(r->n_counters, r->n_workers) > r->size)
		return errmsg_set(e, ERR_INVALID, "%s holds no statistics", r->file.path);
	return 0;
}

static int copy_names(struct stats_reader *r, struct errmsg *e)
{
	const struct name *n = (const struct name *)(r->base + names_at());

	r->names = calloc(r->n_counters ? r->n_counters : 1, sizeof(*r->names));
	r->kinds = calloc(r->n_counters ? r->n_counters : 1, 1);
	r->values = calloc((size_t)r->n_counters * r->n_workers + 1, sizeof(*r->values));
	if (!r->names || !r->kinds || !r->values)
		return errmsg_set(e, ERR_NOMEM, "no memory for statistics");
	for (uint32_t i = 0; i < r->n_counters; i++) {
		memcpy(r->names[i], n[i].text, sizeof(n[i].text));
		r->kinds[i] = n[i].kind <= STATS_GAUGE ? (uint8_t)n[i].kind : STATS_GAUGE;
	}
	return 0;
}

static int map_reader(struct stats_reader *r, struct errmsg *e)
{
	int rc;

	if (r->file.size < names_at())
		return errmsg_set(e, ERR_INVALID, "%s holds no statistics", r->file.path);
	r->size = r->file.size;
	r->base = shm_map(&r->file, 0, r->size, false, e);
	if (!r->base)
		return ERR_IO;
	rc = check(r, e);
	if (rc == 0)
		rc = copy_names(r, e);
	if (rc == 0)
		stats_reader_refresh(r);
	return rc;
}

struct stats_reader *stats_reader_open(const char *path, struct errmsg *e)
{
	struct stats_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		errmsg_set(e, ERR_NOMEM, "no memory for statistics");
		return NULL;
	}
	if (shm_open_view(path, &r->file, e)) {
		free(r);
		return NULL;
	}
	if (map_reader(r, e)) {
		stats_reader_close(r);
		return NULL;
	}
	return r;
}

void stats_reader_close(struct stats_reader *r)
{
	if (!r)
		return;
	if (r->base)
		munmap((void *)r->base, r->size);
	shm_close(&r->file);
	free(r->names);
	free(r->kinds);
	free(r->values);
	free(r);
}

bool stats_replaced(const struct stats_reader *r)
{
	return shm_replaced(&r->file);
}

void stats_reader_info(const struct stats_reader *r, struct stats_info *ret)
{
	const struct head *h = (const struct head *)r->base;

	*ret = (struct stats_info){
		.generation = h->generation,
		.started = shm_peek(&h->started),
		.heartbeat = shm_peek(&h->heartbeat),
		.n_counters = r->n_counters,
		.n_workers = r->n_workers,
		.pid = (int32_t)h->pid,
	};
	memcpy(ret->version, h->build, sizeof(ret->version) - 1);
}

const char *stats_reader_name(const struct stats_reader *r, unsigned i, enum stats_kind *ret_kind)
{
	if (i >= r->n_counters)
		return NULL;
	if (ret_kind)
		*ret_kind = (enum stats_kind)r->kinds[i];
	return r->names[i];
}

/* A writer that died between begin and end leaves an odd turn: its values are taken as they are. */
static void copy_block(struct stats_reader *r, unsigned worker)
{
	const uint64_t *block = (const uint64_t *)(r->base + blocks_at(r->n_counters) +
						   worker * block_size(r->n_counters));
	uint64_t *to = r->values + (size_t)worker * r->n_counters;

	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t turn = shm_load(block);

		for (uint32_t i = 0; i < r->n_counters; i++)
			to[i] = shm_peek(&block[1 + i]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (turn % 2 == 0 && shm_peek(block) == turn)
			return;
	}
}

void stats_reader_refresh(struct stats_reader *r)
{
	for (uint32_t w = 0; w < r->n_workers; w++)
		copy_block(r, w);
}

uint64_t stats_reader_value(const struct stats_reader *r, unsigned worker, unsigned i)
{
	if (worker >= r->n_workers || i >= r->n_counters)
		return 0;
	return r->values[(size_t)worker * r->n_counters + i];
}

uint64_t stats_reader_sum(const struct stats_reader *r, unsigned i)
{
	uint64_t sum = 0;

	for (uint32_t w = 0; w < r->n_workers; w++)
		sum += stats_reader_value(r, w, i);
	return sum;
}

uint64_t stats_reader_find(const struct stats_reader *r, const char *name)
{
	for (uint32_t i = 0; i < r->n_counters; i++) {
		if (strcmp(r->names[i], name) == 0)
			return stats_reader_sum(r, i);
	}
	return 0;
}

bool stats_reader_sentence(const struct stats_reader *r, unsigned slot, char ret[STATS_SENTENCE])
{
	const struct sentence *all =
		(const struct sentence *)(r->base + sentences_at(r->n_counters));

	if (slot >= STATS_SENTENCES)
		return false;
	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t turn = shm_load(&all[slot].turn);

		memcpy(ret, all[slot].text, STATS_SENTENCE);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (turn % 2 == 0 && shm_peek(&all[slot].turn) == turn)
			break;
	}
	ret[STATS_SENTENCE - 1] = '\0';
	return ret[0] != '\0';
}
