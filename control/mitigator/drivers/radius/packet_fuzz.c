/* The answer of a device to a Disconnect- and a CoA-Request. Input: a byte that chooses, then the
 * answer. What is not authentic is never taken for an answer: the secret is not in the input. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/radius/cause.h"
#include "control/mitigator/drivers/radius/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_request(uint8_t choice, struct radius_packet *p, struct slice secret)
{
	radius_begin(p, choice & 1 ? RADIUS_COA_REQUEST : RADIUS_DISCONNECT_REQUEST, 7);
	radius_add_text(p, RADIUS_CALLING_STATION_ID, "52-54-00-00-00-01");
	radius_add_u32(p, RADIUS_EVENT_TIMESTAMP, 1700000000);
	if (choice & 2)
		radius_add_text(p, RADIUS_PROXY_STATE, "banken");
	if (radius_seal(p, secret) < 0)
		abort();
}

static void check(const struct radius_answer *a, enum radius_fit fit)
{
	if (memchr(a->message, 0, sizeof(a->message)) == NULL)
		abort();
	for (const char *c = a->message; *c; c++) {
		if (*c < ' ' || *c > '~')
			abort();
	}
	if (a->authenticated && fit != RADIUS_FITS)
		abort();
	if (!radius_cause_text(a->error_cause)[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Seeds were made with the first secret; the second nobody knows. */
	static const char *const secrets[] = {"fuzzsecret", "another one"};
	static struct radius_packet request;
	struct radius_answer a;
	enum radius_fit fit;

	if (size == 0)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		struct slice secret = SLICE(secrets[i], strlen(secrets[i]));

		make_request(data[0], &request, secret);
		fit = radius_read(&request, SLICE(data + 1, size - 1), secret, &a);
		check(&a, fit);
		if (fit == RADIUS_FITS && size - 1 < RADIUS_HEAD)
			abort();
	}
	/* A request is no answer to itself. */
	if (radius_read(&request, SLICE(request.bytes, request.n), SLICE(secrets[1], 11), &a) ==
	    RADIUS_FITS)
		abort();
	return 0;
}
