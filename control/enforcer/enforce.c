/* What is held and what the firewall has, kept the same. */
#include <stdlib.h>
#include <string.h>

#include "control/enforcer/enforcer.h"
#include "dataplane/base/clock.h"

enum {
	REBUILD_AGAIN_S = 5,
	FRESH_CUT_S = 15, /* a cut's drops are told often for so long */
	SLOW_TELL_S = 10, /* ... then this often */
	SLOW_BEAT_MS = 2000,
	TABLE_GROW = 4096,
	DRIFT_PAUSE_MS = 1000,
};

static void end_transaction(struct enforcer *e, bool fresh)
{
	carry_end(e->carry, ++e->token);
	for (size_t i = 0; i < e->pending_n; i++) {
		/* A rebuild covers all that waits. */
		if (fresh || e->pending[i].token == 0)
			e->pending[i].token = e->token;
	}
}

void enforce_changes(struct enforcer *e)
{
	if (e->whole || e->broken) {
		enforce_rebuild(e);
	} else if (e->changes_n || e->pending_n) {
		carry_begin(e->carry, false);
		for (size_t i = 0; i < e->changes_n; i++)
			carry_change(e->carry, e->changes[i].op, e->changes[i].host);
		end_transaction(e, false);
	}
	e->changes_n = 0;
	e->whole = false;
}

static uint32_t seconds_left(const struct enforcer *e, const struct held_cut *c)
{
	uint64_t now = loop_now(e->loop);

	if (!c->lease_expires)
		return 0;
	return c->deadline > now ? (uint32_t)((c->deadline - now) / NS_PER_SEC + 1) : 1;
}

void enforce_rebuild(struct enforcer *e)
{
	carry_begin(e->carry, true);
	for (size_t i = 0; i < held_count(e->held); i++) {
		struct held_cut *c = held_at(e->held, i);

		c->host.timeout = seconds_left(e, c);
		c->drops_before = c->drops; /* the new tables count from zero */
		carry_change(e->carry, NFT_ADD, &c->host);
	}
	end_transaction(e, true);
	e->fresh = e->token;
	e->count.rebuilt++;
}

static void confirm(struct enforcer *e, const struct pending *p)
{
	struct held_cut *c = held_find(e->held, p->id);
	struct held_answer a = {.state = p->release ? COMMAND_STATE_RELEASED : COMMAND_STATE_ACKED,
				.release = p->release};
	struct errmsg err;

	if (!p->release && !c)
		return; /* replaced or expired meanwhile */
	snprintf(a.reason, sizeof(a.reason), "%s",
		 p->release ? "no rule of it is left in nftables" : "dropped by nftables");
	if (c) {
		c->confirmed = true;
		/* A fresh cut is counted at once. */
		loop_timer_set(e->loop, &e->beat, e->settings.report_ms * NS_PER_MS);
	}
	if (held_remember(e->held, p->id, &a, loop_wall(e->loop) + NS_PER_DAY, &err) < 0)
		log_error(&e->log, "%s", err.text);
	orders_tell(e, p->id, &a, c);
}

/* Everything that waits for a transaction up to `token`. */
static void settle(struct enforcer *e, uint64_t token, const char *failed)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->pending_n; i++) {
		struct pending *p = &e->pending[i];
		struct held_answer a = {.state = COMMAND_STATE_FAILED};

		if (p->token > token || p->token == 0) {
			e->pending[kept++] = *p;
			continue;
		}
		if (!failed) {
			confirm(e, p);
			continue;
		}
		/* It is held, and will be enforced when the firewall takes it. */
		snprintf(a.reason, sizeof(a.reason), "%.255s", failed);
		if (!p->told_failed)
			orders_tell(e, p->id, &a, NULL);
		p->told_failed = true;
		e->pending[kept] = *p;
		e->pending[kept++].token = 0;
	}
	e->pending_n = kept;
}

static void rebuild_later(void *ctx)
{
	enforce_rebuild(ctx);
}

