/* One case a row: packets of a story, and what a watch says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/watch.h"
#include "dataplane/base/clock.h"

#define HOST "10.0.0.5"
#define PEER "203.0.113.9"
#define SAFE "10.0.0.1"
#define MS   NS_PER_MS

static const struct hash_key key = {1, 2};
static const struct mac_addr host_mac = {{2, 0, 0, 0, 0, 5}}, peer_mac = {{2, 0, 0, 0, 0, 9}};

enum { BEGAN = 1000 }; /* ms: when the watch begins */

static struct {
	char folder[64], path[96];
	struct watch *watch;
	struct watch_worker *worker;
	struct watch_reader *reader;
	uint8_t frame[64];
} t;

static int set_up(void **state)
{
	struct errmsg e = {0};

	snprintf(t.folder, sizeof(t.folder), "/dev/shm/banken-test-XXXXXX");
	if (!mkdtemp(t.folder))
		return -1;
	snprintf(t.path, sizeof(t.path), "%s/watch", t.folder);
	t.watch = watch_create(t.path, 2, &e);
	if (!t.watch)
		fail_msg("%s", e.text);
	t.worker = watch_worker_new(t.watch, 1, key);
	t.reader = watch_reader_open(t.path, &e);
	if (!t.reader)
		fail_msg("%s", e.text);
	return 0;
}

static int tear_down(void **state)
{
	watch_reader_close(t.reader);
	watch_worker_free(t.worker);
	watch_close(t.watch);
	unlink(t.path);
	return rmdir(t.folder);
}

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(text, &a), 0);
	return a;
}

static struct mailbox_message order(unsigned slot, uint64_t id)
{
	struct mailbox_message m = {.kind = MAILBOX_WATCH};

	m.watch.slot = slot;
	m.watch.watch_id = id;
	m.watch.host.ips[0] = ip(HOST);
	m.watch.host.n_ips = 1;
	m.watch.host.exempt[0] = (struct mailbox_prefix){ip("10.0.0.0"), 96 + 30};
	m.watch.host.n_exempt = 1;
	return m;
}

static void start_again(void)
{
	struct mailbox_message m = order(3, 77);

	assert_int_equal(watch_start(t.watch, &m, BEGAN * MS), 0);
	assert_true(watch_refresh(t.worker));
}

static void start(void)
{
	assert_false(watch_refresh(t.worker));
	start_again();
}

/* ---- packets ---- */

static struct packet packet(const char *src, const char *dst, unsigned at_ms, uint8_t proto)
{
	bool out = strcmp(src, HOST) == 0;
	struct packet p = {.now_ns = at_ms * MS,
			   .ip_version = strchr(src, ':') ? 6 : 4,
			   .ip_proto = proto,
			   .has_mac = true,
			   .link_type = 1};

	p.src = ip(src);
	p.dst = ip(dst);
	p.src_mac = out ? host_mac : peer_mac;
	p.dst_mac = out ? peer_mac : host_mac;
	return p;
}

struct step {
	unsigned ms;
	bool out; /* from the host */
	uint8_t flags;
	uint32_t seq, ack, len;
};

static void tcp(const char *peer, const struct step *s, uint64_t flow_start_ms)
{
	struct packet p = packet(s->out ? HOST : peer, s->out ? peer : HOST, s->ms, IP_PROTO_TCP);

	p.sport = s->out ? 50000 : 443;
	p.dport = s->out ? 443 : 50000;
	p.tcp.flags = s->flags;
	p.tcp.seq = s->seq;
	p.tcp.ack = s->ack;
	p.payload_len = s->len;
	watch_observe(t.worker, &p, flow_start_ms * MS);
}

static struct watch_counts counts(void)
{
	struct watch_counts c;

	assert_true(watch_read(t.reader, 3, 77, &c));
	return c;
}

struct tcp_case {
	const char *name;
	uint64_t flow_start; /* ms */
	struct step steps[8];
	unsigned attempts, answers, sessions;
};

enum { S = TCP_SYN, A = TCP_ACK, R = TCP_RST, SA = TCP_SYN | TCP_ACK };

