/* A hit as a record (api/record.h). */
#pragma once

#include "dataplane/api/record.h"
#include "dataplane/behave/behave.h"

/* Fills the head and the body of a record of type "alert" that was begun. */
void behave_hit_put(const struct behave_hit *hit, struct record_head *h, struct record *r);
/* A whole record in `buf` (8-aligned); empty when it does not fit. */
struct slice behave_hit_record(const struct behave_hit *hit, uint64_t id, void *buf, uint32_t cap);
