#include "control/report/monthly.h"

#include <stdlib.h>
#include <string.h>

struct monthly_threat *monthly_add_threat(struct report_monthly *m, bool is_gone)
{
	return is_gone ? report_grow(&m->gone, &m->gone_count, sizeof(*m->gone))
		       : report_grow(&m->threats, &m->threat_count, sizeof(*m->threats));
}

struct monthly_host *monthly_add_host(struct report_monthly *m)
{
	return report_grow(&m->hosts, &m->host_count, sizeof(*m->hosts));
}

struct monthly_technique *monthly_add_technique(struct report_monthly *m)
{
	return report_grow(&m->techniques, &m->technique_count, sizeof(*m->techniques));
}

struct monthly_incident *monthly_add_incident(struct report_monthly *m)
{
	return report_grow(&m->incidents, &m->incident_count, sizeof(*m->incidents));
}

struct monthly_blind *monthly_add_blind(struct report_monthly *m)
{
	return report_grow(&m->blind, &m->blind_count, sizeof(*m->blind));
}

static void free_threats(struct monthly_threat *threats, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(threats[i].name);
		free(threats[i].category);
		free(threats[i].technique);
	}
	free(threats);
}

static void free_hosts(struct report_monthly *m)
{
	for (size_t i = 0; i < m->host_count; i++) {
		struct monthly_host *h = &m->hosts[i];

		free(h->name);
		free(h->ip);
		free(h->site);
		free(h->about);
		free(h->worst);
		free(h->cut_state);
	}
	free(m->hosts);
}

static void free_incidents(struct report_monthly *m)
{
	for (size_t i = 0; i < m->incident_count; i++) {
		struct monthly_incident *x = &m->incidents[i];

		free(x->title);
		free(x->host);
		free(x->site);
		free(x->level);
		free(x->cut_state);
		for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
			free(x->root_cause[l]);
	}
	free(m->incidents);
}

void report_monthly_free(struct report_monthly *m)
{
	free_threats(m->threats, m->threat_count);
	free_threats(m->gone, m->gone_count);
	free_hosts(m);
	free_incidents(m);
	for (size_t i = 0; i < m->technique_count; i++) {
		free(m->techniques[i].tactic);
		free(m->techniques[i].technique);
	}
	free(m->techniques);
	for (size_t i = 0; i < m->blind_count; i++) {
		free(m->blind[i].sensor);
		for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
			free(m->blind[i].sentence[l]);
	}
	free(m->blind);
	free(m->advisory.author);
	for (unsigned l = 0; l < REPORT_LANGUAGES; l++)
		free(m->advisory.text[l]);
	free(m->customer);
	free(m->site);
	memset(m, 0, sizeof(*m));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct monthly_times monthly_times_of(uint64_t *durations, size_t n)
{
	if (n == 0)
		return (struct monthly_times){0};
	qsort(durations, n, sizeof(*durations), compare);
	return (struct monthly_times){
		.n = n,
		.median = durations[n / 2],
		.p90 = durations[(n - 1) * 9 / 10],
		.longest = durations[n - 1],
	};
}

uint64_t monthly_alerts(const struct monthly_figures *f)
{
	uint64_t sum = 0;

	for (unsigned s = 0; s < REPORT_SEVERITIES; s++)
		sum += f->alerts[s];
	return sum;
}