static const struct tcp_case tcp_cases[] = {
	{"a new connection that is answered",
	 1100,
	 {{1100, true, S, 100},
	  {1101, false, SA, 900, 101},
	  {1102, true, A, 101, 901, 50},
	  {1103, false, A, 901, 151, 500}},
	 2,
	 2,
	 1},
	{"a new connection that nobody answers",
	 1100,
	 {{1100, true, S, 100}, {2100, true, S, 100}, {4100, true, S, 100}},
	 3,
	 0,
	 0},
	{"a forged reset is no answer",
	 1100,
	 {{1100, true, S, 100}, {1101, false, R | A, 0, 101}},
	 1,
	 0,
	 0},
	{"opened before the watch: the peer repeats its SYN-ACK",
	 900,
	 {{1100, true, S, 100},
	  {1200, false, SA, 900, 101},
	  {2200, true, S, 100},
	  {2201, false, SA, 900, 101}},
	 2,
	 0,
	 0},
	{"opened before the watch, and it goes through",
	 900,
	 {{1100, true, S, 100},
	  {1200, false, SA, 900, 101},
	  {1201, true, A, 101, 901, 10},
	  {1202, false, A, 901, 111}},
	 2,
	 1,
	 1},
	{"an old session: the host's repetitions are not acknowledged",
	 10,
	 {{1001, true, A, 500, 900, 100},
	  {1300, true, A, 500, 900, 100},
	  {1400, false, A, 800, 500, 100},
	  {1700, false, A, 800, 500, 100}},
	 2,
	 0,
	 0},
	{"an old session whose bytes are acknowledged goes on",
	 10,
	 {{1001, true, A, 500, 900, 100}, {1002, false, A, 900, 500}, {1003, false, A, 900, 600}},
	 1,
	 1,
	 1},
	{"an acknowledgement of what was never sent is nothing",
	 10,
	 {{1001, true, A, 500, 900, 100}, {1002, false, A, 900, 500}, {1003, false, A, 900, 9000}},
	 1,
	 0,
	 0},
	{"a download: what was under way, then repetitions",
	 10,
	 {{1001, true, A, 500, 900},
	  {1002, false, A, 900, 500, 1000},
	  {1050, false, A, 1900, 500, 1000},
	  {1300, false, A, 900, 500, 1000},
	  {5000, false, A, 900, 500, 1000}},
	 1,
	 0,
	 0},
	{"a download that goes on",
	 10,
	 {{1001, true, A, 500, 900},
	  {1002, false, A, 900, 500, 1000},
	  {2900, true, A, 500, 1900},
	  {3100, false, A, 1900, 500, 1000}},
	 2,
	 1,
	 1},
	{"frames to a host that sends nothing are no answers",
	 10,
	 {{1002, false, A, 900, 500, 1000}, {4000, false, A, 1900, 600, 1000}},
	 0,
	 0,
	 0},
	{"what happened before the watch does not count",
	 10,
	 {{900, true, S, 100}, {901, false, SA, 900, 101}},
	 0,
	 0,
	 0},
	{"sequence numbers wrap",
	 1100,
	 {{1100, true, S, 0xffffffff}, {1101, false, SA, 900, 0}},
	 1,
	 1,
	 1},
};

static void tcp_answers_are_told_from_echoes(void **state)
{
	for (size_t i = 0; i < sizeof(tcp_cases) / sizeof(tcp_cases[0]); i++) {
		const struct tcp_case *c = &tcp_cases[i];
		struct watch_counts got;

		if (i > 0) {
			tear_down(NULL);
			set_up(NULL);
		}
		start();
		for (size_t k = 0; k < 8 && c->steps[k].ms; k++)
			tcp(PEER, &c->steps[k], c->flow_start);
		got = counts();
		if (got.attempts != c->attempts || got.answers != c->answers ||
		    got.sessions != c->sessions)
			fail_msg("%s: %u attempts, %u answers, %u sessions", c->name,
				 (unsigned)got.attempts, (unsigned)got.answers,
				 (unsigned)got.sessions);
	}
}

