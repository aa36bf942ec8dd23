/* The main thread's turn: orders in, statistics out, resets onto the wire, rules swapped. */
#include "dataplane/worker/live_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

enum {
	WORKER_NAMES = 15,
	PORT_NAMES = 3,
	TURN_SLEEP_NS = 5000000,
	TURN_SLEEP_RESETS_NS = 500000,
	GRACE_STEPS = 20000
};

static const struct stats_name worker_names[WORKER_NAMES] = {
	{"worker.packets", STATS_COUNT},
	{"worker.bytes", STATS_COUNT},
	{"worker.alerts", STATS_COUNT},
	{"worker.behaviour", STATS_COUNT},
	{"worker.records_lost", STATS_COUNT},
	{"worker.resets", STATS_COUNT},
	{"worker.unreachables", STATS_COUNT},
	{"worker.unreachables_held", STATS_COUNT}, /* above their rate */
	{"rx.distributed", STATS_COUNT},
	{"rx.worker_queue_full", STATS_DROP},
	{"rx.shed", STATS_DROP}, /* frames left out by an overloaded worker */
	{"rx.shed_bytes", STATS_COUNT},
	{"rx.queue_shed", STATS_DROP}, /* frames left out by the distributor before it */
	{"rx.queue_shed_bytes", STATS_COUNT},
	{"rx.packets", STATS_COUNT}, /* taken from a port or the distributor */
};

static void name_counter(struct live *live, const char *text, enum stats_kind kind)
{
	unsigned i = live->name_count;

	if (i == LIVE_COUNTERS)
		return;
	snprintf(live->name_text[i], STATS_NAME, "%.*s", STATS_NAME - 1, text);
	live->names[i] = (struct stats_name){live->name_text[i], kind};
	live->name_count++;
}

void live_name_counters(struct live *live)
{
	struct counter_set sets[PIPELINE_COUNTER_SETS];
	unsigned n = pipeline_counters(live->worker[0].pipeline, sets);
	char text[128];

	for (unsigned i = 0; i < WORKER_NAMES; i++)
		name_counter(live, worker_names[i].name, worker_names[i].kind);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < sets[i].count; k++) {
			snprintf(text, sizeof(text), "%s.%s", sets[i].stage, sets[i].names[k].name);
			name_counter(live, text, sets[i].names[k].drop ? STATS_DROP : STATS_COUNT);
		}
	}
	live->pipeline_names = live->name_count;
	for (unsigned i = 0; i < live->rx.port_count; i++) {
		const char *port = live->rx.port[i].iface[0] ? live->rx.port[i].iface
							     : live->rx.port[i].device;
		bool counts = live->rx.port[i].counts_losses || !live->rx.port[i].iface[0];

		snprintf(text, sizeof(text), "port.%s.received", port);
		name_counter(live, text, STATS_COUNT);
		snprintf(text, sizeof(text), "port.%s.missed", port);
		name_counter(live, text, counts ? STATS_DROP : STATS_DROP_ESTIMATED);
		snprintf(text, sizeof(text), "port.%s.sent", port);
		name_counter(live, text, STATS_COUNT);
	}
	name_counter(live, "rules.loaded", STATS_GAUGE);
	name_counter(live, "rules.skipped", STATS_GAUGE);
	name_counter(live, "rules.failed", STATS_GAUGE);
	name_counter(live, "rules.content", STATS_GAUGE);
	name_counter(live, "rules.reloads", STATS_COUNT);
	name_counter(live, "lists.entries", STATS_GAUGE);
	name_counter(live, "lists.loads", STATS_COUNT);
	name_counter(live, "lists.failed", STATS_COUNT);
}

void live_store_counters(struct live_worker *w)
{
	const struct pipeline_totals *totals = pipeline_totals(w->pipeline);
	struct counter_set sets[PIPELINE_COUNTER_SETS];
	unsigned n = pipeline_counters(w->pipeline, sets), at = WORKER_NAMES;
	struct stats *stats = w->live->stats;
	const uint64_t own[WORKER_NAMES] = {totals->packets,
					    totals->bytes,
					    totals->alerts,
					    totals->behaviour,
					    w->records_lost,
					    w->resets_sent,
					    w->unreachables_sent,
					    w->unreachables_held,
					    w->distributed,
					    w->undelivered,
					    w->shed,
					    w->shed_bytes,
					    w->bulk_shed,
					    w->bulk_shed_bytes,
					    w->frames};

	stats_begin(stats, w->index);
	for (unsigned i = 0; i < WORKER_NAMES; i++)
		stats_set(stats, w->index, i, own[i]);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < sets[i].count && at < w->live->pipeline_names; k++)
			stats_set(stats, w->index, at++, sets[i].values[k]);
	}
	stats_end(stats, w->index);
}

