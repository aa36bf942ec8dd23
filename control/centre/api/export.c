/* The audit log to take away: who did what, signed by the centre. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/centre/api/pages.h"
#include "control/centre/api/scope.h"
#include "control/centre/api/tar.h"
#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum { CERTIFICATE_MAX = 64 << 10 };

static const char readme[] =
	"audit.jsonl: one act a line, the latest first; the first line says what the file is.\n"
	"To see that nobody changed it since the centre gave it out:\n"
	"\n"
	"  openssl x509 -in centre.pem -pubkey -noout > centre.pub\n"
	"  openssl dgst -sha256 -verify centre.pub -signature audit.jsonl.sig audit.jsonl\n"
	"\n"
	"audit.jsonl は操作記録です。1 行が 1 "
	"件で、新しいものから並びます。先頭行は書き出しの条件です。\n"
	"監視センターが書き出した後に改変されていないことは、上記の openssl "
	"コマンドで確認できます。\n";

/* A line of that customer's, within the period; the vendor's people without one: all. */
static bool is_wanted(const json_t *line, const struct store_query *w)
{
	const char *of =
		json_string_value(json_object_get(json_object_get(line, "detail"), "customer"));
	const char *time = json_string_value(json_object_get(line, "time"));
	uint64_t at = time ? api_time_parse(time) : 0;

	return at >= w->from && at < w->to &&
	       (!w->scope.customer[0] || (of && strcmp(of, w->scope.customer) == 0));
}

/* Numbers and hashes of the chain say how much others do. */
static void put_line(const json_t *line, bool whole, FILE *out)
{
	static const char *const chain[] = {"n", "seq", "prev", "hash"};
	json_t *copy = json_copy((json_t *)(uintptr_t)line);

	for (size_t i = 0; i < ARRAY_SIZE(chain) && !whole; i++)
		json_object_del(copy, chain[i]);
	json_dumpf(copy, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(copy);
}

static json_t *time_text(uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_SEC);
	struct tm tm;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	return json_string(text);
}

static void put_head(struct centre *c, const struct api_request *q, const struct store_query *w,
		     size_t lines, bool is_cut, FILE *out)
{
	struct audit_head head;
	json_t *o = json_pack("{ss so so so sI sb}", "banken", "audit", "customer",
			      local_text(w->scope.customer), "given_to", local_text(q->who.name),
			      "made", time_text(q->now), "lines", (json_int_t)lines,
			      "older_lines_left_out", (int)is_cut);

	if (q->who.may & API_MAY_ALL) {
		audit_get_head(c->audit, &head);
		json_object_set_new(o, "chain_lines", json_integer((json_int_t)head.lines));
		json_object_set_new(o, "chain_hash", json_string(head.hash));
	}
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}

/* The file's bytes, to be freed. */
static int write_lines(struct centre *c, const struct api_request *q, const struct store_query *w,
		       char **ret, size_t *ret_len, struct errmsg *e)
{
	json_t *all, *mine = json_array(), *line;
	FILE *out = open_memstream(ret, ret_len);
	char path[600];
	size_t i;

	snprintf(path, sizeof(path), "%s/audit.log", c->state_folder);
	all = out ? audit_latest(path, AUDIT_LATEST_MAX, e) : NULL;
	json_array_foreach(all, i, line)
	{
		if (is_wanted(line, w))
			json_array_append(mine, line);
	}
	if (all)
		put_head(c, q, w, json_array_size(mine), json_array_size(all) == AUDIT_LATEST_MAX,
			 out);
	json_array_foreach(mine, i, line) put_line(line, q->who.may & API_MAY_ALL, out);
	json_decref(mine);
	if (out && fclose(out) != 0)
		all = NULL;
	if (!all)
		return e->text[0] ? ERR_IO : errmsg_set(e, ERR_NOMEM, "no memory");
	json_decref(all);
	return ERR_OK;
}

/* Parts of the download. */
static int pack(struct centre *c, const struct api_request *q, struct slice lines,
		struct api_answer *ret, struct errmsg *e)
{
	uint64_t now = q->now / NS_PER_SEC;
	uint8_t signature[SIGN_MAX];
	struct slice certificate = {NULL, 0};
	char path[600];
	size_t len;
	FILE *out;
	int rc = sign_bytes(c->keys, lines, signature, &len, e);

	snprintf(path, sizeof(path), "%s/own.crt", c->config.keys_folder);
	rc = rc == ERR_OK ? file_read(path, CERTIFICATE_MAX, &certificate, e) : rc;
	if (rc != ERR_OK)
		return ERR_IO;
	out = open_memstream(&ret->bytes, &ret->len);
	if (out) {
		tar_add(out, "README.txt", SLICE_STR(readme), now);
		tar_add(out, "audit.jsonl", lines, now);
		tar_add(out, "audit.jsonl.sig", SLICE(signature, len), now);
		tar_add(out, "centre.pem", certificate, now);
		tar_end(out);
		rc = fclose(out) == 0 ? ERR_OK : ERR_NOMEM;
	}
	payload_free(&certificate);
	return out ? rc : errmsg_set(e, ERR_NOMEM, "no memory");
}

static int export(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	char *lines = NULL, date[ZONE_TEXT];
	struct store_query w;
	size_t len = 0;
	int rc = scope_query(c->store, q, 0, &w, e);

	if (rc != ERR_OK)
		return rc;
	if (!c->keys)
		return errmsg_set(e, ERR_UNSUPPORTED, "a demonstration has no key to sign with");
	rc = write_lines(c, q, &w, &lines, &len, e);
	rc = rc == ERR_OK ? pack(c, q, SLICE(lines, len), ret, e) : rc;
	free(lines);
	if (rc != ERR_OK)
		return rc;
	ret->type = "application/x-tar";
	snprintf(ret->file_name, sizeof(ret->file_name), "audit-%s%s%s.tar", w.scope.customer,
		 w.scope.customer[0] ? "-" : "", zone_day_text(&c->zone, q->now, date));
	return pages_audit(c, q->who.name, w.scope.customer, "audit exported", json_copy(q->args),
			   e) < 0
		       ? ERR_IO
		       : ERR_OK;
}

static const struct api_field fields[] = {
	{"customer", API_IN_QUERY, API_TEXT, false, 0, 64, NULL,
	 "the vendor's people: one customer's only"},
	SCOPE_PERIOD_FIELDS,
};

static const struct api_route routes[] = {
	{"GET", "/api/v1/audit/export", API_MAY_ADMIN,
	 .summary = "the audit log as a file with the centre's signature",
	 .returns = "a tar: audit.jsonl, its signature, the certificate, how to check it",
	 .fields = fields, .n_fields = ARRAY_SIZE(fields), .fn = export},
};

struct api_table export_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
