/* What the centre sends as firmware waits for root's answer, over a start of the program too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "control/sensor/firmware.h"
#include "control/wire/file.h"
#include "control/wire/loop.h"
#include "control/wire/testdir.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct world {
	char dir[64], wanted[96], answer[96];
	struct loop *loop;
	struct log log;
	struct firmware *fw;
	unsigned settled;
	int rc;
	char sentence[400];
};

static void settled(void *ctx, enum artefact_kind kind, int rc, const char *sentence)
{
	struct world *w = ctx;

	assert_int_equal(kind, ARTEFACT_FIRMWARE);
	w->settled++;
	w->rc = rc;
	snprintf(w->sentence, sizeof(w->sentence), "%s", sentence);
}

static void start(struct world *w)
{
	struct errmsg e = {""};

	w->fw = firmware_new(&(struct firmware_setup){.loop = w->loop,
						      .log = &w->log,
						      .statedir = w->dir,
						      .answer = w->answer,
						      .settled = settled,
						      .ctx = w},
			     &e);
	if (!w->fw)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct errmsg e = {""};

	testdir_make(w->dir);
	snprintf(w->wanted, sizeof(w->wanted), "%s/firmware/wanted", w->dir);
	snprintf(w->answer, sizeof(w->answer), "%s/answer", w->dir);
	w->log = (struct log){"test", LOG_LEVEL_ERROR, 2};
	w->loop = loop_new(&e);
	assert_non_null(w->loop);
	start(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	firmware_free(w->fw);
	loop_delete(w->loop);
	testdir_remove(w->dir);
	free(w);
	return 0;
}

static struct artefact_file file(bool back)
{
	return (struct artefact_file){.kind = ARTEFACT_FIRMWARE,
				      .version = "0.2 \x01 <new>",
				      .path = "/nowhere",
				      .sha256 = SHA,
				      .size = back ? 0 : 100,
				      .back = back};
}

/* The ticket that is kept, "" when none is. */
static void ticket(struct world *w, char ret[64])
{
	struct slice text;
	json_t *o;

	ret[0] = '\0';
	if (file_read(w->wanted, 4096, &text, NULL))
		return;
	o = json_loadb((const char *)text.data, text.len, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "sha256")), SHA);
	snprintf(ret, 64, "%s", json_string_value(json_object_get(o, "ticket")));
	json_decref(o);
	payload_free(&text);
}

static void say(struct world *w, const char *whose, const char *state, const char *text)
{
	char line[400];

	snprintf(line, sizeof(line), "{\"ticket\": \"%s\", \"state\": \"%s\", \"text\": \"%s\"}",
		 whose, state, text);
	assert_int_equal(file_write(w->answer, SLICE_STR(line), 0644, NULL), 0);
}

/* Some turns of the clock; the answer is looked at once a second. */
static void turn(struct world *w)
{
	for (unsigned i = 0; i < 15 && !w->settled; i++)
		assert_int_equal(loop_once(w->loop, 100), 0);
}

static void good_after_a_start(void **state)
{
	struct world *w = *state;
	struct artefact_file f = file(false);
	char first[64], again[64];
	struct errmsg e;

	assert_int_equal(firmware_install(w->fw, &f, &e), ERR_AGAIN);
	ticket(w, first);
	assert_int_equal(strlen(first), 32);
	say(w, first, "installing", "");
	turn(w);
	assert_int_equal(w->settled, 0);
	/* the machine starts with the new release */
	firmware_free(w->fw);
	start(w);
	assert_int_equal(firmware_install(w->fw, &f, &e), ERR_AGAIN);
	ticket(w, again);
	assert_string_equal(first, again);
	say(w, first, "good", "");
	turn(w);
	assert_int_equal(w->settled, 1);
	assert_int_equal(w->rc, 0);
	ticket(w, again);
	assert_string_equal(again, "");
}

static void refused_with_the_reason_and_ordered_anew(void **state)
{
	struct world *w = *state;
	struct artefact_file f = file(false);
	char first[64], second[64];
	struct errmsg e;

	assert_int_equal(firmware_install(w->fw, &f, &e), ERR_AGAIN);
	ticket(w, first);
	say(w, first, "refused", "it was not healthy");
	turn(w);
	assert_int_equal(w->settled, 1);
	assert_int_not_equal(w->rc, 0);
	assert_string_equal(w->sentence, "it was not healthy");
	/* the same file, another order: the old answer is not its answer */
	w->settled = 0;
	assert_int_equal(firmware_install(w->fw, &f, &e), ERR_AGAIN);
	ticket(w, second);
	assert_string_not_equal(first, second);
	turn(w);
	assert_int_equal(w->settled, 0);
	say(w, second, "good", "");
	turn(w);
	assert_int_equal(w->rc, 0);
}

static void odd_answers_change_nothing(void **state)
{
	struct world *w = *state;
	struct artefact_file f = file(true);
	char own[64];
	struct errmsg e;

	assert_int_equal(firmware_install(w->fw, &f, &e), ERR_AGAIN);
	ticket(w, own);
	assert_int_equal(file_write(w->answer, SLICE_STR("{\"ticket\": 7"), 0644, NULL), 0);
	turn(w);
	say(w, "", "good", "");
	turn(w);
	say(w, "00000000000000000000000000000000", "good", "");
	turn(w);
	say(w, own, "odd", "");
	turn(w);
	assert_int_equal(w->settled, 0);
	say(w, own, "good", "");
	turn(w);
	assert_int_equal(w->settled, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {CASE(good_after_a_start),
					   CASE(refused_with_the_reason_and_ordered_anew),
					   CASE(odd_answers_change_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
