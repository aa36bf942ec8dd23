#include "dataplane/evidence/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

struct rig {
	char dir[64];
	struct store *store;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void rig_open(struct rig *r, const struct store_limits *limits)
{
	struct errmsg err = {""};

	r->store = store_open(r->dir, limits, &err);
	if (!r->store)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	static struct rig r;

	snprintf(r.dir, sizeof(r.dir), "/tmp/banken-store-%d-XXXXXX", (int)getpid());
	r.store = NULL;
	*state = &r;
	return mkdtemp(r.dir) ? 0 : -1;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	store_close(r->store);
	return nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t count(const struct rig *r, enum store_counter counter)
{
	return store_counters(r->store).values[counter];
}

/* A content of `size` bytes whose digest begins with `name`. */
static bool keep(struct rig *r, uint8_t name, size_t size, uint64_t now_s)
{
	uint8_t sha256[32] = {name}, bytes[4096] = {0};
	struct store_temp t;

	assert_true(store_temp_open(r->store, &t));
	assert_true(store_write(r->store, t.fd, SLICE(bytes, size)));
	return store_keep(r->store, &t, sha256, size, now_s);
}

static bool there(const struct rig *r, uint8_t name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%02x/%02x%062x", r->dir, name, name, 0);
	return access(path, R_OK) == 0;
}

static void a_content_is_kept_once(void **state)
{
	struct rig *r = *state;

	rig_open(r, &(struct store_limits){0});
	assert_true(keep(r, 0xab, 100, 1000));
	assert_true(there(r, 0xab));
	assert_true(keep(r, 0xab, 100, 1001));
	assert_int_equal(count(r, STORE_KEPT), 1);
	assert_int_equal(count(r, STORE_DOUBLE), 1);
	assert_int_equal(store_space_used(r->store), 100);
}

static void space_is_bounded_and_the_oldest_goes(void **state)
{
	struct rig *r = *state;
	uint64_t now_s = (uint64_t)time(NULL) + 100;

	rig_open(r, &(struct store_limits){.space = 1000});
	assert_true(keep(r, 1, 400, now_s));
	assert_true(keep(r, 2, 400, now_s + 1));
	assert_true(keep(r, 3, 400, now_s + 2));
	assert_false(there(r, 1));
	assert_true(there(r, 2));
	assert_true(there(r, 3));
	assert_int_equal(count(r, STORE_REMOVED), 1);
	assert_int_equal(store_space_used(r->store), 800);
	assert_false(keep(r, 4, 1001, now_s + 3));
	assert_int_equal(count(r, STORE_NO_SPACE), 1);
	assert_true(there(r, 2)); /* nothing went for what could not be kept */
}

static void what_is_seen_again_stays(void **state)
{
	struct rig *r = *state;
	struct timespec times[2] = {{.tv_sec = 5000}, {.tv_sec = 5000}};
	char path[256];

	rig_open(r, &(struct store_limits){.space = 1000});
	assert_true(keep(r, 1, 400, 1000));
	assert_true(keep(r, 2, 400, 1001));
	snprintf(path, sizeof(path), "%s/02/02%062x", r->dir, 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	snprintf(path, sizeof(path), "%s/01/01%062x", r->dir, 0);
	times[0].tv_sec = times[1].tv_sec = 6000;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_true(keep(r, 3, 400, 1002));
	assert_false(there(r, 3) && there(r, 1) && there(r, 2));
	assert_true(there(r, 3) || there(r, 1));
	assert_true(store_space_used(r->store) <= 1000);
}

static void large_files_are_refused(void **state)
{
	struct rig *r = *state;

	rig_open(r, &(struct store_limits){.file = 100});
	assert_true(keep(r, 1, 100, 1));
	assert_false(keep(r, 2, 101, 1));
	assert_int_equal(count(r, STORE_TOO_LARGE), 1);
}

static void the_aged_go(void **state)
{
	struct rig *r = *state;
	uint64_t now_s = (uint64_t)time(NULL);

	rig_open(r, &(struct store_limits){.age_s = 10});
	assert_true(keep(r, 1, 10, now_s + 5));
	store_tick(r->store, now_s + 10);
	assert_true(there(r, 1));
	store_tick(r->store, now_s + 100);
	assert_false(there(r, 1));
	assert_int_equal(count(r, STORE_AGED), 1);
	assert_int_equal(store_space_used(r->store), 0);
}

static void a_full_disk_refuses(void **state)
{
	struct rig *r = *state;
	struct store_temp t;

	rig_open(r, &(struct store_limits){.free_bytes = UINT64_MAX / 2});
	assert_true(store_temp_open(r->store, &t));
	assert_false(store_write(r->store, t.fd, SLICE_LIT("x")));
	assert_int_equal(count(r, STORE_NO_SPACE), 1);
	store_temp_drop(r->store, &t);
}

static void stock_is_taken_again(void **state)
{
	struct rig *r = *state;
	const uint8_t sha256[32] = {1};
	char path[256];
	int fd;

	rig_open(r, &(struct store_limits){0});
	assert_true(keep(r, 1, 100, 1));
	assert_true(keep(r, 2, 50, 1));
	store_info(r->store, sha256, 1700000000, 3, SLICE_LIT("{}"));
	snprintf(path, sizeof(path), "%s/tmp/file.77", r->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	store_close(r->store);
	rig_open(r, &(struct store_limits){.space = 120});
	assert_int_equal(store_space_used(r->store), 150);
	assert_int_equal(access(path, F_OK), -1); /* left by a killed process */
	assert_true(keep(r, 3, 110, (uint64_t)time(NULL)));
	assert_false(there(r, 1) || there(r, 2));
	snprintf(path, sizeof(path), "%s/01/01%062x.1700000000.3.json", r->dir, 0);
	assert_int_equal(access(path, F_OK), -1); /* it went with its content */
}

static void a_folder_that_cannot_be_made(void **state)
{
	struct rig *r = *state;
	struct errmsg err = {""};
	char path[256];

	snprintf(path, sizeof(path), "%s/no/such", r->dir);
	assert_null(store_open(path, &(struct store_limits){0}, &err));
	assert_non_null(strstr(err.text, "cannot be made"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_content_is_kept_once, setup, teardown),
		cmocka_unit_test_setup_teardown(space_is_bounded_and_the_oldest_goes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_seen_again_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(large_files_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_aged_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(stock_is_taken_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
