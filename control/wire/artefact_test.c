/* Files from the centre: every offer and piece that a stranger or a bad disk could send, and a kill
 * at every moment. The centre is this test, with real keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/wire/artefact.h"
#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "control/wire/testdir.h"
#include "control/wire/testkeys.h"
#include "dataplane/base/clock.h"

enum { FILE_BYTES = 3 * ARTEFACT_CHUNK + 77 };

struct world {
	char folder[64];
	struct tls_keys *centre, *box, *mitigator;
	struct loop *loop;
	struct artefact_box *b;
	/* what the box said */
	struct artefact_result last;
	char id[96], text[400], version[64];
	unsigned results, wants;
	struct artefact_want want;
	char wanted[65];
	/* the file at the centre */
	uint8_t *bytes;
	size_t len;
	char sha256[65];
	uint64_t number;
	/* the handler */
	int say;
	unsigned installs;
	char installed[65];
	bool is_away;
};

static int on_send(void *ctx, const struct message *m, struct errmsg *e)
{
	struct world *w = ctx;

	assert_int_equal(m->kind, MESSAGE_ARTEFACT_RESULT);
	w->last = m->artefact_result;
	snprintf(w->id, sizeof(w->id), "%s", m->artefact_result.id);
	snprintf(w->text, sizeof(w->text), "%s", m->artefact_result.text);
	snprintf(w->version, sizeof(w->version), "%s", m->artefact_result.version);
	w->results++;
	return 0;
}

static bool on_pass(void *ctx, const struct message *m)
{
	struct world *w = ctx;

	assert_int_equal(m->kind, MESSAGE_ARTEFACT_WANT);
	w->want = m->artefact_want;
	snprintf(w->wanted, sizeof(w->wanted), "%s", m->artefact_want.sha256);
	w->wants++;
	return !w->is_away;
}

static int on_install(void *ctx, const struct artefact_file *f, struct errmsg *e)
{
	struct world *w = ctx;
	char hash[65];
	uint64_t size;

	assert_int_equal(artefact_hash_file(f->path, hash, &size, e), 0);
	assert_string_equal(hash, f->sha256);
	assert_int_equal(size, f->size);
	w->installs++;
	snprintf(w->installed, sizeof(w->installed), "%s", f->sha256);
	return w->say ? errmsg_set(e, w->say, "the handler says no") : 0;
}

static void begin_box(struct world *w)
{
	char dir[128];
	struct errmsg e = {""};
	struct log log = {"test", LOG_LEVEL_ERROR, 2};
	static struct log quiet;
	struct artefact_handler handler = {ARTEFACT_BUNDLE, on_install, w};
	struct artefact_setup s = {.loop = w->loop,
				   .log = &quiet,
				   .keys = w->box,
				   .folder = dir,
				   .handlers = &handler,
				   .n_handlers = 1,
				   .send = on_send,
				   .pass = on_pass,
				   .ctx = w};

	quiet = log;
	snprintf(dir, sizeof(dir), "%s/artefacts", w->folder);
	w->b = artefact_box_new(&s, &e);
	if (!w->b)
		fail_msg("%s", e.text);
}

/* As kill -9 would: nothing is said or kept at the end. */
static void kill_and_start(struct world *w)
{
	artefact_box_delete(w->b);
	begin_box(w);
}

