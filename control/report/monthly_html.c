/* The monthly report as one self-contained HTML page. */
#include <stdlib.h>
#include <string.h>

#include "control/report/attack.h"
#include "control/report/html.h"
#include "control/report/monthly.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { SHOWN_HOSTS = 40 };

struct monthly_page {
	struct page page;
	const struct report_monthly *m;
};

/* --- at the top: figures with what they were --- */

static void figure(struct page *p, const char *title, uint64_t now, uint64_t before, bool compare)
{
	char text[32];

	fprintf(p->out, "<div>%s<b>%s</b>", title, report_number(now, text));
	if (compare)
		fprintf(p->out, say(p, "<small>%s before</small>", "<small>前月 %s</small>"),
			report_number(before, text));
	fputs("</div>", p->out);
}

static void figures(struct monthly_page *mp)
{
	const struct monthly_figures *now = &mp->m->month[0], *was = &mp->m->month[1];
	struct page *p = &mp->page;
	bool compare = was->is_known;

	fputs("<div class=\"figures\">", p->out);
	figure(p, say(p, "Alerts", "アラート"), monthly_alerts(now), monthly_alerts(was), compare);
	figure(p, say(p, "of high severity", "深刻度「高」"), now->alerts[REPORT_HIGH],
	       was->alerts[REPORT_HIGH], compare);
	figure(p, say(p, "Hosts affected", "対象ホスト"), now->hosts, was->hosts, compare);
	figure(p, say(p, "Incidents", "インシデント"), now->incidents, was->incidents, compare);
	figure(p, say(p, "Cuts", "遮断"), now->cuts, was->cuts, compare);
	figure(p, say(p, "Hosts that wait", "対応待ちホスト"), mp->m->waiting, 0, false);
	fputs("</div>\n", p->out);
}

static void tendency(struct monthly_page *mp)
{
	struct page *p = &mp->page;
	char *text = NULL, *rest;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	report_tendency(mp->m, p->language, out);
	fclose(out);
	fputs("<ul class=\"told\">", p->out);
	for (char *sentence = strtok_r(text, "\n", &rest); sentence;
	     sentence = strtok_r(NULL, "\n", &rest)) {
		fputs("<li>", p->out);
		html_text(p, sentence);
		fputs("</li>\n", p->out);
	}
	fputs("</ul>\n", p->out);
	free(text);
}

/* Paragraphs are parted by line ends. */
static void advisory(struct monthly_page *mp)
{
	const struct monthly_advisory *a = &mp->m->advisory;
	struct page *p = &mp->page;
	const char *text = a->text[p->language] ? a->text[p->language] : a->text[!p->language];
	char when[ZONE_TEXT];

	if (!text) {
		html_paragraph(p, say(p, "No advisory was written for this month.",
				      "当月の助言はありません。"));
		return;
	}
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n);

		if (n)
			html_paragraph(p, line ? line : "");
		free(line);
		text += n + (text[n] == '\n');
	}
	fputs("<p><small>", p->out);
	html_text(p, a->author);
	fprintf(p->out, say(p, ", %s, version %u", "、%s、第%u版"),
		zone_text(&p->zone, a->time, when), a->version);
	fputs("</small></p>\n", p->out);
}

/* --- trend --- */

static uint64_t day_value(const void *ctx, unsigned bar, unsigned series)
{
	return ((const struct monthly_page *)ctx)->m->day[bar][series];
}

static const char *day_label(const void *ctx, unsigned bar, char ret[48])
{
	(void)ctx;
	snprintf(ret, 48, "%u", bar + 1);
	return ret;
}

static const struct monthly_figures *month_at(const void *ctx, unsigned bar)
{
	return &((const struct monthly_page *)ctx)->m->month[MONTHLY_BACK - bar];
}

static uint64_t month_value(const void *ctx, unsigned bar, unsigned series)
{
	return month_at(ctx, bar)->alerts[series];
}

