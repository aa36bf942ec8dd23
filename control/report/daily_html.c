/* The daily report as one self-contained HTML page. */
#include <stdlib.h>
#include <string.h>

#include "control/report/daily.h"
#include "control/report/html.h"
#include "control/report/steps.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

/* A page is read by people, and printed: the worst hosts in full. CSV and JSON have them all. */
enum { TABLE_MOST = 1000, DETAIL_MOST = 200 };

struct daily_page {
	struct page page;
	const struct report_daily *d;
};

static bool has(const char *text)
{
	return text && text[0];
}

static const char *host_name(const struct report_host *h)
{
	return has(h->name) ? h->name : h->ip;
}

static bool is_released(const struct report_host *h)
{
	return h->cut_state && strcmp(h->cut_state, "released") == 0;
}

/* Hosts that somebody has to see to. */
static size_t to_act_on(const struct report_daily *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->host_count; i++)
		n += !is_released(&d->hosts[i]);
	return n;
}

static void rest_of(struct daily_page *dp, size_t told)
{
	struct page *p = &dp->page;
	size_t n = dp->d->host_count > told ? dp->d->host_count - told : 0;
	char number[32];

	if (n == 0)
		return;
	fputs("<p>", p->out);
	fprintf(p->out,
		say(p, "%s more hosts are in the report's CSV and JSON.",
		    "ほか%s台のホストは、本レポートのCSVとJSONに記載しています。"),
		report_number(n, number));
	fputs("</p>\n", p->out);
}

/* --- threats --- */

static uint64_t hour_value(const void *ctx, unsigned bar, unsigned series)
{
	(void)series;
	return ((const struct daily_page *)ctx)->d->per_hour[bar];
}

/* By the wall clock: a day with a time change names an hour twice, or leaves one out. */
static const char *hour_label(const void *ctx, unsigned bar, char ret[48])
{
	const struct daily_page *dp = ctx;
	struct tm tm;

	zone_local(&dp->d->zone, dp->d->from + bar * NS_PER_HOUR, &tm);
	snprintf(ret, 48, "%d", tm.tm_hour);
	return ret;
}

static void threats(struct daily_page *dp)
{
	struct page *p = &dp->page;
	const struct plot_bars hours = {
		.title = say(p, "Alerts by hour", "時間帯別アラート件数"),
		.n = report_daily_hours(dp->d),
		.value = hour_value,
		.label = hour_label,
		.ctx = dp,
	};

	if (dp->d->threat_count == 0) {
		html_nothing(p);
		return;
	}
	html_table(p, say(p, "Threat|Category|Severity|ATT&amp;CK|First|Last|>Hits|>Hosts",
			  "脅威|分類|深刻度|ATT&amp;CK|初回|最終|>件数|>ホスト数"));
	for (size_t i = 0; i < dp->d->threat_count; i++) {
		const struct report_threat *t = &dp->d->threats[i];

		html_row(p);
		html_cell(p, NULL, report_threat_name(p->language, t->name));
		html_cell(p, NULL, report_class_name(p->language, t->category));
		html_word(p, t->severity);
		html_cell(p, "t", t->technique);
		html_time(p, t->first);
		html_time(p, t->last);
		html_number(p, t->hits);
		html_number(p, t->hosts);
	}
	html_table_end(p);
	if (to_act_on(dp->d) == 0)
		html_paragraph(p,
			       say(p,
				   "None of these needs action now: they are listed so that "
				   "you know of them.",
				   "いずれも現時点で対応は不要です。記録として掲載しています。"));
	plot_bars(p, &hours);
}

/* --- hosts --- */

static void hosts(struct daily_page *dp)
{
	struct page *p = &dp->page;
	char more[600];

	if (dp->d->host_count == 0) {
		html_nothing(p);
		return;
	}
	html_table(p,
		   say(p, "Host|Level|Network|Cut at|Verified at|Released at|By|>Alerts",
		       "ホスト|判定|ネットワーク|遮断時刻|遮断確認時刻|解除時刻|実施者|>アラート"));
	for (size_t i = 0; i < dp->d->host_count && i < TABLE_MOST; i++) {
		const struct report_host *h = &dp->d->hosts[i];
		char about[REPORT_ABOUT];

		snprintf(more, sizeof(more), "%s%s%s", h->mac ? h->mac : "",
			 has(h->about) ? ", " : "", report_about(p->language, h->about, about));
		html_row(p);
		html_host(p, h->name, h->ip, more);
		html_word(p, h->level);
		html_word(p, h->cut_state);
		html_time(p, h->cut_at);
		html_time(p, h->verified_at);
		html_time(p, is_released(h) ? h->released_at : 0);
		html_cell(p, NULL, h->actor);
		html_number(p, h->alerts);
	}
	html_table_end(p);
	rest_of(dp, TABLE_MOST);
}

