/* What desk.c (the thread), port.c (the workers' side) and look.c (what is found) share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "dataplane/evidence/desk.h"
#include "dataplane/evidence/pipe.h"
#include "dataplane/files/file_archive.h"

enum desk_message { DESK_FILE, DESK_BYTES, DESK_END, DESK_DROP };

enum port_counter {
	PORT_FILES,
	PORT_BYTES,
	PORT_RING_FULL,
	PORT_TOO_MANY,
	PORT_COUNTERS,
};

enum desk_counter {
	DESK_FILES,	   /* that came whole */
	DESK_MEMORY,	   /* given up: config.memory */
	DESK_CUT,	   /* inspected only as far as DESK_INSPECT */
	DESK_RECORDS,	   /* records made */
	DESK_RECORDS_LOST, /* that no worker took */
	DESK_YARA_SCANS,
	DESK_YARA_HITS,
	DESK_YARA_TIMEOUT,
	DESK_YARA_FAILED,
	DESK_ARCHIVES,
	DESK_MEMBERS,
	DESK_ARCHIVE_ENDS, /* then one each of enum file_archive_end */
	DESK_INSPECT_AGAIN = DESK_ARCHIVE_ENDS + FILE_ARCHIVE_ENDS, /* was killed; given again */
	DESK_INSPECT_CUT,  /* more than an inspector is given */
	DESK_INSPECT_FULL, /* more was found than is told */
	DESK_INSPECT_ENDS, /* verdicts that are missing: one each of enum inspector_end */
	DESK_COUNTERS = DESK_INSPECT_ENDS + INSPECTOR_ENDS,
};

struct desk_port {
	struct desk *desk;
	unsigned index;
	struct pipe *in, *out; /* to the desk, from it */
	bool holding;	       /* the record last got is not given back */
	struct backlog *after; /* the one to free with the next call, once the thread has ended */
	uint16_t free[DESK_OPEN_MAX];
	unsigned free_count;
	uint16_t dropped[DESK_OPEN_MAX]; /* to be told to the desk when there is room */
	unsigned dropped_count;
	uint64_t counts[PORT_COUNTERS];
	uint64_t desk_counts[DESK_COUNTERS], store_counts[STORE_COUNTERS]; /* as last read */
};

struct desk_item {	 /* a file at the desk */
	bool open, lost; /* lost: what there is of it is not whole */
	bool cut;
	uint8_t *buf;
	size_t len, cap;
	uint64_t size;		/* bytes given */
	struct store_temp temp; /* fd < 0: in memory */
};

struct backlog {
	struct backlog *next;
	unsigned port;
	size_t len;
	_Alignas(8) uint8_t bytes[];
};

struct desk {
	struct desk_config config;
	struct store *store;
	bool complained;      /* of a missing verdict ... */
	int64_t complained_s; /* ... then: CLOCK_MONOTONIC */
	struct desk_port *ports;
	struct desk_item *items; /* workers x DESK_OPEN_MAX; the thread's */
	size_t held;		 /* bytes of all items in memory */
	struct backlog *first, *last;
	unsigned backlog;
	pthread_t thread;
	bool running;
	_Atomic bool stop, stopped;
	uint64_t counts[DESK_COUNTERS];
	_Atomic uint64_t shown[DESK_COUNTERS + STORE_COUNTERS]; /* copies for the workers */
	_Alignas(8) uint8_t record[RECORD_MAX];
};

extern const struct counter_name desk_counter_names[DESK_COUNTERS];

static inline void desk_count(struct desk *d, unsigned counter)
{
	d->counts[counter]++;
}

/* desk.c: a finished record for that worker. */
void desk_tell(struct desk *d, unsigned port, struct slice record);
/* look.c: what the inspector finds in the bytes of a file. */
void desk_look(struct desk *d, unsigned port, struct slice bytes, const struct desk_end *end,
	       struct slice fileinfo);
