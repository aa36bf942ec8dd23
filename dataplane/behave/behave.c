#include "dataplane/behave/behave.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/base/err.h"
#include "dataplane/behave/detector.h"
#include "dataplane/behave/keep.h"
#include "dataplane/behave/past.h"
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
	.past_mb = 8,
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

enum { PENDING = 16, WAITING = 16, WAITING_NAME = 256, FETCH = 4 };

/* The detectors that look at events of one kind, or at one moment of connections. */
struct listeners {
	uint8_t count, index[DETECTORS];
};

/* An event of behave_event_soon. */
struct waiting {
	struct behave_event event;
	struct behave_ahead ahead;
	struct behave_facts facts;
	uint8_t name[WAITING_NAME];
};

struct behave {
	struct behave_sink sink, hold;
	struct behave_thresholds limits;
	struct hash_key key;
	struct listeners listeners[BEHAVE_KINDS], moments[BEHAVE_MOMENTS];
	uint32_t begun; /* kinds of which there was one: 1 << enum behave_kind */
	struct behave_view views[DETECTORS];
	struct behave_table tables[DETECTORS][BEHAVE_TABLES];
	struct behave_segments segments;
	struct behave_past past;
	struct behave_facts facts; /* of the event that is looked at */
	/* Hits wait until the event is over: it points into bytes that a hit's record overwrites.
	 */
	struct behave_hit pending[PENDING];
	unsigned pending_count, depth;
	struct waiting waiting[WAITING];
	unsigned waiting_count;
	bool settling; /* they are being judged */
	bool enabled, on[DETECTORS];
	uint64_t counters[BEHAVE_COUNTERS];
	uint8_t *memory;
	size_t bytes, past_bytes; /* past_bytes lie behind the others */
};

static void hold(void *ctx, const struct behave_hit *hit)
{
	struct behave *b = ctx;

	if (b->pending_count < PENDING)
		b->pending[b->pending_count++] = *hit;
	else
		b->counters[BEHAVE_COUNT_LOST]++;
}

static void offer(void *ctx, const struct behave_offer *o)
{
	struct behave *b = ctx;

	b->sink.offer(b->sink.ctx, o);
}

static enum behave_verdict verdict(void *ctx, enum behave_offer_kind kind,
				   const struct ip_addr *host, const char *what)
{
	struct behave *b = ctx;

	return b->sink.verdict(b->sink.ctx, kind, host, what);
}

static uint64_t who(void *ctx, const struct ip_addr *host)
{
	struct behave *b = ctx;

	return b->sink.who(b->sink.ctx, host);
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

/* Live, what looks back for hours runs in banken-control alone, and there nothing else. */
static bool belongs(const struct behave_detector *d, enum behave_span span)
{
	return span == BEHAVE_ALL || d->hours == (span == BEHAVE_HOURS);
}

static void listen(struct listeners *l, unsigned d)
{
	l->index[l->count++] = (uint8_t)d;
}

static void take_switches(struct behave *b, const struct behave_config *config)
{
#define X(field, help) b->on[DETECTOR_##field] = config->enabled && config->detectors.field;
	BEHAVE_DETECTORS(X)
#undef X
	for (unsigned d = 0; d < DETECTORS; d++) {
		b->on[d] = b->on[d] && belongs(detectors[d], config->span);
		for (unsigned k = 0; k < BEHAVE_KINDS && b->on[d]; k++) {
			if (detectors[d]->kinds >> k & 1)
				listen(&b->listeners[k], d);
		}
		assert(!detectors[d]->moments == !(detectors[d]->kinds >> BEHAVE_CONNECTION & 1));
		for (unsigned m = 0; m < BEHAVE_MOMENTS && b->on[d]; m++) {
			if (detectors[d]->moments >> m & 1)
				listen(&b->moments[m], d);
		}
	}
}

/* Of which of the two amounts of memory the detector's tables are. */
static bool of_past(const struct behave *b, unsigned d)
{
	return detectors[d]->past_memory || (b->past.span == BEHAVE_HOURS && detectors[d]->hours);
}

/* What cannot be looked at needs no memory. */
static size_t weight_of(const struct behave *b, unsigned d, unsigned table, bool past)
{
	if (of_past(b, d) != past || (past && !belongs(detectors[d], b->past.span)))
		return 0;
	return detectors[d]->weight[table];
}

static size_t past_weight(const struct behave *b, unsigned table)
{
	return table == PAST_PLACES || b->past.span != BEHAVE_MINUTES ? past_weights[table] : 0;
}

/* Deals one amount out by weight; a table takes a power of two of sets of it. What is left. */
static size_t deal_tables(struct behave *b, bool past, size_t unit, size_t at)
{
	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned t = 0; t < BEHAVE_TABLES; t++) {
			size_t bytes = unit * weight_of(b, d, t, past);

			if (bytes == 0)
				continue;
			behave_table_init(&b->tables[d][t], b->memory + at, bytes,
					  detectors[d]->entry_size[t], &b->key,
					  &b->counters[BEHAVE_COUNT_EVICTED]);
			at += bytes;
		}
	}
	return at;
}

