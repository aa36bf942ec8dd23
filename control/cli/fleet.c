/* banken fleet: what every box has in force, and new versions of it. */
#include <string.h>

#include "control/cli/cli.h"

static int boxes(const struct cli *cli, bool stale)
{
	static const char *const columns[] = {"name:name",
					      "role:role",
					      "site:site",
					      "up:up",
					      "last seen:last_seen@",
					      "certificate until:certificate_until@",
					      "program:program_version",
					      "config:config_version",
					      "signatures:bundle_version",
					      NULL};

	return cli_show(cli, "banken-centre",
			json_pack("{ss ss}", "do", "fleet", "what", stale ? "stale" : "boxes"),
			stale ? "stale" : "boxes", columns,
			stale ? "No box is stale." : "No box was ever here.");
}

int cmd_fleet(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "boxes";

	if (strcmp(what, "boxes") == 0 && argc <= 2)
		return boxes(cli, false);
	if (strcmp(what, "boxes") == 0 && argc == 3 && strcmp(argv[2], "--stale") == 0)
		return boxes(cli, true);
	return cli_fail(2, "see banken fleet --help");
}
