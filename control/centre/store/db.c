#include "control/centre/store/db.h"

#include <string.h>

void bind_text(struct db_stmt *st, int at, const char *text)
{
	bind_text_of(st, at, text ? SLICE(text, strlen(text)) : SLICE("", 0));
}

void bind_text_of(struct db_stmt *st, int at, struct slice text)
{
	st->db->ops->bind_text(st, at, text);
}

void bind_number(struct db_stmt *st, int at, uint64_t value)
{
	st->db->ops->bind_int64(st, at, (int64_t)value);
}

void bind_int64(struct db_stmt *st, int at, int64_t value)
{
	st->db->ops->bind_int64(st, at, value);
}

void bind_real(struct db_stmt *st, int at, double value)
{
	st->db->ops->bind_real(st, at, value);
}

void bind_bytes(struct db_stmt *st, int at, struct slice bytes)
{
	st->db->ops->bind_bytes(st, at, bytes);
}

void bind_null(struct db_stmt *st, int at)
{
	st->db->ops->bind_null(st, at);
}

bool db_step(struct db_stmt *st)
{
	return !st->failed && st->db->ops->step(st);
}

int column_count(struct db_stmt *st)
{
	return st->db->ops->columns(st);
}

const char *column_name(struct db_stmt *st, int at)
{
	return st->db->ops->name(st, at);
}

bool column_is_number(struct db_stmt *st, int at)
{
	return st->db->ops->is_number(st, at);
}

bool column_is_real(struct db_stmt *st, int at)
{
	return st->db->ops->is_real(st, at);
}

bool column_is_bytes(struct db_stmt *st, int at)
{
	return st->db->ops->is_bytes(st, at);
}

bool column_is_null(struct db_stmt *st, int at)
{
	return st->db->ops->is_null(st, at);
}

const char *column_text(struct db_stmt *st, int at)
{
	return st->db->ops->text(st, at);
}

struct slice column_bytes(struct db_stmt *st, int at)
{
	return st->db->ops->bytes(st, at);
}

int64_t column_int64(struct db_stmt *st, int at)
{
	return st->db->ops->int64(st, at);
}

int column_int(struct db_stmt *st, int at)
{
	return (int)st->db->ops->int64(st, at);
}

double column_real(struct db_stmt *st, int at)
{
	return st->db->ops->real(st, at);
}

void db_end(struct db_stmt *st)
{
	if (st)
		st->db->ops->free(st);
}
