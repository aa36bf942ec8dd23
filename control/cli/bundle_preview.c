/* banken bundle preview: what a bundle would have told over captures, beside the set in force. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/cli/bundle.h"
#include "signatures/bundle/disk.h"

enum { CAPTURES = 4096, LINE = 1 << 20 };

struct preview {
	struct store_place place;
	const char *bundle, *evidence;
	const char *captures[CAPTURES];
	unsigned n;
	char *owned[CAPTURES];
	unsigned n_owned;
};

static int replay(const struct cli *cli, const char *capture, const char *set, const char *out)
{
	char program[600], rules[DISK_PATH], thresholds[DISK_PATH], classes[DISK_PATH + 24];
	char *words[] = {program,
			 "-r",
			 (char *)capture,
			 "-S",
			 rules,
			 "-l",
			 (char *)out,
			 "--set",
			 "eve.types=alert",
			 "--set",
			 "behave.enabled=no",
			 "--set",
			 thresholds,
			 NULL, /* "--set", classes, */
			 NULL,
			 NULL};
	int status;
	pid_t pid;

	cli_program(cli, "banken-dataplane", program, sizeof(program));
	snprintf(rules, sizeof(rules), "%s/effective.rules", set);
	snprintf(thresholds, sizeof(thresholds), "threshold-file=%s/threshold.config", set);
	snprintf(classes, sizeof(classes), "classification-file=%s/classification.config", set);
	if (access(strchr(classes, '=') + 1, R_OK) == 0) {
		words[13] = (char *)"--set";
		words[14] = classes;
	}
	pid = fork();
	if (pid == 0) {
		execvp(program, words);
		fprintf(stderr, "banken: %s cannot be started (%s)\n", program, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

/* Adds each alert of an eve.json: {"sid": {"sid", "msg", "n", "flows": {key: true}}}. */
static void read_alerts(const char *folder, json_t *tally)
{
	char path[DISK_PATH], *line = malloc(LINE);
	FILE *f;

	snprintf(path, sizeof(path), "%s/eve.json", folder);
	f = fopen(path, "re");
	while (f && line && fgets(line, LINE, f)) {
		json_t *e = json_loads(line, JSON_ALLOW_NUL, NULL), *one;
		const json_t *alert = json_object_get(e, "alert");
		char key[64];

		snprintf(key, sizeof(key), "%lld:%lld",
			 json_integer_value(json_object_get(alert, "gid")),
			 json_integer_value(json_object_get(alert, "signature_id")));
		one = json_object_get(tally, key);
		if (!one && alert) {
			one = json_pack("{ss ss si s{}}", "rule", key, "msg",
					cli_text(alert, "signature"), "n", 0, "flows");
			json_object_set_new(tally, key, one);
		}
		if (alert) {
			json_object_set_new(
				one, "n",
				json_integer(json_integer_value(json_object_get(one, "n")) + 1));
			snprintf(path, sizeof(path), "%s:%lld-%s:%lld", cli_text(e, "src_ip"),
				 json_integer_value(json_object_get(e, "src_port")),
				 cli_text(e, "dest_ip"),
				 json_integer_value(json_object_get(e, "dest_port")));
			json_object_set_new(json_object_get(one, "flows"), path, json_true());
		}
		json_decref(e);
	}
	if (f)
		fclose(f);
	free(line);
}

static int run_all(const struct cli *cli, const struct preview *p, const char *set,
		   const char *folder, json_t *tally)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (replay(cli, p->captures[i], set, folder) != 0)
			return cli_fail(1, "%s could not be replayed", p->captures[i]);
		read_alerts(folder, tally);
	}
	return 0;
}

static long long count_of(const json_t *tally, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(tally, key), "n"));
}

/* Rows of what differs: new, gone, more or fewer. */
static json_t *differences(json_t *before, json_t *after)
{
	json_t *rows = json_array(), *one, *all = json_object();
	const char *key;

	json_object_update(all, before);
	json_object_update(all, after);
	json_object_foreach(all, key, one)
	{
		long long was = count_of(before, key), is = count_of(after, key);

		if (was != is)
			json_array_append_new(
				rows, json_pack("{ss sI sI sI ss ss}", "rule", key, "before",
						(json_int_t)was, "after", (json_int_t)is, "flows",
						(json_int_t)json_object_size(
							json_object_get(one, "flows")),
						"what",
						!was  ? "new"
						: !is ? "gone"
						      : "other count",
						"msg", cli_text(one, "msg")));
	}
	json_decref(all);
	return rows;
}

