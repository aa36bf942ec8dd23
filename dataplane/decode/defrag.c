#include "dataplane/decode/defrag.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/limits.h"
#include "dataplane/decode/events.h"
#include "dataplane/decode/overlap.h"

enum {
	BUCKETS = LIMIT_DEFRAG_TRACKERS,
	DATAGRAM_MAX = 65535,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	FRAGMENTS_FIRST = 8, /* room for pointers that a tracker begins with */
};

/* clang-format off */
#define DEFRAG_COUNTERS(X) \
	X(FRAGMENTS_IPV4, "ipv4.fragments") \
	X(REASSEMBLED_IPV4, "ipv4.reassembled") \
	X(FRAGMENTS_IPV6, "ipv6.fragments") \
	X(REASSEMBLED_IPV6, "ipv6.reassembled") \
	X(TRACKERS, "trackers") \
	X(TIMED_OUT, "timed_out") \
	X(EVICTED, "evicted") \
	X(FRAGMENT_LIMIT, "fragments") \
	X(PER_DATAGRAM, "per_datagram") \
	X(MEMORY, "memory") \
	X(TOO_LARGE, "too_large") \
	X(OVERLAPS, "overlaps")
/* clang-format on */

enum defrag_counter {
#define DEFRAG_COUNTER_ENUM(id, name) DEFRAG_COUNT_##id,
	DEFRAG_COUNTERS(DEFRAG_COUNTER_ENUM)
#undef DEFRAG_COUNTER_ENUM
		DEFRAG_COUNT
};

static const struct counter_name names[DEFRAG_COUNT] = {
#define DEFRAG_COUNTER_NAME(id, text) {text, false},
	DEFRAG_COUNTERS(DEFRAG_COUNTER_NAME)
#undef DEFRAG_COUNTER_NAME
};

/* A datagram's name: the addresses in either order, as a reply may share the tracker. */
struct defrag_key {
	struct ip_addr low, high;
	uint32_t id;
	uint16_t vlan[PACKET_VLANS];
	uint8_t proto, version;
	uint8_t zero[4]; /* whole words for the hash */
};
_Static_assert(sizeof(struct defrag_key) == 48,
	       "no padding: the key is hashed and compared as bytes");

struct tracker {
	struct tracker *chain; /* of its bucket */
	struct tracker *older, *newer;
	struct defrag_key key;
	uint64_t expires_ns;
	struct fragment **fragments; /* sorted by offset, equal ones in order of arrival */
	uint32_t count, room;
	uint32_t reach; /* no fragment ends behind it */
	bool seen_last;
	uint8_t policy; /* enum defrag_policy */
};

struct defrag {
	const struct decode_config *config;
	struct slab *slab;
	struct hash_key hash_key;
	struct tracker *oldest, *newest;
	uint32_t trackers, fragments;
	size_t bytes; /* of all fragments */
	uint64_t counters[DEFRAG_COUNT];
	struct tracker *buckets[BUCKETS];
};

struct defrag *defrag_new(const struct decode_config *config, struct slab *slab)
{
	struct defrag *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->config = config;
	d->slab = slab;
	d->hash_key = hash_key_random();
	return d;
}

static uint32_t bucket_of(const struct defrag *d, const struct defrag_key *key)
{
	uint64_t words[sizeof(*key) / 8];

	memcpy(words, key, sizeof(words));
	return (uint32_t)hash_words(&d->hash_key, words, ARRAY_SIZE(words)) % BUCKETS;
}

static size_t fragment_size(const struct fragment *f)
{
	return sizeof(*f) + f->header_len + f->len;
}

static void fragment_free(struct defrag *d, struct fragment *f)
{
	d->fragments--;
	d->bytes -= fragment_size(f);
	slab_free(d->slab, f, fragment_size(f));
}

static void unlink_tracker(struct defrag *d, struct tracker *t)
{
	struct tracker **at = &d->buckets[bucket_of(d, &t->key)];

	while (*at != t)
		at = &(*at)->chain;
	*at = t->chain;
	*(t->older ? &t->older->newer : &d->oldest) = t->newer;
	*(t->newer ? &t->newer->older : &d->newest) = t->older;
}

static void tracker_free(struct defrag *d, struct tracker *t)
{
	unlink_tracker(d, t);
	for (uint32_t i = 0; i < t->count; i++)
		fragment_free(d, t->fragments[i]);
	slab_free(d->slab, t->fragments, t->room * sizeof(*t->fragments));
	slab_free(d->slab, t, sizeof(*t));
	d->trackers--;
}

void defrag_delete(struct defrag *d)
{
	while (d->oldest)
		tracker_free(d, d->oldest);
	free(d);
}

