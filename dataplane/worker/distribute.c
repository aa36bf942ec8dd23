/* One thread between ports with a single queue and several workers: hands each frame to the worker
 * of its addresses, the same for both directions of a conversation and for fragments. */
#include "dataplane/worker/live_private.h"

#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"

enum { TAGS = 3, IDLE_SPINS = 2000, IDLE_SLEEP_NS = 200000 };

/* Hash of the unordered pair of IP addresses, of the MAC pair for other frames. */
static uint32_t spread(const uint8_t *frame, size_t len)
{
	struct cursor c = cursor_init(frame, len);
	struct slice macs = cursor_take(&c, 12), a, b;
	uint16_t type = cursor_u16(&c);
	uint64_t x = 0, y = 0, w[2];

	for (unsigned i = 0; i < TAGS && (type == 0x8100 || type == 0x88a8 || type == 0x9100);
	     i++) {
		cursor_skip(&c, 2);
		type = cursor_u16(&c);
	}
	if (type == 0x0800) {
		cursor_skip(&c, 12);
		a = cursor_take(&c, 4);
		b = cursor_take(&c, 4);
	} else if (type == 0x86dd) {
		cursor_skip(&c, 8);
		a = cursor_take(&c, 16);
		b = cursor_take(&c, 16);
	} else {
		a = slice_sub(macs, 0, 6);
		b = slice_sub(macs, 6, 6);
	}
	if (a.len == 16 && b.len == 16) {
		memcpy(w, a.data, 16);
		x = hash_mix(w[0], w[1]);
		memcpy(w, b.data, 16);
		y = hash_mix(w[0], w[1]);
	} else if (a.len && b.len) {
		memcpy(&x, a.data, a.len);
		memcpy(&y, b.data, b.len);
	}
	return (uint32_t)(hash_mix(x ^ y, x + y) >> 32);
}

/* Frames of one burst for one worker. */
struct share {
	unsigned n;
	struct rte_mbuf *mbufs[LIVE_BURST];
};

/* Only this thread writes it. */
static void count(_Atomic uint64_t *counter, unsigned n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* The worker is behind: what its queue still takes is kept for what is not bulk. */
static void leave_out(struct live_worker *w, struct share *s, unsigned waiting, uint64_t now_ns)
{
	bool tight = waiting > LIVE_TIGHT_QUEUE;
	unsigned kept = 0, shed = 0, bytes = 0;

	for (unsigned i = 0; i < s->n; i++) {
		struct rte_mbuf *m = s->mbufs[i];
		bool is_bulk = bulk_frame(w->bulk, rte_pktmbuf_mtod(m, const uint8_t *),
					  m->data_len, m->pkt_len, now_ns);

		if (!is_bulk || !tight) {
			s->mbufs[kept++] = m;
			continue;
		}
		shed++;
		bytes += m->pkt_len;
		rte_pktmbuf_free(m);
	}
	s->n = kept;
	count(&w->bulk_shed, shed);
	count(&w->bulk_shed_bytes, bytes);
}

/* What the worker's queue has no room for is given back and counted. */
static void hand_over(struct live_worker *w, struct share *s, uint64_t now_ns)
{
	unsigned taken, waiting = rte_ring_count(w->in);

	if (waiting > LIVE_WATCH_QUEUE)
		leave_out(w, s, waiting, now_ns);
	taken = rte_ring_sp_enqueue_burst(w->in, (void **)s->mbufs, s->n, NULL);
	count(&w->distributed, taken);
	if (taken < s->n) {
		count(&w->undelivered, s->n - taken);
		rte_pktmbuf_free_bulk(s->mbufs + taken, s->n - taken);
	}
	s->n = 0;
}

/* `shares`: one a worker, empty before and after. */
static void hand_out(struct live *live, struct rte_mbuf **mbufs, unsigned n, struct share *shares)
{
	uint64_t now_ns = n ? live_now_ns() : 0;

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (unsigned i = 0; i < n; i++) {
		uint32_t hash =
			spread(rte_pktmbuf_mtod(mbufs[i], const uint8_t *), mbufs[i]->data_len);
		struct share *s = &shares[(uint64_t)hash * live->workers >> 32];

		s->mbufs[s->n++] = mbufs[i];
	}
	for (unsigned i = 0; i < live->workers; i++) {
		if (shares[i].n)
			hand_over(&live->worker[i], &shares[i], now_ns);
	}
}

int live_distribute_main(void *ctx)
{
	static const struct timespec nap = {0, IDLE_SLEEP_NS};
	struct share shares[LIVE_WORKERS];
	struct live *live = ctx;
	unsigned spins = 0;

	for (unsigned i = 0; i < LIVE_WORKERS; i++)
		shares[i].n = 0;
	while (!atomic_load_explicit(&live->stop, memory_order_relaxed)) {
		struct rte_mbuf *mbufs[LIVE_BURST];
		unsigned sum = 0;

		for (unsigned i = 0; i < live->rx.port_count; i++) {
			unsigned n = rte_eth_rx_burst(live->rx.port[i].id, 0, mbufs, LIVE_BURST);

			hand_out(live, mbufs, n, shares);
			sum += n;
		}
		spins = sum ? 0 : spins + 1;
		if (spins > IDLE_SPINS)
			nanosleep(&nap, NULL);
	}
	atomic_store_explicit(&live->distributed, true, memory_order_release);
	return 0;
}
