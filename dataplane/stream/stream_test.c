#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/limits.h"
#include "dataplane/stream/events.h"
#include "dataplane/stream/harness.h"

static void whole_connection(void **state)
{
	struct sim *s = sim_new(NULL);

	sim_handshake(s);
	assert_string_equal(sim_state(s), "established");
	assert_int_equal(s->flow->state, FLOW_ESTABLISHED);
	assert_true(stream_handshake_complete(s->flow));
	sim_data(s, DIR_TS, 1, 1, "GET / HTTP/1.0\r\n\r\n");
	assert_int_equal(s->count[DIR_TS], 18);
	sim_data(s, DIR_TC, 1, 19, "HTTP/1.0 200 OK\r\n\r\n");
	assert_memory_equal(s->bytes[DIR_TC], "HTTP/1.0 200 OK\r\n\r\n", 19);
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_FIN | TCP_ACK, 20, 19});
	assert_string_equal(sim_state(s), "fin_wait1");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 19, 21});
	assert_string_equal(sim_state(s), "fin_wait2");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_FIN | TCP_ACK, 19, 21});
	assert_string_equal(sim_state(s), "time_wait");
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 21, 20});
	assert_string_equal(sim_state(s), "closed");
	assert_int_equal(s->flow->state, FLOW_CLOSED);
	assert_int_equal(s->eof[DIR_TS], 1);
	assert_int_equal(s->eof[DIR_TC], 1);
	sim_free(s);
}

static void event_names(void **state)
{
	for (int i = 0; i < STREAM_EVENT_COUNT; i++)
		assert_int_equal(stream_event_by_name(stream_event_name((unsigned)i)), i);
	assert_int_equal(stream_event_by_name("3WHS_SYN_FLOOD"), STREAM_3WHS_SYN_FLOOD);
	assert_int_equal(stream_event_by_name("est_synack_resend_with_diff_ack"),
			 STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK);
	assert_int_equal(stream_event_by_name("nosuch"), -1);
	assert_null(stream_event_name(STREAM_EVENT_COUNT));
}

/* --- raw inspection --- */

static void fill(char *at, uint32_t n, uint32_t from)
{
	for (uint32_t i = 0; i < n; i++)
		at[i] = (char)('a' + (from + i) % 26);
}

static void send_many(struct sim *s, enum dir from, uint32_t seq, uint32_t total, uint32_t piece)
{
	char bytes[2000];

	for (uint32_t at = 0; at < total; at += piece) {
		uint32_t n = total - at < piece ? total - at : piece;

		fill(bytes, n, seq - 1 + at);
		sim_send(s, &(struct sim_packet){from, TCP_ACK, seq + at, 1, bytes, n});
		sim_send(s, &(struct sim_packet){dir_other(from), TCP_ACK, 1, seq + at + n});
	}
}

/* A direction is inspected when 2,560 bytes more are acknowledged, at a packet of its own. */
static void raw_waits_for_a_chunk(void **state)
{
	struct sim *s = sim_new(NULL);
	char expected[6000];

	s->keep_raw = true;
	sim_handshake(s);
	send_many(s, DIR_TS, 1, 2500, 500);
	assert_int_equal(s->raw_calls[DIR_TS], 0);
	send_many(s, DIR_TS, 2501, 500, 500);
	assert_int_equal(s->raw_calls[DIR_TS], 0); /* its acknowledgement came after it */
	send_many(s, DIR_TS, 3001, 500, 500);
	assert_int_equal(s->raw_calls[DIR_TS], 1);
	assert_int_equal(s->raw_upto[DIR_TS], 3000);
	send_many(s, DIR_TS, 3501, 2000, 500);
	assert_int_equal(s->raw_calls[DIR_TS], 1);
	sim_end_flows(s);
	assert_int_equal(s->raw_upto[DIR_TS], 5500);
	fill(expected, 5500, 0);
	assert_memory_equal(s->raw_bytes[DIR_TS], expected, 5500);
	sim_free(s);
}

static void raw_when_triggered(void **state)
{
	struct sim *s = sim_new(NULL);

	s->keep_raw = true;
	sim_handshake(s);
	sim_data(s, DIR_TS, 1, 1, "GET / HTTP/1.0\r\n\r\n");
	stream_raw_trigger(s->flow, DIR_TS);
	assert_int_equal(s->raw_calls[DIR_TS], 0);
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 19, 1});
	assert_int_equal(s->raw_calls[DIR_TS], 1);
	assert_int_equal(s->raw_upto[DIR_TS], 18);
	sim_data(s, DIR_TS, 19, 1, "more");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 23, 1});
	assert_int_equal(s->raw_calls[DIR_TS], 1); /* once per trigger */
	sim_free(s);
}

