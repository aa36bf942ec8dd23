/* A worker's loop: bursts from its queues through the pipeline. No system call while there is
 * traffic; when there is none for a while it sleeps in short steps. */
#include "dataplane/worker/live_private.h"

#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_ring.h>

#include "dataplane/respond/reset.h"
#include "dataplane/respond/unreachable.h"
#include "dataplane/worker/profile.h"

enum {
	IDLE_SPINS = 2000, /* empty turns before sleeping */
	IDLE_SLEEP_NS = 100000,
	/* After a second without a frame: a port's ring must hold what may come meanwhile. */
	IDLE_LONG = IDLE_SPINS + 10000,
	IDLE_LONG_SLEEP_NS = 1000000,
	LINEAR_MAX = 16384 + 64,
};

uint64_t live_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t); /* from the vDSO: no system call */
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

/* --- resets --- */

static bool host_has(const struct mailbox_host *h, const struct ip_addr *addr,
		     const struct mac_addr *mac)
{
	for (unsigned i = 0; i < h->n_ips && i < MAILBOX_IPS_MAX; i++) {
		if (ip_addr_eq(&h->ips[i], addr))
			return true;
	}
	return h->has_mac && memcmp(h->mac.bytes, mac->bytes, 6) == 0;
}

static bool exempt(const struct mailbox_host *h, const struct ip_addr *peer)
{
	for (unsigned i = 0; i < h->n_exempt && i < MAILBOX_EXEMPT_MAX; i++) {
		if (ip_addr_in_prefix(peer, &h->exempt[i].addr, h->exempt[i].bits))
			return true;
	}
	return false;
}

static bool to_be_reset(const struct live_reset *r, const struct packet *p)
{
	if (r->one_flow)
		return (ip_addr_eq(&r->addr[0], &p->src) && ip_addr_eq(&r->addr[1], &p->dst) &&
			r->port[0] == p->sport && r->port[1] == p->dport) ||
		       (ip_addr_eq(&r->addr[0], &p->dst) && ip_addr_eq(&r->addr[1], &p->src) &&
			r->port[0] == p->dport && r->port[1] == p->sport);
	if (host_has(&r->host, &p->src, &p->src_mac))
		return !exempt(&r->host, &p->dst);
	if (host_has(&r->host, &p->dst, &p->dst_mac))
		return !exempt(&r->host, &p->src);
	return false;
}

static void send_reset(struct live_worker *w, const struct packet *p, enum reset_side side)
{
	struct mac_addr own;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->live->rx.response_pool);
	size_t n;

	if (!m)
		return;
	memcpy(own.bytes, w->live->rx.response_mac, 6);
	n = reset_build(p, side, &own, rte_pktmbuf_mtod(m, uint8_t *));
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	if (n == 0 || rte_ring_sp_enqueue(w->resets, m) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	w->resets_sent++;
}

/* Its sender alone can make something of an error that quotes the datagram. */
static void send_unreachable(struct live_worker *w, const struct packet *p)
{
	struct mac_addr own;
	struct rte_mbuf *m;
	size_t n;

	if (!unreachable_allows(&w->unreachable_rate, p->now_ns)) {
		w->unreachables_held++;
		return;
	}
	m = rte_pktmbuf_alloc(w->live->rx.response_pool);
	if (!m)
		return;
	memcpy(own.bytes, w->live->rx.response_mac, 6);
	n = unreachable_build(p, &own, rte_pktmbuf_mtod(m, uint8_t *));
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	if (n == 0 || rte_ring_sp_enqueue(w->resets, m) != 0) {
		rte_pktmbuf_free(m);
		return;
	}
	w->unreachables_sent++;
}

static void maybe_reset(struct live_worker *w, const struct packet *p)
{
	const struct live_resets *list = w->resets_now;
	bool tcp = p->ip_proto == IP_PROTO_TCP && !(p->tcp.flags & TCP_RST);

	if (!tcp && p->ip_proto != IP_PROTO_UDP)
		return;
	for (unsigned i = 0; i < list->count; i++) {
		if (!to_be_reset(&list->reset[i], p))
			continue;
		if (tcp) {
			send_reset(w, p, RESET_SENDER);
			send_reset(w, p, RESET_RECEIVER);
		} else {
			send_unreachable(w, p);
		}
		return;
	}
}

/* The pipeline's hook: every decoded packet. */
static void decoded(void *ctx, const struct packet *p)
{
	struct live_worker *w = ctx;

	if (w->watching)
		watch_observe(w->watch, p, p->flow ? p->flow->start_ns : 0);
	if (w->resets_now && w->resets_now->count)
		maybe_reset(w, p);
}

/* --- frames --- */

/* `linear`: LINEAR_MAX bytes for a frame that lies in pieces. */
static void frame_of(struct live_worker *w, struct rte_mbuf *m, uint64_t now_ns, uint8_t *linear,
		     struct packet *ret)
{
	ret->wire_len = m->pkt_len;
	ret->frame_len = m->pkt_len < LINEAR_MAX ? m->pkt_len : LINEAR_MAX;
	ret->frame = m->nb_segs == 1 ? rte_pktmbuf_mtod(m, const uint8_t *)
				     : rte_pktmbuf_read(m, 0, ret->frame_len, linear);
	ret->now_ns = now_ns;
	ret->number = ++w->frames;
	ret->link_type = LINK_ETHERNET;
	ret->flags = 0;
	ret->port = m->port;
	ret->origin = m;
	ret->flow_hash = 0;
}

/* More comes than can be looked at. */
static bool overloaded(const struct live_worker *w)
{
	return w->in ? rte_ring_count(w->in) > LIVE_SHED_QUEUE : w->full_bursts > LIVE_SHED_BURSTS;
}

