/* The framework with three small protocols: "alpha" (pattern "ALPHA", lines), "beta" (pattern
 * "BETA" either way, records of a length byte), "gamma" (probe on UDP port 77). */
#include "dataplane/app/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dataplane/stream/stream.h"

struct test_tx {
	struct app_tx tx;
	char text[64];
	struct app_file *file;
};

struct test_state {
	int freed_txs, gaps, eofs;
	uint64_t gap_bytes;
	char log[512]; /* what was parsed, in order: "T:line|C:line|" */
};

static struct test_state *last_state;

static void note(struct test_state *s, enum dir dir, struct slice what)
{
	size_t at = strlen(s->log);

	snprintf(s->log + at, sizeof(s->log) - at, "%c:%.*s|", dir == DIR_TS ? 'T' : 'C',
		 (int)what.len, (const char *)what.data);
}

static void test_state_begin(struct app_io *io, void *state)
{
	last_state = state;
}

static void test_tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	((struct test_state *)state)->freed_txs++;
}

/* Lines up to '\n'; "BAD" ends in APP_BAD, "DONE" in APP_DONE, "SWITCH" asks for beta. */
static struct app_result alpha_parse(struct app_io *io, void *state, enum dir dir,
				     struct app_input input)
{
	struct test_state *s = state;
	struct cursor c = cursor_of(input.data);
	size_t used = 0;

	s->eofs += input.eof;
	while (cursor_left(&c)) {
		struct slice rest = cursor_rest(&c), line;
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		struct app_tx *tx;

		if (!end)
			break;
		line = cursor_take(&c, (size_t)(end - rest.data));
		cursor_u8(&c);
		used = cursor_offset(&c);
		note(s, dir, line);
		if (slice_eq(line, SLICE_LIT("BAD")))
			return APP_RESULT_BAD;
		if (slice_eq(line, SLICE_LIT("DONE")))
			return APP_RESULT_DONE(used);
		if (slice_eq(line, SLICE_LIT("SWITCH"))) {
			assert_true(app_change_proto(io, "beta"));
			return APP_RESULT_OK(used);
		}
		tx = app_tx_new(io, sizeof(struct test_tx));
		if (!tx)
			return APP_RESULT_BAD;
		app_tx_event(tx, 1);
		app_tx_event(tx, 1);
		tx->progress[dir] = 1;
		tx->only_one_way[dir_other(dir)] = true;
	}
	return APP_RESULT_OK(used);
}

static bool alpha_gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	struct test_state *s = state;

	s->gaps++;
	s->gap_bytes += len;
	return true;
}

/* "BETA", then records: a length byte and so many bytes. */
static struct app_result beta_parse(struct app_io *io, void *state, enum dir dir,
				    struct app_input input)
{
	struct cursor c = cursor_of(input.data);
	struct test_state *s = state;

	while (cursor_left(&c)) {
		size_t at = cursor_offset(&c);
		uint8_t len;

		if ((cursor_peek(&c) == 'B' || cursor_peek(&c) == 'A') && cursor_skip(&c, 4))
			continue;
		len = cursor_u8(&c);
		if (cursor_left(&c) < len)
			return APP_RESULT_MORE(at, len - cursor_left(&c));
		note(s, dir, cursor_take(&c, len));
	}
	return c.bad ? APP_RESULT_BAD : APP_RESULT_OK(input.data.len);
}

static enum app_probe gamma_probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	if (data.data[0] == 'g')
		return APP_PROBE_YES;
	return data.data[0] == 'G' ? APP_PROBE_REVERSED : APP_PROBE_NO;
}

static struct app_result gamma_parse(struct app_io *io, void *state, enum dir dir,
				     struct app_input input)
{
	note(state, dir, input.data);
	return APP_RESULT_OK(0);
}

