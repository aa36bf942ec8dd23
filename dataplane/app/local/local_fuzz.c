#include <stdlib.h>

#include "dataplane/api/record.h"
#include "dataplane/app/local/local.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A byte for the port, then the datagram. The record must stay well-formed whatever is said. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = {5353, 5355, 137, 443};
	static uint64_t buf[RECORD_MAX / sizeof(uint64_t)];
	struct slice datagram;
	struct record r;
	enum local_kind kind;
	struct slice done;

	if (size == 0)
		return 0;
	datagram = SLICE(data + 1, size - 1);
	kind = local_kind_of(40000, ports[data[0] & 3], datagram);
	if (!record_begin(&r, buf, sizeof(buf)))
		abort();
	if (kind == LOCAL_NONE)
		return 0;
	record_object(&r, local_type(kind));
	if (!local_log(kind, datagram, &r))
		return 0;
	record_end(&r);
	done = record_finish(&r);
	if (!record_check(done))
		abort();
	return 0;
}
