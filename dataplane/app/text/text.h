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
