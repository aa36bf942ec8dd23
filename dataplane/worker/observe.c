#include "dataplane/worker/observe.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/app/dns/dns.h"
#include "dataplane/base/base64.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"
#include "dataplane/behave/hit_record.h"

static bool is_icmp(uint8_t proto)
{
	return proto == IP_PROTO_ICMP || proto == IP_PROTO_ICMPV6;
}

static struct behave_endpoints ends_of(const struct flow *f)
{
	bool ports = !is_icmp(f->key.ip_proto);

	return (struct behave_endpoints){
		.client = f->key.addr[DIR_TS],
		.server = f->key.addr[DIR_TC],
		.client_port = ports ? f->key.port[DIR_TS] : 0,
		.server_port = ports ? f->key.port[DIR_TC] : 0,
		.ip_proto = f->key.ip_proto,
		.handshake = f->flags & FLOW_HANDSHAKE,
		.client_mac = f->mac[DIR_TS],
		.server_mac = f->mac[DIR_TC],
		.vlan = f->key.vlan[0],
		.flow_id = f->id,
	};
}

static void turn(struct behave_endpoints *e)
{
	struct behave_endpoints was = *e;

	e->client = was.server;
	e->server = was.client;
	e->client_port = was.server_port;
	e->server_port = was.client_port;
	e->client_mac = was.server_mac;
	e->server_mac = was.client_mac;
}

/* An ICMP error belongs to the flow it quotes, but answers nothing. */
static bool answered(const struct packet *p, const struct flow *f)
{
	if (f->key.ip_proto == IP_PROTO_TCP)
		return (f->flags & FLOW_HANDSHAKE) ||
		       (p->payload_len > 0 && p->ip_proto == IP_PROTO_TCP &&
			!(p->tcp.flags & TCP_SYN));
	return p->dir == DIR_TC && p->ip_proto == f->key.ip_proto;
}

static void connection(struct behave *b, const struct packet *p, struct flow *f)
{
	bool first = f->packets[DIR_TS] + f->packets[DIR_TC] == 1;
	struct behave_event e = {.kind = BEHAVE_CONNECTION, .time_ns = p->now_ns};
	uint8_t flags = p->tcp.flags;

	e.ends = ends_of(f);
	e.connection.icmp_type = is_icmp(f->key.ip_proto) ? (uint8_t)f->key.port[DIR_TS] : 0;
	e.connection.midstream = f->flags & FLOW_MIDSTREAM;
	if (first) {
		e.connection.moment = BEHAVE_TRY;
		e.connection.first_flags = flags;
		/* Only the side that was called is seen: SYN and ACK, or a reset, come first. */
		if (p->ip_proto == IP_PROTO_TCP && !(f->flags & FLOW_REVERSED) &&
		    ((flags & TCP_RST) || (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK)))
			turn(&e.ends);
		behave_event_soon(b, &e);
	}
	if (answered(p, f)) {
		f->flags |= FLOW_OBSERVED;
		e.connection.moment = BEHAVE_OPEN;
		behave_event_soon(b, &e);
	}
}

enum { HELLO_PACKETS = 4 }; /* of a direction, among which its first bytes are */

/* What remote calls, SMB 2 and log-ins of mail begin with; anything else is not worth a call. */
static bool worth_reading(struct slice s)
{
	const uint8_t *d = s.data;

	if (s.len < 24)
		return behave_mail_reply(s) || behave_mail_login(s);
	if (d[0] >= '2')
		return behave_mail_reply(s) || behave_mail_login(s);
	return (d[0] == 5 && d[1] <= 1 && d[2] <= 19) ||
	       (d[0] == 0 && d[4] == 0xfe && d[5] == 'S' && d[6] == 'M');
}