static const struct app_pattern alpha_patterns[] = {
	{.dir = DIR_TS,
	 .transport = APP_TCP,
	 .bytes = "alpha",
	 .len = 5,
	 .depth = 5,
	 .nocase = true},
	{.dir = DIR_TC, .transport = APP_TCP, .bytes = "ALPHA", .len = 5, .offset = 1, .depth = 8},
};
static const struct app_pattern beta_patterns[] = {
	{.dir = DIR_TS, .transport = APP_TCP, .bytes = "BETA", .len = 4, .depth = 4},
	{.dir = DIR_TC, .transport = APP_TCP, .bytes = "ATEB", .len = 4, .depth = 4},
};
static const struct app_probe_rule gamma_probes[] = {
	{.transport = APP_UDP,
	 .ports = "70-76, 77",
	 .dir = DIR_TS,
	 .min_len = 1,
	 .probe = gamma_probe},
};

#define TEST_PROTO                                                                                 \
	.enabled_by_default = true, .state_size = sizeof(struct test_state),                       \
	.state_begin = test_state_begin, .tx_free = test_tx_free, .complete = {1, 1}

static const char *const alpha_events[] = {"none", "twice"};

static const struct app_proto alpha = {
	TEST_PROTO,
	.name = "alpha",
	.rule_names = {"a"},
	.event_prefix = "alpha",
	.transport = APP_TCP,
	.patterns = alpha_patterns,
	.pattern_count = ARRAY_SIZE(alpha_patterns),
	.parse = alpha_parse,
	.gap = alpha_gap,
	.events = alpha_events,
	.event_count = 2,
	.first_data = 1 << DIR_TS,
};
static const struct app_proto beta = {
	TEST_PROTO,
	.name = "beta",
	.transport = APP_TCP,
	.patterns = beta_patterns,
	.pattern_count = ARRAY_SIZE(beta_patterns),
	.parse = beta_parse,
};
static const struct app_proto gamma_proto = {
	TEST_PROTO,
	.name = "gamma",
	.transport = APP_UDP,
	.probes = gamma_probes,
	.probe_count = ARRAY_SIZE(gamma_probes),
	.parse = gamma_parse,
};

const struct app_proto *const app_protocols[] = {&alpha, &beta, &gamma_proto, NULL};

/* --- one flow under test --- */

struct rig {
	struct slab *slab;
	struct app_worker *w;
	struct flow f;
	struct packet p;
	uint64_t offset[2];
};

static struct rig *rig_new(uint8_t ip_proto, uint16_t flags)
{
	struct app_config config = app_config_default;
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	config.midstream = flags & FLOW_MIDSTREAM;
	config.limits.file_wanted = APP_FILE_MD5;
	r->slab = slab_new(64 << 20);
	r->w = app_worker_new(&config, r->slab, NULL);
	assert_non_null(r->w);
	r->f.key.ip_proto = ip_proto;
	r->f.key.port[0] = 40000;
	r->f.key.port[1] = 77;
	r->f.wanted = FLOW_WANT_ALL;
	r->f.flags = flags;
	r->p.now_ns = 5;
	last_state = NULL;
	return r;
}

static void rig_free(struct rig *r)
{
	app_flow_free(r->w, &r->f);
	assert_int_equal(slab_used(r->slab), 0);
	app_worker_delete(r->w);
	slab_delete(r->slab);
	free(r);
}

/* The bytes lie in a block of their size, so that a sanitizer sees a read past them. */
static void feed(struct rig *r, enum dir dir, const void *data, size_t len, uint32_t flags)
{
	uint8_t *copy = malloc(len + 1);
	struct stream_chunk chunk = {copy, (uint32_t)len, flags, r->offset[dir]};

	assert_non_null(copy);
	if (data && len)
		memcpy(copy, data, len);
	if (flags & STREAM_DATA_GAP)
		chunk.data = NULL;
	app_stream_data(r->w, &r->f, &r->p, dir, &chunk);
	r->offset[dir] += len;
	free(copy);
}

static void feed_text(struct rig *r, enum dir dir, const char *text)
{
	feed(r, dir, text, strlen(text), 0);
}

static uint64_t counter(const struct rig *r, const char *name)
{
	struct counter_set set = app_counters(r->w);

	for (unsigned i = 0; i < set.count; i++) {
		if (strcmp(set.names[i].name, name) == 0)
			return set.values[i];
	}
	fail_msg("no counter %s", name);
	return 0;
}

