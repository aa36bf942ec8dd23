/* banken learn: what the sensor learnt of the site, and what people say to it (D11). */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"

static int show(const struct cli *cli, bool all)
{
	static const char *const columns[] = {"id:id",
					      "state:state",
					      "kind:kind",
					      "host:host",
					      "what:what",
					      "first:first@",
					      "why it is proposed:reason",
					      NULL};
	static const char *const decided[] = {
		"id:id",     "state:state",  "kind:kind",  "host:host",
		"what:what", "first:first@", "last:last@", "decided:decided@",
		"by:by",     "why:why",	     NULL};
	json_t *answer =
		cli_ask(cli, "banken-control", json_pack("{ss sb}", "do", "learnt", "all", all));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "learnt"), all ? decided : columns,
			  "Nothing waits to be accepted.");
	json_decref(answer);
	return 0;
}

static int decide(const struct cli *cli, bool accept, const char *id, const char *why)
{
	json_t *answer = cli_ask(
		cli, "banken-control",
		json_pack("{ss ss sb ss}", "do", "decide", "id", id, "accept", accept, "why", why));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		printf("%lld %s\n",
		       (long long)json_integer_value(json_object_get(answer, "decided")),
		       accept ? "accepted" : "rejected");
	json_decref(answer);
	return 0;
}

int cmd_learn(const struct cli *cli, int argc, char **argv)
{
	bool accept = argc > 1 && strcmp(argv[1], "accept") == 0;
	const char *why = "";

	if (argc == 1 || (argc == 2 && strcmp(argv[1], "--history") == 0))
		return show(cli, argc == 2);
	if (argc == 5 && strcmp(argv[3], "--reason") == 0)
		why = argv[4];
	else if (argc != 3)
		return cli_fail(2, "say: banken learn [--history | accept ID|all | reject ID|all] "
				   "[--reason TEXT]");
	if (!accept && strcmp(argv[1], "reject") != 0)
		return cli_fail(2, "%s: say accept or reject", argv[1]);
	return decide(cli, accept, argv[2], why);
}
