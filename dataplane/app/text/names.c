#include "dataplane/app/text/names.h"

#include <string.h>

enum { NUMBER_MAX = 64 };

const char *text_name(struct text_names names, uint32_t number)
{
	for (size_t i = 0; i < names.count; i++) {
		if (names.list[i].number == number)
			return names.list[i].name;
	}
	return NULL;
}

static char *decimal(char *end, uint64_t n)
{
	*end = 0;
	do
		*--end = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return end;
}

void text_log_name(struct record *r, const char *field, struct text_names names, uint32_t number)
{
	const char *name = text_name(names, number);
	char text[NUMBER_MAX];

	record_text(r, field, name ? name : decimal(text + sizeof(text) - 1, number));
}

void text_log_name_or(struct record *r, const char *field, const char *name, const char *kind,
		      int64_t number)
{
	char text[NUMBER_MAX], *at = text + sizeof(text) - 2;
	size_t len = strlen(kind);

	if (name) {
		record_text(r, field, name);
		return;
	}
	at = decimal(at, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
	text[sizeof(text) - 2] = ')';
	text[sizeof(text) - 1] = 0;
	if (number < 0)
		*--at = '-';
	*--at = '(';
	if (len > (size_t)(at - text))
		len = (size_t)(at - text);
	at -= len;
	memcpy(at, kind, len);
	record_text(r, field, at);
}
