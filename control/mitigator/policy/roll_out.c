#include "control/mitigator/policy/roll_out.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "dataplane/base/clock.h"

static const char *const day_names[7] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static int day_of(const char *text)
{
	for (int i = 0; i < 7; i++) {
		if (strncasecmp(text, day_names[i], 3) == 0)
			return i;
	}
	return -1;
}

/* "mon-fri" or "sat"; moves *text behind it. */
static bool days_of(const char **text, uint8_t *ret)
{
	int from = day_of(*text), to = from;

	if (from < 0)
		return false;
	*text += 3;
	if (**text == '-') {
		to = day_of(*text + 1);
		*text += 4;
	}
	if (to < 0)
		return false;
	/* fri-mon goes over Sunday. */
	for (int d = from;; d = (d + 1) % 7) {
		*ret |= (uint8_t)(1u << d);
		if (d == to)
			return true;
	}
}

static bool digits(const char *text, int *ret)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret = (text[0] - '0') * 10 + text[1] - '0';
	return true;
}

/* "08:30" in minutes. */
static bool minutes_of(const char *text, uint16_t *ret)
{
	int hour, minute;

	if (!digits(text, &hour) || text[2] != ':' || !digits(text + 3, &minute) || minute > 59 ||
	    hour * 60 + minute > 1440)
		return false;
	*ret = (uint16_t)(hour * 60 + minute);
	return true;
}

int policy_hours_parse(const char *text, struct policy_hours *ret)
{
	*ret = (struct policy_hours){0};
	do {
		text += *text == ',';
		if (strlen(text) < 3 || !days_of(&text, &ret->days))
			return ERR_INVALID;
	} while (*text == ',');
	if (strlen(text) != 12 || text[0] != ' ' || text[6] != '-' ||
	    !minutes_of(text + 1, &ret->begin) || !minutes_of(text + 7, &ret->end) ||
	    ret->begin >= ret->end)
		return ERR_INVALID;
	return 0;
}

bool roll_out_within(const struct policy_scope *s, uint64_t now)
{
	time_t t = (time_t)(now / NS_PER_SEC);
	struct tm tm;
	int minute;

	localtime_r(&t, &tm);
	minute = tm.tm_hour * 60 + tm.tm_min;
	for (unsigned i = 0; i < s->hours_n; i++) {
		const struct policy_hours *h = &s->hours[i];

		if (h->days & 1u << tm.tm_wday && minute >= h->begin && minute < h->end)
			return true;
	}
	return false;
}
