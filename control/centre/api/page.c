#include "control/centre/api/page.h"

#include <string.h>

struct view {
	FILE *out;
	bool japanese;
	const struct zone *zone;
};

static const char style[] =
	":root{color-scheme:light "
	"dark;--fg:#1b1f24;--bg:#fff;--line:#d5dae0;--soft:#f4f6f8;--bad:#b3261e;"
	"--warn:#9a5b00;--good:#1a6b3c;--link:#1f5fa8}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--line:#333a42;--soft:#"
	"1e2329;"
	"--bad:#ff8a80;--warn:#ffc266;--good:#7bd8a0;--link:#8ab8f0}}"
	"*{box-sizing:border-box}body{font:16px/1.5 system-ui,'Noto Sans CJK JP','Noto Sans "
	"JP',sans-serif;color:var(--fg);background:var(--bg);margin:0}"
	"header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:baseline;padding:1rem "
	"1.2rem;border-bottom:1px solid var(--line)}header b{font-size:1.25rem}a{color:var(--link)}"
	"main{padding:0 1.2rem 4rem;max-width:80rem;margin:0 "
	"auto}h2{font-size:1.1rem;margin:1.8rem 0 .5rem}"
	".scroll{overflow-x:auto}th{white-space:nowrap}@media(max-width:50rem){table{min-width:"
	"44rem}}table{border-collapse:collapse;width:100%;font-size:.92rem}"
	"th,td{text-align:left;padding:.4rem .7rem;border-bottom:1px solid "
	"var(--line);vertical-align:top}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:var(--bad);font-"
	"weight:600}"
	".warn{color:var(--warn);font-weight:600}.good{color:var(--good);font-weight:600}"
	".bad,.warn,.good,.t{white-space:nowrap}td:last-child:not(.n):not(.t){min-width:16rem}."
	"none{opacity:.7}small{opacity:.75}";

static const char *pick(const struct view *v, const char *english, const char *japanese)
{
	return v->japanese ? japanese : english;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *row, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(row, key));
}

static void cell(const struct view *v, const char *class, const char *text)
{
	fprintf(v->out, "<td%s%s%s>", class ? " class=\"" : "", class ? class : "",
		class ? "\"" : "");
	report_html_escape(text[0] ? text : "-", v->out);
	fputs("</td>", v->out);
}

static void number_cell(const struct view *v, uint64_t value)
{
	fprintf(v->out, "<td class=\"n\">%llu</td>", (unsigned long long)value);
}

static void time_cell(const struct view *v, uint64_t ns)
{
	char text[32];

	cell(v, "t", zone_text(v->zone, ns, text));
}

static void host_cell(const struct view *v, const json_t *row)
{
	const char *name = text_of(row, "name");

	fputs("<td>", v->out);
	report_html_escape(name[0] ? name : text_of(row, "ip"), v->out);
	fputs("<br><small>", v->out);
	report_html_escape(name[0] ? text_of(row, "ip") : text_of(row, "mac"), v->out);
	fputs("</small></td>", v->out);
}

static void state_cell(const struct view *v, const char *state)
{
	static const char *const good[] = {"verified", "released"}, *const bad[] = {"still-seen",
										    "failed"};
	const char *class = state[0] ? "warn" : NULL;

	for (size_t i = 0; i < 2; i++) {
		if (strcmp(state, good[i]) == 0)
			class = "good";
		if (strcmp(state, bad[i]) == 0)
			class = "bad";
	}
	cell(v, class, report_word(v->japanese ? REPORT_JAPANESE : REPORT_ENGLISH, state));
}

/* Heading, then either a table's head or a sentence that there is nothing; true = rows follow. */
static bool begin_table(const struct view *v, const char *title, const json_t *rows,
			const char *columns, const char *nothing)
{
	fprintf(v->out, "<h2>%s</h2>\n", title);
	if (json_array_size(rows) == 0) {
		fprintf(v->out, "<p class=\"none\">%s</p>\n", nothing);
		return false;
	}
	/* Reachable by keyboard, for it scrolls where the screen is narrow. */
	fprintf(v->out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"%s\"><table><thead><tr>",
		title);
	while (*columns) {
		size_t n = strcspn(columns, "|");

		fprintf(v->out, "<th scope=\"col\">%.*s</th>", (int)n, columns);
		columns += n + (columns[n] == '|');
	}
	fputs("</tr></thead><tbody>\n", v->out);
	return true;
}

static void end_table(const struct view *v)
{
	fputs("</tbody></table></div>\n", v->out);
}

static void hosts(const struct view *v, const json_t *rows)
{
	static const char *const levels[] = {"", "safe", "caution", "warning", "danger"};
	const json_t *row;
	size_t i;

	if (!begin_table(v, pick(v, "Hosts that need action", "対応が必要なホスト"), rows,
			 pick(v, "Host|Level|Network|Alerts|Last seen",
			      "ホスト|判定|ネットワーク|アラート|最終確認"),
			 pick(v, "No host needs action.", "対応が必要なホストはありません。")))
		return;
	json_array_foreach(rows, i, row)
	{
		uint64_t level = number_of(row, "level");
		const char *word = levels[level < 5 ? level : 0];

		fputs("<tr>", v->out);
		host_cell(v, row);
		cell(v, level >= 4 ? "bad" : "warn",
		     report_word(v->japanese ? REPORT_JAPANESE : REPORT_ENGLISH, word));
		state_cell(v, text_of(row, "cut_state"));
		number_cell(v, number_of(row, "alerts"));
		time_cell(v, number_of(row, "last_seen"));
		fputs("</tr>\n", v->out);
	}
	end_table(v);
}

