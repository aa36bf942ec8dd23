/* Both sides of a link in one loop over real TCP and TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/limits.h"
#include "control/wire/link.h"
#include "control/wire/message.h"
#include "control/wire/seen.h"
#include "control/wire/testdir.h"
#include "control/wire/testkeys.h"

enum { TEXTS = 2000 };

/* What one side got. */
struct side {
	struct spool *spool;
	sqlite3 *db;
	char got[TEXTS][48]; /* "lane text", in order of storing */
	unsigned n_got, n_doubles, n_passing, n_up, n_down, refuse, n_calls;
	const char *refuse_peer;
	char last_down[256];
	char passing[192];
};

static struct {
	char folder[64], address[64];
	struct loop *loop;
	struct tls_keys *sensor, *mitigator, *centre;
	struct side a, b; /* a dials, b listens */
	struct link *link;
	struct link_server *server;
} t;

static int store(void *ctx, const struct link_item *items, size_t n, struct errmsg *e)
{
	struct side *s = ctx;

	if (s->refuse) {
		s->refuse--;
		return errmsg_set(e, ERR_IO, "the disk is full");
	}
	s->n_calls++;
	for (size_t i = 0; i < n; i++) {
		if (s->refuse_peer && strcmp(items[i].peer, s->refuse_peer) == 0)
			return errmsg_set(e, ERR_INVALID, "not from this peer");
	}
	for (size_t i = 0; i < n; i++) {
		int rc = seen_new(s->db, &items[i], e);

		assert_true(rc >= 0);
		if (rc == 0) {
			s->n_doubles++;
			continue;
		}
		assert_true(s->n_got < TEXTS);
		snprintf(s->got[s->n_got++], sizeof(s->got[0]), "%d %.*s", (int)items[i].lane,
			 (int)items[i].payload.len, (const char *)items[i].payload.data);
	}
	return 0;
}

static void passing(void *ctx, const struct identity *peer, struct slice payload)
{
	struct side *s = ctx;

	s->n_passing++;
	snprintf(s->passing, sizeof(s->passing), "%s: %.*s", peer->name, (int)payload.len,
		 (const char *)payload.data);
}

static void up(void *ctx, const struct identity *peer)
{
	((struct side *)ctx)->n_up++;
}

static void down(void *ctx, const struct identity *peer, const char *sentence)
{
	struct side *s = ctx;

	s->n_down++;
	snprintf(s->last_down, sizeof(s->last_down), "%s", sentence);
}

static struct link_setup setup_of(struct side *s, struct tls_keys *keys, unsigned peers)
{
	return (struct link_setup){
		.loop = t.loop,
		.keys = keys,
		.spool = s->spool,
		.ops = {store, passing, up, down, s},
		.peers = peers,
		.program = "test",
		.build = "1",
	};
}

static void open_side(struct side *s, const char *name)
{
	char path[128];
	struct spool_config c = {.path = path, .no_sync = true, .ballast_bytes = 4096};
	struct errmsg e = {0};

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "%s/%s.db", t.folder, name);
	unlink(path);
	s->spool = spool_open(&c, NULL, &e);
	assert_non_null(s->spool);
	assert_int_equal(sqlite3_open(":memory:", &s->db), 0);
	assert_int_equal(seen_init(s->db, &e), 0);
}

static void listen_b(void)
{
	struct link_setup s = setup_of(&t.b, t.mitigator, ROLE_SET(ROLE_SENSOR));
	struct errmsg e = {0};

	t.server = link_server_new(&s, t.address[0] ? t.address : "127.0.0.1:0", &e);
	if (!t.server)
		fail_msg("%s", e.text);
	snprintf(t.address, sizeof(t.address), "127.0.0.1:%u", link_server_port(t.server));
}

static void dial_a(struct tls_keys *keys)
{
	struct link_setup s = setup_of(&t.a, keys, ROLE_SET(ROLE_MITIGATOR));
	struct errmsg e = {0};

	t.link = link_new(&s, "mitigator", t.address, &e);
	if (!t.link)
		fail_msg("%s", e.text);
}

