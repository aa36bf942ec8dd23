/* banken report final|schedule|tell|forget|again: reports that come by themselves. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/report.h"
#include "dataplane/base/slice.h"

static int finals(const struct cli *cli)
{
	static const char *const columns[] = {"report:kind",	 "date:date",	"customer:customer",
					      "version:version", "state:state", "due:due@",
					      "made:made@",	 "error:error", NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss}", "do", "report-finals"), "reports",
			columns, "No final report is owed yet.");
}

static int schedules(const struct cli *cli)
{
	static const char *const when[] = {"customer:customer", "zone:zone",	   "hour:hour",
					   "daily:daily",	"monthly:monthly", NULL};
	static const char *const who[] = {"customer:customer", "address:address",
					  "language:language", "daily:daily",
					  "monthly:monthly",   NULL};
	json_t *answer = cli_ask(cli, "banken-centre", json_pack("{ss}", "do", "report-schedules"));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		cli_table(json_object_get(answer, "schedules"), when, "No schedule yet.");
		puts("");
		cli_table(json_object_get(answer, "recipients"), who,
			  "Nobody is mailed: banken report tell ADDRESS.");
	}
	json_decref(answer);
	return 0;
}

/* NAME VALUE pairs into the request; "on" and "off" are booleans, "hour" a number. */
static bool take(json_t *request, int argc, char **argv)
{
	static const char *const options[] = {"--customer", "--language", "--hour", "--daily",
					      "--monthly",  "--from",	  "--date"};

	for (int i = 0; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		size_t k = 0;

		while (k < ARRAY_SIZE(options) && strcmp(options[k], argv[i]) != 0)
			k++;
		if (k == ARRAY_SIZE(options) || !value)
			return false;
		if (k == 2)
			json_object_set_new(request, "hour", json_integer(strtol(value, NULL, 10)));
		else if (k == 3 || k == 4)
			json_object_set_new(request, options[k] + 2,
					    json_boolean(strcmp(value, "on") == 0));
		else
			json_object_set_new(request, options[k] + 2, json_string(value));
	}
	return true;
}

static int change(const struct cli *cli, json_t *request, int argc, char **argv, const char *done)
{
	json_t *answer;

	if (!take(request, argc, argv)) {
		json_decref(request);
		return CLI_MISUSED;
	}
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

int cmd_report_final(const struct cli *cli, int argc, char **argv)
{
	const char *what = argv[1];

	if (strcmp(what, "finals") == 0 && argc == 2)
		return finals(cli);
	if (strcmp(what, "schedule") == 0 && argc == 2)
		return schedules(cli);
	if (strcmp(what, "schedule") == 0)
		return change(cli, json_pack("{ss}", "do", "report-schedule-put"), argc - 2,
			      argv + 2, "noted; banken report schedule shows it");
	if (strcmp(what, "tell") == 0 && argc > 2)
		return change(
			cli, json_pack("{ss ss}", "do", "report-recipient-put", "address", argv[2]),
			argc - 3, argv + 3, "gets the next final reports");
	if (strcmp(what, "forget") == 0 && argc > 2)
		return change(
			cli,
			json_pack("{ss ss}", "do", "report-recipient-remove", "address", argv[2]),
			argc - 3, argv + 3, "gets no more reports");
	if (strcmp(what, "again") == 0)
		return change(cli, json_pack("{ss}", "do", "report-again"), argc - 2, argv + 2,
			      "a new version is made; banken report finals shows it");
	return -1;
}
