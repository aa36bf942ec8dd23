#include "dataplane/detect/harness.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/decode/decode.h"

enum { MEMORY = 256 << 20, ALERTS = 1 << 16 };

struct harness {
	struct lang_set *set;
	struct detect_engine *engine;
	struct slab *slab;
	struct decoder *decoder;
	struct flow_table *flows;
	struct stream_worker *stream;
	struct app_worker *app;
	struct detector *detector;
	struct decode_sink decoded;
	uint64_t number, now_ns;
	uint16_t link_type;
	struct harness_alert *alerts;
	uint32_t nalerts;
};

static void on_alert(void *ctx, const struct detect_alert *a)
{
	struct harness *h = ctx;

	if (h->nalerts < ALERTS)
		h->alerts[h->nalerts++] =
			(struct harness_alert){a->rule->sid, a->action, (uint8_t)a->where,
					       a->packet->number, a->tx ? (int64_t)a->tx->id : -1};
}

static void logged(struct flow *f, bool ended)
{
	for (struct app_tx *tx = f->app->tx_first; tx; tx = tx->next) {
		if (ended ||
		    (app_tx_complete(f->app, tx, DIR_TS) && app_tx_complete(f->app, tx, DIR_TC)))
			tx->flags |= APP_TX_LOGGED;
	}
}

static void inspect(struct harness *h, struct packet *p)
{
	struct flow *f = p->flow;

	detect_packet(h->detector, p);
	if (!f)
		return;
	if (f->tcp)
		stream_packet_done(h->stream, f, p);
	if (f->app) {
		logged(f, false);
		app_tx_release(h->app, f);
	}
}

static void on_packet(void *ctx, struct packet *p)
{
	struct harness *h = ctx;

	if (p->ip_version && (p->flags & PACKET_WANTS_FLOW))
		flow_of_packet(h->flows, p);
	if (p->flow) {
		if (p->flow->flags & FLOW_ENCRYPTED)
			p->flags |= PACKET_NO_PAYLOAD;
		if (p->ip_proto == IP_PROTO_TCP)
			stream_packet(h->stream, p->flow, p);
		else if (p->ip_proto == IP_PROTO_UDP && p->payload_len)
			app_datagram(h->app, p->flow, p);
	}
	inspect(h, p);
}

static void on_data(void *ctx, struct flow *f, struct packet *p, enum dir dir,
		    const struct stream_chunk *chunk)
{
	struct harness *h = ctx;

	app_stream_data(h->app, f, p, dir, chunk);
}

static void flush(struct harness *h, struct flow *f, enum dir dir, uint64_t now_ns)
{
	struct packet p = {
		.now_ns = now_ns,
		.number = h->number,
		.flags = PACKET_PSEUDO_END,
		.ip_version = f->ip_version,
		.ip_proto = f->key.ip_proto,
		.src = f->key.addr[dir],
		.dst = f->key.addr[dir_other(dir)],
		.sport = f->key.port[dir],
		.dport = f->key.port[dir_other(dir)],
		.flow = f,
		.dir = dir,
	};

	stream_flush(h->stream, f, &p, dir);
	inspect(h, &p);
}

static bool flush_wanted(const struct flow *f, enum dir dir)
{
	if (stream_flush_needed(f, dir))
		return true;
	for (const struct app_tx *tx = f->app ? f->app->tx_first : NULL; tx; tx = tx->next) {
		if (!(tx->flags & (APP_TX_INSPECTED_TS << dir)))
			return true;
	}
	return false;
}

static void on_flow_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct harness *h = ctx;

	if (f->tcp) {
		bool ts = flush_wanted(f, DIR_TS), tc = flush_wanted(f, DIR_TC);

		if (ts)
			flush(h, f, DIR_TS, now_ns);
		if (tc)
			flush(h, f, DIR_TC, now_ns);
	}
	detect_flow_free(h->detector, f);
	app_flow_free(h->app, f);
	stream_free(h->stream, f);
}

static void on_tx_end(void *ctx, struct flow *f, struct app_tx *tx)
{
	struct harness *h = ctx;

	detect_tx_free(h->detector, tx);
}

static bool stages_new(struct harness *h)
{
	static const struct hash_key key = {1, 2};
	struct decode_config decode = decode_config_default;
	struct flow_sink ended = {on_flow_end, h};
	struct stream_sink data = {on_data, h};
	struct app_sink tx = {on_tx_end, h};
	struct detect_sink alerts = {on_alert, h};
	struct flow_config flow = flow_config_default;
	struct app_config app = app_config_default;

	flow.max = 1 << 14;
	decode.checksums = false;
	app.limits.file_wanted |= detect_file_wanted(h->engine);
	h->alerts = calloc(ALERTS, sizeof(*h->alerts));
	h->slab = slab_new(MEMORY);
	if (!h->alerts || !h->slab)
		return false;
	h->decoder = decoder_new(&decode, h->slab);
	h->flows = flow_table_new(&flow, key, &ended);
	if (!h->decoder || !h->flows)
		return false;
	h->stream = stream_worker_new(&stream_config_default, h->flows, h->slab, &data);
	h->app = app_worker_new(&app, h->slab, h->stream);
	if (!h->stream || !h->app)
		return false;
	app_worker_sink(h->app, &tx);
	h->detector = detector_new(h->engine, h->slab, h->stream, &alerts);
	if (h->detector)
		detector_frames(h->detector, h->app);
	h->decoded = (struct decode_sink){on_packet, h};
	h->link_type = 1;
	h->now_ns = 1600000000 * NS_PER_SEC;
	return h->detector != NULL;
}

