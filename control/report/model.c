#include "control/report/daily.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/clock.h"

static void *grow(void *list, size_t *count, size_t size)
{
	void *bigger = reallocarray(*(void **)list, *count + 1, size);

	if (!bigger)
		return NULL;
	*(void **)list = bigger;
	memset((char *)bigger + *count * size, 0, size);
	return (char *)bigger + (*count)++ * size;
}

struct report_threat *report_add_threat(struct report_daily *d)
{
	return grow(&d->threats, &d->threat_count, sizeof(*d->threats));
}

struct report_host *report_add_host(struct report_daily *d)
{
	return grow(&d->hosts, &d->host_count, sizeof(*d->hosts));
}

struct report_blind *report_add_blind(struct report_daily *d)
{
	return grow(&d->blind, &d->blind_count, sizeof(*d->blind));
}

int report_add_handling(struct report_host *h, unsigned language, const char *step)
{
	char **slot = grow(&h->handling[language], &h->handling_count[language],
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
			 h->about};

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
	free(d->threats);
	free(d->hosts);
	free(d->blind);
	free(d->site);
	memset(d, 0, sizeof(*d));
}

const char *report_zone(int utc_offset_minutes, char ret[16])
{
	int minutes = utc_offset_minutes < 0 ? -utc_offset_minutes : utc_offset_minutes;

	snprintf(ret, 16, "UTC%c%02d:%02d", utc_offset_minutes < 0 ? '-' : '+', minutes / 60 % 24,
		 minutes % 60);
	if (minutes == 0)
		ret[3] = 0;
	return ret;
}

const char *report_time(uint64_t ns, int utc_offset_minutes, char ret[32])
{
	time_t t = (time_t)(ns / NS_PER_SEC) + utc_offset_minutes * 60;
	struct tm tm;

	if (ns == 0)
		return "";
	gmtime_r(&t, &tm);
	strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm);
	return ret;
}