static bool has_event(const struct rig *r, enum app_flow_event event)
{
	for (unsigned i = 0; i < r->f.app->event_count; i++) {
		if (r->f.app->events[i] == event)
			return true;
	}
	return false;
}

/* --- cases --- */

static void test_at_every_cut(void **state)
{
	static const char text[] = "aLpHa\none\ntwo\n";
	static const char answer[] = ".ALPHA-three\n";

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		for (size_t cut2 = 0; cut2 < sizeof(answer); cut2++) {
			struct rig *r = rig_new(IP_PROTO_TCP, 0);

			feed(r, DIR_TS, text, cut, 0);
			feed(r, DIR_TS, text + cut, sizeof(text) - 1 - cut, 0);
			feed(r, DIR_TC, answer, cut2, 0);
			feed(r, DIR_TC, answer + cut2, sizeof(answer) - 1 - cut2, 0);
			assert_string_equal(last_state->log, "T:aLpHa|T:one|T:two|C:.ALPHA-three|");
			assert_string_equal(app_proto_text(&r->f), "alpha");
			assert_ptr_equal(r->f.app->seen[DIR_TC], &alpha);
			assert_int_equal(r->f.app->tx_count, 4);
			assert_int_equal(counter(r, "flow.alpha"), 1);
			assert_int_equal(counter(r, "tx.alpha"), 4);
			rig_free(r);
		}
	}
}

static void test_byte_by_byte_with_need(void **state)
{
	static const char text[] = "BETA\x05hello\x03you\x00";
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		feed(r, DIR_TS, text + i, 1, 0);
	feed(r, DIR_TS, NULL, 0, STREAM_DATA_EOF);
	assert_string_equal(last_state->log, "T:hello|T:you|T:|");
	assert_true(r->f.app->eof[DIR_TS]);
	rig_free(r);
}

static void test_mismatch_goes_on_with_the_first(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	feed_text(r, DIR_TS, "alpha\n");
	feed_text(r, DIR_TC, "ATEB...\n");
	assert_true(has_event(r, APP_EVENT_MISMATCH_PROTOCOL_BOTH_DIRECTIONS));
	assert_string_equal(app_proto_text(&r->f), "alpha");
	assert_string_equal(app_proto_side_text(&r->f, DIR_TC), "beta");
	assert_null(app_proto_side_text(&r->f, DIR_TS));
	assert_string_equal(last_state->log, "T:alpha|C:ATEB...|");
	app_tx_release(r->w, &r->f);
	assert_int_equal(r->f.app->event_count, 0);
	rig_free(r);
}

static void test_one_direction_only(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	feed_text(r, DIR_TS, "alpha\n");
	feed_text(r, DIR_TC, "who"); /* too short to say no */
	assert_false(has_event(r, APP_EVENT_DETECT_PROTOCOL_ONLY_ONE_DIRECTION));
	assert_string_equal(last_state->log, "T:alpha|");
	feed_text(r, DIR_TC, " are you?\n");
	assert_true(has_event(r, APP_EVENT_DETECT_PROTOCOL_ONLY_ONE_DIRECTION));
	assert_string_equal(last_state->log, "T:alpha|C:who are you?|");
	assert_string_equal(app_proto_side_text(&r->f, DIR_TC), "failed");
	rig_free(r);
}

static void test_other_side_parsed_first(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	/* The client speaks rubbish first, the server says what it is. */
	feed_text(r, DIR_TS, "hello there\n");
	assert_null(last_state);
	feed_text(r, DIR_TC, "xALPHA  \n");
	assert_string_equal(last_state->log, "T:hello there|C:xALPHA  |");
	assert_string_equal(app_proto_side_text(&r->f, DIR_TS), "failed");
	rig_free(r);
}

static void test_wrong_direction_first(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	/* The client has to speak first: rubbish from the server before it is no alpha. */
	feed_text(r, DIR_TC, "hm");
	feed_text(r, DIR_TS, "alpha\n");
	assert_string_equal(app_proto_text(&r->f), "failed");
	assert_false(r->f.wanted & FLOW_WANT_APP);
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, FLOW_MIDSTREAM);
	feed_text(r, DIR_TS, "xALPHA--\n");
	assert_true(has_event(r, APP_EVENT_WRONG_DIRECTION_FIRST_DATA));
	assert_string_equal(app_proto_text(&r->f), "failed");
	rig_free(r);
}

