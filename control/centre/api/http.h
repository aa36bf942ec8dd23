/* The centre's pages: overview, daily report, JSON. Read-only in this form and bound to loopback by
 * default; put a reverse proxy with TLS and log-in in front for anything else. */
#pragma once

#include <stdint.h>

#include "control/centre/store/store.h"
#include "control/wire/log.h"
#include "control/wire/loop.h"

struct http;

struct http_setup {
	struct loop *loop;
	struct store *store;
	const struct log *log;
	const char *address; /* "127.0.0.1:8080", "[::1]:8080" */
	struct zone zone;
};

/* NULL with a sentence when the address is malformed or taken. */
struct http *http_new(const struct http_setup *setup, struct errmsg *err);
void http_delete(struct http *h);
unsigned http_port(const struct http *h);
