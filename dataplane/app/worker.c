/* The app layer's worker: configuration, counters, names. */
#include "dataplane/app/internal.h"

#include <stdio.h>
#include <stdlib.h>

const struct app_config app_config_default = {
	.limits =
		{
			.demand = {true, true, true},
			.http_request_body_limit = 100 * 1024,
			.http_response_body_limit = 100 * 1024,
			.http_request_inspect_min = 32 * 1024,
			.http_request_inspect_window = 4 * 1024,
			.http_response_inspect_min = 40 * 1024,
			.http_response_inspect_window = 16 * 1024,
			.http_lzma_memory = 1 << 20,
			.part_memory = 100 << 20,
			.part_seconds = 60,
		},
};

static const struct counter_name fixed_names[APP_COUNTS] = {
	[APP_COUNT_FAILED_TCP] = {"flow.failed_tcp", false},
	[APP_COUNT_FAILED_UDP] = {"flow.failed_udp", false},
	[APP_COUNT_SKIPPED] = {"skipped", false},
	[APP_COUNT_GAP_UNKNOWN] = {"gap_before_identified", false},
	[APP_COUNT_MEMORY] = {"memory", false},
	[APP_COUNT_BUFFERED] = {"buffered", false},
	[APP_COUNT_TRANSACTIONS] = {"transactions", false},
	[APP_COUNT_TX_EVENTS] = {"tx_events_lost", false},
	[APP_COUNT_CHANGES] = {"changes", false},
	[APP_COUNT_FILES] = {"files", false},
	[APP_COUNT_FILE_LIMIT] = {"file_window_refused", false},
	[APP_COUNT_FRAMES] = {"frames_refused", false},
	[APP_COUNT_PARTS] = {"parts", false},
	[APP_COUNT_PARTS_JOINED] = {"parts_joined", false},
	[APP_COUNT_PARTS_REFUSED] = {"parts_refused", false},
	[APP_COUNT_PARTS_OLDEST] = {"parts_oldest", false},
	[APP_COUNT_PARTS_EXPIRED] = {"parts_expired", false},
};

static const char *const event_names[APP_FLOW_EVENTS] = {
	[APP_EVENT_MISMATCH_PROTOCOL_BOTH_DIRECTIONS] =
		"applayer_mismatch_protocol_both_directions",
	[APP_EVENT_WRONG_DIRECTION_FIRST_DATA] = "applayer_wrong_direction_first_data",
	[APP_EVENT_DETECT_PROTOCOL_ONLY_ONE_DIRECTION] =
		"applayer_detect_protocol_only_one_direction",
	[APP_EVENT_PROTO_DETECTION_SKIPPED] = "applayer_proto_detection_skipped",
	[APP_EVENT_NO_TLS_AFTER_STARTTLS] = "applayer_no_tls_after_starttls",
	[APP_EVENT_UNEXPECTED_PROTOCOL] = "applayer_unexpected_protocol",
};

enum { NAME_ROOM = 48 };

unsigned app_proto_index(const struct app_worker *w, const struct app_proto *proto)
{
	for (unsigned i = 0; i < w->protos; i++) {
		if (app_protocols[i] == proto)
			return i;
	}
	return 0;
}

void app_count_proto(struct app_worker *w, const struct app_proto *proto,
		     enum app_proto_counter counter)
{
	w->counts[APP_COUNTS + app_proto_index(w, proto) * APP_PROTO_COUNTS + counter]++;
}

static bool counters_new(struct app_worker *w)
{
	static const char *const forms[APP_PROTO_COUNTS] = {"flow.%s", "tx.%s", "error.%s",
							    "error.%s.gap", "limit.%s"};
	unsigned total = APP_COUNTS + w->protos * APP_PROTO_COUNTS;

	w->counts = calloc(total, sizeof(*w->counts));
	w->names = calloc(total, sizeof(*w->names));
	w->name_text = calloc(total, NAME_ROOM);
	if (!w->counts || !w->names || !w->name_text)
		return false;
	for (unsigned i = 0; i < APP_COUNTS; i++)
		w->names[i] = fixed_names[i];
	for (unsigned i = APP_COUNTS; i < total; i++) {
		unsigned proto = (i - APP_COUNTS) / APP_PROTO_COUNTS;
		char *text = w->name_text + (size_t)i * NAME_ROOM;

		snprintf(text, NAME_ROOM, forms[(i - APP_COUNTS) % APP_PROTO_COUNTS],
			 app_protocols[proto]->name);
		w->names[i] = (struct counter_name){text, false};
	}
	return true;
}