static int set_up_all(void **state)
{
	struct errmsg e = {0};

	testdir_make(t.folder);
	testkeys_ca(t.folder);
	t.sensor = testkeys_issue(t.folder, ROLE_SENSOR, "sensor-1");
	t.mitigator = testkeys_issue(t.folder, ROLE_MITIGATOR, "mitigator-1");
	t.centre = testkeys_issue(t.folder, ROLE_CENTRE, "centre-1");
	t.loop = loop_new(&e);
	return t.loop ? 0 : -1;
}

static int tear_down_all(void **state)
{
	tls_keys_free(t.sensor);
	tls_keys_free(t.mitigator);
	tls_keys_free(t.centre);
	loop_delete(t.loop);
	testdir_remove(t.folder);
	return 0;
}

static int set_up(void **state)
{
	t.address[0] = '\0';
	open_side(&t.a, "a");
	open_side(&t.b, "b");
	listen_b();
	return 0;
}

static int tear_down(void **state)
{
	link_delete(t.link);
	link_server_delete(t.server);
	t.link = NULL;
	t.server = NULL;
	spool_close(t.a.spool);
	spool_close(t.b.spool);
	sqlite3_close(t.a.db);
	sqlite3_close(t.b.db);
	return 0;
}

static void put(struct side *s, const char *dest, enum lane lane, const char *text)
{
	struct errmsg e = {0};

	assert_int_equal(spool_put(s->spool, dest, lane, SLICE_STR(text), 1, &e), 0);
}

static uint64_t waiting(struct side *s, const char *dest)
{
	struct spool_stats st;

	spool_stats(s->spool, dest, &st);
	return st.records;
}

/* Runs the loop until the condition holds, ten seconds at most. */
#define RUN_UNTIL(condition)                                                                       \
	do {                                                                                       \
		uint64_t end = loop_now(t.loop) + 10 * NS_PER_SEC;                                 \
                                                                                                   \
		while (!(condition) && loop_now(t.loop) < end)                                     \
			loop_once(t.loop, 20);                                                     \
		assert_true(condition);                                                            \
	} while (0)

static void messages_go_both_ways_urgent_first(void **state)
{
	struct link_status st;

	put(&t.a, "mitigator", LANE_RECORDS, "r1");
	put(&t.a, "mitigator", LANE_STATE, "s1");
	put(&t.a, "mitigator", LANE_URGENT, "u1");
	put(&t.b, "sensor-1", LANE_URGENT, "order");
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_got == 3 && t.a.n_got == 1 && waiting(&t.a, "mitigator") == 0 &&
		  waiting(&t.b, "sensor-1") == 0);
	assert_string_equal(t.b.got[0], "1 u1");
	assert_string_equal(t.b.got[1], "2 s1");
	assert_string_equal(t.b.got[2], "3 r1");
	assert_string_equal(t.a.got[0], "1 order");
	link_status(t.link, &st);
	assert_true(st.connected);
	assert_int_equal(st.sent, 3);
	assert_int_equal(st.received, 1);
	assert_string_equal(st.peer.name, "mitigator-1");
	assert_true(st.clock_offset_ms > -1000 && st.clock_offset_ms < 1000);
	assert_true(link_server_peer(t.server, 0, &st));
	assert_string_equal(st.peer.name, "sensor-1");
	assert_false(link_server_peer(t.server, 1, &st));
	/* While connected, waking is enough. */
	put(&t.a, "mitigator", LANE_URGENT, "u2");
	link_wake(t.link);
	put(&t.b, "sensor-1", LANE_URGENT, "order 2");
	link_server_wake(t.server, "sensor-1");
	RUN_UNTIL(t.b.n_got == 4 && t.a.n_got == 2);
}

static void many_messages_arrive_in_order(void **state)
{
	char text[32];

	for (int i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		put(&t.a, "mitigator", LANE_RECORDS, text);
	}
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_got == 1500 && waiting(&t.a, "mitigator") == 0);
	assert_int_equal(t.b.n_doubles, 0);
	for (int i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), "3 m%d", i);
		assert_string_equal(t.b.got[i], text);
	}
}

static void what_is_not_stored_comes_again(void **state)
{
	t.b.refuse = 2;
	put(&t.a, "mitigator", LANE_URGENT, "x");
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_got == 1 && waiting(&t.a, "mitigator") == 0);
	assert_int_equal(t.b.n_doubles, 0);
	assert_string_equal(t.b.last_down, "the disk is full");
	assert_non_null(strstr(t.a.last_down, "ended the connection: the disk is full"));
}

