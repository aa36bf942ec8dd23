/* Any bytes: rows within their bounds, then the end or one sentence; what is written again is read
 * back to the same. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/csv/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct csv *c)
{
	static struct csv back;
	struct errmsg e = {""};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	for (unsigned i = 0; i < c->fields_n; i++)
		csv_put(f, c->fields[i], i + 1 < c->fields_n ? ',' : '\n');
	fclose(f);
	if (csv_open(&back, SLICE(text, len), "again", &e) < 0)
		abort();
	/* One empty field alone is an empty line. */
	if (c->fields_n == 1 && !c->fields[0][0]) {
		free(text);
		return;
	}
	if (csv_next(&back, &e) != 1) {
		/* Only what the marks added can make it too long. */
		if (!strstr(e.text, "longer"))
			abort();
	} else {
		if (back.fields_n != c->fields_n)
			abort();
		for (unsigned i = 0; i < c->fields_n; i++) {
			if (strcmp(csv_plain(back.fields[i]), c->fields[i]) != 0)
				abort();
		}
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct csv c;
	struct errmsg e = {""};
	int rc = csv_open(&c, SLICE(data, size), "fuzz", &e);

	while (rc == 0 && (rc = csv_next(&c, &e)) == 1) {
		if (c.fields_n == 0 || c.fields_n > CSV_FIELDS)
			abort();
		write_again(&c);
		rc = 0;
	}
	if (rc < 0 && (!e.text[0] || strchr(e.text, '\n')))
		abort();
	return 0;
}
