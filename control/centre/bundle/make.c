#include "control/centre/bundle/make.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/store/rollouts.h"
#include "control/wire/file.h"
#include "dataplane/base/clock.h"

static const char *text_at(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

/* Patterns, rule-sets and lists are installed beside the signatures, never in their place. */
static const char *file_kind(enum bundle_kind kind)
{
	return kind == BUNDLE_SIGNATURES ? "bundle" : "pattern";
}

static json_t *files_of(struct centre *c, struct errmsg *e)
{
	if (c->fleet)
		return fleet_files(c->store, e);
	errmsg_set(e, ERR_UNSUPPORTED, "this centre has no fleet");
	return NULL;
}

static int next_number(struct centre *c, const struct bundle *head, uint64_t *ret, struct errmsg *e)
{
	json_t *files = files_of(c, e), *file;
	size_t i, len = strlen(head->name);

	*ret = 1;
	if (!files)
		return c->fleet ? ERR_IO : ERR_UNSUPPORTED;
	json_array_foreach(files, i, file)
	{
		const char *version = text_at(file, "version");
		uint64_t n;

		if (strcmp(text_at(file, "kind"), file_kind(head->kind)) != 0 ||
		    strncmp(version, head->name, len) != 0 || version[len] != '-')
			continue;
		n = strtoull(version + len + 1, NULL, 10);
		if (n >= *ret)
			*ret = n + 1;
	}
	json_decref(files);
	return ERR_OK;
}

static int lay_down(struct centre *c, const struct bundle *b, struct slice bytes, const char *actor,
		    const char *reason, struct bundle_made *ret, struct errmsg *e)
{
	struct local_peer peer = {.uid = geteuid(), .account = actor};
	json_t *request, *answer = NULL;
	char path[600];
	int rc;

	ret->number = b->version;
	if ((size_t)snprintf(ret->version, sizeof(ret->version), "%s-%llu", b->name,
			     (unsigned long long)b->version) >= sizeof(ret->version))
		return errmsg_set(e, ERR_LIMIT, "the name %s is too long", b->name);
	snprintf(path, sizeof(path), "%s/bundle.new", c->state_folder);
	rc = file_write(path, bytes, 0600, e);
	request = json_pack("{ss ss ss ss ss}", "what", "file", "kind", file_kind(b->kind),
			    "version", ret->version, "path", path, "reason", reason);
	if (rc == ERR_OK)
		answer = fleet_do_change(c->fleet, &peer, request, e);
	json_decref(request);
	unlink(path);
	if (rc != ERR_OK || !answer)
		return rc != ERR_OK ? rc : ERR_EXISTS;
	json_decref(answer);
	return ERR_OK;
}

int bundle_publish(struct centre *c, const struct bundle *head, struct bundle_source *files,
		   unsigned n, const char *actor, const char *reason, struct bundle_made *ret,
		   struct errmsg *e)
{
	struct bundle b = *head;
	struct slice bytes;
	int rc;

	if (!c->config.bundle_key[0])
		return errmsg_set(e, ERR_UNSUPPORTED,
				  "this centre has no key to sign with (bundle-key): make the "
				  "bundle elsewhere and hand it in");
	rc = next_number(c, &b, &b.version, e);
	if (rc != ERR_OK)
		return rc;
	b.made = (int64_t)(loop_wall(c->loop) / NS_PER_SEC);
	rc = bundle_make(&b, files, n, c->config.bundle_key, &bytes, e);
	if (rc != ERR_OK)
		return rc;
	rc = lay_down(c, &b, bytes, actor, reason, ret, e);
	free((void *)(uintptr_t)bytes.data);
	return rc;
}

int bundle_hand_in(struct centre *c, struct slice bytes, const char *actor, const char *reason,
		   struct bundle_made *ret, struct errmsg *e)
{
	struct bundle b;
	int rc = bundle_parse(bytes, &b, e);

	if (rc != ERR_OK)
		return ERR_INVALID;
	rc = bundle_check_time(&b, (int64_t)(loop_wall(c->loop) / NS_PER_SEC), e);
	if (rc != ERR_OK)
		rc = ERR_INVALID;
	else if (!c->fleet)
		rc = errmsg_set(e, ERR_UNSUPPORTED, "this centre has no fleet");
	else
		rc = lay_down(c, &b, bytes, actor, reason, ret, e);
	bundle_done(&b);
	return rc;
}

int bundle_newest(struct centre *c, struct slice *ret, char ret_version[64], struct errmsg *e)
{
	json_t *files = files_of(c, e), *file, *best = NULL;
	char path[512];
	size_t i;
	int rc;

	if (!files)
		return c->fleet ? ERR_IO : ERR_UNSUPPORTED;
	json_array_foreach(files, i, file)
	{
		if (strcmp(text_at(file, "kind"), "bundle") == 0 &&
		    (!best || json_integer_value(json_object_get(file, "made")) >=
				      json_integer_value(json_object_get(best, "made"))))
			best = file;
	}
	rc = best ? ERR_OK
		  : errmsg_set(e, ERR_NOTFOUND, "no signature bundle has been handed in yet");
	if (best) {
		snprintf(ret_version, 64, "%s", text_at(best, "version"));
		fleet_path(c->fleet, text_at(best, "sha256"), path);
		rc = file_read(path, BUNDLE_MAX, ret, e);
	}
	json_decref(files);
	return rc;
}
