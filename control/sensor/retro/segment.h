/* One segment of the store: an SQLite file. Private to this folder. */
#pragma once

#include <sqlite3.h>

#include "control/sensor/retro/retro.h"
#include "signatures/lists/indicator.h"

/* Something that a record names, as it is looked for: addresses as 32 hexadecimal digits, names
 * with their labels reversed, so that networks and sub-domains are ranges. */
struct retro_term {
	enum list_kind kind;
	char text[512];
};

struct segment {
	char path[512];
	uint64_t number; /* of the file, rising */
	uint64_t first;	 /* time of its first record */
	uint64_t records, terms, bytes;
	sqlite3 *db; /* NULL: closed */
	sqlite3_stmt *put_record, *put_term, *get_term, *put_post;
	bool in_batch;
};

int segment_open(struct segment *s, struct errmsg *err);
void segment_close(struct segment *s);
/* 1 kept, 0 was there, negative: refused. */
int segment_put(struct segment *s, const struct retro_record *rec, const char *body,
		const struct retro_term *terms, unsigned n);
void segment_commit(struct segment *s);
void segment_measure(struct segment *s);

/* terms.c */
unsigned retro_terms(const struct retro_record *rec, struct retro_term ret[RETRO_TERMS]);
void retro_body(const struct retro_record *rec, char ret[RETRO_BODY]);
/* The range of terms that an indicator stands for: from `low` (included) to `high` (excluded). */
struct retro_range {
	enum list_kind kind;
	char low[544], high[544];
};
unsigned retro_ranges(const struct indicator *i, struct retro_range ret[2]);
/* The indicator of a stored term; false when it is none. */
bool retro_indicator(enum list_kind kind, const char *text, struct indicator *ret);
void retro_address_text(const struct ip_addr *ip, char ret[33]);