static void payload(struct behave *b, const struct packet *p, const struct flow *f)
{
	/* One side is all that is seen: what its log-ins say is read without the other's word. */
	bool half = !f->packets[p->dir == DIR_TS ? DIR_TC : DIR_TS];
	bool read = p->ip_proto == IP_PROTO_TCP && (worth_reading(packet_payload(p)) ||
						    (half && behave_half_login(packet_payload(p))));
	/* What a parser has taken needs no guessing by its first bytes. */
	bool taken = p->ip_proto == IP_PROTO_TCP && f->app && f->app->proto;
	bool hello = f->packets[p->dir] <= HELLO_PACKETS && p->payload_len >= 16 && !taken &&
		     behave_hello_wanted(p->ip_proto, p->payload[0]);
	struct behave_event e;

	if (!read && !hello)
		return;
	e = (struct behave_event){
		.kind = BEHAVE_HELLO,
		.time_ns = p->now_ns,
		.ends = ends_of(f),
		.hello = {.to_client = p->dir == DIR_TC, .bytes = packet_payload(p)}};
	if (hello && behave_listens(b, BEHAVE_HELLO))
		behave_event(b, &e);
	if (read)
		behave_segment(b, &e,
			       (p->dir == DIR_TC ? BEHAVE_TO_CLIENT : 0) | (half ? BEHAVE_HALF : 0),
			       packet_payload(p));
}

void observe_packet(struct behave *b, const struct packet *p)
{
	struct flow *f = p->flow;

	if (!(f->flags & FLOW_OBSERVED))
		connection(b, p, f);
	if (p->payload_len && p->ip_proto == f->key.ip_proto)
		payload(b, p, f);
}

/* ---- what belongs to no flow: ARP, neighbour discovery, routers ---- */

static void arp(struct behave *b, const struct packet *p)
{
	struct cursor c = cursor_init(p->l3, p->l3_len);
	struct behave_event e = {.kind = BEHAVE_FRAME, .time_ns = p->now_ns};
	uint32_t kind = cursor_u32(&c), sizes = cursor_u16(&c);
	uint16_t op = cursor_u16(&c);
	struct slice sender = cursor_take(&c, 6), from = cursor_take(&c, 4);
	struct slice target = cursor_take(&c, 6), to = cursor_take(&c, 4);

	if (c.bad || kind != 0x00010800 || sizes != 0x0604 || op < 1 || op > 2)
		return; /* RFC 826: Ethernet and IPv4 only */
	e.ends.client = ip_addr_v4(from.data);
	e.ends.server = ip_addr_v4(to.data);
	e.ends.client_mac = p->src_mac;
	memcpy(e.ends.server_mac.bytes, target.data, 6);
	e.ends.vlan = p->vlan_count ? p->vlan[0] : 0;
	memcpy(e.frame.claims.bytes, sender.data, 6);
	e.frame.to_all = p->dst_mac.bytes[0] & 1;
	if (op == 1 && !slice_eq(from, to)) {
		e.frame.what = BEHAVE_ARP_ASKS;
		e.frame.about = e.ends.server;
	} else {
		e.frame.what = BEHAVE_ARP_ANSWERS;
		e.frame.about = e.ends.client;
	}
	behave_event(b, &e);
}

enum { SOLICITS = 135, ADVERTISES = 136, ROUTER = 134 }; /* RFC 4861 */

static void neighbour(struct behave *b, const struct packet *p)
{
	struct cursor c = cursor_init(p->l4, p->l4_len);
	struct behave_event e = {.kind = BEHAVE_FRAME, .time_ns = p->now_ns};
	struct slice about;

	e.ends.client = p->src;
	e.ends.server = p->dst;
	e.ends.ip_proto = p->ip_proto;
	e.ends.client_mac = e.frame.claims = p->src_mac;
	e.ends.vlan = p->vlan_count ? p->vlan[0] : 0;
	if (p->ttl != 255)
		return; /* it came from afar: RFC 4861 6.1, 7.1 */
	if (p->icmp.type == ROUTER) {
		cursor_skip(&c, 6);
		e.frame.what = BEHAVE_ROUTER;
		e.frame.lifetime = cursor_u16(&c);
	} else {
		cursor_skip(&c, 8);
		about = cursor_take(&c, 16);
		if (c.bad)
			return;
		e.frame.what = p->icmp.type == SOLICITS ? BEHAVE_ARP_ASKS : BEHAVE_ND_ANSWERS;
		e.frame.about = ip_addr_v6(about.data);
	}
	if (!c.bad)
		behave_event(b, &e);
}