static void done(void *ctx, uint64_t token, bool ok, const char *sentence)
{
	struct enforcer *e = ctx;
	bool was_fresh = token == e->fresh;

	if (was_fresh)
		e->fresh = 0;
	if (ok) {
		if (was_fresh && e->broken)
			log_info(&e->log, "nftables has everything again");
		e->broken = e->broken && !was_fresh;
		settle(e, token, NULL);
		return;
	}
	snprintf(e->trouble, sizeof(e->trouble), "%.255s", sentence);
	if (!was_fresh && !e->fresh) {
		/* The tables were not as expected (an element ran out, somebody flushed them). */
		log_warn(&e->log, "%s; the tables are laid anew", sentence);
		enforce_rebuild(e);
	} else if (was_fresh) {
		log_error(&e->log, "nftables does not take the tables: %s", sentence);
		e->broken = true;
		settle(e, token, sentence);
		loop_timer_set(e->loop, &e->rebuild, REBUILD_AGAIN_S * NS_PER_SEC);
	}
}

/* ---- counters ---- */

static int compare_counts(const void *a, const void *b)
{
	const struct nft_count *x = a, *y = b;
	int rc = (int)x->is_mac - (int)y->is_mac;

	if (rc == 0)
		rc = x->is_mac ? memcmp(&x->mac, &y->mac, sizeof(x->mac))
			       : ip_addr_cmp(&x->ip, &y->ip);
	return rc;
}

/* The sum over the families; they lie side by side after sorting. */
static uint64_t packets_of(const struct enforcer *e, const struct nft_count *key)
{
	const struct nft_count *hit =
		bsearch(key, e->counts, e->counts_n, sizeof(*key), compare_counts);
	uint64_t sum = 0;

	if (!hit)
		return 0;
	while (hit > e->counts && compare_counts(hit - 1, key) == 0)
		hit--;
	for (; hit < e->counts + e->counts_n && compare_counts(hit, key) == 0; hit++)
		sum += hit->packets;
	return sum;
}

static uint64_t drops_of(const struct enforcer *e, const struct nft_host *h)
{
	struct nft_count key = {.is_mac = true, .mac = h->mac};
	uint64_t sum = mac_addr_is_zero(&h->mac) ? 0 : packets_of(e, &key);

	for (unsigned i = 0; i < h->ips_n; i++) {
		key = (struct nft_count){.ip = h->ips[i]};
		sum += packets_of(e, &key);
	}
	return sum;
}

/* Drop counts may be lost on the way: the next one says the same and more. */
static void tell_drops(struct enforcer *e, struct held_cut *c)
{
	struct message m = {.kind = MESSAGE_STATUS};
	uint64_t now = loop_now(e->loop);
	uint64_t every = now - c->since < FRESH_CUT_S * NS_PER_SEC ? 0 : SLOW_TELL_S * NS_PER_SEC;
	struct slice payload;

	if (!c->confirmed || c->drops == c->drops_told || now - c->told_at < every)
		return;
	m.status = (struct command_status){.command_id = c->id,
					   .state = COMMAND_STATE_ACKED,
					   .time = loop_wall(e->loop),
					   .actor = tls_keys_identity(e->keys)->name,
					   .reason = "drops counted",
					   .method = "enforcer",
					   .drops = c->drops};
	if (message_encode(&m, &payload, NULL) < 0)
		return;
	if (link_send_passing(e->link, payload)) {
		c->drops_told = c->drops;
		c->told_at = now;
	}
	payload_free(&payload);
}

static bool keep_counts(struct enforcer *e, const struct nft_count *c, size_t n)
{
	if (e->counts_n + n > e->counts_cap) {
		size_t cap = e->counts_n + n + TABLE_GROW;
		struct nft_count *more = realloc(e->counts, cap * sizeof(*more));

		if (!more)
			return false;
		e->counts = more;
		e->counts_cap = cap;
	}
	memcpy(e->counts + e->counts_n, c, n * sizeof(*c));
	e->counts_n += n;
	return true;
}

