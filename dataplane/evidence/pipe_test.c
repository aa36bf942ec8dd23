#include "dataplane/evidence/pipe.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static bool put(struct pipe *p, uint32_t tag, const char *a, const char *b, size_t spare)
{
	const struct slice parts[3] = {slice_of(a), slice_of(b)};

	return pipe_put(p, 7, tag, parts, spare);
}

static void parts_make_one_message(void **state)
{
	struct pipe *p = pipe_new(0);
	struct pipe_message m;

	assert_false(pipe_next(p, &m));
	assert_true(put(p, 1, "ab", "cde", 0));
	assert_true(put(p, 2, "", "", 0));
	assert_true(pipe_next(p, &m));
	assert_int_equal(m.kind, 7);
	assert_int_equal(m.tag, 1);
	assert_int_equal(m.bytes.len, 5);
	assert_memory_equal(m.bytes.data, "abcde", 5);
	assert_int_equal((uintptr_t)m.bytes.data % 8, 0);
	pipe_release(p);
	assert_true(pipe_next(p, &m));
	assert_int_equal(m.bytes.len, 0);
	pipe_release(p);
	assert_false(pipe_next(p, &m));
	pipe_delete(p);
}

static void a_full_pipe_refuses(void **state)
{
	struct pipe *p = pipe_new(0);
	static char text[1001];
	struct pipe_message m;
	unsigned n = 0;

	memset(text, 'x', 1000);
	while (put(p, n, text, "", 2000))
		n++;
	assert_in_range(n, PIPE_SIZE_MIN / 1024 - 4, PIPE_SIZE_MIN / 1016);
	assert_true(put(p, n, text, "", 0)); /* what was spared */
	assert_true(pipe_next(p, &m));
	assert_false(put(p, n, text, text, 1000)); /* not released yet */
	pipe_release(p);
	assert_true(put(p, n, text, "", 0));
	pipe_delete(p);
}

static void the_largest_is_a_quarter(void **state)
{
	struct pipe *p = pipe_new(0);
	size_t n = pipe_largest(p);
	uint8_t *bytes = calloc(1, n + 1);
	const struct slice fits[3] = {SLICE(bytes, n)}, not [3] = {SLICE(bytes, n + 1)};
	struct pipe_message m;

	for (unsigned i = 0; i < 100; i++) {
		assert_true(pipe_put(p, 0, i, fits, 0));
		assert_false(pipe_put(p, 0, i, not, 0));
		assert_true(pipe_next(p, &m));
		assert_int_equal(m.tag, i);
		assert_int_equal(m.bytes.len, n);
		pipe_release(p);
	}
	free(bytes);
	pipe_delete(p);
}

enum { MESSAGES = 200000 };

static void *producer(void *ctx)
{
	static const uint8_t bytes[3000];
	uint32_t rnd = 1;

	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct slice parts[3] = {SLICE((uint8_t *)&i, 4)};

		rnd = rnd * 1103515245 + 12345;
		parts[1] = SLICE(bytes, rnd >> 8 & (rnd & 64 ? 2047 : 63));
		while (!pipe_put(ctx, i & 3, i, parts, 0))
			sched_yield();
	}
	return NULL;
}

static void two_threads(void **state)
{
	struct pipe *p = pipe_new(0);
	struct pipe_message m;
	pthread_t thread;
	uint32_t i = 0, value;

	assert_int_equal(pthread_create(&thread, NULL, producer, p), 0);
	while (i < MESSAGES) {
		if (!pipe_next(p, &m)) {
			sched_yield();
			continue;
		}
		memcpy(&value, m.bytes.data, 4);
		if (m.tag != i || m.kind != (i & 3) || value != i)
			fail_msg("message %u", i);
		pipe_release(p);
		i++;
	}
	pthread_join(thread, NULL);
	assert_false(pipe_next(p, &m));
	pipe_delete(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_make_one_message),
		cmocka_unit_test(a_full_pipe_refuses),
		cmocka_unit_test(the_largest_is_a_quarter),
		cmocka_unit_test(two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
