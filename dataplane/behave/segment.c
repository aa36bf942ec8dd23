#include "dataplane/behave/segment.h"

struct behave_event segment_event(const struct segment_reader *r, enum behave_kind kind,
				  bool by_sender)
{
	struct behave_event e = {.kind = kind, .time_ns = r->event.time_ns, .ends = r->event.ends};

	if (by_sender == r->to_client)
		behave_turn(&e.ends);
	return e;
}

void behave_segment_read(struct behave_segments *s, struct behave *b,
			 const struct behave_event *where, unsigned flags, struct slice payload)
{
	struct segment_reader r = {s, b, *where, flags & BEHAVE_TO_CLIENT};
	const uint8_t *d = payload.data;

	if (segment_text(&r, flags & BEHAVE_HALF, payload) || payload.len < 24)
		return;
	if (d[0] == 5 && d[1] <= 1 && d[2] <= 19)
		segment_rpc(&r, 0, payload);
	else if (d[0] == 0 && d[4] == 0xfe && d[5] == 'S' && d[6] == 'M' && d[7] == 'B')
		segment_smb2(&r, payload);
}