static void protocol(struct behave *b, const struct packet *p)
{
	struct behave_event e = {.kind = BEHAVE_FRAME, .time_ns = p->now_ns};

	e.ends.client = p->src;
	e.ends.server = p->dst;
	e.ends.ip_proto = p->ip_proto;
	e.ends.client_mac = p->src_mac;
	e.ends.server_mac = p->dst_mac;
	e.ends.vlan = p->vlan_count ? p->vlan[0] : 0;
	e.frame.what = BEHAVE_PROTOCOL;
	behave_event(b, &e);
}

void observe_frame(struct behave *b, const struct packet *p)
{
	if (!behave_listens(b, BEHAVE_FRAME))
		return;
	if (!p->flow && p->ip_version && !is_icmp(p->ip_proto))
		protocol(b, p);
	if (!p->has_mac)
		return;
	if (p->ether_type == 0x0806 && p->l3)
		arp(b, p);
	else if (p->ip_proto == IP_PROTO_ICMPV6 && p->l4 &&
		 (p->icmp.type == ROUTER || p->icmp.type == SOLICITS || p->icmp.type == ADVERTISES))
		neighbour(b, p);
}

void observe_traffic(struct behave *b, const struct flow *f, uint64_t now_ns)
{
	struct behave_event e = {.kind = BEHAVE_TRAFFIC,
				 .time_ns = now_ns,
				 .ends = ends_of(f),
				 .traffic = {f->app->traffic}};

	behave_event(b, &e);
}

static const char *protocol_of(const struct flow *f)
{
	const struct app_flow *a = f->app;

	if (!a || !a->proto)
		return a && a->off ? "failed" : "";
	return a->proto->name;
}

void observe_flow_end(struct behave *b, const struct flow *f)
{
	struct behave_event e = {
		.kind = BEHAVE_CONNECTION, .time_ns = f->last_ns, .ends = ends_of(f)};
	struct behave_connection *c = &e.connection;

	c->moment = BEHAVE_END;
	c->start_ns = f->start_ns;
	c->midstream = f->flags & FLOW_MIDSTREAM;
	c->protocol = protocol_of(f);
	c->icmp_type = is_icmp(f->key.ip_proto) ? (uint8_t)f->key.port[DIR_TS] : 0;
	memcpy(c->bytes, f->bytes, sizeof(c->bytes));
	memcpy(c->packets, f->packets, sizeof(c->packets));
	memcpy(c->tcp_flags, f->tcp_flags, sizeof(c->tcp_flags));
	behave_event_soon(b, &e);
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

static void files(struct behave *b, const struct packet *p, const struct flow *f,
		  const struct app_tx *tx, enum dir dir)
{
	const struct app_proto *proto = f->app->proto;
	struct behave_event e = {.kind = BEHAVE_FILE, .time_ns = p->now_ns, .ends = ends_of(f)};

	for (const struct app_file *file = tx->files[dir]; file; file = file->next) {
		e.file = (struct behave_file){
			.to_client = dir == DIR_TC,
			.name = SLICE(file->name, file->name_len),
			.type = buffer_of(proto, tx, dir, "http.content_type"),
			.host = buffer_of(proto, tx, DIR_TS, "http.host"),
			.agent = buffer_of(proto, tx, DIR_TS, "http.user_agent"),
			.head = SLICE(file->head, file->head_len),
			.size = file->size,
		};
		behave_event(b, &e);
	}
}

enum { USER_MAX = 64 };

/* RFC 7617: name and password, coded only; the name of it. */
static struct slice basic_user(struct slice coded, uint8_t buf[USER_MAX])
{
	uint32_t word = 0;
	size_t n = 0;
	int value;

	for (size_t i = 0; i < coded.len && n + 3 <= USER_MAX; i++) {
		value = base64_value(coded.data[i]);
		if (value < 0)
			break;
		word = word << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		buf[n] = (uint8_t)(word >> (6 - 2 * (i % 4)));
		if (buf[n] == ':')
			break;
		n++;
	}
	return SLICE(buf, n);
}

/* What of a request's head lets somebody in, "" when nothing does. The first messages of NTLM are
 * answered with 401 by design (MS-NTHT 3.1), the third carries the proof. */
static struct slice credentials_of(struct slice head)
{
	static const char *const schemes[] = {"Basic ", "Digest ", "NTLM TlRMTVNTUAAD",
					      "Negotiate TlRMTVNTUAAD", "Negotiate YI"};
	static const char mark[] = "uthorization: ";
	const uint8_t *at = head.len ? memmem(head.data, head.len, mark, sizeof(mark) - 1) : NULL;
	struct slice value;

	if (!at)
		return SLICE("", 0);
	value = slice_sub(head, (size_t)(at - head.data) + sizeof(mark) - 1, head.len);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (value.len > strlen(schemes[i]) &&
		    memcmp(value.data, schemes[i], strlen(schemes[i])) == 0)
			return value;
	}
	return SLICE("", 0);
}

