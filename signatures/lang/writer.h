/* Text into a buffer of fixed size; it remembers when something did not fit. Private to lang. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signatures/lang/rule.h"

struct lang_writer {
	char *buf;
	size_t cap, len;
	bool full;
	const struct rule *rule;
};

__attribute__((format(printf, 2, 3))) void lang_put(struct lang_writer *w, const char *fmt, ...);
/* Bytes as a content has them: printable ones as they are, others between | |. */
void lang_put_bytes(struct lang_writer *w, struct slice s);
/* One item with its modifiers, each option ended by "; ". */
void lang_put_item(struct lang_writer *w, const struct rule_item *item);
