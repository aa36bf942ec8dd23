/* Synthetic events on a fake clock: for each detector what must raise it and what must not. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/behave/behave.h"

enum { TCP = 6, UDP = 17, ICMP = 1, HITS = 64 };

struct scene {
	struct behave *b;
	struct behave_hit hits[HITS];
	unsigned count;
	uint64_t now;
	uint64_t flow;
};

static void take(void *ctx, const struct behave_hit *hit)
{
	struct scene *s = ctx;

	assert_true(hit->reason_en[0] && hit->reason_ja[0]);
	assert_true(hit->figure_count > 0);
	s->hits[s->count++ % HITS] = *hit;
}

static struct scene *scene_with(struct behave_config config)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct behave_sink sink = {take, s};

	assert_non_null(s);
	config.memory_mb = 8;
	s->b = behave_new(&config, &sink);
	assert_non_null(s->b);
	s->now = 1600000000 * NS_PER_SEC;
	return s;
}

static struct scene *scene_new(void)
{
	return scene_with(behave_config_default);
}

static void scene_delete(struct scene *s)
{
	behave_delete(s->b);
	free(s);
}

static unsigned hits_of(const struct scene *s, uint32_t id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->count && i < HITS; i++)
		n += s->hits[i].sign->id == id;
	return n;
}

static struct ip_addr host(uint32_t number)
{
	uint8_t four[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return ip_addr_v4(four);
}

static struct ip_addr outside(uint32_t number)
{
	uint8_t four[4] = {93, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return ip_addr_v4(four);
}

static struct behave_event event_of(struct scene *s, enum behave_kind kind, struct ip_addr client,
				    struct ip_addr server, uint16_t port)
{
	return (struct behave_event){.kind = kind,
				     .time_ns = s->now,
				     .ends = {.client = client,
					      .server = server,
					      .client_port = 40000,
					      .server_port = port,
					      .ip_proto = TCP,
					      .handshake = true,
					      .flow_id = ++s->flow}};
}

static void try_flags(struct scene *s, struct ip_addr c, struct ip_addr v, uint16_t port,
		      uint8_t flags)
{
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, c, v, port);

	e.connection.moment = BEHAVE_TRY;
	e.connection.first_flags = flags;
	e.connection.protocol = "";
	behave_event(s->b, &e);
}

static void end(struct scene *s, struct ip_addr c, struct ip_addr v, uint16_t port,
		const char *protocol, uint64_t up, uint64_t down)
{
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, c, v, port);

	e.connection = (struct behave_connection){.moment = BEHAVE_END,
						  .protocol = protocol,
						  .bytes = {up, down},
						  .packets = {up / 100 + 5, down / 100 + 5},
						  .tcp_flags = {0x1a, 0x1a},
						  .start_ns = s->now - NS_PER_SEC};
	behave_event(s->b, &e);
}

static void opened(struct scene *s, struct ip_addr c, struct ip_addr v, uint16_t port)
{
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, c, v, port);

	try_flags(s, c, v, port, 2);
	e.connection.moment = BEHAVE_OPEN;
	e.connection.protocol = "";
	behave_event(s->b, &e);
}

static void scans(void **state)
{
	struct scene *s = scene_new();

	for (uint32_t i = 0; i < 30; i++)
		try_flags(s, host(1), host(100 + i), 445, 2);
	assert_int_equal(hits_of(s, 2200), 1);
	for (uint16_t port = 1; port < 60; port++)
		try_flags(s, host(2), host(3), port, 2);
	assert_int_equal(hits_of(s, 2201), 1);
	for (uint16_t port = 1; port < 20; port++)
		try_flags(s, host(4), host(5), port, port % 2 ? 0 : 1); /* NULL and FIN */
	assert_int_equal(hits_of(s, 2202), 1);
	assert_int_equal(s->count, 3);
	scene_delete(s);
}

