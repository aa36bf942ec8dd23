/* Requests of hosts that were cut for a reason: read in bounds, the same however they are cut into
 * pieces, and always a page of bounded size with nothing of theirs in it. */
#include <stdlib.h>
#include <string.h>

#include "control/enforcer/notice/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct notice_texts texts = {"<b>&\"", "call \xe9\x9b\xbb\xe8\xa9\xb1", ""};
	struct notice_request q;
	char *answer;
	long n;
	int rc;

	if (size > NOTICE_REQUEST_MAX)
		size = NOTICE_REQUEST_MAX;
	rc = notice_read(SLICE(data, size), &q);
	if (rc != 0 && rc != ERR_INVALID && rc != ERR_AGAIN)
		abort();
	if (rc != 0)
		return 0;
	answer = malloc(2 * NOTICE_ANSWER_MAX);
	n = notice_write(&texts, &q, "10.0.0.5", "now", answer, 2 * NOTICE_ANSWER_MAX);
	if (n <= 0 || strstr(answer, "<b>&\"") || (size_t)n != strlen(answer))
		abort();
	free(answer);
	return 0;
}
