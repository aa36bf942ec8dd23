#include "control/centre/report_file.h"

#include <string.h>

#include "control/wire/file.h"
#include "control/wire/message.h"
#include "control/wire/sign.h"
#include "dataplane/base/slice.h"

enum { STEM = 512, FILE_MAX = 256 << 20 };

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

void report_file_name(enum report_period kind, const struct store_scope *scope, char *ret,
		      size_t cap)
{
	char name[160];

	safe_name(scope, name, sizeof(name));
	snprintf(ret, cap, "%s-%s", report_kind_words[kind], name);
}

static const char *date_text(enum report_period kind, const struct zone *zone, uint64_t when,
			     char ret[ZONE_TEXT])
{
	return kind == REPORT_OF_DAY ? zone_day_text(zone, zone_day(zone, when, 0), ret)
				     : zone_month_text(zone, zone_month(zone, when, 0), ret);
}

int report_file_order(const struct report_files *f, enum report_period kind,
		      const struct store_scope *scope, uint64_t when, uint64_t now,
		      struct report_order *ret, struct errmsg *err)
{
	char name[160], date[ZONE_TEXT];

	*ret = (struct report_order){
		.kind = kind, .forms = REPORT_PAGES, .zone = f->zone, .when = when, .made = now};
	snprintf(ret->customer, sizeof(ret->customer), "%s", scope->customer);
	snprintf(ret->site, sizeof(ret->site), "%s", scope->site);
	safe_name(scope, name, sizeof(name));
	snprintf(ret->stem, STEM, "%s/%s-%s-%s", f->folder, report_kind_words[kind], name,
		 date_text(kind, &f->zone, when, date));
	return file_make_folder(f->folder, 0755, err);
}

/* --- final ones --- */

void report_file_final_stem(const struct report_files *f, const struct report_run *r, char *ret,
			    size_t cap)
{
	const struct store_scope scope = {r->customer, ""};
	char name[160], date[ZONE_TEXT], stem[STEM];

	safe_name(&scope, name, sizeof(name));
	snprintf(stem, sizeof(stem), "%s/final/%s-%s-%s.v%u", f->folder, report_kind_words[r->kind],
		 name, date_text(r->kind, &r->zone, r->period, date), r->version);
	snprintf(ret, cap, "%s", stem);
}

int report_file_final_order(const struct report_files *f, const struct report_run *r,
			    struct report_order *ret, struct errmsg *err)
{
	char folder[STEM];

	*ret = (struct report_order){.kind = r->kind,
				     .forms = REPORT_ALL,
				     .zone = r->zone,
				     .when = r->period,
				     .made = r->due};
	snprintf(ret->customer, sizeof(ret->customer), "%s", r->customer);
	snprintf(ret->name, sizeof(ret->name), "%s", r->name);
	report_file_final_stem(f, r, ret->stem, sizeof(ret->stem));
	snprintf(folder, sizeof(folder), "%s/final", f->folder);
	return file_make_folder(folder, 0755, err);
}

/* --- signed --- */

/* The signature first, so that a new file never stands beside none. */
int report_file_adopt(const struct report_files *f, const char *part, const char *path,
		      struct errmsg *err)
{
	struct slice bytes = {NULL, 0};
	uint8_t signature[SIGN_MAX];
	char beside[REPORT_PATH + 64];
	size_t len;
	int rc = file_read(part, FILE_MAX, &bytes, err);

	if (rc != ERR_OK)
		return rc;
	rc = sign_bytes(f->keys, bytes, signature, &len, err);
	payload_free(&bytes);
	snprintf(beside, sizeof(beside), "%s.sig", path);
	rc = rc == ERR_OK ? file_write(beside, SLICE(signature, len), 0644, err) : rc;
	if (rc == ERR_OK && rename(part, path) != 0)
		return errmsg_set(err, ERR_IO, "%s: cannot be renamed to %s", part, path);
	return rc;
}

/* The English page last: who sees it finds the others. */
int report_file_adopt_all(const struct report_files *f, const struct report_order *o,
			  struct errmsg *err)
{
	static const unsigned order[REPORT_FORMS] = {0, 1, 4, 5, 2, 3};
	char part[REPORT_PATH + 40], path[REPORT_PATH + 32];
	int rc = ERR_OK;

	for (unsigned i = 0; i < REPORT_FORMS && rc == ERR_OK; i++) {
		if (!(o->forms & 1u << order[i]))
			continue;
		snprintf(path, sizeof(path), "%s.%s", o->stem, report_form_ending(order[i]));
		snprintf(part, sizeof(part), "%s.part", path);
		rc = report_file_adopt(f, part, path, err);
	}
	return rc;
}