static void a_server_that_was_away_gets_everything_once(void **state)
{
	dial_a(t.sensor);
	RUN_UNTIL(t.a.n_up == 1);
	link_server_delete(t.server);
	for (int i = 0; i < 100; i++)
		put(&t.a, "mitigator", LANE_URGENT, "m");
	link_wake(t.link);
	RUN_UNTIL(t.a.n_down == 1);
	listen_b();
	RUN_UNTIL(t.b.n_got == 100 && waiting(&t.a, "mitigator") == 0);
}

static void passing_messages_are_not_kept(void **state)
{
	dial_a(t.sensor);
	assert_false(link_send_passing(t.link, SLICE_LIT("early")));
	RUN_UNTIL(t.a.n_up == 1 && t.b.n_up == 1);
	assert_true(link_send_passing(t.link, SLICE_LIT("watch")));
	assert_true(link_server_send_passing(t.server, "sensor-1", SLICE_LIT("back")));
	assert_false(link_server_send_passing(t.server, "nobody", SLICE_LIT("back")));
	RUN_UNTIL(t.b.n_passing == 1 && t.a.n_passing == 1);
	assert_string_equal(t.b.passing, "sensor-1: watch");
	assert_string_equal(t.a.passing, "mitigator-1: back");
	assert_int_equal(t.b.n_got, 0);
}

static void the_wrong_role_is_told_and_tries_on(void **state)
{
	struct link_status st;

	dial_a(t.centre);
	RUN_UNTIL((link_status(t.link, &st), strstr(st.trouble, "our role may not speak to it")));
	assert_false(st.connected);
	assert_int_equal(t.a.n_up, 0);
	assert_int_equal(t.b.n_up, 0);
}

static void nobody_there_has_a_sentence(void **state)
{
	struct link_status st;

	link_server_delete(t.server);
	t.server = NULL;
	dial_a(t.sensor);
	RUN_UNTIL((link_status(t.link, &st), strstr(st.trouble, "cannot be reached")));
	assert_non_null(strstr(st.trouble, "Connection refused"));
}

static void the_newer_connection_of_a_name_wins(void **state)
{
	struct link *first;

	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_up == 1);
	first = t.link;
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_up == 2 && t.b.n_down == 1);
	link_delete(first);
	assert_string_equal(t.b.last_down, "the same name connected again");
	assert_int_equal(link_server_peers(t.server), 1);
}

static void a_dropped_peer_hears_why(void **state)
{
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_up == 1 && t.a.n_up == 1);
	link_server_drop(t.server, "sensor-1", "its certificate was revoked");
	RUN_UNTIL(t.a.n_down == 1);
	assert_non_null(strstr(t.a.last_down, "ended the connection: its certificate was revoked"));
}

enum { PEERS = 24, EACH = 50 };

struct crowd {
	struct tls_keys *keys[PEERS];
	struct side sides[PEERS];
	struct link *links[PEERS];
};

static struct crowd *make_crowd(void)
{
	struct crowd *c = calloc(1, sizeof(*c));
	struct errmsg e = {0};

	for (int i = 0; i < PEERS; i++) {
		struct link_setup s;
		char name[16];

		snprintf(name, sizeof(name), "crowd-%d", i);
		c->keys[i] = testkeys_issue(t.folder, ROLE_SENSOR, name);
		open_side(&c->sides[i], name);
		for (int k = 0; k < EACH; k++)
			put(&c->sides[i], "mitigator", LANE_URGENT, name);
		s = setup_of(&c->sides[i], c->keys[i], ROLE_SET(ROLE_MITIGATOR));
		c->links[i] = link_new(&s, "mitigator", t.address, &e);
		assert_non_null(c->links[i]);
	}
	return c;
}

static void free_crowd(struct crowd *c)
{
	for (int i = 0; i < PEERS; i++) {
		link_delete(c->links[i]);
		spool_close(c->sides[i].spool);
		sqlite3_close(c->sides[i].db);
		tls_keys_free(c->keys[i]);
	}
	free(c);
}

