#include "control/centre/bundle/routes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/centre.h"
#include "control/wire/file.h"
#include "signatures/bundle/bundle.h"

/* What is shown of the newest files; each is read for it. */
enum { MOST = 20, PACK_MAX = 1 << 16 };

/* Lines of a rules file that are rules. */
static unsigned count_rules(const struct bundle *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		struct slice text;
		const char *at;

		if (strncmp(b->files[i].path, "rules/", 6) != 0 ||
		    bundle_unpack(&b->files[i], &text, NULL) != ERR_OK)
			continue;
		for (at = (const char *)text.data; at; at = strchr(at, '\n'), at += at != NULL)
			n += *at >= 'a' && *at <= 'z';
		free((void *)text.data);
	}
	return n;
}

/* Its pack.json files: what they are, in both languages. */
static json_t *packs_of(const struct bundle *b)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < b->n; i++) {
		struct slice text;
		json_t *pack;

		if (strncmp(b->files[i].path, "packs/", 6) != 0 || b->files[i].size > PACK_MAX ||
		    bundle_unpack(&b->files[i], &text, NULL) != ERR_OK)
			continue;
		pack = json_loadb((const char *)text.data, text.len, 0, NULL);
		free((void *)text.data);
		if (json_is_object(pack))
			json_array_append_new(all, pack);
		else
			json_decref(pack);
	}
	return all;
}

/* A rule-set's files as they are written. */
static json_t *settings_of(const struct bundle *b)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < b->n; i++) {
		struct slice text;

		if (strncmp(b->files[i].path, "config/", 7) != 0 || b->files[i].size > PACK_MAX ||
		    bundle_unpack(&b->files[i], &text, NULL) != ERR_OK)
			continue;
		json_object_set_new(all, b->files[i].path + 7,
				    json_stringn((const char *)text.data, text.len) ?: json_null());
		free((void *)text.data);
	}
	return all;
}

static json_t *describe(const json_t *file, const struct bundle *b)
{
	json_t *o = json_pack("{ss ss sI sI sI ss si so so}", "kind", bundle_kind_names[b->kind],
			      "name", b->name, "number", (json_int_t)b->version, "made",
			      (json_int_t)b->made, "expires", (json_int_t)b->expires, "note",
			      b->note, "rules", (int)count_rules(b), "packs", packs_of(b),
			      "settings", settings_of(b));

	/* As the fleet knows the file: what a roll-out names. */
	json_object_set(o, "version", json_object_get(file, "version"));
	json_object_set(o, "sha256", json_object_get(file, "sha256"));
	json_object_set(o, "size", json_object_get(file, "size"));
	return o;
}

static json_t *read_bundle(struct fleet *f, const json_t *file)
{
	const char *sha256 = json_string_value(json_object_get(file, "sha256"));
	struct slice bytes;
	char path[512];
	struct bundle b;
	json_t *o = NULL;

	if (!sha256)
		return NULL;
	fleet_path(f, sha256, path);
	if (file_read(path, BUNDLE_MAX, &bytes, NULL) != 0)
		return NULL;
	if (bundle_parse(bytes, &b, NULL) == ERR_OK) {
		o = describe(file, &b);
		bundle_done(&b);
	}
	free((void *)bytes.data);
	return o;
}

static bool wanted(const json_t *bundle, const char *kind)
{
	const char *is = json_string_value(json_object_get(bundle, "kind"));

	return !kind[0] || (is && strcmp(is, kind) == 0);
}

/* `own`: the kind that is shown, "" = all; the list has the name that `key` gives. */
struct by {
	const char *kind, *key;
};

static int list(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	struct centre *c = ctx;
	const struct by *by = q->route->own;
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	json_t *request, *files, *all, *file, *one;
	size_t i;

	if (!c->fleet)
		return errmsg_set(e, ERR_UNSUPPORTED, "a demonstration has no boxes");
	if (q->who.customer[0])
		return errmsg_set(e, ERR_NOTFOUND, "there is no such thing");
	request = json_pack("{ss}", "what", "files");
	files = fleet_do_read(c->fleet, &peer, request, e);
	json_decref(request);
	if (!files)
		return ERR_IO;
	all = json_array();
	json_array_foreach(json_object_get(files, "files"), i, file)
	{
		if (json_array_size(all) == MOST)
			break;
		one = read_bundle(c->fleet, file);
		if (one && wanted(one, by->kind))
			json_array_append(all, one);
		json_decref(one);
	}
	json_decref(files);
	ret->json = json_pack("{so sb}", by->key, all, "can_sign", c->config.bundle_key[0] != 0);
	return ERR_OK;
}

#define BY(kind, key)                                                                              \
	.fn = list, .own = &(const struct by)                                                      \
	{                                                                                          \
		kind, key                                                                          \
	}

static const struct api_route routes[] = {
	{"GET", "/api/v1/bundles", API_MAY_SEE,
	 .summary = "what is in the bundles, patterns and rule-sets that can be rolled out",
	 .returns = "bundles: kind, name, number, made, note, rules, packs, settings, version; "
		    "can_sign",
	 BY("", "bundles")},
	{"GET", "/api/v1/rule-sets", API_MAY_SEE,
	 .summary = "filters of each scope: what is enabled, disabled, changed",
	 .returns = "rule_sets, as bundles", BY("rule-set", "rule_sets")},
	{"GET", "/api/v1/custom-patterns", API_MAY_SEE, .summary = "patterns made from samples",
	 .returns = "custom_patterns, as bundles", BY("pattern", "custom_patterns")},
};

struct api_table bundle_routes(struct centre *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
