/* Reports as CSV: one table a file, its first column says which part of the report a line is of. */
#include "control/report/daily.h"
#include "control/report/monthly.h"

static void field(FILE *out, const char *text)
{
	fputc(',', out);
	report_csv_field(text, out);
}

static void number(FILE *out, uint64_t n)
{
	fprintf(out, ",%llu", (unsigned long long)n);
}

static void time_field(FILE *out, const struct zone *zone, uint64_t ns)
{
	char text[ZONE_TEXT];

	field(out, zone_text(zone, ns, text));
}

int report_daily_csv(const struct report_daily *d, FILE *out)
{
	fputs("part,name,address,severity,state,technique,first,last,hits,hosts\r\n", out);
	for (size_t i = 0; i < d->threat_count; i++) {
		const struct report_threat *t = &d->threats[i];

		fputs("threat", out);
		field(out, t->name);
		field(out, "");
		field(out, t->severity);
		field(out, "");
		field(out, t->technique);
		time_field(out, &d->zone, t->first);
		time_field(out, &d->zone, t->last);
		number(out, t->hits);
		number(out, t->hosts);
		fputs("\r\n", out);
	}
	for (size_t i = 0; i < d->host_count; i++) {
		const struct report_host *h = &d->hosts[i];

		fputs("host", out);
		field(out, h->name);
		field(out, h->ip);
		field(out, h->level);
		field(out, h->cut_state);
		field(out, "");
		time_field(out, &d->zone, h->cut_at);
		time_field(out, &d->zone, h->released_at);
		number(out, h->alerts);
		number(out, 1);
		fputs("\r\n", out);
	}
	return ferror(out) ? ERR_IO : ERR_OK;
}

static void monthly_threats(const struct report_monthly *m, FILE *out)
{
	for (size_t i = 0; i < m->threat_count; i++) {
		const struct monthly_threat *t = &m->threats[i];

		fputs("threat", out);
		field(out, t->name);
		field(out, "");
		field(out, report_severity_key(t->severity));
		field(out, t->technique);
		number(out, t->hits);
		number(out, t->hits_before);
		number(out, t->hosts);
		number(out, t->days);
		time_field(out, &m->zone, t->first);
		time_field(out, &m->zone, t->last);
		fputs("\r\n", out);
	}
}

static void monthly_hosts(const struct report_monthly *m, FILE *out)
{
	for (size_t i = 0; i < m->host_count; i++) {
		const struct monthly_host *h = &m->hosts[i];

		fputs("host", out);
		field(out, h->name);
		field(out, h->ip);
		field(out, "");
		field(out, h->worst);
		number(out, h->hits);
		fputs(",", out);
		number(out, 1);
		number(out, h->days);
		fputs(",,\r\n", out);
	}
}

int report_monthly_csv(const struct report_monthly *m, FILE *out)
{
	fputs("part,name,address,severity,technique or threat,hits,hits before,hosts,days,first,"
	      "last\r\n",
	      out);
	monthly_threats(m, out);
	monthly_hosts(m, out);
	return ferror(out) ? ERR_IO : ERR_OK;
}