static size_t weights_of(const struct behave *b, bool past)
{
	size_t weights = 0;

	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned t = 0; t < BEHAVE_TABLES; t++)
			weights += weight_of(b, d, t, past);
	}
	return weights;
}

static void deal(struct behave *b)
{
	size_t unit = b->bytes / (weights_of(b, false) + BEHAVE_SEGMENTS_WEIGHT) / 64 * 64;
	size_t at = deal_tables(b, false, unit, 0), weights = weights_of(b, true);

	behave_segments_init(&b->segments, b->memory + at, unit * BEHAVE_SEGMENTS_WEIGHT, &b->key,
			     &b->counters[BEHAVE_COUNT_EVICTED]);
	for (unsigned t = 0; t < PAST_TABLES; t++)
		weights += past_weight(b, t);
	unit = b->past_bytes / weights / 64 * 64;
	at = deal_tables(b, true, unit, b->bytes);
	for (unsigned t = 0; t < PAST_TABLES; t++) {
		if (!past_weight(b, t))
			continue;
		behave_table_init(&b->past.tables[t], b->memory + at, unit * past_weights[t],
				  past_entry_sizes[t], &b->key, &b->counters[BEHAVE_COUNT_EVICTED]);
		at += unit * past_weights[t];
	}
}

static struct behave_view view_of(struct behave *b, struct behave_table *tables)
{
	return (struct behave_view){&b->limits, tables,	     b->key, &b->hold,
				    &b->facts,	b->counters, 0,	     &b->past};
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
		madvise(b->memory, b->bytes + b->past_bytes, MADV_POPULATE_WRITE);
}

struct behave *behave_new(const struct behave_config *config, const struct behave_sink *sink)
{
	struct behave *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->sink = *sink;
	b->key = config->key.k0 | config->key.k1 ? config->key : hash_key_random();
	b->hold = (struct behave_sink){hold, b, sink->offer ? offer : NULL,
				       sink->verdict ? verdict : NULL, sink->who ? who : NULL};
	b->past.span = config->span;
	b->past.utc_offset_minutes = config->utc_offset_minutes;
	b->limits = config->limits;
	b->enabled = config->enabled;
	take_switches(b, config);
	if (!b->enabled)
		return b;
	b->bytes = (size_t)config->memory_mb << 20;
	b->past_bytes = (size_t)config->past_mb << 20;
	b->memory = reserve(b->bytes + b->past_bytes);
	if (!b->memory) {
		free(b);
		return NULL;
	}
	deal(b);
	b->past.view = view_of(b, b->past.tables);
	for (unsigned d = 0; d < DETECTORS; d++)
		b->views[d] = view_of(b, b->tables[d]);
	return b;
}

void behave_delete(struct behave *b)
{
	if (!b)
		return;
	if (b->memory)
		munmap(b->memory, b->bytes + b->past_bytes);
	free(b);
}

bool behave_listens(const struct behave *b, enum behave_kind kind)
{
	return b->listeners[kind].count > 0;
}

