/* Frames and messages from a stranger: whatever decodes must encode again, and what was encoded
 * once comes back the same. First byte: 0 message, else a stream of frames. */
#include <stdlib.h>
#include <string.h>

#include "control/wire/arena.h"
#include "control/wire/frame.h"
#include "control/wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Our own encoding is a fixed point: decoding and encoding it changes nothing. */
static void check_message(const struct message *m)
{
	struct slice once, twice;
	struct message *again;

	if (message_encode(m, &once, NULL))
		return; /* larger than what came: mended text can grow over the limit */
	again = message_decode(once, NULL);
	if (!again)
		abort();
	if (again->kind != m->kind || message_encode(again, &twice, NULL) || !slice_eq(once, twice))
		abort();
	message_free(again);
	payload_free(&once);
	payload_free(&twice);
}

static void feed_message(struct slice in)
{
	struct errmsg e = {0};
	struct message *m = message_decode(in, &e);

	if (!m) {
		if (e.text[0] == '\0')
			abort(); /* every refusal has a sentence */
		return;
	}
	check_message(m);
	message_free(m);
}

static void feed_frames(struct slice in)
{
	size_t need;

	while (frame_size(in, &need, NULL) == 0) {
		struct arena *memory;
		struct frame f;

		if (frame_decode(slice_sub(in, 0, need), &f, &memory, NULL) == 0) {
			struct slice bytes;

			if (frame_encode(&f, &bytes, NULL) == 0)
				payload_free(&bytes);
			if (f.kind == FRAME_DATA)
				feed_message(f.data.payload);
			frame_free(memory);
		}
		in = slice_sub(in, need, in.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		feed_message(SLICE(data + 1, size - 1));
	else
		feed_frames(SLICE(data + 1, size - 1));
	return 0;
}
