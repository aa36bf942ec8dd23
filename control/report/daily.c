#include "control/report/daily.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/clock.h"

struct report_threat *report_add_threat(struct report_daily *d)
{
	return report_grow(&d->threats, &d->threat_count, sizeof(*d->threats));
}

struct report_host *report_add_host(struct report_daily *d)
{
	return report_grow(&d->hosts, &d->host_count, sizeof(*d->hosts));
}

struct report_blind *report_add_blind(struct report_daily *d)
{
	return report_grow(&d->blind, &d->blind_count, sizeof(*d->blind));
}

struct report_sensor *report_add_sensor(struct report_daily *d)
{
	return report_grow(&d->sensors, &d->sensor_count, sizeof(*d->sensors));
}

uint64_t report_daily_away(const struct report_daily *d, const struct report_sensor *s)
{
	uint64_t to = d->made && d->made < d->to ? d->made : d->to;
	uint64_t from = s->first > d->from ? s->first : d->from;
	uint64_t all = to > from ? (to - from) / NS_PER_SEC : 0;

	return all > s->up_s ? all - s->up_s : 0;
}

int report_add_handling(struct report_host *h, unsigned language, const char *step)
{
	char **slot = report_grow(&h->handling[language], &h->handling_count[language],
				  sizeof(*h->handling[language]));

	if (!slot)
		return ERR_NOMEM;
	*slot = strdup(step);
	return *slot ? ERR_OK : ERR_NOMEM;
}

static void free_host(struct report_host *h)
{
	char *texts[] = {h->name,
			 h->ip,
			 h->mac,
			 h->level,
			 h->cut_state,
			 h->cut_reason,
			 h->root_cause,
			 h->sign,
			 h->sign_peer,
			 h->sign_url,
			 h->sign_file,
			 h->sign_reason[0],
			 h->sign_reason[1],
			 h->root_cause_ja,
			 h->about,
			 h->actor,
			 h->site};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (unsigned l = 0; l < 2; l++) {
		for (size_t i = 0; i < h->handling_count[l]; i++)
			free(h->handling[l][i]);
		free(h->handling[l]);
	}
}

void report_daily_free(struct report_daily *d)
{
	for (size_t i = 0; i < d->threat_count; i++) {
		free(d->threats[i].name);
		free(d->threats[i].category);
		free(d->threats[i].technique);
		free(d->threats[i].severity);
		free(d->threats[i].source);
	}
	for (size_t i = 0; i < d->host_count; i++)
		free_host(&d->hosts[i]);
	for (size_t i = 0; i < d->blind_count; i++) {
		free(d->blind[i].sensor);
		free(d->blind[i].sentence);
	}
	for (size_t i = 0; i < d->sensor_count; i++)
		free(d->sensors[i].name);
	free(d->sensors);
	free(d->customer);
	free(d->threats);
	free(d->hosts);
	free(d->blind);
	free(d->site);
	memset(d, 0, sizeof(*d));
}

unsigned report_daily_hours(const struct report_daily *d)
{
	uint64_t hours = d->to > d->from ? (d->to - d->from + NS_PER_HOUR - 1) / NS_PER_HOUR : 0;

	return hours < DAILY_HOURS ? (unsigned)hours : DAILY_HOURS;
}