static void test_both_fail(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	feed_text(r, DIR_TS, "nothing known");
	assert_string_equal(app_proto_text(&r->f), "unknown");
	feed_text(r, DIR_TC, "nothing either");
	assert_string_equal(app_proto_text(&r->f), "failed");
	assert_int_equal(counter(r, "flow.failed_tcp"), 1);
	assert_false(has_event(r, APP_EVENT_PROTO_DETECTION_SKIPPED));
	assert_true(r->f.flags & FLOW_APP_FAILED_TC);
	feed_text(r, DIR_TS, "alpha\n"); /* too late */
	assert_string_equal(app_proto_text(&r->f), "failed");
	rig_free(r);
}

static void test_skipped_after_a_lot(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);
	char block[1000];

	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 100; i++)
		feed(r, DIR_TC, block, sizeof(block), 0);
	assert_false(has_event(r, APP_EVENT_PROTO_DETECTION_SKIPPED));
	feed(r, DIR_TC, block, 1, 0);
	assert_true(has_event(r, APP_EVENT_PROTO_DETECTION_SKIPPED));
	assert_string_equal(app_proto_text(&r->f), "failed");
	assert_int_equal(counter(r, "skipped"), 1);
	rig_free(r);
}

static void test_gaps(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	feed_text(r, DIR_TS, "alpha\nhal");
	feed(r, DIR_TS, NULL, 7, STREAM_DATA_GAP);
	assert_int_equal(last_state->gaps, 1);
	assert_int_equal(last_state->gap_bytes, 10); /* the kept "hal" is part of it */
	feed_text(r, DIR_TS, "x\n");
	assert_string_equal(last_state->log, "T:alpha|T:x|");
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0); /* before identification: the other side decides */
	feed(r, DIR_TC, NULL, 7, STREAM_DATA_GAP);
	feed_text(r, DIR_TC, "xALPHA--\n");
	assert_string_equal(app_proto_text(&r->f), "unknown");
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0); /* a parser without gaps stops */
	feed_text(r, DIR_TS, "BETA");
	feed(r, DIR_TS, NULL, 7, STREAM_DATA_GAP);
	assert_true(r->f.app->failed);
	assert_int_equal(counter(r, "error.beta.gap"), 1);
	rig_free(r);
}

static void test_bad_done_and_release(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);
	struct app_tx *tx;

	feed_text(r, DIR_TS, "alpha\nx\nBAD\ny\n");
	assert_true(r->f.app->failed);
	assert_int_equal(counter(r, "error.alpha"), 1);
	assert_string_equal(last_state->log, "T:alpha|T:x|T:BAD|");
	tx = r->f.app->tx_first;
	assert_int_equal(tx->event_count, 1);
	assert_true(app_tx_complete(r->f.app, tx, DIR_TC));
	app_tx_release(r->w, &r->f);
	assert_ptr_equal(r->f.app->tx_first, tx); /* nobody has looked yet */
	tx->next->flags = APP_TX_LOGGED | APP_TX_INSPECTED_TS | APP_TX_INSPECTED_TC;
	app_tx_release(r->w, &r->f);
	assert_ptr_equal(r->f.app->tx_first, tx);
	assert_ptr_equal(r->f.app->tx_last, tx);
	assert_int_equal(last_state->freed_txs, 1);
	feed_text(r, DIR_TS, "z\n");
	assert_string_equal(last_state->log, "T:alpha|T:x|T:BAD|");
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0);
	feed_text(r, DIR_TS, "alpha\nDONE\nmore\n");
	assert_true(r->f.app->done);
	assert_false(r->f.wanted & FLOW_WANT_APP);
	rig_free(r);
}

