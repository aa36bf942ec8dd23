/* How the sensor is: counters of the dataplane, rings, spool, links, and what an operator must
 * know, each as one sentence. One thread. */
#pragma once

#include <jansson.h>

#include "control/wire/box.h"
#include "control/sensor/deployed.h"
#include "control/sensor/drain.h"
#include "control/sensor/outbox.h"
#include "control/wire/message.h"
#include "control/wire/tls.h"
#include "dataplane/api/stats.h"

enum { HEALTH_ALIVE_SECONDS = 3, HEALTH_DROPS_MAX = 512, HEALTH_COUNTERS_MAX = 4096 };

struct health;

struct health_setup {
	const char *rundir, *statedir, *build, *config_version;
	struct outbox *outbox;
	struct drain *drain;
	struct tls_keys *keys;
	struct deployed *deployed; /* the rule set in force; may be NULL */
	struct box *box;	   /* what the centre has put in force; may be NULL */
	/* The mirror port (health_mirror.h): seconds of one judgement, VLANs that it must show. */
	uint64_t mirror_window_s;
	const uint16_t *vlans;
	size_t n_vlans;
};

struct health *health_new(const struct health_setup *setup, uint64_t now);
void health_free(struct health *h);

/* Fills a health report; valid until the next call. `now`: wall clock. */
void health_report(struct health *h, uint64_t now, struct report *ret);
/* The same for people: {"dataplane": {...}, "links": {...}, "problems": [...], ...}. */
json_t *health_json(struct health *h, uint64_t now);

const struct health_setup *health_setup_of(const struct health *h);

/* Of the bytes, per cent that went through encrypted; -1 when not known yet. */
int health_encrypted(const struct health *h);
/* Opens the statistics when they are there or were made anew. */
void health_look(struct health *h);
/* What the dataplane says of the installed set that it runs (rules.content); false when it does not
 * run. */
bool health_rules(struct health *h, uint64_t now, uint64_t *ret_content);
/* True while the dataplane's heartbeat is fresh; *ret_generation tells its starts apart. */
bool health_dataplane(struct health *h, uint64_t now, uint64_t *ret_generation);
