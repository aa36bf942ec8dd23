#include "control/centre/emergency/template.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/local.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

const char *const template_part_words[TEMPLATE_PARTS] = {"subject", "body", "webhook"};

enum token { TITLE, TEXT, KIND, CUSTOMER, SITE, HOST, TIME, NUMBER, MORE, LINK, TOKENS };

static const char *const tokens[TOKENS] = {"title", "text", "kind",   "customer", "site",
					   "host",  "time", "number", "more",	  "link"};

/* "{{title}}" at `at`: the token and the length of it all; TOKENS when it is none. */
static enum token token_at(const char *at, size_t *ret_len)
{
	const char *end = strstr(at, "}}");
	size_t n = end ? (size_t)(end - at) - 2 : 0;

	*ret_len = end ? n + 4 : 0;
	for (int t = 0; end && t < TOKENS; t++) {
		if (strlen(tokens[t]) == n && strncmp(tokens[t], at + 2, n) == 0)
			return (enum token)t;
	}
	return TOKENS;
}

/* --- what they stand for --- */

static const char *value_of(enum token t, const struct emergency *e, enum report_language l,
			    const struct emergency_sender *by, unsigned more, char ret[400])
{
	char when[ZONE_TEXT], offset[ZONE_TEXT];

	switch (t) {
	case TITLE:
		return e->title[l][0] ? e->title[l] : e->title[REPORT_ENGLISH];
	case TEXT:
		return e->text[l][0] ? e->text[l] : e->text[REPORT_ENGLISH];
	case KIND:
		return emergency_kind_words[e->kind];
	case CUSTOMER:
		return e->customer;
	case SITE:
		return e->site;
	case HOST:
		return e->host;
	case TIME:
		snprintf(ret, 400, "%s %s", zone_text(&by->zone, e->opened, when),
			 zone_offset_text(&by->zone, e->opened, offset));
		return ret;
	case NUMBER:
		snprintf(ret, 400, "%lld", (long long)e->id);
		return ret;
	case MORE:
		snprintf(ret, 400, "%u", more);
		return ret;
	default:
		emergency_link(by, ret, 400);
		return ret;
	}
}

/* A subject is one line; JSON has its own escapes; a mail's body is plain text. */
static void put(const char *text, enum template_part part, FILE *out)
{
	json_t *string = part == TEMPLATE_WEBHOOK ? local_text(text) : NULL;
	char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	if (quoted)
		fprintf(out, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
	for (const unsigned char *c = (const unsigned char *)text; *c && !quoted; c++) {
		bool is_break = *c == '\n' && part == TEMPLATE_BODY;

		fputc((*c < 0x20 || *c == 0x7f) && !is_break ? ' ' : *c, out);
	}
	free(quoted);
	json_decref(string);
}

char *template_expand(const char *text, enum template_part part, const struct emergency *e,
		      enum report_language language, const struct emergency_sender *by,
		      unsigned more)
{
	char *ret = NULL, room[400];
	size_t len, n;
	FILE *out = open_memstream(&ret, &len);

	if (!out)
		return NULL;
	while (*text) {
		enum token t = strncmp(text, "{{", 2) == 0 ? token_at(text, &n) : TOKENS;

		if (t == TOKENS) {
			fputc(*text++, out);
			continue;
		}
		put(value_of(t, e, language, by, more, room), part, out);
		text += n;
	}
	return fclose(out) == 0 ? ret : NULL;
}

/* --- checks --- */

char *template_preview(const char *text, enum template_part part, enum report_language language,
		       const struct emergency_sender *by)
{
	struct emergency *e = calloc(1, sizeof(*e));
	char *ret;

	if (!e)
		return NULL;
	e->id = 12;
	e->kind = EMERGENCY_INCIDENT;
	e->opened = 1795219200ULL * NS_PER_SEC;
	snprintf(e->customer, sizeof(e->customer), "aoba");
	snprintf(e->site, sizeof(e->site), "Osaka \"works\" <1>");
	snprintf(e->host, sizeof(e->host), "pc-17");
	for (int l = 0; l < REPORT_LANGUAGES; l++) {
		snprintf(e->title[l], sizeof(e->title[l]), "%s",
			 in_language((enum report_language)l, "Infected: a made-up example",
				     "感染(プレビュー用の例)"));
		snprintf(
			e->text[l], sizeof(e->text[l]), "%s",
			in_language((enum report_language)l,
				    "It came by a download.\n\n1. Leave the cable in.",
				    "ダウンロード経由です。\n\n1. ケーブルは抜かないでください。"));
	}
	ret = template_expand(text, part, e, language, by, 0);
	free(e);
	return ret;
}

static int check_json(const char *text, struct errmsg *err)
{
	const struct emergency_sender by = {"", "", "https://centre.example/", {""}};
	char *sample = template_preview(text, TEMPLATE_WEBHOOK, REPORT_ENGLISH, &by);
	json_error_t why;
	json_t *json = sample ? json_loads(sample, 0, &why) : NULL;
	int rc = json ? ERR_OK
		      : errmsg_set(err, ERR_INVALID, "a webhook's text must be JSON: %.100s",
				   sample ? why.text : "no memory");

	json_decref(json);
	free(sample);
	return rc;
}

int template_check(const char *text, enum template_part part, struct errmsg *err)
{
	if (strlen(text) > TEMPLATE_MAX)
		return errmsg_set(err, ERR_INVALID, "a template has at most %d bytes",
				  TEMPLATE_MAX);
	if (part == TEMPLATE_SUBJECT && strpbrk(text, "\r\n"))
		return errmsg_set(err, ERR_INVALID, "a subject is one line");
	for (const char *at = strstr(text, "{{"); at; at = strstr(at, "{{")) {
		size_t n;

		if (token_at(at, &n) == TOKENS)
			return errmsg_set(err, ERR_INVALID,
					  "%.*s is no token; there are {{title}}, {{text}}, "
					  "{{kind}}, {{customer}}, {{site}}, {{host}}, {{time}}, "
					  "{{number}}, {{more}} and {{link}}",
					  n ? (int)(n < 40 ? n : 40) : 20, at);
		at += n;
	}
	return part == TEMPLATE_WEBHOOK ? check_json(text, err) : ERR_OK;
}