/* A login in the head of a request, and what became of it. */
static void http_login(struct behave *b, const struct packet *p, const struct flow *f,
		       const struct app_tx *tx)
{
	struct slice head = credentials_of(buffer_of(f->app->proto, tx, DIR_TS, "http.header"));
	struct behave_event e = {.kind = BEHAVE_LOGIN, .time_ns = p->now_ns, .ends = ends_of(f)};
	struct slice status;
	uint8_t user[USER_MAX];

	/* Of half a conversation the segments are read. */
	if (!head.len || !f->packets[DIR_TS] || !f->packets[DIR_TC])
		return;
	e.login.service = "http";
	if (head.data[0] == 'B') {
		e.login.readable = true;
		e.login.user = basic_user(slice_sub(head, 6, head.len), user);
	}
	status = buffer_of(f->app->proto, tx, DIR_TC, "http.stat_code");
	if (slice_eq(status, SLICE_LIT("401")) || slice_eq(status, SLICE_LIT("407")))
		e.login.outcome = BEHAVE_DENIED;
	else if (status.len && status.data[0] <= '3')
		e.login.outcome = BEHAVE_LET_IN;
	behave_event(b, &e);
}

static struct slice dns_type(uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *name;
	} names[] = {{DNS_A, "A"},	   {DNS_AAAA, "AAAA"}, {65, "HTTPS"},  {DNS_PTR, "PTR"},
		     {DNS_CNAME, "CNAME"}, {DNS_TXT, "TXT"},   {DNS_MX, "MX"}, {DNS_NS, "NS"},
		     {DNS_SRV, "SRV"},	   {DNS_SOA, "SOA"},   {64, "SVCB"},   {DNS_NULL, "NULL"},
		     {DNS_SSHFP, "SSHFP"}, {255, "ANY"},       {13, "HINFO"},  {25, "KEY"},
		     {43, "DS"},	   {48, "DNSKEY"},     {46, "RRSIG"},  {35, "NAPTR"},
		     {257, "CAA"},	   {52, "TLSA"},       {47, "NSEC"},   {6, "SOA"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].type == type)
			return SLICE_STR(names[i].name);
	}
	return SLICE_LIT("TYPE0"); /* without a name, like all that carry what they like */
}

enum { DNS_ANSWERS = 24, DNS_LABELS = 64 };

static void skip_name(struct cursor *c)
{
	for (unsigned i = 0; i < DNS_LABELS && !c->bad; i++) {
		uint8_t len = cursor_u8(c);

		if (len >= 0xc0)
			cursor_skip(c, 1);
		if (len == 0 || len >= 0xc0)
			return;
		cursor_skip(c, len);
	}
}