static void no_scans(void **state)
{
	struct scene *s = scene_new();

	/* Many hosts that all answer; few ports; many ports over hours. */
	for (uint32_t i = 0; i < 200; i++)
		opened(s, host(1), host(100 + i), 9100);
	for (unsigned i = 0; i < 500; i++)
		try_flags(s, host(2), host(3), (uint16_t)(1 + i % 10), 2);
	for (uint16_t port = 1; port < 200; port++) {
		s->now += 60 * NS_PER_SEC;
		try_flags(s, host(4), host(5), port, 2);
	}
	assert_int_equal(s->count, 0);
	scene_delete(s);
}

static void ping(struct scene *s, uint32_t to, bool answered)
{
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, host(1), host(to), 0);

	e.ends.ip_proto = ICMP;
	e.connection.icmp_type = 8;
	e.connection.protocol = "";
	behave_event(s->b, &e);
	e.connection.moment = BEHAVE_OPEN;
	if (answered)
		behave_event(s->b, &e);
}

static void sweeps(void **state)
{
	struct scene *s = scene_new();

	for (uint32_t i = 0; i < 40; i++)
		ping(s, 100 + i, true); /* a monitor: all answer */
	assert_int_equal(s->count, 0);
	s->now += 600 * NS_PER_SEC;
	for (uint32_t i = 0; i < 20; i++)
		ping(s, 300 + i, i % 2);
	assert_int_equal(hits_of(s, 2203), 1);
	for (uint32_t i = 0; i < 60; i++) {
		struct behave_event e = event_of(s, BEHAVE_FRAME, host(7), host(500 + i), 0);

		e.frame = (struct behave_frame){.what = BEHAVE_ARP_ASKS, .about = host(500 + i)};
		behave_event(s->b, &e);
	}
	assert_int_equal(hits_of(s, 2204), 1);
	scene_delete(s);
}

static void login(struct scene *s, uint32_t from, const char *user, enum behave_outcome outcome,
		  const char *service)
{
	struct behave_event e = event_of(s, BEHAVE_LOGIN, host(from), host(9), 445);

	e.login = (struct behave_login){
		.service = service, .user = SLICE_STR(user), .outcome = outcome};
	behave_event(s->b, &e);
}

static void guessing(void **state)
{
	struct scene *s = scene_new();
	char user[16];

	for (unsigned i = 0; i < 9; i++)
		login(s, 1, "anna", BEHAVE_DENIED, "smb");
	assert_int_equal(s->count, 0);
	login(s, 1, "anna", BEHAVE_DENIED, "smb");
	assert_int_equal(hits_of(s, 2210), 1);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(user, sizeof(user), "user%u", i);
		login(s, 2, user, i % 2 ? BEHAVE_DENIED : BEHAVE_NO_USER, "kerberos");
	}
	assert_int_equal(hits_of(s, 2211), 1);
	for (unsigned i = 0; i < 40; i++) { /* answers are not seen */
		snprintf(user, sizeof(user), "name%u", i);
		login(s, 3, user, BEHAVE_ASKED, "kerberos");
	}
	assert_int_equal(hits_of(s, 2212), 1);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(user, sizeof(user), "http/web%u", i);
		login(s, 4, user, BEHAVE_TICKET, "kerberos");
	}
	assert_int_equal(hits_of(s, 2214), 1);
	scene_delete(s);
}

/* Everybody mistypes now and then; a controller lets thousands in. */
static void no_guessing(void **state)
{
	struct scene *s = scene_new();
	char user[16];

	for (unsigned i = 0; i < 200; i++) {
		snprintf(user, sizeof(user), "user%u", i);
		s->now += 10 * NS_PER_SEC;
		login(s, 1, user, BEHAVE_ASKED, "kerberos");
		login(s, 1, user, i % 20 ? BEHAVE_LET_IN : BEHAVE_DENIED, "kerberos");
	}
	for (unsigned i = 0; i < 300; i++) {
		s->now += 30 * NS_PER_SEC;
		end(s, host(2), host(3), 22, "ssh", 3000, 3000);
	}
	for (unsigned i = 0; i < 100; i++)
		end(s, host(4), host(5), 22, "ssh", 300000, 3000);
	assert_int_equal(s->count, 0);
	scene_delete(s);
}

