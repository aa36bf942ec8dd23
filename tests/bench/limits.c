/* What a trace costs before anything is detected: reading it, decoding it, looking its flows up;
 * and, apart, what looking for the rules' patterns in all its payloads costs. limits CAPTURE
 * [RULES] prints processor nanoseconds a packet as JSON, the best of several passes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slab.h"
#include "dataplane/decode/decode.h"
#include "dataplane/flow/flow.h"
#include "dataplane/rx/file.h"
#include "tests/bench/match.h"

enum { ROUNDS = 5, MATCH_ROUNDS = 2, SLAB_CAP = 256 << 20, STEPS = 3 };

struct pass {
	struct decoder *decoder;  /* NULL: read only */
	struct flow_table *flows; /* NULL: no look-up */
	struct match *match;	  /* NULL: no look for patterns */
	uint64_t packets, first_bytes, with_flow, payload, hits;
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void look_up(void *ctx, struct packet *p)
{
	struct pass *pass = ctx;

	if (pass->flows && flow_of_packet(pass->flows, p))
		pass->with_flow++;
	if (pass->match) {
		pass->payload += p->payload_len;
		pass->hits += match_scan(pass->match, packet_payload(p));
	}
}

static void no_end(void *ctx, struct flow *f, uint64_t now_ns)
{
}

static int read_all(struct pass *pass, const char *path)
{
	const struct decode_sink sink = {look_up, pass};
	struct packet p = {0};
	struct rx_file *f;
	struct errmsg e;

	if (rx_file_open(path, &f, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	while (rx_file_next(f, &p)) {
		pass->packets++;
		if (!pass->decoder) {
			pass->first_bytes += p.frame_len ? p.frame[0] : 0;
			continue;
		}
		decode_frame(pass->decoder, &p, &sink);
		if (pass->flows)
			flow_tick(pass->flows, p.now_ns);
	}
	rx_file_close(f);
	return 0;
}

/* Step 0 reads, 1 decodes too, 2 looks flows up too; nanoseconds a packet, or negative. */
static double step(const char *path, int which, uint64_t *packets)
{
	const struct flow_sink sink = {no_end, NULL};
	double best = -1;

	for (int i = 0; i < ROUNDS; i++) {
		struct slab *slab = slab_new(SLAB_CAP);
		struct pass pass = {0};
		double begin, took;

		if (which >= 1)
			pass.decoder = decoder_new(&decode_config_default, slab);
		if (which >= 2)
			pass.flows = flow_table_new(&flow_config_default, hash_key_random(), &sink);
		begin = cpu_now();
		if (read_all(&pass, path))
			return -1;
		took = cpu_now() - begin;
		*packets = pass.packets;
		if (i == 0 || took < best)
			best = took;
		if (pass.flows)
			flow_table_delete(pass.flows);
		decoder_delete(pass.decoder);
		slab_delete(slab);
	}
	return best * 1e9 / (double)(*packets ? *packets : 1);
}

/* The same for decoding and looking for patterns, without the `decode` ns the former takes. */
static int print_match(const char *path, const char *rules, double decode)
{
	struct slab *slab = slab_new(SLAB_CAP);
	struct pass pass = {0};
	double begin, took, best = -1;
	int rc = 0;

	pass.match = match_new(rules);
	if (!pass.match)
		rc = 2;
	for (int i = 0; i < MATCH_ROUNDS && rc == 0; i++) {
		pass.packets = pass.payload = pass.hits = 0;
		pass.decoder = decoder_new(&decode_config_default, slab);
		begin = cpu_now();
		rc = read_all(&pass, path);
		took = cpu_now() - begin;
		decoder_delete(pass.decoder);
		if (best < 0 || took < best)
			best = took;
	}
	if (rc == 0)
		printf(",\"match\":%.1f,\"patterns\":%" PRIu32 ",\"payload\":%" PRIu64
		       ",\"hits\":%" PRIu64,
		       best * 1e9 / (double)(pass.packets ? pass.packets : 1) - decode,
		       match_patterns(pass.match), pass.payload, pass.hits);
	match_delete(pass.match);
	slab_delete(slab);
	return rc;
}

int main(int argc, char **argv)
{
	static const char *const names[STEPS] = {"read", "decode", "flow"};
	uint64_t packets = 0;
	double ns[STEPS];

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: limits CAPTURE [RULES]\n");
		return 2;
	}
	for (int i = 0; i < STEPS; i++) {
		ns[i] = step(argv[1], i, &packets);
		if (ns[i] < 0)
			return 2;
		printf("%c\"%s\":%.1f", i ? ',' : '{', names[i], ns[i]);
	}
	if (argc == 3 && print_match(argv[1], argv[2], ns[1]))
		return 2;
	printf(",\"packets\":%" PRIu64 "}\n", packets);
	return 0;
}
