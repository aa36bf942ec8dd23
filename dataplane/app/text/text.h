/* Text from traffic into records, and small numbers from rule arguments: what several parsers need
 * and what is spelt as Suricata spells it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/record.h"
#include "dataplane/base/slice.h"

enum { TEXT_MAX = 4096 }; /* bytes of one value that text_log writes; the rest is cut */

bool text_is_utf8(struct slice s);

/* A field from bytes: as they are when they are UTF-8, else with every byte over 127 written as
 * backslash, x and two hex digits. */
void text_log(struct record *r, const char *name, struct slice value);

/* Without the white space around. */
struct slice text_trim(struct slice s);

/* A whole decimal number of at most `max`; false for anything else. */
bool text_number(struct slice s, uint64_t max, uint64_t *ret);

/* A test of a number, as rules write it: "5", "=5", "!5", "!=5", "<5", "<=5", ">5", ">=5", "2<>7"
 * (between, both ends excluded), with kb, mb or gb behind a number. */
enum text_compare {
	TEXT_EQUAL,
	TEXT_NOT_EQUAL,
	TEXT_LESS,
	TEXT_LESS_OR_EQUAL,
	TEXT_GREATER,
	TEXT_GREATER_OR_EQUAL,
	TEXT_BETWEEN,
};

struct text_range {
	enum text_compare compare;
	uint64_t a, b;
};

/* "7", "<7", "!7", "3-9" or "3<>9", whose ends are not meant. False also for what can never or
 * always be true of numbers up to `max`. */
bool text_range_parse(struct slice s, uint64_t max, struct text_range *ret);
/* The same, but the ends of a range are meant too. */
bool text_range_parse_inclusive(struct slice s, uint64_t max, struct text_range *ret);
bool text_range_match(const struct text_range *r, uint64_t value);
