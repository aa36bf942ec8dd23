/* Decodes capture files and prints decode's counters as JSON, for comparison with Suricata's stats
 * (decode_counters) and for measuring (--bench). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slab.h"
#include "dataplane/decode/decode.h"
#include "dataplane/decode/events.h"
#include "dataplane/rx/file.h"

struct run {
	struct decoder *decoder;
	bool packets;  /* print each */
	uint64_t seen; /* by the sink */
	uint64_t payload;
};

static void print_packet(const struct packet *p)
{
	char src[IP_ADDR_TEXT] = "", dst[IP_ADDR_TEXT] = "";

	if (p->ip) {
		ip_addr_text(&p->src, src, true);
		ip_addr_text(&p->dst, dst, true);
	}
	printf("{\"n\":%" PRIu64 ",\"src\":\"%s\",\"dst\":\"%s\",\"sport\":%u,\"dport\":%u,"
	       "\"proto\":%u,\"depth\":%u,\"ttl\":%u,\"icmp\":%d,\"flow\":%d,\"payload\":\"",
	       p->number, src, dst, p->sport, p->dport, p->ip_proto, p->tunnel_depth, p->ttl,
	       p->l4 && p->ip_proto == IP_PROTO_ICMP ? p->icmp.type : -1,
	       !!(p->flags & PACKET_WANTS_FLOW));
	for (uint32_t i = 0; i < p->payload_len; i++)
		printf("%02x", p->payload[i]);
	printf("\",\"events\":[");
	for (unsigned i = 0; i < p->event_count; i++)
		printf("%s\"%s\"", i ? "," : "", decode_event_name(p->events[i]));
	printf("]}\n");
}

static void count_packet(void *ctx, struct packet *p)
{
	struct run *run = ctx;

	if (run->packets)
		print_packet(p);
	run->seen++;
	run->payload += p->payload_len;
}

static void print_set(struct counter_set set, bool last)
{
	printf("\"%s\":{", set.stage);
	for (unsigned i = 0; i < set.count; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", set.names[i].name, set.values[i]);
	printf("}%s", last ? "" : ",");
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int decode_file(struct run *run, const char *path)
{
	const struct decode_sink sink = {count_packet, run};
	struct packet p = {0};
	struct rx_file *f;
	struct errmsg e;

	if (rx_file_open(path, &f, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	if (!decode_link_type_known(rx_file_link_type(f))) {
		fprintf(stderr, "%s: link type %u is unknown\n", path, rx_file_link_type(f));
		rx_file_close(f);
		return 2;
	}
	while (rx_file_next(f, &p)) {
		decode_frame(run->decoder, &p, &sink);
		decode_tick(run->decoder, p.now_ns);
	}
	if (rx_file_damage(f))
		fprintf(stderr, "%s\n", rx_file_damage(f));
	rx_file_close(f);
	return 0;
}

/* What Suricata 7.0.10's packaged configuration has otherwise than ours. */
static void as_suricata(struct decode_config *config)
{
	config->teredo = true;
	config->erspan1 = true;
	config->ip4_in_ip4 = false;
}

static int set_policy(struct decode_config *config, const char *name)
{
	static const char *const names[] = {
		[DEFRAG_FIRST] = "first",     [DEFRAG_LAST] = "last",
		[DEFRAG_BSD] = "bsd",	      [DEFRAG_BSD_RIGHT] = "bsd-right",
		[DEFRAG_LINUX] = "linux",     [DEFRAG_WINDOWS] = "windows",
		[DEFRAG_SOLARIS] = "solaris",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			config->defrag_ipv4 = config->defrag_ipv6 = (enum defrag_policy)i;
			return 0;
		}
	}
	fprintf(stderr, "unknown policy %s\n", name);
	return 2;
}

/* Best of `rounds` passes over the file. */
static int bench(struct run *run, const char *path, int rounds)
{
	double best = 0;
	uint64_t packets = 0;

	for (int i = 0; i < rounds; i++) {
		uint64_t before = run->seen;
		double start = seconds_now(), took;
		int err = decode_file(run, path);

		if (err)
			return err;
		took = seconds_now() - start;
		packets = run->seen - before;
		if (i == 0 || took < best)
			best = took;
	}
	printf("%" PRIu64 " packets, %.1f ns a packet\n", packets, best * 1e9 / (double)packets);
	return 0;
}

int main(int argc, char **argv)
{
	struct decode_config config = decode_config_default;
	struct slab *slab = slab_new((size_t)256 << 20);
	struct run run = {0};
	int rounds = 0, i = 1, err = 0;

	for (; i < argc && !err && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--as-suricata") == 0)
			as_suricata(&config);
		else if (strncmp(argv[i], "--policy=", 9) == 0)
			err |= set_policy(&config, argv[i] + 9);
		else if (strcmp(argv[i], "--packets") == 0)
			run.packets = true;
		else if (strcmp(argv[i], "--checksums") == 0)
			config.checksums = true;
		else if (strcmp(argv[i], "--bench") == 0)
			rounds = 7;
	}
	run.decoder = decoder_new(&config, slab);
	if (!slab || !run.decoder) {
		fprintf(stderr, "no memory\n");
		return 2;
	}
	for (; i < argc && !err; i++)
		err = rounds ? bench(&run, argv[i], rounds) : decode_file(&run, argv[i]);
	if (!rounds && !run.packets && !err) {
		printf("{");
		print_set(decode_counters(run.decoder), false);
		print_set(decode_event_counters(run.decoder), false);
		print_set(decode_defrag_counters(run.decoder), true);
		printf("}\n");
	}
	decoder_delete(run.decoder);
	slab_delete(slab);
	return err;
}
