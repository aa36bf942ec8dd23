/* Runs capture files through decode, flow, stream and app and prints the records of transactions,
 * files and flows as EVE lines; with --buffers what the sticky buffers held and which events were
 * set, for comparison with Suricata's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/app/app.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slab.h"
#include "dataplane/decode/decode.h"
#include "dataplane/flow/flow.h"
#include "dataplane/rx/file.h"
#include "dataplane/stream/stream.h"

enum { BURST = 32, SLAB_CAP = 1 << 30, LINE = 1 << 20 };

struct run {
	struct slab *slab;
	struct decoder *decoder;
	struct flow_table *flows;
	struct stream_worker *streams;
	struct app_worker *app;
	bool buffers, quiet, ports;
	uint64_t now_ns, packets;
	char line[LINE];
	_Alignas(8) uint8_t record[RECORD_MAX];
};

/* --- records --- */

static void head(struct run *r, struct record_head *h, const struct flow *f, const char *type)
{
	h->time_ns = r->now_ns;
	h->flow_id = f->id;
	h->src = f->key.addr[0];
	h->dst = f->key.addr[1];
	h->sport = f->key.port[0];
	h->dport = f->key.port[1];
	h->ip_proto = f->key.ip_proto;
	h->ip_version = f->ip_version;
	h->flags |= RECORD_HAS_TUPLE | RECORD_HAS_PORTS | RECORD_HAS_FLOW;
	snprintf(h->type, sizeof(h->type), "%s", type);
	snprintf(h->app_proto, sizeof(h->app_proto), "%s", app_proto_text(f));
}

static void print_record(struct run *r, struct record *rec)
{
	struct record_eve_options options = {0};
	struct slice bytes = record_finish(rec);

	if (!r->quiet && record_to_eve(bytes, &options, r->line, sizeof(r->line)) > 0)
		puts(r->line);
}

static void log_tx(struct run *r, const struct flow *f, const struct app_tx *tx)
{
	const struct app_proto *proto = f->app->proto;

	for (uint32_t i = 0; proto->eve_type && (i == 0 || proto->log_nth); i++) {
		struct record rec;
		struct record_head *h = record_begin(&rec, r->record, sizeof(r->record));
		bool some;

		head(r, h, f, proto->eve_type);
		h->tx_id = tx->id;
		h->flags |= RECORD_HAS_TX;
		record_object(&rec, proto->eve_key);
		some = proto->log_nth ? proto->log_nth(tx, f->app->state, i, &rec)
				      : proto->log && proto->log(tx, f->app->state, &rec);
		record_end(&rec);
		if (!some)
			break;
		print_record(r, &rec);
	}
}

static void log_files(struct run *r, const struct flow *f, const struct app_tx *tx)
{
	for (unsigned d = 0; d < 2; d++) {
		for (const struct app_file *file = tx->files[d]; file; file = file->next) {
			struct record rec;

			head(r, record_begin(&rec, r->record, sizeof(r->record)), f, "fileinfo");
			record_object(&rec, "fileinfo");
			app_file_log(file, &rec);
			record_end(&rec);
			print_record(r, &rec);
		}
	}
}

static void log_flow(struct run *r, const struct flow *f)
{
	struct record rec;

	head(r, record_begin(&rec, r->record, sizeof(r->record)), f, "flow");
	for (unsigned d = 0; d < 2; d++) {
		const char *side = app_proto_side_text(f, (enum dir)d);

		if (side)
			record_text(&rec, d ? "app_proto_tc" : "app_proto_ts", side);
	}
	if (f->app && f->app->orig && f->app->orig != f->app->proto)
		record_text(&rec, "app_proto_orig", f->app->orig->name);
	print_record(r, &rec);
}

/* --- buffers --- */

/* So that lines of many flows can be told apart. */
static void print_port(const struct run *r, const struct flow *f)
{
	if (r->ports)
		printf("%u ", f->key.port[DIR_TS]);
}

static void print_bytes(const char *what, enum dir dir, uint64_t tx, const char *name,
			struct slice s)
{
	printf("%s %s %" PRIu64 " %s ", what, dir == DIR_TS ? "ts" : "tc", tx, name);
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\\')
			printf("\\\\");
		else if (s.data[i] >= 0x20 && s.data[i] < 0x7f)
			putchar(s.data[i]);
		else
			printf("\\x%02x", s.data[i]);
	}
	putchar('\n');
}

static void print_bodies(const struct run *r, const struct flow *f, struct app_tx *tx, enum dir dir)
{
	const struct app_proto *proto = f->app->proto;

	for (unsigned i = 0; i < proto->buffer_count; i++) {
		const struct app_buffer *b = &proto->buffers[i];
		struct slice s;

		if (!b->body || !b->dir[dir] ||
		    app_tx_progress(f->app, tx, dir) < b->progress[dir] || !b->get(tx, dir, 0, &s))
			continue;
		print_port(r, f);
		print_bytes("body", dir, tx->id, b->name, s);
		b->seen(tx, dir);
	}
}

/* Which buffers of a transaction were printed, by direction: each once, as soon as it is there. */
struct seen {
	uint64_t buffers[2];
};

static struct seen *seen_of(const struct run *r, struct app_tx *tx)
{
	if (!tx->detect)
		tx->detect = slab_zalloc(r->slab, sizeof(struct seen));
	return (struct seen *)tx->detect;
}

static void print_buffers(const struct run *r, const struct flow *f, struct app_tx *tx,
			  enum dir dir)
{
	const struct app_proto *proto = f->app->proto;
	uint64_t *seen = &seen_of(r, tx)->buffers[dir];

