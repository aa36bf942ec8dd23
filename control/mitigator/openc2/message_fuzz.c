/* OpenC2 messages of strangers: what is read is written, read again and written the same. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/openc2/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct openc2_message m;
	struct errmsg e = {""};
	char *first, *second;
	int rc = openc2_message_read(SLICE(data, size), &m, &e);

	if (rc < 0) {
		if (!e.text[0] || (rc != ERR_INVALID && rc != ERR_UNSUPPORTED))
			abort();
		openc2_message_done(&m);
		return 0;
	}
	first = openc2_message_write(&m);
	openc2_message_done(&m);
	if (!first || openc2_message_read(SLICE_STR(first), &m, &e) < 0)
		abort();
	second = openc2_message_write(&m);
	if (!second || strcmp(first, second) != 0)
		abort();
	openc2_message_done(&m);
	free(first);
	free(second);
	return 0;
}
