/* Hits are EVE alerts with gid 2; reason and figures stand in alert.metadata. */
#include <stdio.h>

#include "dataplane/behave/hit_record.h"

enum { TCP = 6, UDP = 17 };

static void put_strings(struct record *r, const char *name, const char *value)
{
	record_array(r, name);
	record_text(r, NULL, value);
	record_end(r);
}

/* "hosts=24", "seconds=1.5" */
static void put_figures(struct record *r, const struct behave_hit *hit)
{
	char text[64];

	if (hit->figure_count == 0)
		return;
	record_array(r, "figures");
	for (unsigned i = 0; i < hit->figure_count; i++) {
		snprintf(text, sizeof(text), "%s=%.10g", hit->figures[i].name,
			 hit->figures[i].value);
		record_text(r, NULL, text);
	}
	record_end(r);
}

void behave_hit_put(const struct behave_hit *hit, struct record_head *h, struct record *r)
{
	bool ports = hit->ends.ip_proto == TCP || hit->ends.ip_proto == UDP;

	h->time_ns = hit->time_ns;
	h->flags |= RECORD_HAS_TUPLE | RECORD_HAS_FLOW | (ports ? RECORD_HAS_PORTS : 0) |
		    (hit->ends.handshake ? RECORD_HANDSHAKE : 0);
	h->flow_id = hit->ends.flow_id;
	h->src = hit->ends.client;
	h->dst = hit->ends.server;
	h->sport = hit->ends.client_port;
	h->dport = hit->ends.server_port;
	h->ip_proto = hit->ends.ip_proto;
	h->ip_version = ip_addr_is_v4(&h->src) ? 4 : 6;
	h->src_mac = hit->ends.client_mac;
	record_object(r, "alert");
	record_text(r, "action", "allowed");
	record_uint(r, "gid", 2);
	record_uint(r, "signature_id", hit->sign->id);
	record_uint(r, "rev", 1);
	record_text(r, "signature", hit->sign->name);
	record_text(r, "category", hit->sign->category);
	record_uint(r, "severity", hit->severity);
	record_object(r, "metadata");
	put_strings(r, "mitre_tactic_id", hit->sign->tactic);
	put_strings(r, "mitre_technique_id", hit->sign->technique);
	put_strings(r, "confidence", hit->sign->known ? "known" : "potential");
	record_array(r, "reason"); /* English first, then Japanese */
	record_text(r, NULL, hit->reason_en);
	record_text(r, NULL, hit->reason_ja);
	record_end(r);
	put_figures(r, hit);
	record_end(r);
	record_end(r);
}

struct slice behave_hit_record(const struct behave_hit *hit, uint64_t id, void *buf, uint32_t cap)
{
	struct record r;
	struct record_head *h = record_begin(&r, buf, cap);

	if (!h)
		return SLICE(NULL, 0);
	h->id = id;
	h->lane = RECORD_LANE_ALERT;
	snprintf(h->type, sizeof(h->type), "alert");
	behave_hit_put(hit, h, &r);
	return record_finish(&r);
}
