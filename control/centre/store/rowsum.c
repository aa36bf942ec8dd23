#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/migrate.h"

enum { COLUMNS = 60 };

static void add_text(struct rowsum *s, const char *text, size_t len)
{
	uint8_t hash[32];
	uint64_t low, high;

	(void)mbedtls_sha256_ret((const uint8_t *)text, len, hash, 0);
	memcpy(&low, hash, sizeof(low));
	memcpy(&high, hash + sizeof(low), sizeof(high));
	s->low += low;
	s->high += high + (s->low < low);
	s->n++;
}

void rowsum_add(struct rowsum *s, const struct slice *columns, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return; /* the sums differ then */
	for (size_t i = 0; i < n; i++) {
		clickhouse_field(out, columns[i]);
		fputc('\t', out);
	}
	fclose(out);
	add_text(s, text, len);
	free(text);
}

void rowsum_add_row(struct rowsum *s, struct db_stmt *row, int first)
{
	struct slice columns[COLUMNS];
	size_t n = 0;

	for (int i = first; i < column_count(row) && n < COLUMNS; i++)
		columns[n++] = column_bytes(row, i);
	rowsum_add(s, columns, n);
}

static void put_value(FILE *out, struct db_stmt *row, int at)
{
	if (column_is_null(row, at))
		fputs("\\N", out);
	else if (column_is_real(row, at))
		fprintf(out, "%.17g", column_real(row, at));
	else if (column_is_number(row, at))
		fprintf(out, "%lld", (long long)column_int64(row, at));
	else
		clickhouse_field(out, column_bytes(row, at));
}

static int by_name(const void *a, const void *b, void *row)
{
	return strcmp(column_name(row, *(const int *)a), column_name(row, *(const int *)b));
}

void rowsum_add_named(struct rowsum *s, struct db_stmt *row)
{
	int order[COLUMNS], n = column_count(row);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	n = n < COLUMNS ? n : COLUMNS;
	for (int i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, (size_t)n, sizeof(order[0]), by_name, row);
	for (int i = 0; i < n; i++) {
		put_value(out, row, order[i]);
		fputc('\t', out);
	}
	fclose(out);
	add_text(s, text, len);
	free(text);
}

bool rowsum_eq(const struct rowsum *a, const struct rowsum *b)
{
	return a->n == b->n && a->low == b->low && a->high == b->high;
}
