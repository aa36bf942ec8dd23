#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/report/daily.h"

static void fill(struct report_daily *d)
{
	struct report_threat *t;
	struct report_host *h;

	memset(d, 0, sizeof(*d));
	d->site = strdup("<Osaka> & Co");
	d->from = 1795219200ULL * 1000000000;
	d->to = d->from + 86400ULL * 1000000000;
	snprintf(d->zone.name, sizeof(d->zone.name), "Asia/Tokyo");
	d->alerts = 3;
	d->per_hour[9] = 3;
	t = report_add_threat(d);
	t->name = strdup("<script>alert(1)</script>");
	t->severity = strdup("high");
	t->hits = 3;
	h = report_add_host(d);
	h->ip = strdup("10.0.0.5");
	h->level = strdup("danger");
	h->cut_state = strdup("verified");
	for (unsigned l = 0; l < 2; l++)
		report_add_handling(h, l, "Leave the cable in; \"clean\" it <first>");
}

static char *render(const struct report_daily *d, enum report_language language)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(report_daily_html(d, language, out), ERR_OK);
	fclose(out);
	return text;
}

/* Nothing that traffic named becomes markup, in either language; the same model, the same bytes. */
static void escapes_and_repeats(void **state)
{
	for (int language = 0; language < 2; language++) {
		struct report_daily d;
		char *first, *second;

		fill(&d);
		first = render(&d, (enum report_language)language);
		second = render(&d, (enum report_language)language);
		assert_string_equal(first, second);
		assert_null(strstr(first, "<script>"));
		assert_non_null(strstr(first, "&lt;script&gt;"));
		assert_non_null(strstr(first, "&lt;Osaka&gt; &amp; Co"));
		assert_non_null(strstr(first, "&quot;clean&quot;"));
		free(first);
		free(second);
		report_daily_free(&d);
	}
}

static void empty_day_says_so(void **state)
{
	struct report_daily d = {.site = strdup("Kyoto")};
	char *english = render(&d, REPORT_ENGLISH), *japanese = render(&d, REPORT_JAPANESE);

	assert_non_null(strstr(english, "Nothing was detected"));
	assert_non_null(strstr(japanese, "脅威は検知されませんでした"));
	free(english);
	free(japanese);
	report_daily_free(&d);
}

static void csv_fields(void **state)
{
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"a,b", "\"a,b\""},
		{"say \"hi\"", "\"say \"\"hi\"\"\""},
		{"=1+1", "\"'=1+1\""},
		{"@SUM(A1)", "\"'@SUM(A1)\""},
		{"two\nlines", "\"two\nlines\""},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		report_csv_field(cases[i][0], out);
		fclose(out);
		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

static void numbers_and_durations(void **state)
{
	char text[48];

	assert_string_equal(report_number(0, text), "0");
	assert_string_equal(report_number(999, text), "999");
	assert_string_equal(report_number(1234567, text), "1,234,567");
	assert_string_equal(report_duration(REPORT_ENGLISH, 640000000ULL, text), "0.64 s");
	assert_string_equal(report_duration(REPORT_ENGLISH, 3700ULL * 1000000000, text), "61 min");
	assert_string_equal(report_duration(REPORT_JAPANESE, 12000ULL * 1000000000, text),
			    "3時間20分");
	assert_string_equal(report_duration(REPORT_ENGLISH, 400000ULL * 1000000000, text),
			    "4 days");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_and_repeats),
		cmocka_unit_test(empty_day_says_so),
		cmocka_unit_test(csv_fields),
		cmocka_unit_test(numbers_and_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
