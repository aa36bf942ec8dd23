#include "dataplane/worker/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/worker/carry.h"
#include "dataplane/worker/demand.h"
#include "dataplane/worker/listed.h"
#include "dataplane/worker/mirror.h"
#include "dataplane/worker/observe.h"
#include "dataplane/worker/profile.h"
#include "dataplane/worker/witness.h"

enum { WORKER_MEMORY = 1 << 30, FETCH_FLOWS = 1 << 12 };

struct pipeline {
	struct slab *slab;
	struct decoder *decoder;
	struct flow_table *flows;
	struct stream_worker *stream;
	struct app_worker *app;
	struct detector *detector; /* NULL without rules */
	const struct detect_engine *engine;
	struct event_writer *events;
	struct behave *behave;
	struct listed *listed;
	struct witness witness;
	struct mirror *mirror;
	struct pipeline_totals totals;
	uint8_t file_wanted; /* by the configuration; rules add more */
	struct carry carry;
	struct decode_sink decoded;
	uint64_t last_number;
	void (*hook)(void *ctx, const struct packet *p);
	void *hook_ctx;
	struct profile profile;
};

struct pipeline_config pipeline_config_default(void)
{
	struct pipeline_config c = {
		.decode = decode_config_default,
		.flow = flow_config_default,
		.stream = stream_config_default,
		.app = app_config_default,
		.event = {.types = EVENT_DEFAULT, .packet_numbers = true},
		.behave = behave_config_default,
		.memory = WORKER_MEMORY,
		.list_repeat = 60,
	};

	c.app.naming = true;
	return c;
}

static bool ready_to_log(const struct app_flow *a, const struct app_tx *tx)
{
	const uint8_t *early = a->proto->log_progress;

	if ((early[DIR_TS] || early[DIR_TC]) && tx->progress[DIR_TS] >= early[DIR_TS] &&
	    tx->progress[DIR_TC] >= early[DIR_TC])
		return true;
	return app_tx_complete(a, tx, DIR_TS) && app_tx_complete(a, tx, DIR_TC);
}

/* Files that are over are told with a packet of their direction, when detection has seen them. */
static void log_files(struct pipeline *l, struct packet *p, struct flow *f, struct app_tx *tx,
		      bool flow_ended)
{
	tx->flags &= (uint8_t)~APP_TX_FILES;
	for (unsigned dir = 0; dir < 2; dir++) {
		for (struct app_file *file = tx->files[dir]; file; file = file->next) {
			if (file->logged)
				continue;
			if (!flow_ended &&
			    (file->state == APP_FILE_OPEN || dir != (unsigned)p->dir)) {
				tx->flags |= APP_TX_FILES;
				continue;
			}
			file->logged = true;
			if (l->carry.port)
				carry_decide(&l->carry, file);
			event_file(l->events, p, f, tx, file, (enum dir)dir);
			listed_file(l->listed, p, f, tx, file);
		}
	}
}

/* Transactions that came to their end: their records, what behaviour detectors see of them. */
static void log_transactions(struct pipeline *l, struct packet *p, struct flow *f, bool flow_ended)
{
	struct app_flow *a = f->app;

	for (struct app_tx *tx = a->tx_first; tx; tx = tx->next) {
		if (tx->files[DIR_TS] || tx->files[DIR_TC])
			log_files(l, p, f, tx, flow_ended);
		if (tx->flags & APP_TX_LOGGED)
			continue;
		if (!flow_ended && !ready_to_log(a, tx))
			continue;
		tx->flags |= APP_TX_LOGGED;
		/* What a datagram's flow never finished has no record, as in Suricata. */
		if (f->tcp || ready_to_log(a, tx))
			event_tx(l->events, p, f, tx);
		observe_tx(l->behave, p, f, tx);
		listed_tx(l->listed, p, f, tx);
	}
}

/* Without rules transactions are looked at when something has come, once a direction. */
static bool news(const struct pipeline *l, const struct packet *p)
{
	struct app_flow *a = p->flow ? p->flow->app : NULL;

	if (l->detector || !a || p->flags & PACKET_PSEUDO_END)
		return true;
	if (!(a->news >> p->dir & 1))
		return false;
	a->news &= (uint8_t) ~(1 << p->dir);
	return true;
}

