#include <string.h>

#include "control/report/html.h"

enum { WIDTH = 720, HEIGHT = 170, TOP = 14, BASE = 148, LEFT = 44, LABEL_EVERY = 24 };

static const char *const colours[PLOT_SERIES] = {"#c0392b", "#d98a1f", "#3b6ea8", "#8a94a0"};
static const char one_colour[] = "#3b6ea8", ink[] = "#6b7580", line[] = "#b8c0c8";

static unsigned series_of(const struct plot_bars *b)
{
	return b->by_severity ? PLOT_SERIES : 1;
}

static uint64_t sum_of(const struct plot_bars *b, unsigned bar)
{
	uint64_t sum = 0;

	for (unsigned s = 0; s < series_of(b); s++)
		sum += b->value(b->ctx, bar, s);
	return sum;
}

/* The next of 1, 2, 5, 10, 20, ... that is not below `n`. */
static uint64_t round_up(uint64_t n)
{
	for (uint64_t unit = 1; unit < UINT64_MAX / 10; unit *= 10) {
		for (unsigned k = 1; k <= 5; k += k == 1 ? 1 : 3) {
			if (unit * k >= n)
				return unit * k;
		}
	}
	return n;
}

static void axis(const struct page *p, uint64_t top)
{
	char text[32];

	for (unsigned i = 0; i <= 2; i++) {
		int y = BASE - (int)((BASE - TOP) * i / 2);

		fprintf(p->out,
			"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
			"stroke-width=\".5\"/>",
			LEFT, y, WIDTH, y, line);
		if (top * i % 2 == 0)
			fprintf(p->out,
				"<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"%s\" "
				"font-size=\"10\">%s</text>",
				LEFT - 4, y + 3, ink, report_number(top * i / 2, text));
	}
}

static void bar(const struct page *p, const struct plot_bars *b, unsigned i, uint64_t top)
{
	double step = (double)(WIDTH - LEFT) / b->n, y = BASE, x = LEFT + step * i;
	char text[48];
	const char *label = b->label(b->ctx, i, text);

	for (unsigned s = series_of(b); s-- > 0;) {
		double height = (double)b->value(b->ctx, i, s) * (BASE - TOP) / (double)top;

		y -= height;
		if (height > 0)
			fprintf(p->out,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
				"fill=\"%s\"/>",
				x + step * .12, y, step * .76, height,
				b->by_severity ? colours[s] : one_colour);
	}
	if (label[0])
		fprintf(p->out,
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\" "
			"font-size=\"10\">%s</text>",
			x + step / 2, BASE + 14, ink, label);
}

static void legend(const struct page *p)
{
	int x = LEFT;

	for (unsigned s = 0; s < PLOT_SERIES; s++) {
		fprintf(p->out,
			"<rect x=\"%d\" y=\"0\" width=\"9\" height=\"9\" fill=\"%s\"/>"
			"<text x=\"%d\" y=\"8\" fill=\"%s\" font-size=\"10\">%s</text>",
			x, colours[s], x + 13, ink,
			report_word(p->language, report_severity_key((enum report_severity)s)));
		x += 90;
	}
}

/* For who cannot see it: the highest bar and the sum. */
static void describe(const struct page *p, const struct plot_bars *b, uint64_t most, unsigned at)
{
	uint64_t sum = 0;
	char label[48], a[32], c[32];

	for (unsigned i = 0; i < b->n; i++)
		sum += sum_of(b, i);
	fprintf(p->out, say(p, "%s: %s in all, most %s (%s)", "%s: 合計%s、最大%s(%s)"), b->title,
		report_number(sum, a), report_number(most, c), b->label(b->ctx, at, label));
}

void plot_bars(const struct page *p, const struct plot_bars *b)
{
	uint64_t most = 0, top;
	unsigned at = 0;

	for (unsigned i = 0; i < b->n; i++) {
		uint64_t sum = sum_of(b, i);

		at = sum > most ? i : at;
		most = sum > most ? sum : most;
	}
	top = round_up(most ? most : 1);
	fprintf(p->out,
		"<figure><figcaption>%s</figcaption><svg xmlns=\"http://www.w3.org/2000/svg\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		b->title, WIDTH, HEIGHT);
	describe(p, b, most, at);
	fputs("\">", p->out);
	axis(p, top);
	if (b->by_severity)
		legend(p);
	for (unsigned i = 0; i < b->n; i++)
		bar(p, b, i, top);
	fputs("</svg></figure>\n", p->out);
}

/* --- hours of the week --- */

static const char *weekday(const struct page *p, unsigned day)
{
	static const char *const names[7][2] = {{"Mon", "月"}, {"Tue", "火"}, {"Wed", "水"},
						{"Thu", "木"}, {"Fri", "金"}, {"Sat", "土"},
						{"Sun", "日"}};

	return names[day][p->language];
}

void plot_week(const struct page *p, const char *title, const uint64_t hours[7][24])
{
	enum { CELL = 28, ROW = 20, TALL = 7 * ROW + 22 };
	uint64_t most = 1;

	for (unsigned i = 0; i < 7 * 24; i++)
		most = hours[i / 24][i % 24] > most ? hours[i / 24][i % 24] : most;
	fprintf(p->out,
		"<figure><figcaption>%s</figcaption><svg xmlns=\"http://www.w3.org/2000/svg\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
		title, WIDTH, TALL, title);
	for (unsigned d = 0; d < 7; d++) {
		fprintf(p->out,
			"<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"%s\" font-size=\"10\">"
			"%s</text>",
			LEFT - 6, (int)d * ROW + 14, ink, weekday(p, d));
		for (unsigned h = 0; h < 24; h++)
			fprintf(p->out,
				"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
				"fill-opacity=\"%.2f\"/>",
				LEFT + (int)h * CELL, (int)d * ROW, CELL - 2, ROW - 2,
				hours[d][h] ? colours[0] : line,
				hours[d][h] ? .15 + .85 * (double)hours[d][h] / (double)most : .35);
	}
	for (unsigned h = 0; h < 24; h += 3)
		fprintf(p->out, "<text x=\"%d\" y=\"%d\" fill=\"%s\" font-size=\"10\">%u</text>",
			LEFT + (int)h * CELL, 7 * ROW + 14, ink, h);
	fputs("</svg></figure>\n", p->out);
}
