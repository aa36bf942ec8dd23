/* Whatever a peer's text holds, as a literal and as a field it stays inside, and is read back as
 * what it was, or mended. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/clickhouse.h"
#include "control/wire/utf8.h"

/* As ClickHouse reads escapes; returns the place behind the text, which ends at `end`. */
static const char *unescape(const char *at, char end, FILE *out)
{
	for (; *at && *at != end; at++) {
		assert(*at != '\t' && *at != '\n' && *at != '\r');
		if (*at != '\\') {
			fputc(*at, out);
			continue;
		}
		at++;
		assert(*at == '\\' || *at == '\'' || *at == 't' || *at == 'n' || *at == 'r');
		fputc(*at == 't' ? '\t' : *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at, out);
	}
	return at;
}

static char *read_back(const char *text, char end, size_t *ret_len)
{
	char *back = NULL;
	FILE *out = open_memstream(&back, ret_len);
	const char *at = unescape(text, end, out);

	/* Nothing of it is left outside. */
	assert(end ? *at == end && at[1] == 0 : *at == 0);
	fclose(out);
	return back;
}

static void check(struct slice in, void (*write)(FILE *out, struct slice text), char end)
{
	char *text = NULL, *back, *mended = malloc(3 * in.len + 1);
	size_t len, back_len, mended_len = 0;
	FILE *out = open_memstream(&text, &len);

	write(out, in);
	fclose(out);
	assert(strlen(text) == len && utf8_valid(text, len));
	back = read_back(text + (end != 0), end, &back_len);
	/* The same as mending by hand, zero bytes being ill-formed. */
	for (size_t i = 0; i < in.len;) {
		size_t n = in.data[i] ? utf8_sequence((const char *)in.data + i, in.len - i) : 0;

		memcpy(mended + mended_len, n ? (const char *)in.data + i : "\xef\xbf\xbd",
		       n ? n : 3);
		mended_len += n ? n : 3;
		i += n ? n : 1;
	}
	assert(back_len == mended_len && memcmp(back, mended, back_len) == 0);
	free(text);
	free(back);
	free(mended);
}

/* Two fields written and read: each is what it was, and nothing of one is in the other. */
static void check_fields(struct slice in)
{
	struct slice half[2] = {{in.data, in.len / 2}, {in.data + in.len / 2, in.len - in.len / 2}},
		     got;
	char *text = NULL, *at, *again = NULL;
	size_t len, again_len;
	FILE *out = open_memstream(&text, &len);
	bool last = false;

	clickhouse_field(out, half[0]);
	fputc('\t', out);
	clickhouse_field(out, half[1]);
	fputc('\n', out);
	fclose(out);
	at = text;
	out = open_memstream(&again, &again_len);
	for (int i = 0; i < 2; i++) {
		bool there = clickhouse_next(&at, &got, &last);

		assert(there && last == (i == 1));
		clickhouse_field(out, got);
	}
	assert(!clickhouse_next(&at, &got, &last));
	fclose(out);
	free(text);
	out = open_memstream(&text, &len);
	clickhouse_field(out, half[0]);
	clickhouse_field(out, half[1]);
	fclose(out);
	assert(len == again_len && memcmp(text, again, len) == 0);
	free(text);
	free(again);
}

/* Any answer ends, whatever stands in it. */
static void check_any(struct slice in)
{
	char *text = malloc(in.len + 1), *at = text;
	struct slice got;
	size_t n = 0;
	bool last;

	memcpy(text, in.data, in.len);
	text[in.len] = 0;
	while (clickhouse_next(&at, &got, &last)) {
		assert(at <= text + in.len && got.data + got.len <= (const uint8_t *)at);
		n++;
	}
	assert(n <= in.len);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(SLICE(data, size), clickhouse_quote, '\'');
	check(SLICE(data, size), clickhouse_field, 0);
	check_fields(SLICE(data, size));
	check_any(SLICE(data, size));
	return 0;
}
