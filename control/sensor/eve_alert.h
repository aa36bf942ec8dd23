/* An alert out of its EVE line: what a rule or detector says, whichever way the line came (a ring,
 * a file of an offline run). Text comes from traffic. */
#pragma once

#include <jansson.h>

#include "control/wire/message.h"

enum { EVE_LIST_MAX = 32 };

/* Memory that the alert points into, besides the line. */
struct eve_texts {
	char url[2048];
	const char *lists[3][EVE_LIST_MAX];
};

/* NULL when it is no JSON. */
json_t *eve_parse(struct slice line);
/* Fills what the line's "alert" and its protocol's object say; the rest is zero: id, time, hosts,
 * flow are the caller's. ERR_INVALID when there is no "alert". `line` must outlive it. */
int eve_alert(const json_t *line, struct eve_texts *texts, struct alert *ret);
/* "" when there is none. */
const char *eve_text(const json_t *object, const char *key);
