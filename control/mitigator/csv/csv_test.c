/* What is read, what is refused and where, and that what is written is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/csv/csv.h"

static struct csv c;

static void test_reads(void **state)
{
	static const char text[] = "\xef\xbb\xbfmac, name ,\"note\"\r\n"
				   "\r\n"
				   "1,\"a \"\"b\"\"\nc\" ,\n"
				   "2,\xe6\x97\xa5\xe6\x9c\xac,\"x,y\"";
	struct errmsg e = {""};

	assert_int_equal(csv_open(&c, SLICE_LIT(""), "f", &e), 0);
	assert_int_equal(csv_next(&c, &e), 0);
	assert_int_equal(csv_open(&c, SLICE(text, sizeof(text) - 1), "f", &e), 0);
	assert_int_equal(csv_next(&c, &e), 1);
	assert_int_equal(c.fields_n, 3);
	assert_string_equal(c.fields[0], "mac");
	assert_string_equal(c.fields[1], "name");
	assert_string_equal(c.fields[2], "note");
	assert_int_equal(csv_next(&c, &e), 1);
	assert_int_equal(c.line, 3);
	assert_string_equal(c.fields[1], "a \"b\"\nc");
	assert_string_equal(c.fields[2], "");
	assert_int_equal(csv_next(&c, &e), 1);
	assert_int_equal(c.line, 5);
	assert_string_equal(c.fields[1], "\xe6\x97\xa5\xe6\x9c\xac");
	assert_string_equal(c.fields[2], "x,y");
	assert_int_equal(csv_next(&c, &e), 0);
	assert_int_equal(csv_next(&c, &e), 0);
}

static void refused(struct slice text, const char *want)
{
	struct errmsg e = {""};
	int rc = csv_open(&c, text, "f.csv", &e);

	while (rc == 0 && (rc = csv_next(&c, &e)) == 1)
		rc = 0;
	if (rc >= 0 || !strstr(e.text, want))
		fail_msg("\"%s\" does not say \"%s\"", e.text, want);
}

static void test_refused(void **state)
{
	static char wide[CSV_FIELDS + 8], big[CSV_ROW + 8];

	refused(SLICE_LIT("a,b\n1,\"2\n3,4\n"), "f.csv:2: a quotation mark is never closed");
	refused(SLICE_LIT("a\n\"x\"y\n"), "f.csv:2: something follows");
	refused(SLICE_LIT("a\nx\"y\n"), "f.csv:2: has a quotation mark within");
	refused(SLICE_LIT("a\n\n\nx\0y\n"), "f.csv:4: has the control character 0x00");
	refused(SLICE_LIT("a\nx\x1by\n"), "f.csv:2: has the control character 0x1b");
	refused(SLICE_LIT("a\nx\ry\n"), "f.csv:2: has a carriage return");
	refused(SLICE_LIT("a\r"), "f.csv:1: has a carriage return");
	refused(SLICE_LIT("a\n\x8d\x87\n"), "f.csv:2: is not UTF-8 (byte 0x8d)");
	refused(SLICE_LIT("a\n\xed\xa0\x80\n"), "f.csv:2: is not UTF-8");
	refused(SLICE_LIT("a\n\"\xc3"), "f.csv:2: is not UTF-8");
	refused(SLICE_LIT("\xff\xfe"
			  "a\0"),
		"f.csv:1: is UTF-16");
	memset(wide, ',', sizeof(wide));
	refused(SLICE(wide, sizeof(wide)), "f.csv:1: has more than 32 columns");
	memset(big, 'x', sizeof(big));
	refused(SLICE(big, sizeof(big)), "f.csv:1: the row is longer than");
}

/* Written, read, taken plain: the same. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"",	"a",	 "a,b",	     "say \"x\"", "two\nlines", "=1+1",
		"-x",	"'=1",	 "'",	     "''",	  " blank",	"blank ",
		"@cmd", "\ttab", "'quoted'", "+81 3",	  "caf\xc3\xa9"};
	struct errmsg e = {""};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		csv_put(f, texts[i], ',');
		csv_put(f, "end", '\n');
	}
	fclose(f);
	assert_int_equal(csv_open(&c, SLICE(text, len), "f", &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(csv_next(&c, &e), 1);
		assert_int_equal(c.fields_n, 2);
		assert_string_equal(csv_plain(c.fields[0]), texts[i]);
		/* No spreadsheet runs it. */
		assert_true(!c.fields[0][0] || !strchr("=+-@", c.fields[0][0]));
	}
	assert_int_equal(csv_next(&c, &e), 0);
	free(text);
}

/* Every cut of a text ends in a row, the end or a sentence. */
static void test_every_cut(void **state)
{
	static const char text[] = "a,\"b\"\"c\n\",\xe6\x97\xa5\r\n1,2\n";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);
		struct errmsg e = {""};
		int rc;

		memcpy(copy, text, n);
		rc = csv_open(&c, SLICE(copy, n), "f", &e);
		while (rc == 0 && (rc = csv_next(&c, &e)) == 1)
			rc = 0;
		assert_true(rc == 0 || e.text[0]);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