/* An estimate also counts what waits in a socket's ring: what was missing at each of the last
 * readings is lost. */
static uint64_t lasting(struct live *live, unsigned port, uint64_t missed)
{
	uint64_t *last = live->missed[port], least = missed;

	for (unsigned i = LIVE_READINGS - 1; i > 0; i--) {
		last[i] = last[i - 1];
		if (last[i] < least)
			least = last[i];
	}
	last[0] = missed;
	return least;
}

/* The main thread stores under a worker's number of its own, after the workers. */
static void store_own(struct live *live)
{
	unsigned at = live->pipeline_names, own = live->workers;
	uint64_t received = 0, missed = 0;

	stats_begin(live->stats, own);
	for (unsigned i = 0; i < live->rx.port_count; i++) {
		struct rx_losses losses;

		rx_losses(&live->rx, i, &losses);
		if (losses.estimated)
			losses.missed = lasting(live, i, losses.missed);
		received += losses.received + losses.missed;
		missed += losses.missed;
		stats_set(live->stats, own, at++, losses.received);
		stats_set(live->stats, own, at++, losses.missed);
		stats_set(live->stats, own, at++, losses.sent);
	}
	if (live->keeper)
		keeper_losses(live->keeper, received, missed);
	stats_set(live->stats, own, at++, live->rules.loaded);
	stats_set(live->stats, own, at++, live->rules.skipped);
	stats_set(live->stats, own, at++, live->rules.failed);
	stats_set(live->stats, own, at++, live->rules.content);
	stats_set(live->stats, own, at++, live->reloads);
	stats_set(live->stats, own, at++, live->lists ? lists_entries(live->lists) : 0);
	stats_set(live->stats, own, at++, live->lists_loads);
	stats_set(live->stats, own, at++, live->lists_failed);
	stats_end(live->stats, own);
}

void live_grace(struct live *live)
{
	static const struct timespec step = {0, 200000};
	uint64_t before[LIVE_WORKERS];

	for (unsigned i = 0; i < live->workers; i++)
		before[i] = atomic_load_explicit(&live->worker[i].turns, memory_order_acquire);
	for (unsigned i = 0; i < live->workers; i++) {
		for (unsigned k = 0; k < GRACE_STEPS; k++) {
			uint64_t turns =
				atomic_load_explicit(&live->worker[i].turns, memory_order_acquire);

			if (turns - before[i] >= 2)
				break;
			nanosleep(&step, NULL);
		}
	}
}

/* --- orders --- */

static void publish_resets(struct live *live, const struct live_resets *list)
{
	const struct live_resets *old = live->worker[0].next_resets;

	for (unsigned i = 0; i < live->workers; i++)
		atomic_store_explicit(&live->worker[i].next_resets, list, memory_order_release);
	live_grace(live);
	free((void *)old);
}

/* Whether both are for one host: a new order takes the place of the one before. */
static bool same_host(const struct live_reset *a, const struct live_reset *b)
{
	if (a->one_flow || b->one_flow)
		return false;
	if (a->host.has_mac && b->host.has_mac)
		return memcmp(&a->host.mac, &b->host.mac, sizeof(a->host.mac)) == 0;
	return a->host.n_ips && b->host.n_ips && ip_addr_eq(&a->host.ips[0], &b->host.ips[0]);
}

/* A new list: what is not over yet and, when given, one more, which may be over already. */
static int change_resets(struct live *live, const struct live_reset *more, uint64_t now_ns)
{
	const struct live_resets *old = live->worker[0].next_resets;
	struct live_resets *list = calloc(1, sizeof(*list));

	if (!list)
		return ERR_NOMEM;
	for (unsigned i = 0; old && i < old->count; i++) {
		if (old->reset[i].until_ns > now_ns && !(more && same_host(&old->reset[i], more)))
			list->reset[list->count++] = old->reset[i];
	}
	if (more && more->until_ns <= now_ns)
		more = NULL;
	if (more && list->count == LIVE_RESETS) {
		free(list);
		return ERR_LIMIT;
	}
	if (more)
		list->reset[list->count++] = *more;
	publish_resets(live, list);
	return ERR_OK;
}

enum { RESET_SECONDS = 10 }; /* how long sessions are reset as their packets come by */

static int order_reset(struct live *live, const struct mailbox_message *m, uint64_t now_ns,
		       struct mailbox_answer *answer)
{
	struct live_reset r = {.until_ns = now_ns + RESET_SECONDS * NS_PER_SEC};
	int rc;

