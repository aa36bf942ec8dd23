/* PostgreSQL by its first bytes. */
#pragma once

#include "dataplane/app/parser.h"

/* As Suricata's probes decide: also a query or an answer in the middle of a connection. */
enum app_probe pgsql_probe(const struct app_tuple *tuple, enum dir dir, struct slice data);
/* A connection's begin: stricter, whatever the port. */
bool pgsql_begins(struct slice client, struct slice server);
/* A message of the server. */
bool pgsql_is_backend_type(uint8_t type);
