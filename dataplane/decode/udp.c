/* UDP (RFC 768) and, behind their ports, the tunnels that use it. */
#include "dataplane/decode/layer.h"

enum { UDP_HEADER = 8 };

static enum layer refused(struct walk *w, enum decode_event e)
{
	w->p->l4 = NULL;
	w->p->l4_len = 0;
	walk_invalid(w, e);
	return LAYER_DONE;
}

static bool port_is(const struct packet *p, uint16_t port)
{
	return p->sport == port || p->dport == port;
}

void udp_tunnels(struct walk *w, bool after_teredo)
{
	const struct decode_config *config = &w->d->config;
	const struct packet *p = w->p;
	struct slice payload = packet_payload(p);

	if (!after_teredo && config->teredo && port_is(p, config->teredo_port) &&
	    teredo_found(w, payload))
		return;
	if (config->geneve && port_is(p, config->geneve_port) && geneve_found(w, payload))
		return;
	if (config->vxlan && port_is(p, config->vxlan_port))
		vxlan_found(w, payload);
}

enum layer udp_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;
	uint16_t length;

	walk_count(w, DECODE_UDP);
	w->stage = STAGE_TRANSPORT;
	if (all.len < UDP_HEADER)
		return refused(w, DECODE_EVENT_UDP_HLEN_TOO_SMALL);
	length = be16(all.data + 4);
	if (all.len < length)
		return refused(w, DECODE_EVENT_UDP_PKT_TOO_SMALL);
	if (length < UDP_HEADER)
		return refused(w, DECODE_EVENT_UDP_LEN_INVALID);
	p->sport = be16(all.data);
	p->dport = be16(all.data + 2);
	p->l4_len = length;
	p->payload = all.data + UDP_HEADER;
	p->payload_len = length - UDP_HEADER;
	p->flags |= PACKET_WANTS_FLOW;
	udp_tunnels(w, false);
	return LAYER_DONE;
}
