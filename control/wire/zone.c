#include "control/wire/zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/base/clock.h"

/* A name of the zone data, which is a path below its folder and nothing else. */
static bool is_name(const char *name)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

	return name[0] != '/' && strlen(name) < ZONE_NAME && name[strspn(name, letters)] == 0;
}

int zone_set(struct zone *z, const char *name, struct errmsg *err)
{
	char path[ZONE_NAME + 32];

	if (strcmp(name, "UTC") == 0)
		name = "";
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	if (!is_name(name) || (name[0] && access(path, R_OK) < 0))
		return errmsg_set(err, ERR_INVALID,
				  "\"%s\" is no time zone of this machine; write it as Asia/Tokyo "
				  "(timedatectl list-timezones shows all)",
				  name);
	memset(z, 0, sizeof(*z));
	memcpy(z->name, name, strlen(name));
	return ERR_OK;
}

void zone_of_machine(struct zone *z)
{
	static const char folder[] = "zoneinfo/";
	char link[256] = "";
	ssize_t n = readlink("/etc/localtime", link, sizeof(link) - 1);
	const char *name = getenv("TZ"), *at = n > 0 ? strstr(link, folder) : NULL;
	struct errmsg ignored;

	if (!name && at)
		name = at + sizeof(folder) - 1;
	if (!name || zone_set(z, name, &ignored) != ERR_OK)
		memset(z, 0, sizeof(*z));
}

static void enter(const struct zone *z)
{
	const char *now = getenv("TZ"), *wanted = z->name[0] ? z->name : "UTC0";

	if (now && strcmp(now, wanted) == 0)
		return;
	setenv("TZ", wanted, 1);
	tzset();
}

void zone_local(const struct zone *z, uint64_t ns, struct tm *ret)
{
	time_t t = (time_t)(ns / NS_PER_SEC);

	enter(z);
	if (!localtime_r(&t, ret))
		memset(ret, 0, sizeof(*ret));
}

int zone_offset(const struct zone *z, uint64_t ns)
{
	struct tm tm;

	zone_local(z, ns, &tm);
	return (int)(tm.tm_gmtoff / 60);
}

/* First moment of that local date; where midnight is left out by a time change, the moment after.
 */
static uint64_t midnight(const struct zone *z, int year, int month, int day)
{
	struct tm tm = {.tm_year = year, .tm_mon = month, .tm_mday = day, .tm_isdst = -1};
	time_t t;

	enter(z);
	t = mktime(&tm);
	return t > 0 ? (uint64_t)t * NS_PER_SEC : 0;
}

uint64_t zone_day(const struct zone *z, uint64_t ns, int n)
{
	struct tm tm;

	zone_local(z, ns, &tm);
	return midnight(z, tm.tm_year, tm.tm_mon, tm.tm_mday + n);
}

uint64_t zone_month(const struct zone *z, uint64_t ns, int n)
{
	struct tm tm;

	zone_local(z, ns, &tm);
	return midnight(z, tm.tm_year, tm.tm_mon + n, 1);
}

uint64_t zone_date(const struct zone *z, const char *text)
{
	struct tm tm = {.tm_mday = 1};
	size_t len = strlen(text);
	const char *end = strptime(text, len == 7 ? "%Y-%m" : "%Y-%m-%d", &tm);

	if (!end || *end || (len != 7 && len != 10) || tm.tm_year < 70 || tm.tm_year > 400)
		return 0;
	return midnight(z, tm.tm_year, tm.tm_mon, tm.tm_mday);
}

static const char *format(const struct zone *z, uint64_t ns, const char *how, char ret[ZONE_TEXT])
{
	struct tm tm;

	zone_local(z, ns, &tm);
	if (ns == 0 || strftime(ret, ZONE_TEXT, how, &tm) == 0)
		ret[0] = 0;
	return ret;
}

const char *zone_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT])
{
	return format(z, ns, "%Y-%m-%d %H:%M:%S", ret);
}

const char *zone_day_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT])
{
	return format(z, ns, "%Y-%m-%d", ret);
}

const char *zone_month_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT])
{
	return format(z, ns, "%Y-%m", ret);
}

const char *zone_offset_text(const struct zone *z, uint64_t ns, char ret[ZONE_TEXT])
{
	int offset = zone_offset(z, ns), minutes = abs(offset);

	snprintf(ret, ZONE_TEXT, "UTC%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60 % 24,
		 minutes % 60);
	if (minutes == 0)
		ret[3] = 0;
	return ret;
}
