/* What a device says of itself by LLDP: a record of ours, for host identity (E3). */
#include "dataplane/decode/lldp.h"
#include "dataplane/app/text/text.h"
#include "dataplane/event/event.h"
#include "dataplane/event/fields.h"

enum { LLDP_TEXT = 256 }; /* bytes of one text in a record; the standard's own limit */

static const struct {
	uint16_t bit;
	const char *name;
} capabilities[] = {
	{LLDP_OTHER, "other"},	 {LLDP_REPEATER, "repeater"},
	{LLDP_BRIDGE, "bridge"}, {LLDP_ACCESS_POINT, "access-point"},
	{LLDP_ROUTER, "router"}, {LLDP_TELEPHONE, "telephone"},
	{LLDP_MODEM, "modem"},	 {LLDP_STATION, "station"},
};

static void log_id(struct record *r, const char *name, enum lldp_id is, struct slice id)
{
	char room[LLDP_ID_TEXT_MAX];

	text_log(r, name, lldp_id_text(is, id, room));
}

static void log_said(struct record *r, const char *name, struct slice s)
{
	if (s.len)
		text_log(r, name, slice_sub(s, 0, LLDP_TEXT));
}

static void log_capabilities(struct record *r, uint16_t set)
{
	if (!set)
		return;
	record_array(r, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (set & capabilities[i].bit)
			record_text(r, NULL, capabilities[i].name);
	}
	record_end(r);
}

static void log_lldp(struct record *r, const struct packet *p, const struct lldp *l)
{
	char mac[MAC_ADDR_TEXT], ip[IP_ADDR_TEXT];

	record_object(r, "lldp");
	record_text(r, "mac", mac_addr_text(&p->src_mac, mac));
	log_id(r, "chassis", l->chassis_is, l->chassis);
	log_id(r, "port", l->port_is, l->port);
	record_uint(r, "ttl", l->ttl);
	log_said(r, "port_description", l->port_text);
	log_said(r, "name", l->name);
	log_said(r, "description", l->system);
	log_capabilities(r, l->does);
	if (!ip_addr_is_zero(&l->address))
		record_text(r, "address", ip_addr_text(&l->address, ip, false));
	if (l->vlan)
		record_uint(r, "vlan", l->vlan);
	record_end(r);
}

void event_lldp(struct event_writer *w, const struct packet *p)
{
	static const struct ip_addr none;
	struct record_head *h;
	struct record *r;
	struct lldp l;

	if (!mac_addr_is_host(&p->src_mac) || !lldp_read(SLICE(p->l3, p->l3_len), &l) ||
	    event_told_again(event_writer_told(w), &none, &p->src_mac, p->now_ns))
		return;
	r = event_begin(w, "lldp", p, NULL);
	if (!r)
		return;
	h = event_head(w);
	h->flags = (uint16_t)((h->flags & ~RECORD_HAS_TUPLE) | RECORD_OWN_TYPE);
	log_lldp(r, p, &l);
	event_done(w, RECORD_LANE_EVENT);
}