static void test_change_of_protocol(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);

	feed_text(r, DIR_TS, "alpha\nSWITCH\nBE");
	assert_string_equal(app_proto_text(&r->f), "alpha");
	feed_text(r, DIR_TS, "TA\x02hi");
	assert_string_equal(app_proto_text(&r->f), "beta");
	assert_ptr_equal(r->f.app->orig, &alpha);
	assert_string_equal(last_state->log, "T:hi|");
	feed_text(r, DIR_TC, "ATEB\x02ho");
	assert_string_equal(last_state->log, "T:hi|C:ho|");
	assert_int_equal(r->f.app->event_count, 0);
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0);
	feed_text(r, DIR_TS, "alpha\nSWITCH\n");
	feed_text(r, DIR_TS, "alpha again\n"); /* waits: transactions of before are there */
	feed_text(r, DIR_TS, "x\n");
	assert_true(has_event(r, APP_EVENT_UNEXPECTED_PROTOCOL));
	assert_string_equal(last_state->log, "T:alpha again|T:x|");
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0);
	feed_text(r, DIR_TS, "alpha\nSWITCH\n");
	feed(r, DIR_TS, "??", 2, STREAM_DATA_EOF);
	assert_true(has_event(r, APP_EVENT_UNEXPECTED_PROTOCOL));
	assert_string_equal(app_proto_text(&r->f), "failed");
	rig_free(r);
}

static void test_midstream_reversal(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, FLOW_MIDSTREAM);

	/* What looks like to-server is the server's answer. */
	feed_text(r, DIR_TS, "ATEB\x01z");
	assert_string_equal(app_proto_text(&r->f), "beta");
	assert_string_equal(last_state->log, "C:z|");
	assert_int_equal(r->f.key.port[DIR_TS], 77);
	assert_int_equal(r->f.app->tuple.port[DIR_TC], 40000);
	assert_int_equal(r->p.dir, DIR_TC);
	rig_free(r);

	/* What ended, ends, or is deeper than is looked is so in the direction it turns out to be.
	 */
	r = rig_new(IP_PROTO_TCP, FLOW_MIDSTREAM);
	feed(r, DIR_TC, NULL, 0, STREAM_DATA_EOF | STREAM_DATA_DEPTH);
	feed_text(r, DIR_TS, "ATEB\x01z");
	assert_true(r->f.app->eof[DIR_TS] && r->f.app->depth[DIR_TS]);
	assert_false(r->f.app->eof[DIR_TC] || r->f.app->depth[DIR_TC]);
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, FLOW_MIDSTREAM);
	feed(r, DIR_TS, "ATEB\x01z", 6, STREAM_DATA_EOF | STREAM_DATA_DEPTH);
	assert_true(r->f.app->eof[DIR_TC] && r->f.app->depth[DIR_TC]);
	assert_false(r->f.app->eof[DIR_TS] || r->f.app->depth[DIR_TS]);
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, FLOW_MIDSTREAM); /* unknown towards the server: given up */
	feed_text(r, DIR_TS, "half a request ...");
	assert_string_equal(app_proto_text(&r->f), "failed");
	rig_free(r);
}

static void datagram(struct rig *r, enum dir dir, const char *text)
{
	r->p.dir = dir;
	r->p.payload = (const uint8_t *)text;
	r->p.payload_len = (uint32_t)strlen(text);
	app_datagram(r->w, &r->f, &r->p);
}

static void test_datagrams(void **state)
{
	struct rig *r = rig_new(IP_PROTO_UDP, 0);

	datagram(r, DIR_TS, "");
	datagram(r, DIR_TS, "g1");
	datagram(r, DIR_TC, "?");
	datagram(r, DIR_TC, "g2");
	assert_string_equal(last_state->log, "T:g1|C:?|C:g2|");
	assert_int_equal(counter(r, "flow.gamma"), 1);
	rig_free(r);

	r = rig_new(IP_PROTO_UDP, 0);
	datagram(r, DIR_TS, "?");
	assert_string_equal(app_proto_text(&r->f), "failed");
	datagram(r, DIR_TC, "g");
	assert_string_equal(app_proto_text(&r->f), "gamma");
	rig_free(r);

	r = rig_new(IP_PROTO_UDP, 0);
	datagram(r, DIR_TS, "G");
	assert_int_equal(r->f.key.port[DIR_TC], 40000);
	assert_string_equal(last_state->log, "C:G|");
	rig_free(r);

	r = rig_new(IP_PROTO_UDP, 0);
	r->f.key.port[1] = 78;
	datagram(r, DIR_TS, "g");
	datagram(r, DIR_TC, "g");
	assert_true(r->f.app->off);
	rig_free(r);
}