/* The addresses among the answers, whatever their order, in one word; bytes of all answers' data.
 * As record.c makes them of a record, at a fraction of what a record costs. */
static void dns_answers(const struct dns_tx *t, struct behave_dns *ret)
{
	static const struct hash_key key = {0x62616e6b656e, 0x726461746121};
	struct cursor c = cursor_init(t->message, t->message_len);

	cursor_skip(&c, DNS_HEADER);
	for (unsigned i = 0; i < t->header.count[0] && i < DNS_ANSWERS; i++) {
		skip_name(&c);
		cursor_skip(&c, 4);
	}
	for (unsigned i = 0; i < t->header.count[1] && i < DNS_ANSWERS && !c.bad; i++) {
		struct slice data;
		uint16_t type;

		skip_name(&c);
		type = cursor_u16(&c);
		cursor_skip(&c, 6);
		data = cursor_take(&c, cursor_u16(&c));
		ret->data += (uint32_t)data.len;
		if (type == DNS_A || type == DNS_AAAA)
			ret->values += hash_bytes(&key, data.data, data.len) | 1;
	}
}

/* Of a query the names are kept, of an answer the message; `name` is room for it. */
static bool dns_question(const struct dns_tx *t, struct dns_name *name, struct slice *ret_text,
			 uint16_t *ret_type)
{
	struct dns_question question;
	struct dns_reader r;

	if (t->query_count > 0 && (size_t)t->queries->offset + t->queries->len <= t->names_len) {
		*ret_text = SLICE(t->names + t->queries->offset, t->queries->len);
		*ret_type = t->queries->type;
		return true;
	}
	if (!t->message)
		return false;
	r = dns_reader_of(SLICE(t->message, t->message_len));
	if (!dns_question_read(&r, name, &question))
		return false;
	*ret_text = SLICE(name->text, name->len);
	*ret_type = question.type;
	return true;
}

static void dns(struct behave *b, const struct packet *p, const struct flow *f,
		const struct app_tx *tx)
{
	const struct dns_tx *t = container_of(tx, const struct dns_tx, tx);
	struct behave_event e = {.kind = BEHAVE_DNS, .time_ns = p->now_ns, .ends = ends_of(f)};
	struct dns_name name;
	struct slice text;
	uint16_t type;

	if (!dns_question(t, &name, &text, &type))
		return;
	if (e.ends.client_port == 53 && e.ends.server_port != 53)
		turn(&e.ends);
	e.dns.answer = t->response;
	e.dns.name = text;
	e.dns.type = dns_type(type);
	e.dns.missing = t->response && (t->header.flags & 0xf) == 3; /* NXDOMAIN */
	e.dns.id = t->header.id;
	if (t->response && t->message)
		dns_answers(t, &e.dns);
	behave_event_soon(b, &e);
}

void observe_tx(struct behave *b, const struct packet *p, const struct flow *f,
		const struct app_tx *tx)
{
	if (behave_listens(b, BEHAVE_FILE)) {
		if (tx->files[DIR_TS])
			files(b, p, f, tx, DIR_TS);
		if (tx->files[DIR_TC])
			files(b, p, f, tx, DIR_TC);
	}
	if (f->app->proto == &dns_proto && behave_listens(b, BEHAVE_DNS))
		dns(b, p, f, tx);
	else if (strcmp(f->app->proto->name, "http") == 0 && behave_listens(b, BEHAVE_LOGIN))
		http_login(b, p, f, tx);
}

/* Behaviour hits are EVE alerts with gid 2; reason and figures stand in alert.metadata. */
void observe_hit(struct event_writer *w, const struct behave_hit *hit)
{
	struct record_head *h;
	struct record *r;

	if (!event_wanted(w, EVENT_ALERT))
		return;
	r = event_begin(w, "alert", NULL, NULL);
	if (!r)
		return;
	h = event_head(w);
	behave_hit_put(hit, h, r);
	event_done(w, RECORD_LANE_ALERT);
}
