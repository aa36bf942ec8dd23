#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/base/limits.h"
#include "dataplane/flow/key.h"
#include "dataplane/flow/table.h"

#if defined(__SANITIZE_ADDRESS__)
#define FLOW_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLOW_ASAN 1
#endif
#endif
#ifdef FLOW_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n)   ((void)(p))
#define UNPOISON(p, n) ((void)(p))
#endif

const struct flow_config flow_config_default = {
	.max = LIMIT_FLOWS,
	.use_vlan = true,
	.timeout_tcp = {60, 600, 60},
	.timeout_udp = {30, 300, 0},
	.timeout_icmp = {30, 300, 0},
	.timeout_other = {30, 300, 0},
	.timeout_bypassed = 600, /* as established TCP: its end is still to be seen */
};

static const struct counter_name names[FLOW_COUNTERS] = {
	[FLOW_COUNT_TOTAL] = {"total", false},
	[FLOW_COUNT_TCP] = {"tcp", false},
	[FLOW_COUNT_UDP] = {"udp", false},
	[FLOW_COUNT_ICMP] = {"icmp", false},
	[FLOW_COUNT_OTHER] = {"other", false},
	[FLOW_COUNT_TIMEOUT] = {"timeout", false},
	[FLOW_COUNT_TCP_REUSE] = {"tcp_reuse", false},
	[FLOW_COUNT_EVICTED_NEW] = {"evicted_new", false},
	[FLOW_COUNT_EVICTED_CLOSED] = {"evicted_closed", false},
	[FLOW_COUNT_EVICTED_ESTABLISHED] = {"evicted_established", false},
	[FLOW_COUNT_FULL] = {"full", false},
	[FLOW_COUNT_NO_FLOW] = {"none", false},
	[FLOW_COUNT_ICMP_ERROR_ALONE] = {"icmp_error_alone", false},
	[FLOW_COUNT_PASSED] = {"passed", false},
};

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static size_t flows_bytes(const struct flow_table *t)
{
	return ((size_t)t->config.max + 1) * sizeof(struct flow);
}

static size_t buckets_bytes(const struct flow_table *t)
{
	return (size_t)t->bucket_count * sizeof(struct flow_bucket);
}

struct flow_table *flow_table_new(const struct flow_config *config, struct hash_key key,
				  const struct flow_sink *sink)
{
	struct flow_table *t;

	if (config->max == 0 || config->max > 1u << 28)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->config = *config;
	t->key = key;
	t->sink = *sink;
	t->wanted = FLOW_WANT_ALL;
	/* four flows a bucket of seven slots when the table is full */
	t->bucket_count = config->max / 4 + 1;
	t->flows = reserve(flows_bytes(t));
	t->buckets = reserve(buckets_bytes(t));
	if (t->buckets != NULL) /* traffic touches them all soon: not while packets wait */
		madvise(t->buckets, buckets_bytes(t), MADV_POPULATE_WRITE);
	if (!t->flows || !t->buckets) {
		if (t->flows)
			munmap(t->flows, flows_bytes(t));
		free(t);
		return NULL;
	}
	flow_lists_init(t);
	return t;
}

void flow_table_warm(struct flow_table *t, unsigned flows)
{
	if (flows > t->config.max)
		flows = t->config.max;
	madvise(t->flows, (flows + 1) * sizeof(struct flow), MADV_POPULATE_WRITE);
}

void flow_table_end_all(struct flow_table *t, uint64_t now_ns)
{
	if (now_ns > t->now_ns)
		t->now_ns = now_ns;
	for (unsigned l = LIST_BYPASSED; l < LIST_COUNT; l++) {
		while (t->lists[l].oldest)
			flow_end(t, &t->flows[t->lists[l].oldest], FLOW_END_SHUTDOWN);
	}
}

void flow_table_delete(struct flow_table *t)
{
	if (!t)
		return;
	flow_table_end_all(t, t->now_ns);
	UNPOISON(t->flows, flows_bytes(t));
	munmap(t->flows, flows_bytes(t));
	munmap(t->buckets, buckets_bytes(t));
	free(t);
}

