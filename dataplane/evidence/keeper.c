#include "dataplane/evidence/keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/api/record.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/json.h"
#include "dataplane/evidence/pcapng.h"

enum {
	PENDING = 512,
	LIMIT_SLOTS = 4096,
	COMMENT = 4096,
	MORE = 4096,
	LINKS = 8,
	HOUR = 3600,
	TURN_MS = 20,
	MERGE = 16, /* alerts of a flow in one piece */
	COMMUNITY = 32,
};

enum keeper_counter {
	COUNT_NOTES_LOST, /* the worker's: its queue was full */
	COUNT_PIECES,
	COUNT_ALERTS, /* with evidence */
	COUNT_BYTES,
	COUNT_LIMITED, /* by rule or host */
	COUNT_MISSED,  /* the tape had gone on before it was read */
	COUNT_FAILED,
	COUNTERS,
};

struct queue { /* one worker's; it writes, the keeper reads */
	_Alignas(64) _Atomic uint32_t head;
	_Alignas(64) _Atomic uint32_t tail;
	struct keeper_note notes[KEEPER_QUEUE];
	uint64_t counters[COUNTERS];
	struct tape *tape;
};

struct pending {
	struct keeper_note note;
	unsigned worker;
	uint64_t round; /* of the tape when it was taken in */
	bool done;
};

struct limit {
	uint64_t what, hour;
	unsigned n;
};

struct keeper {
	struct keeper_config config;
	struct chain *chain;
	struct queue *queues;
	struct pending *pending;
	unsigned n_pending;
	struct limit *limits;
	uint8_t *scratch, *piece;
	struct hash_key key;
	uint64_t started_ns;
	uint64_t counts[COUNTERS];
	_Atomic uint64_t received, dropped;
	_Atomic bool stop;
	bool running;
	bool complained;
	pthread_t thread;
};

/* --- start and end --- */

static bool make_queues(struct keeper *k)
{
	k->queues = aligned_alloc(64, k->config.workers * sizeof(*k->queues));
	if (!k->queues)
		return false;
	memset(k->queues, 0, k->config.workers * sizeof(*k->queues));
	for (unsigned i = 0; i < k->config.workers; i++) {
		k->queues[i].tape = tape_new(k->config.tape_bytes, k->config.encrypted_max);
		if (!k->queues[i].tape)
			return false;
	}
	return true;
}

int keeper_new(const struct keeper_config *config, uint64_t now_ns, struct keeper **ret,
	       struct errmsg *err)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int rc;

	if (!k)
		return errmsg_set(err, ERR_NOMEM, "no memory for evidence");
	k->config = *config;
	k->key = hash_key_random();
	k->started_ns = now_ns;
	k->pending = calloc(PENDING, sizeof(*k->pending));
	k->limits = calloc(LIMIT_SLOTS, sizeof(*k->limits));
	k->scratch = malloc(TAPE_SEGMENT);
	k->piece = malloc(config->piece_bytes);
	if (!k->pending || !k->limits || !k->scratch || !k->piece || !make_queues(k)) {
		keeper_delete(k);
		return errmsg_set(err, ERR_NOMEM, "no memory for evidence; lower evidence.ring-mb");
	}
	k->config.limits.owner = config->owner;
	rc = chain_open(config->dir, &k->config.limits, now_ns, &k->chain, err);
	if (rc != ERR_OK) {
		keeper_delete(k);
		return rc;
	}
	*ret = k;
	return ERR_OK;
}

void keeper_delete(struct keeper *k)
{
	if (!k)
		return;
	chain_close(k->chain);
	for (unsigned i = 0; k->queues && i < k->config.workers; i++)
		tape_delete(k->queues[i].tape);
	free(k->queues);
	free(k->pending);
	free(k->limits);
	free(k->scratch);
	free(k->piece);
	free(k);
}

/* --- the worker's side --- */

struct tape *keeper_tape(struct keeper *k, unsigned worker)
{
	return k->queues[worker].tape;
}

