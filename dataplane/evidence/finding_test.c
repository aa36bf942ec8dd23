#include "dataplane/evidence/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct finding cases[] = {
	{.kind = FINDING_SCANNED, .scanned = FILE_YARA_TIMEOUT},
	{.kind = FINDING_HIT,
	 .member = "in/side",
	 .hit = {.rule = "bad",
		 .space = "r.yar",
		 .description = "says evil",
		 .sid = 5,
		 .severity = 1,
		 .tags = {"trojan", "x"},
		 .tag_count = 2,
		 .strings = {{"$a", 3}, {"$b", 1ULL << 40}},
		 .string_count = 2}},
	{.kind = FINDING_HIT, .hit = {.rule = "", .space = "", .sid = 1, .severity = 4}},
	{.kind = FINDING_MEMBER,
	 .type = "ASCII text",
	 .of_archive = {.name = "a", .format = "", .depth = 2, .size = 9, .cut = true}},
	{.kind = FINDING_ARCHIVE,
	 .sum = {.end = FILE_ARCHIVE_BOMB, .members = 3, .depth = 1, .bytes = 77, .format = "ZIP"}},
};

static void what_is_written_is_read(void **state)
{
	uint8_t buf[INSPECTOR_MESSAGE], again[INSPECTOR_MESSAGE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = finding_write(&cases[i], buf, sizeof(buf));
		struct finding f;

		assert_int_not_equal(len, 0);
		assert_true(finding_read(cases[i].kind, SLICE(buf, len), &f));
		assert_int_equal(finding_write(&f, again, sizeof(again)), len);
		assert_memory_equal(buf, again, len);
	}
}

/* Every cut of it, and anything after it, is refused. */
static void pieces_are_refused(void **state)
{
	uint8_t buf[INSPECTOR_MESSAGE + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = finding_write(&cases[i], buf, INSPECTOR_MESSAGE);
		struct finding f;

		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *piece = malloc(cut ? cut : 1); /* its end is the heap's */

			memcpy(piece, buf, cut);
			assert_false(finding_read(cases[i].kind, SLICE(piece, cut), &f));
			assert_int_equal(finding_write(&cases[i], piece, cut), 0);
			free(piece);
		}
		buf[len] = 0;
		assert_false(finding_read(cases[i].kind, SLICE(buf, len + 1), &f));
		assert_false(finding_read(0, SLICE(buf, len), &f));
		assert_false(finding_read(99, SLICE(buf, len), &f));
	}
}

/* The largest that there can be fits. */
static void the_largest_fits(void **state)
{
	char text[1000];
	struct finding f = {.kind = FINDING_HIT,
			    .member = text,
			    .hit = {.rule = text,
				    .space = text,
				    .description = text,
				    .severity = 1,
				    .tag_count = FILE_YARA_TAGS,
				    .string_count = FILE_YARA_STRINGS}};
	uint8_t buf[INSPECTOR_MESSAGE];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	for (unsigned i = 0; i < FILE_YARA_TAGS; i++)
		f.hit.tags[i] = f.hit.strings[i].name = text + 1000 - 129; /* YARA's longest */
	assert_int_not_equal(finding_write(&f, buf, sizeof(buf)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(pieces_are_refused),
		cmocka_unit_test(the_largest_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