void defrag_tick(struct defrag *d, uint64_t now_ns)
{
	for (unsigned i = 0; i < LIMIT_DEFRAG_TICK; i++) {
		if (!d->oldest || d->oldest->expires_ns > now_ns)
			return;
		d->counters[DEFRAG_COUNT_TIMED_OUT]++;
		tracker_free(d, d->oldest);
	}
}

static void make_newest(struct defrag *d, struct tracker *t)
{
	t->older = d->newest;
	t->newer = NULL;
	*(d->newest ? &d->newest->newer : &d->oldest) = t;
	d->newest = t;
}

/* One more fragment was seen: the tracker lives on. */
static void refresh(struct defrag *d, struct tracker *t, uint64_t now_ns)
{
	t->expires_ns = now_ns + LIMIT_DEFRAG_SECONDS * NS_PER_SEC;
	if (d->newest == t)
		return;
	*(t->older ? &t->older->newer : &d->oldest) = t->newer;
	t->newer->older = t->older;
	make_newest(d, t);
}

static struct defrag_key key_of(const struct packet *p, const struct fragment_in *in)
{
	bool ordered = ip_addr_cmp(&p->src, &p->dst) <= 0;
	struct defrag_key key = {
		.low = ordered ? p->src : p->dst,
		.high = ordered ? p->dst : p->src,
		.id = in->id,
		.proto = in->proto,
		.version = p->ip_version,
	};

	memcpy(key.vlan, p->vlan, sizeof(key.vlan));
	return key;
}

/* By the receiver: the longest prefix that holds it. */
static enum defrag_policy policy_of(const struct decode_config *config, const struct packet *p)
{
	enum defrag_policy policy = p->ip_version == 4 ? config->defrag_ipv4 : config->defrag_ipv6;
	int longest = -1;

	for (unsigned i = 0; i < config->host_count; i++) {
		const struct decode_host_policy *h = &config->hosts[i];

		if (h->bits > longest && ip_addr_in_prefix(&p->dst, &h->prefix, h->bits)) {
			longest = h->bits;
			policy = h->policy;
		}
	}
	return policy;
}

static struct tracker *tracker_new(struct defrag *d, const struct defrag_key *key)
{
	uint32_t bucket = bucket_of(d, key);
	struct tracker *t;

	if (d->trackers >= LIMIT_DEFRAG_TRACKERS) {
		d->counters[DEFRAG_COUNT_EVICTED]++;
		tracker_free(d, d->oldest);
	}
	t = slab_zalloc(d->slab, sizeof(*t));
	if (!t) {
		d->counters[DEFRAG_COUNT_MEMORY]++;
		return NULL;
	}
	t->key = *key;
	t->chain = d->buckets[bucket];
	d->buckets[bucket] = t;
	make_newest(d, t);
	d->trackers++;
	d->counters[DEFRAG_COUNT_TRACKERS]++;
	return t;
}

static struct tracker *tracker_of(struct defrag *d, const struct packet *p,
				  const struct fragment_in *in)
{
	struct defrag_key key = key_of(p, in);
	struct tracker *t = d->buckets[bucket_of(d, &key)];

	while (t && memcmp(&t->key, &key, sizeof(key)) != 0)
		t = t->chain;
	if (t && t->expires_ns <= p->now_ns) {
		d->counters[DEFRAG_COUNT_TIMED_OUT]++;
		tracker_free(d, t);
		t = NULL;
	}
	if (!t) {
		t = tracker_new(d, &key);
		if (!t)
			return NULL;
		t->policy = (uint8_t)policy_of(d->config, p);
	}
	return t;
}

