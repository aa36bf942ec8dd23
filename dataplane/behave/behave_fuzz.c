/* The whole layer: a program of events, segments and records made of any bytes. Each step begins
 * with a byte that chooses its kind and one that chooses hosts and time; the rest of the step's
 * bytes fill texts and numbers. Hits must be whole: known ids, sentences in UTF-8, figures. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/base/cursor.h"
#include "dataplane/behave/behave.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 2000, TEXT = 64, SEGMENT = 255 };

static void check_utf8(const char *s)
{
	unsigned more = 0;

	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;

		if (more > 0) {
			if ((c & 0xc0) != 0x80)
				abort();
			more--;
		} else if (c >= 0x80) {
			more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 99;
			if (more == 99)
				abort();
		}
	}
	if (more > 0)
		abort();
}

static void take(void *ctx, const struct behave_hit *hit)
{
	if (hit->sign->id < 2100 || hit->sign->id > 2699 || !hit->reason_en[0] ||
	    !hit->reason_ja[0] || hit->figure_count == 0 || hit->figure_count > BEHAVE_FIGURES)
		abort();
	check_utf8(hit->reason_en);
	check_utf8(hit->reason_ja);
	++*(unsigned *)ctx;
}

static struct slice text(struct cursor *c)
{
	size_t n = cursor_u8(c) % TEXT;

	return cursor_take(c, n < cursor_left(c) ? n : cursor_left(c));
}

static struct ip_addr address(uint8_t n)
{
	uint8_t four[4] = {n & 0x80 ? 93 : 10, 0, 0, n};
	uint8_t sixteen[16] = {0xfd, [15] = n};

	return n % 7 == 3 ? ip_addr_v6(sixteen) : ip_addr_v4(four);
}

static void fill(struct behave_event *e, struct cursor *c)
{
	static const char *const services[] = {"smb", "kerberos", "ftp", "http"};
	static const char *const protocols[] = {"", "failed", "ssh", "tls", "smtp", "http"};
	static const struct traffic traffic = {.name = "Mining", .category = "Mining"};
	uint8_t pick = cursor_u8(c);

	switch (e->kind) {
	case BEHAVE_CONNECTION:
		e->connection.moment = (enum behave_moment)(pick % 3);
		e->connection.first_flags = cursor_u8(c);
		e->connection.icmp_type = pick >> 4;
		e->connection.protocol = protocols[pick % 6];
		for (unsigned d = 0; d < 2; d++) {
			e->connection.packets[d] = cursor_u16(c);
			e->connection.bytes[d] = (uint64_t)cursor_u16(c) << (pick % 24);
		}
		e->connection.start_ns = e->time_ns - (uint64_t)pick * NS_PER_SEC;
		break;
	case BEHAVE_FILE:
		e->file = (struct behave_file){.to_client = pick & 1,
					       .name = text(c),
					       .type = text(c),
					       .head = slice_sub(text(c), 0, 16)};
		break;
	case BEHAVE_DNS:
		e->dns = (struct behave_dns){.answer = pick & 1,
					     .missing = pick & 2,
					     .name = text(c),
					     .type = text(c),
					     .data = pick};
		break;
	case BEHAVE_HTTP:
		e->http = (struct behave_http){.method = pick & 1   ? SLICE_LIT("POST")
							 : pick & 2 ? SLICE_LIT("CONNECT")
								    : text(c),
					       .host = text(c),
					       .path = text(c),
					       .status = pick * 4U};
		break;
	case BEHAVE_TLS:
		e->tls = (struct behave_tls){text(c), text(c), text(c), text(c)};
		break;
	case BEHAVE_LOGIN:
		e->login = (struct behave_login){.service = services[pick % 4],
						 .user = text(c),
						 .outcome = (enum behave_outcome)(pick / 4 % 5),
						 .readable = pick & 0x80};
		break;
	case BEHAVE_RPC:
		e->rpc = (struct behave_rpc){.known = pick & 1,
					     .answer = pick & 2,
					     .object = pick & 4,
					     .bind = (pick & 0x38) == 0x38,
					     .opnum = cursor_u8(c) % 64,
					     .context = pick >> 6,
					     .bytes = cursor_u16(c),
					     .stub = text(c)};
		break;
	case BEHAVE_SHARE:
		e->share = (struct behave_share){.what = (enum behave_share_what)(pick % 5),
						 .share = text(c),
						 .file = text(c),
						 .head = text(c)};
		break;
	case BEHAVE_FRAME:
		e->frame.what = (enum behave_frame_what)(pick % 4);
		e->frame.about = address(cursor_u8(c));
		e->frame.claims.bytes[5] = pick;
		e->frame.lifetime = pick;
		break;
	case BEHAVE_LEASE:
		e->lease.offers = pick & 1;
		break;
	case BEHAVE_NAME:
		e->name.name = text(c);
		break;
	case BEHAVE_HELLO:
		e->hello = (struct behave_hello){pick & 1, text(c)};
		break;
	case BEHAVE_TRAFFIC:
		e->traffic.traffic = &traffic;
		break;
	case BEHAVE_KINDS:
		break;
	}
}

/* A record as the dataplane would make it, of a type that is read, with any values. */
static void put_record(struct behave *b, const struct behave_event *e, struct cursor *c)
{
	static const char *const types[] = {"dns", "http", "tls",  "smb", "krb5", "llmnr", "dhcp",
					    "ftp", "pop3", "imap", "rfb", "rdp",  "ldap",  "flow"};
	static const char *const names[] = {"type",	   "rrname",   "rrtype",  "rcode",
					    "http_method", "hostname", "url",	  "msg_type",
					    "error_code",  "cname",    "command", "status",
					    "user",	   "filename", "uuid",	  "rdata"};
	_Alignas(8) uint8_t buf[4096];
	struct record r;
	struct record_head *h = record_begin(&r, buf, sizeof(buf));
	const char *type = types[cursor_u8(c) % ARRAY_SIZE(types)];
	struct slice whole;

	memcpy(h->type, type, strlen(type));
	h->time_ns = e->time_ns;
	h->src = e->ends.client;
	h->dst = e->ends.server;
	h->sport = e->ends.client_port;
	h->dport = e->ends.server_port;
	h->flags = RECORD_HAS_TUPLE;
	record_object(&r, type);
	for (unsigned i = 0; i < 6; i++)
		record_str(&r, names[cursor_u8(c) % ARRAY_SIZE(names)], text(c));
	record_uint(&r, "status", cursor_u16(c));
	record_end(&r);
	whole = record_finish(&r);
	if (!record_check(whole))
		abort();
	behave_record(b, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct behave_config config = behave_config_default;
	struct cursor c = cursor_init(data, size);
	uint64_t now = 1600000000 * NS_PER_SEC;
	unsigned hits = 0;
	struct behave_sink sink = {take, &hits};
	struct behave *b;

	config.memory_mb = 3;
	b = behave_new(&config, &sink);
	for (unsigned i = 0; b && i < STEPS && cursor_left(&c) > 2; i++) {
		uint8_t kind = cursor_u8(&c), who = cursor_u8(&c);
		struct behave_event e = {.kind = (enum behave_kind)(kind % (BEHAVE_KINDS + 3))};
		static const uint16_t ports[] = {80, 443, 53, 88, 135, 445, 22, 49670};

		now += (uint64_t)(who & 15) * NS_PER_SEC / 4;
		e.time_ns = who == 255 ? now - NS_PER_MIN : now;
		e.ends = (struct behave_endpoints){.client = address(who & 0x83),
						   .server = address(cursor_u8(&c)),
						   .client_port = 40000,
						   .server_port = ports[who >> 2 & 7],
						   .ip_proto = kind & 0x40   ? 17
							       : kind & 0x20 ? 1
									     : 6,
						   .handshake = kind & 0x80,
						   .flow_id = who & 3};
		if ((unsigned)e.kind >= BEHAVE_KINDS) {
			if ((unsigned)e.kind == BEHAVE_KINDS) {
				put_record(b, &e, &c);
				continue;
			}
			kind = cursor_u8(&c);
			e.kind = BEHAVE_HELLO;
			behave_segment(
				b, &e, kind & 3,
				cursor_take(&c, kind < cursor_left(&c) ? kind : cursor_left(&c)));
			continue;
		}
		fill(&e, &c);
		if (e.ends.client_port & 1)
			behave_event_soon(b, &e);
		else
			behave_event(b, &e);
		if (e.ends.client_port % 32 == 0)
			behave_tick(b, now);
	}
	if (b)
		behave_flush(b, now);
	behave_delete(b);
	return 0;
}
