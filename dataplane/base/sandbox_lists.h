/* The table of allowed system calls; read by sandbox.c and its test only. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/sandbox.h"

enum sandbox_sockets {
	SOCKETS_NONE,
	SOCKETS_ASK, /* what drivers ask the kernel with: datagram of IPv4, netlink; never connected
		      */
	SOCKETS_LOCAL, /* of this machine only; others are told that there is no such family */
	SOCKETS_NET,   /* this machine's, IPv4, IPv6, netlink */
	SOCKETS_ANY,
};

/* Groups of calls, as bits. */
enum {
	CALLS_BASE = 1 << 0,	  /* memory, time, signals, descriptors that are open */
	CALLS_FILES = 1 << 1,	  /* files by name */
	CALLS_SOCKETS = 1 << 2,	  /* to send and receive on sockets */
	CALLS_CONNECT = 1 << 3,	  /* to dial */
	CALLS_LISTEN = 1 << 4,	  /* to bind, listen */
	CALLS_THREADS = 1 << 5,	  /* threads, their cores and priorities */
	CALLS_PROCESSES = 1 << 6, /* fork, await, kill */
	CALLS_EXEC = 1 << 7,	  /* other programs */
	CALLS_COMPUTE = 1 << 8,	  /* far less than BASE: memory, time, write; no threads */
	CALLS_GROUPS = 9,
};

struct sandbox_row {
	const char *name;
	unsigned groups;
	enum sandbox_sockets sockets;
	const char *const
		*told_no; /* EPERM: drivers try them at the end, and do without; NULL: none */
	bool jit;  /* memory may be written and executed: PCRE2's compiler, programs of others */
	bool open; /* the other way round: all but sandbox_refused */
};

extern const struct sandbox_row sandbox_rows[SANDBOX_LISTS];
/* Each ends with NULL. */
extern const char *const *const sandbox_groups[CALLS_GROUPS];
extern const char *const sandbox_refused[]; /* EPERM in an open list */
extern const char *const sandbox_absent[]; /* ENOSYS in the others: who tries them can do without */
