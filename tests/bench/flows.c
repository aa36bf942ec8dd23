/* What many idle connections cost: opens them (three-way handshakes through the whole pipeline),
 * then sends one acknowledgement to a random one of them over and over.
 *
 * flows COUNT... prints a line of JSON a count: bytes of memory a flow (resident memory after less
 * that of a pipeline without flows), nanoseconds of processor time for decoding a frame and looking
 * its flow up, and for the whole pipeline. Behaviour is off: its tables have a size of their own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/clock.h"
#include "dataplane/worker/pipeline.h"

enum {
	FRAME = 54,
	BURST = 32,
	LOOKUPS = 1 << 21,
	ROUNDS = 3,
	MEMORY = 1 << 30,
};

struct rig {
	struct pipeline *pipeline;
	struct decoder *decoder; /* instead of a pipeline: decoding and the look-up only */
	struct flow_table *flows;
	uint8_t bytes[BURST][FRAME];
	struct packet packets[BURST];
	unsigned n;
	uint64_t now_ns, found;
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long all = 0, rss = 0;

	if (!f || fscanf(f, "%lu %lu", &all, &rss) != 2)
		abort();
	fclose(f);
	return rss * (size_t)sysconf(_SC_PAGESIZE);
}

static void put32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* Connection `flow`: its own client address and port. */
static void build(uint8_t *b, uint32_t flow, bool from_client, uint8_t flags)
{
	uint32_t client = 0x0a000000 | flow / 40000, server = 0xc0000201;
	uint16_t port = (uint16_t)(20000 + flow % 40000);
	uint32_t seq = (flags & TCP_SYN ? 0 : 1) + (from_client ? flow : ~flow);

	memset(b, 0, FRAME);
	b[0] = b[6] = 2;
	b[5] = from_client ? 2 : 1;
	b[11] = from_client ? 1 : 2;
	put16(b + 12, 0x0800);
	b[14] = 0x45;
	put16(b + 16, FRAME - 14);
	b[22] = 64;
	b[23] = IP_PROTO_TCP;
	put32(b + 26, from_client ? client : server);
	put32(b + 30, from_client ? server : client);
	put16(b + 34, from_client ? port : 443);
	put16(b + 36, from_client ? 443 : port);
	put32(b + 38, seq);
	put32(b + 42, flags & TCP_ACK ? 1 + (from_client ? ~flow : flow) : 0);
	b[46] = 5 << 4;
	b[47] = flags;
	put16(b + 48, 65535);
}

static void look_up(void *ctx, struct packet *p)
{
	struct rig *r = ctx;

	r->found += flow_of_packet(r->flows, p) != NULL;
}

/* As pipeline_burst does. */
static void look_up_burst(struct rig *r)
{
	const struct decode_sink sink = {look_up, r};
	uint32_t hash[BURST];
	struct flow_seen seen;

	for (unsigned i = 0; i < r->n; i++) {
		hash[i] = flow_peek(r->flows, &r->packets[i], &seen);
		flow_prefetch(r->flows, hash[i]);
	}
	for (unsigned i = 0; i < r->n; i++)
		flow_guess(r->flows, hash[i]);
	for (unsigned i = 0; i < r->n; i++)
		decode_frame(r->decoder, &r->packets[i], &sink);
}

static void flush(struct rig *r)
{
	if (r->pipeline)
		pipeline_burst(r->pipeline, r->packets, r->n);
	else
		look_up_burst(r);
	r->n = 0;
}

static void send(struct rig *r, uint32_t flow, bool from_client, uint8_t flags)
{
	build(r->bytes[r->n], flow, from_client, flags);
	r->packets[r->n] = (struct packet){.frame = r->bytes[r->n],
					   .frame_len = FRAME,
					   .wire_len = FRAME,
					   .now_ns = r->now_ns,
					   .link_type = LINK_ETHERNET};
	if (++r->n == BURST)
		flush(r);
}

static void open_all(struct rig *r, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		send(r, i, true, TCP_SYN);
		send(r, i, false, TCP_SYN | TCP_ACK);
		send(r, i, true, TCP_ACK);
	}
	flush(r);
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state >> 32) * n >> 32);
}

/* Nanoseconds an acknowledgement to a random connection takes, building it included. */
static double acknowledge(struct rig *r, uint32_t count)
{
	double best = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t random = round + 1;
		double begin = cpu_now(), took;

		for (unsigned i = 0; i < LOOKUPS; i++)
			send(r, below(&random, count), true, TCP_ACK);
		flush(r);
		took = cpu_now() - begin;
		if (round == 0 || took < best)
			best = took;
	}
	return best * 1e9 / LOOKUPS;
}

static void no_record(void *ctx, struct slice record, enum record_lane lane)
{
}

static struct pipeline *pipeline_for(uint32_t flows)
{
	const struct event_sink sink = {.put = no_record};
	struct pipeline_config config = pipeline_config_default();
	struct errmsg e;
	struct pipeline *l;

	config.flow.max = flows;
	config.event.types = EVENT_ALERT;
	config.behave.enabled = false;
	l = pipeline_new(&config, NULL, 1, &sink, &e);
	if (!l) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return l;
}

static void no_end(void *ctx, struct flow *f, uint64_t now_ns)
{
}

static double only_look_up(uint32_t count)
{
	const struct flow_sink sink = {no_end, NULL};
	struct flow_config config = flow_config_default;
	struct slab *slab = slab_new(MEMORY);
	struct rig *r = calloc(1, sizeof(*r));
	double ns;

	if (!r || !slab)
		abort();
	config.max = count;
	r->now_ns = NS_PER_SEC;
	r->decoder = decoder_new(&decode_config_default, slab);
	r->flows = flow_table_new(&config, hash_key_random(), &sink);
	open_all(r, count);
	ns = acknowledge(r, count);
	if (r->found != 3ULL * count + (uint64_t)ROUNDS * LOOKUPS ||
	    flow_count(r->flows) != count) {
		fprintf(stderr, "%" PRIu32 " flows: not all were found\n", count);
		exit(1);
	}
	flow_table_delete(r->flows);
	decoder_delete(r->decoder);
	slab_delete(slab);
	free(r);
	return ns;
}

static void measure(uint32_t count, size_t fixed)
{
	size_t before = resident(), after;
	struct rig *r = calloc(1, sizeof(*r));
	double whole;

	if (!r)
		abort();
	r->now_ns = NS_PER_SEC;
	r->pipeline = pipeline_for(count);
	open_all(r, count);
	after = resident();
	whole = acknowledge(r, count);
	pipeline_delete(r->pipeline);
	free(r);
	printf("{\"flows\":%" PRIu32 ",\"bytes_a_flow\":%.0f,\"lookup\":%.1f,\"whole\":%.1f}\n",
	       count, ((double)after - (double)before - (double)fixed) / count, only_look_up(count),
	       whole);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t before = resident();
	struct pipeline *empty = pipeline_for(16);
	size_t fixed = resident() - before;

	pipeline_delete(empty);
	if (argc < 2) {
		fprintf(stderr, "usage: flows COUNT...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		measure((uint32_t)strtoul(argv[i], NULL, 10), fixed);
	return 0;
}
