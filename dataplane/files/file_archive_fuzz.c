/* Any bytes as an archive: the bounds hold whatever they are. */
#include <stdlib.h>

#include "dataplane/files/file_archive.h"

static const struct file_archive_limits limits = {
	.depth = 3, .members = 50, .ratio = 100, .bytes = 4 << 20, .member_held = 1 << 16};

static void on_member(void *ctx, const struct file_archive_member *m)
{
	unsigned *count = ctx;

	++*count;
	if (!m->name || m->depth == 0 || m->depth > limits.depth ||
	    m->bytes.len > limits.member_held || m->bytes.len > m->size || *count > limits.members)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned count = 0;
	const struct file_archive_sink sink = {on_member, &count};
	struct file_archive_sum sum;

	file_archive_look(SLICE(data, size), &limits, &sink, &sum);
	if (sum.members != count || sum.bytes > limits.bytes + (1 << 16) ||
	    sum.depth > limits.depth || (count && sum.end == FILE_ARCHIVE_NONE))
		abort();
	return 0;
}
