#include "control/sensor/convert.h"

#include <inttypes.h>
#include <string.h>

/* Head fields, copied out: the record may lie anywhere. */
static struct record_head head_of(struct slice record)
{
	struct record_head h;

	memcpy(&h, record.data, sizeof(h));
	return h;
}

static uint16_t vlan_of(const struct record_head *h)
{
	return h->vlan_count ? h->vlan[0] : 0;
}

static void learn(struct convert *c, const struct ip_addr *ip, const struct mac_addr *mac,
		  const struct record_head *h)
{
	if (hosts_learn(c->hosts, ip, mac, vlan_of(h), h->time_ns) != HOSTS_OLD)
		c->news[c->n_news++] = *ip;
}

/* A frame's source address and source MAC belong together; its destination's only when a flow
 * record says what the answers carried. */
static void learn_both(struct convert *c, const struct record_head *h)
{
	if (!(h->flags & RECORD_HAS_TUPLE))
		return;
	learn(c, &h->src, &h->src_mac, h);
	if (strcmp(h->type, "flow") == 0)
		learn(c, &h->dst, &h->dst_mac, h);
}

int convert_begin(struct convert *c, struct slice record)
{
	struct record_eve_options options = {c->offset_minutes, c->community_id};
	struct record_head h;
	long n;

	json_decref(c->json);
	c->json = NULL;
	c->n_news = 0;
	if (!record_check(record))
		return ERR_INVALID;
	n = record_to_eve(record, &options, c->eve, sizeof(c->eve) - 1);
	if (n < 0)
		return (int)n;
	c->eve_len = (size_t)n;
	c->eve[n] = '\0';
	h = head_of(record);
	learn_both(c, &h);
	snprintf(c->id, sizeof(c->id), "%s-%016" PRIx64, c->sensor, h.id);
	return 0;
}

void convert_done(struct convert *c)
{
	json_decref(c->json);
	c->json = NULL;
}

/* ---- the flow's ends ---- */

static struct host_ident ident(struct convert *c, const struct ip_addr *ip,
			       const struct record_head *h)
{
	const struct host_entry *known = hosts_find(c->hosts, ip);
	struct host_ident i = {.ip = *ip, .vlan = vlan_of(h)};

	i.side = hosts_inside(c->hosts, ip) ? HOST_SIDE_INSIDE : HOST_SIDE_OUTSIDE;
	if (known)
		i.mac = known->mac;
	return i;
}

/* src is who opened the flow: the packet's own direction may be the other one. */
static void fill_flow(struct convert *c, const struct record_head *h, struct flow_tuple *ret)
{
	bool swap = strcmp(h->direction, "to_client") == 0;

	*ret = (struct flow_tuple){
		.src = swap ? h->dst : h->src,
		.dst = swap ? h->src : h->dst,
		.proto = h->ip_proto,
		.vlan = vlan_of(h),
		.flow_id = h->flow_id,
	};
	if (h->flags & RECORD_HAS_PORTS) {
		ret->src_port = swap ? h->dport : h->sport;
		ret->dst_port = swap ? h->sport : h->dport;
	}
	c->community[0] = '\0';
	if (c->community_id && (h->flags & RECORD_HAS_TUPLE) && (h->flags & RECORD_HAS_ICMP))
		community_id(&h->src, &h->dst, h->icmp_type, h->icmp_code, h->ip_proto,
			     c->community);
	else if (c->community_id && (h->flags & RECORD_HAS_TUPLE))
		community_id(&ret->src, &ret->dst, (uint16_t)ret->src_port, (uint16_t)ret->dst_port,
			     h->ip_proto, c->community);
	ret->community_id = c->community;
}

/* ---- alerts ---- */

/* The one to act on is inside; when both ends are, it is who opened the flow. */
static void fill_hosts(struct convert *c, const struct record_head *h, struct alert *a)
{
	bool src_inside = hosts_inside(c->hosts, &a->flow.src);
	bool dst_inside = hosts_inside(c->hosts, &a->flow.dst);

	a->host_is_source = src_inside || !dst_inside;
	a->host = ident(c, a->host_is_source ? &a->flow.src : &a->flow.dst, h);
	a->peer = ident(c, a->host_is_source ? &a->flow.dst : &a->flow.src, h);
}