/* Correlation's sentence, else the first sign, else that nothing is known. */
static void cause(struct daily_page *dp, const struct report_host *h)
{
	struct page *p = &dp->page;
	const char *root = p->language == REPORT_JAPANESE && has(h->root_cause_ja)
				   ? h->root_cause_ja
				   : h->root_cause;
	const char *why = h->sign_reason[p->language == REPORT_JAPANESE];
	char when[ZONE_TEXT], sentence[2048];
	const char *at = zone_text(&p->zone, h->sign_at, when);
	const char *from = has(h->sign_url) ? h->sign_url : h->sign_peer;
	const char *sign = report_threat_name(p->language, h->sign);

	if (has(root))
		snprintf(sentence, sizeof(sentence), "%s", root);
	else if (!has(h->sign))
		snprintf(sentence, sizeof(sentence), "%s",
			 say(p, "Not found yet.", "まだ特定できていません。"));
	else if (has(why))
		snprintf(sentence, sizeof(sentence),
			 say(p, "First sign at %s: %s. %s", "最初の兆候: %s「%s」。%s"), at, sign,
			 why);
	else if (has(h->sign_file))
		snprintf(sentence, sizeof(sentence),
			 say(p, "First sign at %s: %s, the file %s from %s.",
			     "最初の兆候: %s「%s」、ファイル「%s」、取得元 %s。"),
			 at, sign, h->sign_file, from);
	else
		snprintf(sentence, sizeof(sentence),
			 say(p, "First sign at %s: %s (with %s).",
			     "最初の兆候: %s「%s」(通信先 %s)。"),
			 at, sign, from);
	html_paragraph(p, sentence);
}

static void step_list(struct daily_page *dp, const struct report_host *h)
{
	struct page *p = &dp->page;
	const char *const *steps = report_steps(p->language, h->cut_state);
	size_t n = h->handling_count[p->language];

	fputs("<ol>", p->out);
	for (size_t k = 0; k < n; k++) {
		fputs("<li>", p->out);
		html_text(p, h->handling[p->language][k]);
		fputs("</li>", p->out);
	}
	for (size_t k = 0; n == 0 && steps[k]; k++)
		fprintf(p->out, "<li>%s</li>", steps[k]);
	fputs("</ol>\n", p->out);
}

static void each_host(struct daily_page *dp,
		      void (*tell)(struct daily_page *dp, const struct report_host *h))
{
	for (size_t i = 0; i < dp->d->host_count && i < DETAIL_MOST; i++) {
		fputs("<h3>", dp->page.out);
		html_text(&dp->page, host_name(&dp->d->hosts[i]));
		fputs("</h3>", dp->page.out);
		tell(dp, &dp->d->hosts[i]);
	}
	rest_of(dp, DETAIL_MOST);
	if (dp->d->host_count == 0)
		html_nothing(&dp->page);
}

static void causes(struct daily_page *dp)
{
	each_host(dp, cause);
}

static void handling(struct daily_page *dp)
{
	each_host(dp, step_list);
}

/* --- what was not seen --- */

/* Sentences of the mirror port come in both languages, English first, on a line each. */
static void blind_sentence(const struct page *p, const char *sentence)
{
	const char *end = strchr(sentence, '\n');
	char *first;

	if (!end || p->language == REPORT_JAPANESE) {
		html_text(p, end ? end + 1 : sentence);
		return;
	}
	first = strndup(sentence, (size_t)(end - sentence));
	html_text(p, first ? first : sentence);
	free(first);
}

/* Frames, loss and time away of each sensor: whole numbers, also where all is well. */
static void sensors(struct daily_page *dp)
{
	const struct report_daily *d = dp->d;
	struct page *p = &dp->page;
	char text[48];

	html_table(p, say(p, "Sensor|>Frames inspected|>Lost before inspection|>Not in operation",
			  "センサー|>検査フレーム数|>検査前の損失|>停止時間"));
	for (size_t i = 0; i < d->sensor_count; i++) {
		const struct report_sensor *s = &d->sensors[i];
		uint64_t away = report_daily_away(d, s);

		html_row(p);
		html_cell(p, NULL, s->name);
		html_number(p, s->packets);
		html_number(p, s->lost);
		html_cell(p, "n",
			  away ? report_duration(p->language, away * NS_PER_SEC, text) : "");
	}
	html_table_end(p);
}