static struct harness *finish(struct harness *h, struct errmsg *err)
{
	struct detect_config config = {.threads = 2};

	h->engine = detect_engine_new(h->set, &config, err);
	if (h->engine && stages_new(h))
		return h;
	harness_delete(h);
	return NULL;
}

static struct harness *begin(void)
{
	struct harness *h = calloc(1, sizeof(*h));

	if (h)
		h->set = lang_set_new();
	if (!h || !h->set)
		abort();
	return h;
}

struct harness *harness_new(const char *rules, struct errmsg *err)
{
	return harness_new_lang(rules, 7, err);
}

struct harness *harness_new_lang(const char *rules, uint8_t lang, struct errmsg *err)
{
	struct harness *h = begin();
	struct lang_opts opts = {.lang = lang, .keep_text = true};

	lang_load_bytes(slice_of(rules), "test", lang_vars_default(), &opts, h->set);
	return finish(h, err);
}

struct harness *harness_new_file(const char *path, struct errmsg *err)
{
	struct harness *h = begin();
	struct lang_opts opts = {.keep_text = false};

	if (lang_load_file(path, lang_vars_default(), &opts, h->set, err) != ERR_OK) {
		harness_delete(h);
		return NULL;
	}
	return finish(h, err);
}

static void stages_done(struct harness *h)
{
	if (h->flows)
		flow_table_delete(h->flows);
	detector_delete(h->detector);
	app_worker_delete(h->app);
	stream_worker_delete(h->stream);
	decoder_delete(h->decoder);
	slab_delete(h->slab);
	free(h->alerts);
	h->flows = NULL;
	h->detector = NULL;
	h->app = NULL;
	h->stream = NULL;
	h->decoder = NULL;
	h->slab = NULL;
	h->alerts = NULL;
	h->nalerts = 0;
	h->number = 0;
}

bool harness_restart(struct harness *h)
{
	stages_done(h);
	return stages_new(h);
}

void harness_delete(struct harness *h)
{
	if (!h)
		return;
	stages_done(h);
	detect_engine_delete(h->engine);
	lang_set_free(h->set);
	free(h);
}

void harness_frame(struct harness *h, const uint8_t *frame, uint32_t len, uint64_t now_ns)
{
	struct packet p = {
		.frame = frame,
		.frame_len = len,
		.wire_len = len,
		.now_ns = now_ns,
		.number = ++h->number,
		.link_type = h->link_type,
	};

	h->now_ns = now_ns;
	decode_frame(h->decoder, &p, &h->decoded);
	flow_tick(h->flows, now_ns);
	decode_tick(h->decoder, now_ns);
	detect_tick(h->detector, now_ns);
}

int harness_capture(struct harness *h, const char *path, struct errmsg *err)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	struct pcap_pkthdr *head;
	const u_char *data;

	if (!pcap)
		return errmsg_set(err, ERR_IO, "%s", text);
	h->link_type = (uint16_t)pcap_datalink(pcap);
	if (h->link_type == 12)
		h->link_type = 101; /* DLT_RAW */
	while (pcap_next_ex(pcap, &head, &data) == 1)
		harness_frame(h, data, head->caplen,
			      (uint64_t)head->ts.tv_sec * NS_PER_SEC + (uint64_t)head->ts.tv_usec);
	pcap_close(pcap);
	return ERR_OK;
}

void harness_end(struct harness *h)
{
	flow_table_end_all(h->flows, h->now_ns);
}

uint32_t harness_alerts(const struct harness *h, const struct harness_alert **ret)
{
	*ret = h->alerts;
	return h->nalerts;
}

uint32_t harness_count(const struct harness *h, uint32_t sid)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->nalerts; i++)
		n += h->alerts[i].sid == sid;
	return n;
}

uint32_t harness_loaded(const struct harness *h, char *ret, size_t cap)
{
	const struct detect_skip *skips;
	uint32_t n = detect_skips(h->engine, &skips);
	size_t at = 0;

	ret[0] = '\0';
	for (uint32_t i = 0; i < h->set->nproblems && at < cap; i++)
		at += (size_t)snprintf(ret + at, cap - at, "%s\n", h->set->problems[i].text);
	for (uint32_t i = 0; i < n && at < cap; i++)
		at += (size_t)snprintf(ret + at, cap - at, "sid %u: %s: %s\n", skips[i].rule->sid,
				       skips[i].keyword, skips[i].reason);
	return detect_rules(h->engine);
}

const struct rule *harness_rule(const struct harness *h, uint32_t sid)
{
	for (uint32_t i = 0; i < h->set->count; i++) {
		if (h->set->rules[i]->sid == sid)
			return h->set->rules[i];
	}
	return NULL;
}

struct detector *harness_detector(struct harness *h)
{
	return h->detector;
}

uint64_t harness_now(const struct harness *h)
{
	return h->now_ns;
}

void talk_pause(struct harness *h, uint64_t ns)
{
	h->now_ns += ns;
}
