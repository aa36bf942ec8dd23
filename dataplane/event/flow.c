/* Flow records. */
#include "dataplane/event/event.h"

#include <stdio.h>

#include "dataplane/event/fields.h"
#include "dataplane/stream/stream.h"

static const char *const state_names[] = {"new", "established", "closed", "bypassed"};
static const char *const reason_names[] = {"timeout", "forced", "shutdown", "timeout"};

void event_put_flow_counts(struct record *r, const struct flow *f)
{
	record_uint(r, "pkts_toserver", f->packets[DIR_TS]);
	record_uint(r, "pkts_toclient", f->packets[DIR_TC]);
	record_uint(r, "bytes_toserver", f->bytes[DIR_TS]);
	record_uint(r, "bytes_toclient", f->bytes[DIR_TC]);
	record_time(r, "start", f->start_ns);
}

void event_put_protos(struct record *r, const struct flow *f)
{
	const struct app_flow *a = f->app;
	const char *ts, *tc;

	if (!a)
		return;
	ts = app_proto_side_text(f, DIR_TS);
	tc = app_proto_side_text(f, DIR_TC);
	if (ts)
		record_text(r, "app_proto_ts", ts);
	if (tc)
		record_text(r, "app_proto_tc", tc);
	if (a->orig && a->orig != a->proto)
		record_text(r, "app_proto_orig", a->orig->name);
	if (a->expected && a->expected != a->proto)
		record_text(r, "app_proto_expected", a->expected->name);
}

static void put_flags(struct record *r, const char *name, uint8_t flags)
{
	char text[4];

	snprintf(text, sizeof(text), "%02x", flags);
	record_text(r, name, text);
}

static void put_tcp(struct record *r, const struct flow *f)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} flag_names[] = {{TCP_SYN, "syn"}, {TCP_FIN, "fin"}, {TCP_RST, "rst"}, {TCP_PSH, "psh"},
			  {TCP_ACK, "ack"}, {TCP_URG, "urg"}, {TCP_ECE, "ecn"}, {TCP_CWR, "cwr"}};
	uint8_t both = f->tcp_flags[DIR_TS] | f->tcp_flags[DIR_TC];

	record_object(r, "tcp");
	put_flags(r, "tcp_flags", both);
	put_flags(r, "tcp_flags_ts", f->tcp_flags[DIR_TS]);
	put_flags(r, "tcp_flags_tc", f->tcp_flags[DIR_TC]);
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++) {
		if (both & flag_names[i].flag)
			record_bool(r, flag_names[i].name, true);
	}
	if (f->tcp)
		record_text(r, "state", stream_state_name(f));
	if (stream_has_gap(f, DIR_TS))
		record_bool(r, "ts_gap", true);
	if (stream_has_gap(f, DIR_TC))
		record_bool(r, "tc_gap", true);
	record_end(r);
}

static void put_variable(struct record *r, const char *name, const char *text)
{
	record_object(r, NULL);
	record_text(r, name, text);
	record_end(r);
}

/* By the word of libndpi, in the place where Suricata's schema has room: metadata.flowvars. */
static void put_traffic(struct record *r, const struct traffic *t)
{
	record_object(r, "metadata");
	record_array(r, "flowvars");
	put_variable(r, "traffic.name", t->name);
	put_variable(r, "traffic.category", t->category);
	for (unsigned i = 0; i < TRAFFIC_RISKS && t->risks[i]; i++)
		put_variable(r, "traffic.risk", t->risks[i]);
	record_end(r);
	record_end(r);
}

void event_flow(struct event_writer *w, const struct flow *f, uint64_t now_ns)
{
	struct record *r;

	if (!event_wanted(w, EVENT_FLOW) || (f->flags & FLOW_QUIET))
		return;
	r = event_begin(w, "flow", NULL, f);
	if (!r)
		return;
	event_head(w)->time_ns = now_ns > f->last_ns ? now_ns : f->last_ns;
	event_put_protos(r, f);
	if (f->app && f->app->traffic)
		put_traffic(r, f->app->traffic);
	record_object(r, "flow");
	event_put_flow_counts(r, f);
	record_time(r, "end", f->last_ns);
	/* Of the whole seconds, as Suricata counts. */
	record_uint(r, "age", f->last_ns / NS_PER_SEC - f->start_ns / NS_PER_SEC);
	record_text(r, "state", state_names[f->state & 3]);
	record_text(r, "reason", reason_names[f->end_reason & 3]);
	record_bool(r, "alerted", f->flags & FLOW_ALERTED);
	record_end(r);
	if (f->key.ip_proto == IP_PROTO_TCP)
		put_tcp(r, f);
	if ((f->key.ip_proto == IP_PROTO_ICMP || f->key.ip_proto == IP_PROTO_ICMPV6) &&
	    f->packets[DIR_TC]) {
		record_uint(r, "response_icmp_type", (uint8_t)f->key.port[DIR_TC]);
		record_uint(r, "response_icmp_code", f->icmp_code[DIR_TC]);
	}
	event_done(w, RECORD_LANE_EVENT);
}
