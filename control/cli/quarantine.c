/* `banken quarantine`: what is cut, by whom, and the two things a person does about it. */
#include "control/cli/cli.h"
#include "control/cli/undo.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

static const char *actor(void)
{
	struct passwd *account = getpwuid(getuid());

	return account ? account->pw_name : "somebody";
}

static int list(const struct cli *cli)
{
	static const char *const columns[] = {"host:ip",
					      "mac:mac",
					      "state:state",
					      "cause:cause",
					      "method:method",
					      "ordered:ordered@",
					      "verified:verified@",
					      "released:released@",
					      "command:command_id",
					      NULL};
	json_t *answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", "quarantines"));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "quarantines"), columns, "No host is cut.");
	json_decref(answer);
	return 0;
}

static int protected(const struct cli *cli)
{
	static const char *const columns[] = {"address:address", "mac:mac",   "role:role",
					      "source:source",	 "note:note", NULL};
	json_t *answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", "protected"));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "protected"), columns, "Nothing is protected.");
	json_decref(answer);
	return 0;
}

static int change(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, "banken-mitigator", request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		const char *text = cli_text(answer, "text");

		puts(text[0] ? text : done);
	}
	json_decref(answer);
	return 0;
}

/* The kill switch. */
static int stop(const struct cli *cli, int argc, char **argv)
{
	bool has_reason = argc == 4 && strcmp(argv[2], "--reason") == 0;

	if (argc != 2 && !has_reason)
		return cli_fail(2, "say: banken quarantine %s [--reason TEXT]", argv[1]);
	return change(cli,
		      json_pack("{ss sb ss ss}", "do", "stop", "stop", strcmp(argv[1], "stop") == 0,
				"reason", has_reason ? argv[3] : "by hand", "actor", actor()),
		      "");
}

int cmd_quarantine(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "list";
	const char *reason = argc == 5 && strcmp(argv[3], "--reason") == 0 ? argv[4] : "by hand";
	bool one_host = argc == 3 || (argc == 5 && strcmp(argv[3], "--reason") == 0);

	if (strcmp(what, "list") == 0 && argc <= 2)
		return list(cli);
	if (strcmp(what, "protected") == 0 && argc == 2)
		return protected(cli);
	if (strcmp(what, "stop") == 0 || strcmp(what, "go") == 0)
		return stop(cli, argc, argv);
	if (strcmp(what, "add") == 0 && one_host)
		return change(
			cli,
			json_pack("{ss ss ss ss}", "do", "cut", "host", argv[2], "reason", reason,
				  "actor", actor()),
			"The cut was requested; banken quarantine list shows when it is verified.");
	if (strcmp(what, "release") == 0 && one_host)
		return change(
			cli,
			json_pack("{ss ss ss ss}", "do", "release", "host", argv[2], "reason",
				  reason, "actor", actor()),
			"The release was requested; banken quarantine list shows when it is done. "
			"If the "
			"host still shows signs, it is cut again (release-grace in the policy).");
	if (strcmp(what, "approve") == 0 && argc == 3)
		return change(cli,
			      json_pack("{ss ss ss}", "do", "approve", "command_id", argv[2],
					"actor", actor()),
			      "Approved.");
	if (strcmp(what, "import") == 0 && one_host)
		return cli_undo_import(cli, argv[2], reason);
	if (strcmp(what, "export") == 0 && argc == 3)
		return cli_undo_export(cli, argv[2], "", false);
	if (strcmp(what, "export") == 0 && argc == 4 && strcmp(argv[3], "--current") == 0)
		return cli_undo_export(cli, argv[2], "", true);
	if (strcmp(what, "export") == 0 && argc == 5 && strcmp(argv[3], "--threat") == 0)
		return cli_undo_export(cli, argv[2], argv[4], false);
	return CLI_MISUSED;
}
