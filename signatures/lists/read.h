/* Lists as they are published -> indicators. Input is hostile: what is no indicator is refused by
 * line with a sentence and counted, and the rest is read on; where the form itself is broken,
 * reading ends with a sentence that names the line. Off the packet path. */
#pragma once

#include "signatures/lists/indicator.h"

enum list_form {
	LIST_AUTO,
	LIST_PLAIN, /* a line each, "# comment", "until=2026-12-31", hosts files */
	LIST_CSV,   /* a row with column names, also behind '#' as abuse.ch writes it */
	LIST_STIX,  /* STIX 2.1: bundle, TAXII envelope, array or one object */
	LIST_FORMS,
};

extern const char *const list_form_names[LIST_FORMS]; /* "auto", "plain", "csv", "stix" */

struct list_sink {
	/* expires: seconds since 1970, 0 = never. Not ERR_OK ends the reading. */
	int (*take)(void *ctx, const struct indicator *i, uint32_t expires, struct slice comment,
		    struct errmsg *err);
	void (*refused)(void *ctx, uint64_t line, const char *why);
	void *ctx;
};

struct list_counts {
	uint64_t lines, taken, refused, revoked;
};

struct list_reader { /* private to the folder's readers */
	enum indicator_hint hint;
	struct list_sink sink;
	struct list_counts counts;
	struct errmsg *err;
	struct indicator one;
};

/* ERR_OK also when lines were refused; *ret_counts says how many. `text` may be a mapping. */
int list_read(struct slice text, enum list_form form, enum indicator_hint hint,
	      const struct list_sink *sink, struct list_counts *ret_counts, struct errmsg *err);
/* The form of a file by its first bytes. */
enum list_form list_form_of(struct slice text);

/* "2026-12-31", "2026-12-31 09:00:00", "2026-12-31T09:00:00.5Z", "+0900" and "+09:00" too, as
 * seconds since 1970; 0 when it is none. */
uint32_t list_date(struct slice text);

/* --- for the readers --- */
int read_plain(struct list_reader *r, struct slice text);
int read_csv(struct list_reader *r, struct slice text);
int read_stix(struct list_reader *r, struct slice text);
/* Reads one indicator and hands it on; what is none is refused. */
int read_one(struct list_reader *r, uint64_t line, struct slice text, enum indicator_hint hint,
	     uint32_t expires, struct slice comment);
int read_hand_on(struct list_reader *r, const struct indicator *i, uint32_t expires,
		 struct slice comment);
void read_refuse(struct list_reader *r, uint64_t line, const char *why);
/* Cuts the next line off, without its end; false at the end of the text. */
bool read_line(struct slice *text, struct slice *ret);
struct slice read_trim(struct slice s);
