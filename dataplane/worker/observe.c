#include "dataplane/worker/observe.h"

#include <string.h>

static struct behave_endpoints ends_of(const struct flow *f)
{
	return (struct behave_endpoints){
		.client = f->key.addr[DIR_TS],
		.server = f->key.addr[DIR_TC],
		.client_port = f->key.port[DIR_TS],
		.server_port = f->key.port[DIR_TC],
		.ip_proto = f->key.ip_proto,
		.handshake = f->flags & FLOW_HANDSHAKE,
		.client_mac = f->mac[DIR_TS],
		.flow_id = f->id,
	};
}

static bool answered(const struct flow *f)
{
	if (f->key.ip_proto == IP_PROTO_TCP)
		return f->flags & FLOW_HANDSHAKE;
	return f->packets[DIR_TS] && f->packets[DIR_TC];
}

void observe_packet(struct behave *b, const struct packet *p)
{
	struct flow *f = p->flow;
	struct behave_connection c = {.time_ns = p->now_ns};

	if (f->flags & FLOW_OBSERVED)
		return;
	if (f->packets[DIR_TS] + f->packets[DIR_TC] == 1) {
		c.moment = BEHAVE_TRY;
	} else if (answered(f)) {
		f->flags |= FLOW_OBSERVED;
		c.moment = BEHAVE_OPEN;
	} else {
		return;
	}
	c.ends = ends_of(f);
	behave_connection(b, &c);
}

void observe_traffic(struct behave *b, const struct flow *f, uint64_t now_ns)
{
	struct behave_traffic t = {
		.time_ns = now_ns,
		.ends = ends_of(f),
		.traffic = f->app->traffic,
	};

	behave_traffic(b, &t);
}

void observe_flow_end(struct behave *b, const struct flow *f, uint64_t now_ns)
{
	struct behave_connection c = {
		.moment = BEHAVE_END,
		.time_ns = now_ns,
		.ends = ends_of(f),
		.start_ns = f->start_ns,
	};

	memcpy(c.bytes, f->bytes, sizeof(c.bytes));
	memcpy(c.packets, f->packets, sizeof(c.packets));
	memcpy(c.tcp_flags, f->tcp_flags, sizeof(c.tcp_flags));
	behave_connection(b, &c);
}

/* The bytes of a protocol's buffer, empty when it has none of that name. */
static struct slice buffer_of(const struct app_proto *proto, const struct app_tx *tx, enum dir dir,
			      const char *name)
{
	struct slice found = SLICE("", 0);

	for (unsigned i = 0; i < proto->buffer_count; i++) {
		const struct app_buffer *buffer = &proto->buffers[i];

		if (buffer->dir[dir] && strcmp(buffer->name, name) == 0) {
			buffer->get(tx, dir, 0, &found);
			break;
		}
	}
	return found;
}

void observe_tx(struct behave *b, const struct packet *p, const struct flow *f,
		const struct app_tx *tx)
{
	const struct app_proto *proto = f->app->proto;

	for (int dir = 0; dir < 2; dir++) {
		for (const struct app_file *file = tx->files[dir]; file; file = file->next) {
			struct behave_file seen = {
				.time_ns = p->now_ns,
				.ends = ends_of(f),
				.to_client = dir == DIR_TC,
				.name = SLICE(file->name, file->name_len),
				.type = buffer_of(proto, tx, (enum dir)dir, "http.content_type"),
				.host = buffer_of(proto, tx, DIR_TS, "http.host"),
				.head = SLICE(file->head, file->head_len),
				.size = file->size,
			};

			behave_file(b, &seen);
		}
	}
}

static void put_strings(struct record *r, const char *name, const char *value)
{
	record_array(r, name);
	record_text(r, NULL, value);
	record_end(r);
}

/* Behaviour hits are EVE alerts with gid 2; reason and figures stand in alert.metadata. */
void observe_hit(struct event_writer *w, const struct behave_hit *hit)
{
	bool ports = hit->ends.ip_proto == IP_PROTO_TCP || hit->ends.ip_proto == IP_PROTO_UDP;
	struct record_head *h;
	struct record *r;

	if (!event_wanted(w, EVENT_ALERT))
		return;
	r = event_begin(w, "alert", NULL, NULL);
	if (!r)
		return;
	h = event_head(w);
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
	record_uint(r, "signature_id", hit->id);
	record_uint(r, "rev", 1);
	record_text(r, "signature", hit->name);
	record_text(r, "category", hit->category);
	record_uint(r, "severity", hit->severity);
	record_object(r, "metadata");
	put_strings(r, "mitre_tactic_id", hit->tactic);
	put_strings(r, "mitre_technique_id", hit->technique);
	put_strings(r, "confidence", hit->known ? "known" : "potential");
	record_array(r, "reason"); /* English first, then Japanese */
	record_text(r, NULL, hit->reason_en);
	record_text(r, NULL, hit->reason_ja);
	record_end(r);
	record_end(r);
	record_end(r);
	event_done(w, RECORD_LANE_ALERT);
}