void flow_table_want(struct flow_table *t, uint8_t wanted)
{
	t->wanted = wanted;
}

void flow_table_set_reuse(struct flow_table *t, const struct flow_reuse *reuse)
{
	t->reuse = *reuse;
}

static inline struct flow_bucket *bucket_of(const struct flow_table *t, uint32_t hash)
{
	return &t->buckets[(uint64_t)hash * t->bucket_count >> 32];
}

static struct flow *bucket_find(const struct flow_table *t, const struct flow_bucket *b,
				uint32_t hash, const struct flow_key *key)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (b->tag[i] == hash && b->index[i] &&
		    flow_key_eq(&t->flows[b->index[i]].key, key))
			return &t->flows[b->index[i]];
	}
	for (uint32_t i = b->chain; i; i = t->flows[i].next) {
		if (t->flows[i].hash == hash && flow_key_eq(&t->flows[i].key, key))
			return &t->flows[i];
	}
	return NULL;
}

static void bucket_add(struct flow_table *t, struct flow *f)
{
	struct flow_bucket *b = bucket_of(t, f->hash);

	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (!b->index[i]) {
			b->tag[i] = f->hash;
			b->index[i] = flow_index(t, f);
			return;
		}
	}
	f->next = b->chain;
	b->chain = flow_index(t, f);
}

static void bucket_remove(struct flow_table *t, struct flow *f)
{
	struct flow_bucket *b = bucket_of(t, f->hash);
	uint32_t index = flow_index(t, f), *link = &b->chain;

	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (b->index[i] != index)
			continue;
		b->index[i] = b->chain;
		if (b->chain) {
			struct flow *up = &t->flows[b->chain];

			b->tag[i] = up->hash;
			b->chain = up->next;
			up->next = 0;
		}
		return;
	}
	while (*link && *link != index)
		link = &t->flows[*link].next;
	if (*link)
		*link = f->next;
	f->next = 0;
}

void flow_end(struct flow_table *t, struct flow *f, enum flow_end_reason reason)
{
	/* Those behind it in its list are likely to be next. */
	__builtin_prefetch(bucket_of(t, t->flows[f->newer].hash));
	__builtin_prefetch(t->flows[t->flows[f->newer].newer].mac);
	bucket_remove(t, f);
	flow_list_leave(t, f);
	f->end_reason = (uint8_t)reason;
	f->end_state = f->state;
	if (reason == FLOW_END_TIMEOUT)
		t->counts[FLOW_COUNT_TIMEOUT]++;
	t->sink.end(t->sink.ctx, f, t->now_ns);
	t->used--;
	f->next = t->free;
	t->free = flow_index(t, f);
	POISON(f, offsetof(struct flow, next));
}

/* The one that is taken next has been out of use for long. */
static void fetch_next(const struct flow_table *t)
{
	const char *next = (const char *)&t->flows[t->free];

	__builtin_prefetch(next, 1);
	__builtin_prefetch(next + 64, 1);
	__builtin_prefetch(next + 128, 1);
}

static struct flow *take(struct flow_table *t)
{
	struct flow *f;

	if (!t->free && t->carved == t->config.max) {
		f = flow_list_victim(t, flow_seconds(t->now_ns));
		if (!f) {
			t->counts[FLOW_COUNT_FULL]++;
			return NULL;
		}
		flow_end(t, f, FLOW_END_FORCED);
	}
	if (t->free) {
		f = &t->flows[t->free];
		t->free = f->next;
		UNPOISON(f, sizeof(*f));
		memset(f, 0, sizeof(*f));
		fetch_next(t);
	} else {
		f = &t->flows[++t->carved];
	}
	t->used++;
	return f;
}

static void count_new(struct flow_table *t, const struct flow *f)
{
	static const uint8_t by_group[GROUP_COUNT] = {FLOW_COUNT_TCP, FLOW_COUNT_UDP,
						      FLOW_COUNT_ICMP, FLOW_COUNT_OTHER};

	t->counts[FLOW_COUNT_TOTAL]++;
	t->counts[by_group[(f->list - LIST_FIRST) / 3]]++;
}