/* A web server's answer, and the enforcer's page in its name. */
static void answered_from(uint8_t ttl, uint16_t port)
{
	struct packet syn = packet(HOST, PEER, BEGAN + 100, IP_PROTO_TCP);
	struct packet reply = packet(PEER, HOST, BEGAN + 101, IP_PROTO_TCP);

	syn.sport = reply.dport = 50000;
	syn.dport = reply.sport = port;
	syn.ttl = 64;
	reply.ttl = ttl;
	syn.tcp = (struct packet_tcp){.flags = TCP_SYN, .seq = 1000};
	reply.tcp = (struct packet_tcp){.flags = TCP_SYN | TCP_ACK, .seq = 5000, .ack = 1001};
	watch_observe(t.worker, &syn, (BEGAN + 100) * MS);
	watch_observe(t.worker, &reply, (BEGAN + 100) * MS);
}

static void the_notice_page_is_no_answer(void **state)
{
	start();
	answered_from(255, 80);
	assert_int_equal(counts().attempts, 1);
	assert_int_equal(counts().answers, 0);
	answered_from(255, 443);
	assert_int_equal(counts().answers, 1);
	answered_from(254, 80);
	assert_int_equal(counts().answers, 2);
}

static void exempt_peers_are_counted_apart(void **state)
{
	struct step syn = {1100, true, S, 100}, back = {1101, false, SA, 900, 101};
	struct watch_counts c;

	start();
	tcp(SAFE, &syn, 1100);
	tcp(SAFE, &back, 1100);
	c = counts();
	assert_int_equal(c.attempts + c.answers + c.sessions + c.frames_to, 0);
	assert_int_equal(c.exempt_attempts, 1);
	assert_int_equal(c.exempt_answers, 1);
	assert_int_equal(c.first_attempt, 0);
}

static void times_and_peer_are_kept(void **state)
{
	struct step s1 = {1100, true, S, 100}, s2 = {1500, true, S, 100};
	struct step b1 = {1101, false, SA, 900, 101}, b2 = {1501, false, SA, 900, 101};
	struct watch_counts c;

	start();
	tcp(PEER, &s1, 1100);
	tcp(PEER, &b1, 1100);
	tcp(PEER, &s2, 1100);
	tcp(PEER, &b2, 1100);
	c = counts();
	assert_true(c.first_attempt == 1100 * MS && c.last_attempt == 1500 * MS);
	assert_true(c.first_answer == 1101 * MS && c.last_answer == 1501 * MS);
	struct ip_addr peer = ip(PEER);

	assert_true(ip_addr_eq(&c.last_peer, &peer));
}

static void udp(const char *src, const char *dst, unsigned ms, uint16_t sport, uint16_t dport)
{
	struct packet p = packet(src, dst, ms, IP_PROTO_UDP);

	p.sport = sport;
	p.dport = dport;
	watch_observe(t.worker, &p, 0);
}

static void udp_replies_to_what_was_sent_since_are_answers(void **state)
{
	struct watch_counts c;

	start();
	udp(PEER, HOST, 1050, 53, 4000); /* a late reply to something older */
	udp(HOST, PEER, 1100, 4000, 53);
	udp(PEER, HOST, 1101, 53, 4001); /* another conversation */
	c = counts();
	assert_int_equal(c.answers, 0);
	assert_int_equal(c.frames_to, 2);
	udp(PEER, HOST, 1102, 53, 4000);
	c = counts();
	assert_int_equal(c.answers, 1);
	assert_int_equal(c.sessions, 0);
}

static void icmp(const char *src, const char *dst, unsigned ms, uint8_t type)
{
	struct packet p = packet(src, dst, ms, IP_PROTO_ICMP);

	p.icmp.type = type;
	watch_observe(t.worker, &p, 0);
}

static void a_ping_is_answered_by_a_reply_not_by_an_error(void **state)
{
	struct watch_counts c;

	start();
	icmp(HOST, PEER, 1100, 8);
	icmp(PEER, HOST, 1101, 3); /* administratively prohibited, says the enforcer */
	icmp(PEER, HOST, 1102, 8); /* the peer pings by itself */
	c = counts();
	assert_int_equal(c.attempts, 1);
	assert_int_equal(c.answers, 0);
	icmp(PEER, HOST, 1103, 0);
	c = counts();
	assert_int_equal(c.answers, 1);
}

