#include "control/centre/report_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/base/clock.h"

static int write_one(const struct report_daily *d, enum report_language language, const char *path,
		     struct errmsg *err)
{
	char temporary[600];
	FILE *out;
	int rc;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	out = fopen(temporary, "we");
	if (!out)
		return errmsg_set(err, ERR_IO, "%s: cannot be written (%s)", temporary,
				  strerror(errno));
	rc = report_daily_html(d, language, out);
	if (fclose(out) != 0 || rc != ERR_OK || rename(temporary, path) < 0) {
		unlink(temporary);
		return errmsg_set(err, ERR_IO, "%s: writing failed (%s); make room and ask again",
				  path, strerror(errno));
	}
	return ERR_OK;
}

/* A site's name as part of a file name. */
static void safe_name(const char *site, char *ret, size_t cap)
{
	size_t n = 0;

	for (; *site && n < cap - 1; site++)
		ret[n++] = (*site >= 'a' && *site <= 'z') || (*site >= 'A' && *site <= 'Z') ||
					   (*site >= '0' && *site <= '9') || *site == '-'
				   ? *site
				   : '_';
	ret[n] = 0;
}

int report_file_daily(struct store *s, const char *folder, const char *site, uint64_t now,
		      int utc_offset_minutes, char *ret_path, size_t cap, struct errmsg *err)
{
	static const char *const languages[] = {"en", "ja"};
	uint64_t offset = (uint64_t)((int64_t)utc_offset_minutes * 60 * (int64_t)NS_PER_SEC);
	uint64_t from = (now + offset) / NS_PER_DAY * NS_PER_DAY - offset;
	char day[32], name[80];
	struct report_daily d;
	int rc = store_daily(s, site, from, from + NS_PER_DAY, &d, err);

	if (rc != ERR_OK)
		return rc;
	d.utc_offset_minutes = utc_offset_minutes;
	d.made = now;
	mkdir(folder, 0755);
	report_time(from, utc_offset_minutes, day);
	day[10] = 0;
	safe_name(site[0] ? site : "all", name, sizeof(name));
	for (int i = 1; i >= 0 && rc == ERR_OK; i--) {
		snprintf(ret_path, cap, "%s/daily-%s-%s.%s.html", folder, name, day, languages[i]);
		rc = write_one(&d, (enum report_language)i, ret_path, err);
	}
	report_daily_free(&d);
	return rc;
}
