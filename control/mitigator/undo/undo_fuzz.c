/* Any bytes as a list and as an archive: hosts within the bounds, or one sentence and nothing. */
#include <stdlib.h>

#include "control/mitigator/undo/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(void *ctx, const struct undo_list *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (mac_addr_is_zero(&l->rows[i].mac) && ip_addr_is_zero(&l->rows[i].ip))
			abort();
	}
	++*(unsigned *)ctx;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct undo_list l;
	unsigned n = 0;
	int rc = undo_list_read(SLICE(data, size), "t-20261122090005.csv", &l, &e);

	if (rc == 0)
		look(&n, &l);
	else if (!e.text[0] || strchr(e.text, '\n') || l.rows)
		abort();
	undo_list_done(&l);
	n = 0;
	e.text[0] = 0;
	rc = undo_zip_read(SLICE(data, size), look, &n, &e);
	if (rc < 0 && (n || !e.text[0] || strchr(e.text, '\n')))
		abort();
	return 0;
}