static struct flow *open_flow(struct flow_table *t, const struct packet *p,
			      const struct flow_key *key, uint32_t hash)
{
	struct flow *f = take(t);

	if (!f)
		return NULL;
	f->key = *key;
	f->hash = hash;
	f->wanted = t->wanted;
	f->ip_version = p->ip_version;
	f->start_ns = f->last_ns = p->now_ns;
	f->queued_s = flow_seconds(p->now_ns);
	f->id = (++t->serial & ((1ULL << 40) - 1)) | (t->key.k0 & 0x3ff) << 40;
	bucket_add(t, f);
	flow_list_enter(t, f, flow_list_of(f));
	count_new(t, f);
	return f;
}

/* As Suricata decides: by ports, and by addresses when the ports are equal. An ICMP error comes
 * from anywhere: only the client's own is to the server. */
static enum dir direction(const struct flow *f, const struct packet *p)
{
	switch (p->ip_proto) {
	case IP_PROTO_TCP:
	case IP_PROTO_UDP:
	case IP_PROTO_SCTP:
		if (p->sport != p->dport)
			return f->key.port[0] == p->sport ? DIR_TS : DIR_TC;
		return ip_addr_eq(&f->key.addr[0], &p->src) ? DIR_TS : DIR_TC;
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return ip_addr_eq(&f->key.addr[0], &p->src) ? DIR_TS : DIR_TC;
	default:
		return DIR_TS;
	}
}

static void account(struct flow *f, const struct packet *p)
{
	enum dir d = p->dir;

	f->packets[d]++;
	f->bytes[d] += p->wire_len;
	if (f->packets[d] == 1 && p->has_mac)
		f->mac[d] = p->src_mac;
	if (p->ttl < f->ttl_min[d] || f->packets[d] == 1)
		f->ttl_min[d] = p->ttl;
	if (p->ttl > f->ttl_max[d])
		f->ttl_max[d] = p->ttl;
	if (p->ip_proto == IP_PROTO_TCP)
		f->tcp_flags[d] |= p->tcp.flags;
	else if (f->packets[d] == 1 && p->ip_proto == f->key.ip_proto)
		f->icmp_code[d] = p->icmp.code;
	if (!flow_icmp_is_error(p))
		f->flags |= d == DIR_TS ? FLOW_TS_SEEN : FLOW_TC_SEEN;
}

/* TCP's state is stream's to decide; the others are established once both have spoken. */
static void update_state(struct flow_table *t, struct flow *f, struct packet *p)
{
	const uint16_t both = FLOW_TS_SEEN | FLOW_TC_SEEN;

	if (f->state == FLOW_NEW && f->key.ip_proto != IP_PROTO_TCP && (f->flags & both) == both)
		flow_set_state(t, f, FLOW_ESTABLISHED);
	if (f->state != FLOW_NEW)
		p->flags |= PACKET_ESTABLISHED;
}

static struct flow *find(struct flow_table *t, const struct packet *p, const struct flow_key *key,
			 uint32_t hash)
{
	struct flow *f = bucket_find(t, bucket_of(t, hash), hash, key);

	if (!f)
		return NULL;
	if (flow_timed_out(t, f, flow_seconds(p->now_ns))) {
		flow_end(t, f, FLOW_END_TIMEOUT);
		return NULL;
	}
	if (p->ip_proto == IP_PROTO_TCP && t->reuse.opens_new &&
	    t->reuse.opens_new(t->reuse.ctx, f, p)) {
		t->counts[FLOW_COUNT_TCP_REUSE]++;
		flow_end(t, f, FLOW_END_CLOSED);
		return NULL;
	}
	return f;
}

struct flow *flow_of_packet(struct flow_table *t, struct packet *p)
{
	struct flow_key key;
	struct flow *f;
	uint32_t hash;