static void inspect(struct pipeline *l, struct packet *p)
{
	enum pipeline_stage before = profile_enter(&l->profile, STAGE_DETECT);
	struct flow *f = p->flow;

	if (l->detector)
		f = detect_packet(l->detector, p) ? f : NULL;
	else if (f && f->app && news(l, p))
		detect_nothing(p);
	else
		f = NULL;
	profile_enter(&l->profile, STAGE_EVENT);
	if (p->event_count)
		event_packet_anomalies(l->events, p);
	if (f && f->app && (f->app->tx_first || f->app->event_count)) {
		event_flow_anomalies(l->events, p, f);
		log_transactions(l, p, f, false);
		app_tx_release(l->app, f);
	}
	profile_leave(&l->profile, before);
}

/* A packet without a frame, to run what is left of a direction through detection. */
static struct packet pseudo_packet(const struct pipeline *l, struct flow *f, enum dir dir,
				   uint64_t now_ns)
{
	struct packet p = {
		.now_ns = now_ns,
		.number = l->last_number,
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

	if (f->flags & FLOW_HANDSHAKE)
		p.flags |= PACKET_ESTABLISHED;
	return p;
}

/* Another protocol goes on: the old one's transactions are seen off first. */
static void change_of_protocol(struct pipeline *l, struct flow *f, uint64_t now_ns)
{
	for (unsigned d = 0; d < 2 && app_change_waits(f); d++) {
		struct packet p = pseudo_packet(l, f, (enum dir)d, now_ns);

		inspect(l, &p);
	}
}

static void datagram(struct pipeline *l, struct packet *p)
{
	enum local_kind kind = local_kind_of(p->sport, p->dport, packet_payload(p));

	enum pipeline_stage before = profile_enter(&l->profile, STAGE_APP);
	uint64_t begin = profile_parser(&l->profile);

	app_datagram(l->app, p->flow, p);
	profile_leave(&l->profile, before);
	profile_parser_done(&l->profile, p->flow->app, begin);
	if (kind != LOCAL_NONE)
		event_local(l->events, p, kind);
}

static bool untracked(const struct packet *p)
{
	return p->payload_len && p->ip_proto == IP_PROTO_TCP && !p->flow->tcp && !p->flow->app &&
	       !(p->flags & PACKET_BAD_CHECKSUM);
}

/* Nobody will look at the flow again: its packets are counted from now on. Remote calls are read
 * from single segments, wherever no parser has said that it is through. */
static void pass_over(struct pipeline *l, struct flow *f)
{
	if (!(f->app && f->app->done) &&
	    (behave_listens(l->behave, BEHAVE_RPC) || behave_listens(l->behave, BEHAVE_SHARE)))
		return;
	if (!(f->app && f->app->tx_first) && !(f->flags & (FLOW_NAMING | FLOW_NAMED)) &&
	    f->state == FLOW_ESTABLISHED)
		flow_set_state(l->flows, f, FLOW_BYPASSED);
}

/* A packet of a bypassed flow that was decoded all the same. */
static void passed_over(struct pipeline *l, const struct packet *p)
{
	struct flow *f = p->flow;

	mirror_flow(l->mirror, p);
	listed_flow(l->listed, p);
	/* Its end is told when others' ends are. */
	if (p->ip_proto == IP_PROTO_TCP && f->tcp &&
	    (p->tcp.flags & TCP_RST || f->tcp_flags[0] & f->tcp_flags[1] & TCP_FIN))
		flow_set_state(l->flows, f, FLOW_CLOSED);
}

static void named(struct pipeline *l, struct flow *f, uint64_t now_ns)
{
	f->flags &= (uint16_t)~FLOW_NAMED;
	observe_traffic(l->behave, f, now_ns);
}

/* One decoded packet through all stages. */
static void packet(void *ctx, struct packet *p)
{
	struct pipeline *l = ctx;
	enum pipeline_stage before = profile_enter(&l->profile, STAGE_FLOW);

	if (!mirror_packet(l->mirror, p)) {
		profile_leave(&l->profile, before);
		return;
	}
	if (p->ip_version && !(p->flags & (PACKET_FRAGMENT | PACKET_INVALID)))
		flow_of_packet(l->flows, p);
	if (p->flow) /* detection comes last: until then it is there */
		__builtin_prefetch(p->flow->detect);
	if (l->witness.tape)
		witness_see(&l->witness, p);
	if (l->hook)
		l->hook(l->hook_ctx, p);
	if (p->flow && p->flow->state == FLOW_BYPASSED) {
		passed_over(l, p);
		profile_leave(&l->profile, before);
		return;
	}
	if (p->flow) {
		bool naming = p->flow->flags & FLOW_NAMING;

		if (p->flow->flags & FLOW_ENCRYPTED)
			p->flags |= PACKET_NO_PAYLOAD;
		profile_enter(&l->profile, STAGE_STREAM);
		if (p->ip_proto == IP_PROTO_TCP)
			stream_packet(l->stream, p->flow, p);
		else if (p->ip_proto == IP_PROTO_UDP && p->payload_len)
			datagram(l, p);
		mirror_flow(l->mirror, p);
		profile_enter(&l->profile, STAGE_BEHAVE);
		observe_packet(l->behave, p);
		listed_flow(l->listed, p);
		profile_enter(&l->profile, STAGE_NAMES);
		if (naming)
			app_traffic_packet(l->app, p->flow, p);
		else if (untracked(p))
			app_traffic_untracked(l->app, p->flow, p);
		if (p->flow->flags & FLOW_NAMED)
			named(l, p->flow, p->now_ns);
	}
	profile_enter(&l->profile, STAGE_BEHAVE);
	if (!p->flow || p->ip_proto == IP_PROTO_ICMPV6) {
		observe_frame(l->behave, p);
		event_neighbour(l->events, p);
	}
	inspect(l, p);
	profile_enter(&l->profile, STAGE_STREAM);
	if (p->flow && p->ip_proto == IP_PROTO_TCP) {
		stream_packet_done(l->stream, p->flow, p);
		if (stream_spent(l->stream, p->flow))
			pass_over(l, p->flow);
		if (app_change_waits(p->flow))
			change_of_protocol(l, p->flow, p->now_ns);
	}
	profile_leave(&l->profile, before);
}

static void stream_data(void *ctx, struct flow *f, struct packet *p, enum dir dir,
			const struct stream_chunk *chunk)
{
	struct pipeline *l = ctx;

	enum pipeline_stage before = profile_enter(&l->profile, STAGE_APP);
	uint64_t begin = profile_parser(&l->profile);

	app_stream_data(l->app, f, p, dir, chunk);
	profile_leave(&l->profile, before);
	profile_parser_done(&l->profile, f->app, begin);
}

static void alert(void *ctx, const struct detect_alert *a)
{
	struct pipeline *l = ctx;

	l->totals.alerts++;
	l->witness.alert = a;
	event_alert(l->events, a);
	l->witness.alert = NULL;
}

static void bypass(void *ctx, struct flow *f)
{
	struct pipeline *l = ctx;

	flow_set_state(l->flows, f, FLOW_BYPASSED);
}

static void tagged(void *ctx, const struct packet *p)
{
	struct pipeline *l = ctx;

	event_tagged(l->events, p);
}

static void protocol_record(void *ctx, struct slice record)
{
	struct pipeline *l = ctx;

	behave_record(l->behave, record);
}

static bool protocol_record_wanted(void *ctx, const char *type)
{
	struct pipeline *l = ctx;

	/* observe_tx tells of DNS itself: there is too much of it for records. */
	return l->behave && strcmp(type, "dns") != 0 && behave_wants(l->behave, type);
}

static void behaviour(void *ctx, const struct behave_hit *hit)
{
	struct pipeline *l = ctx;

	l->totals.behaviour++;
	observe_hit(l->events, hit);
}

static void flush_direction(struct pipeline *l, struct flow *f, enum dir dir, uint64_t now_ns)
{
	struct packet p = pseudo_packet(l, f, dir, now_ns);

	stream_flush(l->stream, f, &p, dir);
	inspect(l, &p);
}

/* Bytes of the direction that were not delivered or inspected, a session that did not close, or a
 * transaction that detection is not through with. */
static bool flush_wanted(const struct flow *f, enum dir dir)
{
	if (!f->tcp)
		return false;
	if (stream_flush_needed(f, dir))
		return true;
	for (const struct app_tx *tx = f->app ? f->app->tx_first : NULL; tx; tx = tx->next) {
		if (!(tx->flags & (APP_TX_INSPECTED_TS << dir)))
			return true;
	}
	return false;
}

static void flow_end(void *ctx, struct flow *f, uint64_t now_ns)
{
	struct pipeline *l = ctx;
	struct packet last = {.now_ns = now_ns, .number = l->last_number, .flow = f};

	bool flush[2] = {flush_wanted(f, DIR_TS), flush_wanted(f, DIR_TC)};

	if (flush[DIR_TS])
		flush_direction(l, f, DIR_TS, now_ns);
	if (flush[DIR_TC])
		flush_direction(l, f, DIR_TC, now_ns);
	if (f->app) {
		app_flow_files_end(l->app, f);
		event_flow_anomalies(l->events, &last, f);
		log_transactions(l, &last, f, true);
	}
	app_traffic_end(l->app, f);
	if (f->flags & FLOW_NAMED)
		named(l, f, now_ns);
	observe_flow_end(l->behave, f);
	event_flow(l->events, f, now_ns);
	if (l->detector)
		detect_flow_free(l->detector, f);
	app_flow_free(l->app, f);
	stream_free(l->stream, f);
}

static void tx_end(void *ctx, struct flow *f, struct app_tx *tx)
{
	struct pipeline *l = ctx;

	if (l->detector)
		detect_tx_free(l->detector, tx);
}

/* Of tables whose entries displace each other and whose ids are seen. */
static struct hash_key table_key(const struct pipeline_config *config)
{
	static const struct hash_key fixed = {0x62616e6b656e2d72, 0x6f66666c696e6520};

	return config->repeatable ? fixed : hash_key_random();
}

static bool stages_new(struct pipeline *l, const struct pipeline_config *config, uint64_t first_id,
		       const struct event_sink *sink)
{
	struct app_sink ended_tx = {tx_end, l};
	struct flow_sink ended = {flow_end, l};
	struct stream_sink in_order = {stream_data, l};
	struct behave_config behaviour_config = config->behave;
	struct app_config app_config = config->app;
	struct behave_sink hits = {behaviour, l};
	struct event_sink records = *sink;

	if (config->desk) {
		carry_init(&l->carry, config->desk, &config->carry);
		records.file = carry_end;
		records.file_ctx = &l->carry;
	}

	if (config->keeper)
		witness_init(&l->witness, config->keeper, config->index, &records);
	if (config->behave.enabled) {
		records.tap = protocol_record;
		records.tap_wants = protocol_record_wanted;
		records.tap_ctx = l;
	}
	l->slab = slab_new(config->memory);
	if (!l->slab)
		return false;
	l->decoder = decoder_new(&config->decode, l->slab);
	l->flows = flow_table_new(&config->flow, table_key(config), &ended);
	if (!l->decoder || !l->flows)
		return false;
	l->stream = stream_worker_new(&config->stream, l->flows, l->slab, &in_order);
	if (!l->stream)
		return false;
	/* A flow's record holds whatever name its traffic has. */
	if (!(config->event.types & EVENT_FLOW))
		app_config.naming_only = behave_traffic_names;
	l->app = app_worker_new(&app_config, l->slab, l->stream);
	behaviour_config.key = table_key(config);
	l->behave = behave_new(&behaviour_config, &hits);
	l->events = event_writer_new(&config->event, first_id, &records);
	if (l->app)
		app_worker_sink(l->app, &ended_tx);
	if (l->app && config->desk) {
		struct app_carrier carrier = carry_carrier(&l->carry);

		app_worker_carrier(l->app, &carrier);
	}
	l->listed = l->events ? listed_new(l->events, config->list_repeat) : NULL;
	l->mirror = mirror_new(config->duplicates);
	if (config->warm && l->behave) {
		slab_warm(l->slab, config->warm);
		flow_table_warm(l->flows, (unsigned)(config->warm / 1024));
		behave_warm(l->behave);
	}
	return l->app && l->listed && l->behave && l->mirror;
}

static uint8_t files_wanted(struct pipeline *l, const struct detect_engine *engine)
{
	uint8_t wanted = engine ? detect_file_wanted(engine) : 0;

	return carry_wanted(&l->carry, l->file_wanted, wanted | listed_digests(l->listed));
}

static void serve_readers(struct pipeline *l, const struct detect_engine *engine)
{
	uint8_t files = files_wanted(l, engine);
	const struct demand_readers readers = {
		.rules = engine != NULL,
		.lists = l->listed->lists != NULL,
		.files = files || l->carry.port,
		.traffic_names = behave_listens(l->behave, BEHAVE_TRAFFIC),
		.records = event_types(l->events),
	};
	struct app_demand demand = demand_of(&readers);

	app_worker_files(l->app, files);
	app_worker_demand(l->app, &demand);
}

/* What stages are to do for these rules (NULL: none). */
static void serve_rules(struct pipeline *l, const struct detect_engine *engine)
{
	const uint8_t raw = FLOW_WANT_RAW_TS | FLOW_WANT_RAW_TC;

	serve_readers(l, engine);
	flow_table_want(l->flows, engine ? FLOW_WANT_ALL : FLOW_WANT_ALL & ~raw);
	stream_compare(l->stream, event_wanted(l->events, EVENT_ANOMALY_STREAM) ||
					  (engine && detect_compare_wanted(engine)));
}

static bool open_detector(struct pipeline *l, struct detect_engine *engine)
{
	const struct detect_sink alerts = {alert, l, bypass, tagged};

	l->detector = detector_new(engine, l->slab, l->stream, &alerts);
	if (!l->detector)
		return false;
	detector_frames(l->detector, l->app);
	return true;
}

struct pipeline *pipeline_new(const struct pipeline_config *config, struct detect_engine *engine,
			      uint64_t first_id, const struct event_sink *sink, struct errmsg *err)
{
	struct pipeline *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->profile.on = config->profile;
	l->file_wanted = config->app.limits.file_wanted;
	l->decoded = (struct decode_sink){packet, l};
	if (!stages_new(l, config, first_id, sink))
		goto no_memory;
	l->engine = engine;
	serve_rules(l, engine);
	if (!engine || open_detector(l, engine))
		return l;
no_memory:
	errmsg_set(err, ERR_NOMEM,
		   "no memory for a worker (%zu MB asked); lower worker.memory or flow.max",
		   config->memory >> 20);
	pipeline_delete(l);
	return NULL;
}

void pipeline_delete(struct pipeline *l)
{
	if (!l)
		return;
	if (l->flows)
		flow_table_delete(l->flows);
	detector_delete(l->detector);
	behave_delete(l->behave);
	listed_delete(l->listed);
	mirror_delete(l->mirror);
	event_writer_delete(l->events);
	app_worker_delete(l->app);
	stream_worker_delete(l->stream);
	decoder_delete(l->decoder);
	slab_delete(l->slab);
	free(l);
}

void pipeline_set_hook(struct pipeline *l, void (*hook)(void *ctx, const struct packet *p),
		       void *ctx)
{
	l->hook = hook;
	l->hook_ctx = ctx;
}

static void frame(struct pipeline *l, struct packet *p, const struct flow_seen *seen)
{
	l->totals.packets++;
	l->totals.bytes += p->wire_len;
	l->last_number = p->number;
	profile_frame(&l->profile, l->totals.packets, p->wire_len);
	if (l->hook || l->witness.tape || !flow_pass(l->flows, p, seen))
		decode_frame(l->decoder, p, &l->decoded);
	if (l->witness.tape)
		witness_keep(&l->witness, p);
	profile_frame_done(&l->profile);
}

/* With few flows they are near anyway, and looking ahead costs more than it saves. */
static void fetch_flows(struct pipeline *l, const struct packet *p, unsigned n)
{
	const struct flow *guess[PIPELINE_BURST];

	for (unsigned i = 0; i < n; i++)
		guess[i] = p[i].flow_hash ? flow_guess(l->flows, p[i].flow_hash) : NULL;
	for (unsigned i = 0; i < n; i++) {
		if (!guess[i])
			continue;
		__builtin_prefetch(guess[i]->tcp);
		__builtin_prefetch((const char *)guess[i]->tcp + 64);
		__builtin_prefetch(guess[i]->app);
	}
}

enum pipeline_worth pipeline_worth(const struct pipeline *l, const struct packet *p)
{
	uint8_t tcp_flags;
	const struct flow *f = flow_known(l->flows, p, &tcp_flags);

	if (!f || f->bytes[DIR_TS] + f->bytes[DIR_TC] < LIMIT_SHED_BYTES ||
	    (tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return WORTH_NEW;
	return f->flags & (FLOW_ALERTED | FLOW_WATCHED) ? WORTH_MUCH : WORTH_BULK;
}

void pipeline_burst(struct pipeline *l, struct packet *p, unsigned n)
{
	struct flow_seen seen[PIPELINE_BURST];

	for (unsigned i = 0; i < n; i++) {
		p[i].flow_hash = flow_peek(l->flows, &p[i], &seen[i]);
		if (p[i].flow_hash)
			flow_prefetch(l->flows, p[i].flow_hash);
	}
	if (flow_count(l->flows) > FETCH_FLOWS)
		fetch_flows(l, p, n);
	for (unsigned i = 0; i < n; i++)
		frame(l, &p[i], &seen[i]);
}

void pipeline_tick(struct pipeline *l, uint64_t now_ns)
{
	uint64_t begin = l->profile.on ? __rdtsc() : 0;

	decode_tick(l->decoder, now_ns);
	flow_tick(l->flows, now_ns);
	if (l->detector)
		detect_tick(l->detector, now_ns);
	behave_tick(l->behave, now_ns);
	if (l->carry.port && !l->carry.config.at_end)
		l->totals.alerts += carry_collect(&l->carry, l->events);
	if (l->profile.on)
		profile_burst(&l->profile, STAGE_TICK, begin);
}

void pipeline_collect(struct pipeline *l)
{
	if (l->carry.port)
		l->totals.alerts += carry_collect(&l->carry, l->events);
}

void pipeline_finish(struct pipeline *l, uint64_t now_ns)
{
	flow_table_end_all(l->flows, now_ns);
	behave_flush(l->behave, now_ns);
}

/* Also the first rules of a worker that began without any. */
void pipeline_switch_rules(struct pipeline *l, struct detect_engine *engine)
{
	if (!engine)
		return;
	if (l->detector ? detector_switch(l->detector, engine) != ERR_OK
			: !open_detector(l, engine))
		return;
	l->engine = engine;
	serve_rules(l, engine);
}

void pipeline_switch_lists(struct pipeline *l, const struct lists *lists, uint64_t now_ns)
{
	listed_switch(l->listed, lists, now_ns);
	serve_readers(l, l->engine);
}

const struct pipeline_totals *pipeline_totals(const struct pipeline *l)
{
	return &l->totals;
}

struct profile *pipeline_profile(struct pipeline *l)
{
	return &l->profile;
}

const struct detector *pipeline_detector(const struct pipeline *l)
{
	return l->detector;
}

unsigned pipeline_counters(const struct pipeline *l, struct counter_set ret[PIPELINE_COUNTER_SETS])
{
	unsigned n = 0;

	ret[n++] = decode_counters(l->decoder);
	ret[n++] = flow_counters(l->flows);
	ret[n++] = stream_counters(l->stream);
	ret[n++] = app_counters(l->app);
	ret[n++] = app_traffic_counters(l->app);
	if (l->detector)
		ret[n++] = detect_counters(l->detector);
	ret[n++] = behave_counters(l->behave);
	ret[n++] = listed_counters(l->listed);
	ret[n++] = mirror_counters(l->mirror);
	if (l->witness.tape)
		ret[n++] = keeper_counters(l->witness.keeper, l->witness.index);
	if (l->carry.port)
		n += desk_counters(l->carry.port, ret + n);
	return n;
}

void pipeline_put_stats(struct pipeline *l, uint64_t now_ns, uint64_t uptime_seconds)
{
	struct record *r;

	if (!event_wanted(l->events, EVENT_STATS))
		return;
	r = event_begin(l->events, "stats", NULL, NULL);
	if (!r)
		return;
	event_head(l->events)->time_ns = now_ns;
	record_object(r, "stats");
	record_uint(r, "uptime", uptime_seconds);
	record_object(r, "decoder");
	record_uint(r, "pkts", l->totals.packets);
	record_uint(r, "bytes", l->totals.bytes);
	record_end(r);
	record_object(r, "detect");
	record_uint(r, "alert", l->totals.alerts + l->totals.behaviour);
	record_end(r);
	record_end(r);
	event_done(l->events, RECORD_LANE_EVENT);
}