static void counted(struct enforcer *e)
{
	qsort(e->counts, e->counts_n, sizeof(*e->counts), compare_counts);
	for (size_t i = 0; i < held_count(e->held); i++) {
		struct held_cut *c = held_at(e->held, i);
		uint64_t drops = c->drops_before + drops_of(e, &c->host);

		if (drops > c->drops)
			c->drops = drops;
		tell_drops(e, c);
	}
}

/* Somebody took our tables away: what is held must stand. At once the first time, then with a
 * pause, so that two who fight over a firewall do not burn its processor. */
static void on_drift(struct enforcer *e, const char *wrong)
{
	uint64_t now = loop_now(e->loop);

	if (e->fresh || e->broken || (e->drifted && now - e->drifted < DRIFT_PAUSE_MS * NS_PER_MS))
		return;
	e->drifted = now;
	e->count.drift++;
	log_warn(&e->log, "%s: the tables are laid anew", wrong);
	enforce_rebuild(e);
}

static void counts(void *ctx, const struct nft_count *c, size_t n, bool last, const char *wrong)
{
	struct enforcer *e = ctx;

	if (wrong) {
		e->counts_n = 0;
		on_drift(e, wrong);
		return;
	}
	if (n && !keep_counts(e, c, n))
		return;
	if (last) {
		/* A count that began before a rebuild says nothing of the new tables. */
		if (!e->fresh && e->counts_n)
			counted(e);
		e->counts_n = 0;
	}
}

static void restarted(void *ctx)
{
	struct enforcer *e = ctx;

	log_warn(&e->log, "the nftables helper crashed and runs again");
	enforce_rebuild(e);
}

static void lost(void *ctx)
{
	struct enforcer *e = ctx;

	log_error(&e->log, "the nftables helper is gone; stopped to be started anew");
	loop_stop(e->loop);
}

struct carry_ops enforce_ops(struct enforcer *e)
{
	return (struct carry_ops){done, counts, restarted, lost, e};
}

/* ---- time ---- */

static void expire(struct enforcer *e)
{
	uint64_t now = loop_now(e->loop);

	for (size_t i = 0; i < held_count(e->held);) {
		struct held_cut c = *held_at(e->held, i);
		struct held_answer a = {.state = COMMAND_STATE_EXPIRED,
					.reason = "its lease is over"};
		struct errmsg err;

		if (!c.lease_expires || now < c.deadline) {
			i++;
			continue;
		}
		/* nftables let its elements go by itself; a rest is taken out with a rebuild. */
		if (held_remove(e->held, c.id, &err) < 0) {
			log_error(&e->log, "%s", err.text);
			return;
		}
		e->count.expired++;
		held_remember(e->held, c.id, &a, loop_wall(e->loop) + NS_PER_DAY, NULL);
		orders_tell(e, c.id, &a, &c);
		enforce_rebuild(e);
	}
}

static void enforce_beat(void *ctx)
{
	struct enforcer *e = ctx;
	uint64_t now = loop_now(e->loop), next = SLOW_BEAT_MS;

	expire(e);
	held_forget_old(e->held, loop_wall(e->loop));
	if (held_count(e->held))
		carry_ask_counts(e->carry);
	for (size_t i = 0; i < held_count(e->held); i++) {
		if (now - held_at(e->held, i)->since < FRESH_CUT_S * NS_PER_SEC)
			next = e->settings.report_ms;
	}
	loop_timer_set(e->loop, &e->beat, next * NS_PER_MS);
}

static void under_way(void *ctx, const char *id, bool release)
{
	orders_await(ctx, id, release);
}

int enforce_take_up(struct enforcer *e, struct errmsg *err)
{
	int rc = held_under_way(e->held, under_way, e, err);

	for (size_t i = 0; i < held_count(e->held); i++) {
		struct held_cut *c = held_at(e->held, i);
		struct held_answer a;

		c->confirmed = held_known(e->held, c->id, &a) && a.state == COMMAND_STATE_ACKED;
	}
	e->rebuild = (struct loop_timer){.fn = rebuild_later, .ctx = e};
	e->beat = (struct loop_timer){.fn = enforce_beat, .ctx = e};
	enforce_rebuild(e);
	enforce_beat(e);
	return rc;
}
