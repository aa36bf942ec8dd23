/* Writes JSON into a fixed buffer: commas, quoting and escapes are its business. Invalid UTF-8 is
 * written as \u00XX byte by byte, so that every line is valid JSON and no byte is lost. When the
 * buffer is full the writer goes `full` and json_finish says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

enum { JSON_DEPTH = 24 };

struct json {
	char *buf;
	size_t cap, len;
	unsigned depth;
	bool full;
	bool comma[JSON_DEPTH]; /* a value was written at this depth */
};

void json_init(struct json *j, char *buf, size_t cap);
/* Length without the NUL it writes, or ERR_LIMIT when something did not fit. */
long json_finish(struct json *j);

/* `key` is NULL inside arrays and for the outermost value. */
void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
void json_end(struct json *j);	     /* closes an object */
void json_array_end(struct json *j); /* closes an array */
void json_slice(struct json *j, const char *key, struct slice value);
void json_text(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_double(struct json *j, const char *key, double value);
void json_hex(struct json *j, const char *key, struct slice value, char separator);
void json_base64(struct json *j, const char *key, struct slice value);
/* A value that is JSON already. */
void json_raw(struct json *j, const char *key, struct slice value);