	for (unsigned i = 0; i < proto->buffer_count && i < 64; i++) {
		const struct app_buffer *b = &proto->buffers[i];
		struct slice s;

		if (b->body || !b->dir[dir] || (*seen >> i & 1) ||
		    app_tx_progress(f->app, tx, dir) < b->progress[dir])
			continue;
		for (uint32_t n = 0; b->get(tx, dir, n, &s) && (!n || b->multi); n++) {
			print_port(r, f);
			print_bytes("buffer", dir, tx->id, b->name, s);
			*seen |= 1ULL << i;
		}
	}
}

static void print_events(const struct run *r, const struct flow *f, const struct app_tx *tx)
{
	const struct app_proto *proto = f->app->proto;

	for (unsigned i = 0; i < tx->event_count; i++) {
		char name[80];

		if (!app_event_name(proto, tx->event[i], name, sizeof(name)))
			continue;
		print_port(r, f);
		printf("event %" PRIu64 " %s\n", tx->id, name);
	}
}

static void tx_end(void *ctx, struct flow *f, struct app_tx *tx)
{
	struct run *r = ctx;

	if (r->buffers)
		print_events(r, f, tx);
	if (!(tx->flags & APP_TX_LOGGED))
		log_tx(r, f, tx);
	log_files(r, f, tx);
	slab_free(r->slab, tx->detect, sizeof(struct seen));
}

/* --- packets --- */

static void on_data(void *ctx, struct flow *f, struct packet *p, enum dir dir,
		    const struct stream_chunk *c)
{
	struct run *r = ctx;

	app_stream_data(r->app, f, p, dir, c);
}

/* What the worker does after a packet: inspect, log, release. */
static void after_packet(struct run *r, struct flow *f, const struct packet *p)
{
	struct app_flow *a = f->app;

	if (!a)
		return;
	for (unsigned i = 0; r->buffers && i < a->event_count; i++) {
		print_port(r, f);
		printf("event - %s\n", app_flow_event_name(a->events[i]));
	}
	for (struct app_tx *tx = a->tx_first; tx; tx = tx->next) {
		if (r->buffers) {
			print_buffers(r, f, tx, p->dir);
			print_bodies(r, f, tx, p->dir);
		}
		if (app_tx_complete(a, tx, p->dir))
			tx->flags |= (uint8_t)(APP_TX_INSPECTED_TS << p->dir);
		if (!(tx->flags & APP_TX_LOGGED) && app_tx_complete(a, tx, DIR_TS) &&
		    app_tx_complete(a, tx, DIR_TC)) {
			log_tx(r, f, tx);
			tx->flags |= APP_TX_LOGGED;
		}
	}
	app_tx_release(r->app, f);
}

static void on_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct run *r = ctx;

	r->now_ns = now_ns;
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
		after_packet(r, f, &p);
		stream_packet_done(r->streams, f, &p);
	}
	log_flow(r, f);
	app_flow_free(r->app, f);
	stream_free(r->streams, f);
}

static void on_packet(void *ctx, struct packet *p)
{
	struct run *r = ctx;
	struct flow *f = flow_of_packet(r->flows, p);

	if (!f)
		return;
	if (p->ip_proto == IP_PROTO_TCP) {
		stream_packet(r->streams, f, p);
		after_packet(r, f, p);
		stream_packet_done(r->streams, f, p);
	} else if (p->ip_proto == IP_PROTO_UDP && (f->wanted & FLOW_WANT_APP)) {
		app_datagram(r->app, f, p);
		after_packet(r, f, p);
	}
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

static bool run_init(struct run *r, bool midstream)
{
	struct decode_config decode = decode_config_default;
	struct stream_config stream = stream_config_default;
	struct app_config app = app_config_default;

	decode.checksums = false;
	stream.midstream = app.midstream = midstream;
	r->slab = slab_new(SLAB_CAP);
	r->decoder = decoder_new(&decode, r->slab);
	r->flows = flow_table_new(&flow_config_default, (struct hash_key){1, 2},
				  &(struct flow_sink){on_end, r});
	if (!r->slab || !r->decoder || !r->flows)
		return false;
	r->streams =
		stream_worker_new(&stream, r->flows, r->slab, &(struct stream_sink){on_data, r});
	r->app = r->streams ? app_worker_new(&app, r->slab, r->streams) : NULL;
	if (!r->app)
		return false;
	app_worker_sink(r->app, &(struct app_sink){tx_end, r});
	return true;
}

int main(int argc, char **argv)
{
	static struct run r;
	bool midstream = false, counters = false;
	int i, bad = 0;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		r.buffers |= strcmp(argv[i], "--buffers") == 0;
		r.ports |= strcmp(argv[i], "--ports") == 0;
		r.quiet |= strcmp(argv[i], "--quiet") == 0;
		counters |= strcmp(argv[i], "--counters") == 0;
		midstream |= strcmp(argv[i], "--midstream") == 0;
	}
	if (i == argc || !run_init(&r, midstream)) {
		fprintf(stderr,
			"usage: %s [--buffers] [--ports] [--quiet] [--counters] [--midstream] "
			"CAPTURE...\n",
			argv[0]);
		return 2;
	}
	for (; i < argc; i++)
		bad |= replay(&r, argv[i]);
	if (counters) {
		struct counter_set set = app_counters(r.app);

		for (unsigned n = 0; n < set.count; n++) {
			if (set.values[n])
				fprintf(stderr, "app.%s %" PRIu64 "\n", set.names[n].name,
					set.values[n]);
		}
	}
	flow_table_delete(r.flows);
	app_worker_delete(r.app);
	stream_worker_delete(r.streams);
	decoder_delete(r.decoder);
	if (slab_used(r.slab))
		fprintf(stderr, "%zu bytes were not given back\n", slab_used(r.slab));
	slab_delete(r.slab);
	return bad ? 1 : 0;
}
