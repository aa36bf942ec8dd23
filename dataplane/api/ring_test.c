#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/api/ring.h"

static char folder[64], path[96];

static int set_up(void **state)
{
	snprintf(folder, sizeof(folder), "/dev/shm/banken-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/ring", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static struct ring *create(uint64_t size)
{
	struct errmsg e = {0};
	struct ring *r = ring_create(path, size, &e);

	if (!r)
		fail_msg("%s", e.text);
	return r;
}

static struct ring_reader *open_reader(void)
{
	struct errmsg e = {0};
	struct ring_reader *r = ring_reader_open(path, &e);

	if (!r)
		fail_msg("%s", e.text);
	return r;
}

/* A record of `len` bytes that carries its number everywhere. */
static bool put(struct ring *r, uint64_t number, uint32_t len)
{
	uint64_t *p = ring_reserve(r, len);

	if (!p)
		return false;
	for (uint32_t i = 0; i < len / 8; i++)
		p[i] = number;
	ring_commit(r, len);
	return true;
}

/* The next record's number; its content is checked. -1: none. */
static int64_t next(struct ring_reader *r)
{
	static uint64_t buf[RECORD_MAX / 8];
	struct errmsg e = {0};
	long n = ring_next(r, buf, &e);

	if (n < 0)
		fail_msg("%s", e.text);
	for (long i = 1; i < n / 8; i++)
		assert_true(buf[i] == buf[0]);
	return n ? (int64_t)buf[0] : -1;
}

static void records_come_in_order_through_every_wrap(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	uint64_t sent = 0, got = 0;

	for (int round = 0; round < 2000; round++) {
		while (put(w, sent, 8 + (uint32_t)(sent * 1016 % 5000) / 8 * 8))
			sent++;
		for (int64_t n; (n = next(r)) >= 0; got++)
			assert_true((uint64_t)n == got);
		ring_release(r);
	}
	assert_true(sent == got && sent > 50000);
	ring_reader_close(r);
	ring_close(w);
}

static void a_full_ring_counts_and_goes_on(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	struct ring_info info;
	uint64_t sent = 0;

	while (put(w, sent, 1024))
		sent++;
	assert_false(put(w, 9999, 1024));
	assert_false(ring_put(w, SLICE(folder, RECORD_MAX + 8)));
	ring_reader_info(r, &info);
	assert_int_equal(info.written, sent);
	assert_int_equal(info.lost, 3);
	assert_true(info.fill <= info.size && info.fill > info.size - 1032);
	for (uint64_t i = 0; i < sent; i++)
		assert_int_equal(next(r), i);
	assert_int_equal(next(r), -1);
	/* Read but not released: still no room. */
	assert_false(put(w, 9999, 1024));
	ring_release(r);
	assert_true(put(w, 5, 1024));
	assert_int_equal(next(r), 5);
	ring_reader_close(r);
	ring_close(w);
}

static void a_forgotten_reservation_is_not_seen(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();

	assert_non_null(ring_reserve(w, 4000));
	ring_commit(w, 0);
	assert_non_null(ring_reserve(w, 64));
	ring_commit(w, 72); /* more than was reserved: our mistake, not published */
	assert_true(put(w, 7, 64));
	assert_int_equal(next(r), 7);
	assert_int_equal(next(r), -1);
	ring_reader_close(r);
	ring_close(w);
}

static void a_killed_consumer_finds_what_it_had_not_released(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	uint64_t birth = ring_birth(r), stored;

	for (uint64_t i = 0; i < 10; i++)
		put(w, i, 64);
	for (int i = 0; i < 4; i++)
		next(r);
	ring_release(r);
	for (int i = 0; i < 3; i++)
		next(r);
	ring_rewind(r); /* could not be stored */
	for (int i = 4; i < 7; i++)
		assert_int_equal(next(r), i);
	stored = ring_position(r); /* stored elsewhere, but killed before releasing */
	ring_reader_close(r);
	r = open_reader();
	assert_true(ring_birth(r) == birth);
	assert_int_equal(next(r), 4);
	ring_reader_close(r);
	r = open_reader();
	ring_skip_to(r, stored);
	assert_int_equal(next(r), 7);
	ring_skip_to(r, stored - 64);	     /* backwards: ignored */
	ring_skip_to(r, stored + (1 << 20)); /* beyond what is there: ignored */
	assert_int_equal(next(r), 8);
	ring_reader_close(r);
	ring_close(w);
}

static void a_restarted_producer_goes_on_in_the_same_file(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	struct ring_info before, after;

	put(w, 1, 64);
	ring_reader_info(r, &before);
	ring_close(w);
	w = create(1 << 20); /* another size is taken only when nothing waits */
	put(w, 2, 64);
	ring_reader_info(r, &after);
	assert_true(after.generation != before.generation);
	assert_int_equal(after.size, before.size);
	assert_int_equal(next(r), 1);
	assert_int_equal(next(r), 2);
	assert_false(ring_replaced(r));
	ring_release(r);
	ring_close(w);
	w = create(1 << 20);
	assert_true(ring_replaced(r));
	assert_int_equal(next(r), -1);
	ring_reader_close(r);
	r = open_reader();
	ring_reader_info(r, &after);
	assert_int_equal(after.size, 1 << 20);
	ring_reader_close(r);
	ring_close(w);
}

static void each_side_is_taken_once(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	struct errmsg e = {0};

	assert_null(ring_create(path, 0, &e));
	assert_non_null(strstr(e.text, "is in use by another running process"));
	assert_null(ring_reader_open(path, &e));
	assert_non_null(strstr(e.text, "is in use by another running process"));
	ring_reader_close(r);
	ring_close(w);
}

static void what_is_no_ring_has_a_sentence(void **state)
{
	struct errmsg e = {0};
	FILE *f;

	assert_null(ring_reader_open(path, &e));
	assert_non_null(strstr(e.text, "cannot be opened: No such file"));
	f = fopen(path, "w");
	fputs("hello", f);
	fclose(f);
	assert_null(ring_reader_open(path, &e));
	assert_non_null(strstr(e.text, "is no ring"));
	/* A producer replaces it. */
	ring_close(create(0));
	ring_reader_close(open_reader());
	assert_int_equal(truncate(path, 140000), 0);
	assert_null(ring_reader_open(path, &e));
	assert_non_null(strstr(e.text, "is no ring"));
}

/* Writes 8 bytes into the file behind the back of both. */
static void scribble(long offset, uint64_t value)
{
	int fd = open(path, O_RDWR);

	assert_int_equal(pwrite(fd, &value, 8, offset), 8);
	close(fd);
}

static void nonsense_of_the_producer_is_skipped(void **state)
{
	static const uint64_t prefixes[] = {
		0,
		0x4b52414d00000000ULL,
		0x4b52414d00000007ULL,
		0x4b52414d00020000ULL,
		0x4b52414dffffffffULL,
		0x4b52414d00001000ULL,
		0xffffffff00000040ULL,
	};
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	struct errmsg e = {0};
	uint8_t buf[RECORD_MAX];
	uint64_t damaged = 0;
	struct ring_info info;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		long at = 2 * 65536 + (long)(ring_position(r) & (RING_SIZE_MIN - 1));

		put(w, 1, 64);
		scribble(at, prefixes[i]);
		assert_int_equal(ring_next(r, buf, &e), ERR_INVALID);
		assert_non_null(strstr(e.text, "a record's length makes no sense"));
		put(w, 2, 64);
		assert_int_equal(next(r), 2);
		ring_release(r);
		damaged++;
	}
	/* Its cursor: backwards, far ahead, odd. */
	uint64_t head = ring_position(r);

	for (int i = 0; i < 3; i++) {
		uint64_t wild[] = {head - 8, head + (1 << 30), head + 4};

		scribble(64, wild[i]);
		assert_int_equal(ring_next(r, buf, &e), ERR_INVALID);
		assert_non_null(strstr(e.text, "its cursors make no sense"));
		damaged++;
		scribble(64, ring_position(r));
		assert_int_equal(ring_next(r, buf, &e), 0);
		ring_skip_to(r, 0);
		head = ring_position(r);
	}
	ring_reader_info(r, &info);
	assert_int_equal(info.damaged, damaged);
	ring_reader_close(r);
	ring_close(w);
}

static void nonsense_of_the_consumer_only_costs_records(void **state)
{
	struct ring *w = create(0);
	struct ring_reader *r = open_reader();
	struct ring_info info;

	scribble(65536, 1 << 20);   /* a cursor ahead of everything */
	assert_true(put(w, 1, 64)); /* what was known before still serves */
	for (int i = 0; i < 10000; i++)
		put(w, 2, 64);
	ring_reader_info(r, &info);
	assert_true(info.lost > 0);
	assert_true(info.written <= RING_SIZE_MIN / 72);
	ring_reader_close(r);
	ring_close(w);
}

struct race {
	struct ring *w;
	uint64_t n;
};

static void *produce(void *arg)
{
	struct race *race = arg;

	for (uint64_t i = 0; i < race->n;) {
		if (put(race->w, i, 8 + (uint32_t)(i % 300) * 8))
			i++;
	}
	return NULL;
}

static void both_at_once(void **state)
{
	struct race race = {create(0), 300000};
	struct ring_reader *r = open_reader();
	uint64_t got = 0;
	pthread_t t;

	pthread_create(&t, NULL, produce, &race);
	while (got < race.n) {
		int64_t n = next(r);

		if (n < 0) {
			ring_release(r);
			continue;
		}
		assert_true((uint64_t)n == got);
		if (++got % 16 == 0)
			ring_release(r);
	}
	pthread_join(t, NULL);
	ring_reader_close(r);
	ring_close(race.w);
}

/* A producer that is killed while it writes leaves whole records only. */
static void a_killed_producer_leaves_whole_records(void **state)
{
	for (int round = 0; round < 20; round++) {
		struct ring_reader *r;
		pid_t pid = fork();
		int64_t last = -1;

		if (pid == 0) {
			struct ring *w = ring_create(path, 0, NULL);

			for (uint64_t i = 0; w && i < UINT64_MAX; i++)
				put(w, i, 8 + (uint32_t)(i % 500) * 8);
		}
		usleep(3000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ring_close(create(0)); /* makes sure that there is a ring */
		r = open_reader();
		for (int64_t n; (n = next(r)) >= 0; last = n)
			assert_true(n > last);
		ring_release(r);
		ring_reader_close(r);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_come_in_order_through_every_wrap),
		TEST(a_full_ring_counts_and_goes_on),
		TEST(a_forgotten_reservation_is_not_seen),
		TEST(a_killed_consumer_finds_what_it_had_not_released),
		TEST(a_restarted_producer_goes_on_in_the_same_file),
		TEST(each_side_is_taken_once),
		TEST(what_is_no_ring_has_a_sentence),
		TEST(nonsense_of_the_producer_is_skipped),
		TEST(nonsense_of_the_consumer_only_costs_records),
		TEST(both_at_once),
		TEST(a_killed_producer_leaves_whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
