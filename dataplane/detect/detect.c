#include "dataplane/detect/detect.h"

#include "dataplane/detect/internal.h"
#include "dataplane/detect/table.h"

static const struct counter_name counter_names[DETECT_COUNTERS] = {
	[DETECT_COUNT_PACKETS] = {"packets", false},
	[DETECT_COUNT_ALERTS] = {"alerts", false},
	[DETECT_COUNT_OVERFLOW] = {"alert_queue_overflow", false},
	[DETECT_COUNT_SUPPRESSED] = {"alerts_suppressed", false},
	[DETECT_COUNT_QUEUE_FULL] = {"candidates_full", false},
	[DETECT_COUNT_MEMORY] = {"memory", false},
	[DETECT_COUNT_TX_RULES] = {"tx_rules", false},
	[DETECT_COUNT_TABLE_FULL] = {"table_full", false},
	[DETECT_COUNT_STOPPED] = {"stopped", false},
};

/* ---- one packet ---- */

static uint8_t proto_index(const struct plan *plan, const struct app_proto *proto)
{
	for (uint32_t i = 0; i < plan->nprotos; i++) {
		if (plan->protos[i] == proto)
			return (uint8_t)i;
	}
	return PLAN_PROTOS;
}

/* The application protocol as rules may see it: TCP only once the session is established. */
static void proto_of(struct run *r)
{
	const struct packet *p = r->p;

	r->proto = PLAN_PROTOS;
	if (!r->f->app || !r->f->app->proto || r->f->key.ip_proto != p->ip_proto)
		return;
	if (p->ip_proto == IP_PROTO_TCP && !(p->flags & PACKET_STREAM_ESTABLISHED) && r->real)
		return;
	if (r->fd->proto_of != r->f->app->proto) {
		r->fd->proto_of = r->f->app->proto;
		r->fd->proto = proto_index(r->plan, r->f->app->proto);
	}
	r->proto = r->fd->proto;
	if (r->proto < PLAN_PROTOS) {
		r->proto_bit = 1ULL << r->proto;
		r->app = r->f->app;
	}
	if (r->f->app->unnamed && r->f->app->named)
		r->proto_bit |= 1ULL << proto_index(r->plan, r->f->app->named);
}

/* Identification of the packet's direction is over with this packet; over UDP, where Suricata's
 * marks are not taken back, the direction's next one says so once more (app-layer-protocol). */
static void identified(struct run *r)
{
	uint8_t first = (uint8_t)(1 << r->dir), again = (uint8_t)(4 << r->dir);
	const struct app_flow *a = r->f->app;

	r->fd->proto_done &= (uint8_t)~first;
	if (!a || !r->real || !(a->seen[r->dir] || a->tried[r->dir]))
		return;
	if (!(r->fd->proto_seen & first)) {
		r->fd->proto_seen |= first;
		r->fd->proto_done |= first;
	} else if (r->p->ip_proto != IP_PROTO_TCP && !(r->fd->proto_seen & again)) {
		r->fd->proto_seen |= again;
		r->fd->proto_done |= first;
	}
}

static uint8_t have_of(const struct run *r)
{
	const struct packet *p = r->p;
	uint8_t have = 0;

	have |= r->payload.len || r->has_raw ? PLAN_NEED_PAYLOAD : PLAN_NEED_NO_PAYLOAD;
	if (r->f)
		have |= PLAN_NEED_FLOW;
	if (r->real)
		have |= PLAN_NEED_REAL;
	if (p->ip_proto == IP_PROTO_TCP && p->l4) {
		if (p->tcp.flags & (TCP_SYN | TCP_FIN | TCP_RST))
			have |= PLAN_NEED_FLAGS_INIT;
		if (p->tcp.flags & (TCP_URG | TCP_ECE | TCP_CWR))
			have |= PLAN_NEED_FLAGS_ODD;
		if (p->tcp.flags & TCP_SYN)
			have |= PLAN_NEED_SYN;
	}
	if (p->event_count || (r->f && r->f->app && r->f->app->event_count))
		have |= PLAN_NEED_EVENT;
	return have;
}

static void raw_of(struct run *r)
{
	bool wanted = r->group->stream_wanted || r->plan->tx_stream[r->dir];

	if (r->p->ip_proto != IP_PROTO_TCP || !r->f || !r->f->tcp)
		return;
	if (!wanted) {
		stream_raw_disable(r->f, r->dir);
		return;
	}
	r->has_raw = stream_raw_get(r->d->stream, r->f, r->p, r->dir, &r->raw) && r->raw.len;
}

/* Encrypted from here on: bytes that came before and wait are not searched for patterns any more,
 * as in Suricata, but rules without any still look at them; unless the parser ended with it (SSH).
 */
static bool raw_encrypted(const struct run *r)
{
	return r->has_raw && (r->p->flags & PACKET_NO_PAYLOAD) && r->f->app && !r->f->app->done;
}

/* At the flow's end what lies behind missing bytes is due too. */
static void raw_done(struct run *r)
{
	bool wanted = r->group->stream_wanted || r->plan->tx_stream[r->dir];

	if (r->has_raw && !wanted) {
		stream_raw_skip(r->f, r->dir);
		return;
	}
	for (unsigned i = 0; r->has_raw && i < DETECT_RAW_PIECES; i++) {
		stream_raw_done(r->d->stream, r->f, r->dir, r->raw.offset + r->raw.len);
		r->has_raw = !r->real &&
			     stream_raw_get(r->d->stream, r->f, r->p, r->dir, &r->raw) &&
			     r->raw.len;
		if (r->has_raw)
			packet_stream_again(r);
	}
}