/* Bytes before those not yet inspected are given again, as many as are asked for and still there:
 * what lies across a border is found. */
static void raw_looks_back(void **state)
{
	struct stream_config config = stream_config_default;
	struct stream_raw raw;
	struct packet p = {.dir = DIR_TS};
	struct sim *s;

	config.raw_overlap = 4;
	s = sim_new(&config);
	sim_handshake(s);
	sim_data(s, DIR_TS, 1, 1, "abcdef");
	stream_raw_trigger(s->flow, DIR_TS);
	assert_true(stream_raw_get(s->streams, s->flow, &p, DIR_TS, &raw));
	assert_int_equal(raw.len, 6);
	assert_int_equal(raw.fresh, 6);
	stream_raw_done(s->streams, s->flow, DIR_TS, 6);
	assert_false(stream_raw_get(s->streams, s->flow, &p, DIR_TS, &raw));
	sim_data(s, DIR_TS, 7, 1, "gh");
	stream_raw_trigger(s->flow, DIR_TS);
	assert_true(stream_raw_get(s->streams, s->flow, &p, DIR_TS, &raw));
	assert_int_equal(raw.offset, 2);
	assert_int_equal(raw.fresh, 2);
	assert_int_equal(raw.len, 6);
	assert_memory_equal(raw.data, "cdefgh", 6);
	sim_free(s);
}

static void raw_disabled(void **state)
{
	struct stream_raw raw;
	struct packet p = {.dir = DIR_TS, .flags = PACKET_PSEUDO_END};
	struct sim *s = sim_new(NULL);

	sim_handshake(s);
	sim_data(s, DIR_TS, 1, 1, "abcdef");
	stream_raw_disable(s->flow, DIR_TS);
	assert_false(stream_raw_get(s->streams, s->flow, &p, DIR_TS, &raw));
	assert_int_equal(s->count[DIR_TS], 6); /* the app layer goes on */
	sim_data(s, DIR_TS, 7, 1, "gh");
	assert_int_equal(s->count[DIR_TS], 8);
	sim_free(s);
}

/* --- letting go --- */

static uint64_t counter(const struct sim *s, const char *name)
{
	struct counter_set set = stream_counters(s->streams);

	for (unsigned i = 0; i < set.count; i++) {
		if (strcmp(set.names[i].name, name) == 0)
			return set.values[i];
	}
	fail();
	return 0;
}

/* Nobody wants bytes any more: no memory but the session's, no deliveries. */
static void disabled_costs_nothing(void **state)
{
	struct sim *s = sim_new(NULL);
	size_t idle;

	sim_handshake(s);
	idle = slab_used(s->slab);
	sim_data(s, DIR_TS, 1, 1, "abcdef");
	assert_true(slab_used(s->slab) > idle);
	for (unsigned d = 0; d < 2; d++) {
		stream_disable(s->streams, s->flow, (enum dir)d);
		stream_raw_disable(s->flow, (enum dir)d);
	}
	send_many(s, DIR_TS, 7, 20000, 1000);
	assert_int_equal(s->count[DIR_TS], 6);
	assert_int_equal(counter(s, "memcap"), 0);
	for (unsigned i = 0; i < 2; i++)
		sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 20007, 1});
	assert_true(slab_used(s->slab) <= idle + 256);
	assert_string_equal(sim_state(s), "established");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_RST, 20007});
	assert_string_equal(sim_state(s), "closed");
	assert_int_equal(s->eof[DIR_TS], 1); /* the end is told all the same */
	sim_free(s);
}

static void wants_are_honoured(void **state)
{
	struct sim *s = sim_new(NULL);

	sim_handshake(s);
	sim_data(s, DIR_TS, 1, 1, "abc");
	s->flow->wanted &= (uint8_t)~FLOW_WANT_APP;
	sim_data(s, DIR_TS, 4, 1, "def");
	assert_int_equal(s->count[DIR_TS], 3);
	s->flow->wanted = 0;
	sim_data(s, DIR_TS, 7, 1, "ghi");
	assert_int_equal(s->count[DIR_TS], 3);
	sim_free(s);

	s = sim_new(NULL);
	sim_handshake(s);
	flow_set_state(s->flows, s->flow, FLOW_BYPASSED);
	sim_data(s, DIR_TS, 1, 1, "abc");
	assert_int_equal(s->count[DIR_TS], 0);
	assert_int_equal(s->flow->packets[DIR_TS], 3);
	sim_free(s);
}

