#include "control/mitigator/quarantine/verify.h"

#include <stdio.h>
#include <string.h>

void verify_reset(struct verify *v, uint64_t drops)
{
	memset(v, 0, sizeof(*v));
	v->drops_base = v->drops = drops;
}

static struct verify_sensor *sensor_slot(struct verify *v, const char *name)
{
	struct verify_sensor *s;

	for (unsigned i = 0; i < v->sensors_n; i++) {
		if (strncmp(v->sensors[i].name, name, VERIFY_NAME - 1) == 0)
			return &v->sensors[i];
	}
	if (v->sensors_n >= VERIFY_SENSORS)
		return NULL;
	s = &v->sensors[v->sensors_n++];
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

void verify_note(struct verify *v, const char *sensor, const struct watch_result *w)
{
	struct verify_sensor *s = sensor_slot(v, sensor);

	if (!s)
		return;
	s->blind = w->blind;
	s->since = w->since;
	s->until = w->until;
	s->first_attempt = w->first_attempt;
	s->last_answer = w->last_answer;
	s->attempts = w->attempts;
	s->answers = w->answers;
	s->sessions = w->sessions;
	if (w->answers || w->sessions)
		v->last_peer = w->last_peer;
	if (w->blind)
		snprintf(v->blind_reason, sizeof(v->blind_reason), "%s", w->blind_reason);
}

static bool answered(const struct verify_sensor *s, const struct verify_limits *l)
{
	if (s->blind || (s->answers == 0 && s->sessions == 0))
		return false;
	return s->last_answer == 0 || s->last_answer >= s->since + l->grace_ns;
}

/* The sensor has looked for the whole window, and long enough after the first attempt. */
static bool window_covered(const struct verify_sensor *s, const struct verify_limits *l)
{
	if (s->blind || s->until < s->since + l->window_ns)
		return false;
	return s->attempts == 0 || s->until >= s->first_attempt + l->settle_ns;
}

bool verify_seen(const struct verify *v)
{
	for (unsigned i = 0; i < v->sensors_n; i++) {
		if (!v->sensors[i].blind)
			return true;
	}
	return false;
}

enum cut_event verify_judge(const struct verify *v, const struct verify_limits *l,
			    uint64_t since_ack, char *ret_reason, size_t cap)
{
	uint64_t attempts = 0, drops = v->drops > v->drops_base ? v->drops - v->drops_base : 0;
	bool covered = false, sees = false;
	char peer[IP_ADDR_TEXT];

	for (unsigned i = 0; i < v->sensors_n; i++) {
		const struct verify_sensor *s = &v->sensors[i];

		if (answered(s, l)) {
			snprintf(ret_reason, cap,
				 "%s answered after the acknowledgement (%llu answers, %llu "
				 "sessions, seen by %s)",
				 ip_addr_text(&v->last_peer, peer, false),
				 (unsigned long long)s->answers, (unsigned long long)s->sessions,
				 s->name);
			return CUT_EV_ANSWERED;
		}
		sees = sees || !s->blind;
		covered = covered || window_covered(s, l);
		attempts += s->blind ? 0 : s->attempts;
	}
	if (covered && (attempts || drops)) {
		snprintf(ret_reason, cap,
			 "the host tried (%llu frames seen, %llu dropped) and nobody answered",
			 (unsigned long long)attempts, (unsigned long long)drops);
		return CUT_EV_PROVEN;
	}
	if (since_ack < l->quiet_ns)
		return CUT_EVENT_COUNT;
	if (sees)
		snprintf(ret_reason, cap, "unproven: the host has not tried since it was cut");
	else
		snprintf(ret_reason, cap, "unproven: no sensor can watch the host%s%s",
			 v->blind_reason[0] ? ": " : "", v->blind_reason);
	return CUT_EV_SILENT;
}
