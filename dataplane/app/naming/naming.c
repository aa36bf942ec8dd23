#include "dataplane/app/naming/naming.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/app/naming/library.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/limits.h"

enum {
	HEADS = 60,    /* IPv6 and TCP */
	BEHIND = 1024, /* zeros behind every packet: a read past its end meets nothing */
	PREFS_NO_TOR_HOSTS = 1,
	FIRST_SEQ = 1000,
};

struct naming_flow {
	_Alignas(16) uint8_t state[LIBRARY_FLOW_BYTES]; /* the library's */
	struct naming_flow *older, *newer;
	struct naming_flow **holder;
	uint32_t seq[2]; /* of the next byte of the direction */
	uint8_t packets;
};

struct naming {
	struct library library;
	struct ndpi_detection_module_struct *module;
	bool broken; /* the module could not be made */
	const char *const *only;
	struct naming_hosts *hosts; /* NULL: everything is shown */
	struct slab *slab;
	struct library_memory heap, memory;
	struct naming_flow *oldest, *newest;
	unsigned flows;
	uint64_t second; /* of packet time, and the pieces looked at in it */
	unsigned spent;
	uint64_t counts[NAMING_COUNTERS];
	uint8_t packet[HEADS + NAMING_PIECE + BEHIND];
};

/* --- the library's module --- */

static bool is_wanted(const struct naming *n, uint16_t id)
{
	const char *name = n->only ? n->library.name(n->module, id) : NULL;

	for (const char *const *o = n->only; name && *o; o++) {
		if (strcmp(*o, name) == 0)
			return true;
	}
	return !n->only;
}

static struct library_bits wanted(const struct naming *n)
{
	struct library_bits bits = {{0}};

	for (uint16_t id = 0; id < LIBRARY_PROTOCOLS; id++) {
		if (is_wanted(n, id))
			bits.word[id / 32] |= 1U << id % 32;
	}
	return bits;
}

static bool ready(struct naming *n)
{
	struct library_bits bits;

	if (n->module || n->broken)
		return n->module;
	library_memory_use(&n->heap);
	n->module = n->library.init(PREFS_NO_TOR_HOSTS);
	if (n->module) {
		bits = wanted(n);
		n->library.bitmask(n->module, &bits);
		n->library.finalize(n->module);
	}
	n->broken = !n->module;
	return n->module;
}

struct naming *naming_new(struct slab *slab, bool late, const char *const *only,
			  const char **ret_why)
{
	struct naming *n = calloc(1, sizeof(*n));

	*ret_why = n ? library_open(&n->library) : "no memory";
	if (!*ret_why) {
		n->slab = slab;
		n->only = only;
		n->hosts = only && naming_look_covers(only) ? calloc(1, sizeof(*n->hosts)) : NULL;
		if (n->hosts)
			n->hosts->key = hash_key_random();
		n->memory = (struct library_memory){.slab = slab, .most = LIMIT_NAMING_MEMORY};
		if (late || ready(n))
			return n;
		*ret_why = "libndpi could not be started";
	}
	naming_delete(n);
	return NULL;
}

void naming_delete(struct naming *n)
{
	if (!n)
		return;
	while (n->oldest)
		naming_drop(n, n->oldest);
	if (n->module)
		n->library.exit(n->module);
	library_close(&n->library);
	free(n->hosts);
	free(n);
}

/* --- flows --- */

static void unlink_flow(struct naming *n, struct naming_flow *nf)
{
	*(nf->older ? &nf->older->newer : &n->oldest) = nf->newer;
	*(nf->newer ? &nf->newer->older : &n->newest) = nf->older;
	n->flows--;
}

void naming_drop(struct naming *n, struct naming_flow *nf)
{
	*nf->holder = NULL;
	unlink_flow(n, nf);
	library_memory_use(&n->memory);
	n->library.flow_free((struct ndpi_flow_struct *)nf->state);
	slab_free(n->slab, nf, sizeof(*nf));
}

/* A piece costs some two microseconds: a flood of unknown flows must not take the worker. */
static bool too_busy(struct naming *n, uint64_t now_ns)
{
	if (now_ns / NS_PER_SEC != n->second) {
		n->second = now_ns / NS_PER_SEC;
		n->spent = 0;
	}
	if (n->spent < LIMIT_NAMING_RATE)
		return false;
	n->counts[NAMING_BUSY]++;
	return true;
}

enum naming_look naming_worth(struct naming *n, const struct app_tuple *ends, enum dir dir,
			      struct slice bytes, unsigned pieces, uint64_t now_ns)
{
	enum naming_look look;

	if (!n->hosts || naming_hosts_has(n->hosts, ends))
		return NAMING_LOOK_SHOW;
	look = naming_look_at(ends, dir, slice_sub(bytes, 0, NAMING_PIECE), pieces == 0, now_ns);
	if (look == NAMING_LOOK_WAIT && pieces + 1 >= LIMIT_NAMING_PACKETS)
		look = NAMING_LOOK_UNLIKE;
	n->counts[NAMING_UNLIKE] += look == NAMING_LOOK_UNLIKE;
	return look;
}

struct naming_flow *naming_begin(struct naming *n, uint64_t now_ns, struct naming_flow **holder)
{
	struct naming_flow *nf;

	*holder = NULL;
	if (too_busy(n, now_ns))
		return NULL;
	*holder = nf = ready(n) ? slab_zalloc(n->slab, sizeof(*nf)) : NULL;
	if (!nf) {
		n->counts[NAMING_MEMORY]++;
		return NULL;
	}
	if (n->flows == LIMIT_NAMING_FLOWS) {
		n->counts[NAMING_OLDEST]++;
		naming_drop(n, n->oldest);
	}
	nf->holder = holder;
	nf->older = n->newest;
	*(n->newest ? &n->newest->newer : &n->oldest) = nf;
	n->newest = nf;
	n->flows++;
	nf->seq[DIR_TS] = FIRST_SEQ;
	nf->seq[DIR_TC] = 2 * FIRST_SEQ;
	return nf;
}