static void slow_guessing(void **state)
{
	struct scene *s = scene_new();
	char user[16];

	for (unsigned i = 0; i < 40; i++) { /* a try in 40 to 50 seconds */
		s->now += (40 + i * 7 % 11) * NS_PER_SEC;
		end(s, host(1), host(3), 22, "ssh", 3000, 3000);
		if (i < 15)
			assert_int_equal(s->count, 0);
	}
	assert_int_equal(hits_of(s, 2215), 1);
	for (unsigned i = 0; i < 20; i++) { /* a name in two minutes */
		snprintf(user, sizeof(user), "user%u", i);
		s->now += 130 * NS_PER_SEC;
		login(s, 2, user, BEHAVE_DENIED, "ldap");
	}
	assert_int_equal(hits_of(s, 2216), 1);
	/* Somebody who works there now and then is let in. */
	for (unsigned i = 0; i < 60; i++) {
		s->now += (40 + i * 7 % 11) * NS_PER_SEC;
		end(s, host(6), host(7), 22, "ssh", i % 3 ? 3000 : 30000, 3000);
	}
	assert_int_equal(s->count, 2);
	scene_delete(s);
}

static void sessions(void **state)
{
	struct scene *s = scene_new();

	for (unsigned i = 0; i < 20; i++) {
		s->now += NS_PER_SEC;
		end(s, host(1), host(2), 902, "ssh", 2500, 3000); /* port says nothing */
		end(s, host(3), host(4), 3389, "", 1500, 1500);
		end(s, host(5), host(6), 443, "tls", 1500, 1500); /* everyday */
	}
	assert_int_equal(hits_of(s, 2213), 2);
	scene_delete(s);
}

static void worm(void **state)
{
	struct scene *s = scene_new();

	opened(s, host(1), host(2), 445);
	for (uint32_t i = 0; i < 12; i++) {
		s->now += NS_PER_SEC;
		opened(s, host(2), host(100 + i), 445);
	}
	assert_int_equal(hits_of(s, 2220), 1);
	/* Never contacted itself: an administrator. */
	for (uint32_t i = 0; i < 12; i++)
		opened(s, host(3), host(200 + i), 445);
	assert_int_equal(hits_of(s, 2220), 1);
	scene_delete(s);
}

static void beacons(void **state)
{
	struct scene *s = scene_new();
	unsigned seed = 1;

	for (unsigned i = 0; i < 40; i++) { /* a minute, a fifth more or less */
		s->now += 60 * NS_PER_SEC + (uint64_t)(rand_r(&seed) % 24 - 12) * NS_PER_SEC;
		opened(s, host(1), outside(1), 8443);
	}
	assert_int_equal(hits_of(s, 2300), 1);
	for (unsigned i = 0; i < 200; i++) { /* as people do */
		s->now += 1 + (uint64_t)(rand_r(&seed) % (1 << (rand_r(&seed) % 16))) * NS_PER_SEC;
		opened(s, host(2), outside(2), 443);
	}
	for (unsigned i = 0; i < 100; i++) { /* time */
		s->now += 64 * NS_PER_SEC;
		opened(s, host(3), outside(3), 123);
	}
	assert_int_equal(hits_of(s, 2300), 1);
	scene_delete(s);
}

static void query(struct scene *s, uint32_t from, const char *name, const char *type, bool missing)
{
	struct behave_event e = event_of(s, BEHAVE_DNS, host(from), host(53), 53);

	e.ends.ip_proto = UDP;
	e.dns = (struct behave_dns){.name = SLICE_STR(name), .type = SLICE_STR(type)};
	behave_event(s->b, &e);
	e.dns.answer = true;
	e.dns.missing = missing;
	behave_event(s->b, &e);
}

static void letters(unsigned *seed, char *ret, unsigned n, const char *of)
{
	for (unsigned i = 0; i < n; i++)
		ret[i] = of[(unsigned)rand_r(seed) % strlen(of)];
	ret[n] = 0;
}

