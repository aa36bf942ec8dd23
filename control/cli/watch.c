/* banken watch: whether the watching itself works. */
#include <string.h>

#include "control/cli/cli.h"
#include "dataplane/base/slice.h"

static int show(const struct cli *cli)
{
	static const char *const columns[] = {"since:since@", "what:title", "customer:customer",
					      "site:site", NULL};
	json_t *answer = cli_ask(cli, "banken-centre", json_pack("{ss}", "do", "watch"));
	const json_t *disk;

	if (!answer)
		return 1;
	if (cli_json(cli, answer)) {
		json_decref(answer);
		return 0;
	}
	cli_table(json_object_get(answer, "conditions"), columns, "Nothing is wrong.");
	disk = json_object_get(answer, "disk");
	if (json_integer_value(json_object_get(disk, "full_in_days")))
		printf("\nAt its pace of late the centre's disk is full in %lld days.\n",
		       (long long)json_integer_value(json_object_get(disk, "full_in_days")));
	json_decref(answer);
	return 0;
}

/* licence --customer ID --until DATE */
static int licence(const struct cli *cli, int argc, char **argv)
{
	json_t *request = json_pack("{ss}", "do", "licence-put"), *answer;

	for (int i = 0; i < argc; i += 2) {
		if (i + 1 == argc ||
		    (strcmp(argv[i], "--customer") != 0 && strcmp(argv[i], "--until") != 0)) {
			json_decref(request);
			return CLI_MISUSED;
		}
		json_object_set_new(request, argv[i] + 2, json_string(argv[i + 1]));
	}
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts("noted; it warns a month before, and never stops anything");
	json_decref(answer);
	return 0;
}

static int test(const struct cli *cli, const char *sensor)
{
	json_t *answer = cli_ask(cli, "banken-centre",
				 json_pack("{ss ss}", "do", "self-test", "sensor", sensor));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts("on its way; banken watch tests shows what became of it");
	json_decref(answer);
	return 0;
}

static int tests(const struct cli *cli)
{
	static const char *const columns[] = {"sensor:sensor",		 "state:state",
					      "ordered:ordered@",	 "at the centre:alerted@",
					      "in the mailbox:arrived@", NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss}", "do", "watch"), "self_tests",
			columns, "No self-test yet.");
}

int cmd_watch(const struct cli *cli, int argc, char **argv)
{
	if (argc == 1)
		return show(cli);
	if (strcmp(argv[1], "licence") == 0)
		return licence(cli, argc - 2, argv + 2);
	if (strcmp(argv[1], "test") == 0 && argc <= 3)
		return test(cli, argc > 2 ? argv[2] : "");
	if (strcmp(argv[1], "tests") == 0 && argc == 2)
		return tests(cli);
	return CLI_MISUSED;
}
