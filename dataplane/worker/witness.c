#include "dataplane/worker/witness.h"

#include <stdio.h>
#include <string.h>

static const char *where_text(enum detect_where where)
{
	switch (where) {
	case DETECT_PACKET:
		return "packet";
	case DETECT_STREAM:
		return "stream";
	default:
		return "transaction";
	}
}

static void copy_text(char *at, size_t cap, struct slice text)
{
	size_t n = text.len < cap - 1 ? text.len : cap - 1;

	memcpy(at, text.data, n);
	at[n] = 0;
}

static void fill_matched(const struct detect_alert *a, struct keeper_note *n)
{
	size_t len = a->matched.len < KEEPER_MATCHED ? a->matched.len : KEEPER_MATCHED;

	n->where = where_text(a->where);
	n->matched_offset = a->matched_offset;
	n->matched_len = (uint16_t)(a->matched.len < 0xffff ? a->matched.len : 0xffff);
	if (len)
		memcpy(n->matched, a->matched.data, len);
	if (a->rule->text)
		copy_text(n->rule, sizeof(n->rule), slice_of(a->rule->text));
}

static void note(struct witness *w, struct slice record)
{
	const struct record_head *h = (const struct record_head *)record.data;
	struct keeper_note *n = keeper_note(w->keeper, w->index);
	struct slice text = SLICE("", 0);
	uint64_t value;

	if (!n)
		return;
	*n = (struct keeper_note){
		.id = h->id,
		.time_ns = h->time_ns,
		.number = h->packet_number,
		.flow = h->flow_id,
		.src = h->src,
		.dst = h->dst,
		.sport = h->flags & RECORD_HAS_ICMP ? h->icmp_type : h->sport,
		.dport = h->flags & RECORD_HAS_ICMP ? h->icmp_code : h->dport,
		.ip_proto = h->flags & RECORD_HAS_TUPLE ? h->ip_proto : 0,
		.icmp = h->flags & RECORD_HAS_ICMP,
		.where = "detector",
	};
	if (record_find_uint(record, "alert.gid", &value))
		n->gid = (uint32_t)value;
	if (record_find_uint(record, "alert.signature_id", &value))
		n->sid = (uint32_t)value;
	if (record_find_uint(record, "alert.rev", &value))
		n->rev = (uint32_t)value;
	if (record_find_str(record, "alert.signature", &text))
		copy_text(n->msg, sizeof(n->msg), text);
	if (w->alert)
		fill_matched(w->alert, n);
	keeper_noted(w->keeper, w->index);
}

static void put(void *ctx, struct slice record, enum record_lane lane)
{
	struct witness *w = ctx;

	if (lane == RECORD_LANE_ALERT &&
	    strcmp(((const struct record_head *)record.data)->type, "alert") == 0)
		note(w, record);
	w->next.put(w->next.ctx, record, lane);
}

void witness_init(struct witness *w, struct keeper *k, unsigned index, struct event_sink *sink)
{
	w->keeper = k;
	w->tape = keeper_tape(k, index);
	w->index = index;
	w->next = *sink;
	sink->put = put;
	sink->ctx = w;
}