static void raw_alone_goes_on(void **state)
{
	struct sim *s = sim_new(NULL);

	s->keep_raw = true;
	sim_handshake(s);
	stream_app_disable(s->flow);
	send_many(s, DIR_TS, 1, 7000, 1000);
	assert_int_equal(s->count[DIR_TS], 0);
	assert_int_equal(s->raw_upto[DIR_TS], 6000);
	sim_free(s);
}

/* Delivered and inspected bytes are let go of but for a window of them. */
static void memory_stays_bounded(void **state)
{
	struct sim *s = sim_new(NULL);
	size_t most = 0;

	s->keep_raw = true;
	sim_handshake(s);
	for (uint32_t i = 0; i < 900; i++) {
		send_many(s, DIR_TS, 1 + i * 1000, 1000, 1000);
		if (slab_used(s->slab) > most)
			most = slab_used(s->slab);
	}
	assert_int_equal(s->count[DIR_TS], 900000);
	assert_true(most < 40000); /* a window of 8192, a chunk of 2560 and what is on its way */
	sim_free(s);
}

/* --- limits --- */

static void depth_is_the_end(void **state)
{
	struct stream_config config = stream_config_default;
	struct sim *s;

	config.depth = 5000;
	s = sim_new(&config);
	s->keep_raw = true;
	sim_handshake(s);
	send_many(s, DIR_TS, 1, 8000, 1000);
	assert_int_equal(s->count[DIR_TS], 5000);
	assert_int_equal(s->eof[DIR_TS], 1);
	assert_true(s->chunks[s->chunk_count - 1].flags & STREAM_DATA_DEPTH);
	assert_int_equal(s->raw_upto[DIR_TS], 5000);
	assert_true(counter(s, "depth_reached") > 0);
	sim_data(s, DIR_TC, 1, 8001, "the other direction has its own");
	assert_int_equal(s->count[DIR_TC], 31);
	sim_free(s);
}

static void depth_set_by_the_app_layer(void **state)
{
	struct stream_config config = stream_config_default;
	struct sim *s;

	config.depth = 5000;
	s = sim_new(&config);
	sim_handshake(s);
	stream_set_depth(s->flow, 6000);
	stream_set_depth(s->flow, 100); /* never less */
	send_many(s, DIR_TS, 1, 8000, 1000);
	assert_int_equal(s->count[DIR_TS], 6000);
	sim_free(s);
	s = sim_new(&config);
	sim_handshake(s);
	stream_set_depth(s->flow, 0);
	send_many(s, DIR_TS, 1, 20000, 1000);
	assert_int_equal(s->count[DIR_TS], 20000);
	sim_free(s);
}

/* An attacker who sends holes: pieces a direction are limited, and counted. */
static void pieces_are_limited(void **state)
{
	struct sim *s = sim_new(NULL);
	unsigned refused = 0;

	sim_handshake(s);
	for (uint32_t i = 0; i < 2 * LIMIT_STREAM_SEGMENTS; i++) {
		sim_send(s, &(struct sim_packet){.from = DIR_TC,
						 .flags = TCP_ACK,
						 .seq = 1,
						 .ack = 1,
						 .window = 65535});
		sim_send(s, &(struct sim_packet){.from = DIR_TS,
						 .flags = TCP_ACK,
						 .seq = 3 + 3 * i,
						 .ack = 1,
						 .data = "xy",
						 .stable = i % 2});
		if (strstr(s->events, "reassembly_insert_limit"))
			refused++;
	}
	assert_int_equal(refused, LIMIT_STREAM_SEGMENTS);
	assert_int_equal(counter(s, "segments"), refused);
	assert_true(slab_used(s->slab) < LIMIT_STREAM_SEGMENTS * 256);
	sim_free(s);
}