static void test_limits(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);
	char line[70000];

	feed_text(r, DIR_TS, "alpha\n");
	for (int i = 0; i < LIMIT_APP_TRANSACTIONS; i++)
		feed_text(r, DIR_TS, "x\n");
	assert_int_equal(counter(r, "transactions"), 1);
	assert_true(r->f.app->failed);
	rig_free(r);

	r = rig_new(IP_PROTO_TCP, 0);
	memset(line, 'x', sizeof(line));
	feed_text(r, DIR_TS, "alpha\n");
	feed(r, DIR_TS, line, sizeof(line), 0);
	assert_int_equal(counter(r, "buffered"), 1);
	assert_true(r->f.app->failed);
	rig_free(r);
}

static void test_names(void **state)
{
	char name[32];

	assert_ptr_equal(app_proto_by_name(SLICE_LIT("a")), &alpha);
	assert_null(app_proto_by_name(SLICE_LIT("alph")));
	assert_true(app_event_name(&alpha, 1, name, sizeof(name)));
	assert_string_equal(name, "alpha.twice");
	assert_false(app_event_name(&alpha, 2, name, sizeof(name)));
	for (unsigned i = 0; i < APP_FLOW_EVENTS; i++)
		assert_memory_equal(app_flow_event_name(i), "applayer_", 9);
}

static void test_file_window(void **state)
{
	struct rig *r = rig_new(IP_PROTO_TCP, 0);
	static uint8_t block[100000];
	struct app_file *file;
	struct app_call c;
	struct app_tx *tx;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i % 251);
	feed_text(r, DIR_TS, "alpha\n");
	tx = r->f.app->tx_first;
	app_call_init(&c, r->w, &r->f, &r->p);
	file = app_file_open(&c.io, tx, DIR_TS, SLICE_LIT("a.bin"));
	app_file_data(&c.io, file, SLICE(block, sizeof(block)));
	assert_int_equal(file->window_len, sizeof(block));
	file->inspected = 90000;
	file->keep_behind = 1000;
	app_file_data(&c.io, file, SLICE(block, sizeof(block)));
	assert_int_equal(file->window_offset, 89000);
	assert_int_equal(file->window_len, 111000);
	assert_memory_equal(file->window, block + 89000, 11000);
	assert_memory_equal(file->window + 11000, block, sizeof(block));
	app_file_data(&c.io, file, SLICE(block, sizeof(block))); /* the oldest go */
	assert_int_equal(file->window_len, LIMIT_FILE_WINDOW);
	assert_int_equal(file->window_offset + file->window_len, file->size);
	app_file_close(&c.io, file, false);
	assert_int_equal(file->have, APP_FILE_MD5);
	assert_int_equal(file->size, 300000);
	file = app_file_open(&c.io, tx, DIR_TS, SLICE_LIT(""));
	app_file_data(&c.io, file, SLICE_LIT("x"));
	app_file_gap(&c.io, file, 10);
	app_file_close(&c.io, file, true);
	assert_int_equal(file->have, 0);
	assert_int_equal(file->size, 11);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_every_cut),
		cmocka_unit_test(test_byte_by_byte_with_need),
		cmocka_unit_test(test_mismatch_goes_on_with_the_first),
		cmocka_unit_test(test_one_direction_only),
		cmocka_unit_test(test_other_side_parsed_first),
		cmocka_unit_test(test_wrong_direction_first),
		cmocka_unit_test(test_both_fail),
		cmocka_unit_test(test_skipped_after_a_lot),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_bad_done_and_release),
		cmocka_unit_test(test_change_of_protocol),
		cmocka_unit_test(test_midstream_reversal),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_file_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
