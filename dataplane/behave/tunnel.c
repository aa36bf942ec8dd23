/* Tunnels: data in ICMP echoes (T1095), whose answers must be what was sent and are not;
 * connections to other than web ports through a proxy (T1572). */
#include "dataplane/behave/detector.h"

enum { ICMP = 1, ICMP6 = 58, PING_BYTES = 120 /* of a usual echo, frame included */ };

struct tunnel_entry {
	struct behave_entry entry;
};

static const struct behave_sign icmp_sign = {2330,
					     "BANKEN data carried in ICMP echoes",
					     "TA0011",
					     "T1095",
					     "Malware Command and Control Activity Detected",
					     BEHAVE_HIGH,
					     false};
static const struct behave_sign connect_sign = {
	2331,
	"BANKEN proxy asked to connect to a port that is not the web's",
	"TA0011",
	"T1572",
	"Detection of a non-standard protocol or event",
	BEHAVE_MEDIUM,
	false};

static struct tunnel_entry *entry_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key[2] = {behave_word(&e->ends.client), behave_word(&e->ends.server)};
	bool is_new;

	return behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
}

static void icmp(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	uint64_t up = c->packets[0] ? c->bytes[0] / c->packets[0] : 0;
	uint64_t down = c->packets[1] ? c->bytes[1] / c->packets[1] : 0;
	uint64_t apart = up > down ? up - down : down - up;
	bool differs, large, more;
	struct behave_hit hit;

	if (c->icmp_type != 8 && c->icmp_type != 0 && c->icmp_type != 128 && c->icmp_type != 129)
		return;
	differs = c->packets[0] >= v->limits->icmp_exchanges &&
		  c->packets[1] >= v->limits->icmp_exchanges && apart * 10 > up;
	large = c->bytes[0] >= v->limits->icmp_bytes && c->bytes[1] >= v->limits->icmp_bytes &&
		up > PING_BYTES && apart > 0;
	/* Programs answer beside the host itself. */
	more = c->packets[0] >= v->limits->icmp_exchanges &&
	       c->packets[1] * 2 >= c->packets[0] * 3 && apart > 0;
	if (!differs && !large && !more)
		return;
	behave_hit_init(&hit, &icmp_sign, e);
	behave_say_en(&hit,
		      "%s and %s exchanged %llu ICMP echoes of %llu bytes on average and got %llu "
		      "of %llu bytes back; each should get one answer of its own size.",
		      client.s, server.s, (unsigned long long)c->packets[0], (unsigned long long)up,
		      (unsigned long long)c->packets[1], (unsigned long long)down);
	behave_say_ja(&hit,
		      "%sが%sへ平均%lluバイトのICMPエコーを%llu個送り、平均%lluバイトの応答を%llu個"
		      "受け取りました。本来、応答は要求ごとに1個で同じ大きさです。",
		      client.s, server.s, (unsigned long long)up, (unsigned long long)c->packets[0],
		      (unsigned long long)down, (unsigned long long)c->packets[1]);
	behave_figure(&hit, "echoes", (double)c->packets[0]);
	behave_figure(&hit, "bytes_each", (double)up);
	behave_figure(&hit, "bytes_each_back", (double)down);
	behave_tell(v, &hit, &entry_of(v, e)->entry);
}

/* The number behind the last colon; 0 when there is none. */
static unsigned port_of(struct slice target)
{
	unsigned port = 0, digits = 0;
	size_t at = target.len;

	while (at > 0 && target.data[at - 1] != ':')
		at--;
	for (; at > 0 && at < target.len && digits < 5; at++, digits++) {
		if (target.data[at] < '0' || target.data[at] > '9')
			return 0;
		port = port * 10 + target.data[at] - '0';
	}
	return port;
}

static void proxied(const struct behave_view *v, const struct behave_event *e)
{
	static const uint16_t web[] = {443, 80, 8443, 8080, 563, 5222, 5228, 993, 995, 587, 465};
	struct behave_text client, server, target;
	struct behave_hit hit;
	unsigned port;

	if (!slice_eq(e->http.method, SLICE_LIT("CONNECT")) || e->http.status / 100 != 2)
		return;
	port = port_of(e->http.path.len ? e->http.path : e->http.host);
	for (size_t i = 0; i < ARRAY_SIZE(web); i++) {
		if (port == web[i] || port == 0)
			return;
	}
	client = behave_address(&e->ends.client);
	server = behave_address(&e->ends.server);
	target = behave_printable(e->http.path);
	behave_hit_init(&hit, &connect_sign, e);
	behave_say_en(&hit,
		      "%s had the proxy %s connect it to %s, port %u, which is not the web's.",
		      client.s, server.s, target.s, port);
	behave_say_ja(&hit,
		      "%sがプロキシ%sを経由して、ウェブ用ではないポート%uへ接続しました(%s)。",
		      client.s, server.s, port, target.s);
	behave_figure(&hit, "port", port);
	behave_tell(v, &hit, &entry_of(v, e)->entry);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_HTTP)
		proxied(v, e);
	else if (e->connection.moment == BEHAVE_END &&
		 (e->ends.ip_proto == ICMP || e->ends.ip_proto == ICMP6))
		icmp(v, e);
}

const struct behave_detector behave_tunnel = {
	.kinds = 1 << BEHAVE_CONNECTION | 1 << BEHAVE_HTTP,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct tunnel_entry)},
	.weight = {1},
	.event = event,
};
