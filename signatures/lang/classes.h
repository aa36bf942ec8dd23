/* Classes of rules with description and priority: Suricata's classification.config. */
#pragma once

#include <stdint.h>

enum { LANG_PRIORITY_DEFAULT = 3 };

struct lang_class {
	const char *name, *description;
	uint32_t priority;
};

struct lang_set;
/* What classification files that the set has read say, else what is packaged. */
const struct lang_class *lang_class_of(const struct lang_set *set, const char *name);
/* In any case; NULL when there is none of that name. */
const struct lang_class *lang_class_find(const char *name);
