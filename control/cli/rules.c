/* banken rules: the operator's own rules and filters. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/cli/bundle.h"
#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/bundle/set.h"

static const char usage[] =
	"say: banken rules check FILE | import SOURCE [NAME] | sources | forget NAME | filter "
	"disable.conf|enable.conf|drop.conf|modify.conf|threshold.config|classification.config|"
	"reference.config [FILE] | explain [GID:]SID";

static int check(const struct cli *cli, const char *file)
{
	char program[600];
	int status;
	pid_t pid;

	cli_program(cli, "banken-dataplane", program, sizeof(program));
	pid = fork();
	if (pid == 0) {
		execlp(program, program, "--rules-only", "-S", file, (char *)NULL);
		fprintf(stderr, "banken: %s cannot be started (%s)\n", program, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status) > 2 ? 1 : WEXITSTATUS(status);
}

/* The set anew, and whether it runs. */
static int apply(const struct cli *cli, const struct store_place *p, const char *why)
{
	struct errmsg e = {""};
	json_t *set = NULL;

	if (store_apply(p, why, &set, &e) != ERR_OK)
		return cli_fail(1, "%s", e.text);
	json_incref(set);
	bundle_print_set(cli, set);
	if (!cli->json)
		(void)bundle_deployed(cli, set, 30);
	json_decref(set);
	return 0;
}

/* "/x/emerging.rules.tar.gz" is "emerging" unless a name is given. */
static const char *name_of(const char *source, char ret[BUNDLE_NAME])
{
	size_t n = strlen(source);
	const char *slash;

	while (n > 1 && source[n - 1] == '/')
		n--;
	slash = memrchr(source, '/', n);
	n -= slash ? (size_t)(slash + 1 - source) : 0;
	snprintf(ret, BUNDLE_NAME, "%.*s", (int)n, slash ? slash + 1 : source);
	if (strchr(ret, '.') && strchr(ret, '.') != ret)
		*strchr(ret, '.') = '\0';
	return ret;
}

static int import(const struct cli *cli, const struct store_place *p, const char *source,
		  const char *name)
{
	struct import_counts counts;
	struct errmsg e = {""};
	char own[BUNDLE_NAME], why[BUNDLE_NAME + 16];

	name = name ? name : name_of(source, own);
	if (store_import(p, source, name, &counts, &e) != ERR_OK)
		return cli_fail(1, "%s", e.text);
	if (!cli->json)
		printf("%s: %u rule files, %llu bytes; %u other files left out\n", name,
		       counts.files, (unsigned long long)counts.bytes, counts.left_out);
	snprintf(why, sizeof(why), "import %s", name);
	return apply(cli, p, why);
}

static int sources(const struct cli *cli, const struct store_place *p)
{
	static const char *const columns[] = {"name:name", "files:files", NULL};
	json_t *rows = json_array();
	struct dirent **names = NULL;
	char path[DISK_PATH];
	int n;

	(void)disk_path(path, NULL, "%s/imports", p->folder);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' &&
		    disk_path(path, NULL, "%s/imports/%s", p->folder, names[i]->d_name) == ERR_OK) {
			struct dirent **files = NULL;
			int k = scandir(path, &files, NULL, NULL);

			json_array_append_new(rows, json_pack("{ss si}", "name", names[i]->d_name,
							      "files", k > 2 ? k - 2 : 0));
			while (k > 0)
				free(files[--k]);
			free(files);
		}
		free(names[i]);
	}
	free(names);
	if (!cli_json(cli, rows))
		cli_table(rows, columns, "Nothing was imported.");
	json_decref(rows);
	return 0;
}

static bool is_filter(const char *name)
{
	for (unsigned i = 0; i < FILTER_USES; i++) {
		if (strcmp(filter_files[i], name) == 0)
			return true;
	}
	return strcmp(name, "threshold.config") == 0 ||
	       strcmp(name, "classification.config") == 0 || strcmp(name, "reference.config") == 0;
}

