/* What each process may ask of the kernel: allow-lists of system calls (seccomp), one a kind of
 * process, in one table (sandbox_lists.c). A call outside of the list ends the process at once with
 * a line on standard error that names the call; nothing of the call is carried out.
 *
 * The environment variable BANKEN_SANDBOX, set by whoever starts the program, chooses: "kill" (the
 * default), "log" (the call is carried out and the kernel logs it: to find what a list lacks),
 * "off". Built with sanitizers, which need calls of their own, there is no sandbox; sandbox_state
 * says so.
 *
 * Include only where a process starts. */
#pragma once

#include <stdbool.h>

#include "dataplane/base/err.h"

enum sandbox_list {
	/* Programs of others that we start: whatever they need but what only system
	 * administration needs, which is refused (EPERM), as they are no work of ours. */
	SANDBOX_OPERATOR,
	SANDBOX_DATAPLANE, /* live, once the ports are open */
	SANDBOX_OFFLINE,   /* the same over a capture file: no socket of any kind */
	SANDBOX_CONTROL,
	SANDBOX_MITIGATOR,
	SANDBOX_ENFORCER,
	SANDBOX_CENTRE,
	SANDBOX_NOTICE,	 /* answers on a socket that it was given, opens none */
	SANDBOX_DELIVER, /* mail, webhooks, syslog, switches: dials out, starts nothing */
	SANDBOX_TOOL,	 /* starts a known program: nft, ovs-vsctl */
	SANDBOX_RENDER,	 /* a program that turns files into files: no network */
	SANDBOX_REPORT,	 /* reads a store, writes files: opens no socket, starts nothing */
	SANDBOX_INSPECT, /* reads files of strangers: opens nothing, starts nothing, no threads */
	SANDBOX_LISTS,
};

enum sandbox_state {
	SANDBOX_KILLS,
	SANDBOX_LOGS,
	SANDBOX_OFF,	   /* by BANKEN_SANDBOX */
	SANDBOX_NOT_BUILT, /* sanitizers, or -Dsandbox=false */
};

/* What BANKEN_SANDBOX and the build say. */
enum sandbox_state sandbox_state(void);

/* Enters the list for good, all threads of the process included; no_new_privs is set. `name` (kept)
 * opens the line of a forbidden call. 0 also where the state is not SANDBOX_KILLS; ERR_UNSUPPORTED
 * when this kernel has no seccomp: the caller says it and goes on. */
int sandbox_enter(enum sandbox_list list, const char *name, struct errmsg *e);

/* For a process that starts those who enter `list`, and again when they crash: the same calls, and
 * those that start, sandbox and await processes. */
int sandbox_supervise(enum sandbox_list list, const char *name, struct errmsg *e);

/* "control", "dataplane" ... for tests and messages. */
const char *sandbox_name(enum sandbox_list list);
