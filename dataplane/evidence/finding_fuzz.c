/* Whatever an inspector says that a hostile file has taken over: what is accepted is within bounds,
 * and says the same when it is written again. The first two bytes are the kind; or all of it is a
 * run of messages. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/evidence/finding.h"

static void same_again(const struct finding *f)
{
	static uint8_t buf[1 << 16], again[1 << 16];
	size_t len = finding_write(f, buf, sizeof(buf));
	struct finding g;

	if (!len || !finding_read(f->kind, SLICE(buf, len), &g) ||
	    finding_write(&g, again, sizeof(again)) != len || memcmp(buf, again, len) != 0)
		abort();
}

static void read_one(uint16_t kind, struct slice message)
{
	struct finding f;

	if (!finding_read(kind, message, &f))
		return;
	if (f.kind == FINDING_ARCHIVE && f.sum.end >= FILE_ARCHIVE_ENDS)
		abort();
	if (f.kind == FINDING_HIT &&
	    (f.hit.tag_count > FILE_YARA_TAGS || f.hit.string_count > FILE_YARA_STRINGS ||
	     strlen(f.hit.rule) > FINDING_TEXT))
		abort();
	same_again(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice messages = SLICE(data, size), message;
	uint16_t kind;

	if (size >= 2)
		read_one(data[1] % 6, SLICE(data + 2, size - 2));
	while (inspector_message(&messages, &kind, &message))
		read_one(kind, message);
	return 0;
}