/* Index of the first fragment with an offset of at least `offset`. */
static uint32_t lower_bound(const struct tracker *t, uint32_t offset)
{
	uint32_t low = 0, high = t->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (t->fragments[mid]->offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void remove_at(struct defrag *d, struct tracker *t, uint32_t i)
{
	fragment_free(d, t->fragments[i]);
	t->count--;
	memmove(&t->fragments[i], &t->fragments[i + 1], (t->count - i) * sizeof(*t->fragments));
}

/* Compares the new fragment with its neighbours; false when nothing of it is used. */
static bool resolve(struct defrag *d, struct tracker *t, struct overlap *o, bool *overlaps)
{
	uint32_t i = lower_bound(t, o->start);

	if (o->start >= t->reach)
		return true;
	i = o->start == 0 || i == t->count || i == 0 ? 0 : i - 1;
	for (; i < t->count && t->fragments[i]->offset < o->end; i++) {
		enum overlap_verdict verdict;

		o->prev = t->fragments[i];
		o->next = i + 1 < t->count ? t->fragments[i + 1] : NULL;
		if (o->prev->skip)
			continue;
		if (o->start < o->prev->offset + o->prev->len)
			*overlaps = true;
		verdict = overlap_decide((enum defrag_policy)t->policy, o);
		if (verdict == OVERLAP_GO_ON)
			continue;
		if (verdict == OVERLAP_DROP)
			return false;
		if (o->prev->skip || o->prev->trim >= o->prev->len)
			remove_at(d, t, i);
		break;
	}
	return o->trim < o->end - o->start;
}

static bool make_room(struct defrag *d, struct tracker *t)
{
	uint32_t room = t->room ? t->room * 2 : FRAGMENTS_FIRST;
	struct fragment **bigger;

	if (t->count < t->room)
		return true;
	bigger =
		slab_grow(d->slab, t->fragments, t->room * sizeof(*bigger), room * sizeof(*bigger));
	if (!bigger)
		return false;
	t->fragments = bigger;
	t->room = room;
	return true;
}

/* Gives up the oldest datagrams, though never `t`, until one more fragment is within the limits. */
static bool within_limits(struct defrag *d, const struct tracker *t, size_t size)
{
	while (d->fragments >= LIMIT_DEFRAG_FRAGMENTS || d->bytes + size > LIMIT_DEFRAG_MEMORY) {
		d->counters[DEFRAG_COUNT_FRAGMENT_LIMIT]++;
		if (d->oldest == t)
			return false;
		tracker_free(d, d->oldest);
	}
	return true;
}

static struct fragment *fragment_new(struct defrag *d, const struct tracker *t,
				     const struct fragment_in *in, uint32_t trim)
{
	size_t header = in->offset + trim == 0 ? in->header.len : 0;
	size_t len = in->data.len - trim;
	size_t size = sizeof(struct fragment) + header + len;
	struct fragment *f;

	if (!within_limits(d, t, size))
		return NULL;
	f = slab_alloc(d->slab, size);
	if (!f) {
		d->counters[DEFRAG_COUNT_MEMORY]++;
		return NULL;
	}
	d->fragments++;
	d->bytes += size;
	*f = (struct fragment){
		.offset = in->offset + trim,
		.len = (uint32_t)len,
		.header_len = (uint32_t)header,
		.more = in->more,
		.next_header = in->next_header,
	};
	if (header) {
		memcpy(f->bytes, in->header.data, header);
		if (in->next_header_at > 6 && in->next_header_at < header)
			f->bytes[in->next_header_at] = in->next_header;
	}
	memcpy(f->bytes + header, in->data.data + trim, len);
	return f;
}

/* False: no room; then the whole datagram is given up. */
static bool insert(struct defrag *d, struct tracker *t, const struct fragment_in *in, uint32_t trim)
{
	struct fragment *f;
	uint32_t at;

	if (t->count >= LIMIT_DEFRAG_PER_DATAGRAM) {
		d->counters[DEFRAG_COUNT_PER_DATAGRAM]++;
		return false;
	}
	if (!make_room(d, t)) {
		d->counters[DEFRAG_COUNT_MEMORY]++;
		return false;
	}
	f = fragment_new(d, t, in, trim);
	if (!f)
		return false;
	at = lower_bound(t, f->offset + 1);
	memmove(&t->fragments[at + 1], &t->fragments[at], (t->count - at) * sizeof(*t->fragments));
	t->fragments[at] = f;
	t->count++;
	if (f->offset + f->len > t->reach)
		t->reach = f->offset + f->len;
	if (!in->more)
		t->seen_last = true;
	return true;
}

static bool complete(const struct tracker *t)
{
	uint32_t reach = 0;

	if (!t->seen_last || t->count == 0 || t->fragments[0]->offset != 0)
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct fragment *f = t->fragments[i];

		if (f->skip && t->key.version == 6)
			continue;
		if (f->offset > reach)
			return false;
		if (f->offset + f->len > reach)
			reach = f->offset + f->len;
	}
	return true;
}

/* What a fragment adds to the datagram; false ends it: the last one was copied. */
struct assembly {
	const struct fragment *first; /* whose header is used */
	uint32_t len;
	uint32_t last_offset;
	bool more;
};

static bool measure(struct assembly *a, const struct fragment *f)
{
	if (!a->more && f->offset > a->last_offset)
		return false;
	if (f->skip || f->trim >= f->len)
		return true;
	if (f->offset == 0) {
		a->first = f;
		a->len = f->len;
	} else if (f->offset + f->len > a->len) {
		a->len = f->offset + f->len;
	}
	a->more = f->more;
	a->last_offset = f->offset;
	return true;
}

static void copy_data(const struct tracker *t, uint8_t *to, uint32_t room)
{
	struct assembly a = {.more = true};

	for (uint32_t i = 0; i < t->count; i++) {
		const struct fragment *f = t->fragments[i];
		uint32_t from = f->offset == 0 ? 0 : f->trim; /* the first is always whole */

		if (!measure(&a, f))
			return;
		if (f->skip || f->trim >= f->len || f->offset + from >= room)
			continue;
		memcpy(to + f->offset + from, f->bytes + f->header_len + from,
		       f->offset + f->len > room ? room - f->offset - from : f->len - from);
	}
}

static uint16_t word(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void put_word(uint8_t *b, uint32_t value)
{
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

/* Length and no fragment field; the checksum stays as right or wrong as it was (RFC 1624). */
static void finish_ipv4(uint8_t *h, uint32_t total)
{
	uint32_t sum = (uint16_t)~word(h + 10);

	sum += (uint32_t)(uint16_t)~word(h + 2) + total;
	sum += (uint16_t)~word(h + 6);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_word(h + 2, total);
	put_word(h + 6, 0);
	put_word(h + 10, ~sum);
}

static void finish_ipv6(uint8_t *h, uint32_t total, const struct fragment *first)
{
	put_word(h + 4, total - IPV6_HEADER);
	if (first->header_len == IPV6_HEADER)
		h[6] = first->next_header;
}

/* The datagram in a block of its own; false when it is none after all or there is no room. */
static bool assemble(struct defrag *d, const struct tracker *t, struct slice *ret)
{
	struct assembly a = {.more = true};
	uint32_t total, limit = DATAGRAM_MAX;
	uint8_t *buf;

	for (uint32_t i = 0; i < t->count && measure(&a, t->fragments[i]); i++)
		;
	if (!a.first)
		return false;
	total = a.first->header_len + a.len;
	if (t->key.version == 6)
		limit += IPV6_HEADER;
	if (total > limit) {
		d->counters[DEFRAG_COUNT_TOO_LARGE]++;
		return false;
	}
	buf = slab_zalloc(d->slab, total);
	if (!buf) {
		d->counters[DEFRAG_COUNT_MEMORY]++;
		return false;
	}
	memcpy(buf, a.first->bytes, a.first->header_len);
	copy_data(t, buf + a.first->header_len, a.len);
	if (t->key.version == 4)
		finish_ipv4(buf, total);
	else
		finish_ipv6(buf, total, a.first);
	*ret = SLICE(buf, total);
	return true;
}

static bool too_large(struct defrag *d, struct packet *p, const struct fragment_in *in)
{
	bool four = p->ip_version == 4;
	size_t end = (four ? IPV4_HEADER : 0) + in->offset + in->data.len;

	if (end <= DATAGRAM_MAX)
		return false;
	d->counters[DEFRAG_COUNT_TOO_LARGE]++;
	packet_event(p, four ? DECODE_EVENT_IPV4_FRAG_PKT_TOO_LARGE
			     : DECODE_EVENT_IPV6_FRAG_PKT_TOO_LARGE);
	return true;
}

/* Puts the fragment where it belongs. False: it was not used, or the tracker is gone. */
static bool place(struct defrag *d, struct tracker *t, struct packet *p,
		  const struct fragment_in *in)
{
	struct overlap o = {in->offset, in->offset + (uint32_t)in->data.len, 0, NULL, NULL};
	bool four = p->ip_version == 4;
	bool overlaps = false;
	bool used = resolve(d, t, &o, &overlaps);

	if (used && !insert(d, t, in, o.trim)) {
		packet_event(p, four ? DECODE_EVENT_IPV4_FRAG_IGNORED
				     : DECODE_EVENT_IPV6_FRAG_IGNORED);
		tracker_free(d, t);
		return false;
	}
	if (overlaps) {
		d->counters[DEFRAG_COUNT_OVERLAPS]++;
		packet_event(p, four ? DECODE_EVENT_IPV4_FRAG_OVERLAP
				     : DECODE_EVENT_IPV6_FRAG_OVERLAP);
	}
	return used;
}

bool defrag_add(struct defrag *d, struct packet *p, const struct fragment_in *in, struct slice *ret)
{
	bool four = p->ip_version == 4;
	struct tracker *t;
	bool done;

	d->counters[four ? DEFRAG_COUNT_FRAGMENTS_IPV4 : DEFRAG_COUNT_FRAGMENTS_IPV6]++;
	if (too_large(d, p, in))
		return false;
	t = tracker_of(d, p, in);
	if (!t)
		return false;
	refresh(d, t, p->now_ns);
	if (!place(d, t, p, in) || !complete(t))
		return false;
	done = assemble(d, t, ret);
	if (done)
		d->counters[four ? DEFRAG_COUNT_REASSEMBLED_IPV4 : DEFRAG_COUNT_REASSEMBLED_IPV6]++;
	tracker_free(d, t);
	return done;
}

struct counter_set defrag_counters(const struct defrag *d)
{
	return (struct counter_set){"defrag", names, d->counters, DEFRAG_COUNT};
}
