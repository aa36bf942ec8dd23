/* Reports in few lines of plain text, for the mail that carries them. */
#include <string.h>

#include "control/report/daily.h"
#include "control/report/monthly.h"
#include "dataplane/base/slice.h"

enum { TEXT_MOST = 10 }; /* hosts, threats: the rest is in the report */

#define say(english, japanese) in_language(language, english, japanese)

/* Strangers' words stay on their line. */
static void put(const char *text, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++)
		fputc(*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
}

static bool is_set(const char *text)
{
	return text && text[0];
}

static bool is_released(const struct report_host *h)
{
	return h->cut_state && strcmp(h->cut_state, "released") == 0;
}

static void period(const struct zone *zone, uint64_t from, uint64_t to,
		   enum report_language language, FILE *out)
{
	char a[ZONE_TEXT], b[ZONE_TEXT], z[ZONE_TEXT];

	fprintf(out, "%s %s - %s (%s)\n\n", say("Period", "対象期間"), zone_text(zone, from, a),
		zone_text(zone, to, b), zone_offset_text(zone, from, z));
}

static void host_lines(const struct report_daily *d, enum report_language language, FILE *out)
{
	size_t need = 0, told = 0;

	for (size_t i = 0; i < d->host_count; i++)
		need += !is_released(&d->hosts[i]);
	if (need == 0) {
		fputs(say("No host needs action.\n", "対応が必要なホストはありません。\n"), out);
		return;
	}
	fprintf(out, say("Hosts that need action (%zu):\n", "対応が必要なホスト(%zu台):\n"), need);
	for (size_t i = 0; i < d->host_count && told < TEXT_MOST; i++) {
		const struct report_host *h = &d->hosts[i];

		if (is_released(h))
			continue;
		told++;
		fputs("  - ", out);
		put(is_set(h->name) ? h->name : h->ip, out);
		fputs(" (", out);
		put(h->ip, out);
		fprintf(out, ") %s", report_word(language, h->level ? h->level : ""));
		if (is_set(h->cut_state))
			fprintf(out, ", %s", report_word(language, h->cut_state));
		fputc('\n', out);
	}
	if (need > told)
		fprintf(out, say("  ... and %zu more\n", "  …ほか%zu台\n"), need - told);
}

static void threat_lines(const struct report_daily *d, enum report_language language, FILE *out)
{
	char n[32];

	if (d->threat_count == 0)
		return;
	fputs(say("\nThreats detected:\n", "\n検知した脅威:\n"), out);
	for (size_t i = 0; i < d->threat_count && i < TEXT_MOST; i++) {
		const struct report_threat *t = &d->threats[i];

		fputs("  - ", out);
		put(report_threat_name(language, t->name), out);
		fprintf(out, say(": %s hits, %u hosts\n", ": %s件、%u台\n"),
			report_number(t->hits, n), t->hosts);
	}
	if (d->threat_count > TEXT_MOST)
		fprintf(out, say("  ... and %zu more\n", "  …ほか%zu種\n"),
			d->threat_count - TEXT_MOST);
}

int report_daily_text(const struct report_daily *d, enum report_language language, FILE *out)
{
	char a[32], b[32];

	period(&d->zone, d->from, d->to, language, out);
	if (d->alerts == 0 && d->host_count == 0) {
		fputs(say("Nothing was detected. Nothing needs to be done.\n",
			  "脅威は検知されませんでした。対応は不要です。\n"),
		      out);
	} else {
		fprintf(out, say("%s alerts.\n\n", "アラート%s件。\n\n"),
			report_number(d->alerts, a));
		host_lines(d, language, out);
		threat_lines(d, language, out);
	}
	fprintf(out, say("\n%s frames inspected, %s lost.\n", "\n検査フレーム数%s、損失%s。\n"),
		report_number(d->packets, a), report_number(d->lost, b));
	if (d->blind_count)
		fprintf(out,
			say("%zu notes on what could not be seen: see the report.\n",
			    "監視できなかった範囲についての注記が%zu件あります(レポート参照)。\n"),
			d->blind_count);
	return ferror(out) ? ERR_IO : ERR_OK;
}

int report_monthly_text(const struct report_monthly *m, enum report_language language, FILE *out)
{
	period(&m->zone, m->from, m->to, language, out);
	report_tendency(m, language, out);
	return ferror(out) ? ERR_IO : ERR_OK;
}
