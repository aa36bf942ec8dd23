/* Time-outs and eviction. Each group of protocols has one list a state, the longest untouched in
 * front. A packet moves its flow only now and then (flow_list_touch), so a list is ordered by the
 * time of the last move, which lies at most an eighth of the time-out before the last packet. */
#include "dataplane/flow/table.h"

enum {
	TICK_WORK = 64, /* flows looked at in one tick */
	EVICT_IDLE_SECONDS =
		30, /* an established flow that silent may give way, the oldest first */
};

static unsigned group_of(uint8_t ip_proto)
{
	switch (ip_proto) {
	case IP_PROTO_TCP:
		return GROUP_TCP;
	case IP_PROTO_UDP:
		return GROUP_UDP;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return GROUP_ICMP;
	default:
		return GROUP_OTHER;
	}
}

unsigned flow_list_of(const struct flow *f)
{
	if (f->state == FLOW_BYPASSED)
		return LIST_BYPASSED;
	return LIST_FIRST + group_of(f->key.ip_proto) * 3 + f->state;
}

void flow_lists_init(struct flow_table *t)
{
	const struct flow_config *c = &t->config;

	for (unsigned state = 0; state < 3; state++) {
		t->lists[LIST_FIRST + GROUP_TCP * 3 + state].timeout = c->timeout_tcp[state];
		t->lists[LIST_FIRST + GROUP_UDP * 3 + state].timeout = c->timeout_udp[state];
		t->lists[LIST_FIRST + GROUP_ICMP * 3 + state].timeout = c->timeout_icmp[state];
		t->lists[LIST_FIRST + GROUP_OTHER * 3 + state].timeout = c->timeout_other[state];
	}
	t->lists[LIST_BYPASSED].timeout = c->timeout_bypassed;
	t->tick_list = LIST_BYPASSED;
}

void flow_list_enter(struct flow_table *t, struct flow *f, unsigned list)
{
	struct flow_list *l = &t->lists[list];
	uint32_t i = flow_index(t, f);

	f->list = (uint8_t)list;
	f->older = l->newest;
	f->newer = 0;
	if (l->newest)
		t->flows[l->newest].newer = i;
	else
		l->oldest = i;
	l->newest = i;
	l->count++;
}

void flow_list_leave(struct flow_table *t, struct flow *f)
{
	struct flow_list *l = &t->lists[f->list];

	if (f->list == LIST_NONE)
		return;
	if (f->older)
		t->flows[f->older].newer = f->newer;
	else
		l->oldest = f->newer;
	if (f->newer)
		t->flows[f->newer].older = f->older;
	else
		l->newest = f->older;
	l->count--;
	f->list = LIST_NONE;
}

static void requeue(struct flow_table *t, struct flow *f, uint32_t now_s)
{
	unsigned list = f->list;

	flow_list_leave(t, f);
	f->queued_s = now_s;
	flow_list_enter(t, f, list);
}

void flow_list_touch(struct flow_table *t, struct flow *f, uint32_t now_s)
{
	if (f->list != LIST_NONE && now_s > f->queued_s &&
	    now_s - f->queued_s > t->lists[f->list].timeout / 8)
		requeue(t, f, now_s);
}

bool flow_timed_out(const struct flow_table *t, const struct flow *f, uint32_t now_s)
{
	uint64_t last = flow_seconds(f->last_ns);

	return last + t->lists[f->list].timeout < now_s;
}

/* Looks at the front of one list; false when nothing is left to do there. */
static bool tick_one(struct flow_table *t, struct flow_list *l, uint32_t now_s)
{
	struct flow *f;

	if (!l->oldest)
		return false;
	f = &t->flows[l->oldest];
	if ((uint64_t)f->queued_s + l->timeout >= now_s)
		return false;
	if (flow_timed_out(t, f, now_s))
		flow_end(t, f, FLOW_END_TIMEOUT);
	else
		requeue(t, f, flow_seconds(f->last_ns));
	return true;
}

void flow_tick(struct flow_table *t, uint64_t now_ns)
{
	uint32_t now_s = flow_seconds(now_ns);
	unsigned work = 0, idle = 0;

	if (now_ns > t->now_ns)
		t->now_ns = now_ns;
	/* Whatever is due is due by seconds. */
	if (now_s == t->idle_s)
		return;
	while (work < TICK_WORK && idle < LIST_COUNT - 1) {
		if (tick_one(t, &t->lists[t->tick_list], now_s)) {
			work++;
			idle = 0;
			continue;
		}
		idle++;
		if (++t->tick_list == LIST_COUNT)
			t->tick_list = LIST_BYPASSED;
	}
	if (idle == LIST_COUNT - 1)
		t->idle_s = now_s;
}

static struct flow *oldest_of(struct flow_table *t, unsigned list)
{
	return t->lists[list].oldest ? &t->flows[t->lists[list].oldest] : NULL;
}

/* The longest list of a state over the groups: a flood evicts itself. */
static unsigned longest(const struct flow_table *t, unsigned state)
{
	unsigned best = LIST_FIRST + state;

	for (unsigned g = 1; g < GROUP_COUNT; g++) {
		unsigned list = LIST_FIRST + g * 3 + state;

		if (t->lists[list].count > t->lists[best].count)
			best = list;
	}
	return best;
}

/* Closed and bypassed flows have nothing left to lose. Then those that have seen one direction
 * only, which is all that a flood of forged packets can make. Established ones go only when they
 * have been silent, other protocols before TCP. */
struct flow *flow_list_victim(struct flow_table *t, uint32_t now_s)
{
	static const uint8_t established[] = {GROUP_OTHER, GROUP_ICMP, GROUP_UDP, GROUP_TCP};
	struct flow *f = oldest_of(t, longest(t, FLOW_CLOSED));

	if (f) {
		t->counts[FLOW_COUNT_EVICTED_CLOSED]++;
		return f;
	}
	f = oldest_of(t, longest(t, FLOW_NEW));
	if (f) {
		t->counts[FLOW_COUNT_EVICTED_NEW]++;
		return f;
	}
	f = oldest_of(t, LIST_BYPASSED);
	for (unsigned i = 0; !f && i < ARRAY_SIZE(established); i++) {
		f = oldest_of(t, LIST_FIRST + established[i] * 3 + FLOW_ESTABLISHED);
		if (f && (uint64_t)flow_seconds(f->last_ns) + EVICT_IDLE_SECONDS >= now_s) {
			if (now_s > f->queued_s)
				requeue(t, f, now_s);
			f = NULL;
		}
	}
	if (f)
		t->counts[FLOW_COUNT_EVICTED_ESTABLISHED]++;
	return f;
}
