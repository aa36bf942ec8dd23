/* What a month's figures say, as sentences. Each is said only where the figures carry it. */
#include <stdlib.h>
#include <string.h>

#include "control/report/monthly.h"
#include "dataplane/base/clock.h"

struct teller {
	const struct report_monthly *m;
	enum report_language language;
	FILE *out;
};

#define say(t, english, japanese) in_language((t)->language, english, japanese)

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)((part * 100 + whole / 2) / whole) : 0;
}

/* --- more or fewer --- */

static void first_month(const struct teller *t, uint64_t alerts)
{
	char a[32];

	fprintf(t->out,
		say(t, "Alerts this month: %s; there is no month before to compare with.\n",
		    "当月のアラートは%s件です。比較できる前月の記録はありません。\n"),
		report_number(alerts, a));
}

static void tell_change(const struct teller *t)
{
	uint64_t now = monthly_alerts(&t->m->month[0]), before = monthly_alerts(&t->m->month[1]);
	char a[32], b[32];

	report_number(now, a);
	report_number(before, b);
	if (!t->m->month[1].is_known)
		first_month(t, now);
	else if (now == before)
		fprintf(t->out,
			say(t, "As many alerts as in the month before: %s.\n",
			    "アラートは前月と同じ%s件です。\n"),
			a);
	else if (before == 0)
		fprintf(t->out,
			say(t, "Alerts this month: %s, after a month with none.\n",
			    "アラートは%s件です(前月は0件)。\n"),
			a);
	else if (now > before)
		fprintf(t->out,
			say(t, "Alerts rose by %u %%: %s, after %s in the month before.\n",
			    "アラートは前月比%u%%増の%s件です(前月%s件)。\n"),
			percent(now - before, before), a, b);
	else
		fprintf(t->out,
			say(t, "Alerts fell by %u %%: %s, after %s in the month before.\n",
			    "アラートは前月比%u%%減の%s件です(前月%s件)。\n"),
			percent(before - now, before), a, b);
}

/* Months on end that each had more (or fewer) than the one before. */
static unsigned run_of(const struct report_monthly *m, bool rising)
{
	unsigned n = 0;

	while (n < MONTHLY_BACK && m->month[n + 1].is_known) {
		uint64_t now = monthly_alerts(&m->month[n]),
			 before = monthly_alerts(&m->month[n + 1]);

		if (rising ? now <= before : now >= before)
			break;
		n++;
	}
	return n;
}

static void tell_run(const struct teller *t)
{
	unsigned rising = run_of(t->m, true), falling = run_of(t->m, false);

	if (rising >= 3)
		fprintf(t->out,
			say(t, "They have risen for %u months in a row.\n",
			    "%uか月連続の増加です。\n"),
			rising);
	else if (falling >= 3)
		fprintf(t->out,
			say(t, "They have fallen for %u months in a row.\n",
			    "%uか月連続の減少です。\n"),
			falling);
}

static void tell_high(const struct teller *t)
{
	uint64_t now = t->m->month[0].alerts[REPORT_HIGH],
		 before = t->m->month[1].alerts[REPORT_HIGH];
	char a[32], b[32];

	if (now == 0 && before == 0)
		return;
	report_number(now, a);
	report_number(before, b);
	if (t->m->month[1].is_known)
		fprintf(t->out,
			say(t, "Of high severity: %s (%s in the month before).\n",
			    "うち深刻度「高」は%s件です(前月%s件)。\n"),
			a, b);
	else
		fprintf(t->out, say(t, "Of high severity: %s.\n", "うち深刻度「高」は%s件です。\n"),
			a);
}

/* --- what --- */

static void tell_chief(const struct teller *t)
{
	uint64_t all = monthly_alerts(&t->m->month[0]);
	const struct monthly_threat *x = t->m->threats;

	if (t->m->threat_count == 0 || all == 0)
		return;
	fprintf(t->out,
		say(t, "The most frequent threat is \"%s\": %u %% of the alerts, on %u %s.\n",
		    "最も多い脅威は「%s」で、アラート全体の%u%%を占め、対象ホストは%u台です%s。\n"),
		report_threat_name(t->language, x->name), percent(x->hits, all), x->hosts,
		say(t, x->hosts == 1 ? "host" : "hosts", ""));
}

/* Up to three names, then how many more. */
static void names(const struct teller *t, const struct monthly_threat *list, size_t n,
		  bool only_new)
{
	unsigned told = 0, left = 0;

	for (size_t i = 0; i < n; i++) {
		if (only_new && list[i].hits_before)
			continue;
		if (told < 3)
			fprintf(t->out, say(t, "%s\"%s\"", "%s「%s」"),
				told ? say(t, ", ", "、") : "",
				report_threat_name(t->language, list[i].name));
		else
			left++;
		told++;
	}
	if (left)
		fprintf(t->out, say(t, " and %u more", "ほか%u種"), left);
}

static void tell_new(const struct teller *t)
{
	size_t fresh = 0;

	for (size_t i = 0; i < t->m->threat_count; i++)
		fresh += t->m->threats[i].hits_before == 0;
	if (!t->m->month[1].is_known)
		return;
	if (fresh) {
		fprintf(t->out, say(t, "New this month (%zu): ", "前月になかった脅威は%zu種です: "),
			fresh);
		names(t, t->m->threats, t->m->threat_count, true);
		fputs(say(t, ".\n", "。\n"), t->out);
	}
	if (t->m->gone_count) {
		fprintf(t->out,
			say(t,
			    "No longer seen (%zu): ", "前月にあり当月になかった脅威は%zu種です: "),
			t->m->gone_count);
		names(t, t->m->gone, t->m->gone_count, false);
		fputs(say(t, ".\n", "。\n"), t->out);
	}
}

