/* The content decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/sensor/sample/sample_type.h"

static void test_types(void **state)
{
	static const struct {
		struct slice content;
		const char *name, *type;
	} cases[] = {
		{SLICE_LIT("MZ"), "a.pdf", "exe"},
		{SLICE_LIT("MZ and a page of text that calls itself a program"), "a.txt", "exe"},
		{SLICE_LIT("\x7f"
			   "ELF\2\1\1"),
		 "photo.jpg", "elf"},
		{SLICE_LIT("%PDF-1.7\n"), "setup.exe", "pdf"},
		{SLICE_LIT("PK\3\4 word/document.xml"), "x.exe", "docx"},
		{SLICE_LIT("PK\3\4 xl/workbook.xml"), "", "xlsx"},
		{SLICE_LIT("PK\3\4 META-INF/MANIFEST.MF"), "", "jar"},
		{SLICE_LIT("PK\3\4 readme"), "", "zip"},
		{SLICE_LIT("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "", "ole"},
		{SLICE_LIT("var a = 1;"), "/x/a.JS", "js"},
		{SLICE_LIT("var a = 1;"), "/x.js/a", "text"},
		{SLICE_LIT("name;salary\n"), "", "text"},
		{SLICE_LIT("#!/bin/sh\n"), "a.txt", "sh"},
		{SLICE_LIT("\1\2\3\4"), "a.js", "data"},
		{SLICE_LIT(""), "a.exe", "empty"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *type = sample_type(cases[i].content, SLICE_STR(cases[i].name));

		assert_string_equal(type, cases[i].type);
		assert_true(sample_type_known(type));
	}
	assert_false(sample_type_known("EXE"));
	assert_false(sample_type_known(""));
}

static void test_libraries(void **state)
{
	uint8_t pe[0x80 + 24] = "MZ";

	pe[0x3c] = 0x80;
	memcpy(pe + 0x80, "PE\0\0", 4);
	assert_string_equal(sample_type(SLICE(pe, sizeof(pe)), SLICE_STR("")), "exe");
	pe[0x80 + 23] = 0x20;
	assert_string_equal(sample_type(SLICE(pe, sizeof(pe)), SLICE_STR("")), "dll");
	assert_string_equal(sample_type(SLICE(pe, sizeof(pe) - 1), SLICE_STR("")), "exe");
	memset(pe + 0x3c, 0xff, 4);
	assert_string_equal(sample_type(SLICE(pe, sizeof(pe)), SLICE_STR("")), "exe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
