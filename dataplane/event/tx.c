/* Records of transactions: the protocol's own, its files', its anomalies. */
#include "dataplane/event/event.h"

#include <string.h>

#include "dataplane/event/fields.h"

enum { EVENT_RECORDS_PER_TX = 256 };

void event_put_app(struct record *r, const struct app_flow *a, const struct app_tx *tx)
{
	const struct app_proto *proto = a->proto;
	struct record before = *r;

	if (proto->log_alert) {
		proto->log_alert(tx, a->state, r);
		return;
	}
	if (!proto->log || !proto->eve_key)
		return;
	record_object(r, proto->eve_key);
	if (!proto->log(tx, a->state, r)) {
		*r = before;
		return;
	}
	record_end(r);
}

static const char *const file_states[] = {"UNKNOWN", "CLOSED", "TRUNCATED"};

void event_put_file(struct record *r, const struct app_file *file)
{
	if (file->name_len)
		record_str(r, "filename", SLICE(file->name, file->name_len));
	if (file->magic)
		record_text(r, "magic", file->magic);
	if (file->sid_count) {
		record_array(r, "sid");
		for (unsigned i = 0; i < file->sid_count; i++)
			record_uint(r, NULL, file->sids[i]);
		record_end(r);
	}
	record_bool(r, "gaps", file->gaps);
	record_text(r, "state", file_states[file->state]);
	if (file->have & APP_FILE_MD5)
		record_hex(r, "md5", SLICE(file->md5, 16), 0);
	if (file->have & APP_FILE_SHA1)
		record_hex(r, "sha1", SLICE(file->sha1, 20), 0);
	if (file->have & APP_FILE_SHA256)
		record_hex(r, "sha256", SLICE(file->sha256, 32), 0);
	record_bool(r, "stored", file->store_id != 0);
	if (file->store_id)
		record_uint(r, "file_id", file->store_id);
	record_uint(r, "size", file->size);
	if (file->ranged) {
		record_uint(r, "start", file->range_start);
		record_uint(r, "end", file->range_end);
	}
	record_uint(r, "tx_id", file->tx_id);
}

void event_swap_tuple(struct record_head *h)
{
	struct ip_addr addr = h->src;
	struct mac_addr mac = h->src_mac;
	uint16_t port = h->sport;

	h->src = h->dst;
	h->dst = addr;
	h->sport = h->dport;
	h->dport = port;
	h->src_mac = h->dst_mac;
	h->dst_mac = mac;
}

static struct slice build_fileinfo(struct event_writer *w, const struct packet *p,
				   const struct flow *f, const struct app_tx *tx,
				   const struct app_file *file, enum dir dir)
{
	struct record *r = event_begin(w, "fileinfo", p, f);

	if (!r)
		return SLICE(NULL, 0);
	if (dir == DIR_TC)
		event_swap_tuple(event_head(w));
	event_put_app(r, f->app, tx);
	record_object(r, "fileinfo");
	event_put_file(r, file);
	record_end(r);
	return event_finish(w, RECORD_LANE_EVENT);
}

void event_file(struct event_writer *w, const struct packet *p, const struct flow *f,
		const struct app_tx *tx, struct app_file *file, enum dir dir)
{
	const struct event_sink *sink = event_writer_sink(w);
	struct slice bytes;

	if (!event_wanted(w, EVENT_FILEINFO) && !file->carried)
		return;
	bytes = build_fileinfo(w, p, f, tx, file, dir);
	if (sink->file && file->carried && !sink->file(sink->file_ctx, file, bytes))
		bytes = build_fileinfo(w, p, f, tx, file, dir);
	if (bytes.len && event_wanted(w, EVENT_FILEINFO))
		sink->put(sink->ctx, bytes, RECORD_LANE_EVENT);
}

static void put_event_name(struct record *r, const struct app_proto *proto, unsigned event)
{
	char name[96];
	const char *dot;

	if (!app_event_name(proto, event, name, sizeof(name)))
		return;
	dot = strchr(name, '.');
	if (proto->events_in_capitals)
		event_put_capitals(r, "event", dot ? dot + 1 : name);
	else
		record_text(r, "event", dot ? dot + 1 : name);
}

