/* The fleet's list of known-bad entries over the HTTP API: offers taken over, entries of one's own,
 * the list as a signed bundle. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "control/centre/bundle/make.h"
#include "control/centre/bundle/routes.h"
#include "control/centre/store/entries.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

enum { DAYS_MOST = 3650, VALUE_MAX = 500, SHOWN = 1000 };

static const char list_name[] = "fleet-list";

/* The whole entry is the vendor's: a customer's account is not told that it is there. */
static int vendor_only(const struct api_request *q, struct errmsg *e)
{
	return q->who.may & API_MAY_ALL ? ERR_OK
					: errmsg_set(e, ERR_NOTFOUND, "there is no such thing");
}

static int noted(struct centre *c, const struct api_request *q, const char *what, struct errmsg *e)
{
	if (pages_audit(c, q->who.name, "", what, json_copy(q->args), e) < 0)
		return ERR_IO;
	pages_changed(c, "", "lists");
	return ERR_OK;
}

static uint64_t until_of(const struct api_request *q)
{
	int64_t days = api_number(q, "days", 0);

	return days > 0 ? q->now + (uint64_t)days * NS_PER_DAY : 0;
}

static struct store_entry entry_of(const struct api_request *q)
{
	return (struct store_entry){.kind = api_text(q, "kind"),
				    .value = api_text(q, "value"),
				    .comment = api_text(q, "comment"),
				    .by = q->who.name,
				    .added = q->now,
				    .until = until_of(q)};
}

static int list(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	int rc = vendor_only(q, e);

	if (rc != ERR_OK)
		return rc;
	ret->json = store_entries(c->store, true, q->now, SHOWN, e);
	return ret->json ? ERR_OK : ERR_IO;
}

static int accept(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const struct store_entry as = entry_of(q);
	struct centre *c = ctx;
	struct store_query w;
	int rc = vendor_only(q, e);

	rc = rc == ERR_OK ? scope_query(c->store, q, 0, &w, e) : rc;
	rc = rc == ERR_OK ? store_offer_accept(c->store, &w, api_text(q, "id"), &as, e) : rc;
	if (rc < 0)
		return rc;
	ret->json = json_pack("{si}", "entries", rc);
	return noted(c, q, "took over an offered entry", e);
}

static int put(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const struct store_entry x = entry_of(q);
	struct centre *c = ctx;
	int rc = vendor_only(q, e);

	(void)ret;
	if (rc == ERR_OK && strpbrk(x.value, " ,\"\t"))
		rc = errmsg_set(e, ERR_INVALID,
				"value: an entry has no blank, comma or quotation mark");
	rc = rc == ERR_OK ? store_entry_put(c->store, &x, e) : rc;
	return rc == ERR_OK ? noted(c, q, "put an entry on the fleet's list", e) : rc;
}

static int take_off(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct centre *c = ctx;
	int rc = vendor_only(q, e);

	(void)ret;
	rc = rc == ERR_OK
		     ? store_entry_remove(c->store, api_text(q, "kind"), api_text(q, "value"), e)
		     : rc;
	return rc == ERR_OK ? noted(c, q, "took an entry off the fleet's list", e) : rc;
}

/* --- the list as a file: what came from sites is hostile text --- */

