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
static int daily_text_en(const void *r, FILE *out)
{
	return report_daily_text(r, REPORT_ENGLISH, out);
}

static int daily_text_ja(const void *r, FILE *out)
{
	return report_daily_text(r, REPORT_JAPANESE, out);
}

static int monthly_text_en(const void *r, FILE *out)
{
	return report_monthly_text(r, REPORT_ENGLISH, out);
}

static int monthly_text_ja(const void *r, FILE *out)
{
	return report_monthly_text(r, REPORT_JAPANESE, out);
}

/* Mails carry these. */
static const struct form daily_texts[] = {{"ja.txt", daily_text_ja}, {"en.txt", daily_text_en}};
static const struct form monthly_texts[] = {{"ja.txt", monthly_text_ja},
					    {"en.txt", monthly_text_en}};
static const struct form monthly_forms[] = {{"csv", monthly_csv},
					    {"json", monthly_json},
					    {"ja.html", monthly_ja},
					    {"en.html", monthly_en}};

/* The signature first, so that a new file never stands beside none. */
static int write_signature(struct tls_keys *keys, const char *path, struct slice bytes,
			   struct errmsg *err)
{
	uint8_t signature[SIGN_MAX];
	char beside[STEM + 32];
	size_t len;
	int rc = sign_bytes(keys, bytes, signature, &len, err);

	if (rc != ERR_OK)
		return rc;
	snprintf(beside, sizeof(beside), "%s.sig", path);
	return file_write(beside, SLICE(signature, len), 0644, err);
}

static int sign_and_write(struct tls_keys *keys, const char *path, struct slice bytes,
			  struct errmsg *err)
{
	int rc = write_signature(keys, path, bytes, err);

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

/* Customer and site as part of a file name. Names that differ in what a file name cannot hold get
 * different ones all the same: the hash is FNV-1a. */
static void safe_name(const struct store_scope *scope, char *ret, size_t cap)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	uint32_t hash = 2166136261u;
	bool differs = false;
	size_t len;

	snprintf(ret, cap, "%s%s%s", scope->customer,
		 scope->customer[0] && scope->site[0] ? "-" : "", scope->site);
	if (!ret[0])
		snprintf(ret, cap, "all");
	for (char *c = ret; *c; c++) {
		hash = (hash ^ (unsigned char)*c) * 16777619u;
		if (strchr(letters, *c))
			continue;
		*c = '_';
		differs = true;
	}
	len = strlen(ret);
	if (differs && len < cap)
		snprintf(ret + len, cap - len, ".%08x", hash);
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

/* --- final ones --- */

static void final_stem(const struct report_files *f, const struct report_run *r, char ret[STEM])
{
	const struct store_scope scope = {r->customer, ""};
	char name[160], date[ZONE_TEXT];

	safe_name(&scope, name, sizeof(name));
	(r->kind == REPORT_OF_DAY ? zone_day_text : zone_month_text)(&r->zone, r->period, date);
	snprintf(ret, STEM, "%s/final/%s-%s-%s.v%u", f->folder, report_kind_words[r->kind], name,
		 date, r->version);
}

void report_file_final_stem(const struct report_files *f, const struct report_run *r, char *ret,
			    size_t cap)
{
	char stem[STEM];

	final_stem(f, r, stem);
	snprintf(ret, cap, "%s", stem);
}

/* `made` is when it was due, not now: made again it has the same bytes. */
static int final_daily(const struct report_files *f, const struct report_run *r, const char *stem,
		       struct errmsg *err)
{
	const struct store_scope scope = {r->customer, ""};
	struct report_daily d;
	char path[STEM + 32];
	int rc = store_daily(f->store, &scope, r->period,
			     report_period_end(&r->zone, r->kind, r->period), &d, err);

	if (rc != ERR_OK)
		return rc;
	d.zone = r->zone;
	d.made = r->due;
	if (r->name[0]) {
		free(d.site);
		d.site = strdup(r->name);
	}
	rc = write_forms(f, daily_forms, ARRAY_SIZE(daily_forms), &d, stem, path, sizeof(path),
			 err);
	if (rc == ERR_OK)
		rc = write_forms(f, daily_texts, ARRAY_SIZE(daily_texts), &d, stem, path,
				 sizeof(path), err);
	report_daily_free(&d);
	return rc;
}

static int final_monthly(const struct report_files *f, const struct report_run *r, const char *stem,
			 struct errmsg *err)
{
	const struct store_scope scope = {r->customer, ""};
	struct report_monthly m;
	char path[STEM + 32];
	int rc = store_monthly(f->store, &scope, &r->zone, r->period, r->due, &m, err);

	if (rc != ERR_OK)
		return rc;
	rc = write_forms(f, monthly_forms, ARRAY_SIZE(monthly_forms), &m, stem, path, sizeof(path),
			 err);
	if (rc == ERR_OK)
		rc = write_forms(f, monthly_texts, ARRAY_SIZE(monthly_texts), &m, stem, path,
				 sizeof(path), err);
	report_monthly_free(&m);
	return rc;
}

int report_file_final(const struct report_files *f, const struct report_run *r, char *ret_stem,
		      size_t cap, struct errmsg *err)
{
	char folder[STEM];
	int rc;

	snprintf(folder, sizeof(folder), "%s/final", f->folder);
	rc = file_make_folder(folder, 0755, err);
	if (rc != ERR_OK)
		return rc;
	report_file_final_stem(f, r, ret_stem, cap);
	return (r->kind == REPORT_OF_DAY ? final_daily : final_monthly)(f, r, ret_stem, err);
}

enum { PDF_MAX = 256 << 20 };

int report_file_adopt(const struct report_files *f, const char *part, const char *path,
		      struct errmsg *err)
{
	struct slice bytes = {NULL, 0};
	int rc = file_read(part, PDF_MAX, &bytes, err);

	if (rc != ERR_OK)
		return rc;
	rc = write_signature(f->keys, path, bytes, err);
	payload_free(&bytes);
	if (rc == ERR_OK && rename(part, path) != 0)
		return errmsg_set(err, ERR_IO, "%s: cannot be renamed to %s", part, path);
	return rc;
}
