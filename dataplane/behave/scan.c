/* Scans (T1046, T1018): one host tries one service on many hosts (horizontal), or many ports of one
 * host (vertical), and most tries get no service; tries with TCP flags that no connection begins
 * with; IP protocols of one host; sweeps by ICMP, ARP and neighbour discovery.
 *
 * A try counts as failed until it is answered with a connection; a connection in which the client
 * then says nothing is taken back as failed when it ends (connect scans). */
#include "dataplane/behave/detector.h"

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58, SCTP = 132 };

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

enum table { PORTS, HOSTS, QUERIES };

/* Of traceroute: it counts its port up. */
enum { TRACE_FIRST = 33434, TRACE_LAST = 33534 };

struct scan_entry {
	struct behave_entry entry;
	uint32_t tries, opened, odd;
	uint8_t odd_flags;
	struct behave_set things;
};

static const struct behave_sign horizontal_sign = {2200,
						   "BANKEN scan of one service over many hosts",
						   "TA0007",
						   "T1046",
						   "Network scan",
						   BEHAVE_MEDIUM,
						   true};
static const struct behave_sign vertical_sign = {2201,
						 "BANKEN scan of many ports of one host",
						 "TA0007",
						 "T1046",
						 "Network scan",
						 BEHAVE_MEDIUM,
						 true};
static const struct behave_sign odd_sign = {2202,
					    "BANKEN scan with impossible TCP flags",
					    "TA0007",
					    "T1046",
					    "Network scan",
					    BEHAVE_HIGH,
					    true};
static const struct behave_sign ping_sign = {
	2203, "BANKEN sweep for hosts by ICMP", "TA0007", "T1018", "Network scan", BEHAVE_MEDIUM,
	true};
static const struct behave_sign arp_sign = {
	2204,		"BANKEN sweep for hosts by ARP or neighbour discovery",
	"TA0007",	"T1018",
	"Network scan", BEHAVE_MEDIUM,
	false};

static const struct behave_sign protocols_sign = {2205,
						  "BANKEN scan of the IP protocols of one host",
						  "TA0007",
						  "T1046",
						  "Network scan",
						  BEHAVE_MEDIUM,
						  true};

static struct scan_entry *entry_of(const struct behave_view *v, const struct behave_event *e,
				   enum table table)
{
	const struct behave_endpoints *ends = &e->ends;
	uint64_t key[2] = {v->facts->client,
			   table == HOSTS ? (uint64_t)ends->server_port << 8 | ends->ip_proto
					  : v->facts->server ^ ends->ip_proto};

	return behave_window(v, table, key, 2, e->time_ns, v->limits->scan_seconds);
}

static unsigned failed_percent(const struct scan_entry *e)
{
	return e->tries ? (e->tries - e->opened) * 100 / e->tries : 0;
}

static const char *proto_name(const struct behave_event *e)
{
	return e->ends.ip_proto == UDP ? "UDP" : e->ends.ip_proto == SCTP ? "SCTP" : "TCP";
}

static void tell_horizontal(const struct behave_view *v, const struct behave_event *e,
			    struct scan_entry *s, unsigned hosts)
{
	struct behave_text client = behave_address(&e->ends.client);
	double seconds = behave_seconds(s->entry.start_ns, e->time_ns);
	unsigned failed = failed_percent(s);
	const char *proto = proto_name(e);
	struct behave_hit hit;

	behave_hit_init(&hit, &horizontal_sign, e);
	behave_say_en(&hit,
		      "%s tried %s port %u on about %u hosts within %.1f seconds; %u %% of the "
		      "tries got no service.",
		      client.s, proto, e->ends.server_port, hosts, seconds, failed);
	behave_say_ja(&hit,
		      "%sが%.1f秒間に約%u台のホストの%sポート%uへ接続を試み、%u%%が失敗しました。",
		      client.s, seconds, hosts, proto, e->ends.server_port, failed);
	behave_figure(&hit, "hosts", hosts);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "failed_percent", failed);
	behave_tell(v, &hit, &s->entry);
}

