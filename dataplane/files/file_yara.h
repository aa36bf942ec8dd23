/* YARA rules on the bytes of files (libyara). Slow and never on the packet path; one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum { FILE_YARA_STRINGS = 8, FILE_YARA_TAGS = 8, FILE_YARA_SECONDS = 10 };

struct file_yara_hit {		  /* texts are valid during the call */
	const char *rule, *space; /* the namespace is the name of the rule file */
	const char *description;  /* meta; NULL = none */
	uint32_t sid;	   /* meta `sid`, else a number made of the rule's name, >= 1 << 30 */
	uint32_t severity; /* meta `severity` 1 to 4, else 2 */
	const char *tags[FILE_YARA_TAGS];
	unsigned tag_count;
	struct {
		const char *name;
		uint64_t offset;
	} strings[FILE_YARA_STRINGS]; /* the first place of each that was found */
	unsigned string_count;
};

struct file_yara_sink {
	void (*hit)(void *ctx, const struct file_yara_hit *hit);
	void *ctx;
};

struct file_yara;

/* Compiles a rule file, includes too. NULL with a sentence that names file and line. */
struct file_yara *file_yara_load(const char *path, struct errmsg *err);
void file_yara_free(struct file_yara *y);
unsigned file_yara_rules(const struct file_yara *y);

enum file_yara_result {
	FILE_YARA_DONE,
	FILE_YARA_TIMEOUT, /* FILE_YARA_SECONDS; hits so far were told */
	FILE_YARA_FAILED,
};

enum file_yara_result file_yara_scan(struct file_yara *y, struct slice bytes,
				     const struct file_yara_sink *sink);
