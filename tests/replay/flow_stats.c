/* Runs capture files through decode, flow and stream and prints one JSON line a flow, for
 * comparison with Suricata's flow records (flow_counters, stream_differential) and for measuring
 * (--bench). */
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
#include "dataplane/stream/events.h"
#include "dataplane/stream/stream.h"

enum { BURST = 32, SLAB_CAP = 1 << 30 };

struct run {
	struct slab *slab;
	struct decoder *decoder;
	struct flow_table *flows;
	struct stream_worker *streams;
	bool quiet, events, checksums, raw;
	const char *data; /* folder for delivered bytes, or NULL */
	uint64_t packets, bytes, delivered, now_ns;
};

/* --- delivered bytes --- */

static FILE *data_file(const struct run *r, const struct flow *f, enum dir dir)
{
	char path[512], ip[2][IP_ADDR_TEXT];

	snprintf(path, sizeof(path), "%s/%s_%u-%s_%u-%" PRIu64 "-%s", r->data,
		 ip_addr_text(&f->key.addr[0], ip[0], true), f->key.port[0],
		 ip_addr_text(&f->key.addr[1], ip[1], true), f->key.port[1], f->start_ns,
		 dir == DIR_TS ? "ts" : "tc");
	return fopen(path, "ab");
}

static void write_data(const struct run *r, const struct flow *f, enum dir dir, const uint8_t *data,
		       uint32_t len)
{
	FILE *out;

	if (!r->data || !len)
		return;
	out = data_file(r, f, dir);
	if (!out)
		return;
	fwrite(data, 1, len, out);
	fclose(out);
}

static void on_data(void *ctx, struct flow *f, struct packet *p, enum dir dir,
		    const struct stream_chunk *c)
{
	struct run *r = ctx;

	r->delivered += c->data ? c->len : 0;
	if (!r->raw && c->data)
		write_data(r, f, dir, c->data, c->len);
}

/* --- flows --- */

static const char *proto_name(uint8_t ip_proto, char number[8])
{
	switch (ip_proto) {
	case IP_PROTO_TCP:
		return "TCP";
	case IP_PROTO_UDP:
		return "UDP";
	case IP_PROTO_ICMP:
		return "ICMP";
	case IP_PROTO_ICMPV6:
		return "IPv6-ICMP";
	case IP_PROTO_SCTP:
		return "SCTP";
	case IP_PROTO_ESP:
		return "ESP";
	case IP_PROTO_IPV6:
		return "IPv6";
	default:
		snprintf(number, 8, "%u", ip_proto);
		return number;
	}
}

/* IPv4-mapped IPv6 is written as what it is. */
static const char *address(const struct flow *f, unsigned i, char text[IP_ADDR_TEXT])
{
	const uint8_t *b = f->key.addr[i].bytes;
	size_t n = 0;

	if (f->ip_version != 6)
		return ip_addr_text(&f->key.addr[i], text, true);
	for (unsigned w = 0; w < 8; w++, b += 2)
		n += (size_t)snprintf(text + n, IP_ADDR_TEXT - n, "%s%02x%02x", w ? ":" : "", b[0],
				      b[1]);
	return text;
}

static void print_flow(const struct flow *f)
{
	static const char *const states[] = {"new", "established", "closed", "bypassed"};
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT], number[8];

	printf("{\"start\":%" PRIu64 ",\"proto\":\"%s\",\"src_ip\":\"%s\",\"dest_ip\":\"%s\","
	       "\"src_port\":%u,\"dest_port\":%u,\"pkts_toserver\":%" PRIu64
	       ",\"pkts_toclient\":%" PRIu64 ",\"bytes_toserver\":%" PRIu64
	       ",\"bytes_toclient\":%" PRIu64 ",\"state\":\"%s\",\"tcp\":\"%s\","
	       "\"flags_ts\":\"%02x\",\"flags_tc\":\"%02x\",\"gap\":%u,\"reason\":%u}\n",
	       f->start_ns, proto_name(f->key.ip_proto, number), address(f, 0, src),
	       address(f, 1, dst), f->key.port[0], f->key.port[1], f->packets[0], f->packets[1],
	       f->bytes[0], f->bytes[1], states[f->end_state], stream_state_name(f),
	       f->tcp_flags[0], f->tcp_flags[1],
	       stream_has_gap(f, DIR_TS) || stream_has_gap(f, DIR_TC) || f->alerts, f->end_reason);
}

/* Nobody else uses these here: how far each direction has been logged. */
static uintptr_t *logged_upto(struct flow *f, enum dir dir)
{
	return dir == DIR_TS ? (uintptr_t *)&f->app : (uintptr_t *)&f->detect;
}

/* As Suricata's tcp-data log: a packet shows what it acknowledged, the closing one everything. */
static void log_raw(struct run *r, struct flow *f, const struct packet *p)
{
	enum dir dir = dir_other(p->dir);
	struct packet at = *p;
	struct stream_raw raw;

	if (strcmp(stream_state_name(f), "closed") == 0)
		at.flags |= PACKET_PSEUDO_END;
	while (stream_raw_get(r->streams, f, &at, dir, &raw)) {
		uint64_t begin = raw.offset + raw.len - raw.fresh;

		if (begin != *logged_upto(f, dir))
			f->alerts = 1; /* a hole */
		*logged_upto(f, dir) = raw.offset + raw.len;
		write_data(r, f, dir, raw.data + raw.len - raw.fresh, raw.fresh);
		stream_raw_done(r->streams, f, dir, raw.offset + raw.len);
	}
}