static void tell_vertical(const struct behave_view *v, const struct behave_event *e,
			  struct scan_entry *s, unsigned ports)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(s->entry.start_ns, e->time_ns);
	unsigned failed = failed_percent(s);
	const char *proto = proto_name(e);
	struct behave_hit hit;

	behave_hit_init(&hit, &vertical_sign, e);
	behave_say_en(
		&hit,
		"%s tried about %u %s ports of %s within %.1f seconds; %u %% of the tries got "
		"no service.",
		client.s, ports, proto, server.s, seconds, failed);
	behave_say_ja(&hit, "%sが%.1f秒間に%sの約%u個の%sポートへ接続を試み、%u%%が失敗しました。",
		      client.s, seconds, server.s, ports, proto, failed);
	behave_figure(&hit, "ports", ports);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "failed_percent", failed);
	behave_tell(v, &hit, &s->entry);
}

static const char *flags_name(uint8_t flags)
{
	switch (flags & (FIN | SYN | RST | PSH | ACK | URG)) {
	case 0:
		return "NULL";
	case FIN:
		return "FIN";
	case FIN | ACK:
		return "FIN+ACK (Maimon)";
	case FIN | PSH | URG:
		return "FIN+PSH+URG (XMAS)";
	case SYN | FIN:
		return "SYN+FIN";
	default:
		return "odd";
	}
}

/* No connection begins so: nothing that answers, opens or resets. */
static bool odd(uint8_t flags)
{
	flags &= FIN | SYN | RST | PSH | ACK | URG;
	return (flags & (SYN | RST | ACK)) == 0 || (flags & (SYN | FIN)) == (SYN | FIN) ||
	       flags == (FIN | ACK);
}

static void tell_odd(const struct behave_view *v, const struct behave_event *e,
		     struct scan_entry *s, bool hosts)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	const char *flags = flags_name(s->odd_flags);
	struct behave_hit hit;

	behave_hit_init(&hit, &odd_sign, e);
	if (hosts) {
		behave_say_en(&hit,
			      "%s sent %u TCP packets with the flags %s, with which no connection "
			      "begins, to port %u of different hosts.",
			      client.s, s->odd, flags, e->ends.server_port);
		behave_say_ja(&hit,
			      "%sが接続の開始にはあり得ないフラグ(%s)のTCPパケットを%u個、"
			      "複数のホストのポート%uへ送りました。",
			      client.s, flags, s->odd, e->ends.server_port);
	} else {
		behave_say_en(&hit,
			      "%s sent TCP packets with the flags %s, with which no connection "
			      "begins, to %u ports of %s.",
			      client.s, flags, s->odd, server.s);
		behave_say_ja(&hit,
			      "%sが接続の開始にはあり得ないフラグ(%s)のTCPパケットを%sの%u個の"
			      "ポートへ送りました。",
			      client.s, flags, server.s, s->odd);
	}
	behave_figure(&hit, "tries", s->odd);
	behave_tell(v, &hit, &s->entry);
}

/* Costly, so only where it can matter: something new, and enough of it. */
static void judge(const struct behave_view *v, const struct behave_event *e, struct scan_entry *s,
		  bool horizontal)
{
	unsigned least = horizontal ? v->limits->scan_hosts : v->limits->scan_ports, seen;

	if (s->tries < least || failed_percent(s) < v->limits->scan_failed_percent ||
	    behave_told(v, &s->entry, e->time_ns))
		return;
	seen = behave_set_count(&s->things);
	if (seen < least)
		return;
	if (horizontal)
		tell_horizontal(v, e, s, seen);
	else
		tell_vertical(v, e, s, seen);
}