static void blind(struct daily_page *dp)
{
	const struct report_daily *d = dp->d;
	struct page *p = &dp->page;
	uint64_t away = 0;

	for (size_t i = 0; i < d->sensor_count; i++)
		away += report_daily_away(d, &d->sensors[i]);
	if (d->sensor_count == 0)
		html_paragraph(p,
			       say(p, "No sensor reported.", "報告のあったセンサーはありません。"));
	else if (d->lost == 0 && away == 0)
		html_paragraph(p, say(p, "Every frame that reached the sensors was inspected.",
				      "センサーに届いたフレームはすべて検査しました。"));
	else
		html_paragraph(p, say(p,
				      "What passed while a sensor was not in operation, and what "
				      "was lost before inspection, is not in this report.",
				      "停止中の通信と検査前に失われたフレームは、"
				      "本レポートに含まれていません。"));
	if (d->sensor_count)
		sensors(dp);
	if (d->blind_count == 0)
		return;
	fprintf(p->out, "<h3>%s</h3>\n<ul>",
		say(p, "What the sensors say of their mirror ports",
		    "センサーが確認したミラーポートの状態"));
	for (size_t i = 0; i < d->blind_count; i++) {
		fputs("<li><b>", p->out);
		html_text(p, d->blind[i].sensor);
		fputs("</b> ", p->out);
		blind_sentence(p, d->blind[i].sentence);
		fputs("</li>", p->out);
	}
	fputs("</ul>\n", p->out);
}

/* --- the page --- */

static void summary(struct daily_page *dp)
{
	const struct report_daily *d = dp->d;
	struct page *p = &dp->page;
	size_t need = to_act_on(d);
	char alerts[32], hosts[32];

	fputs("<p class=\"sum\">", p->out);
	if (d->alerts == 0 && d->host_count == 0)
		fputs(say(p, "Nothing was detected. Nothing needs to be done.",
			  "脅威は検知されませんでした。対応は不要です。"),
		      p->out);
	else if (need == 0)
		fprintf(p->out,
			say(p, "%s alerts on %s hosts. No host needs action.",
			    "アラートは%s件(ホスト%s台)です。対応が必要なホストはありません。"),
			report_number(d->alerts, alerts), report_number(d->hosts_seen, hosts));
	else
		fprintf(p->out,
			say(p, "%s alerts on %s hosts. %zu hosts need action, see below.",
			    "アラートは%s件(ホスト%s台)です。対応が必要なホストが%zu台あります。"),
			report_number(d->alerts, alerts), report_number(d->hosts_seen, hosts),
			need);
	fputs("</p>\n", p->out);
}

static void subtitle(struct daily_page *dp)
{
	const struct report_daily *d = dp->d;
	struct page *p = &dp->page;
	bool is_so_far = d->made && d->made < d->to;
	char from[ZONE_TEXT], to[ZONE_TEXT], zone[ZONE_TEXT];

	fprintf(p->out, "<p class=\"sub\">%s %s - %s (%s)%s</p>\n", say(p, "Period", "対象期間"),
		zone_text(&d->zone, d->from, from),
		zone_text(&d->zone, is_so_far ? d->made : d->to, to),
		zone_offset_text(&d->zone, d->from, zone),
		is_so_far ? say(p, ", so far today", "、本日の途中経過") : "");
}

static const struct {
	const char *title[REPORT_LANGUAGES];
	void (*write)(struct daily_page *dp);
} sections[] = {
	{{"Threats detected", "検知した脅威"}, threats},
	{{"Hosts that need action", "対応が必要なホスト"}, hosts},
	{{"How it came in", "侵入経路の調査結果"}, causes},
	{{"Recommended handling, in order", "推奨する対応(実施順)"}, handling},
	{{"What this report could not see", "このレポートで確認できなかった範囲"}, blind},
};

int report_daily_html(const struct report_daily *d, enum report_language language, FILE *out)
{
	struct daily_page dp = {.page = {.out = out, .language = language, .zone = d->zone},
				.d = d};
	struct page *p = &dp.page;
	char name[400];

	snprintf(name, sizeof(name), "%s%s%s", has(d->customer) ? d->customer : "",
		 has(d->customer) && has(d->site) ? ", " : "", has(d->site) ? d->site : "");
	html_begin(p, say(p, "Daily report", "日次レポート"),
		   name[0] ? name : say(p, "all sites", "全拠点"));
	subtitle(&dp);
	summary(&dp);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		html_section(p, sections[i].title[language]);
		sections[i].write(&dp);
	}
	html_end(p);
	return ferror(out) ? ERR_IO : ERR_OK;
}
