#include "control/report/html.h"

#include <string.h>

#include "dataplane/base/slice.h"

static const char style[] =
	":root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--line:#d5dae0;--soft:#f4f6f8;"
	"--bad:#b3261e;--warn:#9a5b00;--good:#1a6b3c}"
	"@media(prefers-color-scheme:dark){:root{--fg:#e6e9ec;--bg:#15181c;--line:#333a42;"
	"--soft:#1e2329;--bad:#ff8a80;--warn:#ffc266;--good:#7bd8a0}}"
	"body{font:16px/1.55 system-ui,'Noto Sans CJK JP','Noto Sans JP',sans-serif;"
	"color:var(--fg);background-color:var(--bg);max-width:64rem;margin:0 auto;padding:1.5rem "
	"1rem "
	"4rem}"
	"h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;"
	"border-bottom-width:2px;border-bottom-style:solid;border-bottom-color:var(--line);padding-"
	"bottom:.25rem}"
	"h3{font-size:1rem;margin:1.4rem 0 .3rem}.sub{opacity:.75;margin:.2rem 0 1rem}"
	".sum{font-size:1.1rem;background-color:var(--soft);padding:.8rem 1rem;border-radius:.5rem}"
	".told li{margin:.25rem 0}"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}"
	"th,td{text-align:left;padding:.4rem "
	".6rem;border-bottom-width:1px;border-bottom-style:solid;border-bottom-color:var(--line);"
	"vertical-align:top;overflow-wrap:break-word}"
	"th{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;"
	"white-space:nowrap}td.t{white-space:nowrap}"
	"small{opacity:.8}"
	".danger,.high,.still-seen,.failed{color:var(--bad);font-weight:600}"
	".warning,.medium,.held,.quiet{color:var(--warn);font-weight:600}"
	".safe,.verified,.released{color:var(--good);font-weight:600}"
	".more{color:var(--bad)}.less{color:var(--good)}"
	"ol,ul{margin:.3rem 0 .3rem 1.2rem;padding:0}"
	".figures{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}"
	".figures div{flex:1 1 8rem;background-color:var(--soft);padding:.6rem .8rem;"
	"border-radius:.5rem}.figures b{display:block;font-size:1.5rem;line-height:1.2}"
	"figure{margin:1rem 0;break-inside:avoid}figcaption{font-weight:600;margin-bottom:.3rem}"
	"svg{width:100%;height:auto}svg text{font-size:10px}"
	".matrix{display:flex;flex-wrap:wrap;gap:.5rem}.matrix>div{flex:1 1 10rem;"
	"border-width:1px;border-style:solid;border-color:var(--line);border-radius:.4rem;padding:."
	"5rem}"
	".matrix .none{opacity:.55}.matrix b{display:block}.matrix span{display:block;"
	"font-size:.88rem}"
	"nav{display:none}"
	/* On a phone each row is a card: its cells below each other, named by their column. */
	"@media screen and (max-width:44rem){thead{position:absolute;left:-200vw}"
	"table,tbody,tr,td{display:block}tr{border-width:1px;border-style:solid;border-color:var(--"
	"line);border-radius:.5rem;"
	"margin:0 0 .8rem;padding:.3rem .2rem}td{border:0;padding:.2rem .6rem;"
	"text-align:left!important;white-space:normal!important}"
	"td[data-l]::before{content:attr(data-l);display:inline-block;min-width:7.5rem;opacity:.7;"
	"font-weight:400;color:var(--fg)}figure{overflow-x:auto}svg{min-width:36rem}}"
	"@media print{:root{--fg:#111;--bg:#fff;--line:#ccc;--soft:#f4f6f8;--bad:#b3261e;"
	"--warn:#9a5b00;--good:#1a6b3c}body{max-width:none;padding:0;font-size:10pt}"
	"h1{font-size:18pt}h2,h3{break-after:avoid}tr,li,.matrix>div{break-inside:avoid}"
	"table{font-size:8.5pt}thead{display:table-header-group}"
	/* WeasyPrint knows no gaps between boxes. */
	".figures{margin:1rem -1mm}.figures div{flex:0 0 30.8%;margin:1mm 1mm}"
	".matrix>div{flex:0 0 23.2%;margin:1mm .8mm}"
	"nav{display:block;margin:1rem 0}nav li{list-style:none}nav a{color:inherit;"
	"text-decoration:none}nav a::after{content:leader('.') target-counter(attr(href),page)}}"
	"@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) ' / ' "
	"counter(pages);font:9pt sans-serif}@bottom-left{content:string(name);font:9pt "
	"'Noto Sans CJK JP',sans-serif}}h1{string-set:name content()}";

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