static void inspect_raw(struct run *r, struct flow *f, struct packet *p)
{
	struct stream_raw raw;

	if (!(p->flags & PACKET_STREAM_ESTABLISHED))
		return;
	if (r->raw) {
		while (stream_raw_get(r->streams, f, p, p->dir, &raw)) {
			r->bytes += raw.fresh;
			stream_raw_done(r->streams, f, p->dir, raw.offset + raw.len);
		}
	} else if (stream_raw_get(r->streams, f, p, p->dir, &raw)) {
		stream_raw_skip(f, p->dir);
	}
}

static void look(struct run *r, struct flow *f, struct packet *p)
{
	if (r->raw && r->data)
		log_raw(r, f, p);
	else
		inspect_raw(r, f, p);
	stream_packet_done(r->streams, f, p);
}

static void on_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct run *r = ctx;

	for (unsigned d = 0; d < 2; d++) {
		struct packet p = {.now_ns = now_ns,
				   .number = r->packets,
				   .flags = PACKET_PSEUDO_END,
				   .ip_version = f->ip_version,
				   .ip_proto = f->key.ip_proto,
				   .dir = (enum dir)d,
				   .flow = f};

		if (!stream_flush_needed(f, (enum dir)d))
			continue;
		stream_flush(r->streams, f, &p, (enum dir)d);
		look(r, f, &p);
	}
	if (!r->quiet && !r->events)
		print_flow(f);
	stream_free(r->streams, f);
}

static void print_events(const struct packet *p)
{
	for (unsigned i = 0; i < p->event_count; i++) {
		if (p->events[i] >= STREAM_EVENT_BASE)
			printf("%" PRIu64 " %s\n", p->number,
			       stream_event_name(p->events[i] - STREAM_EVENT_BASE));
	}
}

static void on_packet(void *ctx, struct packet *p)
{
	struct run *r = ctx;
	struct flow *f = flow_of_packet(r->flows, p);

	if (f && p->ip_proto == IP_PROTO_TCP) {
		if (!r->raw) {
			stream_app_identified(f, DIR_TS);
			stream_app_identified(f, DIR_TC);
		}
		stream_packet(r->streams, f, p);
		look(r, f, p);
	}
	if (r->events)
		print_events(p);
}

static int replay(struct run *r, const char *path)
{
	const struct decode_sink sink = {on_packet, r};
	struct rx_file *in;
	struct errmsg e = {""};
	struct packet p;

	if (rx_file_open(path, &in, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	memset(&p, 0, sizeof(p));
	while (rx_file_next(in, &p) == 1) {
		r->packets = p.number;
		r->now_ns = p.now_ns;
		decode_frame(r->decoder, &p, &sink);
		if (p.number % BURST == 0)
			flow_tick(r->flows, p.now_ns);
	}
	flow_table_end_all(r->flows, r->now_ns);
	rx_file_close(in);
	return 0;
}

static void print_set(struct counter_set set)
{
	for (unsigned i = 0; i < set.count; i++) {
		if (set.values[i])
			fprintf(stderr, "%s.%s %" PRIu64 "\n", set.stage, set.names[i].name,
				set.values[i]);
	}
}

static bool run_init(struct run *r, const struct stream_config *config)
{
	struct decode_config decode = decode_config_default;

	decode.checksums = r->checksums;
	r->slab = slab_new(SLAB_CAP);
	r->decoder = decoder_new(&decode, r->slab);
	r->flows = flow_table_new(&flow_config_default, (struct hash_key){1, 2},
				  &(struct flow_sink){on_end, r});
	if (!r->slab || !r->decoder || !r->flows)
		return false;
	r->streams =
		stream_worker_new(config, r->flows, r->slab, &(struct stream_sink){on_data, r});
	return r->streams;
}

int main(int argc, char **argv)
{
	struct run r = {0};
	struct stream_config config = stream_config_default;
	bool counters = false;
	int i, bad = 0;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--events") == 0)
			r.events = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			r.quiet = true;
		else if (strcmp(argv[i], "--counters") == 0)
			counters = true;
		else if (strcmp(argv[i], "--checksums") == 0)
			r.checksums = true;
		else if (strcmp(argv[i], "--midstream") == 0)
			config.midstream = true;
		else if (strcmp(argv[i], "--async") == 0)
			config.async_oneside = true;
		else if (strcmp(argv[i], "--raw") == 0)
			r.raw = true;
		else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc)
			r.data = argv[++i];
		else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
			config.overlap = config.overlap_v6 =
				(enum stream_overlap)strtol(argv[++i], NULL, 10);
	}
	if (r.raw && r.data) /* bytes as soon as they are acknowledged */
		config.raw_chunk[0] = config.raw_chunk[1] = 0;
	if (i == argc || !run_init(&r, &config)) {
		fprintf(stderr,
			"usage: %s [--events|--quiet] [--counters] [--checksums] "
			"[--midstream] [--async] [--raw] [--policy N] [--data DIR] "
			"CAPTURE...\n",
			argv[0]);
		return 2;
	}
	for (; i < argc; i++)
		bad |= replay(&r, argv[i]);
	if (counters) {
		print_set(flow_counters(r.flows));
		print_set(stream_counters(r.streams));
		fprintf(stderr, "delivered %" PRIu64 "\n", r.delivered);
	}
	flow_table_delete(r.flows);
	stream_worker_delete(r.streams);
	decoder_delete(r.decoder);
	slab_delete(r.slab);
	return bad ? 1 : 0;
}
