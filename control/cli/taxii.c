/* banken lists taxii: known-bad lists that a TAXII 2.1 server keeps. A source is a folder below the
 * book of lists; secrets stay in the files that the operator names. */
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "control/cli/cli.h"
#include "control/wire/file.h"
#include "signatures/lists/book.h"
#include "signatures/lists/taxii.h"

enum { PATH = 4096, SECRET_MAX = 4096, OPTIONS = 12 };

static const char usage[] = "say: banken lists taxii show URL | add NAME URL --collection ID | "
			    "fetch [NAME] | sources | "
			    "drop NAME; with --user U --password-file F, --token-file F, "
			    "--certificate F --key F, --ca F";

static const char *const keys[OPTIONS] = {
	"collection", "user",	 "password-file", "token-file", "certificate", "key",
	"ca",	      "comment", "priority",	  "severity",	"folder",      "url"};

struct access {
	struct taxii_source source;
	struct slice password, token;
};

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The first line of a file that nobody else should read. */
static int read_secret(const char *path, struct slice *ret, const char **ret_text, struct errmsg *e)
{
	int rc;

	if (!path)
		return ERR_OK;
	rc = file_read(path, SECRET_MAX, ret, e);
	if (rc != ERR_OK)
		return rc;
	((char *)ret->data)[strcspn((const char *)ret->data, "\r\n")] = '\0';
	*ret_text = (const char *)ret->data;
	return ERR_OK;
}

static int open_access(const json_t *o, struct access *ret, struct errmsg *e)
{
	int rc;

	*ret = (struct access){.source = {.url = text_of(o, "url"),
					  .collection = text_of(o, "collection"),
					  .user = text_of(o, "user"),
					  .certificate = text_of(o, "certificate"),
					  .key = text_of(o, "key"),
					  .ca = text_of(o, "ca")}};
	rc = read_secret(text_of(o, "password-file"), &ret->password, &ret->source.password, e);
	return rc == ERR_OK
		       ? read_secret(text_of(o, "token-file"), &ret->token, &ret->source.token, e)
		       : rc;
}

static void forget(struct slice *s)
{
	if (s->data)
		memset((void *)s->data, 0, s->len);
	__asm__ volatile("" ::"r"(s->data) : "memory");
	free((void *)s->data);
}

static void close_access(struct access *a)
{
	forget(&a->password);
	forget(&a->token);
}

/* --- sources --- */

static const char *place(const json_t *o)
{
	const char *own = text_of(o, "folder"), *variable = getenv("BANKEN_LISTS");

	return own ? own : variable && variable[0] ? variable : book_folder;
}

static int source_path(const json_t *o, const char *name, const char *file, char ret[PATH])
{
	return book_name_ok(name) &&
			       snprintf(ret, PATH, "%s/taxii/%s%s", place(o), name, file) < PATH
		       ? 0
		       : cli_fail(2, "%s: a name has letters, digits, '-', '_' and '.'", name);
}

static int add(json_t *o, const char *name, const char *url)
{
	char folder[PATH], path[PATH], *text;
	struct errmsg e = {""};
	int rc;

	if (!taxii_url_ok(url))
		return cli_fail(2, "%s: an https:// URL is wanted (http:// only to this machine)",
				url);
	if (!text_of(o, "collection"))
		return cli_fail(2,
				"--collection is missing; 'banken lists taxii show URL' has them");
	if (source_path(o, name, "", folder) || source_path(o, name, "/source.json", path))
		return 2;
	json_object_set_new(o, "url", json_string(url));
	text = json_dumps(o, JSON_INDENT(1) | JSON_SORT_KEYS);
	rc = file_make_folder(folder, 0700, &e);
	if (rc == 0)
		rc = file_write(path, SLICE_STR(text), 0600, &e);
	free(text);
	if (rc)
		return cli_fail(1, "%s", e.text);
	printf("%s is a source now; 'banken lists taxii fetch %s' fetches it\n", name, name);
	return 0;
}

static unsigned number_of(const json_t *o, const char *key, unsigned otherwise)
{
	const char *text = text_of(o, key);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* Into the book as a list of that name. */
static int take_over(const json_t *o, const char *name, const char *objects, struct errmsg *e)
{
	struct book_reading *reading = calloc(1, sizeof(*reading));
	struct book_list list = {.form = LIST_STIX, .info = {.known = true}};
	int rc;

	if (!reading)
		return errmsg_set(e, ERR_NOMEM, "no memory for the list");
	snprintf(list.info.name, sizeof(list.info.name), "%s", name);
	snprintf(list.info.comment, sizeof(list.info.comment), "%s",
		 text_of(o, "comment") ? text_of(o, "comment") : "by TAXII");
	list.info.priority = (uint8_t)number_of(o, "priority", BOOK_PRIORITY);
	list.info.severity = (uint8_t)number_of(o, "severity", 0);
	rc = book_add(place(o), objects, &list, (uint32_t)time(NULL), reading, e);
	if (rc == ERR_OK)
		printf("%s: %llu indicators in force, %llu refused, %llu revoked, %llu expired\n",
		       name, (unsigned long long)(reading->counts.taken - reading->expired),
		       (unsigned long long)reading->counts.refused,
		       (unsigned long long)reading->counts.revoked,
		       (unsigned long long)reading->expired);
	free(reading);
	return rc;
}

static int fetch(const json_t *options, const char *name)
{
	char path[PATH], folder[PATH];
	struct taxii_counts counts = {0};
	struct errmsg e = {""};
	struct access access;
	json_t *o;
	int rc;

	if (source_path(options, name, "/source.json", path) ||
	    source_path(options, name, "", folder))
		return 2;
	o = json_load_file(path, 0, NULL);
	if (!o)
		return cli_fail(1, "%s is no source; banken lists taxii add", name);
	if (text_of(options, "folder"))
		json_object_set(o, "folder", json_object_get(options, "folder"));
	rc = open_access(o, &access, &e);
	if (rc == ERR_OK)
		rc = taxii_fetch(&access.source, folder, &counts, &e);
	close_access(&access);
	printf("%s: %u pages, %llu indicators came%s\n", name, counts.pages,
	       (unsigned long long)counts.objects,
	       counts.resumed ? " (a fetch that was broken off went on)" : "");
	snprintf(path, sizeof(path), "%.4000s/objects.json", folder);
	/* Nothing there yet, or nothing new: the list stays as it is. */
	if (rc == ERR_OK && counts.kept > 0)
		rc = take_over(o, name, path, &e);
	json_decref(o);
	return rc == ERR_OK ? 0 : cli_fail(1, "%s", e.text);
}

static json_t *names_of(const json_t *options)
{
	json_t *all = json_array();
	char path[PATH];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/taxii", place(options));
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (book_name_ok(d->d_name))
			json_array_append_new(all, json_string(d->d_name));
	}
	if (dir)
		closedir(dir);
	return all;
}