static void dns_tunnels(void **state)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct scene *s = scene_new();
	char label[64], name[128];
	unsigned seed = 1;

	for (unsigned i = 0; i < 60; i++) {
		s->now += NS_PER_SEC;
		letters(&seed, label, 40, base32);
		snprintf(name, sizeof(name), "%s.t.example.org", label);
		query(s, 1, name, "A", false);
	}
	assert_int_equal(hits_of(s, 2310), 1);
	for (unsigned i = 0; i < 300; i++) { /* many names of one site */
		snprintf(name, sizeof(name), "cdn-%u.images.shop.example.com", i);
		query(s, 2, name, "A", false);
		query(s, 2, "selector1._domainkey.example.net", "TXT", false);
	}
	assert_int_equal(hits_of(s, 2310), 1);
	scene_delete(s);
}

static void made_up(void **state)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
	static const char *const real[] = {
		"google.com",	     "facebook.com",   "rakuten.co.jp",	   "mitsubishi.co.jp",
		"windowsupdate.com", "akamaiedge.net", "doubleclick.net",  "cloudflare.com",
		"wikipedia.org",     "kakaku.com",     "nikkansports.com", "stackoverflow.com"};
	struct scene *s = scene_new();
	char label[32], name[64];
	unsigned seed = 7;

	for (unsigned i = 0; i < 40; i++) {
		letters(&seed, label, 12, lower);
		snprintf(name, sizeof(name), "%s.com", label);
		query(s, 1, name, "A", true);
	}
	assert_int_equal(hits_of(s, 2320), 1);
	for (unsigned i = 0; i < 200; i++) { /* what is mistyped, and names inside */
		query(s, 2, real[i % 12], "A", true);
		query(s, 2, "printer", "A", true);
	}
	assert_int_equal(hits_of(s, 2320), 1);
	scene_delete(s);
}

static void request(struct scene *s, const char *method, const char *name, const char *path,
		    uint32_t status)
{
	struct behave_event e = event_of(s, BEHAVE_HTTP, host(1), outside(7), 80);

	e.http = (struct behave_http){.method = SLICE_STR(method),
				      .host = SLICE_STR(name),
				      .path = SLICE_STR(path),
				      .status = status,
				      .length = 100};
	behave_event(s->b, &e);
}

static void made_up_host(void **state)
{
	struct scene *s = scene_new();

	for (unsigned i = 0; i < 5; i++) {
		request(s, "POST", "www.yahoo.co.jp", "/", 200);
		request(s, "GET", "d3g0gp89917ko0.cloudfront.net", "/", 200);
		s->now += (1 + i * i) * NS_PER_SEC;
	}
	assert_int_equal(s->count, 0);
	request(s, "GET", "a8f3c0de1b7d.info", "/a", 200);
	request(s, "GET", "a8f3c0de1b7d.info", "/b", 200);
	assert_int_equal(s->count, 0);
	request(s, "POST", "a8f3c0de1b7d.info", "/c", 200);
	assert_int_equal(hits_of(s, 2321), 1);
	scene_delete(s);
}

static void web_scan(void **state)
{
	struct scene *s = scene_new();
	char path[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/page%u", i);
		request(s, "GET", "shop.example.com", path, 200);
	}
	assert_int_equal(s->count, 0);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/cgi-bin/%u.pl", i);
		request(s, "GET", "shop.example.com", path, 404);
	}
	assert_int_equal(hits_of(s, 2206), 1);
	scene_delete(s);
}

static void file(struct scene *s, const char *name, struct slice head, struct ip_addr from)
{
	struct behave_event e = event_of(s, BEHAVE_FILE, host(1), from, 80);

	e.file = (struct behave_file){
		.to_client = true, .name = SLICE_STR(name), .head = head, .size = 1000};
	behave_event(s->b, &e);
}

static void files(void **state)
{
	struct slice program = SLICE_LIT("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0");
	struct scene *s = scene_new();

	file(s, "/a/picture.jpg", SLICE_LIT("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1"), outside(1));
	file(s, "/a/setup.exe", program, outside(1));
	file(s, "/a/part2.exe", program, outside(1)); /* the same place: an installer */
	assert_int_equal(s->count, 0);
	file(s, "/b/holiday.png", program, outside(1));
	assert_int_equal(hits_of(s, 2100), 1);
	s->now += 20 * NS_PER_SEC;
	file(s, "/c/x", program, outside(2));
	assert_int_equal(hits_of(s, 2110), 1);
	scene_delete(s);
}

