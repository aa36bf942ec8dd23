#include "control/sensor/convert.h"

#include <inttypes.h>
#include <string.h>

#include "control/sensor/classes.h"

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

static const char *text_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static uint32_t number_at(const json_t *object, const char *key)
{
	double n = json_number_value(json_object_get(object, key));

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static struct text_list texts_at(struct convert *c, int which, const json_t *metadata,
				 const char *key)
{
	const json_t *array = json_object_get(metadata, key), *item;
	struct text_list list = {c->lists[which], 0};
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (json_is_string(item) && list.n < CONVERT_LIST_MAX)
			list.items[list.n++] = json_string_value(item);
	}
	return list;
}

static enum confidence confidence_of(const json_t *metadata, uint32_t gid)
{
	const char *word =
		json_string_value(json_array_get(json_object_get(metadata, "confidence"), 0));

	if (word && (strcmp(word, "potential") == 0 || strcmp(word, "Low") == 0))
		return CONFIDENCE_POTENTIAL;
	if (word && strcmp(word, "known") == 0)
		return CONFIDENCE_KNOWN;
	/* A behaviour that does not say is potential; a signature knows what it looks for. */
	return gid == 2 ? CONFIDENCE_POTENTIAL : CONFIDENCE_KNOWN;
}

static enum severity severity_of(uint32_t n)
{
	if (n == 0)
		return SEVERITY_UNSPECIFIED;
	return n >= 4 ? SEVERITY_INFO : (enum severity)n;
}

/* What the alert is about, in one line: a URL, a name that was asked for or shown. */
static void find_url(struct convert *c)
{
	const json_t *http = json_object_get(c->json, "http");
	const json_t *dns = json_object_get(c->json, "dns");
	const json_t *query = json_array_get(json_object_get(dns, "query"), 0);
	const char *host = text_at(http, "hostname"), *path = text_at(http, "url");

	c->url[0] = '\0';
	if (strstr(path, "://"))
		snprintf(c->url, sizeof(c->url), "%s", path);
	else if (host[0])
		snprintf(c->url, sizeof(c->url), "http://%s%s", host, path);
	else if (text_at(query, "rrname")[0])
		snprintf(c->url, sizeof(c->url), "%s", text_at(query, "rrname"));
	else if (text_at(dns, "rrname")[0])
		snprintf(c->url, sizeof(c->url), "%s", text_at(dns, "rrname"));
	else
		snprintf(c->url, sizeof(c->url), "%s",
			 text_at(json_object_get(c->json, "tls"), "sni"));
}

static void fill_evidence(struct convert *c, const struct record_head *h, struct evidence_ref *ret)
{
	const json_t *file = json_array_get(json_object_get(c->json, "files"), 0);

	*ret = (struct evidence_ref){
		.packet = h->flags & RECORD_PACKET ? h->packet_number : 0,
		.sha256 = text_at(file, "sha256"),
		.file_name = text_at(file, "filename"),
	};
}

/* The one to act on is inside; when both ends are, it is who opened the flow. */
static void fill_hosts(struct convert *c, const struct record_head *h, struct alert *a)
{
	bool src_inside = hosts_inside(c->hosts, &a->flow.src);
	bool dst_inside = hosts_inside(c->hosts, &a->flow.dst);

	a->host_is_source = src_inside || !dst_inside;
	a->host = ident(c, a->host_is_source ? &a->flow.src : &a->flow.dst, h);
	a->peer = ident(c, a->host_is_source ? &a->flow.dst : &a->flow.src, h);
}

/* Traffic puts NUL bytes into texts ("\\u0000"); a number over 63 bits is one that jansson takes as
 * a real only. */
static json_t *parse_line(const struct convert *c)
{
	json_t *line = json_loadb(c->eve, c->eve_len, JSON_ALLOW_NUL, NULL);

	return line ? line
		    : json_loadb(c->eve, c->eve_len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
				 NULL);
}

static int fill_alert(struct convert *c, const struct record_head *h, struct alert *a)
{
	const json_t *alert, *metadata;

	c->json = parse_line(c);
	alert = json_object_get(c->json, "alert");
	if (!json_is_object(alert))
		return ERR_INVALID;
	metadata = json_object_get(alert, "metadata");
	*a = (struct alert){
		.id = c->id,
		.time = h->time_ns,
		.handshake_completed = h->flags & RECORD_HANDSHAKE,
		.gid = number_at(alert, "gid"),
		.sid = number_at(alert, "signature_id"),
		.rev = number_at(alert, "rev"),
		.msg = text_at(alert, "signature"),
		.category = text_at(alert, "category"),
		.severity = severity_of(number_at(alert, "severity")),
		.tactics = texts_at(c, 0, metadata, "mitre_tactic_id"),
		.techniques = texts_at(c, 1, metadata, "mitre_technique_id"),
		.reasons = texts_at(c, 2, metadata, "reason"),
		.url = c->url,
		.eve = SLICE(c->eve, c->eve_len),
	};
	a->classtype = class_of_category(a->category);
	a->confidence = confidence_of(metadata, a->gid);
	fill_flow(c, h, &a->flow);
	a->flow.app_proto = text_at(c->json, "app_proto");
	a->flow.in_iface = text_at(c->json, "in_iface");
	find_url(c);
	fill_evidence(c, h, &a->evidence);
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

void convert_host_fact(const struct host_entry *h, struct report *ret)
{
	ret->kind = REPORT_HOST_FACT;
	ret->time = h->last;
	ret->host_fact = (struct host_fact){
		.host = {.ip = h->ip, .mac = h->mac, .vlan = h->vlan, .side = HOST_SIDE_INSIDE},
		.kind = HOST_FACT_SEEN,
		.source = "packet",
		.first_seen = h->first,
		.last_seen = h->last,
		.confidence = CONFIDENCE_KNOWN,
	};
}
