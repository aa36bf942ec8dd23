/* banken enrol: certificates by one code. On a box it speaks with the centre by itself; at the
 * centre it asks banken-centre. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/wire/enrol/ask.h"
#include "dataplane/base/slice.h"

/* The options of a subcommand into a request: "--name" as "name". */
static int take_options(json_t *request, int argc, char **argv, const char *const *known)
{
	for (int i = 0; i < argc; i++) {
		const char *const *k = known;

		while (*k && strcmp(*k, argv[i]) != 0)
			k++;
		if (strcmp(argv[i], "--force") == 0) {
			json_object_set_new(request, "force", json_true());
		} else if (!*k || i + 1 == argc) {
			return cli_fail(2, "\"%s\" is not expected; see banken enrol --help",
					argv[i]);
		} else {
			json_object_set_new(request, *k + 2, json_string(argv[++i]));
		}
	}
	return 0;
}

/* "30m", "24h", "7d" */
static long seconds_of(const char *text)
{
	char *unit;
	long n = strtol(text, &unit, 10);

	if (n <= 0 || n > 100000 || !unit[0] || unit[1])
		return -1;
	return *unit == 's'   ? n
	       : *unit == 'm' ? n * 60
	       : *unit == 'h' ? n * 3600
	       : *unit == 'd' ? n * 86400
			      : -1;
}

static int make_code(const struct cli *cli, int argc, char **argv)
{
	static const char *const known[] = {"--site",	  "--role",  "--name",
					    "--customer", "--valid", NULL};
	json_t *request = json_pack("{ss ss}", "do", "enrol", "what", "code"), *valid, *answer;
	char when[32];
	int rc = take_options(request, argc, argv, known);

	valid = json_object_get(request, "valid");
	if (rc == 0 && valid && seconds_of(json_string_value(valid)) < 0)
		rc = cli_fail(2, "--valid is 30m, 24h or 7d");
	if (rc == 0 && (!json_object_get(request, "site") || !json_object_get(request, "role")))
		rc = cli_fail(2, "--site and --role are missing");
	if (rc) {
		json_decref(request);
		return rc;
	}
	if (valid)
		json_object_set_new(request, "valid_s",
				    json_integer(seconds_of(json_string_value(valid))));
	answer = cli_ask(cli, "banken-centre", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		printf("%s\n\nfor %s %s of site %s, good once, until %s. On the box:\n"
		       "  banken enrol %s --centre HOST:PORT\n",
		       cli_text(answer, "code"), cli_text(answer, "role"), cli_text(answer, "name"),
		       cli_text(answer, "site"),
		       cli_time((uint64_t)json_integer_value(json_object_get(answer, "expires")),
				when),
		       cli_text(answer, "code"));
	json_decref(answer);
	return 0;
}

static int order(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, "banken-centre", request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

static int revoke(const struct cli *cli, int argc, char **argv)
{
	static const char *const known[] = {"--reason", NULL};
	json_t *request = json_pack("{ss ss ss}", "do", "enrol", "what", "revoke", "name", argv[0]);
	int rc = take_options(request, argc - 1, argv + 1, known);

	if (rc == 0)
		return order(cli, request, "revoked; its link is cut");
	json_decref(request);
	return rc;
}

static int rotate(const struct cli *cli, int argc, char **argv)
{
	static const char *const known[] = {NULL};
	json_t *request = json_pack("{ss ss ss}", "do", "enrol", "what", "rotate", "step", argv[0]);
	int rc = take_options(request, argc - 1, argv + 1, known);

	if (rc == 0)
		return order(cli, request, "done; banken fleet shows who has followed");
	json_decref(request);
	return rc;
}

static int list(const struct cli *cli)
{
	static const char *const columns[] = {
		"name:name",	    "role:role",  "site:site", "until:until@",
		"revoked:revoked@", "why:reason", NULL};

	return cli_show(cli, "banken-centre",
			json_pack("{ss ss}", "do", "fleet", "what", "certificates"), "certificates",
			columns, "No certificate was made here yet.");
}

static int codes(const struct cli *cli)
{
	static const char *const columns[] = {"name:name",
					      "role:role",
					      "site:site",
					      "made by:made_by",
					      "good until:expires@",
					      "used:used@",
					      "from:used_from",
					      "withdrawn:withdrawn@",
					      NULL};

	return cli_show(cli, "banken-centre", json_pack("{ss ss}", "do", "fleet", "what", "codes"),
			"codes", columns, "No code was made yet.");
}

/* ---- on the box ---- */

static int enrol_here(int argc, char **argv)
{
	struct enrol_code code;
	struct enrol_ask ask = {.code = &code, .name = ""};
	struct errmsg e = {""};
	struct identity id;
	char folder[64];
	int rc;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && strcmp(argv[i], "--centre") == 0)
			ask.centre = argv[i + 1];
		else if (i + 1 < argc && strcmp(argv[i], "--keys") == 0)
			ask.dir = argv[i + 1];
		else
			return cli_fail(2, "\"%s\" is not expected; see banken enrol --help",
					argv[i]);
	}
	if (!ask.centre)
		return cli_fail(2, "--centre HOST:PORT is missing");
	if (enrol_code_parse(argv[0], &code, &e))
		return cli_fail(2, "%s", e.text);
	snprintf(folder, sizeof(folder), "/etc/banken/keys/%s", role_text(enrol_code_role(&code)));
	if (!ask.dir)
		ask.dir = folder;
	rc = enrol_ask(&ask, &id, &e);
	if (rc)
		return cli_fail(1, "%s%s", e.text,
				rc == ERR_AGAIN ? "; the code is still good, try again" : "");
	printf("enrolled: this is %s %s of site %s; its keys are in %s\n", role_text(id.role),
	       id.name, id.site, ask.dir);
	return 0;
}

int cmd_enrol(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "code") == 0)
		return make_code(cli, argc - 2, argv + 2);
	if (strcmp(what, "revoke") == 0 && argc > 2)
		return revoke(cli, argc - 2, argv + 2);
	if (strcmp(what, "rotate") == 0 && argc > 2)
		return rotate(cli, argc - 2, argv + 2);
	if (strcmp(what, "list") == 0 && argc == 2)
		return list(cli);
	if (strcmp(what, "codes") == 0 && argc == 2)
		return codes(cli);
	if (argc > 2)
		return enrol_here(argc - 1, argv + 1);
	return CLI_MISUSED;
}
