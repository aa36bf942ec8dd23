/* Files joined of parts: what may come in any order, at once, never, or too much of it. */
#include "dataplane/app/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "dataplane/base/clock.h"
#include "dataplane/files/digest.h"

const struct app_proto *const app_protocols[] = {NULL};

enum { TEXT = 100 };

struct rig {
	struct slab *slab;
	struct app_worker *w;
	struct app_flow_full flow;
	struct app_call c;
	struct app_tx tx;
	uint8_t text[TEXT];
};

static void rig_new(struct rig *r, const struct app_config *config)
{
	*r = (struct rig){.slab = slab_new(64 << 20)};
	r->w = app_worker_new(config, r->slab, NULL);
	assert_non_null(r->w);
	r->c = (struct app_call){.w = r->w, .a = &r->flow};
	r->c.io.slab = r->slab;
	r->c.io.limits = &r->w->config.limits;
	r->c.io.now_ns = NS_PER_SEC;
	for (unsigned i = 0; i < TEXT; i++)
		r->text[i] = (uint8_t)('a' + i % 26);
}

static void free_files(struct rig *r)
{
	while (r->tx.files[DIR_TC]) {
		struct app_file *f = r->tx.files[DIR_TC];

		r->tx.files[DIR_TC] = f->next;
		app_file_free(&r->c.io, f);
	}
}

static void rig_done(struct rig *r)
{
	free_files(r);
	app_worker_delete(r->w);
	assert_int_equal(slab_used(r->slab), 0);
	slab_delete(r->slab);
}

static struct app_config defaults(void)
{
	struct app_config config = app_config_default;

	config.naming = false;
	config.limits.file_wanted = APP_FILE_SHA256;
	return config;
}

static struct app_part *part(struct rig *r, const char *name, uint64_t first, uint64_t last,
			     uint64_t size)
{
	struct app_part_place place = {{SLICE_LIT("host"), SLICE_STR(name)}, first, last, size};

	return app_part_open(&r->c.io, &place);
}

static void give(struct rig *r, struct app_part *p, unsigned from, unsigned to)
{
	app_part_data(&r->c.io, p, SLICE(r->text + from, to - from));
}

static void end(struct rig *r, struct app_part *p)
{
	app_part_close(&r->c.io, p, &r->tx, DIR_TC, false);
}

static void whole_part(struct rig *r, const char *name, unsigned first, unsigned last)
{
	struct app_part *p = part(r, name, first, last, TEXT);

	give(r, p, first, last + 1);
	end(r, p);
}

/* The whole was made, and is the text. */
static void assert_whole(struct rig *r)
{
	struct app_file *f = r->tx.files[DIR_TC];
	struct digest digest;
	uint8_t sha256[32], none[32];

	assert_non_null(f);
	assert_null(f->next);
	assert_int_equal(f->state, APP_FILE_CLOSED);
	assert_int_equal(f->size, TEXT);
	digest_init(&digest, DIGEST_SHA256);
	digest_update(&digest, SLICE(r->text, TEXT));
	digest_finish(&digest, none, none, sha256);
	assert_memory_equal(f->sha256, sha256, sizeof(sha256));
	free_files(r);
}

/* Any order of five parts, cut where they overlap or meet. */
static void any_order(void **state)
{
	static const unsigned cuts[][5][2] = {
		{{0, 19}, {20, 39}, {40, 59}, {60, 79}, {80, 99}},
		{{0, 30}, {20, 50}, {40, 70}, {60, 90}, {80, 99}},
		{{0, 99}, {0, 50}, {50, 99}, {10, 20}, {98, 99}},
		{{0, 1}, {1, 60}, {2, 98}, {3, 98}, {97, 99}},
	};
	struct app_config config = defaults();
	struct rig r;

	rig_new(&r, &config);
	for (unsigned c = 0; c < ARRAY_SIZE(cuts); c++) {
		for (unsigned n = 0; n < 5 * 4 * 3 * 2; n++) {
			unsigned left[5] = {0, 1, 2, 3, 4}, code = n;
			char name[16];

			snprintf(name, sizeof(name), "/%u-%u", c, n);
			for (unsigned count = 5; count > 0; count--) {
				unsigned pick = code % count, k = left[pick];

				code /= count;
				left[pick] = left[count - 1];
				whole_part(&r, name, cuts[c][k][0], cuts[c][k][1]);
			}
			assert_whole(&r);
		}
	}
	rig_done(&r);
}

/* Two parts under way at once, the same bytes in both. */
static void at_once(void **state)
{
	struct app_config config = defaults();
	struct app_part *a, *b;
	struct rig r;

	rig_new(&r, &config);
	a = part(&r, "/x", 0, 59, TEXT);
	b = part(&r, "/x", 0, 99, TEXT);
	give(&r, a, 0, 10);
	give(&r, b, 0, 100);
	end(&r, b);
	assert_null(r.tx.files[DIR_TC]);
	give(&r, a, 10, 60);
	end(&r, a);
	assert_whole(&r);
	/* What is complete is not made again. */
	whole_part(&r, "/x", 0, 50);
	assert_null(r.tx.files[DIR_TC]);
	rig_done(&r);
}