static long long total(json_t *tally)
{
	long long n = 0;
	const char *key;
	json_t *one;

	json_object_foreach(tally, key, one) n += json_integer_value(json_object_get(one, "n"));
	return n;
}

static void show(const struct cli *cli, const struct preview *p, json_t *before, json_t *after)
{
	static const char *const columns[] = {"rule:rule",   "what:what",   "before:before",
					      "after:after", "flows:flows", "message:msg",
					      NULL};
	json_t *rows = differences(before, after);
	json_t *answer = json_pack("{si sI sI sO}", "captures", (int)p->n, "before",
				   (json_int_t)total(before), "after", (json_int_t)total(after),
				   "differences", rows);

	if (!cli_json(cli, answer)) {
		printf("%u capture%s: %lld alerts of %zu rules now, %lld of %zu with %s\n", p->n,
		       p->n == 1 ? "" : "s", total(before), json_object_size(before), total(after),
		       json_object_size(after), p->bundle);
		cli_table(rows, columns, "No difference.");
	}
	json_decref(rows);
	json_decref(answer);
}

/* The set in force; an empty one where nothing is installed. */
static int compare(const struct cli *cli, const struct preview *p, const char *folder)
{
	char current[DISK_PATH], next[DISK_PATH];
	json_t *before = json_object(), *after = json_object();
	struct errmsg e = {""};
	int status = 0;

	(void)disk_path(current, &e, "%s/current", p->place.folder);
	(void)disk_path(next, &e, "%s/set", folder);
	if (store_try(&p->place, p->bundle, next, NULL, &e) != ERR_OK)
		status = cli_fail(1, "%s", e.text);
	if (status == 0 && access(current, F_OK) == 0)
		status = run_all(cli, p, current, folder, before);
	if (status == 0)
		status = run_all(cli, p, next, folder, after);
	if (status == 0)
		show(cli, p, before, after);
	json_decref(before);
	json_decref(after);
	return status;
}

/* The pieces of packets that are kept around alerts. */
static void add_evidence(struct preview *p)
{
	struct dirent *d;
	DIR *dir = opendir(p->evidence);

	while (dir && (d = readdir(dir)) && p->n < CAPTURES) {
		size_t n = strlen(d->d_name);
		char path[DISK_PATH];

		if (n <= 7 || strcmp(d->d_name + n - 7, ".pcapng") != 0 ||
		    disk_path(path, NULL, "%s/%s", p->evidence, d->d_name) != ERR_OK)
			continue;
		p->owned[p->n_owned] = strdup(path);
		if (p->owned[p->n_owned])
			p->captures[p->n++] = p->owned[p->n_owned++];
	}
	if (dir)
		closedir(dir);
}

static int take_options(int argc, char **argv, struct preview *p)
{
	static const struct option longs[] = {{"folder", required_argument, NULL, 'f'},
					      {"keys", required_argument, NULL, 'k'},
					      {"evidence", optional_argument, NULL, 'e'},
					      {NULL, 0, NULL, 0}};
	const char *folder = NULL, *keys = NULL;

	opterr = 0;
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, ":r:", longs, NULL)) != -1;) {
		if (c == 'r' && p->n < CAPTURES)
			p->captures[p->n++] = optarg;
		else if (c == 'f')
			folder = optarg;
		else if (c == 'k')
			keys = optarg;
		else if (c == 'e')
			p->evidence = optarg ? optarg : "/var/lib/banken/evidence";
		else
			return 2;
	}
	p->place = bundle_place(folder, keys, NULL);
	p->bundle = optind + 1 == argc ? argv[optind] : NULL;
	if (p->evidence)
		add_evidence(p);
	return p->bundle && p->n ? 0 : 2;
}

int cli_bundle_preview(const struct cli *cli, int argc, char **argv)
{
	struct preview *p = calloc(1, sizeof(*p));
	char folder[] = "/tmp/banken-preview-XXXXXX";
	int status;

	if (!p)
		return cli_fail(1, "no memory");
	status = take_options(argc - 1, argv + 1, p);
	if (status)
		cli_fail(2, "say: banken bundle preview FILE -r CAPTURE... [--evidence[=DIR]]");
	else if (!mkdtemp(folder))
		status = cli_fail(1, "/tmp: no folder can be made there (%s)", strerror(errno));
	else {
		status = compare(cli, p, folder);
		disk_remove(folder);
	}
	for (unsigned i = 0; i < p->n_owned; i++)
		free(p->owned[i]);
	free(p);
	return status;
}
