#include "dataplane/behave/behave.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/behave/detector.h"
#include "dataplane/behave/segment.h"

enum {
#define X(field, help) DETECTOR_##field,
	BEHAVE_DETECTORS(X)
#undef X
		DETECTORS
};

static const struct behave_detector *const detectors[DETECTORS] = {
#define X(field, help) &behave_##field,
	BEHAVE_DETECTORS(X)
#undef X
};

const struct behave_config behave_config_default = {
	.enabled = true,
	.memory_mb = 24,
	.detectors =
		{
#define X(field, help) .field = true,
			BEHAVE_DETECTORS(X)
#undef X
		},
	.limits =
		{
#define X(field, name, value, least, most, help) .field = value,
			BEHAVE_THRESHOLDS(X)
#undef X
		},
};

static const struct counter_name counter_names[BEHAVE_COUNTERS] = {
	{"hits", false}, {"events", false}, {"evicted", false}, {"silent", false}, {"lost", false}};

enum { PENDING = 16 };

/* The detectors that look at events of one kind. */
struct listeners {
	uint8_t count, index[DETECTORS];
};

struct behave {
	struct behave_sink sink, hold;
	struct behave_thresholds limits;
	struct hash_key key;
	struct listeners listeners[BEHAVE_KINDS];
	struct behave_view views[DETECTORS];
	struct behave_table tables[DETECTORS][BEHAVE_TABLES];
	struct behave_segments segments;
	/* Hits wait until the event is over: it points into bytes that a hit's record overwrites.
	 */
	struct behave_hit pending[PENDING];
	unsigned pending_count, depth;
	bool enabled, on[DETECTORS];
	uint64_t counters[BEHAVE_COUNTERS];
	uint8_t *memory;
	size_t bytes;
};

static void hold(void *ctx, const struct behave_hit *hit)
{
	struct behave *b = ctx;

	if (b->pending_count < PENDING)
		b->pending[b->pending_count++] = *hit;
	else
		b->counters[BEHAVE_COUNT_LOST]++;
}

void behave_enter(struct behave *b)
{
	b->depth++;
}

void behave_leave(struct behave *b)
{
	if (--b->depth > 0)
		return;
	for (unsigned i = 0; i < b->pending_count; i++)
		b->sink.hit(b->sink.ctx, &b->pending[i]);
	b->pending_count = 0;
}

static void take_switches(struct behave *b, const struct behave_config *config)
{
#define X(field, help) b->on[DETECTOR_##field] = config->enabled && config->detectors.field;
	BEHAVE_DETECTORS(X)
#undef X
	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned k = 0; k < BEHAVE_KINDS && b->on[d]; k++) {
			struct listeners *l = &b->listeners[k];

			if (detectors[d]->kinds >> k & 1)
				l->index[l->count++] = (uint8_t)d;
		}
	}
}

/* Deals the memory out by weight; a table takes a power of two of sets of it. */
static void deal(struct behave *b)
{
	size_t unit, at = 0, weights = BEHAVE_SEGMENTS_WEIGHT;

	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned t = 0; t < BEHAVE_TABLES; t++)
			weights += detectors[d]->weight[t];
	}
	unit = b->bytes / weights / 64 * 64;
	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned t = 0; t < BEHAVE_TABLES; t++) {
			size_t bytes = unit * detectors[d]->weight[t];

			if (bytes == 0)
				continue;
			behave_table_init(&b->tables[d][t], b->memory + at, bytes,
					  detectors[d]->entry_size[t], &b->key,
					  &b->counters[BEHAVE_COUNT_EVICTED]);
			at += bytes;
		}
	}
	behave_segments_init(&b->segments, b->memory + at, unit * BEHAVE_SEGMENTS_WEIGHT, &b->key,
			     &b->counters[BEHAVE_COUNT_EVICTED]);
}

/* Zeroed pages that come when they are touched, large ones where there are: every event goes to
 * some far-off places. */
static uint8_t *reserve(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, bytes, MADV_HUGEPAGE);
	return memory;
}

void behave_warm(struct behave *b)
{
	if (b->memory)
		madvise(b->memory, b->bytes, MADV_POPULATE_WRITE);
}

struct behave *behave_new(const struct behave_config *config, const struct behave_sink *sink)
{
	struct behave *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->sink = *sink;
	b->key = config->key.k0 | config->key.k1 ? config->key : hash_key_random();
	b->hold = (struct behave_sink){hold, b};
	b->limits = config->limits;
	b->enabled = config->enabled;
	take_switches(b, config);
	if (!b->enabled)
		return b;
	b->bytes = (size_t)config->memory_mb << 20;
	b->memory = reserve(b->bytes);
	if (!b->memory) {
		free(b);
		return NULL;
	}
	deal(b);
	for (unsigned d = 0; d < DETECTORS; d++)
		b->views[d] = (struct behave_view){&b->limits, b->tables[d], b->key,
						   &b->hold,   b->counters,  0};
	return b;
}

void behave_delete(struct behave *b)
{
	if (!b)
		return;
	if (b->memory)
		munmap(b->memory, b->bytes);
	free(b);
}

bool behave_listens(const struct behave *b, enum behave_kind kind)
{
	return b->listeners[kind].count > 0;
}

void behave_event(struct behave *b, const struct behave_event *e)
{
	const struct listeners *l = &b->listeners[e->kind];

	b->counters[BEHAVE_COUNT_EVENTS]++;
	behave_enter(b);
	for (unsigned i = 0; i < l->count; i++) {
		struct behave_view *v = &b->views[l->index[i]];

		if (!v->first_ns)
			v->first_ns = e->time_ns;
		detectors[l->index[i]]->event(v, e);
	}
	behave_leave(b);
}

void behave_segment(struct behave *b, const struct behave_event *where, bool to_client,
		    struct slice payload)
{
	if (!behave_listens(b, BEHAVE_RPC) && !behave_listens(b, BEHAVE_SHARE))
		return;
	behave_enter(b);
	behave_segment_read(&b->segments, b, where, to_client, payload);
	behave_leave(b);
}

void behave_tick(struct behave *b, uint64_t now_ns)
{
	(void)b;
	(void)now_ns;
}

void behave_flush(struct behave *b, uint64_t now_ns)
{
	behave_enter(b);
	for (unsigned d = 0; d < DETECTORS; d++) {
		if (b->on[d] && detectors[d]->flush)
			detectors[d]->flush(&b->views[d], now_ns);
	}
	behave_leave(b);
}

struct counter_set behave_counters(const struct behave *b)
{
	return (struct counter_set){"behave", counter_names, b->counters,
				    ARRAY_SIZE(counter_names)};
}

size_t behave_bytes(const struct behave *b)
{
	return b->bytes + sizeof(*b);
}
