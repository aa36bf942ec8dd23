/* Anomaly records of packets and of identification. */
#include "dataplane/event/event.h"

#include <ctype.h>

#include "dataplane/decode/events.h"
#include "dataplane/event/fields.h"
#include "dataplane/stream/events.h"

void event_put_capitals(struct record *r, const char *key, const char *text)
{
	char capitals[96];
	size_t n = 0;

	for (; text[n] && n < sizeof(capitals) - 1; n++)
		capitals[n] = (char)toupper((unsigned char)text[n]);
	capitals[n] = '\0';
	record_text(r, key, capitals);
}

static void put(struct event_writer *w, const struct packet *p, const char *type, const char *event)
{
	struct record *r = event_begin(w, "anomaly", p, NULL);

	if (!r)
		return;
	if (p->flow) {
		event_head(w)->flow_id = p->flow->id;
		event_head(w)->flags |= RECORD_HAS_FLOW;
	}
	record_object(r, "anomaly");
	record_text(r, "type", type);
	record_text(r, "event", event);
	record_end(r);
	event_done(w, RECORD_LANE_EVENT);
}

void event_packet_anomalies(struct event_writer *w, const struct packet *p)
{
	for (unsigned i = 0; i < p->event_count; i++) {
		unsigned event = p->events[i];

		if (event < STREAM_EVENT_BASE && event_wanted(w, EVENT_ANOMALY_DECODE))
			put(w, p, "decode", decode_event_name(event));
		if (event >= STREAM_EVENT_BASE && event_wanted(w, EVENT_ANOMALY_STREAM))
			put(w, p, "stream", stream_event_name(event - STREAM_EVENT_BASE));
	}
}

void event_flow_anomalies(struct event_writer *w, const struct packet *p, const struct flow *f)
{
	if (!f->app || !event_wanted(w, EVENT_ANOMALY))
		return;
	for (unsigned i = 0; i < f->app->event_count; i++) {
		const char *name = app_flow_event_name(f->app->events[i]);
		struct record *r = name ? event_begin(w, "anomaly", p, f) : NULL;

		if (!r)
			return;
		if (p->dir == DIR_TC)
			event_swap_tuple(event_head(w));
		event_head(w)->app_proto[0] = 0;
		record_object(r, "anomaly");
		if (app_shown(f->app))
			record_text(r, "app_proto", app_shown(f->app)->name);
		record_text(r, "type", "applayer");
		event_put_capitals(r, "event", name);
		record_text(r, "layer", "proto_detect");
		record_end(r);
		event_done(w, RECORD_LANE_EVENT);
	}
}