static int fill_alert(struct convert *c, const struct record_head *h, struct alert *a)
{
	c->json = eve_parse(SLICE(c->eve, c->eve_len));
	if (eve_alert(c->json, &c->texts, a) < 0)
		return ERR_INVALID;
	a->id = c->id;
	a->time = h->time_ns;
	a->handshake_completed = h->flags & RECORD_HANDSHAKE;
	a->to_client = strcmp(h->direction, "to_client") == 0;
	a->eve = SLICE(c->eve, c->eve_len);
	a->evidence.packet = h->flags & RECORD_PACKET ? h->packet_number : 0;
	fill_flow(c, h, &a->flow);
	a->flow.app_proto = eve_text(c->json, "app_proto");
	a->flow.in_iface = eve_text(c->json, "in_iface");
	fill_hosts(c, h, a);
	return 0;
}

/* ---- everything else ---- */

static uint64_t uint_at(struct slice record, const char *path)
{
	uint64_t value = 0;

	(void)record_find_uint(record, path, &value);
	return value;
}

static const char *copy_at(struct slice record, const char *path, char *ret, size_t cap)
{
	struct slice s = {0};

	(void)record_find_str(record, path, &s);
	snprintf(ret, cap, "%.*s", (int)(s.len < cap ? s.len : cap - 1),
		 s.data ? (const char *)s.data : "");
	return ret;
}

static void fill_record(struct convert *c, struct slice record, const struct record_head *h,
			struct flow_summary *f)
{
	/* Texts of the head are bounded; record_check saw their NUL. */
	const struct record_head *in_place = (const struct record_head *)record.data;

	*f = (struct flow_summary){
		.end = h->time_ns,
		.event_type = in_place->type,
		.eve = SLICE(c->eve, c->eve_len),
		.id = c->id,
	};
	fill_flow(c, h, &f->flow);
	f->flow.app_proto = in_place->app_proto;
	f->flow.in_iface = in_place->in_iface;
	if (strcmp(in_place->type, "flow") != 0)
		return;
	f->packets_to_server = uint_at(record, "flow.pkts_toserver");
	f->packets_to_client = uint_at(record, "flow.pkts_toclient");
	f->bytes_to_server = uint_at(record, "flow.bytes_toserver");
	f->bytes_to_client = uint_at(record, "flow.bytes_toclient");
	f->start = uint_at(record, "flow.start");
	f->state = copy_at(record, "flow.state", c->state, sizeof(c->state));
	f->reason = copy_at(record, "flow.reason", c->reason, sizeof(c->reason));
	f->alerted = uint_at(record, "flow.alerted");
}

int convert_report(struct convert *c, struct slice record, struct report *ret)
{
	struct record_head h = head_of(record);

	ret->time = h.time_ns;
	ret->sensor = c->sensor;
	if (strcmp(h.type, "alert") == 0) {
		ret->kind = REPORT_ALERT;
		return fill_alert(c, &h, &ret->alert);
	}
	ret->kind = REPORT_FLOW;
	fill_record(c, record, &h, &ret->flow);
	return 0;
}

void convert_identity(const struct convert *c, const struct identity_fact *f, uint64_t time,
		      struct report *ret)
{
	*ret = (struct report){.kind = REPORT_HOST_FACT, .time = time};
	ret->host_fact = (struct host_fact){
		.host = {.ip = f->about.ip,
			 .mac = f->about.mac,
			 .side = HOST_SIDE_INSIDE,
			 .vendor = oui_vendor(c->oui, &f->about.mac)},
		.kind = f->kind,
		.value = f->value,
		.source = f->source,
		.first_seen = time,
		.last_seen = time,
		.confidence = f->confidence,
	};
}

void convert_host_fact(const struct convert *c, const struct host_entry *h, struct report *ret)
{
	ret->kind = REPORT_HOST_FACT;
	ret->time = h->last;
	ret->host_fact = (struct host_fact){
		.host = {.ip = h->ip,
			 .mac = h->mac,
			 .vlan = h->vlan,
			 .side = HOST_SIDE_INSIDE,
			 .vendor = oui_vendor(c->oui, &h->mac)},
		.kind = HOST_FACT_SEEN,
		.source = "packet",
		.first_seen = h->first,
		.last_seen = h->last,
		.confidence = CONFIDENCE_KNOWN,
	};
}