/* The first event of its kind: those that look at it know since when they do. */
static void begin_kind(struct behave *b, const struct behave_event *e)
{
	const struct listeners *l = &b->listeners[e->kind];

	b->begun |= 1u << e->kind;
	for (unsigned i = 0; i < l->count; i++) {
		struct behave_view *v = &b->views[l->index[i]];

		if (!v->first_ns)
			v->first_ns = e->time_ns;
	}
}

static const struct listeners *listeners_of(const struct behave *b, const struct behave_event *e)
{
	return e->kind == BEHAVE_CONNECTION ? &b->moments[e->connection.moment]
					    : &b->listeners[e->kind];
}

static void find_facts(struct behave *b, const struct behave_event *e)
{
	struct behave_facts *f = &b->facts;

	f->client = behave_word(&e->ends.client);
	f->server = behave_word(&e->ends.server);
	f->client_inside = behave_inside(&e->ends.client);
	f->server_inside = behave_inside(&e->ends.server);
	f->server_unicast = behave_unicast(&e->ends.server);
	f->everyday = behave_everyday(e);
	if (e->kind == BEHAVE_DNS) {
		f->domain = behave_domain(e->dns.name);
		f->domain_word = behave_word_bytes(&b->past.view, f->domain);
	}
}

static void judge(struct behave *b, const struct behave_event *e)
{
	const struct listeners *l = listeners_of(b, e);

	b->counters[BEHAVE_COUNT_EVENTS]++;
	if (!(b->begun >> e->kind & 1))
		begin_kind(b, e);
	behave_enter(b);
	past_note(&b->past, e);
	for (unsigned i = 0; i < l->count; i++)
		detectors[l->index[i]]->event(&b->views[l->index[i]], e);
	behave_leave(b);
}

/* Those that wait, in their order. */
static void settle(struct behave *b)
{
	if (!b->waiting_count || b->settling)
		return;
	b->settling = true;
	for (unsigned i = 0; i < b->waiting_count && i < FETCH; i++)
		behave_ahead_fetch(&b->waiting[i].ahead);
	for (unsigned i = 0; i < b->waiting_count; i++) {
		if (i + FETCH < b->waiting_count)
			behave_ahead_fetch(&b->waiting[i + FETCH].ahead);
		b->facts = b->waiting[i].facts;
		judge(b, &b->waiting[i].event);
	}
	b->waiting_count = 0;
	b->settling = false;
}

void behave_event(struct behave *b, const struct behave_event *e)
{
	if (!b->enabled) {
		b->counters[BEHAVE_COUNT_EVENTS]++;
		return;
	}
	settle(b);
	find_facts(b, e);
	judge(b, e);
}

static void look_ahead(struct behave *b, struct waiting *w)
{
	const struct listeners *l = listeners_of(b, &w->event);

	w->ahead.count = 0;
	past_ahead(&b->past, &w->event, &w->ahead);
	for (unsigned i = 0; i < l->count; i++) {
		const struct behave_detector *d = detectors[l->index[i]];

		if (d->ahead)
			d->ahead(&b->views[l->index[i]], &w->event, &w->ahead);
	}
}

void behave_event_soon(struct behave *b, const struct behave_event *e)
{
	bool dns = e->kind == BEHAVE_DNS;
	struct waiting *w;

	if (!b->enabled || b->settling || (!dns && e->kind != BEHAVE_CONNECTION) ||
	    (dns && e->dns.name.len > WAITING_NAME)) {
		behave_event(b, e);
		return;
	}
	if (b->waiting_count == WAITING)
		settle(b);
	w = &b->waiting[b->waiting_count++];
	w->event = *e;
	if (dns) {
		memcpy(w->name, e->dns.name.data, e->dns.name.len);
		w->event.dns.name.data = w->name;
	}
	find_facts(b, &w->event);
	w->facts = b->facts;
	look_ahead(b, w);
}

