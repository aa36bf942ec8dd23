#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/text/chunks.h"

static const struct app_proto none = {.name = "none", .complete = {1, 1}};

struct fixture {
	struct harness *h;
	struct chunks c;
};

static struct fixture begin(void)
{
	struct fixture f = {.h = harness_new(&none, APP_TCP, 1)};
	struct app_tx *tx = app_tx_new(&f.h->io, sizeof(struct app_tx));

	f.c.file = app_file_open(&f.h->io, tx, DIR_TS, SLICE_LIT("name"));
	return f;
}

static void end(struct fixture *f)
{
	chunks_free(&f->h->io, &f->c);
	harness_delete(f->h);
}

/* "2:cd" = two bytes at offset 2; a '!' in front: the last one. */
static void piece(struct fixture *f, const char *text)
{
	bool last = *text == '!';
	uint64_t offset = (uint64_t)(text[last] - '0');
	struct slice data = slice_of(text + last + 2);

	chunks_begin(&f->h->io, &f->c, offset, data.len, last);
	chunks_data(&f->h->io, &f->c, data);
}

static void any_order(void **state)
{
	static const struct {
		const char *pieces[5], *bytes;
		enum app_file_state state;
	} table[] = {
		{{"0:ab", "2:cd", "!4:ef"}, "abcdef", APP_FILE_CLOSED},
		{{"0:ab", "4:ef", "2:cd", "!6:gh"}, "abcdefgh", APP_FILE_CLOSED},
		{{"4:ef", "2:cd", "0:ab", "!6:gh"}, "abcdefgh", APP_FILE_CLOSED},
		/* Seen twice: once is enough. */
		{{"0:ab", "0:xx", "!2:cd"}, "abcd", APP_FILE_CLOSED},
		{{"0:ab", "4:ef", "4:xx", "2:cd", "!6:"}, "abcdef", APP_FILE_CLOSED},
		/* Bytes before the last piece never came. */
		{{"0:ab", "!4:ef"}, "ab", APP_FILE_TRUNCATED},
		{{"0:ab", "4:ef"}, "ab", APP_FILE_OPEN},
		{{"!0:"}, "", APP_FILE_CLOSED},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct fixture f = begin();

		for (unsigned k = 0; k < ARRAY_SIZE(table[i].pieces) && table[i].pieces[k]; k++)
			piece(&f, table[i].pieces[k]);
		assert_int_equal(f.c.file->state, table[i].state);
		assert_int_equal(f.c.file->window_len, strlen(table[i].bytes));
		if (f.c.file->window_len > 0)
			assert_memory_equal(f.c.file->window, table[i].bytes,
					    strlen(table[i].bytes));
		end(&f);
	}
}

static void in_parts(void **state)
{
	struct fixture f = begin();

	chunks_begin(&f.h->io, &f.c, 4, 4, false);
	chunks_data(&f.h->io, &f.c, SLICE_LIT("e"));
	chunks_data(&f.h->io, &f.c, SLICE_LIT("fghXX"));
	chunks_begin(&f.h->io, &f.c, 0, 4, false);
	chunks_data(&f.h->io, &f.c, SLICE_LIT("ab"));
	assert_int_equal(f.c.file->size, 2);
	chunks_data(&f.h->io, &f.c, SLICE_LIT("cd"));
	assert_int_equal(f.c.file->size, 8);
	assert_memory_equal(f.c.file->window, "abcdefgh", 8);
	/* One begins before the other is whole. */
	chunks_begin(&f.h->io, &f.c, 8, 4, false);
	chunks_begin(&f.h->io, &f.c, 8, 4, false);
	assert_true(f.c.done);
	assert_int_equal(f.c.file->state, APP_FILE_TRUNCATED);
	end(&f);
}

static void gaps(void **state)
{
	struct fixture f = begin();

	chunks_begin(&f.h->io, &f.c, 2, 6, false);
	chunks_data(&f.h->io, &f.c, SLICE_LIT("cd"));
	chunks_gap(&f.h->io, &f.c, 2);
	chunks_data(&f.h->io, &f.c, SLICE_LIT("gh"));
	chunks_begin(&f.h->io, &f.c, 0, 2, false);
	chunks_gap(&f.h->io, &f.c, 100);
	assert_int_equal(f.c.tracked, 8);
	assert_int_equal(f.c.file->size, 8);
	assert_true(f.c.file->gaps);
	chunks_close(&f.h->io, &f.c, false);
	end(&f);
}

/* What waits is bounded, and then the file ends. */
static void bounds(void **state)
{
	struct fixture f = begin();
	static uint8_t many[1 << 16];

	for (unsigned i = 1; !f.c.done && i < 1000; i++) {
		chunks_begin(&f.h->io, &f.c, (uint64_t)i * 10, 1, false);
		chunks_data(&f.h->io, &f.c, SLICE_LIT("x"));
		assert_true(f.c.waiting_count <= CHUNKS_WAITING);
	}
	assert_true(f.c.done);
	end(&f);
	f = begin();
	chunks_begin(&f.h->io, &f.c, 1, 1ULL << 40, false);
	for (unsigned i = 0; !f.c.done && i < 1000; i++) {
		chunks_data(&f.h->io, &f.c, SLICE(many, sizeof(many)));
		assert_true(f.c.waiting_bytes <= CHUNKS_WAITING_BYTES);
	}
	assert_true(f.c.done);
	assert_int_equal(f.c.waiting_bytes, 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(in_parts),
		cmocka_unit_test(gaps),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
