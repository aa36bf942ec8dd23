/* Configuration: YAML into a plain struct by one table per program. The table gives name, type,
 * default, range and help of every key; whatever does not fit is one sentence with file, line and
 * key. config_print writes a struct as YAML that config_load reads back to the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/base/err.h"

enum config_type {
	CONFIG_BOOL,   /* bool */
	CONFIG_UINT,   /* uint64_t, within min..max */
	CONFIG_DOUBLE, /* double, within min..max */
	CONFIG_TEXT,   /* const char *; max: bytes, 0 = 4096 */
	CONFIG_WORD,   /* int: index into `words` */
	CONFIG_TEXTS,  /* struct config_texts; max: items, 0 = 4096 */
	CONFIG_GROUP,  /* a mapping; its struct lies at `offset`, its keys in `keys` */
	CONFIG_ITEMS, /* a list of mappings: struct config_items of `size` bytes each; max: items */
};

struct config_texts {
	const char **items;
	size_t n;
};

struct config_items {
	void *items; /* n structs */
	size_t n;
};

struct config_key {
	const char *name; /* NULL ends a table */
	enum config_type type;
	size_t offset;
	const char *fallback; /* default as written in YAML; "" = empty, 0 or false. Of TEXTS:
				 words separated by one space */
	double min, max;
	const char *const *words;      /* WORD: ends with NULL */
	const struct config_key *keys; /* GROUP, ITEMS */
	size_t size;		       /* ITEMS */
	bool required;
	const char *help; /* one line with the unit */
	/* Checks a TEXT or each of TEXTS beyond its length; the sentence's rest, NULL = right. */
	const char *(*check)(const char *value);
};

/* The tables' memory: owns every text and list of the struct. */
struct config;

/* Defaults, then what `path` says (NULL: defaults only). `ret` has `size` bytes. NULL with a
 * sentence "FILE:LINE: key 'a.b': ..." when something is wrong; then `ret` is zeroed. */
struct config *config_load(const struct config_key *keys, const char *path, void *ret, size_t size,
			   struct errmsg *e);
/* The same from memory; `name` stands for the file in sentences. */
struct config *config_parse(const struct config_key *keys, const char *yaml, size_t len,
			    const char *name, void *ret, size_t size, struct errmsg *e);
void config_free(struct config *c);

/* Changes one key: `assign` is "a.b=value" (command line, --set). Lists: value is YAML. */
int config_set(struct config *c, const struct config_key *keys, const char *assign, void *conf,
	       struct errmsg *e);

/* As YAML, with each key's help as a comment when `help`. */
int config_print(const struct config_key *keys, const void *conf, bool help, FILE *out);
