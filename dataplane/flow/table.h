/* The flow table's inside, shared by its two halves: the hash (table.c) and the lists by state and
 * last activity (lists.c). */
#pragma once

#include "dataplane/flow/flow.h"

enum flow_group { GROUP_TCP, GROUP_UDP, GROUP_ICMP, GROUP_OTHER, GROUP_COUNT };

enum {
	LIST_NONE = 0, /* not linked */
	LIST_BYPASSED = 1,
	LIST_FIRST = 2, /* LIST_FIRST + group * 3 + state */
	LIST_COUNT = LIST_FIRST + GROUP_COUNT * 3,
	BUCKET_SLOTS = 7,
};

enum flow_counter {
	FLOW_COUNT_TOTAL,
	FLOW_COUNT_TCP,
	FLOW_COUNT_UDP,
	FLOW_COUNT_ICMP,
	FLOW_COUNT_OTHER,
	FLOW_COUNT_TIMEOUT,
	FLOW_COUNT_TCP_REUSE,
	FLOW_COUNT_EVICTED_NEW,		/* table full: a flow of one direction gave way */
	FLOW_COUNT_EVICTED_CLOSED,	/* a closed or bypassed one */
	FLOW_COUNT_EVICTED_ESTABLISHED, /* an idle established one */
	FLOW_COUNT_FULL,		/* no flow could give way: the packet has none */
	FLOW_COUNT_NO_FLOW,		/* packets that belong to no flow */
	FLOW_COUNT_ICMP_ERROR_ALONE,	/* an ICMP error whose flow is not known */
	FLOW_COUNT_PASSED,		/* packets of bypassed flows, not decoded */
	FLOW_COUNTERS,
};

/* One cache line: the tags of seven flows and where they are. More go into the chain. */
struct flow_bucket {
	uint32_t tag[BUCKET_SLOTS];
	uint32_t index[BUCKET_SLOTS]; /* 0 = free */
	uint32_t chain;		      /* first of the overflow, by flow.next; 0 = none */
	uint32_t unused;
};

struct flow_list {
	uint32_t oldest, newest; /* 0 = empty */
	uint32_t count;
	uint32_t timeout; /* seconds */
};

struct flow_table {
	struct flow_config config;
	struct hash_key key;
	struct flow_sink sink;
	struct flow_reuse reuse;
	struct flow *flows; /* [1..max]; 0 is "none" */
	struct flow_bucket *buckets;
	uint32_t bucket_count;
	uint32_t carved; /* flows ever used: 1..carved */
	uint32_t free;	 /* chain of returned flows by flow.next */
	uint32_t used;
	uint32_t tick_list; /* where the next tick goes on */
	uint32_t idle_s;    /* the second in which it found nothing left to do */
	uint8_t wanted;	    /* of a new flow */
	uint64_t now_ns;    /* the latest packet time */
	uint64_t serial;
	struct flow_list lists[LIST_COUNT];
	uint64_t counts[FLOW_COUNTERS];
};

static inline uint32_t flow_index(const struct flow_table *t, const struct flow *f)
{
	return (uint32_t)(f - t->flows);
}

static inline uint32_t flow_seconds(uint64_t ns)
{
	return (uint32_t)(ns / NS_PER_SEC);
}

/* lists.c */
void flow_lists_init(struct flow_table *t);
void flow_list_enter(struct flow_table *t, struct flow *f, unsigned list);
void flow_list_leave(struct flow_table *t, struct flow *f);
/* The flow was seen now: it moves to the end of its list, but only when it has not for an eighth of
 * the list's time-out, so that most packets touch no neighbour. */
void flow_list_touch(struct flow_table *t, struct flow *f, uint32_t now_s);
unsigned flow_list_of(const struct flow *f);
bool flow_timed_out(const struct flow_table *t, const struct flow *f, uint32_t now_s);
/* Who gives way when the table is full; NULL when nobody may. */
struct flow *flow_list_victim(struct flow_table *t, uint32_t now_s);

/* table.c */
void flow_end(struct flow_table *t, struct flow *f, enum flow_end_reason reason);
