/* `banken audit`: who did what, and whether somebody changed the record of it. */
#include "control/wire/audit.h"

#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"

int cli_audit(const struct cli *cli, const char *program, json_int_t most)
{
	json_t *answer = cli_ask(cli, program, json_pack("{ss sI}", "do", "audit", "most", most));
	const json_t *row;
	size_t i;

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		json_array_foreach(json_object_get(answer, "audit"), i, row)
		{
			char *detail =
				json_dumps(json_object_get(row, "detail"), JSON_ENSURE_ASCII);

			printf("%s  %-16s %-14s %s\n", cli_text(row, "time"),
			       cli_text(row, "actor"), cli_text(row, "what"), detail ? detail : "");
			free(detail);
		}
		if (cli_text(answer, "problem")[0])
			cli_fail(0, "the log does not verify: %s", cli_text(answer, "problem"));
	}
	json_decref(answer);
	return 0;
}

static int verify(const struct cli *cli, const char *path, const char *head)
{
	struct errmsg e = {""};
	struct audit_head h;
	int rc = audit_verify(path, head, &h, &e);

	if (rc < 0)
		return cli_fail(1, "%s", e.text);
	if (cli->json)
		printf("{\"lines\": %llu, \"hash\": \"%s\", \"torn\": %llu}\n",
		       (unsigned long long)h.lines, h.hash, (unsigned long long)h.torn);
	else
		printf("%llu lines, each as it was written; head %llu:%s\n",
		       (unsigned long long)h.lines, (unsigned long long)h.lines, h.hash);
	if (!cli->json && h.torn)
		printf("%llu bytes of a last line that a crash cut off\n",
		       (unsigned long long)h.torn);
	return 0;
}

int cmd_audit(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "list";
	long most = 50;
	char *end;

	if (strcmp(what, "list") == 0 && argc == 4 && strcmp(argv[2], "--most") == 0) {
		most = strtol(argv[3], &end, 10);
		if (*end || most < 1 || most > 1000)
			return cli_fail(2, "--most takes a number from 1 to 1000");
		return cli_audit(cli, "banken-mitigator", most);
	}
	if (strcmp(what, "list") == 0 && argc <= 2)
		return cli_audit(cli, "banken-mitigator", most);
	if (strcmp(what, "verify") == 0 && argc == 3)
		return verify(cli, argv[2], NULL);
	if (strcmp(what, "verify") == 0 && argc == 5 && strcmp(argv[3], "--head") == 0)
		return verify(cli, argv[2], argv[4]);
	return cli_fail(2, "say: banken audit list [--most N] | verify FILE [--head N:HASH]");
}