static void make_file(struct world *w, unsigned seed)
{
	char path[128];
	struct errmsg e;
	uint64_t size;

	free(w->bytes);
	w->len = FILE_BYTES;
	w->bytes = malloc(w->len);
	for (size_t i = 0; i < w->len; i++)
		w->bytes[i] = (uint8_t)(i * 2654435761U >> 24 ^ seed);
	snprintf(path, sizeof(path), "%s/file", w->folder);
	assert_int_equal(file_write(path, SLICE(w->bytes, w->len), 0600, &e), 0);
	assert_int_equal(artefact_hash_file(path, w->sha256, &size, &e), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct errmsg e;

	testdir_make(w->folder);
	testkeys_ca(w->folder);
	w->centre = testkeys_issue(w->folder, ROLE_CENTRE, "centre-1");
	w->box = testkeys_issue(w->folder, ROLE_SENSOR, "sensor-1");
	w->mitigator = testkeys_issue(w->folder, ROLE_MITIGATOR, "mitigator-1");
	w->loop = loop_new(&e);
	begin_box(w);
	make_file(w, 1);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	artefact_box_delete(w->b);
	loop_delete(w->loop);
	tls_keys_free(w->centre);
	tls_keys_free(w->box);
	tls_keys_free(w->mitigator);
	testdir_remove(w->folder);
	free(w->bytes);
	free(w);
	return 0;
}

static struct artefact_offer offer_of(struct world *w, const char *id)
{
	uint64_t now = loop_wall(w->loop);

	return (struct artefact_offer){.id = id,
				       .box = "sensor-1",
				       .number = ++w->number,
				       .kind = ARTEFACT_BUNDLE,
				       .version = id,
				       .size = w->len,
				       .sha256 = w->sha256,
				       .issued = now,
				       .expires = now + 3600 * NS_PER_SEC};
}

static int give(struct world *w, struct tls_keys *by, const struct artefact_offer *o)
{
	struct message m = {.kind = MESSAGE_ARTEFACT_OFFER, .artefact_offer = *o}, *got;
	struct errmsg e = {""};
	struct slice payload;
	int rc;

	if (by)
		assert_int_equal(sign_message(by, &m, &payload, &e), 0);
	else
		assert_int_equal(message_encode(&m, &payload, &e), 0);
	got = message_decode(payload, &e);
	assert_non_null(got);
	rc = artefact_box_take(w->b, got, &e);
	message_free(got);
	payload_free(&payload);
	return rc;
}

/* Answers the last question; `len` bytes of it at most. */
static void answer(struct world *w, size_t len)
{
	struct message m = {.kind = MESSAGE_ARTEFACT_CHUNK};
	size_t n = w->want.most < len ? w->want.most : len;

	m.artefact_chunk = (struct artefact_chunk){.sha256 = w->wanted,
						   .offset = w->want.offset,
						   .data = SLICE(w->bytes + w->want.offset, n),
						   .refused = ""};
	artefact_box_passing(w->b, &m);
}

static void fetch_all(struct world *w)
{
	unsigned done = w->results, asked = 0;

	for (int i = 0; i < 20 && w->results == done; i++) {
		loop_once(w->loop, 1);
		for (int k = 0; k < 20 && asked != w->wants; k++) {
			asked = w->wants;
			answer(w, SIZE_MAX);
		}
	}
}

static void a_file_arrives_and_is_in_force(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	struct artefact_file f;

	assert_false(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_int_equal(give(w, w->centre, &o), 0);
	fetch_all(w);
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_string_equal(w->id, "v1");
	assert_int_equal(w->installs, 1);
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_string_equal(f.version, "v1");
	kill_and_start(w);
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_string_equal(f.sha256, w->sha256);
	assert_int_equal(access(f.path, R_OK), 0);
}

/* Killed after each piece, and with pieces of odd sizes: it goes on where it was. */
static void it_goes_on_after_each_kill(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	unsigned rounds = 0;

	assert_int_equal(give(w, w->centre, &o), 0);
	while (!w->results && rounds++ < 200) {
		uint64_t before = w->want.offset;

		w->wants = 0;
		for (int i = 0; i < 5 && !w->wants && !w->results; i++)
			loop_once(w->loop, 1);
		if (w->results)
			break;
		assert_true(w->wants > 0 && w->want.offset >= before);
		answer(w, 9973);
		kill_and_start(w);
	}
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_true(rounds > 30);
}

static void a_roll_back_needs_no_transfer(void **state)
{
	struct world *w = *state;
	struct artefact_offer first = offer_of(w, "v1"), second, back;
	struct artefact_file f;
	char old[65];
	unsigned wants;

	assert_int_equal(give(w, w->centre, &first), 0);
	fetch_all(w);
	snprintf(old, sizeof(old), "%s", w->sha256);
	make_file(w, 2);
	second = offer_of(w, "v2");
	assert_int_equal(give(w, w->centre, &second), 0);
	fetch_all(w);
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_string_equal(f.version, "v2");
	wants = w->wants;
	back = offer_of(w, "v1-again");
	back.sha256 = old;
	back.back = true;
	assert_int_equal(give(w, w->centre, &back), 0);
	fetch_all(w);
	assert_int_equal(w->wants, wants);
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_string_equal(f.sha256, old);
}

static void what_the_handler_refuses_leaves_the_old_one(void **state)
{
	struct world *w = *state;
	struct artefact_offer first = offer_of(w, "v1"), second;
	struct artefact_file f;

	assert_int_equal(give(w, w->centre, &first), 0);
	fetch_all(w);
	make_file(w, 3);
	w->say = ERR_INVALID;
	second = offer_of(w, "v2");
	assert_int_equal(give(w, w->centre, &second), 0);
	fetch_all(w);
	assert_int_equal(w->last.state, ARTEFACT_STATE_REFUSED);
	assert_string_equal(w->text, "the handler says no");
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	assert_string_equal(f.version, "v1");
	assert_int_equal(access(f.path, R_OK), 0);
}

static void a_slow_handler_settles_later(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	struct artefact_file f;

	w->say = ERR_AGAIN;
	assert_int_equal(give(w, w->centre, &o), 0);
	fetch_all(w);
	assert_int_equal(w->results, 0);
	assert_int_equal(w->installs, 1);
	/* killed before it settled: it is asked again */
	kill_and_start(w);
	loop_once(w->loop, 1);
	assert_int_equal(w->installs, 2);
	artefact_settle(w->b, ARTEFACT_BUNDLE, 0, "");
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_true(artefact_in_force(w->b, ARTEFACT_BUNDLE, &f));
	/* said twice */
	artefact_settle(w->b, ARTEFACT_BUNDLE, ERR_INVALID, "late");
	assert_int_equal(w->results, 1);
}

/* The centre makes an offer again when no answer came: what is under way goes on. */
static void the_same_order_again_is_no_other(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	struct message m = {.kind = MESSAGE_ARTEFACT_CHUNK};

	w->say = ERR_AGAIN;
	assert_int_equal(give(w, w->centre, &o), 0);
	loop_once(w->loop, 1);
	m.artefact_chunk = (struct artefact_chunk){w->sha256, 0, SLICE(w->bytes, 1000), ""};
	artefact_box_passing(w->b, &m);
	assert_int_equal(w->want.offset, 1000);
	o.number = ++w->number;
	assert_int_equal(give(w, w->centre, &o), 0);
	assert_int_equal(w->results, 0);
	loop_once(w->loop, 1);
	assert_int_equal(w->want.offset, 1000);
	fetch_all(w);
	assert_int_equal(w->installs, 1);
	/* while the handler is at it */
	o.number = ++w->number;
	assert_int_equal(give(w, w->centre, &o), 0);
	loop_once(w->loop, 1);
	assert_int_equal(w->results, 0);
	assert_int_equal(w->installs, 1);
	artefact_settle(w->b, ARTEFACT_BUNDLE, 0, "");
	assert_int_equal(w->results, 1);
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_int_equal(w->last.number, o.number);
}

struct bad_offer {
	const char *name, *sentence;
	void (*change)(struct world *w, struct artefact_offer *o);
};

static void for_another(struct world *w, struct artefact_offer *o)
{
	o->box = "sensor-2";
}

static void too_late(struct world *w, struct artefact_offer *o)
{
	o->expires = loop_wall(w->loop) - 1;
}

static void too_early(struct world *w, struct artefact_offer *o)
{
	o->issued = loop_wall(w->loop) + 3600 * NS_PER_SEC;
}

static void too_large(struct world *w, struct artefact_offer *o)
{
	o->size = (uint64_t)ARTEFACT_SIZE_MAX + 1;
}

static void path_for_hash(struct world *w, struct artefact_offer *o)
{
	o->sha256 = "../../../../../../../../../../../../../../../../../../../etc/pass";
}

static void other_kind(struct world *w, struct artefact_offer *o)
{
	o->kind = ARTEFACT_FIRMWARE;
}

static void unknown_kind(struct world *w, struct artefact_offer *o)
{
	o->kind = (enum artefact_kind)77;
}

static void long_version(struct world *w, struct artefact_offer *o)
{
	o->version = "01234567890123456789012345678901234567890123456789012345678901234567890";
}

static const struct bad_offer bad_offers[] = {
	{"for another box", "the order is for sensor-2", for_another},
	{"expired", "the order has expired", too_late},
	{"from the future", "check the clocks", too_early},
	{"too large", "size, hash, version or id is wrong", too_large},
	{"a path as hash", "size, hash, version or id is wrong", path_for_hash},
	{"a kind without handler", "no use for a firmware", other_kind},
	{"an unknown kind", "no use for", unknown_kind},
	{"a long version", "size, hash, version or id is wrong", long_version},
};

static void bad_offers_are_answered_with_a_sentence(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_offers); i++) {
		struct artefact_offer o = offer_of(w, "x");

		bad_offers[i].change(w, &o);
		w->results = 0;
		assert_int_equal(give(w, w->centre, &o), 0);
		assert_int_equal(w->results, 1);
		if (!strstr(w->text, bad_offers[i].sentence))
			fail_msg("%s: %s", bad_offers[i].name, w->text);
		assert_int_equal(w->wants, 0);
	}
}

