/* banken fleet: what every box has in force, and new versions of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/wire/file.h"
#include "control/wire/managed.h"
#include "control/wire/message.h"

static json_t *question(const char *what)
{
	return json_pack("{ss ss}", "do", "fleet", "what", what);
}

static json_t *order(const char *what)
{
	return json_pack("{ss ss}", "do", "fleet-change", "what", what);
}

static int send(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, "banken-centre", request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		json_int_t id = json_integer_value(json_object_get(answer, "id"));
		json_int_t version = json_integer_value(json_object_get(answer, "version"));

		if (id)
			printf("roll-out %lld: ", (long long)id);
		if (version)
			printf("version %lld: ", (long long)version);
		puts(done);
	}
	json_decref(answer);
	return 0;
}

/* ---- lists ---- */

static int boxes(const struct cli *cli, bool stale)
{
	static const char *const columns[] = {"name:name",
					      "role:role",
					      "site:site",
					      "up:up",
					      "last seen:last_seen@",
					      "certificate until:certificate_until@",
					      "program:program_version",
					      "config:config_version",
					      "signatures:bundle_version",
					      NULL};
	static const char *const stale_columns[] = {
		"name:name", "role:role", "site:site", "last seen:last_seen@", "why:why", NULL};

	if (stale)
		return cli_show(cli, "banken-centre", question("stale"), "stale", stale_columns,
				"No box is stale.");
	return cli_show(cli, "banken-centre", question("boxes"), "boxes", columns,
			"No box was ever here.");
}

static int files(const struct cli *cli)
{
	static const char *const columns[] = {"kind:kind",   "version:version", "bytes:size",
					      "since:made@", "by:author",	"why:reason",
					      NULL};

	return cli_show(cli, "banken-centre", question("files"), "files", columns,
			"No file was added yet: banken fleet add KIND VERSION FILE.");
}

static int rollouts(const struct cli *cli)
{
	static const char *const columns[] = {
		"number:id",	   "kind:kind", "version:version", "scope:scope",
		"state:state",	   "ring:ring", "boxes:boxes_n",   "have it:in_force",
		"refused:refused", "back:back", "why:why",	   NULL};

	return cli_show(cli, "banken-centre", question("rollouts"), "rollouts", columns,
			"No roll-out yet.");
}

static int one_rollout(const struct cli *cli, const char *number)
{
	static const char *const columns[] = {
		"box:box",	     "ring:ring",  "step:step", "offered:offered@",
		"answered:settled@", "words:text", NULL};
	json_t *request = question("rollout"), *answer, *r;

	json_object_set_new(request, "id", json_integer(strtoll(number, NULL, 10)));
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	r = json_object_get(answer, "rollout");
	if (!cli_json(cli, answer)) {
		printf("%s %s %s: %s%s%s\n", cli_text(r, "kind"), cli_text(r, "version"),
		       cli_text(r, "scope"), cli_text(r, "state"),
		       cli_text(r, "why")[0] ? ", " : "", cli_text(r, "why"));
		cli_table(json_object_get(r, "boxes"), columns, "No box.");
	}
	json_decref(answer);
	return 0;
}

/* ---- configuration ---- */

static int config_list(const struct cli *cli, const char *scope)
{
	static const char *const columns[] = {
		"scope:scope", "version:version",    "state:state", "by:author", "on:made@",
		"why:reason",  "judged by:reviewer", "note:note",   NULL};
	json_t *request = question("configurations");

	json_object_set_new(request, "scope", json_string(scope));
	return cli_show(cli, "banken-centre", request, "configurations", columns,
			"No configuration was written yet.");
}

static int config_diff(const struct cli *cli, char **argv)
{
	static const char *const columns[] = {"key:key", "from:from", "to:to", NULL};
	json_t *request = question("diff");

	json_object_set_new(request, "scope", json_string(argv[0]));
	json_object_set_new(request, "from", json_integer(strtoll(argv[1], NULL, 10)));
	json_object_set_new(request, "to", json_integer(strtoll(argv[2], NULL, 10)));
	return cli_show(cli, "banken-centre", request, "diff", columns, "Nothing differs.");
}

static int config_write(const struct cli *cli, int argc, char **argv)
{
	json_t *request = order("configuration");
	struct errmsg e = {""};
	struct slice text;

	if (argc != 4 || strcmp(argv[2], "--reason") != 0 ||
	    file_read(argv[1], MANAGED_BYTES, &text, &e)) {
		json_decref(request);
		return cli_fail(
			argc == 4 && e.text[0] ? 1 : 2, "%s",
			e.text[0] ? e.text
				  : "write SCOPE FILE --reason TEXT; see banken fleet --help");
	}
	json_object_set_new(request, "scope", json_string(argv[0]));
	json_object_set_new(request, "body", json_stringn((const char *)text.data, text.len));
	json_object_set_new(request, "reason", json_string(argv[3]));
	payload_free(&text);
	return send(cli, request,
		    "written; a second person approves it: banken fleet config approve");
}

