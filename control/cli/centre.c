/* `banken centre`: who may log in to the monitoring centre, its customers, whose a site is. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"

static const char centre[] = "banken-centre";

static int change(const struct cli *cli, json_t *request, const char *done)
{
	json_t *answer = cli_ask(cli, centre, request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		puts(done);
	json_decref(answer);
	return 0;
}

static int customers(const struct cli *cli)
{
	static const char *const columns[] = {"id:id", "name:name", "zone:zone",
					      "language:language", NULL};

	return cli_show(cli, centre, json_pack("{ss}", "do", "customers"), "customers", columns,
			"There is no customer yet: banken centre customer add ID NAME");
}

static int sites(const struct cli *cli)
{
	static const char *const columns[] = {"site:site", "customer:customer", "sensors:sensors",
					      "mitigator:mitigator", NULL};

	return cli_show(cli, centre, json_pack("{ss}", "do", "customers"), "sites", columns,
			"No site has connected yet.");
}

static int customer_add(const struct cli *cli, int argc, char **argv)
{
	json_t *request =
		json_pack("{ss ss ss}", "do", "customer_put", "id", argv[0], "name", argv[1]);

	for (int i = 2; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--zone") == 0 || strcmp(argv[i], "--language") == 0)
			json_object_set_new(request, argv[i] + 2, json_string(argv[i + 1]));
	}
	return change(cli, request, "The customer is there.");
}

static int assessments(const struct cli *cli)
{
	static const char *const columns[] = {"customer:customer",
					      "name:name",
					      "began:began@",
					      "until:until@",
					      "state:state",
					      "reports left:reports_left",
					      "not in monitor mode:not_monitor",
					      NULL};

	return cli_show(cli, centre, json_pack("{ss}", "do", "assessments"), "assessments", columns,
			"No customer is under assessment: banken centre assessment begin CUSTOMER");
}

static int assessment_begin(const struct cli *cli, int argc, char **argv)
{
	char *end = NULL;
	long days = argc == 3 ? strtol(argv[2], &end, 10) : 30;

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "--days") != 0 || *end))
		return cli_fail(2, "say: banken centre assessment begin CUSTOMER [--days N]\n"
				   "for example: banken centre assessment begin aoba --days 30");
	return change(cli,
		      json_pack("{ss ss si}", "do", "assessment-begin", "customer", argv[0], "days",
				(int)days),
		      "Watched from now on; nothing of this customer is cut. Afterwards comes a "
		      "report, then 'banken-store wipe'.");
}

static int audit(const struct cli *cli, int argc, char **argv)
{
	char *end = argv[argc - 1];
	long most = argc == 4 ? strtol(argv[3], &end, 10) : 50;

	if (argc != 2 && (argc != 4 || strcmp(argv[2], "--most") != 0 || *end || most < 1))
		return cli_fail(2, "say: banken centre audit [--most N]\n"
				   "for example: banken centre audit --most 50");
	return cli_audit(cli, centre, most);
}

/* --- what was meant --- */

static const struct usage {
	const char *what, *how, *words, *example;
	int needed; /* of the words */
} usages[] = {
	{"account", "add", "NAME --role ROLE [--customer ID]",
	 "account add sato --role approver --customer aoba", 0},
	{"customer", "list", "", "customer list", 0},
	{"customer", "add", "ID NAME [--zone ZONE] [--language en|ja]",
	 "customer add aoba \"Aoba Works\" --zone Asia/Tokyo --language ja", 2},
	{"site", "list", "", "site list", 0},
	{"site", "give", "SITE CUSTOMER", "site give sendai-plant aoba", 2},
	{"assessment", "list", "", "assessment list", 0},
	{"assessment", "begin", "CUSTOMER [--days N]", "assessment begin aoba --days 30", 1},
	{"assessment", "end", "CUSTOMER", "assessment end aoba", 1},
	{"audit", "", "[--most N]", "audit --most 50", 0},
};

enum { USAGES = sizeof(usages) / sizeof(usages[0]) };

/* One of the words that a command needs, from 0. */
static const char *needed_word(const struct usage *u, int n, char ret[32])
{
	const char *at = u->words;

	while (n-- > 0)
		at += strcspn(at, " ") + 1;
	snprintf(ret, 32, "%.*s", (int)strcspn(at, " "), at);
	return ret;
}

static int explain_one(const struct usage *u, int given)
{
	char word[32];

	if (given < u->needed)
		return cli_fail(2,
				"%s is missing: banken centre %s %s %s\n"
				"for example: banken centre %s",
				needed_word(u, given, word), u->what, u->how, u->words, u->example);
	return cli_fail(2,
			"these words are not understood: say banken centre %s%s%s%s%s\n"
			"for example: banken centre %s",
			u->what, u->how[0] ? " " : "", u->how, u->words[0] ? " " : "", u->words,
			u->example);
}

/* Says what lacks, with an example. */
static int explain(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "";
	const struct usage *close = NULL;
	char hows[64] = "";

	for (unsigned i = 0; i < USAGES; i++) {
		const struct usage *u = &usages[i];
		size_t len = strlen(hows);

		if (strcmp(u->what, what) != 0)
			continue;
		if (!u->how[0] || strcmp(u->how, how) == 0)
			return explain_one(u, argc - 3);
		snprintf(hows + len, sizeof(hows) - len, "%s%s", len ? ", " : "", u->how);
		close = u;
	}
	if (close)
		return cli_fail(2,
				"%s%s%s: there are %s\n"
				"for example: banken centre %s",
				what, how[0] ? " " : "", how, hows, close->example);
	return cli_fail(2,
			"%s%saccount, customer, site, assessment or audit: of what?\n"
			"for example: banken centre customer list",
			what, what[0] ? " is none of " : "");
}

int cmd_centre(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "list";

	if (strcmp(what, "account") == 0)
		return cli_account(cli, centre, argc - 1, argv + 1);
	if (strcmp(what, "audit") == 0)
		return audit(cli, argc, argv);
	if (strcmp(what, "customer") == 0 && strcmp(how, "list") == 0)
		return customers(cli);
	if (strcmp(what, "customer") == 0 && strcmp(how, "add") == 0 && argc >= 5 && argc % 2)
		return customer_add(cli, argc - 3, argv + 3);
	if (strcmp(what, "assessment") == 0 && strcmp(how, "list") == 0)
		return assessments(cli);
	if (strcmp(what, "assessment") == 0 && strcmp(how, "begin") == 0 && argc >= 4)
		return assessment_begin(cli, argc - 3, argv + 3);
	if (strcmp(what, "assessment") == 0 && strcmp(how, "end") == 0 && argc == 4)
		return change(cli,
			      json_pack("{ss ss}", "do", "assessment-end", "customer", argv[3]),
			      "Over; its report is being made.");
	if (strcmp(what, "site") == 0 && strcmp(how, "list") == 0)
		return sites(cli);
	if (strcmp(what, "site") == 0 && strcmp(how, "give") == 0 && argc == 5)
		return change(cli,
			      json_pack("{ss ss ss}", "do", "site_put", "site", argv[3], "customer",
					argv[4]),
			      "Done.");
	return explain(argc, argv);
}
