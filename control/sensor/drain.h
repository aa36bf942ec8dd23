/* Empties the dataplane's rings into the spool, without ever making the dataplane wait: alerts
 * first and at once, other records in larger batches. A record is given back to its ring only after
 * the spool has stored it together with the ring's position, so that kill -9 neither loses one nor
 * stores it twice. One thread. */
#pragma once

#include "control/sensor/convert.h"
#include "control/sensor/evelog.h"
#include "control/sensor/forward.h"
#include "control/sensor/outbox.h"
#include "control/sensor/recent.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "dataplane/api/ring.h"

enum { DRAIN_WORKERS_MAX = 256 };

struct drain;
struct search;
struct memory;
struct site;

struct drain_setup {
	struct loop *loop;
	const struct log *log;
	const char *rundir;
	struct outbox *outbox;
	struct convert *convert;
	struct evelog *evelog;	 /* NULL: no EVE files */
	struct forward *forward; /* NULL: alerts go nowhere else */
	struct recent *recent;
	bool records_to_centre;
	struct search *search; /* NULL: records are not kept for search */
	struct memory *memory; /* NULL: nothing looks back for hours */
	struct site *site;     /* NULL: nothing is proposed */
};

/* Begins at once. NULL: no memory. */
struct drain *drain_new(const struct drain_setup *setup, struct errmsg *e);
void drain_delete(struct drain *d);

struct drain_counts {
	uint64_t alerts, records; /* stored */
	uint64_t facts;		  /* about hosts, told */
	uint64_t malformed;	  /* record_check refused, or no alert */
	uint64_t damaged;	  /* rings whose content made no sense */
	uint64_t failed;	  /* batches that the spool refused; they stay in the ring */
	char trouble[512];	  /* why the last one failed, "" = all is well */
};
void drain_counts(const struct drain *d, struct drain_counts *ret);

/* The i-th open ring; false behind the last. `ret_name` "worker-0 alert". */
bool drain_ring(const struct drain *d, unsigned i, char ret_name[32], struct ring_info *ret);