static int fetch_all(const json_t *options)
{
	json_t *names = names_of(options), *name;
	size_t i;
	int status = 0;

	json_array_foreach(names, i, name) status |= fetch(options, json_string_value(name));
	if (json_array_size(names) == 0)
		puts("There is no source yet; banken lists taxii add");
	json_decref(names);
	return status ? 1 : 0;
}

static int sources(const struct cli *cli, const json_t *options)
{
	static const char *const columns[] = {"name:name", "url:url", "collection:collection",
					      "last object:after", NULL};
	json_t *names = names_of(options), *name, *rows = json_array();
	size_t i;

	json_array_foreach(names, i, name)
	{
		const char *text = json_string_value(name);
		char path[PATH];
		json_t *o, *state;

		(void)source_path(options, text, "/source.json", path);
		o = json_load_file(path, 0, NULL);
		(void)source_path(options, text, "/state.json", path);
		state = json_load_file(path, 0, NULL);
		json_array_append_new(
			rows,
			json_pack("{ss ss ss ss}", "name", text, "url",
				  text_of(o, "url") ? text_of(o, "url") : "", "collection",
				  text_of(o, "collection") ? text_of(o, "collection") : "", "after",
				  text_of(state, "after") ? text_of(state, "after") : ""));
		json_decref(o);
		json_decref(state);
	}
	if (!cli_json(cli, rows))
		cli_table(rows, columns, "There is no source yet.");
	json_decref(rows);
	json_decref(names);
	return 0;
}

static int show(const struct cli *cli, json_t *o, const char *url)
{
	static const char *const columns[] = {"id:id", "title:title", "read:can_read", "root:root",
					      NULL};
	struct errmsg e = {""};
	struct access access;
	json_t *answer = NULL;
	int rc;

	json_object_set_new(o, "url", json_string(url));
	rc = open_access(o, &access, &e);
	if (rc == ERR_OK)
		rc = taxii_discover(&access.source, &answer, &e);
	close_access(&access);
	if (rc != ERR_OK)
		return cli_fail(1, "%s", e.text);
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "collections"), columns,
			  "No collection is there.");
	json_decref(answer);
	return 0;
}

/* Its folder goes; the list of that name stays until `banken lists remove`. */
static int drop(const json_t *o, const char *name)
{
	static const char *const files[] = {"/source.json", "/state.json", "/pages.jsonl",
					    "/objects.json", ""};
	char path[PATH];
	int rc = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (source_path(o, name, files[i], path))
			return 2;
		rc = remove(path);
	}
	return rc ? cli_fail(1, "%s is no source", name) : 0;
}

static json_t *take_options(int argc, char **argv)
{
	struct option longs[OPTIONS] = {0};
	json_t *o = json_object();

	for (unsigned i = 0; i + 1 < OPTIONS; i++)
		longs[i] = (struct option){keys[i], required_argument, NULL, (int)i};
	opterr = 0;
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, ":", longs, NULL)) != -1;) {
		if (c == '?' || c == ':') {
			cli_fail(2, "%s: no such option or no value; %s", argv[optind - 1], usage);
			json_decref(o);
			return NULL;
		}
		json_object_set_new(o, keys[c], json_string(optarg));
	}
	return o;
}

int cli_taxii(const struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	json_t *o = argc > 1 ? take_options(argc - 1, argv + 1) : json_object();
	int n = argc - 1 - optind, status;
	char **words = argv + 1 + optind;

	if (!o)
		return 2;
	if (strcmp(verb, "show") == 0 && n == 1)
		status = show(cli, o, words[0]);
	else if (strcmp(verb, "add") == 0 && n == 2)
		status = add(o, words[0], words[1]);
	else if (strcmp(verb, "fetch") == 0 && n <= 1)
		status = n == 1 ? fetch(o, words[0]) : fetch_all(o);
	else if (strcmp(verb, "sources") == 0 && n == 0)
		status = sources(cli, o);
	else if (strcmp(verb, "drop") == 0 && n == 1)
		status = drop(o, words[0]);
	else
		status = cli_fail(2, "%s", usage);
	json_decref(o);
	return status;
}
