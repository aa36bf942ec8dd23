/* What people change at the mitigator besides cuts: exceptions, a scope's mode. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/cli/cli.h"
#include "control/mitigator/policy/when.h"

static int change(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, "banken-mitigator", request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

/* "--reason TEXT" as the last two of `argc` words behind `from`; "" when there is none, NULL when
 * something else stands there. */
static const char *reason_of(int argc, char **argv, int from)
{
	if (argc == from)
		return "";
	return argc == from + 2 && strcmp(argv[from], "--reason") == 0 ? argv[from + 1] : NULL;
}

/* editions; file [--reason TEXT] */
int cli_policy_editions(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {
		"number:number",   "when:time@",    "who:actor", "policy:name",
		"version:version", "reason:reason", NULL};
	bool back = strcmp(argv[1], "file") == 0;
	const char *reason = reason_of(argc, argv, 2);
	json_t *answer;

	if (back && reason)
		return change(cli,
			      json_pack("{ss ss}", "do", "policy_back", "reason",
					reason[0] ? reason : "by hand"),
			      "Done; the policy file holds.");
	if (argc != 2)
		return cli_fail(2, "say: banken policy editions, or banken policy file [--reason "
				   "TEXT]");
	answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", "policy_editions"));
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "editions"), columns,
			  "Nobody has edited the policy at the pages.");
	json_decref(answer);
	return 0;
}

int cli_policy_mode(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {
		"scope:scope",	 "kind:kind", "as written:mode", "now:now", "approvals:approvals",
		"cut at:cut_at", NULL};
	const char *reason = argc > 3 ? reason_of(argc, argv, 4) : NULL;
	json_t *answer;

	if (argc > 3 && reason)
		return change(cli,
			      json_pack("{ss ss ss ss}", "do", "mode", "scope", argv[2], "mode",
					argv[3], "reason", reason[0] ? reason : "by hand"),
			      "Done; banken policy mode shows it.");
	if (argc != 2)
		return cli_fail(2, "say: banken policy mode [SCOPE "
				   "monitor|notify|approve|automatic|file [--reason TEXT]]");
	answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", "modes"));
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "scopes"), columns, "The policy has no scope.");
	json_decref(answer);
	return 0;
}

/* --days N, --until TIME */
static int take_until(const char *name, const char *value, json_t *request)
{
	uint64_t until;
	char *end;
	long days;

	if (strcmp(name, "--until") == 0) {
		if (when_parse(value, &until) < 0)
			return cli_fail(2, "--until %.40s is no time such as 2026-12-31T00:00:00Z",
					value);
	} else {
		days = strtol(value, &end, 10);
		if (*end || days < 1 || days > 3650)
			return cli_fail(2, "--days takes a number from 1 to 3650");
		until = ((uint64_t)time(NULL) + (uint64_t)days * 86400) * 1000000000;
	}
	json_object_set_new(request, "until", json_integer((json_int_t)until));
	return 0;
}

static int add_exception(const struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"--never",	     "--rule",	 "--source",
					    "--destination", "--sensor", "--reason"};
	json_t *request = json_pack("{ss}", "do", "except");
	int status = 0;

	for (int i = 3; i < argc && status == 0; i += 2) {
		size_t k = 0;

		while (k < sizeof(names) / sizeof(names[0]) && strcmp(argv[i], names[k]) != 0)
			k++;
		if (i + 1 == argc)
			status = cli_fail(2, "%s needs a value", argv[i]);
		else if (k < sizeof(names) / sizeof(names[0]))
			json_object_set_new(request, names[k] + 2, json_string(argv[i + 1]));
		else if (strcmp(argv[i], "--until") == 0 || strcmp(argv[i], "--days") == 0)
			status = take_until(argv[i], argv[i + 1], request);
		else
			status = cli_fail(2, "%s is not an option; banken policy --help", argv[i]);
	}
	if (status == 0)
		return change(cli, request, "The exception is in force.");
	json_decref(request);
	return status;
}

int cli_policy_exception(const struct cli *cli, int argc, char **argv)
{
	const char *reason = argc > 3 ? reason_of(argc, argv, 4) : NULL;

	if (argc > 3 && strcmp(argv[2], "add") == 0)
		return add_exception(cli, argc, argv);
	if (reason && strcmp(argv[2], "end") == 0)
		return change(cli,
			      json_pack("{ss sI ss}", "do", "except_end", "number",
					(json_int_t)strtoll(argv[3], NULL, 10), "reason",
					reason[0] ? reason : "by hand"),
			      "The exception has ended.");
	return cli_fail(2, "say: banken policy exception add --never alert|block --reason TEXT "
			   "[--rule GID:SID] [--source PREFIX] [--destination PREFIX] "
			   "[--sensor NAME] [--days N | --until TIME], or banken policy exception "
			   "end NUMBER");
}