static void rpc_call(struct scene *s, uint32_t from, const char *uuid, uint16_t opnum)
{
	struct behave_event e = event_of(s, BEHAVE_RPC, host(from), host(2), 49670);

	e.rpc = (struct behave_rpc){.known = true, .opnum = opnum, .bytes = 100};
	memcpy(e.rpc.uuid, uuid, 16);
	behave_event(s->b, &e);
}

static const char svcctl[] = "\x36\x7a\xbb\x81\x98\x44\x35\xf1\xad\x32\x98\xf0\x38\x00\x10\x03";
static const char drsuapi[] = "\xe3\x51\x42\x35\x4b\x06\x11\xd1\xab\x04\x00\xc0\x4f\xc2\xdc\xd2";
static const char netlogon[] = "\x12\x34\x56\x78\x12\x34\xab\xcd\xef\x00\x01\x23\x45\x67\xcf\xfb";
static const char efs[] = "\xc6\x81\xd4\x88\xd8\x50\x11\xd0\x8c\x52\x00\xc0\x4f\xd9\x0f\x7e";

static void remote_calls(void **state)
{
	struct scene *s = scene_new();
	struct behave_event e;

	rpc_call(s, 1, svcctl, 15); /* looks only */
	rpc_call(s, 1, svcctl, 6);
	assert_int_equal(s->count, 0);
	rpc_call(s, 1, svcctl, 12);
	assert_int_equal(hits_of(s, 2230), 1);
	opened(s, host(9), host(3), 88); /* 3 is a domain controller */
	rpc_call(s, 3, drsuapi, 3);
	assert_int_equal(hits_of(s, 2235), 0);
	rpc_call(s, 4, drsuapi, 3);
	assert_int_equal(hits_of(s, 2235), 1);
	rpc_call(s, 4, drsuapi, 17);
	assert_int_equal(hits_of(s, 2236), 1);
	for (unsigned i = 0; i < 5; i++)
		rpc_call(s, 5, netlogon, 26);
	assert_int_equal(hits_of(s, 2237), 0);
	for (unsigned i = 0; i < 50; i++)
		rpc_call(s, 5, netlogon, 26);
	assert_int_equal(hits_of(s, 2237), 1);
	rpc_call(s, 6, efs, 0);
	assert_int_equal(hits_of(s, 2238), 1);
	e = event_of(s, BEHAVE_SHARE, host(2), host(6), 445);
	e.share.what = BEHAVE_SHARE_LOGIN;
	behave_event(s->b, &e);
	assert_int_equal(hits_of(s, 2238), 2); /* and it did log in */
	scene_delete(s);
}

static void tunnels(void **state)
{
	struct scene *s = scene_new();
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, host(1), outside(1), 0);

	e.ends.ip_proto = ICMP;
	e.connection = (struct behave_connection){.moment = BEHAVE_END,
						  .icmp_type = 8,
						  .protocol = "",
						  .packets = {3600, 3590},
						  .bytes = {3600 * 98, 3590 * 98}};
	behave_event(s->b, &e); /* an hour of pings */
	assert_int_equal(s->count, 0);
	e.connection.bytes[0] = 3600 * 70;
	e.connection.bytes[1] = 3590 * 900;
	behave_event(s->b, &e);
	assert_int_equal(hits_of(s, 2330), 1);
	request(s, "CONNECT", "", "mail.example.org:443", 200);
	assert_int_equal(hits_of(s, 2331), 0);
	request(s, "CONNECT", "", "home.example.org:22", 200);
	assert_int_equal(hits_of(s, 2331), 1);
	scene_delete(s);
}