static void count(const struct behave_view *v, const struct behave_event *e, bool horizontal)
{
	struct scan_entry *s = entry_of(v, e, horizontal ? HOSTS : PORTS);
	uint8_t flags = e->connection.first_flags;
	bool is_new, is_odd;

	s->tries++;
	is_new = behave_set_add(v, &s->things, horizontal ? v->facts->server : e->ends.server_port);
	is_odd = e->ends.ip_proto == TCP && odd(flags);
	if (is_odd && is_new) {
		s->odd++;
		s->odd_flags = flags;
		if (s->odd >= v->limits->scan_odd_ports && s->odd * 2 >= s->tries)
			tell_odd(v, e, s, horizontal);
		return;
	}
	if (is_new)
		judge(v, e, s, horizontal);
}

/* ---- sweeps ---- */

static void tell_sweep(const struct behave_view *v, const struct behave_event *e,
		       struct scan_entry *s, unsigned hosts)
{
	struct behave_text client = behave_address(&e->ends.client);
	bool arp = e->kind == BEHAVE_FRAME;
	double seconds = behave_seconds(s->entry.start_ns, e->time_ns);
	unsigned failed = failed_percent(s);
	struct behave_hit hit;

	behave_hit_init(&hit, arp ? &arp_sign : &ping_sign, e);
	behave_say_en(&hit,
		      "%s asked for about %u different addresses by %s within %.1f seconds; %u %% "
		      "did not answer.",
		      client.s, hosts, arp ? "ARP or neighbour discovery" : "ICMP", seconds,
		      failed);
	behave_say_ja(&hit,
		      "%sが%.1f秒間に約%u個のアドレスを%sで探索し、%u%%は応答しませんでした。",
		      client.s, seconds, hosts, arp ? "ARPまたは近隣探索" : "ICMP", failed);
	behave_figure(&hit, "hosts", hosts);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "failed_percent", failed);
	behave_tell(v, &hit, &s->entry);
}

static void sweep(const struct behave_view *v, const struct behave_event *e, uint64_t who,
		  const struct ip_addr *whom, bool answered)
{
	bool arp = e->kind == BEHAVE_FRAME;
	unsigned least = arp ? v->limits->arp_hosts : v->limits->sweep_hosts, seen;
	unsigned percent = arp ? v->limits->arp_failed_percent : v->limits->sweep_failed_percent;
	uint64_t key[2] = {who, arp};
	struct scan_entry *s =
		behave_window(v, QUERIES, key, 2, e->time_ns, v->limits->sweep_seconds);

	if (answered) {
		s->opened += s->opened < s->tries;
		return;
	}
	/* `tries` counts different addresses here. */
	if (!behave_set_add(v, &s->things, behave_word(whom)))
		return;
	s->tries++;
	if (s->tries < least * 3 / 4 || behave_told(v, &s->entry, e->time_ns))
		return;
	seen = behave_set_count(&s->things);
	if (seen >= least && (failed_percent(s) >= percent || seen >= least * 4))
		tell_sweep(v, e, s, seen);
}

static bool is_query(uint8_t icmp_type, uint8_t proto)
{
	if (proto == ICMP6)
		return icmp_type == 128;
	return icmp_type == 8 || icmp_type == 13 || icmp_type == 15 || icmp_type == 17;
}

static void icmp(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;

	if (c->moment == BEHAVE_END || !is_query(c->icmp_type, e->ends.ip_proto))
		return;
	sweep(v, e, v->facts->client, &e->ends.server, c->moment == BEHAVE_OPEN);
}

static void frame(const struct behave_view *v, const struct behave_event *e)
{
	if (e->frame.what == BEHAVE_ARP_ASKS)
		sweep(v, e, v->facts->client, &e->frame.about, false);
	else if (e->frame.what == BEHAVE_ARP_ANSWERS && !e->frame.to_all)
		sweep(v, e, v->facts->server, &e->frame.about, true);
}