	if (p->now_ns > t->now_ns)
		t->now_ns = p->now_ns;
	if (!flow_key_of_packet(p, t->config.use_vlan, &key)) {
		t->counts[FLOW_COUNT_NO_FLOW]++;
		return NULL;
	}
	hash = p->flow_hash ? p->flow_hash : flow_key_hash(&key, &t->key);
	f = find(t, p, &key, hash);
	if (!f) {
		if (flow_icmp_is_error(p)) {
			t->counts[FLOW_COUNT_ICMP_ERROR_ALONE]++;
			return NULL;
		}
		f = open_flow(t, p, &key, hash);
		if (!f)
			return NULL;
	}
	p->flow = f;
	p->dir = direction(f, p);
	if (p->now_ns > f->last_ns)
		f->last_ns = p->now_ns;
	flow_list_touch(t, f, flow_seconds(t->now_ns));
	account(f, p);
	update_state(t, f, p);
	return f;
}

uint32_t flow_hash(const struct flow_table *t, const struct packet *p)
{
	struct flow_key key;

	if (!flow_key_of_packet(p, t->config.use_vlan, &key))
		return 0;
	return flow_key_hash(&key, &t->key);
}

void flow_prefetch(const struct flow_table *t, uint32_t hash)
{
	__builtin_prefetch(bucket_of(t, hash));
}

const struct flow *flow_guess(const struct flow_table *t, uint32_t hash)
{
	const struct flow_bucket *b = bucket_of(t, hash);

	for (unsigned i = 0; i < BUCKET_SLOTS; i++) {
		if (b->tag[i] == hash && b->index[i]) {
			const struct flow *f = &t->flows[b->index[i]];

			__builtin_prefetch(f);
			__builtin_prefetch((const char *)f + 64);
			return f;
		}
	}
	return NULL;
}

void flow_set_state(struct flow_table *t, struct flow *f, enum flow_state state)
{
	bool linked = f->list != LIST_NONE;

	if (f->state == state)
		return;
	if (linked)
		flow_list_leave(t, f);
	f->state = (uint8_t)state;
	if (linked) {
		f->queued_s = flow_seconds(t->now_ns);
		flow_list_enter(t, f, flow_list_of(f));
	}
}

static void swap_bytes(void *a, void *b, size_t n)
{
	uint8_t tmp[16];

	memcpy(tmp, a, n);
	memcpy(a, b, n);
	memcpy(b, tmp, n);
}

#define SWAP_PAIR(pair) swap_bytes(&(pair)[0], &(pair)[1], sizeof((pair)[0]))

static uint16_t swap_flags(uint16_t flags, uint16_t a, uint16_t b)
{
	uint16_t out = flags & (uint16_t) ~(a | b);

	if (flags & a)
		out |= b;
	if (flags & b)
		out |= a;
	return out;
}

void flow_reverse(struct flow *f)
{
	SWAP_PAIR(f->key.addr);
	SWAP_PAIR(f->key.port);
	SWAP_PAIR(f->packets);
	SWAP_PAIR(f->bytes);
	SWAP_PAIR(f->mac);
	SWAP_PAIR(f->tcp_flags);
	SWAP_PAIR(f->ttl_min);
	SWAP_PAIR(f->ttl_max);
	f->flags = swap_flags(f->flags, FLOW_TS_SEEN, FLOW_TC_SEEN);
	f->flags = swap_flags(f->flags, FLOW_APP_FAILED_TS, FLOW_APP_FAILED_TC);
	f->flags ^= FLOW_REVERSED;
}

unsigned flow_count(const struct flow_table *t)
{
	return t->used;
}

unsigned flow_max(const struct flow_table *t)
{
	return t->config.max;
}

size_t flow_table_bytes(const struct flow_table *t)
{
	return (size_t)(t->carved + 1) * sizeof(struct flow) + buckets_bytes(t);
}

struct counter_set flow_counters(const struct flow_table *t)
{
	return (struct counter_set){"flow", names, t->counts, FLOW_COUNTERS};
}
