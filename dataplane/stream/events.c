#include "dataplane/stream/events.h"

#include <strings.h>

#include "dataplane/base/slice.h"

static const char *const names[STREAM_EVENT_COUNT] = {
#define X(id, name) [STREAM_##id] = (name),
	STREAM_EVENTS(X)
#undef X
};

static const struct {
	const char *name;
	enum stream_event event;
} aliases[] = {
	{"3whs_synack_resend_with_diff_ack", STREAM_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK},
	{"est_synack_resend_with_diff_ack", STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK},
};

const char *stream_event_name(unsigned event)
{
	return event < STREAM_EVENT_COUNT ? names[event] : NULL;
}

int stream_event_by_name(const char *name)
{
	for (unsigned i = 0; i < STREAM_EVENT_COUNT; i++) {
		if (strcasecmp(name, names[i]) == 0)
			return (int)i;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcasecmp(name, aliases[i].name) == 0)
			return (int)aliases[i].event;
	}
	return -1;
}
