/* banken bundle build */
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "control/cli/bundle.h"
#include "control/wire/file.h"
#include "signatures/lang/lang.h"

struct order {
	struct bundle head;
	const char *out, *key;
	struct bundle_source *files;
	unsigned n;
};

enum { PATH = 4096 };

static void order_done(struct order *o)
{
	for (unsigned i = 0; i < o->n; i++)
		free((void *)o->files[i].content.data);
	free(o->files);
}

static int add(struct order *o, const char *inside, const char *path, struct errmsg *e)
{
	struct bundle_source *more, *s;
	int rc;

	if (!bundle_path_ok(inside))
		return errmsg_set(e, ERR_INVALID, "%s: such a path has no place in a bundle",
				  inside);
	more = realloc(o->files, (o->n + 1) * sizeof(*more));
	if (!more)
		return errmsg_set(e, ERR_NOMEM, "no memory for the bundle");
	o->files = more;
	s = &o->files[o->n];
	snprintf(s->path, sizeof(s->path), "%s", inside);
	rc = file_read(path, BUNDLE_FILE_MAX, &s->content, e);
	if (rc == ERR_OK)
		o->n++;
	return rc;
}

/* Files of one folder into `inside`/, those whose names end so. */
static int add_folder(struct order *o, const char *inside, const char *folder, const char *ending,
		      struct errmsg *e)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, NULL, alphasort), rc = ERR_OK;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		size_t len = strlen(name);
		char path[PATH], within[PATH];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		snprintf(within, sizeof(within), "%s/%s", inside, name);
		if (rc == ERR_OK && name[0] != '.' && len > strlen(ending) &&
		    strcmp(name + len - strlen(ending), ending) == 0 && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			rc = add(o, within, path, e);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* A folder that is laid out as a bundle: rules/, config/, ... */
static int add_tree(struct order *o, const char *folder, struct errmsg *e)
{
	unsigned before = o->n;
	int rc = ERR_OK;

	for (unsigned i = 0; bundle_folders[i] && rc == ERR_OK; i++) {
		char path[PATH];

		snprintf(path, sizeof(path), "%s/%s", folder, bundle_folders[i]);
		rc = add_folder(o, bundle_folders[i], path, "", e);
	}
	if (rc == ERR_OK && o->n == before)
		rc = errmsg_set(
			e, ERR_NOTFOUND,
			"%s has none of the folders cache, config, data, lists, packs, rules",
			folder);
	return rc;
}

/* A folder of packs: each has NAME.rules and pack.json, which becomes packs/NAME.json. */
static int add_packs(struct order *o, const char *folder, struct errmsg *e)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, NULL, alphasort), rc = ERR_OK, packs = 0;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char path[PATH], within[BUNDLE_NAME + 64];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s/pack.json", folder, name);
		if (rc == ERR_OK && name[0] != '.' && stat(path, &st) == 0) {
			snprintf(within, sizeof(within), "packs/%.80s.json", name);
			rc = add(o, within, path, e);
			snprintf(path, sizeof(path), "%s/%s", folder, name);
			if (rc == ERR_OK)
				rc = add_folder(o, "rules", path, ".rules", e);
			packs++;
		}
		free(names[i]);
	}
	free(names);
	return rc == ERR_OK && packs == 0
		       ? errmsg_set(e, ERR_NOTFOUND, "%s: no pack is there", folder)
		       : rc;
}

/* Rules that would not load are told before they are signed; not one that loads is a mistake. */
static int check(const struct order *o, struct errmsg *e)
{
	struct lang_set *set = lang_set_new();
	unsigned files = 0, count;

	if (!set)
		return errmsg_set(e, ERR_NOMEM, "no memory to check the rules");
	for (unsigned i = 0; i < o->n; i++) {
		if (strncmp(o->files[i].path, "rules/", 6) != 0)
			continue;
		files++;
		(void)lang_load_bytes(o->files[i].content, o->files[i].path, lang_vars_default(),
				      &(struct lang_opts){.lang = 7}, set);
	}
	for (uint32_t i = 0; i < set->nproblems && i < 20; i++)
		fprintf(stderr, "%s\n", set->problems[i].text);
	if (set->nproblems > 20)
		fprintf(stderr, "and %u more\n", set->nproblems - 20);
	count = set->count;
	lang_set_free(set);
	if (files && count == 0)
		return errmsg_set(e, ERR_INVALID, "not one rule in it would be loaded");
	if (o->n == 0)
		return errmsg_set(e, ERR_INVALID, "nothing is in it; --packs, --tree or --add");
	return ERR_OK;
}

static bool take_number(const char *text, uint64_t *ret)
{
	char *end;

	*ret = strtoull(text, &end, 10);
	return end != text && !*end && text[0] != '-';
}

