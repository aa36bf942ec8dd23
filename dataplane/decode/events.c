#include "dataplane/decode/events.h"

#include <string.h>

const struct counter_name decode_event_counter_names[DECODE_EVENT_COUNT] = {
#define DECODE_EVENT_NAME(id, text) {text, false},
	DECODE_EVENTS(DECODE_EVENT_NAME)
#undef DECODE_EVENT_NAME
};

const char *decode_event_name(unsigned event)
{
	return event < DECODE_EVENT_COUNT ? decode_event_counter_names[event].name : NULL;
}

int decode_event_by_name(const char *name)
{
	static const char prefix[] = "decoder.";

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	for (int i = 0; i < DECODE_EVENT_COUNT; i++) {
		if (strcmp(name, decode_event_counter_names[i].name) == 0)
			return i;
	}
	return -1;
}