/* The frame is left out: the bulk of known flows goes before anything new. */
static bool shed(struct live_worker *w, const struct packet *p)
{
	enum pipeline_worth worth = pipeline_worth(w->pipeline, p);

	if (worth == WORTH_MUCH && w->bulk)
		bulk_spare(w->bulk, p->frame, p->frame_len);
	if (worth != WORTH_BULK)
		return false;
	w->shed++;
	w->shed_bytes += p->wire_len;
	return true;
}

static unsigned take_burst(struct live_worker *w, struct rte_mbuf **mbufs, unsigned n,
			   uint64_t now_ns)
{
	uint8_t linear[LINEAR_MAX];
	struct packet p[LIVE_BURST];
	bool sheds = overloaded(w);
	unsigned whole = 0;

	for (unsigned i = 0; i < n; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (unsigned i = 0; i < n; i++) {
		/* A frame in pieces uses `linear`: what came before it goes first. */
		if (mbufs[i]->nb_segs > 1) {
			pipeline_burst(w->pipeline, p, whole);
			whole = 0;
		}
		frame_of(w, mbufs[i], now_ns, linear, &p[whole]);
		if (sheds && shed(w, &p[whole]))
			continue;
		whole++;
		if (mbufs[i]->nb_segs > 1) {
			pipeline_burst(w->pipeline, p, whole);
			whole = 0;
		}
	}
	pipeline_burst(w->pipeline, p, whole);
	rte_pktmbuf_free_bulk(mbufs, n);
	return n;
}

/* Frames count as the rx stage's only when there are some: waiting is no work. */
static unsigned receive(struct live_worker *w, uint16_t port, struct rte_mbuf **mbufs)
{
	struct profile *f = pipeline_profile(w->pipeline);
	uint64_t begin = f->on ? __rdtsc() : 0;
	unsigned n = rte_eth_rx_burst(port, (uint16_t)w->index, mbufs, LIVE_BURST);

	if (f->on && n)
		profile_burst(f, STAGE_RX, begin);
	return n;
}

/* One burst from the distributor or from each of its own queues; how many frames. */
static unsigned turn(struct live_worker *w, uint64_t now_ns)
{
	struct rte_mbuf *mbufs[LIVE_BURST];
	const struct rx *rx = &w->live->rx;
	unsigned n, sum = 0;
	bool full = true;

	if (w->in) {
		n = rte_ring_sc_dequeue_burst(w->in, (void **)mbufs, LIVE_BURST, NULL);
		return n ? take_burst(w, mbufs, n, now_ns) : 0;
	}
	for (unsigned i = 0; i < rx->port_count; i++) {
		if (w->index >= rx->port[i].queues)
			continue;
		n = receive(w, rx->port[i].id, mbufs);
		full &= n == LIVE_BURST;
		if (n)
			sum += take_burst(w, mbufs, n, now_ns);
	}
	w->full_bursts = full && sum ? w->full_bursts + 1 : 0;
	return sum;
}

/* What the main thread has put down for this worker. */
static void take_orders(struct live_worker *w, uint64_t now_ns)
{
	const struct lists *lists;
	struct detect_engine *engine = atomic_load_explicit(&w->next_engine, memory_order_acquire);

	if (engine != w->engine) {
		pipeline_switch_rules(w->pipeline, engine);
		w->engine = engine;
	}
	lists = atomic_load_explicit(&w->next_lists, memory_order_acquire);
	if (lists != w->lists) {
		pipeline_switch_lists(w->pipeline, lists, now_ns);
		w->lists = lists;
	}
	self_test_take(w, now_ns);
	w->resets_now = atomic_load_explicit(&w->next_resets, memory_order_acquire);
	w->watching = watch_refresh(w->watch);
	pipeline_set_hook(w->pipeline,
			  w->watching || (w->resets_now && w->resets_now->count) ? decoded : NULL,
			  w);
}

static void idle(unsigned *spins)
{
	static const struct timespec nap = {0, IDLE_SLEEP_NS}, long_nap = {0, IDLE_LONG_SLEEP_NS};

	if (*spins < IDLE_LONG)
		++*spins;
	if (*spins < IDLE_SPINS)
		rte_pause();
	else
		nanosleep(*spins < IDLE_LONG ? &nap : &long_nap, NULL);
}

/* What the distributor had handed out before the end is inspected too. */
static void finish_queue(struct live_worker *w)
{
	bool last = !w->in;

	while (!last) {
		last = atomic_load_explicit(&w->live->distributed, memory_order_acquire);
		while (turn(w, live_now_ns()))
			;
	}
}

int live_worker_main(void *ctx)
{
	struct live_worker *w = ctx;
	uint64_t stored_ns = 0, now_ns;
	unsigned spins = 0;

	while (!atomic_load_explicit(&w->live->stop, memory_order_relaxed)) {
		now_ns = live_now_ns();
		take_orders(w, now_ns);
		if (turn(w, now_ns))
			spins = 0;
		else
			idle(&spins);
		pipeline_tick(w->pipeline, now_ns);
		if (now_ns - stored_ns > LIVE_STATS_MS * NS_PER_MS) {
			live_store_counters(w);
			stored_ns = now_ns;
		}
		atomic_fetch_add_explicit(&w->turns, 1, memory_order_release);
	}
	finish_queue(w);
	pipeline_finish(w->pipeline, live_now_ns());
	live_store_counters(w);
	/* With it, all that was written is seen by whoever awaits the worker (live.c). */
	atomic_fetch_add_explicit(&w->turns, 1, memory_order_release);
	return 0;
}
