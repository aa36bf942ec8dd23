#include "control/centre/report_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/base/slice.h"

typedef int (*write_fn)(const void *report, FILE *out);

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

static int daily_text_en(const void *r, FILE *out)
{
	return report_daily_text(r, REPORT_ENGLISH, out);
}

static int daily_text_ja(const void *r, FILE *out)
{
	return report_daily_text(r, REPORT_JAPANESE, out);
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

static int monthly_text_en(const void *r, FILE *out)
{
	return report_monthly_text(r, REPORT_ENGLISH, out);
}

static int monthly_text_ja(const void *r, FILE *out)
{
	return report_monthly_text(r, REPORT_JAPANESE, out);
}

/* By bit. */
static const struct {
	const char *ending;
	write_fn write[REPORT_PERIODS];
} forms[REPORT_FORMS] = {
	{"csv", {daily_csv, monthly_csv}},
	{"json", {daily_json, monthly_json}},
	{"ja.html", {daily_ja, monthly_ja}},
	{"en.html", {daily_en, monthly_en}},
	{"ja.txt", {daily_text_ja, monthly_text_ja}},
	{"en.txt", {daily_text_en, monthly_text_en}},
};

const char *report_form_ending(unsigned form_index)
{
	return form_index < REPORT_FORMS ? forms[form_index].ending : "";
}

static int write_form(const struct report_order *o, unsigned form, const void *report,
		      struct errmsg *err)
{
	char path[REPORT_PATH + 32];
	FILE *out;
	int rc;

	snprintf(path, sizeof(path), "%s.%s.part", o->stem, forms[form].ending);
	out = fopen(path, "we");
	if (!out)
		return errmsg_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	rc = forms[form].write[o->kind](report, out);
	/* On the disk before it is signed and named. */
	if (rc == ERR_OK && (fflush(out) != 0 || fsync(fileno(out)) != 0))
		rc = ERR_IO;
	if (fclose(out) != 0 && rc == ERR_OK)
		rc = ERR_IO;
	return rc == ERR_OK ? rc : errmsg_set(err, rc, "%s: cannot be written whole", path);
}

static void remove_forms(const struct report_order *o)
{
	char path[REPORT_PATH + 32];

	for (unsigned i = 0; i < REPORT_FORMS; i++) {
		snprintf(path, sizeof(path), "%s.%s.part", o->stem, forms[i].ending);
		if (o->forms & 1u << i)
			unlink(path);
	}
}

static int write_forms(const struct report_order *o, const void *report, struct errmsg *err)
{
	int rc = ERR_OK;

	for (unsigned i = 0; i < REPORT_FORMS && rc == ERR_OK; i++) {
		if (o->forms & 1u << i)
			rc = write_form(o, i, report, err);
	}
	if (rc != ERR_OK)
		remove_forms(o);
	return rc;
}

static int make_daily(struct store *s, const struct report_order *o, struct errmsg *err)
{
	const struct store_scope scope = {o->customer, o->site};
	struct report_daily d;
	int rc = store_daily(s, &scope, zone_day(&o->zone, o->when, 0),
			     zone_day(&o->zone, o->when, 1), &d, err);

	if (rc != ERR_OK)
		return rc;
	d.zone = o->zone;
	d.made = o->made;
	if (o->name[0]) {
		free(d.customer);
		d.customer = strdup(o->name);
	}
	rc = write_forms(o, &d, err);
	report_daily_free(&d);
	return rc;
}

static int make_monthly(struct store *s, const struct report_order *o, struct errmsg *err)
{
	const struct store_scope scope = {o->customer, o->site};
	struct report_monthly m;
	int rc = store_monthly(s, &scope, &o->zone, o->when, o->made, &m, err);

	if (rc != ERR_OK)
		return rc;
	rc = write_forms(o, &m, err);
	report_monthly_free(&m);
	return rc;
}

int report_make(struct store *s, const struct report_order *o, struct errmsg *err)
{
	return (o->kind == REPORT_OF_DAY ? make_daily : make_monthly)(s, o, err);
}
