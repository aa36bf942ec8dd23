/* The shared file and the slots' definitions; what a worker counts is in watch_observe.c. */
#include "dataplane/api/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/api/watch_file.h"

static size_t file_size(uint64_t n_workers)
{
	return WATCH_HEAD + n_workers * WATCH_SLOTS * sizeof(struct watch_block);
}

struct watch *watch_create(const char *path, unsigned n_workers, struct errmsg *e)
{
	struct watch *w;
	int rc;

	if (n_workers == 0 || n_workers > WATCH_WORKERS_MAX) {
		errmsg_set(e, ERR_LIMIT, "1 to %d workers can watch", WATCH_WORKERS_MAX);
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		errmsg_set(e, ERR_NOMEM, "no memory for watched hosts");
		return NULL;
	}
	w->n_workers = n_workers;
	rc = shm_make(path, file_size(n_workers), SHM_WRITER, &w->file, e);
	if (rc == 0)
		w->base = shm_map(&w->file, 0, w->file.size, true, e);
	else
		w->file.fd = -1;
	if (w->base) {
		struct watch_head *h = (struct watch_head *)w->base;

		h->version = WATCH_VERSION;
		h->n_workers = n_workers;
		shm_store(&h->magic, WATCH_MAGIC);
		rc = shm_publish(&w->file, e);
	}
	if (rc || !w->base) {
		watch_close(w);
		return NULL;
	}
	return w;
}

static void free_retired(struct watch *w, bool all)
{
	struct watch_slot **at = &w->retired;
	uint64_t passed = UINT64_MAX;

	for (unsigned i = 0; i < w->n_workers; i++) {
		uint64_t seen = w->workers[i] ? shm_load(&w->workers[i]->seen) : UINT64_MAX;

		passed = seen < passed ? seen : passed;
	}
	while (*at) {
		struct watch_slot *s = *at;

		if (!all && s->retired_at > passed) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free(s);
	}
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < WATCH_SLOTS; i++)
		free(w->slots[i]);
	free_retired(w, true);
	if (w->base)
		munmap(w->base, w->file.size);
	shm_close(&w->file);
	free(w);
}

/* Workers may look at the old definition until they have passed the new turn. */
static void publish(struct watch *w, unsigned slot, struct watch_slot *s)
{
	struct watch_slot *old = w->slots[slot];

	__atomic_store_n(&w->slots[slot], s, __ATOMIC_RELEASE);
	shm_store(&w->turn, w->turn + 1);
	if (old) {
		old->retired_at = w->turn;
		old->next = w->retired;
		w->retired = old;
	}
	free_retired(w, false);
}

static bool host_ok(const struct mailbox_host *h)
{
	bool ok = h->n_ips <= MAILBOX_IPS_MAX && h->n_exempt <= MAILBOX_EXEMPT_MAX &&
		  (h->n_ips > 0 || h->has_mac);

	for (uint32_t i = 0; ok && i < h->n_exempt; i++)
		ok = h->exempt[i].bits <= 128;
	return ok;
}

int watch_start(struct watch *w, const struct mailbox_message *order, uint64_t now)
{
	const struct watch_slot *old;
	struct watch_slot *s;

	if (order->kind != MAILBOX_WATCH || order->watch.slot >= WATCH_SLOTS ||
	    order->watch.watch_id == 0 || !host_ok(&order->watch.host))
		return ERR_INVALID;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	s->watch_id = order->watch.watch_id;
	/* The same watch once more goes on where it is. */
	old = w->slots[order->watch.slot];
	s->since = old && old->watch_id == s->watch_id ? old->since : now;
	s->host = order->watch.host;
	publish(w, order->watch.slot, s);
	return 0;
}

int watch_stop(struct watch *w, unsigned slot)
{
	if (slot >= WATCH_SLOTS)
		return ERR_INVALID;
	publish(w, slot, NULL);
	return 0;
}

/* ---- reader ---- */

struct watch_reader {
	const uint8_t *base;
	uint64_t n_workers;
	struct shm_file file;
};

struct watch_reader *watch_reader_open(const char *path, struct errmsg *e)
{
	struct watch_reader *r = calloc(1, sizeof(*r));
	const struct watch_head *h;

	if (!r) {
		errmsg_set(e, ERR_NOMEM, "no memory for watched hosts");
		return NULL;
	}
	if (shm_open_view(path, &r->file, e)) {
		free(r);
		return NULL;
	}
	r->base = r->file.size >= WATCH_HEAD ? shm_map(&r->file, 0, r->file.size, false, e) : NULL;
	h = (const struct watch_head *)r->base;
	if (h)
		r->n_workers = h->n_workers;
	if (!h || shm_load(&h->magic) != WATCH_MAGIC || h->version != WATCH_VERSION ||
	    r->n_workers > WATCH_WORKERS_MAX || file_size(r->n_workers) > r->file.size) {
		errmsg_set(e, ERR_INVALID, "%s holds no watched hosts", r->file.path);
		watch_reader_close(r);
		return NULL;
	}
	return r;
}

void watch_reader_close(struct watch_reader *r)
{
	if (!r)
		return;
	if (r->base)
		munmap((void *)r->base, r->file.size);
	shm_close(&r->file);
	free(r);
}

bool watch_replaced(const struct watch_reader *r)
{
	return shm_replaced(&r->file);
}

/* A consistent copy, if the worker lets us have one. */
static void copy_block(const struct watch_block *b, struct watch_block *ret)
{
	for (int tries = 0; tries < 100; tries++) {
		uint64_t turn = shm_load(&b->turn);

		memcpy(ret, b, sizeof(*ret));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (turn % 2 == 0 && shm_peek(&b->turn) == turn)
			return;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void add(struct watch_counts *sum, const struct watch_counts *c)
{
	sum->attempts += c->attempts;
	sum->answers += c->answers;
	sum->sessions += c->sessions;
	sum->frames_to += c->frames_to;
	sum->exempt_attempts += c->exempt_attempts;
	sum->exempt_answers += c->exempt_answers;
	sum->first_attempt = earlier(sum->first_attempt, c->first_attempt);
	sum->first_answer = earlier(sum->first_answer, c->first_answer);
	if (c->last_attempt > sum->last_attempt)
		sum->last_attempt = c->last_attempt;
	if (c->last_answer > sum->last_answer) {
		sum->last_answer = c->last_answer;
		sum->last_peer = c->last_peer;
	}
}

bool watch_read(const struct watch_reader *r, unsigned slot, uint64_t watch_id,
		struct watch_counts *ret)
{
	bool any = false;

	*ret = (struct watch_counts){0};
	if (slot >= WATCH_SLOTS || watch_id == 0)
		return false;
	for (uint64_t w = 0; w < r->n_workers; w++) {
		const struct watch_block *b =
			(const struct watch_block *)(r->base + WATCH_HEAD) + w * WATCH_SLOTS + slot;
		struct watch_block copy;

		copy_block(b, &copy);
		if (copy.watch_id != watch_id)
			continue;
		add(ret, &copy.counts);
		any = true;
	}
	return any;
}
