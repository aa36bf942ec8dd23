#include "dataplane/event/event.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/err.h"
#include "dataplane/event/fields.h"

enum { TAPPED_MAX = 64 };

struct event_writer {
	struct event_config config;
	struct event_sink sink;
	uint64_t next_id;
	const struct app_proto *tapped[TAPPED_MAX + 1]; /* NULL-terminated */
	bool local_tapped[LOCAL_KINDS];
	struct record record;
	struct event_told told;
	_Alignas(64) uint8_t buf[RECORD_MAX];
};

struct type_name {
	const char *name;
	uint32_t type;
};

static const struct type_name type_names[] = {
	{"all", EVENT_DEFAULT},
	{"alert", EVENT_ALERT},
	{"flow", EVENT_FLOW},
	{"app", EVENT_APP},
	{"fileinfo", EVENT_FILEINFO},
	{"anomaly", EVENT_ANOMALY},
	{"anomaly.decode", EVENT_ANOMALY_DECODE},
	{"anomaly.stream", EVENT_ANOMALY_STREAM},
	{"stats", EVENT_STATS},
};

static uint32_t type_by_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		if (slice_eq(name, SLICE_STR(type_names[i].name)))
			return type_names[i].type;
	}
	for (size_t i = 0; app_protocols[i]; i++) {
		const char *type = app_protocols[i]->eve_type;

		if (type && slice_eq(name, SLICE_STR(type)))
			return EVENT_APP;
	}
	for (enum local_kind kind = LOCAL_NONE + 1; kind < LOCAL_KINDS; kind++) {
		if (slice_eq(name, SLICE_STR(local_type(kind))))
			return EVENT_APP;
	}
	return 0;
}

int event_types_parse(const char *text, uint32_t *ret, char *ret_bad, size_t cap)
{
	*ret = 0;
	while (*text) {
		size_t n = strcspn(text, ",");
		uint32_t type = type_by_name(SLICE(text, n));

		if (!type) {
			snprintf(ret_bad, cap, "%.*s", (int)n, text);
			return ERR_INVALID;
		}
		*ret |= type;
		text += n + (text[n] == ',');
	}
	return ERR_OK;
}

/* Whose records the tap wants. */
static void tap_ask(struct event_writer *w)
{
	const struct event_sink *s = &w->sink;
	unsigned n = 0;

	memset(w->tapped, 0, sizeof(w->tapped));
	memset(w->local_tapped, 0, sizeof(w->local_tapped));
	if (!s->tap)
		return;
	for (size_t i = 0; app_protocols[i] && n < TAPPED_MAX; i++) {
		const char *type = app_protocols[i]->eve_type;

		if (type && s->tap_wants(s->tap_ctx, type))
			w->tapped[n++] = app_protocols[i];
	}
	for (enum local_kind kind = LOCAL_NONE + 1; kind < LOCAL_KINDS; kind++)
		w->local_tapped[kind] = s->tap_wants(s->tap_ctx, local_type(kind));
}

bool event_tapped(const struct event_writer *w, const struct app_proto *proto)
{
	const struct app_proto *const *at = w->tapped;

	while (*at && *at != proto)
		at++;
	return *at;
}

bool event_tapped_local(const struct event_writer *w, enum local_kind kind)
{
	return w->local_tapped[kind];
}

struct event_writer *event_writer_new(const struct event_config *config, uint64_t first_id,
				      const struct event_sink *sink)
{
	struct event_writer *w = aligned_alloc(64, sizeof(*w));

	if (!w)
		return NULL;
	w->config = *config;
	w->sink = *sink;
	w->next_id = first_id;
	memset(&w->told, 0, sizeof(w->told));
	w->told.key = hash_key_random();
	tap_ask(w);
	return w;
}

void event_writer_delete(struct event_writer *w)
{
	free(w);
}

struct event_told *event_writer_told(struct event_writer *w)
{
	return &w->told;
}

uint32_t event_types(const struct event_writer *w)
{
	return w->config.types;
}

bool event_wanted(const struct event_writer *w, uint32_t type)
{
	return w->config.types & type;
}

static void put_name(char *at, size_t cap, const char *name)
{
	size_t n = strnlen(name, cap - 1);

	memcpy(at, name, n);
	at[n] = '\0';
}

static void fill_ports(struct record_head *h, uint8_t proto, uint16_t sport, uint16_t dport)
{
	if (proto != IP_PROTO_TCP && proto != IP_PROTO_UDP && proto != IP_PROTO_SCTP)
		return;
	h->flags |= RECORD_HAS_PORTS;
	h->sport = sport;
	h->dport = dport;
}

