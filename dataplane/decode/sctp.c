/* SCTP (RFC 9260) and ESP (RFC 4303): common header only. */
#include "dataplane/decode/layer.h"

enum { SCTP_HEADER = 12, ESP_HEADER = 8 };

static enum layer refused(struct walk *w, enum decode_event e)
{
	w->p->l4 = NULL;
	w->p->l4_len = 0;
	walk_invalid(w, e);
	return LAYER_DONE;
}

static void accept(struct walk *w, struct slice all, uint32_t header)
{
	w->p->payload = all.data + header;
	w->p->payload_len = (uint32_t)all.len - header;
	w->p->flags |= PACKET_WANTS_FLOW;
}

enum layer sctp_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);

	walk_count(w, DECODE_SCTP);
	w->stage = STAGE_TRANSPORT;
	if (all.len < SCTP_HEADER)
		return refused(w, DECODE_EVENT_SCTP_PKT_TOO_SMALL);
	w->p->sport = be16(all.data);
	w->p->dport = be16(all.data + 2);
	accept(w, all, SCTP_HEADER);
	return LAYER_DONE;
}

enum layer esp_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);

	walk_count(w, DECODE_ESP);
	w->stage = STAGE_TRANSPORT;
	if (!walk_layer(w))
		return LAYER_DONE;
	if (all.len < ESP_HEADER)
		return refused(w, DECODE_EVENT_ESP_PKT_TOO_SMALL);
	accept(w, all, ESP_HEADER);
	return LAYER_DONE;
}
