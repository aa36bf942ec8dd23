#include "dataplane/files/file_yara.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yara.h>

enum { OWN_SID = 1 << 30 };

struct file_yara {
	YR_RULES *rules;
	unsigned count;
};

static void on_message(int level, const char *file, int line, const YR_RULE *rule,
		       const char *message, void *ctx)
{
	struct errmsg *err = ctx;

	if (level == YARA_ERROR_LEVEL_ERROR && err && err->text[0] == '\0')
		errmsg_set(err, ERR_INVALID, "%s:%d: %s", file ? file : "YARA rules", line,
			   message);
}

static int compile(struct file_yara *y, const char *path, FILE *f, struct errmsg *err)
{
	const char *slash = strrchr(path, '/');
	YR_COMPILER *compiler = NULL;
	YR_RULE *rule;
	int rc = ERR_OK;

	if (yr_compiler_create(&compiler) != ERROR_SUCCESS)
		return errmsg_set(err, ERR_NOMEM, "%s: no memory for YARA rules", path);
	if (err)
		err->text[0] = '\0';
	yr_compiler_set_callback(compiler, on_message, err);
	if (yr_compiler_add_file(compiler, f, slash ? slash + 1 : path, path) != 0)
		rc = ERR_INVALID;
	else if (yr_compiler_get_rules(compiler, &y->rules) != ERROR_SUCCESS)
		rc = errmsg_set(err, ERR_NOMEM, "%s: no memory for YARA rules", path);
	yr_compiler_destroy(compiler);
	if (rc != ERR_OK)
		return rc;
	yr_rules_foreach(y->rules, rule)
	{
		y->count++;
	}
	return ERR_OK;
}

struct file_yara *file_yara_load(const char *path, struct errmsg *err)
{
	struct file_yara *y = calloc(1, sizeof(*y));
	FILE *f = fopen(path, "re");

	if (!f) {
		errmsg_set(err, ERR_IO, "files.yara: %s: cannot be read (%s)", path,
			   strerror(errno));
		free(y);
		return NULL;
	}
	if (!y || yr_initialize() != ERROR_SUCCESS) {
		errmsg_set(err, ERR_NOMEM, "%s: no memory for YARA rules", path);
		fclose(f);
		free(y);
		return NULL;
	}
	if (compile(y, path, f, err) != ERR_OK) {
		file_yara_free(y);
		y = NULL;
	}
	fclose(f);
	return y;
}

void file_yara_free(struct file_yara *y)
{
	if (!y)
		return;
	if (y->rules)
		yr_rules_destroy(y->rules);
	yr_finalize();
	free(y);
}

unsigned file_yara_rules(const struct file_yara *y)
{
	return y->count;
}

/* FNV-1a: the same rule has the same number everywhere. */
static uint32_t number_of(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return OWN_SID | (h & (OWN_SID - 1));
}

static void take_meta(struct file_yara_hit *h, YR_RULE *rule)
{
	YR_META *meta;

	yr_rule_metas_foreach(rule, meta)
	{
		bool number = meta->type == META_TYPE_INTEGER;

		if (strcmp(meta->identifier, "description") == 0 && meta->type == META_TYPE_STRING)
			h->description = meta->string;
		else if (strcmp(meta->identifier, "sid") == 0 && number && meta->integer > 0 &&
			 meta->integer < OWN_SID)
			h->sid = (uint32_t)meta->integer;
		else if (strcmp(meta->identifier, "severity") == 0 && number &&
			 meta->integer >= 1 && meta->integer <= 4)
			h->severity = (uint32_t)meta->integer;
	}
}

static void take_strings(struct file_yara_hit *h, YR_SCAN_CONTEXT *context, YR_RULE *rule)
{
	YR_STRING *string;

	yr_rule_strings_foreach(rule, string)
	{
		YR_MATCH *match = context->matches[string->idx].head;

		if (!match || h->string_count == FILE_YARA_STRINGS)
			continue;
		h->strings[h->string_count].name = string->identifier;
		h->strings[h->string_count].offset = (uint64_t)(match->base + match->offset);
		h->string_count++;
	}
}

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
	const struct file_yara_sink *sink = ctx;
	YR_RULE *rule = data;
	struct file_yara_hit h = {.severity = 2};
	const char *tag;

	if (message != CALLBACK_MSG_RULE_MATCHING)
		return CALLBACK_CONTINUE;
	h.rule = rule->identifier;
	h.space = rule->ns->name;
	h.sid = number_of(rule->identifier);
	take_meta(&h, rule);
	yr_rule_tags_foreach(rule, tag)
	{
		if (h.tag_count < FILE_YARA_TAGS)
			h.tags[h.tag_count++] = tag;
	}
	take_strings(&h, context, rule);
	sink->hit(sink->ctx, &h);
	return CALLBACK_CONTINUE;
}

enum file_yara_result file_yara_scan(struct file_yara *y, struct slice bytes,
				     const struct file_yara_sink *sink)
{
	int rc =
		yr_rules_scan_mem(y->rules, bytes.data, bytes.len, SCAN_FLAGS_REPORT_RULES_MATCHING,
				  on_scan, (void *)sink, FILE_YARA_SECONDS);

	if (rc == ERROR_SCAN_TIMEOUT)
		return FILE_YARA_TIMEOUT;
	return rc == ERROR_SUCCESS ? FILE_YARA_DONE : FILE_YARA_FAILED;
}