/* A transaction goes while its part is open; a later part goes on from there. */
static void dropped(void **state)
{
	struct app_config config = defaults();
	struct app_part *a;
	struct rig r;

	rig_new(&r, &config);
	a = part(&r, "/x", 0, 59, TEXT);
	give(&r, a, 0, 30);
	app_part_close(&r.c.io, a, NULL, DIR_TC, true);
	whole_part(&r, "/x", 20, 99);
	assert_whole(&r);
	rig_done(&r);
}

static void expires(void **state)
{
	struct app_config config = defaults();
	struct app_part *a;
	struct rig r;

	config.limits.part_seconds = 10;
	rig_new(&r, &config);
	whole_part(&r, "/x", 0, 49);
	r.c.io.now_ns += 9 * NS_PER_SEC;
	whole_part(&r, "/x", 50, 59); /* lives on for ten seconds */
	r.c.io.now_ns += 9 * NS_PER_SEC;
	a = part(&r, "/x", 60, 99, TEXT);
	r.c.io.now_ns += 60 * NS_PER_SEC; /* in use */
	whole_part(&r, "/y", 0, 9);
	give(&r, a, 60, 100);
	end(&r, a);
	assert_whole(&r);
	r.c.io.now_ns += 60 * NS_PER_SEC;
	whole_part(&r, "/z", 0, 9);
	assert_int_equal(r.w->counts[APP_COUNT_PARTS_EXPIRED], 1); /* y; x was complete */
	whole_part(&r, "/y", 10, 99);
	assert_null(r.tx.files[DIR_TC]);
	rig_done(&r);
}

/* What waits has a cap; at it the part is lost, not the file. */
static void memory(void **state)
{
	struct app_config config = defaults();
	uint8_t big[5000] = {0};
	struct app_part *a;
	struct rig r;

	config.limits.part_memory = 8192;
	rig_new(&r, &config);
	a = part(&r, "/x", 5000, 14999, 15000);
	app_part_data(&r.c.io, a, SLICE(big, sizeof(big)));
	app_part_data(&r.c.io, a, SLICE(big, sizeof(big)));
	assert_int_equal(r.w->counts[APP_COUNT_PARTS_REFUSED], 1);
	app_part_data(&r.c.io, a, SLICE(big, sizeof(big)));
	end(&r, a);
	a = part(&r, "/x", 0, 14999, 15000);
	for (unsigned i = 0; i < 3; i++)
		app_part_data(&r.c.io, a, SLICE(big, sizeof(big)));
	end(&r, a);
	assert_non_null(r.tx.files[DIR_TC]);
	assert_int_equal(r.tx.files[DIR_TC]->size, 15000);
	rig_done(&r);
}

/* Files without end: the oldest goes, also one that a part has in its hands. */
static void many(void **state)
{
	struct app_config config = defaults();
	struct app_part *held;
	struct rig r;

	rig_new(&r, &config);
	held = part(&r, "/held", 0, 59, TEXT);
	give(&r, held, 0, 10);
	for (unsigned i = 0; i < LIMIT_APP_JOINTS + 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/%u", i);
		whole_part(&r, name, 50, 59);
	}
	assert_int_equal(r.w->counts[APP_COUNT_PARTS_OLDEST], 11);
	give(&r, held, 10, 60);
	end(&r, held);
	assert_null(r.tx.files[DIR_TC]);
	/* And parts of one without end. */
	for (unsigned i = 0; i < LIMIT_APP_JOINT_PARTS + 10; i++) {
		struct app_part *p = part(&r, "/y", 2 * i + 2, 2 * i + 2, 1 << 20);

		give(&r, p, 0, 1);
		end(&r, p);
	}
	assert_int_equal(r.w->counts[APP_COUNT_PARTS_REFUSED], 10);
	rig_done(&r);
}

/* A hole stays one in the whole. */
static void holes(void **state)
{
	struct app_config config = defaults();
	struct app_part *a;
	struct rig r;

	rig_new(&r, &config);
	a = part(&r, "/x", 50, 99, TEXT);
	give(&r, a, 50, 60);
	app_part_data(&r.c.io, a, SLICE(NULL, 10));
	give(&r, a, 70, 100);
	end(&r, a);
	whole_part(&r, "/x", 0, 49);
	assert_non_null(r.tx.files[DIR_TC]);
	assert_true(r.tx.files[DIR_TC]->gaps);
	assert_int_equal(r.tx.files[DIR_TC]->size, TEXT);
	assert_int_equal(r.tx.files[DIR_TC]->state, APP_FILE_TRUNCATED);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order), cmocka_unit_test(at_once), cmocka_unit_test(dropped),
		cmocka_unit_test(expires),   cmocka_unit_test(memory),	cmocka_unit_test(many),
		cmocka_unit_test(holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
