#include "control/mitigator/api/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/api/pages.h"
#include "control/mitigator/csv/csv.h"
#include "control/mitigator/undo/gather.h"
#include "control/wire/file.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum {
	CSV_ROWS = 200000,	 /* judgements of one file: some 30 MB */
	ZIP_UNPACKED = 64 << 20, /* lists packed for one answer; more: by threat */
	VERIFY_BYTES = 64 << 20, /* of the audit log */
	RESTORE_AT_ONCE = 10000, /* hosts */
};

static struct local_peer peer_of(const struct api_request *q)
{
	return (struct local_peer){.uid = geteuid(), .account = q->who.name};
}

/* A command's answer, or NULL with the sentence. `request` is given away. */
static json_t *ask(struct mitigator *m, const struct api_request *q, const char *name,
		   json_t *request, struct errmsg *e)
{
	struct local_peer peer = peer_of(q);
	json_t *answer;

	json_object_set_new(request, "do", json_string(name));
	answer = local_do(m, name, &peer, request, e);
	json_decref(request);
	return answer;
}

static void answer_text(struct api_answer *ret, char *text, size_t len, const char *type)
{
	ret->bytes = text;
	ret->len = len;
	ret->type = type;
}

/* ---- judgements ---- */

static const char *const columns[] = {"time",	 "host",    "level", "count",  "days",
				      "actions", "trigger", "mode",  "policy", "address"};

static void put_judgement(FILE *f, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const json_t *v = json_object_get(row, columns[i]);
		char number[24];

		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		csv_put(f, json_is_string(v) ? json_string_value(v) : number,
			i + 1 < ARRAY_SIZE(columns) ? ',' : '\n');
	}
}