struct keeper_note *keeper_note(struct keeper *k, unsigned worker)
{
	struct queue *q = &k->queues[worker];
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&q->tail, memory_order_acquire) == KEEPER_QUEUE) {
		q->counters[COUNT_NOTES_LOST]++;
		return NULL;
	}
	return &q->notes[head % KEEPER_QUEUE];
}

void keeper_noted(struct keeper *k, unsigned worker)
{
	struct queue *q = &k->queues[worker];

	atomic_fetch_add_explicit(&q->head, 1, memory_order_release);
}

/* --- limits --- */

/* False when this rule or host has had its pieces of the hour. */
static bool within(struct keeper *k, uint64_t what, unsigned most, uint64_t now_ns)
{
	struct limit *l = &k->limits[what % LIMIT_SLOTS];
	uint64_t hour = now_ns / NS_PER_SEC / HOUR;

	if (l->what != what || l->hour != hour)
		*l = (struct limit){what, hour, 0};
	return !most || l->n++ < most;
}

static bool allowed(struct keeper *k, const struct keeper_note *n)
{
	uint64_t rule = (uint64_t)n->gid << 32 | n->sid;

	return within(k, hash_bytes(&k->key, &rule, sizeof(rule)), k->config.per_rule,
		      n->time_ns) &&
	       within(k, hash_bytes(&k->key, &n->src, sizeof(n->src)) | 1, k->config.per_host,
		      n->time_ns);
}

/* --- words --- */

static size_t put(char *at, size_t len, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static size_t put(char *at, size_t len, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at + len, cap - len, fmt, ap);
	va_end(ap);
	return n < 0 ? len : len + (size_t)n < cap ? len + (size_t)n : cap - 1;
}

static size_t put_matched(char *at, size_t len, size_t cap, const struct keeper_note *n)
{
	unsigned kept = n->matched_len < KEEPER_MATCHED ? n->matched_len : KEEPER_MATCHED;

	if (!n->matched_len)
		return put(at, len, cap, "matched: %s\n", n->where);
	len = put(at, len, cap, "matched: %u bytes at offset %" PRIu64 " (%s):", n->matched_len,
		  n->matched_offset, n->where);
	for (unsigned i = 0; i < kept; i++)
		len = put(at, len, cap, " %02x", n->matched[i]);
	len = put(at, len, cap, " \"");
	for (unsigned i = 0; i < kept; i++)
		len = put(at, len, cap, "%c",
			  n->matched[i] >= ' ' && n->matched[i] < 0x7f ? n->matched[i] : '.');
	return put(at, len, cap, "\"%s\n", kept < n->matched_len ? " ..." : "");
}

static void community_of(const struct keeper_note *n, char *ret)
{
	ret[0] = 0;
	if (n->ip_proto)
		community_id(&n->src, &n->dst, n->sport, n->dport, n->ip_proto, ret);
}

static size_t put_comment(char *at, size_t len, const struct keeper_note *n)
{
	char community[COMMUNITY];

	community_of(n, community);
	len = put(at, len, COMMENT, "%salert %u:%u rev %u: %s\n", len ? "\n" : "", n->gid, n->sid,
		  n->rev, n->msg);
	if (n->rule[0])
		len = put(at, len, COMMENT, "rule: %s\n", n->rule);
	len = put_matched(at, len, COMMENT, n);
	if (community[0])
		len = put(at, len, COMMENT, "Community ID: %s\n", community);
	return put(at, len, COMMENT, "alert id: %016" PRIx64 ", packet %" PRIu64, n->id, n->number);
}