/* Memory for segments runs out: an event, a counter, and the connection is still tracked. */
static void memcap(void **state)
{
	struct stream_config config = stream_config_default;
	struct sim *s;
	bool told = false;

	config.memcap = 64 << 10;
	config.history = 16 << 10;
	s = sim_new(&config);
	sim_handshake(s);
	for (uint32_t i = 0; i < 64; i++) {
		char bytes[1400];

		fill(bytes, sizeof(bytes), 0);
		sim_send(s, &(struct sim_packet){.from = DIR_TC,
						 .flags = TCP_ACK,
						 .seq = 1,
						 .ack = 1,
						 .window = 65535});
		sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 1 + 700 * i, 1, bytes,
						 sizeof(bytes)});
		told |= strstr(s->events, "reassembly_insert_memcap") != NULL;
		assert_true(slab_used(s->slab) < (80 << 10));
	}
	assert_true(told);
	assert_true(counter(s, "memcap") > 0);
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_RST, 1});
	assert_string_equal(sim_state(s), "closed");
	sim_free(s);
}

/* Bytes kept only for comparison give way to bytes that are needed. */
static void history_gives_way(void **state)
{
	struct stream_config config = stream_config_default;
	struct sim *s;

	config.memcap = 64 << 10;
	config.history = 4 << 10;
	s = sim_new(&config);
	s->keep_raw = true;
	sim_handshake(s);
	send_many(s, DIR_TS, 1, 200000, 1000);
	assert_int_equal(s->count[DIR_TS], 200000);
	assert_int_equal(counter(s, "memcap"), 0);
	assert_true(counter(s, "history_dropped") > 0);
	sim_free(s);
}

/* No memory for sessions: the flow goes without, nothing breaks. */
static void no_memory_at_all(void **state)
{
	struct sim *s = sim_new(NULL);
	struct slab *full = slab_new(64 << 10);
	void *taken[256];
	unsigned n = 0;

	while (n < ARRAY_SIZE(taken) && (taken[n] = slab_alloc(full, 256)))
		n++;
	stream_worker_delete(s->streams);
	s->streams = stream_worker_new(&s->config, s->flows, full, &(struct stream_sink){NULL});
	sim_handshake(s);
	assert_null(s->flow->tcp);
	assert_true(counter(s, "session_memory") > 0);
	sim_free(s);
	while (n > 0)
		slab_free(full, taken[--n], 256);
	slab_delete(full);
}

/* --- frames that stay --- */

static void stable_frames_are_not_copied(void **state)
{
	struct sim *s = sim_new(NULL);
	size_t copied;

	sim_handshake(s);
	for (uint32_t i = 0; i < 4; i++)
		sim_send(s, &(struct sim_packet){.from = DIR_TS,
						 .flags = TCP_ACK,
						 .seq = 1 + 26 * i,
						 .ack = 1,
						 .data = "abcdefghijklmnopqrstuvwxyz",
						 .stable = true});
	copied = slab_used(s->slab);
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 105});
	assert_int_equal(s->count[DIR_TS], 104);
	for (unsigned i = 0; i < 104; i++)
		assert_int_equal(s->bytes[DIR_TS][i], 'a' + i % 26);
	assert_true(copied < 1000); /* records of segments only */
	sim_free(s);
}

/* A referenced frame whose bytes lose an overlap is copied before it is changed. */
static void stable_frames_are_not_changed(void **state)
{
	struct sim *s = sim_new(NULL);

	sim_handshake(s);
	sim_send(s, &(struct sim_packet){.from = DIR_TS,
					 .flags = TCP_ACK,
					 .seq = 4,
					 .ack = 1,
					 .data = "abcdef",
					 .stable = true});
	sim_send(s, &(struct sim_packet){.from = DIR_TS,
					 .flags = TCP_ACK,
					 .seq = 1,
					 .ack = 1,
					 .data = "GETXYZ",
					 .stable = true});
	assert_memory_equal(s->stable, "abcdefGETXYZ", 12);
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 10});
	assert_memory_equal(s->bytes[DIR_TS], "GETXYZdef", 9);
	sim_free(s);
}

/* --- client and server confused --- */

struct turning {
	struct stream_worker *streams;
	char got[2][64];
	unsigned calls;
};

static void on_data_turn(void *ctx, struct flow *f, struct packet *p, enum dir dir,
			 const struct stream_chunk *c)
{
	struct turning *t = ctx;

	if (t->calls++ == 0) { /* the first bytes show that the other end is the server */
		flow_reverse(f);
		stream_reverse(f);
		p->dir = dir_other(p->dir);
		dir = dir_other(dir);
	}
	if (c->data)
		strncat(t->got[dir], (const char *)c->data, c->len);
}