static void ports_and_uploads(void **state)
{
	struct scene *s = scene_new();

	end(s, host(1), outside(1), 22, "ssh", 5000, 5000);
	end(s, host(1), outside(1), 443, "tls", 5000, 5000);
	end(s, host(1), outside(1), 12345, "", 5000, 5000);
	assert_int_equal(s->count, 0);
	end(s, host(1), outside(1), 443, "ssh", 5000, 5000);
	assert_int_equal(hits_of(s, 2121), 1);
	end(s, host(1), outside(2), 443, "failed", 5000, 5000);
	assert_int_equal(hits_of(s, 2122), 1);
	end(s, host(2), outside(3), 443, "tls", 10000000, 1000000);
	end(s, host(2), host(3), 445, "smb", 900000000, 1000000); /* a backup inside */
	end(s, host(2), outside(4), 443, "tls", 900000000, 900000000);
	assert_int_equal(hits_of(s, 2400), 0);
	end(s, host(2), outside(3), 443, "tls", 200000000, 1000000);
	assert_int_equal(hits_of(s, 2400), 1);
	scene_delete(s);
}

static void claim(struct scene *s, uint8_t mac)
{
	struct behave_event e = event_of(s, BEHAVE_FRAME, host(254), host(1), 0);

	e.frame = (struct behave_frame){
		.what = BEHAVE_ARP_ANSWERS, .about = host(254), .claims = {{2, 0, 0, 0, 0, mac}}};
	s->now += NS_PER_SEC;
	behave_event(s->b, &e);
}

static void forgery(void **state)
{
	struct scene *s = scene_new();
	struct behave_event e;
	char name[16];

	for (unsigned i = 0; i < 20; i++)
		claim(s, i < 10 ? 1 : 2); /* replaced once */
	assert_int_equal(s->count, 0);
	s->now += 1000 * NS_PER_SEC;
	for (unsigned i = 0; i < 20; i++)
		claim(s, i % 3 ? 2 : 1);
	assert_int_equal(hits_of(s, 2510), 1);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		e = event_of(s, BEHAVE_NAME, host(i < 4 ? 10 + i : 66), host(1), 5355);
		e.name.name = SLICE_STR(name);
		behave_event(s->b, &e);
	}
	assert_int_equal(hits_of(s, 2513), 1);
	for (unsigned i = 0; i < 4; i++) {
		e = event_of(s, BEHAVE_LEASE, host(i < 2 ? 253 : 77), host(1), 68);
		e.lease.offers = true;
		behave_event(s->b, &e);
	}
	assert_int_equal(hits_of(s, 2511), 1);
	scene_delete(s);
}

static void servers(void **state)
{
	struct scene *s = scene_new();

	query(s, 1, "www.example.org", "A", false); /* host 53 is learnt */
	s->now += 2 * NS_PER_HOUR;
	query(s, 1, "www.example.com", "A", false);
	assert_int_equal(s->count, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct behave_event e = event_of(s, BEHAVE_DNS, host(1), host(54), 53);

		e.dns = (struct behave_dns){.answer = true,
					    .name = SLICE_LIT("www.example.net"),
					    .type = SLICE_LIT("A")};
		behave_event(s->b, &e);
	}
	assert_int_equal(hits_of(s, 2500), 1);
	assert_true(ip_addr_eq(&s->hits[0].ends.client, &(struct ip_addr[]){host(54)}[0]));
	scene_delete(s);
}

static void hello(struct scene *s, uint32_t from, uint32_t to, struct slice bytes)
{
	struct behave_event e = event_of(s, BEHAVE_HELLO, host(from), outside(to), 3333);

	e.hello.bytes = bytes;
	behave_event(s->b, &e);
}

static void applications(void **state)
{
	struct scene *s = scene_new();

	hello(s, 1, 1, SLICE_LIT("{\"jsonrpc\":\"2.0\",\"method\":\"initialize\"}"));
	assert_int_equal(s->count, 0);
	hello(s, 1, 1, SLICE_LIT("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n"));
	assert_int_equal(hits_of(s, 2600), 1);
	for (uint32_t i = 0; i < 8; i++)
		hello(s, 2, i,
		      SLICE_LIT("\x13"
				"BitTorrent protocol\0\0\0\0\0\x10\0\5abcdefgh"));
	assert_int_equal(hits_of(s, 2601), 1);
	scene_delete(s);
}

static void answer(struct scene *s, uint32_t id, uint64_t values, uint64_t after_ms)
{
	struct behave_event e = event_of(s, BEHAVE_DNS, host(1), host(53), 53);

	s->now += after_ms * NS_PER_MS;
	e.time_ns = s->now;
	e.ends.ip_proto = UDP;
	e.ends.flow_id = 5;
	e.dns = (struct behave_dns){.answer = true,
				    .name = SLICE_LIT("www.example.org"),
				    .type = SLICE_LIT("A"),
				    .values = values,
				    .id = id};
	behave_event(s->b, &e);
}

