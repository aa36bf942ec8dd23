/* A bundle of a stranger: parsed within its bytes, what it says of itself is within the limits, and
 * unpacking gives what it declared or nothing. */
#include <stdlib.h>

#include "signatures/bundle/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errmsg e = {""};
	struct bundle b;
	uint64_t total = 0;

	if (bundle_parse(SLICE(data, size), &b, &e) != ERR_OK)
		return e.text[0] ? 0 : (abort(), 0);
	if (!bundle_name_ok(b.name) || b.version == 0 || b.n > BUNDLE_FILES)
		abort();
	for (unsigned i = 0; i < b.n; i++) {
		const struct bundle_file *f = &b.files[i];
		struct slice content;

		if (!bundle_path_ok(f->path) || f->data.data < data ||
		    f->data.data + f->data.len > data + size || bundle_find(&b, f->path) != f)
			abort();
		total += f->size;
		if (f->size > 1 << 20 || bundle_unpack(f, &content, &e) != ERR_OK)
			continue;
		if (content.len != f->size)
			abort();
		free((void *)content.data);
	}
	if (total > BUNDLE_TOTAL_MAX || b.head.len > size)
		abort();
	bundle_done(&b);
	return 0;
}