void behave_segment(struct behave *b, const struct behave_event *where, unsigned flags,
		    struct slice payload)
{
	if (!behave_listens(b, BEHAVE_RPC) && !behave_listens(b, BEHAVE_SHARE))
		return;
	settle(b);
	behave_enter(b);
	behave_segment_read(&b->segments, b, where, flags, payload);
	behave_leave(b);
}

void behave_tick(struct behave *b, uint64_t now_ns)
{
	(void)now_ns;
	settle(b);
}

void behave_flush(struct behave *b, uint64_t now_ns)
{
	settle(b);
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
	return b->bytes + b->past_bytes + sizeof(*b);
}

/* ---- keep.h ---- */

static struct behave_table *kept_table(struct behave *b, unsigned i)
{
	if (i < PAST_TABLES)
		return &b->past.tables[i];
	i -= PAST_TABLES;
	if (i >= DETECTORS * BEHAVE_TABLES || !detectors[i / BEHAVE_TABLES]->hours)
		return NULL;
	return &b->tables[i / BEHAVE_TABLES][i % BEHAVE_TABLES];
}

enum { KEPT_TABLES = PAST_TABLES + DETECTORS * BEHAVE_TABLES };

static_assert(sizeof(struct past_site) <= BEHAVE_KEEP_SITE, "room for the site");

void behave_keep_head(const struct behave *b, struct behave_keep_head *ret)
{
	uint64_t layout[2 + DETECTORS * BEHAVE_TABLES] = {BEHAVE_KEEP_VERSION,
							  sizeof(struct past_site)};
	static const struct hash_key fixed = {1, 2};
	unsigned n = 2;

	for (unsigned d = 0; d < DETECTORS; d++) {
		for (unsigned t = 0; t < BEHAVE_TABLES && detectors[d]->hours; t++)
			layout[n++] = detectors[d]->entry_size[t];
	}
	*ret = (struct behave_keep_head){
		.magic = BEHAVE_KEEP_MAGIC,
		.layout = hash_words(&fixed, layout, n) ^ sizeof(struct past_host) << 32 ^
			  sizeof(struct past_place),
		.key = b->key,
	};
	memcpy(ret->site, &b->past.site, sizeof(b->past.site));
}

bool behave_keep_next(struct behave *b, struct behave_keep *at, struct behave_kept *ret)
{
	for (unsigned looked = 0; at->table < KEPT_TABLES && looked < BEHAVE_KEEP_LOOKS; looked++) {
		struct behave_table *t = kept_table(b, at->table);
		struct behave_slot slot;

		if (!t || at->place >= behave_table_places(t)) {
			at->table++;
			at->place = 0;
			continue;
		}
		if (!behave_table_slot(t, at->place++, &slot))
			continue;
		*ret = (struct behave_kept){at->table, t->entry_size, slot.hash, slot.last_ns,
					    slot.entry};
		return true;
	}
	at->over = at->table >= KEPT_TABLES;
	return false;
}

int behave_keep_begin(struct behave *b, const struct behave_keep_head *head)
{
	struct behave_keep_head ours;

	behave_keep_head(b, &ours);
	if (head->magic != ours.magic || head->layout != ours.layout)
		return ERR_INVALID;
	b->key = head->key;
	b->begun = 0;
	memcpy(&b->past.site, head->site, sizeof(b->past.site));
	b->past.view.key = b->key;
	for (unsigned t = 0; t < PAST_TABLES; t++)
		b->past.tables[t].key = b->key;
	for (unsigned d = 0; d < DETECTORS; d++) {
		b->views[d].key = b->key;
		b->views[d].first_ns = b->past.site.first_ns;
		for (unsigned t = 0; t < BEHAVE_TABLES; t++)
			b->tables[d][t].key = b->key;
	}
	return ERR_OK;
}

int behave_keep_put(struct behave *b, const struct behave_kept *k)
{
	struct behave_table *t = k->table < KEPT_TABLES ? kept_table(b, k->table) : NULL;

	if (!t || !t->tags || k->size != t->entry_size)
		return ERR_INVALID;
	behave_table_put(t, &(struct behave_slot){k->hash, k->last_ns, k->entry});
	return ERR_OK;
}