static uint64_t month_hosts(const void *ctx, unsigned bar, unsigned series)
{
	(void)series;
	return month_at(ctx, bar)->hosts;
}

static const char *month_label(const void *ctx, unsigned bar, char ret[48])
{
	const struct monthly_page *mp = ctx;
	char text[ZONE_TEXT];

	snprintf(ret, 48, "%s", zone_month_text(&mp->page.zone, month_at(ctx, bar)->from, text));
	return ret;
}

static void trend(struct monthly_page *mp)
{
	struct page *p = &mp->page;
	const struct plot_bars days = {
		.title = say(p, "Alerts by day", "日別アラート件数"),
		.n = mp->m->days,
		.value = day_value,
		.label = day_label,
		.ctx = mp,
		.by_severity = true,
	};
	const struct plot_bars months = {
		.title = say(p, "Alerts by month", "月別アラート件数"),
		.n = MONTHLY_BACK + 1,
		.value = month_value,
		.label = month_label,
		.ctx = mp,
		.by_severity = true,
	};
	const struct plot_bars hosts = {
		.title = say(p, "Hosts affected by month", "月別対象ホスト数"),
		.n = MONTHLY_BACK + 1,
		.value = month_hosts,
		.label = month_label,
		.ctx = mp,
	};

	plot_bars(p, &days);
	plot_bars(p, &months);
	plot_bars(p, &hosts);
	plot_week(p, say(p, "Alerts by weekday and hour", "曜日・時間帯別アラート件数"),
		  mp->m->hour_of_week);
}

/* --- tallies --- */

static void change_cell(struct page *p, const struct monthly_threat *t, bool is_comparable)
{
	char text[48], number[32];

	if (!is_comparable)
		html_cell(p, "n", "-");
	else if (t->hits_before == 0)
		html_cell(p, "n more", say(p, "new", "新規"));
	else {
		bool is_more = t->hits >= t->hits_before;

		report_number(is_more ? t->hits - t->hits_before : t->hits_before - t->hits,
			      number);
		snprintf(text, sizeof(text), "%s%s", is_more ? "+" : "−", number);
		html_cell(p, t->hits > t->hits_before ? "n more" : "n less", text);
	}
}

static void threats(struct monthly_page *mp)
{
	struct page *p = &mp->page;

	if (mp->m->threat_count == 0) {
		html_nothing(p);
		return;
	}
	html_table(p,
		   say(p,
		       "Threat|Category|Severity|ATT&amp;CK|First|Last|>Days|>Hosts|>Hits|>Change",
		       "脅威|分類|深刻度|ATT&amp;CK|初回|最終|>日数|>ホスト数|>件数|>前月差"));
	for (size_t i = 0; i < mp->m->threat_count; i++) {
		const struct monthly_threat *t = &mp->m->threats[i];

		html_row(p);
		html_cell(p, NULL, report_threat_name(p->language, t->name));
		html_cell(p, NULL, report_class_name(p->language, t->category));
		html_word(p, report_severity_key(t->severity));
		html_cell(p, "t", t->technique);
		html_day(p, t->first);
		html_day(p, t->last);
		html_number(p, t->days);
		html_number(p, t->hosts);
		html_number(p, t->hits);
		change_cell(p, t, mp->m->month[1].is_known);
	}
	html_table_end(p);
}