	if (!live->rx.has_response) {
		snprintf(answer->sentence, sizeof(answer->sentence),
			 "no response port is configured; start banken-dataplane with --set "
			 "response-port=");
		return ERR_UNSUPPORTED;
	}
	if (m->kind == MAILBOX_RESET_HOST) {
		r.host = m->reset_host.host;
		/* A time that is past lets the host go. */
		if (m->reset_host.keep_until > r.until_ns ||
		    (m->reset_host.keep_until && m->reset_host.keep_until <= now_ns))
			r.until_ns = m->reset_host.keep_until;
	} else {
		r.one_flow = true;
		r.addr[0] = m->reset_flow.src;
		r.addr[1] = m->reset_flow.dst;
		r.port[0] = m->reset_flow.sport;
		r.port[1] = m->reset_flow.dport;
	}
	rc = change_resets(live, &r, now_ns);
	if (rc == ERR_LIMIT)
		snprintf(answer->sentence, sizeof(answer->sentence),
			 "%d resets are running already; try again in a few seconds", LIVE_RESETS);
	return rc;
}

static int obey(struct live *live, const struct mailbox_message *m, uint64_t now_ns,
		struct mailbox_answer *answer)
{
	switch (m->kind) {
	case MAILBOX_WATCH:
		return watch_start(live->watch, m, now_ns);
	case MAILBOX_UNWATCH:
		return watch_stop(live->watch, m->watch.slot);
	case MAILBOX_RESET_HOST:
	case MAILBOX_RESET_FLOW:
		return order_reset(live, m, now_ns, answer);
	case MAILBOX_RELOAD_RULES:
		return reload_begin(live, m->id, answer);
	case MAILBOX_SELF_TEST:
		return self_test_order(live, m);
	case MAILBOX_STOP:
		atomic_store(&live->stop, true);
		return ERR_OK;
	default:
		return ERR_UNSUPPORTED;
	}
}

static unsigned take_mail(struct live *live, uint64_t now_ns)
{
	struct mailbox_message m;
	unsigned n = 0;

	while (n < 16 && mailbox_next(live->mailbox, now_ns, &m)) {
		struct mailbox_answer answer = {.id = m.id};

		answer.rc = obey(live, &m, now_ns, &answer);
		/* That rules are being read is answered when they are. */
		if (m.kind != MAILBOX_RELOAD_RULES || answer.rc != ERR_OK)
			mailbox_reply(live->mailbox, &answer);
		n++;
	}
	return n;
}

static unsigned send_resets(struct live *live)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < live->workers; i++) {
		struct rte_mbuf *mbufs[LIVE_BURST];
		unsigned n = rte_ring_sc_dequeue_burst(live->worker[i].resets, (void **)mbufs,
						       LIVE_BURST, NULL);
		uint16_t sent =
			n ? rte_eth_tx_burst(live->rx.response_id, 0, mbufs, (uint16_t)n) : 0;

		if (sent < n)
			rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
		sum += n;
	}
	return sum;
}

/* A worker that stands still keeps the sign of life back: all is restarted then. */
static void tell_alive(struct live *live)
{
	uint64_t now, turns[LIVE_WORKERS];
	struct timespec ts;

	if (!live->notify.alive_every)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
	for (unsigned i = 0; i < live->workers && now >= live->notify.alive_next; i++) {
		turns[i] = atomic_load_explicit(&live->worker[i].turns, memory_order_relaxed);
		if (turns[i] == live->alive_turns[i])
			return;
	}
	if (now >= live->notify.alive_next)
		memcpy(live->alive_turns, turns, sizeof(turns[0]) * live->workers);
	notify_alive(&live->notify, now);
}

void live_control_turn(struct live *live)
{
	static const struct timespec nap = {0, TURN_SLEEP_NS},
				     short_nap = {0, TURN_SLEEP_RESETS_NS};
	const struct live_resets *resets = live->worker[0].next_resets;
	uint64_t now_ns = live_now_ns();
	unsigned busy = take_mail(live, now_ns);

	reload_turn(live);
	if (live->rx.has_response)
		busy += send_resets(live);
	if (now_ns - live->stored_ns > LIVE_STATS_MS * NS_PER_MS) {
		live->stored_ns = now_ns;
		store_own(live);
		stats_heartbeat(live->stats, now_ns);
		live_lists_look(live, now_ns);
		tell_alive(live);
		reload_look(live, now_ns);
		for (unsigned i = 0; resets && i < resets->count; i++) {
			if (resets->reset[i].until_ns <= now_ns) {
				change_resets(live, NULL, now_ns);
				break;
			}
		}
	}
	if (!busy) /* resets are waited for */
		nanosleep(resets && resets->count ? &short_nap : &nap, NULL);
}