static void broadcasts_are_no_attempts(void **state)
{
	struct packet p = packet(HOST, "255.255.255.255", 1100, IP_PROTO_UDP);
	struct watch_counts c;

	start();
	watch_observe(t.worker, &p, 0);
	p = packet(HOST, "239.255.255.250", 1100, IP_PROTO_UDP);
	watch_observe(t.worker, &p, 0);
	p = packet(HOST, "192.168.255.255", 1100, IP_PROTO_UDP);
	memset(&p.dst_mac, 0xff, 6);
	watch_observe(t.worker, &p, 0);
	c = counts();
	assert_int_equal(c.attempts, 0);
}

static struct packet arp(uint8_t op, const char *target, bool tagged)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};
	struct packet p = {.now_ns = 1100 * MS,
			   .has_mac = true,
			   .link_type = 1,
			   .src_mac = host_mac,
			   .frame = t.frame};
	struct ip_addr asker = ip(HOST), a = ip(target);
	uint8_t *f = t.frame;

	memset(f, 0xff, 6);
	memcpy(f + 6, host_mac.bytes, 6);
	f += 12;
	if (tagged) {
		memcpy(f, "\x81\x00\x00\x0a", 4);
		f += 4;
	}
	memcpy(f, "\x08\x06", 2);
	memcpy(f + 2, head, sizeof(head));
	f[9] = op;
	memcpy(f + 10, host_mac.bytes, 6);
	memcpy(f + 16, asker.bytes + 12, 4);
	memset(f + 20, 0, 6);
	memcpy(f + 26, a.bytes + 12, 4);
	p.frame_len = (uint32_t)(f + 30 - t.frame);
	return p;
}

static void requests_for_an_address_are_attempts(void **state)
{
	struct watch_counts c;
	struct packet p;

	start();
	p = arp(1, PEER, false);
	watch_observe(t.worker, &p, 0);
	p = arp(1, PEER, true);
	watch_observe(t.worker, &p, 0);
	p = arp(1, SAFE, false);
	watch_observe(t.worker, &p, 0);
	p = arp(2, PEER, false); /* a reply */
	watch_observe(t.worker, &p, 0);
	p = arp(1, PEER, false);
	for (uint32_t cut = 0; cut < p.frame_len; cut++) {
		struct packet shorter = p;
		uint8_t *exact = malloc(cut ? cut : 1);

		memcpy(exact, p.frame, cut);
		shorter.frame = exact;
		shorter.frame_len = cut;
		watch_observe(t.worker, &shorter, 0);
		free(exact);
	}
	c = counts();
	assert_int_equal(c.attempts, 2);
	assert_int_equal(c.exempt_attempts, 1);
	assert_int_equal(c.answers, 0);
}

static void a_host_is_known_by_its_mac_too(void **state)
{
	struct mailbox_message m = order(3, 77);
	struct packet p = packet("10.9.9.9", PEER, 1100, IP_PROTO_UDP);
	struct watch_counts c;

	m.watch.host.has_mac = 1;
	m.watch.host.mac = host_mac;
	assert_int_equal(watch_start(t.watch, &m, BEGAN * MS), 0);
	watch_refresh(t.worker);
	p.src_mac = host_mac; /* it took another address */
	watch_observe(t.worker, &p, 0);
	c = counts();
	assert_int_equal(c.attempts, 1);
}

/* The watch before it was not taken back, or two hosts have one address: each counts what is its.
 */
static void two_watches_of_one_host_both_count(void **state)
{
	struct mailbox_message earlier = order(2, 76), by_mac = order(5, 78);
	struct packet asked = arp(1, PEER, false);
	struct watch_counts c;

	by_mac.watch.host.n_ips = 0;
	by_mac.watch.host.n_exempt = 0;
	by_mac.watch.host.has_mac = 1;
	by_mac.watch.host.mac = host_mac;
	assert_int_equal(watch_start(t.watch, &earlier, 1), 0);
	assert_int_equal(watch_start(t.watch, &by_mac, 1), 0);
	watch_refresh(t.worker);
	start_again();
	udp(HOST, PEER, 1100, 4000, 53);
	udp(PEER, HOST, 1101, 53, 4000);
	watch_observe(t.worker, &asked, 0);
	udp(HOST, SAFE, 1102, 4000, 53);
	c = counts();
	assert_true(c.attempts == 2 && c.answers == 1 && c.exempt_attempts == 1);
	assert_true(watch_read(t.reader, 2, 76, &c));
	assert_true(c.attempts == 2 && c.answers == 1 && c.exempt_attempts == 1);
	assert_true(watch_read(t.reader, 5, 78, &c));
	assert_true(c.attempts == 3 && c.answers == 1 && c.exempt_attempts == 0);
	/* One ends, the others go on. */
	assert_int_equal(watch_stop(t.watch, 2), 0);
	assert_true(watch_refresh(t.worker));
	udp(HOST, PEER, 1200, 4000, 53);
	assert_int_equal(counts().attempts, 3);
	assert_true(watch_read(t.reader, 5, 78, &c));
	assert_int_equal(c.attempts, 4);
}

