/* Records of the dataplane as reports. */
#pragma once

#include <jansson.h>

#include "control/sensor/eve_alert.h"
#include "control/sensor/host/identity.h"
#include "control/sensor/host/oui.h"
#include "control/sensor/hosts.h"
#include "control/wire/message.h"
#include "dataplane/api/record.h"

enum { CONVERT_EVE_MAX = 512 << 10 };

/* Working memory of one converter, reused from record to record. */
struct convert {
	struct hosts *hosts;
	struct oui *oui; /* NULL: vendors are not known */
	const char *sensor;
	bool community_id;
	int offset_minutes;	/* local time zone of the EVE times */
	struct ip_addr news[2]; /* addresses of which the last record told something new */
	unsigned n_news;
	/* the last record: what the report points to lives here */
	char eve[CONVERT_EVE_MAX];
	size_t eve_len;
	json_t *json; /* alerts only */
	char id[96], community[32], state[24], reason[24];
	struct eve_texts texts;
};

/* Checks and renders the record (NUL behind the line) and learns its addresses. ERR_INVALID when
 * it is malformed, ERR_LIMIT when it is too large. */
int convert_begin(struct convert *c, struct slice record);
/* The report for it: an alert, else a flow summary that carries the EVE record. Valid until the
 * next convert_begin. ERR_INVALID when an alert lacks what makes it one. */
int convert_report(struct convert *c, struct slice record, struct report *ret);
void convert_done(struct convert *c);

/* A report of what is known of an address. */
void convert_host_fact(const struct convert *c, const struct host_entry *h, struct report *ret);
/* A report of what a record said about a host; points into `f`. */
void convert_identity(const struct convert *c, const struct identity_fact *f, uint64_t time,
		      struct report *ret);