static void many_peers_are_stored_together_each_once(void **state)
{
	struct crowd *c = make_crowd();

	RUN_UNTIL(t.b.n_got == PEERS * EACH);
	assert_int_equal(t.b.n_doubles, 0);
	assert_int_equal(link_server_peers(t.server), PEERS);
	for (int i = 0; i < PEERS; i++)
		RUN_UNTIL(waiting(&c->sides[i], "mitigator") == 0);
	free_crowd(c);
}

static void one_bad_peer_does_not_hold_up_the_others(void **state)
{
	struct crowd *c;

	t.b.refuse_peer = "crowd-7";
	c = make_crowd();
	RUN_UNTIL(t.b.n_got == (PEERS - 1) * EACH);
	RUN_UNTIL(c->sides[7].n_down > 0);
	assert_non_null(strstr(c->sides[7].last_down, "not from this peer"));
	for (int i = 0; i < PEERS; i++)
		assert_int_equal(c->sides[i].n_down > 0, i == 7);
	t.b.refuse_peer = NULL;
	RUN_UNTIL(t.b.n_got == PEERS * EACH);
	assert_int_equal(t.b.n_doubles, 0);
	free_crowd(c);
}

static void bad_addresses_have_a_sentence(void **state)
{
	static const struct {
		const char *address, *sentence;
	} cases[] = {
		{"", "address '' must be host:port"},
		{"host", "address 'host' must be host:port"},
		{":7443", "address ':7443' must be host:port"},
		{"host:", "address 'host:' must be host:port"},
		{"host:99999", "address 'host:99999' must be host:port"},
		{"host:74x3", "address 'host:74x3' must be host:port"},
		{"2001:db8::1:7443",
		 "address '2001:db8::1:7443': an IPv6 address is written [2001:db8::1]:port"},
	};
	struct link_setup s = setup_of(&t.a, t.sensor, ROLE_SET(ROLE_MITIGATOR));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct errmsg e = {0};

		assert_null(link_new(&s, "x", cases[i].address, &e));
		assert_string_equal(e.text, cases[i].sentence);
	}
}

static void a_taken_port_has_a_sentence(void **state)
{
	struct link_setup s = setup_of(&t.b, t.mitigator, ROLE_SET(ROLE_SENSOR));
	struct errmsg e = {0};

	assert_null(link_server_new(&s, t.address, &e));
	assert_non_null(strstr(e.text, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(e.text, "Address already in use"));
}

/* ---- a peer with the right certificate that misbehaves ---- */

static struct tls_conn *raw_peer(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)link_server_port(t.server)),
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct errmsg e = {0};
	struct tls_conn *c;
	int rc = ERR_AGAIN;

	(void)connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	c = tls_conn_new(t.sensor, fd, TLS_CLIENT, ROLE_SET(ROLE_MITIGATOR), "server", &e);
	for (int i = 0; i < 1000 && rc == ERR_AGAIN; i++) {
		loop_once(t.loop, 5);
		rc = tls_handshake(c, &e);
	}
	assert_int_equal(rc, 0);
	return c;
}

static void send_raw(struct tls_conn *c, struct slice bytes)
{
	for (int i = 0; i < 5000 && bytes.len > 0; i++) {
		long n = tls_write(c, bytes.data, bytes.len, NULL);

		if (n > 0)
			bytes = slice_sub(bytes, (size_t)n, bytes.len);
		loop_once(t.loop, 0);
	}
}

static struct slice hello_frame(uint32_t version)
{
	struct frame f = {.kind = FRAME_HELLO, .hello = {.version = version, .spool = 5}};
	struct slice bytes;

	assert_int_equal(frame_encode(&f, &bytes, NULL), 0);
	return bytes;
}

/* Sends and expects the server to end the connection for this reason. */
static void expect_end(bool greet, struct slice bytes, const char *sentence)
{
	struct tls_conn *c = raw_peer();
	struct slice hello = hello_frame(1);
	uint8_t buf[4096];
	long n = ERR_AGAIN;

	if (greet)
		send_raw(c, hello);
	send_raw(c, bytes);
	for (int i = 0; i < 500 && (n == ERR_AGAIN || n > 0); i++) {
		loop_once(t.loop, 10);
		n = tls_read(c, buf, sizeof(buf), NULL);
	}
	assert_true(n < 0 && n != ERR_AGAIN);
	if (greet)
		assert_non_null(strstr(t.b.last_down, sentence));
	tls_conn_free(c);
	payload_free(&hello);
}

