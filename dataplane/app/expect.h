/* Flows that a parser has announced (FTP's data connections): between two hosts, to a port, for a
 * while. One worker's; what another worker sees is not found, so one pair of hosts should meet one
 * worker. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/parser.h"
#include "dataplane/base/hash.h"

struct expect_table;

struct expect_table *expect_new(void);
void expect_free(struct expect_table *t);

/* Remembers it until LIMIT_APP_EXPECT_SECONDS have gone by; in a full set the oldest goes. */
void expect_add(struct expect_table *t, const struct app_tuple *announcer,
		const struct app_expectation *e, uint64_t now_ns);

/* The announced flow this is the first packet of, taken out of the table. False when it is none. */
bool expect_take(struct expect_table *t, const struct app_tuple *tuple, uint64_t now_ns,
		 struct app_expectation *ret);
