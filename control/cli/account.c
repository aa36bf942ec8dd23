/* `banken account` and `banken centre account`: who may log in to the pages, from the machine
 * itself. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "control/cli/cli.h"

enum { PASSWORD_MAX = 256 };

/* One line of standard input without its end; not shown when a person types it. */
static bool read_line(const char *prompt, char ret[PASSWORD_MAX + 2])
{
	bool person = isatty(STDIN_FILENO);
	struct termios old, silent;

	if (person && tcgetattr(STDIN_FILENO, &old) == 0) {
		silent = old;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
		fprintf(stderr, "%s: ", prompt);
	}
	if (!fgets(ret, PASSWORD_MAX + 2, stdin))
		ret[0] = 0;
	if (person) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	ret[strcspn(ret, "\n")] = 0;
	return ret[0];
}

/* Typed twice by a person, read once from a pipe. */
static int read_password(char ret[PASSWORD_MAX + 2])
{
	char again[PASSWORD_MAX + 2];

	if (!read_line("password (12 bytes or more)", ret))
		return cli_fail(2, "no password: type it, or give it on standard input");
	if (!isatty(STDIN_FILENO))
		return 0;
	read_line("again", again);
	return strcmp(ret, again) == 0 ? 0 : cli_fail(1, "the two are not the same");
}

struct people {
	const struct cli *cli;
	const char *program;
};

static int ask(const struct people *p, json_t *request, const char *done)
{
	const struct cli *cli = p->cli;
	json_t *answer = cli_ask(cli, p->program, request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

static int list(const struct people *p)
{
	static const char *const columns[] = {"name:name",
					      "customer:customer",
					      "role:role",
					      "second factor:second_factor",
					      "disabled:disabled",
					      "since:created@",
					      NULL};

	return cli_show(p->cli, p->program, json_pack("{ss}", "do", "accounts"), "accounts",
			columns, "There is no account yet: add NAME --role ROLE");
}

static int with_password(const struct people *p, json_t *request, const char *done)
{
	char password[PASSWORD_MAX + 2];
	int status = read_password(password);

	json_object_set_new(request, "password", json_string(password));
	explicit_bzero(password, sizeof(password));
	if (status == 0)
		return ask(p, request, done);
	json_decref(request);
	return status;
}

static int change(const struct people *p, const char *name, const char *what, const char *value)
{
	json_t *request = json_pack("{ss ss}", "do", "account_change", "name", name);

	if (strcmp(what, "password") == 0)
		return with_password(p, request, "The password is changed; sessions have ended.");
	if (strcmp(what, "role") == 0)
		json_object_set_new(request, "role", json_string(value));
	else if (strcmp(what, "second-factor") == 0)
		json_object_set_new(request, "reset_second_factor", json_true());
	else
		json_object_set_new(request, "disabled", json_boolean(strcmp(what, "off") == 0));
	return ask(p, request, "Done; sessions of the account have ended.");
}

static int add(const struct people *p, int argc, char **argv)
{
	json_t *request = json_pack("{ss ss}", "do", "account_add", "name", argv[2]);

	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--role") == 0 || strcmp(argv[i], "--customer") == 0)
			json_object_set_new(request, argv[i] + 2, json_string(argv[i + 1]));
	}
	return with_password(p, request, "The account is there.");
}

/* Says what lacks, with an example. */
static int explain(const struct people *p, const char *what, int argc)
{
	static const char *const verbs[] = {"add", "role",	    "password", "off",
					    "on",  "second-factor", "remove"};
	const char *of = strcmp(p->program, "banken-centre") == 0 ? "banken centre account"
								  : "banken account";

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(what, verbs[i]) != 0)
			continue;
		if (i > 1)
			return cli_fail(2, "%s: say %s %s NAME\nfor example: %s %s sato",
					argc < 3 ? "NAME is missing" : "there are too many words",
					of, what, of, what);
		return cli_fail(2, "%s: say %s %s NAME %sROLE\nfor example: %s %s sato %sapprover",
				argc < 3	    ? "NAME is missing"
				: argc < 5 - (int)i ? "ROLE is missing"
						    : "the words are not understood",
				of, what, i ? "" : "--role ", of, what, i ? "" : "--role ");
	}
	return cli_fail(2,
			"say: %s list | add NAME --role ROLE | role NAME ROLE | password NAME | "
			"off NAME | on NAME | second-factor NAME | remove NAME\n"
			"for example: %s add sato --role approver",
			of, of);
}

int cli_account(const struct cli *cli, const char *program, int argc, char **argv)
{
	static const char *const changes[] = {"password", "off", "on", "second-factor"};
	const struct people people = {cli, program}, *p = &people;
	const char *what = argc > 1 ? argv[1] : "list";

	if (strcmp(what, "list") == 0 && argc <= 2)
		return list(p);
	if (strcmp(what, "add") == 0 && argc >= 5 && argc % 2)
		return add(p, argc, argv);
	if (strcmp(what, "remove") == 0 && argc == 3)
		return ask(p, json_pack("{ss ss}", "do", "account_remove", "name", argv[2]),
			   "The account is gone, with its sessions and tokens.");
	if (strcmp(what, "role") == 0 && argc == 4)
		return change(p, argv[2], what, argv[3]);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strcmp(what, changes[i]) == 0 && argc == 3)
			return change(p, argv[2], what, "");
	}
	return explain(p, what, argc);
}

int cmd_account(const struct cli *cli, int argc, char **argv)
{
	return cli_account(cli, "banken-mitigator", argc, argv);
}