/* Members of the chain's line. */
static void more_of(const struct keeper_note *const *notes, unsigned alerts, unsigned packets,
		    char ret[MORE])
{
	const struct keeper_note *n = notes[0];
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT], community[COMMUNITY], id[24];
	struct json j;
	long len;

	community_of(n, community);
	snprintf(id, sizeof(id), "%016" PRIx64, n->id);
	json_init(&j, ret, MORE);
	json_open_object(&j, NULL);
	json_text(&j, "alert", id);
	json_uint(&j, "gid", n->gid);
	json_uint(&j, "sid", n->sid);
	json_uint(&j, "rev", n->rev);
	json_text(&j, "msg", n->msg);
	json_uint(&j, "alert_time", n->time_ns);
	json_text(&j, "src", ip_addr_text(&n->src, src, false));
	json_text(&j, "dst", ip_addr_text(&n->dst, dst, false));
	json_uint(&j, "sport", n->sport);
	json_uint(&j, "dport", n->dport);
	json_uint(&j, "proto", n->ip_proto);
	json_text(&j, "community_id", community);
	json_uint(&j, "alerts", alerts);
	json_uint(&j, "packets", packets);
	json_open_array(&j, "others");
	for (unsigned i = 1; i < alerts; i++) {
		snprintf(id, sizeof(id), "%016" PRIx64, notes[i]->id);
		json_text(&j, NULL, id);
	}
	json_array_end(&j);
	json_end(&j);
	len = json_finish(&j);
	if (len < 2) {
		ret[0] = 0;
		return;
	}
	ret[0] = ','; /* the braces are the line's */
	ret[len - 1] = 0;
}

/* --- a piece --- */

struct gathering {
	struct keeper *k;
	const struct keeper_note *notes[MERGE];
	uint64_t place[MERGE]; /* number of the packet its comment stands at, 0 = none */
	unsigned n_notes;
	uint64_t from_ns, to_ns;
	uint64_t host;
	struct pcapng file;
	uint16_t links[LINKS];
	unsigned n_links, packets;
	bool fell_short;
};

static bool of_flow(const struct keeper_note *n, const struct tape_frame *f)
{
	if (!n->flow)
		return f->number == n->number;
	return f->flow[0] == n->flow || f->flow[1] == n->flow;
}

static bool belongs(const struct gathering *g, const struct tape_frame *f)
{
	if (f->time_ns < g->from_ns || f->time_ns > g->to_ns)
		return false;
	return of_flow(g->notes[0], f) ||
	       (g->k->config.whole_host && (f->host[0] == g->host || f->host[1] == g->host));
}

/* Where comments stand: at the packet that matched; where that was none of the flow's (its end, a
 * detector's clock) at the flow's last one before. */
static void find_place(struct gathering *g, const struct tape_frame *f, struct slice bytes)
{
	(void)bytes;
	for (unsigned i = 0; i < g->n_notes; i++) {
		const struct keeper_note *n = g->notes[i];

		if (!of_flow(n, f) || (n->number && g->place[i] == n->number))
			continue;
		if (f->number == n->number || f->time_ns <= n->time_ns || !g->place[i])
			g->place[i] = f->number;
	}
}

/* The interface of that link type; a block of it before its first packet. */
static int interface_of(struct gathering *g, uint16_t link)
{
	for (unsigned i = 0; i < g->n_links; i++) {
		if (g->links[i] == link)
			return (int)i;
	}
	if (g->n_links == LINKS)
		return -1;
	pcapng_interface(&g->file, link, TAPE_FRAME, g->k->config.iface);
	g->links[g->n_links] = link;
	return (int)g->n_links++;
}

static void take_frame(struct gathering *g, const struct tape_frame *f, struct slice bytes)
{
	int interface = interface_of(g, f->link_type);
	char comment[COMMENT];
	size_t len = 0;

	comment[0] = 0;
	for (unsigned i = 0; i < g->n_notes; i++) {
		if (f->number == g->place[i])
			len = put_comment(comment, len, g->notes[i]);
	}
	if (interface < 0 || !pcapng_packet(&g->file, (uint32_t)interface, f->time_ns, bytes,
					    f->wire_len, comment)) {
		g->fell_short = true;
		g->file.full = false; /* smaller ones may still fit */
		return;
	}
	g->packets++;
}