static void fill_from_packet(struct record_head *h, const struct packet *p)
{
	h->time_ns = p->now_ns;
	h->packet_number = p->number;
	h->vlan_count = p->vlan_count;
	memcpy(h->vlan, p->vlan, sizeof(h->vlan));
	if (p->has_mac) {
		h->src_mac = p->src_mac;
		h->dst_mac = p->dst_mac;
		h->flags |= RECORD_HAS_MAC;
	}
	if (!p->ip_version)
		return;
	h->flags |= RECORD_HAS_TUPLE;
	h->src = p->src;
	h->dst = p->dst;
	h->ip_proto = p->ip_proto;
	h->ip_version = p->ip_version;
	fill_ports(h, p->ip_proto, p->sport, p->dport);
	if (p->ip_proto == IP_PROTO_ICMP || p->ip_proto == IP_PROTO_ICMPV6) {
		h->flags |= RECORD_HAS_ICMP;
		h->icmp_type = p->icmp.type;
		h->icmp_code = p->icmp.code;
	}
}

/* The flow's tuple, client first. */
static void fill_from_flow(struct record_head *h, const struct flow *f)
{
	const char *proto = app_proto_text(f);

	h->flags |= RECORD_HAS_TUPLE | RECORD_HAS_FLOW;
	if (f->flags & FLOW_HANDSHAKE)
		h->flags |= RECORD_HANDSHAKE;
	h->flow_id = f->id;
	h->src = f->key.addr[DIR_TS];
	h->dst = f->key.addr[DIR_TC];
	h->ip_proto = f->key.ip_proto;
	h->ip_version = f->ip_version;
	fill_ports(h, f->key.ip_proto, f->key.port[DIR_TS], f->key.port[DIR_TC]);
	if (f->key.ip_proto == IP_PROTO_ICMP || f->key.ip_proto == IP_PROTO_ICMPV6) {
		h->flags |= RECORD_HAS_ICMP;
		h->icmp_type = (uint8_t)f->key.port[DIR_TS];
		h->icmp_code = f->icmp_code[DIR_TS];
	}
	h->src_mac = f->mac[DIR_TS];
	h->dst_mac = f->mac[DIR_TC];
	h->flags |= RECORD_HAS_MAC;
	h->vlan_count = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(f->key.vlan) && f->key.vlan[i]; i++)
		h->vlan[h->vlan_count++] = f->key.vlan[i];
	if (proto && strcmp(proto, "unknown") != 0)
		put_name(h->app_proto, sizeof(h->app_proto), proto);
}

struct record *event_begin(struct event_writer *w, const char *type, const struct packet *p,
			   const struct flow *f)
{
	struct record_head *h = record_begin(&w->record, w->buf, sizeof(w->buf));

	if (!h)
		return NULL;
	if (p)
		fill_from_packet(h, p);
	if (f)
		fill_from_flow(h, f);
	if (p && w->config.packet_numbers)
		h->flags |= RECORD_PACKET;
	if (!w->config.ether)
		h->flags &= (uint16_t)~RECORD_HAS_MAC;
	put_name(h->type, sizeof(h->type), type);
	memcpy(h->in_iface, w->config.in_iface, sizeof(h->in_iface));
	return &w->record;
}

struct record_head *event_head(struct event_writer *w)
{
	return (struct record_head *)w->buf;
}

struct slice event_finish(struct event_writer *w, enum record_lane lane)
{
	struct record_head *h = event_head(w);

	h->id = w->next_id;
	w->next_id += EVENT_ID_STEP;
	h->lane = (uint8_t)lane;
	return record_finish(&w->record);
}

void event_done(struct event_writer *w, enum record_lane lane)
{
	struct slice bytes = event_finish(w, lane);

	if (bytes.len)
		w->sink.put(w->sink.ctx, bytes, lane);
}

void event_forward(struct event_writer *w, struct slice record)
{
	struct record_head *h = (struct record_head *)record.data;
	uint32_t type = h->lane == RECORD_LANE_ALERT ? EVENT_ALERT : EVENT_FILEINFO;

	h->id = w->next_id;
	w->next_id += EVENT_ID_STEP;
	if (event_wanted(w, type))
		w->sink.put(w->sink.ctx, record, (enum record_lane)h->lane);
}

const struct event_sink *event_writer_sink(const struct event_writer *w)
{
	return &w->sink;
}
