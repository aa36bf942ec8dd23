/* banken emergency: what cannot wait for a report, and who is told of it. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "dataplane/base/slice.h"

static int list(const struct cli *cli)
{
	static const char *const columns[] = {
		"number:id", "since:opened@",	   "what:title", "host:host",
		"site:site", "seen:acknowledged@", "by:by",	 NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss}", "do", "emergencies"), "emergencies",
			columns, "No emergency yet.");
}

static int recipients(const struct cli *cli)
{
	static const char *const columns[] = {
		"number:id",	     "tier:tier",	  "kind:kind", "address:address",
		"customer:customer", "language:language", NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss}", "do", "recipients"), "recipients",
			columns, "Nobody is told: banken emergency tell ADDRESS.");
}

/* Asks for a change; the answer holds nothing to show. */
static int change(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, "banken-centre", request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

static const char *kind_of(const char *address)
{
	if (strncmp(address, "http", 4) == 0)
		return "webhook";
	return strstr(address, "://") ? "syslog" : "mail";
}

/* ADDRESS [--customer ID] [--language en|ja] [--tier N] [--quiet 22:00-07:00] */
static int tell(const struct cli *cli, int argc, char **argv)
{
	static const char *const options[] = {"--customer", "--language", "--tier", "--quiet"};
	json_t *request = json_pack("{ss ss ss}", "do", "recipient-put", "kind", kind_of(argv[0]),
				    "address", argv[0]);

	for (int i = 1; i < argc; i += 2) {
		size_t k = 0;

		while (k < ARRAY_SIZE(options) && strcmp(options[k], argv[i]) != 0)
			k++;
		if (k == ARRAY_SIZE(options) || i + 1 == argc) {
			json_decref(request);
			return cli_fail(2, "\"%s\" is not expected; see banken emergency --help",
					argv[i]);
		}
		json_object_set_new(request, options[k] + 2,
				    k == 2 ? json_integer(strtol(argv[i + 1], NULL, 10))
					   : json_string(argv[i + 1]));
	}
	return change(cli, request, "will be told; try it: banken emergency test");
}

static int by_number(const struct cli *cli, const char *what, const char *number, const char *done)
{
	char *end;
	long long id = strtoll(number, &end, 10);

	if (*end || id <= 0)
		return cli_fail(2, "\"%s\" is no number", number);
	return change(cli, json_pack("{ss sI}", "do", what, "id", (json_int_t)id), done);
}

/* template KIND PART [--language en] [--text TEXT], preview the same; KIND "all" = every kind */
static int template(const struct cli *cli, int argc, char **argv, bool previews)
{
	json_t *request = json_pack("{ss ss ss}", "do",
				    previews ? "template-preview" : "template-put", "kind",
				    strcmp(argv[0], "all") == 0 ? "" : argv[0], "part", argv[1]),
	       *answer;

	for (int i = 2; i < argc; i += 2) {
		if (i + 1 == argc ||
		    (strcmp(argv[i], "--language") != 0 && strcmp(argv[i], "--text") != 0)) {
			json_decref(request);
			return CLI_MISUSED;
		}
		json_object_set_new(request, argv[i] + 2, json_string(argv[i + 1]));
	}
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(previews ? cli_text(answer, "text") : "noted; the next message has it");
	json_decref(answer);
	return 0;
}

static int templates(const struct cli *cli)
{
	static const char *const columns[] = {"kind:kind", "part:part", "language:language",
					      "text:text", NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss}", "do", "templates"), "templates",
			columns, "All messages have their built-in texts.");
}

int cmd_emergency(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "list";

	if (strcmp(what, "list") == 0 && argc <= 2)
		return list(cli);
	if (strcmp(what, "recipients") == 0 && argc == 2)
		return recipients(cli);
	if (strcmp(what, "templates") == 0 && argc == 2)
		return templates(cli);
	if ((strcmp(what, "template") == 0 || strcmp(what, "preview") == 0) && argc > 3)
		return template(cli, argc - 2, argv + 2, what[0] == 'p');
	if (strcmp(what, "tell") == 0 && argc > 2)
		return tell(cli, argc - 2, argv + 2);
	if (strcmp(what, "seen") == 0 && argc == 3)
		return by_number(cli, "emergency-seen", argv[2],
				 "noted; no more messages about it");
	if (strcmp(what, "forget") == 0 && argc == 3)
		return by_number(cli, "recipient-remove", argv[2], "will not be told any more");
	if (strcmp(what, "test") == 0 && argc == 2)
		return change(cli, json_pack("{ss}", "do", "emergency-test"),
			      "on its way; banken emergency list shows what became of it");
	return CLI_MISUSED;
}
