#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/evidence/tape.h"

enum { FRAMES = 60000, LEN = 900 };

static void put(struct tape *t, uint64_t number, uint32_t len, bool encrypted)
{
	static uint8_t bytes[TAPE_FRAME * 2];
	uint64_t flows[2] = {number % 7 + 1, 0}, hosts[2] = {1, 2};
	struct packet p = {.frame = bytes,
			   .frame_len = len,
			   .wire_len = len,
			   .now_ns = number * 1000,
			   .number = number,
			   .link_type = 1};

	memset(bytes, (int)(number & 0xff), len);
	tape_put(t, &p, flows, hosts, encrypted);
}

/* Every frame read is whole and they come in order; returns how many. */
static unsigned read_all(const struct tape *t, uint64_t from_ns, uint64_t *ret_first,
			 uint64_t *ret_last)
{
	uint8_t *scratch = malloc(TAPE_SEGMENT);
	struct tape_reader r;
	struct slice run, bytes;
	unsigned n = 0;

	tape_read_begin(&r, t, from_ns, scratch);
	while (tape_read_segment(&r, &run)) {
		const struct tape_frame *f;

		while ((f = tape_next(&run, &bytes))) {
			assert_true(n == 0 || f->number > *ret_last);
			if (n++ == 0)
				*ret_first = f->number;
			*ret_last = f->number;
			for (size_t i = 0; i < bytes.len; i += 97)
				assert_int_equal(bytes.data[i], f->number & 0xff);
			assert_int_equal(f->flow[0], f->number % 7 + 1);
		}
		assert_int_equal(run.len, 0);
	}
	free(scratch);
	return n;
}

static void the_last_frames(void **state)
{
	struct tape *t = tape_new(4 * TAPE_SEGMENT, 256);
	uint64_t first = 0, last = 0;
	unsigned n;

	assert_int_equal(read_all(t, 0, &first, &last), 0);
	for (uint64_t i = 1; i <= 5000; i++)
		put(t, i, LEN, false);
	n = read_all(t, 0, &first, &last);
	assert_int_equal(last, 5000);
	assert_int_equal(n, last - first + 1);
	assert_true(n > 3 * TAPE_SEGMENT / (LEN + 72) && n < 4 * TAPE_SEGMENT / LEN);
	/* From a time on: whole segments before it are left out. */
	n = read_all(t, 4990 * 1000, &first, &last);
	assert_true(first <= 4990 && n < 600);
	tape_delete(t);
}

static void long_and_encrypted_frames(void **state)
{
	struct tape *t = tape_new(0, 256);
	uint64_t first = 0, last = 0;

	put(t, 1, TAPE_FRAME + 100, false);
	put(t, 2, 2000, true);
	put(t, 3, 0, false);
	assert_int_equal(read_all(t, 0, &first, &last), 3);
	assert_int_equal(t->cut, 2);
	tape_delete(t);
}

static void *writer(void *ctx)
{
	for (uint64_t i = 1; i <= FRAMES; i++)
		put(ctx, i, LEN, false);
	return NULL;
}

/* What is read while the writer goes round and round is never torn. */
static void read_while_written(void **state)
{
	struct tape *t = tape_new(4 * TAPE_SEGMENT, 256);
	uint64_t first = 0, last = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, writer, t), 0);
	while (last < FRAMES)
		read_all(t, 0, &first, &last);
	pthread_join(thread, NULL);
	tape_delete(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_frames),
		cmocka_unit_test(long_and_encrypted_frames),
		cmocka_unit_test(read_while_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
