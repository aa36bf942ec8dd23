/* Who and what the demonstration is about; private to demo/. */
#pragma once

#include <stdbool.h>

#include "control/report/report.h"
#include "control/wire/message.h"

struct demo_customer {
	const char *id, *name;
};

struct demo_site {
	const char *site, *sensor, *mitigator;
	unsigned customer, hosts;
	unsigned infections; /* in a thousand days */
};

struct demo_threat {
	uint32_t gid, sid;
	const char *msg, *category;
	enum severity severity;
	const char *tactic, *technique;
	const char *en, *ja; /* a behaviour's reason, "" for a rule */
	unsigned rate;	     /* tenths of an alert a site and day */
	int trend;	     /* percent over the whole time */
	bool any_hour;
};

enum {
	DEMO_STORY_THREATS = 3,
	DEMO_SILENT_SITE = 9, /* its sensor was last heard of ... */
	DEMO_SILENT_MIN = 40, /* ... so long ago */
};

struct demo_story {
	const char *title;
	unsigned threat[DEMO_STORY_THREATS]; /* in order, of demo_threats */
	unsigned steps;			     /* alerts */
	bool any_hour;
	const char *cause[REPORT_LANGUAGES];
	const char *handling[REPORT_LANGUAGES][3];
};

extern const struct demo_customer demo_customers[];
extern const struct demo_site demo_sites[];
extern const struct demo_threat demo_threats[];
extern const size_t demo_threat_count;
extern const struct demo_story demo_stories[];
extern const size_t demo_story_count;
extern const char *const demo_advisory[REPORT_LANGUAGES];

const char *demo_host_name(unsigned number);