static void put_field(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fputc(' ', out);
		else if (*text == '"')
			fputs("\"\"", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void put_until(const char *rfc3339, FILE *out)
{
	char text[32] = "";

	/* "2026-12-31T09:00:00.000Z" as lists write it: "2026-12-31 09:00:00" */
	if (rfc3339)
		snprintf(text, sizeof(text), "%.10s %.8s", rfc3339,
			 strlen(rfc3339) > 19 ? rfc3339 + 11 : "00:00:00");
	fputs(text, out);
}

static size_t write_list(const json_t *entries, FILE *out)
{
	static const char *const keys[] = {"kind", "value", "comment"};
	const json_t *row;
	size_t i;

	fputs("type,indicator,comment,valid_until\n", out);
	json_array_foreach(entries, i, row)
	{
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			put_field(json_string_value(json_object_get(row, keys[k])) ?: "", out);
			fputc(',', out);
		}
		put_until(json_string_value(json_object_get(row, "until")), out);
		fputc('\n', out);
	}
	return json_array_size(entries);
}

static int make_list(struct centre *c, const struct api_request *q, struct slice text,
		     struct bundle_made *ret, struct errmsg *e)
{
	struct bundle head = {.kind = BUNDLE_PATTERN};
	struct bundle_source file = {.content = text};

	snprintf(head.name, sizeof(head.name), "%s", list_name);
	snprintf(head.note, sizeof(head.note), "the fleet's known-bad entries");
	snprintf(file.path, sizeof(file.path), "lists/%s.csv", list_name);
	return bundle_publish(c, &head, &file, 1, q->who.name, api_text(q, "reason"), ret, e);
}

static int publish(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	struct bundle_made m;
	json_t *all = NULL;
	char *text = NULL;
	size_t len = 0, n = 0;
	int rc = vendor_only(q, e);
	FILE *out;

	if (rc != ERR_OK)
		return rc;
	all = store_entries(c->store, false, q->now, ENTRIES_MOST, e);
	out = all ? open_memstream(&text, &len) : NULL;
	if (out) {
		n = write_list(json_object_get(all, "entries"), out);
		rc = fclose(out) == 0 ? ERR_OK : ERR_NOMEM;
	}
	json_decref(all);
	if (!out || rc != ERR_OK)
		return ERR_IO;
	rc = n ? make_list(c, q, SLICE(text, len), &m, e)
	       : errmsg_set(e, ERR_EXISTS, "the fleet's list is empty");
	free(text);
	if (rc != ERR_OK)
		return rc;
	ret->json = json_pack("{ss sI sI}", "version", m.version, "number", (json_int_t)m.number,
			      "entries", (json_int_t)n);
	pages_changed(c, "", "bundles");
	return noted(c, q, "made the fleet's list", e);
}

/* --- the table --- */

#define FIELDS(list) .fields = list, .n_fields = ARRAY_SIZE(list)
#define REASON                                                                                     \
	{                                                                                          \
		"reason", API_IN_BODY, API_TEXT, true, 3, 120, NULL, "why, for the audit"          \
	}
#define KIND(required)                                                                             \
	{                                                                                          \
		"kind", API_IN_BODY, API_WORD, required, 0, 0, kinds, "of the entry"               \
	}
#define VALUE(required)                                                                            \
	{                                                                                          \
		"value", API_IN_BODY, API_TEXT, required, required ? 1 : 0, VALUE_MAX, NULL,       \
			"address, domain, URL or hash"                                             \
	}
#define DAYS                                                                                       \
	{                                                                                          \
		"days", API_IN_BODY, API_INTEGER, false, 0, DAYS_MOST, NULL,                       \
			"that it holds; 0: for ever"                                               \
	}
#define COMMENT                                                                                    \
	{                                                                                          \
		"comment", API_IN_BODY, API_TEXT, false, 0, ENTRY_COMMENT - 1, NULL,               \
			"shown with each hit"                                                      \
	}

static const char *const kinds[] = {"ip", "domain", "url", "file", NULL};

static const struct api_field accept_fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 127, NULL, "of the offer"},
	KIND(false),
	VALUE(false),
	DAYS,
	COMMENT,
	REASON,
};
static const struct api_field put_fields[] = {KIND(true), VALUE(true), DAYS, COMMENT, REASON};
static const struct api_field off_fields[] = {KIND(true), VALUE(true), REASON};
static const struct api_field publish_fields[] = {REASON};

static const struct api_route routes[] = {
	{"GET", "/api/v1/lists/fleet", API_MAY_SEE | API_MAY_ALL,
	 .summary = "the fleet's own known-bad entries", .returns = "entries, newest first",
	 .fn = list},
	{"POST", "/api/v1/lists/fleet", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "put an entry on it, or change it", FIELDS(put_fields), .fn = put},
	{"POST", "/api/v1/lists/fleet/remove", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "take an entry off it", FIELDS(off_fields), .fn = take_off},
	{"POST", "/api/v1/lists/fleet/publish", API_MAY_CHANGE | API_MAY_ALL,
	 .summary = "make and sign a bundle of it, to be rolled out",
	 .returns = "version: as a roll-out names it; entries", FIELDS(publish_fields),
	 .fn = publish},
	{"POST", "/api/v1/lists/{id}/accept", API_MAY_ANALYSE | API_MAY_ALL,
	 .summary = "take over what a site offers", .returns = "entries: how many",
	 FIELDS(accept_fields), .fn = accept},
};

struct api_table entry_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
