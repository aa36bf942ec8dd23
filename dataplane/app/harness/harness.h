/* A parser alone, for tests and fuzz targets: the calls of parser.h over one flow without streams,
 * identification or detection. It keeps what a parser left over as the framework does, and checks
 * the contract at every step (abort says which clause was broken). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/file.h"
#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

/* A frame that the parser announced. */
struct harness_frame {
	const char *name;
	enum dir dir;
	uint64_t offset; /* in its direction, or its datagram */
	int64_t len;
	bool has_tx;
	uint64_t tx_id;
};

enum { HARNESS_KEPT = LIMIT_APP_BUFFERED, HARNESS_FILE = 1 << 16, HARNESS_FRAMES = 512 };

struct harness {
	struct app_io io;
	struct app_tuple tuple;
	const struct app_proto *proto;
	void *state;
	bool udp;
	struct app_tx *first, *last;
	uint64_t tx_count;
	uint8_t *kept[2]; /* bytes the parser asked to see again */
	uint32_t kept_len[2], need[2];
	bool failed, done, encrypted, changed;
	bool eof[2];
	char hint[24];		  /* of app_change_proto */
	struct kept left;	  /* of app_leave, for app_left */
	const char *changed_from; /* what app_changed_from says */
	unsigned files;		  /* opened */
	unsigned parts;		  /* told to app_part_open; the last one's name and place */
	char part_name[256];
	uint64_t part_first, part_last, part_size;
	unsigned raw_triggers;
	unsigned limits_met;
	struct app_expectation announced; /* the last one of app_expect; port 0 = none */
	bool expected;			  /* app_expected gives that one */
	/* The first of them; later ones are refused as the framework does at its limit. */
	struct harness_frame frames[HARNESS_FRAMES];
	unsigned frame_count;
	enum dir dir; /* of the call under way, its bytes and where they lie */
	struct slice view;
	uint64_t view_offset, end[2];
};

/* 10.0.0.1:1024 -> 10.0.0.2:`port`. */
struct harness *harness_new(const struct app_proto *proto, enum app_transport transport,
			    uint16_t port);
/* Over TCP, announced by `e`. */
struct harness *harness_new_expected(const struct app_proto *proto, uint16_t port,
				     const struct app_expectation *e);
void harness_delete(struct harness *h);

/* Bytes of one direction; false once the parser has failed. */
bool harness_feed(struct harness *h, enum dir dir, const void *data, size_t len);
/* The same in pieces of `step` bytes; false when one of them was refused. */
bool harness_say(struct harness *h, enum dir dir, struct slice bytes, size_t step);
bool harness_gap(struct harness *h, enum dir dir, uint64_t len);
void harness_eof(struct harness *h, enum dir dir);
/* Frees the transactions that are complete both ways. */
void harness_release(struct harness *h);

struct app_tx *harness_tx(const struct harness *h, uint64_t id);
unsigned harness_live(const struct harness *h);
bool harness_has_event(const struct harness *h, const struct app_tx *tx, const char *name);
/* The sticky buffer; an empty slice with NULL when it is not there. */
struct slice harness_buffer(const struct harness *h, const struct app_tx *tx, const char *name,
			    enum dir dir, uint32_t index);
/* Compiles and evaluates a keyword; -1 when the argument is refused. */
int harness_keyword(const struct harness *h, const struct app_tx *tx, const char *name,
		    enum dir dir, const char *argument);
/* The record of the transaction (index for log_nth) as EVE JSON in a static buffer, NULL when there
 * is none; and what an alert carries. */
const char *harness_eve(const struct harness *h, const struct app_tx *tx, uint32_t index);
const char *harness_eve_alert(const struct harness *h, const struct app_tx *tx);
/* Where identification would say: the first matching pattern or probe of the protocol. */
enum app_probe harness_identify(const struct harness *h, enum dir dir, struct slice data);

/* Reads everything that can be read of every live transaction. */
void harness_touch(struct harness *h);

/* For x_fuzz.c. Input: a byte of flags (bit 0: UDP when both are spoken, bit 1: release as it
 * goes), then pieces: a byte (bit 0 direction, bit 1 gap, bit 2 eof), two bytes of length (little
 * endian), bytes. */
int harness_fuzz(const struct app_proto *proto, uint16_t port, const uint8_t *data, size_t size);
