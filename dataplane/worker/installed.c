#include "dataplane/worker/installed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/files/digest.h"

enum { FILE_MAX = 256 << 20 };

/* To be freed; empty when there is no such file. */
static int read_file(const char *path, struct slice *ret, struct errmsg *err)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	uint8_t *bytes;
	size_t n;

	*ret = SLICE(NULL, 0);
	if (!f && errno == ENOENT)
		return ERR_OK;
	if (!f || fstat(fileno(f), &st) || st.st_size > FILE_MAX) {
		if (f)
			fclose(f);
		return errmsg_set(err, ERR_IO, "%s cannot be read: %s", path,
				  f ? "too large" : strerror(errno));
	}
	bytes = malloc((size_t)st.st_size + 1);
	n = bytes ? fread(bytes, 1, (size_t)st.st_size, f) : 0;
	fclose(f);
	if (!bytes)
		return errmsg_set(err, ERR_NOMEM, "no memory for rules");
	bytes[n] = '\0';
	*ret = SLICE(bytes, n);
	return ERR_OK;
}

/* As set_content in signatures/bundle/set.h. */
static uint64_t content_of(struct slice rules, struct slice thresholds, struct slice classes)
{
	uint8_t hash[DIGEST_SHA256_LEN];
	struct digest d;
	uint64_t n = 0;

	digest_init(&d, DIGEST_SHA256);
	digest_update(&d, rules);
	digest_update(&d, SLICE("", 1));
	digest_update(&d, thresholds);
	if (classes.len) {
		digest_update(&d, SLICE("", 1));
		digest_update(&d, classes);
	}
	digest_finish(&d, NULL, NULL, hash);
	for (int i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	return n >> 1 ? n >> 1 : 1;
}

const char *installed_folder(const char *option, bool live)
{
	if (strcmp(option, "none") == 0)
		return NULL;
	return option[0] ? option : live ? "/var/lib/banken/bundle" : NULL;
}

bool installed_link(const char *folder, char ret[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/current", folder) >= PATH_MAX)
		return false;
	n = readlink(path, ret, PATH_MAX - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* A file of the set; empty when there is none. */
static int read_part(const struct installed *i, const char *name, char path[PATH_MAX + 32],
		     struct slice *ret, struct errmsg *err)
{
	snprintf(path, PATH_MAX + 32, "%s/%s", i->folder, name);
	return read_file(path, ret, err);
}

int installed_load(const char *folder, const struct lang_vars *vars, const struct lang_opts *opts,
		   struct lang_set *set, struct installed *ret, struct errmsg *err)
{
	char path[PATH_MAX + 32];
	struct slice rules = {0}, thresholds = {0}, classes = {0};
	int rc;

	*ret = (struct installed){0};
	/* Once: what is read afterwards is of one set even if another comes meanwhile. */
	if (snprintf(path, sizeof(path), "%s/current", folder) >= PATH_MAX ||
	    !realpath(path, ret->folder)) {
		ret->folder[0] = '\0';
		return ERR_OK;
	}
	rc = read_part(ret, "classification.config", path, &classes, err);
	if (rc == ERR_OK && classes.len)
		rc = lang_load_class_bytes(classes, path, set);
	rc = rc == ERR_OK ? read_part(ret, "effective.rules", path, &rules, err) : rc;
	if (rc == ERR_OK && !rules.data)
		rc = errmsg_set(err, ERR_IO, "%s is not there: the installed set is damaged", path);
	if (rc == ERR_OK)
		rc = lang_load_bytes(rules, path, vars, opts, set);
	rc = rc == ERR_OK ? read_part(ret, "threshold.config", path, &thresholds, err) : rc;
	if (rc == ERR_OK && thresholds.len)
		rc = lang_load_filter_bytes(thresholds, path, vars, opts, set);
	if (rc == ERR_OK)
		ret->content = content_of(rules, thresholds, classes);
	free((void *)rules.data);
	free((void *)thresholds.data);
	free((void *)classes.data);
	return rc;
}

const char *installed_cache(const struct installed *i, char ret[PATH_MAX])
{
	if (!i->folder[0] || snprintf(ret, PATH_MAX, "%s/cache", i->folder) >= PATH_MAX)
		return NULL;
	return access(ret, R_OK | X_OK) == 0 ? ret : NULL;
}