static void each_frame(struct gathering *g, const struct tape *tape,
		       void (*fn)(struct gathering *g, const struct tape_frame *f,
				  struct slice bytes))
{
	struct tape_reader r;
	struct slice run, bytes;
	const struct tape_frame *f;

	tape_read_begin(&r, tape, g->from_ns, g->k->scratch);
	while (tape_read_segment(&r, &run)) {
		while ((f = tape_next(&run, &bytes))) {
			if (belongs(g, f))
				fn(g, f, bytes);
		}
	}
}

static void begin_file(struct gathering *g)
{
	const struct keeper_config *c = &g->k->config;
	char comment[256];

	snprintf(comment, sizeof(comment),
		 "Evidence of %u alert%s: packets of the %s from %u s before the first to %u s "
		 "after the last; the comments stand at the packets that matched",
		 g->n_notes, g->n_notes == 1 ? "" : "s", c->whole_host ? "host" : "flow",
		 c->before_s, c->after_s);
	/* Room for the statistics at the end. */
	pcapng_begin(&g->file, g->k->piece, c->piece_bytes - 128 * LINKS, c->program, comment);
}

static void end_file(struct gathering *g, uint64_t now_ns)
{
	struct keeper *k = g->k;
	struct pcapng_counts counts = {
		.time_ns = now_ns,
		.start_ns = k->started_ns,
		.end_ns = now_ns,
		.received = atomic_load_explicit(&k->received, memory_order_relaxed),
		.dropped = atomic_load_explicit(&k->dropped, memory_order_relaxed),
	};

	g->file.cap = k->config.piece_bytes;
	for (unsigned i = 0; i < g->n_links; i++)
		pcapng_statistics(&g->file, i, &counts);
}

static void store(struct gathering *g, uint64_t now_ns)
{
	struct keeper *k = g->k;
	const struct keeper_note *n = g->notes[0];
	struct errmsg err = {""};
	char name[CHAIN_NAME], more[MORE];

	snprintf(name, sizeof(name), "%020" PRIu64 "-%u-%u-%016" PRIx64 ".pcapng", n->time_ns,
		 n->gid, n->sid, n->id);
	more_of(g->notes, g->n_notes, g->packets, more);
	if (chain_add(k->chain, name, SLICE(g->file.buf, g->file.len), now_ns, more, &err) !=
	    ERR_OK) {
		k->counts[COUNT_FAILED]++;
		if (!k->complained)
			fprintf(stderr, "banken-dataplane: evidence: %s\n", err.text);
		k->complained = true;
		return;
	}
	k->complained = false;
	k->counts[COUNT_PIECES]++;
	k->counts[COUNT_ALERTS] += g->n_notes;
	k->counts[COUNT_BYTES] += g->file.len;
}

/* The alert and others of its flow that wait with it. */
static void keep(struct keeper *k, struct pending *first, uint64_t now_ns)
{
	struct gathering g = {.k = k};
	const struct keeper_note *n = &first->note;
	const struct tape *tape = k->queues[first->worker].tape;

	for (struct pending *p = first; p < k->pending + k->n_pending && g.n_notes < MERGE; p++) {
		if (p->done || p->worker != first->worker ||
		    (p != first && (!n->flow || p->note.flow != n->flow)))
			continue;
		p->done = true;
		g.notes[g.n_notes++] = &p->note;
	}
	if (!allowed(k, n)) {
		k->counts[COUNT_LIMITED]++;
		return;
	}
	g.from_ns = n->time_ns - (n->time_ns < k->config.before_s * NS_PER_SEC
					  ? n->time_ns
					  : k->config.before_s * NS_PER_SEC);
	g.to_ns = g.notes[g.n_notes - 1]->time_ns + k->config.after_s * NS_PER_SEC;
	g.host = tape_host(&n->src);
	begin_file(&g);
	each_frame(&g, tape, find_place);
	each_frame(&g, tape, take_frame);
	for (unsigned i = 0; i < g.n_notes; i++)
		k->counts[COUNT_MISSED] += g.place[i] == 0;
	if (g.packets == 0)
		return;
	end_file(&g, now_ns);
	store(&g, now_ns);
}

