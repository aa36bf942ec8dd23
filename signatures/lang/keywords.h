/* Every keyword of the language that is not a sticky buffer, one line each in keywords.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signatures/lang/rule.h"

struct lang_build;

enum {
	KW_NOARG = 1 << 0,    /* no argument */
	KW_OPTARG = 1 << 1,   /* an argument may follow */
	KW_QUOTES = 1 << 2,   /* the argument may stand in double quotes, which are taken off */
	KW_QUOTED = 1 << 3,   /* it must */
	KW_NEGATION = 1 << 4, /* a ! before it is taken off */
	KW_FIRST = 1 << 5,    /* read in the first pass: sid, requires */
	KW_DCE_OK = 1 << 6,
};

struct lang_keyword {
	const char *name;    /* canonical */
	const char *aliases; /* "|" between, NULL when none */
	/* arg is NULL without an argument; it may be written to. 0 or an error with the reason. */
	int (*setup)(struct lang_build *b, char *arg);
	uint16_t flags;
	uint16_t kind;	    /* enum rule_item_kind, for set-up functions shared by several */
	const char *detail; /* of the set-up function: words allowed, buffer name, ... */
	const char *protos; /* application protocols, as in lang_buffer */
	uint8_t sides;	    /* enum lang_side */
	uint8_t lang;	    /* 8: only later releases know it; 0 and 7: 7.0.10 */
};

extern const struct lang_keyword lang_keywords[];
extern const size_t lang_keywords_count;

/* By name or alias in any case; NULL when there is none. */
const struct lang_keyword *lang_keyword_find(const char *name);