static void slots_come_and_go(void **state)
{
	struct mailbox_message m = order(3, 78);
	struct step syn = {1100, true, S, 100};
	struct watch_counts c;

	start();
	tcp(PEER, &syn, 1100);
	assert_int_equal(counts().attempts, 1);
	assert_false(watch_read(t.reader, 3, 76, &c));
	assert_false(watch_read(t.reader, 4, 77, &c));
	/* The same watch again goes on counting; another begins anew. */
	m.watch.watch_id = 77;
	assert_int_equal(watch_start(t.watch, &m, 2 * BEGAN * MS), 0);
	assert_true(watch_refresh(t.worker));
	tcp(PEER, &syn, 1100);
	assert_int_equal(counts().attempts, 2);
	m.watch.watch_id = 78;
	assert_int_equal(watch_start(t.watch, &m, BEGAN * MS), 0);
	assert_true(watch_refresh(t.worker));
	assert_false(watch_read(t.reader, 3, 77, &c));
	assert_true(watch_read(t.reader, 3, 78, &c));
	assert_int_equal(c.attempts, 0);
	assert_int_equal(watch_stop(t.watch, 3), 0);
	assert_false(watch_refresh(t.worker));
	assert_false(watch_read(t.reader, 3, 78, &c));
	tcp(PEER, &syn, 1100);
}

static void impossible_orders_are_refused(void **state)
{
	struct mailbox_message m = order(WATCH_SLOTS, 1);

	assert_int_equal(watch_start(t.watch, &m, 1), ERR_INVALID);
	m = order(0, 0);
	assert_int_equal(watch_start(t.watch, &m, 1), ERR_INVALID);
	m = order(0, 1);
	m.watch.host.n_exempt = MAILBOX_EXEMPT_MAX + 1;
	assert_int_equal(watch_start(t.watch, &m, 1), ERR_INVALID);
	m = order(0, 1);
	m.watch.host.exempt[0].bits = 129;
	assert_int_equal(watch_start(t.watch, &m, 1), ERR_INVALID);
	m = order(0, 1);
	m.watch.host.n_ips = 0;
	assert_int_equal(watch_start(t.watch, &m, 1), ERR_INVALID);
	assert_int_equal(watch_stop(t.watch, WATCH_SLOTS), ERR_INVALID);
}

/* More conversations than are remembered: counted, and nothing breaks. */
static void a_scanning_host_does_not_grow_anything(void **state)
{
	struct watch_counts c;

	start();
	for (unsigned i = 0; i < 100000; i++) {
		struct packet p = packet(HOST, PEER, 1100, IP_PROTO_TCP);

		p.dst.bytes[13] = (uint8_t)(i >> 8);
		p.dst.bytes[14] = (uint8_t)i;
		p.sport = (uint16_t)i;
		p.tcp.flags = TCP_SYN;
		watch_observe(t.worker, &p, 1100 * MS);
	}
	c = counts();
	assert_int_equal(c.attempts, 100000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcp_answers_are_told_from_echoes),
		TEST(the_notice_page_is_no_answer),
		TEST(exempt_peers_are_counted_apart),
		TEST(times_and_peer_are_kept),
		TEST(udp_replies_to_what_was_sent_since_are_answers),
		TEST(a_ping_is_answered_by_a_reply_not_by_an_error),
		TEST(broadcasts_are_no_attempts),
		TEST(requests_for_an_address_are_attempts),
		TEST(a_host_is_known_by_its_mac_too),
		TEST(two_watches_of_one_host_both_count),
		TEST(slots_come_and_go),
		TEST(impossible_orders_are_refused),
		TEST(a_scanning_host_does_not_grow_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
