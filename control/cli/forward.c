/* banken forward: alerts for other systems, by syslog. */
#include <string.h>

#include "control/cli/cli.h"
#include "dataplane/base/slice.h"

static int show(const struct cli *cli)
{
	json_t *answer = cli_ask(cli, "banken-centre", json_pack("{ss}", "do", "forward")), *one;
	const char *name;

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		json_object_foreach(json_object_get(answer, "forward"), name, one)
			printf("%s: %lld sent, %lld wait, %lld lost %s\n", name,
			       (long long)json_integer_value(json_object_get(one, "sent")),
			       (long long)json_integer_value(json_object_get(one, "waiting")),
			       (long long)json_integer_value(json_object_get(one, "lost")),
			       cli_text(one, "error"));
		if (json_object_size(json_object_get(answer, "forward")) == 0)
			puts("Nothing is forwarded: banken forward add tls://HOST:6514.");
	}
	json_decref(answer);
	return 0;
}

int cmd_forward(const struct cli *cli, int argc, char **argv)
{
	bool adds = argc > 2 && strcmp(argv[1], "add") == 0;
	json_t *request, *answer;

	if (argc == 1)
		return show(cli);
	if (!adds && (argc != 3 || strcmp(argv[1], "remove") != 0))
		return CLI_MISUSED;
	request = json_pack("{ss ss}", "do", adds ? "forward-put" : "forward-remove", "address",
			    argv[2]);
	for (int i = 3; i < argc; i += 2) {
		if (i + 1 == argc ||
		    (strcmp(argv[i], "--format") != 0 && strcmp(argv[i], "--customer") != 0)) {
			json_decref(request);
			return CLI_MISUSED;
		}
		json_object_set_new(request, argv[i] + 2, json_string(argv[i + 1]));
	}
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts("noted; banken forward shows how it goes");
	json_decref(answer);
	return 0;
}