static int config_judge(const struct cli *cli, bool approve, int argc, char **argv)
{
	json_t *request = order("review");

	json_object_set_new(request, "scope", json_string(argv[0]));
	json_object_set_new(request, "version", json_integer(strtoll(argv[1], NULL, 10)));
	json_object_set_new(request, "approve", json_boolean(approve));
	if (argc == 4 && strcmp(argv[2], "--note") == 0)
		json_object_set_new(request, "note", json_string(argv[3]));
	return send(cli, request, approve ? "approved; banken fleet rollout config" : "refused");
}

static int config(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {"key:key", "what:help", NULL};
	const char *what = argc ? argv[0] : "list";

	if (strcmp(what, "list") == 0 && argc <= 2)
		return config_list(cli, argc == 2 ? argv[1] : "");
	if (strcmp(what, "keys") == 0)
		return cli_show(cli, "banken-centre", question("keys"), "keys", columns, "None.");
	if (strcmp(what, "write") == 0 && argc > 2)
		return config_write(cli, argc - 1, argv + 1);
	if (strcmp(what, "diff") == 0 && argc == 4)
		return config_diff(cli, argv + 1);
	if ((strcmp(what, "approve") == 0 || strcmp(what, "refuse") == 0) && argc >= 3)
		return config_judge(cli, what[0] == 'a', argc - 1, argv + 1);
	return CLI_MISUSED;
}

/* ---- roll-outs ---- */

static json_t *rings_of(const char *text)
{
	json_t *list = json_array();
	char *end = (char *)text;

	while (*end) {
		json_array_append_new(list, json_integer(strtol(end, &end, 10)));
		if (*end != ',')
			break;
		end++;
	}
	return list;
}

static long seconds_of(const char *text)
{
	char *unit;
	long n = strtol(text, &unit, 10);

	return *unit == 'd' ? n * 86400 : *unit == 'h' ? n * 3600 : *unit == 'm' ? n * 60 : n;
}

static int begin(const struct cli *cli, int argc, char **argv)
{
	static const char *const texts[] = {"--scope", "--customer", "--site", "--group",
					    "--role",  "--reason",   NULL};
	json_t *request = order("rollout");

	json_object_set_new(request, "kind", json_string(argv[0]));
	json_object_set_new(request, "version", json_string(argv[1]));
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *const *k = texts;

		while (*k && strcmp(*k, argv[i]) != 0)
			k++;
		if (*k)
			json_object_set_new(request, *k + 2, json_string(argv[i + 1]));
		else if (strcmp(argv[i], "--soak") == 0)
			json_object_set_new(request, "soak_s",
					    json_integer(seconds_of(argv[i + 1])));
		else if (strcmp(argv[i], "--rings") == 0)
			json_object_set_new(request, "rings", rings_of(argv[i + 1]));
		else if (strcmp(argv[i], "--limit") == 0)
			json_object_set_new(request, "limit",
					    json_integer(strtol(argv[i + 1], NULL, 10)));
		else
			argc = 3; /* an odd one */
	}
	if (argc % 2 == 0)
		return send(cli, request, "begun; banken fleet rollouts shows how it goes");
	json_decref(request);
	return cli_fail(2, "an option is not expected or lacks its value; see banken fleet --help");
}

static int hand(const struct cli *cli, const char *what, int argc, char **argv)
{
	json_t *request = order(what);

	json_object_set_new(request, "id", json_integer(strtoll(argv[0], NULL, 10)));
	if (argc == 3 && strcmp(argv[1], "--reason") == 0)
		json_object_set_new(request, "reason", json_string(argv[2]));
	return send(cli, request, "done");
}

static int add(const struct cli *cli, char **argv)
{
	json_t *request = order("file");
	char *path = realpath(argv[2], NULL);

	json_object_set_new(request, "kind", json_string(argv[0]));
	json_object_set_new(request, "version", json_string(argv[1]));
	json_object_set_new(request, "path", json_string(path ? path : argv[2]));
	free(path);
	return send(cli, request, "added; banken fleet rollout brings it to the boxes");
}

static int group(const struct cli *cli, char **argv)
{
	json_t *request = order("group");

	json_object_set_new(request, "box", json_string(argv[0]));
	json_object_set_new(request, "group", json_string(argv[1]));
	return send(cli, request, "done");
}

static bool is_hand(const char *what)
{
	static const char *const words[] = {"pause", "resume", "stop", "back"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], what) == 0)
			return true;
	}
	return false;
}

int cmd_fleet(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "boxes";

	if (strcmp(what, "boxes") == 0 && argc <= 3)
		return boxes(cli, argc == 3 && strcmp(argv[2], "--stale") == 0);
	if (strcmp(what, "config") == 0)
		return config(cli, argc - 2, argv + 2);
	if (strcmp(what, "files") == 0)
		return files(cli);
	if (strcmp(what, "add") == 0 && argc == 5)
		return add(cli, argv + 2);
	if (strcmp(what, "rollouts") == 0)
		return rollouts(cli);
	if (strcmp(what, "rollout") == 0 && argc == 3)
		return one_rollout(cli, argv[2]);
	if (strcmp(what, "rollout") == 0 && argc > 3)
		return begin(cli, argc - 2, argv + 2);
	if (is_hand(what) && argc > 2)
		return hand(cli, what, argc - 2, argv + 2);
	if (strcmp(what, "group") == 0 && argc == 4)
		return group(cli, argv + 2);
	return CLI_MISUSED;
}
