/* The daily report as one self-contained HTML page: no script, no request to anywhere. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/report/daily.h"
#include "control/report/text.h"

struct page {
	FILE *out;
	const struct report_daily *d;
	enum report_language language;
};

static const char style[] =
	":root{color-scheme:light "
	"dark;--fg:#1b1f24;--bg:#fff;--line:#d5dae0;--soft:#f4f6f8;--bad:#b3261e;"
	"--warn:#9a5b00;--good:#1a6b3c;--bar:#3b6ea8}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--line:#333a42;--soft:#"
	"1e2329;"
	"--bad:#ff8a80;--warn:#ffc266;--good:#7bd8a0;--bar:#7fb0e6}}"
	"body{font:16px/1.55 system-ui,'Noto Sans CJK JP','Noto Sans "
	"JP',sans-serif;color:var(--fg);"
	"background:var(--bg);max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}"
	"h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;border-bottom:2px "
	"solid "
	"var(--line);padding-bottom:.25rem}h3{font-size:1rem;margin:1.4rem 0 .3rem}"
	".sub{opacity:.75;margin:.2rem 0 "
	"1rem}.sum{font-size:1.1rem;background:var(--soft);padding:.8rem 1rem;"
	"border-radius:.5rem}"
	".scroll{overflow-x:auto}th{white-space:nowrap}@media(max-width:50rem){table{min-width:"
	"44rem}}table{border-collapse:collapse;width:100%;font-size:.92rem}"
	"th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid "
	"var(--line);vertical-align:top}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
	".danger,.high{color:var(--bad);font-weight:600}.warning,.medium{color:var(--warn);font-"
	"weight:600}"
	".safe,.verified{color:var(--good);font-weight:600}ol{margin:.3rem 0 .3rem "
	"1.2rem;padding:0}"
	"svg{width:100%;height:auto;max-height:11rem}svg text{fill:var(--fg);font-size:10px}"
	"@media print{body{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}";

void report_html_escape(const char *text, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++) {
		switch (*c) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
		}
	}
}

static const char *say(const struct page *p, enum report_text text)
{
	return report_text(p->language, text);
}

static void cell(const struct page *p, const char *class, const char *text)
{
	fprintf(p->out, "<td%s%s%s>", class ? " class=\"" : "", class ? class : "",
		class ? "\"" : "");
	report_html_escape(text && text[0] ? text : "-", p->out);
	fputs("</td>", p->out);
}

static void number_cell(const struct page *p, unsigned long long value)
{
	fprintf(p->out, "<td class=\"n\">%llu</td>", value);
}

static void time_cell(const struct page *p, uint64_t ns)
{
	char text[32];

	cell(p, NULL, report_time(ns, p->d->utc_offset_minutes, text));
}

/* A word of ours as text and, known words only, as class for its colour. */
static void word_cell(const struct page *p, const char *word)
{
	static const char *const classes[] = {"danger", "warning", "safe",
					      "high",	"medium",  "verified"};
	const char *class = NULL;

	for (size_t i = 0; word && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(word, classes[i]) == 0)
			class = classes[i];
	}
	cell(p, class, report_word(p->language, word));
}

static void head_row(const struct page *p, const enum report_text *columns, size_t n,
		     size_t numeric_from)
{
	fputs("<div class=\"scroll\"><table><thead><tr>", p->out);
	for (size_t i = 0; i < n; i++)
		fprintf(p->out, "<th scope=\"col\"%s>%s</th>",
			i >= numeric_from ? " class=\"n\"" : "", say(p, columns[i]));
	fputs("</tr></thead><tbody>\n", p->out);
}

static void heading(const struct page *p, enum report_text text)
{
	fprintf(p->out, "<h2>%s</h2>\n", say(p, text));
}

static void plot(const struct page *p)
{
	unsigned max = 1;

	for (int h = 0; h < 24; h++)
		max = p->d->per_hour[h] > max ? p->d->per_hour[h] : max;
	fprintf(p->out, "<h3>%s</h3><svg viewBox=\"0 0 480 110\" role=\"img\" aria-label=\"%s\">",
		say(p, TEXT_BY_HOUR), say(p, TEXT_BY_HOUR));
	for (int h = 0; h < 24; h++) {
		double height = 80.0 * p->d->per_hour[h] / max;

		fprintf(p->out,
			"<rect x=\"%d\" y=\"%.1f\" width=\"15\" height=\"%.1f\" "
			"fill=\"var(--bar)\">"
			"<title>%02d:00 - %u</title></rect>",
			4 + h * 20, 92 - height, height > 0 ? height : 0.5, h, p->d->per_hour[h]);
		if (h % 3 == 0)
			fprintf(p->out, "<text x=\"%d\" y=\"105\">%d</text>", 4 + h * 20, h);
		if (p->d->per_hour[h])
			fprintf(p->out, "<text x=\"%d\" y=\"%.1f\">%u</text>", 5 + h * 20,
				90 - height, p->d->per_hour[h]);
	}
	fputs("</svg>\n", p->out);
}

