/* The file desk: a thread that is given the bytes of files by the workers and does with them what
 * takes system calls or time: keeps them (store.h), has the inspector look into them (inspect.h).
 * Workers put messages into a pipe and never wait (offline they may, `wait`); what the desk found
 * comes back as finished records on another pipe and is collected between bursts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/record.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "dataplane/evidence/inspector.h"
#include "dataplane/evidence/store.h"

enum {
	DESK_OPEN_MAX = 4096,	 /* files.too_many: files a worker has at the desk at a time */
	DESK_SPILL = 1 << 20,	 /* bytes of a file in memory before it goes to a temporary file */
	DESK_INSPECT = 16 << 20, /* desk.cut: bytes inspected of a file that is not kept on disk */
	DESK_BACKLOG = 100000,	 /* desk.records_lost: records that wait for a worker */
	DESK_MEMBERS_TOLD = 100, /* members named in a record; all are counted */
	DESK_PORTS = 64,
};

struct desk_config {
	bool store, write_fileinfo;
	char dir[STORE_PATH / 2];
	struct store_limits limits;
	bool archives;
	char yara[STORE_PATH / 2];   /* rule file, "" = none */
	struct inspector *inspector; /* who looks, the caller's; NULL = nobody */
	size_t pipe_bytes;	     /* of each worker's pipe */
	size_t memory;		     /* most bytes of all files held at a time */
	unsigned workers;
	bool wait;		       /* offline: a full pipe waits instead of losing */
	struct record_eve_options eve; /* of fileinfo files */
};

struct desk;

/* ERR with a sentence: the folder cannot be made. */
struct desk *desk_new(const struct desk_config *config, struct errmsg *err);
/* The thread begins. */
int desk_start(struct desk *d, struct errmsg *err);
/* The thread ends once the pipes are empty; workers must have finished. Records can still be
 * collected. */
void desk_stop(struct desk *d);
void desk_delete(struct desk *d);

/* --- a worker's side: packet path --- */

struct desk_port;

struct desk_port *desk_port(struct desk *d, unsigned worker);

/* A file begins: its number, 0 when it is refused (counted). */
uint32_t desk_file(struct desk_port *p);
/* False: it did not fit (counted) and the file was dropped; the number is void. */
bool desk_bytes(struct desk_port *p, uint32_t file, struct slice bytes);
void desk_drop(struct desk_port *p, uint32_t file);

struct desk_end {
	uint64_t size;	   /* of the file, gaps included */
	uint64_t time_ns;  /* packet time */
	uint32_t store_id; /* EVE's file_id */
	bool keep;	   /* a rule or the configuration wants it kept */
	bool has_sha256;   /* of the bytes that were given */
	uint8_t sha256[32];
};

/* It is over. `fileinfo`: its record, whose head and body those about it go by. False: dropped. */
bool desk_file_end(struct desk_port *p, uint32_t file, const struct desk_end *end,
		   struct slice fileinfo);

/* A record of the desk's for this worker to hand on; its bytes may be changed and are valid until
 * the next call. */
bool desk_record(struct desk_port *p, struct slice *ret);

enum { DESK_COUNTER_SETS = 3 };
/* The port's own; the desk's and the store's with the first port's, zeros with the others. */
unsigned desk_counters(struct desk_port *p, struct counter_set ret[DESK_COUNTER_SETS]);
