/* What is written verifies; every single changed byte, and every line taken out, put in, moved or
 * cut off, shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/wire/audit.h"
#include "control/wire/file.h"
#include "control/wire/testdir.h"

static char folder[64], path[96];

static int set_up(void **state)
{
	testdir_make(folder);
	snprintf(path, sizeof(path), "%s/audit.log", folder);
	return 0;
}

static int tear_down(void **state)
{
	testdir_remove(folder);
	return 0;
}

static void write_lines(unsigned n)
{
	struct errmsg e = {""};
	struct audit *a = audit_open(path, &e);

	if (!a)
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < n; i++) {
		json_t *detail =
			json_pack("{si ss}", "cut", (int)i, "reason", "x\n\"y\" \xe6\x97\xa5");

		assert_int_equal(audit_append(a, 1774747800000000000 + i, "yamada", "release",
					      detail, 0, &e),
				 0);
		json_decref(detail);
	}
	audit_close(a);
}

static struct slice content(void)
{
	struct slice s;
	struct errmsg e;

	assert_int_equal(file_read(path, 1 << 20, &s, &e), 0);
	return s;
}

static void put(const char *text, size_t n)
{
	struct errmsg e;

	assert_int_equal(file_write(path, SLICE(text, n), 0600, &e), 0);
}

static int verify(struct audit_head *h)
{
	struct errmsg e = {""};

	return audit_verify(path, NULL, h, &e);
}

static void test_whole(void **state)
{
	struct audit_head h;
	struct stat st;
	json_t *list;

	write_lines(3);
	write_lines(2); /* opened again, the chain goes on */
	assert_int_equal(verify(&h), 0);
	assert_int_equal(h.lines, 5);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	list = audit_latest(path, 2, NULL);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "n")), 5);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "n")), 4);
	json_decref(list);
}

static void test_every_byte(void **state)
{
	struct audit_head h;
	struct slice s;
	char *copy;

	write_lines(3);
	s = content();
	copy = malloc(s.len);
	for (size_t i = 0; i < s.len; i++) {
		memcpy(copy, s.data, s.len);
		copy[i] ^= 1;
		put(copy, s.len);
		/* The last newline alone makes a torn line of the last. */
		if (verify(&h) == 0 && h.lines == 3)
			fail_msg("byte %zu can be changed", i);
	}
	free(copy);
	free((void *)(uintptr_t)s.data);
}

static void test_lines(void **state)
{
	struct audit_head h;
	const char *second, *third;
	char *text, *moved;
	struct slice s;

	write_lines(3);
	s = content();
	text = (char *)(uintptr_t)s.data;
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	/* Taken out. */
	put(second, s.len - (size_t)(second - text));
	assert_int_equal(verify(&h), ERR_INVALID);
	assert_int_equal(h.bad, 1);
	/* Moved. */
	assert_true(asprintf(&moved, "%.*s%s%.*s", (int)(second - text), text, third,
			     (int)(third - second), second) > 0);
	put(moved, strlen(moved));
	assert_int_equal(verify(&h), ERR_INVALID);
	assert_int_equal(h.bad, 2);
	free(moved);
	/* Put in. */
	assert_true(asprintf(&moved, "%s{\"n\":4}\n", text) > 0);
	put(moved, strlen(moved));
	assert_int_equal(verify(&h), ERR_INVALID);
	assert_int_equal(h.bad, 4);
	free(moved);
	free(text);
}

/* What the chain alone cannot show, a head that was noted does. */
static void test_cut_off(void **state)
{
	struct audit_head h, noted;
	struct errmsg e = {""};
	char want[128];
	struct slice s;
	char *third;

	write_lines(3);
	assert_int_equal(verify(&noted), 0);
	snprintf(want, sizeof(want), "%llu:%s", (unsigned long long)noted.lines, noted.hash);
	write_lines(1);
	assert_int_equal(audit_verify(path, want, &h, &e), 0);
	s = content();
	third = strchr(strchr((const char *)s.data, '\n') + 1, '\n') + 1;
	put((const char *)s.data, (size_t)(third - (const char *)s.data));
	assert_int_equal(verify(&h), 0);
	assert_int_equal(audit_verify(path, want, &h, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "cut off"));
	assert_int_equal(audit_verify(path, "3:12", &h, &e), ERR_INVALID);
	free((void *)(uintptr_t)s.data);
}

