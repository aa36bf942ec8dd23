/* What app.c, identify.c, tx.c and file.c share. Not for parsers. */
#pragma once

#include "dataplane/app/app.h"
#include "dataplane/app/expect.h"
#include "dataplane/app/frame.h"
#include "dataplane/app/identify.h"
#include "dataplane/app/naming/naming.h"
#include "dataplane/app/text/kept.h"
#include "dataplane/files/file_magic.h"

enum app_counter {
	APP_COUNT_FAILED_TCP,
	APP_COUNT_FAILED_UDP,
	APP_COUNT_SKIPPED,
	APP_COUNT_GAP_UNKNOWN,
	APP_COUNT_MEMORY,
	APP_COUNT_BUFFERED,
	APP_COUNT_TRANSACTIONS,
	APP_COUNT_TX_EVENTS,
	APP_COUNT_CHANGES,
	APP_COUNT_FILES,
	APP_COUNT_FILE_LIMIT,
	APP_COUNT_FRAMES,
	APP_COUNT_PARTS,
	APP_COUNT_PARTS_JOINED,
	APP_COUNT_PARTS_REFUSED,
	APP_COUNT_PARTS_OLDEST,
	APP_COUNT_PARTS_EXPIRED,
	APP_COUNTS, /* then APP_PROTO_COUNTS a protocol */
};

enum app_proto_counter {
	APP_PROTO_FLOW,
	APP_PROTO_TX,
	APP_PROTO_ERROR,
	APP_PROTO_GAP,
	APP_PROTO_LIMIT,
	APP_PROTO_COUNTS,
};

enum app_verdict {
	APP_UNKNOWN, /* identification goes on */
	APP_FOUND,
	APP_FAILED, /* over without a result; the other direction may have one */
	APP_GAPPED, /* bytes were missing at its start: the other direction decides */
};

struct app_side {
	uint8_t *kept; /* bytes that wait in front of new ones */
	uint32_t len, cap;
	uint32_t need; /* the parser asked for so many bytes more */
	uint64_t end;  /* offset after the last byte that came: kept bytes lie before it */
	bool waited;   /* a change of protocol has waited for the old transactions once */
	uint8_t verdict;
	struct identify_state identify;
};

enum app_first { APP_FIRST_NONE = 0, APP_FIRST_PARSED = 4 }; /* else 1 << dir */

struct app_flow_full {
	struct app_flow pub; /* first: flow->app points here */
	struct app_side sides[2];
	uint8_t first; /* 1 << the direction that spoke first, APP_FIRST_PARSED once parsing began
			*/
	uint8_t changes;
	bool changing;
	uint16_t server_port;	      /* for probes after a change; 0 = the flow's */
	const struct app_proto *next; /* with changing: what reads on (app_read_on) */
	unsigned tx_live;
	struct app_expectation *expected; /* of the slab; NULL: not announced */
	struct kept left;		  /* by the protocol before the change */
	struct naming_flow *naming;	  /* NULL: the library is not asked for a name */
	uint8_t naming_pieces;		  /* that were not worth asking about */
};

struct app_worker {
	struct app_config config;
	struct slab *slab;
	struct stream_worker *stream;
	struct identify *identify;
	struct expect_table *expect;
	struct part_table *parts;
	struct app_sink sink;
	struct app_carrier carrier; /* begin NULL: none */
	struct hash_key key;
	struct file_magic *magic; /* NULL unless some rule wants it */
	struct naming *naming;	  /* NULL: flows get no names */
	const char *naming_off;	  /* why */
	uint64_t file_count;
	bool frames_any;     /* some rule looks at frames */
	uint32_t frames[64]; /* 1 << type, by protocol */
	unsigned protos;
	uint64_t *counts;
	struct counter_name *names;
	char *name_text;
};

/* One call into the framework: what app_io opens to. */
struct app_call {
	struct app_io io;
	struct app_worker *w;
	struct flow *f;
	struct packet *p;
	struct app_flow_full *a;
	/* While a parser is called: */
	enum dir dir;
	struct slice view; /* its data */
	uint64_t view_offset;
};

static inline struct app_call *app_call_of(const struct app_io *io)
{
	return container_of(io, struct app_call, io);
}

static inline struct app_flow_full *app_full(struct app_flow *a)
{
	return container_of(a, struct app_flow_full, pub);
}

static inline void app_count(struct app_worker *w, unsigned counter)
{
	w->counts[counter]++;
}

void app_count_proto(struct app_worker *w, const struct app_proto *proto,
		     enum app_proto_counter counter);
void app_call_init(struct app_call *c, struct app_worker *w, struct flow *f, struct packet *p);

/* Index in app_protocols. */
unsigned app_proto_index(const struct app_worker *w, const struct app_proto *proto);

/* Offset of the bytes that wait in that direction; UINT64_MAX: none do. */
static inline uint64_t app_side_offset(const struct app_flow_full *a, enum dir dir)
{
	const struct app_side *side = &a->sides[dir];

	return side->len ? side->end - side->len : UINT64_MAX;
}

/* frame.c: a parser is about to be called with these bytes. */
void app_frames_begin(struct app_call *c, enum dir dir, struct slice view, uint64_t offset);
void app_frames_stream(struct app_call *c, bool eof);
/* Tells the stream what is still wanted of it: what frames need, and `waiting` (offset). */
void app_frames_keep(struct app_call *c, enum dir dir, uint64_t waiting);
void app_frames_free(struct app_call *c);

/* The flow's part, which there is none of yet. False: no memory. */
bool app_flow_make(struct app_call *c);

/* traffic.c: nobody knows these bytes, those that wait included. */
void app_traffic_begin(struct app_call *c);
void app_traffic_bytes(struct app_call *c, enum dir dir, struct slice bytes);
void app_traffic_free(struct app_call *c);

/* tx.c */
void app_tx_free_all(struct app_call *c);
/* file.c */
void app_file_free(struct app_io *io, struct app_file *file);
/* A file that no transaction has yet. NULL: no memory. */
struct app_file *app_file_make(struct app_io *io, enum dir dir, struct slice name);
/* False: the transaction has enough of them. */
bool app_file_give(struct app_io *io, struct app_file *file, struct app_tx *tx, enum dir dir);

/* part.c */
struct part_table *part_table_new(void);
void part_table_delete(struct app_worker *w);