static void hosts(struct monthly_page *mp)
{
	struct page *p = &mp->page;
	char more[600];

	if (mp->m->host_count == 0) {
		html_nothing(p);
		return;
	}
	html_table(p,
		   say(p, "Host|Most frequent threat|Network|>Incidents|>Threats|>Days|>Hits",
		       "ホスト|最も多い脅威|ネットワーク|>インシデント|>脅威の種類|>日数|>件数"));
	for (size_t i = 0; i < mp->m->host_count && i < SHOWN_HOSTS; i++) {
		const struct monthly_host *h = &mp->m->hosts[i];
		char about[REPORT_ABOUT];

		snprintf(more, sizeof(more), "%s%s%s", h->site ? h->site : "",
			 h->about && h->about[0] && h->site && h->site[0] ? ", " : "",
			 report_about(p->language, h->about, about));
		html_row(p);
		html_host(p, h->name, h->ip, more);
		html_cell(p, NULL, report_threat_name(p->language, h->worst));
		html_word(p, h->cut_state);
		html_number(p, h->incidents);
		html_number(p, h->threats);
		html_number(p, h->days);
		html_number(p, h->hits);
	}
	html_table_end(p);
	if (mp->m->host_count > SHOWN_HOSTS)
		fprintf(p->out,
			say(p, "<p>The %d with most alerts; the CSV has more.</p>\n",
			    "<p>アラートの多い%d台です。続きはCSVにあります。</p>\n"),
			SHOWN_HOSTS);
}

static void incidents(struct monthly_page *mp)
{
	struct page *p = &mp->page;

	if (mp->m->incident_count == 0) {
		html_nothing(p);
		return;
	}
	html_table(p, say(p, "Since|Host|Incident|Level|How it came in|Network",
			  "発生|ホスト|インシデント|判定|侵入経路|ネットワーク"));
	for (size_t i = 0; i < mp->m->incident_count; i++) {
		const struct monthly_incident *x = &mp->m->incidents[i];

		html_row(p);
		html_time(p, x->opened);
		html_host(p, "", x->host, x->site);
		html_cell(p, NULL, report_threat_name(p->language, x->title));
		html_word(p, x->level);
		html_cell(p, NULL, x->root_cause[p->language]);
		html_word(p, x->cut_state);
	}
	html_table_end(p);
}

/* --- ATT&CK --- */

static void tactic_box(struct monthly_page *mp, const char *tactic)
{
	struct page *p = &mp->page;
	unsigned seen = 0;
	char number[32];

	for (size_t i = 0; i < mp->m->technique_count; i++)
		seen += strcmp(mp->m->techniques[i].tactic, tactic) == 0;
	fprintf(p->out, "<div%s><b>%s</b>", seen ? "" : " class=\"none\"",
		attack_tactic_name(p->language, tactic));
	for (size_t i = 0; i < mp->m->technique_count; i++) {
		const struct monthly_technique *t = &mp->m->techniques[i];

		if (strcmp(t->tactic, tactic) != 0)
			continue;
		fputs("<span>", p->out);
		html_text(p, t->technique);
		fprintf(p->out, " %s: %s</span>", attack_technique_name(t->technique),
			report_number(t->hits, number));
	}
	if (!seen)
		fprintf(p->out, "<span>%s</span>", say(p, "nothing seen", "検知なし"));
	fputs("</div>", p->out);
}

static void matrix(struct monthly_page *mp)
{
	struct page *p = &mp->page;

	fputs("<div class=\"matrix\">", p->out);
	for (unsigned i = 0; i < ATTACK_TACTICS; i++)
		tactic_box(mp, attack_tactic(i));
	fputs("</div>\n", p->out);
}

/* --- times and blind spots --- */

static void times_row(struct page *p, const char *what, const struct monthly_times *t)
{
	char text[48];

	html_row(p);
	html_cell(p, NULL, what);
	html_number(p, t->n);
	html_cell(p, "n", t->n ? report_duration(p->language, t->median, text) : "");
	html_cell(p, "n", t->n ? report_duration(p->language, t->p90, text) : "");
	html_cell(p, "n", t->n ? report_duration(p->language, t->longest, text) : "");
}

static void times(struct monthly_page *mp)
{
	struct page *p = &mp->page;

	html_table(p, say(p, "|>Cases|>Median|>9 in 10 within|>Longest",
			  "|>件数|>中央値|>9割が以内|>最長"));
	times_row(p, say(p, "first sign to detection", "最初の兆候から検知まで"), &mp->m->detect);
	times_row(p, say(p, "detection to verified cut", "検知から遮断確認まで"), &mp->m->contain);
	times_row(p, say(p, "cut to release", "遮断から解除まで"), &mp->m->recover);
	html_table_end(p);
}