static void run_flow(struct run *r)
{
	r->f = r->p->flow;
	if (!r->f)
		return;
	r->dir = r->p->dir;
	r->fd = state_of_flow(r->d, r->f);
	if (!r->fd) {
		r->f = NULL;
		return;
	}
	if (r->fd->engine != r->e) {
		r->fd->engine = r->e;
		r->fd->proto_of = NULL;
		r->fd->l4 = PLAN_L4S;
		r->fd->tx = 0;
		r->fd->nbits = 0; /* ids of another rule set */
		vars_free(r->d, &r->fd->vars);
		r->fd->nvars = 0;
	}
	identified(r);
	proto_of(r);
}

static void payload_of(struct run *r)
{
	const struct packet *p = r->p;

	if (!(p->flags & PACKET_NO_PAYLOAD) && r->real && p->payload)
		r->payload = packet_payload(p);
}

static void ip_only(struct run *r)
{
	uint8_t bit = (uint8_t)(1 << r->dir);

	if (r->fd && (r->fd->ip_only_done & bit))
		return;
	packet_ip_only(r);
	if (r->fd)
		r->fd->ip_only_done |= bit;
}

/* Nothing more is said about the flow: its transactions count as inspected. */
static void stopped(struct run *r)
{
	detect_count(r->d, DETECT_COUNT_STOPPED);
	for (struct app_tx *tx = r->f->app ? r->f->app->tx_first : NULL; tx; tx = tx->next)
		tx->flags |= (uint8_t)(APP_TX_INSPECTED_TS << r->dir);
}

static void decode_only(struct run *r)
{
	struct plan_port_group g = {.always = r->plan->decode_only};
	struct plan_wide none = {0};

	r->group = &g;
	r->wide = &none;
	packet_rules(r);
	r->group = NULL;
	r->wide = NULL;
}

/* The ports' tables are large: what they say of a flow is kept with it. */
static void flow_groups(struct run *r, enum plan_l4 l4, uint16_t server, uint16_t client)
{
	struct flow_detect *fd = r->fd;

	fd->l4 = (uint8_t)l4;
	fd->server = server;
	fd->client = client;
	fd->far = 0;
	for (unsigned dir = 0; dir < 2; dir++) {
		const struct plan_ports *ports = &r->plan->ports[l4][dir];

		fd->class[dir] = plan_port_class(ports, server);
		if (plan_far_port(ports, client))
			fd->far |= (uint8_t)(1 << dir);
	}
}

/* With a broken transport header it is a packet of that protocol without ports. */
static void groups_of(struct run *r)
{
	enum plan_l4 l4 = plan_l4_of(r->p->ip_proto);
	const struct plan_ports *ports = &r->plan->ports[l4][r->dir];
	bool ts = r->dir == DIR_TS;
	uint16_t server = ts ? r->p->dport : r->p->sport, client = ts ? r->p->sport : r->p->dport;
	const struct flow_detect *fd = r->fd;

	r->wide = plan_wide(r->plan, l4, r->dir, r->proto_bit);
	if (!fd) {
		r->group = &ports->groups[plan_port_class(ports, server)];
		r->far = plan_far_port(ports, client) ? &ports->far : NULL;
		return;
	}
	if (fd->l4 != l4 || fd->server != server || fd->client != client)
		flow_groups(r, l4, server, client);
	r->group = &ports->groups[fd->class[r->dir]];
	r->far = fd->far >> r->dir & 1 ? &ports->far : NULL;
}

/* False: the flow's transactions were not looked at. */
static bool inspect(struct run *r)
{
	bool looked = true;

	payload_of(r);
	if (r->p->ip_version == 0) {
		r->have = have_of(r);
		decode_only(r);
		return true;
	}
	groups_of(r);
	raw_of(r);
	r->have = have_of(r);
	r->raw_blind = raw_encrypted(r);
	ip_only(r);
	packet_rules(r);
	if (r->app)
		looked = tx_rules(r);
	if (r->app && r->app->frames)
		frames_rules(r);
	raw_done(r);
	return looked;
}

bool detect_packet(struct detector *d, struct packet *p)
{
	struct run r = {.d = d, .e = d->e, .plan = d->e->plan, .p = p, .proto = PLAN_PROTOS};
	bool looked;

	detect_count(d, DETECT_COUNT_PACKETS);
	r.real = !(p->flags & PACKET_PSEUDO_END);
	run_flow(&r);
	if (r.fd && r.fd->stopped) {
		stopped(&r);
		frames_done(&r, true);
		return true;
	}
	looked = inspect(&r);
	alert_finish(&r);
	frames_done(&r, false);
	vars_free(d, &d->packet_vars);
	d->n_packet_vars = 0;
	return looked;
}

void detect_tick(struct detector *d, uint64_t now_ns)
{
	table_tick(d->thresholds, now_ns);
	table_tick(d->hosts, now_ns);
}

struct counter_set detect_counters(const struct detector *d)
{
	return (struct counter_set){"detect", counter_names, d->counts, DETECT_COUNTERS};
}
