#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "control/report/attack.h"
#include "control/report/monthly.h"
#include "dataplane/base/clock.h"

static void begin(struct report_monthly *m)
{
	struct errmsg err;

	memset(m, 0, sizeof(*m));
	assert_int_equal(zone_set(&m->zone, "Asia/Tokyo", &err), ERR_OK);
	m->from = zone_date(&m->zone, "2026-10");
	m->to = zone_date(&m->zone, "2026-11");
	m->made = m->to + NS_PER_DAY;
	m->days = 31;
	for (int i = 0; i <= MONTHLY_BACK; i++)
		m->month[i].from = zone_month(&m->zone, m->from, -i);
}

static void add_threat(struct report_monthly *m, const char *name, uint64_t hits, uint64_t before)
{
	struct monthly_threat *t = monthly_add_threat(m, false);

	t->name = strdup(name);
	t->technique = strdup("T1071.001");
	t->hits = hits;
	t->hits_before = before;
	t->hosts = 2;
}

static char *told(const struct report_monthly *m, enum report_language language)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report_tendency(m, language, out);
	fclose(out);
	return text;
}

static void expect(const struct report_monthly *m, const char *english, const char *japanese)
{
	char *en = told(m, REPORT_ENGLISH), *ja = told(m, REPORT_JAPANESE);

	if (!strstr(en, english) || !strstr(ja, japanese))
		print_error("%s%s", en, ja);
	assert_non_null(strstr(en, english));
	assert_non_null(strstr(ja, japanese));
	free(en);
	free(ja);
}

static void quiet_month(void **state)
{
	struct report_monthly m;

	begin(&m);
	expect(&m, "Nothing was detected this month.", "脅威が検知されませんでした");
	report_monthly_free(&m);
}

static void rise_fall_and_runs(void **state)
{
	struct report_monthly m;

	begin(&m);
	for (unsigned i = 0; i < 4; i++) {
		m.month[i].is_known = true;
		m.month[i].alerts[REPORT_MEDIUM] = 40 - 10 * i;
	}
	expect(&m, "Alerts rose by 33 %: 40, after 30", "前月比33%増の40件");
	expect(&m, "have risen for 3 months in a row", "3か月連続の増加");
	m.month[0].alerts[REPORT_MEDIUM] = 15;
	expect(&m, "Alerts fell by 50 %: 15, after 30", "前月比50%減の15件");
	m.month[0].alerts[REPORT_MEDIUM] = 30;
	expect(&m, "As many alerts as in the month before: 30.", "前月と同じ30件");
	m.month[1].alerts[REPORT_MEDIUM] = 0;
	expect(&m, "Alerts this month: 30, after a month with none.", "前月は0件");
	m.month[1].is_known = false;
	expect(&m, "no month before to compare", "比較できる前月の記録はありません");
	report_monthly_free(&m);
}

static void new_and_gone(void **state)
{
	struct report_monthly m;
	struct monthly_threat *gone;

	begin(&m);
	m.month[0].is_known = m.month[1].is_known = true;
	m.month[0].alerts[REPORT_HIGH] = 100;
	m.month[1].alerts[REPORT_HIGH] = 10;
	add_threat(&m, "Alpha", 80, 10);
	add_threat(&m, "Beta", 20, 0);
	gone = monthly_add_threat(&m, true);
	gone->name = strdup("Gamma");
	expect(&m, "most frequent threat is \"Alpha\": 80 % of the alerts, on 2 hosts",
	       "「Alpha」で、アラート全体の80%を占め、対象ホストは2台");
	expect(&m, "New this month (1): \"Beta\".", "1種です: 「Beta」。");
	expect(&m, "No longer seen (1): \"Gamma\".", "1種です: 「Gamma」。");
	expect(&m, "Of high severity: 100 (10 in the month before).", "深刻度「高」は100件");
	report_monthly_free(&m);
}

static void nights_and_times(void **state)
{
	struct report_monthly m;

	begin(&m);
	m.month[0].is_known = true;
	m.month[0].alerts[REPORT_LOW] = 20;
	m.hour_of_week[2][3] = 15;
	m.hour_of_week[2][11] = 5;
	m.day[4][REPORT_LOW] = 20;
	m.contain = (struct monthly_times){.n = 3, .median = 640000000, .longest = 2 * NS_PER_SEC};
	m.waiting = 2;
	expect(&m, "75 % of the alerts came at night", "アラートの75%は夜間");
	expect(&m, "The busiest day was 2026-10-05 with 20 alerts, 100 % of the month.",
	       "2026-10-05で20件");
	expect(&m, "Cuts verified on the wire: 3; half of them within 0.64 s",
	       "3件を通信上で確認しました。検知から遮断確認までの中央値は0.64秒");
	expect(&m, "Hosts that still wait for a person: 2.", "対応待ちのホストが2台");
	report_monthly_free(&m);
}

static void times_of(void **state)
{
	uint64_t d[] = {5, 1, 4, 2, 3, 10, 6, 7, 8, 9};
	struct monthly_times t = monthly_times_of(d, 10);

	assert_true(t.n == 10 && t.median == 6 && t.p90 == 9 && t.longest == 10);
	assert_true(monthly_times_of(NULL, 0).n == 0);
}

static char *render(const struct report_monthly *m, enum report_language language)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(report_monthly_html(m, language, out), ERR_OK);
	fclose(out);
	return text;
}

/* Nothing that traffic named becomes markup; the same model, the same bytes (R5). */
static void escapes_and_repeats(void **state)
{
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		struct report_monthly m;
		struct monthly_host *h;
		struct monthly_technique *t;
		char *first, *second;

		begin(&m);
		m.month[0].alerts[REPORT_HIGH] = 3;
		add_threat(&m, "<script>alert(1)</script>", 3, 0);
		h = monthly_add_host(&m);
		h->name = strdup("\"><img src=x>");
		h->ip = strdup("10.0.0.5");
		t = monthly_add_technique(&m);
		t->tactic = strdup("TA0011");
		t->technique = strdup("<b>");
		m.advisory.author = strdup("<i>");
		m.advisory.text[l] = strdup("One.\n\nTwo & <u>.");
		first = render(&m, (enum report_language)l);
		second = render(&m, (enum report_language)l);
		assert_string_equal(first, second);
		assert_null(strstr(first, "<script"));
		assert_null(strstr(first, "<img"));
		assert_null(strstr(first, "<u>"));
		assert_non_null(strstr(first, "Two &amp; &lt;u&gt;."));
		free(first);
		free(second);
		report_monthly_free(&m);
	}
}

static void attack_names(void **state)
{
	assert_string_equal(attack_technique_name("T1071.004"), "Application Layer Protocol");
	assert_string_equal(attack_technique_name("T1001"), "Data Obfuscation");
	assert_string_equal(attack_technique_name("T1665"), "Hide Infrastructure");
	assert_string_equal(attack_technique_name("T0000"), "");
	assert_string_equal(attack_technique_name(""), "");
	assert_string_equal(attack_tactic_name(REPORT_JAPANESE, "TA0008"), "横展開");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_month),	cmocka_unit_test(rise_fall_and_runs),
		cmocka_unit_test(new_and_gone), cmocka_unit_test(nights_and_times),
		cmocka_unit_test(times_of),	cmocka_unit_test(escapes_and_repeats),
		cmocka_unit_test(attack_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
