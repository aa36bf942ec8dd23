/* A protocol where it does not belong (T1571), or a tunnel on a port that everybody lets through
 * (T1572): judged when the connection ends and its protocol is known. */
#include "dataplane/behave/detector.h"

struct port_entry { /* one server, one port */
	struct behave_entry entry;
	uint32_t connections;
};

static const struct behave_sign foreign_sign = {2120,
						"BANKEN protocol on a foreign port",
						"TA0011",
						"T1571",
						"Detection of a non-standard protocol or event",
						BEHAVE_LOW,
						true};
static const struct behave_sign hidden_sign = {
	2121,	 "BANKEN remote login on a port of another service", "TA0011",
	"T1572", "Detection of a non-standard protocol or event",    BEHAVE_MEDIUM,
	true};
static const struct behave_sign unknown_sign = {
	2122,	 "BANKEN unknown protocol on a well-known port",  "TA0011",
	"T1571", "Detection of a non-standard protocol or event", BEHAVE_LOW,
	false};

struct place {
	const char *protocol;
	bool login; /* lets somebody in */
	uint16_t ports[8];
};

/* Where protocols usually are; those that live on any port (HTTP, TLS, RPC) are not listed. */
static const struct place places[] = {
	{"ssh", true, {22, 2222, 830}},
	{"rdp", true, {3389}},
	{"rfb", true, {5900, 5901, 5902, 5903, 5800}},
	{"telnet", true, {23, 2323, 992}},
	{"smb", false, {445, 139}},
	{"smtp", false, {25, 465, 587, 2525}},
	{"ftp", false, {21, 990, 2121}},
	{"imap", false, {143, 993}},
	{"pop3", false, {110, 995}},
	{"krb5", false, {88, 464}},
	{"ldap", false, {389, 636, 3268, 3269}},
	{"snmp", false, {161, 162}},
	{"dhcp", false, {67, 68}},
	{"tftp", false, {69}},
	{"ntp", false, {123}},
	{"dns", false, {53, 853, 5353, 5355, 137}},
};

/* Ports that are open to everybody, and what is to be there. */
static const struct {
	uint16_t port;
	const char *protocols[5];
} known[] = {
	{80, {"http", "tls", "http2", "websocket", NULL}},
	{443, {"tls", "http", "quic", "http2", NULL}},
	{53, {"dns", NULL}},
	{25, {"smtp", "tls", NULL}},
	{22, {"ssh", NULL}},
};

static const struct place *place_of(const char *protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (places[i].protocol[0] == protocol[0] &&
		    strcmp(places[i].protocol, protocol) == 0)
			return &places[i];
	}
	return NULL;
}

static bool at_home(const struct place *p, uint16_t port)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->ports); i++) {
		if (p->ports[i] == port)
			return true;
	}
	return false;
}

static void tell(const struct behave_view *v, const struct behave_event *e,
		 const struct behave_sign *sign)
{
	const struct behave_connection *c = &e->connection;
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	unsigned long long bytes = c->bytes[0] + c->bytes[1];
	unsigned port = e->ends.server_port;
	uint64_t key[2] = {behave_word(&e->ends.server),
			   (uint64_t)port << 16 | (sign->id & 0xffff)};
	struct port_entry *entry;
	struct behave_hit hit;
	bool is_new;

	entry = behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
	if (behave_told(v, &entry->entry, e->time_ns))
		return;
	behave_hit_init(&hit, sign, e);
	if (sign == &unknown_sign) {
		behave_say_en(&hit,
			      "%s talked to %s on port %u in a protocol that does not belong there "
			      "and is not known (%llu bytes).",
			      client.s, server.s, port, bytes);
		behave_say_ja(
			&hit,
			"%sが%sのポート%uで、そこで使われるはずのない不明なプロトコルで通信しま"
			"した(%lluバイト)。",
			client.s, server.s, port, bytes);
	} else {
		behave_say_en(
			&hit,
			"%s talked %s to %s on port %u, where it does not belong (%llu bytes).",
			client.s, c->protocol, server.s, port, bytes);
		behave_say_ja(&hit,
			      "%sが%sと本来使われないポート%uで%s通信を行いました(%lluバイト)。",
			      client.s, server.s, port, c->protocol, bytes);
	}
	behave_figure(&hit, "port", port);
	behave_figure(&hit, "bytes", (double)bytes);
	behave_tell(v, &hit, &entry->entry);
}

static bool belongs(unsigned at, const char *protocol)
{
	for (unsigned i = 0; known[at].protocols[i]; i++) {
		if (strcmp(known[at].protocols[i], protocol) == 0)
			return true;
	}
	return false;
}

static int known_port(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].port == port)
			return (int)i;
	}
	return -1;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	const char *protocol = c->protocol;
	const struct place *place;
	int at;

	if (c->moment != BEHAVE_END || c->packets[0] == 0 || c->packets[1] == 0)
		return;
	at = known_port(e->ends.server_port);
	place = protocol[0] ? place_of(protocol) : NULL;
	if (place && !at_home(place, e->ends.server_port)) {
		tell(v, e, place->login && at >= 0 ? &hidden_sign : &foreign_sign);
		return;
	}
	/* Nothing can be said of a conversation whose beginning was not seen. */
	if (at < 0 || c->midstream || e->ends.ip_proto != 6 || !e->ends.handshake)
		return;
	if (c->bytes[0] + c->bytes[1] < v->limits->foreign_bytes || c->packets[0] < 4)
		return;
	if (!protocol[0] || strcmp(protocol, "failed") == 0)
		tell(v, e, &unknown_sign);
	else if (!belongs((unsigned)at, protocol))
		tell(v, e, &foreign_sign);
}

const struct behave_detector behave_foreign_port = {
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct port_entry)},
	.weight = {1},
	.event = event,
};
