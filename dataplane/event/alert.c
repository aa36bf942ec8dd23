/* Alert records. */
#include "dataplane/event/event.h"

#include <string.h>

#include "dataplane/event/fields.h"

enum { FRAME_SHOWN = 4096 }; /* bytes of a frame in its alert */

static void put_endpoint(struct record *r, const char *name, const struct ip_addr *addr,
			 uint16_t port, bool has_port)
{
	record_object(r, name);
	record_ip(r, "ip", addr);
	if (has_port)
		record_uint(r, "port", port);
	record_end(r);
}

/* Who did it to whom, when the rule's `target` says which side suffers. */
static void put_target(struct record *r, const struct record_head *h, enum rule_target target)
{
	bool ports = h->flags & RECORD_HAS_PORTS;

	if (target == RULE_TARGET_NONE || !(h->flags & RECORD_HAS_TUPLE))
		return;
	if (target == RULE_TARGET_DST) {
		put_endpoint(r, "source", &h->src, h->sport, ports);
		put_endpoint(r, "target", &h->dst, h->dport, ports);
	} else {
		put_endpoint(r, "source", &h->dst, h->dport, ports);
		put_endpoint(r, "target", &h->src, h->sport, ports);
	}
}

static bool key_came_before(const struct rule *rule, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(rule->metadata[k].key, rule->metadata[i].key) == 0)
			return true;
	}
	return false;
}

/* Metadata in the only form the schema leaves open: arrays of strings by key. */
static void put_metadata(struct record *r, const struct rule *rule, const char *would_have)
{
	if (rule->nmetadata == 0 && !would_have)
		return;
	record_object(r, "metadata");
	for (uint32_t i = 0; i < rule->nmetadata; i++) {
		if (key_came_before(rule, i))
			continue;
		record_array(r, rule->metadata[i].key);
		for (uint32_t k = i; k < rule->nmetadata; k++) {
			if (strcmp(rule->metadata[k].key, rule->metadata[i].key) == 0)
				record_text(r, NULL, rule->metadata[k].value);
		}
		record_end(r);
	}
	if (would_have) {
		record_array(r, "would_have");
		record_text(r, NULL, would_have);
		record_end(r);
	}
	record_end(r);
}

/* A sensor on a mirror port stops nothing: drop and reject are recorded as what would have been. */
static const char *would_have_text(uint8_t action)
{
	switch (action) {
	case RULE_DROP:
		return "drop";
	case RULE_REJECT:
	case RULE_REJECT_DST:
	case RULE_REJECT_BOTH:
		return "reject";
	default:
		return NULL;
	}
}

static void put_alert(struct record *r, const struct record_head *h,
		      const struct detect_alert *alert)
{
	const struct rule *rule = alert->rule;

	record_object(r, "alert");
	record_text(r, "action", "allowed");
	record_uint(r, "gid", rule->gid);
	record_uint(r, "signature_id", rule->sid);
	record_uint(r, "rev", rule->rev);
	record_text(r, "signature", rule->msg);
	record_text(r, "category", rule->category);
	record_uint(r, "severity", rule->priority);
	put_target(r, h, rule->target);
	put_metadata(r, rule, would_have_text(alert->action));
	record_end(r);
}

static void put_flow(struct record *r, const struct flow *f)
{
	bool ports = f->key.ip_proto == IP_PROTO_TCP || f->key.ip_proto == IP_PROTO_UDP ||
		     f->key.ip_proto == IP_PROTO_SCTP;

	record_object(r, "flow");
	event_put_flow_counts(r, f);
	record_ip(r, "src_ip", &f->key.addr[DIR_TS]);
	record_ip(r, "dest_ip", &f->key.addr[DIR_TC]);
	if (ports) {
		record_uint(r, "src_port", f->key.port[DIR_TS]);
		record_uint(r, "dest_port", f->key.port[DIR_TC]);
	}
	record_end(r);
}

static void put_tx_files(struct record *r, const struct app_tx *tx, enum dir dir)
{
	if (!tx->files[dir])
		return;
	record_array(r, "files");
	for (const struct app_file *file = tx->files[dir]; file; file = file->next) {
		record_object(r, NULL);
		event_put_file(r, file);
		record_end(r);
	}
	record_end(r);
}

/* As Suricata prints bytes: what is not ASCII text becomes a dot, line ends and tabs stay. */
static void put_printable(struct record *r, const char *name, struct slice bytes)
{
	char text[FRAME_SHOWN];
	size_t n = bytes.len < sizeof(text) ? bytes.len : sizeof(text);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = bytes.data[i];

		text[i] = (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r') ? (char)c : '.';
	}
	record_str(r, name, SLICE(text, n));
}

static void put_frame(struct record *r, const struct detect_alert *alert)
{
	const struct detect_frame *frame = alert->frame;

	record_object(r, "frame");
	record_text(r, "type", frame->type);
	record_uint(r, "id", frame->id);
	record_text(r, "direction", alert->packet->dir == DIR_TS ? "toserver" : "toclient");
	if (alert->packet->ip_proto == IP_PROTO_TCP)
		record_uint(r, "stream_offset", frame->offset);
	record_uint(r, "length", frame->len);
	record_base64(r, "payload", frame->bytes);
	put_printable(r, "payload_printable", frame->bytes);
	record_bool(r, "complete", frame->complete);
	if (alert->tx)
		record_uint(r, "tx_id", alert->tx->id);
	record_end(r);
}

void event_alert(struct event_writer *w, const struct detect_alert *alert)
{
	const struct flow *f = alert->flow;
	struct record_head *h;
	struct record *r;

	if (!event_wanted(w, EVENT_ALERT))
		return;
	r = event_begin(w, "alert", alert->packet, NULL);
	if (!r)
		return;
	h = event_head(w);
	if (f) {
		const char *proto = app_proto_text(f);

		h->flow_id = f->id;
		h->flags |= RECORD_HAS_FLOW;
		if (f->flags & FLOW_HANDSHAKE)
			h->flags |= RECORD_HANDSHAKE;
		if (proto && strcmp(proto, "unknown") != 0)
			snprintf(h->app_proto, sizeof(h->app_proto), "%s", proto);
		snprintf(h->direction, sizeof(h->direction), "%s",
			 alert->packet->dir == DIR_TS ? "to_server" : "to_client");
	}
	if (alert->tx) {
		h->tx_id = alert->tx->id;
		h->flags |= RECORD_HAS_TX;
	}
	if (f)
		event_put_protos(r, f);
	put_alert(r, h, alert);
	if (alert->tx && f && f->app && f->app->proto) {
		event_put_app(r, f->app, alert->tx);
		put_tx_files(r, alert->tx, alert->packet->dir);
	}
	if (f)
		put_flow(r, f);
	if (alert->frame)
		put_frame(r, alert);
	event_done(w, RECORD_LANE_ALERT);
}

void event_tagged(struct event_writer *w, const struct packet *p)
{
	struct record *r;

	if (!event_wanted(w, EVENT_ALERT))
		return;
	r = event_begin(w, "packet", p, NULL);
	if (!r)
		return;
	if (p->flow) {
		event_head(w)->flow_id = p->flow->id;
		event_head(w)->flags |= RECORD_HAS_FLOW;
	}
	record_base64(r, "packet", SLICE(p->frame, p->frame_len));
	record_object(r, "packet_info");
	record_uint(r, "linktype", p->link_type);
	record_end(r);
	event_done(w, RECORD_LANE_ALERT);
}
