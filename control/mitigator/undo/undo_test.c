/* Lists and archives: written and read back to the same bytes; the hostile ones are refused whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "control/mitigator/undo/zip.h"
#include "control/wire/file.h"
#include "control/wire/testdir.h"

#define NAME "1.2100001-20261122090005.csv"

static int read_list(const char *text, const char *name, struct undo_list *l, struct errmsg *e)
{
	return undo_list_read(slice_of(text), name, l, e);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"",
					  "-20261122090005.csv",
					  "x-20261122090005.CSV",
					  "x-2026112209000.csv",
					  "x-20261322090005.csv",
					  "x-20260230090005.csv",
					  "x-20261122250005.csv",
					  "../x-20261122090005.csv",
					  "/x-20261122090005.csv",
					  "a/x-20261122090005.csv",
					  "a\\x-20261122090005.csv",
					  ".x-20261122090005.csv",
					  "x -20261122090005.csv",
					  "x20261122090005.csv",
					  "x-20261122090005.csv.exe",
					  "\xe6\x97\xa5-20261122090005.csv"};
	struct undo_list l;
	char name[UNDO_NAME];

	assert_int_equal(undo_name_parse(NAME, &l), 0);
	assert_string_equal(l.threat, "1.2100001");
	assert_string_equal(undo_name(l.threat, l.time, name), NAME);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (undo_name_parse(bad[i], &l) == 0)
			fail_msg("%s", bad[i]);
	}
	/* Whatever a threat is called, its list has a name. */
	assert_int_equal(undo_name_parse(undo_name("../etc/passwd\n", l.time, name), &l), 0);
	assert_int_equal(undo_name_parse(undo_name("", l.time, name), &l), 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(undo_name_parse(undo_name(strdupa(name), l.time, name), &l), 0);
}

static void test_list(void **state)
{
	struct errmsg e = {""};
	struct undo_list l, again;
	char *text = NULL, *second = NULL;
	size_t n = 0, n2 = 0;
	FILE *f;

	assert_int_equal(read_list("\xef\xbb\xbfname,MAC,network,ip\r\n"
				   "\"a,b\",525400000001,permit,10.0.0.1\r\n"
				   "'=x,52-54-00-00-00-0A,Deny,\r\n"
				   ",52:54:00:00:00:0b,permit,2001:db8::1\r\n"
				   "far,,PERMIT,10.9.0.1\r\n",
				   NAME, &l, &e),
			 0);
	assert_int_equal(l.n, 4);
	assert_true(l.rows[0].permit && !l.rows[1].permit && l.rows[2].permit && l.rows[3].permit);
	assert_int_equal(l.rows[1].mac.bytes[5], 0x0a);
	assert_string_equal(l.rows[1].name, "=x");
	assert_true(mac_addr_is_zero(&l.rows[3].mac));
	f = open_memstream(&text, &n);
	undo_list_write(f, &l);
	fclose(f);
	assert_int_equal(undo_list_read(SLICE(text, n), NAME, &again, &e), 0);
	f = open_memstream(&second, &n2);
	undo_list_write(f, &again);
	fclose(f);
	assert_int_equal(n, n2);
	assert_memory_equal(text, second, n);
	assert_memory_equal(l.rows, again.rows, l.n * sizeof(*l.rows));
	undo_list_done(&l);
	undo_list_done(&again);
	free(text);
	free(second);
}

static void test_list_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"", ":1: is empty"},
		{"mac\n", ":1: the columns mac and network"},
		{"mac,network,mac\n", ":1: the column mac is there twice"},
		{"mac,network\n525400000001,permit\n\n52:54:00:00:00:01,deny\n",
		 ":4: the same MAC as in line 2"},
		{"mac,network,ip\n,permit,10.0.0.1\n,deny,10.0.0.1\n",
		 ":3: the same address as in line 2"},
		{"mac,network\n525400000001,allow\n", ":2: \"allow\" is neither"},
		{"mac,network\n5254000000,permit\n", ":2: \"5254000000\" is no MAC"},
		{"mac,network\n52:54:00:00:00:01:02,permit\n", "is no MAC"},
		{"mac,network\n52:54-00:00:00:01,permit\n", "is no MAC"},
		{"mac,network\nff:ff:ff:ff:ff:ff,permit\n", "is no MAC of a host"},
		{"mac,network\n,permit\n", ":2: has neither"},
		{"mac,network,ip\n525400000001,permit,10.0.0.256\n", "is no address"},
		{"mac,network\n525400000001\n", ":2: has 1 columns, not 2"},
		{"mac,network\n525400000001,permit\n\"5254", ":3: a quotation mark"},
		{"mac,network\n525400000001,permit\n\x8f\xfa,deny\n", ":3: is not UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct errmsg e = {""};
		struct undo_list l;

		if (read_list(bad[i].text, NAME, &l, &e) == 0 || !strstr(e.text, bad[i].want) ||
		    l.rows)
			fail_msg("\"%s\" does not say \"%s\"", e.text, bad[i].want);
	}
}

/* ---- archives ---- */

static char folder[64], path[96];

static int set_up(void **state)
{
	testdir_make(folder);
	snprintf(path, sizeof(path), "%s/undo.zip", folder);
	return 0;
}

static int tear_down(void **state)
{
	testdir_remove(folder);
	return 0;
}

static int count_list(void *ctx, const struct undo_list *l)
{
	*(unsigned *)ctx += l->n;
	return 0;
}