static void forged_and_replayed_offers_do_nothing(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1"), old;

	assert_int_equal(give(w, NULL, &o), 0);
	assert_non_null(strstr(w->text, "came without a signature"));
	assert_int_equal(give(w, w->mitigator, &o), 0);
	assert_int_equal(w->last.state, ARTEFACT_STATE_FAILED);
	assert_int_equal(give(w, w->centre, &o), 0);
	fetch_all(w);
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	old = o; /* v1 */
	make_file(w, 4);
	o = offer_of(w, "v2");
	assert_int_equal(give(w, w->centre, &o), 0);
	fetch_all(w);
	w->results = 0;
	/* the same again: silence, for the answer was given */
	assert_int_equal(give(w, w->centre, &o), 0);
	assert_int_equal(w->results, 0);
	/* an old one, truly signed once: an answer would be taken for one to what came since */
	assert_int_equal(give(w, w->centre, &old), 0);
	assert_int_equal(w->results, 0);
	w->wants = 0;
	kill_and_start(w);
	assert_int_equal(give(w, w->centre, &old), 0);
	loop_once(w->loop, 1);
	assert_int_equal(w->results, 0);
	assert_int_equal(w->wants, 0);
}

static void wrong_bytes_are_never_in_force(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");

	w->bytes[5000] ^= 1;
	assert_int_equal(give(w, w->centre, &o), 0);
	fetch_all(w);
	assert_int_equal(w->last.state, ARTEFACT_STATE_FAILED);
	assert_non_null(strstr(w->text, "the SHA-256 differs"));
	assert_int_equal(w->installs, 0);
}

