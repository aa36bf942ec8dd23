/* "127.0.0.1:8080", "[::1]:8080", ":8080" is refused: an address is chosen, not fallen into. */
#pragma once

#include <sys/socket.h>

#include "dataplane/base/err.h"

int address_parse(const char *text, struct sockaddr_storage *ret, struct errmsg *e);
