/* Runs another program: no shell, its own environment, input and output through pipes, bounded in
 * time and output. Blocks: for helper processes and command lines, never for a loop. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

struct run_result {
	char *output; /* the caller's buffer; NUL-terminated */
	size_t cap;   /* of it */
	size_t len;
	bool offline; /* set by the caller: the program finds no network (SANDBOX_RENDER) */
	int peer;     /* set by the caller: a socket; when its other end closes, the program is
		       * killed. 0: none */
	bool cut_off; /* there was more than fits; the rest was read and dropped */
	int status;   /* exit status 0-255, 128 + signal when it was killed */
};

/* argv[0] is an absolute path or looked up in /usr/sbin:/usr/bin:/sbin:/bin. Standard output and
 * error both go to ret->output. 0 when the program ran and ended by itself, whatever its status;
 * ERR_NOTFOUND when there is no such program, ERR_AGAIN when it was killed for taking longer than
 * timeout_ms, ERR_CLOSED because the peer is gone, ERR_IO when the system refused. */
int run_program(const char *const *argv, struct slice input, unsigned timeout_ms,
		struct run_result *ret, struct errmsg *e);
