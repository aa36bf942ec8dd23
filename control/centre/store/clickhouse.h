/* ClickHouse over HTTP, of a cluster of shards and replicas. Keeps to what both release 18.16 and
 * today's understand. One thread; a call lasts at most about CLICKHOUSE_MOST_S for each server that
 * does not answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	CLICKHOUSE_SHARDS = 64,
	CLICKHOUSE_REPLICAS = 8,
	CLICKHOUSE_MOST_S = 12,
	CLICKHOUSE_REPORT_S = 60, /* a question's end */
	CLICKHOUSE_WORK_S = 3600, /* when patient */
};

struct clickhouse;

struct clickhouse_setup {
	/* "http://a:8123,http://b:8123;http://c:8123": shards apart by ';', replicas by ','. */
	const char *servers;
	const char *user, *password_file; /* "": none */
	const char *ca_file;		  /* "": the system's */
	const char *database;		  /* letters, digits, _ */
	/* Run on a server that says that a table or the database is missing; ';' between
	 * statements. */
	const char *schema;
};

/* NULL with a sentence for a malformed list. Nothing is asked yet. */
struct clickhouse *clickhouse_new(const struct clickhouse_setup *setup, struct errmsg *err);
void clickhouse_free(struct clickhouse *c);
unsigned clickhouse_shards(const struct clickhouse *c);
/* Servers that did not answer lately, of how many; for people. */
unsigned clickhouse_away(const struct clickhouse *c, unsigned *ret_servers);
/* Makes what `schema` says on every server that answers; ERR_IO when none did. */
int clickhouse_init(struct clickhouse *c, struct errmsg *err);

struct clickhouse_block {
	const char *into; /* table */
	unsigned shard;
	struct slice rows; /* tab-separated */
};

/* All blocks, at the same time; ERR_OK when each is on two replicas (on one, where a shard has only
 * one). A shard that cannot do that is passed over, its block goes to another: questions remove
 * doubles wherever they are. */
int clickhouse_insert(struct clickhouse *c, const struct clickhouse_block *blocks, size_t n,
		      struct errmsg *err);

struct clickhouse_answer {
	char *text; /* tab-separated lines, a zero behind; the caller's to free */
	size_t len, cap;
};

/* From whichever server answers. */
int clickhouse_ask(struct clickhouse *c, const char *sql, struct clickhouse_answer *ret,
		   struct errmsg *err);
/* For work that takes long, and that every replica shall have done. */
void clickhouse_be_patient(struct clickhouse *c);
/* From a server of that shard. */
int clickhouse_ask_shard(struct clickhouse *c, unsigned shard, const char *sql,
			 struct clickhouse_answer *ret, struct errmsg *err);

/* Text as a literal of a question, with its quotes; whatever the text holds, it stays inside. What
 * is no UTF-8 is replaced, zero bytes too. */
void clickhouse_quote(FILE *out, struct slice text);
/* Text as a field of a tab-separated row, likewise. */
void clickhouse_field(FILE *out, struct slice text);
/* The next field of an answer, read back in its place, and *at behind it; `ret_last`: a line ends
 * with it. False behind the last one. */
bool clickhouse_next(char **at, struct slice *ret, bool *ret_last);
