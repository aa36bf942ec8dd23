/* Content-Range: "bytes 0-99/200", a star for what is not said (RFC 9110 14.4). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct text_content_range {
	bool valid;	     /* of one of the forms */
	bool bounded, sized; /* start and end, size are there */
	uint64_t start, end, size;
};
struct text_content_range text_content_range_of(struct slice value);
/* A part of a larger whole: within it, and not all of it. An end at 0 is taken for none, as
 * Suricata does. */
bool text_content_range_is_part(const struct text_content_range *r);
