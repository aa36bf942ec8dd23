/* Texts that may be absent, of a JSON object and of a row: "" stands for what is not there. They
 * live as long as the object, or until the statement's next step. */
#pragma once

#include <jansson.h>
#include <sqlite3.h>

static inline const char *text_member(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static inline const char *text_column(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);

	return text ? text : "";
}