/* --add PATH=FILE */
static int take_add(struct order *o, const char *pair, struct errmsg *e)
{
	const char *equals = strchr(pair, '=');
	char within[BUNDLE_PATH];

	if (!equals || (size_t)(equals - pair) >= sizeof(within))
		return errmsg_set(e, ERR_INVALID, "--add %s: write it as rules/NAME=FILE", pair);
	snprintf(within, sizeof(within), "%.*s", (int)(equals - pair), pair);
	return add(o, within, equals + 1, e);
}

static int take_head(struct order *o, int c, struct errmsg *e)
{
	uint64_t n = 0;

	if (c == 'n' || c == 'N') {
		size_t cap = c == 'n' ? sizeof(o->head.name) : sizeof(o->head.note);

		if ((size_t)snprintf(c == 'n' ? o->head.name : o->head.note, cap, "%s", optarg) <
		    cap)
			return ERR_OK;
		return errmsg_set(e, ERR_LIMIT, "\"%s\" is too long", optarg);
	}
	if (c == 'i') {
		o->head.kind = 0;
		for (enum bundle_kind k = 1; k < BUNDLE_KINDS; k++) {
			if (strcmp(bundle_kind_names[k], optarg) == 0)
				o->head.kind = k;
		}
		return o->head.kind
			       ? ERR_OK
			       : errmsg_set(e, ERR_INVALID,
					    "--kind %s: signatures, pattern or rule-set", optarg);
	}
	if (!take_number(optarg, &n))
		return errmsg_set(e, ERR_INVALID, "\"%s\" is no number", optarg);
	if (c == 'v')
		o->head.version = n;
	else if (c == 'm')
		o->head.made = (int64_t)n;
	else
		o->head.expires = (int64_t)n * 86400;
	return ERR_OK;
}

static int take(struct order *o, int c, struct errmsg *e)
{
	switch (c) {
	case 'k':
		o->key = optarg;
		return ERR_OK;
	case 'p':
		return add_packs(o, optarg, e);
	case 't':
		return add_tree(o, optarg, e);
	case 'a':
		return take_add(o, optarg, e);
	case ':':
	case '?':
		return errmsg_set(e, ERR_INVALID, "no such option, or it wants a value");
	default:
		return take_head(o, c, e);
	}
}

static int parse(int argc, char **argv, struct order *o, struct errmsg *e)
{
	static const struct option longs[] = {{"key", required_argument, NULL, 'k'},
					      {"name", required_argument, NULL, 'n'},
					      {"version", required_argument, NULL, 'v'},
					      {"kind", required_argument, NULL, 'i'},
					      {"note", required_argument, NULL, 'N'},
					      {"made", required_argument, NULL, 'm'},
					      {"days", required_argument, NULL, 'd'},
					      {"packs", required_argument, NULL, 'p'},
					      {"tree", required_argument, NULL, 't'},
					      {"add", required_argument, NULL, 'a'},
					      {NULL, 0, NULL, 0}};
	int rc = ERR_OK;

	opterr = 0;
	optind = 0;
	for (int c; rc == ERR_OK && (c = getopt_long(argc, argv, ":", longs, NULL)) != -1;)
		rc = take(o, c, e);
	if (rc != ERR_OK)
		return rc;
	o->out = optind + 1 == argc ? argv[optind] : NULL;
	if (!o->out || !o->key || !o->head.name[0] || !o->head.version)
		return errmsg_set(e, ERR_INVALID,
				  "say: banken bundle build OUT --key FILE --name NAME --version N "
				  "[--packs DIR] [--tree DIR] [--add PATH=FILE]");
	return ERR_OK;
}

int cli_bundle_build(const struct cli *cli, int argc, char **argv)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct order o = {.head = {.kind = BUNDLE_SIGNATURES,
				   .made = epoch ? strtoll(epoch, NULL, 10) : (int64_t)time(NULL)}};
	struct slice bytes = {0};
	struct errmsg e = {""};
	int rc = parse(argc - 1, argv + 1, &o, &e);
	int status = rc == ERR_OK ? 1 : 2;

	(void)cli;
	if (o.head.expires)
		o.head.expires += o.head.made;
	if (rc == ERR_OK)
		rc = check(&o, &e);
	if (rc == ERR_OK)
		rc = bundle_make(&o.head, o.files, o.n, o.key, &bytes, &e);
	if (rc == ERR_OK)
		rc = file_write(o.out, bytes, 0644, &e);
	if (rc == ERR_OK)
		printf("%s: %s %s version %llu, %u files, %zu bytes\n", o.out,
		       bundle_kind_names[o.head.kind], o.head.name,
		       (unsigned long long)o.head.version, o.n, bytes.len);
	free((void *)bytes.data);
	order_done(&o);
	return rc == ERR_OK ? 0 : cli_fail(status, "%s", e.text);
}