static void put_anomalies(struct event_writer *w, const struct packet *p, const struct flow *f,
			  const struct app_tx *tx)
{
	for (unsigned i = 0; i < tx->event_count; i++) {
		struct record *r = event_begin(w, "anomaly", p, f);

		if (!r)
			return;
		if (p && p->dir == DIR_TC)
			event_swap_tuple(event_head(w));
		event_head(w)->tx_id = tx->id;
		event_head(w)->flags |= RECORD_HAS_TX;
		event_head(w)->app_proto[0] = 0;
		if (f->app->proto->own_type)
			event_head(w)->flags |= RECORD_OWN_TYPE;
		record_object(r, "anomaly");
		record_text(r, "app_proto", f->app->proto->name);
		record_text(r, "type", "applayer");
		put_event_name(r, f->app->proto, tx->event[i]);
		record_text(r, "layer", "proto_parser");
		record_end(r);
		event_done(w, RECORD_LANE_EVENT);
	}
}

/* One record of the protocol; false when there is no (further) one. */
static bool put_app(struct event_writer *w, const struct packet *p, const struct flow *f,
		    const struct app_tx *tx, uint32_t index)
{
	const struct app_proto *proto = f->app->proto;
	const struct event_sink *sink = event_writer_sink(w);
	struct record *r = event_begin(w, proto->eve_type, p, f);
	struct slice bytes;
	bool more;

	if (!r)
		return false;
	event_head(w)->tx_id = tx->id;
	event_head(w)->flags |= RECORD_HAS_TX;
	event_head(w)->app_proto[0] = 0;
	if (proto->log_sender_first && p && p->dir == DIR_TC)
		event_swap_tuple(event_head(w));
	if (proto->own_type)
		event_head(w)->flags |= RECORD_OWN_TYPE;
	record_object(r, proto->eve_key);
	more = proto->log_nth ? proto->log_nth(tx, f->app->state, index, r)
			      : index == 0 && proto->log(tx, f->app->state, r);
	if (!more)
		return false;
	record_end(r);
	if (proto->log_beside)
		proto->log_beside(tx, f->app->state, r);
	bytes = event_finish(w, RECORD_LANE_EVENT);
	if (event_wanted(w, EVENT_APP) && !(tx->flags & APP_TX_QUIET) &&
	    !(f->flags & FLOW_TX_QUIET))
		sink->put(sink->ctx, bytes, RECORD_LANE_EVENT);
	/* Last: what it makes of the record is built in the same buffer. */
	if (event_tapped(w, proto))
		sink->tap(sink->tap_ctx, bytes);
	return true;
}

void event_local(struct event_writer *w, const struct packet *p, enum local_kind kind)
{
	const struct event_sink *sink = event_writer_sink(w);
	struct record *r;
	struct slice bytes;

	if (!event_wanted(w, EVENT_APP) && !event_tapped_local(w, kind))
		return;
	r = event_begin(w, local_type(kind), p, p->flow);
	if (!r)
		return;
	event_head(w)->app_proto[0] = 0;
	event_head(w)->flags |= RECORD_OWN_TYPE;
	if (p->dir == DIR_TC) /* who says it is who the record is about */
		event_swap_tuple(event_head(w));
	record_object(r, local_type(kind));
	if (!local_log(kind, packet_payload(p), r))
		return;
	record_end(r);
	bytes = event_finish(w, RECORD_LANE_EVENT);
	if (event_wanted(w, EVENT_APP))
		sink->put(sink->ctx, bytes, RECORD_LANE_EVENT);
	if (event_tapped_local(w, kind))
		sink->tap(sink->tap_ctx, bytes);
}

void event_tx(struct event_writer *w, const struct packet *p, const struct flow *f,
	      const struct app_tx *tx)
{
	const struct app_proto *proto = f->app->proto;

	if (proto->eve_type && (proto->log || proto->log_nth) &&
	    (event_wanted(w, EVENT_APP) || event_tapped(w, proto))) {
		for (uint32_t i = 0; i < EVENT_RECORDS_PER_TX && put_app(w, p, f, tx, i); i++)
			;
	}
	if (event_wanted(w, EVENT_ANOMALY))
		put_anomalies(w, p, f, tx);
}
