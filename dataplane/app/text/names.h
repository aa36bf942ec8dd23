/* Names of numbers: procedures, statuses, types. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/api/record.h"

struct text_name {
	uint32_t number;
	const char *name;
};

struct text_names {
	const struct text_name *list;
	size_t count;
};

#define TEXT_NAMES(array) ((struct text_names){array, ARRAY_SIZE(array)})

/* NULL for a number without a name. */
const char *text_name(struct text_names names, uint32_t number);
/* A field with the name, or the number in decimal as text. */
void text_log_name(struct record *r, const char *field, struct text_names names, uint32_t number);
/* The same with "<kind>(<number>)" for a number without a name. */
void text_log_name_or(struct record *r, const char *field, const char *name, const char *kind,
		      int64_t number);