/* All judgements of `args` (host, since) as a list for simulate; malloc'ed. */
static char *judgements(struct mitigator *m, const struct api_request *q, json_int_t since,
			size_t *ret_len, unsigned *ret_rows, struct errmsg *e)
{
	json_int_t after = 0;
	char *text = NULL;
	size_t n = 1, i;
	FILE *f = open_memstream(&text, ret_len);

	*ret_rows = 0;
	for (size_t k = 0; f && k < ARRAY_SIZE(columns); k++)
		fprintf(f, "%s%c", columns[k], k + 1 < ARRAY_SIZE(columns) ? ',' : '\n');
	while (f && n && *ret_rows < CSV_ROWS) {
		json_t *row, *answer = ask(m, q, "judgements",
					   json_pack("{ss sI sI}", "host", api_text(q, "host"),
						     "since", since, "after", after),
					   e);

		n = json_array_size(json_object_get(answer, "judgements"));
		json_array_foreach(json_object_get(answer, "judgements"), i, row)
			put_judgement(f, row);
		*ret_rows += (unsigned)n;
		after = json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
	}
	if (!f || fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int page_judgements_csv(void *ctx, const struct api_request *q, struct api_answer *ret,
			struct errmsg *e)
{
	unsigned rows;
	size_t len;
	char *text = judgements(ctx, q, api_number(q, "since", 0), &len, &rows, e);

	if (!text)
		return errmsg_set(e, ERR_NOMEM, "no memory");
	answer_text(ret, text, len, "text/csv; charset=utf-8");
	snprintf(ret->file_name, sizeof(ret->file_name), "judgements.csv");
	return ERR_OK;
}

/* ---- permission lists ---- */

/* A list in chunks from a command that answers "text" and "next"; malloc'ed. */
static char *fetch(struct mitigator *m, const struct api_request *q, const char *command,
		   const char *name, size_t *ret_len, json_t **ret_last, struct errmsg *e)
{
	json_t *answer = NULL;
	json_int_t from = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	do {
		json_decref(answer);
		answer = f ? ask(m, q, command, json_pack("{ss sI}", "name", name, "from", from), e)
			   : NULL;
		if (answer)
			fputs(text_member(answer, "text"), f);
		from = json_integer_value(json_object_get(answer, "next"));
	} while (from);
	if (f)
		fclose(f);
	if (!answer) {
		free(text);
		return NULL;
	}
	if (ret_last)
		*ret_last = json_incref(answer);
	json_decref(answer);
	return text;
}

int page_undo_list(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const char *name = api_text(q, "name");
	size_t len;
	char *text = fetch(ctx, q, "undo_list", name, &len, NULL, e);

	if (!text)
		return ERR_NOTFOUND;
	answer_text(ret, text, len, "text/csv; charset=utf-8");
	snprintf(ret->file_name, sizeof(ret->file_name), "%s", name);
	return ERR_OK;
}

static int add_kept(struct mitigator *m, const struct api_request *q, struct undo_zip *z,
		    struct errmsg *e)
{
	json_t *name, *answer = ask(m, q, "undo_lists",
				    json_pack("{ss}", "threat", api_text(q, "threat")), e);
	const json_t *lists = json_object_get(answer, "lists");
	size_t i, len, all = 0;
	int rc = answer ? 0 : ERR_IO;

	if (answer && json_array_size(lists) == 0)
		rc = errmsg_set(e, ERR_NOTFOUND, "no list was kept yet");
	json_array_foreach(lists, i, name)
	{
		char *text =
			rc < 0 ? NULL
			       : fetch(m, q, "undo_list", json_string_value(name), &len, NULL, e);

		all += text ? len : 0;
		if (rc == 0 && !text)
			rc = ERR_IO;
		if (rc == 0 && all > ZIP_UNPACKED)
			rc = errmsg_set(e, ERR_INVALID,
					"these are more than %d MiB: choose a threat",
					ZIP_UNPACKED >> 20);
		if (rc == 0)
			rc = undo_zip_add(z, json_string_value(name), SLICE(text, len), e);
		free(text);
	}
	json_decref(answer);
	return rc;
}

static int add_current(struct mitigator *m, const struct api_request *q, struct undo_zip *z,
		       struct errmsg *e)
{
	json_t *last = NULL, *threat;
	char name[UNDO_NAME];
	size_t i, len;
	char *text = fetch(m, q, "permissions", "", &len, &last, e);
	int rc = text ? 0 : ERR_IO;

	json_array_foreach(json_object_get(last, "threats"), i, threat)
	{
		if (rc == 0)
			rc = undo_zip_add(z, undo_name(json_string_value(threat), q->now, name),
					  SLICE(text, len), e);
	}
	if (rc == 0 && json_array_size(json_object_get(last, "threats")) == 0)
		rc = undo_zip_add(z, undo_name("none", q->now, name), SLICE(text, len), e);
	free(text);
	json_decref(last);
	return rc;
}

int page_undo_zip(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct undo_zip *z;
	struct slice file;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s/export.zip", m->settings.state_folder);
	z = undo_zip_new(path, e);
	if (!z)
		return ERR_IO;
	rc = json_is_true(json_object_get(q->args, "current")) ? add_current(m, q, z, e)
							       : add_kept(m, q, z, e);
	if (undo_zip_finish(z, rc == 0, rc == 0 ? e : NULL) < 0)
		return rc < 0 ? rc : ERR_IO;
	rc = rc < 0 ? rc : file_read(path, UNDO_ZIP_BYTES, &file, e);
	unlink(path);
	if (rc < 0)
		return rc;
	answer_text(ret, (char *)(uintptr_t)file.data, file.len, "application/zip");
	snprintf(ret->file_name, sizeof(ret->file_name), "banken-undo.zip");
	return ERR_OK;
}

static int restore_some(struct mitigator *m, const struct api_request *q, const char *threat,
			json_t *hosts, json_int_t counts[3], struct errmsg *e)
{
	static const char *const keys[] = {"released", "not_cut", "kept"};
	json_t *answer = ask(m, q, "restore",
			     json_pack("{ss so ss}", "threat", threat, "hosts", json_copy(hosts),
				       "reason", api_text(q, "reason")),
			     e);

	for (size_t i = 0; answer && i < ARRAY_SIZE(keys); i++)
		counts[i] += json_integer_value(json_object_get(answer, keys[i]));
	json_array_clear(hosts);
	json_decref(answer);
	return answer ? 0 : ERR_IO;
}

static int restore(struct mitigator *m, const struct api_request *q, const struct undo_threat *t,
		   json_int_t counts[3], struct errmsg *e)
{
	json_t *hosts = json_array(), *value;
	const char *name;
	int rc = 0;

	json_object_foreach(t->hosts, name, value)
	{
		json_array_append_new(hosts, json_string(name));
		if (rc == 0 && json_array_size(hosts) == RESTORE_AT_ONCE)
			rc = restore_some(m, q, t->threat, hosts, counts, e);
	}
	if (rc == 0 && json_array_size(hosts))
		rc = restore_some(m, q, t->threat, hosts, counts, e);
	json_decref(hosts);
	return rc;
}

int page_undo_import(void *ctx, const struct api_request *q, struct api_answer *ret,
		     struct errmsg *e)
{
	struct undo_gathered *all = undo_gather(q->bytes, api_text(q, "name"), e);
	struct mitigator *m = ctx;
	json_int_t counts[3] = {0};
	int rc = all ? 0 : ERR_INVALID;

	for (unsigned i = 0; rc == 0 && i < all->n; i++)
		rc = restore(m, q, &all->items[i], counts, e);
	undo_gathered_free(all);
	if (rc < 0)
		return rc;
	pages_changed(m, PAGE_CUTS | PAGE_HOSTS | PAGE_AUDIT);
	ret->json = json_pack("{sI sI sI}", "released", counts[0], "not_cut", counts[1], "kept",
			      counts[2]);
	return ERR_OK;
}

/* ---- the audit ---- */

int page_audit_verify(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	const char *head = api_text(q, "head");
	struct mitigator *m = ctx;
	struct errmsg why = {""};
	struct audit_head h;
	struct stat st;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s/audit.log", m->settings.state_folder);
	/* Read whole, on the loop: what takes longer than a moment is done elsewhere. */
	if (stat(path, &st) == 0 && st.st_size > VERIFY_BYTES)
		return errmsg_set(e, ERR_UNSUPPORTED,
				  "the log is larger than %d MiB: use banken audit verify %s",
				  VERIFY_BYTES >> 20, path);
	rc = audit_verify(path, head[0] ? head : NULL, &h, &why);
	if (rc < 0 && rc != ERR_INVALID)
		return errmsg_set(e, rc, "%s", why.text);
	ret->json = json_pack("{sb sI ss sI so}", "whole", rc == 0, "lines", (json_int_t)h.lines,
			      "hash", h.hash, "bad", (json_int_t)h.bad, "problem",
			      local_text(why.text));
	return ERR_OK;
}
