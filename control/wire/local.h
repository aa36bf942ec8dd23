/* A program's local socket, RUNDIR/<program>.sock, for `banken` and tests: one JSON object a line
 * each way, bounded. The request names what is wanted: {"do": "status", ...}. The answer is
 * {"ok": true, ...} or {"ok": false, "error": "one sentence"}. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "control/wire/log.h"
#include "control/wire/loop.h"
#include "dataplane/base/err.h"

struct local_server;

/* Who asks, from the kernel (SO_PEERCRED); or, where a program serves the same commands to pages,
 * the account that is logged in there. */
struct local_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	const char *account; /* NULL: from the socket */
	const char *by;	     /* what the account is of; NULL: pages */
	bool is_client;	     /* of a local server: it can wait */
};

/* Answers `request` (an object; stays the server's) with a new object, or NULL with a sentence. */
typedef json_t *(*local_fn)(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e);

/* For an answer that takes others' work: the function keeps this and returns NULL, and whoever has
 * it answers, once, after that function has returned; `answer` is taken, NULL with a sentence as
 * there. NULL: it must answer at once, for it was not asked over the socket. */
struct local_later;
struct local_later *local_later(const struct local_peer *peer);
void local_answer(struct local_later *l, json_t *answer, const struct errmsg *e);

struct local_command {
	const char *name;
	const char *help; /* one line, shown by {"do": "help"} */
	local_fn fn;
	bool changes; /* root, the program's own user or `group` only; others may read */
};

struct local_setup {
	struct loop *loop;
	const struct log *log;
	const char *path;
	gid_t group; /* may change things; (gid_t)-1: nobody but root and ourselves */
	const struct local_command *commands;
	size_t n_commands;
	void *ctx;
};

/* `setup` is copied; what it points to must outlive the server. A socket left by a dead process is
 * replaced; ERR_EXISTS when one is alive. */
struct local_server *local_server_new(const struct local_setup *setup, struct errmsg *e);
void local_server_delete(struct local_server *s);

/* A JSON string of any bytes: what is not UTF-8 (a sentence that was cut, a name from a stranger)
 * is mended, where json_string would fail. */
json_t *local_text(const char *s);

/* The asking side: blocking, with a time-out. The answer object (even one with "ok": false) or
 * NULL with a sentence: "banken-control does not run (RUNDIR/...sock: No such file)". */
json_t *local_ask(const char *path, const json_t *request, int timeout_ms, struct errmsg *e);
