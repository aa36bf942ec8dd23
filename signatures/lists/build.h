/* Lists -> the mapped file. Memory grows with the entries (24 bytes each while building); off the
 * packet path. */
#pragma once

#include "signatures/lists/indicator.h"

struct build;

struct build_counts {
	uint64_t taken, expired,
		doubles; /* doubles: the same again, or in a list that counts more */
};

struct build *build_new(void);
void build_free(struct build *b);
/* A list: what is added from now on is of it. ERR_LIMIT. */
int build_list(struct build *b, const struct list_info *info, struct errmsg *err);
/* `expires`: seconds since 1970, 0 = never; `comment`: may be empty, cut at 255 bytes. What has
 * expired at `now` is counted and left out. ERR_NOMEM. */
int build_indicator(struct build *b, const struct indicator *i, uint32_t expires, uint32_t now,
		    struct slice comment, struct errmsg *err);
struct build_counts build_counts(const struct build *b);
/* Writes the file beside `path` and puts it in place whole. */
int build_write(struct build *b, const char *path, struct errmsg *err);