/* At every place that a crash can cut the last line: it goes, the rest stays and goes on. */
static void test_torn(void **state)
{
	struct audit_head h;
	const char *last;
	struct slice s;

	write_lines(2);
	s = content();
	last = strchr((const char *)s.data, '\n') + 1;
	for (const char *end = last; end < (const char *)s.data + s.len; end++) {
		put((const char *)s.data, (size_t)(end - (const char *)s.data));
		write_lines(1);
		assert_int_equal(verify(&h), 0);
		assert_int_equal(h.lines, 2);
	}
	free((void *)(uintptr_t)s.data);
}

static void test_broken_goes_on(void **state)
{
	struct errmsg e = {""};
	struct audit_head h;
	struct audit *a;
	struct slice s;

	write_lines(2);
	s = content();
	((char *)(uintptr_t)s.data)[30] ^= 1;
	put((const char *)s.data, s.len);
	a = audit_open(path, &e);
	assert_non_null(a);
	assert_non_null(strstr(audit_problem(a), "line 1"));
	assert_int_equal(audit_append(a, 1, "a", "b", NULL, 0, &e), 0);
	audit_close(a);
	assert_int_equal(verify(&h), ERR_INVALID);
	assert_int_equal(h.bad, 1);
	free((void *)(uintptr_t)s.data);
}

static void test_seq(void **state)
{
	struct errmsg e = {""};
	struct audit *a = audit_open(path, &e);
	char *big = malloc(AUDIT_LINE_MAX);
	json_t *detail;

	assert_int_equal(audit_append(a, 1, "a", "b", NULL, 7, &e), 0);
	assert_int_equal(audit_append(a, 1, "a", "b", NULL, 7, &e), ERR_EXISTS);
	audit_close(a);
	a = audit_open(path, &e);
	assert_int_equal(audit_append(a, 1, "a", "b", NULL, 7, &e), ERR_EXISTS);
	assert_int_equal(audit_append(a, 1, "a", "b", NULL, 8, &e), 0);
	memset(big, 'x', AUDIT_LINE_MAX - 1);
	big[AUDIT_LINE_MAX - 1] = 0;
	detail = json_pack("{ss}", "text", big);
	assert_int_equal(audit_append(a, 1, "a", "b", detail, 9, &e), ERR_LIMIT);
	/* Names of strangers are mended, not refused. */
	assert_int_equal(audit_append(a, 1, "\xff\n", "b", NULL, 9, &e), 0);
	json_decref(detail);
	free(big);
	audit_close(a);
	assert_null(audit_open("/nowhere/audit.log", &e));
	assert_non_null(strstr(e.text, "/nowhere"));
}

/* A large log goes on in a new file: both verify, the second follows the first, and a kill between
 * the two renames loses nothing. */
static void test_rotation(void **state)
{
	struct errmsg e = {""};
	struct audit_head before, after;
	char old[128], fresh[128], want[96];
	struct audit *a;

	write_lines(5);
	a = audit_open(path, &e);
	assert_non_null(a);
	assert_int_equal(audit_rotate(a, 1, 1 << 20, &e), 0);
	assert_int_equal(audit_append(a, 2, "yamada", "cut", NULL, 7, &e), 0);
	audit_get_head(a, &before);
	assert_int_equal(audit_rotate(a, 3, 100, &e), 0);
	snprintf(old, sizeof(old), "%s.000000000006", path);
	assert_int_equal(audit_verify(old, NULL, &after, &e), 0);
	assert_string_equal(after.hash, before.hash);
	assert_int_equal(audit_append(a, 4, "yamada", "release", NULL, 8, &e), 0);
	assert_int_equal(audit_append(a, 4, "yamada", "release", NULL, 7, &e), ERR_EXISTS);
	audit_get_head(a, &after);
	assert_int_equal(after.lines, 8);
	audit_close(a);
	snprintf(want, sizeof(want), "%llu:%s", (unsigned long long)after.lines, after.hash);
	assert_int_equal(audit_verify(path, want, &after, &e), 0);
	/* Killed before the second rename. */
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	assert_int_equal(rename(path, fresh), 0);
	a = audit_open(path, &e);
	assert_non_null(a);
	assert_null(audit_problem(a));
	audit_get_head(a, &after);
	assert_int_equal(after.lines, 8);
	assert_int_equal(after.seq, 8);
	audit_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_seq, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