static void quarantines(const struct view *v, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (!begin_table(v, pick(v, "Quarantines", "隔離"), rows,
			 pick(v, "Host|State|Method|Ordered|Verified|Released|Reason",
			      "ホスト|状態|方式|指示|確認|解除|理由"),
			 pick(v, "No host was cut.", "遮断されたホストはありません。")))
		return;
	json_array_foreach(rows, i, row)
	{
		fputs("<tr>", v->out);
		host_cell(v, row);
		state_cell(v, text_of(row, "state"));
		cell(v, NULL, text_of(row, "method"));
		time_cell(v, number_of(row, "ordered"));
		time_cell(v, number_of(row, "verified"));
		time_cell(v, number_of(row, "released"));
		cell(v, NULL, text_of(row, "reason"));
		fputs("</tr>\n", v->out);
	}
	end_table(v);
}

static void alerts(const struct view *v, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (!begin_table(v, pick(v, "Latest alerts", "最新のアラート"), rows,
			 pick(v, "Time|Host|Peer|Severity|What|Why",
			      "時刻|ホスト|通信先|深刻度|内容|理由"),
			 pick(v, "Nothing was detected yet.", "検出はまだありません。")))
		return;
	json_array_foreach(rows, i, row)
	{
		uint64_t severity = number_of(row, "severity");
		static const char *const words[] = {"", "high", "medium", "low", "info"};

		fputs("<tr>", v->out);
		time_cell(v, number_of(row, "time"));
		host_cell(v, row);
		cell(v, NULL, text_of(row, "peer_ip"));
		cell(v,
		     severity == 1   ? "bad"
		     : severity == 2 ? "warn"
				     : NULL,
		     report_word(v->japanese ? REPORT_JAPANESE : REPORT_ENGLISH,
				 words[severity < 5 ? severity : 0]));
		cell(v, NULL, text_of(row, "msg"));
		cell(v, NULL,
		     json_string_value(json_array_get(json_object_get(row, "reasons"), v->japanese ? 1 : 0))
			     ?: json_string_value(json_array_get(json_object_get(row, "reasons"), 0))
			     ?: "");
		fputs("</tr>\n", v->out);
	}
	end_table(v);
}

static void sites(const struct view *v, const json_t *rows)
{
	const json_t *row;
	size_t i;

	if (!begin_table(
		    v, pick(v, "Sites", "拠点"), rows,
		    pick(v, "Site|Program|Connection|Frames|Lost|Rules",
			 "拠点|機器|接続|フレーム|損失|ルール"),
		    pick(v, "No sensor has connected yet.", "センサーはまだ接続していません。")))
		return;
	json_array_foreach(rows, i, row)
	{
		bool up = number_of(row, "up");

		fputs("<tr>", v->out);
		cell(v, NULL, text_of(row, "site"));
		fputs("<td>", v->out);
		report_html_escape(text_of(row, "name"), v->out);
		fputs("<br><small>", v->out);
		report_html_escape(text_of(row, "role"), v->out);
		fputs("</small></td>", v->out);
		cell(v, up ? "good" : "bad",
		     up ? pick(v, "connected", "接続中") : pick(v, "away", "切断"));
		number_cell(v, number_of(row, "rx"));
		number_cell(v, number_of(row, "lost"));
		number_cell(v, number_of(row, "rules"));
		fputs("</tr>\n", v->out);
	}
	end_table(v);
}

/* What an operator must know of the centre itself. */
static void trouble(const struct view *v, const json_t *disk)
{
	const json_t *gone = json_object_get(disk, "gone");
	uint64_t records = number_of(gone, "records"), lost = number_of(gone, "alerts");

	if (json_is_true(json_object_get(disk, "disk_full")))
		fprintf(v->out, "<p class=\"bad\" role=\"alert\">%s</p>\n",
			pick(v,
			     "The centre's disk is full: the oldest records go, alerts last. Free "
			     "space on it.",
			     "センターのディスクに空きがありません。古い記録から順に削除しています("
			     "アラートは"
			     "最後)。空き容量を確保してください。"));
	if (records || lost)
		fprintf(v->out,
			pick(v,
			     "<p class=\"warn\">For lack of room %llu records and %llu alerts are "
			     "gone.</p>\n",
			     "<p class=\"warn\">容量不足により、記録 %llu 件、アラート %llu "
			     "件が削除されました。</p>\n"),
			(unsigned long long)records, (unsigned long long)lost);
}

void page_overview(const json_t *overview, enum report_language language, const struct zone *zone,
		   uint64_t now, FILE *out)
{
	const struct view v = {out, language == REPORT_JAPANESE, zone};
	char text[ZONE_TEXT], offset[ZONE_TEXT];

	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta "
		"name=\"viewport\" "
		"content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" "
		"content=\"15\">"
		"<title>Banken</title><style>%s</style></head><body><header><b>Banken</b><span>%s "
		"(%s)</span>"
		"<a href=\"/daily%s\">%s</a><a href=\"%s\" lang=\"%s\">%s</a></header><main>\n",
		v.japanese ? "ja" : "en", style, zone_text(zone, now, text),
		zone_offset_text(zone, now, offset), v.japanese ? "?lang=ja" : "",
		pick(&v, "Daily report, so far today", "日次レポート(本日分)"),
		v.japanese ? "/" : "/?lang=ja", v.japanese ? "en" : "ja",
		v.japanese ? "English" : "日本語");
	trouble(&v, json_object_get(overview, "disk"));
	hosts(&v, json_object_get(overview, "hosts"));
	quarantines(&v, json_object_get(overview, "quarantines"));
	alerts(&v, json_object_get(overview, "alerts"));
	sites(&v, json_object_get(overview, "sites"));
	fputs("</main></body></html>\n", out);
}
