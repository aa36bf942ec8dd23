/* Alerts to other systems of the site, straight from the sensor: EVE, CEF or LEEF by syslog over
 * TLS or TCP, beside what the centre forwards. Whoever takes them is no part of the way of reports:
 * an alert is put into a bounded queue in memory, one for each target, and a helper process sends;
 * what finds no room, or is there at the program's end, is not sent, and counted. Loop thread. */
#pragma once

#include <jansson.h>

#include "control/helper/helper.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "control/wire/siem.h"
#include "dataplane/base/slice.h"

enum {
	FORWARD_WAYS = 4,
	FORWARD_LINES = 16384,	    /* that wait for one target */
	FORWARD_BYTES = 16 << 20,   /* likewise */
	FORWARD_PACKET = 64 * 1024, /* that go in one turn */
	FORWARD_REST_S = 5,	    /* after a failure */
};

/* Where to, with the process that sends. */
struct forward_ways {
	struct forward_way {
		char address[256];
		enum siem_format format;
		struct helper helper;
	} items[FORWARD_WAYS];
	unsigned n;
};

/* "cef=tls://siem.example:6514 eve=tcp://10.0.0.9:514". ERR_INVALID with a sentence. */
int forward_parse(const char *text, struct forward_ways *ret, struct errmsg *e);
/* Before rights go. */
int forward_helpers(struct forward_ways *ways, const char *ca_file, const char *user,
		    struct errmsg *e);
void forward_helpers_stop(struct forward_ways *ways);

struct forward;

struct forward_setup {
	struct loop *loop;
	const struct log *log;
	const struct forward_ways *ways; /* outlives it */
	const char *sensor, *site;
};

/* NULL without memory. */
struct forward *forward_new(const struct forward_setup *setup);
void forward_delete(struct forward *f);
/* An alert of that time (ns since 1970). Never waits. */
void forward_offer(struct forward *f, struct slice eve, uint64_t time);
/* [{"address", "format", "waiting", "sent", "lost", "error"}] */
json_t *forward_status(const struct forward *f);
