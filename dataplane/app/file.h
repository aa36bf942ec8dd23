/* A file that a transaction carries. Made and filled by parsers through parser.h; read by detection
 * and records. Bytes pass through: only a window is kept for inspection, digests are computed while
 * they pass when somebody wants them. Owner: the transaction. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/app/parser.h"

enum app_file_state {
	APP_FILE_OPEN,
	APP_FILE_CLOSED,
	APP_FILE_TRUNCATED, /* the flow ended or a gap came before the end */
};

enum {
	APP_FILE_MD5 = 1 << 0,
	APP_FILE_SHA1 = 1 << 1,
	APP_FILE_SHA256 = 1 << 2,
	APP_FILE_MAGIC = 1 << 3,
	APP_FILE_STORE = 1 << 4,
};

enum { APP_FILE_SIDS = 8 };

struct app_file {
	struct app_file *next; /* of the same transaction and direction */
	uint64_t id;	       /* unique in the worker's life */
	uint64_t tx_id;
	uint64_t size;	      /* bytes seen */
	uint8_t state;	      /* enum app_file_state */
	uint8_t wanted, have; /* APP_FILE_* masks: asked for, and ready (after the end) */
	bool gaps;
	uint8_t *window; /* the bytes kept: [window_offset, window_offset + window_len) */
	uint32_t window_len, window_cap;
	uint64_t window_offset;
	uint64_t inspected;   /* detect: bytes already inspected as file.data */
	uint32_t keep;	      /* most bytes of the window, 0 = none (the protocol shows its own) */
	uint32_t keep_behind; /* of the inspected bytes, so many stay in the window */
	bool logged;	      /* its fileinfo record was written */
	uint8_t *name;
	uint16_t name_len;
	uint8_t md5[16], sha1[20], sha256[32];
	uint8_t *magic_head; /* first bytes, magic_len of them, while there are too few */
	uint16_t magic_len;
	const char *magic;		/* libmagic's words, NULL before they are known */
	struct app_file_digest *digest; /* running contexts */
	uint8_t head[16];		/* the first bytes, head_len of them */
	uint8_t head_len;
	bool ranged; /* it is a part of a larger whole: its first and last byte there */
	uint64_t range_start, range_end;
	uint8_t sid_count;
	uint32_t sids[APP_FILE_SIDS]; /* rules that wanted it kept */
	uint32_t carried;	      /* app_carrier's number, 0 = its bytes go to nobody */
	uint32_t store_id;	      /* EVE's file_id; 0 = not kept */
};

/* Writes the fields of EVE's "fileinfo" object, which the caller has opened. */
void app_file_log(const struct app_file *file, struct record *record);
