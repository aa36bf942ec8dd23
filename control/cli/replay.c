/* `banken replay FILE`: the dataplane over a file. */
#include "control/cli/cli.h"
#include "control/cli/incident_text.h"
#include "control/cli/replay_incidents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 1 << 20, FILES_MAX = 100000 };

/* Runs and waits; the exit status, or -1. */
static int run(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], argv);
		fprintf(stderr, "banken: %s cannot be started (%s)\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* --- replay --- */

static void print_alert(const json_t *e)
{
	const json_t *alert = json_object_get(e, "alert");
	const json_t *reason =
		json_array_get(json_object_get(json_object_get(alert, "metadata"), "reason"), 0);
	const json_t *technique = json_array_get(
		json_object_get(json_object_get(alert, "metadata"), "mitre_technique_id"), 0);

	printf("%.19s  %s -> %s  %s%s%s%s\n", cli_text(e, "timestamp"), cli_text(e, "src_ip"),
	       cli_text(e, "dest_ip"), cli_text(alert, "signature"),
	       json_is_string(technique) ? " (ATT&CK " : "",
	       json_is_string(technique) ? json_string_value(technique) : "",
	       json_is_string(technique) ? ")" : "");
	if (json_is_string(reason))
		printf("                     %s\n", json_string_value(reason));
}

/* Alerts of eve.json in order, as an array; and records of files. */
static json_t *read_alerts(const char *folder, json_t *ret_files)
{
	json_t *alerts = json_array();
	char path[600];
	char *line = malloc(LINE);
	FILE *f;

	snprintf(path, sizeof(path), "%s/eve.json", folder);
	f = fopen(path, "re");
	while (f && line && fgets(line, LINE, f)) {
		json_t *e = json_loads(line, JSON_ALLOW_NUL, NULL);

		if (strcmp(cli_text(e, "event_type"), "alert") == 0)
			json_array_append(alerts, e);
		else if (json_array_size(ret_files) < FILES_MAX)
			json_array_append(ret_files, e);
		json_decref(e);
	}
	if (f)
		fclose(f);
	free(line);
	return alerts;
}

static json_int_t number(const json_t *stats, const char *group, const char *key)
{
	return json_integer_value(
		json_object_get(group ? json_object_get(stats, group) : stats, key));
}

/* What was looked at, so that "0 alerts" can be judged. */
static void print_summary(const char *folder, const char *capture, size_t alerts, size_t incidents)
{
	json_int_t rules;
	char path[600];
	json_t *stats;

	snprintf(path, sizeof(path), "%s/stats.json", folder);
	stats = json_load_file(path, 0, NULL);
	rules = number(stats, "rules", "loaded");
	printf("%zu alert%s, %zu incident%s in %s: %lld packets, %lld bytes, %lld rules%s\n",
	       alerts, alerts == 1 ? "" : "s", incidents, incidents == 1 ? "" : "s", capture,
	       (long long)number(stats, NULL, "packets"), (long long)number(stats, NULL, "bytes"),
	       (long long)rules, rules ? "" : " (behaviour only; -S FILE gives rules)");
	json_decref(stats);
}

static void show(const struct cli *cli, const char *folder, const char *capture, bool japanese)
{
	json_t *files = json_array(), *alerts = read_alerts(folder, files);
	json_t *e, *incidents, *both;
	struct errmsg err = {""};
	size_t i;

	incidents = replay_incidents(alerts, files, &err);
	json_decref(files);
	if (!incidents)
		fprintf(stderr, "banken: %s\n", err.text);
	both = json_pack("{sO so}", "alerts", alerts, "incidents",
			 incidents ? incidents : json_array());
	if (!cli_json(cli, both)) {
		json_array_foreach(alerts, i, e) print_alert(e);
		json_array_foreach(incidents, i, e)
		{
			putchar('\n');
			incident_print(e, japanese);
		}
		if (json_array_size(incidents))
			putchar('\n');
		print_summary(folder, capture, json_array_size(alerts), json_array_size(incidents));
	}
	json_decref(both);
	json_decref(alerts);
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"eve.json", "banken.json", "stats.json"};
	char path[600];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* FILE, then -S RULES and --japanese in any order. */
static bool take_options(int argc, char **argv, const char **ret_rules, bool *ret_japanese)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--japanese") == 0)
			*ret_japanese = true;
		else if (strcmp(argv[i], "-S") == 0 && i + 1 < argc)
			*ret_rules = argv[++i];
		else
			return false;
	}
	return argc >= 2;
}

int cmd_replay(const struct cli *cli, int argc, char **argv)
{
	const char *rules = "/dev/null";
	bool japanese = false;
	char folder[] = "/tmp/banken-replay-XXXXXX";
	char program[600];
	int status;

	if (!take_options(argc, argv, &rules, &japanese))
		return cli_fail(2, "say: banken replay FILE [-S RULES] [--japanese]");
	if (!mkdtemp(folder))
		return cli_fail(1, "/tmp: no folder can be made there (%s)", strerror(errno));
	cli_program(cli, "banken-dataplane", program, sizeof(program));
	status = run((char *[]){program, "-r", argv[1], "-S", (char *)rules, "-l", folder, "--set",
				"eve.types=alert,fileinfo", "--set", "files.force-hash=sha256",
				NULL});
	if (status == 0)
		show(cli, folder, argv[1], japanese);
	remove_folder(folder);
	return status == 0 ? 0 : 1;
}