static void odd_pieces_are_passed_over(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	struct message m = {.kind = MESSAGE_ARTEFACT_CHUNK};

	assert_int_equal(give(w, w->centre, &o), 0);
	loop_once(w->loop, 1);
	m.artefact_chunk = (struct artefact_chunk){w->sha256, 7, SLICE(w->bytes, 10), ""};
	artefact_box_passing(w->b, &m); /* not where it is */
	m.artefact_chunk = (struct artefact_chunk){w->sha256, 0, SLICE(NULL, 0), ""};
	artefact_box_passing(w->b, &m); /* nothing */
	m.artefact_chunk.sha256 = "other";
	artefact_box_passing(w->b, &m);
	m.artefact_chunk = (struct artefact_chunk){w->sha256, UINT64_MAX, SLICE(w->bytes, 10), ""};
	artefact_box_passing(w->b, &m);
	assert_int_equal(w->want.offset, 0);
	fetch_all(w);
	assert_int_equal(w->last.state, ARTEFACT_STATE_IN_FORCE);
	assert_string_equal(w->installed, w->sha256);
}

static void a_refusal_of_the_centre_ends_it(void **state)
{
	struct world *w = *state;
	struct artefact_offer o = offer_of(w, "v1");
	struct message m = {.kind = MESSAGE_ARTEFACT_CHUNK};

	assert_int_equal(give(w, w->centre, &o), 0);
	loop_once(w->loop, 1);
	m.artefact_chunk = (struct artefact_chunk){w->sha256, 0, SLICE(NULL, 0), "it is gone"};
	artefact_box_passing(w->b, &m);
	assert_int_equal(w->last.state, ARTEFACT_STATE_FAILED);
	assert_string_equal(w->text, "it is gone");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_file_arrives_and_is_in_force),
		CASE(it_goes_on_after_each_kill),
		CASE(a_roll_back_needs_no_transfer),
		CASE(what_the_handler_refuses_leaves_the_old_one),
		CASE(a_slow_handler_settles_later),
		CASE(the_same_order_again_is_no_other),
		CASE(bad_offers_are_answered_with_a_sentence),
		CASE(forged_and_replayed_offers_do_nothing),
		CASE(wrong_bytes_are_never_in_force),
		CASE(odd_pieces_are_passed_over),
		CASE(a_refusal_of_the_centre_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