/* --- turns --- */

static void take_notes(struct keeper *k)
{
	for (unsigned i = 0; i < k->config.workers; i++) {
		struct queue *q = &k->queues[i];
		uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

		while (k->n_pending < PENDING &&
		       tail != atomic_load_explicit(&q->head, memory_order_acquire)) {
			k->pending[k->n_pending++] = (struct pending){
				.note = q->notes[tail % KEEPER_QUEUE],
				.worker = i,
				.round = tape_round(q->tape),
			};
			atomic_store_explicit(&q->tail, ++tail, memory_order_release);
		}
	}
}

/* The time after the hit has passed, or the tape comes round to it. */
static bool due(const struct keeper *k, const struct pending *p, uint64_t now_ns)
{
	const struct tape *tape = k->queues[p->worker].tape;

	return now_ns > p->note.time_ns + k->config.after_s * NS_PER_SEC ||
	       tape_round(tape) - p->round >= tape->count / 2;
}

static void forget_done(struct keeper *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < k->n_pending; i++) {
		if (!k->pending[i].done)
			k->pending[n++] = k->pending[i];
	}
	k->n_pending = n;
}

static void turn(struct keeper *k, uint64_t now_ns, bool all)
{
	take_notes(k);
	if (!k->n_pending)
		return;
	for (unsigned i = 0; i < k->n_pending; i++) {
		struct pending *p = &k->pending[i];

		if (!p->done && (all || k->n_pending == PENDING || due(k, p, now_ns)))
			keep(k, p, now_ns);
	}
	forget_done(k);
}

void keeper_turn(struct keeper *k, uint64_t now_ns)
{
	turn(k, now_ns, false);
}

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void *run(void *ctx)
{
	static const struct timespec nap = {0, TURN_MS * NS_PER_MS};
	struct keeper *k = ctx;

	while (!atomic_load_explicit(&k->stop, memory_order_acquire)) {
		turn(k, wall_ns(), false);
		nanosleep(&nap, NULL);
	}
	return NULL;
}

int keeper_start(struct keeper *k, struct errmsg *err)
{
	int rc = pthread_create(&k->thread, NULL, run, k);

	if (rc)
		return errmsg_set(err, ERR_NOMEM, "the evidence thread did not start (%s)",
				  strerror(rc));
	k->running = true;
	return ERR_OK;
}

void keeper_stop(struct keeper *k)
{
	uint64_t last = 0;

	if (!k)
		return;
	atomic_store_explicit(&k->stop, true, memory_order_release);
	if (k->running)
		pthread_join(k->thread, NULL);
	take_notes(k);
	for (unsigned i = 0; i < k->n_pending; i++)
		last = k->pending[i].note.time_ns > last ? k->pending[i].note.time_ns : last;
	turn(k, k->running ? wall_ns() : last, true);
	k->running = false;
}

void keeper_losses(struct keeper *k, uint64_t received, uint64_t dropped)
{
	atomic_store_explicit(&k->received, received, memory_order_relaxed);
	atomic_store_explicit(&k->dropped, dropped, memory_order_relaxed);
}

struct counter_set keeper_counters(const struct keeper *k, unsigned worker)
{
	static const struct counter_name names[COUNTERS] = {
		{"notes_lost", false}, {"pieces", false}, {"alerts", false}, {"bytes", false},
		{"limited", false},    {"missed", false}, {"failed", false}};
	uint64_t *values = k->queues[worker].counters;

	if (worker == 0) { /* the keeper's own; each is one word */
		for (unsigned i = COUNT_PIECES; i < COUNTERS; i++)
			values[i] = k->counts[i];
	}
	return (struct counter_set){"evidence", names, values, COUNTERS};
}
