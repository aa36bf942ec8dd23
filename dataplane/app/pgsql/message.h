/* Bodies of messages, where they lie. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"

/* A first message, behind its length. */
struct pgsql_startup {
	uint8_t kind; /* enum pgsql_kind: STARTUP, SSL, GSS or CANCEL */
	uint16_t major, minor;
	struct slice parameters; /* STARTUP: names and values, to pgsql_text */
	uint32_t pid;		 /* CANCEL */
};

bool pgsql_startup_read(struct slice body, struct pgsql_startup *ret);
/* The text up to its NUL, or to the end when `cut` allows that; false when there is none. */
bool pgsql_text(struct cursor *c, struct slice *ret);
bool pgsql_is_frontend_type(uint8_t type);