static void blind(struct monthly_page *mp)
{
	struct page *p = &mp->page;
	char text[48];

	if (mp->m->blind_count == 0) {
		html_paragraph(p, say(p, "No sensor reported in this month.",
				      "当月に報告のあったセンサーはありません。"));
		return;
	}
	html_table(p, say(p, "Sensor|Mirror port|>Frames inspected|>Lost|>Away",
			  "センサー|ミラーポート|>検査フレーム数|>損失|>停止"));
	for (size_t i = 0; i < mp->m->blind_count; i++) {
		const struct monthly_blind *b = &mp->m->blind[i];

		html_row(p);
		html_cell(p, NULL, b->sensor);
		html_cell(p, NULL, b->sentence[p->language]);
		html_number(p, b->packets);
		html_number(p, b->lost);
		html_cell(p, "n",
			  b->down_s ? report_duration(p->language, b->down_s * NS_PER_SEC, text)
				    : "");
	}
	html_table_end(p);
}

/* --- the page --- */

static void subtitle(const struct monthly_page *mp)
{
	const struct report_monthly *m = mp->m;
	const struct page *p = &mp->page;
	bool is_so_far = m->made && m->made < m->to;
	char from[ZONE_TEXT], to[ZONE_TEXT], zone[ZONE_TEXT];

	fprintf(p->out, "<p class=\"sub\">%s %s - %s (%s, %s)%s</p>\n",
		say(p, "Period", "対象期間"), zone_text(&m->zone, m->from, from),
		zone_text(&m->zone, is_so_far ? m->made : m->to, to),
		m->zone.name[0] ? m->zone.name : "UTC", zone_offset_text(&m->zone, m->from, zone),
		is_so_far ? say(p, ", so far", "(途中経過)") : "");
}

static void name_of(const struct report_monthly *m, enum report_language language, char ret[300])
{
	const char *customer = m->customer ? m->customer : "", *site = m->site ? m->site : "";

	snprintf(ret, 300, "%s%s%s", customer, customer[0] && site[0] ? ", " : "", site);
	if (!ret[0])
		snprintf(ret, 300, "%s", in_language(language, "all sites", "全拠点"));
}

static const struct {
	const char *title[REPORT_LANGUAGES];
	void (*write)(struct monthly_page *mp);
} sections[] = {
	{{"What the month shows", "傾向分析"}, tendency},
	{{"Expert's advisory", "専門家の助言"}, advisory},
	{{"Trend", "推移"}, trend},
	{{"Incidents and how they came in", "インシデントと侵入経路"}, incidents},
	{{"Threats", "脅威の集計"}, threats},
	{{"Hosts", "ホストの集計"}, hosts},
	{{"How long it took", "所要時間"}, times},
	{{"Seen, in MITRE ATT&amp;CK", "MITRE ATT&amp;CKでの位置付け"}, matrix},
	{{"What this report could not see", "このレポートで確認できなかった範囲"}, blind},
};

int report_monthly_html(const struct report_monthly *m, enum report_language language, FILE *out)
{
	struct monthly_page mp = {.page = {.out = out, .language = language, .zone = m->zone},
				  .m = m};
	const char *titles[ARRAY_SIZE(sections)];
	char name[300];

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		titles[i] = sections[i].title[language];
	name_of(m, language, name);
	html_begin(&mp.page, say(&mp.page, "Monthly report", "月次レポート"), name);
	subtitle(&mp);
	figures(&mp);
	html_contents(&mp.page, titles, ARRAY_SIZE(sections));
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		html_section(&mp.page, titles[i]);
		sections[i].write(&mp);
	}
	html_end(&mp.page);
	return ferror(out) ? ERR_IO : ERR_OK;
}
