/* A process of its own for what reads a stranger's files: it holds no network, no file and none of
 * the packet path's memory, and may ask the kernel for next to nothing (SANDBOX_INSPECT). It is
 * given a file's bytes in shared memory, says what it found as messages on a pipe, and is started
 * again when it dies; that costs the verdict on one file.
 *
 * dataplane --> supervisor (forked at the start, starts and awaits) --> inspector (reads files)
 *
 * One thread of the dataplane, the desk's, asks it and waits for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	INSPECTOR_BYTES = 256 << 20,  /* desk.cut: most of a file that is given */
	INSPECTOR_MEMORY = 384 << 20, /* address space beyond what it starts with, bytes */
	INSPECTOR_CPU_S = 20,	      /* of a processor for one file */
	INSPECTOR_LIVE_S = 60,	      /* by the clock, live: workers' pipes fill meanwhile */
	INSPECTOR_OFFLINE_S = 1200,   /* offline: nothing is lost by waiting */
	INSPECTOR_TRIES = 4,	      /* of a file whose inspector was killed from outside */
	INSPECTOR_MESSAGE = 4088,     /* bytes of a message: with its head a whole write */
	INSPECTOR_MESSAGES = 4 << 20, /* bytes of all messages on one file */
	INSPECTOR_PAUSE_MS = 5,	      /* before it is started again */
	INSPECTOR_START_S = 60,	      /* for the first one to be ready */
};

/* Messages on one file, in the inspector. */
struct inspector_out {
	int fd;
	uint32_t job;
	size_t sent; /* bytes */
	bool full;   /* INSPECTOR_MESSAGES: what came after is missing */
};

struct inspector_config {
	/* In the inspector, within its limits: reads `bytes` and says what it finds. */
	void (*look)(void *ctx, struct slice bytes, struct inspector_out *out);
	/* In the supervisor, before any file: gives up rights; NULL = has none to give up. */
	int (*enter)(void *ctx, struct errmsg *err);
	void *ctx, *enter_ctx;
	size_t bytes;	     /* most that is ever given, at most INSPECTOR_BYTES */
	int core;	     /* the processor that it keeps to, -1 = any */
	unsigned cpu_s;	     /* INSPECTOR_CPU_S */
	unsigned patience_s; /* INSPECTOR_LIVE_S or INSPECTOR_OFFLINE_S */
};

/* A message of `kind` (not 0). False: it did not fit. */
bool inspector_say(struct inspector_out *out, uint16_t kind, struct slice message);

struct inspector;

/* Before threads, privileges or packet memory: it inherits what the process has then. */
int inspector_new(const struct inspector_config *config, struct inspector **ret,
		  struct errmsg *err);
/* Ends both processes. NULL: nothing. */
void inspector_delete(struct inspector *i);

enum inspector_end {
	INSPECTOR_DONE,
	INSPECTOR_CRASHED,  /* ended by what it read, or by a forbidden call */
	INSPECTOR_TIME,	    /* INSPECTOR_CPU_S or the patience */
	INSPECTOR_KILLED,   /* from outside, INSPECTOR_TRIES times */
	INSPECTOR_NONSENSE, /* said what no inspector says; it was ended */
	INSPECTOR_ABSENT,   /* there is none any more: its supervisor was ended from outside */
	INSPECTOR_ENDS,
};

extern const char *const inspector_end_names[INSPECTOR_ENDS]; /* words for records */

struct inspector_said {
	enum inspector_end end;
	bool full;	       /* not all messages fitted */
	unsigned again;	       /* times that the file was given once more */
	struct slice messages; /* whole messages; what came before it ended; until the next call */
};

/* Most bytes of a file that are given: what is beyond is not looked at. */
size_t inspector_most(const struct inspector *i);
/* Gives `bytes` and waits for the verdict. */
void inspector_ask(struct inspector *i, struct slice bytes, struct inspector_said *ret);

/* The next message of `messages`, which moves on; false at the end. Nothing in it is trusted. */
bool inspector_message(struct slice *messages, uint16_t *ret_kind, struct slice *ret);

/* For tests: the process that reads files now, 0 = none. */
int inspector_pid(const struct inspector *i);