/* --- who and when --- */

static void tell_hosts(const struct teller *t)
{
	uint64_t all = monthly_alerts(&t->m->month[0]), now = t->m->month[0].hosts,
		 before = t->m->month[1].hosts;
	const struct monthly_host *h = t->m->hosts;
	char a[32], b[32];

	if (t->m->host_count == 0)
		return;
	report_number(now, a);
	report_number(before, b);
	if (t->m->month[1].is_known)
		fprintf(t->out,
			say(t, "Hosts affected: %s (%s in the month before).\n",
			    "対象ホストは%s台です(前月%s台)。\n"),
			a, b);
	if (h->hits * 10 >= all * 3 && t->m->host_count > 2)
		fprintf(t->out,
			say(t, "%s alone accounts for %u %% of the alerts: start there.\n",
			    "%s だけで全体の%u%%を占めています。まずここから対応してください。\n"),
			h->name && h->name[0] ? h->name : h->ip, percent(h->hits, all));
}

static void tell_busiest(const struct teller *t)
{
	const struct report_monthly *m = t->m;
	uint64_t most = 0, all = monthly_alerts(&m->month[0]);
	unsigned at = 0;
	char day[ZONE_TEXT], a[32];

	for (unsigned i = 0; i < m->days; i++) {
		uint64_t sum = 0;

		for (unsigned s = 0; s < REPORT_SEVERITIES; s++)
			sum += m->day[i][s];
		at = sum > most ? i : at;
		most = sum > most ? sum : most;
	}
	if (most * 5 < all || all < 10)
		return;
	fprintf(t->out,
		say(t, "The busiest day was %s with %s alerts, %u %% of the month.\n",
		    "最も多かった日は%sで%s件、月全体の%u%%です。\n"),
		zone_day_text(&m->zone, zone_day(&m->zone, m->from, (int)at), day),
		report_number(most, a), percent(most, all));
}

/* Nights (20 to 6) and weekends are 106 of a week's 168 hours. */
static void tell_off_hours(const struct teller *t)
{
	uint64_t off = 0, all = 0;

	for (unsigned d = 0; d < 7; d++) {
		for (unsigned h = 0; h < 24; h++) {
			uint64_t n = t->m->hour_of_week[d][h];

			all += n;
			off += d >= 5 || h < 6 || h >= 20 ? n : 0;
		}
	}
	if (all < 10 || off * 3 < all)
		return;
	fprintf(t->out,
		say(t,
		    "%u %% of the alerts came at night (20:00 to 06:00) or at weekends, when few "
		    "people work: look into what was busy then.\n",
		    "アラートの%u%%は夜間(20時〜6時)または週末に発生しています。人が少ない時間帯の"
		    "通信は確認をお勧めします。\n"),
		percent(off, all));
}

/* --- what was done --- */

static void tell_contained(const struct teller *t)
{
	const struct monthly_times *now = &t->m->contain, *before = &t->m->contain_before;
	char a[48], b[48];

	if (now->n == 0)
		return;
	report_duration(t->language, now->median, a);
	report_duration(t->language, now->longest, b);
	fprintf(t->out,
		say(t,
		    "Cuts verified on the wire: %llu; half of them within %s of the detection, "
		    "the slowest after %s.\n",
		    "遮断は%llu件を通信上で確認しました。検知から遮断確認までの中央値は%s、最長は%"
		    "sです。"
		    "\n"),
		(unsigned long long)now->n, a, b);
	if (before->n && now->median > before->median * 2)
		fprintf(t->out,
			say(t, "That is slower than in the month before (%s).\n",
			    "前月の中央値(%s)より遅くなっています。\n"),
			report_duration(t->language, before->median, a));
}

static void tell_waiting(const struct teller *t)
{
	char a[32];

	if (t->m->waiting)
		fprintf(t->out,
			say(t, "Hosts that still wait for a person: %s.\n",
			    "対応待ちのホストが%s台残っています。\n"),
			report_number(t->m->waiting, a));
	else if (t->m->host_count)
		fputs(say(t, "No host waits for a person any more.\n",
			  "対応待ちのホストは残っていません。\n"),
		      t->out);
}

static void tell_blind(const struct teller *t)
{
	const struct monthly_figures *f = &t->m->month[0];
	char a[48], b[48];

	if (f->lost)
		fprintf(t->out,
			say(t, "%s frames were lost before inspection; %s were inspected.\n",
			    "検査前に失われたフレームは%s、検査したフレームは%sです。\n"),
			report_number(f->lost, a), report_number(f->packets, b));
	if (f->down_s > 3600)
		fprintf(t->out,
			say(t, "Sensors were away for %s in total.\n",
			    "センサーの停止時間は合計%sです。\n"),
			report_duration(t->language, f->down_s * NS_PER_SEC, a));
}

void report_tendency(const struct report_monthly *m, enum report_language language, FILE *out)
{
	const struct teller t = {m, language, out};

	if (monthly_alerts(&m->month[0]) == 0 && monthly_alerts(&m->month[1]) == 0) {
		fputs(say(&t, "Nothing was detected this month.\n",
			  "当月は脅威が検知されませんでした。\n"),
		      out);
	} else {
		tell_change(&t);
		tell_run(&t);
		tell_high(&t);
		tell_chief(&t);
		tell_new(&t);
		tell_hosts(&t);
		tell_busiest(&t);
		tell_off_hours(&t);
		tell_contained(&t);
		tell_waiting(&t);
	}
	tell_blind(&t);
}