void html_begin(struct page *p, const char *title, const char *name)
{
	fprintf(p->out,
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>%s ",
		p->language == REPORT_JAPANESE ? "ja" : "en", title);
	html_text(p, name);
	fprintf(p->out, "</title><style>%s</style></head><body>\n<h1>%s: ", style, title);
	html_text(p, name);
	fputs("</h1>\n", p->out);
}

void html_contents(struct page *p, const char *const *headings, size_t n)
{
	fputs("<nav><ol>", p->out);
	for (size_t i = 0; i < n; i++)
		fprintf(p->out, "<li><a href=\"#s%zu\">%s</a></li>", i + 1, headings[i]);
	fputs("</ol></nav>\n", p->out);
}

void html_end(struct page *p)
{
	fputs("</body></html>\n", p->out);
}

void html_section(struct page *p, const char *title)
{
	p->title = title;
	fprintf(p->out, "<h2 id=\"s%u\">%s</h2>\n", ++p->sections, title);
}

void html_text(const struct page *p, const char *text)
{
	report_html_escape(text, p->out);
}

void html_paragraph(const struct page *p, const char *text)
{
	fputs("<p>", p->out);
	html_text(p, text);
	fputs("</p>\n", p->out);
}

void html_nothing(const struct page *p)
{
	fprintf(p->out, "<p>%s</p>\n", say(p, "none", "なし"));
}

/* --- tables --- */

void html_table(struct page *p, const char *columns)
{
	/* Reachable by keyboard, for it scrolls where it is wider than the screen. */
	fprintf(p->out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		"<table><thead><tr>",
		p->title);
	p->all_columns = columns;
	while (*columns) {
		bool is_number = *columns == '>';
		size_t n;

		columns += is_number;
		n = strcspn(columns, "|");
		fprintf(p->out, "<th scope=\"col\"%s>%.*s</th>", is_number ? " class=\"n\"" : "",
			(int)n, columns);
		columns += n + (columns[n] == '|');
	}
	fputs("</tr></thead><tbody>", p->out);
}

void html_row(struct page *p)
{
	fputs("\n<tr>", p->out);
	p->columns = p->all_columns;
}

/* Opens the row's next cell, with its column's name for screens that show a row as a card. */
static void open_cell(struct page *p, const char *class)
{
	const char *name = p->columns + (*p->columns == '>');
	size_t n = strcspn(name, "|");

	fprintf(p->out, "<td data-l=\"%.*s\"", (int)n, name);
	if (class)
		fprintf(p->out, " class=\"%s\"", class);
	fputc('>', p->out);
	p->columns = name + n + (name[n] == '|');
}

void html_table_end(const struct page *p)
{
	fputs("\n</tbody></table></div>\n", p->out);
}

void html_cell(struct page *p, const char *class, const char *text)
{
	open_cell(p, class);
	html_text(p, text && text[0] ? text : "-");
	fputs("</td>", p->out);
}

void html_number(struct page *p, uint64_t n)
{
	char text[32];

	html_cell(p, "n", report_number(n, text));
}

void html_time(struct page *p, uint64_t ns)
{
	char text[ZONE_TEXT];

	html_cell(p, "t", zone_text(&p->zone, ns, text));
}

void html_day(struct page *p, uint64_t ns)
{
	char text[ZONE_TEXT];

	html_cell(p, "t", zone_day_text(&p->zone, ns, text));
}

/* Only words of ours become classes. */
void html_word(struct page *p, const char *word)
{
	static const char *const classes[] = {"danger", "warning",    "safe",	  "high",
					      "medium", "verified",   "released", "held",
					      "quiet",	"still-seen", "failed"};
	const char *class = NULL;

	for (size_t i = 0; word && i < ARRAY_SIZE(classes); i++) {
		if (strcmp(word, classes[i]) == 0)
			class = classes[i];
	}
	html_cell(p, class, report_word(p->language, word));
}

void html_host(struct page *p, const char *name, const char *ip, const char *more)
{
	bool is_named = name && name[0];

	open_cell(p, NULL);
	html_text(p, is_named ? name : ip);
	fputs("<small>", p->out);
	if (is_named) {
		fputs("<br>", p->out);
		html_text(p, ip);
	}
	if (more && more[0]) {
		fputs("<br>", p->out);
		html_text(p, more);
	}
	fputs("</small></td>", p->out);
}