static void threats(const struct page *p)
{
	static const enum report_text columns[] = {TEXT_THREAT,	   TEXT_CATEGORY,  TEXT_SEVERITY,
						   TEXT_TECHNIQUE, TEXT_FIRST,	   TEXT_LAST,
						   TEXT_HITS,	   TEXT_HOST_COUNT};

	heading(p, TEXT_THREATS);
	if (p->d->threat_count == 0) {
		fprintf(p->out, "<p>%s</p>\n", say(p, TEXT_NONE));
		return;
	}
	head_row(p, columns, 8, 6);
	for (size_t i = 0; i < p->d->threat_count; i++) {
		const struct report_threat *t = &p->d->threats[i];

		fputs("<tr>", p->out);
		cell(p, NULL, t->name);
		cell(p, NULL, t->category);
		word_cell(p, t->severity);
		cell(p, NULL, t->technique);
		time_cell(p, t->first);
		time_cell(p, t->last);
		number_cell(p, t->hits);
		number_cell(p, t->hosts);
		fputs("</tr>\n", p->out);
	}
	fputs("</tbody></table></div>\n", p->out);
	plot(p);
}

static bool has(const char *text)
{
	return text && text[0];
}

static const char *host_name(const struct report_host *h)
{
	return h->name && h->name[0] ? h->name : h->ip;
}

static bool is_released(const struct report_host *h)
{
	return h->cut_state && strcmp(h->cut_state, "released") == 0;
}

static void hosts(const struct page *p)
{
	static const enum report_text columns[] = {TEXT_HOST,	TEXT_LEVEL,	  TEXT_CUT,
						   TEXT_CUT_AT, TEXT_VERIFIED_AT, TEXT_RELEASED_AT,
						   TEXT_ALERTS};

	heading(p, TEXT_HOSTS);
	if (p->d->host_count == 0) {
		fprintf(p->out, "<p>%s</p>\n", say(p, TEXT_NONE));
		return;
	}
	head_row(p, columns, 7, 6);
	for (size_t i = 0; i < p->d->host_count; i++) {
		const struct report_host *h = &p->d->hosts[i];

		fputs("<tr><td>", p->out);
		report_html_escape(host_name(h), p->out);
		fputs("<br><small>", p->out);
		if (has(h->name)) {
			report_html_escape(h->ip, p->out);
			fputs(" ", p->out);
		}
		report_html_escape(h->mac, p->out);
		if (has(h->about)) {
			fputs("<br>", p->out);
			report_html_escape(h->about, p->out);
		}
		fputs("</small></td>", p->out);
		word_cell(p, h->level);
		word_cell(p, h->cut_state);
		time_cell(p, h->cut_at);
		time_cell(p, h->verified_at);
		time_cell(p, is_released(h) ? h->released_at : 0);
		number_cell(p, h->alerts);
		fputs("</tr>\n", p->out);
	}
	fputs("</tbody></table></div>\n", p->out);
}

/* Correlation's sentence, else the first sign, else that nothing is known. */
static void cause(const struct page *p, const struct report_host *h)
{
	const char *root = p->language == REPORT_JAPANESE && has(h->root_cause_ja)
				   ? h->root_cause_ja
				   : h->root_cause;
	char when[32], sentence[2048];
	const char *at = report_time(h->sign_at, p->d->utc_offset_minutes, when);
	const char *from = has(h->sign_url) ? h->sign_url : h->sign_peer;

	if (has(root))
		snprintf(sentence, sizeof(sentence), "%s", root);
	else if (!has(h->sign))
		snprintf(sentence, sizeof(sentence), "%s", say(p, TEXT_UNKNOWN_CAUSE));
	else if (has(h->sign_reason[p->language == REPORT_JAPANESE]))
		snprintf(sentence, sizeof(sentence), say(p, TEXT_FIRST_SIGN_WHY), at, h->sign,
			 h->sign_reason[p->language == REPORT_JAPANESE]);
	else if (has(h->sign_file))
		snprintf(sentence, sizeof(sentence), say(p, TEXT_FIRST_SIGN_FILE), at, h->sign,
			 h->sign_file, from);
	else
		snprintf(sentence, sizeof(sentence), say(p, TEXT_FIRST_SIGN), at, h->sign, from);
	report_html_escape(sentence, p->out);
}

