#include "control/centre/store/rows.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/local.h"
#include "dataplane/base/slice.h"

json_t *store_time(uint64_t ns)
{
	time_t s = (time_t)(ns / NS_PER_SEC);
	char text[40];
	struct tm tm;
	size_t n;

	if (!ns)
		return json_null();
	gmtime_r(&s, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned)(ns % NS_PER_SEC / NS_PER_MS));
	return json_string(text);
}

/* --- one column --- */

static json_t *plain(struct db_stmt *st, int at)
{
	if (column_is_null(st, at))
		return json_null();
	return column_is_number(st, at) ? json_integer(column_int64(st, at))
					: local_text(column_text(st, at));
}

static json_t *as_real(struct db_stmt *st, int at)
{
	return json_real(column_real(st, at));
}

static json_t *as_time(struct db_stmt *st, int at)
{
	return store_time((uint64_t)column_int64(st, at));
}

static json_t *as_bool(struct db_stmt *st, int at)
{
	return json_boolean(column_int64(st, at) != 0);
}

static json_t *as_json(struct db_stmt *st, int at)
{
	json_t *value = json_loads(column_text(st, at), 0, NULL);

	return value ? value : json_array();
}

static json_t *as_level(struct db_stmt *st, int at)
{
	return json_string(level_text((enum level)column_int64(st, at)));
}

static json_t *as_severity(struct db_stmt *st, int at)
{
	return json_string(severity_text((enum severity)column_int64(st, at)));
}

static const struct {
	const char *end;
	json_t *(*value)(struct db_stmt *st, int at);
	bool in_language;
} kinds[] = {
	{"__time", as_time, false},   {"__bool", as_bool, false},
	{"__real", as_real, false},   {"__json", as_json, false},
	{"__level", as_level, false}, {"__severity", as_severity, false},
	{"__en", plain, true},	      {"__ja", plain, true},
};

static void put_sentence(json_t *row, const char *name, const char *language, json_t *value)
{
	json_t *both = json_object_get(row, name);

	if (!both) {
		both = json_object();
		json_object_set_new(row, name, both);
	}
	json_object_set_new(both, language, value);
}

static void put_column(json_t *row, struct db_stmt *st, int at)
{
	const char *name = column_name(st, at), *end = strstr(name, "__");
	char stem[64];
	size_t k = 0;

	while (end && k < ARRAY_SIZE(kinds) && strcmp(kinds[k].end, end) != 0)
		k++;
	if (!end || k == ARRAY_SIZE(kinds)) {
		json_object_set_new(row, name, plain(st, at));
		return;
	}
	snprintf(stem, sizeof(stem), "%.*s", (int)(end - name), name);
	if (kinds[k].in_language)
		put_sentence(row, stem, end + 2, kinds[k].value(st, at));
	else
		json_object_set_new(row, stem, kinds[k].value(st, at));
}

/* --- rows --- */

json_t *store_rows(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	json_t *list;

	if (!st)
		return NULL;
	list = json_array();
	while (db_step(st)) {
		json_t *row = json_object();

		for (int i = 0; i < column_count(st); i++)
			put_column(row, st, i);
		json_array_append_new(list, row);
	}
	if (store_finish(s, st, err) == ERR_OK)
		return list;
	json_decref(list);
	return NULL;
}

json_t *store_list(struct store *s, struct db_stmt *st)
{
	json_t *list = store_rows(s, st, NULL);

	return list ? list : json_array();
}

json_t *store_row(struct store *s, struct db_stmt *st, struct errmsg *err)
{
	json_t *list = store_rows(s, st, err), *row;

	if (!list)
		return NULL;
	row = json_incref(json_array_get(list, 0));
	json_decref(list);
	return row ? row : json_object();
}

struct db_stmt *store_question(struct store *s, const char *sql, const struct store_query *q,
			       struct errmsg *err)
{
	const struct period p = {&q->scope, q->from, q->to};

	return store_ask(s, sql, &p, err);
}

int store_fetch(struct store *s, unsigned what, const struct store_query *q, struct errmsg *err)
{
	const struct history_want want = {
		.what = what, .scope = &q->scope, .from = q->from, .to = q->to};

	return history_fetch(s, &want, err);
}

/* --- pages of a list --- */

char *store_cursor_text(const struct store_cursor *c, char ret[224])
{
	snprintf(ret, 224, "%llu~%s", (unsigned long long)c->time, c->id);
	return ret;
}

bool store_cursor_read(const char *text, struct store_cursor *ret)
{
	unsigned long long time;
	char *end;

	memset(ret, 0, sizeof(*ret));
	if (!text[0])
		return true;
	time = strtoull(text, &end, 10);
	if (end == text || text[0] < '0' || text[0] > '9' || *end != '~' || time == 0 ||
	    time > INT64_MAX || strlen(end + 1) >= sizeof(ret->id))
		return false;
	ret->time = time;
	snprintf(ret->id, sizeof(ret->id), "%s", end + 1);
	return true;
}

json_t *store_page(const char *name, json_t *rows, const struct store_query *q, const char *at,
		   const char *id)
{
	size_t n = json_array_size(rows), i;
	struct store_cursor next = {0};
	json_t *page = json_object(), *row;
	char text[224];

	if (!rows) {
		json_decref(page);
		return NULL;
	}
	if (n > q->most) {
		json_array_remove(rows, --n);
		row = json_array_get(rows, n - 1);
		next.time = (uint64_t)json_integer_value(json_object_get(row, at));
		snprintf(next.id, sizeof(next.id), "%s",
			 json_string_value(json_object_get(row, id)) ?: "");
		store_cursor_text(&next, text);
	}
	json_array_foreach(rows, i, row) json_object_del(row, at);
	json_object_set_new(page, name, rows);
	json_object_set_new(page, "next", next.time ? json_string(text) : json_null());
	return page;
}
