/* A bundle that the centre sent is installed by the helper process and counts once the dataplane
 * says that it runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/sensor/deployed.h"
#include "control/wire/file.h"
#include "control/wire/loop.h"
#include "dataplane/base/clock.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/store.h"

#define RULE "alert tcp any any -> any any (msg:\"r\"; content:\"abcdef\"; sid:1; rev:1;)\n"

struct world {
	char dir[64], keys[96], store[96], lists[96];
	struct loop *loop;
	struct log log;
	struct deployed *d;
	struct helper helper;
	bool runs, right; /* the dataplane runs; and the set in force */
	unsigned asked, settled;
	int rc;
	char sentence[400];
};

static bool runs(void *ctx, uint64_t *ret)
{
	struct world *w = ctx;
	json_t *set;

	w->asked++;
	*ret = 1;
	/* It takes the set at the second look. */
	if (w->right && w->asked > 1 && store_current(w->store, &set, NULL) == ERR_OK) {
		char first[17];

		snprintf(first, sizeof(first), "%.16s",
			 json_string_value(
				 json_object_get(json_object_get(set, "rules"), "content")));
		*ret = strtoull(first, NULL, 16) >> 1;
		json_decref(set);
	}
	return w->runs;
}

static void settled(void *ctx, enum artefact_kind kind, int rc, const char *sentence)
{
	struct world *w = ctx;

	assert_int_equal(kind, ARTEFACT_BUNDLE);
	w->settled++;
	w->rc = rc;
	snprintf(w->sentence, sizeof(w->sentence), "%s", sentence);
}

/* At most 20 seconds. */
static void turn(struct world *w)
{
	for (unsigned i = 0; i < 200 && !w->settled; i++)
		assert_int_equal(loop_once(w->loop, 100), 0);
}

static void set_up(struct world *w)
{
	struct errmsg e = {""};

	*w = (struct world){.log = {"test", LOG_LEVEL_ERROR, 2}};
	snprintf(w->dir, sizeof(w->dir), "/tmp/banken-deployed-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->keys, sizeof(w->keys), "%s/keys", w->dir);
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	snprintf(w->lists, sizeof(w->lists), "%s/lists", w->dir);
	assert_int_equal(bundle_key_make(w->keys, "vendor", &e), ERR_OK);
	assert_int_equal(deployed_helper(w->store, w->keys, w->lists, "", &w->helper, &e), 0);
	w->loop = loop_new(&e);
	assert_non_null(w->loop);
	w->d = deployed_new(&(struct deployed_setup){.loop = w->loop,
						     .log = &w->log,
						     .folder = w->store,
						     .helper = w->helper,
						     .runs = runs,
						     .settled = settled,
						     .ctx = w});
	assert_non_null(w->d);
}

static void tear_down(struct world *w)
{
	deployed_free(w->d);
	helper_stop(&w->helper);
	loop_delete(w->loop);
	disk_remove(w->dir);
}

/* Installs version `version` with that text and waits for the end. */
static void install(struct world *w, uint64_t version, const char *text, bool back)
{
	struct bundle head = {.kind = BUNDLE_SIGNATURES, .version = version, .name = "rules"};
	struct bundle_source s[] = {{.path = "rules/a.rules", .content = SLICE_STR(text)}};
	struct artefact_file f = {.kind = ARTEFACT_BUNDLE, .back = back};
	char key[128], path[128];
	struct slice bytes;
	struct errmsg e = {""};

	snprintf(key, sizeof(key), "%s/vendor.key", w->keys);
	snprintf(path, sizeof(path), "%s/x.bundle", w->dir);
	assert_int_equal(bundle_make(&head, s, 1, key, &bytes, &e), ERR_OK);
	assert_int_equal(file_write(path, bytes, 0644, &e), 0);
	free((void *)bytes.data);
	f.path = path;
	w->settled = w->asked = 0;
	assert_int_equal(deployed_install(w->d, &f, &e), ERR_AGAIN);
	turn(w);
	assert_int_equal(w->settled, 1);
}

static void installs(void **state)
{
	struct world w;
	const char *why;

	(void)state;
	set_up(&w);
	assert_string_equal(deployed_text(w.d), "");
	/* No dataplane: it takes the set when it starts. */
	install(&w, 1, RULE, false);
	assert_int_equal(w.rc, 0);
	assert_string_equal(deployed_text(w.d), "rules 1 (set 1)");
	w.runs = w.right = true;
	install(&w, 2, RULE RULE, false);
	assert_int_equal(w.rc, 0);
	assert_true(w.asked > 1);
	assert_string_equal(deployed_text(w.d), "rules 2 (set 2)");
	/* The same once more, as after a kill. */
	install(&w, 2, RULE RULE, false);
	assert_int_equal(w.rc, 0);
	install(&w, 1, RULE, false);
	assert_int_equal(w.rc, ERR_DENIED);
	assert_non_null(strstr(w.sentence, "not newer"));
	install(&w, 1, RULE, true);
	assert_int_equal(w.rc, 0);
	assert_string_equal(deployed_text(w.d), "rules 1 (set 3)");
	install(&w, 3, "no rule\n", false);
	assert_int_not_equal(w.rc, 0);
	assert_string_equal(deployed_text(w.d), "rules 1 (set 3)");
	assert_null(deployed_trouble(w.d, true, 77, 1));
	assert_null(deployed_trouble(w.d, false, 77, 100 * NS_PER_SEC));
	assert_null(deployed_trouble(w.d, true, 77, 200 * NS_PER_SEC));
	why = deployed_trouble(w.d, true, 77, 300 * NS_PER_SEC);
	assert_non_null(why);
	assert_non_null(strstr(why, "rules 1 (set 3)"));
	tear_down(&w);
}

static void helper_that_ended(void **state)
{
	struct artefact_file f = {.kind = ARTEFACT_BUNDLE, .path = "/nowhere"};
	struct errmsg e = {""};
	struct world w;

	(void)state;
	set_up(&w);
	assert_int_equal(deployed_install(w.d, &f, &e), ERR_AGAIN);
	turn(&w);
	assert_int_equal(w.settled, 1);
	assert_int_not_equal(w.rc, 0);
	assert_true(w.sentence[0]);
	tear_down(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(installs),
					   cmocka_unit_test(helper_that_ended)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
