/* Host names to addresses without stopping the loop: the question is asked in a thread of its own.
 * Private to this folder. */
#pragma once

#include <stddef.h>
#include <sys/socket.h>

#include "control/wire/loop.h"

enum { RESOLVE_MAX = 8 };

struct resolve_answer {
	struct sockaddr_storage addr[RESOLVE_MAX];
	socklen_t len[RESOLVE_MAX];
	unsigned n;
	char sentence[160]; /* why n == 0 */
};

/* Splits "host:port" or "[v6]:port". ERR_INVALID with a sentence. */
int resolve_split(const char *address, char *ret_host, size_t host_cap, char *ret_port,
		  size_t port_cap, struct errmsg *e);

/* Blocking; `passive` for an address to listen on ("*" = any). */
int resolve_now(const char *host, const char *port, bool passive, struct resolve_answer *ret);

struct resolve;
typedef void (*resolve_fn)(void *ctx, const struct resolve_answer *answer);

/* Calls `fn` from the loop, once, unless cancelled. NULL when no thread can be had. */
struct resolve *resolve_start(struct loop *loop, const char *host, const char *port, resolve_fn fn,
			      void *ctx);
void resolve_cancel(struct resolve *r);

/* "10.0.0.5:7443", "[2001:db8::1]:7443" */
void resolve_text(const struct sockaddr_storage *addr, char *ret, size_t cap);
