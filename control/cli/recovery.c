/* `banken recovery`: the tasks of dangerous incidents, and what a person does about them. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/cli.h"

static int list(const struct cli *cli, bool open)
{
	static const char *const columns[] = {
		"task:task", "incident:incident", "kind:kind",	      "name:name",   "state:state",
		"host:host", "address:ip",	  "changed:changed@", "result:text", NULL};
	json_t *answer = cli_ask(cli, "banken-mitigator",
				 json_pack("{ss sb}", "do", "recovery", "open", open));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "tasks"), columns, "There are no tasks.");
	json_decref(answer);
	return 0;
}

static int change(const struct cli *cli, const char *what, const char *about, const char *reason)
{
	struct passwd *account = getpwuid(getuid());
	bool start = strcmp(what, "start") == 0;
	char *end;
	long task = start ? 0 : strtol(about, &end, 10);
	json_t *answer;

	if (!start && (end == about || *end || task <= 0))
		return cli_fail(2, "\"%s\" is no task's number; banken recovery list", about);
	answer = cli_ask(cli, "banken-mitigator",
			 json_pack("{ss ss sI ss ss ss}", "do", "recovery_change", "what", what,
				   "task", (json_int_t)task, "host", start ? about : "", "reason",
				   reason, "actor", account ? account->pw_name : "somebody"));
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts("Noted; banken recovery list shows how it goes on.");
	json_decref(answer);
	return 0;
}

static int table(const struct cli *cli, const char *what, const char *key,
		 const char *const *columns, const char *nothing)
{
	json_t *answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", what));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, key), columns, nothing);
	json_decref(answer);
	return 0;
}

int cmd_recovery(const struct cli *cli, int argc, char **argv)
{
	static const char *const watched[] = {"host:host", "level:level", "until:until@", NULL};
	static const char *const offered[] = {"kind:kind",     "value:value", "incident:incident",
					      "threat:threat", "time:time@",  NULL};
	static const char *const vendor[] = {"time:time@",  "signer:signer", "host:host",
					     "answer:text", "reason:reason", NULL};
	static const char *const verbs[] = {"start", "do", "cancel", "done", "undo"};
	const char *what = argc > 1 ? argv[1] : "list";
	const char *reason = argc == 5 && strcmp(argv[3], "--reason") == 0 ? argv[4] : "by hand";

	if (strcmp(what, "list") == 0 && argc <= 2)
		return list(cli, false);
	if (strcmp(what, "list") == 0 && argc == 3 && strcmp(argv[2], "--open") == 0)
		return list(cli, true);
	if (strcmp(what, "watched") == 0 && argc == 2)
		return table(cli, "watched", "watched", watched, "No host is watched.");
	if (strcmp(what, "proposals") == 0 && argc == 2)
		return table(cli, "proposals", "proposals", offered, "Nothing was found yet.");
	if (strcmp(what, "vendor") == 0 && argc == 2)
		return table(cli, "vendor", "orders", vendor, "The vendor has ordered nothing.");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(what, verbs[i]) == 0 &&
		    (argc == 3 || (argc == 5 && strcmp(argv[3], "--reason") == 0)))
			return change(cli, what, argv[2], reason);
	}
	return CLI_MISUSED;
}