static void forged_answers(void **state)
{
	struct scene *s = scene_new();

	answer(s, 1, 11, 0);
	answer(s, 1, 11, 5); /* the same one, twice on a mirror port */
	answer(s, 2, 12, 5);
	answer(s, 3, 13, 5);
	answer(s, 3, 14, 5000); /* asked again */
	assert_int_equal(s->count, 0);
	answer(s, 4, 15, 5);
	answer(s, 4, 16, 20);
	assert_int_equal(hits_of(s, 2514), 1);
	scene_delete(s);
}

static void say(struct scene *s, uint64_t flow, bool back, struct slice bytes)
{
	struct behave_event e = event_of(s, BEHAVE_HELLO, host(1), outside(1), 8388);

	e.ends.flow_id = flow;
	e.hello = (struct behave_hello){back, bytes};
	behave_event(s->b, &e);
}

static void finish(struct scene *s, uint64_t flow)
{
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, host(1), outside(1), 8388);

	e.ends.flow_id = flow;
	e.connection = (struct behave_connection){.moment = BEHAVE_END,
						  .protocol = "failed",
						  .bytes = {5000, 50000},
						  .packets = {20, 40},
						  .start_ns = s->now};
	behave_event(s->b, &e);
}

static void random_bytes(void **state)
{
	struct scene *s = scene_new();
	unsigned seed = 9;
	uint8_t noise[200];
	char words[200];

	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (uint8_t)(rand_r(&seed) >> 3);
		words[i] = "the quick brown fox "[i % 20];
	}
	say(s, 1, false, SLICE(noise, 200));
	say(s, 1, true, SLICE(words, 200));
	finish(s, 1);
	say(s, 2, false, SLICE(words, 200)); /* the first bytes count */
	say(s, 2, false, SLICE(noise, 200));
	say(s, 2, true, SLICE(noise, 200));
	finish(s, 2);
	assert_int_equal(s->count, 0);
	say(s, 3, false, SLICE(noise, 200));
	say(s, 3, true, SLICE(noise + 20, 180));
	finish(s, 3);
	assert_int_equal(hits_of(s, 2332), 1);
	scene_delete(s);
}

/* A hit is told once in repeat-seconds, and again after them. */
static void repeats(void **state)
{
	struct scene *s = scene_new();

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 50; i++)
			login(s, 1, "anna", BEHAVE_DENIED, "smb");
		assert_int_equal(s->count, round + 1);
		s->now += 2 * NS_PER_HOUR;
	}
	scene_delete(s);
}

static void switched_off(void **state)
{
	struct behave_config config = behave_config_default;
	struct scene *s;

	config.detectors.brute = false;
	s = scene_with(config);
	for (unsigned i = 0; i < 50; i++)
		login(s, 1, "anna", BEHAVE_DENIED, "smb");
	assert_int_equal(s->count, 0);
	scene_delete(s);
	config = behave_config_default;
	config.limits.brute_failures = 3;
	s = scene_with(config);
	for (unsigned i = 0; i < 3; i++)
		login(s, 1, "anna", BEHAVE_DENIED, "smb");
	assert_int_equal(s->count, 1);
	scene_delete(s);
}

/* Whatever comes, the memory is what was taken at the start. */
static void bounded(void **state)
{
	struct scene *s = scene_new();
	size_t bytes = behave_bytes(s->b), heap = mallinfo2().uordblks;
	unsigned seed = 3;

	for (unsigned i = 0; i < 400000; i++) {
		struct behave_event e = event_of(
			s, (enum behave_kind)(i % BEHAVE_TRAFFIC), host((uint32_t)rand_r(&seed)),
			outside((uint32_t)rand_r(&seed)), (uint16_t)rand_r(&seed));

		s->now += NS_PER_MS;
		if (e.kind == BEHAVE_LOGIN)
			e.login.service = "smb";
		if (e.kind == BEHAVE_CONNECTION) {
			e.connection.moment = (enum behave_moment)(i / BEHAVE_TRAFFIC % 3);
			e.connection.protocol = "";
		}
		behave_event(s->b, &e);
	}
	assert_int_equal(behave_bytes(s->b), bytes);
	assert_int_equal(mallinfo2().uordblks, heap);
	scene_delete(s);
}