struct app_worker *app_worker_new(const struct app_config *config, struct slab *slab,
				  struct stream_worker *stream)
{
	struct app_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->config = *config;
	for (unsigned i = 0; app_protocols[i]; i++) {
		w->protos++;
		if (!app_protocols[i]->enabled_by_default && !(config->enabled >> i & 1))
			w->config.disabled |= 1ULL << i;
	}
	w->slab = slab;
	w->stream = stream;
	w->identify = identify_new(app_protocols, w->config.disabled);
	w->expect = expect_new();
	w->parts = part_table_new();
	w->key = hash_key_random();
	if (!w->identify || !w->expect || !w->parts || !counters_new(w)) {
		app_worker_delete(w);
		return NULL;
	}
	w->naming_off = "it is switched off";
	if (config->naming)
		w->naming =
			naming_new(slab, config->naming_late, config->naming_only, &w->naming_off);
	app_worker_files(w, config->limits.file_wanted);
	return w;
}

void app_worker_demand(struct app_worker *w, const struct app_demand *demand)
{
	w->config.limits.demand = *demand;
}

void app_worker_files(struct app_worker *w, uint8_t wanted)
{
	w->config.limits.file_wanted = wanted;
	if ((wanted & APP_FILE_MAGIC) && !w->magic)
		w->magic = file_magic_new();
}

void app_worker_delete(struct app_worker *w)
{
	if (!w)
		return;
	identify_free(w->identify);
	file_magic_free(w->magic);
	expect_free(w->expect);
	part_table_delete(w);
	naming_delete(w->naming);
	free(w->counts);
	free(w->names);
	free(w->name_text);
	free(w);
}

void app_worker_carrier(struct app_worker *w, const struct app_carrier *carrier)
{
	w->carrier = *carrier;
}

void app_worker_sink(struct app_worker *w, const struct app_sink *sink)
{
	w->sink = *sink;
}

struct counter_set app_counters(const struct app_worker *w)
{
	return (struct counter_set){"app", w->names, w->counts,
				    APP_COUNTS + w->protos * APP_PROTO_COUNTS};
}

const struct app_proto *app_proto_by_name(struct slice name)
{
	for (unsigned i = 0; app_protocols[i]; i++) {
		const struct app_proto *p = app_protocols[i];

		if (slice_eq(name, SLICE_STR(p->name)))
			return p;
		for (unsigned k = 0; k < ARRAY_SIZE(p->rule_names) && p->rule_names[k]; k++) {
			if (slice_eq(name, SLICE_STR(p->rule_names[k])))
				return p;
		}
	}
	return NULL;
}

const char *app_proto_text(const struct flow *f)
{
	if (!f->app) /* a datagram is tried at once */
		return f->key.ip_proto == IP_PROTO_UDP ? "failed" : "unknown";
	if (app_shown(f->app))
		return app_shown(f->app)->name;
	if (f->app->off || f->app->unnamed || f->key.ip_proto == IP_PROTO_UDP)
		return "failed";
	return "unknown";
}

const char *app_proto_side_text(const struct flow *f, enum dir dir)
{
	const struct app_flow *a = f->app;

	if (!a || a->seen[dir] == app_shown(a))
		return NULL;
	if (a->seen[dir])
		return a->seen[dir]->name;
	return a->side[dir]->verdict == APP_FAILED ? "failed" : NULL;
}

const char *app_flow_event_name(unsigned event)
{
	return event < APP_FLOW_EVENTS ? event_names[event] : NULL;
}

bool app_event_name(const struct app_proto *proto, unsigned event, char *ret, size_t cap)
{
	if (event >= proto->event_count)
		return false;
	return (size_t)snprintf(ret, cap, "%s.%s", proto->event_prefix, proto->events[event]) < cap;
}
