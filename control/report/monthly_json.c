#include <jansson.h>

#include "control/report/monthly.h"

static json_t *text(const char *value)
{
	json_t *j = json_string(value ? value : "");

	return j ? j : json_string("");
}

static json_t *severities(const uint64_t n[REPORT_SEVERITIES])
{
	json_t *o = json_object();

	for (unsigned s = 0; s < REPORT_SEVERITIES; s++)
		json_object_set_new(o, report_severity_key((enum report_severity)s),
				    json_integer((json_int_t)n[s]));
	return o;
}

static json_t *figures(const struct report_monthly *m, const struct monthly_figures *f)
{
	char month[ZONE_TEXT];

	return json_pack("{ss sb so sI sI sI sI sI sI sI}", "month",
			 zone_month_text(&m->zone, f->from, month), "known", f->is_known, "alerts",
			 severities(f->alerts), "hosts", (json_int_t)f->hosts, "incidents",
			 (json_int_t)f->incidents, "cuts", (json_int_t)f->cuts, "releases",
			 (json_int_t)f->releases, "frames", (json_int_t)f->packets, "lost",
			 (json_int_t)f->lost, "away_s", (json_int_t)f->down_s);
}

static json_t *threat(const struct monthly_threat *t)
{
	return json_pack("{so so so ss sI sI sI sI sI sI}", "name", text(t->name), "category",
			 text(t->category), "technique", text(t->technique), "severity",
			 report_severity_key(t->severity), "hits", (json_int_t)t->hits,
			 "hits_before", (json_int_t)t->hits_before, "hosts", (json_int_t)t->hosts,
			 "days", (json_int_t)t->days, "first_ns", (json_int_t)t->first, "last_ns",
			 (json_int_t)t->last);
}

static json_t *host(const struct monthly_host *h)
{
	return json_pack("{so so so so so so sI sI sI sI}", "name", text(h->name), "ip",
			 text(h->ip), "site", text(h->site), "about", text(h->about), "worst",
			 text(h->worst), "cut_state", text(h->cut_state), "hits",
			 (json_int_t)h->hits, "incidents", (json_int_t)h->incidents, "days",
			 (json_int_t)h->days, "threats", (json_int_t)h->threats);
}

static json_t *incident(const struct monthly_incident *x)
{
	return json_pack("{so so so so so so so sI sI}", "title", text(x->title), "host",
			 text(x->host), "site", text(x->site), "level", text(x->level), "cut_state",
			 text(x->cut_state), "root_cause", text(x->root_cause[REPORT_ENGLISH]),
			 "root_cause_ja", text(x->root_cause[REPORT_JAPANESE]), "opened_ns",
			 (json_int_t)x->opened, "closed_ns", (json_int_t)x->closed);
}

static json_t *blind(const struct monthly_blind *b)
{
	return json_pack("{so sI sI sI so so}", "sensor", text(b->sensor), "frames",
			 (json_int_t)b->packets, "lost", (json_int_t)b->lost, "away_s",
			 (json_int_t)b->down_s, "sentence", text(b->sentence[REPORT_ENGLISH]),
			 "sentence_ja", text(b->sentence[REPORT_JAPANESE]));
}

static json_t *times(const struct monthly_times *t)
{
	return json_pack("{sI sI sI sI}", "cases", (json_int_t)t->n, "median_ns",
			 (json_int_t)t->median, "p90_ns", (json_int_t)t->p90, "longest_ns",
			 (json_int_t)t->longest);
}

/* Sentences as a list. */
static json_t *tendency(const struct report_monthly *m, enum report_language language)
{
	json_t *list = json_array();
	char *told = NULL;
	size_t len;
	FILE *out = open_memstream(&told, &len);

	if (!out)
		return list;
	report_tendency(m, language, out);
	fclose(out);
	for (const char *at = told; *at;) {
		size_t n = strcspn(at, "\n");

		json_array_append_new(list, json_stringn(at, n));
		at += n + (at[n] == '\n');
	}
	free(told);
	return list;
}

static json_t *days(const struct report_monthly *m)
{
	json_t *list = json_array();
	char day[ZONE_TEXT];

	for (unsigned i = 0; i < m->days; i++)
		json_array_append_new(
			list,
			json_pack("{ss so sI}", "day",
				  zone_day_text(&m->zone, zone_day(&m->zone, m->from, (int)i), day),
				  "alerts", severities(m->day[i]), "cuts",
				  (json_int_t)m->cuts_of_day[i]));
	return list;
}

static json_t *week(const struct report_monthly *m)
{
	json_t *list = json_array();

	for (unsigned d = 0; d < 7; d++) {
		json_t *row = json_array();

		for (unsigned h = 0; h < 24; h++)
			json_array_append_new(row, json_integer((json_int_t)m->hour_of_week[d][h]));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *advisory(const struct monthly_advisory *a)
{
	if (!a->text[0] && !a->text[1])
		return json_null();
	return json_pack("{so so so si sI}", "author", text(a->author), "text",
			 text(a->text[REPORT_ENGLISH]), "text_ja", text(a->text[REPORT_JAPANESE]),
			 "version", (int)a->version, "time_ns", (json_int_t)a->time);
}

#define LIST(name, array, count, convert)                                                          \
	do {                                                                                       \
		json_t *list_ = json_array();                                                      \
		for (size_t i_ = 0; i_ < (count); i_++)                                            \
			json_array_append_new(list_, convert(&(array)[i_]));                       \
		json_object_set_new(root, name, list_);                                            \
	} while (0)

static json_t *technique(const struct monthly_technique *t)
{
	return json_pack("{so so sI}", "tactic", text(t->tactic), "technique", text(t->technique),
			 "hits", (json_int_t)t->hits);
}

static void lists(const struct report_monthly *m, json_t *root)
{
	json_t *months = json_array();

	for (unsigned i = 0; i <= MONTHLY_BACK; i++)
		json_array_append_new(months, figures(m, &m->month[i]));
	json_object_set_new(root, "months", months);
	LIST("threats", m->threats, m->threat_count, threat);
	LIST("gone", m->gone, m->gone_count, threat);
	LIST("hosts", m->hosts, m->host_count, host);
	LIST("techniques", m->techniques, m->technique_count, technique);
	LIST("incidents", m->incidents, m->incident_count, incident);
	LIST("blind", m->blind, m->blind_count, blind);
}

int report_monthly_json(const struct report_monthly *m, FILE *out)
{
	json_t *root = json_pack(
		"{so so ss sI sI sI sI so so so so so so so so so}", "customer", text(m->customer),
		"site", text(m->site), "zone", m->zone.name[0] ? m->zone.name : "UTC", "from_ns",
		(json_int_t)m->from, "to_ns", (json_int_t)m->to, "made_ns", (json_int_t)m->made,
		"waiting", (json_int_t)m->waiting, "tendency", tendency(m, REPORT_ENGLISH),
		"tendency_ja", tendency(m, REPORT_JAPANESE), "days", days(m), "hour_of_week",
		week(m), "detect", times(&m->detect), "contain", times(&m->contain), "recover",
		times(&m->recover), "contain_before", times(&m->contain_before), "advisory",
		advisory(&m->advisory));
	int rc;

	if (!root)
		return ERR_NOMEM;
	lists(m, root);
	rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 ? ERR_OK : ERR_IO;
	fputc('\n', out);
	json_decref(root);
	return rc;
}