static void misbehaving_peers_are_cut_off(void **state)
{
	static uint8_t garbage[64] = {0, 0, 0, 60, 0xff, 0xff, 0xff, 0xff};
	static uint8_t mystery[] = {0, 0, 0, 3, 0xfa, 0x3f, 0};
	struct frame bad_lane = {.kind = FRAME_DATA, .data = {.lane = 9, .number = 1}};
	struct frame bad_ack = {.kind = FRAME_ACK, .ack = {1, 77}};
	struct frame again = {.kind = FRAME_HELLO, .hello = {.version = 1}};
	struct slice bytes;

	expect_end(true, SLICE_LIT("\xff\xff\xff\xff"),
		   "peer announced a frame of 4294967295 bytes, more than the 4194304 allowed");
	expect_end(true, SLICE_LIT("\x00\x40\x00\x01"),
		   "peer announced a frame of 4194305 bytes, more than the 4194304 allowed");
	expect_end(true, SLICE_LIT("\x00\x00\x00\x00"), "peer sent an empty frame");
	expect_end(true, SLICE(garbage, sizeof(garbage)), "malformed Frame of 60 bytes");
	expect_end(true, SLICE(mystery, sizeof(mystery)),
		   "peer sent a kind of frame that this version does not know");
	frame_encode(&bad_lane, &bytes, NULL);
	expect_end(true, bytes, "sent a message in lane 9, which there is not");
	payload_free(&bytes);
	frame_encode(&bad_ack, &bytes, NULL);
	expect_end(true, bytes, "acknowledged what was never sent to it");
	expect_end(false, bytes, "");
	payload_free(&bytes);
	frame_encode(&again, &bytes, NULL);
	expect_end(true, bytes, "greeted twice");
	payload_free(&bytes);
	bytes = hello_frame(2);
	expect_end(false, bytes, "");
	payload_free(&bytes);
	assert_int_equal(link_server_peers(t.server), 0);
	/* And the server serves on. */
	put(&t.a, "mitigator", LANE_URGENT, "fine");
	dial_a(t.sensor);
	RUN_UNTIL(t.b.n_got == 1);
}

/* A frame cut in two at every place is put together again. */
static void frames_arrive_in_pieces(void **state)
{
	struct frame f = {.kind = FRAME_DATA,
			  .data = {.lane = 1, .number = 1, .payload = SLICE_LIT("piece")}};
	struct tls_conn *c = raw_peer();
	struct slice bytes, hello = hello_frame(1);

	send_raw(c, hello);
	frame_encode(&f, &bytes, NULL);
	for (size_t i = 0; i < bytes.len; i++) {
		send_raw(c, slice_sub(bytes, i, 1));
		loop_once(t.loop, 1);
	}
	RUN_UNTIL(t.b.n_got == 1);
	assert_string_equal(t.b.got[0], "1 piece");
	/* The same again is a double. */
	send_raw(c, bytes);
	RUN_UNTIL(t.b.n_doubles == 1);
	assert_int_equal(t.b.n_got, 1);
	tls_conn_free(c);
	payload_free(&bytes);
	payload_free(&hello);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_go_both_ways_urgent_first),
		TEST(many_messages_arrive_in_order),
		TEST(what_is_not_stored_comes_again),
		TEST(a_server_that_was_away_gets_everything_once),
		TEST(passing_messages_are_not_kept),
		TEST(the_wrong_role_is_told_and_tries_on),
		TEST(nobody_there_has_a_sentence),
		TEST(the_newer_connection_of_a_name_wins),
		TEST(a_dropped_peer_hears_why),
		TEST(many_peers_are_stored_together_each_once),
		TEST(one_bad_peer_does_not_hold_up_the_others),
		TEST(bad_addresses_have_a_sentence),
		TEST(a_taken_port_has_a_sentence),
		TEST(misbehaving_peers_are_cut_off),
		TEST(frames_arrive_in_pieces),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