/* What reading the file says; "" when it is right. */
static const char *reading(unsigned *ret_rows)
{
	static struct errmsg e;
	struct slice s;

	e.text[0] = 0;
	*ret_rows = 0;
	assert_int_equal(file_read(path, 128 << 20, &s, &e), 0);
	undo_zip_read(s, count_list, ret_rows, &e);
	free((void *)(uintptr_t)s.data);
	return e.text;
}

static void test_zip(void **state)
{
	struct errmsg e = {""};
	struct undo_zip *z = undo_zip_new(path, &e);
	unsigned rows;

	assert_non_null(z);
	assert_int_equal(undo_zip_add(z, NAME, SLICE_LIT("mac,network\n525400000001,permit\n"), &e),
			 0);
	assert_int_equal(undo_zip_add(z, "2-20261122090006.csv",
				      SLICE_LIT("mac,network\n525400000001,deny\n"), &e),
			 0);
	assert_true(undo_zip_add(z, "../2-20261122090006.csv", SLICE_LIT("x"), &e) < 0);
	assert_int_equal(undo_zip_finish(z, true, &e), 0);
	assert_string_equal(reading(&rows), "");
	assert_int_equal(rows, 2);
}

struct member {
	const char *name;
	const char *text;
	size_t n; /* 0: of the text */
	int type;
};

static void write_archive(int (*format)(struct archive *), const struct member *m, unsigned n)
{
	struct archive *a = archive_write_new();

	assert_int_equal(format(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (unsigned i = 0; i < n; i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t size = m[i].n ? m[i].n : strlen(m[i].text);

		archive_entry_set_pathname(entry, m[i].name);
		archive_entry_set_filetype(entry, m[i].type ? (unsigned)m[i].type : AE_IFREG);
		if (m[i].type == AE_IFLNK)
			archive_entry_set_symlink(entry, "/etc/passwd");
		archive_entry_set_perm(entry, 0600);
		archive_entry_set_size(entry, m[i].type ? 0 : (la_int64_t)size);
		assert_true(archive_write_header(a, entry) >= ARCHIVE_WARN);
		if (!m[i].type)
			archive_write_data(a, m[i].text, size);
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

#define GOOD "mac,network\n525400000001,permit\n"

static void test_zip_refused(void **state)
{
	static const struct {
		struct member m[2];
		const char *want;
	} bad[] = {
		{{{NAME, GOOD}, {"x/" NAME, GOOD}}, "no list's name"},
		{{{NAME, GOOD}, {"../../" NAME, GOOD}}, "no list's name"},
		{{{NAME, GOOD}, {"/etc/" NAME, GOOD}}, "no list's name"},
		{{{NAME, GOOD}, {"readme.txt", GOOD}}, "no list's name"},
		{{{NAME, GOOD}, {NAME, GOOD}}, "twice"},
		{{{NAME, GOOD}, {"2-20261122090006.csv", "", 0, AE_IFLNK}}, "no plain file"},
		{{{NAME, GOOD}, {"d-20261122090006.csv", "", 0, AE_IFDIR}}, "no"},
		{{{NAME, GOOD}, {"2-20261122090006.csv", GOOD "525400000001,deny\n"}},
		 "2-20261122090006.csv:3: the same MAC"},
	};
	unsigned rows;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *got;

		write_archive(archive_write_set_format_zip, bad[i].m, 2);
		got = reading(&rows);
		/* Nothing of it was handed on. */
		if (!strstr(got, bad[i].want) || !got[0] || rows)
			fail_msg("%zu: \"%s\" does not say \"%s\"", i, got, bad[i].want);
	}
	/* Another format is not guessed. */
	write_archive(archive_write_set_format_ustar, bad[0].m, 1);
	assert_string_not_equal(reading(&rows), "");
	assert_int_equal(rows, 0);
}

/* A bomb: 17 MiB of nothing in some kilobytes. */
static void test_bomb(void **state)
{
	char *zeros = calloc(1, UNDO_LIST_BYTES + 1000);
	struct member m = {NAME, zeros, UNDO_LIST_BYTES + 1000, 0};
	unsigned rows;

	write_archive(archive_write_set_format_zip, &m, 1);
	assert_non_null(strstr(reading(&rows), "too large unpacked"));
	assert_int_equal(rows, 0);
	free(zeros);
}

/* Cut off anywhere, and every byte changed: right, or a sentence; never half. */
static void test_damaged(void **state)
{
	const struct member m = {NAME, GOOD, 0, 0};
	struct errmsg e = {""};
	struct slice s;
	unsigned rows;
	char *copy;

	write_archive(archive_write_set_format_zip, &m, 1);
	assert_int_equal(file_read(path, 1 << 20, &s, &e), 0);
	copy = malloc(s.len);
	for (size_t n = 0; n < s.len; n++) {
		rows = 0;
		memcpy(copy, s.data, n);
		assert_true(undo_zip_read(SLICE(copy, n), count_list, &rows, &e) < 0);
		assert_int_equal(rows, 0);
		memcpy(copy, s.data, s.len);
		copy[n] ^= 0x55;
		if (undo_zip_read(SLICE(copy, s.len), count_list, &rows, &e) < 0)
			assert_int_equal(rows, 0);
	}
	free(copy);
	free((void *)(uintptr_t)s.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_refused),
		cmocka_unit_test_setup_teardown(test_zip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_zip_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bomb, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
