/* The file of what behaviour knows (behave/keep.h): written beside and renamed when it is whole, a
 * little at a time so that nothing waits for it. One machine's; it holds the key of its hashes, so
 * only the owner may read it. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "control/wire/log.h"
#include "dataplane/base/err.h"
#include "dataplane/behave/keep.h"

/* Zeroed: nothing is being written. */
struct memory_file {
	const char *path; /* the caller's */
	FILE *out;	  /* NULL: not writing */
	struct behave_keep at;
	uint64_t entries, sum;
};

/* True with 0 entries when there is no such file. False: it is damaged or of another version, was
 * put aside as PATH.damaged, and `e` says so; `b` is to be made anew then. */
bool memory_file_read(const char *path, struct behave *b, uint64_t *ret_entries, struct errmsg *e);

int memory_file_begin(struct memory_file *f, const struct behave *b, struct errmsg *e);
/* Writes some more. 1: there is more to do; 0: it is whole and in its place; else given up, the old
 * file stands. */
int memory_file_step(struct memory_file *f, struct behave *b, struct errmsg *e);
void memory_file_give_up(struct memory_file *f);
