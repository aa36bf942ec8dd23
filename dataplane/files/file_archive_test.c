#include "dataplane/files/file_archive.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>

#include <cmocka.h>

enum { ROOM = 4 << 20 };

struct box { /* an archive in the making */
	uint8_t *bytes;
	size_t len;
	struct archive *a;
};

static void box_open(struct box *b, const char *format, const char *filter)
{
	b->bytes = malloc(ROOM);
	b->a = archive_write_new();
	assert_int_equal(archive_write_set_format_by_name(b->a, format), ARCHIVE_OK);
	if (filter)
		assert_int_equal(archive_write_add_filter_by_name(b->a, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(b->a, b->bytes, ROOM, &b->len), ARCHIVE_OK);
}

static void box_put(struct box *b, const char *name, struct slice content)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (la_int64_t)content.len);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	assert_int_equal(archive_write_header(b->a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(b->a, content.data, content.len), content.len);
	archive_entry_free(e);
}

static struct slice box_close(struct box *b)
{
	assert_int_equal(archive_write_close(b->a), ARCHIVE_OK);
	archive_write_free(b->a);
	return SLICE(b->bytes, b->len);
}

static struct slice one_file(struct box *b, const char *format, const char *filter,
			     const char *name, struct slice content)
{
	box_open(b, format, filter);
	box_put(b, name, content);
	return box_close(b);
}

struct seen {
	unsigned count;
	char names[256];
	char last[64];
	bool cut;
};

static void on_member(void *ctx, const struct file_archive_member *m)
{
	struct seen *s = ctx;
	size_t at = strlen(s->names);

	s->count++;
	s->cut |= m->cut;
	snprintf(s->names + at, sizeof(s->names) - at, "%u:%s=%llu ", m->depth, m->name,
		 (unsigned long long)m->size);
	snprintf(s->last, sizeof(s->last), "%.*s", (int)m->bytes.len, m->bytes.data);
}

static struct file_archive_sum look(struct slice file, const struct file_archive_limits *limits,
				    struct seen *s)
{
	const struct file_archive_sink sink = {on_member, s};
	struct file_archive_sum sum;

	*s = (struct seen){0};
	file_archive_look(file, limits ? limits : &file_archive_limits_default, &sink, &sum);
	return sum;
}

static void formats(void **state)
{
	static const struct {
		const char *format, *filter;
	} table[] = {{"zip", NULL},	{"ustar", NULL},    {"ustar", "gzip"},
		     {"pax", "xz"},	{"7zip", NULL},	    {"newc", NULL},
		     {"ustar", "zstd"}, {"ustar", "bzip2"}, {"raw", "gzip"}};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct box b;
		struct slice file = one_file(&b, table[i].format, table[i].filter, "a/b.txt",
					     SLICE_LIT("content"));
		struct seen s;
		struct file_archive_sum sum = look(file, NULL, &s);

		if (sum.end != FILE_ARCHIVE_WHOLE || sum.members != 1 ||
		    strcmp(s.last, "content") != 0)
			fail_msg("%s %s: %s, %u members, \"%s\"", table[i].format,
				 table[i].filter ? table[i].filter : "",
				 file_archive_end_names[sum.end], sum.members, s.last);
		free(b.bytes);
	}
}

static void archives_in_archives(void **state)
{
	struct box inner, outer;
	struct seen s;
	struct file_archive_sum sum;
	struct slice file = one_file(&inner, "zip", NULL, "x.exe", SLICE_LIT("MZ"));

	box_open(&outer, "ustar", "gzip");
	box_put(&outer, "readme", SLICE_LIT("hi"));
	box_put(&outer, "in.zip", file);
	sum = look(box_close(&outer), NULL, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_WHOLE);
	assert_int_equal(sum.members, 3);
	assert_int_equal(sum.depth, 2);
	assert_non_null(strstr(s.names, "2:x.exe=2 "));
	free(inner.bytes);
	free(outer.bytes);
}

static void depth_is_bounded(void **state)
{
	struct slice file = SLICE_LIT("core");
	struct file_archive_sum sum;
	struct box boxes[8];
	struct seen s;

	for (unsigned i = 0; i < 8; i++)
		file = one_file(&boxes[i], "zip", NULL, "in", file);
	sum = look(file, NULL, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_TOO_DEEP);
	assert_int_equal(sum.depth, file_archive_limits_default.depth);
	for (unsigned i = 0; i < 8; i++)
		free(boxes[i].bytes);
}

static void number_is_bounded(void **state)
{
	struct file_archive_limits limits = file_archive_limits_default;
	struct file_archive_sum sum;
	struct box b;
	struct seen s;

	limits.members = 5;
	box_open(&b, "zip", NULL);
	for (unsigned i = 0; i < 10; i++)
		box_put(&b, "f", SLICE_LIT("x"));
	sum = look(box_close(&b), &limits, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_TOO_MANY);
	assert_int_equal(s.count, 5);
	free(b.bytes);
}

/* 3 MB of zeros are a few kB packed. */
static void bombs_are_defused(void **state)
{
	struct file_archive_limits limits = file_archive_limits_default;
	uint8_t *zeros = calloc(1, 3 << 20);
	struct file_archive_sum sum;
	struct box b;
	struct slice file = one_file(&b, "zip", NULL, "zeros", SLICE(zeros, 3 << 20));
	struct seen s;

	sum = look(file, &limits, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_BOMB);
	assert_true(sum.bytes < 3 << 20);
	limits.ratio = 1000000;
	limits.bytes = 1 << 20;
	sum = look(file, &limits, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_TOO_LARGE);
	limits.bytes = 64 << 20;
	limits.member_held = 1000;
	sum = look(file, &limits, &s);
	assert_int_equal(sum.end, FILE_ARCHIVE_WHOLE);
	assert_int_equal(sum.bytes, 3 << 20);
	assert_true(s.cut);
	free(b.bytes);
	free(zeros);
}

static void damage_is_said(void **state)
{
	struct box b;
	struct slice file = one_file(&b, "ustar", "gzip", "f", SLICE_LIT("content"));
	struct seen s;

	for (size_t n = 0; n < file.len; n++) /* at every cut: no crash */
		look(SLICE(file.data, n), NULL, &s);
	assert_int_equal(look(SLICE(file.data, 20), NULL, &s).end, FILE_ARCHIVE_DAMAGED);
	assert_int_equal(look(SLICE_LIT("just text"), NULL, &s).end, FILE_ARCHIVE_NONE);
	assert_int_equal(look(SLICE(NULL, 0), NULL, &s).end, FILE_ARCHIVE_NONE);
	free(b.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),	     cmocka_unit_test(archives_in_archives),
		cmocka_unit_test(depth_is_bounded),  cmocka_unit_test(number_is_bounded),
		cmocka_unit_test(bombs_are_defused), cmocka_unit_test(damage_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
