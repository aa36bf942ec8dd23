/* The last alerts, for `banken alerts` at the sensor itself. Bounded by number and bytes. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "control/wire/message.h"

struct recent;

struct recent *recent_new(unsigned alerts, size_t bytes);
void recent_free(struct recent *r);
void recent_add(struct recent *r, const struct alert *a);
/* The newest `n`, newest first: an array of {"id", "time", "host", ..., "eve"}. */
json_t *recent_json(const struct recent *r, unsigned n);