/* Shows the operator's own file, or puts another in its place and makes the set anew. */
static int filter(const struct cli *cli, const struct store_place *p, const char *name,
		  const char *file)
{
	char path[DISK_PATH];
	struct errmsg e = {""};
	struct slice text;

	if (!is_filter(name))
		return cli_fail(2, "%s: %s", name, usage);
	if (disk_path(path, &e, "%s/local", p->folder) != ERR_OK ||
	    file_make_folder(path, 0755, &e) != 0 ||
	    disk_path(path, &e, "%s/local/%s", p->folder, name) != ERR_OK ||
	    file_read(file ? file : path, FILTER_FILE_MAX, &text, &e) != 0)
		return cli_fail(1, "%s", e.text);
	if (!file) {
		fwrite(text.data, 1, text.len, stdout);
		free((void *)text.data);
		return 0;
	}
	if (file_write(path, text, 0644, &e) != 0) {
		free((void *)text.data);
		return cli_fail(1, "%s", e.text);
	}
	free((void *)text.data);
	return apply(cli, p, name);
}

static void print_rule(const struct cli *cli, const struct rule_line *r)
{
	char why[128] = "";
	json_t *o;

	if (r->why)
		filter_text(r->why, why);
	o = json_pack("{sI sI sI ss sb sb sb sb sb ss ss}", "gid", (json_int_t)r->gid, "sid",
		      (json_int_t)r->sid, "rev", (json_int_t)r->rev, "group", r->group, "enabled",
		      r->enabled, "as_shipped", r->as_shipped, "dropped", r->dropped, "modified",
		      r->modified, "for_flowbits", r->for_flowbits, "why", why, "text", r->text);
	if (!cli_json(cli, o))
		printf("%u:%u rev %u of %s: %s%s%s%s%s%s\n%s\n", r->gid, r->sid, r->rev, r->group,
		       r->enabled ? "enabled" : "disabled",
		       r->for_flowbits		     ? ", only for the flow bits that it sets"
		       : r->enabled == r->as_shipped ? ", as it came"
						     : "",
		       r->modified ? ", changed" : "", r->dropped ? ", made drop" : "",
		       why[0] ? ", by " : "", why, r->text);
	json_decref(o);
}

static int explain(const struct cli *cli, const struct store_place *p, const char *word)
{
	struct set *set = calloc(1, sizeof(*set));
	const char *colon = strchr(word, ':');
	uint32_t gid = colon ? (uint32_t)strtoul(word, NULL, 10) : 1;
	uint32_t sid = (uint32_t)strtoul(colon ? colon + 1 : word, NULL, 10);
	const struct rule_line *r;
	struct errmsg e = {""};
	int status = 0;

	if (!set)
		return cli_fail(1, "no memory");
	if (store_load(p, set, &e) != ERR_OK) {
		status = cli_fail(1, "%s", e.text);
	} else {
		r = rule_table_find(&set->rules, gid, sid);
		if (r)
			print_rule(cli, r);
		else
			status = cli_fail(1, "no bundle and no import has a rule %u:%u", gid, sid);
	}
	set_done(set);
	free(set);
	return status;
}

int cmd_rules(const struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct store_place p = bundle_place(NULL, NULL, NULL);
	struct errmsg e = {""};

	if (strcmp(verb, "check") == 0 && argc == 3)
		return check(cli, argv[2]);
	if (strcmp(verb, "import") == 0 && (argc == 3 || argc == 4))
		return import(cli, &p, argv[2], argc == 4 ? argv[3] : NULL);
	if (strcmp(verb, "sources") == 0 && argc == 2)
		return sources(cli, &p);
	if (strcmp(verb, "filter") == 0 && (argc == 3 || argc == 4))
		return filter(cli, &p, argv[2], argc == 4 ? argv[3] : NULL);
	if (strcmp(verb, "explain") == 0 && argc == 3)
		return explain(cli, &p, argv[2]);
	if (strcmp(verb, "forget") != 0 || argc != 3)
		return cli_fail(2, "%s", usage);
	if (store_forget_import(&p, argv[2], &e) != ERR_OK)
		return cli_fail(1, "%s", e.text);
	return apply(cli, &p, "forget");
}