/* --- packets --- */

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static size_t put_ip(uint8_t *at, const struct app_tuple *ends, enum dir dir, size_t carried)
{
	const struct ip_addr *from = &ends->addr[dir], *to = &ends->addr[dir_other(dir)];

	if (ip_addr_is_v4(from) && ip_addr_is_v4(to)) {
		memset(at, 0, 20);
		at[0] = 0x45;
		put16(at + 2, 20 + carried);
		at[6] = 0x40; /* not a fragment */
		at[8] = 64;
		at[9] = ends->ip_proto;
		memcpy(at + 12, from->bytes + 12, 4);
		memcpy(at + 16, to->bytes + 12, 4);
		return 20;
	}
	memset(at, 0, 40);
	at[0] = 0x60;
	put16(at + 4, carried);
	at[6] = ends->ip_proto;
	at[7] = 64;
	memcpy(at + 8, from->bytes, 16);
	memcpy(at + 24, to->bytes, 16);
	return 40;
}

static void put_l4(uint8_t *at, const struct naming_flow *nf, const struct app_tuple *ends,
		   enum dir dir, size_t len)
{
	put16(at, ends->port[dir]);
	put16(at + 2, ends->port[dir_other(dir)]);
	if (ends->ip_proto == IP_PROTO_UDP) {
		put16(at + 4, 8 + len);
		put16(at + 6, 0);
		return;
	}
	put32(at + 4, nf->seq[dir]);
	put32(at + 8, nf->seq[dir_other(dir)]);
	at[12] = 5 << 4;
	at[13] = TCP_PSH | TCP_ACK;
	put16(at + 14, 0xffff);
	put32(at + 16, 0);
}

/* Length of the packet made of `bytes`. */
static size_t make_packet(struct naming *n, struct naming_flow *nf, const struct app_tuple *ends,
			  enum dir dir, struct slice bytes)
{
	size_t l4 = ends->ip_proto == IP_PROTO_UDP ? 8 : 20;
	size_t at = put_ip(n->packet, ends, dir, l4 + bytes.len);

	put_l4(n->packet + at, nf, ends, dir, bytes.len);
	at += l4;
	memcpy(n->packet + at, bytes.data, bytes.len);
	at += bytes.len;
	memset(n->packet + at, 0, BEHIND);
	nf->seq[dir] += (uint32_t)bytes.len;
	return at;
}

/* --- names --- */

static struct traffic *name_made(struct naming *n, const struct naming_flow *nf,
				 struct library_answer answer)
{
	struct traffic *t = slab_zalloc(n->slab, sizeof(*t));
	unsigned count = 0;

	if (!t) {
		n->counts[NAMING_MEMORY]++;
		return NULL;
	}
	t->name = n->library.name(n->module, answer.app ? answer.app : answer.master);
	t->category = n->library.category(n->module, answer.category);
	if (!t->name || !t->category) {
		slab_free(n->slab, t, sizeof(*t));
		return NULL;
	}
	memcpy(&t->risk_bits, nf->state + LIBRARY_RISK_OFFSET, sizeof(t->risk_bits));
	for (unsigned i = 1; i < LIBRARY_RISKS && count < TRAFFIC_RISKS; i++) {
		if (t->risk_bits >> i & 1)
			t->risks[count++] = n->library.risk(i);
	}
	return t;
}

static struct traffic *decided(struct naming *n, struct naming_flow *nf,
			       struct library_answer answer)
{
	struct traffic *t = answer.app || answer.master ? name_made(n, nf, answer) : NULL;

	n->counts[t ? NAMING_NAMED : NAMING_UNKNOWN]++;
	naming_drop(n, nf);
	return t;
}

bool naming_bytes(struct naming *n, struct naming_flow *nf, const struct app_tuple *ends,
		  enum dir dir, struct slice bytes, uint64_t now_ns, struct traffic **ret_name)
{
	uint64_t refused = n->memory.refused;
	struct library_answer answer;
	size_t len;

	*ret_name = NULL;
	if (bytes.len == 0 || too_busy(n, now_ns))
		return false;
	n->spent++;
	if (bytes.len > NAMING_PIECE)
		bytes.len = NAMING_PIECE;
	len = make_packet(n, nf, ends, dir, bytes);
	library_memory_use(&n->memory);
	answer = n->library.packet(n->module, (struct ndpi_flow_struct *)nf->state, n->packet,
				   (unsigned short)len, now_ns / NS_PER_MS);
	n->counts[NAMING_PACKETS]++;
	n->counts[NAMING_MEMORY] += n->memory.refused - refused;
	nf->packets++;
	if (answer.app || answer.master) {
		if (n->hosts)
			naming_hosts_add(n->hosts, ends);
		*ret_name = decided(n, nf, answer);
		return true;
	}
	if (nf->packets < LIMIT_NAMING_PACKETS)
		return false;
	*ret_name = naming_end(n, nf);
	return true;
}

struct traffic *naming_end(struct naming *n, struct naming_flow *nf)
{
	struct library_answer answer = {0};
	uint8_t guessed = 0;

	library_memory_use(&n->memory);
	if (nf->packets)
		answer = n->library.giveup(n->module, (struct ndpi_flow_struct *)nf->state, 0,
					   &guessed);
	return decided(n, nf, answer);
}

const uint64_t *naming_counts(const struct naming *n)
{
	return n->counts;
}

uint64_t naming_memory(const struct naming *n)
{
	return n->memory.used;
}
