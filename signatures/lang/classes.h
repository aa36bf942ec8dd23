/* Classes of rules with description and priority: Suricata's classification.config. */
#pragma once

#include <stdint.h>

enum { LANG_PRIORITY_DEFAULT = 3 };

struct lang_class {
	const char *name, *description;
	uint32_t priority;
};

/* In any case; NULL when there is none of that name. */
const struct lang_class *lang_class_find(const char *name);