static void connection(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct scan_entry *s;

	if (c->moment == BEHAVE_TRY) {
		count(v, e, true);
		count(v, e, false);
		return;
	}
	/* A handshake and nothing said: a scanner's. Its packets are SYN, ACK and the end. */
	if (c->moment == BEHAVE_END && (e->ends.ip_proto != TCP || !e->ends.handshake ||
					c->packets[0] > 4 || (c->tcp_flags[0] & PSH)))
		return;
	for (unsigned t = PORTS; t <= HOSTS; t++) {
		s = entry_of(v, e, (enum table)t);
		if (c->moment == BEHAVE_OPEN) {
			s->opened += s->opened < s->tries;
		} else if (s->opened > 0) {
			s->opened--;
			judge(v, e, s, t == HOSTS);
		}
	}
}

/* ---- IP protocols ---- */

static void tell_protocols(const struct behave_view *v, const struct behave_event *e,
			   struct scan_entry *s)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double seconds = behave_seconds(s->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &protocols_sign, e);
	behave_say_en(&hit,
		      "%s sent %s packets of %u different IP protocols within %.1f seconds; hosts "
		      "use two or three.",
		      client.s, server.s, s->tries, seconds);
	behave_say_ja(
		&hit,
		"%sが%.1f秒間に%sへ%u種類のIPプロトコルのパケットを送りました。通常使われるのは"
		"2、3種類です。",
		client.s, seconds, server.s, s->tries);
	behave_figure(&hit, "protocols", s->tries);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &s->entry);
}

static void other_protocol(const struct behave_view *v, const struct behave_event *e)
{
	enum { NO_PORT = 0x1ffff };
	uint64_t key[3] = {behave_word(&e->ends.client), behave_word(&e->ends.server), NO_PORT};
	struct scan_entry *s;

	if (!behave_unicast(&e->ends.server))
		return;
	s = behave_window(v, PORTS, key, 3, e->time_ns, v->limits->scan_seconds);
	/* `tries` counts different protocols here. */
	s->tries += behave_set_add(v, &s->things, e->ends.ip_proto);
	if (s->tries >= v->limits->scan_odd_ports && !behave_told(v, &s->entry, e->time_ns))
		tell_protocols(v, e, s);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	uint8_t proto = e->ends.ip_proto;

	if (e->kind == BEHAVE_FRAME) {
		if (e->frame.what == BEHAVE_PROTOCOL)
			other_protocol(v, e);
		else
			frame(v, e);
	} else if (proto == ICMP || proto == ICMP6) {
		icmp(v, e);
	} else if (proto == TCP || proto == UDP || proto == SCTP) {
		if (!v->facts->server_unicast)
			return;
		if (proto == UDP && e->ends.server_port >= TRACE_FIRST &&
		    e->ends.server_port <= TRACE_LAST)
			return;
		connection(v, e);
	}
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	const struct behave_endpoints *ends = &e->ends;
	uint64_t client = v->facts->client;

	if ((ends->ip_proto != TCP && ends->ip_proto != UDP) || e->connection.moment == BEHAVE_END)
		return;
	behave_ahead_add(a, &v->tables[PORTS],
			 (uint64_t[]){client, v->facts->server ^ ends->ip_proto}, 2);
	behave_ahead_add(a, &v->tables[HOSTS],
			 (uint64_t[]){client, (uint64_t)ends->server_port << 8 | ends->ip_proto},
			 2);
}

const struct behave_detector behave_scan = {
	.kinds = 1 << BEHAVE_CONNECTION | 1 << BEHAVE_FRAME,
	.moments = 1 << BEHAVE_TRY | 1 << BEHAVE_OPEN | 1 << BEHAVE_END,
	.entry_size = {sizeof(struct scan_entry), sizeof(struct scan_entry),
		       sizeof(struct scan_entry)},
	.weight = {8, 8, 4},
	.event = event,
	.ahead = ahead,
};
