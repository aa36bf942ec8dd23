/* Detections of other products (Q15): antivirus and others by syslog with CEF (RFC 5424, 3164; CEF
 * 0) or as JSON. Bytes in, an event out; the event becomes an alert with its source. Pure and
 * bounded: whatever comes, texts are UTF-8 without control characters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/wire/message.h"

enum {
	EXTERNAL_TEXT = 256,
	EXTERNAL_MAX = 64 << 10, /* bytes of one message */
	EXTERNAL_EVENTS = 64,	 /* of one JSON document */
	EXTERNAL_GID = 5,	 /* of their alerts; the rule's number is made of their own id */
};

/* What became of what was found. */
enum external_outcome { OUTCOME_UNKNOWN, OUTCOME_CLEANED, OUTCOME_NOT_CLEANED };

struct external_event {
	char vendor[64], product[64], rule[64], name[EXTERNAL_TEXT], id[128];
	struct ip_addr host, peer; /* zero: not said */
	struct mac_addr mac;
	char host_name[128], user[64], file[EXTERNAL_TEXT], hash[129], url[EXTERNAL_TEXT];
	char technique[16];
	unsigned severity; /* 0-10, 10 is the worst */
	enum external_outcome outcome;
	uint64_t time; /* ns since 1970, 0: not said */
};

/* One syslog message, with or without its header. ERR_INVALID with a sentence when there is no CEF
 * in it. */
int external_syslog(struct slice message, struct external_event *ret, struct errmsg *e);
/* One object or an array of them; how many events, or ERR_INVALID. Names of members: "source"
 * (product), "vendor", "rule", "name", "severity" (0-10 or low, medium, high, critical), "id",
 * "ip", "mac", "host", "user", "peer", "file", "sha256", "url", "technique", "action", "time"
 * (seconds since 1970 or RFC 3339). */
int external_json(struct slice text, struct external_event *ret, unsigned max, struct errmsg *e);

/* Memory of an alert made of an event. */
struct external_alert {
	char id[96], source[132], reason[2][400];
	const char *technique[1], *reasons[2];
	struct alert alert;
};
/* `proven`: the sender's address was checked; `now`: for events without a time. */
void external_to_alert(const struct external_event *ev, bool proven, uint64_t now,
		       struct external_alert *ret);