static void step_list(const struct page *p, const struct report_host *h)
{
	const char *const *steps = report_steps(p->language, h->cut_state);
	size_t n = h->handling_count[p->language];

	for (size_t k = 0; k < n; k++) {
		fputs("<li>", p->out);
		report_html_escape(h->handling[p->language][k], p->out);
		fputs("</li>", p->out);
	}
	for (size_t k = 0; n == 0 && steps[k]; k++)
		fprintf(p->out, "<li>%s</li>", steps[k]);
}

static void causes(const struct page *p)
{
	heading(p, TEXT_ROOT_CAUSE);
	for (size_t i = 0; i < p->d->host_count; i++) {
		const struct report_host *h = &p->d->hosts[i];

		fputs("<h3>", p->out);
		report_html_escape(host_name(h), p->out);
		fputs("</h3><p>", p->out);
		cause(p, h);
		fputs("</p>\n", p->out);
	}
	if (p->d->host_count == 0)
		fprintf(p->out, "<p>%s</p>\n", say(p, TEXT_NONE));
}

static void handling(const struct page *p)
{
	heading(p, TEXT_HANDLING);
	for (size_t i = 0; i < p->d->host_count; i++) {
		const struct report_host *h = &p->d->hosts[i];

		fputs("<h3>", p->out);
		report_html_escape(host_name(h), p->out);
		fputs("</h3><ol>", p->out);
		step_list(p, h);
		fputs("</ol>\n", p->out);
	}
	if (p->d->host_count == 0)
		fprintf(p->out, "<p>%s</p>\n", say(p, TEXT_NONE));
}

/* Sentences of the mirror port come in both languages, English first, on a line each. */
static void blind_sentence(const struct page *p, const char *sentence)
{
	const char *end = strchr(sentence, '\n');
	char *first;

	if (!end || p->language == REPORT_JAPANESE) {
		report_html_escape(end ? end + 1 : sentence, p->out);
		return;
	}
	first = strndup(sentence, (size_t)(end - sentence));
	report_html_escape(first ? first : sentence, p->out);
	free(first);
}

static void blind(const struct page *p)
{
	heading(p, TEXT_BLIND);
	fputs("<p>", p->out);
	fprintf(p->out, say(p, TEXT_TRAFFIC), (unsigned long long)p->d->packets,
		(unsigned long long)p->d->lost);
	fputs("</p>", p->out);
	if (p->d->blind_count == 0)
		fprintf(p->out, "<p>%s</p>\n", say(p, TEXT_NO_BLIND));
	else
		fputs("<ul>", p->out);
	for (size_t i = 0; i < p->d->blind_count; i++) {
		fputs("<li><b>", p->out);
		report_html_escape(p->d->blind[i].sensor, p->out);
		fputs("</b> ", p->out);
		blind_sentence(p, p->d->blind[i].sentence);
		fputs("</li>", p->out);
	}
	if (p->d->blind_count)
		fputs("</ul>\n", p->out);
}

static void summary(const struct page *p)
{
	size_t need = 0;

	for (size_t i = 0; i < p->d->host_count; i++)
		need += !is_released(&p->d->hosts[i]);
	fputs("<p class=\"sum\">", p->out);
	if (p->d->alerts == 0 && p->d->host_count == 0)
		fputs(say(p, TEXT_QUIET_DAY), p->out);
	else
		fprintf(p->out, say(p, TEXT_SUMMARY), (unsigned long long)p->d->alerts,
			p->d->host_count, need);
	fputs("</p>\n", p->out);
}

static const char *site_name(const struct page *p)
{
	return p->d->site && p->d->site[0] ? p->d->site : say(p, TEXT_ALL_SITES);
}

int report_daily_html(const struct report_daily *d, enum report_language language, FILE *out)
{
	const struct page p = {out, d, language};
	char from[32], to[32], zone[16];

	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>%s ",
		language == REPORT_JAPANESE ? "ja" : "en", say(&p, TEXT_TITLE));
	report_html_escape(site_name(&p), out);
	fprintf(out, "</title><style>%s</style></head><body>\n<h1>%s: ", style,
		say(&p, TEXT_TITLE));
	report_html_escape(site_name(&p), out);
	fprintf(out, "</h1><p class=\"sub\">%s %s - %s (%s)%s%s</p>\n", say(&p, TEXT_PERIOD),
		report_time(d->from, d->utc_offset_minutes, from),
		report_time(d->made && d->made < d->to ? d->made : d->to, d->utc_offset_minutes,
			    to),
		report_zone(d->utc_offset_minutes, zone), d->made && d->made < d->to ? ", " : "",
		d->made && d->made < d->to ? say(&p, TEXT_SO_FAR) : "");
	summary(&p);
	threats(&p);
	hosts(&p);
	causes(&p);
	handling(&p);
	blind(&p);
	fputs("</body></html>\n", out);
	return ferror(out) ? ERR_IO : ERR_OK;
}
