/* Whether a cut works, judged by what is seen on the wire (Q9). VERIFIED: after the
 * acknowledgement the host tried, or the method's drop counter rose, and no peer outside the
 * exemptions answered for the window. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/mitigator/quarantine/state.h"
#include "control/wire/message.h"

enum { VERIFY_SENSORS = 8, VERIFY_NAME = 64 };

struct verify_limits {
	uint64_t window_ns; /* that nobody may answer in */
	uint64_t settle_ns; /* after the first attempt, so that an answer has time to come */
	uint64_t quiet_ns;  /* without an attempt for so long: QUIET */
	uint64_t grace_ns;  /* answers in the watch's first moments were under way already */
};

/* What one sensor said last; it counts up within a watch. Times are the sensor's. */
struct verify_sensor {
	char name[VERIFY_NAME];
	bool blind;
	uint64_t since, until, first_attempt, last_answer;
	uint64_t attempts, answers, sessions;
};

struct verify {
	struct verify_sensor sensors[VERIFY_SENSORS];
	unsigned sensors_n;
	uint64_t drops_base, drops; /* at the acknowledgement, and now */
	struct ip_addr last_peer;
	char blind_reason[128];
};

void verify_reset(struct verify *v, uint64_t drops);
/* Notes a result; the oldest numbers of a sensor that restarted are replaced. */
void verify_note(struct verify *v, const char *sensor, const struct watch_result *w);

/* Whether any sensor that sees has told. */
bool verify_seen(const struct verify *v);

/* CUT_EV_PROVEN, CUT_EV_ANSWERED, CUT_EV_SILENT, or CUT_EVENT_COUNT: too early to say. `since_ack`:
 * ns. The sentence says what was seen. */
enum cut_event verify_judge(const struct verify *v, const struct verify_limits *l,
			    uint64_t since_ack, char *ret_reason, size_t cap);