/* One of a busy site's events, drawn from `number`; names lie in `name`. */
static struct behave_event drawn(struct scene *s, uint64_t number, char *name, size_t room)
{
	struct ip_addr client = host((uint32_t)(number >> 8 & 7));
	struct ip_addr server = number & 64 ? host((uint32_t)(number >> 16 & 127))
					    : outside((uint32_t)(number >> 16 & 15));
	uint16_t port = number & 128 ? 445 : (uint16_t)(number >> 24 & 63);
	struct behave_event e = event_of(s, BEHAVE_CONNECTION, client, server, port);

	s->now += NS_PER_MS * (number >> 32 & 63);
	if (number % 4 == 3) {
		e.kind = BEHAVE_DNS;
		e.ends.server_port = 53;
		snprintf(name, room, "x%08x%08x.example.net", (unsigned)(number >> 20),
			 (unsigned)(number >> 30));
		e.dns = (struct behave_dns){.name = SLICE_STR(name),
					    .type = SLICE_LIT("TXT"),
					    .answer = number & 16,
					    .missing = number & 32};
		return e;
	}
	e.connection = (struct behave_connection){.moment = number % 4,
						  .protocol = number & 512 ? "ssh" : "",
						  .first_flags = 2,
						  .bytes = {number >> 40 & 0xffff, 900},
						  .packets = {9, 9},
						  .tcp_flags = {0x1a, 0x1a},
						  .start_ns = s->now};
	return e;
}

/* Judged later, but the same hits in the same order; what the name was is not asked again. */
static void soon(void **state)
{
	struct behave_config config = behave_config_default;
	struct hash_key key = {1, 2};
	struct scene *now, *later;
	char name[64];

	(void)state;
	config.key = key; /* bitmaps count alike */
	now = scene_with(config);
	later = scene_with(config);
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t number = hash_words(&key, &i, 1);
		struct behave_event e = drawn(now, number, name, sizeof(name));

		behave_event(now->b, &e);
		e = drawn(later, number, name, sizeof(name));
		if (number >> 50 & 31)
			behave_event_soon(later->b, &e);
		else
			behave_event(later->b, &e);
		memset(name, 'z', sizeof(name));
		if (number >> 55 & 31)
			continue;
		behave_tick(later->b, later->now);
		assert_int_equal(now->count, later->count);
	}
	behave_flush(now->b, now->now);
	behave_flush(later->b, later->now);
	assert_int_equal(now->count, later->count);
	assert_true(now->count > 10);
	for (unsigned i = 0; i < now->count && i < HITS; i++) {
		assert_ptr_equal(now->hits[i].sign, later->hits[i].sign);
		assert_int_equal(now->hits[i].time_ns, later->hits[i].time_ns);
		assert_string_equal(now->hits[i].reason_en, later->hits[i].reason_en);
	}
	scene_delete(now);
	scene_delete(later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scans),
		cmocka_unit_test(no_scans),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(guessing),
		cmocka_unit_test(no_guessing),
		cmocka_unit_test(slow_guessing),
		cmocka_unit_test(sessions),
		cmocka_unit_test(worm),
		cmocka_unit_test(beacons),
		cmocka_unit_test(dns_tunnels),
		cmocka_unit_test(made_up),
		cmocka_unit_test(made_up_host),
		cmocka_unit_test(web_scan),
		cmocka_unit_test(files),
		cmocka_unit_test(remote_calls),
		cmocka_unit_test(tunnels),
		cmocka_unit_test(ports_and_uploads),
		cmocka_unit_test(forgery),
		cmocka_unit_test(servers),
		cmocka_unit_test(applications),
		cmocka_unit_test(repeats),
		cmocka_unit_test(forged_answers),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(bounded),
		cmocka_unit_test(soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
