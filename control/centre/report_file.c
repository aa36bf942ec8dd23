#include "control/centre/report_file.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { STEM = 512 };

/* One of a report's forms. */
struct form {
	const char *ending;
	int (*write)(const void *report, FILE *out);
};

static int daily_en(const void *r, FILE *out)
{
	return report_daily_html(r, REPORT_ENGLISH, out);
}

static int daily_ja(const void *r, FILE *out)
{
	return report_daily_html(r, REPORT_JAPANESE, out);
}

static int daily_json(const void *r, FILE *out)
{
	return report_daily_json(r, out);
}

static int daily_csv(const void *r, FILE *out)
{
	return report_daily_csv(r, out);
}

static int monthly_en(const void *r, FILE *out)
{
	return report_monthly_html(r, REPORT_ENGLISH, out);
}

static int monthly_ja(const void *r, FILE *out)
{
	return report_monthly_html(r, REPORT_JAPANESE, out);
}

static int monthly_json(const void *r, FILE *out)
{
	return report_monthly_json(r, out);
}

static int monthly_csv(const void *r, FILE *out)
{
	return report_monthly_csv(r, out);
}

/* The English page last: who sees it finds the others. */
static const struct form daily_forms[] = {
	{"csv", daily_csv}, {"json", daily_json}, {"ja.html", daily_ja}, {"en.html", daily_en}};
static const struct form monthly_forms[] = {{"csv", monthly_csv},
					    {"json", monthly_json},
					    {"ja.html", monthly_ja},
					    {"en.html", monthly_en}};

/* The signature first, so that a new file never stands beside none. */
static int sign_and_write(struct tls_keys *keys, const char *path, struct slice bytes,
			  struct errmsg *err)
{
	uint8_t signature[SIGN_MAX];
	char beside[STEM + 32];
	size_t len;
	int rc = sign_bytes(keys, bytes, signature, &len, err);

	if (rc != ERR_OK)
		return rc;
	snprintf(beside, sizeof(beside), "%s.sig", path);
	rc = file_write(beside, SLICE(signature, len), 0644, err);
	return rc == ERR_OK ? file_write(path, bytes, 0644, err) : rc;
}

static int write_form(struct tls_keys *keys, const struct form *form, const void *report,
		      const char *path, struct errmsg *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc = out ? form->write(report, out) : ERR_NOMEM;

	if (out && fclose(out) != 0)
		rc = ERR_NOMEM;
	rc = rc == ERR_OK ? sign_and_write(keys, path, SLICE(text, len), err)
			  : errmsg_set(err, rc, "%s: no memory to make it", path);
	free(text);
	return rc;
}

static int write_forms(const struct report_files *f, const struct form *forms, size_t n,
		       const void *report, const char *stem, char *ret_path, size_t cap,
		       struct errmsg *err)
{
	int rc = ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		snprintf(ret_path, cap, "%s.%s", stem, forms[i].ending);
		rc = write_form(f->keys, &forms[i], report, ret_path, err);
	}
	return rc;
}

/* Customer and site as part of a file name. */
static void safe_name(const struct store_scope *scope, char *ret, size_t cap)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

	snprintf(ret, cap, "%s%s%s", scope->customer,
		 scope->customer[0] && scope->site[0] ? "-" : "", scope->site);
	if (!ret[0])
		snprintf(ret, cap, "all");
	for (char *c = ret; *c; c++) {
		if (!strchr(letters, *c))
			*c = '_';
	}
}

static void stem_of(const struct report_files *f, const char *kind, const struct store_scope *scope,
		    const char *date, char ret[STEM])
{
	char name[160];

	safe_name(scope, name, sizeof(name));
	snprintf(ret, STEM, "%s/%s-%s-%s", f->folder, kind, name, date);
}

int report_file_daily(const struct report_files *f, const struct store_scope *scope, uint64_t when,
		      uint64_t now, char *ret_path, size_t cap, struct errmsg *err)
{
	uint64_t from = zone_day(&f->zone, when, 0);
	struct report_daily d;
	char stem[STEM], date[ZONE_TEXT];
	int rc = file_make_folder(f->folder, 0755, err);

	if (rc != ERR_OK)
		return rc;
	rc = store_daily(f->store, scope, from, zone_day(&f->zone, when, 1), &d, err);
	if (rc != ERR_OK)
		return rc;
	d.zone = f->zone;
	d.made = now;
	stem_of(f, "daily", scope, zone_day_text(&f->zone, from, date), stem);
	rc = write_forms(f, daily_forms, ARRAY_SIZE(daily_forms), &d, stem, ret_path, cap, err);
	report_daily_free(&d);
	return rc;
}

int report_file_monthly(const struct report_files *f, const struct store_scope *scope,
			uint64_t when, uint64_t now, char *ret_path, size_t cap, struct errmsg *err)
{
	struct report_monthly m;
	char stem[STEM], date[ZONE_TEXT];
	int rc = file_make_folder(f->folder, 0755, err);

	if (rc != ERR_OK)
		return rc;
	rc = store_monthly(f->store, scope, &f->zone, when, now, &m, err);
	if (rc != ERR_OK)
		return rc;
	stem_of(f, "monthly", scope, zone_month_text(&f->zone, m.from, date), stem);
	rc = write_forms(f, monthly_forms, ARRAY_SIZE(monthly_forms), &m, stem, ret_path, cap, err);
	report_monthly_free(&m);
	return rc;
}
