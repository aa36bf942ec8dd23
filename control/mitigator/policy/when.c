#include "control/mitigator/policy/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/err.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 2500, EPOCH_DIGITS = 11, OFFSET_MAX_MIN = 18 * 60 };

/* Reads exactly `digits` digits, moves *text behind them; -1 when they are not there. */
static int number(const char **text, unsigned digits)
{
	int n = 0;

	for (unsigned i = 0; i < digits; i++) {
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return -1;
		n = n * 10 + (*text)[i] - '0';
	}
	*text += digits;
	return n;
}

static bool passed(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* ".25" as nanoseconds; digits beyond the ninth count for nothing. */
static bool fraction(const char **text, uint64_t *ret)
{
	uint64_t unit = NS_PER_SEC / 10;

	*ret = 0;
	if (!passed(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text) {
		*ret += unit * (uint64_t)(**text - '0');
		unit /= 10;
	}
	return true;
}

/* "Z", "+09:00", "-0330", "+09"; seconds east of UTC. */
static bool zone(const char **text, int *ret)
{
	int hours, minutes = 0, sign = **text == '-' ? -1 : 1;

	*ret = 0;
	if (**text == 0 || passed(text, 'Z') || passed(text, 'z'))
		return true;
	if (!passed(text, '+') && !passed(text, '-'))
		return false;
	hours = number(text, 2);
	if (passed(text, ':') || **text)
		minutes = number(text, 2);
	if (hours < 0 || minutes < 0 || minutes > 59 || hours * 60 + minutes > OFFSET_MAX_MIN)
		return false;
	*ret = sign * (hours * 60 + minutes) * 60;
	return true;
}

static bool day(const char **text, struct tm *tm)
{
	struct tm again;

	tm->tm_year = number(text, 4) - 1900;
	if (!passed(text, '-'))
		return false;
	tm->tm_mon = number(text, 2) - 1;
	if (!passed(text, '-'))
		return false;
	tm->tm_mday = number(text, 2);
	if (tm->tm_year < YEAR_MIN - 1900 || tm->tm_year > YEAR_MAX - 1900 || tm->tm_mon < 0 ||
	    tm->tm_mday < 1)
		return false;
	/* 30 February would become a day of March. */
	again = *tm;
	timegm(&again);
	return again.tm_mon == tm->tm_mon && again.tm_mday == tm->tm_mday;
}

static bool time_of_day(const char **text, struct tm *tm, uint64_t *ret_ns)
{
	*ret_ns = 0;
	tm->tm_hour = number(text, 2);
	if (!passed(text, ':'))
		return false;
	tm->tm_min = number(text, 2);
	if (passed(text, ':')) {
		tm->tm_sec = number(text, 2);
		if (!fraction(text, ret_ns))
			return false;
	}
	/* 60: a leap second. */
	return tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 &&
	       tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

static int since_1970(const char *text, uint64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t seconds = 0, ns;

	if (digits == 0 || digits > EPOCH_DIGITS)
		return ERR_INVALID;
	for (size_t i = 0; i < digits; i++)
		seconds = seconds * 10 + (uint64_t)(text[i] - '0');
	text += digits;
	/* Later than YEAR_MAX does not fit. */
	if (!fraction(&text, &ns) || *text || seconds > 16725225600)
		return ERR_INVALID;
	*ret = seconds * NS_PER_SEC + ns;
	return 0;
}

int when_parse(const char *text, uint64_t *ret)
{
	struct tm tm = {0};
	uint64_t ns = 0;
	int east = 0;
	int64_t t;

	*ret = 0;
	if (text[strspn(text, "0123456789")] != '-')
		return since_1970(text, ret);
	if (!day(&text, &tm))
		return ERR_INVALID;
	if (*text) {
		if (!passed(&text, 'T') && !passed(&text, 't') && !passed(&text, ' '))
			return ERR_INVALID;
		if (!time_of_day(&text, &tm, &ns) || !zone(&text, &east) || *text)
			return ERR_INVALID;
	}
	t = (int64_t)timegm(&tm) - east;
	if (t < 0)
		return ERR_INVALID;
	*ret = (uint64_t)t * NS_PER_SEC + ns;
	return 0;
}

char *when_text(uint64_t ns, char ret[WHEN_TEXT])
{
	time_t t = (time_t)(ns / NS_PER_SEC);
	uint64_t rest = ns % NS_PER_SEC;
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(ret, WHEN_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest) {
		n += (size_t)snprintf(ret + n, WHEN_TEXT - n, ".%09u", (unsigned)rest);
		while (ret[n - 1] == '0')
			ret[--n] = 0;
	}
	snprintf(ret + n, WHEN_TEXT - n, "Z");
	return ret;
}