static void turned_by_the_app_layer(void **state)
{
	struct turning t = {0};
	struct sim *s = sim_new(NULL);

	stream_worker_delete(s->streams);
	s->config.midstream = true;
	s->streams = stream_worker_new(&s->config, s->flows, s->slab,
				       &(struct stream_sink){on_data_turn, &t});
	/* the server's answer is the first that is seen */
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 1, "220 "});
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 5, 1, "hi"});
	assert_int_equal(s->flow->key.port[0], 80);
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 1, 7, "HELO"});
	assert_int_equal(s->flow->key.port[0], 40000);
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 7, 5, "250"});
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 5, 10});
	assert_string_equal(t.got[DIR_TC], "220 hi250");
	assert_string_equal(t.got[DIR_TS], "HELO");
	sim_free(s);
}

/* --- what others ask --- */

static void questions(void **state)
{
	struct sim *s = sim_new(NULL);
	uint32_t seq = 0;

	sim_handshake(s);
	sim_data(s, DIR_TS, 1, 1, "hello");
	assert_int_equal(stream_size(s->flow, DIR_TS), 6);
	assert_true(stream_next_seq(s->flow, DIR_TS, &seq));
	assert_int_equal(seq, s->isn[0] + 6);
	assert_false(stream_has_gap(s->flow, DIR_TS));
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 16, 1, "later"});
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 21});
	assert_true(stream_has_gap(s->flow, DIR_TS));
	assert_int_equal(s->flow->state, FLOW_ESTABLISHED);
	assert_true(s->flow->flags & FLOW_HANDSHAKE);
	assert_true(s->last.flags & PACKET_ESTABLISHED);
	sim_free(s);
}

/* Nothing here depends on addresses of one version. */
static void ipv6(void **state)
{
	struct sim *s = sim_new(NULL);

	sim_send(s, &(struct sim_packet){.from = DIR_TS, .flags = TCP_SYN, .v6 = true});
	sim_send(s, &(struct sim_packet){
			    .from = DIR_TC, .flags = TCP_SYN | TCP_ACK, .ack = 1, .v6 = true});
	sim_send(s, &(struct sim_packet){.from = DIR_TS,
					 .flags = TCP_ACK,
					 .seq = 1,
					 .ack = 1,
					 .data = "abc",
					 .v6 = true});
	sim_send(s, &(struct sim_packet){
			    .from = DIR_TC, .flags = TCP_ACK, .seq = 1, .ack = 4, .v6 = true});
	assert_int_equal(s->count[DIR_TS], 3);
	assert_int_equal(s->flow->ip_version, 6);
	sim_free(s);
}

/* A datagram may be 64 KB long. */
static void huge_segments(void **state)
{
	struct sim *s = sim_new(NULL);
	char *bytes = malloc(65000);

	fill(bytes, 65000, 0);
	sim_handshake(s);
	for (unsigned i = 0; i < 3; i++) {
		sim_send(s, &(struct sim_packet){.from = DIR_TC,
						 .flags = TCP_ACK,
						 .seq = 1,
						 .ack = 1 + 65000 * i,
						 .window = 65535});
		sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 1 + 65000 * i, 1, bytes, 65000});
		/* and again with other bytes */
		bytes[64999] ^= 1;
		sim_send(s,
			 &(struct sim_packet){DIR_TS, TCP_ACK, 2 + 65000 * i, 1, bytes + 1, 64999});
		assert_non_null(strstr(s->events, "reassembly_overlap_different_data"));
		bytes[64999] ^= 1;
	}
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 1, 195001});
	assert_int_equal(s->count[DIR_TS], 195000);
	assert_memory_equal(s->bytes[DIR_TS] + 130000, bytes, 65000);
	free(bytes);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_connection),
		cmocka_unit_test(event_names),
		cmocka_unit_test(raw_waits_for_a_chunk),
		cmocka_unit_test(raw_when_triggered),
		cmocka_unit_test(raw_looks_back),
		cmocka_unit_test(raw_disabled),
		cmocka_unit_test(disabled_costs_nothing),
		cmocka_unit_test(wants_are_honoured),
		cmocka_unit_test(raw_alone_goes_on),
		cmocka_unit_test(memory_stays_bounded),
		cmocka_unit_test(depth_is_the_end),
		cmocka_unit_test(depth_set_by_the_app_layer),
		cmocka_unit_test(pieces_are_limited),
		cmocka_unit_test(memcap),
		cmocka_unit_test(history_gives_way),
		cmocka_unit_test(no_memory_at_all),
		cmocka_unit_test(stable_frames_are_not_copied),
		cmocka_unit_test(stable_frames_are_not_changed),
		cmocka_unit_test(turned_by_the_app_layer),
		cmocka_unit_test(questions),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(huge_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
