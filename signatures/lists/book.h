/* The folder of lists: `lists.json` says what each list is, `NAME.list` is its source as it was
 * added, `compiled` the mapped file that workers look into (table.h). Every change reads all
 * sources again and puts a new compiled file in place whole; the dataplane notices it. One program
 * at a time changes it (a lock on the folder). */
#pragma once

#include "signatures/lists/build.h"
#include "signatures/lists/read.h"

enum { BOOK_LISTS = 256, BOOK_REFUSED = 20 };

struct book_list {
	struct list_info info;
	enum list_form form;
	enum indicator_hint hint;
	uint32_t lifetime_days; /* of what names no end itself; 0 = for ever */
	bool any_port;		/* an address with a port stands for the address */
	uint32_t added;		/* seconds since 1970 */
	/* as last read */
	uint64_t taken, refused, expired;
};

struct book_refusal {
	uint64_t line;
	char why[200];
};

/* What came of reading a list: figures, and the first refusals. */
struct book_reading {
	struct list_counts counts;
	uint64_t expired, kinds[LIST_KINDS];
	unsigned n_refusals;
	struct book_refusal refusals[BOOK_REFUSED];
};

struct book {
	unsigned n;
	uint32_t next_id;
	struct book_list lists[BOOK_LISTS];
};

enum { BOOK_FIRST_ID = 4000000, BOOK_PRIORITY = 50 };
extern const char book_folder[]; /* "/var/lib/banken/lists" */

/* Letters, digits, '-', '_', '.'; not at the beginning. */
bool book_name_ok(const char *name);
/* An empty book when there is none yet. */
int book_load(const char *folder, struct book *ret, struct errmsg *err);
struct book_list *book_find(struct book *b, const char *name);

/* Reads a file, without taking it over. */
int book_check(const char *path, const struct book_list *list, uint32_t now,
	       struct book_reading *ret, struct errmsg *err);
/* Takes a file over under list->info.name, in place of a list of that name, and compiles. An
 * error (no indicator in it, the disk is full) leaves everything as it was. */
int book_add(const char *folder, const char *path, const struct book_list *list, uint32_t now,
	     struct book_reading *ret, struct errmsg *err);
int book_remove(const char *folder, const char *name, uint32_t now, struct errmsg *err);
/* What has expired goes; for a changed format too. */
int book_compile(const char *folder, uint32_t now, struct build_counts *ret, struct errmsg *err);
/* FOLDER/compiled; false when it does not fit. */
bool book_compiled(const char *folder, char *ret, size_t cap);
